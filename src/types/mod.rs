//! Spark's types as Arrow types, and their names.
//!
//! | Spark | Arrow |
//! |---|---|
//! | void, boolean, tinyint, smallint, int, bigint, float, double | Null, Boolean, Int8, Int16, Int32, Int64, Float32, Float64 |
//! | decimal(p, s) | Decimal128(p, s) |
//! | string, char(n), varchar(n) | Utf8 |
//! | binary, date | Binary, Date32 |
//! | timestamp | Timestamp(µs, "UTC"): an instant; the session's time zone applies where it is shown |
//! | timestamp_ntz | Timestamp(µs) |
//! | interval year to month, day to second | Interval(YearMonth), Duration(µs) |
//! | interval (calendar) | Interval(MonthDayNano) |
//! | array, map, struct | List (`element`), Map (`entries`: `key`, `value`), Struct |
//!
//! | file | what is in it |
//! |---|---|
//! | [`ddl`], [`type_json`] | types as text: DDL strings, and Spark's JSON form |
//! | [`parse`], [`pattern`], [`interval`] | text to values: by the rules of `CAST`, by a pattern, intervals |
//! | [`special`], [`hexadecimal`] | `epoch` and its like; Java's hexadecimal numbers |
//! | [`interval_fields`] | the fields of an interval type, and how its values look |
//! | [`display`], [`csv_text`], [`json_text`], [`show`] | values to text: `CAST`, CSV, JSON, and the table of `show()` |
//! | [`calendar`], [`zone`] | days since 1970 as dates; time zones by the names that Java takes |
//! | [`uri`] | paths as `file:` URIs, and back |
//! | [`name_case`] | when two names are one |

pub mod calendar;
pub mod csv_text;
pub mod ddl;
pub mod display;
pub mod hexadecimal;
pub mod interval;
pub mod interval_fields;
pub mod json_text;
pub mod name_case;
pub mod parse;
pub mod pattern;
pub mod show;
pub mod special;
pub mod type_json;
pub mod uri;
pub mod zone;

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, IntervalUnit, SchemaRef, TimeUnit};

use self::name_case::NameCase;
use crate::error::{Error, Result};

/// The same columns under another schema's names; their types must be equal.
pub fn relabel(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), batch.columns().to_vec(), &options).map_err(|error| {
        Error::internal(format!("a source or plan gave columns that are not those it declared: {error}"))
    })
}

/// Field metadata key under which a column's Spark metadata stands, as JSON text.
pub const METADATA_KEY: &str = "spark.metadata";

/// The time zone of every `timestamp` in memory.
pub const UTC: &str = "UTC";

/// Spark's `timestamp`.
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
}

/// Spark's `timestamp_ntz`.
pub fn timestamp_ntz() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

/// Spark's `interval day to second`.
pub fn day_time_interval() -> DataType {
    DataType::Duration(TimeUnit::Microsecond)
}

/// Spark's `array<element>`.
pub fn array(element: DataType, contains_null: bool) -> DataType {
    DataType::List(Arc::new(Field::new("element", element, contains_null)))
}

