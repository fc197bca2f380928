//! Rows as CSV text, as the CSV sink and `to_csv` write them: quoted only where a value must be, an
//! empty text as `""`, null as `nullValue`.
//!
//! Between quotes a quote is escaped, and so is the escape: `C:\dir, x\` becomes `"C:\\dir, x\\"`.
//! Outside quotes nothing is.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};

use super::display;
use super::pattern::Pattern;
use super::zone::Zone;
use crate::config::{Options, options};
use crate::error::{Error, Result, condition};

/// Options of CSV output.
#[derive(Clone, Debug)]
pub struct CsvStyle {
    separator: String,
    quote: char,
    escape: char,
    /// What stands before an escape between quotes; 0 for none.
    escape_escape: char,
    /// A first value that begins with it is quoted, unless it is 0. The writer has `#` where the
    /// reader has none.
    comment: char,
    /// Each of its characters must be quoted.
    line_end: String,
    quote_all: bool,
    escape_quotes: bool,
    null_value: String,
    empty_value: String,
    trim_start: bool,
    trim_end: bool,
    date: Pattern,
    timestamp: Pattern,
    timestamp_ntz: Pattern,
    zone: Zone,
}

impl CsvStyle {
    /// Reads Spark's options for writing CSV, those of whole files apart; `zone` is the session's.
    pub fn read(options: &mut Options, zone: &str) -> Result<Self> {
        if options.get("lineSep") == Some("") {
            return Err(Error::of(condition::INVALID_LINE_SEPARATOR_EMPTY));
        }
        let delimiter = options.get("delimiter").map(str::to_owned);
        let separator = options.get("sep").map(str::to_owned).or(delimiter).unwrap_or_else(|| ",".into());
        let (quote, escape) = (one_char(options, "quote", '"')?, one_char(options, "escape", '\\')?);
        Ok(Self {
            separator: if separator == "\\t" { "\t".into() } else { separator },
            quote,
            escape,
            escape_escape: one_char(options, "charToEscapeQuoteEscaping", if escape == quote { '\0' } else { escape })?,
            comment: one_char(options, "comment", '#')?,
            line_end: options.get("lineSep").unwrap_or("\n").to_owned(),
            quote_all: options.flag("quoteAll", false)?,
            escape_quotes: options.flag("escapeQuotes", true)?,
            null_value: options.get("nullValue").unwrap_or("").to_owned(),
            empty_value: options.get("emptyValue").unwrap_or("\"\"").to_owned(),
            trim_start: options.flag("ignoreLeadingWhiteSpace", true)?,
            trim_end: options.flag("ignoreTrailingWhiteSpace", true)?,
            date: Pattern::for_dates(options.get("dateFormat").unwrap_or("yyyy-MM-dd"))?,
            timestamp: Pattern::new(options.get("timestampFormat").unwrap_or("yyyy-MM-dd'T'HH:mm:ss.SSSXXXXX"))?,
            timestamp_ntz: Pattern::new(options.get("timestampNTZFormat").unwrap_or("yyyy-MM-dd'T'HH:mm:ss.SSS"))?,
            zone: Zone::of(options.get("timeZone").unwrap_or(zone))?,
        })
    }

