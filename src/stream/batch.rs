//! The life of a batch. [`MicroBatch::run_batch`] is the screen to read first. Where a run begins is in
//! `begin`.

mod begin;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use self::begin::BegunBatch;
use super::each_batch::{BatchFrame, EachBatch};
use super::lanes::{LanePlace, all_lanes};
use super::monitor::Monitor;
use super::progress::{Durations, EventTimeProgress, Progress, Ran, SinkProgress, SourceProgress};
use super::state::{IfGone, LeftChange, QueryState, StateChange};
use super::trigger::Trigger;
use super::watermark::{Policy, Tracker};
use crate::batch::{Batch, BatchId};
use crate::checkpoint::Checkpoint;
use crate::checkpoint::commits::CommitsEntry;
use crate::checkpoint::conf::{LoggedConf, logged, logged_with_state};
use crate::checkpoint::offsets::{Leaves, LoggedBatch, OffsetsEntry};
use crate::checkpoint::open::Removal;
use crate::error::{Error, Result};
use crate::plan::LeafId;
use crate::plan::finish::Finished;
use crate::plan::operators::watermark::Stats;
use crate::plan::pass::{Inputs, Pass, PassContext};
use crate::runtime::{Cancel, CancelReason, Runtime, crash};
use crate::sink::{Sink, SinkReport, SinkRun, Staged, Writer};
use crate::source::{Available, Offset, ReadLimit, Reader, SourceRun};

/// Where a run's rows go.
pub enum Opened {
    Writer { sink: Arc<dyn Sink>, run: SinkRun, writer: Arc<dyn Writer> },
    EachBatch(Arc<dyn EachBatch>),
}

/// A micro-batch run of a query: its checkpoint, its plan, its readers and its writer. Lives on the
/// query's thread.
pub struct MicroBatch {
    checkpoint: Checkpoint,
    plan: Arc<Finished>,
    output: Opened,
    runtime: Runtime,
    cancel: Cancel,
    monitor: Arc<Monitor>,
    inputs: Vec<BatchInput>,
    /// By leaf of the tree, which of `inputs` it reads: a self-union reads one twice.
    leaves: Vec<usize>,
    logged_conf: LoggedConf,
    watermark: Tracker,
    /// The watermark of the batch before, which drops late rows.
    late_ms: i64,
    /// `None` for a query that keeps none.
    state: Option<QueryState>,
    /// The watermark with which this run's last batch evicted; `None` before its first batch.
    evicted_ms: Option<i64>,
    /// `spark.sql.streaming.noDataMicroBatches.enabled`.
    idle_batches: bool,
    next: BatchId,
    /// The next batches as a crash or a rollback left them in the log.
    replay: VecDeque<BegunBatch>,
    /// The newest batch that a rollback lets run again. What it changed in the state is gone, also
    /// where its rows are visible.
    rolled_back: Option<BatchId>,
    /// Whether the checkpoint says where this run's rows come from and go to.
    noted: bool,
    last_began: Option<Duration>,
    /// As the last batch was.
    place: LanePlace,
}

/// A source that the query reads, once however often its plan names it.
struct BatchInput {
    leaf: LeafId,
    description: String,
    reader: Box<dyn Reader>,
    /// Where the last batch ended; `None` before the first, which begins at `initial`.
    committed: Option<Offset>,
    /// Where this batch ends.
    available: Option<Offset>,
    initial: Option<Offset>,
}

/// What a run is made of.
pub struct MicroBatchParts {
    pub checkpoint: Checkpoint,
    pub plan: Arc<Finished>,
    pub output: Opened,
    pub cancel: Cancel,
    pub monitor: Arc<Monitor>,
}

/// What one batch's passes read and saw, and what came of them.
struct Done {
    passes: Vec<Arc<PassContext>>,
    report: SinkReport,
    seen: SeenTimes,
    state: Option<StateOutcome>,
}

/// The event times of a batch.
#[derive(Default)]
struct SeenTimes {
    /// By declared watermark, the greatest less the delay.
    ends: Vec<Option<i64>>,
    /// Of the first declared watermark that saw rows.
    stats: Option<Stats>,
}

