//! Lists of structs that generators turn into rows: one struct a row, one field a column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::logical_expr::ColumnarValue;

use super::Kernel;
use crate::error::Result;
use crate::plan::typed::Typed;
use crate::types::{array, map_fields};

/// `count` rows of `fields` for each row. `cells` holds the first column's values, then the
/// second's.
pub fn stacked(cells: Vec<Typed>, fields: Fields, count: usize) -> Typed {
    let element = DataType::Struct(fields.clone());
    let kernel =
        Kernel::new(format!("stack_{count}_{element}"), array(element, false), false, move |arguments, rows| {
            let arrays = arguments.iter().map(|argument| argument.to_array(rows)).collect::<Result<Vec<_>, _>>()?;
            let columns = arrays.chunks(count).map(|column| interleave(column, rows)).collect::<Result<Vec<_>>>()?;
            let structs = StructArray::try_new(fields.clone(), columns, None)?;
            let item = Arc::new(Field::new("element", structs.data_type().clone(), false));
            let list =
                ListArray::try_new(item, OffsetBuffer::from_repeated_length(count, rows), Arc::new(structs), None)?;
            Ok(ColumnarValue::Array(Arc::new(list)))
        });
    kernel.infallible().call(cells)
}

/// Row by row: the first of each column, then the second of each, ….
fn interleave(columns: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    let refs: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    let indices: Vec<_> = (0..rows).flat_map(|row| (0..columns.len()).map(move |column| (column, row))).collect();
    Ok(arrow::compute::interleave(&refs, &indices)?)
}

/// One row for each row.
pub fn one_row(row: Typed) -> Typed {
    let item = Arc::new(Field::new("element", row.data_type.clone(), false));
    let result = DataType::List(Arc::clone(&item));
    let kernel = Kernel::arrays(format!("one_row_{}", row.data_type), result, false, move |arrays| {
        let offsets = OffsetBuffer::from_repeated_length(1, arrays[0].len());
        Ok(Arc::new(ListArray::try_new(Arc::clone(&item), offsets, Arc::clone(&arrays[0]), None)?))
    });
    kernel.infallible().call(vec![row])
}

/// An array or map as a list of structs, with each element's position when wanted.
pub fn with_positions(value: Typed, positions: bool) -> Typed {
    let mut fields = Vec::new();
    if positions {
        fields.push(Field::new("pos", DataType::Int32, false));
    }
    match &value.data_type {
        DataType::List(element) => fields.push(Field::new("col", element.data_type().clone(), element.is_nullable())),
        other => {
            if let Some((key, value)) = map_fields(other) {
                fields.push(Field::new("key", key.data_type().clone(), false));
                fields.push(Field::new("value", value.data_type().clone(), value.is_nullable()));
            }
        }
    }
    let fields = Fields::from(fields);
    let item = Arc::new(Field::new("element", DataType::Struct(fields.clone()), false));
    let result = DataType::List(Arc::clone(&item));
    let nullable = value.nullable;
    Kernel::arrays(format!("rows_{positions}_{}", value.data_type), result, nullable, move |arrays| {
        let (offsets, mut columns, nulls) = match arrays[0].data_type() {
            DataType::List(_) => {
                let list = arrays[0].as_list::<i32>();
                (list.offsets().clone(), vec![Arc::clone(list.values())], list.nulls().cloned())
            }
            _ => {
                let map = arrays[0].as_map();
                (map.offsets().clone(), vec![Arc::clone(map.keys()), Arc::clone(map.values())], map.nulls().cloned())
            }
        };
        if positions {
            let mut numbers: Vec<i32> = vec![0; columns[0].len()];
            for range in offsets.windows(2) {
                for (position, at) in (range[0]..range[1]).enumerate() {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        clippy::cast_possible_wrap,
                        reason = "list offsets are 32 bits"
                    )]
                    {
                        numbers[at as usize] = position as i32;
                    }
                }
            }
            columns.insert(0, Arc::new(Int32Array::new(ScalarBuffer::from(numbers), None)));
        }
        let structs = StructArray::try_new(fields.clone(), columns, None)?;
        Ok(Arc::new(ListArray::try_new(Arc::clone(&item), offsets, Arc::new(structs), nulls)?))
    })
    .infallible()
    .call(vec![value])
}
