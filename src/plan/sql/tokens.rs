//! Tokens in the way that sqlparser's grammar takes them: one for texts side by side (`'a' 'b'`),
//! one for a nested type after `AS` or `::` (`map<string,int>`), and words that Spark lets be left
//! out.

use sqlparser::keywords::{Keyword, RESERVED_FOR_TABLE_ALIAS};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Whitespace, Word};

use super::dialect::SparkDialect;
use super::{keyword, lexer, pipe, rows};
use crate::error::{Error, Result, condition};
use crate::plan::limits::{SQL_DEPTH, SQL_WORDS};

/// A parser over the text's tokens, as Spark counts them.
pub(super) fn parser(text: &str) -> Result<Parser<'static>> {
    let tokens = lexer::tokens(text)?;
    if tokens.iter().filter(|token| is_word(&token.token)).count() > SQL_WORDS {
        return Err(Error::of(condition::FAILED_TO_PARSE_TOO_COMPLEX));
    }
    if depth(&tokens) > SQL_DEPTH {
        return Err(Error::of(condition::FAILED_TO_PARSE_TOO_COMPLEX));
    }
    let parser = Parser::new(&SparkDialect).with_recursion_limit(SQL_DEPTH);
    let tokens = samples(queries(keyword::as_names(strings(tokens))));
    let tokens = rows::in_parentheses(unpivots(intervals(types(tokens))));
    let tokens = pipe::as_calls(tokens)?;
    Ok(parser.with_tokens_with_locations(tokens))
}

/// How many parentheses stand in each other.
fn depth(tokens: &[TokenWithSpan]) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for token in tokens {
        match token.token {
            Token::LParen => now += 1,
            Token::RParen => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
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

/// Literals that stand side by side are one: `'a' "b"` is `'ab'`. In options the first is a key:
/// `OPTIONS ('path' '/data')`.
fn strings(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut joined: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let (mut before, mut in_options): (Option<usize>, bool) = (None, false);
    for next in tokens {
        match &next.token {
            Token::Whitespace(_) => {
                joined.push(next);
                continue;
            }
            Token::SingleQuotedString(more) | Token::DoubleQuotedString(more) => {
                if let Some(Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)) =
                    before.map(|at| &mut joined[at].token)
                    && !in_options
                {
                    text.push_str(more);
                    continue;
                }
                // The parser knows the shorter name of the type only.
                if let Some(Token::Word(word)) = before.map(|at| &mut joined[at].token)
                    && word.value.eq_ignore_ascii_case("timestamp_ltz")
                {
                    *word = Word { value: "TIMESTAMP".to_owned(), quote_style: None, keyword: Keyword::TIMESTAMP };
                }
            }
            Token::LParen if before.is_some_and(|at| is_keyword(&joined[at].token, Keyword::OPTIONS)) => {
                in_options = true;
            }
            Token::RParen => in_options = false,
            _ => {}
        }
        before = Some(joined.len());
        joined.push(next);
    }
    joined
}

/// Writes `INTERVAL 1 DAY 2 HOURS` as `INTERVAL '1 DAY 2 HOURS'`: sqlparser takes one unit.
fn intervals(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut written: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let is_interval = matches!(&tokens[at].token, Token::Word(word) if word.keyword == Keyword::INTERVAL);
        written.push(tokens[at].clone());
        at += 1;
        if !is_interval {
            continue;
        }
        let (mut units, mut end) = (Vec::new(), at);
        while let Some((text, after)) = quantity(&tokens, end) {
            units.push(text);
            end = after;
        }
        // `1 DAY TO HOUR` has a unit of its own.
        let to = words_from(&tokens, end).next();
        let has_end = to.is_some_and(|(_, token)| matches!(token, Token::Word(word) if word.keyword == Keyword::TO));
        if units.len() > 1 && !has_end {
            let span = Span::new(tokens[at - 1].span.end, tokens[end - 1].span.end);
            written.push(TokenWithSpan { token: Token::SingleQuotedString(units.join(" ")), span });
            at = end;
        }
    }
    written
}

