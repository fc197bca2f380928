//! Values by the conversions of Java's `Formatter`.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalUnit, IntervalYearMonthType, TimestampMicrosecondType,
};

use super::hash::text_hash;
use super::misc::{grouped, shown};
use super::printf::Directive;
use crate::error::{Error, Result};
use crate::types::display;
use crate::types::zone::Zone;

/// Appends a value as its directive says.
pub fn push(directive: &Directive, array: &ArrayRef, row: usize, out: &mut String) -> Result<()> {
    let wrong = || {
        let name = crate::types::simple_name(array.data_type());
        Error::illegal(format!("the conversion {} does not take {name}", directive.conversion))
    };
    if array.is_null(row) || *array.data_type() == DataType::Null {
        directive.push_cut(out, if directive.conversion == 'b' { "false" } else { "null" });
        return Ok(());
    }
    match directive.conversion {
        's' => directive.push_cut(out, &text(array, row)?),
        'b' => directive.push_cut(out, &array.as_boolean_opt().is_none_or(|values| values.value(row)).to_string()),
        'h' => directive.push_cut(out, &format!("{:x}", hash(array, row)?)),
        'c' => {
            let code = whole(array, row).filter(|whole| whole.bits < 64).ok_or_else(wrong)?;
            let letter = u32::try_from(code.value).ok().and_then(char::from_u32).ok_or_else(wrong)?;
            directive.push_cut(out, letter.encode_utf8(&mut [0; 4]));
        }
        'd' => {
            let whole = whole(array, row).ok_or_else(wrong)?;
            let number = signed(directive, whole.value < 0, whole.value.unsigned_abs().to_string(), 0);
            directive.push(out, &number);
        }
        'o' | 'x' => directive.push(out, &bits(directive, whole(array, row).ok_or_else(wrong)?)?),
        _ => directive.push(out, &real_number(directive, real(array, row).ok_or_else(wrong)?)?),
    }
    Ok(())
}

/// A whole number, and how many bits its type has.
#[derive(Clone, Copy)]
struct Whole {
    value: i64,
    bits: u32,
}

/// Dates, times and intervals are the numbers that Spark keeps them as.
fn whole(array: &dyn Array, row: usize) -> Option<Whole> {
    let (value, bits) = match array.data_type() {
        DataType::Int8 => (array.as_primitive::<Int8Type>().value(row).into(), 8),
        DataType::Int16 => (array.as_primitive::<Int16Type>().value(row).into(), 16),
        DataType::Int32 => (array.as_primitive::<Int32Type>().value(row).into(), 32),
        DataType::Int64 => (array.as_primitive::<Int64Type>().value(row), 64),
        DataType::Date32 => (array.as_primitive::<Date32Type>().value(row).into(), 32),
        DataType::Timestamp(..) => (array.as_primitive::<TimestampMicrosecondType>().value(row), 64),
        DataType::Duration(_) => (array.as_primitive::<DurationMicrosecondType>().value(row), 64),
        DataType::Interval(IntervalUnit::YearMonth) => {
            (array.as_primitive::<IntervalYearMonthType>().value(row).into(), 32)
        }
        _ => return None,
    };
    Some(Whole { value, bits })
}

fn real(array: &dyn Array, row: usize) -> Option<f64> {
    Some(match array.data_type() {
        DataType::Float32 => array.as_primitive::<Float32Type>().value(row).into(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row),
        DataType::Decimal128(_, scale) => {
            display::decimal(array.as_primitive::<Decimal128Type>().value(row), *scale).parse().ok()?
        }
        _ => return None,
    })
}

fn text(array: &ArrayRef, row: usize) -> Result<String> {
    match whole(array, row) {
        Some(whole) => Ok(whole.value.to_string()),
        None => shown(array, row, Zone::UTC),
    }
}

/// Java's `hashCode` of what Spark keeps a value as.
fn hash(array: &ArrayRef, row: usize) -> Result<u32> {
    let folded = |bits: u64| (bits ^ bits >> 32) as u32;
    if let Some(Whole { value, bits }) = whole(array, row) {
        return Ok(if bits == 64 { folded(value as u64) } else { value as u32 });
    }
    Ok(match array.data_type() {
        DataType::Boolean => {
            if array.as_boolean().value(row) {
                1231
            } else {
                1237
            }
        }
        DataType::Utf8 => text_hash(array.as_string::<i32>().value(row)),
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            folded(if value.is_nan() { 0x7FF8 << 48 } else { value.to_bits() })
        }
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            if value.is_nan() { 0x7FC0 << 16 } else { value.to_bits() }
        }
        other => {
            let name = crate::types::simple_name(other);
            return Err(Error::unsupported(format!(
                "%h of the type {name} shows how Java hashes it, which is not here"
            )));
        }
    })
}

