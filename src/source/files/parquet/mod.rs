//! `parquet`: columns by name, null where a file lacks one, widened where the schema says so.
//!
//! | file | what is in it |
//! |---|---|
//! | `adapt` | a column as a file has it, as the schema wants it |
//! | `levels` | Parquet's runs of levels |
//! | `lists` | lists of numbers, by the runs of their levels |

mod adapt;
mod levels;
mod lists;

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as Physical;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;

use self::adapt::adapt;
use self::lists::Lists;
use super::list::FileEntry;
use super::{FileReader, Rows, Span};
use crate::config::options::bad;
use crate::config::{Conf, Options};
use crate::error::{Context, Error, Result, condition};
use crate::runtime::Cancel;
use crate::types;
use crate::types::ddl::{TYPE_DEPTH, too_deep};
use crate::types::name_case::NameCase;

/// How many rows a record batch has: as many as the columns that the library reads hold in so many
/// bytes, so that what it decodes is still near when it is used. Lists that we read are slices of a
/// page where that has enough of them.
const BATCH_BYTES: u64 = 256 << 10;
const BATCH_ROWS: RangeInclusive<u64> = 1024..=8192;

fn batch_rows(groups: &[&RowGroupMetaData], columns: &ProjectionMask) -> usize {
    let rows: i64 = groups.iter().map(|group| group.num_rows()).sum();
    let bytes: i64 = groups
        .iter()
        .flat_map(|group| group.columns().iter().enumerate())
        .filter(|(leaf, _)| columns.leaf_included(*leaf))
        .map(|(_, column)| column.uncompressed_size())
        .sum();
    let (rows, bytes) = (u64::try_from(rows).unwrap_or(0), u64::try_from(bytes).unwrap_or(0));
    let wanted = BATCH_BYTES.saturating_mul(rows) / bytes.max(1);
    wanted.clamp(*BATCH_ROWS.start(), *BATCH_ROWS.end()) as usize
}

/// The reading half of `parquet`, with its options.
#[derive(Clone, Debug)]
pub struct ParquetReader {
    merge: bool,
    names: NameCase,
}

impl ParquetReader {
    pub fn new(options: &mut Options, conf: &Conf) -> Result<Self> {
        for key in ["datetimeRebaseMode", "int96RebaseMode"] {
            match options.get(key).map(str::to_ascii_uppercase).as_deref() {
                // Files whose dates need rebasing were written before Spark 3; their dates before
                // 1582 are off by days either way.
                None | Some("EXCEPTION" | "CORRECTED") => {}
                Some("LEGACY") => {
                    return Err(Error::unsupported(format!(
                        "the option '{key}' is LEGACY: dates are not rebased here"
                    )));
                }
                Some(other) => return Err(bad(key, "EXCEPTION or CORRECTED", other)),
            }
        }
        let merge = options.flag("mergeSchema", conf.get("spark.sql.parquet.mergeSchema") == Some("true"))?;
        Ok(Self { merge, names: conf.name_case() })
    }
}

fn failed(error: ParquetError) -> Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(io) => (*io).into(),
            Err(other) => Error::runtime(other.to_string()),
        },
        other => Error::runtime(other.to_string()),
    }
}

/// A file's footer, with the timestamps that old writers keep in 96 bits as ours.
fn footer(file: &File, path: &Path) -> Result<ArrowReaderMetadata> {
    let unreadable = |error| {
        Error::of(condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER)
            .with("path", crate::types::uri::from_path(path))
            .with("reason", failed(error))
    };
    let metadata = ArrowReaderMetadata::load(file, ArrowReaderOptions::new())
        // The Arrow schema that some writers add is read to a small depth only. Parquet's own says
        // enough.
        .or_else(|error| {
            let without = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            ArrowReaderMetadata::load(file, without).map_err(|_| error)
        })
        .map_err(unreadable)?;
    let leaves = metadata.parquet_schema().columns().to_vec();
    // A list is two steps there.
    if leaves.iter().any(|leaf| leaf.path().parts().len() > 2 * TYPE_DEPTH) {
        return Err(too_deep().context(format!("reading '{}'", path.display())));
    }
    if !leaves.iter().any(|leaf| leaf.physical_type() == Physical::INT96) {
        return Ok(metadata);
    }
    let mut types = leaves.iter().map(|leaf| leaf.physical_type());
    let fields: Vec<FieldRef> = metadata.schema().fields().iter().map(|field| instants(field, &mut types)).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata.schema().metadata().clone()));
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), ArrowReaderOptions::new().with_schema(schema))
        .map_err(unreadable)
}

