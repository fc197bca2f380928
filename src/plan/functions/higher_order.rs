//! Functions that take functions: a lambda's body runs once over all elements of a record batch,
//! with what it captures repeated for each.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListArray, MapArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{SortOptions, cast as arrow_cast, concat, interleave, take, take_arrays};
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type};
use arrow::row::{RowConverter, SortField};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::expr::{HigherOrderFunction, Lambda};
use datafusion::logical_expr::{
    ColumnarValue, Expr, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDF,
    HigherOrderUDFImpl, LambdaArgument, LambdaParametersProgress, ValueOrLambda, Volatility,
};

use super::Definition::HigherOrder as Defined;
use super::args::{count, unexpected};
use super::map::{assemble, last_wins};
use super::{CallContext, HigherOrder, array};
use crate::error::{Error, Result, condition};
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::{called_as, common};
use crate::plan::typed::Typed;
use crate::types::{self, map_fields, sql_name};

pub const TABLE: super::DefinitionTable = &[
    ("aggregate", Defined(HigherOrder { parameters: fold_parameters, build: fold })),
    ("reduce", Defined(HigherOrder { parameters: fold_parameters, build: fold })),
    (
        "array_sort",
        Defined(HigherOrder { parameters: |c, a, _, _| Ok(vec![element_of(c, a, 0)?; 2]), build: array_sort }),
    ),
    (
        "exists",
        Defined(HigherOrder {
            parameters: |c, a, _, _| Ok(vec![element_of(c, a, 0)?]),
            build: |c, a| quantify(c, a, true),
        }),
    ),
    (
        "forall",
        Defined(HigherOrder {
            parameters: |c, a, _, _| Ok(vec![element_of(c, a, 0)?]),
            build: |c, a| quantify(c, a, false),
        }),
    ),
    ("filter", Defined(HigherOrder { parameters: element_and_index, build: filter })),
    ("transform", Defined(HigherOrder { parameters: element_and_index, build: transform })),
    ("map_filter", Defined(HigherOrder { parameters: entry, build: map_filter })),
    ("transform_keys", Defined(HigherOrder { parameters: entry, build: |c, a| transform_map(c, a, true) })),
    ("transform_values", Defined(HigherOrder { parameters: entry, build: |c, a| transform_map(c, a, false) })),
    ("map_zip_with", Defined(HigherOrder { parameters: zipped_entry, build: map_zip_with })),
    ("zip_with", Defined(HigherOrder { parameters: zipped, build: zip_with })),
];

type Arguments<'a> = &'a [Option<Typed>];
type ParameterType = (DataType, bool);

fn given<'a>(context: &CallContext<'_>, arguments: Arguments<'a>, at: usize) -> Result<&'a Typed> {
    arguments.get(at).and_then(Option::as_ref).ok_or_else(|| {
        Error::of(condition::WRONG_NUM_ARGS)
            .with("functionName", format!("`{}`", context.name.to_lowercase()))
            .with("expectedNum", at + 2)
            .with("actualNum", arguments.len())
    })
}

fn element_of(context: &CallContext<'_>, arguments: Arguments<'_>, at: usize) -> Result<ParameterType> {
    let element = array::element(context, given(context, arguments, at)?, at)?;
    Ok((element.data_type().clone(), element.is_nullable()))
}

fn element_and_index(
    context: &CallContext<'_>,
    arguments: Arguments<'_>,
    _: usize,
    count: usize,
) -> Result<Vec<ParameterType>> {
    let mut parameters = vec![element_of(context, arguments, 0)?];
    if count > 1 {
        parameters.push((DataType::Int32, false));
    }
    Ok(parameters)
}

fn fold_parameters(
    context: &CallContext<'_>,
    arguments: Arguments<'_>,
    at: usize,
    _: usize,
) -> Result<Vec<ParameterType>> {
    let so_far = (given(context, arguments, 1)?.data_type.clone(), true);
    Ok(if at == 2 { vec![so_far, element_of(context, arguments, 0)?] } else { vec![so_far] })
}

