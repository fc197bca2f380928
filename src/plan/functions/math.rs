//! Numbers: powers, logarithms, angles, rounding, bases.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::compute::kernels::arity::{try_unary, unary};
use arrow::datatypes::{DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};

use super::CallContext;
use super::Definition::Scalar;
use super::args::{constant_integer, count, exact, literal, unexpected};
use super::per_value::{Bytes, Double, Int, Long, Text, downcast, kernel, map1, one, one_or, three_or, two, two_or};
use crate::error::{Error, Result};
use crate::plan::kernels::arithmetic::overflow;
use crate::plan::resolve::cast::{self, cast};
use crate::plan::resolve::coerce::{decimal_of, is_float, is_integral, is_numeric};
use crate::plan::resolve::operators;
use crate::plan::typed::Typed;
use crate::types::parse::{EvalMode, fits, rescale};
use datafusion::common::ScalarValue;

pub const TABLE: super::DefinitionTable = &[
    ("abs", Scalar(abs)),
    ("acos", Scalar(|c, a| one::<Double, f64>(c, a, f64::acos))),
    ("acosh", Scalar(|c, a| one::<Double, f64>(c, a, f64::acosh))),
    ("asin", Scalar(|c, a| one::<Double, f64>(c, a, f64::asin))),
    ("asinh", Scalar(|c, a| one::<Double, f64>(c, a, f64::asinh))),
    ("atan", Scalar(|c, a| one::<Double, f64>(c, a, f64::atan))),
    ("atan2", Scalar(|c, a| two::<Double, Double, f64>(c, a, |y, x| (y + 0.0).atan2(x + 0.0)))),
    ("atanh", Scalar(|c, a| one::<Double, f64>(c, a, f64::atanh))),
    ("bin", Scalar(|c, a| one::<Long, String>(c, a, |n| format!("{n:b}")))),
    ("bround", Scalar(|c, a| round(c, a, Rounding::HalfEven))),
    ("cbrt", Scalar(|c, a| one::<Double, f64>(c, a, f64::cbrt))),
    ("ceil", Scalar(|c, a| round(c, a, Rounding::Ceiling))),
    ("ceiling", Scalar(|c, a| round(c, a, Rounding::Ceiling))),
    (
        "conv",
        Scalar(|c, a| {
            let strict = c.conf.ansi();
            three_or::<Text, Int, Int, String>(c, a, move |text, from, to| conv(text, from, to, strict))
        }),
    ),
    ("cos", Scalar(|c, a| one::<Double, f64>(c, a, f64::cos))),
    ("cosh", Scalar(|c, a| one::<Double, f64>(c, a, f64::cosh))),
    ("cot", Scalar(|c, a| one::<Double, f64>(c, a, |x| 1.0 / x.tan()))),
    ("csc", Scalar(|c, a| one::<Double, f64>(c, a, |x| 1.0 / x.sin()))),
    ("degrees", Scalar(|c, a| one::<Double, f64>(c, a, |x| x * (180.0 / std::f64::consts::PI)))),
    ("e", Scalar(|c, a| number(c, &a, std::f64::consts::E))),
    ("exp", Scalar(|c, a| one::<Double, f64>(c, a, f64::exp))),
    ("expm1", Scalar(|c, a| one::<Double, f64>(c, a, f64::exp_m1))),
    (
        "factorial",
        Scalar(|c, a| one_or::<Int, i64>(c, a, |n| Ok((0..=20).contains(&n).then(|| (1..=i64::from(n)).product())))),
    ),
    ("floor", Scalar(|c, a| round(c, a, Rounding::Floor))),
    ("hex", Scalar(hex)),
    ("hypot", Scalar(|c, a| two::<Double, Double, f64>(c, a, f64::hypot))),
    ("ln", Scalar(|c, a| one_or::<Double, f64>(c, a, |x| Ok(logarithm(x))))),
    ("log", Scalar(log)),
    ("log10", Scalar(|c, a| one_or::<Double, f64>(c, a, |x| Ok((x > 0.0 || x.is_nan()).then(|| x.log10()))))),
    ("log1p", Scalar(|c, a| one_or::<Double, f64>(c, a, |x| Ok((x > -1.0 || x.is_nan()).then(|| x.ln_1p()))))),
    ("log2", Scalar(|c, a| one_or::<Double, f64>(c, a, |x| Ok((x > 0.0 || x.is_nan()).then(|| x.log2()))))),
    ("negative", Scalar(negative)),
    ("negate", Scalar(negative)),
    ("pi", Scalar(|c, a| number(c, &a, std::f64::consts::PI))),
    ("pmod", Scalar(|c, a| arithmetic(c, a, "pmod", false))),
    ("mod", Scalar(|c, a| arithmetic(c, a, "%", false))),
    ("div", Scalar(|c, a| arithmetic(c, a, "div", false))),
    ("positive", Scalar(positive)),
    ("pow", Scalar(|c, a| two::<Double, Double, f64>(c, a, f64::powf))),
    ("power", Scalar(|c, a| two::<Double, Double, f64>(c, a, f64::powf))),
    ("radians", Scalar(|c, a| one::<Double, f64>(c, a, |x| x / 180.0 * std::f64::consts::PI))),
    ("rint", Scalar(|c, a| one::<Double, f64>(c, a, f64::round_ties_even))),
    ("round", Scalar(|c, a| round(c, a, Rounding::HalfUp))),
    ("sec", Scalar(|c, a| one::<Double, f64>(c, a, |x| 1.0 / x.cos()))),
    ("sign", Scalar(|c, a| one::<Double, f64>(c, a, sign))),
    ("signum", Scalar(|c, a| one::<Double, f64>(c, a, sign))),
    ("sin", Scalar(|c, a| one::<Double, f64>(c, a, f64::sin))),
    ("sinh", Scalar(|c, a| one::<Double, f64>(c, a, f64::sinh))),
    ("sqrt", Scalar(|c, a| one::<Double, f64>(c, a, f64::sqrt))),
    ("tan", Scalar(|c, a| one::<Double, f64>(c, a, f64::tan))),
    ("tanh", Scalar(|c, a| one::<Double, f64>(c, a, f64::tanh))),
    ("try_add", Scalar(|c, a| arithmetic(c, a, "+", true))),
    ("try_divide", Scalar(|c, a| arithmetic(c, a, "/", true))),
    ("try_mod", Scalar(|c, a| arithmetic(c, a, "%", true))),
    ("try_multiply", Scalar(|c, a| arithmetic(c, a, "*", true))),
    ("try_subtract", Scalar(|c, a| arithmetic(c, a, "-", true))),
    ("unhex", Scalar(|c, a| one_or::<Text, Vec<u8>>(c, a, |text| Ok(unhex(text))))),
    ("width_bucket", Scalar(width_bucket)),
];

