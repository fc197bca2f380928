//! `f(…) OVER (…)`.

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    Expr as DfExpr, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
};

use arrow::datatypes::DataType;

use super::call::unknown_function;
use super::date_arithmetic::interval_fields;
use super::expression::{Clause, ExpressionPlace, Expressions, ResolvedValue, texts_and_values};
use super::scope::column;
use super::{aggregate, cast, operators, sort};
use crate::error::{Error, Result, condition};
use crate::plan::functions::{Definition, Edge, lookup, over_frames};
use crate::plan::kernels::normalize::normalized;
use crate::plan::tree::{Call, Expr, FrameBound, FrameSpec, WindowSpec};
use crate::plan::typed::Typed;
use crate::types::calendar::MICROS_PER_DAY;
use crate::types::interval_fields::IntervalField;
use crate::types::sql_name;

/// A window function over its specification.
pub fn resolve(expressions: &mut Expressions<'_>, function: &Expr, spec: &WindowSpec) -> Result<ResolvedValue> {
    let Expr::Call(call) = function else {
        return Err(Error::of(condition::UNSUPPORTED_EXPR_FOR_WINDOW).with("sqlExpr", "\"the expression before OVER\""));
    };
    let outer = expressions.place;
    if !matches!(outer, ExpressionPlace::Select | ExpressionPlace::Group) {
        return Err(Error::of(condition::WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE).with("clauseName", "WHERE"));
    }
    // Within a group, the arguments may themselves hold aggregates.
    expressions.place =
        if outer == ExpressionPlace::Group { ExpressionPlace::Group } else { ExpressionPlace::BelowWindow };
    let value = resolve_inside(expressions, call, spec);
    expressions.place = outer;
    value
}

