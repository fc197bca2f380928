//! `nexmark`: the events of an auction house, as the Nexmark benchmark has them.
//!
//! Of fifty events one is a new person, three are new auctions and the rest are bids. The option
//! `table` says which of them become rows. Event n has the same values for ever, whatever the
//! number of partitions and whichever columns are asked for: they are drawn from `seed`, n and the
//! column alone. So the three tables fit together, in one process or in several.
//!
//! An offset is the first event that was not read yet: `{"event":100000}`.
//!
//! Nexmark: Tucker, Tufte, Papadimos and Maier, "NEXMark: a benchmark for queries over data
//! streams", 2002. The proportions, the hot keys and the tables are those of its later forms.

mod events;
mod rows;

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use self::events::{EventTable, Events};
use super::format::{InputFormat, SourceRequest};
use super::once::OnceReader;
use super::rate_micro_batch::CHUNK_ROWS;
use super::{
    Available, Offset, Partition, ReadLimit, ReadMode, Reader, RecordBatches, Scan, Source, SourceReport, SourceRun,
};
use crate::error::{Error, Result};

/// `format("nexmark")`.
pub struct NexmarkFormat;

impl InputFormat for NexmarkFormat {
    fn name(&self) -> &str {
        "nexmark"
    }

    fn source(&self, request: SourceRequest<'_>) -> Result<Arc<dyn Source>> {
        request.fixed_schema(self.name())?;
        let options = request.options;
        let table = options.get("table").map(str::to_owned).unwrap_or_default();
        let table = EventTable::of(&table).ok_or_else(|| {
            Error::illegal(format!(
                "the source 'nexmark' needs the option 'table' as person, auction or bid, found '{table}'"
            ))
        })?;
        let total = options.positive("events")?;
        if total.is_none() && request.mode == ReadMode::Batch {
            return Err(Error::illegal(
                "the source 'nexmark' needs the option 'events', the number of all events, when it is not read as a stream",
            ));
        }
        let events = Events {
            seed: options.not_negative("seed")?.unwrap_or(0),
            start_ms: options.not_negative("startTimestamp")?.unwrap_or(EPOCH_MS),
            per_second: options.positive("eventsPerSecond")?.unwrap_or(10_000),
        };
        Ok(Arc::new(Nexmark {
            table,
            events,
            total,
            per_batch: options.positive("eventsPerBatch")?.unwrap_or(100_000),
            partitions: options.positive("numPartitions")?.unwrap_or(request.runtime.lanes() as i64),
            once: request.mode == ReadMode::Batch,
        }))
    }
}

/// The time of event 0 where no other is asked for: 2015-07-15 00:00:00 UTC.
const EPOCH_MS: i64 = 1_436_918_400_000;

/// What `load()` declared.
#[derive(Clone, Debug)]
struct Nexmark {
    table: EventTable,
    events: Events,
    /// How many events there are; without end if not given.
    total: Option<i64>,
    per_batch: i64,
    partitions: i64,
    once: bool,
}

impl Nexmark {
    /// The events of a range, dealt to partitions in their order.
    fn dealt(&self, range: Range<i64>) -> Vec<Arc<dyn Partition>> {
        let len = range.end - range.start;
        let cut = |part: i64| range.start + (i128::from(len) * i128::from(part) / i128::from(self.partitions)) as i64;
        let part = |at: i64| {
            let part = EventRange { table: self.table, events: self.events, range: cut(at)..cut(at + 1) };
            Arc::new(part) as Arc<dyn Partition>
        };
        (0..self.partitions).map(part).collect()
    }
}

impl Source for Nexmark {
    fn description(&self) -> String {
        let Self { table, events, total, per_batch, partitions, .. } = self;
        let total = total.map_or("unlimited".to_owned(), |total| total.to_string());
        format!(
            "Nexmark[table={}, events={total}, eventsPerBatch={per_batch}, eventsPerSecond={}, startTimestamp={}, seed={}, numPartitions={partitions}]",
            table.name(),
            events.per_second,
            events.start_ms,
            events.seed
        )
    }

    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn open(&self, _: SourceRun) -> Result<Box<dyn Reader>> {
        if self.once {
            return Ok(Box::new(OnceReader(self.dealt(0..self.total.unwrap_or(0)))));
        }
        Ok(Box::new(NexmarkReader { source: self.clone(), next_only: None }))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct EventPosition {
    event: i64,
}

impl EventPosition {
    fn read(offset: &Offset) -> Result<Self> {
        serde_json::from_str(&offset.0).map_err(|error| offset.damaged("nexmark", error))
    }

    fn write(self) -> Offset {
        Offset(format!(r#"{{"event":{}}}"#, self.event))
    }
}

/// The source opened by one run.
struct NexmarkReader {
    source: Nexmark,
    /// Of an endless source under `availableNow`: where its one batch ends, once that has begun.
    next_only: Option<Option<i64>>,
}

impl NexmarkReader {
    fn start(start: Option<&Offset>) -> Result<i64> {
        start.map_or(Ok(0), |offset| Ok(EventPosition::read(offset)?.event))
    }
}

impl Reader for NexmarkReader {
    fn initial(&mut self) -> Result<Option<Offset>> {
        Ok(Some(EventPosition { event: 0 }.write()))
    }

    fn pin_available(&mut self) -> Result<Available> {
        if self.source.total.is_none() {
            self.next_only = Some(None);
        }
        Ok(Available::Pinned)
    }

    fn end_of_batch(&mut self, start: Option<&Offset>, limit: ReadLimit) -> Result<Option<Offset>> {
        let start = Self::start(start)?;
        let full = start.saturating_add(self.source.per_batch);
        let end = match (self.source.total, limit, &mut self.next_only) {
            (Some(total), ReadLimit::All, _) => total,
            (Some(total), ReadLimit::Configured, _) => full.min(total),
            (None, _, Some(end)) => *end.get_or_insert(full),
            (None, _, None) => full,
        };
        Ok((end > start).then(|| EventPosition { event: end }.write()))
    }

    fn partitions(&mut self, start: Option<&Offset>, end: &Offset) -> Result<Vec<Arc<dyn Partition>>> {
        Ok(self.source.dealt(Self::start(start)?..EventPosition::read(end)?.event))
    }

    fn report(&self) -> SourceReport {
        let latest = self.source.total.map(|event| EventPosition { event }.write());
        SourceReport { latest, ..SourceReport::default() }
    }
}

/// The rows of one table among neighbouring events.
struct EventRange {
    table: EventTable,
    events: Events,
    range: Range<i64>,
}

impl Partition for EventRange {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let (table, events, scan, schema) = (self.table, self.events, scan.clone(), self.table.schema());
        let mut numbers = table.among(self.range.clone());
        let chunk = move || -> Option<Result<RecordBatch>> {
            let chunk: Vec<i64> = numbers.by_ref().take(CHUNK_ROWS).collect();
            if chunk.is_empty() {
                return None;
            }
            let rows = || scan.build(&schema, chunk.len(), |column| events.column(table, column, &chunk));
            Some(scan.cancel.check().and_then(|()| rows()))
        };
        Ok(RecordBatches::Blocking(Box::new(std::iter::from_fn(chunk))))
    }
}
