//! A model as a function that a plan may call.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StructArray};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};

use super::Predictor;
use super::bind;
use super::predict::plan_type;
use super::tensor::as_lists;
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::function::{Chunk, Function, FunctionKey, Runs};
use crate::types::sql_name;

/// A model as a function: one argument for each input, or as many numbers as the only input is
/// wide, or one struct that holds the inputs by name. One output is a column; several are a struct.
#[derive(Debug)]
pub struct ModelFunction {
    name: String,
    predictor: Arc<Predictor>,
    result: Option<DataType>,
}

impl ModelFunction {
    /// `result` is what the output is cast to; its own type when `None`.
    pub fn new(name: impl Into<String>, predictor: Arc<Predictor>, result: Option<DataType>) -> Self {
        Self { name: name.into(), predictor, result }
    }

    pub fn predictor(&self) -> &Arc<Predictor> {
        &self.predictor
    }

    /// What the function returns.
    pub fn data_type(&self) -> DataType {
        self.result.clone().unwrap_or_else(|| self.own_type())
    }

    fn own_type(&self) -> DataType {
        let mut outputs = self.predictor.outputs();
        if outputs.len() == 1
            && let Some(only) = outputs.next()
        {
            return plan_type(only);
        }
        DataType::Struct(
            self.predictor.outputs().map(|output| Field::new(&output.name, plan_type(output), true)).collect(),
        )
    }

    fn result_of(&self, outputs: Vec<ArrayRef>, rows: usize) -> Result<ArrayRef> {
        let mut columns = outputs.iter().map(as_lists).collect::<Result<Vec<_>>>()?;
        let column = if columns.len() == 1 {
            columns.swap_remove(0)
        } else {
            let DataType::Struct(fields) = self.own_type() else {
                return Err(Error::internal("several outputs are a struct"));
            };
            Arc::new(StructArray::try_new_with_length(with_types(&fields, &columns), columns, None, rows)?)
        };
        conformed(&self.name, &column, &self.data_type())
    }
}

/// A column of the type that a model declares or was told to give: an exporter may have declared
/// another one.
pub(super) fn conformed(model: &str, column: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    let column = as_lists(column)?;
    if column.data_type() == wanted {
        return Ok(column);
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(&column, wanted, &options).map_err(|error| {
        let found = column.data_type();
        if can_cast_types(found, wanted) {
            return Error::from(error);
        }
        Error::runtime(format!(
            "the model '{model}' gave {}, where it must give {}, as it declares or as it was told; \
             name the type that it gives, as in udf(\"array<float>\")",
            sql_name(found),
            sql_name(wanted)
        ))
    })
}

/// The fields with the types that came out: an exporter may have declared another shape than the
/// model gives.
fn with_types(fields: &Fields, columns: &[ArrayRef]) -> Fields {
    fields
        .iter()
        .zip(columns)
        .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
        .collect()
}

impl Function for ModelFunction {
    fn key(&self) -> FunctionKey {
        FunctionKey(format!(
            "model:{}:{:?}:{:?}",
            self.predictor.model().digest(),
            self.predictor.options(),
            self.result
        ))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn runs(&self) -> Runs {
        Runs::Compute
    }

    fn chunk_rows(&self, rows: usize) -> Option<usize> {
        Some(self.predictor.tuner().rows(rows))
    }

    fn inline_rows(&self) -> usize {
        self.predictor.tuner().handover_rows()
    }

    fn output(&self, inputs: &[FieldRef]) -> Result<FieldRef> {
        bind::arguments(self.predictor.inputs(), inputs)
            .map_err(|error| error.context(format!("calling the model '{}'", self.name)))?;
        let (own, wanted) = (self.own_type(), self.data_type());
        if own != wanted && !can_cast_types(&own, &wanted) {
            let names: Vec<_> = self.predictor.outputs().map(|output| format!("'{}'", output.name)).collect();
            return Err(Error::illegal(format!(
                "the model '{}' gives {own}, which cannot become {wanted}; its outputs are {}: choose among them with outputs=[…]",
                self.name,
                names.join(", ")
            )));
        }
        Ok(Arc::new(Field::new(&self.name, self.data_type(), true)))
    }

    fn call(&self, _batch: &Batch, chunk: Chunk) -> Result<ArrayRef> {
        let fields: Vec<FieldRef> =
            chunk.columns.iter().map(|column| Arc::new(Field::new("", column.data_type().clone(), true))).collect();
        let binding = bind::arguments(self.predictor.inputs(), &fields)?;
        let columns = bind::argument_columns(chunk.columns);
        let outputs = self
            .predictor
            .chunk(&binding, &columns, chunk.rows)
            .map_err(|error| error.context(format!("calling the model '{}'", self.name)))?;
        self.result_of(outputs, chunk.rows)
    }
}
