//! A column of any type in the making, filled with JSON values.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, MapArray, NullBufferBuilder, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, FieldRef, Fields};
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::cursor::{Cursor, JsonKind, Syntax, non_numeric};
use crate::error::{Error, Result};
use crate::source::files::cells::{Cells, Rules};
use crate::types::calendar::MICROS_PER_SECOND;
use crate::types::parse;

/// A builder for one column.
pub enum JsonColumn {
    Cells(Cells),
    Struct(StructColumn),
    List {
        element: FieldRef,
        values: Box<JsonColumn>,
        offsets: Vec<i32>,
        valid: NullBufferBuilder,
    },
    Map {
        entries: FieldRef,
        sorted: bool,
        keys: Box<JsonColumn>,
        values: Box<JsonColumn>,
        offsets: Vec<i32>,
        valid: NullBufferBuilder,
    },
}

/// Several columns side by side: a struct, or the rows themselves.
pub struct StructColumn {
    fields: Fields,
    columns: Vec<JsonColumn>,
    /// Whether a later field has the name of this one, and all of its values.
    hidden: Vec<bool>,
    valid: NullBufferBuilder,
    /// Where in the text each field's value is; kept for its memory.
    places: Vec<Option<std::ops::Range<usize>>>,
}

/// How a value went in, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filled {
    Well,
    /// Something in it is not what the type says, and null instead.
    Partly,
    /// It is not what the type says, and null instead.
    Not,
}

impl Filled {
    fn when(good: bool) -> Self {
        if good { Self::Well } else { Self::Not }
    }

    /// As a struct takes what its field is: a field that is null instead leaves the others as they
    /// are.
    fn within_struct(self) -> Self {
        self.min(Self::Partly)
    }
}

impl JsonColumn {
    pub fn new(data_type: &DataType, rows: usize) -> Result<Self> {
        Ok(match data_type {
            DataType::Struct(fields) => Self::Struct(StructColumn::new(fields, rows)?),
            DataType::List(element) => Self::List {
                element: Arc::clone(element),
                values: Box::new(Self::new(element.data_type(), rows)?),
                offsets: vec![0],
                valid: NullBufferBuilder::new(rows),
            },
            DataType::Map(entries, sorted) => {
                let DataType::Struct(pair) = entries.data_type() else {
                    return Err(Error::internal("a map without entries"));
                };
                Self::Map {
                    entries: Arc::clone(entries),
                    sorted: *sorted,
                    keys: Box::new(Self::new(pair[0].data_type(), rows)?),
                    values: Box::new(Self::new(pair[1].data_type(), rows)?),
                    offsets: vec![0],
                    valid: NullBufferBuilder::new(rows),
                }
            }
            other => Self::Cells(Cells::new(other, rows)?),
        })
    }

    /// How many values there are in the lists' child.
    fn len(&self) -> usize {
        match self {
            Self::Cells(cells) => cells.len(),
            Self::Struct(column) => column.len(),
            Self::List { valid, .. } | Self::Map { valid, .. } => valid.len(),
        }
    }

    pub fn push_null(&mut self) {
        match self {
            Self::Cells(cells) => cells.push_null(),
            Self::Struct(column) => column.push_null(),
            Self::List { values, offsets, valid, .. } | Self::Map { values, offsets, valid, .. } => {
                // A list that broke off half-way leaves its values behind; they belong to this
                // null.
                offsets.push(values.len() as i32);
                valid.append_null();
            }
        }
    }

    /// Appends an object as the one element of a list of structs; false where this is no such list.
    pub fn push_alone(&mut self, cursor: &mut Cursor<'_>, rules: &Rules) -> Option<Result<Filled, Syntax>> {
        match self {
            Self::List { values, offsets, valid, .. } if matches!(values.as_ref(), Self::Struct(_)) => {
                let filled = values.push(cursor, rules);
                offsets.push(values.len() as i32);
                valid.append_non_null();
                Some(filled)
            }
            _ => None,
        }
    }

