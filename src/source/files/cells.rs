//! One column of a text file in the making: text in, typed value or null out. CSV, JSON and
//! partition directories share it.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int8Builder, Int16Builder, Int32Builder, Int64Builder, NullBuilder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Fields, TimeUnit};

use crate::config::{Conf, Options};
use crate::error::{Error, Result, condition};
use crate::types::pattern::Pattern;
use crate::types::zone::Zone;
use crate::types::{self, hexadecimal, parse};

/// How text is read as a value, from the options that CSV and JSON share.
#[derive(Clone, Debug)]
pub struct Rules {
    pub zone: Zone,
    /// `dateFormat`, `timestampFormat`, `timestampNTZFormat`; without one, what a cast takes.
    pub date: Option<CellPattern>,
    pub timestamp: Option<CellPattern>,
    pub timestamp_ntz: Option<CellPattern>,
    pub nan: String,
    pub positive_inf: String,
    pub negative_inf: String,
}

/// A pattern of an option. Spark looks at it when it meets the first text that it is for.
#[derive(Clone, Debug)]
pub enum CellPattern {
    Good(Pattern),
    /// None of Java's, with the error that says so. It takes no text.
    Bad(Error),
}

impl CellPattern {
    fn new(pattern: &str) -> Self {
        Pattern::for_parsing(pattern).map_or_else(Self::Bad, Self::Good)
    }

    /// What the pattern finds in a text.
    pub fn read<T>(&self, find: impl FnOnce(&Pattern) -> Option<T>) -> Option<T> {
        match self {
            Self::Good(pattern) => find(pattern),
            Self::Bad(_) => None,
        }
    }
}

impl Rules {
    /// An error where a column is read by a pattern that had another meaning in Spark 2. Others
    /// only make each text malformed.
    pub fn check(&self, fields: &Fields) -> Result<()> {
        fields.iter().try_for_each(|field| self.check_type(field.data_type()))
    }

    pub fn check_type(&self, data_type: &DataType) -> Result<()> {
        let pattern = match data_type {
            DataType::Date32 => &self.date,
            DataType::Timestamp(_, Some(_)) => &self.timestamp,
            DataType::Timestamp(_, None) => &self.timestamp_ntz,
            DataType::Struct(fields) => return self.check(fields),
            DataType::List(element) | DataType::Map(element, _) => return self.check_type(element.data_type()),
            _ => return Ok(()),
        };
        match pattern {
            Some(CellPattern::Bad(error))
                if error.condition().is_some_and(|known| known.name == condition::UPGRADE_DATETIME_PATTERN.name) =>
            {
                Err(error.clone())
            }
            _ => Ok(()),
        }
    }

    /// A cast's rules in the session's time zone.
    pub fn of_casts(conf: &Conf) -> Result<Self> {
        Ok(Self {
            zone: Zone::of(conf.time_zone())?,
            date: None,
            timestamp: None,
            timestamp_ntz: None,
            nan: "NaN".into(),
            positive_inf: "Inf".into(),
            negative_inf: "-Inf".into(),
        })
    }

    /// As the options have them; refuses a locale other than ours by name.
    pub fn read(options: &mut Options, conf: &Conf) -> Result<Self> {
        let mut rules = Self::of_casts(conf)?;
        if let Some(zone) = options.get("timeZone") {
            rules.zone = Zone::of(zone)?;
        }
        let mut pattern = |key: &str| options.get(key).map(CellPattern::new);
        (rules.date, rules.timestamp, rules.timestamp_ntz) =
            (pattern("dateFormat"), pattern("timestampFormat"), pattern("timestampNTZFormat"));
        if options.flag("enableDateTimeParsingFallback", false)? {
            return Err(Error::unsupported(
                "the option 'enableDateTimeParsingFallback' is for the date formats of Spark 2, which are not here",
            ));
        }
        if let Some(locale) = options.get("locale")
            && !locale.to_ascii_lowercase().starts_with("en")
        {
            return Err(Error::unsupported(format!("the option 'locale' is '{locale}': only en-US is here")));
        }
        for (key, slot) in [
            ("nanValue", &mut rules.nan),
            ("positiveInf", &mut rules.positive_inf),
            ("negativeInf", &mut rules.negative_inf),
        ] {
            if let Some(text) = options.get(key) {
                text.clone_into(slot);
            }
        }
        Ok(rules)
    }

