//! `rate`: so many rows a second, by the clock. An offset is the number of whole seconds since the
//! query was first started, e.g. `5`.
//!
//! When that was stands in the source's own log, `sources/<i>/0`, so that a restarted query goes on
//! with the next value:
//!
//! ```text
//! v1
//! 1719290655102
//! ```

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use super::format::{InputFormat, SourceRequest};
use super::rate_micro_batch::{CHUNK_ROWS, rate_schema};
use super::{
    Available, ContinuousReader, LaneOffset, Offset, Partition, ReadLimit, Reader, RecordBatches, Scan, Source,
    SourceReport, SourceRun, Tail,
};
use crate::durable::log::{SourceLog, read_entries, write_entries};
use crate::durable::store::Put;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::clock::Clock;

/// `format("rate")`.
pub struct RateFormat;

impl InputFormat for RateFormat {
    fn name(&self) -> &str {
        "rate"
    }

    fn source(&self, request: SourceRequest<'_>) -> Result<Arc<dyn Source>> {
        request.stream_only(self.name())?;
        request.fixed_schema(self.name())?;
        let options = request.options;
        let rows_per_second = options.positive("rowsPerSecond")?.unwrap_or(1);
        let ramp_up_seconds = options.duration_ms("rampUpTime", 1000)?.unwrap_or(0) / 1000;
        if options.flag("useManualClock", false)? {
            return Err(Error::unsupported(
                "the option 'useManualClock' of the source 'rate' is for Spark's own tests",
            ));
        }
        if ramp_up_seconds > 0 && value_at(ramp_up_seconds, rows_per_second, ramp_up_seconds).is_none() {
            return Err(crate::config::options::bad(
                "rampUpTime",
                "shorter: the values overflow",
                &format!("{ramp_up_seconds}s"),
            ));
        }
        let declared = options.positive("numPartitions")?;
        let partitions = declared.unwrap_or(request.runtime.lanes() as i64);
        Ok(Arc::new(Rate { rows_per_second, ramp_up_seconds, partitions, declared: declared.is_some() }))
    }
}

/// What `load()` declared.
#[derive(Clone, Debug)]
pub struct Rate {
    rows_per_second: i64,
    ramp_up_seconds: i64,
    partitions: i64,
    declared: bool,
}

impl Source for Rate {
    fn description(&self) -> String {
        let partitions = if self.declared { self.partitions.to_string() } else { "default".into() };
        format!(
            "RateStreamV2[rowsPerSecond={}, rampUpTimeSeconds={}, numPartitions={partitions}",
            self.rows_per_second, self.ramp_up_seconds
        )
    }

    fn schema(&self) -> SchemaRef {
        rate_schema()
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        let created_ms = match &run.log {
            Some(log) => created(log, run.clock.now_ms())?,
            None => run.clock.now_ms(),
        };
        Ok(Box::new(RateReader { rate: self.clone(), clock: run.clock, created_ms, last_ms: created_ms, latest: None }))
    }

    fn open_continuous(&self, run: SourceRun) -> Result<Box<dyn ContinuousReader>> {
        Ok(Box::new(ContinuousRate { rate: self.clone(), created_ms: run.clock.now_ms(), clock: run.clock }))
    }
}

/// When the query was first started: what the log says, or now, which the log then says.
fn created(log: &SourceLog, now_ms: i64) -> Result<i64> {
    const NAME: &str = "0";
    let store = log.store()?;
    let file = log.dir.join(NAME);
    if let Some(text) = store.get(NAME)? {
        let mut entries = read_entries(&file.display().to_string(), &text)?;
        return entries.next().unwrap_or_default().parse().map_err(|error| {
            Error::new(ErrorKind::Checkpoint, format!("{} should hold a time in milliseconds: {error}", file.display()))
        });
    }
    match store.put_if_absent(NAME, write_entries(&[now_ms.to_string()]).as_bytes())? {
        Put::Written => Ok(now_ms),
        Put::Exists => {
            Err(Error::new(ErrorKind::Checkpoint, format!("another query has just written {}", file.display())))
        }
    }
}

