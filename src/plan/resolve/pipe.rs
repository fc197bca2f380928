//! `|> EXTEND`, `|> SET`, `|> DROP`, `|> AGGREGATE`.

use std::collections::HashSet;

use datafusion::common::ScalarValue;

use super::Resolver;
use super::aggregate::{AggregateRequest, has_aggregate};
use super::hidden::named_anywhere;
use super::scope::Scope;
use super::star::misplaced_star;
use crate::error::{Error, Result, condition};
use crate::plan::Resolved;
use crate::plan::tree::{Expr, Grouping, PipedOperator};

impl Resolver<'_> {
    pub(super) fn piped(&self, input: Resolved, operator: &PipedOperator) -> Result<Resolved> {
        match operator {
            PipedOperator::Rows => Ok(Resolved { hidden: named_anywhere(&input.hidden), ..input }),
            PipedOperator::Extend(list) => {
                list.iter().try_for_each(|item| check_row(item, "EXTEND"))?;
                let list: Vec<_> = std::iter::once(&Expr::Star(Vec::new())).chain(list).cloned().collect();
                self.project(input, &list)
            }
            PipedOperator::Set(list) => list.iter().try_fold(input, |input, item| self.set_column(input, item)),
            PipedOperator::Drop(columns) => self.drop_named(input, columns),
            PipedOperator::Aggregate { keys, outputs } => {
                outputs.iter().try_for_each(check_aggregate)?;
                let keys = keys.iter().map(|key| self.piped_key(key, &input)).collect::<Result<_>>()?;
                let keys = Grouping::By(keys);
                let request = AggregateRequest { keys: &keys, outputs, with_keys: true, having: None, order: &[] };
                self.aggregate(input, &request).map(|grouped| grouped.resolved)
            }
        }
    }

    /// The input with another value in a column that is there.
    fn set_column(&self, input: Resolved, item: &Expr) -> Result<Resolved> {
        check_row(item, "SET")?;
        let Expr::Alias { input: value, names, .. } = item else { return Err(Error::internal("a SET without a name")) };
        let name = names.first().cloned().unwrap_or_default();
        let scope = Scope { attributes: &input.output, names: self.conf().name_case() };
        if scope.find(std::slice::from_ref(&name))?.is_none() {
            return Err(scope.unresolved(&[name]));
        }
        self.with_columns(input, &[(name, value.as_ref().clone())])
    }

    /// A key, or the input's column at the place that it gives as a number.
    fn piped_key(&self, key: &Expr, input: &Resolved) -> Result<Expr> {
        let Expr::Literal(ScalarValue::Int32(Some(place))) = key else { return Ok(key.clone()) };
        if !self.conf().group_by_ordinal() {
            return Ok(key.clone());
        }
        let index = usize::try_from(*place).ok().and_then(|place| place.checked_sub(1));
        let attribute = index.and_then(|index| input.output.get(index)).ok_or_else(|| {
            Error::of(condition::GROUP_BY_POS_OUT_OF_RANGE).with("index", place).with("size", input.output.len())
        })?;
        Ok(Expr::Attribute(attribute.id, attribute.name.clone()))
    }

    /// The input without columns that must be there.
    fn drop_named(&self, input: Resolved, columns: &[Expr]) -> Result<Resolved> {
        let scope = Scope { attributes: &input.output, names: self.conf().name_case() };
        let (mut dropped, mut shown) = (Vec::new(), Vec::new());
        for column in columns {
            let Expr::Column(parts) = column else {
                return Err(Error::unsupported("|> DROP takes names of columns"));
            };
            let found = scope.find(parts)?.filter(|found| found.fields.is_empty());
            let attribute = found.ok_or_else(|| scope.unresolved(parts))?.attribute;
            dropped.push(Expr::Attribute(attribute.id, attribute.name.clone()));
            shown.push((attribute.id, parts.join(".")));
        }
        let mut seen = HashSet::new();
        if !shown.iter().all(|(id, _)| seen.insert(*id)) {
            let columns: Vec<_> = shown.into_iter().map(|(_, name)| name).collect();
            return Err(Error::of(condition::EXCEPT_OVERLAPPING_COLUMNS).with("columns", columns.join(", ")));
        }
        self.drop_columns(input, &dropped)
    }
}

/// An error for an expression over more than one row.
fn check_row(item: &Expr, clause: &str) -> Result<()> {
    if is_star(item) {
        return Err(misplaced_star("a pipe's expression"));
    }
    if has_aggregate(item) {
        return Err(Error::of(condition::PIPE_OPERATOR_CONTAINS_AGGREGATE_FUNCTION).with("clause", clause));
    }
    Ok(())
}

/// An error for an expression without an aggregate function.
fn check_aggregate(item: &Expr) -> Result<()> {
    if is_star(item) {
        return Err(misplaced_star("a pipe's expression"));
    }
    if has_aggregate(item) { Ok(()) } else { Err(Error::of(condition::PIPE_OPERATOR_WITHOUT_AGGREGATE_FUNCTION)) }
}

fn is_star(item: &Expr) -> bool {
    matches!(item, Expr::Star(_) | Expr::StarExcept { .. })
}
