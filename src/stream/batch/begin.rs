//! Where a run begins: what the checkpoint says, as offsets of this run's readers.

use super::{MicroBatch, Opened};
use crate::checkpoint::Recovered;
use crate::checkpoint::offsets::{LoggedBatch, OffsetsEntry};
use crate::checkpoint::open::ReplayedBatch;
use crate::checkpoint::query_file::{OutputEntry, OutputPlace, SourceEntry};
use crate::error::{Error, ErrorKind, Result};
use crate::sink::RowsPlace;
use crate::source::Offset;
use crate::stream::watermark::{Policy, Tracker};

/// A batch whose range is logged.
pub(super) struct BegunBatch {
    pub logged: LoggedBatch,
    /// Where it ends, by input.
    pub ends: Vec<Option<Offset>>,
    /// The watermark that it led to before, where that is known.
    pub next_watermark_ms: Option<i64>,
}

impl MicroBatch {
    /// Says in the checkpoint where rows come from and go to.
    pub(super) fn note_query(&self) -> Result<()> {
        let mut sources: Vec<SourceEntry> = Vec::with_capacity(self.inputs.len());
        for (at, (leaf, input)) in self.plan.stream_leaves().zip(&self.leaves).enumerate() {
            match sources.get_mut(*input) {
                Some(known) => known.leaves.push(at),
                None => sources.push(SourceEntry {
                    description: leaf.source.description(),
                    replays: leaf.source.replays(),
                    leaves: vec![at],
                }),
            }
        }
        let kept = match &self.output {
            Opened::EachBatch(_) => OutputPlace::Elsewhere,
            Opened::Writer { sink, .. } => match sink.keeps() {
                RowsPlace::Files(dir) => OutputPlace::Files(dir.to_string_lossy().into_owned()),
                RowsPlace::Nowhere => OutputPlace::Nowhere,
                RowsPlace::Elsewhere => OutputPlace::Elsewhere,
            },
        };
        let output = OutputEntry { from: self.next.0, sink: self.output.description(), kept };
        self.checkpoint.note_query(sources, output)
    }

    pub(super) fn recover(&mut self) -> Result<()> {
        let policy = Policy::of(&self.plan.env().conf)?;
        let (committed, watermark_ms) = match self.checkpoint.recover()? {
            Recovered::Begin => return Ok(()),
            Recovered::Continue { after, ends, commit } => {
                self.late_ms = ends.batch.as_ref().map_or(0, |batch| batch.watermark_ms);
                self.next = after.next();
                (Some(ends), self.late_ms.max(commit.next_watermark_ms))
            }
            Recovered::Replay { starts, batches, rolled_back } => {
                self.late_ms =
                    starts.as_ref().and_then(|starts| starts.batch.as_ref()).map_or(0, |batch| batch.watermark_ms);
                self.next = batches.first().map_or(self.next, |batch| batch.id);
                self.rolled_back = rolled_back;
                for ReplayedBatch { ends, next_watermark_ms, .. } in batches {
                    let logged = ends.batch.clone().unwrap_or_default();
                    let ends = self.by_input(ends)?;
                    self.replay.push_back(BegunBatch { logged, ends, next_watermark_ms });
                }
                (starts, self.replay.front().map_or(0, |batch| batch.logged.watermark_ms))
            }
        };
        self.watermark = Tracker::new(policy, self.plan.watermarks().len(), watermark_ms);
        let committed = committed.map(|entry| self.by_input(entry)).transpose()?;
        let available = self.replay.front().map(|batch| batch.ends.clone());
        for (i, input) in self.inputs.iter_mut().enumerate() {
            input.committed = committed.as_ref().and_then(|ends| ends[i].clone());
            input.available = available.as_ref().map_or_else(|| input.committed.clone(), |ends| ends[i].clone());
            // The source may not have heard of the last commit before the crash.
            if let Some(end) = &input.committed {
                input.reader.commit(end)?;
            }
        }
        Ok(())
    }

    /// A logged entry's offsets, one for each input.
    fn by_input(&self, entry: OffsetsEntry) -> Result<Vec<Option<Offset>>> {
        let mut ends = vec![None; self.inputs.len()];
        for (end, i) in entry.for_leaves(self.leaves.len())?.into_iter().zip(&self.leaves) {
            let end = end.map(Offset);
            if ends[*i].is_some() && end.is_some() && ends[*i] != end {
                return Err(Error::new(
                    ErrorKind::Checkpoint,
                    "the checkpoint has two offsets for a source that the query reads twice: it is another query's checkpoint",
                ));
            }
            ends[*i] = end.or(ends[*i].take());
        }
        Ok(ends)
    }
}
