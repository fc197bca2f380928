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
use super::collected::of_doubles;
use super::per_value::safe_kernel;
use crate::error::Result;
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::is_numeric;
use crate::plan::typed::Typed;

pub const TABLE: super::DefinitionTable = &[
    ("stddev", Aggregate(stddev_samp)),
    ("std", Aggregate(stddev_samp)),
    ("stddev_samp", Aggregate(stddev_samp)),
    ("stddev_pop", Aggregate(|c, a| spread(c, a, df::stddev::stddev_pop_udaf(), |it| Some(it.var_pop().sqrt())))),
    ("variance", Aggregate(var_samp)),
    ("var_samp", Aggregate(var_samp)),
    ("var_pop", Aggregate(|c, a| spread(c, a, df::variance::var_pop_udaf(), |it| Some(it.var_pop())))),
    ("skewness", Aggregate(|c, a| shape(c, a, CentralMoments::skewness))),
    ("kurtosis", Aggregate(|c, a| shape(c, a, CentralMoments::kurtosis))),
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

fn stddev_samp(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    if context.distinct {
        return shape(context, arguments, |it| it.var_samp().map(f64::sqrt));
    }
    moment(context, arguments, df::stddev::stddev_udaf(), 1)
}

fn var_samp(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    if context.distinct {
        return shape(context, arguments, CentralMoments::var_samp);
    }
    moment(context, arguments, df::variance::var_samp_udaf(), 1)
}

/// A number of what the values as doubles look like; null where there are none.
fn shape(context: &CallContext<'_>, arguments: Vec<Typed>, of: fn(&CentralMoments) -> Option<f64>) -> Result<Typed> {
    of_doubles(context, arguments, context.name, move |values| {
        let mut moments = CentralMoments::default();
        values.iter().for_each(|value| moments.add(*value));
        if values.is_empty() { None } else { of(&moments) }
    })
}

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

/// A spread that is NaN where a value is none or has no end. DataFusion has none of distinct
/// values.
fn spread(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    function: Arc<AggregateUDF>,
    of_distinct: fn(&CentralMoments) -> Option<f64>,
) -> Result<Typed> {
    if context.distinct {
        return shape(context, arguments, of_distinct);
    }
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

/// The mean of some values, and the sums of the powers of their distances from it, value by
/// value as Spark has them: another order of the same steps ends in other digits.
/// B. P. Welford, "Note on a method for calculating corrected sums of squares and products", 1962;
/// T. B. Terriberry, "Computing higher-order moments online", 2007.
#[derive(Default)]
struct CentralMoments {
    count: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl CentralMoments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        let step = delta / self.count;
        let (delta_squared, step_squared) = (delta * delta, step * step);
        self.mean += step;
        self.second += delta * (delta - step);
        self.third = self.third - 3.0 * step * self.second + delta * (delta_squared - step_squared);
        self.fourth = self.fourth - 4.0 * step * self.third - 6.0 * step_squared * self.second
            + delta * (delta * delta_squared - step * step_squared);
    }

    fn var_pop(&self) -> f64 {
        self.second / self.count
    }

    /// There is none of one value.
    fn var_samp(&self) -> Option<f64> {
        (self.count > 1.0).then(|| self.second / (self.count - 1.0))
    }

    /// One value has no shape, and Spark says so by null.
    fn skewness(&self) -> Option<f64> {
        (self.second != 0.0).then(|| self.count.sqrt() * self.third / (self.second * self.second * self.second).sqrt())
    }

    fn kurtosis(&self) -> Option<f64> {
        (self.second != 0.0).then(|| self.count * self.fourth / (self.second * self.second) - 3.0)
    }
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
