//! Many rows through a model, on every core.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt32Array, new_empty_array, new_null_array};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, concat, filter, take};
use arrow::datatypes::DataType;
use futures::executor::block_on;

use super::bind::Binding;
use super::spec::TensorSpec;
use super::tensor::{Tensor, as_lists, complete_rows, list_type, narrow_lists};
use super::tune::Tuner;
use super::{Model, SessionThreads};
use crate::error::{Error, Result};
use crate::runtime::{Cancel, ChunkRunners, cores, helpers};

/// What a row with something missing gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NullPolicy {
    /// Null in, null out; the model does not see the row.
    #[default]
    Null,
    /// Missing numbers are NaN, which models of trees read as missing.
    Nan,
    /// An error.
    Error,
}

/// Which cores a model uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PredictMode {
    /// As measured.
    #[default]
    Auto,
    /// One session for each core, each on chunks of its own.
    Pool,
    /// One session on all cores.
    Single,
}

/// How a model is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PredictOptions {
    pub nulls: NullPolicy,
    /// Outputs by name, in this order; all of them when `None`.
    pub outputs: Option<Vec<String>>,
    /// Rows in a chunk; measured when `None`.
    pub chunk_rows: Option<usize>,
    pub mode: PredictMode,
}

/// A model in use.
#[derive(Debug)]
pub struct Predictor {
    model: Arc<dyn Model>,
    options: PredictOptions,
    wanted: Vec<usize>,
    tuner: Tuner,
}

impl Predictor {
    pub fn new(model: Arc<dyn Model>, options: PredictOptions) -> Result<Arc<Self>> {
        let wanted = match &options.outputs {
            Some(names) => names.iter().map(|name| find(model.as_ref(), name)).collect::<Result<_>>()?,
            None if !model.left_out().is_empty() => {
                return Err(Error::unsupported(format!(
                    "the model's output '{}' must be a tensor, and is a sequence or a map; choose among its other outputs ({}), or export \
                     it without (for scikit-learn: options={{'zipmap': False}})",
                    model.left_out().join("', '"),
                    names(model.outputs())
                )));
            }
            None => (0..model.outputs().len()).collect(),
        };
        if options.chunk_rows == Some(0) {
            return Err(Error::illegal("chunk_rows must be at least 1, found 0"));
        }
        let fixed = model.inputs().iter().find_map(TensorSpec::fixed_rows);
        let tuner = Tuner::new(fixed.or(options.chunk_rows));
        Ok(Arc::new(Self { model, options, wanted, tuner }))
    }

    pub fn model(&self) -> &Arc<dyn Model> {
        &self.model
    }

    pub fn options(&self) -> &PredictOptions {
        &self.options
    }

    pub fn tuner(&self) -> &Tuner {
        &self.tuner
    }

    pub fn inputs(&self) -> &[TensorSpec] {
        self.model.inputs()
    }

    /// The places of the outputs that are asked for, among those of the model.
    pub fn wanted(&self) -> &[usize] {
        &self.wanted
    }

    /// The outputs that are asked for.
    pub fn outputs(&self) -> impl ExactSizeIterator<Item = &TensorSpec> {
        self.wanted.iter().map(|at| &self.model.outputs()[*at])
    }

    /// Runs any number of rows, on as many cores as help, and returns one column for each output.
    /// Looks at `cancel` before each chunk.
    pub fn predict(
        self: &Arc<Self>,
        binding: &Arc<Binding>,
        columns: Vec<ArrayRef>,
        rows: usize,
        cancel: &Cancel,
    ) -> Result<Vec<ArrayRef>> {
        let few = self.spread(rows);
        let chunk = few.unwrap_or_else(|| self.tuner.rows(rows));
        if rows <= chunk || self.options.mode == PredictMode::Single {
            return self.run(binding, &columns, rows, self.threads_for(rows));
        }
        let cancel = cancel.clone();
        let (sizes, predictor, binding) = (Arc::clone(self), Arc::clone(self), Arc::clone(binding));
        let crew = helpers()?;
        let _working = crew.working();
        let shared = crew.share(
            rows,
            ChunkRunners::Everybody,
            move |left| few.unwrap_or_else(|| sizes.chunk_rows(rows, left)),
            move |rows| {
                cancel.check()?;
                let slices: Vec<_> = columns.iter().map(|column| column.slice(rows.start, rows.len())).collect();
                predictor.run(&binding, &slices, rows.len(), SessionThreads::One)
            },
        );
        let mut parts = block_on(shared.finish())?;
        if parts.len() == 1 {
            return Ok(parts.swap_remove(0));
        }
        (0..self.wanted.len())
            .map(|output| joined(parts.iter().map(|columns| Arc::clone(&columns[output])).collect()))
            .collect()
    }

