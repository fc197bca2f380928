//! CSV text in a column. Reading is the CSV source's, writing is
//! [`types::csv_text`](crate::types::csv_text).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StructArray};
use arrow::compute::cast as arrow_cast;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

use super::CallContext;
use super::Definition::Scalar;
use super::args::{constant_text, count, implicit, literal, unexpected};
use super::json::{folded_text, nullable, options, schema};
use super::per_value::kernel;
use crate::config::Options;
use crate::error::{Error, Result, condition};
use crate::plan::typed::Typed;
use crate::source::files::csv;
use crate::types::csv_text::CsvStyle;
use crate::types::display::{self, Style};
use crate::types::sql_name;
use crate::types::zone::Zone;

pub const TABLE: super::DefinitionTable =
    &[("from_csv", Scalar(from_csv)), ("to_csv", Scalar(to_csv)), ("schema_of_csv", Scalar(schema_of_csv))];

/// `from_csv(text, schema[, options])`.
fn from_csv(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    let to = nullable(&schema(context, &arguments[1], 1)?);
    let DataType::Struct(fields) = to.clone() else {
        return Err(Error::of(condition::INVALID_SCHEMA_NON_STRUCT_TYPE)
            .with("inputSchema", format!("\"{}\"", sql_name(&to)))
            .with("dataType", format!("\"{}\"", sql_name(&to))));
    };
    let options = options(context, arguments.get(2), 2)?;
    if let Some((_, mode)) = options.iter().find(|(key, _)| key.eq_ignore_ascii_case("mode"))
        && mode.eq_ignore_ascii_case("DROPMALFORMED")
    {
        return Err(Error::of(condition::PARSE_MODE_UNSUPPORTED)
            .with("funcName", "`from_csv`")
            .with("mode", mode.to_ascii_uppercase()));
    }
    let text = arguments.into_iter().next().ok_or_else(|| Error::internal("an argument was counted"))?;
    if text.data_type != DataType::Utf8 && text.data_type != DataType::Null {
        return Err(unexpected(context, 0, "\"STRING\"", &text.data_type));
    }
    let text = implicit(context, text, &DataType::Utf8, 0)?;
    let conf = context.conf.clone();
    // Options are read once here, so that a bad one fails while the query is planned.
    let mut given = Options::new(options.clone());
    csv::parse_strings(&StringArray::from(Vec::<&str>::new()), &fields, &mut given, &conf)?;
    warn_unread(context, &given);
    let name = format!("({to}, {options:?}, {})", conf.time_zone());
    let nullable = text.nullable;
    Ok(kernel(context, &name, to, nullable, vec![text], move |arrays| {
        csv::parse_strings(arrays[0].as_string(), &fields, &mut Options::new(options.clone()), &conf)
    }))
}

/// `to_csv(struct[, options])`.
fn to_csv(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let options = options(context, arguments.get(1), 1)?;
    let value = arguments.into_iter().next().ok_or_else(|| Error::internal("an argument was counted"))?;
    if !matches!(value.data_type, DataType::Struct(_)) {
        return Err(Error::of(condition::UNSUPPORTED_INPUT_TYPE)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("functionName", "`to_csv`")
            .with("dataType", format!("\"{}\"", sql_name(&value.data_type))));
    }
    let mut given = Options::new(options.clone());
    let style = CsvStyle::read(&mut given, context.conf.time_zone())?;
    warn_unread(context, &given);
    let zone = Zone::of(context.conf.time_zone())?;
    let name = format!("({options:?}, {})", context.conf.time_zone());
    Ok(kernel(context, &name, DataType::Utf8, true, vec![value], move |arrays| {
        let rows = arrays[0].as_struct();
        let columns = style.columns(&shown(rows, zone)?)?;
        let line = |row: usize| {
            let mut line = String::new();
            if rows.is_valid(row) {
                style.cells(&mut line, &columns, row);
            }
            // A row without a character is no line.
            Some(line).filter(|line| !line.is_empty())
        };
        Ok(Arc::new((0..rows.len()).map(line).collect::<StringArray>()))
    }))
}

/// The columns of a struct: what a CSV file cannot hold (arrays, maps, binary) as `show` has it.
fn shown(rows: &StructArray, zone: Zone) -> Result<Vec<ArrayRef>> {
    let column = |column: &ArrayRef| -> Result<ArrayRef> {
        Ok(match column.data_type() {
            DataType::Null => arrow_cast(column, &DataType::Utf8)?,
            nested if nested.is_nested() || *nested == DataType::Binary => {
                Arc::new(display::to_strings(column.as_ref(), zone, Style::Csv)?)
            }
            _ => Arc::clone(column),
        })
    };
    rows.columns().iter().map(column).collect()
}

/// The type of a constant text, as DDL.
fn schema_of_csv(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let options = options(context, arguments.get(1), 1)?;
    let text = match folded_text(&arguments[0]) {
        Some(text) => Some(text),
        None => constant_text(context, &arguments[0], 0)?,
    };
    let Some(text) = text else {
        return Err(Error::of(condition::UNEXPECTED_NULL)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("exprName", "csv"));
    };
    let data_type = csv::infer_string(&text, &mut Options::new(options), context.conf)?;
    Ok(literal(ScalarValue::Utf8(Some(sql_name(&data_type)))))
}

/// Says which options nobody looked at, as a reader or writer does.
fn warn_unread(context: &CallContext<'_>, options: &Options) {
    for key in options.unread() {
        log::warn!("the option '{key}' has no effect on {}", context.name.to_lowercase());
    }
}
