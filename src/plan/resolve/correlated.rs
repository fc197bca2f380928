//! A query that names the columns around it, as a join.
//!
//! A comparison by `=` or `<=>` of the query's own values with those around it is taken out,
//! and what it compares becomes a key: every operator above it does for each key what it did
//! for all rows. The rows around the query are then joined by the keys. DataFusion moves
//! comparisons up, too, but not keys into windows and limits, and a row around that finds no
//! key misses a count of none.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinType, ScalarValue};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{Exists, WindowFunction};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Distinct, Expr as DfExpr, FetchType, Filter, Limit, LogicalPlan, Operator, Projection,
    SkipType, Sort, SortExpr, Subquery, Window, WindowFunctionDefinition,
};

use super::pending::substitute;
use super::scope::{attribute_id, column};
use crate::error::{Error, Result};
use crate::plan::operators::lanes::LanesNode;
use crate::plan::{AttrId, Attribute};
use crate::runtime::stack;

/// A comparison of a column of a query with what is around the query.
#[derive(Clone, Debug)]
pub struct KeyComparison {
    pub around: DfExpr,
    pub key: AttrId,
    /// `<=>`, for which nulls are equal.
    pub null_safe: bool,
}

/// A query without its comparisons with what is around it.
pub(super) struct KeyedQuery {
    pub plan: LogicalPlan,
    pub keys: Vec<KeyComparison>,
}

/// A query that gives one row for each row around it, or none where HAVING drops it.
pub(super) struct RowQuery {
    /// At most one row for each key.
    pub plan: LogicalPlan,
    pub keys: Vec<KeyComparison>,
    /// The column that says whether HAVING keeps the row, if there is one.
    pub kept: Option<AttrId>,
    /// What the columns are of no rows.
    empty: HashMap<String, DfExpr>,
}

/// A column around a query, as the query reads it.
pub(super) fn outer_reference(attribute: &Attribute) -> DfExpr {
    let name = attribute.id.to_string();
    let field = Arc::new(Field::new(&name, attribute.data_type.clone(), attribute.nullable));
    DfExpr::OuterReferenceColumn(field, Column::from_name(name))
}

/// The error for a query that names the columns around it and cannot become a join.
pub(super) fn no_join() -> Error {
    Error::unsupported(
        "a query that names columns of the query around it becomes a join if it compares with them in WHERE, by = or \
         <=>, or in another way under nothing but filters and inner joins in EXISTS and IN of a WHERE. This one does \
         not; write it as a join",
    )
}

pub(super) fn is_correlated(plan: &LogicalPlan) -> bool {
    !plan.all_out_ref_exprs().is_empty()
}

/// Whether the operator itself names columns around the query.
fn names_around(plan: &LogicalPlan) -> bool {
    plan.expressions().iter().any(DfExpr::contains_outer)
}

/// The query with its comparisons with what is around it after all that it does itself; `None` where
/// that gives other rows. DataFusion moves them up, too, but through every operator.
pub(super) fn comparing_last(plan: LogicalPlan) -> Result<Option<LogicalPlan>> {
    let Some((plan, comparisons)) = without_comparisons(plan)? else { return Ok(None) };
    filtered(plan, comparisons).map(Some)
}

/// A query without its comparisons with what is around it, and those, over its columns.
fn without_comparisons(plan: LogicalPlan) -> Result<Option<(LogicalPlan, Vec<DfExpr>)>> {
    if !is_correlated(&plan) {
        return Ok(Some((plan, Vec::new())));
    }
    if !matches!(plan, LogicalPlan::Filter(_)) && names_around(&plan) {
        return Ok(None);
    }
    stack::step(|| match plan {
        LogicalPlan::Filter(Filter { predicate, input, .. }) => {
            let Some((plan, mut comparisons)) = without_comparisons(Arc::unwrap_or_clone(input))? else {
                return Ok(None);
            };
            let (around, own): (Vec<_>, Vec<_>) =
                split_conjunction_owned(predicate).into_iter().partition(DfExpr::contains_outer);
            comparisons.extend(around);
            Ok(Some((filtered(plan, own)?, comparisons)))
        }
        LogicalPlan::Projection(Projection { mut expr, input, .. }) => {
            let Some((plan, comparisons)) = without_comparisons(Arc::unwrap_or_clone(input))? else {
                return Ok(None);
            };
            // Under names of their own: one column may be another above, and keep its name.
            let compared: HashSet<_> = comparisons.iter().flat_map(DfExpr::column_refs).cloned().collect();
            let shown: HashMap<_, _> = compared.into_iter().map(|compared| (compared, AttrId::fresh())).collect();
            expr.extend(shown.iter().map(|(compared, id)| DfExpr::Column(compared.clone()).alias(id.to_string())));
            let renamed = |comparison| {
                substitute(comparison, &|node| match node {
                    DfExpr::Column(compared) => shown.get(compared).map(|id| column(*id)),
                    _ => None,
                })
            };
            let comparisons = comparisons.into_iter().map(renamed).collect::<Result<_>>()?;
            Ok(Some((projection(plan, expr)?, comparisons)))
        }
        LogicalPlan::Join(ref join) if join.join_type == JoinType::Inner => {
            let sides = [&join.left, &join.right].map(|side| side.as_ref().clone());
            let [left, right] = sides.map(without_comparisons);
            let (Some((left, on_left)), Some((right, on_right))) = (left?, right?) else { return Ok(None) };
            Ok(Some((plan.with_new_exprs(plan.expressions(), vec![left, right])?, [on_left, on_right].concat())))
        }
        _ => Ok(None),
    })
}

