//! `json`: one object a line, or a file that is one value; and the same for a column of text.
//!
//! | file | what is in it |
//! |---|---|
//! | `cursor` | JSON text, token by token |
//! | `infer` | a schema from records |
//! | `column` | a column in the making, filled with JSON values |
//! | `read` | rows, and the records that are none |
//! | `lookup` | one value of a text: `get_json_object` and its like |

mod column;
mod cursor;
mod infer;
pub mod lookup;
mod read;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use self::column::{Filled, JsonColumn};
use self::cursor::{Cursor, JsonDialect};
use super::bytes::{Charset, Separator, charset, is_plain};
use super::cells::Rules;
use super::csv::sampling_ratio;
use super::list::FileEntry;
use super::malformed::{Malformed, ParseMode};
use super::text::line_separator;
use super::{FileReader, Rows, Span, unsupported_type};
use crate::config::{Conf, Options};
use crate::error::{Error, Result};
use crate::runtime::Cancel;

/// The reading half of `json`, with its options.
#[derive(Clone, Debug)]
pub struct JsonReader {
    dialect: JsonDialect,
    rules: Rules,
    malformed: Malformed,
    guessing: infer::Guessing,
    sampling: f64,
    separator: Separator,
    encoding: Option<Charset>,
    /// What the option calls the encoding.
    charset: String,
}

impl JsonReader {
    /// Lines can only be found in a file of another encoding when it is said what ends them.
    fn check_lines(&self) -> Result<()> {
        if self.encoding.is_some() && self.separator == Separator::Any {
            let charset = &self.charset;
            return Err(Error::illegal(format!("the option 'lineSep' must be given with the encoding {charset}")));
        }
        Ok(())
    }

    pub fn new(options: &mut Options, conf: &Conf) -> Result<Self> {
        let multi_line = options.flag("multiLine", false)?;
        let separator = line_separator(options)?;
        let named = options.get("encoding").map(str::to_owned).or_else(|| options.get("charset").map(str::to_owned));
        let encoding = named.as_deref().map(|name| charset(name, "JSON")).transpose()?.flatten();
        if options.flag("useUnsafeRow", false)? || options.get("singleVariantColumn").is_some() {
            return Err(Error::unsupported(
                "the options 'useUnsafeRow' and 'singleVariantColumn' of json are not here",
            ));
        }
        // In the plural: PySpark's argument `allowNumericLeadingZero` is a name that Spark does not
        // know.
        let zeros = options.flag("allowNumericLeadingZeros", false)?;
        let rules = Rules::read(options, conf)?;
        Ok(Self {
            dialect: JsonDialect {
                comments: options.flag("allowComments", false)?,
                unquoted_names: options.flag("allowUnquotedFieldNames", false)?,
                single_quotes: options.flag("allowSingleQuotes", true)?,
                leading_zeros: zeros,
                any_escape: options.flag("allowBackslashEscapingAnyCharacter", false)?,
                control_chars: options.flag("allowUnquotedControlChars", false)?,
                non_numeric: options.flag("allowNonNumericNumbers", true)?,
                // Jackson keeps the text as it is only where it decodes the bytes itself.
                anew: named.is_some(),
            },
            malformed: Malformed::read(options, conf),
            guessing: infer::Guessing {
                primitives_as_string: options.flag("primitivesAsString", false)?,
                prefers_decimal: options.flag("prefersDecimal", false)?,
                timestamps: options.flag("inferTimestamp", false)?,
                drop_all_null: options.flag("dropFieldIfAllNull", false)?,
                names: conf.name_case(),
            },
            sampling: sampling_ratio(options)?,
            separator: if multi_line { Separator::None } else { separator },
            encoding,
            charset: named.unwrap_or_default(),
            rules,
        })
    }
}

impl JsonReader {
    /// The beginning of a record of a file, behind a byte order mark. Other charsets than UTF-8
    /// have one for the file alone.
    fn cursor<'a>(&self, record: &'a str) -> Cursor<'a> {
        let record = if self.encoding.is_none() { record.strip_prefix("\u{feff}").unwrap_or(record) } else { record };
        Cursor::new(record, self.dialect)
    }
}

impl FileReader for JsonReader {
    fn name(&self) -> &'static str {
        "JSON"
    }

    fn infer(&self, files: &[FileEntry]) -> Result<Option<Schema>> {
        self.check_lines()?;
        infer::infer(self, files)
    }

    fn check(&self, schema: &Schema) -> Result<()> {
        self.check_lines()?;
        if let Some(field) = schema.fields().iter().find(|field| odd(field.data_type())) {
            return Err(unsupported_type("JSON", field));
        }
        self.malformed.check(schema)
    }

    fn splittable(&self, path: &Path) -> bool {
        self.separator != Separator::None && self.encoding.is_none() && is_plain(path)
    }

    fn read(&self, span: &Span, schema: &SchemaRef, wanted: &[usize], cancel: &Cancel) -> Result<Rows> {
        read::read(self, span, schema, wanted, cancel)
    }
}

