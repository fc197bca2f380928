//! Filters: conjuncts that call a function stand above those that do not.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr as DfExpr, Filter, LogicalPlan};

use super::correlated::with_around;
use super::expression::{Clause, ExpressionPlace, Expressions, ResolvedValue};
use super::pending::{Pending, substitute};
use super::scope::{attribute_id, column};
use super::{Resolver, keep, operators, subquery};
use crate::config::Conf;
use crate::error::Result;
use crate::plan::Resolved;
use crate::plan::tree::Expr;
use crate::plan::typed::Typed;

impl Resolver<'_> {
    pub(super) fn filter(&self, input: Resolved, predicate: &Expr) -> Result<Resolved> {
        let (attributes, hidden) = (input.output.clone(), input.hidden.clone());
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Filter);
        expressions.hidden = &hidden;
        // Conjuncts without a call stay below the calls of the others.
        let mut plain = Vec::new();
        let mut calling = Vec::new();
        let mut pending = Pending::default();
        let mut queries = Vec::new();
        // Conjuncts share the calls that are equal: which column each conjunct's own call became.
        let mut ids = HashMap::new();
        let conjuncts = conjuncts(predicate);
        for conjunct in &conjuncts {
            let value = match subquery::condition(&mut expressions, conjunct)? {
                // An operator of its own, which becomes a join.
                Some(query) if expressions.pending.is_empty() => {
                    queries.push(query);
                    continue;
                }
                Some(query) => ResolvedValue::new(query, ""),
                None => expressions.condition(conjunct, Clause::Where, conjuncts.len() > 1)?,
            };
            let needed = std::mem::take(&mut expressions.pending);
            // What is drawn is drawn for every row that comes: a conjunct that stands behind takes
            // no row away before.
            let drawn = pending.calls.iter().any(|call| !call.function.deterministic());
            if needed.is_empty() && !drawn {
                plain.push(value.typed);
            } else {
                let renamed = |expr, ids: &HashMap<DfExpr, DfExpr>| substitute(expr, &|node| ids.get(node).cloned());
                // A call comes after those that its arguments read.
                for call in needed.calls {
                    let arguments =
                        call.arguments.into_iter().map(|argument| renamed(argument, &ids)).collect::<Result<_>>()?;
                    let id = pending.call(&call.function, arguments, call.field);
                    ids.insert(column(call.output), column(id));
                }
                for mut query in needed.queries {
                    for key in &mut query.keys {
                        key.around = renamed(key.around.clone(), &ids)?;
                    }
                    pending.queries.push(query);
                }
                let expr = renamed(value.typed.expr, &ids)?;
                let expr = with_around(expr, &|id| {
                    ids.get(&column(id)).and_then(|made| made.try_as_col()).and_then(attribute_id)
                })?;
                calling.push(Typed { expr, ..value.typed });
            }
        }
        let used = std::mem::take(&mut expressions.used_hidden);
        let resolver_conf = self.conf();
        drop(expressions);
        let output = input.output.clone();
        let input = self.expose(input, &used)?;
        let mut plan = input.plan.clone();
        plan = filtered(plan, plain, resolver_conf)?;
        for query in queries {
            plan = LogicalPlan::Filter(Filter::try_new(query.expr, Arc::new(plan))?);
        }
        if !calling.is_empty() {
            plan = filtered(pending.place(plan)?, calling, resolver_conf)?;
            plan = keep(plan, &output)?;
        } else if !used.is_empty() {
            plan = keep(plan, &output)?;
        }
        Ok(Resolved { plan, ..input })
    }
}

/// The parts of a conjunction.
pub(super) fn conjuncts(predicate: &Expr) -> Vec<&Expr> {
    match predicate {
        Expr::Call(call) if call.name.eq_ignore_ascii_case("and") || call.name == "&&" => {
            call.arguments.iter().flat_map(conjuncts).collect()
        }
        other => vec![other],
    }
}

/// A filter by all of `predicates`, from left to right where one can raise. Those that name columns
/// around the query come last, each alone: they are for a join.
pub(super) fn filtered(plan: LogicalPlan, predicates: Vec<Typed>, conf: &Conf) -> Result<LogicalPlan> {
    let (around, own): (Vec<_>, Vec<_>) = predicates.into_iter().partition(|one| one.expr.contains_outer());
    let own = operators::joined("and", own, conf, "AND")?.map(|all| all.expr);
    let around = conjunction(around.into_iter().map(|one| one.expr));
    own.into_iter()
        .chain(around)
        .try_fold(plan, |plan, predicate| Ok(LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(plan))?)))
}
