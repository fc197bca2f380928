//! From a Rust function over one value, two or three to a scalar function over columns: null in any
//! argument is null out.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DurationMicrosecondArray, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, IntervalYearMonthArray,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalUnit};

use super::{CallContext, args};
use crate::error::{Error, Result};
use crate::plan::kernels::Kernel;
use crate::plan::typed::Typed;
use crate::types;

/// A type that a function takes.
pub trait Arg: 'static {
    type Array: Array + 'static;
    type Item<'a>;
    fn data_type() -> DataType;
    fn value(array: &Self::Array, row: usize) -> Self::Item<'_>;
}

/// A type that a function gives.
pub trait Out: Sized + 'static {
    fn data_type() -> DataType;
    fn build(values: impl Iterator<Item = Result<Option<Self>>>) -> Result<ArrayRef>;
}

macro_rules! argument {
    ($marker:ident, $array:ty, $item:ty, $data_type:expr) => {
        pub struct $marker;
        impl Arg for $marker {
            type Array = $array;
            type Item<'a> = $item;
            fn data_type() -> DataType {
                $data_type
            }
            fn value(array: &Self::Array, row: usize) -> $item {
                array.value(row)
            }
        }
    };
}

pub struct Text;
impl Arg for Text {
    type Array = StringArray;
    type Item<'a> = &'a str;
    fn data_type() -> DataType {
        DataType::Utf8
    }
    fn value(array: &StringArray, row: usize) -> &str {
        array.value(row)
    }
}

pub struct Bytes;
impl Arg for Bytes {
    type Array = BinaryArray;
    type Item<'a> = &'a [u8];
    fn data_type() -> DataType {
        DataType::Binary
    }
    fn value(array: &BinaryArray, row: usize) -> &[u8] {
        array.value(row)
    }
}

argument!(Bool, BooleanArray, bool, DataType::Boolean);
argument!(Int, Int32Array, i32, DataType::Int32);
argument!(Long, Int64Array, i64, DataType::Int64);
argument!(Double, Float64Array, f64, DataType::Float64);
argument!(Date, Date32Array, i32, DataType::Date32);
argument!(Timestamp, TimestampMicrosecondArray, i64, types::timestamp());
argument!(TimestampNtz, TimestampMicrosecondArray, i64, types::timestamp_ntz());
argument!(Months, IntervalYearMonthArray, i32, DataType::Interval(IntervalUnit::YearMonth));
argument!(Micros, DurationMicrosecondArray, i64, types::day_time_interval());

macro_rules! output {
    ($native:ty, $array:ty, $data_type:expr) => {
        impl Out for $native {
            fn data_type() -> DataType {
                $data_type
            }
            fn build(values: impl Iterator<Item = Result<Option<Self>>>) -> Result<ArrayRef> {
                Ok(Arc::new(values.collect::<Result<$array>>()?))
            }
        }
    };
    ($marker:ident($native:ty), $array:ty, $data_type:expr, $finish:expr) => {
        /// A result whose Arrow type its native type does not tell.
        pub struct $marker(pub $native);
        impl Out for $marker {
            fn data_type() -> DataType {
                $data_type
            }
            fn build(values: impl Iterator<Item = Result<Option<Self>>>) -> Result<ArrayRef> {
                let array: $array = values.map(|value| Ok(value?.map(|value| value.0))).collect::<Result<$array>>()?;
                Ok(Arc::new($finish(array)))
            }
        }
    };
}

output!(bool, BooleanArray, DataType::Boolean);
output!(String, StringArray, DataType::Utf8);
output!(Vec<u8>, BinaryArray, DataType::Binary);
output!(i8, Int8Array, DataType::Int8);
output!(i16, Int16Array, DataType::Int16);
output!(i32, Int32Array, DataType::Int32);
output!(i64, Int64Array, DataType::Int64);
output!(f32, Float32Array, DataType::Float32);
output!(f64, Float64Array, DataType::Float64);
output!(DateOut(i32), Date32Array, DataType::Date32, |array| array);
output!(TimestampOut(i64), TimestampMicrosecondArray, types::timestamp(), |array: TimestampMicrosecondArray| array
    .with_timezone(types::UTC));
output!(TimestampNtzOut(i64), TimestampMicrosecondArray, types::timestamp_ntz(), |array| array);
output!(MonthsOut(i32), IntervalYearMonthArray, DataType::Interval(IntervalUnit::YearMonth), |array| array);
output!(MicrosOut(i64), DurationMicrosecondArray, types::day_time_interval(), |array| array);
output!(
    IntervalOut(IntervalMonthDayNano),
    IntervalMonthDayNanoArray,
    DataType::Interval(IntervalUnit::MonthDayNano),
    |array| array
);

/// Several texts a row.
impl Out for Vec<String> {
    fn data_type() -> DataType {
        types::array(DataType::Utf8, false)
    }
    fn build(values: impl Iterator<Item = Result<Option<Self>>>) -> Result<ArrayRef> {
        let field = arrow::datatypes::Field::new("element", DataType::Utf8, false);
        let mut builder = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new()).with_field(field);
        for value in values {
            match value? {
                Some(texts) => {
                    texts.iter().for_each(|text| builder.values().append_value(text));
                    builder.append(true);
                }
                None => builder.append(false),
            }
        }
        Ok(Arc::new(builder.finish()))
    }
}

/// The array behind an argument, once its type is settled.
pub fn downcast<A: Array + 'static>(array: &ArrayRef) -> Result<&A> {
    array
        .as_any()
        .downcast_ref::<A>()
        .ok_or_else(|| Error::internal(format!("a column of type {} came unexpectedly", array.data_type())))
}

