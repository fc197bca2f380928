//! Rows as CSV text, as the CSV sink and `to_csv` write them: quoted only where a value must be, an empty text as `""`, null as `nullValue`.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};

use super::display;
use super::pattern::Pattern;
use super::zone::Zone;
use crate::config::{Options, options};
use crate::error::{Error, Result};

/// Options of CSV output.
#[derive(Clone, Debug)]
pub struct CsvStyle {
    separator: String,
    quote: char,
    escape: char,
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
        if options.get("charToEscapeQuoteEscaping").is_some() {
            return Err(Error::unsupported("the option 'charToEscapeQuoteEscaping' is not here for writing"));
        }
        let delimiter = options.get("delimiter").map(str::to_owned);
        let separator = options.get("sep").map(str::to_owned).or(delimiter).unwrap_or_else(|| ",".into());
        Ok(Self {
            separator: if separator == "\\t" { "\t".into() } else { separator },
            quote: one_char(options, "quote", '"')?,
            escape: one_char(options, "escape", '\\')?,
            quote_all: options.flag("quoteAll", false)?,
            escape_quotes: options.flag("escapeQuotes", true)?,
            null_value: options.get("nullValue").unwrap_or("").to_owned(),
            empty_value: options.get("emptyValue").unwrap_or("\"\"").to_owned(),
            trim_start: options.flag("ignoreLeadingWhiteSpace", true)?,
            trim_end: options.flag("ignoreTrailingWhiteSpace", true)?,
            date: Pattern::new(options.get("dateFormat").unwrap_or("yyyy-MM-dd"))?,
            timestamp: Pattern::new(options.get("timestampFormat").unwrap_or("yyyy-MM-dd'T'HH:mm:ss.SSSXXX"))?,
            timestamp_ntz: Pattern::new(options.get("timestampNTZFormat").unwrap_or("yyyy-MM-dd'T'HH:mm:ss.SSS"))?,
            zone: Zone::of(options.get("timeZone").unwrap_or(zone))?,
        })
    }

    /// A line of names.
    pub fn header<'a>(&self, line: &mut String, names: impl Iterator<Item = &'a str>) {
        for (i, name) in names.enumerate() {
            if i > 0 {
                line.push_str(&self.separator);
            }
            self.push(line, name);
        }
    }

    /// Every value as text, before quotes.
    pub fn columns(&self, columns: &[ArrayRef]) -> Result<Vec<StringArray>> {
        columns.iter().map(|column| self.texts(column)).collect()
    }

    /// Appends one row, without its line's end.
    pub fn line(&self, line: &mut String, columns: &[StringArray], row: usize) {
        for (i, column) in columns.iter().enumerate() {
            if i > 0 {
                line.push_str(&self.separator);
            }
            if column.is_null(row) {
                self.push_given(line, &self.null_value);
            } else if column.value(row).is_empty() {
                self.push_given(line, &self.empty_value);
            } else {
                self.push(line, column.value(row));
            }
        }
    }

    /// Appends what stands for null or an empty text: as it is, unless everything is quoted.
    fn push_given(&self, line: &mut String, value: &str) {
        if self.quote_all && !value.is_empty() && value != "\"\"" {
            self.push(line, value);
        } else {
            line.push_str(value);
        }
    }

    fn push(&self, line: &mut String, value: &str) {
        let value = if self.trim_start { value.trim_start() } else { value };
        let value = if self.trim_end { value.trim_end() } else { value };
        let special =
            value.contains(self.separator.as_str()) || value.contains(['\n', '\r']) || value.starts_with(self.quote);
        if !(self.quote_all || special || self.escape_quotes && value.contains(self.quote)) {
            line.push_str(value);
            return;
        }
        line.push(self.quote);
        for c in value.chars() {
            if c == self.quote {
                line.push(self.escape);
            }
            line.push(c);
        }
        line.push(self.quote);
    }

    fn texts(&self, column: &dyn Array) -> Result<StringArray> {
        let zone = self.zone;
        match column.data_type() {
            DataType::Date32 => {
                let micros = column
                    .as_primitive::<Date32Type>()
                    .iter()
                    .map(|days| days.map(|days| i64::from(days) * 86_400_000_000));
                Ok(format_all(micros, &self.date, Zone::UTC))
            }
            DataType::Timestamp(_, has_zone) => {
                let micros = column.as_primitive::<TimestampMicrosecondType>().iter();
                let (pattern, zone) =
                    if has_zone.is_some() { (&self.timestamp, zone) } else { (&self.timestamp_ntz, Zone::UTC) };
                Ok(format_all(micros, pattern, zone))
            }
            _ => display::to_strings(column, zone, display::Style::Cast),
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
