//! Units of time that are words: `timestampadd(DAY, 1, t)`.

use sqlparser::ast;

use crate::error::{Error, Result, condition};

/// Spark's name of a function whose first argument may be the word of a unit of time.
pub(super) fn by_unit(name: &str) -> Option<&'static str> {
    match name {
        "timestampadd" | "timestamp_add" | "dateadd" | "date_add" => Some("timestampadd"),
        "timestampdiff" | "timestamp_diff" | "datediff" | "date_diff" => Some("timestampdiff"),
        _ => None,
    }
}

/// `DAY` as the text of it; nothing for what is no unit. As in Spark, a text is none.
pub(super) fn time_unit(expr: &ast::Expr, function: &str) -> Result<Option<ast::Expr>> {
    const UNITS: [&str; 11] = [
        "YEAR",
        "QUARTER",
        "MONTH",
        "WEEK",
        "DAY",
        "DAYOFYEAR",
        "HOUR",
        "MINUTE",
        "SECOND",
        "MILLISECOND",
        "MICROSECOND",
    ];
    match expr {
        ast::Expr::Identifier(word)
            if word.quote_style.is_none() && UNITS.iter().any(|unit| word.value.eq_ignore_ascii_case(unit)) =>
        {
            Ok(Some(ast::Expr::Value(ast::Value::SingleQuotedString(word.value.clone()).into())))
        }
        ast::Expr::Value(ast::ValueWithSpan {
            value: ast::Value::SingleQuotedString(text) | ast::Value::DoubleQuotedString(text),
            ..
        }) => Err(Error::of(condition::INVALID_PARAMETER_VALUE_DATETIME_UNIT)
            .with("functionName", format!("`{function}`"))
            .with("parameter", "`unit`")
            .with("invalidValue", format!("'{text}'"))),
        _ => Ok(None),
    }
}