fn resolve_inside(expressions: &mut Expressions<'_>, call: &Call, spec: &WindowSpec) -> Result<ResolvedValue> {
    let name = call.name.to_lowercase();
    if !call.within_group.is_empty() {
        return Err(Error::unsupported(format!("WITHIN GROUP of a window function: {name}")));
    }
    if let Some(window) = &spec.named {
        return Err(Error::of(condition::MISSING_WINDOW_SPECIFICATION).with("windowName", format!("`{window}`")));
    }
    let arguments = match expressions.counting_rows(call)? {
        Some(ones) => expressions.arguments(&ones.arguments)?,
        None => expressions.arguments(&call.arguments)?,
    };
    let filter = call.filter.as_ref().map(|filter| expressions.condition(filter, Clause::Filter, false)).transpose()?;
    let mut partition_by = Vec::new();
    let mut texts = Vec::new();
    for item in &spec.partition_by {
        let value = expressions.value(item)?;
        if operators::holds_map(&value.typed.data_type) {
            return Err(Error::of(condition::EXPRESSION_TYPE_IS_NOT_ORDERABLE)
                .with("expr", format!("\"{}\"", value.pretty))
                .with("exprType", format!("\"{}\"", sql_name(&value.typed.data_type))));
        }
        texts.push(value.pretty.clone());
        partition_by.push(normalized(value.typed).expr);
    }
    let partition_text = if texts.is_empty() { String::new() } else { format!("PARTITION BY {}", texts.join(", ")) };
    let mut order_by = Vec::new();
    let mut order_types = Vec::new();
    let mut order_texts = Vec::new();
    for item in &spec.order_by {
        let item = sort::item(expressions, item)?;
        order_types.push(item.value.typed.data_type.clone());
        order_by.extend(item.sorts());
        order_texts.push(item.text());
    }
    let order_text =
        if order_texts.is_empty() { String::new() } else { format!("ORDER BY {}", order_texts.join(", ")) };

    let text = aggregate::pretty(expressions, call, &arguments, filter.as_ref());
    let (argument_texts, typed) = texts_and_values(arguments);
    let context = expressions.call_context(call, &text, &argument_texts);
    let (built, ranking) = match lookup(&name) {
        Some(Definition::Aggregate(build)) => (build(&context, typed)?, false),
        Some(Definition::Window(build)) => (build(&context, typed)?, true),
        Some(_) => return Err(Error::of(condition::UNSUPPORTED_EXPR_FOR_WINDOW).with("sqlExpr", format!("\"{text}\""))),
        None => return Err(unknown_function(&call.name)),
    };
    if ranking && order_by.is_empty() {
        return Err(Error::of(condition::WINDOW_FUNCTION_FRAME_NOT_ORDERED).with("wf", name));
    }
    let offsets = matches!(name.as_str(), "lag" | "lead");
    let own = match &spec.frame {
        Some(frame) => Some(self::frame(expressions, frame, &order_types)?),
        None => None,
    };
    let (frame, frame_text) = match &own {
        Some(own) if !ranking || name == "nth_value" => own.clone(),
        _ if offsets => (default_frame(false), offset_frame(&name, &argument_texts)),
        _ if ranking && name != "cume_dist" && name != "nth_value" => {
            (default_frame(true), "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW".to_owned())
        }
        _ if order_by.is_empty() => {
            (default_frame(false), "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING".to_owned())
        }
        _ => (range_to_current(&order_types), "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW".to_owned()),
    };
    // A ranking has the frame that it needs: another would be left out silently.
    if let Some((_, own)) = own.filter(|(_, own)| *own != frame_text) {
        return Err(if offsets {
            Error::of(condition::WINDOW_FRAME_NOT_ALLOWED).with("prettyName", name)
        } else {
            Error::of(condition::WINDOW_FRAME_NOT_MATCHED).with("required", frame_text).with("found", own)
        });
    }
    let spec_text: Vec<_> =
        [partition_text, order_text, frame_text].into_iter().filter(|part| !part.is_empty()).collect();
    let spec_text = spec_text.join(" ");
    let pretty = format!("{text} OVER ({spec_text})");
    if call.distinct {
        return Err(
            Error::of(condition::DISTINCT_WINDOW_FUNCTION_UNSUPPORTED).with("windowExpr", format!("\"{pretty}\""))
        );
    }
    if spec.frame.as_ref().is_some_and(|frame| !frame.rows) {
        let bounded = spec.frame.as_ref().is_some_and(|frame| {
            [&frame.start, &frame.end].into_iter().any(|bound| matches!(bound, FrameBound::Offset(_)))
        });
        let whole = spec.frame.as_ref().is_some_and(|frame| {
            matches!((&frame.start, &frame.end), (FrameBound::UnboundedPreceding, FrameBound::UnboundedFollowing))
        });
        let problem = match order_texts.len() {
            0 => (!whole).then_some(condition::RANGE_FRAME_WITHOUT_ORDER),
            1 => None,
            _ => bounded.then_some(condition::RANGE_FRAME_MULTI_ORDER),
        };
        if let Some(problem) = problem {
            return Err(Error::of(problem)
                .with("sqlExpr", format!("\"({spec_text})\""))
                .with("orderSpec", order_texts.join(", ")));
        }
    }

    let filter = filter.map(|filter| Box::new(filter.typed.expr));
    let pending = &mut expressions.pending;
    let rewritten = built.expr.transform_down(|node| {
        let window = match node {
            DfExpr::AggregateFunction(function) => {
                let params = function.params;
                let fun = match Edge::of(&function.func) {
                    Some(edge) if filter.is_none() => WindowFunctionDefinition::WindowUDF(edge.of_frame()),
                    _ => WindowFunctionDefinition::AggregateUDF(over_frames(function.func)),
                };
                WindowFunction {
                    fun,
                    params: WindowFunctionParams {
                        args: params.args,
                        partition_by: partition_by.clone(),
                        order_by: order_by.clone(),
                        window_frame: frame.clone(),
                        filter: filter.clone().or(params.filter),
                        null_treatment: params.null_treatment,
                        distinct: params.distinct,
                    },
                }
            }
            DfExpr::WindowFunction(mut function) => {
                function.params.partition_by.clone_from(&partition_by);
                function.params.order_by.clone_from(&order_by);
                function.params.window_frame = frame.clone();
                *function
            }
            other => return Ok(Transformed::no(other)),
        };
        let id = pending.window(DfExpr::WindowFunction(Box::new(window)));
        Ok(Transformed::new(column(id), true, TreeNodeRecursion::Jump))
    })?;
    Ok(ResolvedValue::new(Typed { expr: rewritten.data, ..built }, pretty))
}

