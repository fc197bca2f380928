//! `CREATE TABLE`: behind its columns and its format, clauses come in any order, each once.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::tokens::{is_keyword, keyword_of, words_from};
use super::view::{column_names, in_parentheses, options};
use super::{Sql, lexer, names, syntax, syntax_at, syntax_at_token, unsupported};
use crate::error::{Error, Result, condition};
use crate::plan::tree::{Statement, TableDefinition};
use crate::types::ddl;

/// Whether a table is made.
pub(super) fn begins(parser: &Parser<'_>) -> bool {
    let is = |at: usize, keyword| is_keyword(&parser.peek_nth_token_ref(at).token, keyword);
    let behind = if is(1, Keyword::OR) && is(2, Keyword::REPLACE) { 3 } else { 1 };
    is(0, Keyword::CREATE) && is(behind, Keyword::TABLE)
}

/// Clauses of Spark's that are not here.
const MISSING: [Keyword; 5] = [Keyword::CLUSTERED, Keyword::CLUSTER, Keyword::LIKE, Keyword::ROW, Keyword::STORED];

impl Sql {
    /// Reads a statement that [`begins`] found.
    pub(super) fn create_table(&self, parser: &mut Parser<'_>) -> Result<Statement> {
        parser.expect_keyword(Keyword::CREATE).map_err(|error| syntax(&error))?;
        let replace = parser.parse_keywords(&[Keyword::OR, Keyword::REPLACE]);
        parser.expect_keyword(Keyword::TABLE).map_err(|error| syntax(&error))?;
        let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        let name = names(&parser.parse_object_name(false).map_err(|error| syntax(&error))?);
        let columns = match in_parentheses(parser)? {
            Some(text) if text.trim().is_empty() => return Err(syntax_at("')'", ": a table has columns")),
            text => text.map(|text| columns_of(&text)).transpose()?,
        };
        let clauses = clauses(parser)?;
        let stated = parser.parse_keyword(Keyword::AS);
        let query = match parser.peek_token().token {
            Token::EOF | Token::SemiColon if !stated => None,
            _ => Some(self.query(*parser.parse_query().map_err(|error| syntax(&error))?)?),
        };
        let not_with_query = |what: &str| {
            Err(Error::of(condition::OPERATION_NOT_ALLOWED)
                .with("message", format!("CREATE TABLE … AS takes {what} from its query")))
        };
        if query.is_some() && columns.is_some() {
            return not_with_query("its columns");
        }
        let (columns, partitioned_by) = match clauses.partitioned_by {
            Partitions::Named(names) => (columns, names),
            Partitions::Typed(_) if query.is_some() => return not_with_query("the types of its partition columns"),
            Partitions::Typed(own) => {
                let names = own.fields().iter().map(|field| field.name().clone()).collect();
                let data = columns.iter().flat_map(|columns| columns.fields().iter());
                let fields: Vec<Arc<Field>> = data.chain(own.fields().iter()).cloned().collect();
                (Some(Arc::new(Schema::new(fields))), names)
            }
        };
        let definition = TableDefinition {
            format: clauses.format,
            path: clauses.path,
            options: clauses.options,
            partitioned_by,
            comment: clauses.comment,
        };
        Ok(Statement::CreateTable { name, columns, definition, if_not_exists, replace, query })
    }
}

#[derive(Default)]
struct Clauses {
    format: Option<String>,
    path: Option<String>,
    options: Vec<(String, String)>,
    partitioned_by: Partitions,
    comment: Option<String>,
}

/// The columns that make directories: some of the table's, or further ones with their types.
enum Partitions {
    Named(Vec<String>),
    Typed(Arc<Schema>),
}

impl Default for Partitions {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

/// What stands between the columns and the query.
fn clauses(parser: &mut Parser<'_>) -> Result<Clauses> {
    let mut found = Clauses::default();
    if parser.parse_keyword(Keyword::USING) {
        let format = parser.parse_object_name(false).map_err(|error| syntax(&error))?;
        found.format = Some(names(&format).join("."));
    }
    let mut before: Vec<Keyword> = Vec::new();
    loop {
        let next = parser.peek_token();
        let keyword = keyword_of(&next.token);
        if MISSING.contains(&keyword) {
            return Err(unsupported("this clause of CREATE TABLE", &next.token));
        }
        let known =
            [Keyword::OPTIONS, Keyword::PARTITIONED, Keyword::COMMENT, Keyword::LOCATION, Keyword::TBLPROPERTIES];
        if !known.contains(&keyword) {
            break;
        }
        if before.contains(&keyword) {
            return Err(Error::of(condition::DUPLICATE_CLAUSES).with("clauseName", &next.token));
        }
        before.push(keyword);
        parser.next_token();
        let text = |parser: &mut Parser<'_>| parser.parse_literal_string().map_err(|error| syntax(&error));
        match keyword {
            Keyword::OPTIONS => found.options = options(parser)?,
            Keyword::COMMENT => found.comment = Some(text(parser)?),
            Keyword::LOCATION => found.path = Some(text(parser)?),
            // Properties say something of a table and do nothing to it.
            Keyword::TBLPROPERTIES => drop(options(parser)?),
            _ => found.partitioned_by = partitions(parser)?,
        }
    }
    if let Some(at) = found.options.iter().position(|(key, _)| key.eq_ignore_ascii_case("path")) {
        let (_, given) = found.options.remove(at);
        if let Some(path) = found.path.replace(given.clone()) {
            return Err(Error::of(condition::DUPLICATED_TABLE_PATHS).with("pathOne", path).with("pathTwo", given));
        }
    }
    Ok(found)
}

/// `a INT NOT NULL COMMENT 'x', b STRING`. What is not here is refused by its name; a column may be
/// called so.
fn columns_of(text: &str) -> Result<Arc<Schema>> {
    let tokens = lexer::tokens(text)?;
    let mut before = &Token::Comma;
    for (_, token) in words_from(&tokens, 0) {
        let is_column = matches!(before, Token::Comma | Token::Lt);
        before = token;
        let what = match keyword_of(token) {
            _ if is_column => continue,
            Keyword::DEFAULT => "a column with a DEFAULT",
            Keyword::GENERATED => "a column that is GENERATED",
            // Whoever reads and writes would not keep to the length.
            Keyword::CHAR | Keyword::CHARACTER | Keyword::VARCHAR => "a text of a bounded length (use STRING)",
            _ => continue,
        };
        return Err(unsupported(what, &text));
    }
    ddl::parse_schema(text)
}

/// `BY (a, b)`, or `BY (a INT, b STRING)`.
fn partitions(parser: &mut Parser<'_>) -> Result<Partitions> {
    parser.expect_keyword(Keyword::BY).map_err(|error| syntax(&error))?;
    let text = in_parentheses(parser)?.ok_or_else(|| syntax_at_token(&parser.peek_token()))?;
    if let Ok(names) = column_names(&text) {
        return Ok(Partitions::Named(names));
    }
    let tokens = lexer::tokens(&text)?;
    let mut words = words_from(&tokens, 0).map(|(_, token)| token);
    if let (Some(Token::Word(_)), Some(Token::LParen)) = (words.next(), words.next()) {
        return Err(unsupported("PARTITIONED BY of a function", &text));
    }
    columns_of(&text).map(Partitions::Typed)
}
