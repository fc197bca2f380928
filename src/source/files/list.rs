//! Which files there are: globs, directories with all that is below them, and a file sink's own
//! log.

use std::fs;
use std::io::ErrorKind as Io;
use std::path::{Path, PathBuf};

use super::committed::Committed;
use super::partition::{self, Values};
use super::path;
use crate::durable::log::SINK_METADATA;
use crate::error::{Context, Error, Result, condition};
use globset::{GlobBuilder, GlobMatcher};

/// A data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    pub path: PathBuf,
    pub size: u64,
    pub modified_ms: i64,
    /// The `k=v` directories between the base and the file, outermost first.
    pub values: Values,
}

/// What to list, from `load(…)` and its options.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Files, directories or globs.
    pub paths: Vec<PathBuf>,
    /// `pathGlobFilter`: which file names count.
    pub name_filter: Option<GlobMatcher>,
    /// `recursiveFileLookup`: every file below, and no partition columns.
    pub recursive: bool,
    /// `basePath`: where partition directories begin.
    pub base: Option<PathBuf>,
    /// `modifiedAfter` and `modifiedBefore`, in milliseconds since the epoch, both exclusive.
    pub modified_after: Option<i64>,
    pub modified_before: Option<i64>,
    /// `spark.sql.streaming.fileStreamSink.ignoreMetadata`.
    pub ignore_sink_log: bool,
    /// `ignoreMissingFiles`: a path that is not there is empty.
    pub ignore_missing: bool,
}

/// A glob over one path component, with Hadoop's letters: `*`, `?`, `[ab]`, `[^a]`, `{a,b}`.
pub fn component_glob(pattern: &str) -> Result<GlobMatcher> {
    let pattern = pattern.replace("[^", "[!");
    GlobBuilder::new(&pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| Error::illegal(format!("the glob pattern '{pattern}' is malformed: {error}")))
}

impl Listing {
    /// The directory whose sink log says which files count, if there is one.
    pub fn sink_log(&self) -> Option<PathBuf> {
        let [only] = self.paths.as_slice() else { return None };
        let log = only.join(SINK_METADATA);
        (!self.ignore_sink_log && !path::is_glob(only) && log.is_dir()).then_some(log)
    }

    /// The files to read, in order of paths. An error names a path that does not exist; a glob
    /// without a match is one in a batch read only.
    pub fn files(&self, globs_must_match: bool) -> Result<Vec<FileEntry>> {
        self.found(globs_must_match).map(|files| self.chosen(files))
    }

    /// Those of `files` that the options by name and time choose.
    pub fn chosen(&self, mut files: Vec<FileEntry>) -> Vec<FileEntry> {
        files.retain(|file| self.takes(file));
        files
    }

