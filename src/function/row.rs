//! Functions of a row's place in its lane: `monotonically_increasing_id`, `spark_partition_id`, `rand`, `randn`. They look at nothing else,
//! so every run of a plan gives the same rows the same values, whatever was run before.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array};
use arrow::datatypes::{DataType, Field, FieldRef};

use super::{Chunk, Function, FunctionKey, Runs};
use crate::batch::Batch;
use crate::error::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowValue {
    /// The lane in the upper 31 bits, the row in the lower 33.
    Id,
    Lane,
    /// Evenly from 0 to 1.
    Uniform(u64),
    /// The bell curve around 0 with deviation 1.
    Normal(u64),
}

/// A function of the row's place.
#[derive(Clone, Debug)]
pub struct RowFunction {
    name: String,
    value: RowValue,
}

impl RowFunction {
    /// The function that Spark calls `name`, if it is one. Without a seed, `rand` and `randn` have one of their own.
    pub fn named(name: &str, seed: Option<i64>) -> Option<Self> {
        let seed = || seed.map_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0, |seed| seed as u64);
        let value = match name {
            "monotonically_increasing_id" => RowValue::Id,
            "spark_partition_id" => RowValue::Lane,
            "rand" | "random" => RowValue::Uniform(seed()),
            "randn" => RowValue::Normal(seed()),
            _ => return None,
        };
        Some(Self { name: name.to_owned(), value })
    }
}

/// SplitMix64: a bijection of 64 bits that passes tests of randomness on successive inputs.
fn mixed(input: u64) -> u64 {
    let z = input.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Evenly from 0 (included) to 1 (not included).
fn uniform(seed: u64, lane: usize, draw: u64) -> f64 {
    let bits = mixed(mixed(mixed(seed) ^ lane as u64) ^ draw);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

impl Function for RowFunction {
    fn key(&self) -> FunctionKey {
        FunctionKey(format!("row:{:?}", self.value))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn runs(&self) -> Runs {
        Runs::Inline
    }

    fn deterministic(&self) -> bool {
        false
    }

    fn output(&self, inputs: &[FieldRef]) -> Result<FieldRef> {
        if !inputs.is_empty() {
            return Err(Error::internal(format!("{}() reads no column, found {}", self.name, inputs.len())));
        }
        let data_type = match self.value {
            RowValue::Id => DataType::Int64,
            RowValue::Lane => DataType::Int32,
            RowValue::Uniform(_) | RowValue::Normal(_) => DataType::Float64,
        };
        Ok(Arc::new(Field::new(&self.name, data_type, false)))
    }

    fn call(&self, batch: &Batch, chunk: Chunk) -> Result<ArrayRef> {
        let (lane, rows) = (chunk.lane, chunk.first_row..chunk.first_row + chunk.rows as u64);
        // A stream's batches differ; a replayed batch is the same one.
        let seed = |seed: u64| seed ^ mixed(batch.id.0);
        Ok(match self.value {
            RowValue::Id => Arc::new(Int64Array::from_iter_values(rows.map(|row| ((lane as i64) << 33) + row as i64))),
            RowValue::Lane => Arc::new(Int32Array::from_value(lane as i32, chunk.rows)),
            RowValue::Uniform(own) => {
                Arc::new(Float64Array::from_iter_values(rows.map(|row| uniform(seed(own), lane, row))))
            }
            RowValue::Normal(own) => Arc::new(Float64Array::from_iter_values(rows.map(|row| {
                // Box and Muller: 1 - u keeps the logarithm's argument above 0.
                let (u, v) = (uniform(seed(own), lane, 2 * row), uniform(seed(own), lane, 2 * row + 1));
                (-2.0 * (1.0 - u).ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
            }))),
        })
    }
}
