//! One NaN and no -0.0: Arrow compares, groups and orders floats by bits.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
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

/// One NaN and no -0.0: comparison, grouping, joins and order in Arrow go by bits.
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

fn normalize_floats(array: &ArrayRef) -> Result<ArrayRef> {
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
