//! JSON text, token by token, in the dialect that the options allow. What Jackson, which Spark
//! reads with, takes by default is taken.

use std::borrow::Cow;
use std::ops::Range;

use crate::types::display;
use crate::types::json_text::write_string;

/// What is allowed beyond JSON.
#[derive(Clone, Copy, Debug)]
pub struct JsonDialect {
    pub comments: bool,
    pub unquoted_names: bool,
    pub single_quotes: bool,
    pub leading_zeros: bool,
    pub any_escape: bool,
    pub control_chars: bool,
    pub non_numeric: bool,
    /// Whether an object, array or fraction in a text column is written anew, as `from_json` does,
    /// or stands as it is, as in a file.
    pub anew: bool,
}

/// The text is not JSON from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax;

/// What a value is, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    Object,
    Array,
    Text,
    Number,
    True,
    False,
    Null,
    /// `NaN`, `Infinity`, `-Infinity` and their kin.
    NonNumeric,
}

/// A place in JSON text.
#[derive(Clone)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// How many objects and arrays it has entered and not left.
    depth: usize,
    dialect: JsonDialect,
}

/// Values inside values beyond this are refused, as by Jackson.
const MOST_NESTED: usize = 1000;

/// As Jackson takes them: `INF` only with its sign.
const NON_NUMERIC: [(&str, f64); 6] = [
    ("NaN", f64::NAN),
    ("-Infinity", f64::NEG_INFINITY),
    ("+Infinity", f64::INFINITY),
    ("Infinity", f64::INFINITY),
    ("-INF", f64::NEG_INFINITY),
    ("+INF", f64::INFINITY),
];

