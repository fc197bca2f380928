//! `Column.withField` and `Column.dropFields`: a struct with fields added, replaced or left out.

use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr as DfExpr;

use super::expression::{Expressions, ResolvedValue};
use super::nested;
use super::operators::{self, unexpected_type};
use crate::error::{Error, Result, condition};
use crate::plan::kernels::nested::{field_at, structure};
use crate::plan::tree::{Call, Expr};
use crate::plan::typed::Typed;

/// What is done to a struct, and what was done to get there as Spark shows it.
struct Updated {
    typed: Typed,
    /// The struct before the first change.
    base: String,
    /// The changes.
    shown: Vec<String>,
}

impl Updated {
    fn pretty(&self) -> String {
        if self.shown.is_empty() {
            return self.base.clone();
        }
        format!("update_fields({}, {})", self.base, self.shown.join(", "))
    }
}

/// A change of one field: its value, or none to leave it out.
type Change = Option<ResolvedValue>;

/// The call of `update_field(struct, path…, value)` or `drop_field(struct, path…)`, or `None`
/// for another one.
pub fn call(expressions: &mut Expressions<'_>, name: &str, call: &Call) -> Result<Option<ResolvedValue>> {
    if !matches!(name, "firesteel_update_field" | "firesteel_drop_field") {
        return Ok(None);
    }
    let updated = updated(expressions, call)?;
    let pretty = updated.pretty();
    Ok(Some(ResolvedValue::new(updated.typed, pretty)))
}

fn updated(expressions: &mut Expressions<'_>, call: &Call) -> Result<Updated> {
    let [base, arguments @ ..] = call.arguments.as_slice() else {
        return Err(Error::internal("a change of no struct"));
    };
    let before = match base {
        Expr::Call(inner) if inner.name == "firesteel_update_field" || inner.name == "firesteel_drop_field" => {
            updated(expressions, inner)?
        }
        base => {
            let value = expressions.value(base)?;
            Updated { typed: value.typed, base: value.pretty, shown: Vec::new() }
        }
    };
    let (path, change) = if call.name == "firesteel_update_field" {
        let (value, path) = arguments.split_last().ok_or_else(|| Error::internal("a field without a value"))?;
        (path, Some(expressions.value(value)?))
    } else {
        (arguments, None)
    };
    let path: Vec<String> = path
        .iter()
        .map(|part| match part {
            Expr::Literal(ScalarValue::Utf8(Some(part))) => Ok(part.clone()),
            _ => Err(Error::internal("a field's name is no text")),
        })
        .collect::<Result<_>>()?;
    changed(expressions, before, &path, change)
}

/// The struct with the field at `path` changed.
fn changed(expressions: &Expressions<'_>, mut before: Updated, path: &[String], change: Change) -> Result<Updated> {
    let [name, deeper @ ..] = path else { return Err(Error::internal("a field without a name")) };
    let conf = expressions.resolver.conf();
    if !deeper.is_empty() {
        // The field's own value, changed, becomes the field.
        let text = before.pretty();
        let inner = if matches!(before.typed.data_type, DataType::Struct(_)) {
            nested::field(before.typed.clone(), name, conf, &text)?
        } else {
            return Err(not_struct(&before, &text));
        };
        let inner = Updated { typed: inner, base: format!("{text}.{name}"), shown: Vec::new() };
        let inner = changed(expressions, inner, deeper, change)?;
        let pretty = inner.pretty();
        let value = ResolvedValue::new(inner.typed, pretty);
        return changed(expressions, before, std::slice::from_ref(name), Some(value));
    }
    before.shown.push(match &change {
        Some(value) => format!("WithField({})", value.pretty),
        None => "dropfield()".to_owned(),
    });
    let text = before.pretty();
    let DataType::Struct(fields) = before.typed.data_type.clone() else { return Err(not_struct(&before, &text)) };
    let is_it = |field: &Field| conf.name_case().same(field.name(), name);
    let found = fields.iter().any(|field| is_it(field));
    let mut list: Vec<(String, Typed)> = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        match &change {
            _ if !is_it(field) => {
                list.push((field.name().clone(), field_at(before.typed.clone(), index, field)));
                // The struct is there wherever the fields are looked at.
                if let Some((_, value)) = list.last_mut() {
                    value.nullable = field.is_nullable();
                }
            }
            Some(value) => list.push((name.clone(), value.typed.clone())),
            None => {}
        }
    }
    if let (false, Some(value)) = (found, change) {
        list.push((name.clone(), value.typed));
    }
    if list.is_empty() {
        return Err(Error::of(condition::CANNOT_DROP_ALL_FIELDS).with("sqlExpr", format!("\"{text}\"")));
    }
    let made = structure(list);
    let typed = if before.typed.nullable {
        let null = Typed {
            expr: DfExpr::Literal(ScalarValue::try_from(&made.data_type)?, None),
            data_type: made.data_type.clone(),
            nullable: true,
        };
        let there = operators::is_not_null(before.typed.clone());
        operators::case(vec![(there, made)], Some(null), conf, &text)?
    } else {
        made
    };
    Ok(Updated { typed, ..before })
}

fn not_struct(before: &Updated, text: &str) -> Error {
    unexpected_type(text, "first", "\"STRUCT\"", &before.base, &before.typed.data_type)
}
