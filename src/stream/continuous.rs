//! `trigger(continuous=…)`: another order of the same pieces. Rows reach the sink as they arrive;
//! an epoch only says how far that has come.
//!
//! Each lane has a thread that loops: next rows → a pass of the plan over them → write. At the
//! interval every lane, idle ones too, makes what it wrote durable and says where it stands; then
//! `offsets/E` and `commits/E` are written. A restart resumes at the newest commit, so what was
//! written after it is written again: at least once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use arrow::array::RecordBatch;
use futures::StreamExt;
use parking_lot::{Condvar, Mutex};

use super::monitor::Monitor;
use super::trigger::next_multiple;
use crate::batch::{Batch, BatchId};
use crate::checkpoint::Checkpoint;
use crate::checkpoint::commits::CommitsEntry;
use crate::checkpoint::offsets::{Leaves, OffsetsEntry};
use crate::checkpoint::open::Removal;
use crate::error::{Error, Result, panicked};
use crate::plan::LeafId;
use crate::plan::finish::Finished;
use crate::plan::operators::call::Kept;
use crate::plan::pass::Inputs;
use crate::runtime::Cancel;
use crate::runtime::clock::Clock;
use crate::sink::{ContinuousWriter, EpochId};
use crate::source::{ContinuousReader, LaneOffset, Offset, Partition, RecordBatches, Scan, Tail};

/// How long an idle lane waits for rows before it looks whether the epoch has ended.
const IDLE: Duration = Duration::from_millis(10);

/// What a continuous run is made of.
pub struct ContinuousParts {
    pub checkpoint: Checkpoint,
    pub plan: Arc<Finished>,
    pub leaf: LeafId,
    pub description: String,
    pub reader: Box<dyn ContinuousReader>,
    pub writer: Arc<dyn ContinuousWriter>,
    pub cancel: Cancel,
    pub monitor: Arc<Monitor>,
    pub interval_ms: i64,
}

/// A continuous run of a query, on the query's thread.
pub struct Continuous {
    parts: ContinuousParts,
    epoch: BatchId,
    committed: Option<Offset>,
}

impl Continuous {
    /// Finds out where the run begins.
    pub fn open(parts: ContinuousParts) -> Result<Self> {
        parts.monitor.message("Initializing sources");
        let (epoch, committed) = match parts.checkpoint.recover_continuous()? {
            None => (BatchId(0), None),
            Some((epoch, ends)) => (epoch.next(), ends.for_leaves(1)?.swap_remove(0).map(Offset)),
        };
        Ok(Self { parts, epoch, committed })
    }

    /// Runs until the query is stopped or a lane fails; the lanes begin anew when the source's
    /// partitions change.
    pub fn run(&mut self) -> Result<()> {
        while !self.parts.monitor.is_stopping() {
            self.run_lanes()?;
        }
        Ok(())
    }

    fn run_lanes(&mut self) -> Result<()> {
        let tails = self.parts.reader.start(self.committed.as_ref())?;
        let board = Arc::new(Board::new(tails.len(), self.epoch.0, Arc::clone(&self.parts.plan.env().clock)));
        let mut threads = Vec::with_capacity(tails.len());
        let started = tails.into_iter().enumerate().try_for_each(|(lane, tail)| {
            threads.push(self.start_lane(lane, tail, &board)?);
            Ok(())
        });
        let ended = started.and_then(|()| self.run_epochs(&board));
        board.close();
        for thread in threads {
            if thread.join().is_err() {
                board.fail(Error::internal("a lane of the continuous query panicked"));
            }
        }
        // A lane's own error says more than that its epoch could not be ended.
        board.failure().map_or(ended, Err)
    }

    fn start_lane(&self, lane: usize, tail: Box<dyn Tail>, board: &Arc<Board>) -> Result<JoinHandle<()>> {
        let lane = ContinuousLane {
            lane,
            epoch: self.epoch.0,
            tail,
            leaf: self.parts.leaf,
            plan: Arc::clone(&self.parts.plan),
            writer: Arc::clone(&self.parts.writer),
            cancel: self.parts.cancel.clone(),
            board: Arc::clone(board),
            kept: Arc::default(),
        };
        self.parts.plan.env().runtime.thread(&format!("firesteel-lane-{}", lane.lane), move || lane.run())
    }

