//! Types between the facade and the engine: Spark's JSON text.

use arrow::datatypes::{DataType, Schema, SchemaRef};
use pyo3::prelude::*;

use super::error::raise;
use crate::error::Result;
use crate::types::{ddl, sql_name, type_json};

/// A DDL string as Spark's JSON: one type, `struct<…>`, or the fields of a struct.
#[pyfunction]
pub fn parse_ddl(py: Python<'_>, text: &str) -> PyResult<String> {
    let parsed: Result<String> = match ddl::parse_type(text) {
        Ok(data_type) => Ok(type_json::to_json(&data_type)),
        Err(as_type) => match ddl::parse_schema(text) {
            Ok(schema) => Ok(type_json::schema_to_json(&schema)),
            // `inti` is a bad type, `a inti` a bad field: the error of what the text looks like.
            Err(as_schema) => Err(if text.trim().contains([' ', ':', ',']) { as_schema } else { as_type }),
        },
    };
    parsed.map_err(|error| raise(py, &error))
}

/// The DDL of a struct's JSON.
#[pyfunction]
pub fn schema_ddl(py: Python<'_>, text: &str) -> PyResult<String> {
    let schema = schema(py, text)?;
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| {
            let not_null = if field.is_nullable() { "" } else { " NOT NULL" };
            format!("{} {}{not_null}", quoted(field.name()), sql_name(field.data_type()))
        })
        .collect();
    Ok(fields.join(","))
}

fn quoted(name: &str) -> String {
    let plain =
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && name.starts_with(|c: char| !c.is_ascii_digit());
    if plain { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}

/// The schema of Spark's JSON text.
pub fn schema(py: Python<'_>, text: &str) -> PyResult<SchemaRef> {
    type_json::schema_from_json(text).map_err(|error| raise(py, &error))
}

/// The schema that the facade sends: JSON text, or a DDL string.
pub fn schema_of(py: Python<'_>, text: &str) -> PyResult<SchemaRef> {
    let parsed =
        if text.trim_start().starts_with('{') { type_json::schema_from_json(text) } else { ddl::parse_schema(text) };
    parsed.map_err(|error| raise(py, &error))
}

/// The type that the facade sends: JSON text, or a DDL string.
pub fn type_of(py: Python<'_>, text: &str) -> PyResult<DataType> {
    let is_json = text.trim_start().starts_with(['{', '"']);
    let parsed = if is_json { type_json::from_json(text) } else { ddl::parse_type(text) };
    parsed.map_err(|error| raise(py, &error))
}

/// The JSON text of a schema, for the facade.
pub fn json_of(schema: &Schema) -> String {
    type_json::schema_to_json(schema)
}