fn zipped(context: &CallContext<'_>, arguments: Arguments<'_>, _: usize, _: usize) -> Result<Vec<ParameterType>> {
    // The shorter array is filled with nulls.
    Ok(vec![(element_of(context, arguments, 0)?.0, true), (element_of(context, arguments, 1)?.0, true)])
}

fn key_and_value(context: &CallContext<'_>, arguments: Arguments<'_>, at: usize) -> Result<(DataType, ParameterType)> {
    let map = given(context, arguments, at)?;
    let (key, value) = map_fields(&map.data_type).ok_or_else(|| unexpected(context, at, "\"MAP\"", &map.data_type))?;
    Ok((key.data_type().clone(), (value.data_type().clone(), value.is_nullable())))
}

fn entry(context: &CallContext<'_>, arguments: Arguments<'_>, _: usize, _: usize) -> Result<Vec<ParameterType>> {
    let (key, value) = key_and_value(context, arguments, 0)?;
    Ok(vec![(key, false), value])
}

fn zipped_entry(context: &CallContext<'_>, arguments: Arguments<'_>, _: usize, _: usize) -> Result<Vec<ParameterType>> {
    let ((key, left), (other, right)) = (key_and_value(context, arguments, 0)?, key_and_value(context, arguments, 1)?);
    let key = common(&key, &other, context.conf.ansi()).ok_or_else(|| unexpected(context, 1, "\"MAP\"", &other))?;
    Ok(vec![(key, false), (left.0, true), (right.0, true)])
}

/// What a function does with its evaluated arguments and its lambdas.
type RunLambda = dyn Fn(&[ArrayRef], &[LambdaArgument], usize) -> Result<ArrayRef> + Send + Sync;

struct Higher {
    /// Holds every parameter of `run`.
    name: String,
    parameters: Vec<Vec<FieldRef>>,
    result: FieldRef,
    signature: HigherOrderSignature,
    run: Arc<RunLambda>,
}

/// The call; `parameters` are those of each lambda among the arguments, in order.
fn call(
    name: String,
    parameters: Vec<Vec<ParameterType>>,
    data_type: DataType,
    nullable: bool,
    arguments: Vec<Typed>,
    run: impl Fn(&[ArrayRef], &[LambdaArgument], usize) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Typed {
    let field =
        |(data_type, nullable): ParameterType| -> FieldRef { Arc::new(Field::new("parameter", data_type, nullable)) };
    let function = Higher {
        result: Arc::new(Field::new(&name, data_type.clone(), nullable)),
        name,
        parameters: parameters.into_iter().map(|lambda| lambda.into_iter().map(field).collect()).collect(),
        signature: HigherOrderSignature::variadic_any(Volatility::Immutable),
        run: Arc::new(run),
    };
    let arguments = arguments.into_iter().map(|argument| argument.expr).collect();
    let function = Arc::new(HigherOrderUDF::new_from_impl(function));
    Typed { expr: Expr::HigherOrderFunction(HigherOrderFunction::new(function, arguments)), data_type, nullable }
}

impl fmt::Debug for Higher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Higher({})", self.name)
    }
}

impl PartialEq for Higher {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.result == other.result && self.parameters == other.parameters
    }
}

impl Eq for Higher {}

impl Hash for Higher {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl HigherOrderUDFImpl for Higher {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        _fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> DfResult<LambdaParametersProgress> {
        Ok(LambdaParametersProgress::Complete(self.parameters.clone()))
    }

    fn return_field_from_args(&self, _arguments: HigherOrderReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        Ok(Arc::clone(&self.result))
    }

