//! Java's `Formatter`, as far as `format_string` takes it.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};

use super::misc::{grouped, shown};
use crate::error::{Error, Result};
use crate::types::display;
use crate::types::zone::Zone;

/// One `%…` of a format.
#[derive(Default)]
struct Directive {
    left: bool,
    zeros: bool,
    plus: bool,
    space: bool,
    grouped: bool,
    /// Whether a negative number stands in parentheses.
    parenthesised: bool,
    width: usize,
    precision: Option<usize>,
}

/// A format filled with the values of a row.
pub fn format(format: &str, values: &[ArrayRef], row: usize, zone: Zone) -> Result<String> {
    let mut out = String::new();
    let mut next = 0;
    let mut letters = format.chars().peekable();
    while let Some(c) = letters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut directive = Directive::default();
        let mut index = None;
        let mut digits = String::new();
        // A number before `$` names the argument; flags come before the width.
        let conversion = loop {
            let Some(c) = letters.next() else { return Err(bad(format)) };
            match c {
                '-' => directive.left = true,
                '+' => directive.plus = true,
                ' ' => directive.space = true,
                ',' => directive.grouped = true,
                '(' => directive.parenthesised = true,
                '0' if digits.is_empty() => directive.zeros = true,
                '0'..='9' => digits.push(c),
                '$' => index = std::mem::take(&mut digits).parse::<usize>().ok(),
                '.' => {
                    let mut places = String::new();
                    while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                        places.push(digit);
                    }
                    let places: usize = places.parse().map_err(|_| bad(format))?;
                    // Rust writes no more digits than these.
                    if places > usize::from(u16::MAX) {
                        return Err(Error::unsupported(format!(
                            "the format '{format}' asks for {places} digits: the most are {}",
                            u16::MAX
                        )));
                    }
                    directive.precision = Some(places);
                }
                other => break other,
            }
        };
        if !digits.is_empty() {
            // Java's widths are ints.
            let width: u32 = digits.parse().map_err(|_| bad(format))?;
            directive.width = i32::try_from(width).map_err(|_| bad(format))?.unsigned_abs() as usize;
        }
        let text = match conversion {
            '%' => "%".to_owned(),
            'n' => "\n".to_owned(),
            _ => {
                let at = index.map_or(next, |index| index.wrapping_sub(1));
                if index.is_none() {
                    next += 1;
                }
                let value = values.get(at).ok_or_else(|| {
                    Error::illegal(format!("the format '{format}' names argument {}, of {}", at + 1, values.len()))
                })?;
                directive.text(conversion, value, row, zone, format)?
            }
        };
        out.push_str(&directive.padded(text));
    }
    Ok(out)
}

fn bad(format: &str) -> Error {
    Error::illegal(format!("the format '{format}' does not parse"))
}

fn whole(array: &dyn Array, row: usize) -> Option<i64> {
    Some(match array.data_type() {
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row),
        _ => return None,
    })
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

