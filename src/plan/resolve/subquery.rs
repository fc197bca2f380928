//! Queries inside expressions: `(SELECT …)`, `EXISTS (…)`, `x IN (SELECT …)`.
//!
//! A query sees the columns around it ([`Resolver::outer`]); DataFusion turns one that names them
//! into a join.
//!
//! | query | what it becomes |
//! |---|---|
//! | `EXISTS` or `IN`, a condition of WHERE | a semi or anti join |
//! | such a one that names columns around it, inside of a condition | a join that marks the rows that have a partner |
//! | `EXISTS` or `IN` elsewhere | a value, made of one that the query gives once |
//! | one that gives a value | that value, or a join by the keys that it compares with columns around it |

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, ScalarValue};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, Exists, InSubquery};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Expr as DfExpr, Filter, LogicalPlan, LogicalPlanBuilder, Operator, Projection, Subquery,
};
use datafusion::optimizer::decorrelate::PullUpCorrelatedExpr;

use super::expression::{ExpressionPlace, Expressions, ResolvedValue};
use super::scope::{Scope, attribute_id, column};
use super::{Resolver, cast, coerce, join, operators};
use crate::error::{Error, Result, condition};
use crate::plan::functions::{CallContext, values_of};
use crate::plan::kernels::normalize::normalized;
use crate::plan::kernels::queried::{among, only};
use crate::plan::limits::checked_query_depth;
use crate::plan::tree::{Expr, Relation, SubqueryKind};
use crate::plan::typed::{Typed, literal};
use crate::plan::{AttrId, Attribute, Resolved};
use crate::types::sql_name;

impl Resolver<'_> {
    /// A relation inside a query inside an expression: its columns have ids of their own, for the
    /// query around it may read the same table.
    pub(super) fn told_apart(&self, resolved: Resolved) -> Result<Resolved> {
        if self.outer.is_empty() { Ok(resolved) } else { Ok(join::renewed(resolved, |_| true)?.0) }
    }
}

/// A condition of WHERE that is a query, or the negation of one; `None` where it is something else.
pub fn condition(expressions: &mut Expressions<'_>, conjunct: &Expr) -> Result<Option<Typed>> {
    let (inner, negated) = match conjunct {
        Expr::Call(call) if matches!(call.name.as_str(), "not" | "!") && call.arguments.len() == 1 => {
            (&call.arguments[0], true)
        }
        other => (other, false),
    };
    let Expr::Subquery { kind, query } = inner else { return Ok(None) };
    let expr = match kind {
        SubqueryKind::Scalar => return Ok(None),
        SubqueryKind::Exists => {
            let subquery = of(expressions.inner(query)?.plan);
            DfExpr::Exists(Exists { subquery, negated })
        }
        SubqueryKind::In(value) => {
            let (value, column, inner) = expressions.sides(value, query)?;
            expressions.in_join(value.typed, column, inner, negated)?
        }
    };
    Ok(Some(Typed { expr, data_type: DataType::Boolean, nullable: true }))
}

/// The negation of a condition with an `IN` of a query in it, written inside of AND, OR and NOT. What
/// is not known is false there, so it makes a difference where the negation stands: where Spark has
/// it.
pub fn negation_inside(negated: &Expr) -> Option<Expr> {
    let Expr::Call(call) = negated else { return None };
    let not = |expr: &Expr| negation_inside(expr).unwrap_or_else(|| Expr::call("not", vec![expr.clone()]));
    let other = match call.name.as_str() {
        "and" => "or",
        "or" => "and",
        "not" | "!" if holds_in(negated) => return call.arguments.first().cloned(),
        _ => return None,
    };
    holds_in(negated).then(|| Expr::call(other, call.arguments.iter().map(not).collect()))
}

/// Whether AND, OR and NOT lead to an `IN` of a query.
fn holds_in(expr: &Expr) -> bool {
    match expr {
        Expr::Subquery { kind: SubqueryKind::In(_), .. } => true,
        Expr::Call(call) if matches!(call.name.as_str(), "and" | "or" | "not" | "!") => {
            call.arguments.iter().any(holds_in)
        }
        _ => false,
    }
}

