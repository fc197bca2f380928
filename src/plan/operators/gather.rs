//! Rows at some places.

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{interleave, take};
use arrow::datatypes::DataType;

use crate::error::Result;

/// The values of a column at these rows, none of which is null.
///
/// Arrow's `take` copies a list piece by piece through a table of functions. Its `interleave`
/// copies the numbers of a list at once.
pub fn gather(column: &ArrayRef, rows: &UInt32Array) -> Result<ArrayRef> {
    match column.data_type() {
        DataType::List(item) if item.data_type().is_primitive() => {
            let places: Vec<_> = rows.values().iter().map(|row| (0, *row as usize)).collect();
            Ok(interleave(&[column.as_ref()], &places)?)
        }
        _ => Ok(take(column, rows, None)?),
    }
}

/// These rows of a record batch, none of which is null.
pub fn gather_rows(batch: &RecordBatch, rows: &UInt32Array) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| gather(column, rows)).collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, ListArray, StringArray, UInt32Array};
    use arrow::compute::take;
    use arrow::datatypes::Int64Type;

    use super::gather;

    #[test]
    fn rows_of_any_column_come_as_from_take() {
        let lists = [Some(vec![Some(1), None]), None, Some(vec![]), Some(vec![Some(4), Some(5), Some(6)])];
        let columns: [ArrayRef; 3] = [
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists)),
            Arc::new(Int64Array::from(vec![Some(1), None, Some(3), Some(4)])),
            Arc::new(StringArray::from(vec![Some("a"), None, Some(""), Some("bcd")])),
        ];
        for column in columns {
            for (from, rows) in [(0, vec![3, 0, 0, 2, 1]), (1, vec![2, 1, 0]), (0, vec![])] {
                let column = column.slice(from, column.len() - from);
                let rows = UInt32Array::from(rows);
                assert_eq!(&gather(&column, &rows).unwrap(), &take(&column, &rows, None).unwrap());
            }
        }
    }
}
