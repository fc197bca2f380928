//! GROUP BY: keys, ROLLUP, CUBE and GROUPING SETS, and what several of them make together.

use sqlparser::ast::{self, GroupByExpr, GroupByWithModifier};

use super::{Sql, syntax_at, unsupported};
use crate::error::Result;
use crate::plan::grouping_sets::{KeySet, cubed, rolled_up};
use crate::plan::limits::checked_grouping_sets;
use crate::plan::tree::{Expr, Grouping};

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
            Some(GroupByWithModifier::Rollup) => Ok(Some(Grouping::rollup(self.exprs(items)?))),
            Some(GroupByWithModifier::Cube) => Grouping::cube(self.exprs(items)?).map(Some),
            Some(GroupByWithModifier::GroupingSets(sets)) => {
                let mut keys = self.exprs(items)?;
                Ok(Some(Grouping::Sets { sets: self.sets(sets, &mut keys)?, keys }))
            }
            Some(other) => Err(unsupported("this GROUP BY", &other)),
        }
    }

    /// What items make together: each set of one with each set of the others.
    fn together(&self, items: Vec<ast::Expr>) -> Result<Grouping> {
        let has_sets = |item: &ast::Expr| match item {
            ast::Expr::Function(call) => SetsCall::of(call).is_some(),
            item => matches!(item, ast::Expr::GroupingSets(_)),
        };
        let is_nothing = |item: &ast::Expr| matches!(item, ast::Expr::Tuple(none) if none.is_empty());
        if !items.iter().any(|item| has_sets(item) || is_nothing(item)) {
            return Ok(Grouping::By(self.exprs(items)?));
        }
        let (mut keys, mut all) = (Vec::new(), vec![KeySet::new()]);
        for item in items {
            let sets = self.sets(item, &mut keys)?;
            checked_grouping_sets(all.len().saturating_mul(sets.len()))?;
            all = all.iter().flat_map(|begun| sets.iter().map(|set| [begun.as_slice(), set].concat())).collect();
        }
        Ok(Grouping::Sets { keys, sets: all })
    }

    /// The sets of one item, whose keys come behind those that are there: a key is a set of its own.
    fn sets(&self, item: ast::Expr, keys: &mut Vec<Expr>) -> Result<Vec<KeySet>> {
        match item {
            ast::Expr::GroupingSets(sets) => {
                let sets = sets.into_iter().map(|mut set| match set.pop() {
                    Some(only) if set.is_empty() => self.sets(only, keys),
                    last => Ok(vec![self.set(set.into_iter().chain(last), keys)?]),
                });
                Ok(sets.collect::<Result<Vec<_>>>()?.concat())
            }
            ast::Expr::Function(ref call) => match SetsCall::of(call) {
                Some(SetsCall { parts, .. }) if parts.is_empty() => Err(syntax_at("')'", "")),
                Some(SetsCall { parts, cube }) => {
                    let parts = parts.into_iter().map(|part| self.set(part, keys)).collect::<Result<Vec<_>>>()?;
                    if cube { cubed(&parts) } else { Ok(rolled_up(&parts)) }
                }
                None => Ok(vec![self.set([item], keys)?]),
            },
            ast::Expr::Tuple(none) if none.is_empty() => Err(syntax_at("')'", "")),
            key => Ok(vec![self.set([key], keys)?]),
        }
    }

    fn set(&self, set: impl IntoIterator<Item = ast::Expr>, keys: &mut Vec<Expr>) -> Result<KeySet> {
        let begin = keys.len();
        keys.extend(self.exprs(set)?);
        Ok((begin..keys.len()).collect())
    }
}

/// ROLLUP or CUBE, which are read as calls, over keys and keys in parentheses that stay together.
struct SetsCall {
    parts: Vec<Vec<ast::Expr>>,
    cube: bool,
}

impl SetsCall {
    fn of(call: &ast::Function) -> Option<Self> {
        let cube = match call.name.to_string().to_lowercase().as_str() {
            "rollup" => false,
            "cube" => true,
            _ => return None,
        };
        let ast::FunctionArguments::List(list) = &call.args else { return None };
        let part = |argument: &ast::FunctionArg| match argument {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Tuple(several))) => Some(several.clone()),
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(one)) => Some(vec![one.clone()]),
            _ => None,
        };
        Some(Self { parts: list.args.iter().map(part).collect::<Option<_>>()?, cube })
    }
}
