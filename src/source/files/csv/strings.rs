//! CSV text in a column: `from_csv` and `schema_of_csv`. One text is one record, line ends and all.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, NullBufferBuilder, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields as StructFields};

use super::CsvReader;
use super::infer::widen;
use super::read::{all_wanted, fields_of, row, uncut};
use super::scan::{CsvRecord, without_mark};
use super::token::{Fields, LineEnd};
use crate::config::{Conf, Options};
use crate::error::{Error, Result};
use crate::source::files::cells::Cells;
use crate::source::files::malformed::ParseMode;
use crate::source::files::unsupported_type;

/// Each text as a struct of `to`. Null text is null, blank text a struct of nulls; a malformed
/// record is, by PERMISSIVE, what can be read of it, by FAILFAST an error. DROPMALFORMED is
/// refused, as in Spark.
pub fn parse_strings(text: &StringArray, to: &StructFields, options: &mut Options, conf: &Conf) -> Result<ArrayRef> {
    let reader = CsvReader::new(options, conf)?;
    if reader.malformed.mode == ParseMode::DropMalformed {
        return Err(Error::illegal("from_csv takes the modes PERMISSIVE and FAILFAST, not DROPMALFORMED"));
    }
    if let Some(field) = to.iter().find(|field| field.data_type().is_nested()) {
        return Err(unsupported_type("CSV", field));
    }
    reader.rules.check(to)?;
    let wanted = all_wanted(&reader, to);
    let width = fields_of(&wanted);
    let mut columns: Vec<Cells> =
        to.iter().map(|field| Cells::new(field.data_type(), text.len())).collect::<Result<_>>()?;
    let mut valid = NullBufferBuilder::new(text.len());
    let mut fields = Fields::default();
    for record in text {
        valid.append(record.is_some());
        match record.map(|record| without_mark(record.as_bytes())).filter(|record| !is_blank(record, &reader)) {
            Some(bytes) => {
                fields.cut(bytes, &reader.dialect).map_err(|why| uncut(why, bytes))?;
                let record = CsvRecord { bytes, line_end: LineEnd::None, is_line: true };
                row(&reader, &fields, &wanted, Some(width), record, &mut columns)?;
            }
            None if record.is_some() && reader.malformed.mode == ParseMode::FailFast => {
                return Err(reader.malformed.failure(record.unwrap_or_default()));
            }
            None => columns.iter_mut().for_each(Cells::push_null),
        }
    }
    let columns = columns.into_iter().map(Cells::finish).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(StructArray::try_new(to.clone(), columns, valid.finish())?))
}

/// The type that inference sees in one record: a struct of `_c0`, `_c1`, ….
pub fn infer_string(text: &str, options: &mut Options, conf: &Conf) -> Result<DataType> {
    let reader = CsvReader::new(options, conf)?;
    let (record, mut fields) = (without_mark(text.as_bytes()), Fields::default());
    fields.cut(record, &reader.dialect).map_err(|why| uncut(why, record))?;
    let field = |i: usize| {
        let text = fields.get(i, record, &reader.dialect).map(String::from_utf8_lossy);
        let data_type = text.map_or(DataType::Utf8, |text| widen(&reader, None, &text));
        Field::new(format!("_c{i}"), data_type, true)
    };
    Ok(DataType::Struct((0..fields.len()).map(field).collect()))
}

/// Whether a text has no fields: a comment, or no character.
fn is_blank(record: &[u8], reader: &CsvReader) -> bool {
    let comment = reader.dialect.comment;
    record.is_empty() || comment != 0 && record.first() == Some(&comment)
}