/// `%x` and `%o`: a negative number shows all bits of its type.
fn bits(directive: &Directive, whole: Whole) -> Result<String> {
    if directive.any("(+ ") {
        return Err(Error::illegal(format!("the conversion {} takes no sign", directive.conversion)));
    }
    let value = whole.value as u64 & u64::MAX >> (64 - whole.bits);
    let (prefix, digits) = match directive.conversion {
        'o' => ("0", format!("{value:o}")),
        _ => ("0x", format!("{value:x}")),
    };
    let prefix = if directive.has('#') { prefix } else { "" };
    let zeros = if directive.has('0') { directive.width_without(prefix.len() + digits.len()) } else { 0 };
    let number = format!("{prefix}{}{digits}", "0".repeat(zeros));
    Ok(if directive.upper { number.to_uppercase() } else { number })
}

/// Digits with their sign, in groups and with zeros before them as the flags say; `tail` more
/// characters follow.
fn signed(directive: &Directive, negative: bool, digits: String, tail: usize) -> String {
    let (before, after) = match (negative, directive.has('(')) {
        (true, true) => ("(", ")"),
        (true, false) => ("-", ""),
        (false, _) if directive.has('+') => ("+", ""),
        (false, _) if directive.has(' ') => (" ", ""),
        (false, _) => ("", ""),
    };
    let digits = if directive.has(',') {
        let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
        grouped(whole) + fraction
    } else {
        digits
    };
    let taken = before.len() + digits.len() + after.len() + tail;
    let zeros = if directive.has('0') { directive.width_without(taken) } else { 0 };
    format!("{before}{}{digits}{after}", "0".repeat(zeros))
}

fn real_number(directive: &Directive, value: f64) -> Result<String> {
    if value.is_nan() {
        return Ok(if directive.upper { "NAN" } else { "NaN" }.to_owned());
    }
    let (negative, magnitude) = (value.is_sign_negative(), value.abs());
    // Rust writes no more digits than these.
    if let Some(places) = directive.precision.filter(|places| *places > usize::from(u16::MAX)) {
        return Err(Error::unsupported(format!("a number with {places} digits: the most are {}", u16::MAX)));
    }
    let places = directive.precision.unwrap_or(6);
    let number = if magnitude.is_infinite() {
        // Zeros are for digits.
        return Ok(cased(directive, signs(directive, negative, "Infinity")));
    } else if directive.conversion == 'a' {
        hexadecimal(directive, negative, magnitude)
    } else {
        let (mantissa, exponent) = match directive.conversion {
            'f' => (half_up(magnitude, places), String::new()),
            'g' => general(magnitude, places.max(1)),
            _ => scientific(magnitude, places),
        };
        let point = if directive.has('#') && places == 0 { "." } else { "" };
        let number = signed(directive, negative, mantissa + point, exponent.len());
        // A bracket closes behind the exponent.
        match number.strip_suffix(')') {
            Some(open) => format!("{open}{exponent})"),
            None => number + &exponent,
        }
    };
    Ok(cased(directive, number))
}

fn cased(directive: &Directive, number: String) -> String {
    if directive.upper { number.to_uppercase() } else { number }
}

/// The sign alone, without zeros.
fn signs(directive: &Directive, negative: bool, digits: &str) -> String {
    match (negative, directive.has('(')) {
        (true, true) => format!("({digits})"),
        (true, false) => format!("-{digits}"),
        (false, _) if directive.has('+') => format!("+{digits}"),
        (false, _) if directive.has(' ') => format!(" {digits}"),
        (false, _) => digits.to_owned(),
    }
}

/// So many digits in all: without an exponent from a ten-thousandth up to what the digits hold.
fn general(magnitude: f64, digits: usize) -> (String, String) {
    if magnitude == 0.0 {
        return (half_up(0.0, digits - 1), String::new());
    }
    let (mantissa, exponent) = scientific(magnitude, digits - 1);
    let power: i64 = exponent[1..].parse().unwrap_or(0);
    let most = i64::try_from(digits).unwrap_or(i64::MAX);
    match (-4..most).contains(&power) {
        true => (half_up(magnitude, usize::try_from(most - 1 - power).unwrap_or(0)), String::new()),
        false => (mantissa, exponent),
    }
}

