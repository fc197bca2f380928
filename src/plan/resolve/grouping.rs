//! The keys of an aggregation, and which of them each grouping set has.

use std::collections::HashSet;

use arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Cast, Expr as DfExpr};

use super::aggregate::{AggregateRequest, has_aggregate};
use super::expression::{ExpressionPlace, Expressions, ResolvedValue};
use super::scope::column;
use super::star::misplaced_star;
use super::{Resolver, cast, naming, operators};
use crate::config::Conf;
use crate::error::{Error, Result, condition};
use crate::plan::AttrId;
use crate::plan::grouping_sets::KeySet;
use crate::plan::tree::{Expr, Grouping};
use crate::plan::typed::{Typed, literal};
use crate::types::sql_name;

/// DataFusion's column that tells grouping sets apart: bit i from the right is set where key n-1-i
/// is not in the set.
const GROUPING_ID: &str = "__grouping_id";

/// How many keys sets may have: each has a bit of that column, of which our own key takes one.
const KEYS_OF_SETS: usize = 62;

/// The keys of an aggregation.
#[derive(Default)]
pub(super) struct GroupingKeys {
    pub(super) values: Vec<(AttrId, ResolvedValue)>,
    /// For grouping sets, the keys of each.
    pub(super) sets: Option<Vec<KeySet>>,
    /// The keys as columns above the group, in the order in which they were given.
    pub(super) shown: Vec<ResolvedValue>,
}

impl GroupingKeys {
    /// Where each key stands among those of the sets, which DataFusion counts as they come.
    pub(super) fn places(&self) -> Vec<Option<usize>> {
        let mut counted = Vec::new();
        for key in self.sets.iter().flatten().flatten() {
            if !counted.contains(key) {
                counted.push(*key);
            }
        }
        (0..self.values.len()).map(|key| counted.iter().position(|other| *other == key)).collect()
    }

    /// The key's index: one that is named twice is one key.
    fn add(&mut self, value: &ResolvedValue) -> usize {
        let found = self.values.iter().position(|(_, other)| other.typed.expr == value.typed.expr);
        found.unwrap_or_else(|| {
            self.values.push((AttrId::fresh(), value.clone()));
            self.values.len() - 1
        })
    }

    /// Shows a key as it was given. A position shows itself, and groups by what stands there.
    fn show(
        &mut self,
        index: usize,
        given: &Expr,
        key: ResolvedValue,
        expressions: &mut Expressions<'_>,
    ) -> Result<()> {
        let (id, _) = &self.values[index];
        let is_position = match (given, &key.typed.expr) {
            (Expr::Literal(given @ ScalarValue::Int32(Some(_))), DfExpr::Literal(found, _)) => given != found,
            (Expr::Literal(ScalarValue::Int32(Some(_))), _) => true,
            _ => false,
        };
        self.shown.push(if is_position {
            expressions.value(given)?
        } else {
            let typed = Typed { expr: column(*id), ..key.typed.clone() };
            ResolvedValue { typed, ..key }
        });
        Ok(())
    }
}