    fn invoke_with_args(&self, arguments: HigherOrderFunctionArgs) -> DfResult<ColumnarValue> {
        let rows = arguments.number_rows;
        let (mut values, mut lambdas) = (Vec::new(), Vec::new());
        for argument in arguments.args {
            match argument {
                ValueOrLambda::Value(value) => values.push(value.into_array(rows)?),
                ValueOrLambda::Lambda(lambda) => lambdas.push(lambda),
            }
        }
        Ok(ColumnarValue::Array((self.run)(&values, &lambdas, rows)?))
    }
}

/// Runs a lambda's body: one row for each value of its parameters; `rows` says which outer row each
/// belongs to.
fn evaluate(lambda: &LambdaArgument, parameters: &[ArrayRef], rows: &UInt32Array) -> Result<ArrayRef> {
    let given: Vec<_> = parameters.iter().map(|array| move || Ok(Arc::clone(array))).collect();
    let given: Vec<&dyn Fn() -> DfResult<ArrayRef>> =
        given.iter().map(|array| array as &dyn Fn() -> DfResult<ArrayRef>).collect();
    let value = lambda.evaluate(&given, |captured| Ok(take_arrays(captured, rows, None)?))?;
    Ok(value.into_array(rows.len())?)
}

/// The lambda that stands at `at`, and the type of its body.
fn lambda(context: &CallContext<'_>, arguments: &[Typed], at: usize) -> Result<()> {
    match arguments.get(at) {
        Some(Typed { expr: Expr::Lambda(_), .. }) => Ok(()),
        Some(other) => Err(unexpected(context, at, "\"LAMBDA\"", &other.data_type)),
        None => count(context, arguments, at + 1..=at + 1),
    }
}

/// A lambda whose body is cast to a type.
fn cast_body(context: &CallContext<'_>, lambda: Typed, to: &DataType) -> Result<Typed> {
    let Expr::Lambda(Lambda { params, body }) = lambda.expr else {
        return Err(Error::internal("a lambda was checked"));
    };
    let body = cast(Typed { expr: *body, data_type: lambda.data_type, nullable: lambda.nullable }, to, context.conf)?;
    Ok(Typed { expr: Expr::Lambda(Lambda::new(params, body.expr)), data_type: body.data_type, nullable: body.nullable })
}

/// A lambda that must give a boolean.
fn predicate(context: &CallContext<'_>, arguments: Vec<Typed>, at: usize) -> Result<Vec<Typed>> {
    lambda(context, &arguments, at)?;
    let mut arguments = arguments;
    let body = arguments.remove(at);
    if !matches!(body.data_type, DataType::Boolean | DataType::Null) {
        return Err(unexpected(context, at, "\"BOOLEAN\"", &body.data_type));
    }
    arguments.insert(at, cast_body(context, body, &DataType::Boolean)?);
    Ok(arguments)
}

fn lambda_count(arguments: &[Typed], at: usize) -> usize {
    match arguments.get(at).map(|argument| &argument.expr) {
        Some(Expr::Lambda(lambda)) => lambda.params.len(),
        _ => 0,
    }
}

fn some(arguments: &[Typed]) -> Vec<Option<Typed>> {
    arguments.iter().cloned().map(Some).collect()
}

/// The elements of the arrays of a batch in one column, with the row and the place of each.
struct Elements {
    values: ArrayRef,
    rows: UInt32Array,
    places: ArrayRef,
    lengths: Vec<usize>,
    /// Where each element is in the list's own values.
    picks: UInt32Array,
}

fn elements(offsets: &[i32], nulls: Option<&NullBuffer>, values: &ArrayRef) -> Result<Elements> {
    let (mut picks, mut rows, mut places, mut lengths) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (row, pair) in offsets.windows(2).enumerate() {
        let range = if nulls.is_some_and(|nulls| nulls.is_null(row)) { 0..0 } else { pair[0] as u32..pair[1] as u32 };
        lengths.push(range.len());
        for (place, at) in range.enumerate() {
            picks.push(at);
            rows.push(row as u32);
            places.push(place as i32);
        }
    }
    let picks = UInt32Array::from(picks);
    Ok(Elements {
        values: take(values, &picks, None)?,
        rows: rows.into(),
        places: Arc::new(Int32Array::from(places)),
        lengths,
        picks,
    })
}

fn list_elements(list: &ListArray) -> Result<Elements> {
    elements(list.value_offsets(), list.nulls(), list.values())
}

impl Elements {
    fn parameters(&self, wanted: usize) -> Vec<ArrayRef> {
        [&self.values, &self.places].into_iter().take(wanted).map(Arc::clone).collect()
    }

