//! Text: one string column, one line a row.

use std::fs::File;
use std::io::BufWriter;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};

use super::{Codec, Encoder, Encoding, TextFile, unsupported};
use crate::config::Options;
use crate::error::{Error, ErrorKind, Result};

/// `format("text")`.
#[derive(Clone, Debug)]
pub struct TextEncoding {
    line_end: String,
    codec: Codec,
}

impl TextEncoding {
    /// Reads `lineSep` and `compression`.
    pub fn new(options: &mut Options) -> Result<Self> {
        Ok(Self { line_end: options.get("lineSep").unwrap_or("\n").to_owned(), codec: Codec::of(options)? })
    }
}

impl Encoding for TextEncoding {
    fn extension(&self) -> String {
        format!(".txt{}", self.codec.suffix())
    }

    fn check(&self, schema: &SchemaRef) -> Result<()> {
        match schema.fields().as_ref() {
            [field] if *field.data_type() == DataType::Utf8 => Ok(()),
            fields if fields.iter().any(|field| *field.data_type() != DataType::Utf8) => {
                let other = fields.iter().find(|field| *field.data_type() != DataType::Utf8);
                Err(other.map_or_else(|| Error::internal("a column was found"), |field| unsupported("Text", field)))
            }
            fields => Err(Error::new(
                ErrorKind::Analysis,
                format!("the text format writes a single column, found {}", fields.len()),
            )),
        }
    }

    fn encoder(&self, file: BufWriter<File>, _schema: &SchemaRef) -> Result<Box<dyn Encoder>> {
        Ok(Box::new(TextEncoder { file: self.codec.open(file), line_end: self.line_end.clone() }))
    }
}

struct TextEncoder {
    file: TextFile,
    line_end: String,
}

impl Encoder for TextEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let lines = rows.column(0).as_string::<i32>();
        let mut text = String::with_capacity(lines.value_data().len() + rows.num_rows() * self.line_end.len());
        for line in lines {
            text.push_str(line.unwrap_or(""));
            text.push_str(&self.line_end);
        }
        Ok(self.file.write_all(text.as_bytes())?)
    }

    fn finish(self: Box<Self>) -> Result<File> {
        self.file.finish()
    }
}
