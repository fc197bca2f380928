//! An aggregate that keeps its values and computes at the end: percentiles, `mode`, `max_by`,
//! `collect_list`. It spends memory on groups; what can be folded value by value is DataFusion's
//! own aggregate.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};

use super::CallContext;
use super::edge::Edge;
use crate::error::{Error, Result};
use crate::plan::typed::Typed;

/// From every value of a group, argument by argument, to its result: an array of one value.
type Finish = dyn Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync;
/// From values of a group to the row among them that is the only one to matter; none where no row
/// does.
type Best = dyn Fn(&[ArrayRef]) -> Result<Option<usize>> + Send + Sync;

/// What becomes of a group's values.
#[derive(Clone)]
enum How {
    /// All are kept, and the result is made of them at the end.
    All(Arc<Finish>),
    /// One row is kept, and the result is its first argument.
    Best(Arc<Best>),
}

/// Whether the result depends on the order in which rows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    AtOrder,
    AtValues,
}

struct Collect {
    /// Holds every parameter of `how`: equal names are equal functions.
    name: String,
    data_type: DataType,
    nullable: bool,
    signature: Signature,
    looks: Looks,
    how: How,
    /// Whether equal values count once, whatever the call says.
    once: bool,
}

/// What an aggregate function keeps of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptValues {
    /// No more with many rows than with few.
    Little,
    /// Every value.
    Everything,
    /// Every value, each once.
    EachOnce,
}

/// What an aggregate function keeps of a group.
pub fn kept_by(function: &AggregateUDF) -> KeptValues {
    match function.inner().downcast_ref::<Collect>() {
        Some(Collect { how: How::All(_), once: true, .. }) => KeptValues::EachOnce,
        Some(Collect { how: How::All(_), .. }) => KeptValues::Everything,
        _ => KeptValues::Little,
    }
}

/// Whether an aggregate function's result depends on the order in which rows come.
pub fn looks_at_order(function: &AggregateUDF) -> bool {
    match function.inner().downcast_ref::<Collect>() {
        Some(collect) => collect.looks == Looks::AtOrder,
        None => Edge::of(function).is_some(),
    }
}

/// The call of an aggregate that keeps its values; `name` must tell apart all that `finish` closes
/// over.
pub fn collect(
    context: &CallContext<'_>,
    name: impl Into<String>,
    looks: Looks,
    (data_type, nullable): (DataType, bool),
    arguments: Vec<Typed>,
    finish: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Typed {
    call(context.distinct, name.into(), looks, (data_type, nullable), arguments, (How::All(Arc::new(finish)), false))
}

/// The call of an aggregate that keeps each of its values once, as [`collect`] keeps all.
pub fn collect_once(
    context: &CallContext<'_>,
    name: impl Into<String>,
    (data_type, nullable): (DataType, bool),
    arguments: Vec<Typed>,
    finish: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Typed {
    let how = (How::All(Arc::new(finish) as Arc<Finish>), true);
    call(context.distinct, name.into(), Looks::AtOrder, (data_type, nullable), arguments, how)
}

/// An accumulator of all rows of a frame that moves, from which `finish` makes the result.
pub fn kept(
    types: Vec<DataType>,
    finish: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Box<dyn Accumulator> {
    let chunks = vec![Vec::new(); types.len()];
    let how = How::All(Arc::new(finish));
    Box::new(GroupValues { types, chunks, distinct: false, how, keeps: Keeps::Everything })
}

/// The call of an aggregate that gives its first argument in the row that `best` picks; `name` must
/// tell apart all that `best` closes over.
pub fn best(
    distinct: bool,
    name: impl Into<String>,
    arguments: Vec<Typed>,
    best: impl Fn(&[ArrayRef]) -> Result<Option<usize>> + Send + Sync + 'static,
) -> Typed {
    let data_type = arguments.first().map_or(DataType::Null, |value| value.data_type.clone());
    call(distinct, name.into(), Looks::AtOrder, (data_type, true), arguments, (How::Best(Arc::new(best)), false))
}

fn call(
    distinct: bool,
    name: String,
    looks: Looks,
    (data_type, nullable): (DataType, bool),
    arguments: Vec<Typed>,
    (how, once): (How, bool),
) -> Typed {
    let function = Collect {
        name,
        data_type: data_type.clone(),
        nullable,
        signature: Signature::variadic_any(Volatility::Immutable),
        looks,
        how,
        once,
    };
    let arguments = arguments.into_iter().map(|argument| argument.expr).collect();
    let function = Arc::new(AggregateUDF::new_from_impl(function));
    let expr = Expr::AggregateFunction(AggregateFunction::new_udf(function, arguments, distinct, None, vec![], None));
    Typed { expr, data_type, nullable }
}

impl fmt::Debug for Collect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collect({})", self.name)
    }
}

impl PartialEq for Collect {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.data_type == other.data_type
    }
}

