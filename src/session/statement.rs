//! SQL statements that change the session: views, tables, SET.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema, SchemaRef};

use super::Session;
use super::catalog::{self, CATALOG, Catalog, DATABASE, Named, Table};
use super::frame::Frame;
use super::names::{TableName, quoted, sql_view_name};
use super::read::ReadRequest;
use super::save::{SaveMode, SaveRequest, save, save_table};
use crate::config::{Options, setting};
use crate::error::{Context, Error, Result, condition};
use crate::plan::functions::{self, NamePattern};
use crate::plan::resolve::cast::assignable;
use crate::plan::tree::{Relation, Statement, TableDefinition, ViewContents, ViewScope};
use crate::runtime::Cancel;
use crate::source::ReadMode;
use crate::source::memory::MemoryTable;
use crate::types::name_case::NameCase;
use crate::types::{self, simple_name, sql_name};

/// Carries a statement out and gives its result as a frame.
pub fn run(session: &Arc<Session>, statement: Statement, cancel: &Cancel) -> Result<Frame> {
    match statement {
        Statement::Query(relation) => return Frame::new(session, &relation),
        Statement::CreateView { name, scope, replace, contents } => {
            let name = sql_view_name(&name)?;
            let view = Arc::clone(view(session, name, contents)?.resolved());
            match scope {
                ViewScope::Session => session.catalog().put_view(name, view, replace)?,
                ViewScope::Global => catalog::global_views().put(name, view, replace)?,
            }
        }
        Statement::DropView { name, if_exists } => {
            if !drop_view(session, &name) && !if_exists {
                return Err(missing(&name));
            }
        }
        Statement::CreateTable { name, columns, definition, if_not_exists, replace, query } => {
            if if_not_exists && session.catalog().find(&name).is_some() {
                return nothing(session);
            }
            let TableDefinition { format, path, options, partitioned_by, comment } = definition;
            let mode = if replace { SaveMode::Overwrite } else { SaveMode::ErrorIfExists };
            let options = Options::new(options);
            let request = SaveRequest { format, options, mode, partition_by: partitioned_by };
            if let Some(query) = query {
                let place = path.map(|path| session.table_location(&path)).transpose()?;
                let place = place.as_ref().map(|place| place.to_string_lossy());
                save_table(&Frame::new(session, &query)?, &name, place.as_deref(), request, cancel)?;
            } else {
                let columns = match columns {
                    Some(columns) => columns,
                    None => inferred(session, &request, path.as_deref())?,
                };
                declare(session, &name, path.as_deref(), request, columns, comment)?;
            }
        }
        Statement::DropFunction { name, temporary, if_exists } => drop_function(session, &name, temporary, if_exists)?,
        Statement::DropTable { name, if_exists } => drop_table(session, &name, if_exists)?,
        Statement::Insert { table, columns, overwrite, query } => {
            if !columns.is_empty() {
                return Err(Error::unsupported("SQL: INSERT with a list of columns is not implemented in Firesteel"));
            }
            let Named::Table(table) = session.catalog().get(&table)? else {
                return Err(Error::unsupported("rows cannot be inserted into a view"));
            };
            insert(&table, &Frame::new(session, &query)?, overwrite, cancel)?;
        }
        Statement::ShowTables { database, pattern } => {
            return tables(session, database.as_deref(), pattern.as_deref());
        }
        Statement::Describe { table } => return describe(session, &table),
        Statement::Set { key, value } => return set(session, key, value),
    }
    nothing(session)
}

fn missing(name: &[String]) -> Error {
    Error::of(condition::TABLE_OR_VIEW_NOT_FOUND).with("relationName", quoted(name))
}

/// The rows that a temporary view shows.
fn view(session: &Arc<Session>, name: &str, contents: ViewContents) -> Result<Frame> {
    let (columns, query) = match contents {
        ViewContents::Query { columns, query } => (columns, query),
        ViewContents::Read { format, schema, options } => {
            return session.read(ReadRequest {
                format: Some(format),
                options: Options::new(options),
                schema,
                paths: Vec::new(),
                mode: ReadMode::Batch,
            });
        }
    };
    let frame = Frame::new(session, &query)?;
    let (case, found) = (session.conf().name_case(), frame.schema());
    let own = found.fields().iter().map(|field| field.name().as_str());
    if !columns.is_empty() && columns.len() != own.len() {
        let condition = if columns.len() < own.len() {
            condition::CREATE_VIEW_TOO_MANY_DATA_COLUMNS
        } else {
            condition::CREATE_VIEW_NOT_ENOUGH_DATA_COLUMNS
        };
        let shown = |names: Vec<&str>| names.iter().map(|name| quoted(&[name])).collect::<Vec<_>>().join(", ");
        return Err(Error::of(condition)
            .with("viewName", quoted(&[name]))
            .with("viewColumns", shown(columns.iter().map(String::as_str).collect()))
            .with("dataColumns", shown(own.collect())));
    }
    let names: Vec<&str> =
        if columns.is_empty() { own.collect() } else { columns.iter().map(String::as_str).collect() };
    case.refuse_repeated(names)?;
    if columns.is_empty() {
        return Ok(frame);
    }
    frame.derive(|input| Relation::RenameAll { input, names: columns })
}

