//! CSV files.

use std::fs::File;
use std::io::BufWriter;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};

use super::{Codec, Encoder, Encoding, TextFile, check_charset, unsupported};
use crate::config::{Conf, Options};
use crate::error::Result;
use crate::types::csv_text::CsvStyle;

/// `format("csv")`.
#[derive(Clone, Debug)]
pub struct CsvEncoding {
    style: CsvStyle,
    header: bool,
    codec: Codec,
}

impl CsvEncoding {
    /// Reads Spark's options for writing CSV.
    pub fn new(options: &mut Options, conf: &Conf) -> Result<Self> {
        check_charset(options)?;
        Ok(Self {
            style: CsvStyle::read(options, conf.time_zone())?,
            header: options.flag("header", false)?,
            codec: Codec::of(options)?,
        })
    }
}

impl Encoding for CsvEncoding {
    fn extension(&self) -> String {
        format!(".csv{}", self.codec.suffix())
    }

    fn check(&self, schema: &SchemaRef) -> Result<()> {
        for field in schema.fields() {
            if field.data_type().is_nested() || matches!(field.data_type(), DataType::Null | DataType::Interval(_)) {
                return Err(unsupported("CSV", field));
            }
        }
        Ok(())
    }

    fn encoder(&self, file: BufWriter<File>, schema: &SchemaRef) -> Result<Box<dyn Encoder>> {
        let mut file = self.codec.open(file);
        if self.header {
            let mut line = String::new();
            self.style.header(&mut line, schema.fields().iter().map(|field| field.name().as_str()));
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
        let columns = self.encoding.style.columns(rows.columns())?;
        let mut text = String::new();
        for row in 0..rows.num_rows() {
            self.encoding.style.line(&mut text, &columns, row);
        }
        Ok(self.file.write_all(text.as_bytes())?)
    }

    fn finish(self: Box<Self>) -> Result<File> {
        self.file.finish()
    }
}
