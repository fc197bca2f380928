//! Arithmetic over decimals: the type that two of them give.

use arrow::datatypes::DataType;

use super::cast::cast;
use super::coerce::{MAX_PRECISION, decimal_result};
use crate::config::Conf;
use crate::error::{Error, Result};
use crate::plan::kernels;
use crate::plan::typed::Typed;
use crate::types::parse::EvalMode;

/// `left symbol right` over two decimals.
pub fn arithmetic(symbol: &str, left: Typed, right: Typed, mode: EvalMode, conf: &Conf) -> Result<Typed> {
    let (DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)) = (&left.data_type, &right.data_type) else {
        return Err(Error::internal("decimal arithmetic over other types"));
    };
    let kind = match symbol {
        "pmod" => "%",
        "div" => "/",
        other => other,
    };
    let result = match symbol {
        // The quotient's whole part; it is cast to bigint below.
        "div" => DataType::Decimal128(MAX_PRECISION, 0),
        _ => decimal_result(kind, (*p1, *s1), (*p2, *s2)),
    };
    let DataType::Decimal128(precision, scale) = result else { return Err(Error::internal("a decimal result")) };
    let value = kernels::decimals::arithmetic(symbol, left, right, (precision, scale), mode);
    if symbol == "div" { cast(value, &DataType::Int64, conf) } else { Ok(value) }
}
