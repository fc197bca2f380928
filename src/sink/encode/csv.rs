//! CSV, quoted as Spark's writer quotes: only what must be, an empty string as `""`, null as `nullValue`.

use std::fs::File;
use std::io::BufWriter;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Date32Type, SchemaRef, TimestampMicrosecondType};

use super::{Codec, Encoder, Encoding, TextFile};
use crate::condition;
use crate::conf::Conf;
use crate::error::{Error, Result};
use crate::options::{self, Options};
use crate::types::pattern::Pattern;
use crate::types::zone::Zone;
use crate::types::{display, sql_name};

/// `format("csv")`.
#[derive(Clone, Debug)]
pub struct CsvEncoding {
    separator: String,
    quote: char,
    escape: char,
    quote_all: bool,
    escape_quotes: bool,
    header: bool,
    null_value: String,
    empty_value: String,
    trim_start: bool,
    trim_end: bool,
    date: Pattern,
    timestamp: Pattern,
    timestamp_ntz: Pattern,
    zone: Zone,
    line_end: String,
    codec: Codec,
}

impl CsvEncoding {
    /// Reads Spark's options for writing CSV.
    pub fn new(options: &mut Options, conf: &Conf) -> Result<Self> {
        let delimiter = options.get("delimiter").map(str::to_owned);
        let separator = options.get("sep").map(str::to_owned).or(delimiter).unwrap_or_else(|| ",".into());
        Ok(Self {
            separator: if separator == "\\t" { "\t".into() } else { separator },
            quote: one_char(options, "quote", '"')?,
            escape: one_char(options, "escape", '\\')?,
            quote_all: options.flag("quoteAll", false)?,
            escape_quotes: options.flag("escapeQuotes", true)?,
            header: options.flag("header", false)?,
            null_value: options.get("nullValue").unwrap_or("").to_owned(),
            empty_value: options.get("emptyValue").unwrap_or("\"\"").to_owned(),
            trim_start: options.flag("ignoreLeadingWhiteSpace", true)?,
            trim_end: options.flag("ignoreTrailingWhiteSpace", true)?,
            date: Pattern::new(options.get("dateFormat").unwrap_or("yyyy-MM-dd"))?,
            timestamp: Pattern::new(options.get("timestampFormat").unwrap_or("yyyy-MM-dd'T'HH:mm:ss.SSSXXX"))?,
            timestamp_ntz: Pattern::new(options.get("timestampNTZFormat").unwrap_or("yyyy-MM-dd'T'HH:mm:ss.SSS"))?,
            zone: Zone::of(options.get("timeZone").unwrap_or(conf.time_zone()))?,
            line_end: options.get("lineSep").unwrap_or("\n").to_owned(),
            codec: Codec::of(options)?,
        })
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

impl Encoding for CsvEncoding {
    fn extension(&self) -> String {
        format!(".csv{}", self.codec.suffix())
    }

    fn check(&self, schema: &SchemaRef) -> Result<()> {
        for field in schema.fields() {
            if field.data_type().is_nested() || matches!(field.data_type(), DataType::Binary | DataType::Interval(_)) {
                return Err(Error::of(condition::UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE)
                    .with("format", "CSV")
                    .with("columnName", format!("`{}`", field.name()))
                    .with("columnType", format!("\"{}\"", sql_name(field.data_type()))));
            }
        }
        Ok(())
    }

    fn encoder(&self, file: BufWriter<File>, schema: &SchemaRef) -> Result<Box<dyn Encoder>> {
        let mut file = self.codec.open(file);
        if self.header {
            let mut line = String::new();
            for (i, field) in schema.fields().iter().enumerate() {
                if i > 0 {
                    line.push_str(&self.separator);
                }
                self.push(&mut line, field.name());
            }
            line.push_str(&self.line_end);
            file.write_all(line.as_bytes())?;
        }
        Ok(Box::new(CsvEncoder { file, encoding: self.clone() }))
    }
}

struct CsvEncoder {
    file: TextFile,
    encoding: CsvEncoding,
}

impl Encoder for CsvEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let encoding = &self.encoding;
        let columns: Vec<StringArray> =
            rows.columns().iter().map(|column| encoding.texts(column)).collect::<Result<_>>()?;
        let mut text = String::new();
        for row in 0..rows.num_rows() {
            for (i, column) in columns.iter().enumerate() {
                if i > 0 {
                    text.push_str(&encoding.separator);
                }
                if column.is_null(row) {
                    text.push_str(&encoding.null_value);
                } else if column.value(row).is_empty() {
                    text.push_str(&encoding.empty_value);
                } else {
                    encoding.push(&mut text, column.value(row));
                }
            }
            text.push_str(&encoding.line_end);
        }
        Ok(self.file.write_all(text.as_bytes())?)
    }

    fn finish(self: Box<Self>) -> Result<File> {
        self.file.finish()
    }
}
