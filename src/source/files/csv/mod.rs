//! `csv`: options, tokens, types from text, and rows.
//!
//! | file | what is in it |
//! |---|---|
//! | `scan`, `scanner` | where a record ends; one record by its transitions |
//! | [`token`] | what a dialect is, and the fields of a record |
//! | `infer` | a schema from files |
//! | [`read`] | rows, and the records that are none |
//! | [`strings`] | a column of CSV text: `from_csv`, `schema_of_csv` |

mod infer;
mod read;
mod scan;
mod scanner;
mod strings;
mod token;

use std::path::Path;

use arrow::datatypes::{DataType, Schema, SchemaRef};

pub use self::strings::{infer_string, parse_strings};
use self::token::{CsvDialect, Unescaped};
use super::bytes::{Charset, Separator, charset, is_plain};
use super::cells::Rules;
use super::list::FileEntry;
use super::malformed::Malformed;
use super::text::line_separator;
use super::{FileReader, Rows, Span, unsupported_type};
use crate::config::options::bad;
use crate::config::{Conf, Options};
use crate::error::{Error, Result, condition};
use crate::runtime::Cancel;
use crate::types::name_case::NameCase;

/// The reading half of `csv`, with its options.
#[derive(Clone, Debug)]
pub struct CsvReader {
    dialect: CsvDialect,
    rules: Rules,
    malformed: Malformed,
    header: bool,
    enforce_schema: bool,
    infer_schema: bool,
    sampling: f64,
    prefer_date: bool,
    multi_line: bool,
    separator: Separator,
    encoding: Option<Charset>,
    names: NameCase,
}

impl CsvReader {
    pub fn new(options: &mut Options, conf: &Conf) -> Result<Self> {
        let dialect = dialect(options)?;
        let multi_line = options.flag("multiLine", false)?;
        if options.get("lineSep") == Some("") {
            return Err(Error::of(condition::INVALID_LINE_SEPARATOR_EMPTY));
        }
        let separator = line_separator(options)?;
        if multi_line && separator != Separator::Any {
            return Err(Error::unsupported("the options 'lineSep' and 'multiLine' of csv cannot be combined here"));
        }
        let named = options.get("encoding").map(str::to_owned).or_else(|| options.get("charset").map(str::to_owned));
        for key in ["singleVariantColumn", "columnPruning"] {
            if options.get(key).is_some() {
                return Err(Error::unsupported(format!("the option '{key}' of csv is not here")));
            }
        }
        Ok(Self {
            rules: Rules::read(options, conf)?,
            malformed: Malformed::read(options, conf),
            header: options.flag("header", false)?,
            enforce_schema: options.flag("enforceSchema", true)?,
            infer_schema: options.flag("inferSchema", false)?,
            sampling: sampling_ratio(options)?,
            prefer_date: options.flag("preferDate", true)?,
            multi_line,
            separator,
            encoding: named.as_deref().map(|name| charset(name, "CSV")).transpose()?.flatten(),
            names: conf.name_case(),
            dialect,
        })
    }
}

/// `samplingRatio`: which part of the rows types are inferred from.
pub(super) fn sampling_ratio(options: &mut Options) -> Result<f64> {
    match options.parse::<f64>("samplingRatio", "a number above 0")? {
        Some(ratio) if ratio <= 0.0 || ratio.is_nan() => {
            Err(bad("samplingRatio", "a number above 0", &ratio.to_string()))
        }
        ratio => Ok(ratio.unwrap_or(1.0)),
    }
}

fn dialect(options: &mut Options) -> Result<CsvDialect> {
    let separator = options.get("sep").map(str::to_owned).or_else(|| options.get("delimiter").map(str::to_owned));
    let separator = match separator.as_deref() {
        None => b",".to_vec(),
        Some("") => return Err(Error::illegal("the option 'sep' must not be empty")),
        Some(text) => unescape(text)?,
    };
    let mut one = |key: &str, default: u8| -> Result<u8> {
        match options.get(key).map(str::as_bytes) {
            None => Ok(default),
            Some([]) => Ok(0),
            Some([byte]) if byte.is_ascii() => Ok(*byte),
            Some(_) => Err(bad(key, "one ASCII character", options.get(key).unwrap_or_default())),
        }
    };
    let quote = one("quote", b'"')?;
    let escape = one("escape", b'\\')?;
    let comment = one("comment", 0)?;
    let escape_escape = one("charToEscapeQuoteEscaping", if escape == quote { 0 } else { escape })?;
    let unescaped = match options.get("unescapedQuoteHandling").map(str::to_ascii_uppercase).as_deref() {
        None | Some("STOP_AT_DELIMITER") => Unescaped::StopAtDelimiter,
        Some("STOP_AT_CLOSING_QUOTE") => Unescaped::StopAtClosingQuote,
        Some("SKIP_VALUE") => Unescaped::SkipValue,
        Some("RAISE_ERROR") => Unescaped::RaiseError,
        Some("BACK_TO_DELIMITER") => {
            return Err(Error::unsupported("unescapedQuoteHandling=BACK_TO_DELIMITER is not here"));
        }
        Some(other) => {
            return Err(bad(
                "unescapedQuoteHandling",
                "STOP_AT_DELIMITER, STOP_AT_CLOSING_QUOTE, SKIP_VALUE or RAISE_ERROR",
                other,
            ));
        }
    };
    Ok(CsvDialect {
        separator,
        quote,
        escape,
        escape_escape,
        comment,
        trim_start: options.flag("ignoreLeadingWhiteSpace", false)?,
        trim_end: options.flag("ignoreTrailingWhiteSpace", false)?,
        null: options.get("nullValue").unwrap_or_default().to_owned(),
        empty: options.get("emptyValue").unwrap_or_default().to_owned(),
        unescaped,
        max_columns: options.positive("maxColumns")?.unwrap_or(20_480) as usize,
        max_chars: options
            .parse::<i64>("maxCharsPerColumn", "a whole number")?
            .and_then(|most| usize::try_from(most).ok()),
    })
}

/// `\t` and the like, as Spark takes them in `sep`.
fn unescape(text: &str) -> Result<Vec<u8>> {
    let (mut bytes, mut chars) = (Vec::new(), text.chars());
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => match chars.next() {
                Some('t') => '\t',
                Some('r') => '\r',
                Some('n') => '\n',
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('0') => '\0',
                Some(c @ ('\\' | '"' | '\'' | '|')) => c,
                _ => return Err(bad("sep", "a character, or one of \\t \\r \\n \\b \\f \\\\", text)),
            },
            c => c,
        };
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(bytes)
}

impl FileReader for CsvReader {
    fn name(&self) -> &'static str {
        "CSV"
    }

    fn infer(&self, files: &[FileEntry]) -> Result<Option<Schema>> {
        infer::infer(self, files)
    }

    fn check(&self, schema: &Schema) -> Result<()> {
        let nested = |data_type: &DataType| {
            data_type.is_nested() || matches!(data_type, DataType::Interval(_) | DataType::Duration(_))
        };
        if let Some(field) = schema.fields().iter().find(|field| nested(field.data_type())) {
            return Err(unsupported_type("CSV", field));
        }
        self.malformed.check(schema)
    }

    fn splittable(&self, path: &Path) -> bool {
        !self.multi_line && self.encoding.is_none() && is_plain(path)
    }

    fn read(&self, span: &Span, schema: &SchemaRef, wanted: &[usize], cancel: &Cancel) -> Result<Rows> {
        read::read(self, span, schema, wanted, cancel)
    }
}
