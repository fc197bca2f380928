//! CSV rows. A record that is not what the schema says concerns that record alone.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{BooleanArray, BooleanBufferBuilder, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{FieldRef, Fields as StructFields, Schema, SchemaRef};

use super::CsvReader;
use super::infer::column_names;
use super::scan::{CsvRecord, CsvRecords};
use super::token::{Fields, Uncut};
use crate::error::{Error, Result, condition};
use crate::runtime::Cancel;
use crate::source::files::cells::Cells;
use crate::source::files::malformed::ParseMode;
use crate::source::files::text::BATCH_ROWS;
use crate::source::files::{Rows, Span};

/// A wanted column: a field of the record, the corrupt record itself, or null as its name is that
/// of the corrupt record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Field(usize),
    Corrupt,
    Null,
}

struct CsvRows {
    reader: CsvReader,
    records: CsvRecords,
    fields: Fields,
    schema: SchemaRef,
    wanted: Vec<Wanted>,
    /// How many fields a record must have; not checked when only some are wanted, as in Spark,
    /// which then reads no others.
    width: Option<usize>,
    cancel: Cancel,
}

pub fn read(reader: &CsvReader, span: &Span, schema: &SchemaRef, wanted: &[usize], cancel: &Cancel) -> Result<Rows> {
    reader.malformed.check_wanted(schema, wanted)?;
    reader.rules.check(schema.project(wanted)?.fields())?;
    let all = all_wanted(reader, schema.fields());
    let places: Vec<Wanted> = wanted.iter().map(|column| all[*column]).collect();
    let (held, taken) = (fields_of(&all), fields_of(&places));
    let mut rows = CsvRows {
        reader: reader.clone(),
        records: CsvRecords::open(reader, span)?,
        fields: Fields::default(),
        schema: Arc::new(schema.project(wanted)?),
        wanted: places,
        width: (taken == held).then_some(held),
        cancel: cancel.clone(),
    };
    if reader.header && span.start == 0 {
        rows.header(schema, &all, span)?;
    }
    Ok(Box::new(std::iter::from_fn(move || rows.batch().transpose())))
}

/// Where the columns of a schema come from. The corrupt-record column is none of the file's: fields
/// after it move up.
pub(super) fn all_wanted(reader: &CsvReader, columns: &StructFields) -> Vec<Wanted> {
    let corrupt = reader.malformed.position(columns);
    let mut next = 0;
    let wanted = |(at, field): (usize, &FieldRef)| {
        if corrupt == Some(at) {
            return Wanted::Corrupt;
        }
        if corrupt.is_some() && *field.name() == reader.malformed.column {
            return Wanted::Null;
        }
        next += 1;
        Wanted::Field(next - 1)
    };
    columns.iter().enumerate().map(wanted).collect()
}

/// How many columns are fields of the record.
pub(super) fn fields_of(wanted: &[Wanted]) -> usize {
    wanted.iter().filter(|place| matches!(place, Wanted::Field(_))).count()
}