    fn offsets(&self) -> OffsetBuffer<i32> {
        OffsetBuffer::from_lengths(self.lengths.iter().copied())
    }

    /// The elements whose flag is true, and how many of each row.
    fn kept(&self, flags: &BooleanArray) -> (UInt32Array, Vec<usize>) {
        let mut lengths = vec![0; self.lengths.len()];
        let mut kept = Vec::new();
        for at in 0..flags.len() {
            if flags.is_valid(at) && flags.value(at) {
                kept.push(at as u32);
                lengths[self.rows.value(at) as usize] += 1;
            }
        }
        (kept.into(), lengths)
    }
}

fn transform(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=2)?;
    lambda(context, &arguments, 1)?;
    let wanted = lambda_count(&arguments, 1);
    let parameters = element_and_index(context, &some(&arguments), 1, wanted)?;
    let data_type = types::array(arguments[1].data_type.clone(), arguments[1].nullable);
    let DataType::List(field) = data_type.clone() else { return Err(Error::internal("an array type")) };
    let nullable = arguments[0].nullable;
    Ok(call("transform".into(), vec![parameters], data_type, nullable, arguments, move |values, lambdas, _| {
        let list = values[0].as_list::<i32>();
        let elements = list_elements(list)?;
        let result = evaluate(&lambdas[0], &elements.parameters(wanted), &elements.rows)?;
        Ok(Arc::new(ListArray::try_new(Arc::clone(&field), elements.offsets(), result, list.nulls().cloned())?))
    }))
}

fn filter(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=2)?;
    let arguments = predicate(context, arguments, 1)?;
    let wanted = lambda_count(&arguments, 1);
    let parameters = element_and_index(context, &some(&arguments), 1, wanted)?;
    let field = array::element(context, &arguments[0], 0)?;
    let (data_type, nullable) = (arguments[0].data_type.clone(), arguments[0].nullable);
    Ok(call("filter".into(), vec![parameters], data_type, nullable, arguments, move |values, lambdas, _| {
        let list = values[0].as_list::<i32>();
        let elements = list_elements(list)?;
        let flags = evaluate(&lambdas[0], &elements.parameters(wanted), &elements.rows)?;
        let (kept, lengths) = elements.kept(flags.as_boolean());
        let kept = take(&elements.values, &kept, None)?;
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(&field),
            OffsetBuffer::from_lengths(lengths),
            kept,
            list.nulls().cloned(),
        )?))
    }))
}

/// `exists` and `forall`: one element that is `found` decides; else a null leaves it open.
fn quantify(context: &CallContext<'_>, arguments: Vec<Typed>, found: bool) -> Result<Typed> {
    count(context, &arguments, 2..=2)?;
    let arguments = predicate(context, arguments, 1)?;
    let parameters = vec![element_of(context, &some(&arguments), 0)?];
    let nullable = arguments[0].nullable || arguments[1].nullable;
    let name = if found { "exists" } else { "forall" };
    Ok(call(name.into(), vec![parameters], DataType::Boolean, nullable, arguments, move |values, lambdas, _| {
        let list = values[0].as_list::<i32>();
        let elements = list_elements(list)?;
        let flags = evaluate(&lambdas[0], &elements.parameters(1), &elements.rows)?;
        let flags = flags.as_boolean();
        let mut at = 0;
        let rows = elements.lengths.iter().enumerate().map(|(row, length)| {
            let range = at..at + length;
            at += length;
            if list.is_null(row) {
                return None;
            }
            if range.clone().any(|at| flags.is_valid(at) && flags.value(at) == found) {
                return Some(found);
            }
            if range.into_iter().any(|at| flags.is_null(at)) { None } else { Some(!found) }
        });
        Ok(Arc::new(rows.collect::<BooleanArray>()))
    }))
}