/// What a batch did to the state.
enum StateOutcome {
    Changed(StateChange),
    /// A crash had left it, and its rows are visible.
    Left(LeftChange),
}

impl MicroBatch {
    /// Opens the readers and finds out where the run begins.
    pub fn open(parts: MicroBatchParts) -> Result<Self> {
        let MicroBatchParts { checkpoint, plan, output, cancel, monitor } = parts;
        monitor.message("Initializing sources");
        let env = plan.env();
        let mut run = Self {
            inputs: Vec::new(),
            leaves: Vec::new(),
            logged_conf: match plan.operators() {
                [] => logged(&env.conf),
                _ => logged_with_state(&env.conf, env.runtime.lanes()),
            },
            watermark: Tracker::new(Policy::of(&env.conf)?, plan.watermarks().len(), 0),
            late_ms: 0,
            state: None,
            evicted_ms: None,
            idle_batches: env.conf.flag("spark.sql.streaming.noDataMicroBatches.enabled")?,
            next: BatchId(0),
            replay: VecDeque::new(),
            rolled_back: None,
            noted: false,
            last_began: None,
            place: LanePlace::Spread,
            runtime: env.runtime.clone(),
            checkpoint,
            output,
            cancel,
            monitor,
            plan: Arc::clone(&plan),
        };
        for leaf in plan.stream_leaves() {
            if let Some(i) = run.inputs.iter().position(|input| input.leaf == leaf.id) {
                run.leaves.push(i);
                continue;
            }
            let mut reader = leaf.source.open(SourceRun {
                lanes: run.runtime.lanes(),
                conf: Arc::clone(&env.conf),
                clock: Arc::clone(&env.clock),
                cancel: run.cancel.clone(),
                runtime: run.runtime.clone(),
                log: Some(run.checkpoint.source_log(run.inputs.len())),
            })?;
            let initial = reader.initial()?;
            run.leaves.push(run.inputs.len());
            let description = leaf.source.description();
            run.inputs.push(BatchInput {
                leaf: leaf.id,
                description,
                reader,
                committed: None,
                available: None,
                initial,
            });
        }
        run.recover()?;
        run.state = QueryState::open(&run.checkpoint, &run.plan, &run.logged_conf, run.next.previous())?;
        Ok(run)
    }

    /// `availableNow`: notes what is there, before any batch. The trigger comes back as it can be
    /// carried out.
    pub fn pin_available(&mut self, trigger: Trigger) -> Result<Trigger> {
        if trigger != Trigger::AvailableNow {
            return Ok(trigger);
        }
        let mut pinned = trigger;
        for input in &mut self.inputs {
            if input.reader.pin_available()? == Available::OneBatchOnly {
                log::warn!(
                    "the source {} cannot note what is available now: the query runs one single batch",
                    input.description
                );
                pinned = trigger.with_a_source_that_cannot_pin();
            }
        }
        Ok(pinned)
    }

    /// One trigger: runs the next batch and reports it, or finds nothing new.
    pub fn trigger(&mut self, limit: ReadLimit) -> Result<Option<Progress>> {
        let clock = Arc::clone(&self.plan.env().clock);
        let (began_ms, began) = (clock.now_ms(), clock.monotonic());
        let mut times = Durations::default();
        let Some(mut progress) = self.run_batch(limit, &mut times)? else { return Ok(None) };
        times.trigger_execution = clock.monotonic().saturating_sub(began);
        progress.began_ms = began_ms;
        progress.duration = times.trigger_execution;
        progress.durations = times;
        progress.since_last = self.last_began.replace(began).map(|last| began.saturating_sub(last));
        Ok(Some(progress))
    }