/// How many values there are after so many seconds: the speed rises by the same step each second of
/// the ramp, then stays. `None` past `i64`.
fn value_at(seconds: i64, rows_per_second: i64, ramp_up_seconds: i64) -> Option<i64> {
    let step = (rows_per_second / (ramp_up_seconds + 1)).max(1);
    let in_ramp = seconds.min(ramp_up_seconds);
    // step · seconds · (seconds + 1) / 2, halved before it can overflow.
    let pairs = if in_ramp % 2 == 1 {
        ((in_ramp + 1) / 2).checked_mul(in_ramp)?
    } else {
        (in_ramp / 2).checked_mul(in_ramp + 1)?
    };
    pairs.checked_mul(step)?.checked_add((seconds - in_ramp).checked_mul(rows_per_second)?)
}

/// The source opened by one run of a micro-batch query.
struct RateReader {
    rate: Rate,
    clock: Arc<dyn Clock>,
    created_ms: i64,
    /// The latest reading: a clock that is set back does not take rows away.
    last_ms: i64,
    latest: Option<Offset>,
}

impl RateReader {
    fn seconds(offset: Option<&Offset>) -> Result<i64> {
        let Some(offset) = offset else { return Ok(0) };
        offset.0.parse().map_err(|error| offset.damaged("rate", error))
    }

    fn value(&self, seconds: i64) -> Result<i64> {
        value_at(seconds, self.rate.rows_per_second, self.rate.ramp_up_seconds).ok_or_else(|| {
            Error::runtime(format!(
                "the source 'rate' has used up the numbers of its column 'value' at second {seconds}"
            ))
        })
    }
}

impl Reader for RateReader {
    fn initial(&mut self) -> Result<Option<Offset>> {
        Ok(Some(Offset("0".into())))
    }

    fn pin_available(&mut self) -> Result<Available> {
        Ok(Available::OneBatchOnly)
    }

    fn end_of_batch(&mut self, start: Option<&Offset>, _: ReadLimit) -> Result<Option<Offset>> {
        self.last_ms = self.last_ms.max(self.clock.now_ms());
        let end = (self.last_ms - self.created_ms) / 1000;
        self.latest = Some(Offset(end.to_string()));
        Ok((end > Self::seconds(start)?).then(|| Offset(end.to_string())))
    }

    fn partitions(&mut self, start: Option<&Offset>, end: &Offset) -> Result<Vec<Arc<dyn Partition>>> {
        let (start, end) = (Self::seconds(start)?, Self::seconds(Some(end))?);
        let (first, last) = (self.value(start)?, self.value(end)?);
        if last <= first {
            return Ok(Vec::new());
        }
        let ms_per_value = ((end - start) * 1000) as f64 / (last - first) as f64;
        let start_ms = self.created_ms + start * 1000;
        Ok((0..self.rate.partitions)
            .map(|i| {
                Arc::new(RateRows {
                    range_start: first,
                    next: first + i,
                    end: last,
                    step: self.rate.partitions,
                    start_ms,
                    ms_per_value,
                }) as Arc<dyn Partition>
            })
            .collect())
    }

    fn report(&self) -> SourceReport {
        SourceReport { latest: self.latest.clone(), ..SourceReport::default() }
    }
}

/// One partition: every `step`-th value from `next` up to `end`.
#[derive(Clone)]
struct RateRows {
    range_start: i64,
    next: i64,
    end: i64,
    step: i64,
    start_ms: i64,
    ms_per_value: f64,
}

impl Partition for RateRows {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let (mut rows, scan, schema) = (self.clone(), scan.clone(), rate_schema());
        Ok(RecordBatches::Blocking(Box::new(std::iter::from_fn(move || {
            if rows.next >= rows.end {
                return None;
            }
            let from = rows.next;
            let count = ((rows.end - from - 1) / rows.step + 1).min(CHUNK_ROWS as i64);
            rows.next += count * rows.step;
            Some(scan.cancel.check().and_then(|()| {
                let values = || (0..count).map(|i| from + i * rows.step);
                scan.build(&schema, count as usize, |column| match column {
                    // Java's round: halves go up, and nothing here is negative.
                    0 => times(values().map(|value| {
                        rows.start_ms + ((value - rows.range_start) as f64 * rows.ms_per_value + 0.5).floor() as i64
                    })),
                    _ => Arc::new(Int64Array::from_iter_values(values())),
                })
            }))
        }))))
    }
}

