//! Parameters of a text: `:name` and `?`.

use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::lexer;
use crate::error::Result;

/// A parameter's place in the text, counted in characters.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    pub from: usize,
    pub to: usize,
    /// None for `?`.
    pub name: Option<String>,
}

/// The parameters in their order. A colon inside `struct<a: int>` is part of the type.
pub fn parameters(text: &str) -> Result<Vec<Parameter>> {
    let tokens = lexer::tokens(text)?;
    let lines = LineStarts::of(text);
    let mut found = Vec::new();
    let mut types = Types::default();
    for (at, token) in tokens.iter().enumerate() {
        if types.are_around(&token.token) {
            continue;
        }
        match (&token.token, tokens.get(at + 1)) {
            (Token::Placeholder(mark), _) if mark == "?" => {
                found.push(Parameter { from: lines.at(token.span.start), to: lines.at(token.span.end), name: None });
            }
            (Token::Colon, Some(TokenWithSpan { token: Token::Word(word), span })) if word.quote_style.is_none() => {
                let (from, to) = (lines.at(token.span.start), lines.at(span.end));
                found.push(Parameter { from, to, name: Some(word.value.clone()) });
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Whether a token is inside the angle brackets of a nested type.
#[derive(Default)]
struct Types {
    after_struct: bool,
    depth: usize,
}

impl Types {
    fn are_around(&mut self, token: &Token) -> bool {
        match token {
            Token::Lt if self.depth > 0 || self.after_struct => self.depth += 1,
            Token::Gt => self.depth = self.depth.saturating_sub(1),
            Token::ShiftRight => self.depth = self.depth.saturating_sub(2),
            _ => {}
        }
        self.after_struct = matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case("struct"));
        self.depth > 0
    }
}

/// Where each line begins, in characters.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        let ends = text.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(ends).collect())
    }

    fn at(&self, place: Location) -> usize {
        let index = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        self.0.get(index(place.line)).copied().unwrap_or_default() + index(place.column)
    }
}
