//! Columns added, renamed and dropped.

use std::collections::HashSet;

use super::expression::{ExpressionPlace, Expressions};
use super::hidden::{hidden_below, named_anywhere};
use super::scope::Scope;
use super::select::SelectOutput;
use super::{Resolver, generate, join, keep};
use crate::error::{Error, ErrorKind, Result, condition};
use crate::plan::tree::Expr;
use crate::plan::{Attribute, Resolved};

/// A column of `withColumns`.
enum ColumnSlot<'e> {
    Kept(&'e Attribute),
    New(&'e Expr),
}

impl ColumnSlot<'_> {
    fn expr(self) -> Expr {
        match self {
            Self::Kept(attribute) => Expr::Attribute(attribute.id, attribute.name.clone()),
            Self::New(expr) => expr.clone(),
        }
    }
}

impl Resolver<'_> {
    pub(super) fn with_columns(&self, input: Resolved, columns: &[(String, Expr)]) -> Result<Resolved> {
        self.conf().name_case().refuse_repeated(columns.iter().map(|(name, _)| name.as_str()))?;
        let new = |(name, expr): &(String, Expr)| match expr {
            // A generator's alias is its own; metadata given by `alias(…, metadata=…)` stays.
            Expr::Alias { input, metadata: Some(metadata), .. } => {
                Expr::Alias { input: input.clone(), names: vec![name.clone()], metadata: Some(metadata.clone()) }
            }
            other => other.clone().alias(name.clone()),
        };
        let columns: Vec<_> = columns.iter().map(|column| (column.0.as_str(), new(column))).collect();
        let mut left: Vec<_> = columns.iter().collect();
        // Where the columns go: each over all of its name, or at the end.
        let mut list = Vec::with_capacity(input.output.len() + columns.len());
        for attribute in &input.output {
            let found = columns.iter().find(|(name, _)| self.same(name, &attribute.name));
            if let Some((name, _)) = found {
                left.retain(|(other, _)| other != name);
            }
            list.push(match found {
                Some((_, expr)) => ColumnSlot::New(expr),
                None => ColumnSlot::Kept(attribute),
            });
        }
        list.extend(left.into_iter().map(|(_, expr)| ColumnSlot::New(expr)));
        let generators: Vec<_> = columns.iter().map(|(_, expr)| expr.clone()).collect();
        if !generate::positions(&generators).is_empty() {
            let list: Vec<_> = list.into_iter().map(ColumnSlot::expr).collect();
            return self.project(input, &list);
        }
        let attributes = input.output.clone();
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Select);
        let anywhere = named_anywhere(&input.hidden);
        expressions.hidden = &anywhere;
        let mut outputs = Vec::with_capacity(list.len());
        for slot in list {
            match slot {
                ColumnSlot::Kept(attribute) => outputs.push(SelectOutput::kept(attribute)),
                ColumnSlot::New(expr) => {
                    self.outputs(&mut expressions, std::slice::from_ref(expr), &mut outputs)?;
                }
            }
        }
        expressions.settle(&mut outputs);
        let used = std::mem::take(&mut expressions.used_hidden);
        let pending = std::mem::take(&mut expressions.pending);
        drop(expressions);
        let input = self.expose(input, &used)?;
        self.put_together(input, outputs, pending)
    }

    pub(super) fn rename(&self, mut input: Resolved, names: &[(String, String)]) -> Result<Resolved> {
        let renamed: Vec<_> = names.iter().map(|(from, _)| from.clone()).collect();
        (input, _) = join::renewed(input, |attribute| renamed.iter().any(|name| self.same(&attribute.name, name)))?;
        for (from, to) in names {
            for attribute in input.output.iter_mut().filter(|attribute| self.same(&attribute.name, from)) {
                attribute.name.clone_from(to);
                attribute.qualifier.clear();
            }
        }
        Ok(input)
    }

    pub(super) fn rename_all(&self, mut input: Resolved, names: &[String]) -> Result<Resolved> {
        if names.len() != input.output.len() {
            return Err(Error::of(condition::ASSIGNMENT_ARITY_MISMATCH)
                .with("numExpr", input.output.len())
                .with("numTarget", names.len()));
        }
        (input, _) = join::renewed(input, |_| true)?;
        for (attribute, name) in input.output.iter_mut().zip(names) {
            attribute.name.clone_from(name);
        }
        Ok(input)
    }

    pub(super) fn drop_columns(&self, input: Resolved, columns: &[Expr]) -> Result<Resolved> {
        let scope = Scope { attributes: &input.output, names: self.conf().name_case() };
        let mut dropped = HashSet::new();
        for expr in columns {
            match expr {
                Expr::Attribute(id, _) => {
                    dropped.insert(*id);
                }
                // A name drops every column of that name; one that is not there drops nothing.
                Expr::Column(parts) => match parts.as_slice() {
                    [name] => dropped.extend(input.output.iter().filter(|a| self.same(&a.name, name)).map(|a| a.id)),
                    parts => dropped.extend(
                        scope.find(parts)?.filter(|found| found.fields.is_empty()).map(|found| found.attribute.id),
                    ),
                },
                other => {
                    return Err(Error::new(ErrorKind::Analysis, format!("drop takes columns, found {other:?}")));
                }
            }
        }
        let output: Vec<_> =
            input.output.iter().filter(|attribute| !dropped.contains(&attribute.id)).cloned().collect();
        let hidden = hidden_below(&input, &output, self.conf().name_case());
        let plan = keep(input.plan.clone(), &output)?;
        Ok(Resolved { plan, output, hidden, ..input })
    }
}
