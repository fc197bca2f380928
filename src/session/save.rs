//! Batch writes: `df.write`, `saveAsTable` and `CREATE TABLE … AS`.

use std::fs;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use futures::future::ready;
use futures::stream::TryStreamExt;

use super::catalog::{CATALOG, Catalog, DATABASE, Named, Table};
use super::frame::Frame;
use super::statement::{insert, remove_folder};
use crate::config::{Conf, Options};
use crate::error::{Error, Result, condition};
use crate::plan::tree::{Expr, Relation};
use crate::runtime::Cancel;
use crate::sink::files::save::{FileSave, Overwrite};
use crate::sink::format::SinkRequest;
use crate::types::{simple_name, uri};

/// `mode("…")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveMode {
    ErrorIfExists,
    Append,
    Overwrite,
    Ignore,
}

impl SaveMode {
    /// As `mode("…")` spells it, in any case.
    pub fn parse(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "error" | "errorifexists" | "default" => Ok(Self::ErrorIfExists),
            "append" => Ok(Self::Append),
            "overwrite" => Ok(Self::Overwrite),
            "ignore" => Ok(Self::Ignore),
            _ => Err(Error::of(condition::INVALID_SAVE_MODE).with("mode", format!("\"{text}\""))),
        }
    }
}

/// What `df.write` was told.
pub struct SaveRequest {
    pub format: Option<String>,
    pub options: Options,
    pub mode: SaveMode,
    pub partition_by: Vec<String>,
}

/// `df.write…save(path)`.
pub fn save(frame: &Frame, path: Option<&str>, request: SaveRequest, cancel: &Cancel) -> Result<()> {
    let session = frame.session();
    let conf = session.conf();
    let SaveRequest { format, mut options, mode, partition_by } = request;
    let format = format.unwrap_or_else(|| conf.default_format().to_owned());
    if format.eq_ignore_ascii_case("noop") {
        return run(frame, cancel);
    }
    let given = path.map(str::to_owned).or_else(|| options.get("path").map(str::to_owned));
    let encoding = session.output_format(&format)?.encoding(SinkRequest {
        options: &mut options,
        path: given.clone(),
        conf: &conf,
        print: session.print(),
    })?;
    let overwrite = Overwrite::of(&mut options, &conf, &partition_by)?;
    options.warn_unread(&format);
    let given = given.ok_or_else(|| {
        Error::illegal(format!("the format '{format}' needs a path: save(path), or option(\"path\", …)"))
    })?;
    let path = uri::local_path(&given)?;
    let occupied = path.is_symlink() || path.exists() && (path.is_file() || fs::read_dir(&path)?.next().is_some());
    match mode {
        SaveMode::ErrorIfExists if path.exists() => {
            return Err(Error::of(condition::PATH_ALREADY_EXISTS)
                .with("outputPath", uri::from_path(&std::path::absolute(&path)?)));
        }
        SaveMode::Ignore if path.exists() => return Ok(()),
        _ => {}
    }
    let overwrite = (mode == SaveMode::Overwrite && occupied).then_some(overwrite);
    let save = Arc::new(FileSave::new(path, &frame.schema(), &partition_by, encoding, overwrite, &conf)?);
    let pass = frame.pass(cancel)?;
    let lanes = pass.lanes();
    let staged = frame.each_lane(&pass, |lane, rows| {
        let save = Arc::clone(&save);
        async move { save.stage(lane, lanes, rows).await }
    })?;
    save.publish(staged)
}

/// `foreach` over every row without keeping any: `format("noop")`.
fn run(frame: &Frame, cancel: &Cancel) -> Result<()> {
    frame.each_lane(&frame.pass(cancel)?, |_, rows| rows.try_for_each(|_| ready(Ok(()))))?.into_iter().collect()
}

