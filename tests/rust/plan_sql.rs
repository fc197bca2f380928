//! SQL text through the resolver to rows: what the parity programs ask PySpark, asked here without Python.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::RecordBatch;
use firesteel::batch::{Batch, Cancel};
use firesteel::clock::SystemClock;
use firesteel::conf::Conf;
use firesteel::error::{Error, Result};
use firesteel::function::Function;
use firesteel::plan::Resolved;
use firesteel::plan::execute::{Env, Inputs, finish};
use firesteel::plan::resolve::{Context, Names, resolve};
use firesteel::plan::sql::Sql;
use firesteel::plan::tree::{Relation, Statement};
use firesteel::runtime::Runtime;
use firesteel::types::display::{Style, to_strings};
use firesteel::types::simple_name;
use firesteel::types::zone::Zone;
use futures::TryStreamExt;

struct Nothing;

impl Names for Nothing {
    fn table(&self, parts: &[String]) -> Result<Relation> {
        Err(Error::of(firesteel::condition::TABLE_OR_VIEW_NOT_FOUND).with("relationName", parts.join(".")))
    }

    fn function(&self, _name: &str) -> Option<Arc<dyn Function>> {
        None
    }
}

pub struct Engine {
    env: Arc<Env>,
    zone: Zone,
}

impl Engine {
    pub fn new() -> Self {
        let mut conf = Conf::default();
        conf.set("spark.sql.session.timeZone", "UTC");
        let runtime = Runtime::new(2).unwrap();
        let env = Env::new(Arc::new(conf), runtime, Arc::new(SystemClock::default())).unwrap();
        Self { env: Arc::new(env), zone: Zone::of("UTC").unwrap() }
    }

    pub fn resolve(&self, text: &str) -> Result<Resolved> {
        let Statement::Query(relation) = (Sql { zone: self.zone }).statement(text)? else { panic!("a query") };
        resolve(&relation, &Context { conf: &self.env.conf, names: &Nothing })
    }

    pub fn rows(&self, resolved: &Resolved) -> Result<Vec<RecordBatch>> {
        let finished = finish(resolved, &self.env)?;
        let batch = Batch { cancel: Cancel::default(), ..Batch::default() };
        let pass = finished.pass(Arc::new(batch), Inputs::new())?;
        let mut batches = Vec::new();
        let lanes: Vec<_> = (0..pass.lanes())
            .map(|lane| self.env.runtime.io().spawn(pass.lane_stream(lane).unwrap().try_collect::<Vec<_>>()))
            .collect();
        for lane in lanes {
            batches.extend(self.env.runtime.block_on(lane).unwrap()?);
        }
        Ok(batches)
    }

    /// `name: type` of each column, then each row, or the condition of the error.
    pub fn show(&self, text: &str) -> String {
        let resolved = match self.resolve(text) {
            Ok(resolved) => resolved,
            Err(error) => return shown(&error),
        };
        let mut out: Vec<_> =
            resolved.output.iter().map(|a| format!("{}: {}", a.name, simple_name(&a.data_type))).collect();
        out = vec![out.join(", ")];
        match self.rows(&resolved) {
            Ok(batches) => {
                for batch in batches {
                    let columns: Vec<_> = batch
                        .columns()
                        .iter()
                        .map(|c| to_strings(c.as_ref(), self.zone, Style::Cast).unwrap())
                        .collect();
                    for row in 0..batch.num_rows() {
                        let mut line = String::new();
                        for (i, column) in columns.iter().enumerate() {
                            let comma = if i == 0 { "" } else { "|" };
                            let valid = arrow::array::Array::is_valid(column, row);
                            write!(line, "{comma}{}", if valid { column.value(row) } else { "NULL" }).unwrap();
                        }
                        out.push(line);
                    }
                }
            }
            Err(error) => out.push(shown(&error)),
        }
        out.join("\n")
    }
}

fn shown(error: &Error) -> String {
    match error.condition() {
        Some(condition) => format!("{} {:?}", condition.name, error.parameters()),
        None => format!("{error:?}"),
    }
}

/// Asks what `FIRESTEEL_ASK` (a file, one statement a line) holds, for a developer at the keyboard.
#[test]
fn answers_of_the_statements_in_a_file() {
    let Ok(path) = std::env::var("FIRESTEEL_ASK") else { return };
    let engine = Engine::new();
    let mut out = String::new();
    for line in std::fs::read_to_string(path).unwrap().lines().filter(|line| !line.trim().is_empty()) {
        let line: String = serde_json::from_str(line).unwrap();
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.show(&line)))
            .unwrap_or_else(|_| "PANIC".into());
        writeln!(out, "{}", serde_json::to_string(&(line, answer)).unwrap()).unwrap();
    }
    std::fs::write(std::env::var("FIRESTEEL_ANSWERS").unwrap(), out).unwrap();
}