    pub fn date(&self, text: &str) -> Option<i32> {
        match &self.date {
            None => parse::date(text),
            Some(pattern) => pattern.read(|pattern| pattern.parse_date(text)),
        }
    }

    pub fn timestamp(&self, text: &str) -> Option<i64> {
        match &self.timestamp {
            None => parse::timestamp(text, self.zone),
            Some(pattern) => pattern.read(|pattern| pattern.parse_timestamp(text, self.zone)),
        }
    }

    /// A clock reading; text with a zone is malformed here, other than in a cast.
    pub fn timestamp_ntz(&self, text: &str) -> Option<i64> {
        if let Some(pattern) = &self.timestamp_ntz {
            return pattern.read(|pattern| pattern.parse_local(text));
        }
        let time = text.get(10..).unwrap_or_default();
        let zoned = time.bytes().skip(1).any(|b| b.is_ascii_alphabetic() || matches!(b, b'+' | b'-'));
        if zoned { None } else { parse::timestamp_ntz(text) }
    }

    pub fn double(&self, text: &str) -> Option<f64> {
        if text == self.nan {
            Some(f64::NAN)
        } else if text == self.positive_inf {
            Some(f64::INFINITY)
        } else if text == self.negative_inf {
            Some(f64::NEG_INFINITY)
        } else {
            java_double(text)
        }
    }
}

/// Java's `Double.parseDouble`: spaces around it, `NaN`, `Infinity`, and a type suffix are fine.
pub fn java_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c| c <= ' ');
    if let Some(value) = hexadecimal::double(text) {
        return Some(value);
    }
    match text.as_bytes().last()? {
        b'0'..=b'9' | b'.' => text.parse().ok(),
        b'd' | b'D' | b'f' | b'F' => {
            let digits = &text[..text.len() - 1];
            digits.bytes().last().filter(|b| b.is_ascii_digit() || *b == b'.').and_then(|_| digits.parse().ok())
        }
        _ => match text {
            "NaN" | "+NaN" | "-NaN" => Some(f64::NAN),
            "Infinity" | "+Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
    }
}

/// Java's `BigDecimal` of a text without its commas: `1,000.5`, but no space around it.
pub fn java_decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    if text.trim_matches(|c| c <= ' ').len() < text.len() {
        return None;
    }
    parse::decimal(&text.replace(',', ""), precision, scale).ok()
}

/// A builder for one column of a type that is not nested.
pub enum Cells {
    Null(NullBuilder),
    Boolean(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder, u8, i8),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    TimestampNtz(TimestampMicrosecondBuilder),
    Utf8(StringBuilder),
    Binary(BinaryBuilder),
}

/// Does the same to whichever builder it is.
macro_rules! each {
    ($cells:expr, $builder:ident => $body:expr) => {
        match $cells {
            Cells::Null($builder) => $body,
            Cells::Boolean($builder) => $body,
            Cells::Int8($builder) => $body,
            Cells::Int16($builder) => $body,
            Cells::Int32($builder) => $body,
            Cells::Int64($builder) => $body,
            Cells::Float32($builder) => $body,
            Cells::Float64($builder) => $body,
            Cells::Decimal($builder, ..) => $body,
            Cells::Date($builder) => $body,
            Cells::Timestamp($builder) | Cells::TimestampNtz($builder) => $body,
            Cells::Utf8($builder) => $body,
            Cells::Binary($builder) => $body,
        }
    };
}

