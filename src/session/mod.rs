//! A session: configuration, names, formats, functions, running queries. What `SparkSession` holds.
//!
//! [`frame`] is an analysed DataFrame and its actions. [`read`], [`save`] and [`write_stream`] are
//! its doors to sources and sinks, [`statement`] carries SQL statements out, [`catalog`] keeps
//! tables and views, [`names`] says what they may be called, [`formats`] is the registry of
//! `format("x")`.

pub mod catalog;
pub mod formats;
pub mod frame;
pub mod names;
pub mod read;
pub mod save;
pub mod statement;
pub mod write_stream;

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use parking_lot::RwLock;

use self::catalog::{Catalog, Named};
use self::formats::Formats;
use self::frame::Frame;
use self::names::{TableName, view_name};
use crate::config::{Conf, setting};
use crate::error::{Error, Result, condition};
use crate::function::Function;
use crate::plan::finish::Env;
use crate::plan::resolve;
use crate::plan::sql::Sql;
use crate::plan::tree::{Expr, Relation, Statement};
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::{Cancel, Runtime};
use crate::sink::console::Print;
use crate::sink::format::OutputFormat;
use crate::stream::manager::Manager;
use crate::types::uri;
use crate::types::zone::Zone;

/// A session. Cheap to share; everything in it may be used from any thread.
pub struct Session {
    conf: RwLock<Arc<Conf>>,
    env: Env,
    catalog: Catalog,
    formats: RwLock<Formats>,
    functions: RwLock<IndexMap<String, Arc<dyn Function>>>,
    print: RwLock<Print>,
    streams: Arc<Manager>,
    clock: Arc<dyn Clock>,
}

impl Session {
    /// A session with its own threads. `spark.master` sets how many; a cluster's URL is refused.
    pub fn new(conf: Conf) -> Result<Arc<Self>> {
        Self::with_clock(conf, Arc::new(SystemClock::default()))
    }

    /// A session whose time is given.
    pub fn with_clock(conf: Conf, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let lanes = lanes(conf.get("spark.master").unwrap_or("local[*]"))?;
        Zone::of(conf.time_zone())?;
        conf.iter().for_each(|(key, _)| setting::note(key));
        let conf = Arc::new(conf);
        let env = Env::new(Arc::clone(&conf), Runtime::new(lanes)?, Arc::clone(&clock))?;
        let streams = Manager::new(env.runtime.clone());
        let print: Print = Arc::new(|text| {
            use std::io::Write;
            Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
        });
        Ok(Arc::new(Self {
            conf: RwLock::new(conf),
            env,
            catalog: Catalog::default(),
            formats: RwLock::new(Formats::all()),
            functions: RwLock::default(),
            print: RwLock::new(print),
            streams,
            clock,
        }))
    }

    /// The configuration as it is now.
    pub fn conf(&self) -> Arc<Conf> {
        Arc::clone(&self.conf.read())
    }

    /// Changes the configuration for what is planned from now on.
    pub fn change_conf(&self, change: impl FnOnce(&mut Conf)) {
        change(Arc::make_mut(&mut self.conf.write()));
    }

    /// What plans run in, under the configuration as it is now.
    pub fn env(&self) -> Arc<Env> {
        Arc::new(self.env.with_conf(self.conf()))
    }

    pub fn runtime(&self) -> &Runtime {
        &self.env.runtime
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The session's queries.
    pub fn streams(&self) -> &Arc<Manager> {
        &self.streams
    }

    /// Where the console sink prints.
    pub fn print(&self) -> Print {
        Arc::clone(&self.print.read())
    }

    pub fn set_print(&self, print: Print) {
        *self.print.write() = print;
    }

    /// What `write.format(name)` and `writeStream.format(name)` mean.
    pub fn output_format(&self, name: &str) -> Result<Arc<dyn OutputFormat>> {
        self.formats.read().output(name)
    }

    /// `spark.udf.register`: the function may be called by name in SQL.
    pub fn register_function(&self, name: &str, function: Arc<dyn Function>) {
        self.functions.write().insert(name.to_lowercase(), function);
    }

    /// A registered function.
    pub fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        self.functions.read().get(&name.to_lowercase()).cloned()
    }

