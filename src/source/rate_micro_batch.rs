//! `rate-micro-batch`: the same number of rows in every batch, whatever the clock says. The
//! tutorial of the [`Source`] contract.
//!
//! Batch n holds the values `[n·rowsPerBatch, (n+1)·rowsPerBatch)`, all with the time
//! `startTimestamp + n·advanceMillisPerBatch`. An offset is the first value that was not read yet
//! and the time its batch will carry, e.g. `{"offset":20,"timestamp":2000}`: nothing else is
//! remembered, so a range of offsets gives the same rows for ever.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

use super::format::{InputFormat, SourceRequest};
use super::{Available, Offset, Partition, ReadLimit, Reader, RecordBatches, Scan, Source, SourceRun};
use crate::error::{Error, Result};

/// `format("rate-micro-batch")`.
pub struct RateMicroBatchFormat;

impl InputFormat for RateMicroBatchFormat {
    fn name(&self) -> &str {
        "rate-micro-batch"
    }

    fn source(&self, request: SourceRequest<'_>) -> Result<Arc<dyn Source>> {
        request.stream_only(self.name())?;
        request.fixed_schema(self.name())?;
        let options = request.options;
        let Some(rows_per_batch) = options.positive("rowsPerBatch")? else {
            return Err(Error::illegal(
                "the source 'rate-micro-batch' needs the option 'rowsPerBatch', the number of rows in each batch",
            ));
        };
        Ok(Arc::new(RateMicroBatch {
            rows_per_batch,
            partitions: options.positive("numPartitions")?.unwrap_or(request.runtime.lanes() as i64),
            start_ms: options.not_negative("startTimestamp")?.unwrap_or(0),
            advance_ms: options.not_negative("advanceMillisPerBatch")?.unwrap_or(1000),
        }))
    }
}

/// What `load()` declared.
#[derive(Clone, Debug)]
pub struct RateMicroBatch {
    pub rows_per_batch: i64,
    pub partitions: i64,
    pub start_ms: i64,
    pub advance_ms: i64,
}

/// `timestamp timestamp, value bigint`, as both rate sources have it.
pub(super) fn rate_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("timestamp", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("value", DataType::Int64, true),
    ]))
}

impl Source for RateMicroBatch {
    fn description(&self) -> String {
        format!(
            "RatePerMicroBatchStream[rowsPerBatch={}, numPartitions={}, startTimestamp={}, advanceMsPerBatch={}]",
            self.rows_per_batch, self.partitions, self.start_ms, self.advance_ms
        )
    }

    fn schema(&self) -> SchemaRef {
        rate_schema()
    }

    fn open(&self, _: SourceRun) -> Result<Box<dyn Reader>> {
        Ok(Box::new(RateMicroBatchReader { source: self.clone(), schema: rate_schema(), pinned: None }))
    }
}

/// Spark's offset of this source, with its fields in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    offset: i64,
    timestamp: i64,
}

impl Position {
    fn read(offset: &Offset) -> Result<Self> {
        serde_json::from_str(&offset.0).map_err(|error| offset.damaged("rate-micro-batch", error))
    }

    fn write(self) -> Offset {
        Offset(format!(r#"{{"offset":{},"timestamp":{}}}"#, self.offset, self.timestamp))
    }
}

/// The source opened by one run. It only remembers where `availableNow` ends.
struct RateMicroBatchReader {
    source: RateMicroBatch,
    schema: SchemaRef,
    pinned: Option<Pin>,
}

/// `availableNow` runs one batch: from wherever it begins.
enum Pin {
    NextBatch,
    At(Position),
}

impl Reader for RateMicroBatchReader {
    fn initial(&mut self) -> Result<Option<Offset>> {
        Ok(Some(Position { offset: 0, timestamp: self.source.start_ms }.write()))
    }

    fn pin_available(&mut self) -> Result<Available> {
        self.pinned = Some(Pin::NextBatch);
        Ok(Available::Pinned)
    }

    fn end_of_batch(&mut self, start: Option<&Offset>, _: ReadLimit) -> Result<Option<Offset>> {
        let start = match start {
            Some(offset) => Position::read(offset)?,
            None => Position { offset: 0, timestamp: self.source.start_ms },
        };
        if let Some(Pin::At(end)) = &self.pinned {
            return Ok((start != *end).then(|| end.write()));
        }
        let too_far = || Error::runtime("the source 'rate-micro-batch' has used up the numbers of its column 'value'");
        let end = Position {
            offset: start.offset.checked_add(self.source.rows_per_batch).ok_or_else(too_far)?,
            timestamp: start.timestamp.checked_add(self.source.advance_ms).ok_or_else(too_far)?,
        };
        if self.pinned.is_some() {
            self.pinned = Some(Pin::At(end));
        }
        Ok(Some(end.write()))
    }

    fn partitions(&mut self, start: Option<&Offset>, end: &Offset) -> Result<Vec<Arc<dyn Partition>>> {
        let start = match start {
            Some(offset) => Position::read(offset)?,
            None => Position { offset: 0, timestamp: self.source.start_ms },
        };
        let end = Position::read(end)?;
        Ok((0..self.source.partitions)
            .map(|i| {
                Arc::new(Every {
                    schema: Arc::clone(&self.schema),
                    micros: start.timestamp.saturating_mul(1000),
                    first: start.offset + i,
                    end: end.offset,
                    step: self.source.partitions,
                }) as Arc<dyn Partition>
            })
            .collect())
    }
}

/// One partition: every `step`-th value from `first` up to `end`.
struct Every {
    schema: SchemaRef,
    micros: i64,
    first: i64,
    end: i64,
    step: i64,
}

/// Rows in one record batch: enough to be quick, few enough to stay in cache.
pub(super) const CHUNK_ROWS: usize = 8192;

impl Partition for Every {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let (micros, end, step) = (self.micros, self.end, self.step);
        let (scan, schema) = (scan.clone(), Arc::clone(&self.schema));
        let mut first = self.first;
        let mut chunk = move || -> Option<Result<RecordBatch>> {
            if first >= end {
                return None;
            }
            let left = (end - first - 1) / step + 1;
            let rows = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_ROWS);
            let from = first;
            first += rows as i64 * step;
            Some(scan.cancel.check().and_then(|()| {
                scan.build(&schema, rows, |column| match column {
                    0 => Arc::new(TimestampMicrosecondArray::from_value(micros, rows).with_timezone("UTC")) as ArrayRef,
                    _ => Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|i| from + i * step))),
                })
            }))
        };
        // The usual case, a batch of a few rows, is there at once.
        if (end - self.first) / step < CHUNK_ROWS as i64 {
            return Ok(RecordBatches::ready(chunk().transpose()?.into_iter().collect()));
        }
        Ok(RecordBatches::Blocking(Box::new(std::iter::from_fn(chunk))))
    }
}