/// Whether a type, or one inside it, cannot be read from JSON.
fn odd(data_type: &DataType) -> bool {
    match data_type {
        DataType::Interval(_) | DataType::Duration(_) => true,
        DataType::List(element) => odd(element.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| odd(field.data_type())),
        DataType::Map(..) => match crate::types::map_fields(data_type) {
            Some((key, value)) => key.data_type().is_nested() || odd(key.data_type()) || odd(value.data_type()),
            None => true,
        },
        _ => false,
    }
}

/// `from_json`: each text as a value of `to`, a struct, array or map. Null text is null; malformed
/// text is, by PERMISSIVE, a struct of nulls, or null where `to` is no struct; by FAILFAST an
/// error. DROPMALFORMED is refused, as in Spark.
pub fn parse_strings(text: &StringArray, to: &DataType, options: &mut Options, conf: &Conf) -> Result<ArrayRef> {
    let mut reader = JsonReader::new(options, conf)?;
    reader.dialect.anew = true;
    if reader.malformed.mode == ParseMode::DropMalformed {
        return Err(Error::illegal("from_json takes the modes PERMISSIVE and FAILFAST, not DROPMALFORMED"));
    }
    if odd(to) {
        return Err(unsupported_type("JSON", &Field::new("from_json", to.clone(), true)));
    }
    reader.rules.check_type(to)?;
    let corrupt = match to {
        DataType::Struct(fields) => reader.malformed.position(fields),
        _ => None,
    };
    let mut column = JsonColumn::new(to, text.len())?;
    for record in text {
        match record.filter(|record| !record.trim().is_empty()) {
            None => column.push_null(),
            Some(record) => {
                if !one(&reader, &mut column, corrupt, record) && reader.malformed.mode == ParseMode::FailFast {
                    return Err(reader.malformed.failure(record));
                }
            }
        }
    }
    column.finish()
}

/// Appends one text; false when something in it was malformed.
fn one(reader: &JsonReader, column: &mut JsonColumn, corrupt: Option<usize>, record: &str) -> bool {
    let mut cursor = Cursor::new(record, reader.dialect);
    // The whole syntax first: then nothing is appended half-way.
    let value = match cursor.clone().skip() {
        Ok(value) => value,
        Err(_) => {
            malformed(reader, column, corrupt, record);
            return false;
        }
    };
    cursor = cursor.over(value);
    match column {
        JsonColumn::Struct(rows) if cursor.kind() == Ok(cursor::JsonKind::Object) => {
            let filled = rows.push_except(&mut cursor, &reader.rules, corrupt);
            let good = filled == Ok(Filled::Well);
            if let Some(at) = corrupt {
                push_record(rows.column(at), (!good).then_some(record), reader);
            }
            good
        }
        JsonColumn::Struct(rows) if cursor.kind() == Ok(cursor::JsonKind::Null) => {
            rows.push_empty();
            true
        }
        JsonColumn::Struct(_) => {
            malformed(reader, column, corrupt, record);
            false
        }
        list @ JsonColumn::List { .. } if cursor.kind() == Ok(cursor::JsonKind::Object) => {
            match list.push_alone(&mut cursor, &reader.rules) {
                Some(filled) => filled == Ok(Filled::Well),
                None => list.push(&mut cursor, &reader.rules) == Ok(Filled::Well),
            }
        }
        other => other.push(&mut cursor, &reader.rules) == Ok(Filled::Well),
    }
}

fn malformed(reader: &JsonReader, column: &mut JsonColumn, corrupt: Option<usize>, record: &str) {
    match column {
        JsonColumn::Struct(rows) => rows.push_malformed(corrupt, record, &reader.rules),
        other => other.push_null(),
    }
}

/// Fills the corrupt-record column.
fn push_record(column: &mut JsonColumn, record: Option<&str>, reader: &JsonReader) {
    match (column, record) {
        (JsonColumn::Cells(cells), Some(record)) => {
            cells.push(record, &reader.rules);
        }
        (column, _) => column.push_null(),
    }
}

/// The schema that `schema_of_json` and inference see in one text.
pub fn infer_string(text: &str, options: &mut Options, conf: &Conf) -> Result<DataType> {
    infer::of_text(&JsonReader::new(options, conf)?, text)
}

/// A struct's fields as a schema.
fn schema_of(fields: arrow::datatypes::Fields) -> SchemaRef {
    Arc::new(Schema::new(fields))
}