impl Resolver<'_> {
    /// The grouping keys, and for grouping sets which keys each set has.
    pub(super) fn keys(
        &self,
        expressions: &mut Expressions<'_>,
        request: &AggregateRequest<'_>,
    ) -> Result<GroupingKeys> {
        let mut found = GroupingKeys::default();
        let listed: Vec<_> = match request.keys {
            Grouping::By(keys) | Grouping::Sets { keys, .. } => keys.iter().collect(),
            Grouping::All => Vec::new(),
        };
        let shown: Vec<_> = if request.with_keys {
            listed.iter().copied().chain(request.outputs).collect()
        } else {
            request.outputs.iter().collect()
        };
        let mut resolve = |expressions: &mut Expressions<'_>, key: &Expr| -> Result<usize> {
            let value = self.key(expressions, key, &shown)?;
            let index = found.add(&value);
            found.show(index, key, value, expressions)?;
            Ok(index)
        };
        let sets = match request.keys {
            Grouping::By(list) => {
                for key in list {
                    resolve(expressions, key)?;
                }
                None
            }
            Grouping::All => {
                for output in request.outputs {
                    match output {
                        output if has_aggregate(output) => {}
                        Expr::Star(qualifier) => {
                            for attribute in expressions.star(qualifier)? {
                                resolve(expressions, &Expr::Attribute(attribute.id, attribute.name))?;
                            }
                        }
                        Expr::Alias { input, .. } => {
                            resolve(expressions, input)?;
                        }
                        other => {
                            resolve(expressions, other)?;
                        }
                    }
                }
                None
            }
            Grouping::Sets { keys, sets } => {
                let places = keys.iter().map(|key| resolve(expressions, key)).collect::<Result<Vec<_>>>()?;
                // `(a, (a, b))`: a key that is named twice is in the set once.
                let distinct = |set: &KeySet| {
                    let mut seen = HashSet::new();
                    set.iter().map(|key| places[*key]).filter(|place| seen.insert(*place)).collect()
                };
                Some(sets.iter().map(distinct).collect())
            }
        };
        if sets.is_some() && found.values.len() > KEYS_OF_SETS {
            return Err(Error::of(condition::GROUPING_SIZE_LIMIT_EXCEEDED).with("maxSize", KEYS_OF_SETS));
        }
        Ok(GroupingKeys { sets, ..found })
    }

    /// One key: an expression, a position in the outputs, or an output's alias.
    fn key(&self, expressions: &mut Expressions<'_>, key: &Expr, outputs: &[&Expr]) -> Result<ResolvedValue> {
        if key.has_star() {
            return Err(misplaced_star("Aggregate"));
        }
        let value = match key {
            Expr::Literal(ScalarValue::Int32(Some(position))) if self.conf().group_by_ordinal() => {
                if outputs.iter().any(|output| output.has_star()) {
                    return Err(Error::of(condition::STAR_GROUP_BY_POS));
                }
                let index = usize::try_from(*position).ok().and_then(|position| position.checked_sub(1));
                let output = index.and_then(|index| outputs.get(index)).ok_or_else(|| {
                    Error::of(condition::GROUP_BY_POS_OUT_OF_RANGE).with("index", position).with("size", outputs.len())
                })?;
                if has_aggregate(output) {
                    return Err(Error::of(condition::GROUP_BY_POS_AGGREGATE)
                        .with("index", position)
                        .with("aggExpr", "an aggregate function"));
                }
                match output {
                    Expr::Alias { input, names, .. } if names.len() == 1 => {
                        ResolvedValue { name: Some(names[0].clone()), ..expressions.value(input)? }
                    }
                    output => expressions.value(output)?,
                }
            }
            Expr::Column(parts) => match expressions.value(key) {
                Ok(value) => value,
                Err(error) if !self.conf().group_by_aliases() => return Err(error),
                Err(error) => {
                    let alias = outputs.iter().find_map(|output| match output {
                        Expr::Alias { input, names, .. }
                            if names.len() == 1 && parts.len() == 1 && self.same(&names[0], &parts[0]) =>
                        {
                            Some(input)
                        }
                        _ => None,
                    });
                    match alias {
                        Some(input) if !has_aggregate(input) => {
                            let value = expressions.value(input)?;
                            ResolvedValue { name: Some(parts[0].clone()), ..value }
                        }
                        _ => return Err(error),
                    }
                }
            },
            other => expressions.value(other)?,
        };
        if operators::holds_map(&value.typed.data_type) {
            return Err(Error::of(condition::GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE)
                .with("sqlExpr", format!("\"{}\"", value.pretty))
                .with("dataType", format!("\"{}\"", sql_name(&value.typed.data_type))));
        }
        Ok(value)
    }
}

/// Whether a key is a window of time, which has a name of its own.
pub(super) fn is_window(key: &ResolvedValue) -> bool {
    key.name.as_deref().is_some_and(|name| matches!(name, "window" | "session_window"))
}

