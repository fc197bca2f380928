//! The leaf: a source inside a DataFusion plan. The finished plan knows only the leaf's id; each
//! pass brings its partitions.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use crate::error::Result;
use crate::plan::pass::PassContext;
use crate::plan::{Attribute, Leaf, LeafId};
use crate::runtime::Runtime;
use crate::source::{Partition, Scan};
use crate::types::relabel;

/// The table provider of a leaf. Its columns are called by `attributes`' ids; there is one
/// attribute for each of the source's columns.
#[derive(Debug)]
pub struct SourceTable {
    leaf: Leaf,
    schema: SchemaRef,
}

/// The logical leaf: it gives all of the source's columns, called by `attributes`' ids, one for
/// each. `hidden` are those that only who asks for them gets.
pub fn leaf_plan(leaf: Leaf, attributes: &[Attribute], hidden: &[Attribute]) -> Result<LogicalPlan> {
    let name = TableReference::bare(format!("leaf{}", leaf.id.0));
    let all = [attributes, hidden].concat();
    let table = provider_as_source(Arc::new(SourceTable::new(leaf, &all)));
    // Ids need no qualifier, and names in plans above have none.
    let columns: Vec<_> = attributes
        .iter()
        .map(|attribute| {
            let id = attribute.id.to_string();
            Expr::Column(Column::new(Some(name.clone()), id.clone())).alias(id)
        })
        .collect();
    Ok(LogicalPlanBuilder::scan(name, table, None)?.project(columns)?.build()?)
}

impl SourceTable {
    pub fn new(leaf: Leaf, attributes: &[Attribute]) -> Self {
        let fields: Vec<_> =
            attributes.iter().map(|a| Field::new(a.id.to_string(), a.data_type.clone(), a.nullable)).collect();
        Self { leaf, schema: Arc::new(Schema::new(fields)) }
    }
}

#[async_trait]
impl TableProvider for SourceTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&columns)?);
        let lanes = self.leaf.source.partitions().unwrap_or(1).max(state.config().target_partitions());
        Ok(Arc::new(ScanExec::new(&self.leaf, columns, schema, lanes)))
    }
}

/// Reads lane i's share of a leaf's partitions. Bounded, and of unknown size: a statistic would
/// become the first batch's constant.
#[derive(Debug)]
pub struct ScanExec {
    leaf: LeafId,
    description: String,
    columns: Vec<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl ScanExec {
    fn new(leaf: &Leaf, columns: Vec<usize>, schema: SchemaRef, lanes: usize) -> Self {
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(lanes),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Self { leaf: leaf.id, description: leaf.source.description(), columns, schema, properties }
    }

    /// The partitions that a lane reads.
    pub fn partitions<'a>(&self, pass: &'a PassContext, lane: usize) -> Result<&'a [Arc<dyn Partition>]> {
        let lanes = self.properties.partitioning.partition_count();
        // Neighbours stay together, so that lanes one after the other give the rows in the order of
        // partitions, as Spark does.
        let all = pass.partitions(self.leaf)?;
        // Where lanes suffice, each partition has the lane of its number: seeds and
        // `spark_partition_id` are then Spark's.
        let from =
            |lane: usize| if all.len() <= lanes { lane.min(all.len()) } else { (lane * all.len()).div_ceil(lanes) };
        Ok(&all[from(lane)..from(lane + 1)])
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan {} columns={:?}", self.description, self.columns)
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "ScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let partitions = self.partitions(&pass, lane)?.to_vec();
        let scan = Scan { columns: self.columns.clone(), cancel: pass.batch().cancel.clone() };
        let (schema, leaf) = (Arc::clone(&self.schema), self.leaf);
        let batches = read_in_turn(partitions, scan, pass.runtime().clone()).map(move |batch| {
            let batch = batch?;
            pass.count_rows(leaf, batch.num_rows());
            Ok(relabel(&batch, &schema)?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }
}

/// The partitions' record batches, one partition after the other.
fn read_in_turn(
    partitions: Vec<Arc<dyn Partition>>,
    scan: Scan,
    runtime: Runtime,
) -> BoxStream<'static, Result<RecordBatch>> {
    stream::iter(partitions)
        .map(move |partition| partition.read(&scan).map(|batches| batches.into_stream(&runtime, &scan.cancel)))
        .try_flatten()
        .boxed()
}
