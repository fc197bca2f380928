//! Variances, covariances, correlations and regressions: DataFusion's, and Spark's values where it
//! has others. Of one value it takes the spread for 0, though that value is NaN; it has no
//! correlation and no line through values of which one is NaN.

use std::sync::Arc;

use arrow::array::{AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::functions_aggregate as df;
use datafusion::logical_expr::AggregateUDF;

use super::CallContext;
use super::Definition::Aggregate;
use super::aggregate::{call, count_rows, greatest};
use super::args::{count, unexpected};
use super::per_value::safe_kernel;
use crate::error::Result;
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::is_numeric;
use crate::plan::typed::Typed;

pub const TABLE: super::DefinitionTable = &[
    ("stddev", Aggregate(|c, a| moment(c, a, df::stddev::stddev_udaf(), 1))),
    ("std", Aggregate(|c, a| moment(c, a, df::stddev::stddev_udaf(), 1))),
    ("stddev_samp", Aggregate(|c, a| moment(c, a, df::stddev::stddev_udaf(), 1))),
    ("stddev_pop", Aggregate(|c, a| spread(c, a, df::stddev::stddev_pop_udaf()))),
    ("variance", Aggregate(|c, a| moment(c, a, df::variance::var_samp_udaf(), 1))),
    ("var_samp", Aggregate(|c, a| moment(c, a, df::variance::var_samp_udaf(), 1))),
    ("var_pop", Aggregate(|c, a| spread(c, a, df::variance::var_pop_udaf()))),
    ("corr", Aggregate(correlation)),
    ("covar_samp", Aggregate(|c, a| moment(c, a, df::covariance::covar_samp_udaf(), 2))),
    ("covar_pop", Aggregate(|c, a| moment(c, a, df::covariance::covar_pop_udaf(), 2))),
    ("regr_avgx", Aggregate(|c, a| moment(c, a, df::regr::regr_avgx_udaf(), 2))),
    ("regr_avgy", Aggregate(|c, a| moment(c, a, df::regr::regr_avgy_udaf(), 2))),
    ("regr_intercept", Aggregate(|c, a| line(c, a, df::regr::regr_intercept_udaf(), None))),
    ("regr_r2", Aggregate(|c, a| line(c, a, df::regr::regr_r2_udaf(), Some(1.0)))),
    ("regr_slope", Aggregate(|c, a| line(c, a, df::regr::regr_slope_udaf(), None))),
    ("regr_sxx", Aggregate(|c, a| moment(c, a, df::regr::regr_sxx_udaf(), 2))),
    ("regr_sxy", Aggregate(|c, a| moment(c, a, df::regr::regr_sxy_udaf(), 2))),
    ("regr_syy", Aggregate(|c, a| moment(c, a, df::regr::regr_syy_udaf(), 2))),
    (
        "regr_count",
        Aggregate(|c, a| {
            count(c, &a, 2..=2)?;
            count_rows(c, a)
        }),
    ),
];

/// Doubles in, a double out.
fn moment(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    function: Arc<AggregateUDF>,
    wanted: usize,
) -> Result<Typed> {
    let arguments = doubles(context, arguments, wanted)?;
    Ok(of(context, function, &arguments))
}

/// A spread that is NaN where a value is none or has no end.
fn spread(context: &CallContext<'_>, arguments: Vec<Typed>, function: Arc<AggregateUDF>) -> Result<Typed> {
    let arguments = doubles(context, arguments, 1)?;
    let values = vec![of(context, function, &arguments), greatest(context, arguments[0].clone())];
    Ok(safe_kernel(context, "_spread", DataType::Float64, true, values, |arrays| {
        let [spreads, greatest] = [0, 1].map(|at| arrays[at].as_primitive::<Float64Type>());
        let spread = spreads
            .iter()
            .zip(greatest)
            .map(|(spread, greatest)| Some(if greatest?.is_finite() { spread? } else { f64::NAN }));
        Ok(Arc::new(spread.collect::<Float64Array>()))
    }))
}

/// `corr`: NaN where a value is none or has no end. There is none of one row, and where one side is
/// the same in all rows.
fn correlation(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let arguments = doubles(context, arguments, 2)?;
    let values = vec![
        of(context, df::correlation::corr_udaf(), &arguments),
        of(context, df::regr::regr_sxx_udaf(), &arguments),
        of(context, df::regr::regr_syy_udaf(), &arguments),
        count_rows(context, arguments)?,
    ];
    Ok(safe_kernel(context, "_corr", DataType::Float64, true, values, |arrays| {
        let [values, sxx, syy] = [0, 1, 2].map(|at| arrays[at].as_primitive::<Float64Type>());
        let counts = arrays[3].as_primitive::<Int64Type>();
        let correlation = values.iter().zip(sxx).zip(syy).zip(counts).map(|(((value, sxx), syy), count)| {
            let exists = count? > 1 && sxx? != 0.0 && syy? != 0.0;
            exists.then(|| value.unwrap_or(f64::NAN))
        });
        Ok(Arc::new(correlation.collect::<Float64Array>()))
    }))
}

/// A number of the line through points; `level` is its value where all are on one height. There is
/// none where all points are above each other.
fn line(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    function: Arc<AggregateUDF>,
    level: Option<f64>,
) -> Result<Typed> {
    let arguments = doubles(context, arguments, 2)?;
    let values = vec![
        of(context, function, &arguments),
        of(context, df::regr::regr_sxx_udaf(), &arguments),
        of(context, df::regr::regr_syy_udaf(), &arguments),
    ];
    Ok(safe_kernel(context, &format!("_line({level:?})"), DataType::Float64, true, values, move |arrays| {
        let [values, sxx, syy] = [0, 1, 2].map(|at| arrays[at].as_primitive::<Float64Type>());
        let line = values.iter().zip(sxx).zip(syy).map(|((value, sxx), syy)| match (sxx?, syy?, level) {
            (0.0, _, _) => None,
            (_, 0.0, Some(level)) => Some(level),
            _ => Some(value.unwrap_or(f64::NAN)),
        });
        Ok(Arc::new(line.collect::<Float64Array>()))
    }))
}

fn of(context: &CallContext<'_>, function: Arc<AggregateUDF>, arguments: &[Typed]) -> Typed {
    let arguments = arguments.iter().map(|argument| argument.expr.clone()).collect();
    call(context, function, arguments, DataType::Float64, true)
}

fn doubles(context: &CallContext<'_>, arguments: Vec<Typed>, wanted: usize) -> Result<Vec<Typed>> {
    count(context, &arguments, wanted..=wanted)?;
    let double = |(at, argument): (usize, Typed)| {
        let is_number =
            is_numeric(&argument.data_type) || matches!(argument.data_type, DataType::Utf8 | DataType::Null);
        if !is_number {
            return Err(unexpected(context, at, "\"DOUBLE\"", &argument.data_type));
        }
        cast(argument, &DataType::Float64, context.conf)
    };
    arguments.into_iter().enumerate().map(double).collect()
}
