//! Orders: ORDER BY and SORT BY, and those of windows and of aggregates.

use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{LogicalPlan, Sort, SortExpr};

use super::aggregate::AggregateRequest;
use super::expression::{ExpressionPlace, Expressions, ResolvedValue};
use super::pending::Pending;
use super::{
    Resolver, generate, hidden::is_input_file, keep, lanes::lanes_of, operators, select, star::misplaced_star,
};
use crate::error::{Error, Result, condition};
use crate::plan::kernels::normalize::normalized;
use crate::plan::operators::lanes::LaneLayout;
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::{Expr, Grouping, Relation};
use crate::plan::typed::Typed;
use crate::plan::{Attribute, Resolved};

/// One item of an order.
pub struct OrderItem {
    pub value: ResolvedValue,
    pub ascending: bool,
    /// Whether nulls go first. Unless it is said, they are the least value; NaN is the greatest.
    nulls_first: bool,
}

/// An item of an order with its value.
pub fn item(expressions: &mut Expressions<'_>, item: &Expr) -> Result<OrderItem> {
    OrderItem::of(item, expressions.value(direction(item).0)?)
}

impl OrderItem {
    fn of(item: &Expr, value: ResolvedValue) -> Result<Self> {
        if operators::holds_map(&value.typed.data_type) {
            return Err(operators::unordered(&value.pretty, "sortorder", &value.typed.data_type));
        }
        let (_, ascending, nulls_first) = direction(item);
        Ok(Self { value, ascending, nulls_first: nulls_first.unwrap_or(ascending) })
    }

    /// What to sort by. A null inside a nested value is the least there, wherever values that are
    /// null go.
    pub fn keys(&self) -> Vec<(Typed, SortOptions)> {
        let value = normalized(self.value.typed.clone());
        let by = |value, nulls_first| (value, SortOptions { descending: !self.ascending, nulls_first });
        if self.nulls_first == self.ascending || !value.data_type.is_nested() {
            return vec![by(value, self.nulls_first)];
        }
        let is_null = operators::is_null(self.value.typed.clone());
        let nulls = SortOptions { descending: self.nulls_first, nulls_first: true };
        vec![(is_null, nulls), by(value, self.ascending)]
    }

    pub fn sorts(&self) -> Vec<SortExpr> {
        let sort = |(value, options): (Typed, SortOptions)| {
            SortExpr::new(value.expr, !options.descending, options.nulls_first)
        };
        self.keys().into_iter().map(sort).collect()
    }

    /// As Spark shows it.
    pub fn text(&self) -> String {
        let direction = if self.ascending { "ASC" } else { "DESC" };
        let nulls = if self.nulls_first { "FIRST" } else { "LAST" };
        format!("{} {direction} NULLS {nulls}", self.value.pretty)
    }
}

fn direction(item: &Expr) -> (&Expr, bool, Option<bool>) {
    match item {
        Expr::Sort { input, ascending, nulls_first } => (input, *ascending, *nulls_first),
        other => (other, true, None),
    }
}

impl Resolver<'_> {
    /// ORDER BY, which may name what its input does not output: aggregates, keys, columns below a
    /// projection.
    pub(super) fn sort(&self, input: &Relation, order: &[Expr], global: bool) -> Result<Resolved> {
        if let [item] = order
            && let Expr::Column(parts) = direction(item).0
            && let [all] = parts.as_slice()
            && global
            && all.eq_ignore_ascii_case("all")
        {
            return self.sort_by_all(self.relation(input)?, item);
        }
        if let Relation::Aggregate { input, keys, outputs, with_keys, having } = input
            && !generate::slides(outputs)
            && !matches!(keys, Grouping::By(keys) if generate::slides(keys))
        {
            let request = AggregateRequest { keys, outputs, with_keys: *with_keys, having: having.as_ref(), order };
            let grouped = self.aggregate(self.relation(input)?, &request)?;
            let items = order.iter().zip(grouped.order).map(|(item, value)| OrderItem::of(item, value));
            let sorts = items.map(|item| Ok(item?.sorts())).collect::<Result<Vec<_>>>()?.concat();
            return self.sorted(grouped.resolved, sorts, Pending::default(), true, global);
        }
        self.sort_rows(self.relation(input)?, order, global)
    }

    /// `ORDER BY ALL`: by every column, unless one is called so.
    fn sort_by_all(&self, input: Resolved, item: &Expr) -> Result<Resolved> {
        if input.output.iter().any(|attribute| self.same(&attribute.name, "all")) {
            return self.sort_rows(input, std::slice::from_ref(item), true);
        }
        let (_, ascending, nulls_first) = direction(item);
        let by = |attribute: &Attribute| Expr::Sort {
            input: Box::new(Expr::Attribute(attribute.id, attribute.name.clone())),
            ascending,
            nulls_first,
        };
        let order: Vec<_> = input.output.iter().map(by).collect();
        self.sort_rows(input, &order, true)
    }

    fn sort_rows(&self, input: Resolved, order: &[Expr], global: bool) -> Result<Resolved> {
        let (attributes, hidden) = (input.output.clone(), input.hidden.clone());
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Select);
        expressions.hidden = &hidden;
        let mut sorts = Vec::new();
        for item in order {
            let (inner, _, _) = direction(item);
            if inner.has_star() {
                return Err(misplaced_star("Sort"));
            }
            let value = match inner {
                Expr::Literal(ScalarValue::Int32(Some(position))) if self.conf().order_by_ordinal() => {
                    let attribute = &attributes[select::ordinal(*position, attributes.len())?];
                    expressions.value(&Expr::Attribute(attribute.id, attribute.name.clone()))?
                }
                inner => expressions.value(inner)?,
            };
            sorts.extend(OrderItem::of(item, value)?.sorts());
        }
        if !expressions.pending.queries.is_empty() {
            return Err(Error::of(condition::UNSUPPORTED_CORRELATED_SCALAR_SUBQUERY));
        }
        let used = std::mem::take(&mut expressions.used_hidden);
        let pending = std::mem::take(&mut expressions.pending);
        drop(expressions);
        let input = self.expose(input, &used)?;
        let has_more = !used.is_empty() || !pending.is_empty();
        self.sorted(input, sorts, pending, has_more, global)
    }

    fn sorted(
        &self,
        input: Resolved,
        sorts: Vec<SortExpr>,
        pending: Pending,
        has_more: bool,
        global: bool,
    ) -> Result<Resolved> {
        let plan = pending.place(input.plan.clone())?;
        let mut plan = if global {
            // The library's builder takes the expressions of an operator below for its columns.
            LogicalPlan::Sort(Sort { expr: sorts, input: Arc::new(plan), fetch: None })
        } else {
            lanes_of(plan, LaneLayout::Sorted(sorts))
        };
        if has_more {
            plan = keep(plan, &input.output)?;
        }
        let mut resolved = Resolved { plan, ..input };
        if global {
            resolved.hidden.retain(|attribute| !is_input_file(attribute));
        }
        resolved.note(StreamOperation::Sort);
        Ok(resolved)
    }
}