/// The tokens from a place on that are no space, each with its own place.
pub(super) fn words_from(tokens: &[TokenWithSpan], from: usize) -> impl Iterator<Item = (usize, &Token)> + Clone {
    let from_here = tokens.iter().enumerate().skip(from);
    from_here.map(|(at, token)| (at, &token.token)).filter(|(_, token)| !matches!(token, Token::Whitespace(_)))
}

/// `-1 DAY` as text, and the place behind it.
fn quantity(tokens: &[TokenWithSpan], from: usize) -> Option<(String, usize)> {
    let mut words = words_from(tokens, from);
    let (_, first) = words.next()?;
    let (sign, number) = match first {
        Token::Minus => ("-", words.next()?.1),
        Token::Plus => ("", words.next()?.1),
        number => ("", number),
    };
    let number = match number {
        Token::Number(text, false) | Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => text.trim(),
        _ => return None,
    };
    let (at, unit) = words.next().filter(|(_, unit)| is_unit(unit))?;
    Some((format!("{sign}{number} {unit}"), at + 1))
}

/// Whether a token is the unit of an interval, one or many: `DAY`, `days`.
pub(super) fn is_unit(token: &Token) -> bool {
    const UNITS: [&str; 9] = ["YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"];
    let Token::Word(Word { value, quote_style: None, .. }) = token else { return false };
    let name = value.to_uppercase();
    UNITS.contains(&name.strip_suffix('S').unwrap_or(&name))
}

/// Writes `SELECT * FROM` where a query is `TABLE t`, and where it is a FROM in parentheses.
fn queries(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut written: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // The first word of a `DESCRIBE TABLE t`, where TABLE says nothing.
    let describes = words_from(&tokens, 0)
        .next()
        .is_some_and(|(_, first)| matches!(keyword_of(first), Keyword::DESC | Keyword::DESCRIBE));
    let (mut before, mut words) = (Token::LParen, 0);
    for (at, next) in tokens.iter().enumerate() {
        if matches!(next.token, Token::Whitespace(_)) {
            written.push(next.clone());
            continue;
        }
        words += 1;
        let begins = matches!(before, Token::LParen)
            || matches!(
                keyword_of(&before),
                Keyword::AS
                    | Keyword::UNION
                    | Keyword::ALL
                    | Keyword::DISTINCT
                    | Keyword::EXCEPT
                    | Keyword::INTERSECT
                    | Keyword::MINUS
            );
        let token = |token: Token| TokenWithSpan { token, span: next.span };
        let star = [Token::make_keyword("SELECT"), Token::Mul].map(token);
        let named = matches!(words_from(&tokens, at + 1).next(), Some((_, Token::Word(_))));
        if describes && words == 2 && keyword_of(&next.token) == Keyword::TABLE && named {
            continue;
        }
        match keyword_of(&next.token) {
            Keyword::TABLE if begins && named => {
                written.extend(star);
                written.push(token(Token::make_keyword("FROM")));
            }
            Keyword::FROM if words > 1 && matches!(before, Token::LParen) && !has_select(&tokens[at..]) => {
                written.extend(star);
                written.push(next.clone());
            }
            _ => written.push(next.clone()),
        }
        before = next.token.clone();
    }
    written
}

/// Whether a query that begins with FROM has a SELECT of its own, before its pipes.
fn has_select(tokens: &[TokenWithSpan]) -> bool {
    let mut depth = 0_usize;
    for token in tokens {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => return false,
            Token::RParen => depth -= 1,
            Token::VerticalBarRightAngleBracket if depth == 0 => return false,
            Token::Word(word) if depth == 0 && word.keyword == Keyword::SELECT => return true,
            _ => {}
        }
    }
    false
}

/// Writes a query's name before its sample, where the parser looks for it:
/// `(SELECT 1) t TABLESAMPLE (2 ROWS)`.
fn samples(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut at = 0;
    while at < tokens.len() {
        if is_keyword(&tokens[at].token, Keyword::TABLESAMPLE)
            && words_before(&tokens, at).is_some_and(|before| tokens[before].token == Token::RParen)
            && let Some(end) = sample_end(&tokens, at)
            && let Some(name_end) = name_end(&tokens, end)
        {
            tokens[at..name_end].rotate_left(end - at);
            at += name_end - end;
        }
        at += 1;
    }
    tokens
}

