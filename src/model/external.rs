//! Whether an ONNX model keeps weights in files of their own, read from its protobuf fields: names and texts of users stand in it, too.

/// The messages on the way from the model to its tensors.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
    /// A function of the model's own.
    Function,
}

impl Message {
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

/// Whether any tensor of the model lies in a file of its own. Of bytes that are no model the answer is no: opening them says more.
pub fn has_external_weights(model: &[u8]) -> bool {
    holds_external(model, Message::Model).unwrap_or(false)
}

/// `None`: the bytes are no message.
fn holds_external(mut bytes: &[u8], message: Message) -> Option<bool> {
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let number = tag >> 3;
        match tag & 7 {
            0 => {
                let value = varint(&mut bytes)?;
                if matches!(message, Message::Tensor) && number == DATA_LOCATION && value == EXTERNAL {
                    return Some(true);
                }
            }
            1 => bytes = bytes.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (inner, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                if let Some(field) = message.field(number)
                    && holds_external(inner, field)?
                {
                    return Some(true);
                }
            }
            5 => bytes = bytes.get(4..)?,
            _ => return None,
        }
    }
    Some(false)
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
}
