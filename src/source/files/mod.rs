//! Files as a source. One [`FileReader`] a format says what stands in them.
//!
//! | file | what is in it |
//! |---|---|
//! | [`formats`] | what `format("csv")` and its kin name |
//! | [`path`], [`list`], [`committed`] | paths as users write them; which files there are; which of them a file sink has committed |
//! | [`partition`], [`about`] | what a file's path and the file itself say of each of its rows |
//! | [`stream`], [`seen`], [`clean`] | which files are new; which were taken; what becomes of those that are done |
//! | [`split`], [`read`] | who reads which part; one part, piece after piece |
//! | [`csv`], [`json`], [`parquet`], [`text`] | the formats |
//! | [`bytes`], [`cells`], [`malformed`] | what formats of text share: records, typed cells, and records that are none |

mod about;
mod bytes;
pub mod cells;
pub mod clean;
mod committed;
pub mod csv;
pub mod formats;
pub mod json;
pub mod list;
mod malformed;
pub mod parquet;
pub mod partition;
pub mod path;
mod read;
mod seen;
mod split;
mod stream;
pub mod text;

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};

pub use self::about::{FILE_COLUMN, INPUT_FILE};
use self::cells::Rules;
use self::list::{FileEntry, Listing, component_glob};
use self::stream::{FileStreamReader, StreamOptions};
use super::format::SourceRequest;
use super::once::OnceReader;
use super::{ContinuousReader, ReadMode, Reader, Source, SourceRun};
use crate::config::quantity::parse_bytes;
use crate::config::{Conf, Options};
use crate::error::{Error, ErrorKind, Result, condition};
use crate::runtime::Cancel;
use crate::types;
use crate::types::name_case::NameCase;

/// A part of a file: the bytes from `start` up to `end`.
#[derive(Clone, Debug)]
pub struct Span {
    pub path: std::path::PathBuf,
    pub start: u64,
    pub end: u64,
    pub size: u64,
}

impl Span {
    /// A whole file.
    pub fn whole(file: &FileEntry) -> Self {
        Self { path: file.path.clone(), start: 0, end: file.size, size: file.size }
    }
}

/// Record batches of one span.
pub type Rows = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// The reading half of a file format, with its options. Called on threads that may block, for
/// several spans at once.
pub trait FileReader: Send + Sync + Debug {
    /// As messages spell it: `CSV`.
    fn name(&self) -> &'static str;

    /// What the files hold; `None` where there is nothing to tell it from. Asked only when the user
    /// gave no schema.
    fn infer(&self, files: &[FileEntry]) -> Result<Option<Schema>>;

    /// An error for a column that the format cannot hold.
    fn check(&self, schema: &Schema) -> Result<()>;

    /// Whether [`FileReader::first_row`] knows a row's number in its file.
    fn counts_rows(&self) -> bool {
        false
    }

    /// How many rows of the file stand before a span.
    fn first_row(&self, span: &Span) -> Result<u64> {
        let _ = span;
        Ok(0)
    }

    /// Whether a file may be cut into spans.
    fn splittable(&self, path: &Path) -> bool;

    /// The columns `wanted` of `schema`, in that order; `schema` is all that the file holds, as the
    /// user or [`FileReader::infer`] has it. A file that breaks off or has malformed rows gives an
    /// error in the iterator, or what the format's mode says.
    fn read(&self, span: &Span, schema: &SchemaRef, wanted: &[usize], cancel: &Cancel) -> Result<Rows>;
}

/// What `load()` declared over files of one format.
#[derive(Clone, Debug)]
pub struct FileSource {
    /// As descriptions show it, e.g. `file:/data/in`.
    shown: String,
    listing: Arc<Listing>,
    reader: Arc<dyn FileReader>,
    /// What the files themselves hold.
    data: SchemaRef,
    /// What the user sees: the files' columns, then those of directories.
    schema: SchemaRef,
    /// `schema`, and behind it the columns that `*` leaves out.
    whole: SchemaRef,
    names: NameCase,
    rules: Arc<Rules>,
    tolerance: Tolerance,
    sizes: Sizes,
    /// The files of a batch read, listed once at `load()`: what comes later is not seen, and one
    /// that goes is missed.
    listed: Option<Arc<Vec<FileEntry>>>,
    /// As in Spark, a bad option of the stream ends the query and not `load()`.
    stream: Option<Result<Arc<StreamOptions>>>,
}

/// What is passed over with a warning instead of ending the read.
#[derive(Clone, Copy, Debug)]
struct Tolerance {
    corrupt: bool,
    missing: bool,
}

/// How big the parts are that files are cut into, by Spark's keys.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    most: u64,
    open_cost: u64,
}

