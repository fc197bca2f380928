//! CSV text as fields: what a dialect is, and the fields of one record.

use std::ops::Range;

use super::scanner::Scanner;

/// How a record is cut into fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvDialect {
    pub separator: Vec<u8>,
    pub quote: u8,
    pub escape: u8,
    /// What escapes the escape before a quote.
    pub escape_escape: u8,
    pub comment: u8,
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
    /// The field is empty.
    SkipValue,
    RaiseError,
}

/// What ends a record outside quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// Nothing: the text is one record.
    None,
    /// `\n`.
    Newline,
    /// `\r`, which is read as `\n`. A `\n` ends a record, too.
    Return,
    /// `\r\n`, which is read as `\n`. A lone `\n` ends a record, too.
    ReturnNewline,
}

impl LineEnd {
    /// The first line end of a file is that of all its lines.
    pub fn of(head: &[u8]) -> Self {
        match memchr::memchr2(b'\n', b'\r', head).map(|at| &head[at..]) {
            Some([b'\r', b'\n', ..]) => Self::ReturnNewline,
            Some([b'\r', ..]) => Self::Return,
            _ => Self::Newline,
        }
    }
}

/// A field of the record last cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// These bytes of the record.
    Plain(Range<usize>),
    /// These bytes of the scratch space.
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

/// What was found in a text of which more may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A record with its line end; the next one begins at `next`.
    Record { next: usize },
    /// The record does not end in this text.
    More,
}

/// The fields of one record at a time; its memory is used again for the next.
#[derive(Default)]
pub struct Fields {
    pub(super) fields: Vec<Field>,
    pub(super) scratch: Vec<u8>,
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

    /// Cuts a text that is one record, whatever line ends are in it.
    pub fn cut(&mut self, record: &[u8], dialect: &CsvDialect) -> Result<(), Uncut> {
        self.cut_first(record, dialect, LineEnd::None, true).map(|_| ())
    }

    /// Cuts the first record of a text; `ended` when the text goes on no further. A blank line and
    /// a comment have no field.
    pub fn cut_first(
        &mut self,
        text: &[u8],
        dialect: &CsvDialect,
        line_end: LineEnd,
        ended: bool,
    ) -> Result<Cut, Uncut> {
        self.fields.clear();
        self.scratch.clear();
        let cut = match dialect.separator.as_slice() {
            [separator] if line_end == LineEnd::None && memchr::memchr(dialect.quote, text).is_none() => {
                self.unquoted(text, *separator, dialect);
                Cut::Record { next: text.len() }
            }
            _ => Scanner::new(self, text, dialect, line_end).record(ended)?,
        };
        if self.fields.len() > dialect.max_columns {
            return Err(Uncut::TooManyColumns);
        }
        if let Some(most) = dialect.max_chars {
            let chars = |bytes: &[u8]| String::from_utf8_lossy(bytes).encode_utf16().count();
            let long = |field: &Field| match field {
                Field::Plain(range) => range.len() > most && chars(&text[range.clone()]) > most,
                Field::Undone(range) => range.len() > most && chars(&self.scratch[range.clone()]) > most,
                Field::Empty | Field::Null => false,
            };
            if self.fields.iter().any(long) {
                return Err(Uncut::FieldTooLong);
            }
        }
        Ok(cut)
    }

    /// Nothing is quoted: the usual case, and a fast one.
    fn unquoted(&mut self, text: &[u8], separator: u8, dialect: &CsvDialect) {
        let mut from = 0;
        for at in memchr::memchr_iter(separator, text) {
            self.plain(text, from..at, dialect);
            from = at + 1;
        }
        self.plain(text, from..text.len(), dialect);
    }

    pub(super) fn plain(&mut self, text: &[u8], range: Range<usize>, dialect: &CsvDialect) {
        let (mut start, mut end) = (range.start, range.end);
        while dialect.trim_start && start < end && text[start] <= b' ' {
            start += 1;
        }
        while dialect.trim_end && start < end && text[end - 1] <= b' ' {
            end -= 1;
        }
        self.fields.push(if start == end { Field::Null } else { Field::Plain(start..end) });
    }
}
