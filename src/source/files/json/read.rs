//! JSON rows. A record that is not what the schema says concerns that record alone.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Fields, SchemaRef};

use super::column::{Filled, StructColumn};
use super::cursor::JsonKind;
use super::{JsonReader, push_record};
use crate::error::{Error, Result};
use crate::runtime::Cancel;
use crate::source::files::bytes::Records;
use crate::source::files::malformed::ParseMode;
use crate::source::files::text::BATCH_ROWS;
use crate::source::files::{Rows, Span};

struct JsonRows {
    reader: JsonReader,
    records: Records,
    schema: SchemaRef,
    /// Where the corrupt-record column is among the wanted ones.
    corrupt: Option<usize>,
    cancel: Cancel,
}

pub fn read(reader: &JsonReader, span: &Span, schema: &SchemaRef, wanted: &[usize], cancel: &Cancel) -> Result<Rows> {
    reader.malformed.check_wanted(schema, wanted)?;
    let schema = Arc::new(schema.project(wanted)?);
    reader.rules.check(schema.fields())?;
    let mut rows = JsonRows {
        reader: reader.clone(),
        records: Records::open(span, reader.separator.clone(), reader.encoding)?,
        corrupt: reader.malformed.position(schema.fields()),
        schema,
        cancel: cancel.clone(),
    };
    Ok(Box::new(std::iter::from_fn(move || rows.batch().transpose())))
}

/// Rows in the making, and which of them the mode keeps.
struct KeptRows {
    rows: StructColumn,
    kept: Vec<bool>,
}

impl JsonRows {
    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        self.cancel.check()?;
        let fields: Fields = self.schema.fields().clone();
        let mut batch =
            KeptRows { rows: StructColumn::new(&fields, BATCH_ROWS)?, kept: Vec::with_capacity(BATCH_ROWS) };
        let mut any = false;
        while batch.kept.len() < BATCH_ROWS {
            let Some(record) = self.records.next()? else { break };
            any = true;
            match std::str::from_utf8(record) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => record_rows(&self.reader, self.corrupt, text, &mut batch)?,
                // Not UTF-8, so not JSON: Jackson refuses it as well.
                Err(_) => malformed(&self.reader, self.corrupt, &String::from_utf8_lossy(record), &mut batch)?,
            }
        }
        if !any {
            return Ok(None);
        }
        let count = batch.kept.len();
        let columns = batch.rows.finish()?;
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns.columns().to_vec(), &options)?;
        if batch.kept.iter().all(|kept| *kept) {
            return Ok(Some(rows));
        }
        Ok(Some(filter_record_batch(&rows, &BooleanArray::from(batch.kept))?))
    }
}

/// The rows of one record: an object is a row, an array of objects is several.
fn record_rows(reader: &JsonReader, corrupt: Option<usize>, text: &str, batch: &mut KeptRows) -> Result<()> {
    let cursor = reader.cursor(text);
    let mut values = Vec::new();
    let found = (|| {
        let mut probe = cursor.clone();
        match probe.kind()? {
            JsonKind::Object => values.push(probe.skip()?),
            JsonKind::Array => {
                let mut more = probe.enter(b']')?;
                while more {
                    if probe.kind()? != JsonKind::Object {
                        return Err(super::cursor::Syntax);
                    }
                    values.push(probe.skip()?);
                    more = probe.another(b']')?;
                }
            }
            _ => return Err(super::cursor::Syntax),
        }
        Ok(())
    })();
    if found.is_err() {
        return malformed(reader, corrupt, text, batch);
    }
    for value in values {
        let filled = batch
            .rows
            .push_except(&mut cursor.over(value), &reader.rules, corrupt)
            .map_err(|_| Error::internal("JSON that was right on first sight is not on second"))?;
        let good = filled == Filled::Well;
        if !good && reader.malformed.mode == ParseMode::FailFast {
            return Err(reader.malformed.failure(text));
        }
        if let Some(at) = corrupt {
            push_record(batch.rows.column(at), (!good).then_some(text), reader);
        }
        batch.kept.push(good || reader.malformed.mode != ParseMode::DropMalformed);
    }
    Ok(())
}

/// A record whose syntax is wrong.
fn malformed(reader: &JsonReader, corrupt: Option<usize>, text: &str, batch: &mut KeptRows) -> Result<()> {
    match reader.malformed.mode {
        ParseMode::FailFast => return Err(reader.malformed.failure(text)),
        ParseMode::DropMalformed => {}
        ParseMode::Permissive => {
            batch.rows.push_malformed(corrupt, text, &reader.rules);
            batch.kept.push(true);
        }
    }
    Ok(())
}