/// `aggregate(list, zero, merge[, finish])`: all rows take their first step together, then their
/// second, ….
fn fold(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 3..=4)?;
    lambda(context, &arguments, 2)?;
    let known = some(&arguments);
    let mut parameters = vec![fold_parameters(context, &known, 2, 2)?];
    let zero = arguments[1].data_type.clone();
    if called_as(&arguments[2].data_type, &zero).is_none() {
        return Err(unexpected(context, 2, &format!("\"{}\"", sql_name(&zero)), &arguments[2].data_type));
    }
    let (mut data_type, mut nullable) = (zero.clone(), true);
    let mut passed = Vec::new();
    for (at, argument) in arguments.into_iter().enumerate() {
        passed.push(if at == 2 { cast_body(context, argument, &zero)? } else { argument });
    }
    if let Some(finish) = passed.get(3) {
        lambda(context, &passed, 3)?;
        parameters.push(fold_parameters(context, &known, 3, 1)?);
        (data_type, nullable) = (finish.data_type.clone(), finish.nullable);
    }
    let nullable = nullable || passed[0].nullable;
    Ok(call("aggregate".into(), parameters, data_type.clone(), nullable, passed, move |values, lambdas, rows| {
        let list = values[0].as_list::<i32>();
        let mut so_far = Arc::clone(&values[1]);
        let length = |row: usize| if list.is_null(row) { 0 } else { array::range(list, row).len() };
        let longest = (0..rows).map(length).max().unwrap_or(0);
        for step in 0..longest {
            let taking: Vec<u32> = (0..rows).filter(|row| length(*row) > step).map(|row| row as u32).collect();
            let picks: UInt32Array = taking
                .iter()
                .map(|row| (array::range(list, *row as usize).start + step) as u32)
                .collect::<Vec<_>>()
                .into();
            let taking = UInt32Array::from(taking);
            let parameters = [take(&so_far, &taking, None)?, take(list.values(), &picks, None)?];
            let next = evaluate(&lambdas[0], &parameters, &taking)?;
            let mut sources: Vec<(usize, usize)> = (0..rows).map(|row| (0, row)).collect();
            for (at, row) in taking.values().iter().enumerate() {
                sources[*row as usize] = (1, at);
            }
            so_far = interleave(&[so_far.as_ref(), next.as_ref()], &sources)?;
        }
        if let Some(finish) = lambdas.get(1) {
            let every = UInt32Array::from_iter_values(0..rows as u32);
            so_far = evaluate(finish, &[so_far], &every)?;
        }
        // A null array has no fold.
        let picks: UInt32Array = (0..rows).map(|row| list.is_valid(row).then_some(row as u32)).collect();
        Ok(take(&so_far, &picks, None)?)
    }))
}

fn zip_with(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 3..=3)?;
    lambda(context, &arguments, 2)?;
    let parameters = zipped(context, &some(&arguments), 2, 2)?;
    let data_type = types::array(arguments[2].data_type.clone(), arguments[2].nullable);
    let DataType::List(field) = data_type.clone() else { return Err(Error::internal("an array type")) };
    let nullable = arguments[0].nullable || arguments[1].nullable;
    Ok(call("zip_with".into(), vec![parameters], data_type, nullable, arguments, move |values, lambdas, rows| {
        let (left, right) = (values[0].as_list::<i32>(), values[1].as_list::<i32>());
        let nulls = NullBuffer::union(left.nulls(), right.nulls());
        let (mut lefts, mut rights, mut outer, mut lengths) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in 0..rows {
            let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            let (l, r) = (array::range(left, row), array::range(right, row));
            let length = if valid { l.len().max(r.len()) } else { 0 };
            for place in 0..length {
                lefts.push((place < l.len()).then_some((l.start + place) as u32));
                rights.push((place < r.len()).then_some((r.start + place) as u32));
                outer.push(row as u32);
            }
            lengths.push(length);
        }
        let parameters = [
            take(left.values(), &UInt32Array::from(lefts), None)?,
            take(right.values(), &UInt32Array::from(rights), None)?,
        ];
        let result = evaluate(&lambdas[0], &parameters, &outer.into())?;
        Ok(Arc::new(ListArray::try_new(Arc::clone(&field), OffsetBuffer::from_lengths(lengths), result, nulls)?))
    }))
}

