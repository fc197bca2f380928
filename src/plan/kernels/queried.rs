//! What a query in the place of a value gave, as a list: its only value, or whether one is among
//! them.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::logical_expr::ColumnarValue;

use super::Kernel;
use crate::error::{Error, Result, condition};
use crate::plan::typed::Typed;

/// The one value of a list of one; null of an empty list and of none.
pub fn only(list: Typed, data_type: &DataType) -> Typed {
    let kernel = Kernel::arrays(format!("only_{data_type}"), data_type.clone(), true, |arrays| {
        let lists = arrays[0].as_list::<i32>();
        let place = |row: usize| match if lists.is_valid(row) { lists.value_length(row) } else { 0 } {
            0 => Ok(None),
            #[expect(clippy::cast_sign_loss, reason = "offsets are not negative")]
            1 => Ok(Some(lists.value_offsets()[row] as u32)),
            _ => Err(Error::of(condition::SCALAR_SUBQUERY_TOO_MANY_ROWS)),
        };
        let places = (0..lists.len()).map(place).collect::<Result<UInt32Array>>()?;
        Ok(take(lists.values(), &places, None)?)
    });
    kernel.call(vec![list])
}

/// Whether a value is in a list that every row has, or with `negated`, is not. Where that is not
/// known, it is null of a constant of one column, and false of other values.
pub fn among(list: Typed, value: Typed, negated: bool) -> Typed {
    let is_constant = !value.expr.any_column_refs() && !value.data_type.is_nested();
    let name = format!("among({negated}, {is_constant})");
    let kernel = Kernel::new(name, DataType::Boolean, is_constant, move |arguments, rows| {
        let [list, value] = arguments else { return Err(Error::internal("among takes a list and a value")) };
        let lists = match list {
            ColumnarValue::Scalar(list) => list.to_array()?,
            ColumnarValue::Array(lists) => Arc::clone(lists),
        };
        let lists = lists.as_list::<i32>();
        if rows == 0 || lists.is_empty() {
            return Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(vec![negated; rows]))));
        }
        let (listed, values) = (lists.value(0), value.to_array(rows)?);
        let (listed_rows, value_rows) = (rows_of(&listed)?, rows_of(&values)?);
        let (nulls, value_nulls) = (listed.logical_nulls(), values.logical_nulls());
        let is_known = |row: &usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row));
        let known: HashSet<_> = (0..listed.len()).filter(is_known).map(|row| listed_rows.row(row)).collect();
        let has_null = nulls.is_some_and(|nulls| nulls.null_count() > 0);
        let found = |row: usize| {
            if listed.is_empty() {
                return Some(negated);
            }
            if value_nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                return (!is_constant).then_some(false);
            }
            let found = known.contains(&value_rows.row(row));
            Some(if negated { !found && !has_null } else { found })
        };
        Ok(ColumnarValue::Array(Arc::new((0..rows).map(found).collect::<BooleanArray>())))
    });
    kernel.infallible().call(vec![list, value])
}

fn rows_of(array: &ArrayRef) -> Result<Rows> {
    let converter = RowConverter::new(vec![SortField::new(array.data_type().clone())])?;
    Ok(converter.convert_columns(std::slice::from_ref(array))?)
}
