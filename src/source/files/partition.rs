//! Partition columns: what `…/year=2020/month=01/part.csv` says about its rows.

use std::path::Path;

use arrow::datatypes::{DataType, Field};
use percent_encoding::percent_decode_str;

use super::cells::{Cells, Rules};
use super::list::FileEntry;
use crate::error::{Error, Result, condition};
use crate::types::{self, parse};

/// Names and texts of a file's partition directories, outermost first; `None` is the name that Hive
/// gives to null.
pub type Values = Vec<(String, Option<String>)>;

const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The `k=v` directories above a file, up to `base`. Other directories are passed over below the
/// innermost one, and end the search above it.
pub fn values(file: &Path, base: &Path) -> Values {
    let mut values = Values::new();
    for dir in file.ancestors().skip(1).take_while(|dir| *dir != base && dir.starts_with(base)) {
        let name = dir.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        match name.split_once('=').filter(|(key, _)| !key.is_empty()) {
            Some((key, value)) => {
                let text = unescape(value);
                values.push((unescape(key), (text != NULL).then_some(text)));
            }
            None if values.is_empty() => {}
            None => break,
        }
    }
    values.reverse();
    values
}

fn unescape(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The partition columns of files, with types from their values, or as text when `infer` is off.
pub fn fields(files: &[FileEntry], infer: bool, rules: &Rules) -> Result<Vec<Field>> {
    let mut lists: Vec<(&FileEntry, Vec<&str>)> = Vec::new();
    for file in files.iter().filter(|file| !file.values.is_empty()) {
        let names: Vec<_> = file.values.iter().map(|(name, _)| name.as_str()).collect();
        if !lists.iter().any(|(_, other)| *other == names) {
            lists.push((file, names));
        }
    }
    let Some((_, names)) = lists.first() else { return Ok(Vec::new()) };
    if lists.len() > 1 {
        let describe =
            |(i, (_, names)): (usize, &(&FileEntry, Vec<&str>))| format!("\n\tlist #{i}: {}", names.join(", "));
        let dirs: Vec<_> = lists
            .iter()
            .filter_map(|(file, _)| file.path.parent())
            .map(|dir| format!("\n\t{}", dir.display()))
            .collect();
        return Err(Error::of(condition::CONFLICTING_PARTITION_COLUMN_NAMES)
            .with("distinctPartColLists", lists.iter().enumerate().map(describe).collect::<String>())
            .with("suspiciousPaths", dirs.concat()));
    }
    let column = |i: usize| files.iter().filter_map(move |file| file.values.get(i)).map(|(_, value)| value.as_deref());
    Ok(names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let common = column(i).flatten().map(|value| guess(value, rules)).reduce(common);
            Field::new(*name, common.filter(|_| infer).unwrap_or(DataType::Utf8), true)
        })
        .collect())
}

/// The narrowest type of one value.
fn guess(value: &str, rules: &Rules) -> DataType {
    if value.parse::<i32>().is_ok() {
        DataType::Int32
    } else if value.parse::<i64>().is_ok() {
        DataType::Int64
    } else if whole_decimal(value) {
        DataType::Decimal128(value.trim_start_matches(['+', '-']).len() as u8, 0)
    } else if super::cells::java_double(value).is_some() {
        DataType::Float64
    } else if parse::date(value).is_some() && value.len() == 10 {
        DataType::Date32
    } else if value.contains('-') && parse::timestamp(value, rules.zone).is_some() {
        types::timestamp()
    } else {
        DataType::Utf8
    }
}

fn whole_decimal(value: &str) -> bool {
    let digits = value.trim_start_matches(['+', '-']);
    !digits.is_empty() && digits.len() <= 38 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The type that holds both, by Spark's rule for partition columns; text where none does.
fn common(a: DataType, b: DataType) -> DataType {
    use DataType::{Date32, Decimal128, Float64, Int32, Int64, Timestamp};
    match (&a, &b) {
        (a_type, b_type) if a_type == b_type => a,
        (Int32, Int64) | (Int64, Int32) => Int64,
        (Int32, Float64) | (Float64, Int32) => Float64,
        (Decimal128(p, _), Decimal128(q, _)) => Decimal128(*p.max(q), 0),
        (Decimal128(p, _), Int32 | Int64) | (Int32 | Int64, Decimal128(p, _)) => Decimal128(*p.max(&20), 0),
        (Date32, Timestamp(..)) | (Timestamp(..), Date32) => types::timestamp(),
        _ => DataType::Utf8,
    }
}

/// A partition value as a column of `rows` equal values.
pub fn column(value: Option<&str>, field: &Field, rules: &Rules, rows: usize) -> Result<arrow::array::ArrayRef> {
    let mut cells = Cells::new(field.data_type(), 1)?;
    match value {
        None => cells.push_null(),
        Some(text) => {
            if !cells.push(text, rules) {
                return Err(Error::runtime(format!(
                    "the partition value '{text}' of the column '{}' is not a {}: give the column another type",
                    field.name(),
                    types::simple_name(field.data_type())
                )));
            }
        }
    }
    let one = cells.finish()?;
    Ok(arrow::compute::take(&one, &arrow::array::UInt32Array::from_value(0, rows), None)?)
}
