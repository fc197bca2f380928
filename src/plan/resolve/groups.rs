//! Functions of groups that keep something of each.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr as DfExpr, Extension, LogicalPlan, Projection, Union, lit};

use super::expression::{ExpressionPlace, Expressions};
use super::scope::{Scope, column, unresolved};
use super::{Resolver, keep};
use crate::error::{Error, Result, condition};
use crate::function::groups::GroupKind;
use crate::plan::event_time::{delay_of, is_event_time, marked};
use crate::plan::operators::first_batch::FirstBatchNode;
use crate::plan::operators::stateful::ColumnNames;
use crate::plan::operators::stateful::groups::GroupsNode;
use crate::plan::operators::stateful::groups::frame::GroupedRows;
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::{Expr, GroupsCall};
use crate::plan::{AttrId, Attribute, Resolved};
use crate::types::{METADATA_KEY, sql_name};

impl Resolver<'_> {
    pub(super) fn groups_with_state(
        &self,
        mut input: Resolved,
        keys: &[Expr],
        call: &GroupsCall,
        initial: Option<(Resolved, &[Expr])>,
    ) -> Result<Resolved> {
        let of = if input.is_streaming() { GroupedRows::OfStream } else { GroupedRows::OfFrame };
        if of == GroupedRows::OfFrame && call.kind == GroupKind::State {
            return Err(Error::of(condition::GROUPS_WITH_STATE_OF_A_BATCH));
        }
        let keys = keys.iter().map(|key| self.group_key(&input, key)).collect::<Result<Vec<_>>>()?;
        // A watermark of a frame that is no stream says nothing.
        let watched = |attribute: &&Attribute| of == GroupedRows::OfStream && delay_of(attribute).is_some();
        let event_times: Vec<_> = input.output.iter().filter(watched).collect();
        let operation = match call.kind {
            GroupKind::State => StreamOperation::GroupsWithState {
                mode: call.mode,
                timeout: call.timeout,
                event_time: !event_times.is_empty(),
            },
            _ => StreamOperation::Processor,
        };
        if call.event_time.is_some() && (of == GroupedRows::OfFrame || event_times.is_empty()) {
            return Err(Error::of(condition::CANNOT_ASSIGN_EVENT_TIME_COLUMN_WITHOUT_WATERMARK));
        }
        let delay_ms = event_times.iter().find_map(|attribute| delay_of(attribute)).unwrap_or(0);
        let event_times = event_times.into_iter().map(|attribute| attribute.id.to_string()).collect();
        let declared = call.function.output();
        let fields = declared.fields().iter();
        let mut output: Vec<_> =
            fields.map(|field| Attribute::new(field.name(), field.data_type().clone(), true)).collect();
        let gives_time = self.mark_event_time(&mut output, call.event_time.as_deref(), delay_ms)?;
        let columns = output.iter().map(|column| Field::new(column.id.to_string(), column.data_type.clone(), true));
        let schema = DFSchema::try_from(Schema::new(columns.collect::<Vec<_>>()))?;
        let rows = match initial {
            None => keep(input.plan.clone(), &input.output)?,
            Some((initial, initial_keys)) => {
                let rows = self.with_initial(&input, &keys, &initial, initial_keys)?;
                input.leaves.extend(initial.leaves);
                rows
            }
        };
        let node = GroupsNode {
            input: rows,
            of,
            keys: keys.iter().map(|key| key.id.to_string()).collect(),
            event_times,
            names: ColumnNames::of(&input.output),
            function: Arc::clone(&call.function),
            kind: call.kind,
            mode: call.mode,
            timeout: call.timeout,
            gives_time,
            schema: Arc::new(schema),
            place: None,
        };
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        let mut resolved = Resolved { plan, output, hidden: Vec::new(), ..input };
        if of == GroupedRows::OfStream {
            resolved.note(operation);
        }
        Ok(resolved)
    }

    /// The rows of a stream, then those of an initial state. All have the columns of both, and one
    /// that tells them apart. An initial row has the columns of the key, and no others of the stream.
    fn with_initial(
        &self,
        input: &Resolved,
        keys: &[Attribute],
        initial: &Resolved,
        initial_keys: &[Expr],
    ) -> Result<LogicalPlan> {
        if initial.is_streaming() {
            return Err(Error::unsupported("an initial state that is a stream"));
        }
        let initial_keys = initial_keys.iter().map(|key| self.group_key(initial, key)).collect::<Result<Vec<_>>>()?;
        let types = |keys: &[Attribute]| keys.iter().map(|key| sql_name(&key.data_type)).collect::<Vec<_>>();
        if types(keys) != types(&initial_keys) {
            return Err(Error::illegal(format!(
                "the initial state is grouped by ({}), and the stream by ({}): the types must be the same",
                types(&initial_keys).join(", "),
                types(keys).join(", ")
            )));
        }
        let (mut of_stream, mut of_initial) = (Vec::new(), Vec::new());
        for attribute in &input.output {
            let name = attribute.id.to_string();
            let key = keys.iter().position(|key| key.id == attribute.id);
            of_stream.push(column(attribute.id));
            of_initial.push(match key {
                Some(key) => column(initial_keys[key].id).alias(name),
                None => null_of(&attribute.data_type)?.alias(name),
            });
        }
        for attribute in &initial.output {
            let name = AttrId::fresh().to_string();
            of_stream.push(null_of(&attribute.data_type)?.alias(name.clone()));
            of_initial.push(column(attribute.id).alias(name));
        }
        let name = AttrId::fresh().to_string();
        of_stream.push(lit(false).alias(name.clone()));
        of_initial.push(lit(true).alias(name));
        let stream = LogicalPlan::Projection(Projection::try_new(of_stream, Arc::new(input.plan.clone()))?);
        let initial = LogicalPlan::Projection(Projection::try_new(of_initial, Arc::new(initial.plan.clone()))?);
        // A frame has one batch, also where a query with many reads it.
        let first = match input.is_streaming() {
            true => LogicalPlan::Extension(Extension { node: Arc::new(FirstBatchNode { input: initial }) }),
            false => initial,
        };
        Ok(LogicalPlan::Union(Union::try_new(vec![Arc::new(stream), Arc::new(first)])?))
    }

    /// Marks the column of the output that has its event time. Its place comes back, if its type can
    /// be one.
    fn mark_event_time(&self, output: &mut [Attribute], name: Option<&str>, delay_ms: i64) -> Result<Option<usize>> {
        let Some(name) = name else { return Ok(None) };
        let parts = [name.to_owned()];
        let found = output.iter().position(|attribute| self.same(&attribute.name, name));
        let at = found.ok_or_else(|| unresolved(&parts, output))?;
        if !is_event_time(&output[at].data_type) {
            return Ok(None);
        }
        let metadata = marked(output[at].metadata.get(METADATA_KEY), delay_ms);
        output[at].metadata.insert(METADATA_KEY.to_owned(), metadata);
        Ok(Some(at))
    }

    /// The column that a key names. As in Spark no other expression is a key here.
    fn group_key(&self, input: &Resolved, key: &Expr) -> Result<Attribute> {
        let found = match key {
            Expr::Column(parts) => {
                let scope = Scope { attributes: &input.output, names: self.conf().name_case() };
                let found = scope.find(parts)?.filter(|found| found.fields.is_empty());
                return found.map(|found| found.attribute).ok_or_else(|| scope.unresolved(parts));
            }
            Expr::Attribute(id, _) => input.output.iter().find(|attribute| attribute.id == *id),
            _ => None,
        };
        if let Some(found) = found {
            return Ok(found.clone());
        }
        let mut expressions = Expressions::new(self, &input.output, ExpressionPlace::Row);
        let name = expressions.value(key).map_or_else(|_| "the key".to_owned(), |value| value.pretty);
        Err(unresolved(&[name], &input.output))
    }
}

/// A null of a type.
fn null_of(data_type: &DataType) -> Result<DfExpr> {
    Ok(DfExpr::Literal(ScalarValue::try_from(data_type)?, None))
}