/// Whether there was a temporary view of this name.
fn drop_view(session: &Session, name: &[String]) -> bool {
    match name {
        [place, name] if place.eq_ignore_ascii_case(catalog::GLOBAL) => catalog::global_views().drop(name),
        _ => sql_view_name(name).is_ok_and(|name| session.catalog().drop_view(name)),
    }
}

/// A function that was registered goes, if it is said to be temporary; one of Spark's own stays.
fn drop_function(session: &Session, name: &[String], temporary: bool, if_exists: bool) -> Result<()> {
    let shown = || quoted(name);
    if let [own] = name {
        let registered = session.function(own).is_some();
        if temporary && session.drop_function(own) {
            return Ok(());
        }
        if functions::lookup(own).is_some() && !(temporary && if_exists) {
            return Err(Error::of(condition::FORBIDDEN_OPERATION)
                .with("statement", "DROP")
                .with("objectType", "FUNCTION")
                .with("objectName", shown()));
        }
        if registered {
            return Err(Error::of(condition::EXPECT_PERSISTENT_FUNCTION_NOT_TEMP)
                .with("name", shown())
                .with("operation", "'DROP FUNCTION'"));
        }
    }
    if if_exists {
        return Ok(());
    }
    Err(Error::of(condition::ROUTINE_NOT_FOUND).with("routineName", shown()))
}

/// `CREATE TABLE` without a query, and `catalog.createTable`.
pub fn declare(
    session: &Session,
    name: &[String],
    path: Option<&str>,
    request: SaveRequest,
    schema: SchemaRef,
    description: Option<String>,
) -> Result<()> {
    let name = Catalog::new_name(name)?;
    let existing = match session.catalog().find(&[DATABASE.to_owned(), name.as_str().to_owned()]) {
        Some(Named::Table(table)) => Some(table),
        _ => None,
    };
    if existing.is_some() && request.mode == SaveMode::ErrorIfExists {
        return Err(Error::of(condition::TABLE_OR_VIEW_ALREADY_EXISTS).with("relationName", name.full()));
    }
    let managed = existing.as_ref().filter(|table| table.managed).map(|table| &table.path);
    let conf = session.conf();
    types::refuse_repeated(schema.fields(), conf.name_case())?;
    check_partitions(&name, &schema, &request.partition_by, conf.name_case())?;
    let location = match path {
        Some(path) => session.table_location(path)?,
        None if managed.is_some() => session.table_path(&name)?,
        None => session.new_table_path(&name)?,
    };
    let location = std::path::absolute(location)?;
    let format = request.format.unwrap_or_else(|| conf.default_format().to_owned());
    let is_new = !location.exists();
    std::fs::create_dir_all(&location).context(|| format!("creating the table's folder {}", location.display()))?;
    if let Err(error) = session.check_table(&location, &format, &request.options, &schema) {
        if is_new {
            // Nothing is in it yet. What else is wrong with it is less than what the error says.
            let _ = std::fs::remove_dir(&location);
        }
        return Err(error);
    }
    // Nothing is wrong with the new table: the one that it replaces goes with its rows.
    if let Some(before) = managed.filter(|before| location == **before || !location.starts_with(before)) {
        remove_folder(before)?;
        std::fs::create_dir_all(&location)?;
    }
    session.catalog().put_table(
        Table {
            name: name.as_str().to_owned(),
            format,
            options: request.options,
            path: location,
            schema,
            partition_by: request.partition_by,
            description,
            managed: path.is_none(),
        },
        conf.name_case(),
    );
    Ok(())
}

/// The columns of a table that says none: those of the files that are there.
fn inferred(session: &Arc<Session>, request: &SaveRequest, path: Option<&str>) -> Result<SchemaRef> {
    let format = request.format.clone().unwrap_or_else(|| session.conf().default_format().to_owned());
    let Some(path) = path else {
        return Err(Error::of(condition::UNABLE_TO_INFER_SCHEMA).with("format", format));
    };
    let place = session.table_location(path)?;
    let files = session.read(ReadRequest {
        format: Some(format),
        options: request.options.clone(),
        schema: None,
        paths: vec![place.to_string_lossy().into_owned()],
        mode: ReadMode::Batch,
    })?;
    Ok(files.schema())
}

