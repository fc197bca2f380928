//! What a store does beside its batches: it merges layers and files, and removes files.
//!
//! Layers are merged in memory ([`levels::next_layer_merge`]). When they take most of their share,
//! they are written as one run, and go. Files are merged into runs ([`levels::next_file_merge`]).
//! The files whose content the layers hold are shadowed: no read goes to them. They are merged
//! among themselves, so that the layers always begin where a file begins.

use std::ops::Range;
use std::sync::Arc;

use super::chain::ChainFile;
use super::cursor::EntrySource;
use super::entries::SortedEntries;
use super::format::StateDigest;
use super::job::StateJob;
use super::levels::{self, ChainSizes, MergeLimits};
use super::merge::{Removals, merge_in_memory};
use super::names::{StateFileKind, StateFileName, Version};
use super::reader::StateFileReader;
use super::retention;
use super::run_merge::RunRecipe;
use super::store::{Merging, StateStore};
use crate::error::{Error, ErrorKind, Result};

/// Layers of at most this size together are merged at once: it takes less than starting a job.
const AT_ONCE: usize = 1 << 20;

/// Which part of the versions that stay readable become old before files are looked through for those
/// that none needs: that takes its time with many files.
const PRUNED: u64 = 8;

/// How many batches a failed merge is not tried again.
const PATIENCE: u64 = 16;

/// The work that goes on, and what it holds.
pub struct Upkeep {
    limits: MergeLimits,
    /// Older versions need not be readable.
    oldest: Version,
    /// What that was when files were last removed.
    pruned: Version,
    layer_job: Option<LayerJob>,
    file_job: Option<FileJob>,
    /// The version at which merges are tried again after one failed.
    retry_at: Version,
    merges: u64,
}

struct LayerJob {
    job: StateJob<LayerResult>,
    /// The layers that it reads, the oldest ones of all.
    layers: Range<usize>,
    kind: LayerJobKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LayerJobKind {
    Merges,
    /// Writes all layers there are as one run.
    Flushes,
}

enum LayerResult {
    Merged { old: Vec<Arc<SortedEntries>>, new: Arc<SortedEntries> },
    Flushed { old: Vec<Arc<SortedEntries>>, run: Arc<StateFileReader> },
}

struct FileJob {
    job: StateJob<Arc<StateFileReader>>,
    inputs: Vec<StateFileName>,
}

impl Upkeep {
    pub fn new(limits: MergeLimits, oldest: Version) -> Self {
        Self { limits, oldest, pruned: Version(0), layer_job: None, file_job: None, retry_at: Version(0), merges: 0 }
    }

    /// How many merges came to their end.
    pub fn merges(&self) -> u64 {
        self.merges
    }

    /// The layers went: a job on them ends for nothing, unless it writes a file.
    pub fn lose_layers(&mut self) {
        if let Some(job) = &mut self.layer_job {
            job.layers = 0..0;
        }
    }

    /// How many of the oldest layers a job reads.
    fn busy_layers(&self) -> usize {
        self.layer_job.as_ref().map_or(0, |job| job.layers.end)
    }
}

impl StateStore {
    /// Versions below `oldest` need no longer be readable. As many as the options retain stay in
    /// any case.
    pub fn forget_before(&mut self, oldest: Version) -> Result<()> {
        let retained = self.version.0.saturating_sub(self.options.retain);
        self.upkeep.oldest = self.upkeep.oldest.max(Version(oldest.0.min(retained)));
        if self.upkeep.oldest.0 - self.upkeep.pruned.0 > self.options.retain / PRUNED {
            self.prune();
        }
        Ok(())
    }

    /// Waits for the work in the background. Reads are not slower without.
    pub fn settle(&mut self) -> Result<()> {
        while self.upkeep.layer_job.is_some() || self.upkeep.file_job.is_some() {
            if let Some(job) = self.upkeep.layer_job.take() {
                let result = job.job.wait();
                self.take_layers(job.layers, result)?;
            }
            if let Some(job) = self.upkeep.file_job.take() {
                let run = job.job.wait()?;
                self.take_run(run)?;
            }
            self.keep_up()?;
        }
        Ok(())
    }

    /// Takes up what ended, and begins what is due. It waits only where there is too much.
    pub(super) fn keep_up(&mut self) -> Result<()> {
        self.take_ended()?;
        self.merge_layers()?;
        self.flush_layers()?;
        self.merge_files()
    }

