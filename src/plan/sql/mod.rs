//! SQL text → tree. Nothing is looked up here: names and types are the resolver's, the same for
//! text and for DataFrame calls.
//!
//! | file | what is in it |
//! |---|---|
//! | `dialect`, `tokens` | how sqlparser is told Spark's grammar |
//! | `statement` | statements that are not queries |
//! | `query` | SELECT, and what stands around it |
//! | `expr`, `literal` | expressions; numbers, strings and times |
//! | `from` | FROM: tables, joins, samples, pivots |
//! | `rows` | VALUES |
//! | `grouping` | GROUP BY |
//! | `view`, `table` | `CREATE TEMPORARY VIEW`, `CREATE TABLE` |
//! | `keyword` | words that are keywords to sqlparser and names to Spark |
//! | `lexer` | literals, comments and names as Spark's lexer reads them |
//! | `parameter` | `:name` and `?` |
//! | `pipe` | pipes: FROM, then one operator after the other |
//! | `time_unit` | `DAY` as an argument |
//! | `missing` | statements and clauses that are refused by their name |

mod dialect;
mod expr;
mod from;
mod grouping;
mod keyword;
mod lexer;
pub mod literal;
mod missing;
pub mod parameter;
mod pipe;
mod query;
mod rows;
mod statement;
mod table;
mod time_unit;
mod tokens;
mod view;

use sqlparser::ast;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use self::tokens::parser;
use super::tree::{Expr, Statement};
use crate::error::{Error, Result, condition};
use crate::types::zone::Zone;

/// Turns text into trees; literals of time are read in `zone`.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    pub zone: Zone,
}

impl Sql {
    /// One statement, with or without a `;` at its end.
    pub fn statement(&self, text: &str) -> Result<Statement> {
        if let Some(statement) = statement::words(text).or_else(|| statement::drop_temporary_function(text)) {
            return statement;
        }
        if text.trim().trim_end_matches(';').is_empty() {
            return Err(Error::of(condition::PARSE_EMPTY_STATEMENT));
        }
        let mut words = parser(text)?;
        if let Some(error) = missing::statement(&words) {
            return Err(error);
        }
        self.read(&mut words).map_err(|error| match parser(text) {
            Ok(words) if error.condition() == Some(condition::PARSE_SYNTAX_ERROR) => {
                missing::clause(words).unwrap_or(error)
            }
            _ => error,
        })
    }

    fn read(&self, parser: &mut Parser<'_>) -> Result<Statement> {
        if view::begins(parser) {
            let statement = self.create_view(parser)?;
            end(parser)?;
            return Ok(statement);
        }
        if table::begins(parser) {
            let statement = self.create_table(parser)?;
            end(parser)?;
            return Ok(statement);
        }
        let statement = parser.parse_statement().map_err(|error| syntax(&error))?;
        end(parser)?;
        self.to_statement(statement)
    }

    /// What `expr`, `filter` and `selectExpr` take: an expression, with or without `AS name`, or
    /// `*`.
    pub fn expression(&self, text: &str) -> Result<Expr> {
        let mut parser = parser(text)?;
        let item = parser.parse_select_item().map_err(|error| syntax(&error))?;
        end(&mut parser)?;
        self.select_item(item)
    }
}

fn end(parser: &mut Parser<'_>) -> Result<()> {
    while parser.consume_token(&Token::SemiColon) {}
    let next = parser.peek_token();
    if next.token == Token::EOF { Ok(()) } else { Err(syntax_at_token(&next)) }
}

/// The error for a token that cannot stand where it does.
fn syntax_at_token(found: &TokenWithSpan) -> Error {
    if found.token == Token::EOF {
        return syntax_at("end of input", "");
    }
    let start = found.span.start;
    syntax_at(&format!("'{}'", found.token), &format!(" (line {}, pos {})", start.line, start.column.saturating_sub(1)))
}

/// The parser's error as Spark's: what was found, and where.
fn syntax(error: &ParserError) -> Error {
    let (ParserError::ParserError(text) | ParserError::TokenizerError(text)) = error else {
        return Error::of(condition::FAILED_TO_PARSE_TOO_COMPLEX);
    };
    let found = text.split_once("found: ").map_or(text.as_str(), |(_, found)| found);
    let (found, place) = found.split_once(" at Line: ").unwrap_or((found, ""));
    let found = if found == "EOF" { "end of input".to_owned() } else { format!("'{found}'") };
    let hint = match place.split_once(", Column: ") {
        Some((line, column)) => {
            format!(" (line {line}, pos {})", column.trim().parse::<u64>().unwrap_or(1).saturating_sub(1))
        }
        None => String::new(),
    };
    syntax_at(&found, &hint)
}

fn syntax_at(found: &str, hint: &str) -> Error {
    Error::of(condition::PARSE_SYNTAX_ERROR).with("error", found).with("hint", hint)
}

/// Something that the parser reads and Firesteel does not do.
fn unsupported(what: &str, sql: &dyn std::fmt::Display) -> Error {
    Error::unsupported(format!("SQL: {what} is not implemented in Firesteel: {sql}"))
}

fn ident(name: &ast::Ident) -> String {
    name.value.clone()
}

fn names(name: &ast::ObjectName) -> Vec<String> {
    name.0.iter().map(|part| part.as_ident().map_or_else(|| part.to_string(), ident)).collect()
}

fn dotted(name: &ast::ObjectName) -> String {
    names(name).join(".")
}
