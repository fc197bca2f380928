//! Words that sqlparser takes for keywords and Spark for names, since nothing follows them that the
//! keyword needs: `SELECT exists FROM t`, `struct.x`, `interval + 1`.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::tokens::{is_unit, keyword_of, words_from};

/// The tokens with such words as plain names.
pub(super) fn as_names(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut before: Option<usize> = None;
    for at in 0..tokens.len() {
        if matches!(tokens[at].token, Token::Whitespace(_)) {
            continue;
        }
        let keyword = |place: Option<usize>| place.map_or(Keyword::NoKeyword, |place| keyword_of(&tokens[place].token));
        if is_name(keyword(Some(at)), keyword(before), words_from(&tokens, at + 1))
            && let Token::Word(word) = &mut tokens[at].token
        {
            word.keyword = Keyword::NoKeyword;
        }
        // In `extract(Year FROM t)` a field that is no keyword keeps its letters, which are shown.
        if keyword_of(&tokens[at].token) == Keyword::EXTRACT {
            let field = words_from(&tokens, at + 1).nth(1).map(|(field, _)| field);
            if let Some(Token::Word(word)) = field.map(|field| &mut tokens[field].token) {
                word.keyword = Keyword::NoKeyword;
            }
        }
        before = Some(at);
    }
    tokens
}

/// Whether a keyword is a name, by the keyword before it and the tokens behind it.
fn is_name<'t>(
    keyword: Keyword,
    before: Keyword,
    mut behind: impl Iterator<Item = (usize, &'t Token)> + Clone,
) -> bool {
    let next = behind.clone().next().map_or(&Token::EOF, |(_, token)| token);
    match keyword {
        // Over other than a query, it is a function.
        Keyword::EXISTS if *next == Token::LParen => !behind.nth(1).is_some_and(|(_, inside)| begins_query(inside)),
        // `DROP TABLE IF EXISTS t`.
        Keyword::EXISTS => !matches!(before, Keyword::IF | Keyword::NOT),
        // sqlparser takes a key that begins with parentheses for several.
        Keyword::ROLLUP | Keyword::CUBE => before != Keyword::WITH,
        // sqlparser's literal of a struct has no star.
        Keyword::STRUCT => match next {
            Token::Lt => false,
            Token::LParen => begins_with_star(behind.skip(1).map(|(_, token)| token)),
            _ => true,
        },
        // Calls with a grammar of their own.
        Keyword::TRIM
        | Keyword::EXTRACT
        | Keyword::POSITION
        | Keyword::SUBSTRING
        | Keyword::SUBSTR
        | Keyword::OVERLAY
        | Keyword::CEIL
        | Keyword::FLOOR
        | Keyword::CAST
        | Keyword::TRY_CAST
        | Keyword::CONVERT
        // Without parentheses, a column of that name goes before the function.
        | Keyword::CURRENT_DATE
        | Keyword::CURRENT_TIMESTAMP
        | Keyword::CURRENT_TIME
        | Keyword::CURRENT_USER
        | Keyword::LOCALTIMESTAMP
        | Keyword::SESSION_USER
        | Keyword::USER => *next != Token::LParen,
        Keyword::INTERVAL => !begins_interval(behind.map(|(_, token)| token)),
        Keyword::DISTINCT if before == Keyword::SELECT => {
            *next == Token::Comma || matches!(keyword_of(next), Keyword::FROM | Keyword::AS)
        }
        _ => false,
    }
}

fn begins_query(token: &Token) -> bool {
    *token == Token::LParen
        || matches!(
            keyword_of(token),
            Keyword::SELECT | Keyword::WITH | Keyword::FROM | Keyword::VALUES | Keyword::TABLE
        )
}

/// Whether the tokens begin with `*`, or with `t.*`.
fn begins_with_star<'t>(tokens: impl Iterator<Item = &'t Token>) -> bool {
    let mut before = None;
    for token in tokens {
        match token {
            Token::Word(_) | Token::Period => before = Some(token),
            Token::Mul => return before.is_none_or(|before| *before == Token::Period),
            _ => return false,
        }
    }
    false
}

/// Whether an interval's amount follows: a text, a number, an expression in parentheses, or what a
/// unit follows.
fn begins_interval<'t>(mut tokens: impl Iterator<Item = &'t Token>) -> bool {
    let mut next = tokens.next();
    let signed = matches!(next, Some(Token::Plus | Token::Minus));
    if signed {
        next = tokens.next();
    }
    match next {
        Some(Token::Number(..) | Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) | Token::LParen)
            if !signed =>
        {
            true
        }
        Some(Token::Number(..) | Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) | Token::Word(_)) => {
            tokens.next().is_some_and(is_unit)
        }
        _ => false,
    }
}
