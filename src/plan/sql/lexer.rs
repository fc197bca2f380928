//! Literals, comments and words that begin with a digit, which sqlparser's tokenizer reads
//! otherwise than Spark's lexer. They are cut out of the text here. The tokenizer reads the text
//! between them.

use std::char::decode_utf16;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Whitespace, Word};

use super::dialect::SparkDialect;
use super::{syntax, syntax_at_token};
use crate::error::{Error, Result, condition};

/// The tokens of a text, each with its place.
pub(super) fn tokens(text: &str) -> Result<Vec<TokenWithSpan>> {
    let start = Location::new(1, 1);
    let mut lexer = Lexer { text, at: 0, place: start, gap: (0, start), tokens: Vec::new() };
    while lexer.at < text.len() {
        lexer.step()?;
    }
    lexer.close_gap()?;
    Ok(lexer.tokens)
}

/// A piece of text by its length in bytes.
enum LexedPiece {
    /// One token of ours.
    Own(usize, Token),
    /// The tokenizer's.
    Gap(usize),
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    place: Location,
    /// Where the text begins that the tokenizer has not seen.
    gap: (usize, Location),
    tokens: Vec<TokenWithSpan>,
}

impl Lexer<'_> {
    fn step(&mut self) -> Result<()> {
        match self.piece()? {
            LexedPiece::Gap(length) => self.advance(length),
            LexedPiece::Own(length, token) => {
                self.close_gap()?;
                let start = self.place;
                self.advance(length);
                self.tokens.push(TokenWithSpan { token, span: Span::new(start, self.place) });
                self.gap = (self.at, self.place);
            }
        }
        Ok(())
    }

    fn piece(&self) -> Result<LexedPiece> {
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(LexedPiece::Gap(0)) };
        Ok(match first {
            '\'' | '"' => {
                let length = quoted(rest).ok_or_else(|| self.open(first))?;
                let text = unescaped(&rest[1..length - 1], first);
                LexedPiece::Own(length, string(first, text))
            }
            '`' => LexedPiece::Gap(rest[1..].find('`').map_or(rest.len(), |end| end + 2)),
            '-' if rest.starts_with("--") => {
                LexedPiece::Own(line_comment(rest), Token::Whitespace(Whitespace::Newline))
            }
            '/' if rest.starts_with("/*") => {
                let length = block_comment(rest).ok_or_else(|| Error::of(condition::UNCLOSED_BRACKETED_COMMENT))?;
                // The parser reads hints.
                if rest.starts_with("/*+") {
                    LexedPiece::Gap(length)
                } else {
                    LexedPiece::Own(length, Token::Whitespace(Whitespace::Space))
                }
            }
            '.' | '0'..='9' => {
                number(rest).map_or(LexedPiece::Gap(1), |(length, token)| LexedPiece::Own(length, token))
            }
            first if is_word_part(first) => {
                let length = word_length(rest);
                let after = rest[length..].trim_start();
                let space = rest.len() - length - after.len();
                let quote = after.chars().next().filter(|next| matches!(next, '\'' | '"'));
                match (&rest[..length], quote) {
                    ("r" | "R", Some(quote)) if space == 0 => {
                        let inside = raw(&after[1..], quote).ok_or_else(|| self.open(quote))?;
                        LexedPiece::Own(inside.len() + 3, string(quote, inside.to_owned()))
                    }
                    ("x" | "X", Some(quote)) => {
                        let inside = raw(&after[1..], quote).ok_or_else(|| self.open(quote))?;
                        LexedPiece::Own(length + space + inside.len() + 2, Token::HexStringLiteral(inside.to_owned()))
                    }
                    _ => LexedPiece::Gap(length),
                }
            }
            other => LexedPiece::Gap(other.len_utf8()),
        })
    }

    /// The error for a literal without an end.
    fn open(&self, quote: char) -> Error {
        syntax_at_token(&TokenWithSpan { token: Token::Char(quote), span: Span::new(self.place, self.place) })
    }

    fn advance(&mut self, length: usize) {
        for c in self.text[self.at..self.at + length].chars() {
            if c == '\n' {
                self.place = Location::new(self.place.line + 1, 1);
            } else {
                self.place.column += 1;
            }
        }
        self.at += length;
    }

    /// Gives the tokenizer what stands before this place.
    fn close_gap(&mut self) -> Result<()> {
        let (from, place) = self.gap;
        let gap = &self.text[from..self.at];
        if gap.is_empty() {
            return Ok(());
        }
        let moved = |at: Location| match at.line {
            1 => Location::new(place.line, place.column + at.column - 1),
            line => Location::new(place.line + line - 1, at.column),
        };
        let tokens = Tokenizer::new(&SparkDialect, gap).tokenize_with_location();
        for found in tokens.map_err(|error| syntax(&error.into()))? {
            let span = Span::new(moved(found.span.start), moved(found.span.end));
            self.tokens.push(TokenWithSpan { span, ..found });
        }
        Ok(())
    }
}

fn string(quote: char, text: String) -> Token {
    if quote == '"' { Token::DoubleQuotedString(text) } else { Token::SingleQuotedString(text) }
}