impl Eq for Collect {}

impl Hash for Collect {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

fn list_of(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("element", data_type, true))
}

impl AggregateUDFImpl for Collect {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> DfResult<DataType> {
        Ok(self.data_type.clone())
    }

    /// The result over a frame without rows.
    fn default_value(&self, data_type: &DataType) -> DfResult<ScalarValue> {
        match data_type {
            DataType::List(element) if !self.nullable => {
                let none = new_empty_array(element.data_type());
                let lists = ListArray::try_new(Arc::clone(element), OffsetBuffer::from_lengths([0]), none, None)?;
                Ok(ScalarValue::List(Arc::new(lists)))
            }
            other => ScalarValue::try_from(other),
        }
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        let state = |(at, field): (usize, &FieldRef)| -> FieldRef {
            Arc::new(Field::new(
                format!("{}[{at}]", arguments.name),
                DataType::List(list_of(field.data_type().clone())),
                true,
            ))
        };
        Ok(arguments.input_fields.iter().enumerate().map(state).collect())
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        Ok(Box::new(self.values(&arguments, Keeps::WhatMatters)))
    }

    /// A window's rows leave one after the other, and then the next best one matters.
    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        Ok(Box::new(self.values(&arguments, Keeps::Everything)))
    }
}

impl Collect {
    fn values(&self, arguments: &AccumulatorArgs<'_>, keeps: Keeps) -> GroupValues {
        let types: Vec<_> = arguments.expr_fields.iter().map(|field| field.data_type().clone()).collect();
        let chunks = vec![Vec::new(); types.len()];
        GroupValues { types, chunks, distinct: arguments.is_distinct || self.once, how: self.how.clone(), keeps }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    WhatMatters,
    Everything,
}

/// The values of one group, argument by argument, in the chunks in which they came.
struct GroupValues {
    types: Vec<DataType>,
    chunks: Vec<Vec<ArrayRef>>,
    distinct: bool,
    how: How,
    keeps: Keeps,
}

impl fmt::Debug for GroupValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupValues({:?})", self.types)
    }
}

impl GroupValues {
    fn all(&self) -> DfResult<Vec<ArrayRef>> {
        let joined = self.types.iter().zip(&self.chunks).map(|(data_type, chunks)| {
            let chunks: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
            if chunks.is_empty() { Ok(new_empty_array(data_type)) } else { concat(&chunks) }
        });
        let columns = joined.collect::<Result<Vec<_>, _>>()?;
        if !self.distinct || columns.is_empty() {
            return Ok(columns);
        }
        let converter =
            RowConverter::new(self.types.iter().map(|data_type| SortField::new(data_type.clone())).collect())?;
        let rows = converter.convert_columns(&columns)?;
        let mut seen = std::collections::HashSet::new();
        let first: UInt32Array =
            rows.iter().enumerate().filter(|(_, row)| seen.insert(*row)).map(|(at, _)| at as u32).collect();
        Ok(columns.iter().map(|column| take(column, &first, None)).collect::<Result<Vec<_>, _>>()?)
    }
}