/// The digits that Java rounds, with one before the point, and the power of ten. There are two at
/// least.
fn java_digits(magnitude: f64) -> (String, i32) {
    let shortest = format!("{magnitude:e}");
    let text = if shortest.contains('.') { shortest } else { format!("{magnitude:.1e}") };
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.replace('.', ""), power.parse().unwrap_or(0))
}

/// Digits cut to `kept`, rounded half up; true where a digit more came of it, in front.
fn cut(digits: &str, kept: usize) -> (String, bool) {
    let mut bytes = digits.as_bytes().to_vec();
    if bytes.len() <= kept {
        bytes.resize(kept, b'0');
        return (String::from_utf8_lossy(&bytes).into_owned(), false);
    }
    let up = bytes[kept] >= b'5';
    bytes.truncate(kept);
    if up {
        let nines = bytes.iter().rev().take_while(|digit| **digit == b'9').count();
        let from = kept - nines;
        bytes[from..].fill(b'0');
        match from.checked_sub(1) {
            Some(last) => bytes[last] += 1,
            None => {
                bytes.insert(0, b'1');
                return (String::from_utf8_lossy(&bytes).into_owned(), true);
            }
        }
    }
    (String::from_utf8_lossy(&bytes).into_owned(), false)
}

/// Mantissa and exponent.
fn scientific(magnitude: f64, places: usize) -> (String, String) {
    if magnitude == 0.0 {
        return (half_up(0.0, places), "e+00".to_owned());
    }
    let (digits, mut power) = java_digits(magnitude);
    let (mut digits, longer) = cut(&digits, places + 1);
    if longer {
        digits.pop();
        power += 1;
    }
    let (whole, fraction) = digits.split_at(1);
    let point = if places > 0 { "." } else { "" };
    let sign = if power < 0 { '-' } else { '+' };
    (format!("{whole}{point}{fraction}"), format!("e{sign}{:02}", power.abs()))
}

/// Without an exponent.
fn half_up(magnitude: f64, places: usize) -> String {
    let (digits, power) = java_digits(magnitude);
    // How many of the digits stay.
    let kept = i64::from(power) + 1 + i64::try_from(places).unwrap_or(i64::MAX);
    let digits = match usize::try_from(kept) {
        Ok(kept) => cut(&digits, kept).0,
        Err(_) => String::new(),
    };
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    if places > 0 { format!("{whole}.{fraction}") } else { whole.to_owned() }
}

/// `%a`: digits of base 16 and a power of two.
fn hexadecimal(directive: &Directive, negative: bool, magnitude: f64) -> String {
    let places = directive.precision.map_or(0, |places| places.max(1));
    let digits = if magnitude == 0.0 || places == 0 || places >= 13 {
        hexadecimal_digits(magnitude)
    } else {
        rounded_hexadecimal(magnitude, places)
    };
    let (mantissa, power) = digits.split_once('p').unwrap_or((&digits, "0"));
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let missing = "0".repeat(places.saturating_sub(fraction));
    let sign = usize::from(negative || directive.any("+ "));
    let zeros = if directive.has('0') { directive.width_without(digits.len() + 2 + sign) } else { 0 };
    signs(directive, negative, &format!("0x{}{mantissa}{missing}p{power}", "0".repeat(zeros)))
}

/// As `Double.toHexString`, without `0x`.
fn hexadecimal_digits(magnitude: f64) -> String {
    let bits = magnitude.to_bits();
    let (power, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    let digits = format!("{fraction:013x}");
    let digits = match digits.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    match (power, fraction) {
        (0, 0) => "0.0p0".to_owned(),
        (0, _) => format!("0.{digits}p-1022"),
        _ => format!("1.{digits}p{}", power - 1023),
    }
}

/// So many digits behind the point, the last rounded half to even.
fn rounded_hexadecimal(magnitude: f64, places: usize) -> String {
    let subnormal = magnitude < f64::MIN_POSITIVE;
    let scaled = if subnormal { magnitude * 2_f64.powi(54) } else { magnitude };
    let dropped = 52 - 4 * places;
    let (bits, half) = (scaled.to_bits(), 1_u64 << (dropped - 1));
    let rest = bits & (2 * half - 1);
    let kept = bits >> dropped;
    let up = rest > half || rest == half && kept % 2 == 1;
    let rounded = f64::from_bits((kept + u64::from(up)) << dropped);
    if rounded.is_infinite() {
        return "1.0p1024".to_owned();
    }
    let text = hexadecimal_digits(rounded);
    match text.split_once('p') {
        Some((mantissa, power)) if subnormal => {
            format!("{mantissa}p{}", power.parse::<i32>().unwrap_or(0) - 54)
        }
        _ => text,
    }
}
