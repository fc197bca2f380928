//! `spark.range`: whole numbers in steps, made while they are read.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::once::OnceReader;
use super::rate_micro_batch::CHUNK_ROWS;
use super::{Partition, Reader, RecordBatches, Scan, Source, SourceRun};
use crate::error::{Error, Result};

/// `id bigint not null` from `start` up to, and without, `end`.
#[derive(Clone, Debug)]
pub struct Range {
    start: i64,
    end: i64,
    step: i64,
    /// None: as many as there are lanes.
    partitions: Option<usize>,
    schema: SchemaRef,
}

impl Range {
    /// `step` may be negative, but not zero. With 0 `partitions` there are as many as lanes.
    pub fn new(start: i64, end: i64, step: i64, partitions: usize) -> Result<Self> {
        if step == 0 {
            return Err(Error::illegal("the step of a range must not be 0"));
        }
        let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
        Ok(Self { start, end, step, partitions: Some(partitions).filter(|partitions| *partitions > 0), schema })
    }

    /// How many numbers there are.
    pub fn rows(&self) -> u64 {
        let (start, end, step) = (i128::from(self.start), i128::from(self.end), i128::from(self.step));
        let span = if step > 0 { end - start } else { start - end };
        u64::try_from((span + step.abs() - 1).max(0) / step.abs()).unwrap_or(u64::MAX)
    }
}

impl Source for Range {
    fn description(&self) -> String {
        let splits = self.partitions.map_or("None".to_owned(), |partitions| partitions.to_string());
        format!("Range ({}, {}, step={}, splits={splits})", self.start, self.end, self.step)
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn partitions(&self) -> Option<usize> {
        self.partitions
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        let (rows, parts) = (u128::from(self.rows()), self.partitions.unwrap_or(run.lanes).max(1) as u128);
        let cut = |i: u128| u64::try_from(rows * i / parts).unwrap_or(u64::MAX);
        let partitions = (0..parts)
            .map(|i| Arc::new(Slice { range: self.clone(), first: cut(i), end: cut(i + 1) }) as Arc<dyn Partition>);
        Ok(Box::new(OnceReader(partitions.collect())))
    }
}

/// The numbers of a range from its `first`-th up to its `end`-th.
struct Slice {
    range: Range,
    first: u64,
    end: u64,
}

impl Partition for Slice {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let (range, scan, end) = (self.range.clone(), scan.clone(), self.end);
        let mut next = self.first;
        Ok(RecordBatches::Blocking(Box::new(std::iter::from_fn(move || {
            let rows = (end - next).min(CHUNK_ROWS as u64);
            if rows == 0 {
                return None;
            }
            // In i128 because start + n·step may leave i64 half-way only, never for a number of the
            // range.
            let from = (i128::from(range.start) + i128::from(next) * i128::from(range.step)) as i64;
            next += rows;
            Some(scan.cancel.check().and_then(|()| {
                scan.build(&range.schema, rows as usize, |_| {
                    Arc::new(Int64Array::from_iter_values(
                        (0..rows as i64).map(|i| from.wrapping_add(i.wrapping_mul(range.step))),
                    )) as ArrayRef
                })
            }))
        }))))
    }
}
