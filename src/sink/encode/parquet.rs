//! Parquet, as Spark writes it: snappy by default, timestamps as microseconds.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{Encoder, Encoding, unsupported};
use crate::config::{Conf, Options, options};
use crate::error::{Error, Result};
use crate::types::{relabel, type_json};

/// A row group is closed when its buffers hold this much: what bounds a writer's memory.
const ROW_GROUP_BYTES: usize = 64 * 1024 * 1024;

/// The key under which Spark keeps its schema in a file's metadata.
const SPARK_SCHEMA: &str = "org.apache.spark.sql.parquet.row.metadata";

/// `format("parquet")`.
#[derive(Clone, Debug)]
pub struct ParquetEncoding {
    codec: Compression,
    suffix: &'static str,
}

impl ParquetEncoding {
    /// Reads the options `compression` and `parquet.compression`; else the session says.
    pub fn new(options: &mut Options, conf: &Conf) -> Result<Self> {
        let given =
            ["compression", "parquet.compression"].iter().find_map(|key| options.get(key).map(str::to_lowercase));
        let usual = || conf.get("spark.sql.parquet.compression.codec").unwrap_or("snappy").to_lowercase();
        let name = given.unwrap_or_else(usual);
        let (codec, suffix) = match name.as_str() {
            "snappy" => (Compression::SNAPPY, ".snappy"),
            "none" | "uncompressed" => (Compression::UNCOMPRESSED, ""),
            "gzip" => (Compression::GZIP(GzipLevel::default()), ".gz"),
            "zstd" => (Compression::ZSTD(ZstdLevel::default()), ".zstd"),
            "lz4" | "lz4_raw" => (Compression::LZ4_RAW, ".lz4raw"),
            other => {
                return Err(options::bad(
                    "compression",
                    "none, uncompressed, snappy, gzip, zstd, lz4 or lz4_raw",
                    other,
                ));
            }
        };
        Ok(Self { codec, suffix })
    }
}

impl Encoding for ParquetEncoding {
    fn extension(&self) -> String {
        format!("{}.parquet", self.suffix)
    }

    fn check(&self, schema: &SchemaRef) -> Result<()> {
        for field in schema.fields() {
            if matches!(field.data_type(), DataType::Null | DataType::Interval(_)) {
                return Err(unsupported("Parquet", field));
            }
        }
        Ok(())
    }

    fn encoder(&self, file: BufWriter<File>, schema: &SchemaRef) -> Result<Box<dyn Encoder>> {
        let metadata =
            parquet::file::metadata::KeyValue::new(SPARK_SCHEMA.to_owned(), type_json::schema_to_json(schema));
        let properties = WriterProperties::builder()
            .set_compression(self.codec)
            .set_key_value_metadata(Some(vec![metadata]))
            .set_created_by(concat!("firesteel version ", env!("CARGO_PKG_VERSION")).into())
            .build();
        let options = parquet::arrow::arrow_writer::ArrowWriterOptions::new()
            .with_properties(properties)
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(file, Arc::clone(schema), options).map_err(failed)?;
        Ok(Box::new(ParquetEncoder { writer, schema: Arc::clone(schema) }))
    }
}

struct ParquetEncoder {
    writer: ArrowWriter<BufWriter<File>>,
    schema: SchemaRef,
}

impl Encoder for ParquetEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.writer.write(&relabel(rows, &self.schema)?).map_err(failed)?;
        if self.writer.in_progress_size() > ROW_GROUP_BYTES {
            self.writer.flush().map_err(failed)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<File> {
        let buffered = self.writer.into_inner().map_err(failed)?;
        Ok(buffered.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }
}

fn failed(error: parquet::errors::ParquetError) -> Error {
    Error::runtime(format!("writing parquet failed: {error}"))
}