    /// The life of a batch. A crash between any two of its steps is covered by the recovery table,
    /// or by the source's own log.
    fn run_batch(&mut self, limit: ReadLimit, times: &mut Durations) -> Result<Option<Progress>> {
        // 1. A trigger fired. 2. Each reader says where this batch ends, unless the log has its range.
        let begun = self.replay.pop_front();
        let replayed = begun.is_some();
        let (logged, next_watermark_ms) = match begun {
            Some(begun) => {
                self.inputs.iter_mut().zip(begun.ends).for_each(|(input, end)| input.available = end);
                (begun.logged, begun.next_watermark_ms)
            }
            None => match self.timed(&mut times.latest_offset, |run| run.find_ends(limit))? {
                Some(logged) => (logged, None),
                None => return Ok(None),
            },
        };
        let batch = Arc::new(Batch {
            id: self.next,
            clock_ms: logged.clock_ms,
            late_ms: self.late_ms,
            evict_ms: logged.watermark_ms,
            cancel: self.cancel.child(),
        });
        // 3. The range is recorded before a row enters the plan.
        if !replayed {
            crash::point("before-offsets");
            self.timed(&mut times.wal_commit, |run| run.log_offsets(batch.id, logged))?;
            crash::point("offsets");
        }
        if !self.noted {
            self.note_query()?;
            self.noted = true;
        }
        self.monitor.message("Processing new data");
        // 4. The plan reads this batch's rows, and what operators keep of them becomes durable.
        // 5. The writer makes them visible, whole or not at all.
        let inputs = self.timed(&mut times.get_batch, Self::partitions)?;
        let done = self.timed(&mut times.add_batch, |run| match &run.output {
            Opened::EachBatch(callback) => run.call(&Arc::clone(callback), &batch, inputs),
            Opened::Writer { writer, .. } => run.write(Arc::clone(writer), &batch, inputs, replayed),
        })?;
        crash::point("sink-committed");
        self.place = self.place.after(times.add_batch);
        // 6. The checkpoint records that it did.
        self.watermark.advance(done.seen.ends.iter().copied());
        if let Some(watermark_ms) = next_watermark_ms {
            self.watermark.reach(watermark_ms);
        }
        self.timed(&mut times.commit_offsets, |run| {
            run.checkpoint.log_commit(batch.id, CommitsEntry { next_watermark_ms: run.watermark.current_ms() })
        })?;
        crash::point("commits");
        let progress = self.report(&batch, &done);
        self.late_ms = batch.evict_ms;
        self.evicted_ms = Some(batch.evict_ms);
        self.settle(done.state)?;
        crash::point("source-committed");
        Ok(Some(progress))
    }

    fn timed<T>(&mut self, time: &mut Duration, step: impl FnOnce(&mut Self) -> T) -> T {
        let clock = Arc::clone(&self.plan.env().clock);
        let began = clock.monotonic();
        let result = step(self);
        *time = clock.monotonic().saturating_sub(began);
        result
    }

    /// Where each reader says the batch ends, and the batch's clock reading; `None` when no source
    /// has anything new.
    fn find_ends(&mut self, limit: ReadLimit) -> Result<Option<LoggedBatch>> {
        let mut any_new = false;
        for input in &mut self.inputs {
            self.monitor.getting_offsets(&input.description);
            let start = input.committed.as_ref().or(input.initial.as_ref());
            // A source that has an offset before it has rows makes batch 0 run, empty.
            input.available = match input.reader.end_of_batch(start, limit)? {
                Some(end) => Some(end),
                None => start.cloned(),
            };
            any_new |= input.available != input.committed;
        }
        crash::point("source-log");
        self.monitor.data_available(any_new);
        if let (Some(state), Some(_)) = (&self.state, self.evicted_ms) {
            state.check_watermark(self.watermark.current_ms())?;
        }
        if !any_new && !self.idle_batch_is_due() {
            self.monitor.message("Waiting for data to arrive");
            return Ok(None);
        }
        let clock_ms = self.plan.env().clock.now_ms();
        Ok(Some(LoggedBatch { watermark_ms: self.watermark.current_ms(), clock_ms, conf: self.logged_conf.clone() }))
    }

