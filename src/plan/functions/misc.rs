//! What fits nowhere else: types, errors on purpose, the session, bits, formats.

use std::sync::Arc;

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::ColumnarValue;

use super::CallContext;
use super::Definition::Scalar;
use super::args::{cast_all, count, implicit, literal, unexpected};
use super::conditional::{fixed, single};
use super::per_value::{Int, Long, kernel, one, two_or};
use super::picture::NumberPicture;
use crate::error::{Error, Result, condition};
use crate::plan::kernels::Kernel;
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::{is_integral, is_numeric};
use crate::plan::resolve::date_arithmetic::interval_fields;
use crate::plan::resolve::operators;
use crate::plan::typed::Typed;
use crate::types::display::{self, Style};
use crate::types::zone::Zone;
use crate::types::{ddl, simple_name};

pub const TABLE: super::DefinitionTable = &[
    (
        "typeof",
        Scalar(|c, a| {
            let value = single(c, a)?;
            Ok(text(match interval_fields(&value) {
                Some(fields) => format!("interval {fields}").to_lowercase(),
                None => simple_name(&value.data_type),
            }))
        }),
    ),
    (
        "version",
        Scalar(|c, a| {
            count(c, &a, 0..=0)?;
            Ok(text("4.3.0 firesteel".to_owned()))
        }),
    ),
    (
        "current_catalog",
        Scalar(|c, a| {
            count(c, &a, 0..=0)?;
            Ok(text("spark_catalog".to_owned()))
        }),
    ),
    (
        "current_database",
        Scalar(|c, a| {
            count(c, &a, 0..=0)?;
            Ok(text("default".to_owned()))
        }),
    ),
    (
        "current_schema",
        Scalar(|c, a| {
            count(c, &a, 0..=0)?;
            Ok(text("default".to_owned()))
        }),
    ),
    ("current_user", Scalar(user)),
    ("session_user", Scalar(user)),
    ("user", Scalar(user)),
    ("raise_error", Scalar(raise)),
    ("assert_true", Scalar(assert_true)),
    ("uuid", Scalar(uuid)),
    ("bit_count", Scalar(bit_count)),
    ("bit_get", Scalar(bit_get)),
    ("getbit", Scalar(bit_get)),
    ("bitwise_not", Scalar(|c, a| operators::bit_not(single(c, a)?, c.conf, c.text))),
    ("format_number", Scalar(format_number)),
    ("format_string", Scalar(format_string)),
    ("printf", Scalar(format_string)),
    ("parse_url", Scalar(|c, a| parse_url(c, a, true))),
    ("try_parse_url", Scalar(|c, a| parse_url(c, a, false))),
    ("int", Scalar(cast_call)),
    ("bigint", Scalar(cast_call)),
    ("smallint", Scalar(cast_call)),
    ("tinyint", Scalar(cast_call)),
    ("float", Scalar(cast_call)),
    ("double", Scalar(cast_call)),
    ("decimal", Scalar(cast_call)),
    ("string", Scalar(cast_call)),
    ("boolean", Scalar(cast_call)),
    ("binary", Scalar(cast_call)),
    ("date", Scalar(cast_call)),
    ("timestamp", Scalar(cast_call)),
];

fn text(value: String) -> Typed {
    literal(ScalarValue::Utf8(Some(value)))
}

fn user(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 0..=0)?;
    Ok(text(std::env::var("USER").unwrap_or_else(|_| "root".to_owned())))
}

/// `int(x)` is `CAST(x AS INT)`.
fn cast_call(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let to = ddl::parse_type(context.name)?;
    crate::plan::resolve::cast::explicit(single(context, arguments)?, &to, false, context.conf, context.text)
}

fn raised(message: &str) -> Error {
    Error::of(condition::USER_RAISED_EXCEPTION).with("errorMessage", message)
}

fn raise(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let message = implicit(context, single(context, arguments)?, &DataType::Utf8, 0)?;
    // Volatile, so that nobody evaluates it while the query is planned.
    Ok(Kernel::new("raise_error", DataType::Null, true, |arguments, rows| {
        let messages = arguments[0].to_array(rows)?;
        match messages.as_string::<i32>().iter().next() {
            Some(message) => Err(raised(message.unwrap_or("null"))),
            None => Ok(ColumnarValue::Array(arrow::array::new_null_array(&DataType::Null, 0))),
        }
    })
    .volatile()
    .call(vec![message]))
}

