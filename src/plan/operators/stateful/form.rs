//! What the kept rows of an operator are, beside the types of its tables.
//!
//! ```text
//! {"kind":"Inner","left":{"time":1,"ends":"time","partners":"unknown"},"right":{…}}
//! {"timeMode":"EventTime","outputMode":"Append","variables":{"type":"struct","fields":[…]}}
//! ```
//!
//! Each change file has it, in the summary of its batch. So it is that of the version, whichever
//! version is opened. A query that goes on is compared with it before anything is written. A change
//! file of an earlier release has none, and then the query's own counts.

use std::fmt;

use arrow::datatypes::{DataType, Fields, Schema};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::StatefulOperator;
use crate::error::{Error, ErrorKind, Result, condition};
use crate::types::type_json::{schema_from_json, schema_to_json};

/// What an operator's kept rows are.
#[derive(Clone, Debug, PartialEq)]
pub enum OperatorForm {
    /// As the types of the tables say.
    AsTyped,
    Join(JoinForm),
    Processor(ProcessorForm),
}

/// The rows of a join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinForm {
    pub kind: String,
    pub left: JoinSideForm,
    pub right: JoinSideForm,
}

/// The rows of one side of a join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinSideForm {
    /// The column whose time stands in the keys of rows.
    pub time: Option<usize>,
    pub ends: RowEnds,
    pub partners: KnownPartners,
}

/// Which time says when a row may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowEnds {
    /// None: rows are kept for ever.
    Never,
    /// The side's event time.
    Time,
    /// The time in the key of that number.
    Key(usize),
}

/// What is known of a kept row's partners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnownPartners {
    Unknown,
    /// Whether it has had one.
    Noted,
    /// That it has had none: a row goes with its first partner.
    HadNone,
}

/// The groups of a processor.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessorForm {
    /// As Spark calls it: `NoTime`, `ProcessingTime` or `EventTime`.
    pub time_mode: &'static str,
    pub output_mode: &'static str,
    /// What is kept of a group, by the names of its variables.
    pub variables: Fields,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptProcessor {
    time_mode: Option<String>,
    output_mode: Option<String>,
    variables: Value,
}

/// What becomes of rows that an earlier run kept.
#[derive(Clone, Debug, Default)]
pub struct FormChange {
    /// What the next change file says of the operator.
    pub noted: Value,
    /// The variables of before, if they are others: the next batch writes all groups anew.
    pub renewed: Option<Fields>,
}

impl OperatorForm {
    /// As a change file has it.
    fn noted(&self) -> Result<Value> {
        match self {
            Self::AsTyped => Ok(Value::Null),
            Self::Join(form) => serde_json::to_value(form).map_err(|error| Error::internal(error.to_string())),
            Self::Processor(form) => Ok(json!({
                "timeMode": form.time_mode,
                "outputMode": form.output_mode,
                "variables": schema_value(&form.variables)?,
            })),
        }
    }

    /// Goes on from what an earlier run kept, or says why the query cannot.
    pub fn after(&self, kept: &Value, operator: &StatefulOperator) -> Result<FormChange> {
        let noted = self.noted()?;
        if kept.is_null() {
            return Ok(FormChange { noted, renewed: None });
        }
        let renewed = match self {
            Self::AsTyped => None,
            Self::Join(form) => form.after(&read(kept, operator)?, operator).map(|()| None)?,
            Self::Processor(form) => form.after(&read(kept, operator)?, operator)?,
        };
        Ok(FormChange { noted, renewed })
    }
}

/// The variables of a processor, as a change file has them.
pub fn noted_variables(noted: &Value) -> Result<Option<Fields>> {
    let variables = noted.get("variables").map(|variables| schema_from_json(&variables.to_string())).transpose()?;
    Ok(variables.map(|schema| schema.fields().clone()))
}

fn read<T: DeserializeOwned>(kept: &Value, operator: &StatefulOperator) -> Result<T> {
    serde_json::from_value(kept.clone()).map_err(|error| {
        let what =
            format!("the newest change file says of operator {operator} what this version does not know: {error}");
        Error::new(ErrorKind::Checkpoint, what)
    })
}

fn schema_value(fields: &Fields) -> Result<Value> {
    serde_json::from_str(&schema_to_json(&Schema::new(fields.clone())))
        .map_err(|error| Error::internal(error.to_string()))
}