fn times(ms: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(ms.map(|ms| ms.saturating_mul(1000))).with_timezone("UTC"))
}

/// Where a lane of a continuous query stands: the last value it gave, and when that was due.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Stand {
    value: i64,
    #[serde(rename = "runTimeMs")]
    run_time_ms: i64,
}

/// The source opened by a continuous query. Its offset maps each partition to where it stands:
/// `{"0":{"value":4,"runTimeMs":1719290657102},"1":{"value":3,"runTimeMs":1719290656602}}`.
struct ContinuousRate {
    rate: Rate,
    created_ms: i64,
    clock: Arc<dyn Clock>,
}

impl ContinuousReader for ContinuousRate {
    fn start(&mut self, from: Option<&Offset>) -> Result<Vec<Box<dyn Tail>>> {
        let partitions = self.rate.partitions;
        let stands: Vec<Stand> = match from {
            // The start is exclusive, so the first value of each partition is the partition's
            // number.
            None => (0..partitions).map(|i| Stand { value: i - partitions, run_time_ms: self.created_ms }).collect(),
            Some(offset) => {
                let map: std::collections::BTreeMap<String, Stand> =
                    serde_json::from_str(&offset.0).map_err(|error| offset.damaged("rate", error))?;
                let stands: Option<Vec<Stand>> = (0..map.len()).map(|i| map.get(&i.to_string()).copied()).collect();
                stands.ok_or_else(|| offset.damaged("rate", "a partition is missing"))?
            }
        };
        if stands.len() as i64 != partitions {
            return Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "the checkpoint has {} partitions of 'rate' and this query {partitions}: set numPartitions to match",
                    stands.len()
                ),
            ));
        }
        let rows_per_second = self.rate.rows_per_second as f64 / partitions as f64;
        Ok(stands
            .into_iter()
            .map(|from| {
                Box::new(RateTail { clock: Arc::clone(&self.clock), from, given: 0, step: partitions, rows_per_second })
                    as Box<dyn Tail>
            })
            .collect())
    }

    fn merge(&self, ends: &[LaneOffset]) -> Result<Offset> {
        let stands: Vec<_> = ends.iter().enumerate().map(|(i, end)| format!(r#""{i}":{}"#, end.0)).collect();
        Ok(Offset(format!("{{{}}}", stands.join(","))))
    }
}

/// One partition of a continuous query. The n-th row from where it began is due n / rowsPerSecond
/// later.
struct RateTail {
    clock: Arc<dyn Clock>,
    from: Stand,
    given: i64,
    step: i64,
    rows_per_second: f64,
}

impl RateTail {
    /// The n-th row, counted from 1.
    fn row(&self, n: i64) -> Stand {
        let after_ms = (n as f64 * 1000.0 / self.rows_per_second) as i64;
        Stand { value: self.from.value + n * self.step, run_time_ms: self.from.run_time_ms + after_ms }
    }
}

impl Tail for RateTail {
    fn next(&mut self, wait: Duration) -> Result<Option<(RecordBatch, LaneOffset)>> {
        let due = self.row(self.given + 1).run_time_ms;
        let early = Duration::from_millis(u64::try_from(due - self.clock.now_ms()).unwrap_or(0));
        if !early.is_zero() {
            self.clock.sleep(early.min(wait));
        }
        let now = self.clock.now_ms();
        let rows: Vec<Stand> =
            (self.given + 1..).map(|n| self.row(n)).take_while(|row| row.run_time_ms <= now).take(CHUNK_ROWS).collect();
        if rows.is_empty() {
            return Ok(None);
        }
        self.given += rows.len() as i64;
        let values = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.value)));
        let batch = RecordBatch::try_new(rate_schema(), vec![times(rows.iter().map(|row| row.run_time_ms)), values])?;
        Ok(Some((batch, self.offset())))
    }

    fn offset(&self) -> LaneOffset {
        let Stand { value, run_time_ms } = self.row(self.given);
        LaneOffset(format!(r#"{{"value":{value},"runTimeMs":{run_time_ms}}}"#))
    }
}
