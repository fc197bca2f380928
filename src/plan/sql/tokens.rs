//! What Spark's grammar reads as one word and sqlparser's tokenizer as several: numbers with a suffix (`1Y`, `2.5D`), and
//! nested types after `AS` or `::` (`map<string,int>`). Each becomes one token, spelled as the user did.

use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Tokenizer, Word};

use super::dialect::SparkDialect;
use crate::plan::limits::{SQL_DEPTH, SQL_WORDS};

/// A parser over the text's tokens, as Spark counts them.
pub(super) fn parser(text: &str) -> Result<Parser<'static>, ParserError> {
    let tokens = Tokenizer::new(&SparkDialect, text)
        .tokenize_with_location()
        .map_err(|error| ParserError::TokenizerError(error.to_string()))?;
    if tokens.iter().filter(|token| is_word(&token.token)).count() > SQL_WORDS {
        return Err(ParserError::RecursionLimitExceeded);
    }
    let parser = Parser::new(&SparkDialect).with_recursion_limit(SQL_DEPTH);
    Ok(parser.with_tokens_with_locations(functions(types(suffixed(tokens)))))
}

/// Whether a token may make the tree deeper. Lists may be long: neither constants nor commas count.
fn is_word(token: &Token) -> bool {
    !matches!(
        token,
        Token::Whitespace(_)
            | Token::Comma
            | Token::LParen
            | Token::RParen
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
    )
}

/// The suffixes that say a number's type; `L` is the tokenizer's own.
pub(super) const SUFFIXES: [&str; 5] = ["BD", "Y", "S", "F", "D"];

/// Joins a number and the suffix that touches it.
fn suffixed(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut joined: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for next in tokens {
        // Space between them would be a token of its own: `1 d` is a number and its alias.
        if let (Some(TokenWithSpan { token: Token::Number(digits, false), span }), Token::Word(word)) =
            (joined.last_mut(), &next.token)
            && word.quote_style.is_none()
            && SUFFIXES.iter().any(|suffix| word.value.eq_ignore_ascii_case(suffix))
        {
            digits.push_str(&word.value.to_uppercase());
            *span = Span::new(span.start, next.span.end);
        } else {
            joined.push(next);
        }
    }
    joined
}

/// Calls that begin with a keyword. `exists(list, x -> …)` is a function: only before a query is
/// EXISTS a keyword. `struct(*)` is one, too: sqlparser's literal of a struct has no star.
fn functions(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let after = |from: usize, tokens: &[TokenWithSpan]| {
        (from + 1..tokens.len()).find(|at| !matches!(tokens[*at].token, Token::Whitespace(_)))
    };
    for at in 0..tokens.len() {
        let Token::Word(Word { keyword: keyword @ (Keyword::EXISTS | Keyword::STRUCT), .. }) = tokens[at].token else {
            continue;
        };
        let Some(paren) = after(at, &tokens).filter(|next| tokens[*next].token == Token::LParen) else { continue };
        let inside = after(paren, &tokens).map(|inside| &tokens[inside..]).unwrap_or_default();
        let is_call = match keyword {
            Keyword::STRUCT => begins_with_star(inside),
            _ => !inside.first().is_some_and(|first| match &first.token {
                Token::Word(word) => matches!(
                    word.keyword,
                    Keyword::SELECT | Keyword::WITH | Keyword::FROM | Keyword::VALUES | Keyword::TABLE
                ),
                token => *token == Token::LParen,
            }),
        };
        if let (true, Token::Word(word)) = (is_call, &mut tokens[at].token) {
            word.keyword = Keyword::NoKeyword;
        }
    }
    tokens
}

/// Whether the tokens begin with `*`, or with `t.*`.
fn begins_with_star(tokens: &[TokenWithSpan]) -> bool {
    let named = tokens.iter().take_while(|token| matches!(token.token, Token::Word(_) | Token::Period)).count();
    tokens.get(named).is_some_and(|token| token.token == Token::Mul)
        && (named == 0 || tokens[named - 1].token == Token::Period)
}

/// Makes one word of each nested type that a cast names: sqlparser knows `array<…>` only.
fn types(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut joined: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.into_iter().peekable();
    let mut after_as = false;
    while let Some(mut next) = rest.next() {
        if matches!(next.token, Token::Whitespace(_)) {
            joined.push(next);
            continue;
        }
        let nested = matches!(&next.token, Token::Word(word) if matches!(word.keyword, Keyword::ARRAY | Keyword::MAP | Keyword::STRUCT));
        if after_as && nested && rest.peek().is_some_and(|token| token.token == Token::Lt) {
            let mut text = next.token.to_string();
            let mut depth = 0_i32;
            for part in rest.by_ref() {
                depth += match part.token {
                    Token::Lt => 1,
                    Token::Gt => -1,
                    Token::ShiftRight => -2,
                    _ => 0,
                };
                text.push_str(&part.token.to_string());
                next.span = Span::new(next.span.start, part.span.end);
                if depth <= 0 {
                    break;
                }
            }
            next.token = Token::Word(Word { value: text, quote_style: None, keyword: Keyword::NoKeyword });
        }
        after_as = match &next.token {
            Token::Word(word) => word.keyword == Keyword::AS,
            token => *token == Token::DoubleColon,
        };
        joined.push(next);
    }
    joined
}
