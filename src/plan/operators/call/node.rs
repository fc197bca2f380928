//! What the optimiser sees of the calls.

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::FieldRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::FunctionCall;
use super::exec::{FunctionExec, PhysicalCall};
use crate::plan::operators::one_input::{one_input_node, unordered};

/// The logical operator: the input's columns, then one for each call.
#[derive(Clone, Debug)]
pub struct FunctionNode {
    input: LogicalPlan,
    calls: Vec<FunctionCall>,
    schema: DFSchemaRef,
}

impl FunctionNode {
    pub(super) fn new(input: LogicalPlan, calls: Vec<FunctionCall>) -> DfResult<Self> {
        let mut fields: Vec<_> =
            input.schema().iter().map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field))).collect();
        fields.extend(calls.iter().map(|call| (None, call.column())));
        let schema = DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?;
        Ok(Self { schema: Arc::new(schema), input, calls })
    }

    pub fn calls(&self) -> &[FunctionCall] {
        &self.calls
    }

    /// The same operator without the calls whose column is not `wanted`; the bare input when none
    /// is left.
    pub(super) fn keep(&self, wanted: impl Fn(&str) -> bool) -> DfResult<Option<LogicalPlan>> {
        let kept: Vec<_> = self.calls.iter().filter(|call| wanted(&call.output.to_string())).cloned().collect();
        if kept.len() == self.calls.len() {
            return Ok(None);
        }
        if kept.is_empty() {
            return Ok(Some(self.input.clone()));
        }
        let node = Self::new(self.input.clone(), kept)?;
        Ok(Some(LogicalPlan::Extension(datafusion::logical_expr::Extension { node: Arc::new(node) })))
    }
}

impl FunctionCall {
    fn column(&self) -> FieldRef {
        Arc::new(self.field.as_ref().clone().with_name(self.output.to_string()))
    }
}

// Calls are compared by what they compute; the field follows from that.
impl PartialEq for FunctionCall {
    fn eq(&self, other: &Self) -> bool {
        self.output == other.output && self.function.key() == other.function.key() && self.arguments == other.arguments
    }
}

impl Eq for FunctionCall {}

impl Hash for FunctionCall {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.output.hash(state);
        self.arguments.hash(state);
    }
}

impl PartialEq for FunctionNode {
    fn eq(&self, other: &Self) -> bool {
        self.calls == other.calls && self.input == other.input
    }
}

impl Eq for FunctionNode {}

impl Hash for FunctionNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.calls.hash(state);
        self.input.hash(state);
    }
}

unordered!(FunctionNode);

impl UserDefinedLogicalNodeCore for FunctionNode {
    one_input_node!("Call", schema);

    fn expressions(&self) -> Vec<Expr> {
        self.calls.iter().flat_map(|call| call.arguments.iter().cloned()).collect()
    }

    /// A filter that needs no call goes below all of them; one that is not deterministic lets
    /// nothing pass, as in Spark.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        if self.calls.iter().all(|call| call.function.deterministic()) {
            self.calls.iter().map(|call| call.output.to_string()).collect()
        } else {
            self.schema.fields().iter().map(|field| field.name().clone()).collect()
        }
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call: ")?;
        for (i, call) in self.calls.iter().enumerate() {
            let arguments: Vec<_> = call.arguments.iter().map(ToString::to_string).collect();
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}({}) AS {}", call.function.name(), arguments.join(", "), call.output)?;
        }
        Ok(())
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let mut exprs = exprs.into_iter();
        let calls = self
            .calls
            .iter()
            .map(|call| FunctionCall { arguments: exprs.by_ref().take(call.arguments.len()).collect(), ..call.clone() })
            .collect();
        Self::new(inputs.swap_remove(0), calls)
    }

    /// The optimiser adds what the arguments read.
    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let inputs = self.input.schema().fields().len();
        Some(vec![output_columns.iter().copied().filter(|column| *column < inputs).collect()])
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }
}

/// Plans a [`FunctionNode`].
pub struct FunctionPlanner;

#[async_trait]
impl ExtensionPlanner for FunctionPlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<FunctionNode>() else { return Ok(None) };
        let mut calls = Vec::with_capacity(node.calls.len());
        for call in &node.calls {
            let arguments = call
                .arguments
                .iter()
                .map(|argument| planner.create_physical_expr(argument, node.input.schema(), session, context))
                .collect::<DfResult<Vec<_>>>()?;
            calls.push(PhysicalCall { function: Arc::clone(&call.function), arguments, column: call.column() });
        }
        Ok(Some(Arc::new(FunctionExec::new(Arc::clone(&physical_inputs[0]), calls.into()))))
    }
}