    /// Appends a value whose syntax is known to be right.
    pub fn push(&mut self, cursor: &mut Cursor<'_>, rules: &Rules) -> Result<Filled, Syntax> {
        let kind = cursor.kind()?;
        if kind == JsonKind::Null {
            cursor.skip()?;
            self.push_null();
            return Ok(Filled::Well);
        }
        match self {
            Self::Cells(cells) => cell(cells, kind, cursor, rules),
            Self::Struct(column) if kind == JsonKind::Object => column.push(cursor, rules),
            Self::List { values, offsets, valid, .. } if kind == JsonKind::Array => {
                let (mut more, mut filled) = (cursor.enter(b']')?, Filled::Well);
                while more {
                    filled = filled.max(values.push(cursor, rules)?);
                    more = cursor.another(b']')?;
                }
                offsets.push(values.len() as i32);
                valid.append(filled != Filled::Not);
                Ok(filled)
            }
            Self::Map { keys, values, offsets, valid, .. } if kind == JsonKind::Object => {
                let (mut more, mut filled) = (cursor.enter(b'}')?, Filled::Well);
                while more {
                    let name = cursor.name()?;
                    match keys.as_mut() {
                        Self::Cells(cells) => {
                            cells.push(&name, rules);
                        }
                        other => other.push_null(),
                    }
                    filled = filled.max(values.push(cursor, rules)?);
                    more = cursor.another(b'}')?;
                }
                offsets.push(values.len() as i32);
                valid.append(filled != Filled::Not);
                Ok(filled)
            }
            other => {
                cursor.skip()?;
                other.push_null();
                Ok(Filled::Not)
            }
        }
    }

    pub fn finish(self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Cells(cells) => cells.finish()?,
            Self::Struct(column) => Arc::new(column.finish()?),
            Self::List { element, values, offsets, mut valid } => {
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                Arc::new(ListArray::try_new(element, offsets, values.finish()?, valid.finish())?)
            }
            Self::Map { entries, sorted, keys, values, offsets, mut valid } => {
                let DataType::Struct(pair) = entries.data_type() else {
                    return Err(Error::internal("a map without entries"));
                };
                let pairs = StructArray::try_new(pair.clone(), vec![keys.finish()?, values.finish()?], None)?;
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                Arc::new(MapArray::try_new(entries, offsets, pairs, valid.finish(), sorted)?)
            }
        })
    }
}

impl StructColumn {
    pub fn new(fields: &Fields, rows: usize) -> Result<Self> {
        let columns =
            fields.iter().map(|field| JsonColumn::new(field.data_type(), rows)).collect::<Result<Vec<_>>>()?;
        let mut later = HashSet::new();
        let mut hidden: Vec<bool> = fields.iter().rev().map(|field| !later.insert(field.name())).collect();
        hidden.reverse();
        Ok(Self {
            fields: fields.clone(),
            columns,
            hidden,
            valid: NullBufferBuilder::new(rows),
            places: vec![None; fields.len()],
        })
    }

    pub fn len(&self) -> usize {
        self.valid.len()
    }

    /// A row that is there, all of nulls.
    pub fn push_empty(&mut self) {
        self.columns.iter_mut().for_each(JsonColumn::push_null);
        self.valid.append_non_null();
    }

    pub fn push_null(&mut self) {
        self.columns.iter_mut().for_each(JsonColumn::push_null);
        self.valid.append_null();
    }

    /// A row of nulls, with the record's text where there is a column for it.
    pub fn push_malformed(&mut self, corrupt: Option<usize>, record: &str, rules: &Rules) {
        for (i, column) in self.columns.iter_mut().enumerate() {
            match column {
                JsonColumn::Cells(cells) if corrupt == Some(i) => {
                    cells.push(record, rules);
                }
                column => column.push_null(),
            }
        }
        self.valid.append_non_null();
    }

    pub fn column(&mut self, i: usize) -> &mut JsonColumn {
        &mut self.columns[i]
    }

