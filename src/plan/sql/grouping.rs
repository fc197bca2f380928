//! GROUP BY: keys, ROLLUP, CUBE and GROUPING SETS, and what several of them make together.

use sqlparser::ast::{self, GroupByExpr, GroupByWithModifier};

use super::{Sql, syntax_at, unsupported};
use crate::error::Result;
use crate::plan::limits::{checked_cube, checked_grouping_sets};
use crate::plan::tree::{Expr, Grouping};

/// Keys that are grouped by together.
type KeySet = Vec<Expr>;

impl Sql {
    /// `GROUP BY …`, or the one group that HAVING alone makes.
    pub(super) fn grouping(&self, group_by: GroupByExpr, having: bool) -> Result<Option<Grouping>> {
        let (items, modifiers) = match group_by {
            GroupByExpr::All(modifiers) if modifiers.is_empty() => return Ok(Some(Grouping::All)),
            GroupByExpr::All(_) => return Err(unsupported("GROUP BY ALL with a modifier", &"")),
            GroupByExpr::Expressions(items, modifiers) => (items, modifiers),
        };
        if items.is_empty() {
            return Ok(having.then(|| Grouping::By(Vec::new())));
        }
        match modifiers.into_iter().next() {
            None => self.together(items).map(Some),
            Some(GroupByWithModifier::Rollup) => Ok(Some(Grouping::Rollup(self.exprs(items)?))),
            Some(GroupByWithModifier::Cube) => Ok(Some(Grouping::Cube(self.exprs(items)?))),
            Some(GroupByWithModifier::GroupingSets(sets)) => {
                Ok(Some(Grouping::Sets { keys: self.exprs(items)?, sets: self.sets(sets)? }))
            }
            Some(other) => Err(unsupported("this GROUP BY", &other)),
        }
    }

    /// What items make together: each set of one with each set of the others.
    fn together(&self, items: Vec<ast::Expr>) -> Result<Grouping> {
        let has_sets =
            |item: &ast::Expr| matches!(item, ast::Expr::Rollup(_) | ast::Expr::Cube(_) | ast::Expr::GroupingSets(_));
        let is_nothing = |item: &ast::Expr| matches!(item, ast::Expr::Tuple(none) if none.is_empty());
        if !items.iter().any(|item| has_sets(item) || is_nothing(item)) {
            return Ok(Grouping::By(self.exprs(items)?));
        }
        let mut all = vec![KeySet::new()];
        for item in items {
            let sets = self.sets(item)?;
            checked_grouping_sets(all.len().saturating_mul(sets.len()))?;
            all = all.iter().flat_map(|begun| sets.iter().map(|set| [begun.as_slice(), set].concat())).collect();
        }
        Ok(Grouping::Sets { keys: Vec::new(), sets: all })
    }

    /// The sets of one item: a key is a set of its own.
    fn sets(&self, item: ast::Expr) -> Result<Vec<KeySet>> {
        match item {
            ast::Expr::Rollup(parts) => Ok(rolled_up(&self.parts(parts)?)),
            ast::Expr::Cube(parts) => cubed(&self.parts(parts)?),
            ast::Expr::GroupingSets(sets) => {
                let sets = sets.into_iter().map(|mut set| match set.pop() {
                    Some(only) if set.is_empty() => self.sets(only),
                    last => Ok(vec![self.exprs(set.into_iter().chain(last))?]),
                });
                Ok(sets.collect::<Result<Vec<_>>>()?.concat())
            }
            // In GROUPING SETS the parser takes them for functions.
            ast::Expr::Function(ref call) => match (call.name.to_string().to_lowercase().as_str(), arguments(call)) {
                ("rollup", Some(parts)) => self.sets(ast::Expr::Rollup(parts)),
                ("cube", Some(parts)) => self.sets(ast::Expr::Cube(parts)),
                _ => Ok(vec![vec![self.expr(item)?]]),
            },
            ast::Expr::Tuple(none) if none.is_empty() => Err(syntax_at("')'", "")),
            key => Ok(vec![vec![self.expr(key)?]]),
        }
    }

    /// What a ROLLUP or CUBE is over: keys, and several in parentheses that stay together.
    fn parts(&self, parts: Vec<Vec<ast::Expr>>) -> Result<Vec<KeySet>> {
        parts.into_iter().map(|part| self.exprs(part)).collect()
    }
}

fn rolled_up(parts: &[KeySet]) -> Vec<KeySet> {
    (0..=parts.len()).rev().map(|kept| parts[..kept].concat()).collect()
}

/// Every choice of parts. The last one is left out first, as in Spark.
fn cubed(parts: &[KeySet]) -> Result<Vec<KeySet>> {
    let choices = checked_cube(parts.len())?;
    let left_out = |choice: usize, at: usize| choice & (1 << (parts.len() - 1 - at)) != 0;
    let set = |choice| {
        let kept = parts.iter().enumerate().filter(|(at, _)| !left_out(choice, *at));
        kept.flat_map(|(_, part)| part.clone()).collect()
    };
    Ok((0..choices).map(set).collect())
}

/// The arguments of a call; several in parentheses are one.
fn arguments(call: &ast::Function) -> Option<Vec<Vec<ast::Expr>>> {
    let ast::FunctionArguments::List(list) = &call.args else { return None };
    let argument = |argument: &ast::FunctionArg| match argument {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Tuple(several))) => Some(several.clone()),
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(one)) => Some(vec![one.clone()]),
        _ => None,
    };
    list.args.iter().map(argument).collect()
}
