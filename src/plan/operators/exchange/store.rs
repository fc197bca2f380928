//! Where rows wait for a reader: in memory as far as the session's limit lets them, else on disk.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::error::Result as DfResult;
use datafusion::execution::SpillFile;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryReservation};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::{SendableRecordBatchStream, SpillManager};

use crate::plan::pass::PassContext;
use crate::runtime::Runtime;

/// Rows on their way to an output lane.
#[derive(Clone)]
pub enum ExchangedRows {
    /// In memory, with the bytes that they were charged.
    Held(RecordBatch, usize),
    /// On disk, for want of memory: all that the input lane had left for this output lane.
    Spilled(Arc<dyn SpillFile>),
}

/// Where rows wait: in memory as far as the session's limit lets them, else on disk.
#[derive(Clone)]
pub struct ExchangeStore {
    pub held: Arc<MemoryReservation>,
    pub disk: Arc<SpillManager>,
    runtime: Runtime,
    /// How many bytes of sorted rows wait in memory for the last of them. Few, for the merge below
    /// needs memory meanwhile and cannot spill.
    pub most_sorted: usize,
}

/// A file on disk that rows are being added to: each call with rows adds them, one without ends the
/// file and gives it. DataFusion's type has no name outside of its crate.
pub type SpillWriter = Box<dyn FnMut(Option<&RecordBatch>) -> DfResult<Option<Arc<dyn SpillFile>>> + Send>;

pub fn spill_writer(disk: &Arc<SpillManager>) -> DfResult<SpillWriter> {
    let mut file = disk.create_in_progress_file("OrderedExchange")?;
    Ok(Box::new(move |rows| match rows {
        Some(rows) => file.append_batch(rows).map(|_| None),
        None => file.finish(),
    }))
}

impl ExchangeStore {
    /// The store of one execution of an operator that rows of `schema` wait in.
    pub fn open(context: &TaskContext, metrics: &ExecutionPlanMetricsSet, schema: SchemaRef) -> DfResult<Self> {
        let consumer = MemoryConsumer::new("Exchange").with_can_spill(true);
        let held = Arc::new(consumer.register(context.memory_pool()));
        let disk = Arc::new(SpillManager::new(context.runtime_env(), SpillMetrics::new(metrics, 0), schema));
        let most_sorted = match context.memory_pool().memory_limit() {
            MemoryLimit::Finite(limit) => limit / 64,
            MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
        };
        Ok(Self { held, disk, runtime: PassContext::of(context)?.runtime().clone(), most_sorted })
    }

    /// The bytes that the rows were charged; `None` where there is no room for them.
    pub fn charge(&self, rows: &RecordBatch) -> DfResult<Option<usize>> {
        let bytes = rows.columns().iter().map(bytes_of).sum::<DfResult<usize>>()?;
        Ok(self.held.try_grow(bytes).is_ok().then_some(bytes))
    }

    /// Adds rows to files, each to the one that its number says. A thread that may block does it.
    pub async fn spill(
        &self,
        mut files: Vec<Option<SpillWriter>>,
        rows: Vec<(usize, RecordBatch)>,
    ) -> DfResult<Vec<Option<SpillWriter>>> {
        if rows.is_empty() {
            return Ok(files);
        }
        let disk = Arc::clone(&self.disk);
        let written = self.runtime.blocking(move || {
            for (number, part) in rows {
                let file = match &mut files[number] {
                    Some(file) => file,
                    none => none.insert(spill_writer(&disk)?),
                };
                file(Some(&part))?;
            }
            Ok(files)
        });
        written.await?
    }

    /// Ends files; the numbers stay.
    pub async fn finish(&self, files: Vec<Option<SpillWriter>>) -> DfResult<Vec<Option<Arc<dyn SpillFile>>>> {
        if files.iter().all(Option::is_none) {
            return Ok(files.into_iter().map(|_| None).collect());
        }
        let end = |file: Option<SpillWriter>| file.map_or(Ok(None), |mut file| file(None));
        self.runtime.blocking(move || files.into_iter().map(end).collect()).await?
    }

    pub fn read(&self, file: Arc<dyn SpillFile>) -> DfResult<SendableRecordBatchStream> {
        self.disk.read_spill_as_stream(file, None)
    }
}

/// The bytes of a column's own rows: slices share one buffer, and charged as the whole of it they
/// would count it once each.
fn bytes_of(column: &ArrayRef) -> DfResult<usize> {
    let nulls = column.nulls().map_or(0, |nulls| nulls.len().div_ceil(8));
    let listed = |offsets: &[i32], values: &dyn Array| {
        let (from, to) = (offsets[0] as usize, offsets[offsets.len() - 1] as usize);
        Ok(nulls + size_of_val(offsets) + bytes_of(&values.slice(from, to - from))?)
    };
    match column.data_type() {
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            listed(list.value_offsets(), list.values())
        }
        DataType::Map(..) => {
            let map = column.as_map();
            listed(map.value_offsets(), map.entries())
        }
        DataType::Struct(_) => {
            let fields = column.as_struct().columns().iter().map(bytes_of).sum::<DfResult<usize>>()?;
            Ok(nulls + fields)
        }
        _ => Ok(column.to_data().get_slice_memory_size()?),
    }
}
