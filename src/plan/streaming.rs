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
use crate::batch::OutputMode;
use crate::config::Conf;
use crate::error::{Error, Result, condition};
use crate::function::Runs;
use crate::function::groups::{GroupKind, GroupTimeout};

/// An operation that a stream cannot have, or cannot have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamOperation {
    /// With or without an event time among its keys; by sessions, or not.
    Aggregation {
        event_time: bool,
        session: bool,
    },
    /// A window function over anything but event time.
    NonTimeWindow,
    UnionWithBatch,
    Intersect,
    Except,
    /// With or without an event time among its keys.
    DropDuplicates {
        event_time: bool,
    },
    /// `dropDuplicatesWithinWatermark` of a stream that has none.
    DropDuplicatesWithoutWatermark,
    /// `applyInPandasWithState` in a mode, over rows with or without an event time.
    GroupsWithState {
        mode: OutputMode,
        timeout: GroupTimeout,
        event_time: bool,
    },
    /// `transformWithState`.
    Processor,
    /// `Model.stateful`.
    StatefulModel,
    Sort,
    Limit,
    Offset,
    /// An aggregate function over distinct values.
    DistinctAggregate,
    Sample,
    /// Bounded where rows without a partner can be told: by the watermark among its keys, or by its
    /// condition.
    StreamStreamJoin {
        kind: JoinKind,
        bounded: bool,
    },
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
            Self::Aggregation { .. } => "streaming aggregations",
            Self::NonTimeWindow => "non-time-based windows",
            Self::UnionWithBatch => "union between streaming and batch DataFrames/Datasets",
            Self::Intersect => "intersect",
            Self::Except => "except",
            Self::DropDuplicates { .. } => "dropDuplicates",
            Self::DropDuplicatesWithoutWatermark => "dropDuplicatesWithinWatermark",
            Self::GroupsWithState { .. } => GroupKind::State.name(),
            Self::Processor => "transformWithState",
            Self::StatefulModel => "a model with state",
            Self::Sort => "sorting",
            Self::Limit => "limit",
            Self::Offset => "offset",
            Self::DistinctAggregate => "an aggregate function of distinct values",
            Self::Sample => "sampling",
            Self::StreamStreamJoin { kind, .. } => {
                return write!(f, "{kind:?} join between two streaming DataFrames/Datasets");
            }
            Self::OuterJoin { kind, stream_on_left } => {
                let side = if *stream_on_left { "left" } else { "right" };
                return write!(f, "{kind:?} outer joins with a streaming DataFrame/Dataset on the {side} side");
            }
        };
        f.write_str(name)
    }
}

impl Resolved {
    /// Notes what is done to a stream, if this is one.
    pub(super) fn note(&mut self, operation: StreamOperation) {
        if self.is_streaming() {
            self.operations.push(operation);
        }
    }
}

