//! `withWatermark`: rows pass through, their event times are noted for progress and for the next
//! watermark.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, SendableRecordBatchStream};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::StreamExt;
use parking_lot::Mutex;

use super::one_input::{one_input, one_input_node};
use crate::plan::pass::PassContext;

/// The event times of one batch, in milliseconds since the epoch.
#[derive(Debug, Default)]
pub struct EventTime(Mutex<Option<Stats>>);

/// Least, greatest and mean event time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    pub min_ms: i64,
    pub max_ms: i64,
    pub avg_ms: f64,
    count: u64,
}

impl EventTime {
    /// `None` when no row had an event time.
    pub fn stats(&self) -> Option<Stats> {
        *self.0.lock()
    }

    fn add(&self, column: &dyn Array) {
        let times = match column.data_type() {
            DataType::Timestamp(..) => column.as_primitive::<TimestampMicrosecondType>(),
            // A window: its end is the event time.
            DataType::Struct(_) => match column.as_struct().column_by_name("end") {
                Some(end) => return self.add(end),
                None => return,
            },
            _ => return,
        };
        // A time that is null counts as the epoch, as in Spark.
        let epoch = (times.null_count() > 0).then_some(0);
        let (least, greatest) = (min(times).into_iter().chain(epoch).min(), max(times).into_iter().chain(epoch).max());
        let (Some(least), Some(greatest)) = (least, greatest) else { return };
        let count = times.len() as u64;
        let sum: f64 = times.iter().flatten().map(|micros| micros.div_euclid(1000) as f64).sum();
        let mut stats = self.0.lock();
        let (least, greatest) = (least.div_euclid(1000), greatest.div_euclid(1000));
        *stats = Some(match *stats {
            None => Stats { min_ms: least, max_ms: greatest, avg_ms: sum / count as f64, count },
            Some(old) => Stats {
                min_ms: old.min_ms.min(least),
                max_ms: old.max_ms.max(greatest),
                avg_ms: (old.avg_ms * old.count as f64 + sum) / (old.count + count) as f64,
                count: old.count + count,
            },
        });
    }
}

/// The logical operator: watches `column` (an attribute's name) for the i-th watermark of the
/// query.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub struct WatermarkNode {
    pub input: LogicalPlan,
    pub column: String,
    pub index: usize,
}

impl UserDefinedLogicalNodeCore for WatermarkNode {
    one_input_node!("EventTimeWatermark", schema of the input);

    fn expressions(&self) -> Vec<Expr> {
        vec![Expr::Column(datafusion::common::Column::from_name(&self.column))]
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventTimeWatermark {}", self.column)
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        Ok(Self { input: inputs.swap_remove(0), column: self.column.clone(), index: self.index })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let watched = self.input.schema().index_of_column_by_name(None, &self.column)?;
        let mut columns = output_columns.to_vec();
        if !columns.contains(&watched) {
            columns.push(watched);
        }
        Some(vec![columns])
    }

    fn prevent_predicate_push_down_columns(&self) -> std::collections::HashSet<String> {
        // As in Spark, a filter on another column goes below and its rows are not watched; one on
        // the event time stays above.
        [self.column.clone()].into()
    }
}

/// Plans a [`WatermarkNode`].
pub struct WatermarkPlanner;

#[async_trait]
impl ExtensionPlanner for WatermarkPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<WatermarkNode>() else { return Ok(None) };
        let input = Arc::clone(&physical_inputs[0]);
        let column = input.schema().index_of(&node.column)?;
        Ok(Some(Arc::new(WatermarkExec { input, column, index: node.index })))
    }
}

#[derive(Debug)]
pub struct WatermarkExec {
    input: Arc<dyn ExecutionPlan>,
    column: usize,
    index: usize,
}

impl WatermarkExec {
    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { input, column: self.column, index: self.index })
    }
}

impl DisplayAs for WatermarkExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WatermarkExec column={}", self.column)
    }
}

impl ExecutionPlan for WatermarkExec {
    one_input!("WatermarkExec", properties of the input);

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let (column, index) = (self.column, self.index);
        let rows = self.input.execute(lane, context)?.inspect(move |batch: &DfResult<RecordBatch>| {
            if let (Ok(batch), Some(times)) = (batch, pass.event_time(index)) {
                times.add(batch.column(column));
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.input.schema(), rows)))
    }
}
