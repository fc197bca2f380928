//! Queries inside expressions: `(SELECT …)`, `EXISTS (…)`, `x IN (SELECT …)`.
//!
//! A query sees the columns around it ([`Resolver::outer`]); DataFusion turns one that names them
//! into a join. `EXISTS` and `IN` as conditions of WHERE become semi and anti joins; anywhere else
//! they are values, made of one that the query gives once.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, ScalarValue};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, Exists, InSubquery};
use datafusion::logical_expr::{Aggregate, Expr as DfExpr, LogicalPlan, LogicalPlanBuilder, Projection, Subquery};

use super::expression::{ExpressionPlace, Expressions, ResolvedValue};
use super::scope::{Scope, column};
use super::{Resolver, cast, coerce, join, operators};
use crate::error::{Error, Result, condition};
use crate::plan::functions::{CallContext, Definition, lookup, only_value, values_of};
use crate::plan::kernels::normalize::normalized;
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
            let id = AttrId::fresh();
            let plan = projection(inner.plan, vec![normalized(column).expr.alias(id.to_string())])?;
            DfExpr::InSubquery(InSubquery { expr: Box::new(normalized(value.typed).expr), subquery: of(plan), negated })
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
            SubqueryKind::In(value) => self.is_in(value, query, false),
        }
    }

    /// The name that a column around this query has, if it is one.
    pub fn outer_column(&self, parts: &[String]) -> Result<Option<(ResolvedValue, usize)>> {
        for attributes in self.resolver.outer.iter().rev() {
            let scope = Scope { attributes, names: self.scope.names };
            let Some(found) = scope.find(parts)? else { continue };
            let attribute = found.attribute;
            let name = attribute.id.to_string();
            let field = Arc::new(Field::new(&name, attribute.data_type.clone(), attribute.nullable));
            let expr = DfExpr::OuterReferenceColumn(field, Column::from_name(name));
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
        let plan = if gives_one_row(&inner.plan) {
            inner.plan
        } else {
            let id = AttrId::fresh();
            let only = only_value(&self.context(), value).expr.alias(id.to_string());
            LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(inner.plan), Vec::new(), vec![only])?)
        };
        let typed = Typed { expr: DfExpr::ScalarSubquery(of(plan)), data_type, nullable: true };
        Ok(ResolvedValue::new(typed, format!("scalarsubquery({names})")))
    }

    /// Whether the query has rows, as a value: it counts them, one where that is enough.
    fn exists(&mut self, query: &Relation) -> Result<ResolvedValue> {
        let inner = self.inner(query)?;
        let names = outer_names(&inner.plan, self.scope.attributes);
        let mut plan = inner.plan;
        if !is_correlated(&plan) {
            plan = LogicalPlanBuilder::from(plan).limit(0, Some(1))?.build()?;
        }
        let one = vec![literal(ScalarValue::Int64(Some(1))).expr];
        let (id, rows) = (AttrId::fresh(), AttrId::fresh());
        let count = AggregateFunction::new_udf(count_udaf(), one, false, None, Vec::new(), None);
        let count = DfExpr::AggregateFunction(count).alias(rows.to_string());
        let plan = LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(plan), Vec::new(), vec![count])?);
        let any = column(rows).gt(DfExpr::Literal(ScalarValue::Int64(Some(0)), None));
        let plan = projection(plan, vec![any.alias(id.to_string())])?;
        let expr = DfExpr::ScalarSubquery(of(plan));
        Ok(ResolvedValue::new(
            Typed { expr, data_type: DataType::Boolean, nullable: false },
            format!("exists({names})"),
        ))
    }

    /// `x IN (query)`, or its negation, as a value: the query's values are gathered once and looked
    /// through. Elsewhere than in WHERE Spark gives false where null would be told.
    pub fn is_in(&mut self, value: &Expr, query: &Relation, negated: bool) -> Result<ResolvedValue> {
        let (value, typed, inner) = self.sides(value, query)?;
        if is_correlated(&inner.plan) {
            return Err(Error::unsupported(
                "IN with a query that names a column around it, elsewhere than as a condition of WHERE",
            ));
        }
        let pretty = format!("({} IN (listquery()))", value.pretty);
        let id = AttrId::fresh();
        let all = values_of(&self.context(), normalized(typed));
        let data_type = all.data_type.clone();
        let plan = LogicalPlan::Aggregate(Aggregate::try_new(
            Arc::new(inner.plan),
            Vec::new(),
            vec![all.expr.alias(id.to_string())],
        )?);
        let list = Typed { expr: DfExpr::ScalarSubquery(of(plan)), data_type, nullable: false };
        let conf = self.resolver.conf();
        let call = |name: &str, arguments: Vec<Typed>| -> Result<Typed> {
            match lookup(name) {
                Some(Definition::Scalar(build)) => build(&self.context(), arguments),
                _ => Err(Error::internal(format!("there is no function {name}"))),
            }
        };
        let none = literal(ScalarValue::Int32(Some(0)));
        let empty = operators::compare("=", call("size", vec![list.clone()])?, none, conf, &pretty)?;
        let mut found = call("array_contains", vec![list, normalized(value.typed)])?;
        if negated {
            found = operators::not(found, conf, &pretty, &pretty)?;
        }
        let known = literal(ScalarValue::Boolean(Some(false)));
        let found = operators::case(vec![(operators::is_null(found.clone()), known)], Some(found), conf, &pretty)?;
        // Null is not among no values.
        let none = literal(ScalarValue::Boolean(Some(negated)));
        let typed = operators::case(vec![(empty, none)], Some(found), conf, &pretty)?;
        Ok(ResolvedValue::new(typed, if negated { format!("(NOT {pretty})") } else { pretty }))
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
            DfExpr::OuterReferenceColumn(_, column) => super::scope::attribute_id(column),
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