    /// Appends an object. Nothing is appended when its syntax is wrong, for that is seen before the
    /// first field is filled.
    pub fn push(&mut self, cursor: &mut Cursor<'_>, rules: &Rules) -> Result<Filled, Syntax> {
        self.push_except(cursor, rules, None)
    }

    /// As [`StructColumn::push`], without a value for the column `except`, which the caller
    /// appends.
    pub fn push_except(
        &mut self,
        cursor: &mut Cursor<'_>,
        rules: &Rules,
        except: Option<usize>,
    ) -> Result<Filled, Syntax> {
        self.places.fill(None);
        let mut repeated = Vec::new();
        let mut more = cursor.enter(b'}')?;
        // Objects of one source list their names in one order: look first where the last one was
        // found, plus one.
        let mut next = 0;
        while more {
            let name = cursor.name()?;
            let place = cursor.skip()?;
            let guess = self.fields.get(next).filter(|field| *field.name() == name && !self.hidden[next]).map(|_| next);
            if let Some(at) = guess.or_else(|| self.fields.iter().rposition(|field| *field.name() == name)) {
                if let Some(earlier) = self.places[at].replace(place) {
                    repeated.push((at, earlier));
                }
                next = at + 1;
            }
            more = cursor.another(b'}')?;
        }
        let mut filled = Filled::Well;
        if !repeated.is_empty() {
            filled = self.choose(cursor, rules, except, repeated)?;
        }
        for (i, (column, place)) in self.columns.iter_mut().zip(&mut self.places).enumerate() {
            if Some(i) == except {
                continue;
            }
            match place.take() {
                Some(place) => filled = filled.max(column.push(&mut cursor.over(place), rules)?.within_struct()),
                None => column.push_null(),
            }
        }
        self.valid.append_non_null();
        Ok(filled)
    }

    /// Of the values of a name that stands more than once the last counts that is of the type.
    fn choose(
        &mut self,
        cursor: &Cursor<'_>,
        rules: &Rules,
        except: Option<usize>,
        repeated: Vec<(usize, std::ops::Range<usize>)>,
    ) -> Result<Filled, Syntax> {
        let mut filled = Filled::Well;
        for (at, earlier) in repeated.into_iter().rev().filter(|(at, _)| Some(*at) != except) {
            let Some(last) = self.places[at].clone() else { continue };
            let data_type = self.fields[at].data_type();
            let fits = |place: std::ops::Range<usize>| match JsonColumn::new(data_type, 1) {
                Ok(mut column) => column.push(&mut cursor.over(place), rules),
                Err(_) => Ok(Filled::Not),
            };
            filled = filled.max(fits(earlier.clone())?.within_struct());
            if fits(last)? == Filled::Not {
                filled = Filled::Partly;
                self.places[at] = Some(earlier);
            }
        }
        Ok(filled)
    }

    pub fn finish(mut self) -> Result<StructArray> {
        let nulls = self.valid.finish();
        let rows = self.valid.len();
        if self.fields.is_empty() {
            return Ok(StructArray::new_empty_fields(
                nulls.as_ref().map_or(rows, arrow::buffer::NullBuffer::len),
                nulls,
            ));
        }
        let columns = self.columns.into_iter().map(JsonColumn::finish).collect::<Result<Vec<_>>>()?;
        Ok(StructArray::try_new(self.fields, columns, nulls)?)
    }
}

