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

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, Exists, InSubquery};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Aggregate, Case, Expr as DfExpr, Filter, LogicalPlan, LogicalPlanBuilder};

use super::correlated::{is_correlated, of, outer_names, outer_reference, projection, value_of};
use super::expression::{ExpressionPlace, Expressions, ResolvedValue};
use super::negation::negated;
use super::scope::{Scope, attribute_id, column};
use super::{Resolver, cast, coerce, join, operators};
use crate::config::Conf;
use crate::error::{Error, Result, condition};
use crate::plan::functions::{CallContext, values_of};
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
    let expr = match kind {
        SubqueryKind::Scalar => return Ok(None),
        SubqueryKind::Exists => {
            let subquery = of(expressions.inner(query)?.plan);
            DfExpr::Exists(Exists { subquery, negated })
        }
        SubqueryKind::In(values) => {
            let sides = expressions.sides(values, query)?;
            expressions.in_join(sides, negated)?
        }
    };
    Ok(Some(Typed { expr, data_type: DataType::Boolean, nullable: true }))
}

impl Expressions<'_> {
    /// A query in the place of a value.
    pub fn subquery(&mut self, kind: &SubqueryKind, query: &Relation) -> Result<ResolvedValue> {
        match kind {
            SubqueryKind::Scalar => self.scalar(query),
            SubqueryKind::Exists => self.exists(query),
            SubqueryKind::In(values) => self.is_in(values, query, false),
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

    /// `x IN (query)`, or its negation, as a value that is shown without the negation: the query's
    /// values are gathered once and looked through. Elsewhere than in WHERE Spark gives false where
    /// null would be told.
    pub(super) fn is_in(&mut self, values: &[Expr], query: &Relation, negated: bool) -> Result<ResolvedValue> {
        let sides = self.sides(values, query)?;
        let pretty = format!("({} IN (listquery()))", sides.pretty);
        let several = sides.pairs.len() > 1;
        if self.place == ExpressionPlace::Row && (several || is_correlated(&sides.query)) {
            let expr = self.in_join(sides, negated)?;
            return Ok(ResolvedValue::new(Typed { expr, data_type: DataType::Boolean, nullable: false }, pretty));
        }
        if is_correlated(&sides.query) || (several && negated) {
            return Err(Error::unsupported(
                "IN with a query that names a column around it, and NOT IN of several columns, elsewhere than in a \
                 condition of WHERE",
            ));
        }
        let (values, columns): (Vec<_>, Vec<_>) = sides.pairs.into_iter().unzip();
        let conf = self.resolver.conf();
        let list = self.listed(sides.query, one_value(columns, conf)?)?;
        Ok(ResolvedValue::new(among(list, one_value(values, conf)?, negated), pretty))
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
    fn in_join(&self, sides: InSides, negated: bool) -> Result<DfExpr> {
        let InSides { pairs, query, .. } = sides;
        if let [(value, column)] = pairs.as_slice() {
            // A join by a constant would look at one side alone, and miss that the constant is null.
            let is_constant = !value.expr.any_column_refs() && !value.expr.contains_outer();
            if !negated || (!is_correlated(&query) && !is_constant) {
                let (id, value) = (AttrId::fresh(), Box::new(value.expr.clone()));
                let plan = projection(query, vec![column.expr.clone().alias(id.to_string())])?;
                return Ok(DfExpr::InSubquery(InSubquery { expr: value, subquery: of(plan), negated }));
            }
        }
        // DataFusion tells what is unknown from what is absent by one key only. For the negation no
        // row may be equal or unknown.
        let conf = self.resolver.conf();
        let found = pairs.into_iter().map(|(value, column)| {
            let value = Typed { expr: self.seen_from_inside(value.expr)?, ..value };
            let unknown = [&value, &column].into_iter().filter(|side| negated && side.nullable).cloned();
            let unknown: Vec<_> = unknown.map(operators::is_null).collect();
            let equal = operators::compare("=", value, column, conf, "")?;
            Ok(unknown.into_iter().fold(equal.expr, |any, side| any.or(side.expr)))
        });
        let found = conjunction(found.collect::<Result<Vec<_>>>()?);
        let found = found.ok_or_else(|| Error::internal("IN without a value"))?;
        let plan = LogicalPlan::Filter(Filter::try_new(found, Arc::new(query))?);
        Ok(DfExpr::Exists(Exists { subquery: of(plan), negated }))
    }

    /// An expression over this query's columns, for a query inside of it.
    fn seen_from_inside(&self, expr: DfExpr) -> Result<DfExpr> {
        let around = || self.scope.attributes.iter().chain(self.hidden);
        let seen = expr.transform_down(|node| match &node {
            DfExpr::Column(column) => {
                let id = attribute_id(column);
                let attribute = around().find(|attribute| Some(attribute.id) == id).ok_or_else(|| {
                    Error::unsupported(
                        "IN of several columns, and NOT IN with a query that names a column around it, of a call that is \
                         made in the same condition",
                    )
                })?;
                Ok(Transformed::yes(outer_reference(attribute)))
            }
            _ => Ok(Transformed::no(node)),
        })?;
        Ok(seen.data)
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

/// Whether a plan is an aggregation of everything.
fn gives_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => gives_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => gives_one_row(&alias.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        _ => false,
    }
}
