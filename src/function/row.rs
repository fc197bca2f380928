//! Functions of a row's place in its lane: `monotonically_increasing_id`, `spark_partition_id`, and
//! those of a seed, such as `rand`. They look at nothing else, so every run of a plan gives the
//! same rows the same values, whatever was run before.
//!
//! A lane is a partition of Spark's. Spark adds the number of the partition to the seed, and draws
//! for each row in turn.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, ListArray, StringArray, UInt32Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef};

use super::random::{MersenneTwister, Well19937c, XorShift, drawn_seed};
use super::{Chunk, Function, FunctionKey, LaneFunction, Runs};
use crate::batch::Batch;
use crate::error::{Error, Result};

/// What a row's place gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RowValue {
    /// The lane in the upper 31 bits, the row in the lower 33.
    Id,
    Lane,
    /// A number that is drawn with a seed.
    Drawn(Draw, i64),
}

/// What is drawn for each row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Draw {
    /// Evenly from 0 to 1.
    Uniform,
    /// The bell curve around 0 with deviation 1.
    Normal,
    /// Letters and digits, so many.
    Text(usize),
    Uuid,
    /// The elements of the argument, an array, in another order.
    Order,
    /// How often a row is taken, so often in the mean.
    Count(f64),
}

/// A function of the row's place.
#[derive(Clone, Debug)]
pub struct RowFunction {
    name: String,
    value: RowValue,
}

impl RowFunction {
    /// The function that Spark calls `name`, if it is one that takes nothing.
    pub fn named(name: &str) -> Option<Self> {
        let value = match name {
            "monotonically_increasing_id" => RowValue::Id,
            "spark_partition_id" => RowValue::Lane,
            _ => return None,
        };
        Some(Self { name: name.to_owned(), value })
    }

    /// A function that draws something for each row; `name` is for errors.
    pub fn drawing(name: &str, draw: Draw, seed: i64) -> Self {
        Self { name: name.to_owned(), value: RowValue::Drawn(draw, seed) }
    }
}

/// A seed for a call that has none.
pub fn fresh_seed() -> i64 {
    uuid::Uuid::new_v4().as_u64_pair().0.cast_signed()
}

/// SplitMix64: a bijection of 64 bits that passes tests of randomness on successive inputs.
fn mixed(input: u64) -> u64 {
    let z = input.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The seed of a batch. A stream's batches differ, as Spark's do, but a replayed batch is the same
/// one; batch 0 and a batch query have the seed itself.
fn batch_seed(seed: i64, batch: &Batch) -> i64 {
    if batch.id.0 == 0 { seed } else { seed ^ mixed(batch.id.0).cast_signed() }
}

/// A generator of one lane.
enum Drawing {
    Uniform(XorShift),
    Normal(XorShift),
    Text(XorShift, usize),
    Uuid(MersenneTwister),
    Order(MersenneTwister),
    Count(Well19937c, f64),
}

impl LaneFunction for Drawing {
    fn call(&mut self, chunk: Chunk) -> Result<ArrayRef> {
        let rows = 0..chunk.rows;
        Ok(match self {
            Self::Uniform(random) => Arc::new(Float64Array::from_iter_values(rows.map(|_| random.next_double()))),
            Self::Normal(random) => Arc::new(Float64Array::from_iter_values(rows.map(|_| random.next_gaussian()))),
            Self::Text(random, length) => {
                let text = |_| -> String { (0..*length).map(|_| letter(random.next_int())).collect() };
                Arc::new(StringArray::from_iter_values(rows.map(text)))
            }
            Self::Uuid(random) => Arc::new(StringArray::from_iter_values(rows.map(|_| random.uuid().to_string()))),
            Self::Order(random) => shuffled(random, chunk.columns.first())?,
            Self::Count(random, mean) => {
                Arc::new(Int32Array::from_iter_values(rows.map(|_| random.next_poisson(*mean))))
            }
        })
    }
}

/// One of the 62 digits and letters.
fn letter(drawn: i32) -> char {
    const LETTERS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char::from(LETTERS[(drawn % 62).unsigned_abs() as usize])
}

/// Arrays, each in another order. Nothing is drawn for null.
fn shuffled(random: &mut MersenneTwister, column: Option<&ArrayRef>) -> Result<ArrayRef> {
    let lists = column.and_then(|column| column.as_list_opt::<i32>());
    let lists = lists.ok_or_else(|| Error::internal("shuffle() of what is no array"))?;
    let DataType::List(element) = lists.data_type() else { return Err(Error::internal("a list of another type")) };
    let (mut places, mut lengths) = (Vec::with_capacity(lists.values().len()), Vec::with_capacity(lists.len()));
    for row in 0..lists.len() {
        let length = if lists.is_null(row) { 0 } else { lists.value_length(row) as usize };
        let first = lists.value_offsets()[row] as u32;
        places.extend(random.permutation(length).into_iter().map(|place| first + place as u32));
        lengths.push(length);
    }
    let values = take(lists.values(), &UInt32Array::from(places), None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(Arc::clone(element), offsets, values, lists.nulls().cloned())?))
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
        let (data_type, nullable) = match (self.value, inputs) {
            (RowValue::Drawn(Draw::Order, _), [array]) => (array.data_type().clone(), array.is_nullable()),
            (RowValue::Id, []) => (DataType::Int64, false),
            (RowValue::Lane | RowValue::Drawn(Draw::Count(_), _), []) => (DataType::Int32, false),
            (RowValue::Drawn(Draw::Uniform | Draw::Normal, _), []) => (DataType::Float64, false),
            (RowValue::Drawn(Draw::Text(_) | Draw::Uuid, _), []) => (DataType::Utf8, false),
            _ => return Err(Error::internal(format!("{}() does not read {} columns", self.name, inputs.len()))),
        };
        Ok(Arc::new(Field::new(&self.name, data_type, nullable)))
    }

    fn in_lane(&self, batch: &Batch, lane: usize) -> Option<Box<dyn LaneFunction>> {
        let RowValue::Drawn(draw, seed) = self.value else { return None };
        let whole = batch_seed(seed, batch);
        let seed = whole.wrapping_add(lane as i64);
        Some(Box::new(match draw {
            Draw::Uniform => Drawing::Uniform(XorShift::new(seed)),
            Draw::Normal => Drawing::Normal(XorShift::new(seed)),
            Draw::Text(length) => Drawing::Text(XorShift::new(seed), length),
            Draw::Uuid => Drawing::Uuid(MersenneTwister::new(seed)),
            Draw::Order => Drawing::Order(MersenneTwister::new(seed)),
            Draw::Count(mean) => Drawing::Count(Well19937c::new(drawn_seed(whole, lane)), mean),
        }))
    }

    fn call(&self, _: &Batch, chunk: Chunk) -> Result<ArrayRef> {
        let (lane, rows) = (chunk.lane, chunk.first_row..chunk.first_row + chunk.rows as u64);
        match self.value {
            RowValue::Id => {
                Ok(Arc::new(Int64Array::from_iter_values(rows.map(|row| ((lane as i64) << 33) + row as i64))))
            }
            RowValue::Lane => Ok(Arc::new(Int32Array::from_value(lane as i32, chunk.rows))),
            RowValue::Drawn(..) => Err(Error::internal(format!("{}() draws in the order of its lane", self.name))),
        }
    }
}
