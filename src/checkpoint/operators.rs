//! `firesteel/state/operators.json`: which operators of a query keep state, and what they keep.
//!
//! ```text
//! {"version":1,"operators":[{"name":"stateStoreSave","tables":[{"name":"default","number":0,"layout":"row",
//!   "key":{"type":"struct","fields":[…]},"value":{"type":"struct","fields":[…]}}]}]}
//! ```
//!
//! The operator of a model with state also has
//!
//! ```text
//! "form":{"states":[{"name":"h_in","output":"h_out","type":"float","shape":[64]}]},
//!   "settings":{"chunkRows":1024}
//! ```
//!
//! Operators stand in the order of their numbers: from the sink to the sources, the left input
//! before the right one. The file is written before the first batch. A restart compares it with the
//! query before anything is written. Types count, by position; names and nullability may change. What
//! may change from run to run stands in the summary of each change file instead.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json_file::read_json;
use super::layout::CheckpointLayout;
use crate::durable::store::{Durability, Put, Store};
use crate::error::{Error, ErrorKind, Result, condition};

const NAME: &str = "operators.json";
const VERSION: u32 = 1;

/// What an operator keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OperatorEntry {
    pub name: String,
    pub tables: Vec<TableEntry>,
    /// What it keeps, as far as its tables do not say it: of a model its states, with their types and
    /// shapes.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub form: Value,
    /// How it works: of a model `chunkRows`, how many keys it runs on at once. It holds for the life
    /// of the checkpoint.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub settings: Value,
}

/// A table: the schemas of its keys and of its values, in Spark's JSON form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableEntry {
    pub name: String,
    /// Its number, as keys have it.
    pub number: u8,
    /// What a key is made of, after the slot: `row`, `time,row`, `row,time`, `row,time,batch,number`,
    /// `row,chunk`, `time,row,chunk`.
    pub layout: String,
    /// The column of the key whose time comes before the row. Files of earlier releases do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<usize>,
    pub key: Value,
    pub value: Value,
    /// Its values may have other types from version to version. Each change file says which.
    #[serde(default, skip_serializing_if = "is_false")]
    pub versioned: bool,
}

impl TableEntry {
    /// The schema of its keys and how they lie, for errors.
    fn shown_key(&self) -> String {
        let by = self.time.map(|column| format!(", by the time of column {column}")).unwrap_or_default();
        format!("{} as {}{by}", self.key, self.layout)
    }
}

#[derive(Serialize, Deserialize)]
struct OperatorsFile {
    version: u32,
    operators: Vec<OperatorEntry>,
}

/// Compares a query's operators with those that its checkpoint knows. A new checkpoint notes them.
/// The settings come back that hold.
pub fn check(
    layout: &CheckpointLayout,
    durability: Durability,
    now: &[OperatorEntry],
    begun: bool,
) -> Result<Vec<Value>> {
    let settings = |operators: &[OperatorEntry]| operators.iter().map(|operator| operator.settings.clone()).collect();
    let before = read(layout, durability)?;
    match before {
        None if now.is_empty() => Ok(Vec::new()),
        None if begun && layout.kept().is_dir() => Err(Error::new(
            ErrorKind::Checkpoint,
            format!(
                "{} is missing, and the checkpoint has state: restore the file, or use a new checkpoint location",
                layout.kept().join(NAME).display()
            ),
        )),
        None if begun => Err(mismatch(&[], now)),
        None => {
            let store = Store::open(layout.kept(), durability)?;
            let file = OperatorsFile { version: VERSION, operators: now.to_vec() };
            let text = serde_json::to_string(&file).map_err(|error| Error::internal(error.to_string()))?;
            match store.put_if_absent(NAME, text.as_bytes())? {
                Put::Written => Ok(settings(now)),
                Put::Exists => Err(Error::internal("two runs note their operators in one checkpoint")),
            }
        }
        // A crash before the first batch: the query may be another one now.
        Some(before) if !begun && !same_kinds(&before, now) => {
            Store::open(layout.kept(), durability)?.remove(NAME)?;
            check(layout, durability, now, begun)
        }
        Some(before) => compare(&before, now).map(|()| settings(&before)),
    }
}

/// The operators that a checkpoint knows, if it keeps state.
pub fn read(layout: &CheckpointLayout, durability: Durability) -> Result<Option<Vec<OperatorEntry>>> {
    if !layout.kept().is_dir() {
        return Ok(None);
    }
    let Some(text) = Store::open(layout.kept(), durability)?.get(NAME)? else { return Ok(None) };
    let file = layout.kept().join(NAME);
    let found: OperatorsFile = read_json(&file, &text, VERSION)?;
    Ok(Some(found.operators))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn same_kinds(before: &[OperatorEntry], now: &[OperatorEntry]) -> bool {
    before.len() == now.len() && before.iter().zip(now).all(|(before, now)| before.name == now.name)
}

fn compare(before: &[OperatorEntry], now: &[OperatorEntry]) -> Result<()> {
    if !same_kinds(before, now) {
        return Err(mismatch(before, now));
    }
    for (number, (before, now)) in before.iter().zip(now).enumerate() {
        if before.form != now.form {
            return Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "the operator {number} ({}) keeps {} in this query, and its checkpoint has {}: use the model as it was, or a new \
                     checkpoint location",
                    now.name, now.form, before.form
                ),
            ));
        }
        for (old, new) in before.tables.iter().zip(&now.tables) {
            // Whether a key has an event time is a part of its type.
            let (old_key, new_key) = ((&old.layout, types(&old.key)), (&new.layout, types(&new.key)));
            let other_time = old.time.zip(new.time).is_some_and(|(old, new)| old != new);
            if (old_key.0 != new_key.0 || other_time) && old_key.1 == new_key.1 {
                return Err(Error::of(condition::STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE)
                    .with("operator", format!("{number} ({})", now.name))
                    .with("storedSchema", old.shown_key())
                    .with("newSchema", new.shown_key()));
            }
            let keys = (condition::STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE, &old.key, &new.key);
            let values = (condition::STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE, &old.value, &new.value);
            for (what, stored, wanted) in [Some(keys), (!new.versioned).then_some(values)].into_iter().flatten() {
                if types(stored) != types(wanted) {
                    return Err(Error::of(what)
                        .with("operator", format!("{number} ({})", now.name))
                        .with("storedSchema", stored)
                        .with("newSchema", wanted));
                }
            }
        }
    }
    Ok(())
}

/// A schema without what may change: names, nullability, metadata.
fn types(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => match fields.get("type").and_then(Value::as_str) {
            Some("struct") => {
                let fields = fields.get("fields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                fields.iter().map(|field| types(field.get("type").unwrap_or(&Value::Null))).collect()
            }
            Some(kind @ ("array" | "map")) => {
                let part = |name: &str| types(fields.get(name).unwrap_or(&Value::Null));
                Value::Array(vec![kind.into(), part("elementType"), part("keyType"), part("valueType")])
            }
            _ => schema.clone(),
        },
        other => other.clone(),
    }
}

fn mismatch(before: &[OperatorEntry], now: &[OperatorEntry]) -> Error {
    let list = |operators: &[OperatorEntry]| {
        let each = operators.iter().enumerate().map(|(number, operator)| format!("({number}, {})", operator.name));
        format!("[{}]", each.collect::<Vec<_>>().join(", "))
    };
    Error::of(condition::STREAMING_STATEFUL_OPERATOR_NOT_MATCH)
        .with("OpsInMetadataSeq", list(before))
        .with("OpsInCurBatchSeq", list(now))
}