impl Expressions<'_> {
    /// A query in the place of a value.
    pub fn subquery(&mut self, kind: &SubqueryKind, query: &Relation) -> Result<ResolvedValue> {
        match kind {
            SubqueryKind::Scalar => self.scalar(query),
            SubqueryKind::Exists => self.exists(query),
            SubqueryKind::In(value) => self.is_in(value, query, false),
        }
    }

    /// The name that a column around this query has, if it is one.
    pub fn outer_column(&self, parts: &[String]) -> Result<Option<(ResolvedValue, usize)>> {
        for attributes in self.resolver.outer.iter().rev() {
            let scope = Scope { attributes, names: self.scope.names };
            let Some(found) = scope.find(parts)? else { continue };
            let attribute = found.attribute;
            let expr = outer_reference(&attribute);
            let typed = Typed { expr, data_type: attribute.data_type, nullable: attribute.nullable };
            let pretty = format!("outer({})", attribute.name);
            let value = ResolvedValue { name: Some(attribute.name), ..ResolvedValue::new(typed, pretty) };
            return Ok(Some((value, found.fields.len())));
        }
        Ok(None)
    }

    /// The query, resolved with this expression's columns around it.
    fn inner(&mut self, query: &Relation) -> Result<Resolved> {
        checked_query_depth(self.resolver.outer.len())?;
        let mut resolver = self.resolver.clone();
        let around: Vec<Attribute> = self.scope.attributes.iter().chain(self.hidden).cloned().collect();
        resolver.outer.push(Arc::new(around));
        let resolved = resolver.relation(query)?;
        if resolved.is_streaming() {
            return Err(Error::of(condition::SUBQUERY_OF_A_STREAM));
        }
        if !matches!(self.place, ExpressionPlace::Row | ExpressionPlace::Select) && is_correlated(&resolved.plan) {
            return Err(Error::unsupported(
                "a query inside an expression of GROUP BY, or of what is grouped, that names a column around it",
            ));
        }
        self.resolver.subqueries.borrow_mut().extend(resolved.leaves.iter().cloned());
        Ok(resolved)
    }

    fn scalar(&mut self, query: &Relation) -> Result<ResolvedValue> {
        let inner = self.inner(query)?;
        let value = self.one_column(&inner)?;
        let (data_type, names) = (value.data_type.clone(), outer_names(&inner.plan, self.scope.attributes));
        let typed = if gives_one_row(&inner.plan) {
            Typed { expr: value_of(inner.plan)?, data_type, nullable: true }
        } else {
            // More than one is an error for the rows that ask for them, so the rows say so.
            only(self.listed(inner.plan, value)?, &data_type)
        };
        Ok(ResolvedValue::new(typed, format!("scalarsubquery({names})")))
    }

    /// Whether the query has rows, as a value: it counts them, one where that is enough.
    fn exists(&mut self, query: &Relation) -> Result<ResolvedValue> {
        let inner = self.inner(query)?;
        let pretty = format!("exists({})", outer_names(&inner.plan, self.scope.attributes));
        let boolean = |expr| ResolvedValue::new(Typed { expr, data_type: DataType::Boolean, nullable: false }, pretty);
        let plan = if !is_correlated(&inner.plan) {
            LogicalPlanBuilder::from(inner.plan).limit(0, Some(1))?.build()?
        } else if self.place == ExpressionPlace::Row {
            return Ok(boolean(DfExpr::Exists(Exists { subquery: of(inner.plan), negated: false })));
        } else {
            inner.plan
        };
        let one = vec![literal(ScalarValue::Int64(Some(1))).expr];
        let (id, rows) = (AttrId::fresh(), AttrId::fresh());
        let count = AggregateFunction::new_udf(count_udaf(), one, false, None, Vec::new(), None);
        let count = DfExpr::AggregateFunction(count).alias(rows.to_string());
        let plan = LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(plan), Vec::new(), vec![count])?);
        let any = column(rows).gt(DfExpr::Literal(ScalarValue::Int64(Some(0)), None));
        let plan = projection(plan, vec![any.alias(id.to_string())])?;
        Ok(boolean(value_of(plan)?))
    }

    /// `x IN (query)`, or its negation, as a value: the query's values are gathered once and looked
    /// through. Elsewhere than in WHERE Spark gives false where null would be told.
    pub fn is_in(&mut self, value: &Expr, query: &Relation, negated: bool) -> Result<ResolvedValue> {
        let (value, typed, inner) = self.sides(value, query)?;
        let pretty = format!("({} IN (listquery()))", value.pretty);
        let shown = if negated { format!("(NOT {pretty})") } else { pretty.clone() };
        if is_correlated(&inner.plan) {
            if self.place != ExpressionPlace::Row {
                return Err(Error::unsupported(
                    "IN with a query that names a column around it, elsewhere than in a condition of WHERE",
                ));
            }
            let expr = self.in_join(value.typed, typed, inner, negated)?;
            return Ok(ResolvedValue::new(Typed { expr, data_type: DataType::Boolean, nullable: false }, shown));
        }
        let list = self.listed(inner.plan, normalized(typed))?;
        let typed = among(list, normalized(value.typed), negated);
        Ok(ResolvedValue::new(typed, shown))
    }

    /// The values of a query's column, as a list.
    fn listed(&self, plan: LogicalPlan, value: Typed) -> Result<Typed> {
        let id = AttrId::fresh();
        let all = values_of(&self.context(), value);
        let values = vec![all.expr.alias(id.to_string())];
        let plan = LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(plan), Vec::new(), values)?);
        Ok(Typed { expr: value_of(plan)?, data_type: all.data_type, nullable: true })
    }

    /// `x IN (query)`, or its negation, which becomes a join.
    fn in_join(&self, value: Typed, column: Typed, inner: Resolved, negated: bool) -> Result<DfExpr> {
        let (value, column) = (normalized(value), normalized(column));
        // A join by a constant would look at one side alone, and miss that the constant is null.
        let is_constant = !value.expr.any_column_refs() && !value.expr.contains_outer();
        if !negated || (!is_correlated(&inner.plan) && !is_constant) {
            let id = AttrId::fresh();
            let plan = projection(inner.plan, vec![column.expr.alias(id.to_string())])?;
            return Ok(DfExpr::InSubquery(InSubquery { expr: Box::new(value.expr), subquery: of(plan), negated }));
        }
        // DataFusion tells what is unknown from what is absent by one key only. No row may be equal
        // or unknown.
        let value = Typed { expr: self.seen_from_inside(value.expr)?, ..value };
        let conf = self.resolver.conf();
        let unknown = [&value, &column].into_iter().filter(|side| side.nullable).cloned().map(operators::is_null);
        let unknown: Vec<_> = unknown.collect();
        let equal = operators::compare("=", value, column, conf, "")?;
        let maybe = unknown.into_iter().fold(equal.expr, |any, side| any.or(side.expr));
        let plan = LogicalPlan::Filter(Filter::try_new(maybe, Arc::new(inner.plan))?);
        Ok(DfExpr::Exists(Exists { subquery: of(plan), negated: true }))
    }

    /// An expression over this query's columns, for a query inside of it.
    fn seen_from_inside(&self, expr: DfExpr) -> Result<DfExpr> {
        let around = || self.scope.attributes.iter().chain(self.hidden);
        let seen = expr.transform_down(|node| match &node {
            DfExpr::Column(column) => {
                let id = attribute_id(column);
                let attribute = around().find(|attribute| Some(attribute.id) == id).ok_or_else(|| {
                    Error::unsupported(
                        "NOT IN of a call that is made in the same condition, with a query that names a column around it",
                    )
                })?;
                Ok(Transformed::yes(outer_reference(attribute)))
            }
            _ => Ok(Transformed::no(node)),
        })?;
        Ok(seen.data)
    }

    /// The two sides of `x IN (query)` in their common type, and the query.
    fn sides(&mut self, value: &Expr, query: &Relation) -> Result<(ResolvedValue, Typed, Resolved)> {
        let value = self.value(value)?;
        let inner = self.inner(query)?;
        let [attribute] = inner.output.as_slice() else {
            return Err(Error::of(condition::IN_SUBQUERY_COLUMNS)
                .with("leftLength", 1)
                .with("rightLength", inner.output.len()));
        };
        let conf = self.resolver.conf();
        let (left, right) = (&value.typed.data_type, &attribute.data_type);
        let common = coerce::common(left, right, conf.ansi()).ok_or_else(|| {
            Error::of(condition::IN_SUBQUERY_TYPES)
                .with("leftType", format!("\"{}\"", sql_name(left)))
                .with("rightType", format!("\"{}\"", sql_name(right)))
        })?;
        let column = cast::cast(attribute.typed(), &common, conf)?;
        let value = ResolvedValue { typed: cast::cast(value.typed, &common, conf)?, ..value };
        Ok((value, column, inner))
    }

    fn one_column(&self, inner: &Resolved) -> Result<Typed> {
        match inner.output.as_slice() {
            [one] => Ok(one.typed()),
            several => Err(Error::of(condition::SCALAR_SUBQUERY_COLUMNS).with("number", several.len())),
        }
    }

    /// What a function may ask about a call that nobody wrote.
    fn context(&self) -> CallContext<'_> {
        CallContext {
            name: "subquery",
            conf: self.resolver.conf(),
            distinct: false,
            ignore_nulls: false,
            text: "subquery",
            arguments: &[],
        }
    }
}

