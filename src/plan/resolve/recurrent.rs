//! Models with state: what their columns mean.

use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef};
use datafusion::logical_expr::{Expr as DfExpr, Extension, LogicalPlan, Projection};

use super::expression::{ExpressionPlace, Expressions, ResolvedValue};
use super::operators::is_orderable;
use super::scope::{attribute_id, column};
use super::{Resolver, keep};
use crate::error::{Error, Result};
use crate::plan::event_time::delay_of;
use crate::plan::kernels::normalize::normalized;
use crate::plan::operators::stateful::ColumnNames;
use crate::plan::operators::stateful::recurrent::{RecurrentColumns, RecurrentNode};
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::{Expr, RecurrentCall};
use crate::plan::typed::Typed;
use crate::plan::{AttrId, Attribute, Resolved};
use crate::types::sql_name;

impl Resolver<'_> {
    /// The input's columns, then those of the function.
    pub(super) fn stateful_model(&self, input: Resolved, call: &RecurrentCall) -> Result<Resolved> {
        let name = call.function.name();
        let arguments = self.recurrent_arguments(&input, call)?;
        let attributes = input.output.clone();
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Row);
        let mut values =
            |list: &[Expr]| list.iter().map(|expr| expressions.value(expr)).collect::<Result<Vec<ResolvedValue>>>();
        let (keys, order, arguments) = (values(&call.keys)?, values(call.order.as_slice())?, values(&arguments)?);
        // A batch frame is sorted, and its rows of one time stay as they came.
        let arrival = if input.is_streaming() {
            Vec::new()
        } else {
            values(&[Expr::call("monotonically_increasing_id", Vec::new())])?
        };
        let pending = std::mem::take(&mut expressions.pending);
        drop(expressions);
        for (what, value) in keys.iter().map(|key| ("key", key)).chain(order.iter().map(|order| ("order", order))) {
            if !is_orderable(&value.typed.data_type) {
                return Err(Error::illegal(format!(
                    "the {what} of the model '{name}' must be of a type that has an order, and {} is of type {}",
                    value.pretty,
                    sql_name(&value.typed.data_type)
                )));
            }
        }
        let fields = arguments.iter().map(|value| {
            Arc::new(Field::new(&value.pretty, value.typed.data_type.clone(), value.typed.nullable)) as FieldRef
        });
        call.function.check(&fields.collect::<Vec<_>>())?;
        let outputs = self.recurrent_outputs(&input, call)?;

        let mut projection: Vec<DfExpr> = attributes.iter().map(|attribute| column(attribute.id)).collect();
        let mut named = |values: Vec<Typed>| {
            values.into_iter().map(|typed| column_of(typed, &attributes, &mut projection)).collect::<Vec<_>>()
        };
        let names = keys.iter().map(|key| key.pretty.clone()).collect::<Vec<_>>();
        let keys = named(keys.into_iter().map(|key| normalized(key.typed)).collect());
        let names = ColumnNames::new(keys.iter().cloned().zip(names));
        let order = named(order.into_iter().map(|order| normalized(order.typed)).collect()).pop();
        let arrival = named(arrival.into_iter().map(|arrival| arrival.typed).collect()).pop();
        let arguments = named(arguments.into_iter().map(|argument| argument.typed).collect());
        let event_times = attributes.iter().filter(|attribute| delay_of(attribute).is_some());
        let columns = RecurrentColumns {
            keys,
            order,
            arrival,
            arguments,
            event_times: event_times.map(|attribute| attribute.id.to_string()).collect(),
            names,
            outputs: outputs.iter().map(|output| output.id.to_string()).collect(),
        };
        let plan = pending.place(input.plan.clone())?;
        let plan = LogicalPlan::Projection(Projection::try_new(projection, Arc::new(plan))?);
        let (function, ttl_ms) = (Arc::clone(&call.function), call.ttl_ms);
        let node = RecurrentNode::new(plan, columns, function, ttl_ms, call.on_new_version)?;
        let output: Vec<Attribute> = attributes.into_iter().chain(outputs).collect();
        let plan = keep(LogicalPlan::Extension(Extension { node: Arc::new(node) }), &output)?;
        let mut resolved = Resolved { plan, output, hidden: Vec::new(), ..input };
        resolved.note(StreamOperation::StatefulModel);
        Ok(resolved)
    }

    /// The arguments as they were given, or the columns that are called as the function's are.
    fn recurrent_arguments(&self, input: &Resolved, call: &RecurrentCall) -> Result<Vec<Expr>> {
        if !call.arguments.is_empty() {
            return Ok(call.arguments.clone());
        }
        let names = call.function.arguments();
        let there = |name: &String| input.output.iter().any(|attribute| self.same(&attribute.name, name));
        let missing: Vec<_> = names.iter().filter(|name| !there(name)).map(|name| format!("'{name}'")).collect();
        if missing.is_empty() {
            return Ok(names.into_iter().map(|name| Expr::Column(vec![name])).collect());
        }
        let found: Vec<_> = input.output.iter().map(|attribute| format!("'{}'", attribute.name)).collect();
        Err(Error::illegal(format!(
            "the model '{}' takes the columns {}, and there is no column {}, found {}; say what it takes, as in \
             df.transform(model, \"a\", \"b\")",
            call.function.name(),
            names.join(", "),
            missing.join(" and no column "),
            found.join(", ")
        )))
    }

    /// The columns that the function gives.
    fn recurrent_outputs(&self, input: &Resolved, call: &RecurrentCall) -> Result<Vec<Attribute>> {
        let fields = call.function.outputs();
        if fields.len() != call.names.len() {
            let names: Vec<_> = fields.iter().map(|field| format!("'{}'", field.name())).collect();
            return Err(Error::illegal(format!(
                "output must have a name for each output of the model '{}', which are {}; found {}",
                call.function.name(),
                names.join(", "),
                call.names.len()
            )));
        }
        let taken = input.output.iter().map(|attribute| &attribute.name);
        for (at, name) in call.names.iter().enumerate() {
            if taken.clone().chain(&call.names[..at]).any(|other| self.same(other, name)) {
                return Err(Error::illegal(format!(
                    "the model '{}' gives a column '{name}', and there is one already; call it otherwise with output=…",
                    call.function.name()
                )));
            }
        }
        let attribute = |(field, name): (FieldRef, &String)| Attribute::new(name, field.data_type().clone(), true);
        Ok(fields.into_iter().zip(&call.names).map(attribute).collect())
    }
}

/// The plan's column of a value: one that is there, or a new one of the projection.
fn column_of(typed: Typed, attributes: &[Attribute], projection: &mut Vec<DfExpr>) -> String {
    if let DfExpr::Column(found) = &typed.expr
        && let Some(id) = attribute_id(found)
        && attributes.iter().any(|attribute| attribute.id == id)
    {
        return id.to_string();
    }
    let name = AttrId::fresh().to_string();
    projection.push(typed.expr.alias(name.clone()));
    name
}
