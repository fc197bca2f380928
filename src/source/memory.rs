//! Rows in memory: [`MemoryTable`], a static relation (createDataFrame, VALUES, cached data), and
//! [`MemoryStream`], a stream that tests and notebooks feed by hand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parking_lot::{Condvar, Mutex};

use super::once::OnceReader;
use super::{
    Available, ContinuousReader, LaneOffset, Offset, Partition, ReadLimit, Reader, RecordBatches, Scan, Source,
    SourceRun, Tail,
};
use crate::error::{Error, ErrorKind, Result};

/// Rows that do not change, cut into as many contiguous parts as there are lanes. Nothing is
/// copied.
#[derive(Clone, Debug)]
pub struct MemoryTable {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    local: bool,
}

impl MemoryTable {
    /// An error when a batch has another schema than `schema` (field metadata aside).
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Self> {
        let batches = batches.into_iter().map(|batch| fit(&schema, batch)).collect::<Result<_>>()?;
        Ok(Self { schema, batches, local: false })
    }

    /// The rows are those that a statement answers with, or of a table that the user holds:
    /// `isLocal()` says so.
    #[must_use]
    pub fn local(self) -> Self {
        Self { local: true, ..self }
    }

    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

/// Gives a batch the declared schema, or says which column differs.
fn fit(schema: &SchemaRef, batch: RecordBatch) -> Result<RecordBatch> {
    if batch.schema_ref() == schema {
        return Ok(batch);
    }
    let rows = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), batch.columns().to_vec(), &rows)
        .map_err(|error| Error::illegal(format!("the rows do not have the schema of the table: {error}")))
}

impl Source for MemoryTable {
    fn description(&self) -> String {
        "LocalTableScan".into()
    }

    fn is_local(&self) -> bool {
        self.local
    }

    /// Two tables are two, whatever rows they have.
    fn identity(&self) -> String {
        format!("{:p} of {}", self.batches.as_ptr(), self.rows())
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        Ok(Box::new(OnceReader(partitions(&self.batches, run.lanes))))
    }
}

/// Cuts batches into `lanes` contiguous partitions, some of them empty, where PySpark cuts a list:
/// it sends groups of rows, and cuts between those.
fn partitions(batches: &[RecordBatch], lanes: usize) -> Vec<Arc<dyn Partition>> {
    const MOST_IN_GROUP: usize = 1024;
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let lanes = lanes.max(1);
    let group = (rows / lanes).clamp(1, MOST_IN_GROUP);
    let groups = rows.div_ceil(group);
    let cut = |lane: usize| (lane * groups / lanes * group).min(rows);
    let mut rest = batches.iter().cloned().collect::<VecDeque<_>>();
    let mut parts = Vec::with_capacity(lanes);
    for lane in 0..lanes {
        let (mut wanted, mut part) = (cut(lane + 1) - cut(lane), Vec::new());
        while wanted > 0
            && let Some(batch) = rest.pop_front()
        {
            let take = wanted.min(batch.num_rows());
            if take < batch.num_rows() {
                rest.push_front(batch.slice(take, batch.num_rows() - take));
            }
            part.push(batch.slice(0, take));
            wanted -= take;
        }
        parts.push(Arc::new(HeldBatches(part)) as Arc<dyn Partition>);
    }
    parts
}

/// Record batches that are there.
struct HeldBatches(Vec<RecordBatch>);

impl Partition for HeldBatches {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        Ok(RecordBatches::ready(self.0.iter().map(|batch| scan.project(batch)).collect::<Result<_>>()?))
    }
}

/// A stream that is fed by hand: whatever [`MemoryStream::add`] is given is there for the next
/// batch, or at once in a continuous query.
///
/// An offset is the number of the newest record batch, from 0. Several queries may read one stream;
/// a record batch is forgotten when each query that is open has committed it, so a stream does not
/// replay for another process, nor for a query that was not open.
#[derive(Clone, Debug)]
pub struct MemoryStream {
    schema: SchemaRef,
    shared: Arc<StreamBuffer>,
}

#[derive(Debug, Default)]
struct StreamBuffer {
    state: Mutex<BufferedRows>,
    added: Condvar,
}

#[derive(Debug, Default)]
struct BufferedRows {
    /// The number of the first record batch that is still held.
    first: u64,
    held: VecDeque<RecordBatch>,
    /// By open reader, the number of record batches that it has committed.
    committed: BTreeMap<u64, u64>,
    next_reader: u64,
}

impl BufferedRows {
    /// How many record batches there have been.
    fn end(&self) -> u64 {
        self.first + self.held.len() as u64
    }

    fn commit(&mut self, reader: u64, upto: u64) {
        self.committed.insert(reader, upto);
        let least = self.committed.values().copied().min().unwrap_or(0);
        while self.first < least && self.held.pop_front().is_some() {
            self.first += 1;
        }
    }

    fn get(&self, number: u64) -> Result<&RecordBatch> {
        number.checked_sub(self.first).and_then(|i| self.held.get(i as usize)).ok_or_else(|| {
            Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "the memory stream does not have its record batch {number} any more, it holds {} to {}: \
                     a memory stream cannot be replayed; start with a new checkpoint",
                    self.first,
                    self.end()
                ),
            )
        })
    }
}

impl MemoryStream {
    pub fn new(schema: SchemaRef) -> Self {
        Self { schema, shared: Arc::default() }
    }

