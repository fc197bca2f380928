//! `statestore`: what an operator keeps after a batch.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::checkpoint;
use super::table::StateTableReader;
use crate::checkpoint::operators::{OperatorEntry, TableEntry};
use crate::checkpoint::view::CheckpointView;
use crate::config::options::Options;
use crate::error::{Error, Result, condition};
use crate::plan::operators::stateful::table::TableEntries;
use crate::source::format::{InputFormat, SourceRequest};
use crate::source::once::OnceReader;
use crate::source::{Partition, Reader, RecordBatches, Scan, Source, SourceRun};
use crate::state::prefix::{KeySlot, TableId, slots_of};
use crate::state::{KeyRange, StateScan, StateStore, StateView, Version};
use crate::types::uri;

/// The store of an operator that has one.
const DEFAULT: &str = "default";

/// `format("statestore")`.
pub struct StateStoreFormat;

impl InputFormat for StateStoreFormat {
    fn name(&self) -> &str {
        "statestore"
    }

    fn source(&self, request: SourceRequest<'_>) -> Result<Arc<dyn Source>> {
        let root = checkpoint(&request, self.name())?;
        let asked = AskedState::read(request.options)?;
        let location = uri::from_path(&root);
        let unavailable =
            || Error::of(condition::STDS_COMMITTED_BATCH_UNAVAILABLE).with("checkpointLocation", &location);
        let checkpoint = CheckpointView::open(root)?.ok_or_else(unavailable)?;
        let batch = asked.batch.unwrap_or(checkpoint.newest.0);
        if batch > checkpoint.newest.0 {
            return Err(unavailable());
        }
        let (operator, table) = asked.table(&checkpoint)?;
        let number = u16::try_from(asked.operator).map_err(|_| Error::internal("an operator beyond all"))?;
        let one = operator.name == "globalLimit";
        let reader = StateTableReader::new(table, checkpoint.partitions, one)?;
        let id = TableId { operator: number, table: table.number };
        let name = format!("statestore[{location}, batchId={batch}, {asked}]");
        Ok(Arc::new(StateRows { checkpoint, version: Version(batch + 1), id, reader: Arc::new(reader), name }))
    }
}

/// Which state is asked for.
struct AskedState {
    batch: Option<u64>,
    operator: u64,
    store: String,
    /// `left` or `right`.
    side: Option<String>,
}

impl std::fmt::Display for AskedState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = self.side.as_deref().unwrap_or("none");
        write!(f, "operatorId={}, storeName={}, joinSide={side}", self.operator, self.store)
    }
}

impl AskedState {
    fn read(options: &mut Options) -> Result<Self> {
        let batch = number(options, "batchId")?;
        let operator = number(options, "operatorId")?.unwrap_or(0);
        let store = options.get("storeName").map(|store| store.trim().to_owned());
        if store.as_deref() == Some("") {
            return Err(Error::of(condition::STDS_INVALID_OPTION_VALUE_EMPTY).with("optionName", "storeName"));
        }
        let side = options.get("joinSide").map(str::to_owned);
        if let Some(side) = side.as_deref().filter(|side| !["left", "right", "none"].contains(side)) {
            return Err(Error::of(condition::STDS_INVALID_OPTION_VALUE)
                .with("optionName", "joinSide")
                .with("message", format!("it must be left, right or none, found '{side}'.")));
        }
        let side = side.filter(|side| side != "none");
        if side.is_some() && store.as_deref().is_some_and(|store| store != DEFAULT) {
            return Err(Error::of(condition::STDS_CONFLICT_OPTIONS).with("options", "['joinSide', 'storeName']"));
        }
        for option in [
            "readChangeFeed",
            "changeStartBatchId",
            "changeEndBatchId",
            "snapshotStartBatchId",
            "snapshotPartitionId",
            "stateVarName",
            "readRegisteredTimers",
        ] {
            if options.get(option).is_some_and(|value| !value.trim().eq_ignore_ascii_case("false")) {
                return Err(Error::unsupported(format!(
                    "the option '{option}' of the format 'statestore' is not implemented in Firesteel"
                )));
            }
        }
        options.flag("flattenCollectionTypes", true)?;
        Ok(Self { batch, operator, store: store.unwrap_or_else(|| DEFAULT.to_owned()), side })
    }

