//! `firesteel/query.json`: where a query's rows come from and go to, as each run notes it.
//!
//! ```text
//! {"version":1,"sources":[{"description":"FileStreamSource[file:/in]","replays":true,"leaves":[0]}],
//!  "outputs":[{"from":0,"sink":"FileSink[file:/out]","kept":{"files":"/out"}}]}
//! ```
//!
//! Spark's files name neither. A query does not read this one: a rollback does, which runs without
//! the query. An output is appended when the sink is another one than before.

use serde::{Deserialize, Serialize};

use super::json_file::read_json;
use super::layout::CheckpointLayout;
use crate::batch::BatchId;
use crate::durable::store::{Durability, Store, text_at};
use crate::error::{Error, Result};

const NAME: &str = "query.json";
const VERSION: u32 = 1;

/// Where a query's rows come from and go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryFile {
    version: u32,
    /// By number, as in `sources/<i>`.
    pub sources: Vec<SourceEntry>,
    /// The oldest first.
    pub outputs: Vec<OutputEntry>,
}

/// A source of the newest run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceEntry {
    /// As progress shows it.
    pub description: String,
    /// Whether a range gives the same rows again.
    pub replays: bool,
    /// Which lines of `offsets/N` are its own: several, where the query reads it more than once.
    pub leaves: Vec<usize>,
}

/// An output, and the first batch that it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputEntry {
    pub from: u64,
    /// As progress shows the sink.
    pub sink: String,
    pub kept: OutputPlace,
}

/// Where a sink keeps the rows of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputPlace {
    /// Below this directory, which has a `_spark_metadata`.
    Files(String),
    /// It keeps none.
    Nowhere,
    /// Where nobody but the sink itself can take them back.
    Elsewhere,
}

impl QueryFile {
    /// Notes the sources and the output of a run whose next batch is `from`. Nothing is written where
    /// they are those of the run before.
    pub fn note(
        layout: &CheckpointLayout,
        durability: Durability,
        sources: Vec<SourceEntry>,
        output: OutputEntry,
    ) -> Result<()> {
        let before = Self::read(layout)?;
        let mut outputs = before.as_ref().map(|before| before.outputs.clone()).unwrap_or_default();
        if outputs.last().is_none_or(|last| (&last.sink, &last.kept) != (&output.sink, &output.kept)) {
            // An output that no batch has reached yet is none.
            outputs.retain(|earlier| earlier.from < output.from);
            outputs.push(output);
        }
        let now = Self { version: VERSION, sources, outputs };
        if before.as_ref() == Some(&now) {
            return Ok(());
        }
        let text = serde_json::to_string(&now).map_err(|error| Error::internal(error.to_string()))?;
        Store::open(layout.firesteel(), durability)?.replace(NAME, text.as_bytes())
    }

    /// What the newest run noted; `None` in a checkpoint of Spark's, and in one of a release that
    /// notes nothing.
    pub fn read(layout: &CheckpointLayout) -> Result<Option<Self>> {
        let file = layout.firesteel().join(NAME);
        text_at(&file)?.map(|text| read_json(&file, &text, VERSION)).transpose()
    }

    /// The outputs that have batches after `batch`.
    pub fn outputs_after(&self, batch: BatchId) -> impl Iterator<Item = &OutputEntry> {
        let ends = self.outputs.iter().skip(1).map(|next| next.from).chain([u64::MAX]);
        self.outputs.iter().zip(ends).filter(move |(_, end)| *end > batch.0 + 1).map(|(output, _)| output)
    }
}