    /// Whether some operator wants a batch although no row has come: its watermark has moved since
    /// this run's last batch, or its time has come.
    fn idle_batch_is_due(&self) -> bool {
        let (Some(state), Some(evicted_ms), true) = (&self.state, self.evicted_ms, self.idle_batches) else {
            return false;
        };
        state.wants_idle_batch(evicted_ms, self.watermark.current_ms(), self.plan.env().clock.now_ms())
    }

    fn log_offsets(&mut self, id: BatchId, logged: LoggedBatch) -> Result<()> {
        self.monitor.message("Writing offsets to log");
        let end = |i: &usize| self.inputs[*i].available.as_ref().map(|end| end.0.clone());
        let ends = self.leaves.iter().map(end).collect();
        self.checkpoint.log_offsets(id, &OffsetsEntry { batch: Some(logged), ends, leaves: Leaves::Known })
    }

    /// The ranges cut into partitions. A source that did not move is not read.
    fn partitions(&mut self) -> Result<Inputs> {
        let mut inputs = Inputs::new();
        for input in &mut self.inputs {
            let start = input.committed.as_ref().or(input.initial.as_ref());
            let partitions = match &input.available {
                Some(end) if start != Some(end) => input.reader.partitions(start, end)?,
                _ => Vec::new(),
            };
            inputs.insert(input.leaf, partitions);
        }
        Ok(inputs)
    }

    /// Hands the batch to the user's function.
    fn call(&self, callback: &Arc<dyn EachBatch>, batch: &Arc<Batch>, inputs: Inputs) -> Result<Done> {
        let frame = match &self.state {
            None => BatchFrame::new(Arc::clone(&self.plan), Arc::clone(batch), inputs),
            // It runs once, whatever the function makes of it.
            Some(_) => BatchFrame::held(Arc::clone(&self.plan), Arc::clone(batch), self.pass(batch, inputs)?),
        };
        let change = self.write_state(&frame.passes(), batch)?;
        let cancel = &batch.cancel;
        cancel.owning(|| callback.call(Arc::new(frame.clone()), batch.id))?;
        // Whatever the function made of it: a batch during which the query was stopped is not done.
        cancel.check()?;
        if self.monitor.is_stopped_inside() {
            return Err(CancelReason::Stopped.error());
        }
        frame.done();
        let passes = frame.passes();
        let seen = self.seen(&passes);
        Ok(Done { passes, report: SinkReport::default(), seen, state: change.map(StateOutcome::Changed) })
    }

    /// Runs one pass into the writer's stage, and commits it. A replayed batch that is visible
    /// already does not run again.
    fn write(&mut self, writer: Arc<dyn Writer>, batch: &Arc<Batch>, inputs: Inputs, replayed: bool) -> Result<Done> {
        if replayed && self.runtime.block_on(writer.is_committed(batch.id))? {
            return self.visible_already(batch, inputs);
        }
        let pass = self.pass(batch, inputs)?;
        let passes = vec![Arc::clone(pass.context())];
        let staged = all_lanes(&self.runtime, self.place, pass.lanes(), &batch.cancel, |lane| {
            let (pass, writer, batch) = (Arc::clone(&pass), Arc::clone(&writer), Arc::clone(batch));
            async move { writer.stage(&batch, lane, pass.lane(lane)?).await }
        });
        crash::point("staged");
        // The pass holds what it read; the writer has its rows.
        let changed = staged.and_then(|staged| match self.write_state(&passes, batch) {
            Ok(change) => Ok((staged, change)),
            Err(error) => Err((error, staged)),
        });
        let (staged, change) = match changed {
            Ok(done) => done,
            Err((error, staged)) => {
                if let Err(abort) = self.runtime.block_on(writer.abort(batch, staged)) {
                    log::warn!("cannot remove what batch {} had staged: {abort}", batch.id);
                }
                return Err(error);
            }
        };
        let report = self.commit(&writer, batch, staged)?;
        let seen = self.seen(&passes);
        Ok(Done { passes, report, seen, state: change.map(StateOutcome::Changed) })
    }

