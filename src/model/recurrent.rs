//! A model that hands tensors on from row to row of a key: `Model.stateful`.
//!
//! Each row is one step. The dimension that counts steps, which exports of PyTorch call a sequence,
//! is 1. The rows of a tensor may be any dimension of it ([`axis`](super::axis)).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::datatypes::{Field, FieldRef};

use super::axis::{dim_name, rows_axis, rows_from, rows_to};
use super::bind;
use super::function::conformed;
use super::predict::{NullPolicy, PredictMode, Predictor, nan_for_null, plan_type, takes_no_nulls};
use super::spec::{Dim, Element, TensorSpec};
use super::tensor::{Data, Tensor, complete_rows, narrow_lists};
use super::{Model, SessionThreads};
use crate::error::{Error, Result};
use crate::function::FunctionKey;
use crate::function::recurrent::{HandedTensor, RecurrentArguments, RecurrentFunction, Step};

/// How many keys a run has, where nobody says it. Larger runs gain little, and a key's bits depend on
/// it: so it is not measured.
pub const RUN_ROWS: usize = 1024;

/// A state of a model: an input, and the output that is the same input of the next row.
#[derive(Clone, Debug)]
pub struct ModelStates {
    pub input: String,
    pub output: String,
    /// The bytes of a new key's, or one element of it; zeros if `None`.
    pub initial: Option<Vec<u8>>,
}

/// A model with states.
#[derive(Debug)]
pub struct RecurrentModel {
    name: String,
    predictor: Arc<Predictor>,
    /// The inputs that are no states, with the rows first.
    features: Vec<TensorSpec>,
    /// What fills each input of the model.
    inputs: Vec<StepInput>,
    outputs: Vec<StepOutput>,
    states: Vec<HandedTensor>,
    /// For each state its element, and the output that gives it.
    given: Vec<GivenState>,
    threads: SessionThreads,
}

#[derive(Clone, Copy, Debug)]
enum StepInput {
    /// The feature of that number, whose rows are that dimension.
    Feature(usize, usize),
    /// The state of that number, whose rows are that dimension.
    State(usize, usize),
}

#[derive(Debug)]
struct StepOutput {
    /// Its place among the model's outputs.
    place: usize,
    axis: usize,
    /// With the rows first, and without dimensions of one.
    spec: TensorSpec,
}

#[derive(Debug)]
struct GivenState {
    place: usize,
    axis: usize,
    element: Element,
}

impl RecurrentModel {
    pub fn new(name: impl Into<String>, predictor: Arc<Predictor>, states: Vec<ModelStates>) -> Result<Self> {
        if states.is_empty() {
            return Err(Error::illegal(
                "state must name the model's inputs that are handed on, and the outputs that give them, as in {\"h_in\": \"h_out\"}; it \
                 is empty",
            ));
        }
        let model = predictor.model().as_ref();
        let (mut handed, mut given, mut axes) = (Vec::new(), Vec::new(), Vec::new());
        for state in states {
            if handed.iter().any(|other: &HandedTensor| other.output == state.output) {
                return Err(Error::illegal(format!("two states take the output '{}' of the model", state.output)));
            }
            let input = find("input", &state.input, model.inputs())?;
            let output = &model.outputs()[place_of(&state.output, model)?];
            let axis = rows_axis("state", input, None)?;
            let element = same_form(input, output, axis)?;
            handed.push(tensor_of(input, axis, &state)?);
            given.push(GivenState { place: place_of(&state.output, model)?, axis, element });
            axes.push((state.input, axis, dim_name(input, axis)));
        }
        let rows = axes.iter().find_map(|(_, _, name)| *name);
        let (mut features, mut inputs) = (Vec::new(), Vec::new());
        for input in model.inputs() {
            if let Some(state) = axes.iter().position(|(name, ..)| *name == input.name) {
                inputs.push(StepInput::State(state, axes[state].1));
                continue;
            }
            let axis = rows_axis("input", input, rows)?;
            inputs.push(StepInput::Feature(features.len(), axis));
            features.push(rows_first(input, axis));
        }
        let outputs = outputs_of(&predictor, &handed, rows)?;
        let threads = match predictor.options().mode {
            PredictMode::Single => SessionThreads::All,
            PredictMode::Auto | PredictMode::Pool => SessionThreads::One,
        };
        Ok(Self { name: name.into(), features, inputs, outputs, states: handed, given, threads, predictor })
    }

    fn field(&self, output: &StepOutput) -> FieldRef {
        Arc::new(Field::new(&output.spec.name, plan_type(&output.spec), true))
    }

