//! A schema from JSON records, by Spark's rules: names in order of the alphabet, numbers as bigint
//! or double, and text where values differ.

use std::cmp::Ordering;

use arrow::datatypes::{DataType, Field, Fields, Schema};

use super::cursor::{Cursor, JsonKind, Syntax};
use super::{JsonReader, schema_of};
use crate::error::{Error, Result};
use crate::source::files::Span;
use crate::source::files::bytes::Records;
use crate::source::files::list::FileEntry;
use crate::source::files::malformed::ParseMode;
use crate::types;
use crate::types::name_case::NameCase;

/// The options that inference alone has.
#[derive(Clone, Copy, Debug)]
pub struct Guessing {
    pub primitives_as_string: bool,
    pub prefers_decimal: bool,
    pub timestamps: bool,
    pub drop_all_null: bool,
    pub names: NameCase,
}

/// What a value may be.
#[derive(Clone, Debug, PartialEq)]
enum Guess {
    Null,
    Boolean,
    Long,
    Decimal(u8, i8),
    Double,
    Timestamp,
    Text,
    Array(Box<Guess>),
    /// In order of the alphabet. A name that stands twice in one object is here twice.
    Struct(Vec<(String, Guess)>),
}

pub fn infer(reader: &JsonReader, files: &[FileEntry]) -> Result<Option<Schema>> {
    let (mut all, mut sampled) = (Guess::Struct(Vec::new()), 0.0);
    let column = &reader.malformed.column;
    for file in files {
        let mut records = Records::open(&Span::whole(file), reader.separator.clone(), reader.encoding)?;
        while let Some(record) = records.next()? {
            let text = String::from_utf8_lossy(record);
            if text.trim().is_empty() {
                continue;
            }
            sampled += reader.sampling;
            if sampled < 1.0 {
                continue;
            }
            sampled -= 1.0;
            let readable = std::str::from_utf8(record).is_ok();
            match if readable { rows(&text, reader) } else { Err(Syntax) } {
                Ok(Some(row)) => all = merge(all, row, &reader.guessing),
                _ if reader.malformed.mode == ParseMode::FailFast => return Err(reader.malformed.failure(&text)),
                _ if reader.malformed.mode == ParseMode::DropMalformed => {}
                // A record of something else than objects leaves a column of this name as it is.
                Ok(None) if has(&all, column) => {}
                Ok(None) | Err(Syntax) => {
                    all = merge(all, Guess::Struct(vec![(column.clone(), Guess::Text)]), &reader.guessing);
                }
            }
        }
    }
    if files.is_empty() {
        return Ok(None);
    }
    let Guess::Struct(names) = all else { return Err(Error::internal("rows of JSON that are no structs")) };
    let fields = fields(names, &reader.guessing);
    Ok(Some(schema_of(fields).as_ref().clone()))
}

fn has(guess: &Guess, wanted: &str) -> bool {
    matches!(guess, Guess::Struct(names) if names.iter().any(|(name, _)| name == wanted))
}

/// The type of one text, as `schema_of_json` has it. Names may stand twice: nothing is read by them
/// yet.
pub fn of_text(reader: &JsonReader, text: &str) -> Result<DataType> {
    let mut cursor = Cursor::new(text, reader.dialect);
    cursor.space().map_err(|_| reader.malformed.failure(text))?;
    if cursor.is_at_end() {
        return Ok(DataType::Utf8);
    }
    let options = &reader.guessing;
    let found = guess(&mut cursor, reader).map_err(|_| reader.malformed.failure(text))?;
    Ok(match found {
        Guess::Struct(names) => DataType::Struct(fields(names, options)),
        Guess::Array(element) => match *element {
            Guess::Struct(names) => types::array(DataType::Struct(fields(names, options)), true),
            other => finish(Guess::Array(Box::new(other)), options).unwrap_or(DataType::Utf8),
        },
        other => finish(other, options).unwrap_or(DataType::Utf8),
    })
}

/// What the rows of a record are: an object, or an array of them, else none; null is no row's worth
/// of names.
fn rows(text: &str, reader: &JsonReader) -> Result<Option<Guess>, Syntax> {
    let row = match guess(&mut reader.cursor(text), reader)? {
        Guess::Array(element) => *element,
        other => other,
    };
    Ok(match row {
        Guess::Null => Some(Guess::Struct(Vec::new())),
        object @ Guess::Struct(_) => Some(object),
        _ => None,
    })
}

fn guess(cursor: &mut Cursor<'_>, reader: &JsonReader) -> Result<Guess, Syntax> {
    let options = &reader.guessing;
    let primitive = |guess| if options.primitives_as_string { Guess::Text } else { guess };
    Ok(match cursor.kind()? {
        JsonKind::Null => {
            cursor.skip()?;
            Guess::Null
        }
        JsonKind::True | JsonKind::False => {
            cursor.skip()?;
            primitive(Guess::Boolean)
        }
        JsonKind::NonNumeric => {
            cursor.number()?;
            primitive(Guess::Double)
        }
        JsonKind::Number => {
            let text = cursor.number()?;
            primitive(number(text, options.prefers_decimal))
        }
        JsonKind::Text => {
            let text = cursor.string()?;
            if text.is_empty() {
                // Writers that do not tell null from empty text mean null by it.
                return Ok(Guess::Null);
            }
            let is_time = options.timestamps && reader.rules.timestamp(&text).is_some();
            primitive(if is_time { Guess::Timestamp } else { Guess::Text })
        }
        JsonKind::Array => {
            let (mut more, mut element) = (cursor.enter(b']')?, Guess::Null);
            while more {
                element = merge(element, guess(cursor, reader)?, options);
                more = cursor.another(b']')?;
            }
            Guess::Array(Box::new(element))
        }
        JsonKind::Object => {
            let (mut more, mut names) = (cursor.enter(b'}')?, Vec::new());
            while more {
                let name = cursor.name()?.into_owned();
                insert(&mut names, name, guess(cursor, reader)?);
                more = cursor.another(b'}')?;
            }
            Guess::Struct(names)
        }
    })
}

