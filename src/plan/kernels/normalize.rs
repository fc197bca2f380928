//! One NaN and no -0.0: Arrow compares, groups and orders floats by bits.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, ListArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;

use super::Kernel;
use crate::error::Result;
use crate::plan::typed::{Typed, literal};
use crate::types::map_fields;

fn holds_float(data_type: &DataType) -> bool {
    match data_type {
        DataType::Float32 | DataType::Float64 => true,
        DataType::List(element) => holds_float(element.data_type()),
        DataType::Map(..) => map_fields(data_type)
            .is_some_and(|(key, value)| holds_float(key.data_type()) || holds_float(value.data_type())),
        DataType::Struct(fields) => fields.iter().any(|field| holds_float(field.data_type())),
        _ => false,
    }
}

/// The value in the form in which equal floats have equal bits, however deep they are in it.
pub fn normalized(value: Typed) -> Typed {
    if !holds_float(&value.data_type) {
        return value;
    }
    if let Expr::Literal(constant, _) = &value.expr
        && let Ok(array) = constant.to_array()
        && let Ok(array) = normalize_floats(&array)
        && let Ok(constant) = ScalarValue::try_from_array(&array, 0)
    {
        return literal(constant);
    }
    let data_type = value.data_type.clone();
    Kernel::arrays(format!("normalize_{data_type}"), data_type, value.nullable, |arrays| normalize_floats(&arrays[0]))
        .infallible()
        .call(vec![value])
}

/// The values with one NaN and one zero. A map's are left as they are.
pub fn normalize_floats(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        DataType::Float32 => Arc::new(
            array
                .as_primitive::<Float32Type>()
                .unary::<_, Float32Type>(|v| if v.is_nan() { f32::NAN } else { v + 0.0 }),
        ),
        DataType::Float64 => Arc::new(
            array
                .as_primitive::<Float64Type>()
                .unary::<_, Float64Type>(|v| if v.is_nan() { f64::NAN } else { v + 0.0 }),
        ),
        DataType::List(element) if holds_float(element.data_type()) => {
            let list = array.as_list::<i32>();
            let values = normalize_floats(list.values())?;
            Arc::new(ListArray::try_new(Arc::clone(element), list.offsets().clone(), values, list.nulls().cloned())?)
        }
        DataType::Struct(fields) if holds_float(array.data_type()) => {
            let structure = array.as_struct();
            let columns: Result<Vec<_>> = structure.columns().iter().map(normalize_floats).collect();
            Arc::new(StructArray::try_new(fields.clone(), columns?, structure.nulls().cloned())?)
        }
        _ => Arc::clone(array),
    })
}

/// Values together as bytes, equal where the values are; null where one of them is null.
pub fn as_bytes(values: Vec<Typed>) -> Typed {
    let nullable = values.iter().any(|value| value.nullable);
    let kernel = Kernel::arrays("as_bytes", DataType::Binary, nullable, |arrays| {
        let fields = arrays.iter().map(|array| SortField::new(array.data_type().clone())).collect();
        let rows = RowConverter::new(fields)?.convert_columns(arrays)?;
        let nulls = arrays.iter().map(|array| array.logical_nulls());
        let nulls = nulls.fold(None, |all, nulls| NullBuffer::union(all.as_ref(), nulls.as_ref()));
        let (offsets, bytes, _) = rows.try_into_binary()?.into_parts();
        Ok(Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?))
    });
    kernel.infallible().call(values)
}

/// Floats as whole numbers in the order of Spark's values. DataFusion's accumulators find NaN
/// neither greater nor less than any number.
pub fn ranked(value: Typed) -> Typed {
    let (name, to) = match value.data_type {
        DataType::Float32 => ("rank_float", DataType::Int32),
        DataType::Float64 => ("rank_double", DataType::Int64),
        _ => return value,
    };
    let nullable = value.nullable;
    let kernel = Kernel::arrays(name, to, nullable, |arrays| {
        Ok(match arrays[0].data_type() {
            DataType::Float32 => Arc::new(
                arrays[0]
                    .as_primitive::<Float32Type>()
                    .unary::<_, Int32Type>(|v| folded_32(if v.is_nan() { f32::NAN } else { v }.to_bits() as i32)),
            ),
            _ => Arc::new(
                arrays[0]
                    .as_primitive::<Float64Type>()
                    .unary::<_, Int64Type>(|v| folded_64(if v.is_nan() { f64::NAN } else { v }.to_bits() as i64)),
            ),
        })
    });
    kernel.infallible().call(vec![value])
}

/// The values that [`ranked`] made whole numbers of.
pub fn of_ranks(ranks: Typed, data_type: &DataType) -> Typed {
    let name = match data_type {
        DataType::Float32 => "float_of_rank",
        DataType::Float64 => "double_of_rank",
        _ => return ranks,
    };
    let nullable = ranks.nullable;
    let kernel = Kernel::arrays(name, data_type.clone(), nullable, |arrays| {
        Ok(match arrays[0].data_type() {
            DataType::Int32 => Arc::new(
                arrays[0].as_primitive::<Int32Type>().unary::<_, Float32Type>(|v| f32::from_bits(folded_32(v) as u32)),
            ),
            _ => Arc::new(
                arrays[0].as_primitive::<Int64Type>().unary::<_, Float64Type>(|v| f64::from_bits(folded_64(v) as u64)),
            ),
        })
    });
    kernel.infallible().call(vec![ranks])
}

/// The bits of a negative float, whose order is the other way round, turned over; and back.
fn folded_32(bits: i32) -> i32 {
    bits ^ ((bits >> 31) as u32 >> 1) as i32
}

fn folded_64(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}
