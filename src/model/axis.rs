//! Tensors whose rows are not the first dimension.
//!
//! A recurrent model that was exported from PyTorch has its hidden tensor as `[layers, N, hidden]`.
//! Columns and kept state have the rows first. So such a tensor is turned on its way in and out.

use arrow::array::{Array, StringArray};
use arrow::buffer::{Buffer, MutableBuffer};

use super::spec::{Dim, TensorSpec};
use super::tensor::{Data, Tensor};
use crate::error::{Error, Result};

/// Which dimension of a tensor is the rows: the one of any size. Where several are, the one that is
/// called `rows`.
pub fn rows_axis(what: &str, spec: &TensorSpec, rows: Option<&str>) -> Result<usize> {
    let free: Vec<(usize, &str)> = spec
        .dims
        .iter()
        .enumerate()
        .filter_map(|(at, dim)| if let Dim::Any(name) = dim { Some((at, name.as_str())) } else { None })
        .collect();
    match free.as_slice() {
        [(only, _)] => Ok(*only),
        [] => Err(Error::illegal(format!(
            "the {what} '{spec}' has no dimension of any size, which would be the rows; export the model with one, as in \
             dynamic_axes={{\"{}\": {{0: \"N\"}}}}",
            spec.name
        ))),
        several => {
            let named: Vec<_> = several.iter().filter(|(_, name)| !name.is_empty() && Some(*name) == rows).collect();
            match named.as_slice() {
                [(only, _)] => Ok(*only),
                _ => Err(Error::illegal(format!(
                    "the {what} '{spec}' has {} dimensions of any size, and one of them must be the rows; export the model with \
                     one such dimension{}",
                    several.len(),
                    rows.map(|rows| format!(", or call it '{rows}', as that of the states")).unwrap_or_default()
                ))),
            }
        }
    }
}

/// The name of a dimension, if it has one.
pub fn dim_name(spec: &TensorSpec, axis: usize) -> Option<&str> {
    match spec.dims.get(axis) {
        Some(Dim::Any(name)) if !name.is_empty() => Some(name),
        _ => None,
    }
}

/// A tensor with its first dimension moved to `axis`.
pub fn rows_to(tensor: Tensor, axis: usize) -> Result<Tensor> {
    let mut shape = tensor.shape.clone();
    if axis >= shape.len() {
        return Err(Error::internal(format!("dimension {axis} of a tensor of shape {shape:?}")));
    }
    let rows = shape.remove(0);
    shape.insert(axis, rows);
    let (rows, outer) = (size(rows), shape[..axis].iter().map(|dim| size(*dim)).product());
    turned(tensor, shape, rows, outer)
}

/// A tensor with the dimension `axis` moved to the front.
pub fn rows_from(tensor: Tensor, axis: usize) -> Result<Tensor> {
    let mut shape = tensor.shape.clone();
    if axis >= shape.len() {
        return Err(Error::internal(format!("dimension {axis} of a tensor of shape {shape:?}")));
    }
    let (rows, outer) = (size(shape[axis]), shape[..axis].iter().map(|dim| size(*dim)).product());
    let moved = shape.remove(axis);
    shape.insert(0, moved);
    turned(tensor, shape, outer, rows)
}

fn size(dim: i64) -> usize {
    usize::try_from(dim).unwrap_or_default()
}

/// A tensor whose elements lie as `[first, second, …]`, as `[second, first, …]`.
fn turned(tensor: Tensor, shape: Vec<i64>, first: usize, second: usize) -> Result<Tensor> {
    // With one of a dimension both lie the same.
    let data = if first <= 1 || second <= 1 {
        tensor.data
    } else {
        match tensor.data {
            Data::Numbers(memory) => Data::Numbers(turned_bytes(&memory, first, second)),
            Data::Strings(texts) => Data::Strings(turned_texts(&texts, first, second)),
        }
    };
    Ok(Tensor { element: tensor.element, shape, data })
}

fn turned_bytes(memory: &Buffer, first: usize, second: usize) -> Buffer {
    let block = memory.len() / (first * second);
    let mut turned = MutableBuffer::with_capacity(memory.len());
    for inner in 0..second {
        for outer in 0..first {
            let from = (outer * second + inner) * block;
            turned.extend_from_slice(&memory[from..from + block]);
        }
    }
    turned.into()
}

fn turned_texts(texts: &StringArray, first: usize, second: usize) -> StringArray {
    let block = texts.len() / (first * second);
    let places = (0..second).flat_map(|inner| (0..first).map(move |outer| (outer * second + inner) * block));
    StringArray::from_iter_values(places.flat_map(|from| (from..from + block).map(|at| texts.value(at))))
}

#[cfg(test)]
mod tests {
    use arrow::buffer::Buffer;

    use super::{rows_axis, rows_from, rows_to};
    use crate::model::spec::{Dim, Element, TensorSpec};
    use crate::model::tensor::{Data, Tensor};

    fn tensor(shape: &[i64]) -> Tensor {
        let count = shape.iter().product::<i64>() as i32;
        let data = Data::Numbers(Buffer::from((0..count).collect::<Vec<i32>>()));
        Tensor { element: Element::Int32, shape: shape.to_vec(), data }
    }

    fn numbers(tensor: &Tensor) -> Vec<i32> {
        match &tensor.data {
            Data::Numbers(memory) => memory.typed_data::<i32>().to_vec(),
            Data::Strings(_) => panic!("text"),
        }
    }

    fn spec(dims: Vec<Dim>) -> TensorSpec {
        TensorSpec { name: "h".into(), element: Element::Float32, dims }
    }

    #[test]
    fn rows_go_to_their_dimension_and_come_back() {
        // Two layers of three rows of two.
        let turned = rows_to(tensor(&[3, 2, 2]), 1).unwrap();
        assert_eq!(turned.shape, [2, 3, 2]);
        assert_eq!(numbers(&turned), [0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11]);
        let back = rows_from(turned, 1).unwrap();
        assert_eq!((back.shape.as_slice(), numbers(&back)), ([3, 2, 2].as_slice(), (0..12).collect()));
    }

    #[test]
    fn rows_behind_a_single_layer_stay_where_they_are() {
        let before = tensor(&[3, 1, 2]);
        let Data::Numbers(memory) = &before.data else { panic!("text") };
        let place = memory.as_ptr();
        let turned = rows_to(before, 1).unwrap();
        assert_eq!(turned.shape, [1, 3, 2]);
        assert!(matches!(&turned.data, Data::Numbers(memory) if memory.as_ptr() == place));
    }

    #[test]
    fn the_rows_are_the_dimension_of_any_size() {
        let any = |name: &str| Dim::Any(name.to_owned());
        assert_eq!(rows_axis("state", &spec(vec![Dim::Fixed(1), any("N"), Dim::Fixed(8)]), None).unwrap(), 1);
        assert_eq!(rows_axis("input", &spec(vec![any("seq"), any("N"), Dim::Fixed(8)]), Some("N")).unwrap(), 1);
        let none = rows_axis("state", &spec(vec![Dim::Fixed(1), Dim::Fixed(8)]), None).unwrap_err();
        assert!(none.message().contains("the state 'h: float32[1, 8]' has no dimension of any size"), "{none}");
        let two = rows_axis("input", &spec(vec![any(""), any(""), Dim::Fixed(8)]), Some("N")).unwrap_err();
        assert!(two.message().contains("'h: float32[?, ?, 8]' has 2 dimensions of any size"), "{two}");
    }
}
