//! The records of a CSV file. With `multiLine` a field may hold line ends, so a record is read to
//! see where it ends.

use std::sync::{Arc, OnceLock};

use super::CsvReader;
use super::read::uncut;
use super::token::{CsvDialect, Cut, Fields, LineEnd};
use crate::error::Result;
use crate::source::files::Span;
use crate::source::files::bytes::{MARK, RecordEnd, RecordEnds, Records, Separator};

/// The line end of a file, which its first bytes tell.
type FileLineEnd = Arc<OnceLock<LineEnd>>;

/// The records of one file.
pub struct CsvRecords {
    records: Records,
    /// None where the records are lines.
    line_end: Option<FileLineEnd>,
    /// What ends a record within a line.
    within: LineEnd,
    comment: u8,
    begun: bool,
}

impl CsvRecords {
    pub fn open(reader: &CsvReader, span: &Span) -> Result<Self> {
        if !reader.multi_line {
            let records = Records::open(span, reader.separator.clone(), reader.encoding)?;
            // The parser takes a separator of one character for its line feed. A longer one leaves
            // it the line feed.
            let within = match &reader.separator {
                Separator::Text(text) if text.len() > 1 => LineEnd::Newline,
                _ => LineEnd::None,
            };
            return Ok(Self { records, line_end: None, within, comment: reader.dialect.comment, begun: false });
        }
        let line_end = FileLineEnd::default();
        let ends =
            FieldEnds { dialect: reader.dialect.clone(), line_end: Arc::clone(&line_end), fields: Fields::default() };
        let records = Records::open_scanned(span, Box::new(ends), reader.encoding)?;
        Ok(Self { records, line_end: Some(line_end), within: LineEnd::None, comment: 0, begun: true })
    }

    /// The next record. That of a `multiLine` file has its line end with it.
    pub fn next(&mut self) -> Result<Option<CsvRecord<'_>>> {
        let Some(bytes) = self.records.next()? else { return Ok(None) };
        // The parser begins with the first line that is none of those that are passed over.
        let passed_over = !self.begun && is_passed_over(bytes, self.comment, |byte| byte <= b' ');
        let bytes = if self.begun || passed_over { bytes } else { without_mark(bytes) };
        self.begun |= !passed_over;
        let line_end = self.line_end.as_ref().and_then(|line_end| line_end.get().copied());
        Ok(Some(CsvRecord { bytes, line_end: line_end.unwrap_or(self.within), is_line: self.line_end.is_none() }))
    }
}

/// A text without its byte order mark, as the parser drops it wherever it begins.
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// Whether a line is a comment or blank.
fn is_passed_over(line: &[u8], comment: u8, blank: fn(u8) -> bool) -> bool {
    comment != 0 && line.first() == Some(&comment) || line.iter().all(|byte| blank(*byte))
}

/// One record, not yet cut.
#[derive(Clone, Copy)]
pub struct CsvRecord<'a> {
    pub bytes: &'a [u8],
    pub line_end: LineEnd,
    /// Whether it is a line, of which blank ones are passed over.
    pub is_line: bool,
}

impl<'a> CsvRecord<'a> {
    /// Cuts the record; false when it is a comment or blank, and so no row.
    pub fn cut(&self, fields: &mut Fields, dialect: &CsvDialect) -> Result<bool> {
        self.cut_unless(|byte| byte <= b' ', fields, dialect)
    }

    /// As [`CsvRecord::cut`] where a schema is inferred: only spaces are blank then, as in Spark.
    pub fn cut_to_infer(&self, fields: &mut Fields, dialect: &CsvDialect) -> Result<bool> {
        self.cut_unless(|byte| byte == b' ', fields, dialect)
    }

    /// The record's text, without one line end of any kind.
    pub fn without_line_end(&self) -> &'a [u8] {
        let ends: [&[u8]; 3] = [b"\r\n", b"\n", b"\r"];
        ends.iter().find_map(|end| self.bytes.strip_suffix(*end)).unwrap_or(self.bytes)
    }

    fn cut_unless(&self, blank: fn(u8) -> bool, fields: &mut Fields, dialect: &CsvDialect) -> Result<bool> {
        if self.is_line && is_passed_over(self.bytes, dialect.comment, blank) {
            return Ok(false);
        }
        match fields.cut_first(self.bytes, dialect, self.line_end, true) {
            Ok(_) => Ok(fields.len() > 0),
            Err(why) => Err(uncut(why, self.bytes)),
        }
    }
}

/// Finds the ends of records by cutting them.
struct FieldEnds {
    dialect: CsvDialect,
    line_end: FileLineEnd,
    fields: Fields,
}

impl RecordEnds for FieldEnds {
    fn first(&mut self, bytes: &[u8], ended: bool) -> Result<RecordEnd> {
        if bytes.is_empty() {
            return Ok(RecordEnd::More { from: 0 });
        }
        let line_end = *self.line_end.get_or_init(|| LineEnd::of(bytes));
        let cut = self.fields.cut_first(bytes, &self.dialect, line_end, ended).map_err(|why| uncut(why, bytes))?;
        Ok(match cut {
            Cut::Record { next } => RecordEnd::At { end: next, next },
            Cut::More => RecordEnd::More { from: 0 },
        })
    }
}
