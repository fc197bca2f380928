//! Calls that pull their input, each on a thread of its own, with bounded channels between.
//!
//! Such a function may read ahead: its batches wait here until as many rows have come out as went
//! in. The stream never waits for one function alone: it moves whatever can move (outputs in,
//! chunks out, the next batch from below), so that functions over functions cannot block each
//! other.
//!
//! A pass of a continuous query hands its threads on to the next ([`Kept`]): there the input never
//! ends, only the pass does.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::task::{Context, Poll};

use arrow::array::{Array, ArrayRef, RecordBatch, new_empty_array};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result as DfResult;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::channel::mpsc;
use futures::executor::block_on;
use futures::stream::{Stream, StreamExt};
use futures::{SinkExt, ready};
use parking_lot::Mutex;

use super::exec::{PhysicalCall, append};
use crate::batch::Batch;
use crate::error::{Error, Result, condition};
use crate::function::Chunk;
use crate::plan::pass::PassContext;
use crate::runtime::CancelReason;

/// Chunks that wait in a channel: one is worked on while the next is ready.
const WAITING: usize = 1;

/// Appends the columns of the calls after the first `row_calls`.
pub fn stream(
    input: SendableRecordBatchStream,
    calls: Arc<[PhysicalCall]>,
    row_calls: usize,
    pass: Arc<PassContext>,
    schema: SchemaRef,
) -> impl Stream<Item = DfResult<RecordBatch>> {
    let pulls = (row_calls..calls.len()).map(|i| Pull::new(Arc::clone(&calls), i, pass.kept().cloned())).collect();
    PullStream { input, pass, schema, pulls, pending: VecDeque::new(), state: PullState::Reading }
}

/// How far a pass has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PullState {
    Reading,
    /// The input has ended; functions still owe rows, or have not returned.
    Draining,
    Done,
}

struct PullStream {
    input: SendableRecordBatchStream,
    pass: Arc<PassContext>,
    schema: SchemaRef,
    pulls: Vec<Pull>,
    /// Batches whose rows have gone in and not yet come out of every function.
    pending: VecDeque<RecordBatch>,
    state: PullState,
}

/// What a function's thread receives. A channel that closes without `End` means that the pass was
/// given up.
enum PullMessage {
    Rows(Chunk),
    /// No more rows come.
    End,
    /// No more rows come in this pass: a function that still owes rows is ended here, since the
    /// next pass may be long in coming.
    Pause,
}

/// The functions that one lane of a continuous query has open between its passes.
#[derive(Default)]
pub struct Kept(Mutex<HashMap<KeptCall, Thread>>);

/// A call: the place of its operator's calls, which every pass over one plan shares, and which of
/// them it is.
type KeptCall = (usize, usize);

/// One call and its thread.
struct Pull {
    calls: Arc<[PhysicalCall]>,
    index: usize,
    /// Before the first row there is no thread.
    thread: Option<Thread>,
    /// Where the thread goes when the pass has ended.
    kept: Option<Arc<Kept>>,
    /// Not yet in the channel.
    outbox: VecDeque<PullMessage>,
    ready: VecDeque<ArrayRef>,
    ready_rows: usize,
    /// The function has returned.
    ended: bool,
    /// It returned without reading all of its input.
    unread: bool,
}

struct Thread {
    to: mpsc::Sender<PullMessage>,
    from: mpsc::Receiver<Result<ArrayRef>>,
    /// The function was told that its input has ended. Set before the rows that it then gives, so
    /// whoever has those sees this.
    input_ended: Arc<AtomicBool>,
}

impl Pull {
    fn new(calls: Arc<[PhysicalCall]>, index: usize, kept: Option<Arc<Kept>>) -> Self {
        Self {
            calls,
            index,
            thread: None,
            kept,
            outbox: VecDeque::new(),
            ready: VecDeque::new(),
            ready_rows: 0,
            ended: false,
            unread: false,
        }
    }

    fn call(&self) -> &PhysicalCall {
        &self.calls[self.index]
    }

    fn kept_call(&self) -> KeptCall {
        (Arc::as_ptr(&self.calls).cast::<PhysicalCall>() as usize, self.index)
    }

