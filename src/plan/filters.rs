//! DataFusion's rules for filters over projections, within bounds.
//!
//! They put what a column is computed from in the place of the column. Where columns are computed
//! from one another, each several times, a filter would multiply with each projection that it goes
//! through.

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, Projection};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// How many expressions a filter may hold below a projection, if it does not hold more above it.
const MOST: usize = 100;

pub type Rule = Arc<dyn OptimizerRule + Send + Sync>;

/// The rule, within bounds if it is one of those.
pub fn bounded(rule: Rule) -> Rule {
    let rewrite = match rule.name() {
        "push_down_filter" => push_down,
        "eliminate_outer_join" => look_through,
        _ => return rule,
    };
    Arc::new(BoundedRule { rule, rewrite })
}

#[derive(Debug)]
struct BoundedRule {
    rule: Rule,
    rewrite: fn(&Rule, Filter, &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>>,
}

impl OptimizerRule for BoundedRule {
    fn name(&self) -> &str {
        self.rule.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.rule.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Filter(filter) => (self.rewrite)(&self.rule, filter, config),
            other => self.rule.rewrite(other, config),
        }
    }
}

/// Conjuncts that stay small go below the projection, the others stay above it.
fn push_down(rule: &Rule, filter: Filter, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
    let below = match filter.input.as_ref() {
        LogicalPlan::Projection(below) => below,
        // The one row of an aggregation without keys is there whatever rows there are below.
        LogicalPlan::Aggregate(below) if below.group_expr.is_empty() => {
            return Ok(Transformed::no(LogicalPlan::Filter(filter)));
        }
        _ => return rule.rewrite(LogicalPlan::Filter(filter), config),
    };
    let conjuncts = split_conjunction_owned(filter.predicate.clone());
    let (small, large): (Vec<_>, Vec<_>) = conjuncts.into_iter().partition(|expr| stays_small(expr, below));
    let Some(stays) = conjunction(large) else { return rule.rewrite(LogicalPlan::Filter(filter), config) };
    let Some(goes) = conjunction(small) else { return Ok(Transformed::no(LogicalPlan::Filter(filter))) };
    let gone = rule.rewrite(LogicalPlan::Filter(Filter::try_new(goes, filter.input)?), config)?;
    Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(stays, Arc::new(gone.data))?)))
}

/// The rule looks through all projections below the filter.
fn look_through(rule: &Rule, filter: Filter, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
    let (mut predicate, mut input) = (filter.predicate.clone(), filter.input.as_ref());
    while let LogicalPlan::Projection(below) = input {
        if !stays_small(&predicate, below) {
            return Ok(Transformed::no(LogicalPlan::Filter(filter)));
        }
        predicate = inlined(predicate, below)?;
        input = below.input.as_ref();
    }
    rule.rewrite(LogicalPlan::Filter(filter), config)
}

/// What a column is computed from.
fn computed<'p>(column: &Column, below: &'p Projection) -> Option<&'p Expr> {
    below.schema.index_of_column(column).ok().map(|at| &below.expr[at])
}

fn inlined(predicate: Expr, below: &Projection) -> Result<Expr> {
    let rewritten = predicate.transform_up(|node| {
        let Expr::Column(column) = node else { return Ok(Transformed::no(node)) };
        Ok(match computed(&column, below) {
            Some(expr) => Transformed::yes(expr.clone().unalias()),
            None => Transformed::no(Expr::Column(column)),
        })
    })?;
    Ok(rewritten.data)
}

/// Whether a filter stays small when what the projection computes stands in place of its columns.
fn stays_small(predicate: &Expr, below: &Projection) -> bool {
    let most = size(predicate, usize::MAX, &|_| 1).max(MOST);
    let inside = size(predicate, most, &|node| match node {
        Expr::Column(column) => computed(column, below).map_or(1, |expr| size(expr, most, &|_| 1)),
        _ => 1,
    });
    inside <= most
}

/// The sum over the expressions that one is made of, until it is more than `most`. A name is none.
fn size(expr: &Expr, most: usize, of: &dyn Fn(&Expr) -> usize) -> usize {
    let mut sum = 0;
    // Nothing in here fails.
    let _ = expr.apply(|node| {
        sum += if matches!(node, Expr::Alias(_)) { 0 } else { of(node) };
        Ok(if sum > most { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    sum
}
