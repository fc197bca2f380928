//! How Spark shows an expression that has no name: what an unnamed column is called, and what
//! errors quote.

use datafusion::common::ScalarValue;

use crate::types::display;
use crate::types::zone::Zone;

/// A name in parts as Spark quotes it.
pub fn quoted(parts: &[String]) -> String {
    parts.iter().map(|part| format!("`{}`", part.replace('`', "``"))).collect::<Vec<_>>().join(".")
}

/// A constant: text without quotes, dates and timestamps as typed literals.
pub fn literal(value: &ScalarValue, zone: Zone) -> String {
    match value {
        value if value.is_null() => "NULL".into(),
        ScalarValue::Utf8(Some(text)) => text.clone(),
        ScalarValue::Boolean(Some(value)) => value.to_string(),
        ScalarValue::Binary(Some(bytes)) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("X'{hex}'")
        }
        ScalarValue::Date32(_) => format!("DATE '{}'", shown(value, zone)),
        ScalarValue::TimestampMicrosecond(_, Some(_)) => format!("TIMESTAMP '{}'", shown(value, zone)),
        ScalarValue::TimestampMicrosecond(_, None) => format!("TIMESTAMP_NTZ '{}'", shown(value, zone)),
        other => shown(other, zone),
    }
}

fn shown(value: &ScalarValue, zone: Zone) -> String {
    value.to_array().map_or_else(|_| value.to_string(), |array| display::one(array.as_ref(), 0, zone))
}

/// A call by name or an operator, from its arguments' texts.
pub fn call(name: &str, operator: bool, distinct: bool, arguments: &[String]) -> String {
    let lower = name.to_lowercase();
    if let Some(text) = fixed(&lower, operator, arguments) {
        return text;
    }
    let shown = shown_name(&lower);
    let mut arguments = arguments.to_vec();
    add_defaults(&lower, &mut arguments);
    format!("{shown}({}{})", if distinct { "DISTINCT " } else { "" }, arguments.join(", "))
}

/// Operators, and functions that Spark shows like one.
fn fixed(name: &str, operator: bool, arguments: &[String]) -> Option<String> {
    let binary = |symbol: &str| match arguments {
        [left, right] => Some(format!("({left} {symbol} {right})")),
        _ => None,
    };
    match (name, arguments) {
        ("!=" | "<>", [left, right]) => Some(format!("(NOT ({left} = {right}))")),
        ("==", _) => binary("="),
        ("-", [value]) => Some(format!("(- {value})")),
        ("+", [value]) | ("positive", [value]) => Some(format!("(+ {value})")),
        ("~", [value]) => Some(format!("~{value}")),
        ("and" | "&&", _) => binary("AND"),
        ("or" | "||", _) if operator && name != "||" => binary("OR"),
        ("not" | "!", [value]) => Some(format!("(NOT {value})")),
        ("isnull", [value]) => Some(format!("({value} IS NULL)")),
        ("isnotnull", [value]) => Some(format!("({value} IS NOT NULL)")),
        ("in", [value, list @ ..]) => Some(format!("({value} IN ({}))", list.join(", "))),
        ("between", [value, low, high]) if !operator => Some(format!("between({value}, {low}, {high})")),
        ("if", [condition, yes, no]) => Some(format!("(IF({condition}, {yes}, {no}))")),
        ("like", [value, pattern]) => Some(format!("{value} LIKE {pattern}")),
        ("like", [value, pattern, escape]) => Some(format!("{value} LIKE {pattern} ESCAPE '{escape}'")),
        ("||", _) => Some(format!("concat({})", arguments.join(", "))),
        (
            "+" | "-" | "*" | "/" | "%" | "=" | "<=>" | "<" | "<=" | ">" | ">=" | "&" | "|" | "^" | "<<" | ">>" | ">>>",
            _,
        ) => binary(name),
        ("div", _) if arguments.len() == 2 => binary("div"),
        ("log", [value]) => Some(format!("LOG(E(), {value})")),
        ("locate" | "position", [needle, text]) => Some(format!("locate({needle}, {text}, 1)")),
        ("position", [needle, text, from]) => Some(format!("locate({needle}, {text}, {from})")),
        ("floor" | "ceil" | "ceiling", [value, scale]) => {
            Some(format!("{}({value}, {scale})", if name == "floor" { "floor" } else { "ceil" }))
        }
        // Schemas and options are no arguments of theirs to Spark.
        (
            "from_json" | "from_csv" | "from_xml" | "to_json" | "to_csv" | "schema_of_json" | "schema_of_csv",
            [value, ..],
        ) => Some(format!("{name}({value})")),
        ("extract" | "date_part" | "datepart", [field, source]) if name == "extract" => {
            Some(format!("extract({field} FROM {source})"))
        }
        ("trim", [value, characters]) => Some(format!("TRIM(BOTH {characters} FROM {value})")),
        ("ltrim", [characters, value]) => Some(format!("TRIM(LEADING {characters} FROM {value})")),
        ("rtrim", [characters, value]) => Some(format!("TRIM(TRAILING {characters} FROM {value})")),
        _ => None,
    }
}

