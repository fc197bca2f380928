//! Batch writes of files: the parts of the file sink without its log, staged under names that globs miss, then renamed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use futures::stream::BoxStream;

use super::part::{self, Empty, LaneParts, PartFile};
use crate::config::{Conf, Options, options};
use crate::durable::store::Durability;
use crate::error::{Context, Error, Result, condition};
use crate::sink::encode::Encoding;
use crate::types::zone::Zone;

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

/// One batch write into a directory. Lanes stage their rows; [`FileSave::publish`] makes them visible.
pub struct FileSave {
    path: PathBuf,
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
        conf: &Conf,
    ) -> Result<Self> {
        check_names(schema, conf.case_sensitive())?;
        let layout = part::layout(schema, partition_by, Zone::of(conf.time_zone())?)?;
        encoding.check(schema)?;
        fs::create_dir_all(&path).context(|| format!("creating the output directory {}", path.display()))?;
        Ok(Self { path, layout, encoding, durability: Durability::of(conf)? })
    }

    /// Writes a lane's rows where no glob sees them. The first lane leaves a file even without rows.
    pub async fn stage(&self, lane: usize, rows: BoxStream<'static, Result<RecordBatch>>) -> Result<Vec<PartFile>> {
        let empty = if lane == 0 { Empty::File } else { Empty::Nothing };
        LaneParts::new(&self.path, lane, &self.layout, &self.encoding, self.durability).take(rows, empty).await
    }

    /// Makes every lane's parts visible in place of what `overwrite` names; after a lane's error all are removed.
    pub fn publish(&self, staged: Vec<Result<Vec<PartFile>>>, overwrite: Option<Overwrite>) -> Result<()> {
        let parts = || staged.iter().flatten().flatten();
        if let Some(error) = staged.iter().find_map(|lane| lane.as_ref().err()) {
            for part in parts() {
                part.discard(&self.path)?;
            }
            return Err(error.clone());
        }
        let replaced: BTreeSet<PathBuf> = match overwrite {
            None => BTreeSet::new(),
            Some(Overwrite::All) => BTreeSet::from([self.path.clone()]),
            Some(Overwrite::Touched) => parts().map(|part| part.directory(&self.path)).collect(),
        };
        for directory in replaced {
            clear(&directory)?;
        }
        for part in parts() {
            part.publish(&self.path, self.durability)?;
        }
        let success = self.path.join("_SUCCESS");
        fs::write(&success, "").context(|| format!("writing {}", success.display()))
    }
}

/// A file cannot have two columns of one name.
fn check_names(schema: &Schema, case_sensitive: bool) -> Result<()> {
    let mut seen = BTreeSet::new();
    let folded = |name: &String| if case_sensitive { name.clone() } else { name.to_lowercase() };
    match schema.fields().iter().find(|field| !seen.insert(folded(field.name()))) {
        Some(field) => {
            Err(Error::of(condition::COLUMN_ALREADY_EXISTS).with("columnName", format!("`{}`", field.name())))
        }
        None => Ok(()),
    }
}

/// Removes what an overwrite replaces, and leaves what is staged.
fn clear(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path).context(|| format!("listing {}", path.display()))? {
        let entry = entry?;
        let removed = if entry.file_type()?.is_dir() {
            clear(&entry.path())?;
            match fs::remove_dir(entry.path()) {
                Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => Ok(()),
                other => other,
            }
        } else if part::is_staged(&entry.file_name().to_string_lossy()) {
            Ok(())
        } else {
            fs::remove_file(entry.path())
        };
        removed.context(|| format!("removing {}", entry.path().display()))?;
    }
    Ok(())
}
