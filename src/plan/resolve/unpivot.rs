//! `UNPIVOT`: a row becomes one for each of some of its columns.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

use super::Resolver;
use super::coerce::common_of;
use super::expression::{ExpressionPlace, Expressions, ResolvedValue};
use crate::error::{Error, Result, condition};
use crate::plan::tree::{Expr, UnpivotColumns, UnpivotGroup, UnpivotNulls};
use crate::plan::{AttrId, Attribute, Resolved};
use crate::types::sql_name;

impl Resolver<'_> {
    pub(super) fn unpivot(&self, input: Resolved, columns: &UnpivotColumns) -> Result<Resolved> {
        let given = match &columns.groups {
            Some(groups) => self.spelled_out(&input, groups)?,
            None => self.all_but(&input, columns.ids.as_deref().unwrap_or_default())?,
        };
        if given.is_empty() {
            return Err(Error::of(condition::UNPIVOT_REQUIRES_VALUE_COLUMNS));
        }
        let attributes = input.output.clone();
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Row);
        let mut groups = Vec::new();
        for group in &given {
            let values = group.columns.iter().map(|column| expressions.value(column)).collect::<Result<Vec<_>>>()?;
            if values.len() != columns.values.len() {
                return Err(Error::of(condition::UNPIVOT_VALUE_SIZE_MISMATCH).with("names", columns.values.len()));
            }
            groups.push(values);
        }
        drop(expressions);
        for place in 0..columns.values.len() {
            self.check_common_type(groups.iter().map(|values| &values[place]))?;
        }
        // Columns as they are before the new ones, which may have their names.
        let ids = match &columns.ids {
            Some(ids) => self.attributes(&input, ids)?,
            None => others(&attributes, &groups)?,
        };

        let count = i32::try_from(groups.len()).map_err(|_| Error::illegal("an UNPIVOT of more than 2^31 columns"))?;
        let mut cells = vec![Expr::Literal(ScalarValue::Int32(Some(count)))];
        for (group, values) in given.into_iter().zip(&groups) {
            let label = group
                .label
                .unwrap_or_else(|| values.iter().map(ResolvedValue::output_name).collect::<Vec<_>>().join("_"));
            cells.push(Expr::Literal(ScalarValue::Utf8(Some(label))));
            cells.extend(group.columns);
        }
        let names: Vec<_> = std::iter::once(&columns.label).chain(&columns.values).cloned().collect();
        let Expr::Call(stack) = Expr::call("stack", cells) else { return Err(Error::internal("a call")) };
        let (made, stacked) = self.generate(input, &stack, &names, false)?;
        let own = &stacked.output[stacked.output.len() - made..];
        let list: Vec<_> = ids.into_iter().chain(own.iter().map(of)).collect();
        let rows = self.project(stacked, &list)?;
        match columns.nulls {
            UnpivotNulls::Included => Ok(rows),
            UnpivotNulls::Excluded => {
                let values = columns.values.iter().map(|name| Expr::column([name])).collect();
                let some = Expr::operator("isnotnull", vec![Expr::call("coalesce", values)]);
                self.filter(rows, &some)
            }
        }
    }

    /// Groups of one column where a star stands for several.
    fn spelled_out(&self, input: &Resolved, groups: &[UnpivotGroup]) -> Result<Vec<UnpivotGroup>> {
        let mut spelled = Vec::with_capacity(groups.len());
        for group in groups {
            match group.columns.as_slice() {
                [star @ (Expr::Star(_) | Expr::StarExcept { .. })] => {
                    let columns = self.attributes(input, std::slice::from_ref(star))?;
                    spelled
                        .extend(columns.into_iter().map(|column| UnpivotGroup { columns: vec![column], label: None }));
                }
                _ => spelled.push(group.clone()),
            }
        }
        Ok(spelled)
    }

    /// Expressions with stars spelled out, and each of the input's columns by its id.
    fn attributes(&self, input: &Resolved, list: &[Expr]) -> Result<Vec<Expr>> {
        let attributes = &input.output;
        let mut expressions = Expressions::new(self, attributes, ExpressionPlace::Row);
        let mut found = Vec::with_capacity(list.len());
        for expr in list {
            let values = match expressions.spread(expr)? {
                Some(values) => values,
                None => vec![expressions.value(expr)?],
            };
            found.extend(values.iter().map(|value| value.attribute.as_ref().map_or_else(|| expr.clone(), of)));
        }
        Ok(found)
    }

    /// Each column that is not among `ids`, as a row of its own.
    fn all_but(&self, input: &Resolved, ids: &[Expr]) -> Result<Vec<UnpivotGroup>> {
        let attributes = &input.output;
        let mut expressions = Expressions::new(self, attributes, ExpressionPlace::Row);
        let mut kept: Vec<AttrId> = Vec::new();
        for id in ids {
            kept.extend(expressions.value(id)?.attribute.map(|attribute| attribute.id));
        }
        let others = attributes.iter().filter(|attribute| !kept.contains(&attribute.id));
        Ok(others.map(|attribute| UnpivotGroup { columns: vec![of(attribute)], label: None }).collect())
    }

    /// An error unless one type holds all of the values. That texts hold every value does not
    /// count.
    fn check_common_type<'v>(&self, values: impl Iterator<Item = &'v ResolvedValue> + Clone) -> Result<()> {
        let types = values.clone().map(|value| &value.typed.data_type);
        let is_text = |data_type: &&DataType| **data_type == DataType::Utf8;
        let known = types.clone().filter(|data_type| **data_type != DataType::Null);
        let mixed =
            known.clone().any(|data_type| is_text(&data_type)) && !known.clone().all(|data_type| is_text(&data_type));
        if !mixed && common_of(types, self.conf().ansi()).is_some() {
            return Ok(());
        }
        let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for value in values {
            let names = columns.entry(sql_name(&value.typed.data_type)).or_default();
            names.push(format!("`{}`", value.output_name()));
        }
        let shown = columns.iter().map(|(data_type, names)| format!("\"{data_type}\" ({})", names.join(", ")));
        Err(Error::of(condition::UNPIVOT_VALUE_DATA_TYPE_MISMATCH).with("types", shown.collect::<Vec<_>>().join(", ")))
    }
}

fn of(attribute: &Attribute) -> Expr {
    Expr::Attribute(attribute.id, attribute.name.clone())
}

/// The columns that are in none of the groups, which must be columns themselves.
fn others(attributes: &[Attribute], groups: &[Vec<ResolvedValue>]) -> Result<Vec<Expr>> {
    let mut turned = Vec::new();
    for value in groups.iter().flatten() {
        let Some(attribute) = &value.attribute else {
            return Err(Error::of(condition::UNPIVOT_REQUIRES_ATTRIBUTES)
                .with("given", "value")
                .with("empty", "id")
                .with("expressions", format!("\"{}\"", value.pretty)));
        };
        turned.push(attribute.id);
    }
    Ok(attributes.iter().filter(|attribute| !turned.contains(&attribute.id)).map(of).collect())
}
