//! `text`: a line a row, or a file a row.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::bytes::{Charset, Records, Separator, charset, is_plain};
use super::list::FileEntry;
use super::{FileReader, Rows, Span, analysis, unsupported_type};
use crate::config::Options;
use crate::error::{Error, Result};
use crate::runtime::Cancel;

/// Rows in one record batch of a text format.
pub const BATCH_ROWS: usize = 8192;

/// The reading half of `text`, with its options.
#[derive(Clone, Debug)]
pub struct TextReader {
    separator: Separator,
    encoding: Option<Charset>,
}

impl TextReader {
    pub fn new(options: &mut Options) -> Result<Self> {
        let whole = options.flag("wholetext", false)?;
        let separator = line_separator(options)?;
        let encoding = options.get("encoding").map(|name| charset(name, "Text")).transpose()?.flatten();
        Ok(Self { separator: if whole { Separator::None } else { separator }, encoding })
    }
}

/// `lineSep`, which all text formats share.
pub fn line_separator(options: &mut Options) -> Result<Separator> {
    match options.get("lineSep") {
        None => Ok(Separator::Any),
        Some("") => Err(Error::illegal("the option 'lineSep' must not be empty")),
        Some(text) => Ok(Separator::Text(text.as_bytes().to_vec())),
    }
}

impl FileReader for TextReader {
    fn name(&self) -> &'static str {
        "Text"
    }

    fn infer(&self, _: &[FileEntry]) -> Result<Option<Schema>> {
        Ok(Some(Schema::new(vec![Field::new("value", DataType::Utf8, true)])))
    }

    fn check(&self, schema: &Schema) -> Result<()> {
        match schema.fields().as_ref() {
            [only] if only.data_type() == &DataType::Utf8 => Ok(()),
            [only] => Err(unsupported_type("Text", only)),
            many => Err(analysis(format!("text files have a single column, and the schema has {}", many.len()))),
        }
    }

    fn splittable(&self, path: &Path) -> bool {
        self.separator != Separator::None && self.encoding.is_none() && is_plain(path)
    }

    fn read(&self, span: &Span, schema: &SchemaRef, wanted: &[usize], cancel: &Cancel) -> Result<Rows> {
        let mut records = Records::open(span, self.separator.clone(), self.encoding)?;
        // A file without a byte is one empty text when files are rows.
        let mut empty = self.separator == Separator::None && span.size == 0;
        let (schema, values, cancel) = (Arc::new(schema.project(wanted)?), !wanted.is_empty(), cancel.clone());
        Ok(Box::new(std::iter::from_fn(move || {
            let mut batch = || -> Result<Option<RecordBatch>> {
                cancel.check()?;
                let (mut column, mut rows) = (StringBuilder::new(), 0);
                while rows < BATCH_ROWS {
                    match records.next()? {
                        Some(line) if values => column.append_value(String::from_utf8_lossy(line)),
                        Some(_) => {}
                        None if std::mem::take(&mut empty) => column.append_value(""),
                        None => break,
                    }
                    rows += 1;
                }
                if rows == 0 {
                    return Ok(None);
                }
                let columns = if values { vec![Arc::new(column.finish()) as ArrayRef] } else { Vec::new() };
                let options = RecordBatchOptions::new().with_row_count(Some(rows));
                Ok(Some(RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?))
            };
            batch().transpose()
        })))
    }
}