/// An error for partition columns that are none of the table's, are there twice, or leave none.
fn check_partitions(name: &TableName, schema: &Schema, partition_by: &[String], names: NameCase) -> Result<()> {
    names.refuse_repeated(partition_by.iter().map(String::as_str))?;
    let columns = || schema.fields().iter().map(|field| field.name());
    if let Some(unknown) = partition_by.iter().find(|by| !columns().any(|column| names.same(column, by))) {
        return Err(Error::of(condition::COLUMN_NOT_DEFINED_IN_TABLE)
            .with("colType", "partition")
            .with("colName", quoted(&[unknown]))
            .with("tableName", name.full())
            .with("tableCols", columns().map(|column| quoted(&[column])).collect::<Vec<_>>().join(", ")));
    }
    if !partition_by.is_empty() && partition_by.len() == schema.fields().len() {
        return Err(Error::of(condition::ALL_PARTITION_COLUMNS_NOT_ALLOWED));
    }
    Ok(())
}

/// `DROP TABLE`, and `catalog.dropTable`: a managed table's files go with it. As in Spark, a view
/// of that name comes first.
pub fn drop_table(session: &Session, name: &[String], if_exists: bool) -> Result<()> {
    if drop_view(session, name) {
        return Ok(());
    }
    let own = match Catalog::own(name) {
        Ok(own) => own,
        Err(error) if error.condition() == Some(condition::SCHEMA_NOT_FOUND) && if_exists => return Ok(()),
        Err(error) if error.condition() == Some(condition::SCHEMA_NOT_FOUND) => return Err(missing(name)),
        Err(error) => return Err(error),
    };
    match session.catalog().drop_table(own) {
        Some(table) if table.managed => remove_folder(&table.path),
        None if !if_exists => Err(missing(&[CATALOG.to_owned(), DATABASE.to_owned(), own.to_owned()])),
        _ => Ok(()),
    }
}

/// Removes a managed table's folder and what is in it. Of a symbolic link the link goes, and what
/// it points to stays.
pub(super) fn remove_folder(path: &Path) -> Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(about) if about.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.context(|| format!("removing the table's folder {}", path.display())),
    }
}

/// Appends a frame's rows to a table by position, as Spark's `insertInto` does.
pub fn insert(table: &Table, rows: &Frame, overwrite: bool, cancel: &Cancel) -> Result<()> {
    let (wanted, found) = (table.schema.fields().len(), rows.schema().fields().len());
    if wanted != found {
        let condition = if found < wanted {
            condition::INSERT_NOT_ENOUGH_DATA_COLUMNS
        } else {
            condition::INSERT_TOO_MANY_DATA_COLUMNS
        };
        return Err(Error::of(condition)
            .with("tableName", format!("`{}`", table.name))
            .with("tableColumns", wanted)
            .with("dataColumns", found));
    }
    let session = rows.session();
    if session.conf().checks_stored_types() {
        let found = rows.schema();
        for (from, to) in found.fields().iter().zip(table.schema.fields()) {
            if !assignable(from.data_type(), to.data_type()) {
                return Err(Error::of(condition::CANNOT_SAFELY_CAST)
                    .with("tableName", quoted(&[CATALOG, DATABASE, &table.name]))
                    .with("colName", quoted(&[to.name()]))
                    .with("srcType", format!("\"{}\"", sql_name(from.data_type())))
                    .with("targetType", format!("\"{}\"", sql_name(to.data_type()))));
            }
        }
    }
    let casts = rows.resolved().output.iter().zip(table.schema.fields()).map(|(column, field)| {
        use crate::plan::tree::Expr;
        Expr::Cast {
            input: Box::new(Expr::Attribute(column.id, column.name.clone())),
            to: field.data_type().clone(),
            try_cast: false,
        }
        .alias(field.name())
    });
    let expressions = casts.collect();
    let rows = rows.derive(|input| Relation::Project { input, expressions })?;
    let mode = if overwrite { SaveMode::Overwrite } else { SaveMode::Append };
    let request = SaveRequest {
        format: Some(table.format.clone()),
        options: table.options.clone(),
        mode,
        partition_by: table.partition_by.clone(),
    };
    save(&rows, Some(&table.path.to_string_lossy()), request, cancel)
}

