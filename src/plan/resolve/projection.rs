//! Projections. One over another becomes part of it where it can: a loop of `withColumn` is one
//! operator then, not one a call.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::utils::exprlist_to_fields;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection};

use super::Resolver;
use crate::error::Result;

impl Resolver<'_> {
    /// `list` over `plan`.
    pub(super) fn projection(&self, plan: LogicalPlan, list: Vec<Expr>) -> Result<LogicalPlan> {
        if let LogicalPlan::Projection(below) = &plan
            && let Some(one) = joined(below, &list)?
        {
            self.gauge.join();
            return Ok(LogicalPlan::Projection(one));
        }
        Ok(LogicalPlan::Projection(Projection::try_new(list, Arc::new(plan))?))
    }
}

/// `list` over `below` as one projection: where it passes on all that `below` computes, and itself
/// computes from columns that `below` passes on. So nothing is computed twice, and nothing is lost
/// that an operator above may still name.
fn joined(below: &Projection, list: &[Expr]) -> Result<Option<Projection>> {
    let names: HashMap<&str, usize> =
        below.schema.fields().iter().enumerate().map(|(i, field)| (field.name().as_str(), i)).collect();
    let passed =
        |i: usize| matches!(&below.expr[i], Expr::Column(column) if column.name == *below.schema.field(i).name());
    let computed = (0..below.expr.len()).filter(|i| !passed(*i)).count();
    let (mut expressions, mut fields, mut kept) = (Vec::with_capacity(list.len()), Vec::with_capacity(list.len()), 0);
    for expr in list {
        if let Expr::Column(column) = expr {
            let Some(&at) = names.get(column.name.as_str()) else { return Ok(None) };
            expressions.push(below.expr[at].clone());
            let (qualifier, field) = below.schema.qualified_field(at);
            fields.push((qualifier.cloned(), Arc::clone(field)));
            kept += usize::from(!passed(at));
            continue;
        }
        let from_below =
            expr.column_refs().into_iter().all(|column| names.get(column.name.as_str()).is_some_and(|at| passed(*at)));
        if !from_below || holds_query(expr)? {
            return Ok(None);
        }
        expressions.push(expr.clone());
        fields.extend(exprlist_to_fields(std::slice::from_ref(expr), &below.input)?);
    }
    if kept < computed {
        return Ok(None);
    }
    let schema = DFSchema::new_with_metadata(fields, below.schema.metadata().clone())?;
    Ok(Some(Projection::try_new_with_schema(expressions, Arc::clone(&below.input), Arc::new(schema))?))
}

/// Whether a query stands in the expression, which may name columns where nobody sees them.
fn holds_query(expr: &Expr) -> Result<bool> {
    Ok(expr.exists(|node| {
        Ok(matches!(
            node,
            Expr::ScalarSubquery(_)
                | Expr::Exists(_)
                | Expr::InSubquery(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(..)
        ))
    })?)
}
