//! Select lists: stars spelled out, names given, one generator at most.

use std::collections::{HashMap, HashSet};

use super::expression::{ExpressionPlace, Expressions, ResolvedValue};
use super::pending::named;
use super::{Resolver, generate};
use crate::error::{Error, Result, condition};
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::Expr;
use crate::plan::{AttrId, Attribute, Resolved};
use crate::types::METADATA_KEY;

/// One output of a select list.
#[derive(Clone, Debug)]
pub struct SelectOutput {
    pub value: ResolvedValue,
    pub name: String,
    pub metadata: Option<String>,
}

impl SelectOutput {
    /// An output under its own name, or under an alias.
    pub fn of(value: ResolvedValue, alias: Option<(String, Option<String>)>) -> Self {
        match alias {
            Some((name, metadata)) => Self { value: ResolvedValue { attribute: None, ..value }, name, metadata },
            None => Self { name: value.output_name(), value, metadata: None },
        }
    }

    /// An attribute as it is.
    pub fn kept(attribute: &Attribute) -> Self {
        let value = super::expression::attribute_value(attribute, &attribute.name);
        Self { value, name: attribute.name.clone(), metadata: None }
    }

    /// The attribute of this output: an attribute that is passed on stays what it is, unless it was
    /// taken already.
    pub fn attribute(&self, taken: &mut HashSet<AttrId>) -> Attribute {
        let typed = &self.value.typed;
        let mut attribute = match &self.value.attribute {
            Some(attribute) => Attribute { name: self.name.clone(), ..attribute.clone() },
            None => {
                let mut made = Attribute::new(self.name.clone(), typed.data_type.clone(), typed.nullable);
                made.metadata.extend(self.value.metadata.iter().map(|text| (METADATA_KEY.to_owned(), text.clone())));
                made
            }
        };
        if !taken.insert(attribute.id) {
            attribute = attribute.again();
            taken.insert(attribute.id);
        }
        if let Some(metadata) = &self.metadata {
            attribute.metadata = HashMap::from([(METADATA_KEY.to_owned(), metadata.clone())]);
        }
        attribute
    }
}

/// The output that a position in ORDER BY means.
pub fn ordinal(position: i32, outputs: usize) -> Result<usize> {
    usize::try_from(position)
        .ok()
        .and_then(|position| position.checked_sub(1))
        .filter(|index| *index < outputs)
        .ok_or_else(|| Error::of(condition::ORDER_BY_POS_OUT_OF_RANGE).with("index", position).with("size", outputs))
}

impl Resolver<'_> {
    /// A select list without generators.
    pub fn outputs(
        &self,
        expressions: &mut Expressions<'_>,
        list: &[Expr],
        outputs: &mut Vec<SelectOutput>,
    ) -> Result<()> {
        for expr in list {
            if let Some(columns) = expressions.spread(expr)? {
                outputs.extend(columns.into_iter().map(|column| SelectOutput::of(column, None)));
                continue;
            }
            match expr {
                Expr::Alias { input, names, metadata } => {
                    let value = expressions.value(input)?;
                    let [name] = names.as_slice() else {
                        return Err(Error::of(condition::MULTI_ALIAS_WITHOUT_GENERATOR)
                            .with("expr", format!("\"{}\"", value.pretty))
                            .with("names", names.join(", ")));
                    };
                    // A name given here may be used further on, if no column is called so.
                    expressions.given.push((outputs.len(), expressions.aliases.len()));
                    expressions.aliases.push((name.clone(), value.clone()));
                    let kept = metadata.clone().or_else(|| value.metadata().cloned());
                    outputs.push(SelectOutput::of(value, Some((name.clone(), kept))));
                }
                other => outputs.push(SelectOutput::of(expressions.value(other)?, None)),
            }
        }
        Ok(())
    }

    /// `SELECT list FROM input`, without grouping.
    pub fn project(&self, input: Resolved, list: &[Expr]) -> Result<Resolved> {
        let generators = generate::positions(list);
        if !generators.is_empty() {
            return self.project_generated(input, list, &generators);
        }
        let (attributes, hidden) = (input.output.clone(), input.hidden.clone());
        let anywhere = super::hidden::named_anywhere(&hidden);
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Select);
        expressions.hidden = &anywhere;
        let mut outputs = Vec::with_capacity(list.len());
        self.outputs(&mut expressions, list, &mut outputs)?;
        expressions.settle(&mut outputs);
        let used = std::mem::take(&mut expressions.used_hidden);
        let pending = std::mem::take(&mut expressions.pending);
        drop(expressions);
        let input = self.expose(input, &used)?;
        self.put_together(input, outputs, pending)
    }

    /// The outputs over the input, with what they need between.
    pub fn put_together(
        &self,
        input: Resolved,
        outputs: Vec<SelectOutput>,
        pending: super::pending::Pending,
    ) -> Result<Resolved> {
        let windows = !pending.windows.is_empty();
        let plan = pending.place(input.plan.clone())?;
        let mut taken = HashSet::new();
        let (mut attributes, mut projection) = (Vec::new(), Vec::new());
        for output in outputs {
            let attribute = output.attribute(&mut taken);
            projection.push(named(output.value.typed.expr, attribute.id));
            attributes.push(attribute);
        }
        let hidden = super::hidden::hidden_below(&input, &attributes, self.conf().name_case());
        let plan = self.projection(plan, projection)?;
        let mut resolved = Resolved { plan, output: attributes, hidden, ..input };
        if windows {
            resolved.note(StreamOperation::NonTimeWindow);
        }
        Ok(resolved)
    }
}