/// The number that a word such as `NaN` stands for.
pub fn non_numeric(word: &str) -> Option<f64> {
    NON_NUMERIC.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

/// Appends a number as Jackson writes it once it has read it: whole ones as they are, others as
/// doubles.
fn copy_number(text: &str, out: &mut String) {
    if !text.contains(['.', 'e', 'E']) {
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
        return match digits.trim_start_matches('0') {
            "" => out.push('0'),
            digits => out.extend([sign, digits]),
        };
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => out.push_str(&display::double(value)),
        // A number beyond all doubles is an infinity, which JSON has not.
        Ok(value) => write_string(out, &display::double(value)),
        Err(_) => out.push_str(text),
    }
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, dialect: JsonDialect) -> Self {
        Self { text, at: 0, depth: 0, dialect }
    }

    /// A cursor over one value that [`Cursor::skip`] found in the same text.
    pub fn over(&self, value: Range<usize>) -> Self {
        Self { text: &self.text[..value.end], at: value.start, depth: 0, dialect: self.dialect }
    }

    pub fn writes_anew(&self) -> bool {
        self.dialect.anew
    }

    /// Appends the next value without the space around its parts, as Jackson copies it: fractions
    /// as doubles.
    pub fn copy(&mut self, out: &mut String) -> Result<(), Syntax> {
        match self.kind()? {
            JsonKind::Object => {
                out.push('{');
                let mut more = self.enter(b'}')?;
                while more {
                    write_string(out, &self.name()?);
                    out.push(':');
                    self.copy(out)?;
                    more = self.another(b'}')?;
                    out.push_str(if more { "," } else { "" });
                }
                out.push('}');
            }
            JsonKind::Array => {
                out.push('[');
                let mut more = self.enter(b']')?;
                while more {
                    self.copy(out)?;
                    more = self.another(b']')?;
                    out.push_str(if more { "," } else { "" });
                }
                out.push(']');
            }
            JsonKind::Text => write_string(out, &self.string()?),
            JsonKind::Number => copy_number(self.number()?, out),
            JsonKind::NonNumeric => {
                write_string(out, &display::double(non_numeric(self.number()?).unwrap_or(f64::NAN)))
            }
            JsonKind::True | JsonKind::False | JsonKind::Null => {
                let place = self.skip()?;
                out.push_str(self.slice(place));
            }
        }
        Ok(())
    }

    pub fn slice(&self, range: Range<usize>) -> &'a str {
        &self.text[range]
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    /// Passes over white space, and comments where they are allowed.
    pub fn space(&mut self) -> Result<(), Syntax> {
        loop {
            while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
            }
            if !(self.dialect.comments && self.peek() == Some(b'/')) {
                return Ok(());
            }
            let rest = &self.text[self.at..];
            let length = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").ok_or(Syntax)? + 2
            } else {
                return Err(Syntax);
            };
            self.at += length;
        }
    }

    pub fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// What the next value is.
    pub fn kind(&mut self) -> Result<JsonKind, Syntax> {
        self.space()?;
        let rest = &self.bytes()[self.at..];
        Ok(match rest.first().ok_or(Syntax)? {
            b'{' => JsonKind::Object,
            b'[' => JsonKind::Array,
            b'"' => JsonKind::Text,
            b'\'' if self.dialect.single_quotes => JsonKind::Text,
            b't' if rest.starts_with(b"true") => JsonKind::True,
            b'f' if rest.starts_with(b"false") => JsonKind::False,
            b'n' if rest.starts_with(b"null") => JsonKind::Null,
            b'-' if matches!(rest.get(1), Some(b'0'..=b'9')) => JsonKind::Number,
            b'0'..=b'9' => JsonKind::Number,
            _ if self.dialect.non_numeric && self.word().is_some() => JsonKind::NonNumeric,
            _ => return Err(Syntax),
        })
    }

    fn word(&self) -> Option<&'static str> {
        NON_NUMERIC.iter().map(|(name, _)| *name).find(|name| self.text[self.at..].starts_with(name))
    }

    /// Enters an object or array; false when it is empty, and then left already.
    pub fn enter(&mut self, close: u8) -> Result<bool, Syntax> {
        if self.depth == MOST_NESTED {
            return Err(Syntax);
        }
        self.at += 1;
        self.space()?;
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        self.depth += 1;
        Ok(true)
    }

    /// After a value in an object or array: true when another follows, false when it was the last.
    pub fn another(&mut self, close: u8) -> Result<bool, Syntax> {
        self.space()?;
        let byte = self.peek().ok_or(Syntax)?;
        self.at += 1;
        match byte {
            b',' => Ok(true),
            byte if byte == close => {
                self.depth = self.depth.saturating_sub(1);
                Ok(false)
            }
            _ => Err(Syntax),
        }
    }

    /// An object's next name, and the colon after it.
    pub fn name(&mut self) -> Result<Cow<'a, str>, Syntax> {
        self.space()?;
        let name = match self.peek() {
            Some(b'"') => self.string()?,
            Some(b'\'') if self.dialect.single_quotes => self.string()?,
            Some(_) if self.dialect.unquoted_names => {
                let from = self.at;
                let rest = &self.text[from..];
                let length =
                    rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | '@'))).ok_or(Syntax)?;
                if length == 0 {
                    return Err(Syntax);
                }
                self.at += length;
                Cow::Borrowed(&rest[..length])
            }
            _ => return Err(Syntax),
        };
        self.space()?;
        if self.peek() != Some(b':') {
            return Err(Syntax);
        }
        self.at += 1;
        Ok(name)
    }

    /// A string's text, its escapes undone.
    pub fn string(&mut self) -> Result<Cow<'a, str>, Syntax> {
        let quote = self.peek().ok_or(Syntax)?;
        let from = self.at + 1;
        let mut owned: Option<String> = None;
        let mut run = from;
        loop {
            let found = memchr::memchr2(quote, b'\\', &self.bytes()[run..]).map(|at| run + at).ok_or(Syntax)?;
            let plain = &self.text[run..found];
            if !self.dialect.control_chars && plain.bytes().any(|byte| byte < b' ') {
                return Err(Syntax);
            }
            if self.bytes()[found] == quote {
                self.at = found + 1;
                return Ok(match owned {
                    None => Cow::Borrowed(plain),
                    Some(mut text) => {
                        text.push_str(plain);
                        Cow::Owned(text)
                    }
                });
            }
            let text = owned.get_or_insert_with(String::new);
            text.push_str(plain);
            self.at = found + 1;
            let c = self.escape()?;
            if let Some(text) = &mut owned {
                text.push(c);
            }
            run = self.at;
        }
    }

    /// The character that an escape stands for; the cursor is behind the backslash.
    fn escape(&mut self) -> Result<char, Syntax> {
        let c = self.text[self.at..].chars().next().ok_or(Syntax)?;
        self.at += c.len_utf8();
        Ok(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.hex()?;
                if !(0xD800..0xDC00).contains(&high) {
                    // A lone second half is no character.
                    return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                if !self.text[self.at..].starts_with("\\u") {
                    return Ok(char::REPLACEMENT_CHARACTER);
                }
                self.at += 2;
                let low = self.hex()?;
                let code = 0x10000 + ((high - 0xD800) << 10) + low.wrapping_sub(0xDC00);
                char::from_u32(code).filter(|_| (0xDC00..0xE000).contains(&low)).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            '\'' if self.dialect.single_quotes => c,
            c if self.dialect.any_escape => c,
            _ => return Err(Syntax),
        })
    }

    fn hex(&mut self) -> Result<u32, Syntax> {
        let digits = self.bytes().get(self.at..self.at + 4).ok_or(Syntax)?;
        let digits = std::str::from_utf8(digits).map_err(|_| Syntax)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| Syntax)
    }

    /// A number's text, or a word such as `NaN`.
    pub fn number(&mut self) -> Result<&'a str, Syntax> {
        if let Some(word) = self.word().filter(|_| self.dialect.non_numeric) {
            self.at += word.len();
            return Ok(&self.text[self.at - word.len()..self.at]);
        }
        let from = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let zeros = self.at;
        let whole = self.digits();
        if whole == 0 || (whole > 1 && self.bytes()[zeros] == b'0' && !self.dialect.leading_zeros) {
            return Err(Syntax);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(Syntax);
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(Syntax);
            }
        }
        match self.peek() {
            Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'"') => Err(Syntax),
            _ => Ok(&self.text[from..self.at]),
        }
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - from
    }

    /// Passes over one value, whose syntax is then known to be right, and says where it is.
    pub fn skip(&mut self) -> Result<Range<usize>, Syntax> {
        let kind = self.kind()?;
        let from = self.at;
        match kind {
            JsonKind::Object => {
                let mut more = self.enter(b'}')?;
                while more {
                    self.name()?;
                    self.skip()?;
                    more = self.another(b'}')?;
                }
            }
            JsonKind::Array => {
                let mut more = self.enter(b']')?;
                while more {
                    self.skip()?;
                    more = self.another(b']')?;
                }
            }
            JsonKind::Text => {
                self.string()?;
            }
            JsonKind::Number | JsonKind::NonNumeric => {
                self.number()?;
            }
            JsonKind::True | JsonKind::Null => self.word_end(4)?,
            JsonKind::False => self.word_end(5)?,
        }
        Ok(from..self.at)
    }

    fn word_end(&mut self, length: usize) -> Result<(), Syntax> {
        self.at += length;
        match self.peek() {
            Some(byte) if byte.is_ascii_alphanumeric() => Err(Syntax),
            _ => Ok(()),
        }
    }
}
