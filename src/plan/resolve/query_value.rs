//! What a query inside an expression gives, as a value: once for all rows, or beside each row around
//! it that it names columns of.

use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Case, Expr as DfExpr, LogicalPlan, LogicalPlanBuilder};
use std::sync::Arc;

use super::correlated::{KeyedQuery, RowQuery, by_keys, is_correlated, no_join, projection, subquery_of};
use super::expression::{ExpressionPlace, Expressions};
use super::operators;
use super::pending::{QueryJoin, substitute};
use super::scope::{attribute_id, column};
use crate::error::{Error, Result};
use crate::plan::AttrId;
use crate::plan::functions::{CallContext, values_of};
use crate::plan::typed::{Typed, literal};

impl Expressions<'_> {
    /// The value of a query of one row.
    pub(super) fn only_value(&mut self, plan: LogicalPlan, value: Typed) -> Result<Typed> {
        if !is_correlated(&plan) {
            // One that HAVING drops is null. DataFusion takes the column's word for whether it can be.
            let Some(row) = RowQuery::of(&plan)? else { return Err(no_join()) };
            let value = if_kept(row.kept.map(column), value);
            let plan = projection(row.plan, vec![value.expr.alias(AttrId::fresh().to_string())])?;
            return Ok(Typed { expr: DfExpr::ScalarSubquery(subquery_of(plan)), nullable: true, ..value });
        }
        let (kept, mut values) = self.row_of(&plan, vec![value])?;
        let value = values.swap_remove(0);
        Ok(if_kept(kept, value))
    }

    /// Values of the one row that a query has for each row around it, and whether HAVING keeps it.
    pub(super) fn row_of(&mut self, plan: &LogicalPlan, values: Vec<Typed>) -> Result<(Option<DfExpr>, Vec<Typed>)> {
        let Some(row) = RowQuery::of(plan)? else { return Err(no_join()) };
        let found = AttrId::fresh();
        let mut made = vec![found];
        let mut list = vec![literal(ScalarValue::Boolean(Some(true))).expr.alias(found.to_string())];
        let mut read = |expr: DfExpr| {
            let id = AttrId::fresh();
            made.push(id);
            list.push(expr.clone().alias(id.to_string()));
            // A row that finds none has the values of no rows.
            let then = (Box::new(column(found).is_true()), Box::new(column(id)));
            Ok::<_, Error>(DfExpr::Case(Case::new(None, vec![then], Some(Box::new(row.of_none(expr)?)))))
        };
        let kept = row.kept.map(|kept| read(column(kept))).transpose()?;
        let values = values.into_iter().map(|value| Ok(Typed { expr: read(value.expr)?, nullable: true, ..value }));
        let values = values.collect::<Result<_>>()?;
        list.extend(row.keys.iter().map(|comparison| column(comparison.key)));
        self.join(KeyedQuery { plan: projection(row.plan, list)?, keys: row.keys }, made)?;
        Ok((kept, values))
    }

    /// Whether a query has rows, for each row around it or at all.
    pub(super) fn has_rows(&mut self, plan: LogicalPlan) -> Result<Typed> {
        if !is_correlated(&plan) {
            // It counts no more than one.
            let plan = LogicalPlanBuilder::from(plan).limit(0, Some(1))?.build()?;
            let (one, rows) = (literal(ScalarValue::Int64(Some(1))).expr, AttrId::fresh());
            let count = AggregateFunction::new_udf(count_udaf(), vec![one], false, None, Vec::new(), None);
            let count = DfExpr::AggregateFunction(count).alias(rows.to_string());
            let plan = LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(plan), Vec::new(), vec![count])?);
            let any = column(rows).gt(DfExpr::Literal(ScalarValue::Int64(Some(0)), None));
            return self.only_value(plan, Typed { expr: any, ..boolean() });
        }
        let Some(KeyedQuery { plan, keys }) = by_keys(plan)? else { return Err(no_join()) };
        let found = AttrId::fresh();
        let columns = keys.iter().map(|comparison| column(comparison.key)).collect();
        let grouped = LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(plan), columns, Vec::new())?);
        let mut list: Vec<_> = grouped.schema().columns().into_iter().map(DfExpr::Column).collect();
        list.push(literal(ScalarValue::Boolean(Some(true))).expr.alias(found.to_string()));
        self.join(KeyedQuery { plan: projection(grouped, list)?, keys }, vec![found])?;
        Ok(Typed { expr: column(found).is_true(), nullable: false, ..boolean() })
    }

    /// Puts a query beside the rows around it.
    fn join(&mut self, query: KeyedQuery, made: Vec<AttrId>) -> Result<()> {
        let KeyedQuery { plan, mut keys } = query;
        for comparison in &mut keys {
            comparison.around = substitute(comparison.around.clone(), &|node| match node {
                DfExpr::OuterReferenceColumn(_, found) => {
                    let id = attribute_id(found)?;
                    let output = self.outputs.iter().find(|(output, _)| *output == id);
                    Some(output.map_or_else(|| column(id), |(_, expr)| expr.clone()))
                }
                _ => None,
            })?;
        }
        let pending = match (self.place, &mut self.aggregates) {
            (ExpressionPlace::BelowGroup, Some(aggregates)) => &mut aggregates.below,
            _ => &mut self.pending,
        };
        pending.queries.push(QueryJoin { plan, keys, made });
        Ok(())
    }

    /// Whether a query of one row has it, which HAVING may drop.
    pub(super) fn row_is_there(&mut self, plan: LogicalPlan) -> Result<Typed> {
        let yes = literal(ScalarValue::Boolean(Some(true)));
        let is_there = if is_correlated(&plan) {
            let (kept, _) = self.row_of(&plan, Vec::new())?;
            kept.map_or_else(|| yes.clone(), |expr| Typed { expr, ..boolean() })
        } else {
            self.only_value(plan, yes)?
        };
        self.true_or_not(is_there)
    }

    /// The values of a query's column, as a list.
    pub(super) fn listed(&mut self, plan: LogicalPlan, value: Typed) -> Result<Typed> {
        let id = AttrId::fresh();
        let all = values_of(&self.context(), value);
        let values = vec![all.expr.alias(id.to_string())];
        let plan = LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(plan), Vec::new(), values)?);
        self.only_value(plan, Typed { expr: column(id), data_type: all.data_type, nullable: true })
    }

    /// A condition that is false where it is not known.
    pub(super) fn true_or_not(&self, condition: Typed) -> Result<Typed> {
        if !condition.nullable {
            return Ok(condition);
        }
        let yes = literal(ScalarValue::Boolean(Some(true)));
        operators::compare("<=>", condition, yes, self.resolver.conf(), "")
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

/// A value of a row that HAVING may drop.
fn if_kept(kept: Option<DfExpr>, value: Typed) -> Typed {
    let Some(kept) = kept else { return value };
    let expr = DfExpr::Case(Case::new(None, vec![(Box::new(kept), Box::new(value.expr))], None));
    Typed { expr, nullable: true, ..value }
}

/// A condition that may be unknown.
pub(super) fn boolean() -> Typed {
    Typed { nullable: true, ..literal(ScalarValue::Boolean(None)) }
}
