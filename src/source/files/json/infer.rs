//! A schema from JSON records, by Spark's rules: names in order of the alphabet, numbers as bigint or double, and text where values differ.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field, Fields, Schema};

use super::cursor::{Cursor, JsonKind, Syntax};
use super::{JsonReader, schema_of};
use crate::error::{Error, Result, condition};
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

impl Guessing {
    /// The name among `names` that is this one, in another case where case does not count.
    fn known(&self, names: &BTreeMap<String, Guess>, name: &str) -> Option<String> {
        if names.contains_key(name) {
            return Some(name.to_owned());
        }
        names.keys().find(|known| self.names.same(known, name)).cloned()
    }
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
    Struct(BTreeMap<String, Guess>),
}

/// Why a record has no type.
enum NoGuess {
    Syntax,
    /// A name stands twice in one object.
    Repeated(String),
}

impl From<Syntax> for NoGuess {
    fn from(_: Syntax) -> Self {
        Self::Syntax
    }
}

pub fn infer(reader: &JsonReader, files: &[FileEntry]) -> Result<Option<Schema>> {
    let (mut all, mut corrupt, mut any, mut sampled) = (Guess::Struct(BTreeMap::new()), false, false, 0.0);
    for file in files {
        let mut records = Records::open(&Span::whole(file), reader.separator.clone(), reader.encoding)?;
        while let Some(record) = records.next()? {
            let text = String::from_utf8_lossy(record);
            if text.trim().is_empty() {
                continue;
            }
            any = true;
            sampled += reader.sampling;
            if sampled < 1.0 {
                continue;
            }
            sampled -= 1.0;
            let readable = std::str::from_utf8(record).is_ok();
            let row = match rows(&text, reader) {
                Ok(row) if readable => Some(row),
                Err(NoGuess::Repeated(name)) if readable => return Err(repeated(&name)),
                _ => None,
            };
            match row {
                Some(row) => all = merge(all, row, &reader.guessing),
                None if reader.malformed.mode == ParseMode::FailFast => return Err(reader.malformed.failure(&text)),
                None => corrupt = true,
            }
        }
    }
    if !any {
        return Ok(None);
    }
    let Guess::Struct(mut names) = all else { return Err(Error::internal("rows of JSON that are no structs")) };
    if corrupt && reader.malformed.mode == ParseMode::Permissive {
        names.insert(reader.malformed.column.clone(), Guess::Text);
    }
    let fields = fields(names, &reader.guessing)?;
    Ok(Some(schema_of(fields).as_ref().clone()))
}

/// The type of one text, as `schema_of_json` has it.
pub fn of_text(reader: &JsonReader, text: &str) -> Result<DataType> {
    // Names that differ by case alone are fine here: nothing is read by them yet.
    let mut reader = reader.clone();
    reader.guessing.names = NameCase::Counts;
    let guess = guess(&mut Cursor::new(text, reader.dialect), &reader).map_err(|why| match why {
        NoGuess::Syntax => reader.malformed.failure(text),
        NoGuess::Repeated(name) => repeated(&name),
    })?;
    Ok(finish(guess, &reader.guessing)?.unwrap_or(DataType::Utf8))
}

/// What the rows of a record are: an object, or an array of them; null is no row's worth of names.
fn rows(text: &str, reader: &JsonReader) -> Result<Guess, NoGuess> {
    let mut cursor = Cursor::new(text, reader.dialect);
    match guess(&mut cursor, reader)? {
        Guess::Null => Ok(Guess::Struct(BTreeMap::new())),
        object @ Guess::Struct(_) => Ok(object),
        Guess::Array(element) => match *element {
            object @ Guess::Struct(_) => Ok(object),
            Guess::Null => Ok(Guess::Struct(BTreeMap::new())),
            _ => Err(NoGuess::Syntax),
        },
        _ => Err(NoGuess::Syntax),
    }
}

fn guess(cursor: &mut Cursor<'_>, reader: &JsonReader) -> Result<Guess, NoGuess> {
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
            let (mut more, mut names, mut repeated) = (cursor.enter(b'}')?, BTreeMap::new(), None);
            while more {
                let name = cursor.name()?.into_owned();
                let value = guess(cursor, reader)?;
                if options.known(&names, &name).is_some() {
                    repeated.get_or_insert(name.clone());
                }
                names.insert(name, value);
                more = cursor.another(b'}')?;
            }
            if let Some(name) = repeated {
                return Err(NoGuess::Repeated(name));
            }
            Guess::Struct(names)
        }
    })
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

/// The guess that holds both. A name keeps the case in which it was seen first.
fn merge(a: Guess, b: Guess, options: &Guessing) -> Guess {
    use Guess::{Array, Decimal, Double, Long, Null, Struct, Text};
    match (a, b) {
        (Null, other) | (other, Null) => other,
        (Struct(mut left), Struct(right)) => {
            for (name, value) in right {
                let name = options.known(&left, &name).unwrap_or(name);
                let merged = match left.remove(&name) {
                    Some(known) => merge(known, value, options),
                    None => value,
                };
                left.insert(name, merged);
            }
            Struct(left)
        }
        (Array(left), Array(right)) => Array(Box::new(merge(*left, *right, options))),
        (Long | Decimal(..), Double) | (Double, Long | Decimal(..)) => Double,
        (Long, Decimal(p, s)) | (Decimal(p, s), Long) => widest((20, 0), (p, s)),
        (Decimal(p, s), Decimal(q, t)) => widest((p, s), (q, t)),
        (a, b) if a == b => a,
        _ => Text,
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

/// The type of a guess; `None` where there is nothing: an object without names, or null throughout when such fields are dropped.
fn finish(guess: Guess, options: &Guessing) -> Result<Option<DataType>> {
    Ok(match guess {
        Guess::Null => (!options.drop_all_null).then_some(DataType::Utf8),
        Guess::Boolean => Some(DataType::Boolean),
        Guess::Long => Some(DataType::Int64),
        Guess::Decimal(precision, scale) => Some(DataType::Decimal128(precision, scale)),
        Guess::Double => Some(DataType::Float64),
        Guess::Timestamp => Some(types::timestamp()),
        Guess::Text => Some(DataType::Utf8),
        Guess::Array(element) => finish(*element, options)?.map(|element| types::array(element, true)),
        Guess::Struct(names) => Some(fields(names, options)?).filter(|fields| !fields.is_empty()).map(DataType::Struct),
    })
}

fn repeated(name: &str) -> Error {
    Error::of(condition::COLUMN_ALREADY_EXISTS).with("columnName", format!("`{}`", name.to_lowercase()))
}

fn fields(names: BTreeMap<String, Guess>, options: &Guessing) -> Result<Fields> {
    let mut fields: Vec<Field> = Vec::new();
    for (name, guess) in names.into_iter().filter(|(name, _)| !name.is_empty()) {
        let Some(data_type) = finish(guess, options)? else { continue };
        fields.push(Field::new(name, data_type, true));
    }
    Ok(fields.into())
}