fn assert_true(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    if arguments.len() == 1 {
        arguments.push(text(format!("'{}' is not true!", context.arguments.first().map_or("", String::as_str))));
    }
    let arguments = cast_all(context, arguments, &[DataType::Boolean, DataType::Utf8])?;
    Ok(Kernel::new("assert_true", DataType::Null, true, |arguments, rows| {
        let (conditions, messages) = (arguments[0].to_array(rows)?, arguments[1].to_array(rows)?);
        let conditions = conditions.as_boolean();
        for row in 0..rows {
            if conditions.is_null(row) || !conditions.value(row) {
                let messages = messages.as_string::<i32>();
                return Err(raised(if messages.is_null(row) { "null" } else { messages.value(row) }));
            }
        }
        Ok(ColumnarValue::Array(arrow::array::new_null_array(&DataType::Null, rows)))
    })
    .volatile()
    .call(arguments))
}

fn uuid(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    // With a seed, the resolver takes the call.
    count(context, &arguments, 0..=0)?;
    Ok(Kernel::new("uuid", DataType::Utf8, false, |_, rows| {
        Ok(ColumnarValue::Array(Arc::new(StringArray::from_iter_values(
            (0..rows).map(|_| uuid::Uuid::new_v4().to_string()),
        ))))
    })
    .infallible()
    .volatile()
    .call(vec![]))
}

fn integral(context: &CallContext<'_>, value: Typed, at: usize) -> Result<Typed> {
    match &value.data_type {
        found if is_integral(found) || matches!(found, DataType::Boolean | DataType::Null) => {
            cast(value, &DataType::Int64, context.conf)
        }
        found => Err(unexpected(context, at, "(\"INTEGRAL\" or \"BOOLEAN\")", found)),
    }
}

fn bit_count(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let value = integral(context, single(context, arguments)?, 0)?;
    one::<Long, i32>(context, vec![value], |value| value.count_ones() as i32)
}

fn bit_get(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [value, place] = fixed(context, arguments)?;
    let bits = match value.data_type {
        DataType::Int8 => 8,
        DataType::Int16 => 16,
        DataType::Int32 => 32,
        _ => 64,
    };
    let value = integral(context, value, 0)?;
    two_or::<Long, Int, i8>(context, vec![value, place], move |value, place| {
        if (0..bits).contains(&place) {
            Ok(Some((value >> place & 1) as i8))
        } else {
            Err(Error::illegal(format!("a bit's place must lie from 0 to {}, found {place}", bits - 1)))
        }
    })
}

/// Digits in groups of three.
pub fn grouped(whole: &str) -> String {
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `format_number(x, places)`, or by a pattern.
fn format_number(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [value, format] = fixed(context, arguments)?;
    if !is_numeric(&value.data_type) && !matches!(value.data_type, DataType::Null | DataType::Utf8) {
        return Err(unexpected(context, 0, "\"NUMERIC\"", &value.data_type));
    }
    let value = if matches!(value.data_type, DataType::Utf8 | DataType::Null) {
        cast(value, &DataType::Float64, context.conf)?
    } else {
        value
    };
    let by_pattern = format.data_type == DataType::Utf8;
    let format = implicit(context, format, if by_pattern { &DataType::Utf8 } else { &DataType::Int32 }, 1)?;
    Ok(kernel(context, "", DataType::Utf8, true, vec![value, format], move |arrays| {
        let number = |picture: &NumberPicture, row: usize| match arrays[0].data_type() {
            DataType::Float64 => picture.of_double(arrays[0].as_primitive::<Float64Type>().value(row)),
            DataType::Float32 => picture.of_double(arrays[0].as_primitive::<Float32Type>().value(row).into()),
            _ => picture.of_text(&display::one(&arrays[0], row, Zone::UTC)),
        };
        let mut last: Option<(String, NumberPicture)> = None;
        let rows = (0..arrays[0].len()).map(|row| {
            if arrays[0].is_null(row) || arrays[1].is_null(row) {
                return Ok(None);
            }
            if !by_pattern {
                let places = usize::try_from(arrays[1].as_primitive::<Int32Type>().value(row));
                return Ok(places.ok().map(|places| number(&NumberPicture::of_places(places), row)));
            }
            let pattern = arrays[1].as_string::<i32>().value(row);
            if last.as_ref().is_none_or(|(known, _)| known != pattern) {
                let picture = NumberPicture::new(pattern).ok_or_else(|| {
                    Error::illegal(format!("'{pattern}' is no pattern of numbers; expected one such as '#,##0.00'"))
                })?;
                last = Some((pattern.to_owned(), picture));
            }
            Ok(last.as_ref().map(|(_, picture)| number(picture, row)))
        });
        Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
    }))
}

/// Java's `String.format`: `%s %d %f %x %e %b %c %n %%` with flags, width and precision.
fn format_string(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=usize::MAX)?;
    let mut arguments = arguments;
    let format = implicit(context, arguments.remove(0), &DataType::Utf8, 0)?;
    arguments.insert(0, format);
    Ok(kernel(context, "", DataType::Utf8, true, arguments, move |arrays| {
        let formats = arrays[0].as_string::<i32>();
        let rows = (0..formats.len()).map(|row| {
            if formats.is_null(row) {
                return Ok(None);
            }
            super::printf::format(formats.value(row), &arrays[1..], row).map(Some)
        });
        Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
    }))
}