/// Functions that Spark shows by another name than the one they were called by.
fn shown_name(name: &str) -> String {
    const CAPITALS: &[&str] = &[
        "sqrt",
        "power",
        "cbrt",
        "exp",
        "log",
        "log10",
        "log2",
        "log1p",
        "expm1",
        "signum",
        "hypot",
        "atan2",
        "sin",
        "cos",
        "tan",
        "cot",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "acosh",
        "atanh",
        "sec",
        "csc",
        "degrees",
        "radians",
        "pi",
        "e",
        "floor",
        "ceil",
        "rlike",
        "regexp",
        "regexp_like",
        "rank",
        "dense_rank",
        "percent_rank",
        "spark_partition_id",
    ];
    if CAPITALS.contains(&name) {
        return name.to_uppercase();
    }
    match name {
        "ceiling" => "CEIL".into(),
        "random" => "rand".into(),
        "dateadd" => "date_add".into(),
        "timestamp_add" => "timestampadd".into(),
        "timestamp_diff" => "timestampdiff".into(),
        "array_agg" => "collect_list".into(),
        "curdate" => "current_date".into(),
        "to_varchar" => "to_char".into(),
        other => other.to_owned(),
    }
}

/// Arguments that Spark fills in, and shows.
fn add_defaults(name: &str, arguments: &mut Vec<String>) {
    let default: &[&str] = match (name, arguments.len()) {
        ("round" | "bround", 1) => &["0"],
        ("split", 2) => &["-1"],
        ("regexp_replace", 3) | ("regexp_extract" | "regexp_extract_all", 2) => &["1"],
        ("regexp_instr", 2) => &["0"],
        ("lpad" | "rpad", 2) => &[" "],
        ("substr" | "substring", 2) => &["2147483647"],
        ("percentile_approx" | "approx_percentile", 2) => &["10000"],
        ("percentile", 2) => &["1"],
        ("lag" | "lead", 1) => &["1", "NULL"],
        ("lag" | "lead", 2) => &["NULL"],
        ("sort_array", 1) | ("months_between", 2) => &["true"],
        ("replace", 2) => &[""],
        ("overlay", 3) => &["-1"],
        ("sentences", 1) => &["", ""],
        ("str_to_map", 1) => &[",", ":"],
        ("mask", 1) => &["X", "x", "n", "NULL"],
        ("unix_timestamp" | "to_unix_timestamp", 1) | ("from_unixtime", 1) => &["yyyy-MM-dd HH:mm:ss"],
        _ => &[],
    };
    arguments.extend(default.iter().map(|text| (*text).to_owned()));
    // Options of an aggregate and seeds that Spark does not show.
    let hidden = match name {
        "uuid" => 0,
        "shuffle" => 1,
        "first" | "last" | "first_value" | "last_value" | "any_value" | "approx_count_distinct" => 1,
        _ => return,
    };
    arguments.truncate(hidden);
}
