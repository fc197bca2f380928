//! Maps: keys are never null and never stand twice.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, StringBuilder, StructArray, UInt32Array, new_empty_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{concat, interleave, take};
use arrow::datatypes::{DataType, FieldRef};
use arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;

use super::Definition::Scalar;
use super::args::{cast_all, common_type, count, literal, unexpected, unified};
use super::conditional::{fixed, single};
use super::per_value::{kernel, safe_kernel};
use super::{CallContext, array};
use crate::config::Conf;
use crate::error::{Error, Result, condition};
use crate::plan::kernels::normalize::normalize_floats;
use crate::plan::typed::Typed;
use crate::types::zone::Zone;
use crate::types::{self, display, map_fields};

pub const TABLE: super::DefinitionTable = &[
    ("map", Scalar(make)),
    ("create_map", Scalar(make)),
    ("map_concat", Scalar(join)),
    ("map_contains_key", Scalar(contains_key)),
    ("map_entries", Scalar(entries)),
    ("map_from_arrays", Scalar(from_arrays)),
    ("map_from_entries", Scalar(from_entries)),
    ("map_keys", Scalar(|c, a| side(c, a, true))),
    ("map_values", Scalar(|c, a| side(c, a, false))),
    ("str_to_map", Scalar(str_to_map)),
];

/// Whether of two equal keys the last wins, or the map is refused.
pub fn last_wins(conf: &Conf) -> bool {
    conf.get("spark.sql.mapKeyDedupPolicy").is_some_and(|policy| policy.eq_ignore_ascii_case("LAST_WIN"))
}

fn field_of(data_type: &DataType) -> Result<FieldRef> {
    match data_type {
        DataType::Map(field, _) => Ok(Arc::clone(field)),
        other => Err(Error::internal(format!("{other} is no map"))),
    }
}

/// Puts maps together from keys and values side by side, and checks the keys.
pub fn assemble(
    data_type: &DataType,
    keys: &ArrayRef,
    values: &ArrayRef,
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
    last_wins: bool,
) -> Result<ArrayRef> {
    if keys.logical_null_count() > 0 {
        return Err(Error::of(condition::NULL_MAP_KEY));
    }
    let keys = &normalize_floats(keys)?;
    let rows = RowConverter::new(vec![SortField::new(keys.data_type().clone())])?
        .convert_columns(std::slice::from_ref(keys))?;
    let mut keep: Vec<u32> = Vec::with_capacity(keys.len());
    let mut lengths = Vec::with_capacity(offsets.len() - 1);
    let mut repeated = false;
    for pair in offsets.windows(2) {
        let mut seen = HashSet::new();
        let start = keep.len();
        // From the last, so that the last of equal keys is kept.
        for at in (pair[0] as usize..pair[1] as usize).rev() {
            if seen.insert(rows.row(at)) {
                keep.push(at as u32);
            } else if last_wins {
                repeated = true;
            } else {
                return Err(Error::of(condition::DUPLICATED_MAP_KEY)
                    .with("key", display::one(keys, at, Zone::UTC))
                    .with("mapKeyDedupPolicy", "\"spark.sql.mapKeyDedupPolicy\""));
            }
        }
        keep[start..].reverse();
        lengths.push(keep.len() - start);
    }
    let (mut keys, mut values, mut offsets) = (Arc::clone(keys), Arc::clone(values), offsets);
    if repeated || offsets[0] != 0 || keep.len() != keys.len() {
        let keep = UInt32Array::from(keep);
        keys = take(&keys, &keep, None)?;
        values = take(&values, &keep, None)?;
        offsets = OffsetBuffer::from_lengths(lengths);
    }
    let field = field_of(data_type)?;
    let DataType::Struct(fields) = field.data_type() else {
        return Err(Error::internal("a map's entries are structs"));
    };
    let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(field, offsets, entries, nulls, false)?))
}

/// `map(k1, v1, k2, v2, …)`.
fn make(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    if arguments.len() % 2 == 1 {
        return Err(Error::of(condition::WRONG_NUM_ARGS)
            .with("functionName", "`map`")
            .with("expectedNum", "2n (n > 0)")
            .with("actualNum", arguments.len()));
    }
    if arguments.is_empty() {
        let data_type = types::map(DataType::Null, DataType::Null, false);
        let empty = new_empty_array(&DataType::Null);
        let map = assemble(&data_type, &empty, &empty, OffsetBuffer::from_lengths([0]), None, true)?;
        return Ok(literal(ScalarValue::try_from_array(&map, 0)?));
    }
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for (at, argument) in arguments.into_iter().enumerate() {
        if at % 2 == 0 { keys.push(argument) } else { values.push(argument) }
    }
    let (keys, values) = (unified(context, keys)?, unified(context, values)?);
    let data_type =
        types::map(keys[0].data_type.clone(), values[0].data_type.clone(), values.iter().any(|value| value.nullable));
    let (to, pairs, last_wins) = (data_type.clone(), keys.len(), last_wins(context.conf));
    let arguments = keys.into_iter().chain(values).collect();
    Ok(kernel(context, &format!("({data_type}, {last_wins})"), data_type, false, arguments, move |arrays| {
        let rows = arrays[0].len();
        let picks: Vec<_> = (0..rows).flat_map(|row| (0..pairs).map(move |at| (at, row))).collect();
        let side = |arrays: &[ArrayRef]| {
            let sources: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            interleave(&sources, &picks)
        };
        let (keys, values) = (side(&arrays[..pairs])?, side(&arrays[pairs..])?);
        assemble(&to, &keys, &values, OffsetBuffer::from_lengths(vec![pairs; rows]), None, last_wins)
    }))
}

