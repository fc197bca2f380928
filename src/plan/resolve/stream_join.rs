//! The join of two streams: its condition taken apart into keys, bounds of time and the rest.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr as DfExpr, Extension, LogicalPlan, Operator, Projection};

use super::Resolver;
use super::expression::Expressions;
use super::filter::filtered;
use super::operators;
use super::pending::named;
use super::scope::attribute_id;
use crate::error::Result;
use crate::plan::event_time::delay_of;
use crate::plan::operators::stateful::ColumnNames;
use crate::plan::operators::stateful::join::time::{TimeBound, TimeBounds};
use crate::plan::operators::stateful::join::{StreamJoinKind, StreamJoinNode, StreamSide, join_schema};
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::{Expr, JoinKind};
use crate::plan::typed::Typed;
use crate::plan::{AttrId, Attribute};

/// A sum of a time of the left, one of the right and a constant.
#[derive(Clone, Copy, Debug, Default)]
struct LinearTime {
    left: Option<(AttrId, i64)>,
    right: Option<(AttrId, i64)>,
    micros: i64,
    /// A part of the constant is a call. It bounds a join, but Spark's check does not see through it.
    called: bool,
}

/// What a condition says of the times of two streams.
#[derive(Default)]
pub struct TimeConditions {
    /// The columns of both sides that have an event time.
    watched: HashSet<AttrId>,
    left: HashSet<AttrId>,
    right: HashSet<AttrId>,
    /// Of the two event times.
    pub bounds: TimeBounds,
    /// Whether a left row is told from the right's watermark to have no partner any more, and the other
    /// way round.
    pub tells_left: bool,
    pub tells_right: bool,
    /// Times that are compared: null has no partner.
    pub compared: HashSet<AttrId>,
}

impl TimeConditions {
    pub fn of(left: &[Attribute], right: &[Attribute]) -> Self {
        let ids = |attributes: &[Attribute]| attributes.iter().map(|attribute| attribute.id).collect();
        let watched = left.iter().chain(right).filter(|attribute| delay_of(attribute).is_some());
        let watched = watched.map(|attribute| attribute.id).collect();
        Self { watched, left: ids(left), right: ids(right), ..Self::default() }
    }

    /// Takes what a conjunct says of the right's time less the left's.
    pub fn add(&mut self, conjunct: &Expr, expressions: &mut Expressions<'_>) {
        let Expr::Call(call) = conjunct else { return };
        match (call.name.to_lowercase().as_str(), call.arguments.as_slice()) {
            ("between", [value, low, high]) => {
                self.compare(low, value, false, expressions);
                self.compare(value, high, false, expressions);
            }
            ("<=", [less, more]) | (">=", [more, less]) => self.compare(less, more, false, expressions),
            ("<", [less, more]) | (">", [more, less]) => self.compare(less, more, true, expressions),
            ("and" | "&&", both) => both.iter().for_each(|one| self.add(one, expressions)),
            ("not" | "!", [Expr::Call(inner)]) => match (inner.name.as_str(), inner.arguments.as_slice()) {
                ("<=", [less, more]) | (">=", [more, less]) => self.compare(more, less, true, expressions),
                ("<", [less, more]) | (">", [more, less]) => self.compare(more, less, false, expressions),
                _ => {}
            },
            _ => {}
        }
    }

    /// `less <= more`, or `less < more` if `strict`.
    fn compare(&mut self, less: &Expr, more: &Expr, strict: bool, expressions: &mut Expressions<'_>) {
        let (less, more) = (self.linear(less, expressions), self.linear(more, expressions));
        let (Some(less), Some(more)) = (less, more) else { return };
        let Some(difference) = less.plus(more.negated()) else { return };
        let LinearTime { left: Some((left, of_left)), right: Some((right, of_right)), micros, called } = difference
        else {
            return;
        };
        self.compared.extend([left, right]);
        let watched = |id: &AttrId| self.watched.contains(id);
        let both = watched(&left) && watched(&right);
        match (of_left, of_right) {
            // right - left + micros <= 0
            (-1, 1) => {
                self.tells_left |= watched(&right) && !called;
                if both {
                    self.bounds.at_most.push(TimeBound { micros: micros.saturating_neg(), strict });
                }
            }
            (1, -1) => {
                self.tells_right |= watched(&left) && !called;
                if both {
                    self.bounds.at_least.push(TimeBound { micros, strict });
                }
            }
            _ => {}
        }
    }

