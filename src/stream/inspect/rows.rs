//! `statestore`: what an operator keeps after a batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter;
use arrow::datatypes::{Int32Type, SchemaRef};

use super::checkpoint;
use super::table::{EntryRows, StateTableReader};
use super::variable::{Collections, ProcessorPart, VariableReader};
use crate::checkpoint::operators::{OperatorEntry, TableEntry};
use crate::checkpoint::view::CheckpointView;
use crate::config::options::Options;
use crate::error::{Error, Result, condition};
use crate::plan::operators::stateful::form::noted_variables;
use crate::plan::operators::stateful::table::TableEntries;
use crate::source::format::{InputFormat, SourceRequest};
use crate::source::once::OnceReader;
use crate::source::{Partition, Reader, RecordBatches, Scan, Source, SourceRun};
use crate::state::prefix::{KeySlot, TableId, slots_of};
use crate::state::{KeyRange, StateScan, StateStore, StateView, Version};
use crate::types::uri;

/// The store of an operator that has one.
const DEFAULT: &str = "default";
const VARIABLE: &str = "stateVarName";
const TIMERS: &str = "readRegisteredTimers";
const SNAPSHOT: &str = "snapshotStartBatchId";
const PARTITION: &str = "snapshotPartitionId";

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
        let partition = asked.partition(batch)?;
        let (operator, table) = asked.table(&checkpoint)?;
        let number = u16::try_from(asked.operator).map_err(|_| Error::internal("an operator beyond all"))?;
        let version = Version(batch + 1);
        let reader: Arc<dyn EntryRows> = if table.versioned {
            Arc::new(asked.of_processor(table, &checkpoint, version)?)
        } else {
            asked.refuse_part(operator)?;
            let one = operator.name == "globalLimit";
            Arc::new(StateTableReader::new(table, checkpoint.partitions, one)?)
        };
        let id = TableId { operator: number, table: table.number };
        let name = format!("statestore[{location}, batchId={batch}, {asked}]");
        Ok(Arc::new(StateRows { checkpoint, version, id, partition, reader, name }))
    }
}

/// Which state is asked for.
struct AskedState {
    batch: Option<u64>,
    operator: u64,
    store: String,
    /// `left` or `right`.
    side: Option<String>,
    /// Of a processor.
    part: Option<ProcessorPart>,
    collections: Collections,
    /// The batch of a snapshot, and the one partition that is shown.
    snapshot: (Option<u64>, Option<u64>),
}