    /// Few rows are spread over the cores as well, if that takes less long than handing them over:
    /// the size of their chunks.
    fn spread(&self, rows: usize) -> Option<usize> {
        let chunks = rows.div_ceil(self.tuner.rows(rows));
        let few = chunks < cores() && rows > self.tuner.handover_rows() * 2;
        (few && !self.has_fixed_rows()).then(|| rows.div_ceil(cores()))
    }

    /// Smaller chunks when few rows are left, two thirds of a core's share of them, so that no core
    /// waits long for the last one; not so small that running them costs more than waiting. (Half
    /// of a share makes half as many chunks more: 0.7 % of the time of a model of trees.)
    fn chunk_rows(&self, rows: usize, left: usize) -> usize {
        let best = self.tuner.rows(rows);
        if self.has_fixed_rows() {
            return best;
        }
        best.min((2 * left).div_ceil(3 * cores()).max(4 * self.tuner.handover_rows()))
    }

    /// Whether the model or the user says how many rows a chunk has.
    fn has_fixed_rows(&self) -> bool {
        self.options.chunk_rows.is_some() || self.inputs().iter().any(|input| input.fixed_rows().is_some())
    }

    fn threads_for(&self, rows: usize) -> SessionThreads {
        match self.options.mode {
            PredictMode::Pool => SessionThreads::One,
            PredictMode::Single => SessionThreads::All,
            PredictMode::Auto if cores() == 1 => SessionThreads::One,
            PredictMode::Auto => self.tuner.threads_for(rows),
        }
    }

    /// Runs one chunk on this thread: the call of a function in a plan, where other chunks use the
    /// other cores.
    pub fn chunk(&self, binding: &Binding, columns: &[ArrayRef], rows: usize) -> Result<Vec<ArrayRef>> {
        let threads = if self.options.mode == PredictMode::Single { SessionThreads::All } else { SessionThreads::One };
        self.run(binding, columns, rows, threads)
    }

    fn run(
        &self,
        binding: &Binding,
        columns: &[ArrayRef],
        rows: usize,
        threads: SessionThreads,
    ) -> Result<Vec<ArrayRef>> {
        if rows == 0 {
            return Ok(self.outputs().map(|output| new_empty_array(&output.data_type())).collect());
        }
        let start = self.tuner.start();
        let columns = &columns.iter().map(narrow_lists).collect::<Result<Vec<_>>>()?;
        let missing = binding
            .columns(columns.len())
            .into_iter()
            .filter_map(|at| complete_rows(&columns[at]))
            .fold(None, |all, nulls| NullBuffer::union(all.as_ref(), Some(&nulls)));
        let outputs = match missing {
            None => self.run_complete(binding, columns, rows, threads),
            Some(missing) => self.run_with_missing(binding, columns, &missing, threads),
        }?;
        self.tuner.ran_single(rows, threads, start);
        Ok(outputs)
    }

    fn run_with_missing(
        &self,
        binding: &Binding,
        columns: &[ArrayRef],
        complete: &NullBuffer,
        threads: SessionThreads,
    ) -> Result<Vec<ArrayRef>> {
        match self.options.nulls {
            NullPolicy::Error => Err(takes_no_nulls(complete)),
            NullPolicy::Nan => {
                let columns = columns.iter().map(nan_for_null).collect::<Result<Vec<_>>>()?;
                self.run_complete(binding, &columns, complete.len(), threads)
            }
            NullPolicy::Null => {
                let keep = BooleanArray::new(complete.inner().clone(), None);
                let kept = keep.true_count();
                if kept == 0 {
                    return Ok(self
                        .outputs()
                        .map(|output| new_null_array(&output.data_type(), complete.len()))
                        .collect());
                }
                let columns = columns.iter().map(|column| filter(column, &keep)).collect::<Result<Vec<_>, _>>()?;
                let outputs = self.run_complete(binding, &columns, kept, threads)?;
                let mut at = 0;
                let places: UInt32Array = complete
                    .iter()
                    .map(|valid| {
                        valid.then(|| {
                            at += 1;
                            at - 1
                        })
                    })
                    .collect();
                outputs.iter().map(|output| Ok(take(output, &places, None)?)).collect()
            }
        }
    }

    fn run_complete(
        &self,
        binding: &Binding,
        columns: &[ArrayRef],
        rows: usize,
        threads: SessionThreads,
    ) -> Result<Vec<ArrayRef>> {
        if let Some(fixed) = self.inputs().iter().find_map(TensorSpec::fixed_rows).filter(|fixed| *fixed != rows) {
            return self.run_fixed(binding, columns, rows, fixed, threads);
        }
        self.run_tensors(binding.tensors(self.inputs(), columns)?, rows, threads)
    }