    fn linear(&self, expr: &Expr, expressions: &mut Expressions<'_>) -> Option<LinearTime> {
        let constant = |micros: i64| Some(LinearTime { micros, ..LinearTime::default() });
        match expr {
            Expr::Column(_) | Expr::Attribute(..) => {
                let id = expressions.value(expr).ok()?.attribute?.id;
                if self.left.contains(&id) {
                    return Some(LinearTime { left: Some((id, 1)), ..LinearTime::default() });
                }
                self.right.contains(&id).then_some(LinearTime { right: Some((id, 1)), ..LinearTime::default() })
            }
            Expr::Interval(ScalarValue::DurationMicrosecond(Some(micros)), _)
            | Expr::Literal(ScalarValue::DurationMicrosecond(Some(micros))) => constant(*micros),
            // Seconds, as a time that is cast to a number has.
            Expr::Literal(ScalarValue::Int32(Some(seconds))) => constant(i64::from(*seconds).checked_mul(1_000_000)?),
            Expr::Literal(ScalarValue::Int64(Some(seconds))) => constant(seconds.checked_mul(1_000_000)?),
            Expr::Literal(ScalarValue::Float64(Some(seconds))) => constant((seconds * 1e6) as i64),
            Expr::Cast {
                input,
                to: DataType::Int64 | DataType::Float64 | DataType::Timestamp(..),
                try_cast: false,
            } => self.linear(input, expressions),
            Expr::Call(call) => match (call.name.as_str(), call.arguments.as_slice()) {
                ("+", [one, other]) => self.linear(one, expressions)?.plus(self.linear(other, expressions)?),
                ("-", [one, other]) => self.linear(one, expressions)?.plus(self.linear(other, expressions)?.negated()),
                ("-", [one]) => Some(self.linear(one, expressions)?.negated()),
                (name, parts) if name.eq_ignore_ascii_case("make_interval") => {
                    Some(LinearTime { called: true, ..constant(made_interval(parts)?)? })
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl LinearTime {
    fn plus(self, other: Self) -> Option<Self> {
        let sum = |one: Option<(AttrId, i64)>, other: Option<(AttrId, i64)>| match (one, other) {
            (None, term) | (term, None) => Some(term),
            (Some((id, one)), Some((other_id, other))) if id == other_id => {
                Some(Some((id, one + other)).filter(|(_, times)| *times != 0))
            }
            _ => None,
        };
        Some(Self {
            left: sum(self.left, other.left)?,
            right: sum(self.right, other.right)?,
            micros: self.micros.checked_add(other.micros)?,
            called: self.called || other.called,
        })
    }

    fn negated(self) -> Self {
        let minus = |term: Option<(AttrId, i64)>| term.map(|(id, times)| (id, -times));
        Self { left: minus(self.left), right: minus(self.right), micros: self.micros.saturating_neg(), ..self }
    }
}

/// One input on its way into the join.
pub struct JoinInput {
    pub plan: LogicalPlan,
    pub output: Vec<Attribute>,
}

/// One side while its columns are made.
pub(super) struct SidePlan {
    plan: LogicalPlan,
    made: Vec<(AttrId, DfExpr)>,
    below: Vec<Typed>,
    own: Vec<Typed>,
    keys: Vec<String>,
    ids: HashSet<AttrId>,
}

impl SidePlan {
    pub(super) fn new(plan: LogicalPlan) -> Self {
        let ids = plan.schema().columns().iter().filter_map(attribute_id).collect();
        Self { plan, made: Vec::new(), below: Vec::new(), own: Vec::new(), keys: Vec::new(), ids }
    }

    /// Whether an expression reads this side's columns and no others.
    fn alone(&self, expr: &DfExpr) -> bool {
        let columns = expr.column_refs();
        !columns.is_empty() && columns.into_iter().filter_map(attribute_id).all(|id| self.ids.contains(&id))
    }

    /// What a condition on this side's keys says of the other side's, which are equal.
    fn infer(&self, others: &[String], keys: &[String], below: &mut Vec<Typed>, allowed: bool) {
        if !allowed {
            return;
        }
        let other = |name: &str| keys.iter().position(|key| key == name).map(|at| Column::from_name(&others[at]));
        for conjunct in self.below.iter().chain(&self.own) {
            let columns = conjunct.expr.column_refs();
            if matches!(conjunct.expr, DfExpr::IsNotNull(_))
                || !columns.iter().all(|found| other(&found.name).is_some())
            {
                continue;
            }
            let replaced = conjunct.expr.clone().transform_up(|node| match &node {
                DfExpr::Column(found) => Ok(match other(&found.name) {
                    Some(column) => Transformed::yes(DfExpr::Column(column)),
                    None => Transformed::no(node),
                }),
                _ => Ok(Transformed::no(node)),
            });
            if let Ok(replaced) = replaced {
                below.push(Typed { expr: replaced.data, ..conjunct.clone() });
            }
        }
    }

    /// The name of the column that has an expression's value.
    fn column_of(&mut self, expr: DfExpr) -> String {
        if let DfExpr::Column(column) = &expr {
            return column.name.clone();
        }
        if let Some((id, _)) = self.made.iter().find(|(_, made)| *made == expr) {
            return id.to_string();
        }
        let id = AttrId::fresh();
        self.made.push((id, expr));
        id.to_string()
    }

    /// The side's plan with the columns that the join needs, and what the join knows of them.
    fn finish(mut self, output: &[Attribute], resolver: &Resolver<'_>) -> Result<(LogicalPlan, StreamSide)> {
        let conf = resolver.conf();
        let own = operators::joined("and", std::mem::take(&mut self.own), conf, "AND")?;
        let own_condition = own.map(|own| self.column_of(own.expr));
        let event_times = output.iter().filter(|attribute| delay_of(attribute).is_some());
        let event_times = event_times.map(|attribute| attribute.id.to_string()).collect();
        let plan = match self.below.is_empty() {
            true => self.plan,
            false => filtered(self.plan, self.below, conf)?,
        };
        let helpers: Vec<_> = self.made.iter().map(|(id, _)| id.to_string()).collect();
        let plan = if self.made.is_empty() {
            plan
        } else {
            let kept = plan.schema().columns().into_iter().map(DfExpr::Column);
            let columns = kept.chain(self.made.into_iter().map(|(id, expr)| named(expr, id))).collect();
            LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?)
        };
        Ok((plan, StreamSide { keys: self.keys, own_condition, event_times, helpers, names: ColumnNames::of(output) }))
    }
}

impl Resolver<'_> {
    /// The plan of a join of two streams, and what it is to the check of streams.
    pub(super) fn stream_join(
        &self,
        left: JoinInput,
        right: JoinInput,
        kind: JoinKind,
        conjuncts: Vec<Typed>,
        times: TimeConditions,
    ) -> Result<(LogicalPlan, StreamOperation)> {
        let refused = |kind| StreamOperation::StreamStreamJoin { kind, bounded: false };
        let stream_kind = match kind {
            JoinKind::Inner | JoinKind::Cross => StreamJoinKind::Inner,
            JoinKind::Left => StreamJoinKind::Left,
            JoinKind::Right => StreamJoinKind::Right,
            JoinKind::Full => StreamJoinKind::Full,
            JoinKind::LeftSemi => StreamJoinKind::LeftSemi,
            JoinKind::LeftAnti => return Ok((left.plan, refused(kind))),
        };
        let (mut of_left, mut of_right) = (SidePlan::new(left.plan), SidePlan::new(right.plan));
        let (mut null_safe, mut rest) = (Vec::new(), Vec::new());
        for mut conjunct in conjuncts {
            conjunct.expr = without_repeats(conjunct.expr);
            if let Some((l, r, is_null_safe)) = equal(&conjunct.expr, &of_left, &of_right) {
                if !is_null_safe {
                    // A key that is null matches nothing: only a row that is given all the same stays.
                    let present = |expr: &DfExpr| Typed { expr: expr.clone().is_not_null(), ..conjunct.clone() };
                    if !stream_kind.keeps_left() {
                        of_left.below.push(present(&l));
                    }
                    if !stream_kind.keeps_right() {
                        of_right.below.push(present(&r));
                    }
                }
                let (l, r) = (of_left.column_of(l), of_right.column_of(r));
                of_left.keys.push(l);
                of_right.keys.push(r);
                null_safe.push(is_null_safe);
            } else if of_left.alone(&conjunct.expr) {
                if stream_kind.keeps_left() { of_left.own.push(conjunct) } else { of_left.below.push(conjunct) }
            } else if of_right.alone(&conjunct.expr) {
                if stream_kind.keeps_right() { of_right.own.push(conjunct) } else { of_right.below.push(conjunct) }
            } else {
                rest.push(conjunct);
            }
        }
        of_left.infer(&of_right.keys, &of_left.keys.clone(), &mut of_right.below, !stream_kind.keeps_right());
        of_right.infer(&of_left.keys, &of_right.keys.clone(), &mut of_left.below, !stream_kind.keeps_left());
        // A time that is null is not within bounds: only a row that is given all the same stays.
        let timed = |attribute: &&Attribute| times.compared.contains(&attribute.id);
        let present = |attribute: &Attribute| operators::is_not_null(attribute.typed());
        if !stream_kind.keeps_left() {
            of_left.below.extend(left.output.iter().filter(timed).map(present));
        }
        if !stream_kind.keeps_right() {
            of_right.below.extend(right.output.iter().filter(timed).map(present));
        }
        let has_time = |name: &String, output: &[Attribute]| {
            let found = output.iter().find(|attribute| attribute.id.to_string() == *name);
            found.is_some_and(|attribute| delay_of(attribute).is_some())
        };
        let key_of = |side: &SidePlan, output: &[Attribute]| side.keys.iter().position(|key| has_time(key, output));
        let key_time = key_of(&of_left, &left.output).or_else(|| key_of(&of_right, &right.output));
        let filter = operators::joined("and", rest, self.conf(), "AND")?.map(|all| all.expr);
        let (left_plan, left_side) = of_left.finish(&left.output, self)?;
        let (right_plan, right_side) = of_right.finish(&right.output, self)?;
        // A row without a partner is given when the other side's watermark says that none will come.
        let bounded = key_time.is_some()
            || match stream_kind {
                StreamJoinKind::Inner => true,
                StreamJoinKind::Left | StreamJoinKind::LeftSemi => times.tells_left,
                StreamJoinKind::Right => times.tells_right,
                StreamJoinKind::Full => times.tells_left || times.tells_right,
            };
        let schema = join_schema(&left_plan, &right_plan, (&left_side, &right_side), stream_kind)?;
        let node = StreamJoinNode {
            left: left_plan,
            right: right_plan,
            left_side,
            right_side,
            kind: stream_kind,
            null_safe,
            filter,
            bounds: times.bounds,
            key_time,
            schema,
            place: None,
        };
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        Ok((plan, StreamOperation::StreamStreamJoin { kind, bounded }))
    }
}

/// The microseconds of `make_interval(years, months, weeks, days, hours, minutes, seconds)`, if they are
/// whole numbers. Years and months have no fixed length.
fn made_interval(parts: &[Expr]) -> Option<i64> {
    const SECONDS: [i64; 7] = [0, 0, 7 * 86_400, 86_400, 3600, 60, 1];
    let mut micros = 0_i64;
    for (at, part) in parts.iter().enumerate() {
        let Expr::Literal(ScalarValue::Int32(Some(number))) = part else { return None };
        let seconds = *SECONDS.get(at)?;
        if seconds == 0 && *number != 0 {
            return None;
        }
        micros = micros.checked_add(i64::from(*number).checked_mul(seconds * 1_000_000)?)?;
    }
    Some(micros)
}

/// A condition in which no alternative stands twice: `a = b OR a = b` is the equality that it says.
fn without_repeats(expr: DfExpr) -> DfExpr {
    match expr {
        DfExpr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) if left == right => without_repeats(*left),
        other => other,
    }
}

/// The two sides of an equality of one side's expression with the other's, and whether null equals
/// null in it.
pub(super) fn equal(expr: &DfExpr, left: &SidePlan, right: &SidePlan) -> Option<(DfExpr, DfExpr, bool)> {
    let DfExpr::BinaryExpr(BinaryExpr { left: one, op, right: other }) = expr else { return None };
    let null_safe = match op {
        Operator::Eq => false,
        Operator::IsNotDistinctFrom => true,
        _ => return None,
    };
    if left.alone(one) && right.alone(other) {
        return Some((one.as_ref().clone(), other.as_ref().clone(), null_safe));
    }
    (left.alone(other) && right.alone(one)).then(|| (other.as_ref().clone(), one.as_ref().clone(), null_safe))
}