/// Refuses what no stream can have, or none that gives its result in this mode. Spark's order: what
/// the mode says first, then the operations from the sources up, then how they follow one another.
///
/// | operation | append | update | complete |
/// |---|---|---|---|
/// | aggregation | with an event time among its keys | yes | yes |
/// | aggregation by sessions | with an event time among its keys | no | yes |
/// | `dropDuplicates`, `distinct` | yes | yes | over an aggregation |
/// | sort | no | no | over an aggregation |
/// | limit | yes | no | yes |
/// | an operation with state over an aggregation | yes | no | no |
///
/// In the last line `dropDuplicates` counts only with an event time among its keys.
pub fn check(resolved: &Resolved, mode: OutputMode, conf: &Conf) -> Result<()> {
    let operations = &resolved.operations;
    if !conf.flag("spark.sql.streaming.unsupportedOperationCheck")? {
        return Ok(());
    }
    // The mode is asked of the aggregation on top.
    let top = operations.iter().rev().find(|operation| operation.is_aggregation());
    let refused_in_mode = match mode {
        OutputMode::Append if matches!(top, Some(StreamOperation::Aggregation { event_time: false, .. })) => {
            Some("streaming aggregations without watermark")
        }
        OutputMode::Update if matches!(top, Some(StreamOperation::Aggregation { session: true, .. })) => {
            Some("session window streaming aggregations")
        }
        OutputMode::Complete if top.is_none() => Some("no streaming aggregations"),
        _ => None,
    };
    if let Some(operation) = refused_in_mode {
        return Err(Error::of(condition::OUTPUT_MODE_UNSUPPORTED_OPERATION)
            .with("outputMode", mode.name().to_lowercase())
            .with("operation", operation));
    }
    let with_state = |operation: &&StreamOperation| matches!(operation, StreamOperation::GroupsWithState { .. });
    if operations.iter().filter(with_state).count() > 1 {
        let name = GroupKind::State.name();
        return Err(unsupported(format!("Multiple {name}s are not supported on a streaming DataFrames/Datasets")));
    }
    let mut below: Vec<&StreamOperation> = Vec::new();
    for operation in operations {
        if *operation == StreamOperation::NonTimeWindow {
            return Err(Error::of(condition::NON_TIME_WINDOW_ON_STREAM));
        }
        if let Some(message) = operation.groups_refused(&below, top.is_some(), mode) {
            return Err(unsupported(message));
        }
        if let Some(reason) = operation.refused(&below, mode) {
            return Err(unsupported(format!("{operation} is not supported on streaming DataFrames/Datasets{reason}")));
        }
        below.push(operation);
    }
    if numbers_rows(&resolved.plan)? {
        return Err(unsupported(
            "monotonically_increasing_id() is not supported with streaming DataFrames/Datasets".to_owned(),
        ));
    }
    if !conf.flag("spark.sql.streaming.statefulOperator.checkCorrectness.enabled")? {
        return Ok(());
    }
    let first_changing = operations.iter().position(|operation| operation.gives_old_rows(mode));
    if let Some(first) = first_changing
        && operations[first + 1..].iter().any(StreamOperation::drops_late_rows)
    {
        return Err(unsupported(
            "a row of an aggregation that changes comes again, and groups with timeouts may give rows of any time: an \
             operation with state above them may drop such rows as late. Use the output mode append over aggregations"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Whether a plan numbers its rows, which would begin anew in each batch.
fn numbers_rows(plan: &LogicalPlan) -> Result<bool> {
    Ok(plan.exists(|node| {
        let LogicalPlan::Extension(extension) = node else { return Ok(false) };
        let calls = extension.node.as_any().downcast_ref::<FunctionNode>();
        let numbers = |calls: &FunctionNode| {
            calls.calls().iter().any(|call| call.function.name() == "monotonically_increasing_id")
        };
        Ok(calls.is_some_and(numbers))
    })?)
}

impl StreamOperation {
    fn is_aggregation(&self) -> bool {
        matches!(self, Self::Aggregation { .. })
    }

    /// Whether it keeps state by event time, and so takes a row for late.
    fn drops_late_rows(&self) -> bool {
        matches!(
            self,
            Self::Aggregation { .. }
                | Self::DropDuplicates { event_time: true }
                | Self::StreamStreamJoin { .. }
                | Self::GroupsWithState { .. }
                | Self::Processor
                | Self::StatefulModel
        )
    }

    /// Whether its rows may be older than the watermark.
    fn gives_old_rows(&self, mode: OutputMode) -> bool {
        match self {
            Self::Aggregation { .. } => mode != OutputMode::Append,
            Self::GroupsWithState { timeout, .. } => *timeout == GroupTimeout::EventTime,
            _ => false,
        }
    }

    /// Why groups with state cannot be where they are, in Spark's words.
    fn groups_refused(&self, below: &[&Self], aggregated: bool, mode: OutputMode) -> Option<String> {
        let Self::GroupsWithState { mode: own, timeout, event_time } = self else { return None };
        let (name, word, stream) =
            (GroupKind::State.name(), own.name().to_lowercase(), "on a streaming DataFrame/Dataset");
        if !aggregated && *own != mode {
            return Some(format!("{name} in {word} mode is not supported with {} output mode {stream}", mode.name()));
        }
        if aggregated && *own == OutputMode::Update {
            return Some(format!("{name} in update mode is not supported with aggregation {stream}"));
        }
        if below.iter().any(|below| below.is_aggregation()) {
            return Some(format!("{name} in append mode is not supported after aggregation {stream}"));
        }
        (*timeout == GroupTimeout::EventTime && !event_time).then(|| {
            format!(
                "Watermark must be specified in the query using '[Dataset/DataFrame].withWatermark()' for using \
                 event-time timeout in a {name}. Event-time timeout not supported without watermark."
            )
        })
    }

    /// Why a stream cannot have it above those below it; `None` if it can.
    fn refused(&self, below: &[&Self], mode: OutputMode) -> Option<&'static str> {
        match self {
            Self::Aggregation { .. }
            | Self::DropDuplicates { .. }
            | Self::GroupsWithState { .. }
            | Self::Processor
            | Self::StatefulModel => None,
            Self::StreamStreamJoin { kind: JoinKind::LeftAnti, .. } => Some(""),
            Self::StreamStreamJoin { kind, .. } => match (mode, kind) {
                (OutputMode::Append, _)
                | (OutputMode::Update, JoinKind::Inner | JoinKind::Cross | JoinKind::LeftSemi) => {
                    let bounded = matches!(self, Self::StreamStreamJoin { bounded: true, .. });
                    (!bounded).then_some(
                        " without a watermark in the join keys, or a watermark on the nullable side and an appropriate range condition",
                    )
                }
                (_, JoinKind::Inner | JoinKind::Cross | JoinKind::LeftSemi) => {
                    Some(" in this output mode, only in Append and Update output modes")
                }
                _ => Some(" in this output mode, only in Append output mode"),
            },
            Self::DropDuplicatesWithoutWatermark => Some(" without watermark"),
            Self::DistinctAggregate => Some(": use approx_count_distinct() instead"),
            Self::Limit if mode == OutputMode::Update => Some(" in Update output mode"),
            Self::Limit => None,
            Self::Sort if mode == OutputMode::Complete && below.iter().any(|below| below.is_aggregation()) => None,
            Self::Sort => Some(", unless it is on aggregated DataFrame/Dataset in Complete output mode"),
            _ => Some(" here: use it in foreachBatch"),
        }
    }
}

fn unsupported(message: String) -> Error {
    Error::of(condition::STREAMING_UNSUPPORTED_OPERATION).with("msg", message)
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
