//! JSON lines.

use std::fs::File;
use std::io::BufWriter;

use arrow::array::{RecordBatch, StructArray};
use arrow::datatypes::SchemaRef;

use super::{Codec, Encoder, Encoding, TextFile, check_charset};
use crate::config::{Conf, Options};
use crate::error::{Error, Result};
use crate::types::json_text::{JsonStyle, write_row};
use crate::types::pattern::Pattern;
use crate::types::zone::Zone;

/// `format("json")`.
#[derive(Clone, Debug)]
pub struct JsonEncoding {
    style: JsonStyle,
    line_end: String,
    codec: Codec,
}

impl JsonEncoding {
    /// Reads `ignoreNullFields`, `pretty`, `writeNonAsciiCharacterAsCodePoint`, `dateFormat`,
    /// `timestampFormat`, `timestampNTZFormat`, `timeZone`, `lineSep` and `compression`.
    pub fn new(options: &mut Options, conf: &Conf) -> Result<Self> {
        check_charset(options)?;
        let zone = Zone::of(options.get("timeZone").unwrap_or(conf.time_zone()))?;
        let mut style = JsonStyle::new(zone)?;
        style.ignore_null_fields = options.flag("ignoreNullFields", true)?;
        for (key, pattern) in [
            ("dateFormat", &mut style.date),
            ("timestampFormat", &mut style.timestamp),
            ("timestampNTZFormat", &mut style.timestamp_ntz),
        ] {
            if let Some(text) = options.get(key) {
                *pattern = Pattern::new(text)?;
            }
        }
        if options.get("lineSep") == Some("") {
            return Err(Error::illegal("the option 'lineSep' must not be empty"));
        }
        style.pretty = options.flag("pretty", false)?;
        style.code_points = options.flag("writeNonAsciiCharacterAsCodePoint", false)?;
        let line_end = options.get("lineSep").unwrap_or("\n").to_owned();
        Ok(Self { style, line_end, codec: Codec::of(options)? })
    }
}

impl Encoding for JsonEncoding {
    fn extension(&self) -> String {
        format!(".json{}", self.codec.suffix())
    }

    fn encoder(&self, file: BufWriter<File>, _schema: &SchemaRef) -> Result<Box<dyn Encoder>> {
        Ok(Box::new(JsonEncoder { file: self.codec.open(file), encoding: self.clone() }))
    }
}

struct JsonEncoder {
    file: TextFile,
    encoding: JsonEncoding,
}

impl Encoder for JsonEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let rows = StructArray::from(rows.clone());
        let mut text = String::new();
        for row in 0..rows.columns().first().map_or(0, |column| column.len()) {
            write_row(&mut text, &rows, row, &self.encoding.style)?;
            text.push_str(&self.encoding.line_end);
        }
        Ok(self.file.write_all(text.as_bytes())?)
    }

    fn finish(self: Box<Self>) -> Result<File> {
        self.file.finish()
    }
}