/// A part of a URL: HOST, PATH, QUERY (with a key, one of its values), REF, PROTOCOL, FILE,
/// AUTHORITY, USERINFO.
fn parse_url(context: &CallContext<'_>, arguments: Vec<Typed>, strict: bool) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    let arguments = cast_all(context, arguments, &[DataType::Utf8, DataType::Utf8, DataType::Utf8])?;
    Ok(kernel(context, "", DataType::Utf8, true, arguments, move |arrays| {
        let columns: Vec<_> = arrays.iter().map(|array| array.as_string::<i32>()).collect();
        let rows = (0..columns[0].len()).map(|row| {
            if columns.iter().any(|column| column.is_null(row)) {
                return Ok(None);
            }
            let url = columns[0].value(row);
            if url.contains([' ', '<', '>', '"']) {
                return if strict { Err(Error::of(condition::INVALID_URL).with("url", url)) } else { Ok(None) };
            }
            Ok(url_part(url, columns[1].value(row), columns.get(2).map(|keys| keys.value(row))))
        });
        Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
    }))
}

fn url_part(url: &str, part: &str, key: Option<&str>) -> Option<String> {
    let (rest, fragment) = url.split_once('#').map_or((url, None), |(rest, fragment)| (rest, Some(fragment)));
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (protocol, rest) = rest.split_once("://").map_or((None, rest), |(protocol, rest)| (Some(protocol), rest));
    let (authority, path) = match protocol {
        Some(_) => rest.find('/').map_or((Some(rest), ""), |at| (Some(&rest[..at]), &rest[at..])),
        None => (None, rest),
    };
    let (user, address) = authority.map_or((None, None), |authority| {
        authority.rsplit_once('@').map_or((None, Some(authority)), |(user, address)| (Some(user), Some(address)))
    });
    let found = match part {
        "PROTOCOL" => protocol,
        "AUTHORITY" => authority,
        "USERINFO" => user,
        "HOST" => address.map(|address| {
            address
                .rsplit_once(':')
                .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
                .map_or(address, |(host, _)| host)
        }),
        "PATH" => Some(path),
        "REF" => fragment,
        "FILE" => return Some(query.map_or(path.to_owned(), |query| format!("{path}?{query}"))),
        "QUERY" => match key {
            Some(key) => {
                return query?
                    .split('&')
                    .find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == key))
                    .map(|(_, value)| value.to_owned());
            }
            None => query,
        },
        _ => None,
    };
    found.map(str::to_owned)
}

/// A value as text, as Java's `toString` has it.
pub fn shown(array: &dyn Array, row: usize, zone: Zone) -> Result<String> {
    let text = display::to_strings(array.slice(row, 1).as_ref(), zone, Style::LegacyCast)?;
    Ok(if text.is_valid(0) { text.value(0).to_owned() } else { "null".to_owned() })
}
