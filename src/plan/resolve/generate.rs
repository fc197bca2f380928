//! Generators: `explode` and its kin, which make several rows of one.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, NullHandling, ScalarValue, UnnestOptions};
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder, Projection};

use super::Resolver;
use super::aggregate::AggregateRequest;
use super::cast::cast;
use super::coerce::common_of;
use super::expression::{ExpressionPlace, Expressions, ResolvedValue, attribute_value};
use super::operators::unexpected_type;
use super::scope::column;
use super::select::SelectOutput;
use crate::error::{Error, Result, condition};
use crate::plan::event_time;
use crate::plan::kernels::nested::{field_at, structure};
use crate::plan::kernels::rows::{one_row, stacked, with_positions};
use crate::plan::tree::{Call, Expr, Grouping, Relation};
use crate::plan::typed::Typed;
use crate::plan::{AttrId, Attribute, Resolved};
use crate::types::METADATA_KEY;

/// Whether a name is a generator's.
pub fn is_generator(name: &str) -> bool {
    let name = name.strip_suffix("_outer").unwrap_or(name);
    matches!(name, "explode" | "posexplode" | "inline" | "stack" | "json_tuple" | "range_explode")
}

/// Where the generators of a select list stand.
pub fn positions(list: &[Expr]) -> Vec<usize> {
    list.iter().enumerate().filter(|(_, expr)| generator(expr).is_some()).map(|(i, _)| i).collect()
}

/// Spark's error for several generators where it takes one.
pub fn several(count: usize) -> Error {
    Error::of(condition::UNSUPPORTED_GENERATOR_MULTI_GENERATOR).with("num", count).with("generators", "several")
}

/// A generator's call, with the names that it was given.
fn generator(expr: &Expr) -> Option<(&Call, &[String])> {
    match expr {
        Expr::Call(call) if is_generator(&call.name.to_lowercase()) => Some((call, &[])),
        Expr::Alias { input, names, .. } => match input.as_ref() {
            Expr::Call(call) if is_generator(&call.name.to_lowercase()) => Some((call, names)),
            _ => None,
        },
        _ => None,
    }
}

/// GeneratedRows to make: a list of values, or of structs whose fields are the columns; and the
/// columns' names.
struct GeneratedRows {
    list: Typed,
    names: Vec<String>,
    /// The list's elements are structs to take apart.
    fields: bool,
    outer: bool,
}

/// The call of `window` with a slide, if an expression holds one.
fn sliding(expr: &Expr) -> Option<Call> {
    let mut found = None;
    let _ = expr.clone().map(&mut |expr| {
        if let Expr::Call(call) = &expr
            && call.name.eq_ignore_ascii_case("window")
            && call.arguments.len() > 2
            && shown(&call.arguments[1]) != shown(&call.arguments[2])
        {
            found = Some(call.clone());
        }
        expr
    });
    found
}

/// The calls of windows of time that an expression holds, each once.
fn time_windows(expr: &Expr, calls: &mut Vec<Call>) {
    let _ = expr.clone().map(&mut |expr| {
        if let Expr::Call(call) = &expr
            && ["window", "session_window"].iter().any(|name| call.name.eq_ignore_ascii_case(name))
            && call.arguments.len() > 1
            && !calls.iter().any(|other| shown(&Expr::Call(other.clone())) == shown(&expr))
        {
            calls.push(call.clone());
        }
        expr
    });
}

/// The one window of time of an operator, if it has any.
fn time_window<'e>(exprs: impl IntoIterator<Item = &'e Expr>) -> Result<Option<Call>> {
    let mut calls = Vec::new();
    exprs.into_iter().for_each(|expr| time_windows(expr, &mut calls));
    if calls.len() > 1 {
        return Err(Error::of(condition::SEVERAL_TIME_WINDOWS));
    }
    Ok(calls.pop())
}

fn shown(expr: &Expr) -> String {
    format!("{expr:?}")
}

/// Whether one of the expressions is a sliding window.
pub fn slides(exprs: &[Expr]) -> bool {
    exprs.iter().any(|expr| sliding(expr).is_some())
}

