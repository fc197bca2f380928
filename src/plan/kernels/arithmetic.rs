//! Arithmetic over numbers of one type: checked, with Spark's errors, by Arrow's vectorised kernels
//! where they can.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::compute::kernels::numeric;
use arrow::datatypes::{
    ArrowNativeTypeOp, DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::ColumnarValue;

use super::Kernel;
use crate::error::{Error, Result, condition};
use crate::plan::typed::Typed;
use crate::types::parse::EvalMode;

/// The error of an operation whose result does not fit.
pub fn overflow(alternative: &str) -> Error {
    let alternative = if alternative.is_empty() {
        String::new()
    } else {
        format!(" Use '{alternative}' to tolerate overflow and return NULL instead.")
    };
    Error::of(condition::ARITHMETIC_OVERFLOW)
        .with("message", "overflow")
        .with("alternative", alternative)
        .with("config", "\"spark.sql.ansi.enabled\"")
}

/// The error of a division by zero.
pub fn by_zero(symbol: &str) -> Error {
    let condition =
        if matches!(symbol, "%" | "pmod") { condition::REMAINDER_BY_ZERO } else { condition::DIVIDE_BY_ZERO };
    Error::of(condition).with("config", "\"spark.sql.ansi.enabled\"")
}

fn try_name(symbol: &str) -> &'static str {
    match symbol {
        "+" => "try_add",
        "-" => "try_subtract",
        "*" => "try_multiply",
        "div" | "/" => "try_divide",
        _ => "",
    }
}

/// Runs a kernel of Arrow's that takes constants as such.
pub fn datum_kernel(
    arguments: &[ColumnarValue],
    f: impl Fn(&dyn arrow::array::Datum, &dyn arrow::array::Datum) -> Result<ArrayRef, ArrowError>,
) -> Result<ColumnarValue> {
    use ColumnarValue::{Array, Scalar};
    Ok(match (&arguments[0], &arguments[1]) {
        (Array(left), Array(right)) => Array(f(left, right)?),
        (Array(left), Scalar(right)) => Array(f(left, &right.to_scalar()?)?),
        (Scalar(left), Array(right)) => Array(f(&left.to_scalar()?, right)?),
        (Scalar(left), Scalar(right)) => {
            Scalar(ScalarValue::try_from_array(&f(&left.to_scalar()?, &right.to_scalar()?)?, 0)?)
        }
    })
}

/// Runs over arrays of equal length; a constant result for constant arguments.
pub fn by_value(
    arguments: &[ColumnarValue],
    rows: usize,
    f: impl Fn(&ArrayRef, &ArrayRef) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let constant = arguments.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
    let rows = if constant { 1 } else { rows };
    let result = f(&arguments[0].to_array(rows)?, &arguments[1].to_array(rows)?)?;
    Ok(if constant {
        ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?)
    } else {
        ColumnarValue::Array(result)
    })
}

/// Arithmetic over two whole numbers of one type.
pub fn integral(symbol: &str, left: Typed, right: Typed, mode: EvalMode) -> Typed {
    let data_type = left.data_type.clone();
    let gives_null = mode == EvalMode::Try || (mode == EvalMode::Legacy && matches!(symbol, "%" | "div" | "pmod"));
    let nullable = left.nullable || right.nullable || gives_null;
    let name = format!("{symbol}_{mode:?}_{data_type}");
    let symbol = symbol.to_owned();
    let kernel = Kernel::new(name, data_type.clone(), nullable, move |arguments, rows| {
        // Arrow's checked kernels are vectorised; what they refuse, or cannot do, goes value by
        // value.
        let fast = match (symbol.as_str(), mode) {
            ("+", EvalMode::Legacy) => Some(datum_kernel(arguments, numeric::add_wrapping)),
            ("-", EvalMode::Legacy) => Some(datum_kernel(arguments, numeric::sub_wrapping)),
            ("*", EvalMode::Legacy) => Some(datum_kernel(arguments, numeric::mul_wrapping)),
            ("+", _) => Some(datum_kernel(arguments, numeric::add)),
            ("-", _) => Some(datum_kernel(arguments, numeric::sub)),
            ("*", _) => Some(datum_kernel(arguments, numeric::mul)),
            _ => None,
        };
        if let Some(Ok(result)) = fast {
            return Ok(result);
        }
        by_value(arguments, rows, |left, right| match left.data_type() {
            DataType::Int8 => integral_by_value::<Int8Type>(&symbol, left, right, mode),
            DataType::Int16 => integral_by_value::<Int16Type>(&symbol, left, right, mode),
            DataType::Int32 => integral_by_value::<Int32Type>(&symbol, left, right, mode),
            _ => integral_by_value::<Int64Type>(&symbol, left, right, mode),
        })
    });
    let kernel = if mode == EvalMode::Ansi { kernel } else { kernel.infallible() };
    kernel.call(vec![left, right])
}

