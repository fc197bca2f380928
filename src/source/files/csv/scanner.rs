//! One CSV record, by the transitions of the parser that Spark reads with.
//!
//! The parser looks at one character and at the last one that meant something, `prev`. A quoted
//! field ends at a quote that a separator, a line's end or the end of the text follows. After any
//! other quote the field was not quoted after all, and [`Unescaped`] says how it goes on:
//!
//! | text, escape `\` | fields |
//! |---|---|
//! | `"a, b",c` | `a, b` and `c` |
//! | `"a\"b",c` | `a"b` and `c` |
//! | `"a, ""b""",c` | `"a, ""b"""` and `c` |
//! | `"a"b,c` | `"a"b` and `c` |
//! | `"a,c` | `a,c` |
//!
//! A byte 0 as quote, escape or comment stands for none, and as in Spark such a byte in the text is
//! one.

use std::ops::Range;

use super::token::{CsvDialect, Cut, Field, Fields, LineEnd, Uncut, Unescaped};

/// Why the scanner stopped.
enum Stop {
    /// The text has no further character.
    End,
    Uncut(Uncut),
}

/// One pass over one record.
pub struct Scanner<'a> {
    fields: &'a mut Fields,
    text: &'a [u8],
    dialect: &'a CsvDialect,
    line_end: LineEnd,
    /// The place behind `ch`.
    at: usize,
    /// The character in hand. The end of the text leaves it as it was.
    ch: u8,
    /// The last character that meant something in a quoted field, or 0.
    prev: u8,
    /// Whether a quote of this field was found to end nothing.
    unescaped: bool,
    /// Whether this field is passed over, and empty whatever is in the scratch space.
    skipped: bool,
    /// Where this field begins in the scratch space.
    begun: usize,
    /// Whether the spaces at this field's end go.
    trimmed: bool,
}

impl<'a> Scanner<'a> {
    pub fn new(fields: &'a mut Fields, text: &'a [u8], dialect: &'a CsvDialect, line_end: LineEnd) -> Self {
        Self {
            fields,
            text,
            dialect,
            line_end,
            at: 0,
            ch: 0,
            prev: 0,
            unescaped: false,
            skipped: false,
            begun: 0,
            trimmed: false,
        }
    }

    pub fn record(mut self, ended: bool) -> Result<Cut, Uncut> {
        match self.scan() {
            Ok(()) => Ok(Cut::Record { next: self.at }),
            Err(Stop::End) if ended => {
                self.end_of_text();
                Ok(Cut::Record { next: self.text.len() })
            }
            Err(Stop::End) => Ok(Cut::More),
            Err(Stop::Uncut(why)) => Err(why),
        }
    }

    /// Takes fields up to the record's end.
    fn scan(&mut self) -> Result<(), Stop> {
        self.next()?;
        if self.line_end != LineEnd::None && self.dialect.comment != 0 && self.ch == self.dialect.comment {
            while !self.on_line_end() {
                self.next()?;
            }
        }
        self.skip_leading_space()?;
        while !self.on_line_end() {
            self.skip_leading_space()?;
            if self.on_separator() || self.on_line_end() {
                self.fields.fields.push(Field::Null);
            } else {
                self.field()?;
            }
            if !self.on_line_end() {
                self.at += self.dialect.separator.len() - 1;
                self.next()?;
                if self.on_line_end() {
                    self.fields.fields.push(Field::Null);
                }
            }
        }
        Ok(())
    }

    fn skip_leading_space(&mut self) -> Result<(), Stop> {
        if self.dialect.trim_start {
            while self.ch <= b' ' && !self.on_separator() && !self.on_line_end() && self.ch != self.dialect.quote {
                self.next()?;
            }
        }
        Ok(())
    }

    fn field(&mut self) -> Result<(), Stop> {
        (self.unescaped, self.skipped, self.prev) = (false, false, 0);
        if self.ch != self.dialect.quote {
            return self.unquoted_field();
        }
        if self.plainly_quoted() {
            return self.next();
        }
        self.trimmed = false;
        self.quoted()?;
        self.push();
        Ok(())
    }