fn number(context: &CallContext<'_>, arguments: &[Typed], value: f64) -> Result<Typed> {
    count(context, arguments, 0..=0)?;
    Ok(literal(ScalarValue::Float64(Some(value))))
}

fn sign(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() { x } else { x.signum() }
}

fn logarithm(x: f64) -> Option<f64> {
    (x > 0.0 || x.is_nan()).then(|| x.ln())
}

fn log(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    if arguments.len() == 1 {
        return one_or::<Double, f64>(context, arguments, |x| Ok(logarithm(x)));
    }
    two_or::<Double, Double, f64>(context, arguments, |base, x| {
        Ok(logarithm(base).and_then(|base| Some(logarithm(x)? / base)))
    })
}

/// Spark's arithmetic by a function's name; `try_` gives null instead of an error.
fn arithmetic(context: &CallContext<'_>, arguments: Vec<Typed>, symbol: &str, lenient: bool) -> Result<Typed> {
    count(context, &arguments, 2..=2)?;
    let mode = if lenient { EvalMode::Try } else { cast::mode(context.conf) };
    let mut arguments = arguments.into_iter();
    match (arguments.next(), arguments.next()) {
        (Some(left), Some(right)) => operators::arithmetic_as(symbol, left, right, mode, context.conf, context.text),
        _ => Err(Error::internal("two arguments were counted")),
    }
}

fn negative(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=1)?;
    operators::negate(arguments.remove(0), context.conf, context.text)
}

fn numeric(context: &CallContext<'_>, argument: Typed) -> Result<Typed> {
    match &argument.data_type {
        found if is_numeric(found) => Ok(argument),
        DataType::Utf8 | DataType::Null => cast(argument, &DataType::Float64, context.conf),
        found => Err(unexpected(context, 0, "\"NUMERIC\"", found)),
    }
}

fn positive(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=1)?;
    operators::unsigned(arguments.remove(0), context.conf, context.text)
}

fn operators_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Duration(_) | DataType::Interval(_))
}

