//! The part files of one lane: written under names that globs miss, one per partition directory.
//!
//! A lane has few files open at once. Rows of further directories are held, and written one
//! directory after the other in the end: as many files as without a bound, where closing one file
//! to open another would begin a new file each time.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use futures::stream::{BoxStream, StreamExt};
use indexmap::IndexMap;
use uuid::Uuid;

use super::held::{HELD_BYTES, HeldRows};
use crate::config::Conf;
use crate::durable::store::{Durability, holders_of_new};
use crate::error::{Context, Error, Result, condition};
use crate::sink::encode::{Encoder, Encoding};
use crate::types::display::{self, Style};
use crate::types::simple_name;
use crate::types::zone::Zone;

const STAGED: &str = ".staged";

/// Which columns make directories, and which go into the files.
pub(crate) struct PartLayout {
    partition: Vec<(usize, String)>,
    file: Vec<usize>,
    schema: SchemaRef,
    /// Timestamps in directory names are shown in this zone.
    zone: Zone,
}

/// Splits a schema by `partitionBy`. Directories are called as it names the columns.
pub(crate) fn layout(schema: &SchemaRef, partition_by: &[String], conf: &Conf) -> Result<PartLayout> {
    let (names, zone) = (conf.name_case(), Zone::of(conf.time_zone())?);
    names.refuse_repeated(partition_by.iter().map(String::as_str))?;
    let mut partition = Vec::new();
    for name in partition_by {
        let found = schema.fields().iter().position(|field| names.same(field.name(), name)).ok_or_else(|| {
            Error::of(condition::PARTITION_BY_UNKNOWN_COLUMN)
                .with("col", format!("`{name}`"))
                .with("schemaCatalog", simple_name(&DataType::Struct(schema.fields().clone())))
        })?;
        partition.push((found, name.clone()));
    }
    let file: Vec<usize> = (0..schema.fields().len()).filter(|i| partition.iter().all(|(p, _)| p != i)).collect();
    if file.is_empty() {
        return Err(Error::of(condition::ALL_PARTITION_COLUMNS_NOT_ALLOWED));
    }
    let schema = Arc::new(Schema::new(file.iter().map(|i| schema.field(*i).clone()).collect::<Vec<_>>()));
    Ok(PartLayout { partition, file, schema, zone })
}

/// A file by its final name, relative to the output directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartFile(String);