impl std::fmt::Display for AskedState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = self.side.as_deref().unwrap_or("none");
        write!(f, "operatorId={}, storeName={}, joinSide={side}", self.operator, self.store)?;
        match &self.part {
            Some(ProcessorPart::Variable(name)) => write!(f, ", {VARIABLE}={name}")?,
            Some(ProcessorPart::Timers) => write!(f, ", {TIMERS}=true")?,
            None => {}
        }
        self.snapshot.1.map_or(Ok(()), |partition| write!(f, ", {PARTITION}={partition}"))
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
            return Err(invalid("joinSide", format!("it must be left, right or none, found '{side}'.")));
        }
        let side = side.filter(|side| side != "none");
        if side.is_some() && store.as_deref().is_some_and(|store| store != DEFAULT) {
            return Err(conflict(&["joinSide", "storeName"]));
        }
        for option in ["readChangeFeed", "changeStartBatchId", "changeEndBatchId"] {
            if options.get(option).is_some_and(|value| !value.trim().eq_ignore_ascii_case("false")) {
                return Err(Error::unsupported(format!(
                    "the option '{option}' of the format 'statestore' is not implemented in Firesteel"
                )));
            }
        }
        let variable = options.get(VARIABLE).map(|name| name.trim().to_owned());
        let part = match (variable, flag(options, TIMERS, false)?) {
            (Some(_), true) => return Err(conflict(&[TIMERS, VARIABLE])),
            (Some(name), false) => Some(ProcessorPart::Variable(name)),
            (None, timers) => timers.then_some(ProcessorPart::Timers),
        };
        if let (Some(_), Some(part)) = (&side, &part) {
            return Err(conflict(&["joinSide", option_of(part)]));
        }
        let collections = match flag(options, "flattenCollectionTypes", true)? {
            true => Collections::Flat,
            false => Collections::Whole,
        };
        let snapshot = (number(options, SNAPSHOT)?, number(options, PARTITION)?);
        let store = store.unwrap_or_else(|| DEFAULT.to_owned());
        Ok(Self { batch, operator, store, side, part, collections, snapshot })
    }

    /// The partition of `snapshotPartitionId`. Spark reads its snapshot of a batch and the changes
    /// after it. Here a version is read as it is: the batch of the snapshot is only compared.
    fn partition(&self, batch: u64) -> Result<Option<i32>> {
        let missing = |option: &str| Error::of(condition::STDS_REQUIRED_OPTION_UNSPECIFIED).with("optionName", option);
        match self.snapshot {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(missing(SNAPSHOT)),
            (Some(_), None) => Err(missing(PARTITION)),
            (Some(start), Some(_)) if start > batch => {
                Err(invalid(SNAPSHOT, format!("it must be at most the batch {batch}, found {start}.")))
            }
            (Some(_), Some(partition)) => Ok(Some(i32::try_from(partition).unwrap_or(i32::MAX))),
        }
    }

    /// What shows the part that is asked for of a processor, as this version keeps it.
    fn of_processor(
        &self,
        table: &TableEntry,
        checkpoint: &CheckpointView,
        version: Version,
    ) -> Result<VariableReader> {
        let required = || Error::of(condition::STDS_REQUIRED_OPTION_UNSPECIFIED).with("optionName", VARIABLE);
        let part = self.part.as_ref().ok_or_else(required)?;
        let summary = StateStore::about(&checkpoint.state(), Some(&checkpoint.id), version)?.summary;
        let operator = usize::try_from(self.operator).unwrap_or_default();
        let noted = summary.get("forms").and_then(|forms| forms.get(operator)).cloned().unwrap_or_default();
        if matches!(part, ProcessorPart::Timers) && noted.get("timeMode").is_some_and(|mode| mode == "NoTime") {
            return Err(invalid(TIMERS, "a processor without a time mode has no timers.".to_owned()));
        }
        let variables = noted_variables(&noted)?;
        let found = VariableReader::new(table, variables, part, self.collections, checkpoint.partitions)?;
        found.ok_or_else(|| match part {
            ProcessorPart::Variable(name) => invalid(VARIABLE, format!("the processor has no variable '{name}'.")),
            ProcessorPart::Timers => Error::internal("a processor without timers"),
        })
    }

    /// Refuses a part of a processor of an operator that is none.
    fn refuse_part(&self, operator: &OperatorEntry) -> Result<()> {
        let Some(part) = &self.part else { return Ok(()) };
        Err(invalid(
            option_of(part),
            format!("operator {} ({}) is no transformWithState.", self.operator, operator.name),
        ))
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
        if operator.is_some_and(|on| on.tables.iter().any(|table| table.versioned)) && wanted != DEFAULT {
            return Err(invalid(
                "storeName",
                format!("a processor has the store '{DEFAULT}' alone, found '{wanted}'."),
            ));
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

/// The option that asks for a part.
fn option_of(part: &ProcessorPart) -> &'static str {
    match part {
        ProcessorPart::Variable(_) => VARIABLE,
        ProcessorPart::Timers => TIMERS,
    }
}

fn invalid(option: &str, message: String) -> Error {
    Error::of(condition::STDS_INVALID_OPTION_VALUE).with("optionName", option).with("message", message)
}

fn conflict(options: &[&str]) -> Error {
    let each: Vec<_> = options.iter().map(|option| format!("'{option}'")).collect();
    Error::of(condition::STDS_CONFLICT_OPTIONS).with("options", format!("[{}]", each.join(", ")))
}

fn flag(options: &mut Options, name: &str, default: bool) -> Result<bool> {
    let Some(text) = options.get(name) else { return Ok(default) };
    match text.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid(name, format!("it must be true or false, found '{text}'."))),
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
    reader: Arc<dyn EntryRows>,
    /// The one that is shown.
    partition: Option<i32>,
    name: String,
}

impl Source for StateRows {
    fn description(&self) -> String {
        self.name.clone()
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(self.reader.schema())
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        let view = StateStore::history(&self.checkpoint.state(), Some(&self.checkpoint.id), self.version)?;
        let lanes = run.lanes.max(1);
        let partitions = (0..lanes).map(|lane| {
            let slots = slots_of(lane, lanes).collect();
            let (reader, partition) = (Arc::clone(&self.reader), self.partition);
            Arc::new(Slots { view: view.clone(), id: self.id, reader, partition, slots }) as Arc<dyn Partition>
        });
        Ok(Box::new(OnceReader(partitions.collect())))
    }
}

/// The entries of some slots.
struct Slots {
    view: StateView,
    id: TableId,
    reader: Arc<dyn EntryRows>,
    partition: Option<i32>,
    slots: Vec<KeySlot>,
}

impl Partition for Slots {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let ranges = self.slots.iter().map(|slot| KeyRange::prefix(&self.id.prefix(*slot)));
        let entries = self.view.scan_each(ranges)?;
        let (reader, partition) = (Arc::clone(&self.reader), self.partition);
        let rows = SlotRows { entries, reader, partition, scan: scan.clone() };
        Ok(RecordBatches::Blocking(Box::new(rows)))
    }
}

/// The record batches of some slots.
struct SlotRows {
    entries: StateScan,
    reader: Arc<dyn EntryRows>,
    partition: Option<i32>,
    scan: Scan,
}

impl SlotRows {
    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        let Some(chunk) = TableEntries::next(&mut self.entries)? else { return Ok(None) };
        let (keys, values) = chunk.parts();
        let mut columns = self.reader.columns(&keys, &values)?;
        if let (Some(partition), Some(ids)) = (self.partition, columns.last()) {
            let ids = ids.as_primitive::<Int32Type>();
            let shown: BooleanArray = ids.values().iter().map(|id| Some(*id == partition)).collect();
            columns = columns.iter().map(|column| filter(column, &shown)).collect::<Result<Vec<ArrayRef>, _>>()?;
        }
        let rows = columns.first().map_or(0, |column| column.len());
        self.scan.build(self.reader.schema(), rows, |at| Arc::clone(&columns[at])).map(Some)
    }
}

impl Iterator for SlotRows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().transpose()
    }
}
