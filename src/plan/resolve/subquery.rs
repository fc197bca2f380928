//! Queries inside expressions: `(SELECT …)`, `EXISTS (…)`, `x IN (SELECT …)`.
//!
//! A query sees the columns around it ([`Resolver::outer`]).
//!
//! | query | what it becomes |
//! |---|---|
//! | `EXISTS` or `IN`, a condition of WHERE | DataFusion's semi or anti join, or one that marks the rows that have a partner |
//! | such a one that names columns around it otherwise than in a comparison after all that it does | a value |
//! | one that is a value | [`query_value`](super::query_value) |

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Case, Expr as DfExpr, Filter, LogicalPlan};

use super::correlated::{
    comparing_last, is_correlated, is_one_row, outer_reference, projection, subquery_of, with_equal_rows,
    without_effect,
};
use super::expression::{ExpressionPlace, Expressions, ResolvedValue};
use super::negation::negated;
use super::query_value::boolean;
use super::scope::{Scope, attribute_id};
use super::{Resolver, cast, coerce, join, operators};
use crate::config::Conf;
use crate::error::{Error, Result, condition};
use crate::plan::kernels::nested::structure;
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
        Expr::Call(call) => negated(call).map_or((conjunct, false), |condition| (condition, true)),
        other => (other, false),
    };
    let Expr::Subquery { kind, query } = inner else { return Ok(None) };
    match kind {
        SubqueryKind::Scalar => Ok(None),
        SubqueryKind::Exists => {
            let plan = expressions.inner(query)?.plan;
            expressions.exists_join(plan, negated).map(Some)
        }
        SubqueryKind::In(values) => {
            let sides = expressions.sides(values, query)?;
            expressions.in_join(sides, negated).map(Some)
        }
    }
}

