//! DDL strings: `a INT, b array<string>` and single types, as `schema("…")`, `cast("…")` and
//! `returnType` take them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, SchemaRef};

use super::{METADATA_KEY, array, day_time_interval, map, timestamp, timestamp_ntz};
use crate::error::{Error, ErrorKind, Result, condition};
use crate::runtime::stack;

/// A schema: `a INT NOT NULL, b: STRING COMMENT 'x'`, or one `struct<…>`.
pub fn parse_schema(text: &str) -> Result<SchemaRef> {
    let mut parser = Parser::new(text);
    let as_type = parser.data_type().and_then(|data_type| parser.end().map(|()| data_type));
    if let Ok(DataType::Struct(fields)) = as_type {
        return Ok(Arc::new(Schema::new(fields)));
    }
    let mut parser = Parser::new(text);
    let mut fields = Vec::new();
    while !parser.done() {
        fields.push(parser.field()?);
        if !parser.eat(",") {
            break;
        }
    }
    parser.end()?;
    Ok(Arc::new(Schema::new(fields)))
}

/// One type: `bigint`, `decimal(10,2)`, `array<struct<a:int>>`.
pub fn parse_type(text: &str) -> Result<DataType> {
    let mut parser = Parser::new(text);
    let data_type = parser.data_type()?;
    parser.end()?;
    Ok(data_type)
}

/// How many types may stand inside each other.
pub const TYPE_DEPTH: usize = 500;

