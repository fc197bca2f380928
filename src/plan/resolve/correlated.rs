//! A query that names the columns around it, as DataFusion's joins take it.

use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{BinaryExpr, Expr as DfExpr, Filter, LogicalPlan, Operator, Projection, Subquery};
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;

use super::scope::{attribute_id, column};
use crate::error::{Error, Result};
use crate::plan::{AttrId, Attribute};

/// A column around a query, as the query reads it.
pub(super) fn outer_reference(attribute: &Attribute) -> DfExpr {
    let name = attribute.id.to_string();
    let field = Arc::new(Field::new(&name, attribute.data_type.clone(), attribute.nullable));
    DfExpr::OuterReferenceColumn(field, Column::from_name(name))
}

/// A query that gives one value, or one for each row around it. The latter DataFusion joins by its
/// equalities with columns there.
pub(super) fn value_of(plan: LogicalPlan) -> Result<DfExpr> {
    if !is_correlated(&plan) {
        return Ok(DfExpr::ScalarSubquery(of(plan)));
    }
    let plan = with_keys(plan)?;
    // It leaves another query as it is, and fails later with words that no user knows.
    let mut rule = PullUpCorrelatedExpr::new().with_need_handle_count_bug(true);
    if plan.clone().rewrite(&mut rule).is_err() || !rule.can_pull_up {
        return Err(Error::unsupported(
            "a query that gives a value for each row of the query around it becomes a join if it finds its rows by = with \
             that row's columns, under nothing but filters and an aggregation, and this one does not; write it as a join",
        ));
    }
    Ok(DfExpr::ScalarSubquery(of(plan)))
}

/// A query whose sides of equalities with columns around it are columns too. Over an aggregation
/// DataFusion joins by no other expressions.
fn with_keys(plan: LogicalPlan) -> Result<LogicalPlan> {
    let keyed = plan.transform_up(|node| {
        let LogicalPlan::Filter(Filter { predicate, input, .. }) = &node else { return Ok(Transformed::no(node)) };
        let columns: Vec<_> = input.schema().columns().into_iter().map(DfExpr::Column).collect();
        let mut keys = columns.clone();
        let conjuncts =
            split_conjunction_owned(predicate.clone()).into_iter().map(|conjunct| keyed(conjunct, &mut keys));
        let Some(predicate) = conjunction(conjuncts.collect::<Vec<_>>()) else { return Ok(Transformed::no(node)) };
        if keys.len() == columns.len() {
            return Ok(Transformed::no(node));
        }
        let below = projection(input.as_ref().clone(), keys)?;
        let filter = LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(below))?);
        Ok(Transformed::yes(projection(filter, columns)?))
    })?;
    Ok(keyed.data)
}

/// A conjunct of a query; its own side of an equality with the columns around it becomes a key.
fn keyed(conjunct: DfExpr, keys: &mut Vec<DfExpr>) -> DfExpr {
    let DfExpr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = conjunct else { return conjunct };
    let is_around = |side: &DfExpr| side.contains_outer() && !side.any_column_refs();
    let mut key = |side: DfExpr| {
        if side.contains_outer() || matches!(side, DfExpr::Column(_)) {
            return side;
        }
        let id = AttrId::fresh();
        keys.push(side.alias(id.to_string()));
        column(id)
    };
    let (left, right) = (*left, *right);
    let (left, right) = match (is_around(&left), is_around(&right)) {
        (false, true) => (key(left), right),
        (true, false) => (left, key(right)),
        _ => (left, right),
    };
    left.eq(right)
}

pub(super) fn projection(plan: LogicalPlan, expressions: Vec<DfExpr>) -> Result<LogicalPlan> {
    Ok(LogicalPlan::Projection(Projection::try_new(expressions, Arc::new(plan))?))
}

pub(super) fn of(plan: LogicalPlan) -> Subquery {
    let outer_ref_columns = plan.all_out_ref_exprs();
    Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Default::default() }
}

pub(super) fn is_correlated(plan: &LogicalPlan) -> bool {
    !plan.all_out_ref_exprs().is_empty()
}

/// The columns around the query that it names, as Spark shows them.
pub(super) fn outer_names(plan: &LogicalPlan, around: &[Attribute]) -> String {
    let names: Vec<_> = plan
        .all_out_ref_exprs()
        .iter()
        .filter_map(|expr| match expr {
            DfExpr::OuterReferenceColumn(_, column) => attribute_id(column),
            _ => None,
        })
        .filter_map(|id| around.iter().find(|attribute| attribute.id == id))
        .map(|attribute| attribute.name.clone())
        .collect();
    names.join(", ")
}