/// Puts a name behind those that come before it in the alphabet.
fn insert(names: &mut Vec<(String, Guess)>, name: String, guess: Guess) {
    let place = names.partition_point(|(known, _)| *known <= name);
    names.insert(place, (name, guess));
}

fn number(text: &str, prefers_decimal: bool) -> Guess {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let whole = !text.contains(['.', 'e', 'E']);
    if whole && text.parse::<i64>().is_ok() {
        Guess::Long
    } else if whole && digits <= 38 {
        Guess::Decimal(digits as u8, 0)
    } else if prefers_decimal && !text.contains(['e', 'E']) {
        let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        // A number below one has the precision of its scale: 0.001 is a decimal(3, 3).
        let significant = text.trim_start_matches('-').replace('.', "").trim_start_matches('0').len().max(scale).max(1);
        if significant <= 38 { Guess::Decimal(significant as u8, scale as i8) } else { Guess::Double }
    } else {
        Guess::Double
    }
}

/// The guess that holds both.
fn merge(a: Guess, b: Guess, options: &Guessing) -> Guess {
    use Guess::{Array, Decimal, Double, Long, Null, Struct, Text};
    if let (Struct(_), Struct(_)) = (&a, &b)
        && let Some(common) = tightest(&a, &b, options)
    {
        return common;
    }
    match (a, b) {
        (Null, other) | (other, Null) => other,
        (Struct(left), Struct(right)) => Struct(merge_names(left, right, options)),
        (Array(left), Array(right)) => Array(Box::new(merge(*left, *right, options))),
        (Long | Decimal(..), Double) | (Double, Long | Decimal(..)) => Double,
        (Long, Decimal(p, s)) | (Decimal(p, s), Long) => widest((20, 0), (p, s)),
        (Decimal(p, s), Decimal(q, t)) => widest((p, s), (q, t)),
        (a, b) if a == b => a,
        _ => Text,
    }
}

/// What holds both without loss, as Spark's types are widened. Objects of as many names, which may
/// differ by case, have one then.
fn tightest(a: &Guess, b: &Guess, options: &Guessing) -> Option<Guess> {
    use Guess::{Array, Decimal, Double, Long, Null, Struct};
    Some(match (a, b) {
        (Null, other) | (other, Null) => other.clone(),
        (Long, Double) | (Double, Long) => Double,
        (Long, Decimal(p, s)) | (Decimal(p, s), Long) if i16::from(*p) - i16::from(*s) >= 20 => Decimal(*p, *s),
        (Array(a), Array(b)) => Array(Box::new(tightest(a, b, options)?)),
        (Struct(left), Struct(right)) if left.len() == right.len() => {
            let pairs = left.iter().zip(right);
            let common = pairs.map(|((name, a), (other, b))| {
                Some((name.clone(), tightest(a, b, options).filter(|_| options.names.same(name, other))?))
            });
            Struct(common.collect::<Option<_>>()?)
        }
        (a, b) if a == b => a.clone(),
        _ => return None,
    })
}

/// The names of both, each with what holds it in both. Of a name that is there twice each meets
/// another.
fn merge_names(left: Vec<(String, Guess)>, right: Vec<(String, Guess)>, options: &Guessing) -> Vec<(String, Guess)> {
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    let mut merged = Vec::new();
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return merged,
        };
        match order {
            Ordering::Less => merged.extend(left.next()),
            Ordering::Greater => merged.extend(right.next()),
            Ordering::Equal => {
                let pair = left.next().zip(right.next());
                merged.extend(pair.map(|((name, a), (_, b))| (name, merge(a, b, options))));
            }
        }
    }
}

fn widest((p, s): (u8, i8), (q, t): (u8, i8)) -> Guess {
    let whole = (i16::from(p) - i16::from(s)).max(i16::from(q) - i16::from(t));
    let scale = s.max(t);
    match u8::try_from(whole + i16::from(scale)) {
        Ok(precision) if precision <= 38 => Guess::Decimal(precision, scale),
        _ => Guess::Double,
    }
}

/// The type of a guess; `None` where there is nothing: an object without names, or null throughout
/// when such fields are dropped.
fn finish(guess: Guess, options: &Guessing) -> Option<DataType> {
    match guess {
        Guess::Null => (!options.drop_all_null).then_some(DataType::Utf8),
        Guess::Boolean => Some(DataType::Boolean),
        Guess::Long => Some(DataType::Int64),
        Guess::Decimal(precision, scale) => Some(DataType::Decimal128(precision, scale)),
        Guess::Double => Some(DataType::Float64),
        Guess::Timestamp => Some(types::timestamp()),
        Guess::Text => Some(DataType::Utf8),
        Guess::Array(element) => finish(*element, options).map(|element| types::array(element, true)),
        Guess::Struct(names) => Some(fields(names, options)).filter(|fields| !fields.is_empty()).map(DataType::Struct),
    }
}

fn fields(names: Vec<(String, Guess)>, options: &Guessing) -> Fields {
    let named = names.into_iter().filter(|(name, _)| !name.is_empty());
    named.filter_map(|(name, guess)| Some(Field::new(name, finish(guess, options)?, true))).collect()
}
