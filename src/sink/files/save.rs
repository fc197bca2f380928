//! Batch writes of files: the parts of the file sink without its log, staged under names that globs
//! miss, then renamed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use futures::stream::BoxStream;
use uuid::Uuid;

use super::part::{self, Empty, LaneOf, LaneParts, PartFile};
use crate::config::{Conf, Options, options};
use crate::durable::store::{Durability, holders_of_new};
use crate::error::{Context, Result};
use crate::sink::encode::Encoding;
use crate::types::name_case::NameCase;

/// What an overwrite replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Everything under the path.
    All,
    /// The partitions that get rows.
    Touched,
}

impl Overwrite {
    /// By the option `partitionOverwriteMode`, else `spark.sql.sources.partitionOverwriteMode`.
    pub fn of(options: &mut Options, conf: &Conf, partition_by: &[String]) -> Result<Self> {
        const KEY: &str = "partitionOverwriteMode";
        let mode = options.get(KEY).or(conf.get("spark.sql.sources.partitionOverwriteMode")).unwrap_or("static");
        match mode.to_ascii_lowercase().as_str() {
            "static" => Ok(Self::All),
            "dynamic" if partition_by.is_empty() => Ok(Self::All),
            "dynamic" => Ok(Self::Touched),
            other => Err(options::bad(KEY, "static or dynamic", other)),
        }
    }
}

/// One batch write into a directory. Lanes stage their rows; [`FileSave::publish`] makes them
/// visible.
pub struct FileSave {
    path: PathBuf,
    /// Where parts are staged: an overwrite stages none in what it replaces, which may be a link to
    /// elsewhere.
    staging: PathBuf,
    overwrite: Option<Overwrite>,
    layout: part::PartLayout,
    encoding: Arc<dyn Encoding>,
    durability: Durability,
}

impl FileSave {
    /// Checks names and types, and creates the directory.
    pub fn new(
        path: PathBuf,
        schema: &SchemaRef,
        partition_by: &[String],
        encoding: Arc<dyn Encoding>,
        overwrite: Option<Overwrite>,
        conf: &Conf,
    ) -> Result<Self> {
        check_names(schema, conf.name_case())?;
        let layout = part::layout(schema, partition_by, conf)?;
        encoding.check(schema)?;
        let hidden = format!(".staging-{}", Uuid::new_v4());
        let staging = match overwrite {
            None => path.clone(),
            // A file, or a link: the directory comes in its place.
            Some(Overwrite::All) if !fs::symlink_metadata(&path)?.is_dir() => path.with_file_name(hidden),
            Some(_) => path.join(hidden),
        };
        let durability = Durability::of(conf)?;
        durability.create_dir(&staging).context(|| format!("creating the output directory {}", staging.display()))?;
        Ok(Self { path, staging, overwrite, layout, encoding, durability })
    }

    /// Writes a lane's rows where no glob sees them. The first lane leaves a file even without
    /// rows.
    pub async fn stage(
        &self,
        lane: usize,
        lanes: usize,
        rows: BoxStream<'static, Result<RecordBatch>>,
    ) -> Result<Vec<PartFile>> {
        let empty = if lane == 0 { Empty::File } else { Empty::Nothing };
        let lane = LaneOf { lane, lanes };
        LaneParts::new(&self.staging, lane, &self.layout, &self.encoding, self.durability).take(rows, empty).await
    }

    /// Makes every lane's parts visible in place of what the overwrite names; after a lane's error
    /// all are removed.
    pub fn publish(&self, staged: Vec<Result<Vec<PartFile>>>) -> Result<()> {
        let parts = || staged.iter().flatten().flatten();
        if let Some(error) = staged.iter().find_map(|lane| lane.as_ref().err()) {
            for part in parts() {
                part.discard(&self.staging)?;
            }
            return Err(error.clone());
        }
        let directories: BTreeSet<PathBuf> = parts().map(|part| part.directory(&self.path)).collect();
        match self.overwrite {
            None => {}
            Some(Overwrite::All) => self.clear(&self.path)?,
            Some(Overwrite::Touched) => directories.iter().try_for_each(|directory| self.clear(directory))?,
        }
        let holders: BTreeSet<PathBuf> = directories.iter().flat_map(|directory| holders_of_new(directory)).collect();
        for directory in &directories {
            fs::create_dir_all(directory).context(|| format!("creating {}", directory.display()))?;
        }
        holders.iter().try_for_each(|holder| self.durability.sync_dir(holder))?;
        for part in parts() {
            part.publish_from(&self.staging, &self.path, self.durability)?;
        }
        let success = self.path.join("_SUCCESS");
        fs::write(&success, "").context(|| format!("writing {}", success.display()))
    }

    /// Removes what an overwrite replaces. As in Spark, no link is followed: it goes, and what it
    /// points to stays.
    fn clear(&self, path: &Path) -> Result<()> {
        let about = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            about => about.context(|| format!("looking at {}", path.display()))?,
        };
        if !about.is_dir() {
            return fs::remove_file(path).context(|| format!("removing {}", path.display()));
        }
        for entry in fs::read_dir(path).context(|| format!("listing {}", path.display()))? {
            let entry = entry.context(|| format!("listing {}", path.display()))?.path();
            if entry == self.staging {
                continue;
            }
            let is_dir = fs::symlink_metadata(&entry).is_ok_and(|about| about.is_dir());
            let removed = if is_dir { fs::remove_dir_all(&entry) } else { fs::remove_file(&entry) };
            removed.context(|| format!("removing {}", entry.display()))?;
        }
        Ok(())
    }
}

impl Drop for FileSave {
    /// Removes what an overwrite staged in, however it ended.
    fn drop(&mut self) {
        if self.staging != self.path
            && let Err(error) = fs::remove_dir_all(&self.staging)
        {
            log::warn!("a staging directory stays behind, {}: {error}", self.staging.display());
        }
    }
}

/// A file cannot have two columns of one name.
fn check_names(schema: &Schema, names: NameCase) -> Result<()> {
    names.refuse_repeated(schema.fields().iter().map(|field| field.name().as_str()))
}