/// A kernel's name: the function's, with a parameter where the closure holds one.
pub fn named(context: &CallContext<'_>, parameters: &str) -> String {
    format!("{}{parameters}", context.name.to_ascii_lowercase())
}

/// A function of one value that never fails.
pub fn one<A: Arg, R: Out>(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    f: impl for<'a> Fn(A::Item<'a>) -> R + Send + Sync + 'static,
) -> Result<Typed> {
    let arguments = args::exact(context, arguments, [A::data_type()])?;
    let nullable = arguments[0].nullable;
    Ok(Kernel::arrays(named(context, ""), R::data_type(), nullable, move |arrays| {
        map1::<A, R>(arrays, |a| Ok(Some(f(a))))
    })
    .infallible()
    .call(arguments))
}

/// A function of one value that may fail, or give null.
pub fn one_or<A: Arg, R: Out>(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    f: impl for<'a> Fn(A::Item<'a>) -> Result<Option<R>> + Send + Sync + 'static,
) -> Result<Typed> {
    let arguments = args::exact(context, arguments, [A::data_type()])?;
    Ok(Kernel::arrays(named(context, ""), R::data_type(), true, move |arrays| map1::<A, R>(arrays, &f)).call(arguments))
}

/// A function of two values that never fails.
pub fn two<A: Arg, B: Arg, R: Out>(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    f: impl for<'a> Fn(A::Item<'a>, B::Item<'a>) -> R + Send + Sync + 'static,
) -> Result<Typed> {
    let arguments = args::exact(context, arguments, [A::data_type(), B::data_type()])?;
    let nullable = arguments.iter().any(|argument| argument.nullable);
    let run = move |arrays: &[ArrayRef]| map2::<A, B, R>(arrays, |a, b| Ok(Some(f(a, b))));
    Ok(Kernel::arrays(named(context, ""), R::data_type(), nullable, run).infallible().call(arguments))
}

/// A function of two values that may fail, or give null.
pub fn two_or<A: Arg, B: Arg, R: Out>(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    f: impl for<'a> Fn(A::Item<'a>, B::Item<'a>) -> Result<Option<R>> + Send + Sync + 'static,
) -> Result<Typed> {
    let arguments = args::exact(context, arguments, [A::data_type(), B::data_type()])?;
    let run = move |arrays: &[ArrayRef]| map2::<A, B, R>(arrays, &f);
    Ok(Kernel::arrays(named(context, ""), R::data_type(), true, run).call(arguments))
}

/// A function of three values that may fail, or give null.
pub fn three_or<A: Arg, B: Arg, C: Arg, R: Out>(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    f: impl for<'a> Fn(A::Item<'a>, B::Item<'a>, C::Item<'a>) -> Result<Option<R>> + Send + Sync + 'static,
) -> Result<Typed> {
    let arguments = args::exact(context, arguments, [A::data_type(), B::data_type(), C::data_type()])?;
    let run = move |arrays: &[ArrayRef]| {
        let (a, b, c) =
            (downcast::<A::Array>(&arrays[0])?, downcast::<B::Array>(&arrays[1])?, downcast::<C::Array>(&arrays[2])?);
        R::build((0..a.len()).map(|row| {
            if a.is_null(row) || b.is_null(row) || c.is_null(row) {
                return Ok(None);
            }
            f(A::value(a, row), B::value(b, row), C::value(c, row))
        }))
    };
    Ok(Kernel::arrays(named(context, ""), R::data_type(), true, run).call(arguments))
}

/// One column to another.
pub fn map1<A: Arg, R: Out>(
    arrays: &[ArrayRef],
    f: impl for<'a> Fn(A::Item<'a>) -> Result<Option<R>>,
) -> Result<ArrayRef> {
    let a = downcast::<A::Array>(&arrays[0])?;
    R::build((0..a.len()).map(|row| if a.is_null(row) { Ok(None) } else { f(A::value(a, row)) }))
}

/// Two columns to one.
pub fn map2<A: Arg, B: Arg, R: Out>(
    arrays: &[ArrayRef],
    f: impl for<'a> Fn(A::Item<'a>, B::Item<'a>) -> Result<Option<R>>,
) -> Result<ArrayRef> {
    let (a, b) = (downcast::<A::Array>(&arrays[0])?, downcast::<B::Array>(&arrays[1])?);
    R::build(
        (0..a.len())
            .map(|row| if a.is_null(row) || b.is_null(row) { Ok(None) } else { f(A::value(a, row), B::value(b, row)) }),
    )
}

/// A kernel over whole arrays whose arguments are cast already.
pub fn kernel(
    context: &CallContext<'_>,
    parameters: &str,
    data_type: DataType,
    nullable: bool,
    arguments: Vec<Typed>,
    run: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Typed {
    Kernel::arrays(named(context, parameters), data_type, nullable, run).call(arguments)
}

/// As [`kernel`], for one that no value makes fail.
pub fn safe_kernel(
    context: &CallContext<'_>,
    parameters: &str,
    data_type: DataType,
    nullable: bool,
    arguments: Vec<Typed>,
    run: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Typed {
    Kernel::arrays(named(context, parameters), data_type, nullable, run).infallible().call(arguments)
}

/// Decimals of one type.
pub fn decimals(values: impl Iterator<Item = Result<Option<i128>>>, precision: u8, scale: i8) -> Result<ArrayRef> {
    Ok(Arc::new(values.collect::<Result<Decimal128Array>>()?.with_precision_and_scale(precision, scale)?))
}