/// The keys and values of a batch's maps, side by side.
fn entries(map: &MapArray) -> Result<(Elements, ArrayRef)> {
    let keys = elements(map.value_offsets(), map.nulls(), map.keys())?;
    let values = take(map.values(), &keys.picks, None)?;
    Ok((keys, values))
}

fn map_filter(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=2)?;
    let arguments = predicate(context, arguments, 1)?;
    let parameters = entry(context, &some(&arguments), 1, 2)?;
    let (data_type, nullable) = (arguments[0].data_type.clone(), arguments[0].nullable);
    let to = data_type.clone();
    Ok(call("map_filter".into(), vec![parameters], data_type, nullable, arguments, move |values, lambdas, _| {
        let map = values[0].as_map();
        let (keys, items) = entries(map)?;
        let flags = evaluate(&lambdas[0], &[Arc::clone(&keys.values), Arc::clone(&items)], &keys.rows)?;
        let (kept, lengths) = keys.kept(flags.as_boolean());
        let (keys, items) = (take(&keys.values, &kept, None)?, take(&items, &kept, None)?);
        assemble(&to, &keys, &items, OffsetBuffer::from_lengths(lengths), map.nulls().cloned(), true)
    }))
}

fn transform_map(context: &CallContext<'_>, arguments: Vec<Typed>, of_keys: bool) -> Result<Typed> {
    count(context, &arguments, 2..=2)?;
    lambda(context, &arguments, 1)?;
    let parameters = entry(context, &some(&arguments), 1, 2)?;
    let (key, value, result) = (parameters[0].clone(), parameters[1].clone(), &arguments[1]);
    let data_type = if of_keys {
        types::map(result.data_type.clone(), value.0, value.1)
    } else {
        types::map(key.0, result.data_type.clone(), result.nullable)
    };
    let (to, last_wins, nullable) = (data_type.clone(), last_wins(context.conf), arguments[0].nullable);
    let name = if of_keys { format!("transform_keys({last_wins})") } else { "transform_values".into() };
    Ok(call(name, vec![parameters], data_type, nullable, arguments, move |values, lambdas, _| {
        let map = values[0].as_map();
        let (keys, items) = entries(map)?;
        let result = evaluate(&lambdas[0], &[Arc::clone(&keys.values), Arc::clone(&items)], &keys.rows)?;
        let offsets = keys.offsets();
        let (keys, items) = if of_keys { (result, items) } else { (keys.values, result) };
        assemble(&to, &keys, &items, offsets, map.nulls().cloned(), last_wins)
    }))
}

/// Both maps' keys, each once, with the value in either.
fn map_zip_with(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 3..=3)?;
    lambda(context, &arguments, 2)?;
    let parameters = zipped_entry(context, &some(&arguments), 2, 3)?;
    let key = parameters[0].0.clone();
    for at in 0..2 {
        let to = types::map(key.clone(), parameters[at + 1].0.clone(), true);
        arguments[at] = cast(arguments[at].clone(), &to, context.conf)?;
    }
    let data_type = types::map(key.clone(), arguments[2].data_type.clone(), arguments[2].nullable);
    let (to, nullable) = (data_type.clone(), arguments[0].nullable || arguments[1].nullable);
    Ok(call("map_zip_with".into(), vec![parameters], data_type, nullable, arguments, move |values, lambdas, rows| {
        let (left, right) = (values[0].as_map(), values[1].as_map());
        let converter = RowConverter::new(vec![SortField::new(key.clone())])?;
        let (lk, rk) = (
            converter.convert_columns(&[Arc::clone(left.keys())])?,
            converter.convert_columns(&[Arc::clone(right.keys())])?,
        );
        let nulls = NullBuffer::union(left.nulls(), right.nulls());
        let shift = left.keys().len();
        let (mut keys, mut lefts, mut rights, mut outer, mut lengths) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in 0..rows {
            let before = keys.len();
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                let range = |map: &MapArray| map.value_offsets()[row] as usize..map.value_offsets()[row + 1] as usize;
                for at in range(left) {
                    keys.push(at as u32);
                    lefts.push(Some(at as u32));
                    rights.push(range(right).find(|other| rk.row(*other) == lk.row(at)).map(|other| other as u32));
                }
                for at in range(right).filter(|at| !range(left).any(|other| lk.row(other) == rk.row(*at))) {
                    keys.push((shift + at) as u32);
                    lefts.push(None);
                    rights.push(Some(at as u32));
                }
            }
            lengths.push(keys.len() - before);
            outer.extend(std::iter::repeat_n(row as u32, keys.len() - before));
        }
        let both = concat(&[left.keys().as_ref(), right.keys().as_ref()])?;
        let keys = take(&both, &UInt32Array::from(keys), None)?;
        let parameters = [
            Arc::clone(&keys),
            take(left.values(), &UInt32Array::from(lefts), None)?,
            take(right.values(), &UInt32Array::from(rights), None)?,
        ];
        let result = evaluate(&lambdas[0], &parameters, &outer.into())?;
        assemble(&to, &keys, &result, OffsetBuffer::from_lengths(lengths), nulls, true)
    }))
}