    /// Takes a field that no quote opens.
    fn unquoted_field(&mut self) -> Result<(), Stop> {
        let (from, opening) = (self.at - 1, self.ch);
        self.trimmed = self.dialect.trim_end && self.dialect.separator.len() == 1;
        let mut at = from;
        loop {
            let rest = &self.text[at..];
            let first = self.dialect.separator[0];
            let found = match self.line_end {
                LineEnd::None => memchr::memchr(first, rest),
                LineEnd::Newline => memchr::memchr2(first, b'\n', rest),
                LineEnd::Return | LineEnd::ReturnNewline => memchr::memchr3(first, b'\n', b'\r', rest),
            };
            let Some(found) = found else {
                // The character in hand stays the field's first, which the end of the text looks
                // at.
                self.fields.scratch.extend_from_slice(&self.text[from..]);
                self.ch = *self.text.last().unwrap_or(&opening);
                self.put_back(opening);
                return Err(Stop::End);
            };
            self.at = at + found;
            self.next()?;
            if self.on_separator() || self.on_line_end() {
                self.fields.plain(self.text, from..at + found, self.dialect);
                return Ok(());
            }
            at += found + 1;
        }
    }

    /// Takes a quoted field that has nothing to undo and whose closing quote ends it; otherwise
    /// nothing.
    fn plainly_quoted(&mut self) -> bool {
        let dialect = self.dialect;
        let Some(length) = memchr::memchr(dialect.quote, &self.text[self.at..]) else { return false };
        let close = self.at + length;
        let behind = &self.text[close + 1..];
        let closed =
            behind.starts_with(&dialect.separator) || self.line_end != LineEnd::None && behind.first() == Some(&b'\n');
        if !closed || length > 0 && self.text[close - 1] == dialect.escape {
            return false;
        }
        let content = &self.text[self.at..close];
        if self.folds() && content.contains(&b'\r') {
            return false;
        }
        let mut escapes = memchr::memchr_iter(dialect.escape, content);
        if escapes.any(|at| content.get(at + 1) == Some(&dialect.escape_escape)) {
            return false;
        }
        self.fields.fields.push(if length == 0 { Field::Empty } else { Field::Plain(self.at..close) });
        self.at = close + 1;
        true
    }