    /// A state that the model gave, with the rows first.
    fn handed_on(&self, at: usize, tensor: Tensor, rows: usize) -> Result<Buffer> {
        let (state, given) = (&self.states[at], &self.given[at]);
        let found = tensor.shape.clone();
        let wrong = || {
            Error::illegal(format!(
                "the output '{}' of the model '{}' must have the shape of the state {state} for {rows} rows, found {found:?}",
                state.output, self.name
            ))
        };
        if tensor.element != given.element || given.axis >= tensor.shape.len() {
            return Err(wrong());
        }
        let tensor = rows_from(tensor, given.axis)?;
        let shape = tensor.shape.iter().skip(1).map(|dim| usize::try_from(*dim).unwrap_or_default());
        if tensor.shape[0] != rows as i64 || !shape.eq(state.shape.iter().copied()) {
            return Err(wrong());
        }
        match tensor.data {
            Data::Numbers(memory) => Ok(memory),
            Data::Strings(_) => Err(wrong()),
        }
    }

    fn column(&self, output: &StepOutput, tensor: Tensor, rows: usize) -> Result<ArrayRef> {
        let mut tensor = rows_from(tensor, output.axis)?;
        // A dimension of one says nothing about a row.
        if let [_, dims @ ..] = tensor.shape.as_slice() {
            tensor.shape =
                std::iter::once(tensor.shape[0]).chain(dims.iter().copied().filter(|dim| *dim != 1)).collect();
        }
        conformed(&self.name, &tensor.into_column(&output.spec.name, rows)?, &plan_type(&output.spec))
    }
}

impl RecurrentFunction for RecurrentModel {
    fn key(&self) -> FunctionKey {
        FunctionKey(format!(
            "recurrent:{}:{:?}:{:?}",
            self.predictor.model().digest(),
            self.predictor.options(),
            self.states
        ))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> &str {
        self.predictor.model().digest()
    }

    fn states(&self) -> &[HandedTensor] {
        &self.states
    }

    fn arguments(&self) -> Vec<String> {
        self.features.iter().map(|feature| feature.name.clone()).collect()
    }

    fn outputs(&self) -> Vec<FieldRef> {
        self.outputs.iter().map(|output| self.field(output)).collect()
    }

    fn chunk_rows(&self) -> usize {
        self.predictor.options().chunk_rows.unwrap_or(RUN_ROWS)
    }

    fn check(&self, arguments: &[FieldRef]) -> Result<()> {
        bind::arguments(&self.features, arguments)
            .map(drop)
            .map_err(|error| error.context(format!("calling the model '{}'", self.name)))
    }

    fn prepare(&self, arguments: Vec<ArrayRef>) -> Result<RecurrentArguments> {
        let fields: Vec<FieldRef> =
            arguments.iter().map(|column| Arc::new(Field::new("", column.data_type().clone(), true))).collect();
        let binding = bind::arguments(&self.features, &fields)?;
        let columns = binding.ordered(&bind::argument_columns(arguments));
        let columns = columns.iter().map(narrow_lists).collect::<Result<Vec<_>>>()?;
        let missing = columns.iter().filter_map(|column| complete_rows(column));
        let complete = missing.fold(None, |all, nulls| NullBuffer::union(all.as_ref(), Some(&nulls)));
        match (complete, self.predictor.options().nulls) {
            (None, _) => Ok(RecurrentArguments { columns, seen: None }),
            (Some(complete), NullPolicy::Null) => Ok(RecurrentArguments { columns, seen: Some(complete) }),
            (Some(_), NullPolicy::Nan) => {
                let columns = columns.iter().map(nan_for_null).collect::<Result<Vec<_>>>()?;
                Ok(RecurrentArguments { columns, seen: None })
            }
            (Some(complete), NullPolicy::Error) => {
                Err(takes_no_nulls(&complete).context(format!("calling the model '{}'", self.name)))
            }
        }
    }

    fn step(&self, columns: &[ArrayRef], states: &[Buffer], rows: usize) -> Result<Step> {
        let calling = |error: Error| error.context(format!("calling the model '{}'", self.name));
        let fields: Vec<FieldRef> =
            columns.iter().map(|column| Arc::new(Field::new("", column.data_type().clone(), true))).collect();
        let features = bind::positions(&self.features, &fields)
            .and_then(|binding| binding.tensors(&self.features, columns))
            .map_err(calling)?;
        let inputs = self.inputs.iter().map(|input| match *input {
            StepInput::Feature(at, axis) => rows_to(features[at].clone(), axis),
            StepInput::State(at, axis) => {
                let dims = self.states[at].shape.iter().copied();
                let shape = std::iter::once(rows).chain(dims).map(|dim| dim as i64).collect();
                let data = Data::Numbers(states[at].clone());
                rows_to(Tensor { element: self.given[at].element, shape, data }, axis)
            }
        });
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let wanted: Vec<usize> =
            self.outputs.iter().map(|output| output.place).chain(self.given.iter().map(|given| given.place)).collect();
        let mut found = self.predictor.model().run(&inputs, rows, &wanted, self.threads).map_err(calling)?;
        let given = found.split_off(self.outputs.len());
        let outputs = self.outputs.iter().zip(found).map(|(output, tensor)| self.column(output, tensor, rows));
        let states = given.into_iter().enumerate().map(|(at, tensor)| self.handed_on(at, tensor, rows));
        Ok(Step { outputs: outputs.collect::<Result<_>>()?, states: states.collect::<Result<_>>()? })
    }
}

fn find<'a>(kind: &str, name: &str, specs: &'a [TensorSpec]) -> Result<&'a TensorSpec> {
    specs.iter().find(|spec| spec.name == name).ok_or_else(|| {
        let names: Vec<_> = specs.iter().map(|spec| format!("'{}'", spec.name)).collect();
        Error::illegal(format!("state names the {kind} '{name}', and the model has {}", names.join(", ")))
    })
}