/// A column around a query, as the query reads it.
fn outer_reference(attribute: &Attribute) -> DfExpr {
    let name = attribute.id.to_string();
    let field = Arc::new(Field::new(&name, attribute.data_type.clone(), attribute.nullable));
    DfExpr::OuterReferenceColumn(field, Column::from_name(name))
}

/// A query that gives one value, or one for each row around it. The latter DataFusion joins by its
/// equalities with columns there.
fn value_of(plan: LogicalPlan) -> Result<DfExpr> {
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

fn projection(plan: LogicalPlan, expressions: Vec<DfExpr>) -> Result<LogicalPlan> {
    Ok(LogicalPlan::Projection(Projection::try_new(expressions, Arc::new(plan))?))
}

fn of(plan: LogicalPlan) -> Subquery {
    let outer_ref_columns = plan.all_out_ref_exprs();
    Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Default::default() }
}

fn is_correlated(plan: &LogicalPlan) -> bool {
    !plan.all_out_ref_exprs().is_empty()
}

/// The columns around the query that it names, as Spark shows them.
fn outer_names(plan: &LogicalPlan, around: &[Attribute]) -> String {
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

/// Whether a plan is an aggregation of everything.
fn gives_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => gives_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => gives_one_row(&alias.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        _ => false,
    }
}
