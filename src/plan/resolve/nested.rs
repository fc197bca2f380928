//! Reaching into structs, arrays and maps: which field or element is meant, and by what key.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

use super::cast::cast;
use super::coerce::{common, is_integral};
use super::operators::unexpected_type;
use super::scope::field_index;
use crate::config::Conf;
use crate::error::{Error, Result, condition};
use crate::plan::kernels::nested;
use crate::plan::typed::{Typed, literal};
use crate::types::{map_fields, sql_name};

/// `x.name`: a struct's field, that field of every struct in an array, or a map's value.
pub fn field(value: Typed, name: &str, conf: &Conf, text: &str) -> Result<Typed> {
    match &value.data_type {
        DataType::Struct(fields) => {
            let Some(index) = field_index(&value.data_type, name, conf.name_case())? else {
                return Err(Error::internal("a struct without fields"));
            };
            let field = Arc::clone(&fields[index]);
            Ok(nested::field_at(value, index, &field))
        }
        DataType::List(element) if matches!(element.data_type(), DataType::Struct(_)) => {
            let Some(index) = field_index(element.data_type(), name, conf.name_case())? else {
                return Err(Error::internal("a struct without fields"));
            };
            Ok(nested::field_of_each(value, index))
        }
        DataType::Map(..) => {
            let key = literal(ScalarValue::Utf8(Some(name.to_owned())));
            item(value, key, conf, text)
        }
        other => Err(Error::of(condition::INVALID_EXTRACT_BASE_FIELD_TYPE)
            .with("base", format!("\"{text}\""))
            .with("other", format!("\"{}\"", sql_name(other)))),
    }
}

/// `x[key]`: an array's element from 0, or a map's value.
pub fn item(value: Typed, key: Typed, conf: &Conf, text: &str) -> Result<Typed> {
    match &value.data_type {
        DataType::List(element) => {
            if !is_integral(&key.data_type) && key.data_type != DataType::Null {
                return Err(unexpected_type(text, "second", "\"INTEGRAL\"", text, &key.data_type));
            }
            let element = element.data_type().clone();
            let key = cast(key, &DataType::Int32, conf)?;
            Ok(nested::element_at(value, key, element, conf.ansi()))
        }
        DataType::Map(..) => {
            let Some((key_field, value_field)) = map_fields(&value.data_type) else {
                return Err(Error::internal("a map without entries"));
            };
            let Some(target) = common(key_field.data_type(), &key.data_type, conf.ansi()) else {
                return Err(unexpected_type(
                    text,
                    "second",
                    &format!("\"{}\"", sql_name(key_field.data_type())),
                    text,
                    &key.data_type,
                ));
            };
            let found = value_field.data_type().clone();
            let entries = super::cast::cast(
                value.clone(),
                &crate::types::map(target.clone(), found.clone(), value_field.is_nullable()),
                conf,
            )?;
            let key = cast(key, &target, conf)?;
            Ok(nested::value_of_key(entries, key, found))
        }
        other => Err(Error::of(condition::INVALID_EXTRACT_BASE_FIELD_TYPE)
            .with("base", format!("\"{text}\""))
            .with("other", format!("\"{}\"", sql_name(other)))),
    }
}