    /// A pass over the batch, all of its stages filled.
    fn pass(&self, batch: &Arc<Batch>, inputs: Inputs) -> Result<Arc<Pass>> {
        let state = self.state.as_ref().map(|state| state.pass(batch)).transpose()?;
        let pass = Arc::new(self.plan.pass_with(Arc::clone(batch), inputs, state)?);
        for (stage, lanes) in pass.stages().enumerate() {
            let filled = all_lanes(&self.runtime, self.place, lanes, &batch.cancel, |lane| {
                let pass = Arc::clone(&pass);
                async move { pass.fill(stage, lane).await }
            });
            filled.map_err(|(error, _)| error)?;
        }
        Ok(pass)
    }

    /// A batch that is visible already. What it changed was durable before, unless a rollback let that
    /// go: then the plan runs into nothing for its state's sake. Without state it runs into nothing
    /// for its watermark's sake, and not at all if it has none.
    fn visible_already(&self, batch: &Arc<Batch>, inputs: Inputs) -> Result<Done> {
        let report = SinkReport::default();
        if let Some(state) = &self.state {
            let lost = self.rolled_back.is_none_or(|rolled_back| rolled_back < batch.id);
            let if_gone = if lost { IfGone::Refuse } else { IfGone::RunAgain };
            if let Some(left) = state.left(&self.checkpoint, if_gone)? {
                let seen = SeenTimes { ends: left.event_times.clone(), stats: None };
                return Ok(Done { passes: Vec::new(), report, seen, state: Some(StateOutcome::Left(left)) });
            }
        } else if self.plan.watermarks().is_empty() {
            return Ok(Done { passes: Vec::new(), report, seen: SeenTimes::default(), state: None });
        }
        let pass = self.pass(batch, inputs)?;
        let drained = all_lanes(&self.runtime, self.place, pass.lanes(), &batch.cancel, |lane| {
            let pass = Arc::clone(&pass);
            async move { pass.lane(lane)?.drain().await }
        });
        drained.map_err(|(error, _)| error)?;
        let passes = vec![Arc::clone(pass.context())];
        let change = self.write_state(&passes, batch)?;
        Ok(Done { seen: self.seen(&passes), passes, report, state: change.map(StateOutcome::Changed) })
    }

    /// Makes durable what a pass changed, before anything of the batch is visible.
    fn write_state(&self, passes: &[Arc<PassContext>], batch: &Batch) -> Result<Option<StateChange>> {
        let (Some(state), [pass]) = (&self.state, passes) else { return Ok(None) };
        batch.cancel.check()?;
        let clock = &self.plan.env().clock;
        let changes = pass.states().ok_or_else(|| Error::internal("a pass without its state"))?;
        state.write(changes, &self.seen(passes).ends, &|| clock.monotonic()).map(Some)
    }

    /// Commits what was staged. When that fails, a writer opened anew says whether the batch became
    /// visible all the same.
    fn commit(&mut self, writer: &Arc<dyn Writer>, batch: &Batch, staged: Vec<Staged>) -> Result<SinkReport> {
        let error = match self.runtime.block_on(writer.commit(batch, staged)) {
            Ok(report) => return Ok(report),
            Err(error) => error,
        };
        let Opened::Writer { sink, run, writer } = &mut self.output else { return Err(error) };
        let reopened = match sink.open(run.clone()) {
            Ok(reopened) => reopened,
            Err(again) => return Err(error.context(format!("opening the sink again failed too: {again}"))),
        };
        *writer = Arc::clone(&reopened);
        match self.runtime.block_on(reopened.is_committed(batch.id)) {
            Ok(true) => {
                log::warn!("batch {} is visible although its commit failed: {error}", batch.id);
                Ok(SinkReport::default())
            }
            Ok(false) => Err(error),
            Err(again) => {
                Err(error.context(format!("asking whether batch {} is visible failed too: {again}", batch.id)))
            }
        }
    }

