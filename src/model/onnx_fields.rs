//! Two questions that ONNX Runtime does not answer, asked of an ONNX model's protobuf fields.
//!
//! The fields are walked from message to message, since names and texts of users stand among them.

/// The messages on the way from the model to its tensors.
#[derive(Clone, Copy)]
enum OnnxMessage {
    Model,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
    /// A function of the model's own.
    Function,
}

impl OnnxMessage {
    /// The message in a field, where it leads to tensors.
    fn field(self, number: u64) -> Option<Self> {
        Some(match (self, number) {
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Model, 25) => Self::Function,
            (Self::Graph, 1) | (Self::Function, 7) => Self::Node,
            (Self::Node, 5) => Self::Attribute,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => Self::Tensor,
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Self::SparseTensor,
            _ => return None,
        })
    }
}

/// A tensor's `data_location`, and its value for a file beside the model.
const DATA_LOCATION: u64 = 14;
const EXTERNAL: u64 = 1;

/// Whether any tensor of the model lies in a file of its own. Of bytes that are no model the answer
/// is no: opening them says more.
pub fn has_external_weights(model: &[u8]) -> bool {
    holds_external(model, OnnxMessage::Model).unwrap_or(false)
}

/// `None`: the bytes are no message.
fn holds_external(bytes: &[u8], message: OnnxMessage) -> Option<bool> {
    for field in OnnxFields(bytes) {
        let external = match field? {
            (DATA_LOCATION, FieldValue::Number(EXTERNAL)) => matches!(message, OnnxMessage::Tensor),
            (number, FieldValue::Bytes(inner)) => match message.field(number) {
                Some(field) => holds_external(inner, field)?,
                None => false,
            },
            _ => false,
        };
        if external {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether the model says the shape of an input, if only that it is a single value.
/// ONNX Runtime shows a shape without dimensions in both cases.
#[cfg(any(feature = "onnx", test))]
pub fn has_shape(model: &[u8], input: &str) -> bool {
    const GRAPH: u64 = 7;
    const INPUT: u64 = 11;
    const NAME: u64 = 1;
    const TYPE: u64 = 2;
    const TENSOR: u64 = 1;
    const SHAPE: u64 = 2;
    inner(model, GRAPH)
        .flat_map(|graph| inner(graph, INPUT))
        .filter(|about| inner(about, NAME).any(|name| name == input.as_bytes()))
        .flat_map(|about| inner(about, TYPE))
        .flat_map(|of| inner(of, TENSOR))
        .any(|tensor| inner(tensor, SHAPE).next().is_some())
}

/// The messages and texts in the fields of that number.
#[cfg(any(feature = "onnx", test))]
fn inner(message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    OnnxFields(message).map_while(|field| field).filter_map(move |field| match field {
        (found, FieldValue::Bytes(inner)) if found == number => Some(inner),
        _ => None,
    })
}

/// The fields of a message: their numbers and values. `None`, once, where the bytes are no message.
struct OnnxFields<'a>(&'a [u8]);

enum FieldValue<'a> {
    Number(u64),
    /// A message, a text, or bytes.
    Bytes(&'a [u8]),
    /// A number of fixed width, which nobody here asks for.
    Fixed,
}

impl<'a> Iterator for OnnxFields<'a> {
    type Item = Option<(u64, FieldValue<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> OnnxFields<'a> {
    fn read(&mut self) -> Option<(u64, FieldValue<'a>)> {
        let tag = varint(&mut self.0)?;
        let value = match tag & 7 {
            0 => FieldValue::Number(varint(&mut self.0)?),
            1 => self.take(8).map(|_| FieldValue::Fixed)?,
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).ok()?;
                FieldValue::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| FieldValue::Fixed)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(field: u8, inner: &[u8]) -> Vec<u8> {
        let mut bytes = vec![field << 3 | 2, inner.len() as u8];
        bytes.extend_from_slice(inner);
        bytes
    }

    fn model(tensor: &[u8]) -> Vec<u8> {
        message(7, &message(5, tensor))
    }

    #[test]
    fn a_tensor_that_is_called_location_has_its_weights_in_the_model() {
        assert!(!has_external_weights(&model(&message(8, b"\x0a\x08location"))));
        assert!(!has_external_weights(&model(b"\x0a\x08location")));
    }

    #[test]
    fn a_tensor_whose_data_lies_elsewhere_has_external_weights() {
        let mut tensor = message(13, b"\x0a\x08location\x12\x01w");
        tensor.extend([DATA_LOCATION as u8 * 8, EXTERNAL as u8]);
        assert!(has_external_weights(&model(&tensor)));
    }

    #[test]
    fn bytes_that_are_no_model_have_no_external_weights() {
        assert!(!has_external_weights(b"\x3a\xff"));
    }

    /// A model with the input `x`, of that type.
    fn input(tensor_type: &[u8]) -> Vec<u8> {
        let mut value_info = message(1, b"x");
        value_info.extend(message(2, &message(1, tensor_type)));
        message(7, &message(11, &value_info))
    }

    #[test]
    fn a_single_value_has_a_shape_and_an_input_of_which_nothing_is_said_has_none() {
        let float = [8, 1];
        assert!(!has_shape(&input(&float), "x"));
        let single = input(&[&float[..], &message(2, b"")].concat());
        assert!(has_shape(&single, "x"));
        assert!(!has_shape(&single, "y"));
    }
}