fn default_frame(to_current: bool) -> WindowFrame {
    let end =
        if to_current { WindowFrameBound::CurrentRow } else { WindowFrameBound::Following(ScalarValue::UInt64(None)) };
    WindowFrame::new_bounds(WindowFrameUnits::Rows, WindowFrameBound::Preceding(ScalarValue::UInt64(None)), end)
}

fn range_to_current(order_types: &[DataType]) -> WindowFrame {
    WindowFrame::new_bounds(
        range_units(order_types),
        WindowFrameBound::Preceding(unbounded(order_types)),
        WindowFrameBound::CurrentRow,
    )
}

/// A range without an offset ends with rows that are equal, as groups do. DataFusion compares no
/// nested values in a range.
fn range_units(order_types: &[DataType]) -> WindowFrameUnits {
    if order_types.iter().any(DataType::is_nested) { WindowFrameUnits::Groups } else { WindowFrameUnits::Range }
}

fn unbounded(order_types: &[DataType]) -> ScalarValue {
    if range_units(order_types) == WindowFrameUnits::Groups {
        return ScalarValue::UInt64(None);
    }
    order_types.first().and_then(|data_type| ScalarValue::try_from(data_type).ok()).unwrap_or(ScalarValue::Null)
}

/// `lag` and `lead` have a frame of one row, that far away.
fn offset_frame(name: &str, arguments: &[String]) -> String {
    let offset: i64 = arguments.get(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let offset = if name == "lag" { -offset } else { offset };
    format!("ROWS BETWEEN {offset} FOLLOWING AND {offset} FOLLOWING")
}

fn frame(
    expressions: &mut Expressions<'_>,
    frame: &FrameSpec,
    order_types: &[DataType],
) -> Result<(WindowFrame, String)> {
    let units = if frame.rows { WindowFrameUnits::Rows } else { range_units(order_types) };
    let (start, start_text) = bound(expressions, &frame.start, frame.rows, order_types)?;
    let (end, end_text) = bound(expressions, &frame.end, frame.rows, order_types)?;
    let name = if frame.rows { "ROWS" } else { "RANGE" };
    Ok((WindowFrame::new_bounds(units, start, end), format!("{name} BETWEEN {start_text} AND {end_text}")))
}

fn bound(
    expressions: &mut Expressions<'_>,
    bound: &FrameBound,
    rows: bool,
    order_types: &[DataType],
) -> Result<(WindowFrameBound, String)> {
    let none = || if rows { ScalarValue::UInt64(None) } else { unbounded(order_types) };
    Ok(match bound {
        FrameBound::UnboundedPreceding => (WindowFrameBound::Preceding(none()), "UNBOUNDED PRECEDING".into()),
        FrameBound::UnboundedFollowing => (WindowFrameBound::Following(none()), "UNBOUNDED FOLLOWING".into()),
        FrameBound::CurrentRow => (WindowFrameBound::CurrentRow, "CURRENT ROW".into()),
        FrameBound::Offset(offset) => {
            // SQL's `1 PRECEDING` arrives as minus one; Column's rowsBetween gives a negative
            // number, and shows it.
            let (offset, preceding) = match offset.as_ref() {
                Expr::Call(call) if call.name == "-" && call.arguments.len() == 1 => (&call.arguments[0], true),
                other => (other, false),
            };
            let value = expressions.value(offset)?;
            let DfExpr::Literal(constant, _) = &value.typed.expr else {
                return Err(Error::new(
                    crate::error::ErrorKind::Analysis,
                    format!("a window frame's bound must be a constant, found {}", value.pretty),
                ));
            };
            let below = is_negative(constant);
            let negative = below != preceding;
            let magnitude = if below { constant.arithmetic_negate()? } else { constant.clone() };
            let text = format!("{} {}", value.pretty, if preceding { "PRECEDING" } else { "FOLLOWING" });
            let magnitude = if rows {
                let count =
                    cast::cast(crate::plan::typed::literal(magnitude), &DataType::Int64, expressions.resolver.conf())?;
                match count.expr {
                    DfExpr::Literal(ScalarValue::Int64(Some(count)), _) => {
                        ScalarValue::UInt64(u64::try_from(count).ok())
                    }
                    _ => return Err(Error::internal("a window frame's bound is no number")),
                }
            } else {
                let data_type = order_types.first().cloned().unwrap_or(DataType::Int64);
                let in_days = interval_fields(&value.typed).is_none_or(|fields| fields.last == IntervalField::Day);
                let days = match &magnitude {
                    ScalarValue::DurationMicrosecond(Some(micros)) if in_days && micros % MICROS_PER_DAY == 0 => {
                        i32::try_from(micros / MICROS_PER_DAY).ok()
                    }
                    ScalarValue::Int32(days) => *days,
                    _ => None,
                };
                match (&data_type, &magnitude) {
                    // DataFusion takes nothing but days and months from a date.
                    (DataType::Date32, ScalarValue::DurationMicrosecond(_) | ScalarValue::Int32(_))
                        if days.is_some() =>
                    {
                        ScalarValue::new_interval_dt(days.unwrap_or_default(), 0)
                    }
                    (DataType::Date32, ScalarValue::IntervalYearMonth(_)) => magnitude,
                    // An interval beside a timestamp stays one.
                    (
                        DataType::Timestamp(..),
                        ScalarValue::DurationMicrosecond(_)
                        | ScalarValue::IntervalYearMonth(_)
                        | ScalarValue::IntervalMonthDayNano(_),
                    ) => magnitude,
                    (DataType::Utf8 | DataType::Boolean, _) if order_types.len() == 1 => {
                        return Err(Error::of(condition::SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE)
                            .with("sqlExpr", format!("\"RANGE {text}\""))
                            .with("exprType", format!("\"{}\"", sql_name(&data_type))));
                    }
                    (data_type, other)
                        if data_type.is_nested() || matches!(data_type, DataType::Binary | DataType::Date32) =>
                    {
                        return Err(Error::of(condition::RANGE_FRAME_INVALID_TYPE)
                            .with("sqlExpr", format!("\"RANGE {text}\""))
                            .with("orderSpecType", format!("\"{}\"", sql_name(data_type)))
                            .with("valueBoundaryType", format!("\"{}\"", sql_name(&other.data_type()))));
                    }
                    _ => {
                        match cast::cast(
                            crate::plan::typed::literal(magnitude),
                            &data_type,
                            expressions.resolver.conf(),
                        )?
                        .expr
                        {
                            DfExpr::Literal(constant, _) => constant,
                            _ => return Err(Error::internal("a window frame's bound is no constant")),
                        }
                    }
                }
            };
            (
                if negative { WindowFrameBound::Preceding(magnitude) } else { WindowFrameBound::Following(magnitude) },
                text,
            )
        }
    })
}

fn is_negative(constant: &ScalarValue) -> bool {
    ScalarValue::new_zero(&constant.data_type())
        .ok()
        .and_then(|zero| constant.partial_cmp(&zero))
        .is_some_and(std::cmp::Ordering::is_lt)
}
