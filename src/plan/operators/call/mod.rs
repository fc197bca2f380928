//! Calls of [`Function`](crate::function::Function)s inside a plan. DataFusion's filter push-down
//! inlines expressions, so `withColumn("p", model(x)).filter("p > 0.5")` would run a model twice;
//! the resolver therefore takes calls out of expressions into an operator of their own, which keeps
//! its input's columns and appends one for each call.
//!
//! [`call_functions`] builds it, [`node`] is what the optimiser sees, [`prune`] drops the calls
//! that nobody reads, [`exec`] runs it: [`rows`] chunk by chunk, [`pull`] for functions that pull.

mod exec;
mod node;
mod prune;
mod pull;
mod rows;

pub use exec::FunctionExec;
pub use node::{FunctionNode, FunctionPlanner};
pub use prune::PruneCalls;
pub use pull::Kept;

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan};

use crate::error::Result;
use crate::function::{Function, Runs};
use crate::plan::AttrId;

/// One call, as the resolver found it.
#[derive(Clone, Debug)]
pub struct FunctionCall {
    pub function: Arc<dyn Function>,
    /// Over the input's columns, of the types that the function was asked about; no call inside.
    pub arguments: Vec<Expr>,
    /// The column that the call makes.
    pub output: AttrId,
    /// What [`Function::output`] answered.
    pub field: FieldRef,
}

impl FunctionCall {
    /// Whether one call gives the rows of both.
    pub fn same_as(&self, other: &Self) -> bool {
        self.function.deterministic()
            && self.function.key() == other.function.key()
            && self.arguments == other.arguments
    }
}

/// Appends a column for each call to `input`. Calls that are the [same](FunctionCall::same_as)
/// should be given once: the resolver knows best under which attribute.
pub fn call_functions(input: LogicalPlan, mut calls: Vec<FunctionCall>) -> Result<LogicalPlan> {
    if calls.is_empty() {
        return Ok(input);
    }
    // Functions that pull come last: their stage reads the rows that the other has finished.
    calls.sort_by_key(|call| call.function.runs() == Runs::OwnThread);
    let node = FunctionNode::new(input, calls)?;
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}