    /// Queues a batch's rows, and starts the thread with the first, or takes up the one that an
    /// earlier pass left.
    fn feed(&mut self, batch: &RecordBatch, pass: &PassContext) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if self.ended {
            return Err(self.error(Error::of(condition::INPUT_NOT_FULLY_CONSUMED)));
        }
        let chunk = self.call().chunk(batch)?;
        let size = self.call().function.chunk_rows(chunk.rows);
        self.outbox.extend(chunk.cut(size).into_iter().map(PullMessage::Rows));
        if self.thread.is_none() {
            let left = self.kept.as_ref().and_then(|kept| kept.0.lock().remove(&self.kept_call()));
            self.thread = Some(match left {
                Some(thread) => thread,
                None => start(Arc::clone(&self.calls), self.index, pass)?,
            });
        }
        Ok(())
    }

    /// No more rows come in this pass.
    fn end_input(&mut self) {
        self.outbox.push_back(if self.kept.is_some() { PullMessage::Pause } else { PullMessage::End });
    }

    /// Whether the pass, which has all of its rows, need not wait for this function.
    fn is_done(&self) -> bool {
        self.thread.is_none() || self.ended || self.kept.is_some()
    }

    /// Leaves the thread, which owes nothing, to the next pass; not that of a function which was
    /// ended with this one.
    fn keep(&mut self) {
        if let (Some(kept), Some(thread), false) = (&self.kept, self.thread.take(), self.ended)
            && !thread.input_ended.load(Ordering::Acquire)
        {
            kept.0.lock().insert(self.kept_call(), thread);
        }
    }

    /// Moves what can move between the thread and here; true if something did.
    fn advance(&mut self, cx: &mut Context<'_>) -> Result<bool> {
        let call = &self.calls[self.index];
        let Some(thread) = &mut self.thread else { return Ok(false) };
        let mut moved = false;
        while !self.ended {
            match thread.from.poll_next_unpin(cx) {
                Poll::Pending => break,
                Poll::Ready(None) => self.ended = true,
                Poll::Ready(Some(output)) => {
                    let output = output?;
                    call.check(&output, None)?;
                    self.ready_rows += output.len();
                    self.ready.push_back(output);
                }
            }
            moved = true;
        }
        while !self.outbox.is_empty() {
            match thread.to.poll_ready(cx) {
                Poll::Pending => break,
                // The function has returned: its rows are counted when its channel ends.
                Poll::Ready(Err(_)) => {
                    self.unread |= self.outbox.iter().any(|message| matches!(message, PullMessage::Rows(_)));
                    self.outbox.clear();
                }
                Poll::Ready(Ok(())) => {
                    if let Some(message) = self.outbox.pop_front() {
                        let _ = thread.to.start_send(message);
                    }
                }
            }
            moved = true;
        }
        Ok(moved)
    }

    /// The next `rows` rows of output, which must be ready.
    fn take(&mut self, rows: usize) -> Result<ArrayRef> {
        let mut parts = Vec::new();
        let mut missing = rows;
        while missing > 0 {
            let Some(output) = self.ready.pop_front() else {
                return Err(Error::internal("rows were counted that are not there"));
            };
            if output.len() > missing {
                self.ready.push_front(output.slice(missing, output.len() - missing));
                parts.push(output.slice(0, missing));
                missing = 0;
            } else {
                missing -= output.len();
                parts.push(output);
            }
        }
        self.ready_rows -= rows;
        match parts.len() {
            0 => Ok(new_empty_array(self.call().column.data_type())),
            1 => Ok(parts.swap_remove(0)),
            _ => Ok(concat(&parts.iter().map(|part| part.as_ref() as &dyn Array).collect::<Vec<_>>())?),
        }
    }

    fn error(&self, error: Error) -> Error {
        error.context(format!("calling '{}'", self.call().function.name()))
    }

    fn is_idle(&self) -> bool {
        self.outbox.is_empty()
    }
}

impl PullStream {
    /// Moves everything that can move; true if something did.
    fn advance(&mut self, cx: &mut Context<'_>) -> Result<bool> {
        let mut moved = false;
        for pull in &mut self.pulls {
            moved |= pull.advance(cx)?;
        }
        self.check_counts()?;
        if self.state == PullState::Reading && self.pulls.iter().all(Pull::is_idle) {
            match self.input.poll_next_unpin(cx) {
                Poll::Pending => {}
                Poll::Ready(Some(batch)) => {
                    let batch = batch?;
                    self.pass.batch().cancel.check()?;
                    for pull in &mut self.pulls {
                        pull.feed(&batch, &self.pass)?;
                    }
                    self.pending.push_back(batch);
                    moved = true;
                }
                Poll::Ready(None) => {
                    self.pulls.iter_mut().for_each(Pull::end_input);
                    self.state = PullState::Draining;
                    moved = true;
                }
            }
        }
        Ok(moved)
    }