/// The bytes of the rows of an array and of no others: a chunk is a slice of a batch of many
/// groups.
fn sliced_bytes(array: &dyn Array) -> usize {
    let nulls = array.nulls().map_or(0, |_| array.len().div_ceil(8));
    let within = |values: &ArrayRef, offsets: &OffsetBuffer<i32>| {
        let (first, end) = (offsets[0] as usize, offsets[array.len()] as usize);
        size_of_val(&**offsets) + sliced_bytes(&values.slice(first, end - first))
    };
    match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            nulls + within(list.values(), list.offsets())
        }
        DataType::Map(..) => {
            let entries: ArrayRef = Arc::new(array.as_map().entries().clone());
            nulls + within(&entries, array.as_map().offsets())
        }
        DataType::Struct(_) => {
            nulls + array.as_struct().columns().iter().map(|column| sliced_bytes(column)).sum::<usize>()
        }
        _ => array.to_data().get_slice_memory_size().unwrap_or_default(),
    }
}

/// The one row of `values` that matters.
fn only(values: &[ArrayRef], best: &Best) -> DfResult<Option<Vec<ArrayRef>>> {
    let Some(row) = best(values)? else { return Ok(None) };
    let row = UInt32Array::from(vec![u32::try_from(row).map_err(|error| Error::internal(error.to_string()))?]);
    // A copy, so that the batch it came in can go.
    Ok(Some(values.iter().map(|array| take(array, &row, None)).collect::<Result<_, _>>()?))
}

impl Accumulator for GroupValues {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        if values.first().is_none_or(|array| array.is_empty()) {
            return Ok(());
        }
        let best = match &self.how {
            How::Best(best) if self.keeps == Keeps::WhatMatters => Arc::clone(best),
            _ => {
                for (chunks, array) in self.chunks.iter_mut().zip(values) {
                    chunks.push(Arc::clone(array));
                }
                return Ok(());
            }
        };
        let Some(row) = only(values, best.as_ref())? else { return Ok(()) };
        for (chunks, array) in self.chunks.iter_mut().zip(row) {
            chunks.push(array);
        }
        if let Some(row) = only(&self.all()?, best.as_ref())? {
            self.chunks = row.into_iter().map(|array| vec![array]).collect();
        }
        Ok(())
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        let values = self.all()?;
        if self.keeps == Keeps::Everything {
            // The next frame has most of these rows too.
            self.chunks = values.iter().map(|array| vec![Arc::clone(array)]).collect();
        }
        match &self.how {
            How::All(finish) => ScalarValue::try_from_array(&finish(&values)?, 0),
            How::Best(best) => match only(&values, best.as_ref())? {
                Some(row) => ScalarValue::try_from_array(&row[0], 0),
                None => ScalarValue::try_from(&self.types[0]),
            },
        }
    }

    fn size(&self) -> usize {
        size_of_val(self)
            + self.chunks.iter().flatten().map(|chunk| size_of_val(chunk) + sliced_bytes(chunk)).sum::<usize>()
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        let lists = self.all()?.into_iter().map(|array| {
            let offsets = OffsetBuffer::from_lengths([array.len()]);
            Ok(ScalarValue::List(Arc::new(ListArray::try_new(
                list_of(array.data_type().clone()),
                offsets,
                array,
                None,
            )?)))
        });
        lists.collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        for (chunks, lists) in self.chunks.iter_mut().zip(states) {
            let lists = lists.as_list::<i32>();
            for row in 0..lists.len() {
                if lists.is_valid(row) && lists.value_length(row) > 0 {
                    chunks.push(lists.value(row));
                }
            }
        }
        Ok(())
    }

    /// The window's frame moved on: the oldest rows leave it.
    fn retract_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        for (chunks, array) in self.chunks.iter_mut().zip(values) {
            let mut leaving = array.len();
            while leaving > 0 && !chunks.is_empty() {
                let length = chunks[0].len();
                if length <= leaving {
                    chunks.remove(0);
                } else {
                    chunks[0] = chunks[0].slice(leaving, length - leaving);
                }
                leaving = leaving.saturating_sub(length);
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }
}