/// The length of a literal in quotes: a quote inside is doubled, or stands behind a backslash.
fn quoted(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let quote = bytes[0];
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 2,
            found if found == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            found if found == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// The text before the next quote.
fn raw(rest: &str, quote: char) -> Option<&str> {
    rest.split_once(quote).map(|(inside, _)| inside)
}

/// A literal's text by its escapes.
fn unescaped(inside: &str, quote: char) -> String {
    if !inside.contains(['\\', quote]) {
        return inside.to_owned();
    }
    // Escapes by number are UTF-16, as Java's characters are.
    let mut units: Vec<u16> = Vec::with_capacity(inside.len());
    let push = |units: &mut Vec<u16>, c: char| units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    let mut rest = inside;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '\\' {
            // Two quotes are one.
            rest = if c == quote { &rest[1..] } else { rest };
            push(&mut units, c);
            continue;
        }
        if let Some((length, number)) = by_number(rest) {
            rest = &rest[length..];
            units.extend(number);
            continue;
        }
        let Some(escaped) = rest.chars().next() else { break };
        rest = &rest[escaped.len_utf8()..];
        match escaped {
            '0' => units.push(0),
            'b' => units.push(0x08),
            'n' => units.push(0x0A),
            'r' => units.push(0x0D),
            't' => units.push(0x09),
            'Z' => units.push(0x1A),
            // The pattern of a LIKE keeps its escapes.
            '%' | '_' => units.extend([u16::from(b'\\'), escaped as u16]),
            other => push(&mut units, other),
        }
    }
    // Java writes a half of a surrogate pair as a question mark.
    decode_utf16(units).map(|c| c.unwrap_or('?')).collect()
}

/// `u0041`, `U0001F600`, `101` behind a backslash: how long it is, and its UTF-16.
fn by_number(rest: &str) -> Option<(usize, Vec<u16>)> {
    let digits = |from: usize, to: usize, radix: u32| {
        let digits = rest.get(from..to)?;
        digits.chars().all(|c| c.is_digit(radix)).then(|| u64::from_str_radix(digits, radix).ok()).flatten()
    };
    match rest.as_bytes().first()? {
        b'u' => digits(1, 5, 16).map(|unit| (5, vec![low_bits(unit)])),
        b'U' => digits(1, 9, 16).map(|point| {
            let units = match point.checked_sub(0x1_0000) {
                None => vec![low_bits(point)],
                Some(above) => vec![low_bits(above / 0x400 + 0xD800), low_bits(above % 0x400 + 0xDC00)],
            };
            (9, units)
        }),
        b'0' | b'1' => digits(0, 3, 8).map(|unit| (3, vec![low_bits(unit)])),
        _ => None,
    }
}

/// A number as a character of Java's.
fn low_bits(number: u64) -> u16 {
    (number & 0xFFFF) as u16
}

/// The text without the comments and spaces that it begins with.
pub(super) fn behind_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let comment = match rest {
            _ if rest.starts_with("--") => line_comment(rest),
            _ if rest.starts_with("/*") => block_comment(rest).unwrap_or_default(),
            _ => 0,
        };
        if comment == 0 {
            return rest;
        }
        rest = rest[comment..].trim_start();
    }
}

/// To the end of the line. A backslash there goes on with the next one.
fn line_comment(rest: &str) -> usize {
    let mut from = 0;
    loop {
        let Some(end) = rest[from..].find('\n').map(|end| from + end) else { return rest.len() };
        if !rest[..end].ends_with('\\') {
            return end;
        }
        from = end + 1;
    }
}

/// To the end that belongs to this beginning; nothing where there is none.
fn block_comment(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(two) = bytes.get(at..at + 2) {
        match two {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
    None
}

fn is_word_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn word_length(rest: &str) -> usize {
    rest.find(|c| !is_word_part(c)).unwrap_or(rest.len())
}

/// The suffixes that say a number's type.
pub(super) const SUFFIXES: [&str; 6] = ["BD", "L", "S", "Y", "D", "F"];

/// The longest token that begins with a digit, or with a point and a digit: `1`, `1.5e3BD`, `1L`,
/// or the name `1st`.
fn number(rest: &str) -> Option<(usize, Token)> {
    let digits = |from: usize| {
        let after = &rest[from..];
        after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len())
    };
    let exponent = |from: usize| {
        let after = rest[from..].strip_prefix(['e', 'E'])?;
        let sign = usize::from(after.starts_with(['+', '-']));
        Some(from + 1 + sign).filter(|from| digits(*from) > 0).map(|from| from + digits(from))
    };
    let suffix = |from: usize, whole: bool| {
        let after = &rest[from..];
        let of_type = |suffix: &&str| {
            after.get(..suffix.len()).is_some_and(|found| found.eq_ignore_ascii_case(suffix))
                && (whole || !matches!(*suffix, "L" | "S" | "Y"))
        };
        SUFFIXES.iter().find(|suffix| of_type(suffix)).map(|suffix| from + suffix.len())
    };
    let ends = |from: usize, whole: bool| {
        let long = exponent(from);
        [Some(from), suffix(from, whole), long, long.and_then(|from| suffix(from, false))]
    };
    let before = digits(0);
    let mut found: Vec<usize> = Vec::new();
    if before > 0 {
        found.extend(ends(before, true).into_iter().flatten());
    }
    if rest[before..].starts_with('.') {
        let after = before + 1 + digits(before + 1);
        // A word that touches the number makes the point one of its own: `1.a` is a field.
        let alone = |end: &usize| !rest[*end..].starts_with(is_word_part);
        if after > 1 {
            found.extend(ends(after, false).into_iter().flatten().filter(alone));
        }
    }
    let (number, word) = (found.into_iter().max().unwrap_or(0), if before > 0 { word_length(rest) } else { 0 });
    if word > number {
        let name = Word { value: rest[..word].to_owned(), quote_style: None, keyword: Keyword::NoKeyword };
        return Some((word, Token::Word(name)));
    }
    let text = Some(rest[..number].to_uppercase()).filter(|text| !text.is_empty())?;
    Some((
        number,
        match text.strip_suffix('L') {
            Some(digits) => Token::Number(digits.to_owned(), true),
            None => Token::Number(text, false),
        },
    ))
}