/// One value that is not nested, by Spark's rules: text is not a number, a number is not text
/// unless text is wanted.
fn cell(cells: &mut Cells, kind: JsonKind, cursor: &mut Cursor<'_>, rules: &Rules) -> Result<Filled, Syntax> {
    Ok(match (kind, cells) {
        (JsonKind::Text, Cells::Utf8(builder)) => {
            builder.append_value(cursor.string()?);
            Filled::Well
        }
        (_, Cells::Utf8(builder)) if cursor.writes_anew() => {
            let mut text = String::new();
            cursor.copy(&mut text)?;
            builder.append_value(text);
            Filled::Well
        }
        // Whatever else it is, its text stands as it was written.
        (_, Cells::Utf8(builder)) => {
            let place = cursor.skip()?;
            builder.append_value(cursor.slice(place));
            Filled::Well
        }
        (JsonKind::Text, Cells::Float32(builder)) => {
            put(non_numeric(&cursor.string()?).map(|value| value as f32), |value| builder.append_option(value))
        }
        (JsonKind::Text, Cells::Float64(builder)) => {
            put(non_numeric(&cursor.string()?), |value| builder.append_option(value))
        }
        (JsonKind::Text, Cells::Binary(builder)) => {
            put(base64(&cursor.string()?), |bytes| builder.append_option(bytes))
        }
        (JsonKind::Text, Cells::Date(builder)) => {
            let text = cursor.string()?;
            put(rules.date(&text).or_else(|| days(&text, rules)), |days| builder.append_option(days))
        }
        (JsonKind::Text, cells @ (Cells::Decimal(..) | Cells::Timestamp(_) | Cells::TimestampNtz(_))) => {
            Filled::when(cells.push(&cursor.string()?, rules))
        }
        // A number is a time in seconds since the epoch. Those beyond all times wrap around in
        // Java.
        (JsonKind::Number, Cells::Timestamp(builder)) => {
            let seconds = cursor.number()?.parse::<i64>().ok();
            put(seconds.map(|seconds| seconds.wrapping_mul(MICROS_PER_SECOND)), |micros| builder.append_option(micros))
        }
        (JsonKind::Number, Cells::Decimal(builder, precision, scale)) => {
            put(parse::decimal(cursor.number()?, *precision, *scale).ok(), |unscaled| builder.append_option(unscaled))
        }
        // As Jackson, which takes an unsigned byte for a signed one.
        (JsonKind::Number, Cells::Int8(builder)) => {
            let value = cursor.number()?.parse::<i16>().ok().filter(|value| (-128..=255).contains(value));
            put(value.map(|value| value as i8), |value| builder.append_option(value))
        }
        (JsonKind::Number, cells @ (Cells::Int16(_) | Cells::Int32(_) | Cells::Int64(_))) => {
            Filled::when(cells.push(cursor.number()?, rules))
        }
        // A whole number has no sign of zero.
        (JsonKind::Number, cells @ (Cells::Float32(_) | Cells::Float64(_))) => {
            let number = cursor.number()?;
            Filled::when(cells.push(if number == "-0" { "0" } else { number }, rules))
        }
        (JsonKind::NonNumeric, Cells::Float32(builder)) => {
            builder.append_value(non_numeric(cursor.number()?).unwrap_or(f64::NAN) as f32);
            Filled::Well
        }
        (JsonKind::NonNumeric, Cells::Float64(builder)) => {
            builder.append_value(non_numeric(cursor.number()?).unwrap_or(f64::NAN));
            Filled::Well
        }
        (JsonKind::True | JsonKind::False, Cells::Boolean(builder)) => {
            cursor.skip()?;
            builder.append_value(kind == JsonKind::True);
            Filled::Well
        }
        (_, cells) => {
            cursor.skip()?;
            cells.push_null();
            Filled::Not
        }
    })
}

fn put<V>(value: Option<V>, append: impl FnOnce(Option<V>)) -> Filled {
    let filled = Filled::when(value.is_some());
    append(value);
    filled
}

/// Where no format is given, a date that is none as text may be the number of its day, as Spark 1.5
/// wrote it.
fn days(text: &str, rules: &Rules) -> Option<i32> {
    text.parse().ok().filter(|_| rules.date.is_none())
}

/// Groups of four letters, of which any may be padded, with space between them, as Jackson reads
/// base64.
fn base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
            .with_decode_allow_trailing_bits(true),
    );
    let (mut bytes, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start_matches(|c| c <= ' ');
        if rest.is_empty() {
            return Some(bytes);
        }
        let group = rest.get(..4)?;
        LENIENT.decode_vec(group, &mut bytes).ok()?;
        rest = &rest[4..];
    }
}