    /// Adds rows and says how far the stream goes now. An empty list adds nothing.
    pub fn add(&self, batches: Vec<RecordBatch>) -> Result<Offset> {
        let batches = batches.into_iter().map(|batch| fit(&self.schema, batch)).collect::<Result<Vec<_>>>()?;
        let mut state = self.shared.state.lock();
        state.held.extend(batches);
        self.shared.added.notify_all();
        Ok(write(state.end()))
    }

    fn open_reader(&self, lanes: usize) -> StreamReader {
        let mut state = self.shared.state.lock();
        let id = state.next_reader;
        state.next_reader += 1;
        let first = state.first;
        state.committed.insert(id, first);
        StreamReader { id, lanes: lanes.max(1), shared: Arc::clone(&self.shared), pinned: None }
    }
}

/// The offset after `count` record batches.
fn write(count: u64) -> Offset {
    Offset((i128::from(count) - 1).to_string())
}

/// The number of record batches before an offset.
fn read(offset: Option<&Offset>) -> Result<u64> {
    let Some(offset) = offset else { return Ok(0) };
    let last: i64 = offset.0.parse().map_err(|error| offset.damaged("memory", error))?;
    u64::try_from(last + 1).map_err(|error| offset.damaged("memory", error))
}

impl Source for MemoryStream {
    fn description(&self) -> String {
        let names: Vec<_> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        format!("MemoryStream[{}]", names.join(","))
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn replays(&self) -> bool {
        false
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        Ok(Box::new(self.open_reader(run.lanes)))
    }

    fn open_continuous(&self, run: SourceRun) -> Result<Box<dyn ContinuousReader>> {
        Ok(Box::new(self.open_reader(run.lanes)))
    }
}

/// The stream opened by one run of one query, of either kind.
struct StreamReader {
    id: u64,
    lanes: usize,
    shared: Arc<StreamBuffer>,
    pinned: Option<u64>,
}

impl Drop for StreamReader {
    fn drop(&mut self) {
        self.shared.state.lock().committed.remove(&self.id);
    }
}

impl Reader for StreamReader {
    fn initial(&mut self) -> Result<Option<Offset>> {
        let first = self.shared.state.lock().first;
        Ok((first > 0).then(|| write(first)))
    }

    fn pin_available(&mut self) -> Result<Available> {
        self.pinned = Some(self.shared.state.lock().end());
        Ok(Available::Pinned)
    }

    fn end_of_batch(&mut self, start: Option<&Offset>, _: ReadLimit) -> Result<Option<Offset>> {
        let end = self.pinned.unwrap_or_else(|| self.shared.state.lock().end());
        Ok((end > read(start)?).then(|| write(end)))
    }

    fn partitions(&mut self, start: Option<&Offset>, end: &Offset) -> Result<Vec<Arc<dyn Partition>>> {
        let state = self.shared.state.lock();
        let batches = (read(start)?..read(Some(end))?).map(|i| state.get(i).cloned()).collect::<Result<Vec<_>>>()?;
        Ok(partitions(&batches, self.lanes))
    }

    fn commit(&mut self, end: &Offset) -> Result<()> {
        let upto = read(Some(end))?;
        self.shared.state.lock().commit(self.id, upto);
        Ok(())
    }
}

/// In a continuous query record batch n belongs to lane n mod lanes; the merged offset lists what
/// each lane reads next, e.g. `[4,3]`.
impl ContinuousReader for StreamReader {
    fn start(&mut self, from: Option<&Offset>) -> Result<Vec<Box<dyn Tail>>> {
        let (first, lanes) = (self.shared.state.lock().first, self.lanes as u64);
        let next: Vec<u64> = match from {
            None => (0..lanes).map(|lane| first + (lane + lanes - first % lanes) % lanes).collect(),
            Some(offset) => serde_json::from_str(&offset.0).map_err(|error| offset.damaged("memory", error))?,
        };
        if next.len() != self.lanes {
            return Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "the checkpoint's offset has {} lanes and this session {}: use as many cores as before",
                    next.len(),
                    self.lanes
                ),
            ));
        }
        let tail = |next| Box::new(StreamTail { shared: Arc::clone(&self.shared), next, step: lanes }) as Box<dyn Tail>;
        Ok(next.into_iter().map(tail).collect())
    }

    fn merge(&self, ends: &[LaneOffset]) -> Result<Offset> {
        Ok(Offset(format!("[{}]", ends.iter().map(|end| end.0.as_str()).collect::<Vec<_>>().join(","))))
    }

    fn commit(&mut self, end: &Offset) -> Result<()> {
        let next: Vec<u64> = serde_json::from_str(&end.0).map_err(|error| end.damaged("memory", error))?;
        if let Some(least) = next.into_iter().min() {
            self.shared.state.lock().commit(self.id, least);
        }
        Ok(())
    }
}

/// One lane of a continuous query.
struct StreamTail {
    shared: Arc<StreamBuffer>,
    next: u64,
    step: u64,
}

impl Tail for StreamTail {
    fn next(&mut self, wait: Duration) -> Result<Option<(RecordBatch, LaneOffset)>> {
        let mut state = self.shared.state.lock();
        if state.end() <= self.next {
            let next = self.next;
            self.shared.added.wait_while_for(&mut state, |state| state.end() <= next, wait);
        }
        if state.end() <= self.next {
            return Ok(None);
        }
        let batch = state.get(self.next)?.clone();
        drop(state);
        self.next += self.step;
        Ok(Some((batch, self.offset())))
    }

    fn offset(&self) -> LaneOffset {
        LaneOffset(self.next.to_string())
    }
}