fn map_argument<'a>(context: &CallContext<'_>, argument: &'a Typed, at: usize) -> Result<(&'a FieldRef, &'a FieldRef)> {
    map_fields(&argument.data_type).ok_or_else(|| unexpected(context, at, "\"MAP\"", &argument.data_type))
}

/// The keys, or the values, as an array.
fn side(context: &CallContext<'_>, arguments: Vec<Typed>, keys: bool) -> Result<Typed> {
    let map = single(context, arguments)?;
    let (key, value) = map_argument(context, &map, 0)?;
    let data_type = if keys {
        types::array(key.data_type().clone(), false)
    } else {
        types::array(value.data_type().clone(), value.is_nullable())
    };
    let DataType::List(field) = data_type.clone() else { return Err(Error::internal("an array type")) };
    let nullable = map.nullable;
    Ok(safe_kernel(context, "", data_type, nullable, vec![map], move |arrays| {
        let map = arrays[0].as_map();
        let values = if keys { map.keys() } else { map.values() };
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(&field),
            map.offsets().clone(),
            Arc::clone(values),
            map.nulls().cloned(),
        )?))
    }))
}

/// The entries as an array of structs.
fn entries(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let map = single(context, arguments)?;
    map_argument(context, &map, 0)?;
    let data_type = types::array(field_of(&map.data_type)?.data_type().clone(), false);
    let DataType::List(field) = data_type.clone() else { return Err(Error::internal("an array type")) };
    let nullable = map.nullable;
    Ok(safe_kernel(context, "", data_type, nullable, vec![map], move |arrays| {
        let map = arrays[0].as_map();
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(&field),
            map.offsets().clone(),
            Arc::new(map.entries().clone()),
            map.nulls().cloned(),
        )?))
    }))
}

fn contains_key(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [map, key] = fixed(context, arguments)?;
    map_argument(context, &map, 0)?;
    let keys = side(&CallContext { name: "map_keys", ..*context }, vec![map], true)?;
    match super::lookup("array_contains") {
        Some(super::Definition::Scalar(build)) => build(context, vec![keys, key]),
        _ => Err(Error::internal("array_contains is a function")),
    }
}

/// Maps one after the other.
fn join(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    if arguments.is_empty() {
        return make(context, arguments);
    }
    for (at, argument) in arguments.iter().enumerate() {
        map_argument(context, argument, at)?;
    }
    let data_type = common_type(context, &arguments)?;
    let arguments = unified(context, arguments)?;
    let nullable = arguments.iter().any(|argument| argument.nullable);
    let (to, last_wins) = (data_type.clone(), last_wins(context.conf));
    Ok(kernel(context, &format!("({last_wins})"), data_type, nullable, arguments, move |arrays| {
        let maps: Vec<_> = arrays.iter().map(|array| array.as_map()).collect();
        let nulls = maps.iter().fold(None, |nulls, map| NullBuffer::union(nulls.as_ref(), map.nulls()));
        let mut picks = Vec::new();
        let mut lengths = Vec::new();
        for row in 0..maps[0].len() {
            let before = picks.len();
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                for (at, map) in maps.iter().enumerate() {
                    let offsets = map.value_offsets();
                    picks.extend((offsets[row] as usize..offsets[row + 1] as usize).map(|entry| (at, entry)));
                }
            }
            lengths.push(picks.len() - before);
        }
        let gather = |side: &dyn Fn(&MapArray) -> ArrayRef| -> Result<ArrayRef> {
            let sources: Vec<ArrayRef> = maps.iter().map(|map| side(map)).collect();
            let sources: Vec<&dyn Array> = sources.iter().map(AsRef::as_ref).collect();
            if picks.is_empty() { Ok(concat(&sources)?.slice(0, 0)) } else { Ok(interleave(&sources, &picks)?) }
        };
        let (keys, values) = (gather(&|map| Arc::clone(map.keys()))?, gather(&|map| Arc::clone(map.values()))?);
        assemble(&to, &keys, &values, OffsetBuffer::from_lengths(lengths), nulls, last_wins)
    }))
}