fn abs(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=1)?;
    let argument = arguments.remove(0);
    let argument = if operators_interval(&argument.data_type) { argument } else { numeric(context, argument)? };
    let (data_type, ansi) = (argument.data_type.clone(), context.conf.ansi());
    macro_rules! whole {
        ($array:expr, $type:ty) => {{
            let array = $array.as_primitive::<$type>();
            if ansi {
                Arc::new(try_unary::<_, _, $type>(array, |value| {
                    value.checked_abs().ok_or_else(|| overflow("").into())
                })?)
            } else {
                Arc::new(unary::<_, _, $type>(array, |value| value.wrapping_abs()))
            }
        }};
    }
    let nullable = argument.nullable;
    Ok(kernel(context, "", data_type, nullable, vec![argument], move |arrays| {
        let array = &arrays[0];
        Ok(match array.data_type() {
            DataType::Int8 => whole!(array, Int8Type),
            DataType::Int16 => whole!(array, Int16Type),
            DataType::Int32 => whole!(array, Int32Type),
            DataType::Int64 => whole!(array, Int64Type),
            DataType::Float32 => Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(f32::abs)),
            DataType::Float64 => Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::abs)),
            DataType::Decimal128(..) => {
                let array = array.as_primitive::<Decimal128Type>();
                Arc::new(array.unary::<_, Decimal128Type>(i128::wrapping_abs).with_data_type(array.data_type().clone()))
            }
            DataType::Duration(_) => whole!(array, arrow::datatypes::DurationMicrosecondType),
            _ => whole!(array, arrow::datatypes::IntervalYearMonthType),
        })
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rounding {
    HalfUp,
    HalfEven,
    Floor,
    Ceiling,
}

/// `round`, `bround`, `floor`, `ceil`: of a decimal its own type with fewer digits; of a double,
/// `round` gives a double, `floor` a bigint.
fn round(context: &CallContext<'_>, arguments: Vec<Typed>, rounding: Rounding) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let whole_only = arguments.len() == 1 && matches!(rounding, Rounding::Floor | Rounding::Ceiling);
    let mut arguments = arguments.into_iter();
    let value = arguments.next().ok_or_else(|| Error::internal("an argument was counted"))?;
    let digits = match arguments.next() {
        Some(argument) => match constant_integer(context, &argument, 1)? {
            Some(digits) => digits,
            None => return cast(literal(ScalarValue::Null), &value.data_type, context.conf),
        },
        None => 0,
    };
    let mut value = numeric(context, value)?;
    if matches!(rounding, Rounding::Floor | Rounding::Ceiling) {
        if whole_only && is_float(&value.data_type) {
            let value = cast(value, &DataType::Float64, context.conf)?;
            let up = rounding == Rounding::Ceiling;
            let (strict, nullable) = (context.conf.ansi(), value.nullable);
            return Ok(kernel(
                context,
                &format!("({strict})"),
                DataType::Int64,
                nullable,
                vec![value],
                move |arrays| {
                    map1::<Double, i64>(arrays, |x| {
                        let whole = if up { x.ceil() } else { x.floor() };
                        // The first whole number that 64 bits do not hold. NaN becomes 0.
                        let beyond = whole >= 2_f64.powi(63) || whole < -2_f64.powi(63);
                        if strict && beyond { Err(overflow("")) } else { Ok(Some(whole as i64)) }
                    })
                },
            ));
        }
        if is_integral(&value.data_type) && whole_only {
            return cast(value, &DataType::Int64, context.conf);
        }
        // With digits, Spark makes a decimal of everything.
        if is_float(&value.data_type) {
            let (precision, scale) = if value.data_type == DataType::Float32 { (14, 7) } else { (30, 15) };
            value = cast(value, &DataType::Decimal128(precision, scale), context.conf)?;
        } else if let Some((precision, scale)) = decimal_of(&value.data_type) {
            value = cast(value, &DataType::Decimal128(precision, scale), context.conf)?;
        }
    }
    match value.data_type.clone() {
        DataType::Decimal128(precision, scale) => {
            Ok(round_decimal(context, value, (precision, scale), digits, rounding))
        }
        data_type if is_integral(&data_type) => {
            if digits >= 0 {
                Ok(value)
            } else {
                round_whole(context, value, digits, rounding)
            }
        }
        data_type => {
            let nullable = value.nullable;
            let name = format!("({digits})");
            Ok(kernel(context, &name, data_type.clone(), nullable, vec![value], move |arrays| {
                Ok(match &data_type {
                    DataType::Float32 => {
                        Arc::new(arrays[0].as_primitive::<Float32Type>().unary::<_, Float32Type>(|x| {
                            round_text(&x.to_string(), f64::from(x), digits, rounding) as f32
                        }))
                    }
                    _ => Arc::new(
                        arrays[0]
                            .as_primitive::<Float64Type>()
                            .unary::<_, Float64Type>(|x| round_text(&x.to_string(), x, digits, rounding)),
                    ),
                })
            }))
        }
    }
}