/// The field with `timestamp` wherever the file has 96 bits; `leaves` are the physical types of
/// what is left of the file's schema.
fn instants(field: &FieldRef, leaves: &mut dyn Iterator<Item = Physical>) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|inner| instants(inner, leaves)).collect::<Fields>())
        }
        DataType::List(inner) => DataType::List(instants(inner, leaves)),
        DataType::LargeList(inner) => DataType::LargeList(instants(inner, leaves)),
        DataType::FixedSizeList(inner, size) => DataType::FixedSizeList(instants(inner, leaves), *size),
        DataType::Map(inner, sorted) => DataType::Map(instants(inner, leaves), *sorted),
        other => match leaves.next() {
            Some(Physical::INT96) => types::timestamp(),
            _ => other.clone(),
        },
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// The schema of a file in Spark's types.
fn file_schema(entry: &FileEntry) -> Result<Schema> {
    let file = File::open(&entry.path).context(|| format!("opening {}", entry.path.display()))?;
    let metadata = footer(&file, &entry.path)?;
    let fields = metadata.schema().fields().iter().map(|field| {
        let data_type = types::normalize(field.data_type()).ok_or_else(|| {
            Error::unsupported(format!(
                "the column '{}' of {} has the type {}, which Spark has not",
                field.name(),
                entry.path.display(),
                field.data_type()
            ))
        })?;
        Ok(Field::new(field.name(), data_type, true))
    });
    Ok(Schema::new(fields.collect::<Result<Vec<_>>>()?))
}

impl FileReader for ParquetReader {
    fn name(&self) -> &'static str {
        "Parquet"
    }

    fn infer(&self, files: &[FileEntry]) -> Result<Option<Schema>> {
        let mut files = files.iter().filter(|file| file.size > 0);
        let Some(first) = files.next() else { return Ok(None) };
        let mut schema = file_schema(first)?;
        if self.merge {
            for file in files {
                let other = file_schema(file)?;
                let merged = adapt::merge(schema.fields(), other.fields(), self.names).ok_or_else(|| {
                    Error::of(condition::CANNOT_MERGE_SCHEMAS)
                        .with("left", shown(&schema))
                        .with("right", shown(&other))
                        .context(format!("reading the schema of {}", file.path.display()))
                })?;
                schema = Schema::new(merged);
            }
        }
        Ok(Some(schema))
    }

    fn check(&self, schema: &Schema) -> Result<()> {
        let odd =
            |data_type: &DataType| matches!(data_type, DataType::Null | DataType::Interval(_) | DataType::Duration(_));
        match schema.fields().iter().find(|field| odd(field.data_type())) {
            Some(field) => Err(super::unsupported_type("Parquet", field)),
            None => Ok(()),
        }
    }

    fn counts_rows(&self) -> bool {
        true
    }

    fn first_row(&self, span: &Span) -> Result<u64> {
        if span.size == 0 {
            return Ok(0);
        }
        let file = File::open(&span.path).context(|| format!("opening {}", span.path.display()))?;
        let metadata = footer(&file, &span.path)?;
        let before = metadata.metadata().row_groups().iter().filter(|group| middle(group) < span.start);
        Ok(before.map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum())
    }

    fn splittable(&self, _: &Path) -> bool {
        true
    }

    fn read(&self, span: &Span, schema: &SchemaRef, wanted: &[usize], cancel: &Cancel) -> Result<Rows> {
        if span.size == 0 {
            return Ok(Box::new(std::iter::empty()));
        }
        let file = File::open(&span.path).context(|| format!("opening {}", span.path.display()))?;
        let metadata = footer(&file, &span.path)?;
        let groups: Vec<usize> = metadata
            .metadata()
            .row_groups()
            .iter()
            .enumerate()
            .filter(|(_, group)| (span.start..span.end).contains(&middle(group)))
            .map(|(i, _)| i)
            .collect();
        if groups.is_empty() {
            return Ok(Box::new(std::iter::empty()));
        }
        let held = metadata.schema().fields().clone();
        let place = |field: &Field| {
            let exact = held.iter().position(|held| held.name() == field.name());
            exact.or_else(|| held.iter().position(|held| self.names.same(held.name(), field.name())))
        };
        let target = Arc::new(schema.project(wanted)?);
        let places: Vec<Option<usize>> = target.fields().iter().map(|field| place(field)).collect();
        let mut columns = Vec::with_capacity(places.len());
        for (place, field) in places.iter().zip(target.fields()) {
            columns.push(match place {
                None => ParquetColumn::Absent,
                Some(place) => match Lists::open(&file, &metadata, &groups, *place, field.data_type())? {
                    Some(lists) => ParquetColumn::Lists(lists),
                    None => ParquetColumn::Held(*place),
                },
            });
        }
        // The library gives its columns in the file's order: where is each among those?
        let held = columns
            .iter()
            .filter_map(|column| if let ParquetColumn::Held(place) = column { Some(*place) } else { None });
        let held: BTreeSet<usize> = held.collect();
        for column in &mut columns {
            if let ParquetColumn::Held(place) = column {
                *place = held.range(..*place).count();
            }
        }
        let chosen: Vec<_> = groups.iter().map(|group| metadata.metadata().row_group(*group)).collect();
        let mask = ProjectionMask::roots(metadata.parquet_schema(), held);
        let batch_rows = batch_rows(&chosen, &mask);
        let held = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_row_groups(groups)
            .with_projection(mask)
            .with_batch_size(batch_rows)
            .build()
            .map_err(failed)?;
        let mut reading = OpenFile { held, columns, target, names: self.names, left: None };
        let cancel = cancel.clone();
        Ok(Box::new(std::iter::from_fn(move || cancel.check().and_then(|()| reading.next()).transpose())))
    }
}

