//! Arrays. Most of these functions choose elements of each row's array, so they make indices and
//! `take` once.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DynComparator, Int32Array, Int64Array, ListArray, StringArray, UInt32Array,
    make_comparator, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{SortOptions, interleave, take};
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::ScalarValue;

use super::CallContext;
use super::Definition::Scalar;
use super::args::{cast_all, constant, count, implicit, literal, unexpected, unified};
use super::conditional::{fixed, single};
use super::per_value::{kernel, safe_kernel};
use crate::error::{Error, Result, condition};
use crate::plan::kernels::normalize::{normalize_floats, normalized};
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::common;
use crate::plan::resolve::nested;
use crate::plan::resolve::operators::{holds_map, unordered};
use crate::plan::typed::Typed;
use crate::types::{self, sql_name};

pub const TABLE: super::DefinitionTable = &[
    ("array", Scalar(make)),
    ("array_append", Scalar(|c, a| put(c, a, true))),
    ("array_prepend", Scalar(|c, a| put(c, a, false))),
    ("array_compact", Scalar(compact)),
    ("array_contains", Scalar(contains)),
    ("array_distinct", Scalar(distinct)),
    ("array_except", Scalar(|c, a| sets(c, a, Set::Except))),
    ("array_intersect", Scalar(|c, a| sets(c, a, Set::Intersect))),
    ("array_union", Scalar(|c, a| sets(c, a, Set::Union))),
    ("array_insert", Scalar(insert)),
    ("array_join", Scalar(join)),
    ("array_max", Scalar(|c, a| extreme(c, a, true))),
    ("array_min", Scalar(|c, a| extreme(c, a, false))),
    ("array_position", Scalar(position)),
    ("array_remove", Scalar(remove)),
    ("array_repeat", Scalar(repeat)),
    (
        "array_size",
        Scalar(|c, a| {
            let list = single(c, a)?;
            element(c, &list, 0)?;
            size(c, vec![list])
        }),
    ),
    ("arrays_overlap", Scalar(overlap)),
    ("arrays_zip", Scalar(zip)),
    ("cardinality", Scalar(size)),
    ("size", Scalar(size)),
    ("element_at", Scalar(|c, a| element_at(c, a, c.conf.ansi()))),
    ("try_element_at", Scalar(|c, a| element_at(c, a, false))),
    ("flatten", Scalar(flatten)),
    ("get", Scalar(get)),
    ("sequence", Scalar(super::sequence::sequence)),
    ("slice", Scalar(slice)),
    ("sort_array", Scalar(sort_array)),
];

/// The element's field of an array type.
pub fn element(context: &CallContext<'_>, argument: &Typed, at: usize) -> Result<FieldRef> {
    match &argument.data_type {
        DataType::List(element) => Ok(Arc::clone(element)),
        found => Err(unexpected(context, at, "\"ARRAY\"", found)),
    }
}

/// A list array of elements chosen by index from `values`, row by row.
pub fn choose(
    field: &FieldRef,
    values: &ArrayRef,
    rows: usize,
    nulls: Option<NullBuffer>,
    mut indices: impl FnMut(usize, &mut Vec<Option<u32>>),
) -> Result<ArrayRef> {
    let mut picks = Vec::new();
    let mut lengths = Vec::with_capacity(rows);
    for row in 0..rows {
        let before = picks.len();
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            indices(row, &mut picks);
        }
        lengths.push(picks.len() - before);
    }
    let values = take(values, &UInt32Array::from(picks), None)?;
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), values, nulls)?))
}

/// Where a row's elements lie in the values.
pub fn range(list: &ListArray, row: usize) -> std::ops::Range<usize> {
    let offsets = list.value_offsets();
    offsets[row] as usize..offsets[row + 1] as usize
}