/// Spark's `map<key, value>`.
pub fn map(key: DataType, value: DataType, value_contains_null: bool) -> DataType {
    let entries = Fields::from(vec![Field::new("key", key, false), Field::new("value", value, value_contains_null)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
}

/// The key and value fields of a map type.
pub fn map_fields(data_type: &DataType) -> Option<(&FieldRef, &FieldRef)> {
    let DataType::Map(entries, _) = data_type else { return None };
    let DataType::Struct(fields) = entries.data_type() else { return None };
    Some((fields.first()?, fields.get(1)?))
}

/// Spark's simple name, e.g. `array<int>`, as `dtypes` and error messages show it.
pub fn simple_name(data_type: &DataType) -> String {
    name_with(data_type, &|name, nested| format!("{name}:{nested}"))
}

/// Spark's SQL name, e.g. `ARRAY<INT>`, as casts and conditions show it.
pub fn sql_name(data_type: &DataType) -> String {
    match data_type {
        DataType::List(element) => format!("ARRAY<{}>", sql_name(element.data_type())),
        DataType::Map(..) => map_fields(data_type).map_or_else(String::new, |(key, value)| {
            format!("MAP<{}, {}>", sql_name(key.data_type()), sql_name(value.data_type()))
        }),
        DataType::Struct(fields) => {
            let fields: Vec<_> = fields.iter().map(|field| struct_field_sql(field)).collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        other => simple_name(other).to_uppercase(),
    }
}

fn struct_field_sql(field: &Field) -> String {
    let not_null = if field.is_nullable() { "" } else { " NOT NULL" };
    format!("{}: {}{not_null}", quoted_if_needed(field.name()), sql_name(field.data_type()))
}

/// A name in backticks, unless it is of letters, digits and underscores and not of digits alone.
fn quoted_if_needed(name: &str) -> std::borrow::Cow<'_, str> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && !name.bytes().all(|byte| byte.is_ascii_digit()) {
        name.into()
    } else {
        format!("`{}`", name.replace('`', "``")).into()
    }
}

fn name_with(data_type: &DataType, member: &dyn Fn(&str, String) -> String) -> String {
    match data_type {
        DataType::Null => "void".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Int8 => "tinyint".into(),
        DataType::Int16 => "smallint".into(),
        DataType::Int32 => "int".into(),
        DataType::Int64 => "bigint".into(),
        DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Utf8 => "string".into(),
        DataType::Binary => "binary".into(),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(_, Some(_)) => "timestamp".into(),
        DataType::Timestamp(_, None) => "timestamp_ntz".into(),
        DataType::Duration(_) => "interval day to second".into(),
        DataType::Interval(IntervalUnit::YearMonth) => "interval year to month".into(),
        DataType::Interval(_) => "interval".into(),
        DataType::List(element) => format!("array<{}>", name_with(element.data_type(), member)),
        DataType::Map(..) => map_fields(data_type).map_or_else(String::new, |(key, value)| {
            format!("map<{},{}>", name_with(key.data_type(), member), name_with(value.data_type(), member))
        }),
        DataType::Struct(fields) => {
            let fields: Vec<_> = fields.iter().map(|f| member(f.name(), name_with(f.data_type(), member))).collect();
            format!("struct<{}>", fields.join(","))
        }
        other => other.to_string(),
    }
}

/// The Spark type that an Arrow type from outside (a capsule, a parquet file) becomes: the same
/// values in the Arrow type of the table above, or `None` where Spark has no such type.
pub fn normalize(data_type: &DataType) -> Option<DataType> {
    let nested = |field: &Field, name: &str| {
        normalize(field.data_type())
            .map(|inner| Field::new(name, inner, field.is_nullable()).with_metadata(field.metadata().clone()))
    };
    Some(match data_type {
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Timestamp(_, Some(_)) => timestamp(),
        DataType::Timestamp(_, None) => timestamp_ntz(),
        DataType::Duration(_) => day_time_interval(),
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => DataType::Decimal128(*p, *s),
        DataType::Decimal256(p, s) if *p <= 38 => DataType::Decimal128(*p, *s),
        DataType::Dictionary(_, values) => normalize(values)?,
        DataType::RunEndEncoded(_, values) => normalize(values.data_type())?,
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::ListView(element)
        | DataType::LargeListView(element)
        | DataType::FixedSizeList(element, _) => DataType::List(Arc::new(nested(element, "element")?)),
        DataType::Map(..) => {
            let (key, value) = map_fields(data_type)?;
            map(normalize(key.data_type())?, normalize(value.data_type())?, value.is_nullable())
        }
        DataType::Struct(fields) => {
            let fields: Option<Vec<_>> = fields.iter().map(|field| nested(field, field.name())).collect();
            DataType::Struct(fields?.into())
        }
        DataType::Null
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(..)
        | DataType::Interval(_) => data_type.clone(),
        _ => return None,
    })
}

/// An entry of a field's metadata.
pub fn metadata(field: &Field, name: &str) -> Option<serde_json::Value> {
    let metadata: serde_json::Value = serde_json::from_str(field.metadata().get(METADATA_KEY)?).ok()?;
    metadata.get(name).cloned()
}

/// What a schema says of a field: `a INT COMMENT 'in metres'`.
pub fn comment(field: &Field) -> Option<String> {
    metadata(field, "comment")?.as_str().map(str::to_owned)
}

/// The error for a name that stands twice among the fields, or among those of a struct inside.
pub fn refuse_repeated(fields: &Fields, names: NameCase) -> Result<()> {
    names.refuse_repeated(fields.iter().map(|field| field.name().as_str()))?;
    fields.iter().try_for_each(|field| refuse_repeated_inside(field.data_type(), names))
}

fn refuse_repeated_inside(data_type: &DataType, names: NameCase) -> Result<()> {
    match data_type {
        DataType::Struct(fields) => refuse_repeated(fields, names),
        DataType::List(element) => refuse_repeated_inside(element.data_type(), names),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => {
                pair.iter().try_for_each(|field| refuse_repeated_inside(field.data_type(), names))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}