/// Makes a source of the paths and options of a request: what every file format does in
/// `InputFormat::source`.
pub fn source(request: SourceRequest<'_>, reader: Arc<dyn FileReader>) -> Result<Arc<dyn Source>> {
    let SourceRequest { options, paths, schema, mode, conf, .. } = request;
    let rules = Arc::new(Rules::of_casts(conf)?);
    let shown = paths
        .first()
        .map(|path| path::from_user(path))
        .transpose()?
        .map(|path| path::display(&path))
        .unwrap_or_default();
    let tolerance = Tolerance {
        corrupt: options.flag("ignoreCorruptFiles", conf.flag("spark.sql.files.ignoreCorruptFiles")?)?,
        missing: options.flag("ignoreMissingFiles", conf.flag("spark.sql.files.ignoreMissingFiles")?)?,
    };
    let listing = listing(options, paths, conf, mode, tolerance)?;
    if mode == ReadMode::Stream
        && schema.is_none()
        && reader.name() != "Text"
        && !conf.flag("spark.sql.streaming.schemaInference")?
    {
        return Err(Error::of(condition::STREAM_WITHOUT_SCHEMA).with("format", reader.name()));
    }
    let stream = match mode {
        ReadMode::Batch => None,
        ReadMode::Stream => Some(StreamOptions::read(options, conf, &listing).map(Arc::new)),
    };
    let found = listing.found(mode == ReadMode::Batch)?;
    let infer_types = conf.get("spark.sql.sources.partitionColumnTypeInference.enabled") != Some("false");
    let directories = partition::fields(&found, infer_types, &rules)?;
    let files = listing.chosen(found);
    let names = conf.name_case();
    let nullable = mode == ReadMode::Batch || conf.flag("spark.sql.streaming.fileSource.schema.forceNullable")?;
    let places = match mode {
        ReadMode::Batch if listing.sink_log().is_some() => Places::AsGiven,
        _ => Places::DirectoriesLast,
    };
    let (data, schema) = schemas(&*reader, schema, &files, directories, places, nullable, names)?;
    reader.check(&data)?;
    let whole = about::with_hidden(&schema, reader.counts_rows());
    let listed = (mode == ReadMode::Batch).then(|| Arc::new(files));
    Ok(Arc::new(FileSource {
        listed,
        shown,
        listing: Arc::new(listing),
        reader,
        data,
        schema,
        whole,
        names,
        rules,
        tolerance,
        sizes: Sizes::read(conf)?,
        stream,
    }))
}

/// What to list, from the options that all file formats share.
fn listing(
    options: &mut Options,
    paths: Vec<String>,
    conf: &Conf,
    mode: ReadMode,
    tolerance: Tolerance,
) -> Result<Listing> {
    if paths.is_empty() {
        return Err(Error::of(condition::PATH_MISSING).with("call", "load(path)"));
    }
    let mut moment = |key: &str| -> Result<Option<i64>> {
        // A stream refuses it when it starts.
        let Some(text) = options.get(key).filter(|_| mode == ReadMode::Batch).map(str::to_owned) else {
            return Ok(None);
        };
        let zone = types::zone::Zone::of(conf.time_zone())?;
        let micros = types::parse::timestamp(&text, zone);
        micros
            .map(|micros| Some(micros.div_euclid(1000)))
            .ok_or_else(|| crate::config::options::bad(key, "a time such as 2020-06-01T13:00:00", &text))
    };
    let (modified_after, modified_before) = (moment("modifiedAfter")?, moment("modifiedBefore")?);
    Ok(Listing {
        paths: paths.iter().map(|path| path::from_user(path)).collect::<Result<_>>()?,
        name_filter: options.get("pathGlobFilter").map(component_glob).transpose()?,
        recursive: options.flag("recursiveFileLookup", false)?,
        base: options.get("basePath").map(path::from_user).transpose()?,
        modified_after,
        modified_before,
        ignore_sink_log: conf.get("spark.sql.streaming.fileStreamSink.ignoreMetadata") == Some("true"),
        ignore_missing: tolerance.missing && mode == ReadMode::Batch,
    })
}

/// Where the columns that directories give stand among those of a user's schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Places {
    /// Where the user has them: in a directory with a sink's log.
    AsGiven,
    DirectoriesLast,
}

