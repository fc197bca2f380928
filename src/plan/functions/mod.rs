//! Spark's functions by name: one registry, looked up by [`resolve`](super::resolve) and by
//! `catalog.functionExists`.
//!
//! A definition turns typed arguments into a typed DataFusion expression; argument casts happen
//! here, by Spark's rules, so that DataFusion's own coercion finds nothing left to do. To add a
//! function, add a line to the table of the file whose topic it is.
//!
//! | file | functions |
//! |---|---|
//! | [`args`] | what every definition does with its arguments |
//! | [`per_value`] | a Rust function over single values, as one over columns |
//! | `aggregate`, `moments`, `edge`, `collected`, `within`, `window` | aggregates; variances and their kin; first and last; those that need all values; those with an order; functions over windows. [`addition`] sums doubles, [`collect`] keeps the values, [`frame`] computes frames that move |
//! | `math`, `hash` | numbers |
//! | `number_format`, `picture` | numbers by the forms of `to_char`, and by the patterns of `format_number` |
//! | `printf`, `printf_value` | `format_string`: its format, and a value by one conversion |
//! | `string`, `regex`, `java_regex`, `java_class` | text, and Java's regular expressions in our crate's syntax |
//! | `datetime`, `timetext`, `sequence`, `session` | dates and times |
//! | `array`, `map`, `higher_order` | nested types |
//! | `csv`, `json` | text that holds rows |
//! | `conditional`, `misc` | choices; the rest |
//! | [`missing`] | names that PySpark has and that raise here |

use std::collections::HashMap;
use std::sync::LazyLock;

use arrow::datatypes::DataType;

use super::typed::Typed;
use crate::config::Conf;
use crate::error::{Error, Result};

mod addition;
mod aggregate;
mod args;
mod array;
mod collect;
mod collected;
mod conditional;
mod csv;
mod datetime;
mod edge;
mod frame;
pub mod hash;
mod higher_order;
mod java_class;
mod java_regex;
mod json;
mod map;
mod math;
mod misc;
mod missing;
mod moments;
mod number_format;
mod per_value;
mod picture;
mod printf;
mod printf_value;
mod regex;
mod sequence;
pub mod session;
mod string;
mod timetext;
mod window;
mod within;

pub use args::{count as checked_count, folded as folded_constant, ordinal, unexpected as unexpected_argument};
pub use collect::{KeptValues, kept_by, looks_at_order};
pub use collected::values_of;
pub use edge::Edge;
pub use frame::over_frames;
pub use regex::NamePattern;
pub use within::in_group_order;

/// What a definition may ask about the call.
pub struct CallContext<'a> {
    /// The name as the user wrote it, for errors.
    pub name: &'a str,
    pub conf: &'a Conf,
    pub distinct: bool,
    pub ignore_nulls: bool,
    /// The call as errors show it, e.g. `upper(a)`.
    pub text: &'a str,
    /// The arguments as errors show them.
    pub arguments: &'a [String],
}

/// What kind of function a name is, and how to build it.
#[derive(Clone, Copy)]
pub enum Definition {
    /// One value for each row.
    Scalar(fn(&CallContext<'_>, Vec<Typed>) -> Result<Typed>),
    /// One value for each group. The expression holds DataFusion aggregates, each an
    /// `Expr::AggregateFunction`, and may hold scalar functions around them: `FILTER` goes to each
    /// aggregate, and with `OVER` each becomes a window function.
    Aggregate(fn(&CallContext<'_>, Vec<Typed>) -> Result<Typed>),
    /// Only with `OVER`: `row_number`, `lag`, …. The expression is a DataFusion window function.
    Window(fn(&CallContext<'_>, Vec<Typed>) -> Result<Typed>),
    /// One value for each row, with lambdas among the arguments.
    HigherOrder(HigherOrder),
}

/// How a higher-order function is built. First its other arguments are resolved; then, for each
/// lambda from left to right, `parameters` says what the lambda's parameters are and its body is
/// resolved; then `build` gets every argument in its place.
#[derive(Clone, Copy)]
pub struct HigherOrder {
    /// Types and nullability of the parameters of the lambda at `at`, which has `count` of them;
    /// the arguments before it are resolved, and lambdas and what is not resolved yet are `None`.
    pub parameters: fn(
        context: &CallContext<'_>,
        arguments: &[Option<Typed>],
        at: usize,
        count: usize,
    ) -> Result<Vec<(DataType, bool)>>,
    /// A lambda arrives as `Expr::Lambda`, typed by its body; its variables are
    /// `Expr::LambdaVariable`s with a field and a name that no enclosing lambda uses.
    pub build: fn(&CallContext<'_>, Vec<Typed>) -> Result<Typed>,
}

type DefinitionTable = &'static [(&'static str, Definition)];

/// Every file's table.
const TABLES: &[DefinitionTable] = &[
    aggregate::TABLE,
    array::TABLE,
    collected::TABLE,
    conditional::TABLE,
    csv::TABLE,
    datetime::TABLE,
    edge::TABLE,
    hash::TABLE,
    higher_order::TABLE,
    json::TABLE,
    map::TABLE,
    math::TABLE,
    misc::TABLE,
    moments::TABLE,
    number_format::TABLE,
    regex::TABLE,
    session::TABLE,
    string::TABLE,
    timetext::TABLE,
    window::TABLE,
];

static REGISTRY: LazyLock<HashMap<&'static str, Definition>> =
    LazyLock::new(|| TABLES.iter().flat_map(|table| table.iter().copied()).collect());

/// The definition of a name, which may be written in any case.
pub fn lookup(name: &str) -> Option<Definition> {
    REGISTRY.get(name.to_ascii_lowercase().as_str()).copied()
}

/// Every name, for the catalog.
pub fn names() -> impl Iterator<Item = &'static str> {
    // What the resolver calls itself is no function of Spark's.
    REGISTRY.keys().copied().filter(|name| !name.starts_with("firesteel_"))
}

/// The error for a function that Spark has and Firesteel has not, or `None` where Spark has none of
/// that name either.
pub fn missing(name: &str) -> Option<Error> {
    let name = name.to_ascii_lowercase();
    missing::NAMES
        .contains(&name.as_str())
        .then(|| Error::unsupported(format!("the function '{name}' is not implemented in Firesteel")))
}
