//! Arithmetic over decimals, each of its own precision: computed exactly in 256 bits, then rounded
//! half up to the result's type.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array};
use arrow::datatypes::{DataType, Decimal128Type, i256};

use super::Kernel;
use super::arithmetic::{by_value, by_zero};
use crate::error::Result;
use crate::plan::typed::Typed;
use crate::types::display;
use crate::types::parse::{self, EvalMode};

/// `left symbol right` over two decimals, as a decimal of `precision` and `scale`.
pub fn arithmetic(symbol: &str, left: Typed, right: Typed, (precision, scale): (u8, i8), mode: EvalMode) -> Typed {
    let nullable = left.nullable || right.nullable || mode != EvalMode::Ansi;
    let name = format!("decimal{symbol}_{mode:?}_{}_{}", left.data_type, right.data_type);
    let operator = symbol.to_owned();
    let (s1, s2) = (scale_of(&left.data_type), scale_of(&right.data_type));
    let kernel = Kernel::new(name, DataType::Decimal128(precision, scale), nullable, move |arguments, rows| {
        by_value(arguments, rows, |left, right| each(&operator, (left, s1), (right, s2), (precision, scale), mode))
    });
    let kernel = if mode == EvalMode::Ansi { kernel } else { kernel.infallible() };
    kernel.call(vec![left, right])
}

fn scale_of(data_type: &DataType) -> i8 {
    match data_type {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    }
}

fn each(
    symbol: &str,
    (left, s1): (&ArrayRef, i8),
    (right, s2): (&ArrayRef, i8),
    (precision, scale): (u8, i8),
    mode: EvalMode,
) -> Result<ArrayRef> {
    let pairs = left.as_primitive::<Decimal128Type>().iter().zip(right.as_primitive::<Decimal128Type>());
    let values: Result<Decimal128Array> = pairs
        .map(|pair| {
            let (Some(l), Some(r)) = pair else { return Ok(None) };
            if matches!(symbol, "/" | "%" | "pmod" | "div") && r == 0 {
                return if mode == EvalMode::Ansi { Err(by_zero(symbol)) } else { Ok(None) };
            }
            let (exact, exact_scale) = exact(symbol, (l, s1), (r, s2), scale);
            let value = exact.and_then(|exact| rounded(exact, exact_scale - i32::from(scale)));
            match value.and_then(i256::to_i128).filter(|value| parse::fits(*value, precision)) {
                Some(value) => Ok(Some(value)),
                None if mode == EvalMode::Ansi => {
                    let shown = exact.and_then(i256::to_i128).map_or_else(
                        || exact.map_or_else(|| "the result".to_owned(), |exact| exact.to_string()),
                        |exact| display::decimal(exact, i8::try_from(exact_scale).unwrap_or(scale)),
                    );
                    Err(parse::out_of_range(&shown, precision, scale))
                }
                None => Ok(None),
            }
        })
        .collect();
    Ok(Arc::new(values?.with_precision_and_scale(precision, scale)?))
}

/// The exact result, or for a quotient one more digit than is wanted, and its scale.
fn exact(symbol: &str, (left, s1): (i128, i8), (right, s2): (i128, i8), scale: i8) -> (Option<i256>, i32) {
    let (l, r) = (i256::from_i128(left), i256::from_i128(right));
    let (s1, s2) = (i32::from(s1), i32::from(s2));
    let common = s1.max(s2);
    let aligned = || Some((l.checked_mul(power(common - s1)?)?, r.checked_mul(power(common - s2)?)?));
    match symbol {
        "+" => (aligned().and_then(|(l, r)| l.checked_add(r)), common),
        "-" => (aligned().and_then(|(l, r)| l.checked_sub(r)), common),
        "*" => (l.checked_mul(r), s1 + s2),
        "%" => (aligned().and_then(|(l, r)| l.checked_rem(r)), common),
        "pmod" => {
            let rest = |(l, r): (i256, i256)| {
                let rest = l.checked_rem(r)?;
                if rest.is_negative() { rest.checked_add(r)?.checked_rem(r) } else { Some(rest) }
            };
            (aligned().and_then(rest), common)
        }
        "div" => (aligned().and_then(|(l, r)| l.checked_div(r)), 0),
        _ => {
            let wanted = i32::from(scale) + 1;
            (quotient(l, r, wanted + s2 - s1), wanted)
        }
    }
}

/// `left × 10^digits ÷ right`, digit by digit where the product would not fit 256 bits.
fn quotient(left: i256, right: i256, digits: i32) -> Option<i256> {
    if digits < 0 {
        return left.checked_div(right.checked_mul(power(-digits)?)?);
    }
    if let Some(scaled) = power(digits).and_then(|power| left.checked_mul(power)) {
        return scaled.checked_div(right);
    }
    let ten = i256::from_i128(10);
    let (mut quotient, mut rest) = (left.checked_div(right)?, left.checked_rem(right)?);
    for _ in 0..digits {
        rest = rest.checked_mul(ten)?;
        quotient = quotient.checked_mul(ten)?.checked_add(rest.checked_div(right)?)?;
        rest = rest.checked_rem(right)?;
    }
    Some(quotient)
}

fn power(exponent: i32) -> Option<i256> {
    i256::from_i128(10).checked_pow(u32::try_from(exponent).ok()?)
}

/// Drops `digits` digits, rounding half up; adds zeros for a negative number.
fn rounded(value: i256, digits: i32) -> Option<i256> {
    if digits <= 0 {
        return value.checked_mul(power(-digits)?);
    }
    let divisor = power(digits)?;
    let (quotient, rest) = (value.checked_div(divisor)?, value.checked_rem(divisor)?);
    let twice = rest.wrapping_abs().checked_mul(i256::from_i128(2))?;
    if twice < divisor {
        return Some(quotient);
    }
    quotient.checked_add(i256::from_i128(if value < i256::ZERO { -1 } else { 1 }))
}
