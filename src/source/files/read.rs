//! A partition of files: piece after piece, each with the columns that its directories give.

use std::any::Any;
use std::io::ErrorKind as Io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};

use super::list::FileEntry;
use super::split::{Piece, pack};
use super::{FileSource, Rows, about, partition};
use crate::error::{Error, ErrorKind, Result, condition, panicked};
use crate::source::{Partition, RecordBatches, Scan};

impl FileSource {
    /// Cuts files into partitions for `lanes` lanes.
    pub(super) fn partitions(&self, files: &[FileEntry], lanes: usize) -> Vec<Arc<dyn Partition>> {
        let source = Arc::new(self.clone());
        pack(files, &*self.reader, self.sizes, lanes)
            .into_iter()
            .map(|pieces| Arc::new(Files { source: Arc::clone(&source), pieces }) as Arc<dyn Partition>)
            .collect()
    }
}

struct Files {
    source: Arc<FileSource>,
    pieces: Vec<Piece>,
}

impl Partition for Files {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let (source, scan) = (Arc::clone(&self.source), scan.clone());
        let pieces = self.pieces.clone().into_iter();
        Ok(RecordBatches::Blocking(Box::new(pieces.flat_map(move |piece| tolerant(&source, piece, &scan)))))
    }
}

/// The rows of one piece, with its file's name in every error, or without its error where the user
/// tolerates it.
fn tolerant(source: &Arc<FileSource>, piece: Piece, scan: &Scan) -> Rows {
    let (tolerance, file) = (source.tolerance, crate::types::uri::from_path(&piece.span.path));
    // A library may panic over a damaged file: an error of that file, which can be told and
    // tolerated.
    let caught = |panic: Box<dyn Any + Send>| panicked(panic.as_ref());
    let mut rows = match catch_unwind(AssertUnwindSafe(|| open(source, &piece, scan))) {
        Ok(Ok(rows)) => rows,
        Ok(Err(error)) => Box::new(std::iter::once(Err(error))),
        Err(panic) => Box::new(std::iter::once(Err(caught(panic)))),
    };
    let rows = std::iter::from_fn(move || {
        catch_unwind(AssertUnwindSafe(|| rows.next())).unwrap_or_else(|panic| Some(Err(caught(panic))))
    });
    let mut over = false;
    Box::new(rows.map_while(move |batch| match batch {
        _ if over => None,
        Ok(batch) => Some(Ok(batch)),
        Err(error) if error.kind().is_cancel() => Some(Err(error)),
        Err(error) => {
            over = true;
            let missing = is_missing(&error);
            if (missing && tolerance.missing) || (!missing && tolerance.corrupt) {
                log::warn!("{file} is {}, and passed over: {error}", if missing { "not there" } else { "corrupt" });
                return None;
            }
            Some(Err(if missing { not_there(&file, error) } else { cannot_read(&file, error) }))
        }
    }))
}

fn is_missing(error: &Error) -> bool {
    let io = error.cause().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| io.kind() == Io::NotFound)
}

fn not_there(file: &str, error: Error) -> Error {
    Error::of(condition::FAILED_READ_FILE_FILE_NOT_EXIST).with("path", file).caused_by(error)
}

/// Spark's error around whatever goes wrong in a file; what has a more exact class inside this one
/// passes.
fn cannot_read(file: &str, error: Error) -> Error {
    match error.condition() {
        Some(known) if known.name.starts_with("FAILED_READ_FILE") => error.with("path", file),
        // The query is wrong, whatever the file.
        Some(_) if error.kind() == ErrorKind::Analysis => error,
        _ => Error::of(condition::FAILED_READ_FILE_NO_HINT)
            .with("path", file)
            .with("reason", error.message())
            .caused_by(error),
    }
}

/// Where a wanted column comes from.
enum Origin {
    /// The n-th of the columns read from the file.
    File(usize),
    /// A directory.
    Directory(Option<String>, Field),
    /// The file itself: a hidden column.
    About(Field),
}

fn open(source: &Arc<FileSource>, piece: &Piece, scan: &Scan) -> Result<Rows> {
    let directory = |name: &str| piece.values.iter().find(|(key, _)| source.names.same(key, name));
    // A column that only directories give is none of the file's, even when no directory was there
    // at `load()`.
    let shown = &source.schema;
    let held: Vec<Field> = source
        .data
        .fields()
        .iter()
        .filter(|field| {
            directory(field.name()).is_none() || shown.field_with_name(field.name()).is_ok_and(|f| f != field.as_ref())
        })
        .map(|field| field.as_ref().clone())
        .collect();
    let held: SchemaRef = Arc::new(Schema::new(held));
    let (mut origins, mut wanted) = (Vec::new(), Vec::new());
    let mut first_row = 0;
    for column in &scan.columns {
        let field = source.whole.field(*column);
        if *column >= shown.fields().len() {
            if source.reader.counts_rows() {
                first_row = source.reader.first_row(&piece.span)?;
            }
            origins.push(Origin::About(field.clone()));
            continue;
        }
        if let Some((_, value)) = directory(field.name()) {
            origins.push(Origin::Directory(value.clone(), field.clone()));
        } else if let Some((at, _)) = held.fields().iter().enumerate().find(|(_, held)| held.name() == field.name()) {
            origins.push(Origin::File(wanted.len()));
            wanted.push(at);
        } else {
            // A directory column that this file's path lacks.
            origins.push(Origin::Directory(None, field.clone()));
        }
    }
    let rows = source.reader.read(&piece.span, &held, &wanted, &scan.cancel)?;
    let schema = Arc::new(source.whole.project(&scan.columns)?);
    let (rules, cancel) = (Arc::clone(&source.rules), scan.cancel.clone());
    let piece = piece.clone();
    Ok(Box::new(rows.map(move |batch| {
        cancel.check()?;
        let batch = batch?;
        let first = first_row;
        first_row += batch.num_rows() as u64;
        let columns = origins.iter().map(|origin| match origin {
            Origin::File(at) => Ok(Arc::clone(batch.column(*at))),
            Origin::Directory(value, field) => partition::column(value.as_deref(), field, &rules, batch.num_rows()),
            Origin::About(field) => about::column(field, &piece, first, batch.num_rows()),
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?)
    })))
}