fn frame(session: &Arc<Session>, columns: Vec<(&str, ArrayRef)>) -> Result<Frame> {
    let fields: Vec<_> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), column.null_count() > 0))
        .collect();
    let batch =
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, column)| column).collect())?;
    Frame::new(
        session,
        &Relation::Source {
            source: Arc::new(MemoryTable::new(batch.schema(), vec![batch])?.local()),
            streaming: false,
        },
    )
}

fn nothing(session: &Arc<Session>) -> Result<Frame> {
    let schema = Arc::new(Schema::empty());
    Frame::new(
        session,
        &Relation::Source { source: Arc::new(MemoryTable::new(schema, Vec::new())?.local()), streaming: false },
    )
}

fn tables(session: &Arc<Session>, database: Option<&str>, pattern: Option<&str>) -> Result<Frame> {
    if let Some(database) = database.filter(|database| !database.eq_ignore_ascii_case(DATABASE)) {
        return Err(Error::of(condition::SCHEMA_NOT_FOUND).with("schemaName", format!("`spark_catalog`.`{database}`")));
    }
    let patterns = pattern.map(name_patterns);
    let wanted = |name: &str| {
        patterns.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.takes(name).unwrap_or(false)))
    };
    let tables = session.catalog().tables();
    let views = session.catalog().views();
    let mut rows: Vec<(&str, &str, bool)> = tables.iter().map(|table| (DATABASE, table.name.as_str(), false)).collect();
    rows.extend(views.iter().map(|view| ("", view.as_str(), true)));
    rows.retain(|(_, name, _)| wanted(name));
    rows.sort_by_key(|(_, name, _)| *name);
    frame(
        session,
        vec![
            ("namespace", Arc::new(rows.iter().map(|row| Some(row.0)).collect::<StringArray>()) as ArrayRef),
            ("tableName", Arc::new(rows.iter().map(|row| Some(row.1)).collect::<StringArray>()) as ArrayRef),
            ("isTemporary", Arc::new(rows.iter().map(|row| Some(row.2)).collect::<BooleanArray>()) as ArrayRef),
        ],
    )
}

/// The expressions of a name pattern, which are regular but for `*`. Spark, too, skips what does
/// not parse.
fn name_patterns(pattern: &str) -> Vec<NamePattern> {
    let whole = |part: &str| NamePattern::new(&part.replace('*', ".*"), true);
    pattern.trim().split('|').filter_map(|part| whole(part).ok()).collect()
}

fn describe(session: &Arc<Session>, name: &[String]) -> Result<Frame> {
    // A path of files is no name of a table here.
    let partition_by = match session.catalog().get(name)? {
        Named::Table(table) => table.partition_by.clone(),
        Named::View(_) => Vec::new(),
    };
    let schema = session.table(name, ReadMode::Batch)?.schema();
    let row = |field: &Field| (field.name().clone(), simple_name(field.data_type()), types::comment(field));
    let mut rows: Vec<_> = schema.fields().iter().map(|field| row(field)).collect();
    if !partition_by.is_empty() {
        let text = |text: &str| text.to_owned();
        rows.push((text("# Partition Information"), text(""), Some(text(""))));
        rows.push((text("# col_name"), text("data_type"), Some(text("comment"))));
        let own = schema.fields().iter().skip(schema.fields().len() - partition_by.len());
        rows.extend(own.map(|field| row(field)));
    }
    let names: StringArray = rows.iter().map(|(name, ..)| Some(name)).collect();
    let types: StringArray = rows.iter().map(|(_, data_type, _)| Some(data_type)).collect();
    let comments: StringArray = rows.iter().map(|(.., comment)| comment.as_deref()).collect();
    let columns: [(&str, ArrayRef); 3] =
        [("col_name", Arc::new(names)), ("data_type", Arc::new(types)), ("comment", Arc::new(comments))];
    frame(session, columns.to_vec())
}

fn set(session: &Arc<Session>, key: Option<String>, value: Option<String>) -> Result<Frame> {
    if let (Some(key), Some(value)) = (&key, &value) {
        setting::check_modifiable(key)?;
        setting::check(key, value)?;
        setting::note(key);
        session.change_conf(|conf| conf.set(key, value));
    }
    let conf = session.conf();
    let rows: Vec<(String, String)> = match key {
        Some(key) => {
            let value = conf.get_known(&key).unwrap_or("<undefined>").to_owned();
            vec![(key, value)]
        }
        None => conf.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    };
    frame(
        session,
        vec![
            ("key", Arc::new(rows.iter().map(|row| Some(row.0.as_str())).collect::<StringArray>()) as ArrayRef),
            ("value", Arc::new(rows.iter().map(|row| Some(row.1.as_str())).collect::<StringArray>()) as ArrayRef),
        ],
    )
}