/// Arrays one after the other; null if one is.
pub fn concat(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let arguments = unified(context, arguments)?;
    let field = element(context, &arguments[0], 0)?;
    let (data_type, nullable) = (arguments[0].data_type.clone(), arguments.iter().any(|argument| argument.nullable));
    Ok(safe_kernel(context, "_arrays", data_type, nullable, arguments, move |arrays| {
        let lists: Vec<&ListArray> = arrays.iter().map(|array| array.as_list::<i32>()).collect();
        let values: Vec<&dyn Array> = lists.iter().map(|list| list.values().as_ref()).collect();
        let starts: Vec<usize> = values
            .iter()
            .scan(0, |start, array| {
                let here = *start;
                *start += array.len();
                Some(here)
            })
            .collect();
        let joined = arrow::compute::concat(&values)?;
        let nulls = lists.iter().fold(None, |nulls, list| NullBuffer::union(nulls.as_ref(), list.nulls()));
        choose(&field, &joined, lists[0].len(), nulls, |row, picks| {
            for (list, start) in lists.iter().zip(&starts) {
                picks.extend(range(list, row).map(|at| Some((start + at) as u32)));
            }
        })
    }))
}

/// The elements from last to first.
pub fn reverse(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=1)?;
    let argument = arguments.into_iter().next().ok_or_else(|| Error::internal("an argument was counted"))?;
    let field = element(context, &argument, 0)?;
    let (data_type, nullable) = (argument.data_type.clone(), argument.nullable);
    Ok(safe_kernel(context, "_array", data_type, nullable, vec![argument], move |arrays| {
        let list = arrays[0].as_list::<i32>();
        choose(&field, list.values(), list.len(), list.nulls().cloned(), |row, picks| {
            picks.extend(range(list, row).rev().map(|at| Some(at as u32)));
        })
    }))
}

/// `array(a, b, …)`.
fn make(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    if arguments.is_empty() {
        let field: FieldRef = Arc::new(Field::new("element", DataType::Null, false));
        let empty =
            ListArray::try_new(field, OffsetBuffer::from_lengths([0]), new_null_array(&DataType::Null, 0), None)?;
        return Ok(literal(ScalarValue::List(Arc::new(empty))));
    }
    let arguments = unified(context, arguments)?;
    let nullable = arguments.iter().any(|argument| argument.nullable);
    let data_type = types::array(arguments[0].data_type.clone(), nullable);
    let DataType::List(field) = data_type.clone() else { return Err(Error::internal("an array type")) };
    Ok(safe_kernel(context, &format!("_{nullable}"), data_type, false, arguments, move |arrays| {
        let rows = arrays[0].len();
        let sources: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        let picks: Vec<_> = (0..rows).flat_map(|row| (0..arrays.len()).map(move |at| (at, row))).collect();
        let values = interleave(&sources, &picks)?;
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(&field),
            OffsetBuffer::from_lengths(vec![arrays.len(); rows]),
            values,
            None,
        )?))
    }))
}

/// Comparable keys of values: equal where Spark's are, nulls among them.
fn keys(data_type: &DataType, columns: &[&ArrayRef]) -> Result<Vec<Rows>> {
    let converter = RowConverter::new(vec![SortField::new(data_type.clone())])?;
    columns.iter().map(|column| Ok(converter.convert_columns(std::slice::from_ref(*column))?)).collect()
}