    /// One column for each output.
    fn run_tensors(&self, tensors: Vec<Tensor>, rows: usize, threads: SessionThreads) -> Result<Vec<ArrayRef>> {
        let outputs = self.model.run(&tensors, rows, &self.wanted, threads)?;
        outputs.into_iter().zip(self.outputs()).map(|(tensor, spec)| tensor.into_column(&spec.name, rows)).collect()
    }

    /// A model that takes exactly `fixed` rows: the last run is filled up with its last row.
    fn run_fixed(
        &self,
        binding: &Binding,
        columns: &[ArrayRef],
        rows: usize,
        fixed: usize,
        threads: SessionThreads,
    ) -> Result<Vec<ArrayRef>> {
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); self.wanted.len()];
        for start in (0..rows).step_by(fixed) {
            let real = fixed.min(rows - start);
            let places: UInt32Array = (0..fixed).map(|i| (start + i.min(real - 1)) as u32).collect();
            let chunk = columns.iter().map(|column| take(column, &places, None)).collect::<Result<Vec<_>, _>>()?;
            let tensors = binding.tensors(self.inputs(), &chunk)?;
            for (part, output) in parts.iter_mut().zip(self.run_tensors(tensors, fixed, threads)?) {
                part.push(output.slice(0, real));
            }
        }
        parts.into_iter().map(joined).collect()
    }
}

/// Parts of an output, one after the other. A chunk without a complete row gives a list of any size
/// where the model declares none. The other parts are then lists too.
pub fn joined(mut parts: Vec<ArrayRef>) -> Result<ArrayRef> {
    if parts.windows(2).any(|pair| pair[0].data_type() != pair[1].data_type()) {
        parts = parts.iter().map(as_lists).collect::<Result<_>>()?;
    }
    Ok(concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?)
}

/// The error for rows of which some are not complete.
pub(super) fn takes_no_nulls(complete: &NullBuffer) -> Error {
    let row = complete.iter().position(|valid| !valid).unwrap_or_default();
    Error::illegal(format!(
        "the model takes no nulls, found {} rows with one, the first is row {row} of a chunk; filter them, or load the model with \
         nulls=\"null\" or nulls=\"nan\"",
        complete.null_count()
    ))
}

fn find(model: &dyn Model, name: &str) -> Result<usize> {
    model.outputs().iter().position(|output| output.name == name).ok_or_else(|| {
        Error::illegal(format!("the model has no tensor output '{name}'; it has {}", names(model.outputs())))
    })
}

fn names(specs: &[TensorSpec]) -> String {
    specs.iter().map(|spec| format!("'{}'", spec.name)).collect::<Vec<_>>().join(", ")
}

/// Numbers with NaN where they are missing; missing lists cannot be filled, and types without NaN
/// become floats.
pub(super) fn nan_for_null(column: &ArrayRef) -> Result<ArrayRef> {
    if complete_rows(column).is_none() {
        return Ok(Arc::clone(column));
    }
    match column.data_type() {
        DataType::FixedSizeList(item, size) if column.null_count() == 0 => {
            let values = nan_for_null(column.as_fixed_size_list().values())?;
            let item = Arc::new(item.as_ref().clone().with_data_type(values.data_type().clone()));
            Ok(Arc::new(arrow::array::FixedSizeListArray::try_new(item, *size, values, None)?))
        }
        DataType::List(item) if column.null_count() == 0 => {
            let list = column.as_list::<i32>();
            let values = nan_for_null(list.values())?;
            let item = Arc::new(item.as_ref().clone().with_data_type(values.data_type().clone()));
            Ok(Arc::new(arrow::array::ListArray::try_new(item, list.offsets().clone(), values, None)?))
        }
        DataType::Float32 => {
            let floats = column.as_primitive::<arrow::datatypes::Float32Type>();
            Ok(Arc::new(floats.iter().map(|value| value.unwrap_or(f32::NAN)).collect::<arrow::array::Float32Array>()))
        }
        other if other.is_numeric() => {
            let floats = cast(column, &DataType::Float64)?;
            let floats = floats.as_primitive::<arrow::datatypes::Float64Type>();
            Ok(Arc::new(floats.iter().map(|value| value.unwrap_or(f64::NAN)).collect::<arrow::array::Float64Array>()))
        }
        other => Err(Error::illegal(format!(
            "nulls=\"nan\" needs columns of numbers, found a null in a column of type {other}"
        ))),
    }
}

/// The type of an output's column in a plan, where arrays have no fixed size.
pub fn plan_type(output: &TensorSpec) -> DataType {
    list_type(&output.data_type())
}