/// Rounds the shortest decimal text of a float, as Java's BigDecimal does: 2.675 is 2.68, though
/// its bits are below.
fn round_text(text: &str, value: f64, digits: i64, rounding: Rounding) -> f64 {
    if !value.is_finite() || value.fract() == 0.0 && digits >= 0 {
        // Spark rounds a decimal, which has one zero.
        return value + 0.0;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if i64::try_from(fraction.len()).is_ok_and(|length| length <= digits) {
        return value;
    }
    let Ok(unscaled) = format!("{whole}{fraction}").parse::<i128>() else { return value };
    let scale = fraction.len() as i64;
    let rounded = at_scale(unscaled, scale, digits, rounding);
    let negative_zero = rounded == 0 && value.is_sign_negative();
    match format!("{rounded}e{}", -digits).parse::<f64>() {
        Ok(_) if negative_zero => 0.0,
        Ok(value) => value,
        Err(_) => value,
    }
}

/// An unscaled value moved to fewer digits.
fn at_scale(unscaled: i128, from: i64, to: i64, rounding: Rounding) -> i128 {
    if to >= from {
        return unscaled;
    }
    if rounding == Rounding::HalfUp {
        return rescale(unscaled, from, to).unwrap_or(unscaled);
    }
    let Some(divisor) = u32::try_from(from - to).ok().and_then(|power| 10_i128.checked_pow(power)) else {
        return match rounding {
            Rounding::Floor if unscaled < 0 => -1,
            Rounding::Ceiling if unscaled > 0 => 1,
            _ => 0,
        };
    };
    let (quotient, rest) = (unscaled.div_euclid(divisor), unscaled.rem_euclid(divisor));
    match rounding {
        Rounding::Floor => quotient,
        Rounding::Ceiling => quotient + i128::from(rest != 0),
        _ => {
            let half = divisor - rest;
            quotient + i128::from(rest > half || (rest == half && quotient % 2 != 0))
        }
    }
}

fn round_decimal(
    context: &CallContext<'_>,
    value: Typed,
    (precision, scale): (u8, i8),
    digits: i64,
    rounding: Rounding,
) -> Typed {
    let whole = i64::from(precision) - i64::from(scale) + 1;
    let (to_precision, to_scale) = if digits < 0 {
        (whole.max(1 - digits), 0)
    } else {
        let to_scale = i64::from(scale).min(digits);
        (
            if digits >= i64::from(scale) && matches!(rounding, Rounding::HalfUp | Rounding::HalfEven) {
                i64::from(precision) + 1
            } else {
                whole + to_scale
            },
            to_scale,
        )
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both lie between 0 and 38")]
    let (to_precision, to_scale) = (to_precision.min(38) as u8, to_scale as i8);
    let nullable = value.nullable;
    kernel(
        context,
        &format!("({digits})"),
        DataType::Decimal128(to_precision, to_scale),
        nullable,
        vec![value],
        move |arrays| {
            let array = downcast::<arrow::array::Decimal128Array>(&arrays[0])?;
            let target = digits.min(i64::from(scale));
            let values = array.iter().map(|value| {
                let Some(value) = value else { return Ok(None) };
                let rounded = at_scale(value, i64::from(scale), target, rounding);
                let rounded = if target < 0 { rescale(rounded, target, 0).unwrap_or(0) } else { rounded };
                if fits(rounded, to_precision) { Ok(Some(rounded)) } else { Err(overflow("")) }
            });
            super::per_value::decimals(values, to_precision, to_scale)
        },
    )
}

fn round_whole(context: &CallContext<'_>, value: Typed, digits: i64, rounding: Rounding) -> Result<Typed> {
    let data_type = value.data_type.clone();
    let long = cast(value, &DataType::Int64, context.conf)?;
    let nullable = long.nullable;
    let rounded = kernel(context, &format!("({digits})"), DataType::Int64, nullable, vec![long], move |arrays| {
        let array = arrays[0].as_primitive::<Int64Type>();
        Ok(Arc::new(try_unary::<_, _, Int64Type>(array, |value| {
            let rounded = at_scale(i128::from(value), 0, digits, rounding);
            let back = rescale(rounded, digits, 0).and_then(|value| i64::try_from(value).ok());
            back.ok_or_else(|| overflow("").into())
        })?))
    });
    cast(rounded, &data_type, context.conf)
}

/// A number between bases, as text; a negative target base shows a sign instead of two's
/// complement.
fn conv(text: &str, from: i32, to: i32, strict: bool) -> Result<Option<String>> {
    let text = text.trim_matches(' ');
    if !(2..=36).contains(&from) || !(2..=36).contains(&to.abs()) || text.is_empty() {
        return Ok(None);
    }
    let (mut negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut value = 0_u64;
    for digit in digits.chars().map_while(|c| c.to_digit(from as u32)) {
        // Too large a number is the largest unsigned one, as in MySQL.
        let next = value.checked_mul(from as u64).and_then(|value| value.checked_add(u64::from(digit)));
        value = match next {
            Some(next) => next,
            None if strict => return Err(overflow("")),
            None => {
                value = u64::MAX;
                break;
            }
        };
    }
    let signed = value as i64;
    if negative && to > 0 {
        // What 63 bits do not hold is the least there is.
        value = if signed < 0 { u64::MAX } else { signed.wrapping_neg() as u64 };
    } else if to < 0 && signed < 0 {
        value = signed.wrapping_neg() as u64;
        negative = true;
    }
    let base = to.unsigned_abs();
    let mut digits = Vec::new();
    while value > 0 || digits.is_empty() {
        digits.extend(char::from_digit((value % u64::from(base)) as u32, base));
        value /= u64::from(base);
    }
    let sign = if negative && to < 0 { "-" } else { "" };
    Ok(Some(format!("{sign}{}", digits.iter().rev().collect::<String>().to_ascii_uppercase())))
}

/// Upper-case hexadecimal of a number, text or bytes.
fn hex(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=1)?;
    let bytes = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    match &arguments[0].data_type {
        DataType::Utf8 => one::<Text, String>(context, arguments, move |text| bytes(text.as_bytes())),
        DataType::Binary => one::<Bytes, String>(context, arguments, move |value| bytes(value)),
        found if is_numeric(found) => {
            let arguments = vec![cast(
                arguments.into_iter().next().ok_or_else(|| Error::internal("one was counted"))?,
                &DataType::Int64,
                context.conf,
            )?];
            one::<Long, String>(context, arguments, |n| format!("{n:X}"))
        }
        DataType::Null => one::<Long, String>(context, arguments, |n| format!("{n:X}")),
        found => Err(unexpected(context, 0, "(\"BIGINT\" or \"BINARY\" or \"STRING\")", found)),
    }
}

/// Bytes of hexadecimal digits; an odd number of them begins with half a byte.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits?;
    let (first, pairs) = digits.split_at(digits.len() % 2);
    Some(first.iter().copied().chain(pairs.chunks(2).map(|pair| pair[0] << 4 | pair[1])).collect())
}

/// Which of `n` equal parts between two bounds a value lies in.
fn width_bucket(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let double = DataType::Float64;
    let arguments = exact(context, arguments, [double.clone(), double.clone(), double, DataType::Int64])?;
    Ok(kernel(context, "", DataType::Int64, true, arguments, |arrays| {
        let [value, low, high] = [0, 1, 2].map(|at| arrays[at].as_primitive::<Float64Type>());
        let buckets = arrays[3].as_primitive::<Int64Type>();
        let rows = (0..value.len()).map(|row| {
            if arrays.iter().any(|array| array.is_null(row)) {
                return None;
            }
            let (value, low, high, n) = (value.value(row), low.value(row), high.value(row), buckets.value(row));
            if n <= 0 || n == i64::MAX || value.is_nan() || low == high || !low.is_finite() || !high.is_finite() {
                return None;
            }
            let (lower, upper) = (low.min(high), low.max(high));
            let ascending = low < high;
            Some(if value < lower {
                if ascending { 0 } else { n + 1 }
            } else if value >= upper && (ascending || value > upper) {
                if ascending { n + 1 } else { 0 }
            } else if ascending {
                (n as f64 * (value - lower) / (upper - lower)) as i64 + 1
            } else {
                (n as f64 * (upper - value) / (upper - lower)) as i64 + 1
            })
        });
        Ok(Arc::new(rows.collect::<arrow::array::Int64Array>()))
    }))
}
