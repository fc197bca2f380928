//! Functions of groups that keep something of each.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion::common::DFSchema;
use datafusion::logical_expr::{Extension, LogicalPlan};

use super::expression::{ExpressionPlace, Expressions};
use super::scope::{Scope, unresolved};
use super::{Resolver, keep};
use crate::batch::OutputMode;
use crate::error::{Error, Result, condition};
use crate::function::groups::{GroupFunction, GroupTimeout};
use crate::plan::event_time::delay_of;
use crate::plan::operators::stateful::groups::GroupsNode;
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::Expr;
use crate::plan::{Attribute, Resolved};

impl Resolver<'_> {
    pub(super) fn groups_with_state(
        &self,
        input: Resolved,
        keys: &[Expr],
        function: &Arc<dyn GroupFunction>,
        (mode, timeout): (OutputMode, GroupTimeout),
    ) -> Result<Resolved> {
        if !input.is_streaming() {
            return Err(Error::of(condition::GROUPS_WITH_STATE_OF_A_BATCH));
        }
        let keys = keys.iter().map(|key| self.group_key(&input, key)).collect::<Result<Vec<_>>>()?;
        let event_times: Vec<_> = input.output.iter().filter(|attribute| delay_of(attribute).is_some()).collect();
        let operation = StreamOperation::GroupsWithState { mode, timeout, event_time: !event_times.is_empty() };
        let event_times = event_times.into_iter().map(|attribute| attribute.id.to_string()).collect();
        let declared = function.output();
        let output: Vec<_> = declared
            .fields()
            .iter()
            .map(|field| Attribute::new(field.name(), field.data_type().clone(), true))
            .collect();
        let columns = output.iter().map(|column| Field::new(column.id.to_string(), column.data_type.clone(), true));
        let schema = DFSchema::try_from(Schema::new(columns.collect::<Vec<_>>()))?;
        let node = GroupsNode {
            input: keep(input.plan.clone(), &input.output)?,
            keys: keys.iter().map(|key| key.id.to_string()).collect(),
            event_times,
            function: Arc::clone(function),
            timeout,
            schema: Arc::new(schema),
            place: None,
        };
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        let mut resolved = Resolved { plan, output, hidden: Vec::new(), ..input };
        resolved.note(operation);
        Ok(resolved)
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