    /// Epoch after epoch, until the query stops, a lane fails, or the source's partitions change.
    fn run_epochs(&mut self, board: &Board) -> Result<()> {
        let clock = Arc::clone(&self.parts.plan.env().clock);
        loop {
            self.parts.monitor.message("Running");
            let at_ms = next_multiple(self.parts.interval_ms.max(1), clock.now_ms());
            let ended = || self.parts.monitor.is_stopping() || board.has_failed();
            while let Ok(left @ 1..) = u64::try_from(at_ms - clock.now_ms())
                && !ended()
            {
                clock.sleep_unless(Duration::from_millis(left), &ended);
            }
            if ended() {
                return Ok(());
            }
            let changed = self.parts.reader.changed()?;
            let then = if changed { Then::Stop } else { Then::GoOn };
            let Some(ends) = board.end_epoch(self.epoch.0, then) else { return Ok(()) };
            self.commit(&ends)?;
            if changed {
                return Ok(());
            }
        }
    }

    /// Every lane has ended the epoch: records how far the query has come.
    fn commit(&mut self, ends: &[LaneOffset]) -> Result<()> {
        let ContinuousParts { checkpoint, reader, monitor, .. } = &mut self.parts;
        monitor.message(format!("Committing epoch {}", self.epoch));
        let end = reader.merge(ends)?;
        let entry = OffsetsEntry { batch: None, ends: vec![Some(end.0.clone())], leaves: Leaves::Known };
        checkpoint.log_offsets(self.epoch, &entry)?;
        checkpoint.log_commit(self.epoch, CommitsEntry::default())?;
        reader.commit(&end)?;
        self.committed = Some(end);
        let done = self.epoch;
        self.epoch = done.next();
        checkpoint.forget_before(done)
    }

    /// Where the source stood at the newest commit, for the message of a query that failed.
    pub fn offsets(&self) -> (String, String) {
        let shown = self.committed.as_ref().map(|end| format!("{}: {end}", self.parts.description)).unwrap_or_default();
        (format!("{{{shown}}}"), format!("{{{shown}}}"))
    }

    /// Ends the run: drops reader and writer, then lets the checkpoint go.
    pub fn close(self, removal: Removal) {
        let ContinuousParts { checkpoint, reader, writer, .. } = self.parts;
        drop(reader);
        drop(writer);
        checkpoint.close(removal);
    }
}

/// What a lane does after it has ended an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    Stop,
}

/// Where the query's thread and its lanes meet.
struct Board {
    /// The epoch that lanes should be in; one that is behind ends its own.
    wanted: AtomicU64,
    state: Mutex<BoardState>,
    changed: Condvar,
    clock: Arc<dyn Clock>,
}

struct BoardState {
    ends: Vec<Option<LaneOffset>>,
    then: Then,
    closed: bool,
    failure: Option<Error>,
}

impl Board {
    fn new(lanes: usize, epoch: u64, clock: Arc<dyn Clock>) -> Self {
        let state = BoardState { ends: vec![None; lanes], then: Then::GoOn, closed: false, failure: None };
        Self { wanted: AtomicU64::new(epoch), state: Mutex::new(state), changed: Condvar::new(), clock }
    }

    /// Asks every lane to end `epoch` and waits for their offsets; `None` when a lane ended without
    /// one.
    fn end_epoch(&self, epoch: u64, then: Then) -> Option<Vec<LaneOffset>> {
        let mut state = self.state.lock();
        state.ends.fill(None);
        state.then = then;
        self.wanted.store(epoch + 1, Ordering::Release);
        let waiting =
            |state: &mut BoardState| !state.closed && state.failure.is_none() && state.ends.iter().any(Option::is_none);
        self.changed.wait_while(&mut state, waiting);
        match state.failure {
            None => state.ends.iter().cloned().collect(),
            Some(_) => None,
        }
    }

