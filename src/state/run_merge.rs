//! Writes one run out of several sources.

use std::sync::Arc;

use serde_json::Value;

use super::block::Compression;
use super::cursor::EntrySource;
use super::folder::StateFolder;
use super::format::StateDigest;
use super::job::JobPace;
use super::merge::{MergedEntries, Removals};
use super::names::StateFileName;
use super::range::KeyRange;
use super::reader::StateFileReader;
use super::writer::{StateFileFacts, StateFileWriter};
use crate::error::{Context, Result};
use crate::runtime::crash;

/// How many bytes a merge writes before it asks whether to go on.
const PIECE: u64 = 4 << 20;
/// How many bytes a merge writes before it syncs them: a long sync at the end would hold up others.
const SYNCED: u64 = 32 << 20;

/// What a run is made of.
pub struct RunRecipe {
    /// The run.
    pub name: StateFileName,
    pub query: String,
    /// The digest of the change before the run.
    pub previous: StateDigest,
    /// The digest and the summary of its last change.
    pub newest: StateDigest,
    pub summary: Value,
    /// Newest first.
    pub sources: Vec<EntrySource>,
}

impl RunRecipe {
    /// The run of neighbouring files, oldest first.
    pub fn of_files(files: &[Arc<StateFileReader>]) -> Option<Self> {
        let (first, last) = (&files.first()?.meta, files.last()?);
        Some(Self {
            name: StateFileName::run(first.from, last.meta.to),
            query: first.query.clone(),
            previous: first.previous,
            newest: last.newest(),
            summary: last.meta.summary.clone(),
            sources: files.iter().rev().map(|file| EntrySource::File(Arc::clone(file))).collect(),
        })
    }

    /// Writes the run and puts it into place.
    pub fn write(self, folder: &StateFolder, pace: &JobPace) -> Result<Arc<StateFileReader>> {
        let path = folder.path(self.name).display().to_string();
        self.write_file(folder, pace, path.clone()).context(|| format!("merging state into {path}"))
    }

    fn write_file(self, folder: &StateFolder, pace: &JobPace, label: String) -> Result<Arc<StateFileReader>> {
        let removals = Removals::of_merge_from(self.name.from);
        let keys = self.sources.iter().map(EntrySource::len).sum();
        let (hidden, file) = folder.create(self.name)?;
        let mut writer = StateFileWriter::new(file, Compression::Lz4, Some(keys));
        let mut merged = MergedEntries::new(&self.sources, &KeyRange::all(), None)?;
        let (mut piece_end, mut synced_end) = (PIECE, SYNCED);
        while merged.advance()? {
            let value = merged.value();
            if value.is_some() || removals == Removals::Kept {
                writer.push(merged.key(), value)?;
            }
            if writer.len() >= piece_end {
                pace.after(PIECE)?;
                piece_end = writer.len() + PIECE;
                if writer.len() >= synced_end {
                    folder.durability().sync(writer.file())?;
                    synced_end = writer.len() + SYNCED;
                }
            }
        }
        let finished = writer.finish(StateFileFacts {
            query: self.query,
            from: self.name.from,
            to: self.name.to,
            previous: self.previous,
            newest: Some(self.newest),
            summary: self.summary,
        })?;
        pace.after(0)?;
        folder.publish(hidden, &finished.file, finished.size)?;
        crash::point("state-merged");
        Ok(Arc::new(StateFileReader::of(finished.file, label)?))
    }
}
