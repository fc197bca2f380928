//! JSON text in a column. Reading is the JSON source's, writing is
//! [`types::json_text`](crate::types::json_text).

use std::sync::Arc;

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;

use super::CallContext;
use super::Definition::Scalar;
use super::args::{constant, count, folded, implicit, literal, unexpected};
use super::conditional::single;
use super::per_value::{Text, kernel, one_or, two_or};
use crate::config::Options;
use crate::error::{Error, ErrorKind, Result, condition};
use crate::plan::typed::Typed;
use crate::source::files::json;
use crate::source::files::json::lookup::{JsonPath, array_length, field, object_keys};
use crate::types::json_text::{JsonStyle, write_value};
use crate::types::pattern::Pattern;
use crate::types::zone::Zone;
use crate::types::{ddl, map_fields, sql_name, type_json};

pub const TABLE: super::DefinitionTable = &[
    ("from_json", Scalar(from_json)),
    ("to_json", Scalar(to_json)),
    (
        "get_json_object",
        Scalar(|c, a| {
            two_or::<Text, Text, String>(c, a, |text, path| Ok(JsonPath::parse(path).and_then(|path| path.find(text))))
        }),
    ),
    // A field of `json_tuple`.
    ("firesteel_json_field", Scalar(|c, a| two_or::<Text, Text, String>(c, a, |text, name| Ok(field(text, name))))),
    (
        "json_array_length",
        Scalar(|c, a| one_or::<Text, i32>(c, a, |text| Ok(array_length(text).and_then(|count| count.try_into().ok())))),
    ),
    ("json_object_keys", Scalar(|c, a| one_or::<Text, Vec<String>>(c, a, |text| Ok(object_keys(text))))),
    ("schema_of_json", Scalar(schema_of_json)),
];

/// A constant map of texts, as the options of `from_json` are given.
pub fn options(context: &CallContext<'_>, argument: Option<&Typed>, at: usize) -> Result<Vec<(String, String)>> {
    let Some(argument) = argument else { return Ok(Vec::new()) };
    let map = constant(context, argument, at)?.to_array()?;
    let Some(map) = map.as_map_opt() else {
        return Err(unexpected(context, at, "\"MAP<STRING, STRING>\"", &argument.data_type));
    };
    let entry = map.value(0);
    let text = |column: usize, row: usize| crate::types::display::one(entry.column(column), row, Zone::UTC);
    Ok((0..entry.len()).map(|row| (text(0, row), text(1, row))).collect())
}

/// The text that an argument is when it is constant, or a call over constants.
pub fn folded_text(argument: &Typed) -> Option<String> {
    match folded(&argument.expr) {
        Ok(Some(ScalarValue::Utf8(text))) => text,
        _ => None,
    }
}

/// The type that a schema argument names: DDL, a type, or JSON text; `schema_of_json(…)` is
/// folded to such text.
pub fn schema(context: &CallContext<'_>, argument: &Typed, at: usize) -> Result<DataType> {
    let Some(text) = folded_text(argument) else {
        return Err(Error::of(condition::INVALID_SCHEMA_NON_STRING_LITERAL)
            .with("inputSchema", format!("\"{}\"", context.arguments.get(at).map_or("", String::as_str))));
    };
    if text.trim_start().starts_with(['{', '"']) {
        return type_json::from_json(&text);
    }
    // `a INT, b STRING` is a table's columns; `ARRAY<INT>` a type.
    match ddl::parse_type(&text) {
        Ok(data_type) => Ok(data_type),
        // To Spark, text in an argument is part of the analysis.
        Err(_) => {
            let columns = ddl::parse_schema(&text).map_err(|error| error.as_kind(ErrorKind::Analysis))?;
            Ok(DataType::Struct(columns.fields().clone()))
        }
    }
}

/// Everything in a schema may be absent from the text.
pub fn nullable(data_type: &DataType) -> DataType {
    let open = |field: &Field| Arc::new(field.clone().with_data_type(nullable(field.data_type())).with_nullable(true));
    match data_type {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| open(field)).collect()),
        DataType::List(element) => DataType::List(open(element)),
        DataType::Map(..) => match map_fields(data_type) {
            Some((key, value)) => crate::types::map(nullable(key.data_type()), nullable(value.data_type()), true),
            None => data_type.clone(),
        },
        other => other.clone(),
    }
}