    /// Whether there was such a function.
    pub fn drop_function(&self, name: &str) -> bool {
        self.functions.write().shift_remove(&name.to_lowercase()).is_some()
    }

    pub fn function_names(&self) -> Vec<String> {
        self.functions.read().keys().cloned().collect()
    }

    /// Runs `work` with what the resolver asks of a session.
    pub fn with_context<T>(&self, work: impl FnOnce(&resolve::ResolveContext<'_>) -> T) -> T {
        let conf = self.conf();
        work(&resolve::ResolveContext { conf: &conf, names: self })
    }

    fn sql_reader(&self) -> Result<Sql> {
        Ok(Sql { zone: Zone::of(self.conf().time_zone())? })
    }

    /// An expression of SQL text, as `expr` and `filter` take it.
    pub fn expression(&self, text: &str) -> Result<Expr> {
        self.sql_reader()?.expression(text)
    }

    /// Where a managed table lies.
    pub fn table_path(&self, name: &TableName) -> Result<PathBuf> {
        Ok(self.warehouse()?.join(name.as_str()))
    }

    /// Where a managed table will lie. As in Spark, it takes no folder that has files: they may be
    /// somebody's.
    pub fn new_table_path(&self, name: &TableName) -> Result<PathBuf> {
        let path = self.table_path(name)?;
        let free = match std::fs::read_dir(&path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => !path.is_symlink(),
            Err(_) => false,
        };
        if free {
            return Ok(path);
        }
        Err(Error::of(condition::LOCATION_ALREADY_EXISTS)
            .with("identifier", name.full())
            .with("location", uri::from_path(&std::path::absolute(&path)?)))
    }

    /// Where a table lies that was given a place: one that is relative is under the warehouse
    /// directory, as in Spark.
    pub fn table_location(&self, given: &str) -> Result<PathBuf> {
        Ok(std::path::absolute(self.warehouse()?.join(uri::local_path(given)?))?)
    }

    fn warehouse(&self) -> Result<PathBuf> {
        uri::local_path(self.conf().get("spark.sql.warehouse.dir").unwrap_or("spark-warehouse"))
    }

    /// `spark.sql(text)`: a query, or a statement whose result is a frame without rows.
    pub fn sql(self: &Arc<Self>, text: &str, cancel: &Cancel) -> Result<Frame> {
        match self.sql_reader()?.statement(text)? {
            Statement::Query(relation) => Frame::new(self, &relation),
            statement => statement::run(self, statement, cancel),
        }
    }

    /// `createTempView`.
    pub fn create_view(&self, name: &str, frame: &Frame, replace: bool) -> Result<()> {
        self.catalog.put_view(&view_name(name)?, Arc::clone(frame.resolved()), replace)
    }

    /// `createGlobalTempView`: a view of every session.
    pub fn create_global_view(&self, name: &str, frame: &Frame, replace: bool) -> Result<()> {
        catalog::global_views().put(&view_name(name)?, Arc::clone(frame.resolved()), replace)
    }
}

impl resolve::Names for Session {
    fn table(&self, parts: &[String]) -> Result<Relation> {
        match self.catalog.find(parts) {
            Some(Named::View(view)) => Ok(Relation::Resolved(view)),
            Some(Named::Table(table)) => self.table_relation(&table),
            None => self.files_by_path(parts)?.ok_or_else(|| Catalog::not_found(parts)),
        }
    }

    fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        Self::function(self, name)
    }
}

/// The n of `local[n]`; `local` is 1, `local[*]` every core.
fn lanes(master: &str) -> Result<usize> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if master == "local" {
        return Ok(1);
    }
    let inside = master.strip_prefix("local[").and_then(|rest| rest.strip_suffix(']'));
    let threads = inside.map(|text| text.split(',').next().unwrap_or(text).trim());
    match threads {
        Some("*") => Ok(cores),
        Some(number) => number.parse().ok().filter(|n| *n > 0).ok_or_else(|| {
            Error::illegal(format!("the master '{master}' must be local, local[n] with n above 0, or local[*]"))
        }),
        None => Err(Error::illegal(format!(
            "the master '{master}' is a cluster, and Firesteel is one process: use local[n] here, and pyspark itself (the script runs there unchanged) for a cluster"
        ))),
    }
}
