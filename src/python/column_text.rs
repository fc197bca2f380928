//! How an unresolved expression shows itself: `Column<'+(a, 1)'>`.

use datafusion::common::ScalarValue;

use crate::plan::tree::{Call, Expr, FrameBound, FrameSpec, SubqueryKind, WindowSpec};
use crate::types::sql_name;

/// The text between the quotes of `Column<'…'>`.
pub fn text(expr: &Expr) -> String {
    match expr {
        Expr::Column(parts) => parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join("."),
        Expr::Attribute(_, name) | Expr::LambdaVariable(name) => quoted(name),
        Expr::Star(parts) if parts.is_empty() => "*".into(),
        Expr::Star(parts) => format!("{}.*", parts.join(".")),
        Expr::AllOf(columns) | Expr::Several(columns) => list(columns),
        Expr::StarExcept { except, .. } => format!("* EXCEPT ({})", except.join(", ")),
        Expr::Subquery { kind: SubqueryKind::Scalar, .. } => "scalarsubquery()".into(),
        Expr::Subquery { kind: SubqueryKind::Exists, .. } => "exists()".into(),
        Expr::Subquery { kind: SubqueryKind::In(values), .. } => match values.as_slice() {
            [value] => format!("{} IN (listquery())", text(value)),
            several => format!("({}) IN (listquery())", list(several)),
        },
        Expr::Literal(value) | Expr::Interval(value, _) => literal(value),
        Expr::Call(call) => call_text(call),
        Expr::Function { function, arguments } => format!("{}({})", function.name(), list(arguments)),
        Expr::Alias { input, names, .. } => match names.as_slice() {
            [name] => format!("{} AS {name}", text(input)),
            names => format!("{} AS ({})", text(input), names.join(", ")),
        },
        Expr::Cast { input, to, try_cast } => {
            let cast = if *try_cast { "TRY_CAST" } else { "CAST" };
            format!("{cast}({} AS {})", text(input), sql_name(to))
        }
        Expr::Case { operand, branches, otherwise } => {
            let mut shown =
                operand.as_ref().map_or_else(|| "CASE".to_owned(), |operand| format!("CASE {}", text(operand)));
            for (when, then) in branches.iter().map(AsRef::as_ref) {
                shown += &format!(" WHEN {} THEN {}", text(when), text(then));
            }
            if let Some(otherwise) = otherwise {
                shown += &format!(" ELSE {}", text(otherwise));
            }
            shown + " END"
        }
        Expr::Extract { input, key } => format!("{}[{}]", text(input), text(key)),
        Expr::Window { function, spec } => format!("{} OVER ({})", text(function), window(spec)),
        Expr::Sort { input, ascending, nulls_first } => {
            let direction = if *ascending { "ASC" } else { "DESC" };
            let nulls = if nulls_first.unwrap_or(*ascending) { "FIRST" } else { "LAST" };
            format!("{} {direction} NULLS {nulls}", text(input))
        }
        Expr::Lambda { parameters, body } => match parameters.as_slice() {
            [parameter] => format!("{parameter} -> {}", text(body)),
            parameters => format!("({}) -> {}", parameters.join(", "), text(body)),
        },
    }
}

fn quoted(name: &str) -> String {
    if name.contains('.') { format!("`{name}`") } else { name.to_owned() }
}

fn list(arguments: &[Expr]) -> String {
    arguments.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn call_text(call: &Call) -> String {
    let name = match call.name.as_str() {
        "isnull" => "isNull",
        "isnotnull" => "isNotNull",
        "isnan" => "isNaN",
        "not" => "!",
        other => other,
    };
    format!("{name}({})", list(&call.arguments))
}

fn literal(value: &ScalarValue) -> String {
    match value {
        value if value.is_null() => "NULL".into(),
        ScalarValue::Utf8(Some(text)) => format!("'{text}'"),
        ScalarValue::Int64(Some(number)) => format!("{number}L"),
        ScalarValue::Float64(Some(number)) if number.fract() == 0.0 && number.abs() < 1e7 => format!("{number:.1}"),
        other => other.to_string(),
    }
}

fn window(spec: &WindowSpec) -> String {
    let mut parts = Vec::new();
    if !spec.partition_by.is_empty() {
        parts.push(format!("PARTITION BY {}", list(&spec.partition_by)));
    }
    if !spec.order_by.is_empty() {
        parts.push(format!("ORDER BY {}", list(&spec.order_by)));
    }
    if let Some(FrameSpec { rows, start, end }) = &spec.frame {
        let unit = if *rows { "ROWS" } else { "RANGE" };
        parts.push(format!("{unit} BETWEEN {} AND {}", bound(start), bound(end)));
    }
    parts.join(" ")
}

fn bound(bound: &FrameBound) -> String {
    match bound {
        FrameBound::UnboundedPreceding => "UNBOUNDED PRECEDING".into(),
        FrameBound::CurrentRow => "CURRENT ROW".into(),
        FrameBound::UnboundedFollowing => "UNBOUNDED FOLLOWING".into(),
        FrameBound::Offset(offset) => match offset.as_ref() {
            Expr::Literal(ScalarValue::Int64(Some(rows))) => rows.to_string(),
            other => text(other),
        },
    }
}