/// An array argument and a value argument in the array's element type.
fn list_and_value(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<(FieldRef, Typed, Typed)> {
    let [list, value] = fixed(context, arguments)?;
    let field = element(context, &list, 0)?;
    let target = common(field.data_type(), &value.data_type, context.conf.ansi()).filter(|_| {
        !(value.data_type == DataType::Utf8
            && *field.data_type() != DataType::Utf8
            && *field.data_type() != DataType::Null)
    });
    let Some(target) = target else {
        return Err(Error::of(condition::ARRAY_FUNCTION_DIFF_TYPES)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("functionName", format!("`{}`", context.name.to_lowercase()))
            .with("dataType", "\"ARRAY\"")
            .with("leftType", format!("\"{}\"", sql_name(&list.data_type)))
            .with("rightType", format!("\"{}\"", sql_name(&value.data_type))));
    };
    let list = cast(list, &types::array(target.clone(), field.is_nullable()), context.conf)?;
    let field = element(context, &list, 0)?;
    Ok((field, list, cast(value, &target, context.conf)?))
}

/// Compares elements with the value of a row.
fn against(elements: &ArrayRef, values: &ArrayRef) -> Result<DynComparator> {
    Ok(make_comparator(&normalize_floats(elements)?, &normalize_floats(values)?, SortOptions::default())?)
}

fn not_null(context: &CallContext<'_>, value: &Typed) -> Result<()> {
    if value.data_type == DataType::Null {
        return Err(Error::of(condition::NULL_TYPE)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("functionName", format!("`{}`", context.name.to_lowercase())));
    }
    Ok(())
}

/// True, false, or null where a null element might have been it.
fn contains(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    if let Some(value) = arguments.get(1) {
        not_null(context, value)?;
    }
    let (field, list, value) = list_and_value(context, arguments)?;
    let nullable = list.nullable || value.nullable || field.is_nullable();
    Ok(safe_kernel(context, "", DataType::Boolean, nullable, vec![list, value], |arrays| {
        let list = arrays[0].as_list::<i32>();
        let compare = against(list.values(), &arrays[1])?;
        let rows = (0..list.len()).map(|row| {
            if list.is_null(row) || arrays[1].is_null(row) {
                return None;
            }
            if range(list, row).any(|at| compare(at, row).is_eq()) {
                return Some(true);
            }
            if range(list, row).any(|at| list.values().is_null(at)) { None } else { Some(false) }
        });
        Ok(Arc::new(rows.collect::<BooleanArray>()))
    }))
}

/// Where the value stands, from 1; 0 for nowhere.
fn position(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    if let Some(value) = arguments.get(1) {
        not_null(context, value)?;
    }
    let (_, list, value) = list_and_value(context, arguments)?;
    let nullable = list.nullable || value.nullable;
    Ok(safe_kernel(context, "", DataType::Int64, nullable, vec![list, value], |arrays| {
        let list = arrays[0].as_list::<i32>();
        let compare = against(list.values(), &arrays[1])?;
        let rows = (0..list.len()).map(|row| {
            (list.is_valid(row) && arrays[1].is_valid(row))
                .then(|| range(list, row).position(|at| compare(at, row).is_eq()).map_or(0, |at| at as i64 + 1))
        });
        Ok(Arc::new(rows.collect::<Int64Array>()))
    }))
}

/// Without the elements that equal the value; null where the value is null.
fn remove(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    if let Some(value) = arguments.get(1) {
        not_null(context, value)?;
    }
    let (field, list, value) = list_and_value(context, arguments)?;
    let (data_type, nullable) = (list.data_type.clone(), list.nullable || value.nullable);
    Ok(safe_kernel(context, "", data_type, nullable, vec![list, value], move |arrays| {
        let list = arrays[0].as_list::<i32>();
        let compare = against(list.values(), &arrays[1])?;
        let nulls = NullBuffer::union(list.nulls(), arrays[1].logical_nulls().as_ref());
        choose(&field, list.values(), list.len(), nulls, |row, picks| {
            picks.extend(
                range(list, row)
                    .filter(|at| list.values().is_null(*at) || !compare(*at, row).is_eq())
                    .map(|at| Some(at as u32)),
            );
        })
    }))
}

/// The arrays in a type that both have.
fn same_lists(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<[Typed; 2]> {
    let [left, right] = fixed(context, arguments)?;
    element(context, &left, 0)?;
    element(context, &right, 1)?;
    let both = unified(context, vec![left, right])?;
    let both: Vec<_> = both.into_iter().map(normalized).collect();
    fixed(context, both)
}

fn distinct(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let list = normalized(single(context, arguments)?);
    let field = element(context, &list, 0)?;
    let (data_type, nullable) = (list.data_type.clone(), list.nullable);
    Ok(safe_kernel(context, "", data_type, nullable, vec![list], move |arrays| {
        let list = arrays[0].as_list::<i32>();
        let rows = keys(field.data_type(), &[list.values()])?;
        choose(&field, list.values(), list.len(), list.nulls().cloned(), |row, picks| {
            let mut seen = std::collections::HashSet::new();
            picks.extend(range(list, row).filter(|at| seen.insert(rows[0].row(*at))).map(|at| Some(at as u32)));
        })
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Except,
    Intersect,
    Union,
}

/// The elements of both, each once, in the order in which they come.
fn sets(context: &CallContext<'_>, arguments: Vec<Typed>, set: Set) -> Result<Typed> {
    let [left, right] = same_lists(context, arguments)?;
    let field = element(context, &left, 0)?;
    let (data_type, nullable) = (left.data_type.clone(), left.nullable || right.nullable);
    Ok(safe_kernel(context, "", data_type, nullable, vec![left, right], move |arrays| {
        let (left, right) = (arrays[0].as_list::<i32>(), arrays[1].as_list::<i32>());
        let rows = keys(field.data_type(), &[left.values(), right.values()])?;
        let joined = arrow::compute::concat(&[left.values().as_ref(), right.values().as_ref()])?;
        let start = left.values().len();
        let nulls = NullBuffer::union(left.nulls(), right.nulls());
        choose(&field, &joined, left.len(), nulls, |row, picks| {
            let mut seen = std::collections::HashSet::new();
            let others: std::collections::HashSet<_> = range(right, row).map(|at| rows[1].row(at)).collect();
            let wanted = |at: &usize| match set {
                Set::Except => !others.contains(&rows[0].row(*at)),
                Set::Intersect => others.contains(&rows[0].row(*at)),
                Set::Union => true,
            };
            picks.extend(
                range(left, row).filter(wanted).filter(|at| seen.insert(rows[0].row(*at))).map(|at| Some(at as u32)),
            );
            if set == Set::Union {
                picks.extend(
                    range(right, row).filter(|at| seen.insert(rows[1].row(*at))).map(|at| Some((start + at) as u32)),
                );
            }
        })
    }))
}

/// Whether both hold a value that is not null; null where only nulls may have met.
fn overlap(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [left, right] = same_lists(context, arguments)?;
    let field = element(context, &left, 0)?;
    Ok(safe_kernel(context, "", DataType::Boolean, true, vec![left, right], move |arrays| {
        let (left, right) = (arrays[0].as_list::<i32>(), arrays[1].as_list::<i32>());
        let rows = keys(field.data_type(), &[left.values(), right.values()])?;
        let values = (0..left.len()).map(|row| {
            if left.is_null(row) || right.is_null(row) {
                return None;
            }
            let others: std::collections::HashSet<_> =
                range(right, row).filter(|at| right.values().is_valid(*at)).map(|at| rows[1].row(at)).collect();
            if range(left, row).any(|at| left.values().is_valid(at) && others.contains(&rows[0].row(at))) {
                return Some(true);
            }
            let has_null = range(left, row).any(|at| left.values().is_null(at))
                || range(right, row).any(|at| right.values().is_null(at));
            if has_null && !range(left, row).is_empty() && !range(right, row).is_empty() { None } else { Some(false) }
        });
        Ok(Arc::new(values.collect::<BooleanArray>()))
    }))
}

fn compact(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let list = single(context, arguments)?;
    let inner = element(context, &list, 0)?;
    let data_type = types::array(inner.data_type().clone(), false);
    let DataType::List(field) = data_type.clone() else { return Err(Error::internal("an array type")) };
    let nullable = list.nullable;
    Ok(safe_kernel(context, "", data_type, nullable, vec![list], move |arrays| {
        let list = arrays[0].as_list::<i32>();
        let valid = list.values().logical_nulls();
        choose(&field, list.values(), list.len(), list.nulls().cloned(), |row, picks| {
            picks.extend(
                range(list, row)
                    .filter(|at| valid.as_ref().is_none_or(|nulls| nulls.is_valid(*at)))
                    .map(|at| Some(at as u32)),
            );
        })
    }))
}

/// A value at the end or at the beginning.
fn put(context: &CallContext<'_>, arguments: Vec<Typed>, last: bool) -> Result<Typed> {
    let [list, value] = fixed(context, arguments)?;
    element(context, &list, 0)?;
    let single = make(&CallContext { name: "array", ..*context }, vec![value])?;
    concat(context, if last { vec![list, single] } else { vec![single, list] })
}

/// `array_insert(list, position, value)`: from 1, negative from the end; a gap is filled with
/// nulls.
fn insert(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [list, position, value] = fixed(context, arguments)?;
    let (_, list, value) = list_and_value(context, vec![list, value])?;
    let position = implicit(context, position, &DataType::Int32, 1)?;
    let inner = element(context, &list, 0)?;
    let data_type = types::array(inner.data_type().clone(), true);
    let DataType::List(field) = data_type.clone() else { return Err(Error::internal("an array type")) };
    Ok(kernel(context, "", data_type, true, vec![list, position, value], move |arrays| {
        let (list, positions) = (arrays[0].as_list::<i32>(), arrays[1].as_primitive::<Int32Type>());
        let joined = arrow::compute::concat(&[list.values().as_ref(), arrays[2].as_ref()])?;
        let start = list.values().len();
        let nulls = NullBuffer::union(list.nulls(), positions.nulls());
        if (0..list.len()).any(|row| positions.is_valid(row) && list.is_valid(row) && positions.value(row) == 0) {
            return Err(Error::of(condition::INVALID_INDEX_OF_ZERO));
        }
        choose(&field, &joined, list.len(), nulls, |row, picks| {
            let mut elements: Vec<Option<u32>> = range(list, row).map(|at| Some(at as u32)).collect();
            let new = Some((start + row) as u32);
            let position = i64::from(positions.value(row));
            if position > 0 {
                let at = position as usize - 1;
                elements.resize(elements.len().max(at), None);
                elements.insert(at, new);
            } else {
                // -1 is after the last element.
                let from_end = position.unsigned_abs() as usize - 1;
                while elements.len() < from_end {
                    elements.insert(0, None);
                }
                elements.insert(elements.len() - from_end, new);
            }
            picks.extend(elements);
        })
    }))
}

fn join(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    let list = types::array(DataType::Utf8, true);
    let arguments = cast_all(context, arguments, &[list, DataType::Utf8, DataType::Utf8])?;
    Ok(safe_kernel(context, "", DataType::Utf8, true, arguments, |arrays| {
        let (list, separators) = (arrays[0].as_list::<i32>(), arrays[1].as_string::<i32>());
        let instead = arrays.get(2).map(|array| array.as_string::<i32>());
        let values = list.values().as_string::<i32>();
        let rows = (0..list.len()).map(|row| {
            if list.is_null(row) || separators.is_null(row) || instead.is_some_and(|array| array.is_null(row)) {
                return None;
            }
            let parts: Vec<&str> = range(list, row)
                .filter_map(|at| {
                    if values.is_valid(at) { Some(values.value(at)) } else { instead.map(|array| array.value(row)) }
                })
                .collect();
            Some(parts.join(separators.value(row)))
        });
        Ok(Arc::new(rows.collect::<StringArray>()))
    }))
}

fn orderable(context: &CallContext<'_>, list: &Typed) -> Result<FieldRef> {
    let field = element(context, list, 0)?;
    if holds_map(field.data_type()) {
        return Err(unordered(context.text, context.name, field.data_type()));
    }
    Ok(field)
}

fn extreme(context: &CallContext<'_>, arguments: Vec<Typed>, greatest: bool) -> Result<Typed> {
    let list = single(context, arguments)?;
    let field = orderable(context, &list)?;
    Ok(safe_kernel(context, "", field.data_type().clone(), true, vec![list], move |arrays| {
        let list = arrays[0].as_list::<i32>();
        let values = list.values();
        let compared = normalize_floats(values)?;
        let compare = make_comparator(&compared, &compared, SortOptions::default())?;
        let best = |row: usize| {
            let valid = range(list, row).filter(|at| values.is_valid(*at));
            let found =
                if greatest { valid.max_by(|a, b| compare(*a, *b)) } else { valid.min_by(|a, b| compare(*a, *b)) };
            found.filter(|_| list.is_valid(row)).map(|at| at as u32)
        };
        Ok(take(values, &(0..list.len()).map(best).collect::<UInt32Array>(), None)?)
    }))
}

/// `sort_array(list[, ascending])`: nulls first when ascending, last when not.
fn sort_array(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let ascending = match arguments.get(1) {
        Some(flag) => matches!(constant(context, flag, 1)?, ScalarValue::Boolean(Some(true))),
        None => true,
    };
    arguments.truncate(1);
    sort(context, single(context, arguments)?, SortOptions { descending: !ascending, nulls_first: ascending })
}

/// The elements in an order.
pub fn sort(context: &CallContext<'_>, list: Typed, options: SortOptions) -> Result<Typed> {
    let field = orderable(context, &list)?;
    let (data_type, nullable) = (list.data_type.clone(), list.nullable);
    Ok(safe_kernel(context, &format!("({options:?})"), data_type, nullable, vec![list], move |arrays| {
        let list = arrays[0].as_list::<i32>();
        let values = list.values();
        // A null inside an element is the least value, wherever elements that are null go.
        let inside = SortOptions { nulls_first: !options.descending, ..options };
        let compared = normalize_floats(values)?;
        let compare = make_comparator(&compared, &compared, inside)?;
        let order_of = |a: usize, b: usize| match (values.is_null(a), values.is_null(b)) {
            (false, false) => compare(a, b),
            (left, right) if options.nulls_first => right.cmp(&left),
            (left, right) => left.cmp(&right),
        };
        choose(&field, values, list.len(), list.nulls().cloned(), |row, picks| {
            let mut order: Vec<usize> = range(list, row).collect();
            order.sort_by(|a, b| order_of(*a, *b));
            picks.extend(order.into_iter().map(|at| Some(at as u32)));
        })
    }))
}

/// `array_repeat(value, n)`.
fn repeat(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [value, times] = fixed(context, arguments)?;
    let times = implicit(context, times, &DataType::Int32, 1)?;
    let data_type = types::array(value.data_type.clone(), value.nullable);
    let DataType::List(field) = data_type.clone() else { return Err(Error::internal("an array type")) };
    let nullable = times.nullable;
    Ok(safe_kernel(context, "", data_type, nullable, vec![value, times], move |arrays| {
        let times = arrays[1].as_primitive::<Int32Type>();
        choose(&field, &arrays[0], times.len(), times.nulls().cloned(), |row, picks| {
            picks.extend(std::iter::repeat_n(Some(row as u32), usize::try_from(times.value(row)).unwrap_or(0)));
        })
    }))
}

/// Elements of an array, entries of a map; null of null.
fn size(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let value = single(context, arguments)?;
    if !matches!(value.data_type, DataType::List(_) | DataType::Map(..) | DataType::Null) {
        return Err(unexpected(context, 0, "(\"ARRAY\" or \"MAP\")", &value.data_type));
    }
    let nullable = value.nullable;
    Ok(safe_kernel(context, "", DataType::Int32, nullable, vec![value], |arrays| {
        let lengths = |offsets: &[i32], nulls: Option<&NullBuffer>| -> ArrayRef {
            Arc::new(Int32Array::new(offsets.windows(2).map(|pair| pair[1] - pair[0]).collect(), nulls.cloned()))
        };
        Ok(match arrays[0].data_type() {
            DataType::List(_) => lengths(arrays[0].as_list::<i32>().value_offsets(), arrays[0].nulls()),
            DataType::Map(..) => lengths(arrays[0].as_map().value_offsets(), arrays[0].nulls()),
            _ => new_null_array(&DataType::Int32, arrays[0].len()),
        })
    }))
}

/// `element_at(list, n)` from 1 or from the end, `element_at(map, key)`.
fn element_at(context: &CallContext<'_>, arguments: Vec<Typed>, strict: bool) -> Result<Typed> {
    let [value, key] = fixed(context, arguments)?;
    if matches!(value.data_type, DataType::Map(..)) {
        return nested::item(value, key, context.conf, context.text);
    }
    let field = match &value.data_type {
        DataType::List(field) => Arc::clone(field),
        found => return Err(unexpected(context, 0, "(\"ARRAY\" or \"MAP\")", found)),
    };
    let key = implicit(context, key, &DataType::Int32, 1)?;
    Ok(kernel(context, &format!("({strict})"), field.data_type().clone(), true, vec![value, key], move |arrays| {
        let (list, positions) = (arrays[0].as_list::<i32>(), arrays[1].as_primitive::<Int32Type>());
        let picks = (0..list.len()).map(|row| {
            if list.is_null(row) || positions.is_null(row) {
                return Ok(None);
            }
            let (range, position) = (range(list, row), positions.value(row));
            let distance = position.unsigned_abs() as usize;
            if position == 0 {
                return Err(Error::of(condition::INVALID_INDEX_OF_ZERO));
            }
            if distance > range.len() {
                return if strict {
                    Err(Error::of(condition::INVALID_ARRAY_INDEX_IN_ELEMENT_AT)
                        .with("indexValue", position)
                        .with("arraySize", range.len()))
                } else {
                    Ok(None)
                };
            }
            Ok(Some(if position > 0 { range.start + distance - 1 } else { range.end - distance } as u32))
        });
        Ok(take(list.values(), &picks.collect::<Result<UInt32Array>>()?, None)?)
    }))
}

/// The element at an index from 0, or null.
fn get(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [list, index] = fixed(context, arguments)?;
    let field = element(context, &list, 0)?;
    let index = implicit(context, index, &DataType::Int32, 1)?;
    Ok(safe_kernel(context, "", field.data_type().clone(), true, vec![list, index], |arrays| {
        let (list, positions) = (arrays[0].as_list::<i32>(), arrays[1].as_primitive::<Int32Type>());
        let picks = (0..list.len()).map(|row| {
            let at =
                usize::try_from(positions.value(row)).ok().filter(|_| list.is_valid(row) && positions.is_valid(row))?;
            let range = range(list, row);
            (at < range.len()).then_some((range.start + at) as u32)
        });
        Ok(take(list.values(), &picks.collect::<UInt32Array>(), None)?)
    }))
}

/// The arrays of an array, one after the other; null where one is null.
fn flatten(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let lists = single(context, arguments)?;
    let middle = element(context, &lists, 0)?;
    let DataType::List(field) = middle.data_type().clone() else {
        return Err(unexpected(context, 0, "\"ARRAY\" of \"ARRAY\"", &lists.data_type));
    };
    let nullable = lists.nullable || middle.is_nullable();
    let data_type = DataType::List(Arc::clone(&field));
    Ok(safe_kernel(context, "", data_type, nullable, vec![lists], move |arrays| {
        let outer = arrays[0].as_list::<i32>();
        let inner = outer.values().as_list::<i32>();
        let valid: NullBuffer =
            (0..outer.len()).map(|row| outer.is_valid(row) && range(outer, row).all(|at| inner.is_valid(at))).collect();
        choose(&field, inner.values(), outer.len(), Some(valid), |row, picks| {
            picks.extend(range(outer, row).flat_map(|at| range(inner, at)).map(|at| Some(at as u32)));
        })
    }))
}

/// `slice(list, start, length)`; start from 1 or from the end.
fn slice(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [list, start, length] = fixed(context, arguments)?;
    let field = element(context, &list, 0)?;
    let start = implicit(context, start, &DataType::Int32, 1)?;
    let length = implicit(context, length, &DataType::Int32, 2)?;
    let (data_type, nullable) = (list.data_type.clone(), list.nullable || start.nullable || length.nullable);
    Ok(kernel(context, "", data_type, nullable, vec![list, start, length], move |arrays| {
        let list = arrays[0].as_list::<i32>();
        let (starts, lengths) = (arrays[1].as_primitive::<Int32Type>(), arrays[2].as_primitive::<Int32Type>());
        let nulls = NullBuffer::union(NullBuffer::union(list.nulls(), starts.nulls()).as_ref(), lengths.nulls());
        for row in (0..list.len()).filter(|row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row))) {
            if starts.value(row) == 0 {
                return Err(Error::of(condition::INVALID_PARAMETER_VALUE_START)
                    .with("parameter", "`start`")
                    .with("functionName", "`slice`"));
            }
            if lengths.value(row) < 0 {
                return Err(Error::of(condition::INVALID_PARAMETER_VALUE_LENGTH)
                    .with("parameter", "`length`")
                    .with("length", lengths.value(row))
                    .with("functionName", "`slice`"));
            }
        }
        choose(&field, list.values(), list.len(), nulls, |row, picks| {
            let range = range(list, row);
            let size = range.len() as i64;
            let start = i64::from(starts.value(row));
            let first = if start > 0 { start - 1 } else { size + start };
            if (0..size).contains(&first) {
                let last = (first + i64::from(lengths.value(row))).min(size);
                picks.extend((first..last).map(|at| Some((range.start + at as usize) as u32)));
            }
        })
    }))
}

/// Structs of the arrays' elements at the same place; a shorter array gives nulls.
fn zip(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let mut fields = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let element = element(context, argument, at)?;
        // A column gives its name, anything else its position.
        let text = context.arguments.get(at).map_or("", String::as_str);
        let is_name = matches!(argument.expr, datafusion::logical_expr::Expr::Column(_));
        let name = if is_name { text.to_owned() } else { at.to_string() };
        fields.push(Field::new(name, element.data_type().clone(), true));
    }
    let nullable = arguments.iter().any(|argument| argument.nullable);
    let fields = arrow::datatypes::Fields::from(fields);
    let data_type = types::array(DataType::Struct(fields.clone()), false);
    let DataType::List(item) = data_type.clone() else { return Err(Error::internal("an array type")) };
    Ok(safe_kernel(context, "", data_type, nullable, arguments, move |arrays| {
        let lists: Vec<_> = arrays.iter().map(|array| array.as_list::<i32>()).collect();
        let nulls = lists.iter().fold(None, |nulls, list| NullBuffer::union(nulls.as_ref(), list.nulls()));
        let rows = lists.first().map_or(0, |list| list.len());
        let lengths: Vec<usize> = (0..rows)
            .map(|row| {
                if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                    0
                } else {
                    lists.iter().map(|list| range(list, row).len()).max().unwrap_or(0)
                }
            })
            .collect();
        let columns: Result<Vec<ArrayRef>> = lists
            .iter()
            .map(|list| {
                let picks: UInt32Array = (0..rows)
                    .flat_map(|row| {
                        let range = range(list, row);
                        (0..lengths[row]).map(move |at| (at < range.len()).then_some((range.start + at) as u32))
                    })
                    .collect();
                Ok(take(list.values(), &picks, None)?)
            })
            .collect();
        let structure = arrow::array::StructArray::try_new(fields.clone(), columns?, None)?;
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(&item),
            OffsetBuffer::from_lengths(lengths),
            Arc::new(structure),
            nulls,
        )?))
    }))
}
