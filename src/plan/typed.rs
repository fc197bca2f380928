//! A resolved expression: what the resolver, the functions and their kernels hand to each other.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;

/// A resolved expression: columns are `#id`, types are Spark's, as Arrow types.
#[derive(Clone, Debug)]
pub struct Typed {
    pub expr: Expr,
    pub data_type: DataType,
    pub nullable: bool,
}

/// A constant.
pub fn literal(value: ScalarValue) -> Typed {
    Typed { data_type: value.data_type(), nullable: value.is_null(), expr: Expr::Literal(value, None) }
}
