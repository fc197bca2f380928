//! Bits of whole numbers: `& | ^` and shifts.

use arrow::datatypes::{DataType, Int8Type, Int16Type, Int32Type, Int64Type};

use super::Kernel;
use super::arithmetic::binary_by_value;
use crate::plan::typed::Typed;

/// `left symbol right` for `& | ^ << >> >>>`, over two numbers of one type. A shift counts modulo
/// the width, as in Java.
pub fn bits(symbol: &str, left: Typed, right: Typed) -> Typed {
    let (data_type, nullable) = (left.data_type.clone(), left.nullable || right.nullable);
    let symbol = symbol.to_owned();
    let kernel = Kernel::arrays(format!("{symbol}_{data_type}"), data_type, nullable, move |arrays| {
        macro_rules! each {
            ($type:ty, $unsigned:ty, $bits:expr) => {
                binary_by_value::<$type>(&arrays[0], &arrays[1], |l, r| {
                    #[allow(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        clippy::cast_possible_wrap,
                        reason = "bits, not numbers"
                    )]
                    Ok(Some(match symbol.as_str() {
                        "&" => l & r,
                        "|" => l | r,
                        "^" => l ^ r,
                        "<<" => l.wrapping_shl(r as u32 & $bits),
                        ">>" => l.wrapping_shr(r as u32 & $bits),
                        _ => (l as $unsigned).wrapping_shr(r as u32 & $bits) as _,
                    }))
                })
            };
        }
        match arrays[0].data_type() {
            DataType::Int8 => each!(Int8Type, u8, 7),
            DataType::Int16 => each!(Int16Type, u16, 15),
            DataType::Int32 => each!(Int32Type, u32, 31),
            _ => each!(Int64Type, u64, 63),
        }
    });
    kernel.infallible().call(vec![left, right])
}
