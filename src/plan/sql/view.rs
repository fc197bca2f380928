//! `CREATE [OR REPLACE] [GLOBAL] TEMPORARY VIEW`, over a query or over a format. The parser does
//! not know all of its forms.

use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::tokens::keyword_of;
use super::{Sql, ident, names, syntax, syntax_at_token};
use crate::error::{Error, Result, condition};
use crate::plan::tree::{Statement, ViewContents, ViewScope};
use crate::types::ddl;

/// Whether a temporary view is made. `CREATE TEMPORARY TABLE … USING` is an old way to say it.
pub(super) fn begins(parser: &Parser<'_>) -> bool {
    let word = |at: usize| keyword_of(&parser.peek_nth_token_ref(at).token);
    let replace = if (word(1), word(2)) == (Keyword::OR, Keyword::REPLACE) { 2 } else { 0 };
    let temporary = 1 + replace + usize::from(word(1 + replace) == Keyword::GLOBAL);
    word(0) == Keyword::CREATE
        && matches!(word(temporary), Keyword::TEMP | Keyword::TEMPORARY)
        && match word(temporary + 1) {
            Keyword::VIEW => true,
            Keyword::TABLE => temporary == 1,
            _ => false,
        }
}

impl Sql {
    /// Reads a statement that [`begins`] found.
    pub(super) fn create_view(&self, parser: &mut Parser<'_>) -> Result<Statement> {
        let expect = |parser: &mut Parser<'_>, keyword| parser.expect_keyword(keyword).map_err(|error| syntax(&error));
        expect(parser, Keyword::CREATE)?;
        let replace = parser.parse_keywords(&[Keyword::OR, Keyword::REPLACE]);
        let scope = if parser.parse_keyword(Keyword::GLOBAL) { ViewScope::Global } else { ViewScope::Session };
        let heads = [Keyword::TEMP, Keyword::TEMPORARY];
        parser.expect_one_of_keywords(&heads).map_err(|error| syntax(&error))?;
        let kind = parser.expect_one_of_keywords(&[Keyword::VIEW, Keyword::TABLE]).map_err(|error| syntax(&error))?;
        let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        let name = names(&parser.parse_object_name(false).map_err(|error| syntax(&error))?);
        if kind == Keyword::TABLE && if_not_exists {
            return Err(Error::of(condition::INVALID_STATEMENT_OR_CLAUSE)
                .with("operation", "CREATE TEMPORARY TABLE … IF NOT EXISTS"));
        }
        let columns = in_parentheses(parser)?;
        if !if_not_exists && name.len() <= 2 && parser.parse_keyword(Keyword::USING) {
            let schema = columns.map(|columns| ddl::parse_schema(&columns)).transpose()?;
            let format = names(&parser.parse_object_name(false).map_err(|error| syntax(&error))?).join(".");
            let options = if parser.parse_keyword(Keyword::OPTIONS) { options(parser)? } else { Vec::new() };
            if kind == Keyword::TABLE && !matches!(parser.peek_token().token, Token::EOF | Token::SemiColon) {
                return Err(temporary_table());
            }
            let contents = ViewContents::Read { format, schema, options };
            return Ok(Statement::CreateView { name, scope, replace, contents });
        }
        if kind == Keyword::TABLE {
            return Err(temporary_table());
        }
        let columns = columns.map(|columns| column_names(&columns)).transpose()?.unwrap_or_default();
        if parser.parse_keyword(Keyword::COMMENT) {
            parser.parse_literal_string().map_err(|error| syntax(&error))?;
        }
        if parser.parse_keyword(Keyword::TBLPROPERTIES) {
            return Err(Error::of(condition::OPERATION_NOT_ALLOWED)
                .with("message", "TBLPROPERTIES can't coexist with CREATE TEMPORARY VIEW"));
        }
        expect(parser, Keyword::AS)?;
        if if_not_exists {
            return Err(Error::of(condition::TEMPORARY_VIEW_IF_NOT_EXISTS));
        }
        let query = parser.parse_query().map_err(|error| syntax(&error))?;
        let contents = ViewContents::Query { columns, query: self.query(*query)? };
        Ok(Statement::CreateView { name, scope, replace, contents })
    }
}

fn temporary_table() -> Error {
    Error::of(condition::OPERATION_NOT_ALLOWED)
        .with("message", "CREATE TEMPORARY TABLE of a query or without USING; CREATE TEMPORARY VIEW makes a view")
}

/// The text in parentheses, if the next token opens some.
pub(super) fn in_parentheses(parser: &mut Parser<'_>) -> Result<Option<String>> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(None);
    }
    let (mut text, mut depth) = (String::new(), 1);
    while let Some(next) = parser.next_token_no_skip() {
        depth += match next.token {
            Token::LParen => 1,
            Token::RParen => -1,
            _ => 0,
        };
        if depth == 0 {
            return Ok(Some(text));
        }
        match &next.token {
            Token::SingleQuotedString(inside) | Token::DoubleQuotedString(inside) => {
                text.push_str(&format!("'{}'", inside.replace('\'', "''")));
            }
            token => text.push_str(&token.to_string()),
        }
    }
    Err(syntax_at_token(&parser.peek_token()))
}

/// `a, b COMMENT 'x'`.
pub(super) fn column_names(text: &str) -> Result<Vec<String>> {
    let mut parser = super::parser(text)?;
    let columns = parser.parse_comma_separated(|parser| {
        let name = parser.parse_identifier()?;
        if parser.parse_keyword(Keyword::COMMENT) {
            parser.parse_literal_string()?;
        }
        Ok(ident(&name))
    });
    let columns = columns.map_err(|error| syntax(&error))?;
    super::end(&mut parser)?;
    Ok(columns)
}

/// `(path '/data', header = true, a.b 1)`.
pub(super) fn options(parser: &mut Parser<'_>) -> Result<Vec<(String, String)>> {
    let mut options: Vec<(String, String)> = Vec::new();
    parser.expect_token(&Token::LParen).map_err(|error| syntax(&error))?;
    loop {
        let key = option_key(parser)?;
        let equals = parser.consume_token(&Token::Eq);
        let next = parser.next_token();
        let value = match next.token {
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) | Token::Number(text, _) => text,
            Token::Word(word) if matches!(word.keyword, Keyword::TRUE | Keyword::FALSE) => word.value.to_lowercase(),
            Token::Comma | Token::RParen if !equals => {
                return Err(Error::of(condition::OPERATION_NOT_ALLOWED)
                    .with("message", format!("Values must be specified for key(s): [{key}]")));
            }
            _ => return Err(syntax_at_token(&next)),
        };
        if options.iter().any(|(other, _)| *other == key) {
            return Err(Error::of(condition::DUPLICATE_KEY).with("keyColumn", format!("`{key}`")));
        }
        options.push((key, value));
        if parser.consume_token(&Token::RParen) {
            return Ok(options);
        }
        parser.expect_token(&Token::Comma).map_err(|error| syntax(&error))?;
    }
}

/// Words with points between them, or a text.
fn option_key(parser: &mut Parser<'_>) -> Result<String> {
    let mut key = String::new();
    loop {
        let next = parser.next_token();
        match next.token {
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) if key.is_empty() => return Ok(text),
            Token::Word(word) => key.push_str(&word.value),
            _ => return Err(syntax_at_token(&next)),
        }
        if !parser.consume_token(&Token::Period) {
            return Ok(key);
        }
        key.push('.');
    }
}
