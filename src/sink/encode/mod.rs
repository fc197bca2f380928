//! How rows become the bytes of a file: `csv`, `json`, `parquet` and `text`, one file a format.

mod csv;
mod json;
mod parquet;
mod text;

use std::fmt::Debug;
use std::fs::File;
use std::io::{BufWriter, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, SchemaRef};
use flate2::write::GzEncoder;

pub use self::csv::CsvEncoding;
pub use self::json::JsonEncoding;
pub use self::parquet::ParquetEncoding;
pub use self::text::TextEncoding;
use crate::config::{Options, options};
use crate::error::{Error, Result, condition};
use crate::types::sql_name;

/// A file format with its options, as a sink or a batch write declares it.
pub trait Encoding: Send + Sync + Debug {
    /// With its dot, e.g. `.snappy.parquet`.
    fn extension(&self) -> String;

    /// Checks that every column can be written; called at `start()`.
    fn check(&self, schema: &SchemaRef) -> Result<()> {
        let _ = schema;
        Ok(())
    }

    /// Begins a file.
    fn encoder(&self, file: BufWriter<File>, schema: &SchemaRef) -> Result<Box<dyn Encoder>>;
}

/// A file being written.
pub trait Encoder: Send {
    fn write(&mut self, rows: &RecordBatch) -> Result<()>;

    /// Ends the file; it is flushed, not synced.
    fn finish(self: Box<Self>) -> Result<File>;
}

/// The error for a column that a format cannot hold.
pub(super) fn unsupported(format: &str, field: &Field) -> Error {
    Error::of(condition::UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE)
        .with("format", format)
        .with("columnName", format!("`{}`", field.name()))
        .with("columnType", format!("\"{}\"", sql_name(field.data_type())))
}

/// `encoding` of the text formats: only UTF-8 is written.
pub(super) fn check_charset(options: &mut Options) -> Result<()> {
    for key in ["encoding", "charset"] {
        if let Some(name) = options.get(key).filter(|name| !name.eq_ignore_ascii_case("UTF-8")) {
            return Err(Error::unsupported(format!("the option '{key}' is '{name}': only UTF-8 is written here")));
        }
    }
    Ok(())
}

/// Compression of the text formats: `none` or `gzip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Gzip,
}

impl Codec {
    pub(super) fn of(options: &mut Options) -> Result<Self> {
        let Some(name) = options.get("compression").map(str::to_lowercase) else {
            return Ok(Self::None);
        };
        match name.as_str() {
            "none" | "uncompressed" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            other => Err(options::bad("compression", "none or gzip", other)),
        }
    }

    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
        }
    }

    pub(super) fn open(self, file: BufWriter<File>) -> TextFile {
        match self {
            Self::None => TextFile::Plain(file),
            Self::Gzip => TextFile::Gzip(GzEncoder::new(file, flate2::Compression::default())),
        }
    }
}

/// The file under a text format.
pub(super) enum TextFile {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
}

impl TextFile {
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(bytes),
            Self::Gzip(file) => file.write_all(bytes),
        }
    }

    pub(super) fn finish(self) -> Result<File> {
        let buffered = match self {
            Self::Plain(file) => file,
            Self::Gzip(file) => file.finish()?,
        };
        Ok(buffered.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }
}
