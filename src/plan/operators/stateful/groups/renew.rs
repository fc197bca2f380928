//! Groups that an earlier run kept under other variables, written anew.
//!
//! Variables keep their values by name. New ones are empty. Those that the processor no longer
//! declares are forgotten.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, StructArray, new_null_array};
use arrow::datatypes::{DataType, Fields, Int64Type};

use super::kept::{IndexChanges, KeptGroups, index_entries, moved};
use crate::error::{Error, Result};
use crate::plan::operators::stateful::OperatorPass;
use crate::plan::operators::stateful::table::in_chunks;
use crate::state::prefix::KeySlot;
use crate::state::row::RowFormat;
use crate::state::{SortedEntries, StateOverlay};

/// The entry of a variable that says when it expires.
const EXPIRY: &str = "expiry";

/// Writes the groups of these slots, whose variables were `before`, with those of now.
pub fn renew(
    kept: &KeptGroups,
    before: &Fields,
    slots: impl Iterator<Item = KeySlot>,
    overlay: &mut StateOverlay,
    state: &OperatorPass,
) -> Result<()> {
    let mut types = kept.value_types();
    types[0] = DataType::Struct(before.clone());
    let old = RowFormat::new(types)?;
    for slot in slots {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        in_chunks(overlay.scan(&kept.all(slot))?, &mut |more, bytes| {
            keys.extend(more.iter().map(|key| key.to_vec()));
            values.extend(bytes.iter().map(|value| value.to_vec()));
            Ok(())
        })?;
        if !keys.is_empty() {
            let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
            write(kept, &keys, old.decode(&values)?, overlay, state)?;
        }
    }
    Ok(())
}

fn write(
    kept: &KeptGroups,
    keys: &[Vec<u8>],
    columns: Vec<ArrayRef>,
    overlay: &mut StateOverlay,
    state: &OperatorPass,
) -> Result<()> {
    let DataType::Struct(now) = kept.state_type() else {
        return Err(Error::internal("variables that are no struct"));
    };
    let [variables, timers, expired] = columns.as_slice() else {
        return Err(Error::internal("a processor's value of other fields"));
    };
    let old = variables.as_struct();
    let of = |name: &str| old.column_by_name(name).map(Arc::clone);
    let fields =
        now.iter().map(|field| of(field.name()).unwrap_or_else(|| new_null_array(field.data_type(), old.len())));
    let fields: Vec<ArrayRef> = fields.collect();
    let gone = old.fields().iter().zip(old.columns()).filter(|(field, _)| now.find(field.name()).is_none());
    state.counters.grow(-gone.map(|(_, column)| entries(column)).sum::<i64>());

    let expiries: Int64Array =
        (0..old.len()).map(|group| fields.iter().filter_map(|field| expiry(field, group)).min()).collect();
    let struct_of = StructArray::try_new_with_length(now.clone(), fields.clone(), old.nulls().cloned(), old.len())?;
    let rows = kept.encode(&[Arc::new(struct_of), Arc::clone(timers), Arc::new(expiries.clone())], keys.len())?;
    let before = expired.as_primitive::<Int64Type>();
    let mut entries = SortedEntries::with_capacity(keys.len(), rows.bytes().len());
    let mut by_expiry = IndexChanges::new();
    for (group, key) in keys.iter().enumerate() {
        let has_timers = timers.is_valid(group) && !timers.as_list::<i32>().value(group).is_empty();
        let is_empty = !has_timers && fields.iter().all(|field| !has_entries(field, group));
        entries.push(key, (!is_empty).then(|| rows.row(group)));
        let time = |times: &Int64Array| times.is_valid(group).then(|| times.value(group));
        moved(kept.by_expiry(), key, time(before).as_slice(), time(&expiries).as_slice(), &mut by_expiry);
    }
    overlay.put_sorted(entries)?;
    overlay.put_sorted(index_entries(by_expiry))
}

/// How many entries of a store a variable of all groups is to Spark: one for each value and list, and
/// one for each key of a map.
fn entries(column: &ArrayRef) -> i64 {
    let count = |list: &ListArray, group: usize| match is_map(list) {
        true => list.value_length(group),
        false => 1,
    };
    let of = |group: usize| match column.as_list_opt::<i32>() {
        Some(list) => i64::from(count(list, group)),
        None => 1,
    };
    (0..column.len()).filter(|group| has_entries(column, *group)).map(of).sum()
}

fn is_map(list: &ListArray) -> bool {
    list.values().as_struct_opt().is_some_and(|entries| entries.num_columns() == 3)
}

fn has_entries(column: &ArrayRef, group: usize) -> bool {
    column.is_valid(group) && column.as_list_opt::<i32>().is_none_or(|list| list.value_length(group) > 0)
}

/// When the first thing in a group's variable expires.
fn expiry(column: &ArrayRef, group: usize) -> Option<i64> {
    if column.is_null(group) {
        return None;
    }
    let earliest = |entries: &StructArray| {
        let times = entries.column_by_name(EXPIRY)?.as_primitive_opt::<Int64Type>()?.clone();
        times.iter().flatten().min()
    };
    match column.as_list_opt::<i32>() {
        Some(list) => earliest(list.value(group).as_struct_opt()?),
        None => earliest(&column.as_struct_opt()?.slice(group, 1)),
    }
}