    /// Takes the rest of a quoted field, up to the separator or line end behind it.
    fn quoted(&mut self) -> Result<(), Stop> {
        let CsvDialect { quote, escape, unescaped: handling, .. } = *self.dialect;
        let to_separator = matches!(handling, Unescaped::StopAtDelimiter | Unescaped::SkipValue);
        'again: loop {
            if self.prev != 0 && to_separator {
                if handling == Unescaped::SkipValue {
                    return self.skip_value();
                }
                self.fields.scratch.insert(self.begun, quote);
                self.next()?;
                self.trimmed = self.dialect.trim_end;
                return self.take_to_separator();
            }
            self.next()?;
            while self.prev != quote || !(self.ch <= b' ' || self.on_separator() || self.on_line_end()) {
                if self.ch != quote && self.ch != escape {
                    if self.prev == quote {
                        self.unescaped = true;
                        match handling {
                            Unescaped::RaiseError => return Err(Stop::Uncut(Uncut::UnescapedQuote)),
                            Unescaped::SkipValue => return self.skip_value(),
                            Unescaped::StopAtDelimiter | Unescaped::StopAtClosingQuote => {
                                self.fields.scratch.extend([quote, self.ch]);
                                self.prev = self.ch;
                                continue 'again;
                            }
                        }
                    }
                    if self.prev == escape && escape != 0 {
                        self.fields.scratch.push(escape);
                    }
                    self.take_to_meaning()?;
                    self.prev = self.ch;
                    self.next()?;
                } else {
                    self.meaning()?;
                    self.prev = self.ch;
                    self.next()?;
                    if self.unescaped && (self.on_separator() || self.on_line_end()) {
                        return Ok(());
                    }
                }
            }
            if self.on_separator() || self.on_line_end() {
                return Ok(());
            }
            // Spaces behind the closing quote are nobody's, unless something follows them.
            let mut spaces = Vec::new();
            loop {
                spaces.push(self.ch);
                self.next()?;
                if self.on_line_end() {
                    return Ok(());
                }
                if self.on_separator() {
                    return Ok(());
                }
                if self.ch > b' ' {
                    break;
                }
            }
            if handling == Unescaped::RaiseError {
                return Err(Stop::Uncut(Uncut::UnescapedQuote));
            }
            self.fields.scratch.push(quote);
            self.fields.scratch.extend(spaces);
            if to_separator || self.ch != quote && self.ch != escape {
                self.fields.scratch.push(self.ch);
                self.take_rest_of_letter();
            }
            self.prev = self.ch;
        }
    }

    /// Takes what follows the first byte of a character. One beyond the basic plane is two of
    /// Java's, of which it takes the first.
    fn take_rest_of_letter(&mut self) {
        if self.ch >= 0xF0 {
            return;
        }
        while let Some(byte) = self.text.get(self.at).filter(|byte| (0x80..0xC0).contains(*byte)) {
            self.fields.scratch.push(*byte);
            self.at += 1;
        }
    }

    /// Looks at a quote or an escape, by what stood before it.
    fn meaning(&mut self) -> Result<(), Stop> {
        let CsvDialect { quote, escape, escape_escape, unescaped: handling, .. } = *self.dialect;
        let scratch = &mut self.fields.scratch;
        if self.ch == escape && self.prev == escape_escape && escape_escape != 0 {
            scratch.push(escape);
            self.ch = 0;
        } else if self.prev == escape {
            if self.ch == quote {
                scratch.push(quote);
                self.ch = 0;
            } else {
                scratch.push(self.prev);
            }
        } else if self.ch == quote && self.prev == quote {
            scratch.push(quote);
        } else if self.prev == quote {
            match handling {
                Unescaped::RaiseError => return Err(Stop::Uncut(Uncut::UnescapedQuote)),
                Unescaped::SkipValue => return self.skip_value(),
                Unescaped::StopAtDelimiter | Unescaped::StopAtClosingQuote => {
                    scratch.push(quote);
                    self.prev = self.ch;
                    self.take_with_escapes()?;
                }
            }
        }
        Ok(())
    }

    /// Takes characters up to a separator or line end; escapes mean what they do in a quoted field.
    fn take_with_escapes(&mut self) -> Result<(), Stop> {
        let CsvDialect { quote, escape, escape_escape, .. } = *self.dialect;
        // After a closing quote that was none it begins anew, and ends as often.
        let mut begun_anew = 0;
        loop {
            if self.on_separator() || self.on_line_end() {
                if begun_anew == 0 {
                    return Ok(());
                }
                begun_anew -= 1;
                self.prev = self.ch;
                self.next()?;
                continue;
            }
            let scratch = &mut self.fields.scratch;
            if self.ch != quote && self.ch != escape {
                if self.prev == quote {
                    scratch.push(quote);
                }
                scratch.push(self.ch);
            } else if self.ch == escape && self.prev == escape_escape && escape_escape != 0 {
                scratch.push(escape);
                self.ch = 0;
            } else if self.prev == escape && self.ch == quote {
                scratch.push(quote);
                self.ch = 0;
            } else if self.prev == escape {
                scratch.push(escape);
            } else if self.prev == quote {
                scratch.push(quote);
                if self.ch != quote {
                    begun_anew += 1;
                    self.prev = self.ch;
                    continue;
                }
            }
            self.prev = self.ch;
            self.next()?;
        }
    }

    /// Takes characters up to one that may mean something in a quoted field.
    fn take_to_meaning(&mut self) -> Result<(), Stop> {
        let CsvDialect { quote, escape, escape_escape, .. } = *self.dialect;
        let from = self.at - 1;
        let found = memchr::memchr3(quote, escape, escape_escape, &self.text[from..]);
        self.take_folded(from..found.map_or(self.text.len(), |length| from + length));
        match found {
            Some(length) => {
                self.at = from + length;
                self.next()
            }
            None => Err(Stop::End),
        }
    }

    /// Takes characters as they are, but for line ends.
    fn take_folded(&mut self, place: Range<usize>) {
        let mut rest = &self.text[place];
        while self.folds()
            && let Some(at) = memchr::memchr(b'\r', rest)
        {
            self.fields.scratch.extend_from_slice(&rest[..at]);
            let long = rest.get(at + 1) == Some(&b'\n');
            let folded = self.line_end == LineEnd::Return || long;
            self.fields.scratch.push(if folded { b'\n' } else { b'\r' });
            rest = &rest[at + 1 + usize::from(long && self.line_end == LineEnd::ReturnNewline)..];
        }
        self.fields.scratch.extend_from_slice(rest);
    }

    /// Whether the file's line ends are read as `\n`, between quotes too.
    fn folds(&self) -> bool {
        matches!(self.line_end, LineEnd::Return | LineEnd::ReturnNewline)
    }

    /// Takes characters up to a separator or line end.
    fn take_to_separator(&mut self) -> Result<(), Stop> {
        let first = self.ch;
        while !self.on_separator() && !self.on_line_end() {
            self.fields.scratch.push(self.ch);
            if let Err(stop) = self.next() {
                self.put_back(first);
                return Err(stop);
            }
        }
        Ok(())
    }

    /// Passes over the field, which is empty then.
    fn skip_value(&mut self) -> Result<(), Stop> {
        self.skipped = true;
        let first = self.ch;
        while !self.on_separator() && !self.on_line_end() {
            if let Err(stop) = self.next() {
                self.put_back(first);
                return Err(stop);
            }
        }
        Ok(())
    }

    /// The end of the text finds the first character of a run in hand, or the last one where
    /// separators are long.
    fn put_back(&mut self, first: u8) {
        if self.dialect.separator.len() == 1 {
            self.ch = first;
        }
    }

    /// What the end of the text makes of a field that was begun.
    fn end_of_text(&mut self) {
        let mut taken = false;
        if self.ch == self.dialect.quote {
            if self.prev == self.dialect.quote {
                taken = true;
            } else if !self.unescaped {
                self.fields.scratch.push(self.dialect.quote);
            }
        }
        taken |= self.prev != 0 && !self.on_separator() && !self.on_line_end();
        if taken || self.fields.scratch.len() > self.begun {
            self.push();
        } else {
            self.fields.fields.push(Field::Null);
        }
    }

    /// The field is what was put into the scratch space.
    fn push(&mut self) {
        let scratch = &mut self.fields.scratch;
        if self.skipped {
            scratch.truncate(self.begun);
        }
        while self.trimmed && scratch.len() > self.begun && scratch.last().is_some_and(|byte| *byte <= b' ') {
            scratch.pop();
        }
        let field = if scratch.len() > self.begun { Field::Undone(self.begun..scratch.len()) } else { Field::Empty };
        self.begun = scratch.len();
        self.fields.fields.push(field);
    }

    fn next(&mut self) -> Result<(), Stop> {
        self.ch = *self.text.get(self.at).ok_or(Stop::End)?;
        self.at += 1;
        if self.ch == b'\r' {
            match (self.line_end, self.text.get(self.at)) {
                (LineEnd::Return, _) => self.ch = b'\n',
                (LineEnd::ReturnNewline, Some(b'\n')) => {
                    self.at += 1;
                    self.ch = b'\n';
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn on_line_end(&self) -> bool {
        self.ch == b'\n' && self.line_end != LineEnd::None
    }

    /// Whether the character in hand begins a separator.
    fn on_separator(&self) -> bool {
        match self.dialect.separator.as_slice() {
            [only] => self.ch == *only,
            many => self.at > 0 && self.ch == many[0] && self.text[self.at - 1..].starts_with(many),
        }
    }
}