impl Resolver<'_> {
    /// The input without the rows that lie in none of the windows of the expressions, as their time
    /// is null.
    pub(super) fn within_windows<'e>(
        &self,
        input: Resolved,
        exprs: impl IntoIterator<Item = &'e Expr>,
    ) -> Result<Resolved> {
        let kept = match time_window(exprs)? {
            Some(session) if session.name.eq_ignore_ascii_case("session_window") => Some(Expr::Call(session)),
            Some(window) => window.arguments.into_iter().next(),
            None => None,
        };
        match kept {
            Some(kept) => self.filter(input, &Expr::call("isnotnull", vec![kept])),
            None => Ok(input),
        }
    }

    /// The input with a row for each sliding window that a row lies in, and the expressions with
    /// that window's column; `None` where none of the expressions is a sliding window.
    pub(super) fn slid(&self, input: &Relation, exprs: &[Expr]) -> Result<Option<(Resolved, Vec<Expr>)>> {
        let Some(window) = exprs.iter().find_map(sliding) else { return Ok(None) };
        time_window(exprs)?;
        let input = self.relation(input)?;
        let time = match window.arguments.first() {
            Some(time) => {
                let value = Expressions::new(self, &input.output, ExpressionPlace::Row).value(time);
                value?.metadata().cloned()
            }
            None => None,
        };
        let windows = Expr::call("firesteel_windows", window.arguments.clone());
        let Expr::Call(explode) = Expr::call("explode", vec![windows]) else { return Err(Error::internal("a call")) };
        let (_, mut input) = self.generate(input, &explode, &["window".to_owned()], false)?;
        let column = input.output.last_mut().ok_or_else(|| Error::internal("a generator makes a column"))?;
        column.metadata.insert(METADATA_KEY.to_owned(), event_time::of_window(time.as_ref()));
        column.nullable = false;
        let column = Expr::Attribute(column.id, column.name.clone());
        let wanted = shown(&Expr::Call(window));
        let replaced = exprs
            .iter()
            .map(|expr| expr.clone().map(&mut |expr| if shown(&expr) == wanted { column.clone() } else { expr }));
        let replaced = replaced.collect();
        Ok(Some((input, replaced)))
    }

    /// An aggregation by a sliding window.
    pub(super) fn aggregate_slid(
        &self,
        input: &Relation,
        keys: &[Expr],
        outputs: &[Expr],
        with_keys: bool,
        having: Option<&Expr>,
    ) -> Result<Resolved> {
        let all: Vec<_> = keys.iter().chain(outputs).chain(having).cloned().collect();
        let Some((input, mut all)) = self.slid(input, &all)? else { return Err(Error::internal("a sliding window")) };
        let having = having.and_then(|_| all.pop());
        let outputs = all.split_off(keys.len());
        let keys = Grouping::By(all);
        let request =
            AggregateRequest { keys: &keys, outputs: &outputs, with_keys, having: having.as_ref(), order: &[] };
        self.aggregate(input, &request).map(|grouped| grouped.resolved)
    }

    /// A select list with generators at the places `at`. Each makes its rows of those that the one
    /// before made.
    pub(super) fn project_generated(&self, mut input: Resolved, list: &[Expr], at: &[usize]) -> Result<Resolved> {
        let below = input.output.clone();
        let mut made: HashMap<usize, Vec<Attribute>> = HashMap::new();
        for &place in at {
            let Some((call, names)) = generator(&list[place]) else {
                return Err(Error::internal("a generator that is none"));
            };
            let (generated, with_rows) = self.generate(input, call, names, false)?;
            made.insert(place, with_rows.output[with_rows.output.len() - generated..].to_vec());
            input = with_rows;
        }
        // The rest of the list is over the input's columns only; the generators' columns take their
        // places.
        let mut expressions = Expressions::new(self, &below, ExpressionPlace::Select);
        let mut outputs = Vec::new();
        let mut from = 0;
        for &place in at {
            self.outputs(&mut expressions, &list[from..place], &mut outputs)?;
            for attribute in made.remove(&place).unwrap_or_default() {
                outputs.push(SelectOutput::kept(&attribute));
                let value = attribute_value(&attribute, &attribute.name);
                expressions.aliases.push((attribute.name.clone(), value));
            }
            from = place + 1;
        }
        self.outputs(&mut expressions, &list[from..], &mut outputs)?;
        expressions.settle(&mut outputs);
        let pending = std::mem::take(&mut expressions.pending);
        drop(expressions);
        self.put_together(input, outputs, pending)
    }

    /// `LATERAL VIEW`: the input's columns and the generator's.
    pub fn lateral_view(
        &self,
        input: Resolved,
        generator_expr: &Expr,
        outer: bool,
        table: &str,
        columns: &[String],
    ) -> Result<Resolved> {
        let Some((call, _)) = generator(generator_expr) else {
            return Err(Error::new(
                crate::error::ErrorKind::Analysis,
                "LATERAL VIEW takes a generator, e.g. explode(…)",
            ));
        };
        let (generated, mut resolved) = self.generate(input, call, columns, outer)?;
        let first = resolved.output.len() - generated;
        for attribute in &mut resolved.output[first..] {
            attribute.qualifier = vec![table.to_owned()];
        }
        Ok(resolved)
    }

    /// The input with the generator's columns behind its own; how many they are.
    pub fn generate(&self, input: Resolved, call: &Call, names: &[String], outer: bool) -> Result<(usize, Resolved)> {
        let attributes = input.output.clone();
        let anywhere = super::hidden::named_anywhere(&input.hidden);
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Row);
        expressions.hidden = &anywhere;
        let mut rows = self.rows(&mut expressions, call)?;
        rows.outer |= outer;
        if !names.is_empty() {
            if names.len() != rows.names.len() {
                return Err(Error::of(condition::UDTF_ALIAS_NUMBER_MISMATCH)
                    .with("aliasesSize", names.len())
                    .with("aliasesNames", names.join(","))
                    .with("outputs", rows.names.len()));
            }
            rows.names = names.to_vec();
        }
        let (used, pending) = (std::mem::take(&mut expressions.used_hidden), std::mem::take(&mut expressions.pending));
        if !pending.queries.is_empty() {
            return Err(Error::of(condition::UNSUPPORTED_CORRELATED_SCALAR_SUBQUERY));
        }
        drop(expressions);
        let input = self.expose(input, &used)?;
        let plan = pending.place(input.plan.clone())?;

        self.gauge.more();
        let list_id = AttrId::fresh();
        let mut projection: Vec<_> = plan.schema().columns().into_iter().map(DfExpr::Column).collect();
        projection.push(rows.list.expr.clone().alias(list_id.to_string()));
        let plan = LogicalPlan::Projection(Projection::try_new(projection, Arc::new(plan))?);
        let null_handling = if rows.outer { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
        let options = UnnestOptions { null_handling, recursions: Vec::new() };
        let plan = LogicalPlanBuilder::from(plan)
            .unnest_column_with_options(Column::from_name(list_id.to_string()), options)?
            .build()?;

        let DataType::List(element) = &rows.list.data_type else {
            return Err(Error::internal("a generator makes a list"));
        };
        let nullable = rows.outer || element.is_nullable();
        let item = Typed { expr: column(list_id), data_type: element.data_type().clone(), nullable };
        let values: Vec<Typed> = match element.data_type() {
            DataType::Struct(fields) if rows.fields => {
                fields.iter().enumerate().map(|(i, field)| field_at(item.clone(), i, field)).collect()
            }
            _ => vec![item],
        };
        let mut output = attributes.clone();
        let mut projection: Vec<_> = attributes.iter().map(|attribute| column(attribute.id)).collect();
        for (value, name) in values.into_iter().zip(&rows.names) {
            let attribute = Attribute::new(name.clone(), value.data_type.clone(), value.nullable);
            projection.push(value.expr.alias(attribute.id.to_string()));
            output.push(attribute);
        }
        let plan = LogicalPlan::Projection(Projection::try_new(projection, Arc::new(plan))?);
        Ok((rows.names.len(), Resolved { plan, output, hidden: Vec::new(), ..input }))
    }

    fn rows(&self, expressions: &mut Expressions<'_>, call: &Call) -> Result<GeneratedRows> {
        let name = call.name.to_lowercase();
        let (base, outer) = match name.strip_suffix("_outer") {
            Some(base) => (base, true),
            None => (name.as_str(), false),
        };
        let arguments = expressions.arguments(&call.arguments)?;
        let pretty = expressions.pretty(call, &arguments);
        let wrong_count = |expected: &str| {
            Error::of(condition::WRONG_NUM_ARGS)
                .with("functionName", format!("`{name}`"))
                .with("expectedNum", expected)
                .with("actualNum", call.arguments.len())
        };
        if base == "stack" {
            return self.stack(arguments, outer);
        }
        if base == "json_tuple" {
            return self.json_tuple(expressions, call, arguments.len());
        }
        let [argument] = <[ResolvedValue; 1]>::try_from(arguments).map_err(|_| wrong_count("1"))?;
        let typed = argument.typed;
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Ok(match (base, &typed.data_type) {
            ("explode", DataType::List(_)) => {
                GeneratedRows { list: typed, names: names(&["col"]), fields: false, outer }
            }
            ("explode", DataType::Map(..)) => GeneratedRows {
                list: with_positions(typed, false),
                names: names(&["key", "value"]),
                fields: true,
                outer,
            },
            ("posexplode", DataType::List(_)) => {
                GeneratedRows { list: with_positions(typed, true), names: names(&["pos", "col"]), fields: true, outer }
            }
            ("posexplode", DataType::Map(..)) => GeneratedRows {
                list: with_positions(typed, true),
                names: names(&["pos", "key", "value"]),
                fields: true,
                outer,
            },
            ("inline", DataType::List(element)) if matches!(element.data_type(), DataType::Struct(_)) => {
                let DataType::Struct(fields) = element.data_type() else {
                    return Err(Error::internal("inline takes structs"));
                };
                let names = fields.iter().map(|field| field.name().clone()).collect();
                GeneratedRows { list: typed, names, fields: true, outer }
            }
            (base, found) => {
                let wanted = if base == "inline" { "\"ARRAY<STRUCT>\"" } else { "(\"ARRAY\" or \"MAP\")" };
                return Err(unexpected_type(&pretty, "first", wanted, &argument.pretty, found));
            }
        })
    }

    /// `stack(n, a, b, …)`: the values in n rows.
    fn stack(&self, arguments: Vec<ResolvedValue>, outer: bool) -> Result<GeneratedRows> {
        let mut arguments = arguments.into_iter().map(|value| value.typed);
        let count = match arguments.next().map(|first| first.expr) {
            Some(DfExpr::Literal(ScalarValue::Int32(Some(count)), _)) if count > 0 => {
                usize::try_from(count).unwrap_or(1)
            }
            _ => {
                return Err(Error::new(
                    crate::error::ErrorKind::Analysis,
                    "the first argument of stack() must be a constant whole number above 0",
                ));
            }
        };
        let values: Vec<_> = arguments.collect();
        let columns = values.len().div_ceil(count);
        let conf = self.conf();
        let mut cells: Vec<Typed> = Vec::new();
        let mut fields = Vec::new();
        for c in 0..columns {
            let column: Vec<_> = (0..count).map(|row| values.get(row * columns + c)).collect();
            let data_type =
                common_of(column.iter().flatten().map(|value| &value.data_type), conf.ansi()).ok_or_else(|| {
                    Error::new(
                        crate::error::ErrorKind::Analysis,
                        format!("the values of column {c} of stack() have different types"),
                    )
                })?;
            fields.push(Field::new(format!("col{c}"), data_type.clone(), true));
            for cell in column {
                let null = || crate::plan::typed::literal(ScalarValue::Null);
                cells.push(cast(cell.cloned().unwrap_or_else(null), &data_type, conf)?);
            }
        }
        let names = fields.iter().map(|field| field.name().clone()).collect();
        let list = stacked(cells, fields.into(), count);
        Ok(GeneratedRows { list, names, fields: true, outer })
    }

    /// `json_tuple(text, "a", "b")`: one row of the fields' texts.
    fn json_tuple(&self, expressions: &mut Expressions<'_>, call: &Call, count: usize) -> Result<GeneratedRows> {
        let mut fields = Vec::new();
        for i in 1..count {
            // A `*` stands for several arguments, none of them constant.
            let name = match call.arguments.get(i) {
                Some(name @ Expr::Literal(ScalarValue::Utf8(Some(_)))) if call.arguments.len() == count => name.clone(),
                _ => return Err(Error::unsupported("json_tuple with a field that is not a constant")),
            };
            let value =
                expressions.value(&Expr::call("firesteel_json_field", vec![call.arguments[0].clone(), name]))?;
            fields.push((format!("c{}", i - 1), value.typed));
        }
        let names = fields.iter().map(|(name, _)| name.clone()).collect();
        let list = one_row(structure(fields));
        Ok(GeneratedRows { list, names, fields: true, outer: false })
    }
}