/// The schema of the data and the schema of the source, from the user's schema or from the files.
fn schemas(
    reader: &dyn FileReader,
    given: Option<SchemaRef>,
    files: &[FileEntry],
    directories: Vec<Field>,
    places: Places,
    nullable: bool,
    names: NameCase,
) -> Result<(SchemaRef, SchemaRef)> {
    let same = |a: &Field, b: &Field| names.same(a.name(), b.name());
    let (data, directories) = match given {
        // The user's types hold for directories too, and the files hold the rest.
        Some(given) => {
            let typed =
                directories.into_iter().map(|dir| match given.fields().iter().find(|field| same(field, &dir)) {
                    Some(field) => field.as_ref().clone(),
                    None => dir,
                });
            let typed: Vec<Field> = typed.collect();
            let data: Vec<Field> = given
                .fields()
                .iter()
                .filter(|field| places == Places::AsGiven || !typed.iter().any(|dir| same(dir, field)))
                .map(|field| field.as_ref().clone())
                .collect();
            (data, typed)
        }
        None => {
            let inferred = reader
                .infer(files)?
                .ok_or_else(|| Error::of(condition::UNABLE_TO_INFER_SCHEMA).with("format", reader.name()))?;
            (inferred.fields().iter().map(|field| field.as_ref().clone()).collect(), directories)
        }
    };
    let data: Fields = data.into_iter().map(|field| if nullable { loose(field) } else { field }).collect();
    types::refuse_repeated(&data, names)?;
    let named = |field: &FieldRef| directories.iter().find(|dir| same(dir, field)).unwrap_or(field).clone();
    let mut shown: Vec<Field> = data.iter().map(named).collect();
    shown.extend(directories.into_iter().filter(|dir| !data.iter().any(|field| same(dir, field))));
    Ok((Arc::new(Schema::new(data)), Arc::new(Schema::new(shown))))
}

/// The field, and all inside it, nullable: a file need not keep what a schema promises.
fn loose(field: Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|inner| loose(inner.as_ref().clone())).collect())
        }
        DataType::List(element) => DataType::List(Arc::new(loose(element.as_ref().clone()))),
        DataType::Map(..) => match types::map_fields(field.data_type()) {
            Some((key, value)) => {
                types::map(key.data_type().clone(), loose(value.as_ref().clone()).data_type().clone(), true)
            }
            None => field.data_type().clone(),
        },
        other => other.clone(),
    };
    field.with_data_type(data_type).with_nullable(true)
}

impl Sizes {
    fn read(conf: &Conf) -> Result<Self> {
        let size = |key: &str, default: &str| parse_bytes(key, conf.get(key).unwrap_or(default));
        Ok(Self {
            most: size("spark.sql.files.maxPartitionBytes", "128m")?.max(1),
            open_cost: size("spark.sql.files.openCostInBytes", "4m")?,
        })
    }
}

impl FileSource {
    fn current_files(&self) -> Result<Arc<Vec<FileEntry>>> {
        match &self.listed {
            Some(listed) => Ok(Arc::clone(listed)),
            None => self.listing.files(true).map(Arc::new),
        }
    }
}

impl Source for FileSource {
    fn description(&self) -> String {
        match self.stream {
            Some(_) => format!("FileStreamSource[{}]", self.shown),
            None => format!("FileScan {} {}", self.reader.name().to_lowercase(), self.shown),
        }
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn hidden(&self) -> Vec<Field> {
        self.whole.fields()[self.schema.fields().len()..].iter().map(|field| field.as_ref().clone()).collect()
    }

    fn identity(&self) -> String {
        format!("{} {:?} {:?} {:?}", self.shown, self.reader, self.listing, self.schema)
    }

    fn looking_again(&self) -> Option<Arc<dyn Source>> {
        Some(Arc::new(Self { listed: None, ..self.clone() }))
    }

    fn files(&self) -> Result<Vec<String>> {
        Ok(self.current_files()?.iter().map(|file| types::uri::from_path(&file.path)).collect())
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        match &self.stream {
            Some(options) => Ok(Box::new(FileStreamReader::open(self.clone(), options.clone()?, &run)?)),
            None => Ok(Box::new(OnceReader(self.partitions(&self.current_files()?, run.lanes)))),
        }
    }

    fn open_continuous(&self, _: SourceRun) -> Result<Box<dyn ContinuousReader>> {
        Err(Error::of(condition::STREAMING_UNSUPPORTED_OPERATION).with(
            "msg",
            "Continuous processing does not support StreamingRelation operations: files are read in micro-batches.",
        ))
    }
}

/// An error about the schema that a user gave, in Spark's class for types that a format cannot
/// hold.
pub(crate) fn unsupported_type(format: &str, field: &Field) -> Error {
    Error::of(condition::UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE)
        .with("format", format)
        .with("columnName", format!("`{}`", field.name()))
        .with("columnType", format!("\"{}\"", types::sql_name(field.data_type())))
}

/// An analysis error in our words.
pub(crate) fn analysis(message: String) -> Error {
    Error::new(ErrorKind::Analysis, message)
}
