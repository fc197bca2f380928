//! Rows as JSON text, as the JSON sink and `to_json` write them: Spark's field order, numbers,
//! dates and escapes.

use std::fmt::Write;

use arrow::array::{Array, AsArray, StructArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::display;
use super::pattern::Pattern;
use super::zone::Zone;
use crate::error::{Error, Result};

/// Options of JSON output.
#[derive(Clone, Debug)]
pub struct JsonStyle {
    pub zone: Zone,
    /// Whether a field that is null is left out (Spark's default) or written as `null`.
    pub ignore_null_fields: bool,
    pub date: Pattern,
    pub timestamp: Pattern,
    pub timestamp_ntz: Pattern,
    /// Whether a value has a line for each field.
    pub pretty: bool,
    /// Whether characters beyond ASCII are written as `\u` and their code.
    pub code_points: bool,
}

impl JsonStyle {
    /// Spark's defaults in a time zone.
    pub fn new(zone: Zone) -> Result<Self> {
        Ok(Self {
            zone,
            ignore_null_fields: true,
            date: Pattern::new("yyyy-MM-dd")?,
            timestamp: Pattern::new("yyyy-MM-dd'T'HH:mm:ss.SSSXXXXX")?,
            timestamp_ntz: Pattern::new("yyyy-MM-dd'T'HH:mm:ss.SSS")?,
            pretty: false,
            code_points: false,
        })
    }

    /// A whole value's text as the style has it.
    pub fn finished(&self, json: String) -> String {
        let json = if self.pretty { indented(&json) } else { json };
        if !self.code_points || json.is_ascii() {
            return json;
        }
        let mut out = String::with_capacity(json.len());
        for c in json.chars() {
            if c.is_ascii() {
                out.push(c);
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04X}"));
                }
            }
        }
        out
    }
}

/// Appends one row as a whole value.
pub fn write_row(out: &mut String, rows: &StructArray, row: usize, style: &JsonStyle) -> Result<()> {
    if !style.pretty && !style.code_points {
        return write_struct(out, rows, row, style);
    }
    let mut json = String::new();
    write_struct(&mut json, rows, row, style)?;
    out.push_str(&style.finished(json));
    Ok(())
}

/// JSON text as Jackson's pretty printer has it: two spaces a level, ` : ` after names.
fn indented(json: &str) -> String {
    let mut out = String::new();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut objects: Vec<bool> = Vec::new();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    let mut letters = json.chars().peekable();
    while let Some(c) = letters.next() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            out.push(c);
            continue;
        }
        match c {
            '"' => {
                quoted = true;
                out.push(c);
            }
            '{' | '[' => {
                let close = if c == '{' { '}' } else { ']' };
                out.push(c);
                if letters.peek() == Some(&close) {
                    letters.next();
                    out.push(' ');
                    out.push(close);
                    continue;
                }
                objects.push(c == '{');
                if c == '{' {
                    depth += 1;
                    line(&mut out, depth);
                } else {
                    out.push(' ');
                }
            }
            '}' | ']' => {
                objects.pop();
                if c == '}' {
                    depth -= 1;
                    line(&mut out, depth);
                } else {
                    out.push(' ');
                }
                out.push(c);
            }
            ',' if objects.last() == Some(&true) => {
                out.push(c);
                line(&mut out, depth);
            }
            ',' => out.push_str(", "),
            ':' => out.push_str(" : "),
            other => out.push(other),
        }
    }
    out
}

/// Appends the value in `row` of `array` as JSON; null as `null`.
pub fn write_value(out: &mut String, array: &dyn Array, row: usize, style: &JsonStyle) -> Result<()> {
    if array.is_null(row) {
        out.push_str("null");
        return Ok(());
    }
    macro_rules! number {
        ($type:ty) => {
            drop(write!(out, "{}", array.as_primitive::<$type>().value(row)))
        };
    }
    match array.data_type() {
        DataType::Null => out.push_str("null"),
        DataType::Boolean => out.push_str(if array.as_boolean().value(row) { "true" } else { "false" }),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            write_float(out, f64::from(value), &display::float(value));
        }
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            write_float(out, value, &display::double(value));
        }
        DataType::Decimal128(_, scale) => {
            out.push_str(&display::java_decimal(array.as_primitive::<Decimal128Type>().value(row), *scale))
        }
        DataType::Utf8 => write_string(out, array.as_string::<i32>().value(row)),
        DataType::Binary => {
            out.push('"');
            BASE64_STANDARD.encode_string(array.as_binary::<i32>().value(row), out);
            out.push('"');
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            write_string(out, &style.date.date(days)?);
        }
        DataType::Timestamp(_, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let (pattern, zone) =
                if zone.is_some() { (&style.timestamp, style.zone) } else { (&style.timestamp_ntz, Zone::UTC) };
            write_pattern(out, pattern, micros, zone);
        }
        DataType::Duration(_) | DataType::Interval(_) => write_string(out, &display::one(array, row, style.zone)),
        DataType::List(_) => {
            let values = array.as_list::<i32>().value(row);
            out.push('[');
            for i in 0..values.len() {
                if i > 0 {
                    out.push(',');
                }
                write_value(out, &values, i, style)?;
            }
            out.push(']');
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            out.push('{');
            for i in 0..entries.len() {
                if i > 0 {
                    out.push(',');
                }
                write_string(out, &key_text(keys, i, style));
                out.push(':');
                write_value(out, values, i, style)?;
            }
            out.push('}');
        }
        DataType::Struct(_) => write_struct(out, array.as_struct(), row, style)?,
        other => return Err(Error::unsupported(format!("JSON cannot hold the type {}", super::simple_name(other)))),
    }
    Ok(())
}

/// A key's text. A date or a time is the number that Spark keeps it as.
fn key_text(keys: &dyn Array, row: usize, style: &JsonStyle) -> String {
    match keys.data_type() {
        DataType::Date32 => keys.as_primitive::<Date32Type>().value(row).to_string(),
        DataType::Timestamp(..) => keys.as_primitive::<TimestampMicrosecondType>().value(row).to_string(),
        DataType::Decimal128(_, scale) => {
            display::java_decimal(keys.as_primitive::<Decimal128Type>().value(row), *scale)
        }
        _ => display::one(keys, row, style.zone),
    }
}

/// Appends one row of a struct as a JSON object.
pub fn write_struct(out: &mut String, array: &StructArray, row: usize, style: &JsonStyle) -> Result<()> {
    out.push('{');
    let mut first = true;
    for (field, column) in array.fields().iter().zip(array.columns()) {
        // An array of the null type has no null bits.
        let null = column.is_null(row) || *column.data_type() == DataType::Null;
        if null && style.ignore_null_fields {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        write_string(out, field.name());
        out.push(':');
        write_value(out, column, row, style)?;
    }
    out.push('}');
    Ok(())
}

fn write_pattern(out: &mut String, pattern: &Pattern, micros: i64, zone: Zone) {
    let mut text = String::new();
    pattern.format_timestamp(micros, zone, &mut text);
    write_string(out, &text);
}

/// NaN and the infinities are strings, as Jackson writes them.
fn write_float(out: &mut String, value: f64, text: &str) {
    if value.is_finite() {
        out.push_str(text);
    } else {
        write_string(out, text);
    }
}

/// Appends a quoted, escaped string.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 => drop(write!(out, "\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}
