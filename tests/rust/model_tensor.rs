//! Arrow columns to tensors: what shares memory, what is copied, what is refused.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, Int32Array, ListArray,
};
use arrow::datatypes::{DataType, Field, Float32Type};
use firesteel::model::bind::Binding;
use firesteel::model::tensor::{Data, Tensor, as_lists, check_type, complete_rows, to_column};
use firesteel::model::{Dim, Element, TensorSpec};
use proptest::prelude::*;

fn spec(element: Element, row: &[usize]) -> TensorSpec {
    let dims = std::iter::once(Dim::Any("N".into())).chain(row.iter().map(|size| Dim::Fixed(*size))).collect();
    TensorSpec { name: "x".into(), element, dims }
}

fn lists(values: Vec<f32>, size: i32) -> ArrayRef {
    let item = Arc::new(Field::new("item", DataType::Float32, true));
    Arc::new(FixedSizeListArray::new(item, size, Arc::new(Float32Array::from(values)), None))
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    match &tensor.data {
        Data::Numbers(bytes) => bytes.typed_data::<f32>().to_vec(),
        Data::Strings(_) => panic!("text"),
    }
}

#[test]
fn lists_of_fixed_size_share_their_memory() {
    let column = lists((0..12).map(|i| i as f32).collect(), 3);
    let sliced = column.slice(1, 2);
    let tensor = Tensor::from_column(&spec(Element::Float32, &[3]), &sliced).unwrap();
    assert_eq!(tensor.shape, [2, 3]);
    assert_eq!(floats(&tensor), [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    let Data::Numbers(memory) = &tensor.data else { panic!("text") };
    let values = column.as_fixed_size_list().values().as_primitive::<Float32Type>().values();
    assert_eq!(memory.as_ptr(), values[3..].as_ptr().cast::<u8>());
}

#[test]
fn lists_of_equal_length_share_their_memory_and_others_are_refused() {
    let column: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(
        [vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0, 6.0]].map(|row| Some(row.into_iter().map(Some))),
    ));
    let tensor = Tensor::from_column(&spec(Element::Float32, &[2]), &column.slice(1, 2)).unwrap();
    assert_eq!((tensor.shape.as_slice(), floats(&tensor)), ([2_i64, 2].as_slice(), vec![3.0, 4.0, 5.0, 6.0]));
    let uneven: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(
        [vec![1.0, 2.0], vec![3.0]].map(|row| Some(row.into_iter().map(Some))),
    ));
    let error = Tensor::from_column(&spec(Element::Float32, &[2]), &uneven).unwrap_err();
    assert!(error.message().contains("found a list of 1 in row 1"), "{error}");
}

#[test]
fn a_flat_list_becomes_a_tensor_of_more_dimensions() {
    let column = lists((0..24).map(|i| i as f32).collect(), 12);
    assert_eq!(Tensor::from_column(&spec(Element::Float32, &[3, 4]), &column).unwrap().shape, [2, 3, 4]);
    let free = TensorSpec {
        dims: vec![Dim::Any("N".into()), Dim::Any("L".into()), Dim::Fixed(6)],
        ..spec(Element::Float32, &[])
    };
    assert_eq!(Tensor::from_column(&free, &column).unwrap().shape, [2, 2, 6]);
    assert!(Tensor::from_column(&spec(Element::Float32, &[5]), &column).is_err());
}

#[test]
fn types_that_lose_values_are_refused_before_any_row_is_read() {
    let whole = spec(Element::Int64, &[]);
    assert!(check_type(&whole, &DataType::Int32).is_ok());
    assert!(check_type(&whole, &DataType::Float64).is_err());
    assert!(check_type(&whole, &DataType::Utf8).is_err());
    assert!(check_type(&spec(Element::String, &[]), &DataType::Int32).is_err());
    assert!(check_type(&spec(Element::Float32, &[]), &DataType::Decimal128(10, 2)).is_ok());
    let narrow = spec(Element::Int8, &[]);
    let big: ArrayRef = Arc::new(Int32Array::from(vec![1, 300]));
    assert!(Tensor::from_column(&narrow, &big).unwrap_err().message().contains("does not fit"));
}

#[test]
fn booleans_become_bytes() {
    let column: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true, true]));
    let tensor = Tensor::from_column(&spec(Element::Bool, &[]), &column.slice(1, 3)).unwrap();
    let Data::Numbers(bytes) = tensor.data else { panic!("text") };
    assert_eq!(bytes.as_slice(), [0, 1, 1]);
}

#[test]
fn a_null_anywhere_makes_a_row_incomplete() {
    let column: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>([
        Some(vec![Some(1.0), Some(2.0)]),
        Some(vec![Some(1.0), None]),
        None,
    ]));
    let complete = complete_rows(&column).unwrap();
    assert_eq!(complete.iter().collect::<Vec<_>>(), [true, false, false]);
    assert!(complete_rows(&column.slice(0, 1)).is_none());
}

#[test]
fn outputs_are_columns_of_one_row_each() {
    let values: ArrayRef = Arc::new(Float32Array::from(vec![1.0, 2.0, 3.0, 4.0]));
    assert_eq!(to_column("y", Arc::clone(&values), &[4, 1], 4).unwrap().data_type(), &DataType::Float32);
    let pairs = to_column("y", Arc::clone(&values), &[2, 2], 2).unwrap();
    let lists = as_lists(&pairs).unwrap();
    assert_eq!(lists.as_list::<i32>().value(1).as_primitive::<Float32Type>().values(), &[3.0, 4.0]);
    assert!(to_column("y", values, &[2, 2], 4).unwrap_err().message().contains("one row for each input row, 4"));
}

#[test]
fn a_binding_names_what_it_misses() {
    let inputs = [
        TensorSpec { name: "a".into(), ..spec(Element::Float32, &[]) },
        TensorSpec { name: "b".into(), ..spec(Element::Float32, &[]) },
    ];
    let fields = vec![Field::new("b", DataType::Float64, true), Field::new("c", DataType::Float64, true)];
    let error = Binding::by_name(&inputs, &fields.into()).unwrap_err();
    assert!(error.message().contains("no column 'a', found 'b', 'c'"), "{error}");
    let error = Binding::by_position(&inputs, &[&DataType::Float32]).unwrap_err();
    assert!(error.message().contains("takes 2 arguments, a: float32[N], b: float32[N]; found 1"), "{error}");
}

proptest! {
    /// Columns side by side are the transpose of the columns, whatever their types.
    #[test]
    fn columns_side_by_side_are_rows(rows in 0_usize..40, width in 1_usize..9) {
        let columns: Vec<ArrayRef> = (0..width)
            .map(|at| match at % 3 {
                0 => Arc::new(Float32Array::from_iter_values((0..rows).map(|row| (row * width + at) as f32))) as ArrayRef,
                1 => Arc::new(Float64Array::from_iter_values((0..rows).map(|row| (row * width + at) as f64))),
                _ => Arc::new(Int32Array::from_iter_values((0..rows).map(|row| (row * width + at) as i32))),
            })
            .collect();
        let tensor = Tensor::from_columns(&spec(Element::Float32, &[width]), &columns).unwrap();
        prop_assert_eq!(floats(&tensor), (0..rows * width).map(|i| i as f32).collect::<Vec<_>>());
    }
}
