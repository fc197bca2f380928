//! What may run on a stream. Operations that a stream cannot have are [`StreamOperation`]s, which
//! the resolver notes as it meets them. A continuous query's plan must be a map over one stream,
//! which [`continuous_leaf`] checks.

use std::fmt;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::LogicalPlan;

use super::operators::call::FunctionNode;
use super::operators::watermark::WatermarkNode;
use super::tree::JoinKind;
use super::{Leaf, Resolved};
use crate::error::{Error, Result, condition};
use crate::function::Runs;

/// An operation that a stream cannot have, or cannot have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamOperation {
    Aggregation,
    /// A window function over anything but event time.
    NonTimeWindow,
    UnionWithBatch,
    Intersect,
    Except,
    DropDuplicates,
    Sort,
    Limit,
    Offset,
    RepartitionByRange,
    Sample,
    StreamStreamJoin,
    /// A join with a static side that would have to know that the stream has no further row.
    OuterJoin {
        kind: JoinKind,
        stream_on_left: bool,
    },
}

/// Spark's name for the operation.
impl fmt::Display for StreamOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Aggregation => "streaming aggregations",
            Self::NonTimeWindow => "non-time-based windows",
            Self::UnionWithBatch => "union between streaming and batch DataFrames/Datasets",
            Self::Intersect => "intersect",
            Self::Except => "except",
            Self::DropDuplicates => "dropDuplicates",
            Self::Sort => "sorting",
            Self::Limit => "limit",
            Self::Offset => "offset",
            Self::RepartitionByRange => "repartitionByRange",
            Self::Sample => "sampling",
            Self::StreamStreamJoin => "stream-stream joins",
            Self::OuterJoin { kind, stream_on_left } => {
                let side = if *stream_on_left { "left" } else { "right" };
                return write!(f, "{kind:?} outer joins with a streaming DataFrame/Dataset on the {side} side");
            }
        };
        f.write_str(name)
    }
}

impl Resolved {
    /// Notes what a stream cannot do, if this is one and nothing was noted before.
    pub(super) fn note_unsupported(&mut self, operation: StreamOperation) {
        if self.unsupported_on_stream.is_none() && self.is_streaming() {
            self.unsupported_on_stream = Some(operation);
        }
    }
}

/// The one stream of a continuous query, or Spark's error for what its plan may not hold.
pub fn continuous_leaf(resolved: &Resolved) -> Result<&Leaf> {
    let mut refused = None;
    resolved.plan.apply(|node| {
        refused = refused_operator(node);
        Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    if let Some(operator) = refused {
        return Err(refuse(&operator));
    }
    match resolved.leaves.as_slice() {
        [leaf] if leaf.streaming => Ok(leaf),
        _ => Err(refuse("Union")),
    }
}

fn refuse(operator: &str) -> Error {
    Error::of(condition::STREAMING_UNSUPPORTED_OPERATION)
        .with("msg", format!("Continuous processing does not support {operator} operations."))
}

/// Spark's name for an operator that is not a map.
fn refused_operator(node: &LogicalPlan) -> Option<String> {
    let name = match node {
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::TableScan(_) => return None,
        LogicalPlan::Extension(extension) => {
            if let Some(calls) = extension.node.as_any().downcast_ref::<FunctionNode>() {
                // A call that runs inline looks at its batch: at the clock's reading, or at a
                // row's place. A row that arrives has no batch.
                let inline = calls.calls().iter().find(|call| call.function.runs() == Runs::Inline)?;
                let reads_the_clock = inline.function.deterministic();
                return Some(if reads_the_clock {
                    "current time".into()
                } else {
                    format!("{}()", inline.function.name())
                });
            }
            return Some(match extension.node.as_any().downcast_ref::<WatermarkNode>() {
                Some(_) => "EventTimeWatermark".into(),
                None => extension.node.name().to_owned(),
            });
        }
        LogicalPlan::Aggregate(_) => "Aggregate",
        LogicalPlan::Join(_) => "Join",
        LogicalPlan::Sort(_) => "Sort",
        LogicalPlan::Union(_) => "Union",
        LogicalPlan::Limit(_) => "GlobalLimit",
        LogicalPlan::Distinct(_) => "Deduplicate",
        LogicalPlan::Window(_) => "Window",
        LogicalPlan::Unnest(_) => "Generate",
        LogicalPlan::Repartition(_) => "Repartition",
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => "LocalRelation",
        other => return Some(other.display().to_string()),
    };
    Some(name.to_owned())
}
