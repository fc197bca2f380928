//! DataFusion's accumulators, fed with buffers: those of a batch, and those that were kept.

use std::sync::Arc;

use arrow::array::ArrayRef;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::GroupsAccumulatorAdapter;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;

/// The accumulators of all functions of an aggregation, for any number of groups.
pub struct Accumulators {
    functions: Vec<(Box<dyn GroupsAccumulator>, usize)>,
}

impl Accumulators {
    pub fn new(functions: &[Arc<AggregateFunctionExpr>]) -> DfResult<Self> {
        let functions = functions.iter().map(|function| {
            let columns = function.state_fields()?.len();
            let accumulator: Box<dyn GroupsAccumulator> = if function.groups_accumulator_supported() {
                function.create_groups_accumulator()?
            } else {
                let function = Arc::clone(function);
                Box::new(GroupsAccumulatorAdapter::new(move || function.create_accumulator()))
            };
            Ok((accumulator, columns))
        });
        Ok(Self { functions: functions.collect::<DfResult<_>>()? })
    }

    /// Adds buffers: of each function its columns, one after the other, of each row to the group
    /// that `groups` says. The order of rows is that in which they are merged.
    pub fn merge(&mut self, buffers: &[ArrayRef], groups: &[usize], total: usize) -> DfResult<()> {
        let mut from = 0;
        for (accumulator, columns) in &mut self.functions {
            let to = from + *columns;
            accumulator.merge_batch(&buffers[from..to], groups, total)?;
            from = to;
        }
        Ok(())
    }

    /// Adds buffers of one function alone, as [`Accumulators::merge`] does of all.
    pub fn merge_one(&mut self, function: usize, buffers: &[ArrayRef], groups: &[usize], total: usize) -> DfResult<()> {
        self.functions[function].0.merge_batch(buffers, groups, total)
    }

    /// The buffers of all groups, as [`Accumulators::merge`] takes them.
    pub fn buffers(&mut self) -> DfResult<Vec<ArrayRef>> {
        let mut buffers = Vec::new();
        for (accumulator, _) in &mut self.functions {
            buffers.extend(accumulator.state(EmitTo::All)?);
        }
        Ok(buffers)
    }

    /// The functions' values of all groups.
    pub fn values(&mut self) -> DfResult<Vec<ArrayRef>> {
        self.functions.iter_mut().map(|(accumulator, _)| accumulator.evaluate(EmitTo::All)).collect()
    }

    pub fn size(&self) -> usize {
        self.functions.iter().map(|(accumulator, _)| accumulator.size()).sum()
    }
}
