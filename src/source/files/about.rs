//! What a file says of each of its rows: the hidden column `_metadata`, and that of
//! `input_file_name()`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, StructArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};

use super::split::Piece;
use crate::error::Result;
use crate::types::{self, uri};

/// The key that marks a hidden column; its value says which one it is.
pub const FILE_COLUMN: &str = "firesteel.file";

/// The value for the column of `input_file_name()`.
pub const INPUT_FILE: &str = "input";

const METADATA: &str = "_metadata";

/// The schema with the hidden columns behind it.
pub fn with_hidden(schema: &Schema, counts_rows: bool) -> SchemaRef {
    let marked = |name: &str, fields: Fields, which: &str| {
        let marks = HashMap::from([(FILE_COLUMN.to_owned(), which.to_owned())]);
        Arc::new(Field::new(name, DataType::Struct(fields), false).with_metadata(marks))
    };
    let mut fields = schema.fields().to_vec();
    fields.push(marked(METADATA, metadata_fields(counts_rows), METADATA));
    // No user can write this name.
    fields.push(marked("\0input_file", input_fields(), INPUT_FILE));
    Arc::new(Schema::new(fields))
}

fn metadata_fields(counts_rows: bool) -> Fields {
    let mut fields = vec![
        Field::new("file_path", DataType::Utf8, false),
        Field::new("file_name", DataType::Utf8, false),
        Field::new("file_size", DataType::Int64, false),
        Field::new("file_block_start", DataType::Int64, false),
        Field::new("file_block_length", DataType::Int64, false),
        Field::new("file_modification_time", types::timestamp(), false),
    ];
    if counts_rows {
        fields.push(Field::new("row_index", DataType::Int64, true));
    }
    fields.into()
}

fn input_fields() -> Fields {
    vec![
        Field::new("name", DataType::Utf8, false),
        Field::new("start", DataType::Int64, false),
        Field::new("length", DataType::Int64, false),
    ]
    .into()
}

/// A hidden column of `rows` rows, the first of which is the file's `first`-th.
pub fn column(field: &Field, piece: &Piece, first: u64, rows: usize) -> Result<ArrayRef> {
    let text = |text: String| Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, rows))) as ArrayRef;
    let number = |number: u64| Arc::new(Int64Array::from_value(number as i64, rows)) as ArrayRef;
    let span = &piece.span;
    let (start, length) = (number(span.start), number(span.end - span.start));
    let DataType::Struct(fields) = field.data_type() else {
        return Err(crate::error::Error::internal("a file's hidden column is a struct"));
    };
    let columns = if field.name() == METADATA {
        let name = span.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let address = uri::from_path(&span.path);
        let modified = TimestampMicrosecondArray::from_value(piece.modified_ms * 1000, rows).with_timezone(types::UTC);
        let mut columns = vec![
            // Hadoop's short form: one slash.
            text(address.replacen("file:///", "file:/", 1)),
            text(uri::from_path(std::path::Path::new(&name)).trim_start_matches("file://").to_owned()),
            number(span.size),
            start,
            length,
            Arc::new(modified) as ArrayRef,
        ];
        if fields.len() > columns.len() {
            columns.push(Arc::new(Int64Array::from_iter_values((first..first + rows as u64).map(|row| row as i64))));
        }
        columns
    } else {
        vec![text(uri::from_path(&span.path)), start, length]
    };
    Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, None, rows)?))
}