    fn take_ended(&mut self) -> Result<()> {
        if let Some(job) = self.upkeep.layer_job.take_if(|job| job.job.ended()) {
            let result = job.job.wait();
            if let Err(error) = self.take_layers(job.layers, result) {
                self.note_failure(&error);
            }
        }
        if let Some(job) = self.upkeep.file_job.take_if(|job| job.job.ended()) {
            match job.job.wait() {
                Ok(run) => self.take_run(run)?,
                Err(error) => self.note_failure(&error),
            }
        }
        Ok(())
    }

    /// A merge that failed has lost nothing: its inputs are there. It is tried again later.
    fn note_failure(&mut self, error: &Error) {
        if error.kind() != ErrorKind::Cancelled {
            log::warn!("query {}: {error}", self.options.query);
            self.upkeep.retry_at = Version(self.version.0 + PATIENCE);
        }
    }

    fn may_try(&self) -> bool {
        self.version >= self.upkeep.retry_at
    }

    fn layer_total(&self) -> usize {
        self.layers.iter().map(|layer| layer.bytes()).sum()
    }

    fn merge_layers(&mut self) -> Result<()> {
        loop {
            let busy = self.upkeep.busy_layers();
            let sizes: Vec<u64> = self.layers[busy..].iter().map(|layer| layer.bytes() as u64).collect();
            let Some(range) = levels::next_layer_merge(&sizes) else { return Ok(()) };
            let range = range.start + busy..range.end + busy;
            let old = self.layers[range.clone()].to_vec();
            let removals = if range.start == 0 { Removals::of_merge_from(self.layers_from) } else { Removals::Kept };
            let work = move || {
                let newest_first: Vec<_> =
                    old.iter().rev().map(|layer| EntrySource::Memory(Arc::clone(layer))).collect();
                let new = Arc::new(merge_in_memory(&newest_first, removals)?);
                Ok(LayerResult::Merged { old, new })
            };
            let bytes: usize = self.layers[range.clone()].iter().map(|layer| layer.bytes()).sum();
            if bytes <= AT_ONCE || matches!(self.options.merging, Merging::Inline) {
                self.take_layers(range, work())?;
            } else if self.upkeep.layer_job.is_none() {
                let job = StateJob::start(&self.options.merging, move |_| work());
                self.upkeep.layer_job = Some(LayerJob { job, layers: range, kind: LayerJobKind::Merges });
            } else {
                return Ok(());
            }
        }
    }

    /// Writes the layers as a run when they take most of their share, and lets them go.
    fn flush_layers(&mut self) -> Result<()> {
        let share = self.layer_bytes();
        if self.layer_total() <= share / 4 * 3 {
            return Ok(());
        }
        if self.upkeep.layer_job.is_none() && self.may_try() {
            if self.chain.last().is_some_and(|last| last.name.from == self.layers_from) {
                // One file has it all already.
                self.drop_layers()?;
                self.refresh_view();
                return Ok(());
            }
            self.start_flush();
            if matches!(self.options.merging, Merging::Inline) {
                self.take_ended()?;
            }
        }
        // Beyond the share nothing helps but to wait, and then to read what the files hold.
        for _ in 0..2 {
            if self.layer_total() <= share / 2 * 3 {
                return Ok(());
            }
            let Some(job) = self.upkeep.layer_job.take() else { break };
            let result = job.job.wait();
            if let Err(error) = self.take_layers(job.layers, result) {
                self.note_failure(&error);
            } else if job.kind == LayerJobKind::Merges && self.layer_total() > share / 2 * 3 {
                self.start_flush();
            }
        }
        if self.layer_total() > share / 2 * 3 {
            self.drop_layers()?;
            self.refresh_view();
        }
        Ok(())
    }

    fn start_flush(&mut self) {
        let old = self.layers.clone();
        let before = self.chain.iter().rfind(|file| file.name.to < self.layers_from);
        let recipe = RunRecipe {
            name: StateFileName::run(self.layers_from, self.version.0),
            query: self.options.query.clone(),
            previous: before.map_or(StateDigest::default(), |file| file.newest),
            newest: self.chain.last().map_or(StateDigest::default(), |file| file.newest),
            summary: self.summary.clone(),
            sources: old.iter().rev().map(|layer| EntrySource::Memory(Arc::clone(layer))).collect(),
        };
        let (folder, layers) = (self.folder.clone(), 0..old.len());
        let job = StateJob::start(&self.options.merging, move |pace| {
            Ok(LayerResult::Flushed { run: recipe.write(&folder, pace)?, old })
        });
        self.upkeep.layer_job = Some(LayerJob { job, layers, kind: LayerJobKind::Flushes });
    }