fn filtered(plan: LogicalPlan, conjuncts: Vec<DfExpr>) -> Result<LogicalPlan> {
    Ok(match conjunction(conjuncts) {
        Some(all) => LogicalPlan::Filter(Filter::try_new(all, Arc::new(plan))?),
        None => plan,
    })
}

/// The query by keys; `None` where it compares with what is around it in another way.
pub(super) fn by_keys(plan: LogicalPlan) -> Result<Option<KeyedQuery>> {
    if !is_correlated(&plan) {
        return Ok(Some(KeyedQuery { plan, keys: Vec::new() }));
    }
    if !matches!(plan, LogicalPlan::Filter(_)) && names_around(&plan) {
        return Ok(None);
    }
    stack::step(|| match plan {
        LogicalPlan::Filter(Filter { predicate, input, .. }) => filter_by_keys(predicate, input),
        LogicalPlan::Join(ref join) => {
            let sides = [&join.left, &join.right].map(|side| side.as_ref().clone());
            let [left, right] = sides.map(by_keys);
            let (Some(left), Some(right)) = (left?, right?) else { return Ok(None) };
            // A row that finds no partner has no key of the other side.
            let fits = match join.join_type {
                JoinType::Inner => true,
                JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => right.keys.is_empty(),
                JoinType::Right => left.keys.is_empty(),
                _ => false,
            };
            if !fits {
                return Ok(None);
            }
            let plan = plan.with_new_exprs(plan.expressions(), vec![left.plan, right.plan])?;
            Ok(Some(KeyedQuery { plan, keys: [left.keys, right.keys].concat() }))
        }
        LogicalPlan::Projection(Projection { expr, input, .. }) => {
            over_keys(input, |input, keys| projection(input, [expr, keys.to_vec()].concat()))
        }
        LogicalPlan::Aggregate(Aggregate { input, group_expr, aggr_expr, .. }) if is_grouped(&group_expr) => {
            over_keys(input, |input, keys| {
                let group_expr = [group_expr, keys.to_vec()].concat();
                Ok(LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(input), group_expr, aggr_expr)?))
            })
        }
        LogicalPlan::Extension(ref node) if node.node.as_any().is::<LanesNode>() => {
            let input = Arc::new(node.node.inputs()[0].clone());
            over_keys(input, |input, _| Ok(plan.with_new_exprs(plan.expressions(), vec![input])?))
        }
        LogicalPlan::Distinct(Distinct::All(input)) => {
            over_keys(input, |input, _| Ok(LogicalPlan::Distinct(Distinct::All(Arc::new(input)))))
        }
        LogicalPlan::Sort(Sort { expr, input, fetch: None }) => {
            over_keys(input, |input, _| Ok(LogicalPlan::Sort(Sort { expr, input: Arc::new(input), fetch: None })))
        }
        LogicalPlan::Window(Window { input, window_expr, .. }) => over_keys(input, |input, keys| {
            let window_expr = window_expr.into_iter().map(|window| partitioned(window, keys)).collect::<Result<_>>()?;
            Ok(LogicalPlan::Window(Window::try_new(window_expr, Arc::new(input))?))
        }),
        LogicalPlan::Limit(Limit { input, skip, fetch }) if matches!(*input, LogicalPlan::Projection(_)) => {
            // The order of the rows stands below.
            let LogicalPlan::Projection(Projection { expr, input, .. }) = Arc::unwrap_or_clone(input) else {
                return Ok(None);
            };
            by_keys(projection(LogicalPlan::Limit(Limit { skip, fetch, input }), expr)?)
        }
        LogicalPlan::Limit(limit) => {
            let (Ok(SkipType::Literal(skipped)), Ok(FetchType::Literal(fetched))) =
                (limit.get_skip_type(), limit.get_fetch_type())
            else {
                return Ok(None);
            };
            over_keys(limit.input, |input, keys| limited(input, keys, skipped, fetched))
        }
        _ => Ok(None),
    })
}

