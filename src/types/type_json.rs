//! Spark's JSON form of a type, as `StructType.json()` writes it:
//! `{"type":"struct","fields":[{"name":"a","type":"integer","nullable":true,"metadata":{}}]}`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, Schema, SchemaRef};
use serde_json::{Map, Value, json};

use super::{METADATA_KEY, array, ddl, map, map_fields};
use crate::error::{Error, Result};
use crate::runtime::stack;

/// The JSON text of a schema.
pub fn schema_to_json(schema: &Schema) -> String {
    stack::walk(has_deep_types(schema), || struct_to_value(schema.fields()).to_string())
}

/// The schema of a JSON text.
pub fn schema_from_json(text: &str) -> Result<SchemaRef> {
    match from_json(text)? {
        DataType::Struct(fields) => Ok(Arc::new(Schema::new(fields))),
        other => Err(Error::illegal(format!("a schema must be a struct, found {}", super::simple_name(&other)))),
    }
}

/// The JSON text of a type.
pub fn to_json(data_type: &DataType) -> String {
    stack::walk(is_deep(data_type, SHALLOW), || to_value(data_type).to_string())
}

/// The type of a JSON text.
pub fn from_json(text: &str) -> Result<DataType> {
    stack::walk(text.len() > SHORT, || {
        let value = parse(text)?;
        let data_type = from_value(&value);
        drop(value);
        data_type
    })
}

/// Up to which length a text is not deep: each type in another takes more than a character.
const SHORT: usize = 512;

/// How many types in each other are not deep.
const SHALLOW: usize = 20;

/// Whether a type of the schema holds so many in each other that a walk over it is deep.
pub fn has_deep_types(schema: &Schema) -> bool {
    schema.fields().iter().any(|field| is_deep(field.data_type(), SHALLOW))
}

/// Whether more than so many types are in each other.
fn is_deep(data_type: &DataType, most: usize) -> bool {
    let beyond = |field: &Field| most == 0 || is_deep(field.data_type(), most - 1);
    match data_type {
        DataType::List(element) => beyond(element),
        DataType::Map(entries, _) => beyond(entries),
        DataType::Struct(fields) => fields.iter().any(|field| beyond(field)),
        other => other.is_nested(),
    }
}

fn to_value(data_type: &DataType) -> Value {
    match data_type {
        DataType::Int8 => json!("byte"),
        DataType::Int16 => json!("short"),
        DataType::Int32 => json!("integer"),
        DataType::Int64 => json!("long"),
        DataType::List(element) => {
            json!({"type": "array", "elementType": to_value(element.data_type()), "containsNull": element.is_nullable()})
        }
        DataType::Map(..) => match map_fields(data_type) {
            Some((key, value)) => json!({
                "type": "map", "keyType": to_value(key.data_type()),
                "valueType": to_value(value.data_type()), "valueContainsNull": value.is_nullable(),
            }),
            None => Value::Null,
        },
        DataType::Struct(fields) => struct_to_value(fields),
        other => json!(super::simple_name(other)),
    }
}

fn struct_to_value(fields: &Fields) -> Value {
    let fields: Vec<_> = fields
        .iter()
        .map(|field| {
            let metadata = field.metadata().get(METADATA_KEY).and_then(|text| serde_json::from_str(text).ok());
            json!({
                "name": field.name(), "type": to_value(field.data_type()), "nullable": field.is_nullable(),
                "metadata": metadata.unwrap_or_else(|| Value::Object(Map::new())),
            })
        })
        .collect();
    json!({"type": "struct", "fields": fields})
}

fn from_value(value: &Value) -> Result<DataType> {
    let bad = || Error::illegal(format!("not a type's JSON: {value}"));
    if let Some(name) = value.as_str() {
        return match name {
            "byte" => Ok(DataType::Int8),
            "short" => Ok(DataType::Int16),
            "integer" => Ok(DataType::Int32),
            "long" => Ok(DataType::Int64),
            "interval year" | "interval month" => Ok(DataType::Interval(IntervalUnit::YearMonth)),
            other => ddl::parse_type(other),
        };
    }
    let member = |key: &str| value.get(key).ok_or_else(bad);
    let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(true);
    match member("type")?.as_str().ok_or_else(bad)? {
        "array" => Ok(array(from_value(member("elementType")?)?, flag("containsNull"))),
        "map" => Ok(map(from_value(member("keyType")?)?, from_value(member("valueType")?)?, flag("valueContainsNull"))),
        "struct" => {
            let fields = member("fields")?.as_array().ok_or_else(bad)?;
            let fields: Result<Vec<_>> = fields.iter().map(field_from_value).collect();
            Ok(DataType::Struct(fields?.into()))
        }
        _ => Err(bad()),
    }
}

fn field_from_value(value: &Value) -> Result<Field> {
    let bad = || Error::illegal(format!("not a field's JSON: {value}"));
    let name = value.get("name").and_then(Value::as_str).ok_or_else(bad)?;
    let nullable = value.get("nullable").and_then(Value::as_bool).unwrap_or(true);
    let mut field = Field::new(name, from_value(value.get("type").ok_or_else(bad)?)?, nullable);
    if let Some(metadata) =
        value.get("metadata").filter(|metadata| metadata.as_object().is_some_and(|map| !map.is_empty()))
    {
        field.set_metadata([(METADATA_KEY.to_owned(), metadata.to_string())].into());
    }
    Ok(field)
}

/// JSON text as a value, to any depth that a type may have. serde_json's own reader goes 128 deep,
/// which is 42 structs.
fn parse(text: &str) -> Result<Value> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) if !error.to_string().starts_with("recursion limit exceeded") => Err(unreadable(&error)),
        Err(_) => {
            let mut reader = DeepReader { text, at: 0, depth: 0 };
            let value = reader.value()?;
            match reader.peek() {
                None => Ok(value),
                Some(_) => Err(reader.unexpected()),
            }
        }
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> Error {
    Error::illegal(format!("a type's JSON does not parse: {error}"))
}

/// Reads objects and arrays, and leaves what stands in them to serde_json.
struct DeepReader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl DeepReader<'_> {
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self) -> Error {
        unreadable(&format!("there is something else than expected at byte {}", self.at))
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: u8) -> Result<()> {
        if self.eat(wanted) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn value(&mut self) -> Result<Value> {
        self.depth += 1;
        // A struct is an object, its list of fields and a field.
        if self.depth > 3 * ddl::TYPE_DEPTH {
            return Err(ddl::too_deep());
        }
        let value = stack::step(|| self.node())?;
        self.depth -= 1;
        Ok(value)
    }

    fn node(&mut self) -> Result<Value> {
        if self.eat(b'[') {
            let mut items = Vec::new();
            while !self.eat(b']') {
                if !items.is_empty() {
                    self.expect(b',')?;
                }
                items.push(self.value()?);
            }
            return Ok(Value::Array(items));
        }
        if !self.eat(b'{') {
            return self.scalar();
        }
        let mut members = Map::new();
        while !self.eat(b'}') {
            if !members.is_empty() {
                self.expect(b',')?;
            }
            self.peek();
            let Value::String(key) = self.scalar()? else { return Err(self.unexpected()) };
            self.expect(b':')?;
            members.insert(key, self.value()?);
        }
        Ok(Value::Object(members))
    }

    fn scalar(&mut self) -> Result<Value> {
        if matches!(self.peek(), Some(b'[' | b'{')) {
            return Err(self.unexpected());
        }
        let mut values = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<Value>();
        let value = values.next().ok_or_else(|| self.unexpected())?.map_err(|error| unreadable(&error))?;
        self.at += values.byte_offset();
        Ok(value)
    }
}