fn place_of(name: &str, model: &dyn Model) -> Result<usize> {
    find("output", name, model.outputs())?;
    model.outputs().iter().position(|output| output.name == name).ok_or_else(|| Error::internal("an output"))
}

/// The element of a state's input and output, which must be of one type and shape.
fn same_form(input: &TensorSpec, output: &TensorSpec, axis: usize) -> Result<Element> {
    // An output of which the model says nothing is looked at when it comes.
    let says_nothing = output.dims.is_empty();
    let fits = |(at, (a, b)): (usize, (&Dim, &Dim))| at == axis || a == b || matches!(b, Dim::Any(_));
    let same_dims = output.dims.len() == input.dims.len() && input.dims.iter().zip(&output.dims).enumerate().all(fits);
    if output.element != input.element || !(says_nothing || same_dims) {
        return Err(Error::illegal(format!(
            "the output of a state must have the type and shape of its input, {input}; found {output}"
        )));
    }
    Ok(input.element)
}

fn tensor_of(input: &TensorSpec, axis: usize, state: &ModelStates) -> Result<HandedTensor> {
    let size = |dim: &Dim| if let Dim::Fixed(size) = dim { *size } else { 1 };
    let dims = input.dims.iter().enumerate().filter(|(at, _)| *at != axis);
    let shape: Vec<usize> = dims.map(|(_, dim)| size(dim)).collect();
    let element = match input.element {
        Element::Float32
        | Element::Float64
        | Element::Int8
        | Element::Int16
        | Element::Int32
        | Element::Int64
        | Element::Bool => input.element.data_type(),
        other => {
            return Err(Error::unsupported(format!(
                "the state '{}' is of type {other}; a state must be of float32, float64, int8, int16, int32, int64 or bool",
                input.name
            )));
        }
    };
    let (bytes, one) = (shape.iter().product::<usize>() * input.element.size(), input.element.size());
    let initial = match &state.initial {
        None => vec![0; bytes],
        Some(given) if given.len() == bytes => given.clone(),
        Some(given) if given.len() == one => given.repeat(bytes / one),
        Some(given) => {
            return Err(Error::illegal(format!(
                "initial has {} values for the state {input}, of which a key has {}",
                given.len() / one,
                bytes / one
            )));
        }
    };
    let (input, output) = (state.input.clone(), state.output.clone());
    Ok(HandedTensor { input, output, element, shape, initial: Buffer::from(initial) })
}

/// The tensor of a feature with the rows first. A dimension of any size counts steps: a row is one.
fn rows_first(spec: &TensorSpec, axis: usize) -> TensorSpec {
    let rest = spec.dims.iter().enumerate().filter(|(at, _)| *at != axis);
    let one_step = |dim: &Dim| if let Dim::Any(_) = dim { Dim::Fixed(1) } else { dim.clone() };
    let dims = std::iter::once(spec.dims[axis].clone()).chain(rest.map(|(_, dim)| one_step(dim))).collect();
    TensorSpec { name: spec.name.clone(), element: spec.element, dims }
}

/// The outputs that become columns: those that were asked for by name, or all that are no states.
fn outputs_of(predictor: &Predictor, states: &[HandedTensor], rows: Option<&str>) -> Result<Vec<StepOutput>> {
    let by_name = predictor.options().outputs.is_some();
    let mut outputs = Vec::new();
    for (place, spec) in predictor.wanted().iter().copied().zip(predictor.outputs()) {
        if !by_name && states.iter().any(|state| state.output == spec.name) {
            continue;
        }
        if spec.dims.is_empty() {
            outputs.push(StepOutput { place, axis: 0, spec: spec.clone() });
            continue;
        }
        let axis = rows_axis("output", spec, rows)?;
        let mut spec = rows_first(spec, axis);
        let dims = spec.dims.split_off(1);
        spec.dims.extend(dims.into_iter().filter(|dim| *dim != Dim::Fixed(1)));
        outputs.push(StepOutput { place, axis, spec });
    }
    if outputs.is_empty() {
        let names: Vec<_> = states.iter().map(|state| format!("'{}'", state.output)).collect();
        return Err(Error::illegal(format!(
            "all outputs of the model are states ({}), so it gives no column; name one with outputs=[…] when the model is loaded",
            names.join(", ")
        )));
    }
    Ok(outputs)
}
