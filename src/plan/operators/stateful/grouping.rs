//! Groups on their way: their keys, and the buffers of their functions.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter;
use arrow::datatypes::{Field, Int32Type, Schema, SchemaRef};
use datafusion::common::internal_err;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::EmitTo;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;
use futures::StreamExt;

use super::ColumnNames;
use super::accumulators::Accumulators;
use super::table::CHUNK;
use crate::error::Result;

/// Groups: their keys, the keys' hashes, and the buffers of their functions.
pub struct Groups {
    pub keys: Vec<ArrayRef>,
    pub hashes: Vec<u32>,
    pub buffers: Vec<ArrayRef>,
}

/// What the groups of an aggregation are.
#[derive(Debug)]
pub struct GroupShape {
    /// How many columns the key has.
    pub keys: usize,
    pub functions: Vec<Arc<AggregateFunctionExpr>>,
    pub key_schema: SchemaRef,
    /// The buffers of the functions.
    pub buffer_schema: SchemaRef,
    /// The keys and the functions' values.
    pub output: SchemaRef,
    pub names: ColumnNames,
}

impl Groups {
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The groups that a mask says.
    pub fn only(self, mask: &BooleanArray) -> Result<Self> {
        let each = |columns: &[ArrayRef]| -> Result<Vec<ArrayRef>> {
            columns.iter().map(|column| Ok(filter(column, mask)?)).collect()
        };
        let (keys, buffers) = (each(&self.keys)?, each(&self.buffers)?);
        let hashes = self.hashes.into_iter().zip(mask.values()).filter(|(_, stays)| *stays);
        Ok(Self { keys, hashes: hashes.map(|(hash, _)| hash).collect(), buffers })
    }
}

impl GroupShape {
    /// Of an input that has the keys, the functions' buffers and the key's hash.
    pub fn new(
        keys: usize,
        functions: Vec<Arc<AggregateFunctionExpr>>,
        input: &Schema,
        output: SchemaRef,
        names: ColumnNames,
    ) -> Result<Self> {
        let fields = input.fields();
        let key_schema: SchemaRef = Arc::new(Schema::new(fields[..keys].to_vec()));
        let buffer_schema: SchemaRef = Arc::new(Schema::new(fields[keys..fields.len() - 1].to_vec()));
        Ok(Self { keys, functions, key_schema, buffer_schema, output, names })
    }

    /// The buffers as they are shown: called as their functions call them.
    pub fn shown_buffers(&self) -> Result<SchemaRef> {
        let mut fields = Vec::new();
        for function in &self.functions {
            let buffers = function.state_fields()?;
            let alone = buffers.len() == 1;
            for buffer in buffers {
                let part = buffer.name().rsplit_once('[').map_or(buffer.name().as_str(), |(_, part)| part);
                let part = part.trim_end_matches(']');
                // Spark's names, where DataFusion has others.
                let name = match if alone { function.fun().name() } else { part } {
                    "first_value" => "first",
                    "last_value" => "last",
                    "first_value_is_set" | "last_value_is_set" => "valueSet",
                    name => name,
                };
                fields.push(Field::new(name, buffer.data_type().clone(), true));
            }
        }
        Ok(Arc::new(Schema::new(fields)))
    }

    /// One row for each key, in the order in which keys first come.
    pub async fn combine(&self, mut input: SendableRecordBatchStream) -> DfResult<Groups> {
        let mut combining = Combining::new(self)?;
        while let Some(batch) = input.next().await {
            combining.add(&batch?)?;
        }
        combining.take()
    }

    /// Groups as rows. What `accumulators` have already comes before the groups' own buffers.
    pub fn rows(&self, groups: &Groups, mut accumulators: Accumulators) -> Result<Vec<RecordBatch>> {
        let count = groups.len();
        if count == 0 {
            return Ok(Vec::new());
        }
        let all: Vec<_> = (0..count).collect();
        accumulators.merge(&groups.buffers, &all, count)?;
        let columns: Vec<_> = groups.keys.iter().cloned().chain(accumulators.values()?).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.output), columns, &options)?;
        Ok((0..count).step_by(CHUNK).map(|from| rows.slice(from, CHUNK.min(count - from))).collect())
    }
}

/// Groups that are being combined: several lanes below may have the same key, and so may one.
pub struct Combining {
    keys: usize,
    values: Box<dyn GroupValues>,
    accumulators: Accumulators,
    /// The group of each row of a record batch.
    groups: Vec<usize>,
    hashes: Vec<u32>,
}

impl Combining {
    pub fn new(shape: &GroupShape) -> DfResult<Self> {
        let values = new_group_values(Arc::clone(&shape.key_schema), &GroupOrdering::None)?;
        let accumulators = Accumulators::new(&shape.functions)?;
        Ok(Self { keys: shape.keys, values, accumulators, groups: Vec::new(), hashes: Vec::new() })
    }

    /// Adds rows of keys, the functions' buffers and the key's hash.
    pub fn add(&mut self, batch: &RecordBatch) -> DfResult<()> {
        let (keys, rest) = batch.columns().split_at(self.keys);
        let Some((hash, buffers)) = rest.split_last() else { return internal_err!("a stage without hashes") };
        if keys.is_empty() {
            self.groups.clear();
            self.groups.resize(batch.num_rows(), 0);
        } else {
            self.values.intern(keys, &mut self.groups)?;
        }
        for (group, hash) in self.groups.iter().zip(hash.as_primitive::<Int32Type>().values()) {
            if *group == self.hashes.len() {
                self.hashes.push(*hash as u32);
            }
        }
        self.accumulators.merge(buffers, &self.groups, self.hashes.len())
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The memory that they take.
    pub fn bytes(&self) -> usize {
        self.values.size() + self.accumulators.size() + self.hashes.capacity() * size_of::<u32>()
    }

    /// The groups so far, in the order in which they first came. None are left.
    pub fn take(&mut self) -> DfResult<Groups> {
        let keys = if self.keys == 0 { Vec::new() } else { self.values.emit(EmitTo::All)? };
        Ok(Groups { keys, hashes: std::mem::take(&mut self.hashes), buffers: self.accumulators.buffers()? })
    }
}