fn is_grouped(group_expr: &[DfExpr]) -> bool {
    !matches!(group_expr, [] | [DfExpr::GroupingSet(_)])
}

/// An operator over an input by keys, whose columns it is given.
fn over_keys(
    input: Arc<LogicalPlan>,
    operator: impl FnOnce(LogicalPlan, &[DfExpr]) -> Result<LogicalPlan>,
) -> Result<Option<KeyedQuery>> {
    let Some(KeyedQuery { plan, keys }) = by_keys(Arc::unwrap_or_clone(input))? else { return Ok(None) };
    let columns: Vec<_> = keys.iter().map(|comparison| column(comparison.key)).collect();
    Ok(Some(KeyedQuery { plan: operator(plan, &columns)?, keys }))
}

/// A filter whose comparisons with what is around the query become keys.
fn filter_by_keys(predicate: DfExpr, input: Arc<LogicalPlan>) -> Result<Option<KeyedQuery>> {
    let Some(KeyedQuery { plan, mut keys }) = by_keys(Arc::unwrap_or_clone(input))? else { return Ok(None) };
    let mut list: Vec<_> = plan.schema().columns().into_iter().map(DfExpr::Column).collect();
    let mut own = Vec::new();
    for conjunct in split_conjunction_owned(predicate) {
        if !conjunct.contains_outer() {
            own.push(conjunct);
            continue;
        }
        let Some((around, value, null_safe)) = comparison(conjunct) else { return Ok(None) };
        let key = AttrId::fresh();
        list.push(value.alias(key.to_string()));
        keys.push(KeyComparison { around, key, null_safe });
    }
    // The values of keys are computed of the rows that the query has.
    Ok(Some(KeyedQuery { plan: projection(filtered(plan, own)?, list)?, keys }))
}

/// What is around the query, and what of the query it is equal to.
fn comparison(conjunct: DfExpr) -> Option<(DfExpr, DfExpr, bool)> {
    if !conjunct.any_column_refs() {
        return Some((conjunct, DfExpr::Literal(ScalarValue::Boolean(Some(true)), None), false));
    }
    let DfExpr::BinaryExpr(BinaryExpr { left, op, right }) = conjunct else { return None };
    let null_safe = match op {
        Operator::Eq => false,
        Operator::IsNotDistinctFrom => true,
        _ => return None,
    };
    let is_around = |side: &DfExpr| side.contains_outer() && !side.any_column_refs();
    match (is_around(&left), is_around(&right)) {
        (true, false) if !right.contains_outer() => Some((*left, *right, null_safe)),
        (false, true) if !left.contains_outer() => Some((*right, *left, null_safe)),
        _ => None,
    }
}