    /// A lane has ended its epoch at `end`.
    fn report(&self, lane: usize, end: LaneOffset) -> Then {
        let mut state = self.state.lock();
        if let Some(slot) = state.ends.get_mut(lane) {
            *slot = Some(end);
        }
        self.changed.notify_all();
        state.then
    }

    fn fail(&self, error: Error) {
        let mut state = self.state.lock();
        // The lanes that are cancelled because of the first say less than it.
        if state.failure.as_ref().is_none_or(|failure| failure.kind().is_cancel()) {
            state.failure = Some(error);
        }
        drop(state);
        self.changed.notify_all();
        self.clock.wake();
    }

    /// Asks every lane to end; nobody waits for its epoch any more.
    fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    fn is_closed(&self) -> bool {
        let state = self.state.lock();
        state.closed || state.failure.is_some()
    }

    fn has_failed(&self) -> bool {
        self.state.lock().failure.is_some()
    }

    fn failure(&self) -> Option<Error> {
        self.state.lock().failure.clone()
    }
}

/// One lane: its part of the source, a pass for each chunk, the writer.
struct ContinuousLane {
    lane: usize,
    /// The epoch it is in. Given, and not read from the board when its thread begins: the first
    /// epoch may be ending by then.
    epoch: u64,
    tail: Box<dyn Tail>,
    leaf: LeafId,
    plan: Arc<Finished>,
    writer: Arc<dyn ContinuousWriter>,
    cancel: Cancel,
    board: Arc<Board>,
    /// The iterator functions that this lane has open: a generator lives as long as the lane does.
    kept: Arc<Kept>,
}

impl ContinuousLane {
    fn run(mut self) {
        let board = Arc::clone(&self.board);
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.work()));
        if let Err(error) = worked.unwrap_or_else(|panic| Err(panicked(panic.as_ref()))) {
            board.fail(error);
        }
    }

    fn work(&mut self) -> Result<()> {
        let runtime = self.plan.env().runtime.clone();
        while !self.board.is_closed() {
            // A query that is stopped while its epoch ends must not wait for this lane.
            self.cancel.check()?;
            if self.board.wanted.load(Ordering::Acquire) > self.epoch {
                runtime.block_on(self.writer.end_epoch(EpochId(self.epoch), self.lane))?;
                if self.board.report(self.lane, self.tail.offset()) == Then::Stop {
                    return Ok(());
                }
                self.epoch += 1;
            }
            if let Some((rows, _)) = self.tail.next(IDLE)? {
                runtime.block_on(self.pass(rows))?;
            }
        }
        Ok(())
    }

    /// One pass of the plan over the rows that have come, in this lane of the plan.
    async fn pass(&self, rows: RecordBatch) -> Result<()> {
        let lane = self.lane % self.plan.lanes();
        let partition = |i| Arc::new(TailChunk((i == lane).then(|| rows.clone()))) as Arc<dyn Partition>;
        // As many partitions as lanes: each lane reads its own.
        let inputs = Inputs::from([(self.leaf, (0..self.plan.lanes()).map(partition).collect())]);
        let clock_ms = self.plan.env().clock.now_ms();
        let batch = Batch { id: BatchId(self.epoch), clock_ms, cancel: self.cancel.clone(), ..Batch::default() };
        let mut output = self.plan.pass_after(Arc::new(batch), inputs, &self.kept)?.lane_stream(lane)?;
        while let Some(rows) = output.next().await {
            self.writer.write(EpochId(self.epoch), self.lane, rows?).await?;
        }
        Ok(())
    }
}

/// The rows of one pass; empty for the other lanes.
struct TailChunk(Option<RecordBatch>);

impl Partition for TailChunk {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        Ok(RecordBatches::ready(self.0.iter().map(|rows| scan.project(rows)).collect::<Result<_>>()?))
    }
}