/// `array_sort(list[, comparator])`: nulls last; a comparator is asked about every pair of a row at
/// once.
fn array_sort(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    if arguments.len() == 1 {
        return array::sort(context, arguments.remove(0), SortOptions { descending: false, nulls_first: false });
    }
    lambda(context, &arguments, 1)?;
    let element = element_of(context, &some(&arguments), 0)?;
    let field = array::element(context, &arguments[0], 0)?;
    let (data_type, nullable) = (arguments[0].data_type.clone(), arguments[0].nullable);
    Ok(call("array_sort".into(), vec![vec![element; 2]], data_type, nullable, arguments, move |values, lambdas, _| {
        let list = values[0].as_list::<i32>();
        let elements = list_elements(list)?;
        let (mut lefts, mut rights, mut outer) = (Vec::new(), Vec::new(), Vec::new());
        let mut start = 0_u32;
        for (row, length) in elements.lengths.iter().enumerate() {
            let length = *length as u32;
            for left in start..start + length {
                for right in start..start + length {
                    lefts.push(left);
                    rights.push(right);
                    outer.push(row as u32);
                }
            }
            start += length;
        }
        let pair = [
            take(&elements.values, &UInt32Array::from(lefts), None)?,
            take(&elements.values, &UInt32Array::from(rights), None)?,
        ];
        let orders = arrow_cast(&evaluate(&lambdas[0], &pair, &outer.into())?, &DataType::Int32)?;
        let orders = orders.as_primitive::<Int32Type>();
        if orders.null_count() > 0 {
            return Err(Error::of(condition::COMPARATOR_RETURNS_NULL).with("functionName", "`array_sort`"));
        }
        let (mut picks, mut start, mut matrix) = (Vec::with_capacity(elements.values.len()), 0_u32, 0_usize);
        for length in &elements.lengths {
            let mut order: Vec<usize> = (0..*length).collect();
            sort_by(&mut order, &|left, right| orders.value(matrix + left * length + right).cmp(&0));
            picks.extend(order.into_iter().map(|at| start + at as u32));
            start += *length as u32;
            matrix += length * length;
        }
        let sorted = take(&elements.values, &UInt32Array::from(picks), None)?;
        Ok(Arc::new(ListArray::try_new(Arc::clone(&field), elements.offsets(), sorted, list.nulls().cloned())?))
    }))
}

/// A stable merge sort that takes any comparator: the standard one may panic when a user's is no
/// order.
fn sort_by(items: &mut Vec<usize>, compare: &dyn Fn(usize, usize) -> Ordering) {
    if items.len() < 2 {
        return;
    }
    let mut right = items.split_off(items.len() / 2);
    let mut left = std::mem::take(items);
    sort_by(&mut left, compare);
    sort_by(&mut right, compare);
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(l), Some(r)) = (left.peek(), right.peek()) {
        let next = if compare(*l, *r) == Ordering::Greater { right.next() } else { left.next() };
        items.extend(next);
    }
    items.extend(left);
    items.extend(right);
}
