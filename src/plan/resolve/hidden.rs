//! Columns that are no output and may be named: keys of a join, columns of files, and what a projection
//! left out.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use datafusion::common::{Column, JoinType};
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, Projection};

use super::scope::column;
use super::{Resolver, scope};
use crate::error::Result;
use crate::plan::{AttrId, Attribute, Resolved};
use crate::source::files::{FILE_COLUMN, INPUT_FILE};
use crate::types::name_case::NameCase;

/// Marks the key of the other side of `USING`: it is no output, but may still be named.
pub(super) const USING_KEY: &str = "firesteel.using";

pub(super) fn is_using_key(attribute: &Attribute) -> bool {
    attribute.metadata.contains_key(USING_KEY)
}

/// Whether the column says what file a row is from. Any operator may name it, as long as it is
/// below.
pub(super) fn is_of_file(attribute: &Attribute) -> bool {
    attribute.metadata.contains_key(FILE_COLUMN)
}

/// Whether the column is that of `input_file_name()`, which knows the file only while its rows are
/// read.
pub(super) fn is_input_file(attribute: &Attribute) -> bool {
    attribute.metadata.get(FILE_COLUMN).is_some_and(|which| which == INPUT_FILE)
}

/// The hidden attributes that a select list may name, too.
pub(super) fn named_anywhere(hidden: &[Attribute]) -> Vec<Attribute> {
    hidden.iter().filter(|attribute| is_using_key(attribute) || is_of_file(attribute)).cloned().collect()
}

/// The attributes that an operator above a projection may still name though it does not output
/// them: the input's, and those that it hides itself and has no others by the name of.
pub(super) fn hidden_below(input: &Resolved, output: &[Attribute], names: NameCase) -> Vec<Attribute> {
    let kept: HashSet<_> = output.iter().map(|attribute| attribute.id).collect();
    let replaced = |attribute: &Attribute| {
        let by_name = !is_using_key(attribute) && !is_of_file(attribute);
        by_name && input.output.iter().any(|other| names.same(&other.name, &attribute.name))
    };
    let hidden = input.hidden.iter().filter(|attribute| !replaced(attribute));
    input.output.iter().chain(hidden).filter(|attribute| !kept.contains(&attribute.id)).cloned().collect()
}

impl Resolver<'_> {
    /// The input with columns that a projection dropped, so that an operator above may read them.
    /// They are no output.
    pub(super) fn expose(&self, input: Resolved, ids: &[AttrId]) -> Result<Resolved> {
        if ids.is_empty() {
            return Ok(input);
        }
        match exposed(&input.plan, ids)? {
            Some(plan) => Ok(Resolved { plan, ..input }),
            None => {
                let name = input
                    .hidden
                    .iter()
                    .find(|attribute| ids.contains(&attribute.id))
                    .map_or_else(String::new, |a| a.name.clone());
                Err(scope::unresolved(&[name], &input.output))
            }
        }
    }
}

fn exposed(plan: &LogicalPlan, ids: &[AttrId]) -> Result<Option<LogicalPlan>> {
    let missing: Vec<_> = ids
        .iter()
        .copied()
        .filter(|id| plan.schema().index_of_column(&Column::from_name(id.to_string())).is_err())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if missing.is_empty() {
        return Ok(Some(plan.clone()));
    }
    match plan {
        LogicalPlan::Projection(projection) => {
            let Some(input) = exposed(&projection.input, &missing)? else { return Ok(None) };
            let mut expressions = projection.expr.clone();
            // A scan qualifies its columns, and names above have no qualifier.
            let schema = Arc::clone(input.schema());
            let own = |id: AttrId| {
                let found = schema.qualified_field_with_unqualified_name(&id.to_string());
                found.map_or_else(|_| column(id), |found| DfExpr::Column(Column::from(found)).alias(id.to_string()))
            };
            expressions.extend(missing.into_iter().map(own));
            Ok(Some(LogicalPlan::Projection(Projection::try_new(expressions, Arc::new(input))?)))
        }
        LogicalPlan::Join(join) => {
            let mut sides = vec![join.left.as_ref().clone(), join.right.as_ref().clone()];
            // A semi join has the columns of its left side.
            let shown = if matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti) { 1 } else { 2 };
            for id in missing {
                let mut found = false;
                for side in sides.iter_mut().take(shown) {
                    if let Some(more) = exposed(side, &[id])? {
                        *side = more;
                        found = true;
                        break;
                    }
                }
                if !found {
                    return Ok(None);
                }
            }
            Ok(Some(plan.with_new_exprs(plan.expressions(), sides)?))
        }
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Repartition(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Extension(_) => {
            let inputs = plan.inputs();
            let [input] = inputs.as_slice() else { return Ok(None) };
            let Some(input) = exposed(input, &missing)? else { return Ok(None) };
            Ok(Some(plan.with_new_exprs(plan.expressions(), vec![input])?))
        }
        _ => Ok(None),
    }
}
