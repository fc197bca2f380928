//! Groups of a stream: what each group had before is kept, and merged with what a batch brings.
//!
//! ```text
//! rows → partial aggregation (DataFusion's) → stage by key → this: combine, drop what is late,
//!        merge with what was kept, keep, evict → rows
//! ```
//!
//! The state of a group is the buffers of its functions. Old buffers are merged before new ones, so
//! `first`, `collect_list` and their kin see rows in the order in which they came.
//!
//! | file | what is in it |
//! |---|---|
//! | [`node`] | the logical operator, and how it is planned |
//! | [`portions`] | the groups of a batch, in portions that fit into memory |
//! | [`lane`] | one lane's part of a pass |
//! | [`lists`] | buffers that grow with every row, in chunks |

mod lane;
mod lists;
mod node;
mod portions;

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};

use self::lane::AggregateLane;
use self::lists::GroupLists;
pub use self::node::{StatefulAggregateNode, StatefulAggregatePlanner};
use super::form::OperatorForm;
use super::grouping::GroupShape;
use super::table::{EventTimeKey, RowTable};
use super::{
    IdleBatch, KeyLayout, Retention, SparkStores, StateTable, StatefulOperator, StatefulPlace, WatermarkOut,
    operator_number, stateful_properties,
};
use crate::batch::OutputMode;
use crate::error::{Error, Result};
use crate::plan::operators::exchange::store::ExchangeStore;
use crate::plan::operators::one_input::one_input;
use crate::plan::pass::PassContext;
use crate::state::prefix::TableId;
use crate::state::row::RowFormat;

/// What an aggregation does, whatever its input.
#[derive(Debug)]
struct AggregateSpec {
    operator: StatefulOperator,
    mode: OutputMode,
    shape: Arc<GroupShape>,
    table: RowTable,
    /// Of functions that keep every value.
    lists: Option<GroupLists>,
}

impl AggregateSpec {
    fn new(place: StatefulPlace, lanes: usize, event_time: Option<usize>, shape: GroupShape) -> Result<Self> {
        let StatefulPlace { number, mode } = place;
        let time = event_time.map(|column| EventTimeKey { column });
        let timed = time.is_some();
        let id = |table| Ok::<_, Error>(TableId { operator: operator_number(number)?, table });
        let (mut kept, mut shown) = (shape.buffer_schema.fields().to_vec(), shape.shown_buffers()?.fields().to_vec());
        let lists = GroupLists::of(&shape, id(1)?)?;
        if lists.is_some() {
            let chunks = Arc::new(Field::new(lists::CHUNKS, DataType::Int64, true));
            kept.push(Arc::clone(&chunks));
            shown.push(chunks);
        }
        let value = RowFormat::of(&Schema::new(kept))?;
        let table = RowTable { id: id(0)?, key: RowFormat::of(&shape.key_schema)?, value, time };
        let key = shape.names.schema(&shape.key_schema);
        let mut tables = vec![StateTable {
            name: "default",
            number: 0,
            layout: if timed { KeyLayout::TimeRow } else { KeyLayout::Row },
            time: event_time,
            key: Arc::clone(&key),
            value: Arc::new(Schema::new(shown)),
        }];
        if let Some(lists) = &lists {
            tables.push(StateTable {
                name: "lists",
                number: 1,
                layout: if timed { KeyLayout::TimeRowChunk } else { KeyLayout::RowChunk },
                time: event_time,
                key,
                value: lists.shown(&tables[0].value),
            });
        }
        let operator = StatefulOperator {
            number,
            name: "stateStoreSave",
            idle: match mode {
                OutputMode::Append | OutputMode::Update => IdleBatch::WatermarkMoved,
                OutputMode::Complete => IdleBatch::Never,
            },
            stores: SparkStores::InEachPartition(1),
            lanes,
            tables,
            retention: Retention::when(timed && mode != OutputMode::Complete),
            form: OperatorForm::AsTyped,
            gives: WatermarkOut::Same,
            refused: None,
            notes: None,
        };
        Ok(Self { operator, mode, shape: Arc::new(shape), table, lists })
    }
}

/// The operator.
#[derive(Debug)]
pub struct StatefulAggregateExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<AggregateSpec>,
    properties: Arc<PlanProperties>,
}

impl StatefulAggregateExec {
    fn new(input: Arc<dyn ExecutionPlan>, spec: Arc<AggregateSpec>) -> Self {
        let properties = stateful_properties(&input, Arc::clone(&spec.shape.output));
        Self { input, spec, properties }
    }

    pub fn operator(&self) -> &StatefulOperator {
        &self.spec.operator
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(input, Arc::clone(&self.spec)))
    }
}

impl DisplayAs for StatefulAggregateExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AggregateSpec { operator, mode, .. } = self.spec.as_ref();
        write!(f, "StatefulAggregateExec: operator={}, mode={}", operator.number, mode.name())
    }
}

impl ExecutionPlan for StatefulAggregateExec {
    one_input!("StatefulAggregateExec", properties);

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let input = self.input.execute(lane, Arc::clone(&context))?;
        let waiting = ExchangeStore::open(&context, &ExecutionPlanMetricsSet::new(), input.schema())?;
        let lanes = self.properties.partitioning.partition_count();
        let work = AggregateLane::new(pass, (lane, lanes), Arc::clone(&self.spec), input, waiting)?;
        let schema = Arc::clone(&self.spec.shape.output);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, work.rows())))
    }
}