    /// Takes up what came of work on layers, unless they went meanwhile.
    fn take_layers(&mut self, range: Range<usize>, result: Result<LayerResult>) -> Result<()> {
        let result = result?;
        let (LayerResult::Merged { old, .. } | LayerResult::Flushed { old, .. }) = &result;
        let there = self.layers.get(range.clone()).unwrap_or_default();
        let same = there.len() == old.len() && there.iter().zip(old).all(|(a, b)| Arc::ptr_eq(a, b));
        match result {
            LayerResult::Merged { new, .. } if same => drop(self.layers.splice(range, [new])),
            LayerResult::Merged { .. } => {}
            LayerResult::Flushed { run, .. } => {
                if same {
                    self.layers.drain(range);
                    self.layers_from = run.meta.to + 1;
                }
                return self.take_run(run);
            }
        }
        self.upkeep.merges += 1;
        self.refresh_view();
        Ok(())
    }

    /// Makes a run that is in place part of the chain, and removes what nothing needs any more.
    fn take_run(&mut self, run: Arc<StateFileReader>) -> Result<()> {
        self.upkeep.merges += 1;
        let name = run.meta.name();
        self.files.insert(name, run.size());
        let names = retention::chain(&self.files, self.version)
            .map_err(|missing| Error::internal(format!("{missing} has gone before {name} was merged")))?;
        if names.iter().any(|name| name.from < self.layers_from && name.to >= self.layers_from) {
            // The layers moved on while this was merged: what they begin with must stay a file.
            self.files.remove(&name);
            self.folder.forget(name, run.size());
            return Ok(());
        }
        let mut chain = Vec::with_capacity(names.len());
        for wanted in names {
            let mut file = match self.chain.iter().find(|file| file.name == wanted) {
                Some(file) => file.clone(),
                None => {
                    ChainFile { name: wanted, size: run.size(), newest: run.newest(), reader: Some(Arc::clone(&run)) }
                }
            };
            if wanted.from >= self.layers_from {
                file.reader = None;
            } else if file.reader.is_none() {
                file.reader = Some(file.open(&self.folder, &self.options.query)?);
            }
            chain.push(file);
        }
        self.chain = chain;
        self.refresh_view();
        self.prune();
        Ok(())
    }

    fn file_decision(&self) -> (Option<Range<usize>>, usize) {
        let sizes: Vec<u64> = self.chain.iter().map(|file| file.size).collect();
        let shadowed_from = self.chain.partition_point(|file| file.name.from < self.layers_from);
        let has_base = self.chain.first().is_some_and(|file| file.name.kind == StateFileKind::Run);
        let chain = ChainSizes { sizes: &sizes, shadowed_from, has_base };
        let decision = levels::next_file_merge(chain, self.upkeep.limits).filter(|range| {
            // A flush is about to replace what the layers hold.
            let flushing = self.upkeep.layer_job.as_ref().is_some_and(|job| job.kind == LayerJobKind::Flushes);
            !(flushing && range.start >= shadowed_from)
        });
        (decision, chain.beyond_base())
    }

    fn merge_files(&mut self) -> Result<()> {
        loop {
            let (decision, beyond_base) = self.file_decision();
            let too_many = beyond_base > self.upkeep.limits.most;
            if let Some(job) = self.upkeep.file_job.take() {
                if !too_many && !job.job.ended() {
                    self.upkeep.file_job = Some(job);
                    return Ok(());
                }
                match job.job.wait() {
                    Ok(run) => self.take_run(run)?,
                    Err(error) if too_many => return Err(error),
                    Err(error) => self.note_failure(&error),
                }
                continue;
            }
            let Some(range) = decision.filter(|_| too_many || self.may_try()) else { return Ok(()) };
            self.start_merge(range);
        }
    }

    fn start_merge(&mut self, range: Range<usize>) {
        let files = self.chain[range].to_vec();
        let inputs = files.iter().map(|file| file.name).collect();
        let (folder, query) = (self.folder.clone(), self.options.query.clone());
        let job = StateJob::start(&self.options.merging, move |pace| {
            let readers = files.iter().map(|file| file.open(&folder, &query)).collect::<Result<Vec<_>>>()?;
            let recipe = RunRecipe::of_files(&readers).ok_or_else(|| Error::internal("a merge of no files"))?;
            recipe.write(&folder, pace)
        });
        self.upkeep.file_job = Some(FileJob { job, inputs });
    }

    /// Removes the files that no version in range needs, less those that a merge reads.
    fn prune(&mut self) {
        self.upkeep.pruned = self.upkeep.oldest;
        for name in retention::unneeded(&self.files, self.upkeep.oldest, self.version) {
            if self.upkeep.file_job.as_ref().is_some_and(|job| job.inputs.contains(&name)) {
                continue;
            }
            let size = self.files.remove(&name);
            self.folder.forget(name, size.unwrap_or_default());
        }
    }
}