impl Expressions<'_> {
    /// A query in the place of a value; an IN, or its negation, which is shown as the IN.
    pub(super) fn subquery(&mut self, kind: &SubqueryKind, query: &Relation, negated: bool) -> Result<ResolvedValue> {
        if !self.lambdas.is_empty() {
            return Err(Error::of(condition::SUBQUERY_IN_A_LAMBDA));
        }
        // Above the group, one that names columns around it is a key or another value.
        let is_there = |value: &ResolvedValue| {
            let below = self.place == ExpressionPlace::Group && value.typed.expr.any_column_refs();
            let keys = self.aggregates.iter().flat_map(|aggregates| &aggregates.keys);
            !below || keys.map(|(_, key)| key).any(|key| key.typed.expr == value.typed.expr)
        };
        let known = |it: &&ResolvedQuery| {
            it.negated == negated && it.kind == *kind && it.query == *query && is_there(&it.value)
        };
        if let Some(known) = self.queries.iter().find(known) {
            return Ok(known.value.clone());
        }
        let value = match kind {
            SubqueryKind::Scalar => self.scalar(query),
            SubqueryKind::Exists => self.exists(query),
            SubqueryKind::In(values) => self.is_in(values, query, negated),
        }?;
        if self.aggregates.is_some() {
            let (kind, query, value) = (kind.clone(), query.clone(), value.clone());
            self.queries.push(ResolvedQuery { kind, query, negated, value });
        }
        Ok(value)
    }

    /// The name that a column around this query has, if it is one.
    pub fn outer_column(&self, parts: &[String]) -> Result<Option<(ResolvedValue, usize)>> {
        // Spark looks no further than that.
        let Some(attributes) = self.resolver.outer.last() else { return Ok(None) };
        let scope = Scope { attributes, names: self.scope.names };
        let Some(found) = scope.find(parts)? else { return Ok(None) };
        let attribute = found.attribute;
        let expr = outer_reference(&attribute);
        let typed = Typed { expr, data_type: attribute.data_type, nullable: attribute.nullable };
        let pretty = format!("outer({})", attribute.name);
        let value = ResolvedValue { name: Some(attribute.name), ..ResolvedValue::new(typed, pretty) };
        Ok(Some((value, found.fields.len())))
    }

    /// The outputs of a group that a query in HAVING sees by their names.
    fn outputs_around(&self) -> Vec<(Attribute, DfExpr)> {
        let named = self.aliases.iter().filter(|(_, value)| self.aliases_first && value.attribute.is_none());
        let output = |(name, value): &(String, ResolvedValue)| {
            let typed = &value.typed;
            let attribute = Attribute::new(name, typed.data_type.clone(), typed.nullable);
            (attribute, typed.expr.clone())
        };
        named.map(output).collect()
    }

    /// The columns around a query that it names, as Spark shows them.
    fn outer_names(&self, plan: &LogicalPlan) -> String {
        let named = plan.all_out_ref_exprs();
        let around = self.scope.attributes.iter().chain(self.hidden);
        let name = |expr: &DfExpr| around.clone().find(|it| outer_reference(it) == *expr).map(|it| it.name.clone());
        named.iter().filter_map(name).collect::<Vec<_>>().join(", ")
    }

    /// The query, resolved with this expression's columns around it.
    fn inner(&mut self, query: &Relation) -> Result<Resolved> {
        checked_query_depth(self.resolver.outer.len())?;
        let mut resolver = self.resolver.clone();
        let outputs = self.outputs_around();
        let own = self.scope.attributes.iter().chain(self.hidden);
        let is_shadowed = |attribute: &&Attribute| {
            outputs.iter().any(|(output, _)| self.scope.names.same(&output.name, &attribute.name))
        };
        let own = own.filter(|attribute| !is_shadowed(attribute)).cloned();
        let around: Vec<Attribute> = outputs.iter().map(|(output, _)| output.clone()).chain(own).collect();
        resolver.outer.push(Arc::new(around));
        let resolved = resolver.relation(query)?;
        self.outputs.extend(outputs.into_iter().map(|(output, expr)| (output.id, expr)));
        let named = resolved.plan.all_out_ref_exprs();
        let is_named = |attribute: &&Attribute| named.contains(&outer_reference(attribute));
        self.used_hidden.extend(self.hidden.iter().filter(is_named).map(|attribute| attribute.id));
        if resolved.is_streaming() {
            return Err(Error::of(condition::SUBQUERY_OF_A_STREAM));
        }
        self.resolver.subqueries.borrow_mut().extend(resolved.leaves.iter().cloned());
        Ok(resolved)
    }

    fn scalar(&mut self, query: &Relation) -> Result<ResolvedValue> {
        let inner = self.inner(query)?;
        let value = self.one_column(&inner)?;
        let above_group = self.place == ExpressionPlace::Group && !self.aliases_first;
        if above_group && is_correlated(&inner.plan) {
            let names = self.outer_names(&inner.plan);
            return Err(Error::of(condition::SCALAR_SUBQUERY_IS_IN_GROUP_BY_OR_AGGREGATE_FUNCTION)
                .with("sqlExpr", format!("\"scalarsubquery({names})\"")));
        }
        let names = self.outer_names(&inner.plan);
        let typed = if is_one_row(&inner.plan) {
            self.only_value(inner.plan, value)?
        } else {
            // More than one is an error for the rows that ask for them, so the rows say so.
            let data_type = value.data_type.clone();
            only(self.listed(inner.plan, value)?, &data_type)
        };
        Ok(ResolvedValue::new(typed, format!("scalarsubquery({names})")))
    }

    /// Whether the query has rows, as a value: it counts them, one where that is enough.
    fn exists(&mut self, query: &Relation) -> Result<ResolvedValue> {
        let inner = self.inner(query)?;
        let pretty = format!("exists({})", self.outer_names(&inner.plan));
        let typed = if is_correlated(&inner.plan) {
            self.exists_join(inner.plan, false)?
        } else {
            self.exists_beside(inner.plan, false)?
        };
        Ok(ResolvedValue::new(Typed { nullable: false, ..typed }, pretty))
    }

    /// `x IN (query)`, or its negation, as a value that is shown without the negation: the query's
    /// values are gathered once and looked through. Elsewhere than in WHERE Spark gives false where
    /// null would be told.
    fn is_in(&mut self, values: &[Expr], query: &Relation, negated: bool) -> Result<ResolvedValue> {
        let sides = self.sides(values, query)?;
        let pretty = format!("({} IN (listquery({})))", sides.pretty, self.outer_names(&sides.query));
        let (conf, several) = (self.resolver.conf(), sides.pairs.len() > 1);
        let is_alone = !is_correlated(&sides.query);
        if several && negated && is_alone && self.place != ExpressionPlace::Filter && sides.may_be_unknown() {
            return Err(Error::unsupported("NOT IN of several columns, elsewhere than in a condition of WHERE"));
        }
        // Several are looked up as one value, of which it is not known which part differs.
        let typed = if is_alone && !(several && (negated || self.place == ExpressionPlace::Filter)) {
            let (values, columns): (Vec<_>, Vec<_>) = sides.pairs.into_iter().unzip();
            let list = self.listed(sides.query, one_value(columns, conf)?)?;
            among(list, one_value(values, conf)?, negated)
        } else {
            let found = self.in_join(sides, negated)?;
            self.true_or_not(found)?
        };
        Ok(ResolvedValue::new(typed, pretty))
    }

    /// `EXISTS (query)`, or its negation, which becomes a join.
    fn exists_join(&mut self, plan: LogicalPlan, negated: bool) -> Result<Typed> {
        let plan = without_effect(plan);
        if self.place == ExpressionPlace::Filter
            && let Some(plan) = comparing_last(plan.clone())?
        {
            return Ok(Typed { expr: DfExpr::Exists(Exists { subquery: subquery_of(plan), negated }), ..boolean() });
        }
        self.exists_beside(plan, negated)
    }

    /// The same, where no operator takes a query.
    fn exists_beside(&mut self, plan: LogicalPlan, negated: bool) -> Result<Typed> {
        let found = if is_one_row(&plan) { self.row_is_there(plan)? } else { self.has_rows(plan)? };
        self.or_not(found, negated)
    }

    fn or_not(&self, condition: Typed, negated: bool) -> Result<Typed> {
        if negated { operators::not(condition, self.resolver.conf(), "", "") } else { Ok(condition) }
    }

    /// `x IN (query)`, or its negation, which becomes a join.
    fn in_join(&mut self, sides: InSides, negated: bool) -> Result<Typed> {
        let is_alone = !is_correlated(&sides.query);
        if !is_alone && is_one_row(&sides.query) {
            let found = self.in_one_row(sides)?;
            return self.or_not(found, negated);
        }
        let is_filter = self.place == ExpressionPlace::Filter;
        if let [(value, column)] = sides.pairs.as_slice()
            && is_filter
            && is_alone
        {
            // A join by a constant would look at one side alone, and miss that the constant is null.
            let is_constant = !value.expr.any_column_refs() && !value.expr.contains_outer();
            // DataFusion tells what is unknown from what is absent by one key only.
            if !negated || !is_constant {
                let (id, value) = (AttrId::fresh(), Box::new(value.expr.clone()));
                let plan = projection(sides.query, vec![column.expr.clone().alias(id.to_string())])?;
                let expr = DfExpr::InSubquery(InSubquery { expr: value, subquery: subquery_of(plan), negated });
                return Ok(Typed { expr, ..boolean() });
            }
        }
        let seen = |(value, _): &(Typed, Typed)| self.seen_from_inside(value.expr.clone());
        let seen = if is_filter { sides.pairs.iter().map(seen).collect::<Result<Option<Vec<_>>>>()? } else { None };
        match seen {
            Some(seen) => {
                let plan = self.found(sides, seen, negated)?;
                self.exists_join(plan, negated)
            }
            None => {
                let seen = sides.pairs.iter().map(|(value, _)| self.named_inside(value)).collect();
                let plan = self.found(sides, seen, negated)?;
                self.exists_beside(plan, negated)
            }
        }
    }

    /// `x IN (query)` of a query that gives one row for each row around it: a comparison with that.
    fn in_one_row(&mut self, sides: InSides) -> Result<Typed> {
        let (values, columns): (Vec<_>, Vec<_>) = sides.pairs.into_iter().unzip();
        let (kept, columns) = self.row_of(&sides.query, columns)?;
        let conf = self.resolver.conf();
        let equal =
            values.into_iter().zip(columns).map(|(value, column)| operators::compare("=", value, column, conf, ""));
        let mut all = equal.collect::<Result<Vec<_>>>()?;
        if let Some(expr) = kept {
            all.insert(0, self.true_or_not(Typed { expr, ..boolean() })?);
        }
        Ok(operators::joined("and", all, conf, "")?.unwrap_or_else(|| literal(ScalarValue::Boolean(Some(true)))))
    }

    /// The rows of a query that are what `IN` looks for, by its values as the query sees them; for its
    /// negation, those of which it is not known that they are not.
    fn found(&self, sides: InSides, seen: Vec<DfExpr>, negated: bool) -> Result<LogicalPlan> {
        let InSides { pairs, query, .. } = sides;
        let conf = self.resolver.conf();
        let found = pairs.into_iter().zip(seen).map(|((value, column), seen)| {
            let value = Typed { expr: seen, ..value };
            let unknown = [&value, &column].into_iter().filter(|side| negated && side.nullable).cloned();
            let unknown: Vec<_> = unknown.map(operators::is_null).collect();
            let equal = operators::compare("=", value, column, conf, "")?;
            Ok(unknown.into_iter().fold(equal.expr, |any, side| any.or(side.expr)))
        });
        let found = conjunction(found.collect::<Result<Vec<_>>>()?);
        let found = found.ok_or_else(|| Error::internal("IN without a value"))?;
        Ok(LogicalPlan::Filter(Filter::try_new(found, Arc::new(with_equal_rows(query)?))?))
    }

    /// An expression over this query's columns, for a query inside of it; `None` where it reads what
    /// is made for this expression and is no call.
    fn seen_from_inside(&self, expr: DfExpr) -> Result<Option<DfExpr>> {
        let around = || self.scope.attributes.iter().chain(self.hidden);
        let mut is_there = true;
        let seen = expr.transform_down(|node| {
            let DfExpr::Column(column) = &node else { return Ok(Transformed::no(node)) };
            let id = attribute_id(column);
            let attribute = around().find(|attribute| Some(attribute.id) == id).cloned();
            let attribute = attribute.or_else(|| self.called(id?));
            is_there &= attribute.is_some();
            Ok(attribute.map_or(Transformed::no(node), |attribute| Transformed::yes(outer_reference(&attribute))))
        })?;
        Ok(is_there.then_some(seen.data))
    }

    /// A value under a name of its own, for a query inside of it.
    fn named_inside(&mut self, value: &Typed) -> DfExpr {
        if !value.expr.any_column_refs() {
            return value.expr.clone();
        }
        let attribute = Attribute::new("", value.data_type.clone(), value.nullable);
        self.outputs.push((attribute.id, value.expr.clone()));
        outer_reference(&attribute)
    }

    /// The column of a call that is made for this expression.
    fn called(&self, id: AttrId) -> Option<Attribute> {
        let below = self.aggregates.as_ref().map(|aggregates| &aggregates.below);
        let mut calls = below.into_iter().chain([&self.pending]).flat_map(|pending| &pending.calls);
        let field = &calls.find(|call| call.output == id)?.field;
        Some(Attribute { id, ..Attribute::new(field.name(), field.data_type().clone(), field.is_nullable()) })
    }

    /// The two sides of `x IN (query)`, or of `(x, y) IN (query)`.
    fn sides(&mut self, values: &[Expr], query: &Relation) -> Result<InSides> {
        let values = values.iter().map(|value| self.value(value)).collect::<Result<Vec<_>>>()?;
        let inner = self.inner(query)?;
        if values.len() != inner.output.len() {
            return Err(Error::of(condition::IN_SUBQUERY_COLUMNS)
                .with("leftLength", values.len())
                .with("rightLength", inner.output.len()));
        }
        let pretty = match values.as_slice() {
            [one] => one.pretty.clone(),
            several => shown_row(several),
        };
        let conf = self.resolver.conf();
        let pairs = values.into_iter().zip(&inner.output).map(|(value, attribute)| {
            let (left, right) = (&value.typed.data_type, &attribute.data_type);
            let common = coerce::structural(left, right, conf.ansi()).ok_or_else(|| {
                Error::of(condition::IN_SUBQUERY_TYPES)
                    .with("leftType", format!("\"{}\"", sql_name(left)))
                    .with("rightType", format!("\"{}\"", sql_name(right)))
            })?;
            let column = cast::cast(attribute.typed(), &common, conf)?;
            Ok((normalized(cast::cast(value.typed, &common, conf)?), normalized(column)))
        });
        Ok(InSides { pairs: pairs.collect::<Result<_>>()?, query: inner.plan, pretty })
    }

    fn one_column(&self, inner: &Resolved) -> Result<Typed> {
        match inner.output.as_slice() {
            [one] => Ok(one.typed()),
            several => Err(Error::of(condition::SCALAR_SUBQUERY_COLUMNS).with("number", several.len())),
        }
    }
}

