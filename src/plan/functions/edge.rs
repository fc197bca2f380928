//! `first` and `last`: of a group, of a window's frame, of the rows that `dropDuplicates` takes for
//! one.

use std::sync::Arc;

use arrow::array::Array;
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::first_last::{first_value_udaf, last_value_udaf};
use datafusion::functions_window::nth_value::{first_value_udwf, last_value_udwf};
use datafusion::logical_expr::expr::{AggregateFunction, NullTreatment};
use datafusion::logical_expr::{AggregateUDF, Expr, WindowUDF};

use super::CallContext;
use super::Definition::Aggregate;
use super::args::count;
use super::collect::best;
use crate::error::{Error, Result, condition};
use crate::plan::typed::Typed;

pub const TABLE: super::DefinitionTable = &[
    ("first", Aggregate(|c, a| call(c, a, Edge::First))),
    ("first_value", Aggregate(|c, a| call(c, a, Edge::First))),
    ("any_value", Aggregate(|c, a| call(c, a, Edge::First))),
    ("last", Aggregate(|c, a| call(c, a, Edge::Last))),
    ("last_value", Aggregate(|c, a| call(c, a, Edge::Last))),
];

/// The end of the name of an aggregate that leaves out nulls.
const IGNORING: &str = " IGNORE NULLS";

/// An end of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    First,
    Last,
}

impl Edge {
    /// The end that an aggregate function gives.
    pub fn of(function: &AggregateUDF) -> Option<Self> {
        let name = function.name().trim_end_matches(IGNORING);
        [Self::First, Self::Last].into_iter().find(|edge| edge.name() == name)
    }

    /// The window function that gives the end of any frame. The aggregate could not take values out
    /// of it again.
    pub fn of_frame(self) -> Arc<WindowUDF> {
        match self {
            Self::First => first_value_udwf(),
            Self::Last => last_value_udwf(),
        }
    }

    /// The aggregate that gives the value of this end, in the order in which rows come.
    pub fn value(self, value: Typed, ignore_nulls: bool) -> Typed {
        let data_type = value.data_type.clone();
        let mut expr = if data_type.is_nested() {
            self.nested(value, ignore_nulls).expr
        } else {
            let function = match self {
                Self::First => first_value_udaf(),
                Self::Last => last_value_udaf(),
            };
            Expr::AggregateFunction(AggregateFunction::new_udf(function, vec![value.expr], false, None, vec![], None))
        };
        if let Expr::AggregateFunction(function) = &mut expr {
            let treatment = if ignore_nulls { NullTreatment::IgnoreNulls } else { NullTreatment::RespectNulls };
            function.params.null_treatment = Some(treatment);
        }
        Typed { expr, data_type, nullable: true }
    }

    /// DataFusion's aggregate keeps a struct, an array or a map as a slice of its batch, and counts
    /// the whole batch for each.
    fn nested(self, value: Typed, ignore_nulls: bool) -> Typed {
        let name = format!("{}{}", self.name(), if ignore_nulls { IGNORING } else { "" });
        best(false, name, vec![value], move |arrays| {
            let mut rows = (0..arrays[0].len()).filter(|row| !ignore_nulls || arrays[0].is_valid(*row));
            Ok(match self {
                Self::First => rows.next(),
                Self::Last => rows.next_back(),
            })
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::First => "first_value",
            Self::Last => "last_value",
        }
    }
}

/// `first(x[, ignoreNulls])`. Distinct values have the same ends.
fn call(context: &CallContext<'_>, mut arguments: Vec<Typed>, edge: Edge) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let ignored = match arguments.get(1) {
        Some(Typed { expr: Expr::Literal(ScalarValue::Boolean(Some(ignored)), _), .. }) => *ignored,
        Some(_) => return Err(Error::of(condition::FLAG_IS_NOT_BOOLEAN).with("funcName", context.name)),
        None => false,
    };
    Ok(edge.value(arguments.swap_remove(0), ignored || context.ignore_nulls))
}