/// `from_json(text, schema[, options])`.
fn from_json(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    let to = nullable(&schema(context, &arguments[1], 1)?);
    if !matches!(to, DataType::Struct(_) | DataType::List(_) | DataType::Map(..)) {
        return Err(Error::of(condition::INVALID_JSON_SCHEMA)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("schema", format!("\"{}\"", sql_name(&to))));
    }
    if has_other_keys(&to) {
        return Err(Error::of(condition::INVALID_JSON_MAP_KEY_TYPE)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("schema", format!("\"{}\"", sql_name(&to))));
    }
    let options = options(context, arguments.get(2), 2)?;
    let mode =
        options.iter().find(|(key, _)| key.eq_ignore_ascii_case("mode")).map(|(_, mode)| mode.to_ascii_uppercase());
    if let Some(mode) = mode.filter(|mode| mode == "DROPMALFORMED") {
        return Err(Error::of(condition::PARSE_MODE_UNSUPPORTED).with("funcName", "`from_json`").with("mode", mode));
    }
    let conf = context.conf.clone();
    // Options are read once here, so that a bad one fails while the query is planned.
    let text = arguments.into_iter().next().ok_or_else(|| Error::internal("an argument was counted"))?;
    if text.data_type != DataType::Utf8 && text.data_type != DataType::Null {
        return Err(unexpected(context, 0, "\"STRING\"", &text.data_type));
    }
    let text = implicit(context, text, &DataType::Utf8, 0)?;
    json::parse_strings(&StringArray::from(Vec::<&str>::new()), &to, &mut Options::new(options.clone()), &conf)?;
    let target = to.clone();
    let name = format!("({to}, {options:?}, {})", conf.time_zone());
    Ok(kernel(context, &name, to, true, vec![text], move |arrays| {
        json::parse_strings(arrays[0].as_string(), &target, &mut Options::new(options.clone()), &conf)
    }))
}

/// Whether a map in a type has keys that are no texts.
fn has_other_keys(data_type: &DataType) -> bool {
    match data_type {
        DataType::Struct(fields) => fields.iter().any(|field| has_other_keys(field.data_type())),
        DataType::List(element) => has_other_keys(element.data_type()),
        DataType::Map(..) => map_fields(data_type)
            .is_some_and(|(key, value)| *key.data_type() != DataType::Utf8 || has_other_keys(value.data_type())),
        _ => false,
    }
}

/// `to_json(value[, options])`.
fn to_json(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let options = options(context, arguments.get(1), 1)?;
    let value = arguments.into_iter().next().ok_or_else(|| Error::internal("an argument was counted"))?;
    if !matches!(value.data_type, DataType::Struct(_) | DataType::List(_) | DataType::Map(..) | DataType::Null) {
        return Err(Error::of(condition::INVALID_JSON_SCHEMA)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("schema", format!("\"{}\"", sql_name(&value.data_type))));
    }
    let mut style = JsonStyle::new(Zone::of(context.conf.time_zone())?)?;
    for (key, text) in &options {
        let flag = || {
            text.parse::<bool>().map_err(|_| Error::illegal(format!("'{key}' must be true or false, found '{text}'")))
        };
        match key.to_ascii_lowercase().as_str() {
            "ignorenullfields" => style.ignore_null_fields = flag()?,
            "timestampformat" => style.timestamp = Pattern::new(text)?,
            "timestampntzformat" => style.timestamp_ntz = Pattern::new(text)?,
            "dateformat" => style.date = Pattern::for_dates(text)?,
            "timezone" => style.zone = Zone::of(text)?,
            "linesep" if text.is_empty() => return Err(Error::illegal("the option 'lineSep' must not be empty")),
            "pretty" => style.pretty = flag()?,
            "writenonasciicharacterascodepoint" => style.code_points = flag()?,
            _ => log::warn!("to_json knows no option '{key}'"),
        }
    }
    let name = format!("({options:?}, {})", style.zone.id());
    Ok(kernel(context, &name, DataType::Utf8, true, vec![value], move |arrays| {
        let array = &arrays[0];
        let rows = (0..array.len()).map(|row| {
            if array.is_null(row) || *array.data_type() == DataType::Null {
                return Ok(None);
            }
            let mut out = String::new();
            write_value(&mut out, array, row, &style)?;
            Ok(Some(style.finished(out)))
        });
        Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
    }))
}

/// The type of a constant text, as DDL.
fn schema_of_json(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let options = options(context, arguments.get(1), 1)?;
    let text = single(context, arguments.into_iter().take(1).collect())?;
    let text = match constant(context, &text, 0)? {
        ScalarValue::Utf8(Some(text)) => text.clone(),
        _ => return Err(unexpected(context, 0, "\"STRING\"", &text.data_type)),
    };
    let data_type = json::infer_string(&text, &mut Options::new(options), context.conf)?;
    Ok(literal(ScalarValue::Utf8(Some(sql_name(&data_type)))))
}