impl JoinForm {
    fn after(&self, kept: &Self, operator: &StatefulOperator) -> Result<()> {
        let sides = [("left", &kept.left, &self.left), ("right", &kept.right, &self.right)];
        for (side, kept_side, now) in sides {
            let why = if now.partners.not_known_of(kept_side.partners) {
                "it is not known which of the kept rows had a partner"
            } else if now.ends != RowEnds::Never && now.ends != kept_side.ends {
                "the kept rows do not lie by the time at which they go"
            } else if now.time.is_some() && now.time != kept_side.time {
                "the kept rows do not lie by this event time"
            } else {
                continue;
            };
            return Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "operator {operator} cannot go on from what the checkpoint keeps of its {side} side, since {why}: the rows are of {kept}, the query has {self}. Use a new checkpoint location, or the join as it was"
                ),
            ));
        }
        Ok(())
    }
}

impl fmt::Display for JoinForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a join of the kind {} (left rows {}, right rows {})", self.kind, self.left, self.right)
    }
}

impl fmt::Display for JoinSideForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.time, self.ends) {
            (None, RowEnds::Never) => f.write_str("kept for ever, without an event time"),
            (Some(_), RowEnds::Never) => f.write_str("kept for ever"),
            (_, RowEnds::Time) => f.write_str("kept until their event time is over"),
            (_, RowEnds::Key(_)) => f.write_str("kept until the time in their key is over"),
        }
    }
}

impl KnownPartners {
    /// Whether rows of which `kept` is known do not tell this.
    fn not_known_of(self, kept: Self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Noted => kept == Self::Unknown,
            Self::HadNone => kept != Self::HadNone,
        }
    }
}

impl ProcessorForm {
    /// The variables of before, if they are others.
    fn after(&self, kept: &KeptProcessor, operator: &StatefulOperator) -> Result<Option<Fields>> {
        let modes =
            [("timeMode", &kept.time_mode, self.time_mode), ("outputMode", &kept.output_mode, self.output_mode)];
        for (name, old, new) in modes {
            if let Some(old) = old.as_ref().filter(|old| *old != new) {
                return Err(Error::of(condition::STATE_STORE_INVALID_CONFIG_AFTER_RESTART)
                    .with("configName", name)
                    .with("oldConfig", old)
                    .with("newConfig", new));
            }
        }
        let before = schema_from_json(&kept.variables.to_string())?;
        for field in &self.variables {
            let Ok(old) = before.field_with_name(field.name()) else { continue };
            let (old_kind, new_kind) = (VariableKind::of(old.data_type()), VariableKind::of(field.data_type()));
            if old_kind != new_kind {
                return Err(Error::of(condition::STATE_STORE_INVALID_VARIABLE_TYPE_CHANGE)
                    .with("stateVarName", field.name())
                    .with("oldType", old_kind)
                    .with("newType", new_kind));
            }
            if !same_types(old.data_type(), field.data_type()) {
                let schema = |data_type: &DataType| crate::types::type_json::to_json(data_type);
                return Err(Error::of(condition::STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE)
                    .with("operator", format!("{operator}, variable '{}'", field.name()))
                    .with("storedSchema", schema(old.data_type()))
                    .with("newSchema", schema(field.data_type())));
            }
        }
        let names = |fields: &Fields| fields.iter().map(|field| field.name().clone()).collect::<Vec<_>>();
        Ok((names(before.fields()) != names(&self.variables)).then(|| before.fields().clone()))
    }
}

/// What a variable of a processor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableKind {
    Value,
    List,
    Map,
}

impl VariableKind {
    /// Of a variable that is kept so.
    pub fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::List(entry) => match entry.data_type() {
                DataType::Struct(fields) if fields.first().is_some_and(|first| first.name() == "key") => Self::Map,
                _ => Self::List,
            },
            _ => Self::Value,
        }
    }
}

/// Spark's name.
impl fmt::Display for VariableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "ValueState",
            Self::List => "ListState",
            Self::Map => "MapState",
        })
    }
}

/// Whether two types differ in names and nullability at most.
fn same_types(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::Struct(a), DataType::Struct(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_types(a.data_type(), b.data_type()))
        }
        (DataType::List(a), DataType::List(b)) | (DataType::Map(a, _), DataType::Map(b, _)) => {
            same_types(a.data_type(), b.data_type())
        }
        _ => a == b,
    }
}