impl PartFile {
    pub(crate) fn named(name: String) -> Self {
        Self(name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// The directory of its partition.
    pub(crate) fn directory(&self, out: &Path) -> PathBuf {
        out.join(&self.0).parent().map_or_else(|| out.to_owned(), Path::to_owned)
    }

    fn staged(&self, out: &Path) -> PathBuf {
        let path = out.join(&self.0);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.with_file_name(format!(".{name}{STAGED}"))
    }

    /// Gives the file its final name; nothing when it has it already.
    pub(crate) fn publish(&self, out: &Path, durability: Durability) -> Result<()> {
        self.publish_from(out, out, durability)
    }

    /// [`PartFile::publish`] of a part that was staged below another directory. Its own directory
    /// is there.
    pub(crate) fn publish_from(&self, staging: &Path, out: &Path, durability: Durability) -> Result<()> {
        let (from, to) = (self.staged(staging), out.join(&self.0));
        match fs::rename(&from, &to) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && to.exists() => {}
            Err(error) => return Err(error).context(|| format!("renaming {} to {}", from.display(), to.display())),
        }
        durability.sync_dir(to.parent().unwrap_or(out))
    }

    /// Removes the file, under its final name too: no log names it.
    pub(crate) fn withdraw(&self, out: &Path) -> Result<()> {
        let path = out.join(&self.0);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context(|| format!("removing {}", path.display()))
            }
            _ => self.discard(out),
        }
    }

    /// Removes the file where it is still staged.
    pub(crate) fn discard(&self, out: &Path) -> Result<()> {
        match fs::remove_file(self.staged(out)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context(|| format!("removing {}", self.staged(out).display()))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a file name is that of a staged part.
pub(crate) fn is_staged(name: &str) -> bool {
    name.starts_with(".part-") && name.ends_with(STAGED)
}

/// Removes every staged file under `out` but those of `recorded` parts, which a record names.
pub(crate) fn remove_staged(out: &Path, recorded: &[PartFile]) -> Result<()> {
    remove_staged_in(out, &recorded.iter().map(|part| part.staged(out)).collect())
}

fn remove_staged_in(out: &Path, recorded: &HashSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(out).context(|| format!("listing {}", out.display()))? {
        let entry = entry.context(|| format!("listing {}", out.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            if !name.starts_with(['.', '_']) {
                remove_staged_in(&entry.path(), recorded)?;
            }
        } else if is_staged(&name) && !recorded.contains(&entry.path()) {
            fs::remove_file(entry.path()).context(|| format!("removing {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// What one lane writes in one batch.
pub(crate) struct LaneParts<'a> {
    out: &'a Path,
    lane: usize,
    id: Uuid,
    layout: &'a PartLayout,
    encoding: &'a Arc<dyn Encoding>,
    durability: Durability,
    /// How many files may be open at once.
    most_open: usize,
    /// The files being written, by partition directory.
    open: IndexMap<String, Box<dyn Encoder>>,
    /// The rows of directories that have no file open.
    held: HeldRows,
    /// Every file that was begun, those that are open in the same order.
    parts: Vec<PartFile>,
    /// The directories in which partition directories were made, synced once in the end.
    holders: BTreeSet<PathBuf>,
}

/// How many files the lanes of one write have open at once, all together; at least one each.
const MOST_OPEN: usize = 128;

/// A lane, and how many run at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneOf {
    pub(crate) lane: usize,
    pub(crate) lanes: usize,
}

/// What a lane without rows leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Empty {
    Nothing,
    /// A file without rows, so that the schema is on disk.
    File,
}

impl<'a> LaneParts<'a> {
    pub(crate) fn new(
        out: &'a Path,
        lane: LaneOf,
        layout: &'a PartLayout,
        encoding: &'a Arc<dyn Encoding>,
        durability: Durability,
    ) -> Self {
        Self {
            out,
            lane: lane.lane,
            id: Uuid::new_v4(),
            layout,
            encoding,
            durability,
            most_open: (MOST_OPEN / lane.lanes.max(1)).max(1),
            open: IndexMap::new(),
            held: HeldRows::new(HELD_BYTES),
            parts: Vec::new(),
            holders: BTreeSet::new(),
        }
    }

    /// Writes rows to their end and gives the files, which survive a power cut where the durability
    /// says so. After an error none is left.
    pub(crate) async fn take(
        mut self,
        rows: BoxStream<'static, Result<RecordBatch>>,
        empty: Empty,
    ) -> Result<Vec<PartFile>> {
        let written = self.write_all(rows, empty).await;
        if written.is_err() {
            for part in &self.parts {
                if let Err(error) = part.discard(self.out) {
                    log::warn!("a staged file stays behind: {error}");
                }
            }
        }
        written.map(|()| self.parts)
    }

    async fn write_all(&mut self, mut rows: BoxStream<'static, Result<RecordBatch>>, empty: Empty) -> Result<()> {
        while let Some(batch) = rows.next().await {
            self.write(&batch?)?;
        }
        if empty == Empty::File && self.open.is_empty() && self.layout.partition.is_empty() {
            self.open(String::new())?;
        }
        self.finish()
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let rows = batch.project(&self.layout.file)?;
        if self.layout.partition.is_empty() {
            return self.open(String::new())?.write(&rows);
        }
        let mut groups: IndexMap<String, Vec<u32>> = IndexMap::new();
        for (row, directory) in directories(batch, &self.layout.partition, self.layout.zone)?.into_iter().enumerate() {
            groups.entry(directory).or_default().push(row as u32);
        }
        let mut held = Vec::new();
        for (directory, indices) in groups {
            if self.open.len() < self.most_open || self.open.contains_key(&directory) {
                let rows = take_record_batch(&rows, &UInt32Array::from(indices))?;
                self.open(directory)?.write(&rows)?;
            } else {
                held.push((directory, indices));
            }
        }
        if held.is_empty() { Ok(()) } else { self.held.add(&rows, &held) }
    }

    fn open(&mut self, directory: String) -> Result<&mut Box<dyn Encoder>> {
        if !self.open.contains_key(&directory) {
            let encoder = self.begin(&directory)?;
            self.open.insert(directory.clone(), encoder);
        }
        self.open.get_mut(&directory).ok_or_else(|| Error::internal("a file that was begun is not open"))
    }

    /// Begins the file of a directory.
    fn begin(&mut self, directory: &str) -> Result<Box<dyn Encoder>> {
        let part = self.part(directory);
        let path = part.staged(self.out);
        let parent = path.parent().unwrap_or(self.out);
        self.holders.extend(holders_of_new(parent));
        fs::create_dir_all(parent).context(|| format!("creating {}", parent.display()))?;
        let file = File::create(&path).context(|| format!("creating {}", path.display()))?;
        self.parts.push(part);
        self.encoding.encoder(BufWriter::with_capacity(1 << 16, file), &self.layout.schema)
    }

    fn part(&self, directory: &str) -> PartFile {
        let (lane, id, extension) = (self.lane, self.id, self.encoding.extension());
        PartFile(match directory {
            "" => format!("part-{lane:05}-{id}-c000{extension}"),
            directory => format!("{directory}/part-{lane:05}-{id}.c000{extension}"),
        })
    }

    fn finish(&mut self) -> Result<()> {
        for (part, (_, encoder)) in self.parts.iter().zip(std::mem::take(&mut self.open)) {
            self.end(part, encoder)?;
        }
        let held = std::mem::replace(&mut self.held, HeldRows::new(0));
        held.give_back(|directory, rows| {
            let mut encoder = self.begin(directory)?;
            for rows in rows {
                encoder.write(&rows?)?;
            }
            self.parts.last().map_or(Ok(()), |part| self.end(part, encoder))
        })?;
        self.holders.iter().try_for_each(|holder| self.durability.sync_dir(holder))
    }

    /// Ends a file.
    fn end(&self, part: &PartFile, encoder: Box<dyn Encoder>) -> Result<()> {
        encoder
            .finish()
            .and_then(|file| self.durability.sync(&file))
            .context(|| format!("writing {}", part.staged(self.out).display()))
    }
}

/// Each row's partition directory, e.g. `year=2024/month=1`.
fn directories(batch: &RecordBatch, partition: &[(usize, String)], zone: Zone) -> Result<Vec<String>> {
    let mut directories = vec![String::new(); batch.num_rows()];
    for (column, name) in partition {
        let values: ArrayRef = Arc::clone(batch.column(*column));
        let text = display::to_strings(&values, zone, Style::Cast)?;
        for (row, directory) in directories.iter_mut().enumerate() {
            if !directory.is_empty() {
                directory.push('/');
            }
            directory.push_str(&escape(name));
            directory.push('=');
            if text.is_null(row) || text.value(row).is_empty() {
                directory.push_str("__HIVE_DEFAULT_PARTITION__");
            } else {
                directory.push_str(&escape(text.value(row)));
            }
        }
    }
    Ok(directories)
}

/// Spark's escaping of directory names: control characters and `"#%'*/:=?\{[]^` as `%XX`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(c) {
            escaped.push_str(&format!("%{:02X}", c as u32));
        } else {
            escaped.push(c);
        }
    }
    escaped
}