/// A query that was written, and the value that it is.
pub(super) struct ResolvedQuery {
    kind: SubqueryKind,
    query: Relation,
    negated: bool,
    value: ResolvedValue,
}

/// Values as Spark shows those before an IN.
fn shown_row(values: &[ResolvedValue]) -> String {
    let field = |(at, value): (usize, &ResolvedValue)| {
        let name = match &value.typed.expr {
            DfExpr::Literal(..) => value.pretty.clone(),
            _ => value.name.clone().unwrap_or_else(|| format!("_{at}")),
        };
        format!("'{name}', {}", value.pretty)
    };
    format!("named_struct({})", values.iter().enumerate().map(field).collect::<Vec<_>>().join(", "))
}

/// `(x, y) IN (query)`, resolved.
struct InSides {
    /// Each value and the query's column that it is compared with, in their common type.
    pairs: Vec<(Typed, Typed)>,
    query: LogicalPlan,
    /// The values as they are shown.
    pretty: String,
}

impl InSides {
    fn may_be_unknown(&self) -> bool {
        self.pairs.iter().any(|(value, column)| value.nullable || column.nullable)
    }
}

/// The values as one, null if one of them is.
fn one_value(mut values: Vec<Typed>, conf: &Conf) -> Result<Typed> {
    if values.len() == 1 {
        return Ok(values.swap_remove(0));
    }
    let known = values.iter().filter(|value| value.nullable).cloned().map(operators::is_not_null).collect();
    let known = operators::joined("and", known, conf, "")?;
    let fields = values.into_iter().enumerate().map(|(at, value)| (format!("col{at}"), value)).collect();
    let row = structure(fields);
    Ok(match known {
        Some(known) => {
            let then = (Box::new(known.expr), Box::new(row.expr));
            let expr = DfExpr::Case(Case::new(None, vec![then], None));
            Typed { expr, data_type: row.data_type, nullable: true }
        }
        None => row,
    })
}