    /// A function must give as many rows as it takes: not more, and not return before.
    fn check_counts(&self) -> Result<()> {
        let fed: usize = self.pending.iter().map(RecordBatch::num_rows).sum();
        for pull in &self.pulls {
            if pull.ready_rows > fed {
                return Err(pull.error(Error::of(condition::OUTPUT_EXCEEDS_INPUT_ROWS)));
            }
            if pull.ended && pull.unread {
                return Err(pull.error(Error::of(condition::INPUT_NOT_FULLY_CONSUMED)));
            }
            if pull.ended && pull.ready_rows < fed {
                let error = Error::of(condition::RESULT_ROWS_MISMATCH);
                return Err(pull.error(error.with("output_length", pull.ready_rows).with("input_length", fed)));
            }
        }
        Ok(())
    }

    fn emit(&mut self) -> Result<Option<RecordBatch>> {
        let Some(rows) = self.pending.front().map(RecordBatch::num_rows) else { return Ok(None) };
        if self.pulls.iter().any(|pull| pull.ready_rows < rows) {
            return Ok(None);
        }
        let Some(batch) = self.pending.pop_front() else { return Ok(None) };
        let outputs = self.pulls.iter_mut().map(|pull| pull.take(rows)).collect::<Result<Vec<_>>>()?;
        append(&batch, outputs, &self.schema).map(Some)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<RecordBatch>>> {
        loop {
            if let Some(batch) = self.emit()? {
                return Poll::Ready(Ok(Some(batch)));
            }
            if self.state == PullState::Draining && self.pending.is_empty() && self.pulls.iter().all(Pull::is_done) {
                self.pulls.iter_mut().for_each(Pull::keep);
                return Poll::Ready(Ok(None));
            }
            if !self.advance(cx)? {
                return Poll::Pending;
            }
        }
    }
}

impl Stream for PullStream {
    type Item = DfResult<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.state == PullState::Done {
            return Poll::Ready(None);
        }
        let item = ready!(self.poll(cx)).map_err(Into::into).transpose();
        if !matches!(item, Some(Ok(_))) {
            self.state = PullState::Done;
            self.pulls.clear();
        }
        Poll::Ready(item)
    }
}

/// Starts the thread that runs a call's function over its chunks.
fn start(calls: Arc<[PhysicalCall]>, index: usize, pass: &PassContext) -> Result<Thread> {
    let (to, chunks) = mpsc::channel(WAITING);
    let (mut outputs, from) = mpsc::channel(WAITING);
    let batch = Arc::clone(pass.batch());
    let name = format!("firesteel-{}", calls[index].function.name());
    let input_ended = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&input_ended);
    pass.runtime().thread(&name, move || {
        // The sender goes last: when its channel ends, nothing of the function is left.
        if let Err(error) = run(&calls[index], &batch, chunks, ended, &mut outputs) {
            let _ = block_on(outputs.send(Err(error)));
        }
        outputs.close_channel();
    })?;
    Ok(Thread { to, from, input_ended })
}

fn run(
    call: &PhysicalCall,
    batch: &Batch,
    chunks: mpsc::Receiver<PullMessage>,
    ended: Arc<AtomicBool>,
    outputs: &mut mpsc::Sender<Result<ArrayRef>>,
) -> Result<()> {
    let owed = Arc::new(AtomicI64::new(0));
    let input = ChunkInput { chunks, owed: Arc::clone(&owed), ended };
    for output in call.function.pull(batch, Box::new(input))? {
        let output = output?;
        owed.fetch_sub(output.len() as i64, Ordering::Relaxed);
        if block_on(outputs.send(Ok(output))).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The chunks as the function sees them.
struct ChunkInput {
    chunks: mpsc::Receiver<PullMessage>,
    /// Rows that went in and have not come out. A function may pull on a thread of its own, hence
    /// atomic.
    owed: Arc<AtomicI64>,
    ended: Arc<AtomicBool>,
}

impl Iterator for ChunkInput {
    type Item = Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended.load(Ordering::Relaxed) {
            return None;
        }
        loop {
            match block_on(self.chunks.next()) {
                Some(PullMessage::Rows(chunk)) => {
                    self.owed.fetch_add(chunk.rows as i64, Ordering::Relaxed);
                    return Some(Ok(chunk));
                }
                Some(PullMessage::Pause) if self.owed.load(Ordering::Relaxed) <= 0 => {}
                Some(PullMessage::End | PullMessage::Pause) => {
                    self.ended.store(true, Ordering::Release);
                    return None;
                }
                None => {
                    self.ended.store(true, Ordering::Release);
                    return Some(Err(CancelReason::Abandoned.error()));
                }
            }
        }
    }
}
