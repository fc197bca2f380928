//! `mode`: what becomes of a record that is not what the schema says. CSV and JSON share it.

use arrow::datatypes::{DataType, Fields, Schema};

use crate::config::{Conf, Options};
use crate::error::{Error, Result, condition};
use crate::types;

/// What becomes of a malformed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseMode {
    /// What can be read is kept, the rest is null, and the record's text goes into the
    /// corrupt-record column where there is one.
    Permissive,
    /// It is left out.
    DropMalformed,
    /// It ends the read.
    FailFast,
}

/// The mode and the name of the corrupt-record column.
#[derive(Clone, Debug)]
pub struct Malformed {
    pub mode: ParseMode,
    pub column: String,
}

impl Malformed {
    pub fn read(options: &mut Options, conf: &Conf) -> Self {
        let mode = match options.get("mode").map(str::to_ascii_uppercase).as_deref() {
            None | Some("PERMISSIVE") => ParseMode::Permissive,
            Some("DROPMALFORMED") => ParseMode::DropMalformed,
            Some("FAILFAST") => ParseMode::FailFast,
            Some(other) => {
                // As in Spark, which only warns here.
                log::warn!(
                    "'{other}' is no mode for malformed records; using PERMISSIVE (others: DROPMALFORMED, FAILFAST)"
                );
                ParseMode::Permissive
            }
        };
        let column = options.get("columnNameOfCorruptRecord").or(conf.get("spark.sql.columnNameOfCorruptRecord"));
        Self { mode, column: column.unwrap_or("_corrupt_record").to_owned() }
    }

    /// Where the corrupt-record column is in a schema: the last one of its name.
    pub fn position(&self, fields: &Fields) -> Option<usize> {
        fields.iter().rposition(|field| *field.name() == self.column)
    }

    /// An error when the corrupt-record column has a type that cannot hold a record.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        match self.position(schema.fields()).map(|at| schema.field(at)) {
            Some(field) if field.data_type() != &DataType::Utf8 || !field.is_nullable() => {
                Err(Error::of(condition::INVALID_CORRUPT_RECORD_TYPE)
                    .with("columnName", format!("`{}`", field.name()))
                    .with("actualType", format!("\"{}\"", types::sql_name(field.data_type()))))
            }
            _ => Ok(()),
        }
    }

    /// An error when a query wants nothing but the corrupt-record column: no other column is read
    /// then, so nothing could be malformed.
    pub fn check_wanted(&self, schema: &Schema, wanted: &[usize]) -> Result<()> {
        match (self.position(schema.fields()), wanted) {
            (Some(at), [only]) if at == *only => {
                Err(Error::of(condition::QUERY_ONLY_CORRUPT_RECORD_COLUMN).with("column", &self.column))
            }
            _ => Ok(()),
        }
    }

    /// The error of FAILFAST.
    pub fn failure(&self, record: &str) -> Error {
        let mut end = record.len().min(1000);
        while !record.is_char_boundary(end) {
            end -= 1;
        }
        Error::of(condition::MALFORMED_RECORD_IN_PARSING)
            .with("badRecord", &record[..end])
            .with("failFastMode", "FAILFAST")
    }
}