/// The error for a type that is nested more deeply.
pub fn too_deep() -> Error {
    Error::new(ErrorKind::Parse, format!("a type may be {TYPE_DEPTH} types deep, found one that is deeper"))
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<&'a str>,
    at: usize,
    /// How many types are around the one that is read.
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, tokens: tokens(text), at: 0, depth: 0 }
    }

    fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).copied().unwrap_or("")
    }

    fn next(&mut self) -> &'a str {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.peek().eq_ignore_ascii_case(token);
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        if self.eat(token) { Ok(()) } else { Err(self.error()) }
    }

    fn end(&self) -> Result<()> {
        if self.done() { Ok(()) } else { Err(self.error()) }
    }

    fn error(&self) -> Error {
        let found = self.tokens.get(self.at).map_or_else(|| "end of input".to_owned(), |token| format!("'{token}'"));
        Error::of(condition::PARSE_SYNTAX_ERROR)
            .with("error", found)
            .with("hint", format!(" in the type '{}'", self.text))
    }

    fn name(&mut self) -> Result<String> {
        let token = self.next();
        match token.chars().next() {
            Some('`') => match token.strip_prefix('`').and_then(|name| name.strip_suffix('`')) {
                Some(name) => Ok(name.replace("``", "`")),
                None => {
                    self.at -= 1;
                    Err(self.error())
                }
            },
            Some(first) if first.is_alphanumeric() || first == '_' => Ok(token.to_owned()),
            _ => {
                self.at -= 1;
                Err(self.error())
            }
        }
    }

    fn field(&mut self) -> Result<Field> {
        let name = self.name()?;
        self.eat(":");
        let data_type = self.data_type()?;
        let mut nullable = true;
        if self.eat("not") {
            self.expect("null")?;
            nullable = false;
        }
        let mut field = Field::new(name, data_type, nullable);
        if self.eat("comment") {
            let comment = self.next();
            let quote = &comment[..comment.len().min(1)];
            let comment = comment.trim_matches(['\'', '"']).replace(&quote.repeat(2), quote);
            field.set_metadata([(METADATA_KEY.to_owned(), serde_json::json!({"comment": comment}).to_string())].into());
        }
        Ok(field)
    }

    fn data_type(&mut self) -> Result<DataType> {
        self.depth += 1;
        if self.depth > TYPE_DEPTH {
            return Err(too_deep());
        }
        let data_type = stack::step(|| self.one_type());
        self.depth -= 1;
        data_type
    }

    fn one_type(&mut self) -> Result<DataType> {
        let word = self.name()?;
        Ok(match word.to_ascii_lowercase().as_str() {
            "void" | "null" => DataType::Null,
            "boolean" | "bool" => DataType::Boolean,
            "tinyint" | "byte" => DataType::Int8,
            "smallint" | "short" => DataType::Int16,
            "int" | "integer" => DataType::Int32,
            "bigint" | "long" => DataType::Int64,
            "float" | "real" => DataType::Float32,
            "double" => DataType::Float64,
            "decimal" | "dec" | "numeric" => self.decimal()?,
            "string" => DataType::Utf8,
            "char" | "character" | "varchar" => {
                self.expect("(")?;
                self.next();
                self.expect(")")?;
                DataType::Utf8
            }
            "binary" => DataType::Binary,
            "date" => DataType::Date32,
            "timestamp" | "timestamp_ltz" => timestamp(),
            "timestamp_ntz" => timestamp_ntz(),
            "interval" => self.interval()?,
            "array" => {
                self.expect("<")?;
                let element = self.data_type()?;
                self.close()?;
                array(element, true)
            }
            "map" => {
                self.expect("<")?;
                let key = self.data_type()?;
                self.expect(",")?;
                let value = self.data_type()?;
                self.close()?;
                map(key, value, true)
            }
            "struct" => {
                self.expect("<")?;
                let mut fields = Vec::new();
                while self.peek() != ">" && !self.done() {
                    fields.push(self.field()?);
                    if !self.eat(",") {
                        break;
                    }
                }
                self.close()?;
                DataType::Struct(fields.into())
            }
            _ => {
                return Err(
                    Error::of(condition::UNSUPPORTED_DATATYPE).with("typeName", format!("\"{}\"", word.to_uppercase()))
                );
            }
        })
    }

    fn close(&mut self) -> Result<()> {
        self.expect(">")
    }

    fn decimal(&mut self) -> Result<DataType> {
        if !self.eat("(") {
            return Ok(DataType::Decimal128(10, 0));
        }
        let precision: u8 = self.number()?;
        let scale: i8 = if self.eat(",") { self.number()? } else { 0 };
        self.expect(")")?;
        if precision == 0 || precision > 38 || i16::from(scale) > i16::from(precision) {
            return Err(Error::new(
                ErrorKind::Parse,
                format!("decimal({precision},{scale}) must have 1 to 38 digits and no more of them after the point"),
            ));
        }
        Ok(DataType::Decimal128(precision, scale))
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T> {
        let minus = if self.eat("-") { "-" } else { "" };
        let text = format!("{minus}{}", self.peek());
        let number = text.parse().map_err(|_| self.error())?;
        self.at += 1;
        Ok(number)
    }

    fn interval(&mut self) -> Result<DataType> {
        const YEAR_MONTH: [&str; 2] = ["year", "month"];
        const DAY_TIME: [&str; 4] = ["day", "hour", "minute", "second"];
        let unit = self.peek().to_ascii_lowercase();
        let data_type = if YEAR_MONTH.contains(&unit.as_str()) {
            DataType::Interval(IntervalUnit::YearMonth)
        } else if DAY_TIME.contains(&unit.as_str()) {
            day_time_interval()
        } else {
            return Ok(DataType::Interval(IntervalUnit::MonthDayNano));
        };
        self.at += 1;
        if self.eat("to") {
            self.at += 1;
        }
        Ok(data_type)
    }
}

/// Words, quoted names, quoted strings and single characters.
fn tokens(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let first = text[at..].chars().next().unwrap_or(' ');
        at += first.len_utf8();
        if first.is_whitespace() {
            continue;
        }
        if matches!(first, '`' | '\'' | '"') {
            while at < bytes.len() {
                let quote = bytes[at] == first as u8;
                at += 1;
                if quote {
                    if bytes.get(at) != Some(&(first as u8)) {
                        break;
                    }
                    at += 1;
                }
            }
        } else if first.is_alphanumeric() || first == '_' {
            while let Some(next) = text[at..].chars().next().filter(|next| next.is_alphanumeric() || *next == '_') {
                at += next.len_utf8();
            }
        }
        tokens.push(&text[start..at]);
    }
    tokens
}