    /// The operator and its table.
    fn table<'a>(&self, checkpoint: &'a CheckpointView) -> Result<(&'a OperatorEntry, &'a TableEntry)> {
        let operator = usize::try_from(self.operator).ok().and_then(|at| checkpoint.operators.get(at));
        let wanted = match &self.side {
            Some(side) => format!("{side}-keyWithIndexToValue"),
            None => self.store.clone(),
        };
        if self.side.is_none() && wanted != DEFAULT && ["left-", "right-"].iter().any(|side| wanted.starts_with(side)) {
            return Err(Error::unsupported(format!(
                "the store '{wanted}' of a join is not read by its name in Firesteel: give 'joinSide' as left or right"
            )));
        }
        let found = operator.and_then(|on| Some((on, on.tables.iter().find(|table| table.name == wanted)?)));
        found.ok_or_else(|| {
            let each = checkpoint.operators.iter().enumerate().flat_map(|(at, operator)| {
                operator.tables.iter().map(move |table| format!("operatorId={at} ({}), {}", operator.name, table.name))
            });
            let all = each.collect::<Vec<_>>().join("; ");
            Error::of(condition::STDS_FAILED_TO_READ_STATE_SCHEMA)
                .with("sourceOptions", self)
                .with("found", if all.is_empty() { "none".to_owned() } else { all })
        })
    }
}

/// A whole number, zero or more.
fn number(options: &mut Options, name: &str) -> Result<Option<u64>> {
    let Some(number) = options.parse::<i64>(name, "a whole number, zero or more")? else { return Ok(None) };
    let negative = |_| Error::of(condition::STDS_INVALID_OPTION_VALUE_NEGATIVE).with("optionName", name);
    u64::try_from(number).map(Some).map_err(negative)
}

/// The entries of a table after a batch.
#[derive(Debug)]
struct StateRows {
    checkpoint: CheckpointView,
    version: Version,
    id: TableId,
    reader: Arc<StateTableReader>,
    name: String,
}

impl Source for StateRows {
    fn description(&self) -> String {
        self.name.clone()
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.reader.schema)
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        let view = StateStore::history(&self.checkpoint.state(), Some(&self.checkpoint.id), self.version)?;
        let lanes = run.lanes.max(1);
        let partitions = (0..lanes).map(|lane| {
            let slots = slots_of(lane, lanes).collect();
            Arc::new(Slots { view: view.clone(), id: self.id, reader: Arc::clone(&self.reader), slots })
                as Arc<dyn Partition>
        });
        Ok(Box::new(OnceReader(partitions.collect())))
    }
}

/// The entries of some slots.
struct Slots {
    view: StateView,
    id: TableId,
    reader: Arc<StateTableReader>,
    slots: Vec<KeySlot>,
}

impl Partition for Slots {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let ranges = self.slots.iter().map(|slot| KeyRange::prefix(&self.id.prefix(*slot)));
        let entries = self.view.scan_each(ranges)?;
        let rows = SlotRows { entries, reader: Arc::clone(&self.reader), scan: scan.clone() };
        Ok(RecordBatches::Blocking(Box::new(rows)))
    }
}

/// The record batches of some slots.
struct SlotRows {
    entries: StateScan,
    reader: Arc<StateTableReader>,
    scan: Scan,
}

impl SlotRows {
    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        let Some(chunk) = TableEntries::next(&mut self.entries)? else { return Ok(None) };
        let (keys, values) = chunk.parts();
        let columns = self.reader.columns(&keys, &values)?;
        self.scan.build(&self.reader.schema, keys.len(), |at| Arc::clone(&columns[at])).map(Some)
    }
}

impl Iterator for SlotRows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().transpose()
    }
}
