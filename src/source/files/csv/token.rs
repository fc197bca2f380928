//! A CSV record as fields.

use std::ops::Range;

/// How a record is cut into fields.
#[derive(Clone, Debug)]
pub struct CsvDialect {
    pub separator: Vec<u8>,
    pub quote: Option<u8>,
    pub escape: Option<u8>,
    /// What escapes the escape before a quote.
    pub escape_escape: Option<u8>,
    pub comment: Option<u8>,
    pub trim_start: bool,
    pub trim_end: bool,
    /// What stands for null, beside a field without a character.
    pub null: String,
    /// What `""` stands for.
    pub empty: String,
    pub unescaped: Unescaped,
    pub max_columns: usize,
    pub max_chars: Option<usize>,
}

/// What a quote means that does not end its field: `"a"b,c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unescaped {
    /// The field was not quoted after all: it goes to the separator, quotes and all.
    StopAtDelimiter,
    /// It is a character of the field, which goes on to the closing quote.
    StopAtClosingQuote,
    /// The field is null.
    SkipValue,
    RaiseError,
}

/// A field of the record last cut.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    /// These bytes of the record.
    Plain(Range<usize>),
    /// These bytes of the scratch space: a quoted field whose escapes are undone.
    Undone(Range<usize>),
    /// `""`.
    Empty,
    Null,
}

/// Why a record cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncut {
    TooManyColumns,
    FieldTooLong,
    UnescapedQuote,
}

/// The fields of one record at a time; its memory is used again for the next.
#[derive(Default)]
pub struct Fields {
    fields: Vec<Field>,
    scratch: Vec<u8>,
}

impl Fields {
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// The bytes of a field, `None` for null; `record` is what was cut last.
    pub fn get<'a>(&'a self, i: usize, record: &'a [u8], dialect: &'a CsvDialect) -> Option<&'a [u8]> {
        let bytes = match self.fields.get(i)? {
            Field::Plain(range) => &record[range.clone()],
            Field::Undone(range) => &self.scratch[range.clone()],
            Field::Empty => dialect.empty.as_bytes(),
            Field::Null => return None,
        };
        (bytes != dialect.null.as_bytes()).then_some(bytes)
    }

    /// Cuts a record.
    pub fn cut(&mut self, record: &[u8], dialect: &CsvDialect) -> Result<(), Uncut> {
        self.fields.clear();
        self.scratch.clear();
        let quoted = dialect.quote.is_some_and(|quote| memchr::memchr(quote, record).is_some());
        if let (false, [separator]) = (quoted, dialect.separator.as_slice()) {
            // Nothing is quoted: the usual case, and a fast one.
            let mut from = 0;
            for at in memchr::memchr_iter(*separator, record) {
                self.plain(record, from..at, dialect);
                from = at + 1;
            }
            self.plain(record, from..record.len(), dialect);
        } else {
            let mut at = Some(0);
            while let Some(from) = at {
                at = self.field(record, from, dialect)?;
            }
        }
        if self.fields.len() > dialect.max_columns {
            return Err(Uncut::TooManyColumns);
        }
        if let Some(most) = dialect.max_chars {
            let long =
                |field: &Field| matches!(field, Field::Plain(range) | Field::Undone(range) if range.len() > most);
            if self.fields.iter().any(long) {
                return Err(Uncut::FieldTooLong);
            }
        }
        Ok(())
    }

    fn plain(&mut self, record: &[u8], range: Range<usize>, dialect: &CsvDialect) {
        let range = trim(record, range, dialect);
        self.fields.push(if range.is_empty() { Field::Null } else { Field::Plain(range) });
    }

    /// Cuts the field that begins at `from`; where the next begins, if there is one.
    fn field(&mut self, record: &[u8], from: usize, dialect: &CsvDialect) -> Result<Option<usize>, Uncut> {
        let start = if dialect.trim_start { skip_space(record, from) } else { from };
        match dialect.quote.filter(|quote| record.get(start) == Some(quote)) {
            Some(quote) => self.quoted(record, from, start + 1, quote, dialect),
            None => Ok(self.unquoted(record, from, dialect)),
        }
    }

    fn unquoted(&mut self, record: &[u8], from: usize, dialect: &CsvDialect) -> Option<usize> {
        let end = memchr::memmem::find(&record[from..], &dialect.separator).map(|at| from + at);
        self.plain(record, from..end.unwrap_or(record.len()), dialect);
        end.map(|end| end + dialect.separator.len())
    }

    fn quoted(
        &mut self,
        record: &[u8],
        from: usize,
        start: usize,
        quote: u8,
        dialect: &CsvDialect,
    ) -> Result<Option<usize>, Uncut> {
        let begun = self.scratch.len();
        let mut at = start;
        loop {
            let Some(&byte) = record.get(at) else {
                // Never closed: the rest of the record is the field.
                self.undone(begun, start != at);
                return Ok(None);
            };
            let next = record.get(at + 1).copied();
            if dialect.escape_escape == Some(byte) && next.is_some() && next == dialect.escape && next != Some(quote) {
                self.scratch.push(record[at + 1]);
                at += 2;
            } else if dialect.escape == Some(byte) && next == Some(quote) {
                self.scratch.push(quote);
                at += 2;
            } else if byte != quote {
                self.scratch.push(byte);
                at += 1;
            } else {
                // Space after the closing quote is nobody's, unless it separates.
                let close = at + 1;
                let after =
                    if record[close..].starts_with(&dialect.separator) { close } else { skip_space(record, close) };
                if after >= record.len() {
                    self.undone(begun, at > start);
                    return Ok(None);
                }
                if record[after..].starts_with(&dialect.separator) {
                    self.undone(begun, at > start);
                    return Ok(Some(after + dialect.separator.len()));
                }
                match dialect.unescaped {
                    Unescaped::StopAtClosingQuote => {
                        self.scratch.push(byte);
                        at += 1;
                    }
                    Unescaped::RaiseError => return Err(Uncut::UnescapedQuote),
                    Unescaped::StopAtDelimiter | Unescaped::SkipValue => {
                        self.scratch.truncate(begun);
                        let next = self.unquoted(record, from, dialect);
                        if let (Unescaped::SkipValue, Some(last)) = (dialect.unescaped, self.fields.last_mut()) {
                            *last = Field::Null;
                        }
                        return Ok(next);
                    }
                }
            }
        }
    }

    fn undone(&mut self, begun: usize, any: bool) {
        self.fields.push(if any { Field::Undone(begun..self.scratch.len()) } else { Field::Empty });
    }
}

fn skip_space(record: &[u8], from: usize) -> usize {
    from + record[from..].iter().take_while(|byte| **byte <= b' ').count()
}

fn trim(record: &[u8], range: Range<usize>, dialect: &CsvDialect) -> Range<usize> {
    let (mut start, mut end) = (range.start, range.end);
    while dialect.trim_start && start < end && record[start] <= b' ' {
        start += 1;
    }
    while dialect.trim_end && start < end && record[end - 1] <= b' ' {
        end -= 1;
    }
    start..end
}

/// Whether a record has nothing to say: blank, or a comment.
pub fn is_skipped(record: &[u8], dialect: &CsvDialect) -> bool {
    record.iter().all(|byte| *byte <= b' ') || dialect.comment.is_some_and(|comment| record.first() == Some(&comment))
}