/// A word's keyword; a name in backquotes has none.
pub(super) fn keyword_of(token: &Token) -> Keyword {
    match token {
        Token::Word(Word { keyword, quote_style: None, .. }) => *keyword,
        _ => Keyword::NoKeyword,
    }
}

pub(super) fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    keyword_of(token) == keyword
}

/// The place of the last token before one that is no space.
pub(super) fn words_before(tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
    tokens[..at].iter().rposition(|token| !matches!(token.token, Token::Whitespace(_)))
}

/// How many tokens there are before one that ends them, outside of parentheses: the one at a place
/// of which `ends` says so.
pub(super) fn extent<'t>(
    tokens: impl ExactSizeIterator<Item = &'t TokenWithSpan>,
    ends: impl Fn(usize) -> bool,
) -> usize {
    let length = tokens.len();
    let mut depth = 0_usize;
    for (at, token) in tokens.enumerate() {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => return at,
            Token::RParen => depth -= 1,
            Token::SemiColon if depth == 0 => return at,
            _ if depth == 0 && ends(at) => return at,
            _ => {}
        }
    }
    length
}

/// The place behind the parentheses that open next.
fn behind_parentheses(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    let mut words = words_from(tokens, from);
    if *words.next()?.1 != Token::LParen {
        return None;
    }
    let mut depth = 1_usize;
    words.find_map(|(at, token)| {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(at + 1)
    })
}

/// The place behind `TABLESAMPLE (2 ROWS) REPEATABLE (1)`.
fn sample_end(tokens: &[TokenWithSpan], sample: usize) -> Option<usize> {
    let end = behind_parentheses(tokens, sample + 1)?;
    match words_from(tokens, end).next() {
        Some((repeatable, token)) if is_keyword(token, Keyword::REPEATABLE) => {
            behind_parentheses(tokens, repeatable + 1)
        }
        _ => Some(end),
    }
}

/// The place behind `AS t`, or behind a `t` that is no clause.
pub(super) fn name_end(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    let mut words = words_from(tokens, from);
    let (at, first) = words.next()?;
    if is_keyword(first, Keyword::AS) {
        return words.next().map(|(name, _)| name + 1);
    }
    match first {
        Token::Word(word) if !RESERVED_FOR_TABLE_ALIAS.contains(&word.keyword) => Some(at + 1),
        _ => None,
    }
}

/// Writes the AS that may be left out in `UNPIVOT (v FOR name IN (a x, (b, c) y))`.
fn unpivots(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut written: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // How deep in the parentheses of an UNPIVOT, and at which depth its list began.
    let (mut depth, mut list): (Option<usize>, Option<usize>) = (None, None);
    let mut before = Token::EOF;
    for next in tokens {
        if matches!(next.token, Token::Whitespace(_)) {
            written.push(next);
            continue;
        }
        let ends_a_column =
            matches!(&before, Token::RParen) || matches!(&before, Token::Word(word) if word.keyword != Keyword::AS);
        if depth == list
            && list.is_some()
            && ends_a_column
            && matches!(next.token, Token::Word(_))
            && keyword_of(&next.token) != Keyword::AS
        {
            written.push(TokenWithSpan { token: Token::make_keyword("AS"), span: next.span });
            written.push(TokenWithSpan { token: Token::Whitespace(Whitespace::Space), span: next.span });
        }
        match (&next.token, depth) {
            (token, None) if keyword_of(token) == Keyword::UNPIVOT => depth = Some(0),
            (Token::LParen, Some(inside)) => {
                depth = Some(inside + 1);
                if keyword_of(&before) == Keyword::IN {
                    list = depth;
                }
            }
            (Token::RParen, Some(inside)) => {
                list = list.filter(|list| *list < inside);
                depth = inside.checked_sub(1).filter(|outside| *outside > 0);
            }
            (token, Some(0)) if !matches!(keyword_of(token), Keyword::INCLUDE | Keyword::EXCLUDE | Keyword::NULLS) => {
                depth = None;
            }
            _ => {}
        }
        before = next.token.clone();
        written.push(next);
    }
    written
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