fn integral_by_value<T>(symbol: &str, left: &ArrayRef, right: &ArrayRef, mode: EvalMode) -> Result<ArrayRef>
where
    T: ArrowPrimitiveType,
    T::Native: ArrowNativeTypeOp + Into<i64>,
{
    let zero = T::Native::ZERO;
    binary_by_value::<T>(left, right, |l, r| {
        if matches!(symbol, "%" | "div" | "pmod") && r == zero {
            return if mode == EvalMode::Ansi { Err(by_zero(symbol)) } else { Ok(None) };
        }
        let result = match symbol {
            "+" => l.add_checked(r),
            "-" => l.sub_checked(r),
            "*" => l.mul_checked(r),
            "div" => match l.div_checked(r) {
                // The one quotient that does not fit: the least number by minus one.
                Err(_) if mode == EvalMode::Legacy => Ok(l),
                other => other,
            },
            "%" => Ok(l.mod_wrapping(r)),
            _ => {
                let rest = l.mod_wrapping(r);
                Ok(if rest < zero { rest.add_wrapping(r).mod_wrapping(r) } else { rest })
            }
        };
        match result {
            Ok(value) => Ok(Some(value)),
            Err(_) if mode == EvalMode::Try => Ok(None),
            Err(_) => Err(integral_overflow::<T>(symbol, l.into(), r.into())),
        }
    })
}

/// The narrow types have an error of their own, which shows both values.
fn integral_overflow<T: ArrowPrimitiveType>(symbol: &str, left: i64, right: i64) -> Error {
    if matches!(T::DATA_TYPE, DataType::Int8 | DataType::Int16) {
        return Error::of(condition::BINARY_ARITHMETIC_OVERFLOW)
            .with("value1", format!("{left}S"))
            .with("symbol", symbol)
            .with("value2", format!("{right}S"))
            .with("functionName", format!("`{}`", try_name(symbol)));
    }
    overflow(try_name(symbol))
}

/// Each pair of values that are both there through `f`.
pub fn binary_by_value<T: ArrowPrimitiveType>(
    left: &ArrayRef,
    right: &ArrayRef,
    f: impl Fn(T::Native, T::Native) -> Result<Option<T::Native>>,
) -> Result<ArrayRef> {
    let pairs = left.as_primitive::<T>().iter().zip(right.as_primitive::<T>());
    let values: Result<PrimitiveArray<T>> = pairs
        .map(|pair| match pair {
            (Some(l), Some(r)) => f(l, r),
            _ => Ok(None),
        })
        .collect();
    Ok(Arc::new(values?.with_data_type(left.data_type().clone())))
}

/// `/` over doubles.
pub fn divide(left: Typed, right: Typed, mode: EvalMode) -> Typed {
    let nullable = left.nullable || right.nullable || mode != EvalMode::Ansi;
    let kernel = Kernel::new(format!("/_{mode:?}"), DataType::Float64, nullable, move |arguments, rows| {
        if let ColumnarValue::Scalar(ScalarValue::Float64(Some(divisor))) = &arguments[1]
            && *divisor != 0.0
        {
            return datum_kernel(arguments, numeric::div);
        }
        by_value(arguments, rows, |left, right| {
            binary_by_value::<Float64Type>(left, right, |l, r| match (r == 0.0, mode) {
                (false, _) => Ok(Some(l / r)),
                (true, EvalMode::Ansi) => Err(by_zero("/")),
                (true, _) => Ok(None),
            })
        })
    });
    let kernel = if mode == EvalMode::Ansi { kernel } else { kernel.infallible() };
    kernel.call(vec![left, right])
}

/// `+ - * % pmod` over floats of one type.
pub fn floating(symbol: &str, left: Typed, right: Typed, mode: EvalMode) -> Typed {
    let data_type = left.data_type.clone();
    let remainder = matches!(symbol, "%" | "pmod");
    let nullable = left.nullable || right.nullable || (remainder && mode != EvalMode::Ansi);
    let name = format!("{symbol}_{mode:?}_{data_type}");
    let symbol = symbol.to_owned();
    let kernel = Kernel::new(name, data_type, nullable, move |arguments, rows| match symbol.as_str() {
        "+" => datum_kernel(arguments, numeric::add),
        "-" => datum_kernel(arguments, numeric::sub),
        "*" => datum_kernel(arguments, numeric::mul),
        _ => by_value(arguments, rows, |left, right| match left.data_type() {
            DataType::Float32 => remainder_by_value::<Float32Type>(&symbol, left, right, mode),
            _ => remainder_by_value::<Float64Type>(&symbol, left, right, mode),
        }),
    });
    let kernel = if remainder && mode == EvalMode::Ansi { kernel } else { kernel.infallible() };
    kernel.call(vec![left, right])
}

fn remainder_by_value<T>(symbol: &str, left: &ArrayRef, right: &ArrayRef, mode: EvalMode) -> Result<ArrayRef>
where
    T: ArrowPrimitiveType,
    T::Native: ArrowNativeTypeOp + std::ops::Rem<Output = T::Native> + std::ops::Add<Output = T::Native> + PartialOrd,
{
    binary_by_value::<T>(left, right, |l, r| {
        if r.is_zero() {
            return if mode == EvalMode::Ansi { Err(by_zero(symbol)) } else { Ok(None) };
        }
        let rest = l % r;
        Ok(Some(if symbol == "pmod" && rest < T::Native::ZERO { (rest + r) % r } else { rest }))
    })
}

/// `-x`.
pub fn negate(value: Typed, mode: EvalMode) -> Typed {
    let legacy = mode == EvalMode::Legacy;
    let data_type = value.data_type.clone();
    let kernel = Kernel::arrays(format!("negate_{legacy}_{data_type}"), data_type, value.nullable, move |arrays| {
        if legacy { Ok(numeric::neg_wrapping(&arrays[0])?) } else { numeric::neg(&arrays[0]).map_err(|_| overflow("")) }
    });
    kernel.call(vec![value])
}
