//! Names of a session: temporary views, and the tables under the warehouse directory. As Spark's
//! in-memory catalog, it lives as long as the session.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Schema, SchemaRef};
use indexmap::IndexMap;
use parking_lot::RwLock;

use super::names::{TableName, quoted};
use crate::config::Options;
use crate::error::{Error, Result, condition};
use crate::plan::Resolved;
use crate::types::name_case::NameCase;

/// The one database of a session.
pub const DATABASE: &str = "default";
/// The one catalog of a session.
pub const CATALOG: &str = "spark_catalog";

/// A table that has files.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub format: String,
    /// What it was made with, for whoever reads it and whoever adds rows.
    pub options: Options,
    pub path: PathBuf,
    /// The columns of `partition_by` come last, as in Spark.
    pub schema: SchemaRef,
    pub partition_by: Vec<String>,
    pub description: Option<String>,
    /// Whether the files lie under the warehouse directory, and go when the table is dropped.
    pub managed: bool,
}

/// A schema with the columns that make directories at its end, in their order: so that a row that
/// is inserted by position means what it means in Spark.
fn partitions_last(schema: &Schema, partition_by: &[String], names: NameCase) -> SchemaRef {
    let makes_directory = |name: &str| partition_by.iter().position(|by| names.same(by, name));
    let mut fields = schema.fields().to_vec();
    fields.sort_by_key(|field| makes_directory(field.name()).map_or(0, |i| i + 1));
    Arc::new(Schema::new(fields))
}

/// What a name means.
#[derive(Clone, Debug)]
pub enum Named {
    View(Arc<Resolved>),
    Table(Arc<Table>),
}

/// Temporary views by name, in lower case.
#[derive(Debug, Default)]
pub struct Views(RwLock<IndexMap<String, Arc<Resolved>>>);

impl Views {
    pub fn get(&self, name: &str) -> Option<Arc<Resolved>> {
        self.0.read().get(&name.to_lowercase()).cloned()
    }

    pub fn put(&self, name: &str, view: Arc<Resolved>, replace: bool) -> Result<()> {
        let mut views = self.0.write();
        let key = name.to_lowercase();
        if !replace && views.contains_key(&key) {
            return Err(Error::of(condition::TEMP_TABLE_OR_VIEW_ALREADY_EXISTS).with("relationName", quoted(&[name])));
        }
        views.insert(key, view);
        Ok(())
    }

    /// Whether there was such a view.
    pub fn drop(&self, name: &str) -> bool {
        self.0.write().shift_remove(&name.to_lowercase()).is_some()
    }

    fn names(&self) -> Vec<String> {
        self.0.read().keys().cloned().collect()
    }
}

/// The views of every session of the process, as Spark's are of every session of an application:
/// `global_temp.name`.
pub fn global_views() -> &'static Views {
    static VIEWS: LazyLock<Views> = LazyLock::new(Views::default);
    &VIEWS
}

/// Where global views are found.
pub const GLOBAL: &str = "global_temp";

/// A session's views and tables. Names are compared without regard to case.
#[derive(Debug, Default)]
pub struct Catalog {
    views: Views,
    tables: RwLock<IndexMap<String, Arc<Table>>>,
}

impl Catalog {
    /// Looks a name up, views first: `t`, `default.t`, `spark_catalog.default.t`.
    pub fn find(&self, parts: &[String]) -> Option<Named> {
        let key = parts.last()?.to_lowercase();
        let view = match parts {
            [name] => self.views.get(name),
            [database, name] if database.eq_ignore_ascii_case(GLOBAL) => global_views().get(name),
            _ => None,
        };
        if let Some(view) = view {
            return Some(Named::View(view));
        }
        let database = parts.len().checked_sub(2).map_or(DATABASE, |i| parts[i].as_str());
        if !database.eq_ignore_ascii_case(DATABASE) {
            return None;
        }
        self.tables.read().get(&key).cloned().map(Named::Table)
    }

    /// The name of a table that is to be made: one that is not a path.
    pub fn new_name(parts: &[String]) -> Result<TableName> {
        Self::own(parts).and_then(TableName::new)
    }

    /// The name of a table that is to be made or dropped; an error for one in another database or
    /// catalog, of which there are none.
    pub fn own(parts: &[String]) -> Result<&str> {
        let (name, place) = parts.split_last().ok_or_else(|| Error::internal("a table's name has no parts"))?;
        let here = match place {
            [] => true,
            [database] => database.eq_ignore_ascii_case(DATABASE),
            [catalog, database] => catalog.eq_ignore_ascii_case(CATALOG) && database.eq_ignore_ascii_case(DATABASE),
            _ => false,
        };
        if here {
            return Ok(name);
        }
        match place {
            [database] if !database.eq_ignore_ascii_case(CATALOG) => {
                Err(Error::of(condition::SCHEMA_NOT_FOUND).with("schemaName", quoted(&[CATALOG, database])))
            }
            [catalog, database] if catalog.eq_ignore_ascii_case(CATALOG) => {
                Err(Error::of(condition::SCHEMA_NOT_FOUND).with("schemaName", quoted(&[CATALOG, database])))
            }
            _ => Err(Error::of(condition::REQUIRES_SINGLE_PART_NAMESPACE)
                .with("sessionCatalog", CATALOG)
                .with("identifier", quoted(parts))),
        }
    }

    /// [`Catalog::find`], or Spark's error.
    pub fn get(&self, parts: &[String]) -> Result<Named> {
        self.find(parts).ok_or_else(|| Self::not_found(parts))
    }

    /// The error for a name that means nothing.
    pub fn not_found(parts: &[String]) -> Error {
        match Self::own(parts) {
            Err(error) if error.condition() == Some(condition::REQUIRES_SINGLE_PART_NAMESPACE) => error,
            _ => Error::of(condition::TABLE_OR_VIEW_NOT_FOUND).with("relationName", quoted(parts)),
        }
    }

    pub fn put_view(&self, name: &str, view: Arc<Resolved>, replace: bool) -> Result<()> {
        self.views.put(name, view, replace)
    }

    /// Whether there was such a view.
    pub fn drop_view(&self, name: &str) -> bool {
        self.views.drop(name)
    }

    /// Partition columns are found by `names`.
    pub fn put_table(&self, mut table: Table, names: NameCase) {
        table.schema = partitions_last(&table.schema, &table.partition_by, names);
        // The table knows its place, and a checkpoint is of the query that had it.
        table.options.remove("path");
        table.options.remove("checkpointLocation");
        table.options.mark_read();
        self.tables.write().insert(table.name.to_lowercase(), Arc::new(table));
    }

    /// The table that was dropped, if there was one.
    pub fn drop_table(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.write().shift_remove(&name.to_lowercase())
    }

    pub fn views(&self) -> Vec<String> {
        self.views.names()
    }

    pub fn tables(&self) -> Vec<Arc<Table>> {
        self.tables.read().values().cloned().collect()
    }
}