impl CsvRows {
    /// Passes over the header, and compares its names with the schema's.
    fn header(&mut self, schema: &Schema, all: &[Wanted], span: &Span) -> Result<()> {
        let dialect = &self.reader.dialect;
        let record = loop {
            match self.records.next()? {
                None => return Ok(()),
                Some(record) if !record.cut(&mut self.fields, dialect)? => {}
                Some(record) => break record.bytes.to_vec(),
            }
        };
        let named =
            |i: usize| String::from_utf8_lossy(self.fields.get(i, &record, dialect).unwrap_or_default()).into_owned();
        let found: Vec<String> = (0..self.fields.len()).map(named).collect();
        let expected: Vec<&str> = schema
            .fields()
            .iter()
            .enumerate()
            .filter(|(i, _)| matches!(all[*i], Wanted::Field(_)))
            .map(|(_, field)| field.name().as_str())
            .collect();
        let same = |(a, b): (&String, &&str)| self.reader.names.same(a, b);
        let equal = |names: &[String]| names.len() == expected.len() && names.iter().zip(&expected).all(same);
        // A schema that was inferred has other names for those that are empty or there twice.
        if equal(&found) || equal(&column_names(&self.reader, &self.fields, &record)) {
            return Ok(());
        }
        let message = format!(
            "the header of {} is '{}' and the schema has '{}'",
            crate::types::uri::from_path(&span.path),
            found.join(", "),
            expected.join(", ")
        );
        if self.reader.enforce_schema {
            // As in Spark, whose CSVHeaderChecker warns of it, file by file.
            log::warn!("{message}; columns are taken by position, whatever their names");
            return Ok(());
        }
        Err(Error::illegal(format!("{message}: mend one of them, or set enforceSchema to true to go by position")))
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        self.cancel.check()?;
        let mut columns: Vec<Cells> = self
            .schema
            .fields()
            .iter()
            .map(|field| Cells::new(field.data_type(), BATCH_ROWS))
            .collect::<Result<_>>()?;
        let mut kept = BooleanBufferBuilder::new(BATCH_ROWS);
        let mut all_kept = true;
        while kept.len() < BATCH_ROWS {
            let Some(record) = self.records.next()? else { break };
            if !record.cut(&mut self.fields, &self.reader.dialect)? {
                continue;
            }
            let keep = row(&self.reader, &self.fields, &self.wanted, self.width, record, &mut columns)?;
            all_kept &= keep;
            kept.append(keep);
        }
        if kept.is_empty() {
            return Ok(None);
        }
        let columns = columns.into_iter().map(Cells::finish).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(kept.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        Ok(Some(if all_kept { batch } else { filter_record_batch(&batch, &BooleanArray::new(kept.finish(), None))? }))
    }
}

/// Appends a record that was cut into `fields` to the columns; false when the mode drops it.
pub(super) fn row(
    reader: &CsvReader,
    fields: &Fields,
    wanted: &[Wanted],
    width: Option<usize>,
    record: CsvRecord<'_>,
    columns: &mut [Cells],
) -> Result<bool> {
    let (dialect, shown, record) = (&reader.dialect, record.without_line_end(), record.bytes);
    let mut good = width.is_none_or(|width| width == 0 || fields.len() == width);
    for (place, column) in wanted.iter().zip(columns.iter_mut()) {
        match place {
            Wanted::Field(at) => match fields.get(*at, record, dialect) {
                None => column.push_null(),
                Some(bytes) => good &= column.push(&text(bytes), &reader.rules),
            },
            Wanted::Null => column.push_null(),
            Wanted::Corrupt => {}
        }
    }
    for (place, column) in wanted.iter().zip(columns.iter_mut()) {
        if *place == Wanted::Corrupt {
            if good {
                column.push_null();
            } else {
                column.push(&text(shown), &reader.rules);
            }
        }
    }
    match reader.malformed.mode {
        ParseMode::FailFast if !good => Err(reader.malformed.failure(&text(shown))),
        ParseMode::DropMalformed => Ok(good),
        _ => Ok(true),
    }
}

/// Bytes as text; what is not UTF-8 is replaced, as Java does.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The error for a record that cannot be cut: whatever the mode, the file is not what the options
/// say.
pub(super) fn uncut(why: Uncut, record: &[u8]) -> Error {
    let hint = match why {
        Uncut::TooManyColumns => "it has more columns than maxColumns allows",
        Uncut::FieldTooLong => "a field is longer than maxCharsPerColumn allows",
        Uncut::UnescapedQuote => "a quote inside a field is not escaped",
    };
    let record = text(record);
    let shown: String = record.chars().take(1000).collect();
    Error::of(condition::MALFORMED_CSV_RECORD)
        .with("badRecord", shown)
        .context(format!("cutting it into fields: {hint}"))
}