impl Cells {
    /// A builder with room for `rows` rows; an error for a nested type.
    pub fn new(data_type: &DataType, rows: usize) -> Result<Self> {
        Ok(match data_type {
            DataType::Null => Self::Null(NullBuilder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::Int8 => Self::Int8(Int8Builder::with_capacity(rows)),
            DataType::Int16 => Self::Int16(Int16Builder::with_capacity(rows)),
            DataType::Int32 => Self::Int32(Int32Builder::with_capacity(rows)),
            DataType::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            DataType::Float32 => Self::Float32(Float32Builder::with_capacity(rows)),
            DataType::Float64 => Self::Float64(Float64Builder::with_capacity(rows)),
            DataType::Decimal128(precision, scale) => {
                Self::Decimal(Decimal128Builder::with_capacity(rows), *precision, *scale)
            }
            DataType::Date32 => Self::Date(Date32Builder::with_capacity(rows)),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
                Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows))
            }
            DataType::Timestamp(TimeUnit::Microsecond, None) => {
                Self::TimestampNtz(TimestampMicrosecondBuilder::with_capacity(rows))
            }
            DataType::Utf8 => Self::Utf8(StringBuilder::with_capacity(rows, rows * 16)),
            DataType::Binary => Self::Binary(BinaryBuilder::with_capacity(rows, rows * 16)),
            other => return Err(Error::internal(format!("text cannot hold a {}", types::simple_name(other)))),
        })
    }

    pub fn len(&self) -> usize {
        use arrow::array::ArrayBuilder;
        each!(self, builder => builder.len())
    }

    pub fn push_null(&mut self) {
        match self {
            Self::Null(builder) => builder.append_null(),
            other => each!(other, builder => builder.append_null()),
        }
    }

    /// Appends what the text says by CSV's rules; false, and null, when it says nothing of the
    /// type.
    pub fn push(&mut self, text: &str, rules: &Rules) -> bool {
        fn put<V>(value: Option<V>, append: impl FnOnce(Option<V>)) -> bool {
            let good = value.is_some();
            append(value);
            good
        }
        match self {
            Self::Null(builder) => {
                builder.append_null();
                false
            }
            Self::Boolean(b) => {
                let value = if text.eq_ignore_ascii_case("true") {
                    Some(true)
                } else if text.eq_ignore_ascii_case("false") {
                    Some(false)
                } else {
                    None
                };
                put(value, |v| b.append_option(v))
            }
            Self::Int8(b) => put(text.parse().ok(), |v| b.append_option(v)),
            Self::Int16(b) => put(text.parse().ok(), |v| b.append_option(v)),
            Self::Int32(b) => put(text.parse().ok(), |v| b.append_option(v)),
            Self::Int64(b) => put(text.parse().ok(), |v| b.append_option(v)),
            Self::Float32(b) => put(rules.double(text), |v| b.append_option(v.map(|v| v as f32))),
            Self::Float64(b) => put(rules.double(text), |v| b.append_option(v)),
            Self::Decimal(b, precision, scale) => put(java_decimal(text, *precision, *scale), |v| b.append_option(v)),
            Self::Date(b) => put(rules.date(text), |v| b.append_option(v)),
            Self::Timestamp(b) => put(rules.timestamp(text), |v| b.append_option(v)),
            Self::TimestampNtz(b) => put(rules.timestamp_ntz(text), |v| b.append_option(v)),
            Self::Utf8(b) => {
                b.append_value(text);
                true
            }
            Self::Binary(b) => {
                b.append_value(text);
                true
            }
        }
    }

    pub fn finish(self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Decimal(mut builder, precision, scale) => {
                Arc::new(builder.finish().with_precision_and_scale(precision, scale)?)
            }
            Self::Timestamp(mut builder) => Arc::new(builder.finish().with_timezone(types::UTC)),
            other => each!(other, builder => {
                let mut builder = builder;
                Arc::new(arrow::array::ArrayBuilder::finish(&mut builder)) as ArrayRef
            }),
        })
    }
}
