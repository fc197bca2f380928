//! The sum of doubles, added in the order in which they come. Arrow adds those of a batch in lanes,
//! which ends in other digits than Spark's: 0.1 to 0.6 make 2.1, not 2.0999999999999996.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, FieldRef, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DfResult;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature};

static DOUBLE_SUM: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::new_from_impl(DoubleSum { function: sum_udaf() })));

/// `sum` of doubles, a double.
pub fn double_sum() -> Arc<AggregateUDF> {
    Arc::clone(&DOUBLE_SUM)
}

/// DataFusion's sum, which adds in order where there are groups, but not where all rows are one.
#[derive(Debug, PartialEq, Eq, Hash)]
struct DoubleSum {
    function: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for DoubleSum {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        self.function.return_type(types)
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        self.function.coerce_types(types)
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        self.function.state_fields(arguments)
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        if arguments.is_distinct {
            return self.function.accumulator(arguments);
        }
        Ok(Box::new(RunningSum::default()))
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        self.function.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs<'_>) -> DfResult<Box<dyn GroupsAccumulator>> {
        self.function.create_groups_accumulator(arguments)
    }
}

/// The sum of the values so far that are not null, if there was one.
#[derive(Debug, Default)]
struct RunningSum(Option<f64>);

impl Accumulator for RunningSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        for value in values[0].as_primitive::<Float64Type>().iter().flatten() {
            self.0 = Some(self.0.unwrap_or_default() + value);
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        Ok(ScalarValue::Float64(self.0))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}
