//! `format("parquet")` and its kin, as they are read.

use std::sync::Arc;

use super::FileReader;
use super::csv::CsvReader;
use super::json::JsonReader;
use super::parquet::ParquetReader;
use super::text::TextReader;
use crate::error::Result;
use crate::source::Source;
use crate::source::format::{InputFormat, SourceRequest};

/// A format of files that can be read.
#[derive(Clone, Copy, Debug)]
pub enum FileInputFormat {
    Parquet,
    Csv,
    Json,
    Text,
}

impl FileInputFormat {
    pub const ALL: [Self; 4] = [Self::Parquet, Self::Csv, Self::Json, Self::Text];
}

impl InputFormat for FileInputFormat {
    fn name(&self) -> &str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Text => "text",
        }
    }

    fn reads_files(&self) -> bool {
        true
    }

    fn source(&self, request: SourceRequest<'_>) -> Result<Arc<dyn Source>> {
        let conf = request.conf;
        let reader: Arc<dyn FileReader> = match self {
            Self::Parquet => Arc::new(ParquetReader::new(request.options, conf)?),
            Self::Csv => Arc::new(CsvReader::new(request.options, conf)?),
            Self::Json => Arc::new(JsonReader::new(request.options, conf)?),
            Self::Text => Arc::new(TextReader::new(request.options)?),
        };
        super::source(request, reader)
    }
}