    /// A line of names, with its end.
    pub fn header<'a>(&self, line: &mut String, names: impl Iterator<Item = &'a str>) {
        for (i, name) in names.enumerate() {
            self.push(line, i, Some(name));
        }
        line.push_str(&self.line_end);
    }

    /// Every value as text, before quotes.
    pub fn columns(&self, columns: &[ArrayRef]) -> Result<Vec<StringArray>> {
        columns.iter().map(|column| self.texts(column)).collect()
    }

    /// Appends one row, with its line's end. A row without a character is no line.
    pub fn line(&self, lines: &mut String, columns: &[StringArray], row: usize) {
        let begun = lines.len();
        self.cells(lines, columns, row);
        if lines.len() > begun {
            lines.push_str(&self.line_end);
        }
    }

    /// Appends one row, without its line's end.
    pub fn cells(&self, line: &mut String, columns: &[StringArray], row: usize) {
        for (i, column) in columns.iter().enumerate() {
            self.push(line, i, column.is_valid(row).then(|| column.value(row)));
        }
    }

    /// Appends the value of a column. What stands for null or for an empty text may bring its own
    /// quotes.
    fn push(&self, line: &mut String, column: usize, value: Option<&str>) {
        if column > 0 {
            line.push_str(&self.separator);
        }
        let whole = value;
        let value = value.map(|value| self.trimmed_start(value));
        let trimmed = value.map(|value| self.trimmed_end(value));
        let given = match trimmed {
            None => Some(self.null_value.as_str()),
            Some("") => Some(self.empty_value.as_str()),
            Some(_) => None,
        };
        let text = given.or(trimmed).unwrap_or_default();
        let quoted = text.len() > 1 && text.starts_with(self.quote) && text.ends_with(self.quote);
        // Spaces that are taken away at the end are looked at before, and those at the beginning
        // for a comment.
        let asked = if given.is_some() { text } else { value.unwrap_or_default() };
        let first = if given.is_some() { text } else { whole.unwrap_or_default() };
        let comment = column == 0 && self.comment != '\0' && first.starts_with(self.comment) && !asked.is_empty();
        if given.is_some() && quoted || !(self.quote_all || comment || self.must_be_quoted(asked)) {
            line.push_str(text);
            return;
        }
        line.push(self.quote);
        for c in text.chars() {
            if c == self.quote {
                line.push(self.escape);
            } else if c == self.escape && self.escape_escape != '\0' {
                line.push(self.escape_escape);
            }
            line.push(c);
        }
        line.push(self.quote);
    }

    /// Without the spaces and control characters at its beginning, unless they are kept.
    fn trimmed_start<'a>(&self, value: &'a str) -> &'a str {
        if self.trim_start { value.trim_start_matches(|c| c <= ' ') } else { value }
    }

    /// Without those at its end, unless they are kept.
    fn trimmed_end<'a>(&self, value: &'a str) -> &'a str {
        if self.trim_end { value.trim_end_matches(|c| c <= ' ') } else { value }
    }

    fn must_be_quoted(&self, text: &str) -> bool {
        text.contains(self.separator.as_str())
            || text.contains(|c| matches!(c, '\n' | '\r') || self.line_end.contains(c))
            || text.starts_with(self.quote)
            || self.escape_quotes && text.contains(self.quote)
    }

    fn texts(&self, column: &dyn Array) -> Result<StringArray> {
        let zone = self.zone;
        match column.data_type() {
            DataType::Date32 => column
                .as_primitive::<Date32Type>()
                .iter()
                .map(|days| days.map(|days| self.date.date(days)).transpose())
                .collect(),
            DataType::Binary => display::to_strings(column, zone, display::Style::Csv),
            DataType::Timestamp(_, has_zone) => {
                let micros = column.as_primitive::<TimestampMicrosecondType>().iter();
                let (pattern, zone) =
                    if has_zone.is_some() { (&self.timestamp, zone) } else { (&self.timestamp_ntz, Zone::UTC) };
                Ok(format_all(micros, pattern, zone))
            }
            _ => display::to_strings(column, zone, display::Style::Csv),
        }
    }
}

fn format_all(micros: impl Iterator<Item = Option<i64>>, pattern: &Pattern, zone: Zone) -> StringArray {
    micros
        .map(|micros| {
            micros.map(|micros| {
                let mut text = String::new();
                pattern.format_timestamp(micros, zone, &mut text);
                text
            })
        })
        .collect()
}

fn one_char(options: &mut Options, key: &str, default: char) -> Result<char> {
    let Some(text) = options.get(key) else { return Ok(default) };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(c),
        (None, _) => Ok('\0'),
        _ => Err(options::bad(key, "one character", text)),
    }
}