    /// The event times that passes over one batch saw.
    fn seen(&self, passes: &[Arc<PassContext>]) -> SeenTimes {
        let stats: Vec<_> = (0..self.plan.watermarks().len())
            .map(|i| passes.iter().filter_map(|pass| pass.event_time(i)?.stats()).max_by_key(|stats| stats.max_ms))
            .collect();
        let ends = stats.iter().zip(self.plan.watermarks());
        let ends = ends.map(|(stats, mark)| stats.map(|stats| stats.max_ms - mark.delay_ms)).collect();
        // Spark reports the first operator that saw rows.
        SeenTimes { ends, stats: stats.into_iter().flatten().next() }
    }

    fn report(&self, batch: &Batch, done: &Done) -> Progress {
        let watches = !self.plan.watermarks().is_empty();
        let event_time = watches.then_some(EventTimeProgress { stats: done.seen.stats, watermark_ms: batch.evict_ms });
        let operators = match &done.state {
            Some(StateOutcome::Changed(change)) => change.operators.clone(),
            Some(StateOutcome::Left(_)) | None => Vec::new(),
        };
        let sources = self.inputs.iter().map(|input| {
            let report = input.reader.report();
            SourceProgress {
                description: input.description.clone(),
                start: input.committed.clone(),
                end: input.available.clone(),
                latest: report.latest,
                rows: done.passes.iter().map(|pass| pass.rows_read(input.leaf)).sum(),
                metrics: report.metrics,
            }
        });
        Progress {
            batch_id: batch.id.0,
            event_time,
            operators,
            sources: sources.collect(),
            sink: SinkProgress { description: self.output.description(), rows: done.report.rows },
            ..Progress::default()
        }
    }

    /// After `commits/N`: the batch is part of the state, the sources may forget it, and so may the
    /// log in time.
    fn settle(&mut self, outcome: Option<StateOutcome>) -> Result<()> {
        let done = self.next;
        match (&mut self.state, outcome) {
            (Some(state), Some(StateOutcome::Changed(change))) => state.advance(change)?,
            (Some(state), Some(StateOutcome::Left(left))) => state.adopt(left)?,
            _ => {}
        }
        self.next = done.next();
        if self.rolled_back.take_if(|rolled_back| *rolled_back == done).is_some() {
            self.checkpoint.end_rollback()?;
        }
        for input in &mut self.inputs {
            if input.committed != input.available {
                input.committed.clone_from(&input.available);
                if let Some(end) = &input.committed {
                    input.reader.commit(end)?;
                }
            }
        }
        if let Some(state) = &mut self.state {
            state.forget_before(self.checkpoint.first_kept(done))?;
        }
        self.checkpoint.forget_before(done)
    }

    /// The ends of the last batch and of the one that is under way, for the message of a query that
    /// failed.
    pub fn offsets(&self) -> (String, String) {
        let show = |offset: fn(&BatchInput) -> Option<&Offset>| {
            let shown: Vec<_> = self
                .inputs
                .iter()
                .filter_map(|input| offset(input).map(|offset| format!("{}: {offset}", input.description)))
                .collect();
            format!("{{{}}}", shown.join(", "))
        };
        (show(|input| input.committed.as_ref()), show(|input| input.available.as_ref()))
    }

    /// The report of a trigger that found nothing new.
    pub fn nothing_new(&self, began_ms: i64) -> Progress {
        let sources = self.inputs.iter().map(|input| {
            let at = input.committed.clone().or_else(|| input.initial.clone());
            let description = input.description.clone();
            SourceProgress { description, start: at.clone(), end: at, ..SourceProgress::default() }
        });
        Progress {
            began_ms,
            batch_id: self.next.0,
            ran: Ran::Nothing,
            sources: sources.collect(),
            sink: SinkProgress { description: self.output.description(), rows: None },
            ..Progress::default()
        }
    }

    /// Ends the run: drops readers and writer, then lets the checkpoint go.
    pub fn close(self, removal: Removal) {
        let Self { inputs, output, checkpoint, .. } = self;
        drop(inputs);
        drop(output);
        checkpoint.close(removal);
    }
}

impl Opened {
    fn description(&self) -> String {
        match self {
            Self::Writer { sink, .. } => sink.description(),
            Self::EachBatch(_) => "ForeachBatchSink".into(),
        }
    }
}