fn from_arrays(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [keys, values] = fixed(context, arguments)?;
    let (key, value) = (array::element(context, &keys, 0)?, array::element(context, &values, 1)?);
    let data_type = types::map(key.data_type().clone(), value.data_type().clone(), value.is_nullable());
    let (to, last_wins, nullable) = (data_type.clone(), last_wins(context.conf), keys.nullable || values.nullable);
    Ok(kernel(context, &format!("({last_wins})"), data_type, nullable, vec![keys, values], move |arrays| {
        let (keys, values) = (arrays[0].as_list::<i32>(), arrays[1].as_list::<i32>());
        let nulls = NullBuffer::union(keys.nulls(), values.nulls());
        let (mut key_picks, mut value_picks, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..keys.len() {
            let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            let (k, v) = (array::range(keys, row), array::range(values, row));
            if valid && k.len() != v.len() {
                return Err(Error::runtime("the key array and value array of a map must have the same length"));
            }
            lengths.push(if valid { k.len() } else { 0 });
            if valid {
                key_picks.extend(k.map(|at| at as u32));
                value_picks.extend(v.map(|at| at as u32));
            }
        }
        let keys = take(keys.values(), &UInt32Array::from(key_picks), None)?;
        let values = take(values.values(), &UInt32Array::from(value_picks), None)?;
        assemble(&to, &keys, &values, OffsetBuffer::from_lengths(lengths), nulls, last_wins)
    }))
}

/// From an array of structs of two fields; null where an entry is null.
fn from_entries(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let list = single(context, arguments)?;
    let element = array::element(context, &list, 0)?;
    let DataType::Struct(fields) = element.data_type() else {
        return Err(unexpected(context, 0, "\"ARRAY\" of pair \"STRUCT\"", &list.data_type));
    };
    if fields.len() != 2 {
        return Err(unexpected(context, 0, "\"ARRAY\" of pair \"STRUCT\"", &list.data_type));
    }
    let data_type = types::map(fields[0].data_type().clone(), fields[1].data_type().clone(), fields[1].is_nullable());
    let (to, last_wins, nullable) =
        (data_type.clone(), last_wins(context.conf), list.nullable || element.is_nullable());
    Ok(kernel(context, &format!("({last_wins})"), data_type, nullable, vec![list], move |arrays| {
        let list = arrays[0].as_list::<i32>();
        let structs = list.values().as_struct();
        let valid: NullBuffer = (0..list.len())
            .map(|row| list.is_valid(row) && array::range(list, row).all(|at| structs.is_valid(at)))
            .collect();
        let (mut picks, mut lengths) = (Vec::new(), Vec::new());
        for row in 0..list.len() {
            let range = if valid.is_valid(row) { array::range(list, row) } else { 0..0 };
            lengths.push(range.len());
            picks.extend(range.map(|at| at as u32));
        }
        let picks = UInt32Array::from(picks);
        let (keys, values) = (take(structs.column(0), &picks, None)?, take(structs.column(1), &picks, None)?);
        assemble(&to, &keys, &values, OffsetBuffer::from_lengths(lengths), Some(valid), last_wins)
    }))
}

/// `str_to_map(text[, between pairs[, between key and value]])`; both separators are regular
/// expressions.
fn str_to_map(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=3)?;
    for default in [",", ":"].iter().skip(arguments.len() - 1) {
        arguments.push(literal(ScalarValue::Utf8(Some((*default).to_owned()))));
    }
    let arguments = cast_all(context, arguments, &[DataType::Utf8, DataType::Utf8, DataType::Utf8])?;
    let data_type = types::map(DataType::Utf8, DataType::Utf8, true);
    let (to, last_wins) = (data_type.clone(), last_wins(context.conf));
    Ok(kernel(context, &format!("({last_wins})"), data_type, true, arguments, move |arrays| {
        let [texts, pairs, inner] = [0, 1, 2].map(|at| arrays[at].as_string::<i32>());
        let (mut keys, mut values, mut lengths, mut valid) =
            (StringBuilder::new(), StringBuilder::new(), Vec::new(), Vec::new());
        for row in 0..texts.len() {
            let present = arrays.iter().all(|array| array.is_valid(row));
            valid.push(present);
            if !present {
                lengths.push(0);
                continue;
            }
            let by = fancy_regex::Regex::new(pairs.value(row)).map_err(|error| Error::runtime(error.to_string()))?;
            let within =
                fancy_regex::Regex::new(inner.value(row)).map_err(|error| Error::runtime(error.to_string()))?;
            let mut count = 0;
            for pair in by.split(texts.value(row)) {
                let pair = pair.map_err(|error| Error::runtime(error.to_string()))?;
                let mut parts = within.splitn(pair, 2);
                let mut next = || parts.next().transpose().map_err(|error| Error::runtime(error.to_string()));
                keys.append_value(next()?.unwrap_or_default());
                values.append_option(next()?);
                count += 1;
            }
            lengths.push(count);
        }
        let (keys, values): (ArrayRef, ArrayRef) = (Arc::new(keys.finish()), Arc::new(values.finish()));
        assemble(&to, &keys, &values, OffsetBuffer::from_lengths(lengths), Some(valid.into()), last_wins)
    }))
}