    /// Every file that is there, chosen or not: partition columns are told from all of them.
    pub fn found(&self, globs_must_match: bool) -> Result<Vec<FileEntry>> {
        let mut files = Vec::new();
        if let Some(log) = self.sink_log() {
            let mut committed = Committed::open(&log, &self.paths[0])?;
            committed.read_on(|_| true)?;
            files = committed.files();
        } else {
            for pattern in &self.paths {
                let roots = expand(pattern)?;
                if roots.is_empty() && (globs_must_match || !path::is_glob(pattern)) && !self.ignore_missing {
                    return Err(Error::of(condition::PATH_NOT_FOUND).with("path", path::display(pattern)));
                }
                for root in roots {
                    self.root(&root, &mut files)?;
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Ok(files)
    }

    /// Whether the options by name and time choose the file.
    pub fn takes(&self, file: &FileEntry) -> bool {
        let name = file.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        self.name_filter.as_ref().is_none_or(|glob| glob.is_match(&*name))
            && self.modified_after.is_none_or(|after| file.modified_ms > after)
            && self.modified_before.is_none_or(|before| file.modified_ms < before)
    }

    /// One file, or the files of a directory: those in `k=v` directories, else those right inside
    /// it, as Spark has it.
    fn root(&self, root: &Path, files: &mut Vec<FileEntry>) -> Result<()> {
        let meta = match fs::metadata(root) {
            Ok(meta) => meta,
            Err(error) if error.kind() == Io::NotFound => return Ok(()),
            Err(error) => return Err(error).context(|| format!("looking at {}", root.display())),
        };
        if meta.is_file() {
            let base = self.base.clone().or_else(|| root.parent().map(Path::to_owned)).unwrap_or_default();
            files.push(entry(root.to_owned(), &meta, &base, self.recursive)?);
            return Ok(());
        }
        let base = self.base.as_deref().unwrap_or(root);
        let mut found = Vec::new();
        walk(root, base, self.recursive, &mut found)?;
        if !self.recursive {
            let partitioned = found.iter().any(|file: &FileEntry| !file.values.is_empty());
            found.retain(|file| if partitioned { !file.values.is_empty() } else { file.path.parent() == Some(root) });
        }
        files.append(&mut found);
        Ok(())
    }
}

fn walk(dir: &Path, base: &Path, recursive: bool, found: &mut Vec<FileEntry>) -> Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        // A directory that went away between two looks is empty.
        Err(error) if error.kind() == Io::NotFound => return Ok(()),
        Err(error) => return Err(error).context(|| format!("listing {}", dir.display())),
    };
    for child in entries {
        let child = child.context(|| format!("listing {}", dir.display()))?;
        if path::is_hidden(&child.file_name().to_string_lossy()) {
            continue;
        }
        let path = child.path();
        match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => walk(&path, base, recursive, found)?,
            Ok(meta) => found.push(entry(path, &meta, base, recursive)?),
            Err(error) if error.kind() == Io::NotFound => {}
            Err(error) => return Err(error).context(|| format!("looking at {}", path.display())),
        }
    }
    Ok(())
}

/// When a file was modified, in milliseconds since the epoch.
pub fn modified_ms(path: &Path) -> std::io::Result<i64> {
    since_epoch(&fs::metadata(path)?)
}

fn since_epoch(meta: &fs::Metadata) -> std::io::Result<i64> {
    Ok(match meta.modified()?.duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    })
}

fn entry(path: PathBuf, meta: &fs::Metadata, base: &Path, recursive: bool) -> Result<FileEntry> {
    let modified_ms = since_epoch(meta).context(|| format!("reading when {} was modified", path.display()))?;
    let values = if recursive { Values::default() } else { partition::values(&path, base) };
    Ok(FileEntry { size: meta.len(), modified_ms, values, path })
}

/// The paths that a pattern names, component by component; a path without a pattern is itself, if
/// it is there.
fn expand(pattern: &Path) -> Result<Vec<PathBuf>> {
    if !path::is_glob(pattern) {
        return Ok(if pattern.exists() { vec![pattern.to_owned()] } else { Vec::new() });
    }
    let mut found = vec![PathBuf::new()];
    for component in split_outside_braces(&pattern.to_string_lossy()) {
        if !path::is_glob(Path::new(&component)) {
            found = found.into_iter().map(|dir| dir.join(&component)).filter(|path| path.exists()).collect();
            continue;
        }
        let glob = component_glob(&component)?;
        let mut next = Vec::new();
        for dir in found {
            let Ok(children) = fs::read_dir(&dir) else { continue };
            for child in children {
                let name = child.context(|| format!("listing {}", dir.display()))?.file_name();
                let name = name.to_string_lossy();
                if !path::is_hidden(&name) && glob.is_match(&*name) {
                    next.push(dir.join(&*name));
                }
            }
        }
        next.sort();
        found = next;
    }
    Ok(found)
}

/// The components of a path, the root first; a `/` inside braces does not divide, and is not
/// supported by the match either.
fn split_outside_braces(pattern: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth) = (vec!["/".to_owned()], String::new(), 0);
    for c in pattern.chars() {
        match c {
            '/' if depth == 0 => {
                if !part.is_empty() {
                    parts.push(std::mem::take(&mut part));
                }
            }
            c => {
                depth += match c {
                    '{' => 1,
                    '}' => -1,
                    _ => 0,
                };
                part.push(c);
            }
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}