/// `grouping(a)` and `grouping_id(…)`.
pub fn grouping(expressions: &mut Expressions<'_>, name: &str, arguments: &[Expr]) -> Result<ResolvedValue> {
    let sets = expressions.aggregates.as_ref().is_some_and(|aggregates| aggregates.sets);
    if !sets {
        return Err(Error::of(condition::UNSUPPORTED_GROUPING_EXPRESSION));
    }
    let place = std::mem::replace(&mut expressions.place, ExpressionPlace::BelowGroup);
    let values = expressions.arguments(arguments);
    expressions.place = place;
    let values = values?;
    let texts: Vec<_> = values.iter().map(|value| value.pretty.clone()).collect();
    let pretty = naming::call(name, false, false, &texts);
    let Some(aggregates) = &expressions.aggregates else {
        return Err(Error::internal("a group without aggregates"));
    };
    let keys: Vec<_> = aggregates.keys.iter().map(|(_, key)| key.typed.expr.clone()).collect();
    let bits = GroupingBits { places: aggregates.places.clone(), conf: expressions.resolver.conf(), text: &pretty };
    if name == "grouping_id" {
        let wanted: Vec<_> = values.iter().map(|value| value.typed.expr.clone()).collect();
        if !wanted.is_empty() && wanted != keys {
            return Err(Error::of(condition::GROUPING_ID_COLUMN_MISMATCH)
                .with("groupingIdColumn", texts.join(", "))
                .with("groupByColumns", keys.len()));
        }
        return Ok(ResolvedValue::new(bits.all()?, pretty));
    }
    let key =
        values.first().and_then(|value| keys.iter().position(|key| *key == value.typed.expr)).ok_or_else(|| {
            Error::of(condition::GROUPING_COLUMN_MISMATCH)
                .with("grouping", texts.join(", "))
                .with("groupingColumns", keys.len())
        })?;
    let bit = cast::cast(bits.of(key)?, &DataType::Int8, bits.conf)?;
    Ok(ResolvedValue::new(bit, pretty))
}

/// Which keys a group is without, out of DataFusion's column.
struct GroupingBits<'a> {
    places: Vec<Option<usize>>,
    conf: &'a Conf,
    text: &'a str,
}

impl GroupingBits<'_> {
    /// One bit for each key, the first key's the highest.
    fn all(&self) -> Result<Typed> {
        let count = self.places.len();
        if self.places.iter().enumerate().all(|(at, place)| *place == Some(at)) {
            // Above the keys' bits DataFusion counts equal sets, so that their groups stay apart.
            let bits = u32::try_from(count).ok().and_then(|keys| 1_i64.checked_shl(keys)).unwrap_or(0);
            return self.join("&", Self::column(), bits.wrapping_sub(1));
        }
        let mut all = literal(ScalarValue::Int64(Some(0)));
        for key in 0..count {
            let bit = self.join("<<", self.of(key)?, i64::try_from(count - 1 - key).unwrap_or_default())?;
            all = operators::bits("|", all, bit, self.conf, self.text)?;
        }
        Ok(all)
    }

    /// 1 where the key is not in the set.
    fn of(&self, key: usize) -> Result<Typed> {
        let Some(place) = self.places[key] else { return Ok(literal(ScalarValue::Int64(Some(1)))) };
        let counted = self.places.iter().flatten().count();
        let shifted = self.join(">>", Self::column(), i64::try_from(counted - 1 - place).unwrap_or_default())?;
        self.join("&", shifted, 1)
    }

    fn join(&self, operator: &str, bits: Typed, number: i64) -> Result<Typed> {
        operators::bits(operator, bits, literal(ScalarValue::Int64(Some(number))), self.conf, self.text)
    }

    fn column() -> Typed {
        let id = Box::new(DfExpr::Column(Column::from_name(GROUPING_ID)));
        Typed { expr: DfExpr::Cast(Cast::new(id, DataType::Int64)), data_type: DataType::Int64, nullable: false }
    }
}