/// A file that is being read.
struct OpenFile {
    /// The columns that the library reads.
    held: ParquetRecordBatchReader,
    columns: Vec<ParquetColumn>,
    target: SchemaRef,
    names: NameCase,
    /// What was not yet given of the library's last record batch.
    left: Option<RecordBatch>,
}

impl OpenFile {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let Some(batch) = self.left.take().map(Ok).or_else(|| self.held.next()).transpose()? else { return Ok(None) };
        let mut rows = batch.num_rows();
        for column in &mut self.columns {
            if let ParquetColumn::Lists(lists) = column {
                rows = lists.together(rows)?;
            }
        }
        if rows < batch.num_rows() {
            self.left = Some(batch.slice(rows, batch.num_rows() - rows));
        }
        let columns = self.columns.iter_mut().zip(self.target.fields()).map(|(column, field)| match column {
            ParquetColumn::Lists(lists) => lists.next(rows),
            ParquetColumn::Held(at) => {
                let held = batch.column(*at).slice(0, rows);
                adapt(&held, field.data_type(), self.names).map_err(|actual| {
                    Error::of(condition::FAILED_READ_FILE_PARQUET_COLUMN_DATA_TYPE_MISMATCH)
                        .with("column", format!("[{}]", field.name()))
                        .with("expectedType", types::simple_name(field.data_type()))
                        .with("actualType", actual)
                })
            }
            ParquetColumn::Absent => Ok(new_null_array(field.data_type(), rows)),
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(Some(RecordBatch::try_new_with_options(Arc::clone(&self.target), columns, &options)?))
    }
}

/// Where a wanted column comes from.
enum ParquetColumn {
    /// From our reader of lists.
    Lists(Lists),
    /// The n-th of the columns that the library reads.
    Held(usize),
    /// The file lacks it.
    Absent,
}

/// A row group belongs to the span that holds its middle, as in Spark.
fn middle(group: &RowGroupMetaData) -> u64 {
    let start = group.columns().first().map_or(0, |column| column.byte_range().0);
    start + u64::try_from(group.compressed_size()).unwrap_or(0) / 2
}

fn shown(schema: &Schema) -> String {
    format!("\"{}\"", types::sql_name(&DataType::Struct(schema.fields().clone())))
}