/// A window function over the rows of each key.
fn partitioned(window: DfExpr, keys: &[DfExpr]) -> Result<DfExpr> {
    let rewritten = window.transform_down(|node| match node {
        DfExpr::WindowFunction(mut function) => {
            function.params.partition_by.extend(keys.iter().cloned());
            Ok(Transformed::yes(DfExpr::WindowFunction(function)))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(rewritten.data)
}

/// The first rows of each key, in the order of the input.
fn limited(input: LogicalPlan, keys: &[DfExpr], skipped: usize, fetched: Option<usize>) -> Result<LogicalPlan> {
    let Some(order) = order_of(&input)? else { return Err(no_join()) };
    let number = AttrId::fresh();
    let mut function = WindowFunction::new(WindowFunctionDefinition::WindowUDF(row_number_udwf()), Vec::new());
    function.params.partition_by = keys.to_vec();
    function.params.order_by = order;
    let numbered = DfExpr::WindowFunction(Box::new(function)).alias(number.to_string());
    let columns = input.schema().columns().into_iter().map(DfExpr::Column).collect();
    let plan = LogicalPlan::Window(Window::try_new(vec![numbered], Arc::new(input))?);
    let count = |rows: usize| DfExpr::Literal(ScalarValue::UInt64(u64::try_from(rows).ok()), None);
    let mut stays = column(number).gt(count(skipped));
    if let Some(fetched) = fetched {
        stays = stays.and(column(number).lt_eq(count(skipped.saturating_add(fetched))));
    }
    projection(LogicalPlan::Filter(Filter::try_new(stays, Arc::new(plan))?), columns)
}

/// The order of a plan's rows; `None` where its columns are not there any more.
fn order_of(plan: &LogicalPlan) -> Result<Option<Vec<SortExpr>>> {
    match plan {
        LogicalPlan::Sort(sort) => Ok(Some(sort.expr.clone())),
        LogicalPlan::Filter(filter) => order_of(&filter.input),
        LogicalPlan::Projection(Projection { expr, input, .. }) => {
            let Some(mut order) = order_of(input)? else { return Ok(None) };
            let shown: HashMap<_, _> = expr
                .iter()
                .filter_map(|expr| Some((without_alias(expr).try_as_col()?.clone(), expr.schema_name().to_string())))
                .collect();
            for by in &mut order {
                if !by.expr.column_refs().into_iter().all(|column| shown.contains_key(column)) {
                    return Ok(None);
                }
                by.expr = substitute(by.expr.clone(), &|node| match node {
                    DfExpr::Column(column) => shown.get(column).map(|name| DfExpr::Column(Column::from_name(name))),
                    _ => None,
                })?;
            }
            Ok(Some(order))
        }
        _ => Ok(Some(Vec::new())),
    }
}

/// A query that has rows if this one has: without what changes their number and columns only.
pub(super) fn without_effect(plan: LogicalPlan) -> LogicalPlan {
    let input = match &plan {
        LogicalPlan::Projection(projection) => &projection.input,
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => &sort.input,
        LogicalPlan::Distinct(Distinct::All(input)) => input,
        LogicalPlan::Window(window) => &window.input,
        LogicalPlan::Limit(limit) if keeps_one(limit) => &limit.input,
        LogicalPlan::Aggregate(aggregate) if is_grouped(&aggregate.group_expr) => &aggregate.input,
        _ => return plan,
    };
    without_effect(input.as_ref().clone())
}

/// Whether a limit leaves rows where there are some.
fn keeps_one(limit: &Limit) -> bool {
    matches!(limit.get_skip_type(), Ok(SkipType::Literal(0)))
        && matches!(limit.get_fetch_type(), Ok(FetchType::Literal(rows)) if rows != Some(0))
}

/// A query with all its rows, of which it has each once: for an IN they are the same.
pub(super) fn with_equal_rows(plan: LogicalPlan) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Projection(Projection { expr, input, .. }) => {
            projection(with_equal_rows(Arc::unwrap_or_clone(input))?, expr)
        }
        LogicalPlan::Distinct(Distinct::All(input)) => with_equal_rows(Arc::unwrap_or_clone(input)),
        LogicalPlan::Sort(Sort { input, fetch: None, .. }) => with_equal_rows(Arc::unwrap_or_clone(input)),
        LogicalPlan::Aggregate(Aggregate { input, group_expr, aggr_expr, .. })
            if aggr_expr.is_empty() && is_grouped(&group_expr) =>
        {
            projection(with_equal_rows(Arc::unwrap_or_clone(input))?, group_expr)
        }
        other => Ok(other),
    }
}

/// Whether a query aggregates all its rows, so that it has one row of none, too.
pub(super) fn is_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(Projection { input, .. }) | LogicalPlan::Filter(Filter { input, .. }) => {
            !names_around(plan) && is_one_row(input)
        }
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => is_one_row(&sort.input),
        LogicalPlan::Limit(limit) if keeps_one(limit) => is_one_row(&limit.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        _ => false,
    }
}

