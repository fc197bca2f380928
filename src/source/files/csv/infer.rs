//! A schema from CSV files: names from the first record, types from all that are sampled, by
//! Spark's rules.

use arrow::datatypes::{DataType, Field, Schema};

use super::CsvReader;
use super::scan::CsvRecords;
use super::token::Fields;
use crate::error::Result;
use crate::source::files::Span;
use crate::source::files::list::FileEntry;
use crate::types::{self, parse};

pub fn infer(reader: &CsvReader, files: &[FileEntry]) -> Result<Option<Schema>> {
    let (dialect, mut fields) = (&reader.dialect, Fields::default());
    let mut names: Option<Vec<String>> = None;
    let mut guesses: Vec<Option<DataType>> = Vec::new();
    let mut sampled = 0.0;
    for file in files {
        let mut records = CsvRecords::open(reader, &Span::whole(file))?;
        let mut first = true;
        while let Some(record) = records.next()? {
            if !record.cut_to_infer(&mut fields, dialect)? {
                continue;
            }
            let header = std::mem::take(&mut first) && reader.header;
            if names.is_none() {
                names = Some(column_names(reader, &fields, record.bytes));
                guesses = vec![None; fields.len()];
            }
            if !reader.infer_schema {
                break;
            }
            sampled += reader.sampling;
            if header || sampled < 1.0 {
                continue;
            }
            sampled -= 1.0;
            for (i, guess) in guesses.iter_mut().enumerate() {
                if let Some(bytes) = fields.get(i, record.bytes, dialect) {
                    *guess = Some(widen(reader, guess.take(), &String::from_utf8_lossy(bytes)));
                }
            }
        }
        if names.is_some() && !reader.infer_schema {
            break;
        }
    }
    let Some(names) = names else {
        // A file without a row has no columns. Without a file nobody can tell.
        return Ok((!files.is_empty()).then(Schema::empty));
    };
    let fields =
        names.into_iter().zip(guesses).map(|(name, guess)| Field::new(name, guess.unwrap_or(DataType::Utf8), true));
    Ok(Some(Schema::new(fields.collect::<Vec<_>>())))
}

/// The header's names, made unique by their position; `_c0` and so on where there is no name.
pub(super) fn column_names(reader: &CsvReader, fields: &Fields, record: &[u8]) -> Vec<String> {
    let name = |i: usize| {
        fields
            .get(i, record, &reader.dialect)
            .filter(|_| reader.header)
            .map(|name| String::from_utf8_lossy(name).into_owned())
    };
    let names: Vec<Option<String>> = (0..fields.len()).map(name).collect();
    let folded = |name: &str| reader.names.folded(name).into_owned();
    let mut counts = std::collections::HashMap::new();
    for name in names.iter().flatten() {
        *counts.entry(folded(name)).or_insert(0) += 1;
    }
    let unique = |(i, name): (usize, Option<String>)| match name {
        None => format!("_c{i}"),
        Some(name) if counts.get(&folded(&name)).is_some_and(|count| *count > 1) => format!("{name}{i}"),
        Some(name) => name,
    };
    names.into_iter().enumerate().map(unique).collect()
}

/// The type that holds what a column held so far, and this text.
pub(super) fn widen(reader: &CsvReader, so_far: Option<DataType>, text: &str) -> DataType {
    use DataType::{Boolean, Date32, Decimal128, Float64, Int32, Int64, Timestamp, Utf8};
    let from = match &so_far {
        None | Some(Int32) => 0,
        Some(Int64) => 1,
        Some(Decimal128(..)) => 2,
        Some(Float64) => 3,
        Some(Date32) => 4,
        Some(Timestamp(..)) => 5,
        Some(Boolean) => 6,
        Some(_) => return Utf8,
    };
    let this = narrowest(reader, text, from);
    let Some(so_far) = so_far else { return this };
    match (&so_far, &this) {
        (a, b) if a == b => this,
        (Int32, Int64) => Int64,
        (Int32 | Int64 | Decimal128(..), Float64) => Float64,
        (Int32 | Int64, Decimal128(p, s)) => Decimal128((*p).max(20), *s),
        (Decimal128(p, _), Decimal128(q, _)) => Decimal128(*p.max(q), 0),
        (Date32, Timestamp(..)) => this,
        _ => Utf8,
    }
}

/// The first type that takes the text, in Spark's order, from the `from`-th on.
fn narrowest(reader: &CsvReader, text: &str, from: u8) -> DataType {
    let rules = &reader.rules;
    // A decimal may have commas anywhere.
    let whole = || parse::whole_digits(&text.replace(',', "")).filter(|_| from <= 2);
    if from == 0 && text.parse::<i32>().is_ok() {
        DataType::Int32
    } else if from <= 1 && text.parse::<i64>().is_ok() {
        DataType::Int64
    } else if let Some(digits) = whole() {
        DataType::Decimal128(digits, 0)
    } else if from <= 3 && rules.double(text).is_some() {
        DataType::Float64
    } else if from <= 4 && reader.prefer_date && is_date(reader, text) {
        DataType::Date32
    } else if from <= 5 && rules.timestamp(text).is_some() {
        types::timestamp()
    } else if from <= 6 && (text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")) {
        DataType::Boolean
    } else {
        DataType::Utf8
    }
}

/// By `dateFormat`, or exactly `yyyy-MM-dd`.
fn is_date(reader: &CsvReader, text: &str) -> bool {
    match &reader.rules.date {
        Some(_) => reader.rules.date(text).is_some(),
        None => text.len() == 10 && parse::date(text).is_some() && text.bytes().filter(u8::is_ascii_digit).count() == 8,
    }
}
