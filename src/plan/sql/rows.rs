//! VALUES as the parser reads it: each row in parentheses, `VALUES (1), (2)` for `VALUES 1, 2`, and
//! all of it in parentheses where it is a table or has a name.

use std::iter::once;
use std::ops::Range;

use sqlparser::ast::Expr;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::dialect::SparkDialect;
use super::tokens::{extent, is_keyword, keyword_of, name_end, words_before, words_from};
use crate::plan::limits::SQL_DEPTH;

const SET_OPERATORS: [Keyword; 4] = [Keyword::UNION, Keyword::INTERSECT, Keyword::EXCEPT, Keyword::MINUS];

/// Writes the parentheses that Spark lets be left out. The last VALUES goes first: rows may hold
/// queries.
pub(super) fn in_parentheses(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    // From the last token to the first.
    let mut written: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    while let Some(next) = tokens.pop() {
        if !is_keyword(&next.token, Keyword::VALUES) {
            written.push(next);
            continue;
        }
        let Some(place) = Place::behind(&tokens) else {
            written.push(next);
            continue;
        };
        let clause = begun(&mut written);
        let rows = rows(&clause);
        let Some(end) = rows.last().map(|row| row.at.end) else {
            written.extend(clause.into_iter().rev().chain(once(next)));
            continue;
        };
        let span = next.span;
        let paren = |token| TokenWithSpan { token, span };
        // The parser takes no VALUES with a name, and none for a value.
        let is_selected = place == Place::Value || (place == Place::Query && name_end(&clause, end).is_some());
        let is_table = place == Place::Table || is_selected;
        let mut bare = rows.iter().filter(|row| row.is_bare).map(|row| &row.at).rev().peekable();
        for (at, token) in clause.into_iter().enumerate().rev() {
            if is_table && at + 1 == end {
                written.push(paren(Token::RParen));
            }
            written.extend(bare.peek().filter(|row| row.end == at + 1).map(|_| paren(Token::RParen)));
            written.push(token);
            written.extend(bare.next_if(|row| row.start == at).map(|_| paren(Token::LParen)));
        }
        written.push(next);
        written.extend(is_table.then(|| paren(Token::LParen)));
        if is_selected {
            let select = [Token::make_keyword("FROM"), Token::Mul, Token::make_keyword("SELECT")];
            written.extend(select.map(paren));
        }
    }
    written.reverse();
    written
}

/// Takes the tokens behind a VALUES back, up to where its clause must end. They were written from
/// the last to the first.
fn begun(written: &mut Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let ends =
        |token: &Token| *token == Token::VerticalBarRightAngleBracket || SET_OPERATORS.contains(&keyword_of(token));
    let last = written.len().saturating_sub(1);
    let length = extent(written.iter().rev(), |at| ends(&written[last - at].token));
    let mut clause = written.split_off(written.len() - length);
    clause.reverse();
    clause
}

/// A row of VALUES.
struct Row {
    at: Range<usize>,
    is_bare: bool,
}

/// The rows that a clause begins with, behind VALUES.
fn rows(clause: &[TokenWithSpan]) -> Vec<Row> {
    let parser = Parser::new(&SparkDialect).with_recursion_limit(SQL_DEPTH);
    let mut parser = parser.with_tokens_with_locations(clause.to_vec());
    let mut rows = Vec::new();
    loop {
        let Some((start, _)) = words_from(clause, parser.index()).next() else { return rows };
        let Ok(row) = parser.parse_expr() else { return rows };
        rows.push(Row { at: start..parser.index(), is_bare: !matches!(row, Expr::Tuple(_) | Expr::Nested(_)) });
        if !parser.consume_token(&Token::Comma) {
            return rows;
        }
    }
}

/// Where VALUES stands.
#[derive(PartialEq, Eq)]
enum Place {
    Query,
    /// In parentheses, where a query may be a value.
    Value,
    Table,
}