/// `df.write.mode("append").saveAsTable(name)`: by name, where `insertInto` goes by position. The
/// table's own format, partitions and options hold: another format or partitioning is an error, and
/// an option gets a warning, so that nobody believes in them.
fn append(table: &Table, frame: &Frame, request: &SaveRequest, conf: &Conf, cancel: &Cancel) -> Result<()> {
    let name = format!("{CATALOG}.{DATABASE}.{}", table.name);
    for key in request.options.unread() {
        log::warn!(
            "the option '{key}' has no effect on rows that are appended to the table {name}: its own options hold"
        );
    }
    let format = request.format.clone().unwrap_or_else(|| conf.default_format().to_owned());
    if !format.eq_ignore_ascii_case(&table.format) {
        return Err(Error::of(condition::TABLE_OF_ANOTHER_FORMAT)
            .with("tableName", name)
            .with("existingProvider", &table.format)
            .with("specifiedProvider", format));
    }
    let schema = frame.schema();
    if schema.fields().len() != table.schema.fields().len() {
        let shown = |schema: &Schema| simple_name(&DataType::Struct(schema.fields().clone()));
        return Err(Error::of(condition::TABLE_OF_OTHER_COLUMNS)
            .with("tableName", name)
            .with("existingTableSchema", shown(&table.schema))
            .with("querySchema", shown(&schema)));
    }
    let names = conf.name_case();
    let mut expressions = Vec::with_capacity(table.schema.fields().len());
    for field in table.schema.fields() {
        let column = Expr::Column(vec![field.name().clone()]);
        match schema.fields().iter().filter(|given| names.same(given.name(), field.name())).count() {
            0 => {
                let given: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                return Err(Error::of(condition::TABLE_COLUMN_NOT_GIVEN)
                    .with("col", field.name())
                    .with("inputColumns", given.join(", ")));
            }
            1 => expressions.push(column),
            // The resolver's error says that the name is ambiguous; it comes before that of a name
            // further on.
            _ => frame.derive(|input| Relation::Project { input, expressions: vec![column] }).map(|_| ())?,
        }
    }
    let (given, own) = (&request.partition_by, &table.partition_by);
    if given.len() != own.len() || given.iter().zip(own).any(|(given, own)| !names.same(given, own)) {
        return Err(Error::of(condition::TABLE_OF_OTHER_PARTITIONS)
            .with("tableName", name)
            .with("specifiedPartCols", given.join(", "))
            .with("existingPartCols", own.join(", ")));
    }
    insert(table, &frame.derive(|input| Relation::Project { input, expressions })?, false, cancel)
}

/// `df.write.saveAsTable(name)`, and `CREATE TABLE … AS`.
pub fn save_table(
    frame: &Frame,
    name: &[String],
    path: Option<&str>,
    request: SaveRequest,
    cancel: &Cancel,
) -> Result<()> {
    let session = frame.session();
    let conf = session.conf();
    let own = Catalog::new_name(name)?;
    let existing = match session.catalog().find(&[DATABASE.to_owned(), own.as_str().to_owned()]) {
        Some(Named::Table(table)) => Some(table),
        _ => None,
    };
    if let Some(table) = &existing {
        match request.mode {
            SaveMode::ErrorIfExists => {
                return Err(Error::of(condition::TABLE_OR_VIEW_ALREADY_EXISTS).with("relationName", own.full()));
            }
            SaveMode::Ignore => return Ok(()),
            SaveMode::Append => return append(table, frame, &request, &conf, cancel),
            SaveMode::Overwrite => {}
        }
    }
    let format = request.format.clone().unwrap_or_else(|| conf.default_format().to_owned());
    let managed = existing.as_ref().filter(|table| table.managed).map(|table| &table.path);
    let location = match path {
        Some(path) => std::path::absolute(uri::local_path(path)?)?,
        None => std::path::absolute(match managed {
            Some(_) => session.table_path(&own)?,
            None => session.new_table_path(&own)?,
        })?,
    };
    let (partition_by, options) = (request.partition_by.clone(), request.options.clone());
    let mode = if existing.is_some() || request.mode == SaveMode::Overwrite {
        SaveMode::Overwrite
    } else {
        SaveMode::ErrorIfExists
    };
    save(frame, Some(&location.to_string_lossy()), SaveRequest { mode, ..request }, cancel)?;
    if let Some(before) = managed.filter(|before| !location.starts_with(before)) {
        remove_folder(before)?;
    }
    let schema = frame.schema();
    session.catalog().put_table(
        Table {
            name: own.as_str().to_owned(),
            format,
            options,
            path: location,
            schema,
            partition_by,
            description: None,
            managed: path.is_none(),
        },
        conf.name_case(),
    );
    Ok(())
}