impl Directive {
    fn text(&self, conversion: char, array: &ArrayRef, row: usize, zone: Zone, format: &str) -> Result<String> {
        let wrong = || {
            Error::illegal(format!(
                "in the format '{format}', %{conversion} does not take {}",
                crate::types::simple_name(array.data_type())
            ))
        };
        if array.is_null(row) || *array.data_type() == DataType::Null {
            return Ok(if conversion == 'b' { "false" } else { "null" }.to_owned());
        }
        Ok(match conversion {
            's' | 'S' => {
                let text = shown(array, row, zone)?;
                let text = self.precision.map_or(text.clone(), |most| text.chars().take(most).collect());
                if conversion == 'S' { text.to_uppercase() } else { text }
            }
            'b' => match array.as_boolean_opt() {
                Some(values) => values.value(row).to_string(),
                None => "true".to_owned(),
            },
            'd' => {
                let value = whole(array, row).ok_or_else(wrong)?;
                let digits = value.unsigned_abs().to_string();
                self.signed(value < 0, if self.grouped { grouped(&digits) } else { digits })
            }
            'x' | 'X' | 'o' => {
                let value = whole(array, row).ok_or_else(wrong)?;
                // A negative int shows 32 bits, a bigint 64.
                let bits = if *array.data_type() == DataType::Int64 { value as u64 } else { u64::from(value as u32) };
                match conversion {
                    'x' => format!("{bits:x}"),
                    'X' => format!("{bits:X}"),
                    _ => format!("{bits:o}"),
                }
            }
            'c' => match (whole(array, row), array.as_string_opt::<i32>()) {
                (Some(code), _) => u32::try_from(code).ok().and_then(char::from_u32).ok_or_else(wrong)?.to_string(),
                (None, Some(text)) => text.value(row).chars().take(1).collect(),
                _ => return Err(wrong()),
            },
            'f' | 'e' | 'E' | 'g' | 'G' => {
                let value = real(array, row).ok_or_else(wrong)?;
                if !value.is_finite() {
                    return Ok(display::double(value));
                }
                let places = self.precision.unwrap_or(6);
                let magnitude = value.abs();
                let digits = match conversion {
                    'f' => self.fixed(magnitude, places),
                    'g' | 'G' => self.general(magnitude, places.max(1)),
                    _ => scientific(magnitude, places),
                };
                let digits = if matches!(conversion, 'E' | 'G') { digits.to_uppercase() } else { digits };
                self.signed(value.is_sign_negative(), digits)
            }
            other => {
                return Err(Error::illegal(format!("the format '{format}' holds %{other}, which is no conversion")));
            }
        })
    }

    fn fixed(&self, magnitude: f64, places: usize) -> String {
        let text = half_up(magnitude, places);
        match text.split_once('.') {
            Some((whole, fraction)) if self.grouped => format!("{}.{fraction}", grouped(whole)),
            None if self.grouped => grouped(&text),
            _ => text,
        }
    }

    /// So many digits in all: without an exponent from a ten-thousandth up to what the digits hold.
    fn general(&self, magnitude: f64, digits: usize) -> String {
        if magnitude == 0.0 {
            return self.fixed(0.0, digits - 1);
        }
        let text = scientific(magnitude, digits - 1);
        let exponent: i64 = text.rsplit_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
        let most = i64::try_from(digits).unwrap_or(i64::MAX);
        match (-4..most).contains(&exponent) {
            true => self.fixed(magnitude, usize::try_from(most - 1 - exponent).unwrap_or(0)),
            false => text,
        }
    }

    fn signed(&self, negative: bool, digits: String) -> String {
        if negative && self.parenthesised {
            let missing = self.width.saturating_sub(digits.len() + 2);
            return format!("({}{digits})", if self.zeros { "0".repeat(missing) } else { String::new() });
        }
        let sign = match negative {
            true => "-",
            false if self.plus => "+",
            false if self.space => " ",
            false => "",
        };
        let missing = self.width.saturating_sub(sign.len() + digits.len());
        if self.zeros { format!("{sign}{}{digits}", "0".repeat(missing)) } else { format!("{sign}{digits}") }
    }

    fn padded(&self, text: String) -> String {
        let missing = " ".repeat(self.width.saturating_sub(text.chars().count()));
        if self.left { text + &missing } else { missing + &text }
    }
}

fn scientific(magnitude: f64, places: usize) -> String {
    let text = format!("{magnitude:.places$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// Java rounds the shortest decimal text of a double half up.
fn half_up(value: f64, places: usize) -> String {
    let text = format!("{value}");
    let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let unscaled = text.replace('.', "").parse::<i128>().ok();
    let (from, to) = (i64::try_from(scale).unwrap_or(0), i64::try_from(places).unwrap_or(0));
    let rounded =
        unscaled.and_then(|unscaled| crate::types::parse::rescale(unscaled, from, to)).zip(i8::try_from(places).ok());
    rounded.map_or_else(|| format!("{value:.places$}"), |(unscaled, scale)| display::decimal(unscaled, scale))
}