impl Place {
    /// The place behind some tokens; `None` where VALUES is a name.
    fn behind(tokens: &[TokenWithSpan]) -> Option<Self> {
        let at = words_before(tokens, tokens.len());
        let Some(at) = at else { return Some(Self::Query) };
        let begins_insert = || {
            words_from(tokens, 0).next().is_some_and(|(_, first)| is_keyword(first, Keyword::INSERT))
                && !tokens.iter().any(|token| is_keyword(&token.token, Keyword::SELECT))
        };
        let is_create = || words_from(tokens, 0).next().is_some_and(|(_, first)| is_keyword(first, Keyword::CREATE));
        let is_query = match &tokens[at].token {
            Token::LParen => return (!opens_arguments(&tokens[..at])).then_some(Self::Value),
            Token::VerticalBarRightAngleBracket => true,
            // `WITH c AS (…) VALUES 1`.
            Token::RParen => closes_table(&tokens[..at]),
            Token::Comma => return lists_tables(&tokens[..at]).then_some(Self::Table),
            word => match keyword_of(word) {
                Keyword::FROM | Keyword::JOIN => return (!compares(&tokens[..at])).then_some(Self::Table),
                Keyword::AS => is_create() && !tokens.iter().any(|token| is_keyword(&token.token, Keyword::SELECT)),
                Keyword::ALL | Keyword::DISTINCT => words_before(tokens, at)
                    .is_some_and(|operator| SET_OPERATORS.contains(&keyword_of(&tokens[operator].token))),
                word => SET_OPERATORS.contains(&word) || begins_insert(),
            },
        };
        is_query.then_some(Self::Query)
    }
}

/// Whether a parenthesis behind the tokens is that of a call: `sum(values + 1)`.
fn opens_arguments(tokens: &[TokenWithSpan]) -> bool {
    const BEFORE_QUERIES: [Keyword; 22] = [
        Keyword::FROM,
        Keyword::JOIN,
        Keyword::AS,
        Keyword::IN,
        Keyword::EXISTS,
        Keyword::UNION,
        Keyword::INTERSECT,
        Keyword::EXCEPT,
        Keyword::MINUS,
        Keyword::ALL,
        Keyword::DISTINCT,
        Keyword::SELECT,
        Keyword::WHERE,
        Keyword::HAVING,
        Keyword::ON,
        Keyword::AND,
        Keyword::OR,
        Keyword::NOT,
        Keyword::WHEN,
        Keyword::THEN,
        Keyword::ELSE,
        Keyword::BY,
    ];
    words_before(tokens, tokens.len()).is_some_and(|at| match &tokens[at].token {
        word @ Token::Word(_) => !BEFORE_QUERIES.contains(&keyword_of(word)),
        _ => false,
    })
}

/// Whether a parenthesis behind the tokens closes a table of WITH.
fn closes_table(tokens: &[TokenWithSpan]) -> bool {
    let mut depth = 0_usize;
    let opening = tokens.iter().rposition(|token| match token.token {
        Token::RParen => {
            depth += 1;
            false
        }
        Token::LParen if depth == 0 => true,
        Token::LParen => {
            depth -= 1;
            false
        }
        _ => false,
    });
    let before = opening.and_then(|opening| words_before(tokens, opening));
    let is_with = words_from(tokens, 0).next().is_some_and(|(_, first)| is_keyword(first, Keyword::WITH));
    is_with && before.is_some_and(|at| is_keyword(&tokens[at].token, Keyword::AS))
}

/// Whether a FROM behind the tokens is that of `IS DISTINCT FROM`.
fn compares(tokens: &[TokenWithSpan]) -> bool {
    words_before(tokens, tokens.len()).is_some_and(|at| is_keyword(&tokens[at].token, Keyword::DISTINCT))
}

/// Whether what goes before a comma is a list of tables.
fn lists_tables(tokens: &[TokenWithSpan]) -> bool {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().rev() {
        match &token.token {
            Token::RParen => depth += 1,
            Token::LParen if depth == 0 => return false,
            Token::LParen => depth -= 1,
            word if depth == 0 => match keyword_of(word) {
                Keyword::FROM if !compares(&tokens[..at]) => return true,
                Keyword::SELECT | Keyword::WHERE | Keyword::BY | Keyword::HAVING | Keyword::SET => return false,
                _ => {}
            },
            _ => {}
        }
    }
    false
}
