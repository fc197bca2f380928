//! `state-metadata`: one row for each table that an operator keeps.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::checkpoint;
use crate::checkpoint::operators::{OperatorEntry, TableEntry};
use crate::checkpoint::view::CheckpointView;
use crate::error::{Error, Result};
use crate::source::format::{InputFormat, SourceRequest};
use crate::source::once::OnceReader;
use crate::source::{Partition, Reader, RecordBatches, Scan, Source, SourceRun};
use crate::types::uri;

/// `format("state-metadata")`.
pub struct StateMetadataFormat;

impl InputFormat for StateMetadataFormat {
    fn name(&self) -> &str {
        "state-metadata"
    }

    fn source(&self, request: SourceRequest<'_>) -> Result<Arc<dyn Source>> {
        let root = checkpoint(&request, self.name())?;
        // Only what Spark's transformWithState says of itself differs from batch to batch.
        request.options.not_negative("batchId")?;
        Ok(Arc::new(StateMetadata { root }))
    }
}

/// The operators of a checkpoint.
#[derive(Debug)]
struct StateMetadata {
    root: PathBuf,
}

impl Source for StateMetadata {
    fn description(&self) -> String {
        format!("state-metadata[{}]", uri::from_path(&self.root))
    }

    fn schema(&self) -> SchemaRef {
        let fields = [
            ("operatorId", DataType::Int64),
            ("operatorName", DataType::Utf8),
            ("stateStoreName", DataType::Utf8),
            ("numPartitions", DataType::Int32),
            ("minBatchId", DataType::Int64),
            ("maxBatchId", DataType::Int64),
            ("operatorProperties", DataType::Utf8),
        ];
        Arc::new(Schema::new(fields.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec()))
    }

    fn open(&self, _: SourceRun) -> Result<Box<dyn Reader>> {
        let schema = self.schema();
        let partitions = match CheckpointView::open(self.root.clone())? {
            Some(checkpoint) => {
                vec![Arc::new(Tables { checkpoint, schema }) as Arc<dyn Partition>]
            }
            None => Vec::new(),
        };
        Ok(Box::new(OnceReader(partitions)))
    }
}

/// The one partition.
struct Tables {
    checkpoint: CheckpointView,
    schema: SchemaRef,
}

impl Partition for Tables {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let operators = self.checkpoint.operators.iter().enumerate();
        let tables: Vec<(usize, &OperatorEntry, &TableEntry)> = operators
            .flat_map(|(number, operator)| operator.tables.iter().map(move |table| (number, operator, table)))
            .collect();
        let numbers = |of: &dyn Fn(&(usize, &OperatorEntry, &TableEntry)) -> i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(tables.iter().map(of)))
        };
        let texts = |of: &dyn Fn(&(usize, &OperatorEntry, &TableEntry)) -> Option<String>| -> ArrayRef {
            Arc::new(StringArray::from_iter(tables.iter().map(of)))
        };
        let partitions = i32::try_from(self.checkpoint.partitions)
            .map_err(|_| Error::illegal("a checkpoint of more partitions than fit into an int"))?;
        let batch = scan.build(&self.schema, tables.len(), |column| match column {
            0 => numbers(&|(number, _, _)| *number as i64),
            1 => texts(&|(_, operator, _)| Some(operator.name.clone())),
            2 => texts(&|(_, _, table)| Some(table.name.clone())),
            3 => Arc::new(Int32Array::from(vec![partitions; tables.len()])),
            4 => numbers(&|_| self.checkpoint.oldest.0 as i64),
            5 => numbers(&|_| self.checkpoint.newest.0 as i64),
            _ => texts(&|_| None),
        })?;
        Ok(RecordBatches::ready(vec![batch]))
    }
}