impl RowQuery {
    /// A query that [`is_one_row`], by keys; `None` where that cannot be.
    pub fn of(plan: &LogicalPlan) -> Result<Option<Self>> {
        match plan {
            _ if names_around(plan) => Ok(None),
            _ if !is_one_row(plan) => Ok(None),
            LogicalPlan::Aggregate(Aggregate { input, aggr_expr, .. }) => {
                let keyed = over_keys(Arc::clone(input), |input, keys| {
                    Ok(LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(input), keys.to_vec(), aggr_expr.clone())?))
                })?;
                let Some(KeyedQuery { plan: grouped, keys }) = keyed else { return Ok(None) };
                let values = plan.schema().fields().iter().zip(aggr_expr).map(|(field, function)| {
                    let DfExpr::AggregateFunction(function) = without_alias(function) else {
                        return Err(Error::internal("an aggregate that is none"));
                    };
                    let value = function.func.default_value(field.data_type())?;
                    Ok((field.name().clone(), DfExpr::Literal(value, None)))
                });
                Ok(Some(Self { plan: grouped, keys, kept: None, empty: values.collect::<Result<_>>()? }))
            }
            LogicalPlan::Projection(Projection { expr, input, schema, .. }) => {
                let Some(row) = Self::of(input)? else { return Ok(None) };
                let empty = schema
                    .fields()
                    .iter()
                    .zip(expr)
                    .map(|(field, expr)| Ok((field.name().clone(), row.of_none(without_alias(expr).clone())?)));
                let mut empty: HashMap<_, _> = empty.collect::<Result<_>>()?;
                let kept: Vec<_> = row.keys.iter().map(|comparison| comparison.key).chain(row.kept).collect();
                for name in kept.iter().map(ToString::to_string) {
                    empty.extend(row.empty.get(&name).cloned().map(|value| (name, value)));
                }
                let kept = kept.into_iter().map(column);
                let plan = projection(row.plan, expr.iter().cloned().chain(kept).collect())?;
                Ok(Some(Self { plan, empty, ..row }))
            }
            LogicalPlan::Filter(Filter { predicate, input, .. }) => {
                let Some(mut row) = Self::of(input)? else { return Ok(None) };
                let kept = row.kept.into_iter().fold(predicate.clone(), |all, kept| column(kept).and(all));
                let id = AttrId::fresh();
                row.empty.insert(id.to_string(), row.of_none(kept.clone())?);
                let mut list: Vec<_> = row.plan.schema().columns().into_iter().map(DfExpr::Column).collect();
                list.push(kept.alias(id.to_string()));
                Ok(Some(Self { plan: projection(row.plan, list)?, kept: Some(id), ..row }))
            }
            LogicalPlan::Sort(Sort { input, .. }) | LogicalPlan::Limit(Limit { input, .. }) => Self::of(input),
            _ => Ok(None),
        }
    }

    /// What an expression over the columns is of no rows.
    pub fn of_none(&self, expr: DfExpr) -> Result<DfExpr> {
        substitute(expr, &|node| match node {
            DfExpr::Column(column) => self.empty.get(&column.name).cloned(),
            _ => None,
        })
    }
}

fn without_alias(expr: &DfExpr) -> &DfExpr {
    match expr {
        DfExpr::Alias(alias) => &alias.expr,
        other => other,
    }
}

/// An expression whose queries name other columns around them.
pub(super) fn with_around(expr: DfExpr, other: &dyn Fn(AttrId) -> Option<AttrId>) -> Result<DfExpr> {
    let renamed = |node: DfExpr| {
        let DfExpr::OuterReferenceColumn(field, found) = &node else { return Ok(Transformed::no(node)) };
        let Some(name) = attribute_id(found).and_then(other).map(|id| id.to_string()) else {
            return Ok(Transformed::no(node));
        };
        let field = Arc::new(field.as_ref().clone().with_name(&name));
        Ok(Transformed::yes(DfExpr::OuterReferenceColumn(field, Column::from_name(name))))
    };
    let rewritten = expr.transform_up(|node| {
        let DfExpr::Exists(Exists { subquery, negated }) = node else { return Ok(Transformed::no(node)) };
        let plan = Arc::unwrap_or_clone(subquery.subquery);
        let plan = plan.transform_up(|node| node.map_expressions(|expr| expr.transform_up(renamed)))?.data;
        Ok(Transformed::yes(DfExpr::Exists(Exists { subquery: subquery_of(plan), negated })))
    })?;
    Ok(rewritten.data)
}

pub(super) fn projection(plan: LogicalPlan, expressions: Vec<DfExpr>) -> Result<LogicalPlan> {
    Ok(LogicalPlan::Projection(Projection::try_new(expressions, Arc::new(plan))?))
}

pub(super) fn subquery_of(plan: LogicalPlan) -> Subquery {
    let outer_ref_columns = plan.all_out_ref_exprs();
    Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Default::default() }
}
