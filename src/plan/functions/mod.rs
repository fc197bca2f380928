//! Spark's functions by name: one registry, looked up by [`resolve`](super::resolve) and by `catalog.functionExists`.
//!
//! A definition turns typed arguments into a typed DataFusion expression; argument casts happen here, by Spark's rules, so that
//! DataFusion's own coercion finds nothing left to do.

use arrow::datatypes::DataType;
use datafusion::logical_expr::Expr;

use crate::conf::Conf;
use crate::error::Result;

/// A resolved expression: columns are `#id`, types are Spark's, as Arrow types.
#[derive(Clone, Debug)]
pub struct Typed {
    pub expr: Expr,
    pub data_type: DataType,
    pub nullable: bool,
}

/// What a definition may ask about the call.
pub struct CallContext<'a> {
    /// The name as the user wrote it, for errors.
    pub name: &'a str,
    pub conf: &'a Conf,
    pub distinct: bool,
    pub ignore_nulls: bool,
}

/// What kind of function a name is, and how to build it.
#[derive(Clone, Copy)]
pub enum Definition {
    /// One value for each row.
    Scalar(fn(&CallContext<'_>, Vec<Typed>) -> Result<Typed>),
    /// One value for each group; the expression is a DataFusion aggregate.
    Aggregate(fn(&CallContext<'_>, Vec<Typed>) -> Result<Typed>),
    /// Only with `OVER`: `row_number`, `lag`, ….
    Window(fn(&CallContext<'_>, Vec<Typed>) -> Result<Typed>),
}
