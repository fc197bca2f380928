//! Aggregates over frames that move.
//!
//! DataFusion takes the rows that leave a frame out of the result again. Of doubles that is another
//! number, or NaN for good once one was in the frame; and some functions cannot do it. These are
//! computed anew for each frame, as in Spark.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature};
use datafusion::physical_plan::PhysicalExpr;

use super::collect::kept;
use crate::error::Result;

/// The function as it is called over a window.
pub fn over_frames(function: Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    match function.name() {
        // These take rows out exactly.
        "count" | "max" | "min" => function,
        _ => Arc::new(AggregateUDF::new_from_impl(OverFrames { function })),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OverFrames {
    function: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for OverFrames {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        self.function.coerce_types(types)
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        self.function.return_type(types)
    }

    fn return_field(&self, fields: &[FieldRef]) -> DfResult<FieldRef> {
        self.function.return_field(fields)
    }

    fn is_nullable(&self) -> bool {
        self.function.is_nullable()
    }

    fn default_value(&self, data_type: &DataType) -> DfResult<ScalarValue> {
        self.function.default_value(data_type)
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        self.function.state_fields(arguments)
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        self.function.accumulator(arguments)
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let types: Vec<_> = arguments.expr_fields.iter().map(|field| field.data_type().clone()).collect();
        if !types.iter().any(DataType::is_floating) {
            let sliding = self.function.create_sliding_accumulator(copied(&arguments))?;
            if sliding.supports_retract_batch() {
                return Ok(sliding);
            }
        }
        let call = FrameCall::of(&arguments);
        let function = Arc::clone(&self.function);
        Ok(kept(types, move |columns| call.evaluate(&function, columns)))
    }
}

fn copied<'a>(arguments: &AccumulatorArgs<'a>) -> AccumulatorArgs<'a> {
    AccumulatorArgs { return_field: Arc::clone(&arguments.return_field), ..*arguments }
}

/// What an accumulator is made from, for one frame after the other.
struct FrameCall {
    return_field: FieldRef,
    schema: Schema,
    ignore_nulls: bool,
    name: String,
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    fields: Vec<FieldRef>,
}

impl FrameCall {
    fn of(arguments: &AccumulatorArgs<'_>) -> Self {
        Self {
            return_field: Arc::clone(&arguments.return_field),
            schema: arguments.schema.clone(),
            ignore_nulls: arguments.ignore_nulls,
            name: arguments.name.to_owned(),
            exprs: arguments.exprs.to_vec(),
            fields: arguments.expr_fields.to_vec(),
        }
    }

    fn evaluate(&self, function: &AggregateUDF, columns: &[ArrayRef]) -> Result<ArrayRef> {
        let mut accumulator = function.accumulator(AccumulatorArgs {
            return_field: Arc::clone(&self.return_field),
            schema: &self.schema,
            ignore_nulls: self.ignore_nulls,
            order_bys: &[],
            is_reversed: false,
            name: &self.name,
            is_distinct: false,
            exprs: &self.exprs,
            expr_fields: &self.fields,
        })?;
        accumulator.update_batch(columns)?;
        Ok(accumulator.evaluate()?.to_array()?)
    }
}
