//! Joins: two inputs side by side, their attributes told apart, conditions that hold calls cut up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinType, NullEquality, ScalarValue};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr as DfExpr, Extension, LogicalPlan, LogicalPlanBuilder, Projection};

use super::expression::{Clause, ExpressionPlace, Expressions};
use super::filter::{conjuncts, filtered};
use super::hidden::{USING_KEY, is_using_key, named_anywhere};
use super::pending::{Pending, named};
use super::scope::{attribute_id, column};
use super::stream_join::{JoinInput, SidePlan, TimeConditions, equal};
use super::{Resolver, keep, operators};
use crate::error::{Error, Result, condition};
use crate::plan::operators::watermark::WatermarkNode;
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::{Expr, JoinKind, JoinOn};
use crate::plan::typed::Typed;
use crate::plan::{AttrId, Attribute, Resolved};

/// The attributes that `changed` picks under fresh ids; the old ids and the new.
pub fn renewed(input: Resolved, changed: impl Fn(&Attribute) -> bool) -> Result<(Resolved, HashMap<AttrId, AttrId>)> {
    let mut ids = HashMap::new();
    let (mut output, mut hidden) = (input.output.clone(), input.hidden.clone());
    let mut projection = Vec::new();
    let is_key = |attribute: &&mut Attribute| {
        let there = || input.plan.schema().index_of_column(&Column::from_name(attribute.id.to_string())).is_ok();
        is_using_key(attribute) && there()
    };
    for attribute in output.iter_mut().chain(hidden.iter_mut().filter(is_key)) {
        let old = attribute.id;
        if changed(attribute) {
            attribute.id = AttrId::fresh();
            ids.insert(old, attribute.id);
        }
        projection.push(named(column(old), attribute.id));
    }
    if ids.is_empty() {
        return Ok((input, ids));
    }
    let plan = LogicalPlan::Projection(Projection::try_new(projection, Arc::new(input.plan.clone()))?);
    let hidden = input.output.iter().chain(&hidden).cloned().collect();
    let watermarks = input
        .watermarks
        .iter()
        .map(|watermark| crate::plan::Watermark {
            column: ids.get(&watermark.column).copied().unwrap_or(watermark.column),
            ..watermark.clone()
        })
        .collect();
    Ok((Resolved { plan, output, hidden, watermarks, ..input }, ids))
}

/// Which input a call's arguments come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JoinSide {
    Either,
    Left,
    Right,
    Both,
}

impl JoinSide {
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Either, side) | (side, Self::Either) => side,
            (left, right) if left == right => left,
            _ => Self::Both,
        }
    }
}

impl Resolver<'_> {
    /// `left JOIN right ON …`.
    pub fn join(&self, left: Resolved, right: Resolved, kind: JoinKind, on: &JoinOn) -> Result<Resolved> {
        let ids: HashSet<_> = left
            .plan
            .schema()
            .columns()
            .iter()
            .filter_map(attribute_id)
            .chain(left.output.iter().chain(&left.hidden).map(|a| a.id))
            .collect();
        // A hidden key gets another id like the outputs, so it must be there.
        let keys = right.hidden.iter().filter(|attribute| is_using_key(attribute)).map(|attribute| attribute.id);
        let taken: Vec<_> = keys.filter(|id| ids.contains(id)).collect();
        let right = self.expose(right, &taken)?;
        let (right, renamed) = renewed(right, |attribute| ids.contains(&attribute.id))?;
        if let JoinOn::Expr(asked) = on
            && self.conf().get("spark.sql.analyzer.failAmbiguousSelfJoin") != Some("false")
        {
            check_sides(asked, &renamed)?;
        }
        match on {
            JoinOn::None => self.join_on(left, right, kind, None, &renamed),
            JoinOn::Expr(condition) if kind == JoinKind::Inner => {
                // A query becomes a join of its own, above this one.
                let (asking, plain): (Vec<_>, Vec<_>) = conjuncts(condition).into_iter().partition(|one| one.asks());
                let all = |some: Vec<&Expr>| {
                    some.into_iter().cloned().reduce(|left, right| Expr::operator("and", vec![left, right]))
                };
                let joined = self.join_on(left, right, kind, all(plain).as_ref(), &renamed)?;
                match all(asking) {
                    Some(asking) => self.filter(joined, &told_apart(&asking, &renamed)),
                    None => Ok(joined),
                }
            }
            JoinOn::Expr(condition) => self.join_on(left, right, kind, Some(condition), &renamed),
            JoinOn::Using(names) => self.join_using(left, right, kind, names),
            JoinOn::Natural if matches!(kind, JoinKind::LeftSemi | JoinKind::LeftAnti) => {
                Err(Error::illegal(format!("requirement failed: Unsupported natural join type {kind:?}")))
            }
            JoinOn::Natural => {
                let names: Vec<_> = left
                    .output
                    .iter()
                    .filter(|attribute| right.output.iter().any(|other| self.same(&attribute.name, &other.name)))
                    .map(|attribute| attribute.name.clone())
                    .collect();
                self.join_using(left, right, kind, &names)
            }
        }
    }

    fn join_on(
        &self,
        left: Resolved,
        right: Resolved,
        kind: JoinKind,
        on: Option<&Expr>,
        renamed: &HashMap<AttrId, AttrId>,
    ) -> Result<Resolved> {
        let attributes: Vec<_> = left.output.iter().chain(&right.output).cloned().collect();
        let hidden = [named_anywhere(&left.hidden), named_anywhere(&right.hidden)].concat();
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Row);
        expressions.hidden = &hidden;
        let mut cut = CutCondition::new(&left, &right);
        if let Some(on) = on {
            let conjuncts = conjuncts(on);
            for conjunct in &conjuncts {
                let part = conjuncts.len() > 1;
                let conjunct = told_apart(conjunct, renamed);
                cut.times.add(&conjunct, &mut expressions);
                let value = expressions.condition(&conjunct, Clause::Join, part)?;
                cut.add(value.typed, std::mem::take(&mut expressions.pending), kind)?;
            }
        }
        let used = std::mem::take(&mut expressions.used_hidden);
        drop(expressions);
        let of = |side: &Resolved| -> Vec<_> {
            let named = named_anywhere(&side.hidden);
            let is_of = |id: &AttrId| named.iter().any(|attribute| attribute.id == *id);
            used.iter().copied().filter(is_of).collect()
        };
        let (of_left, of_right) = (of(&left), of(&right));
        self.joined(self.expose(left, &of_left)?, self.expose(right, &of_right)?, kind, cut)
    }

    /// The two plans joined on what was cut up.
    fn joined(&self, left: Resolved, right: Resolved, kind: JoinKind, cut: CutCondition) -> Result<Resolved> {
        let conf = self.conf();
        let left_plan = cut.left.place(left.plan.clone())?;
        let right_plan = cut.right.place(shifted(right.plan.clone(), left.watermarks.len())?)?;
        if left.is_streaming() && right.is_streaming() {
            let input = |plan, side: &Resolved| JoinInput { plan, output: side.output.clone() };
            let (of_left, of_right) = (input(left_plan, &left), input(right_plan, &right));
            let (plan, operation) = self.stream_join(of_left, of_right, kind, cut.plain, cut.times)?;
            let plan = match cut.after.is_empty() {
                true => plan,
                false => filtered(cut.above.place(plan)?, cut.after, conf)?,
            };
            return streams_joined(left, right, kind, plan, operation);
        }
        let join_type = match kind {
            JoinKind::Inner | JoinKind::Cross => JoinType::Inner,
            JoinKind::Left => JoinType::Left,
            JoinKind::Right => JoinType::Right,
            JoinKind::Full => JoinType::Full,
            JoinKind::LeftSemi => JoinType::LeftSemi,
            JoinKind::LeftAnti => JoinType::LeftAnti,
        };
        // What is equal on both sides is found first, and the rest is asked of pairs that are: a rest that
        // can raise does not hide it.
        let (of_left, of_right) = (SidePlan::new(left_plan.clone()), SidePlan::new(right_plan.clone()));
        let is_key = |one: &Typed| !operators::can_raise(&one.expr) && equal(&one.expr, &of_left, &of_right).is_some();
        let (keys, rest): (Vec<_>, Vec<_>) = cut.plain.into_iter().partition(is_key);
        let rest = operators::joined("and", rest, conf, "AND")?;
        let filter = match conjunction(keys.into_iter().chain(rest).map(|one| one.expr)) {
            Some(all) => Some(all),
            None if join_type == JoinType::Inner => None,
            None => Some(DfExpr::Literal(ScalarValue::Boolean(Some(true)), None)),
        };
        let none = (Vec::<datafusion::common::Column>::new(), Vec::<datafusion::common::Column>::new());
        let mut plan = LogicalPlanBuilder::from(left_plan)
            .join_detailed(right_plan, join_type, none, filter, NullEquality::NullEqualsNothing)?
            .build()?;
        if !cut.after.is_empty() {
            plan = filtered(cut.above.place(plan)?, cut.after, conf)?;
        }
        let output = joined_output(&left, &right, kind);
        let plan = keep(plan, &output)?;
        let unsupported = unsupported_join(&left, &right, kind);
        let mut resolved = both(left, right, plan, output);
        if let Some(reason) = unsupported {
            resolved.note(reason);
        }
        Ok(resolved)
    }

    fn join_using(&self, left: Resolved, right: Resolved, kind: JoinKind, names: &[String]) -> Result<Resolved> {
        let find = |side: &Resolved, name: &str, which: &str| -> Result<Attribute> {
            // Of several of one name Spark takes the first.
            let found = side.output.iter().find(|attribute| self.same(&attribute.name, name));
            found.cloned().ok_or_else(|| {
                let columns: Vec<_> = side.output.iter().map(|attribute| format!("`{}`", attribute.name)).collect();
                Error::of(condition::UNRESOLVED_USING_COLUMN_FOR_JOIN)
                    .with("colName", format!("`{name}`"))
                    .with("side", which)
                    .with("suggestion", columns.join(", "))
            })
        };
        let mut keys: Vec<(Attribute, Attribute)> = Vec::new();
        let mut cut = CutCondition::new(&left, &right);
        for name in names {
            let pair = (find(&left, name, "left")?, find(&right, name, "right")?);
            let text = format!("({name} = {name})");
            let equal = operators::compare("=", pair.0.typed(), pair.1.typed(), self.conf(), &text)?;
            cut.add(equal, Pending::default(), kind)?;
            keys.push(pair);
        }
        let (left_output, right_output) = (left.output.clone(), right.output.clone());
        let joined = self.joined(left, right, kind, cut)?;
        // One column a key first, then the rest of both sides.
        let mut outputs = JoinOutputs::default();
        let mut other = Vec::new();
        let find = |id: AttrId| {
            let found = joined.output.iter().find(|attribute| attribute.id == id);
            found.ok_or_else(|| Error::internal("a joined column is gone"))
        };
        for (l, r) in &keys {
            match kind {
                JoinKind::LeftSemi | JoinKind::LeftAnti => outputs.pass(find(l.id)?),
                JoinKind::Right => {
                    outputs.pass(find(r.id)?);
                    other.push(find(l.id)?.clone());
                }
                JoinKind::Full => {
                    let (l, r) = (find(l.id)?, find(r.id)?);
                    let text = format!("coalesce({}, {})", l.name, r.name);
                    let value = operators::case(
                        vec![(operators::is_not_null(l.typed()), l.typed())],
                        Some(r.typed()),
                        self.conf(),
                        &text,
                    )?;
                    outputs.put(value.expr, Attribute::new(l.name.clone(), value.data_type, value.nullable));
                    other.extend([l.clone(), r.clone()]);
                }
                JoinKind::Inner | JoinKind::Cross | JoinKind::Left => {
                    outputs.pass(find(l.id)?);
                    other.push(find(r.id)?.clone());
                }
            }
        }
        let is_key = |id: AttrId| keys.iter().any(|(l, r)| l.id == id || r.id == id);
        let one_sided = matches!(kind, JoinKind::LeftSemi | JoinKind::LeftAnti);
        let shown = left_output.iter().chain(right_output.iter().filter(|_| !one_sided));
        for attribute in shown.filter(|attribute| !is_key(attribute.id)) {
            outputs.pass(find(attribute.id)?);
        }
        for attribute in &mut other {
            attribute.metadata.insert(USING_KEY.to_owned(), String::new());
        }
        let plan = LogicalPlan::Projection(Projection::try_new(outputs.projection, Arc::new(joined.plan.clone()))?);
        other.extend(joined.hidden);
        Ok(Resolved { plan, output: outputs.attributes, hidden: other, ..joined })
    }
}

/// The columns of a join by names.
#[derive(Default)]
struct JoinOutputs {
    projection: Vec<DfExpr>,
    attributes: Vec<Attribute>,
}

impl JoinOutputs {
    fn put(&mut self, expr: DfExpr, attribute: Attribute) {
        self.projection.push(named(expr, attribute.id));
        self.attributes.push(attribute);
    }

    /// An attribute as it is, or once more: a key that is named twice is shown twice.
    fn pass(&mut self, attribute: &Attribute) {
        let again = self.attributes.iter().any(|other| other.id == attribute.id);
        self.put(column(attribute.id), if again { attribute.again() } else { attribute.clone() });
    }
}

/// `df.x == df.x` over a self-join means the left's and the right's, as in Spark.
fn told_apart(condition: &Expr, renamed: &HashMap<AttrId, AttrId>) -> Expr {
    match condition {
        Expr::Call(call) if matches!(call.name.as_str(), "=" | "==" | "<=>") => match call.arguments.as_slice() {
            [Expr::Attribute(left, _), Expr::Attribute(right, name)] if left == right => {
                let Some(new) = renamed.get(right) else { return condition.clone() };
                let arguments = vec![call.arguments[0].clone(), Expr::Attribute(*new, name.clone())];
                Expr::Call(crate::plan::tree::Call { arguments, ..call.clone() })
            }
            _ => condition.clone(),
        },
        Expr::Call(call) => {
            let arguments = call.arguments.iter().map(|argument| told_apart(argument, renamed)).collect();
            Expr::Call(crate::plan::tree::Call { arguments, ..call.clone() })
        }
        other => other.clone(),
    }
}

/// The error for a column that both sides have, elsewhere than in a comparison of it with itself:
/// nobody can say which side it is of.
fn check_sides(asked: &Expr, renamed: &HashMap<AttrId, AttrId>) -> Result<()> {
    let mut names = Vec::new();
    let mut rest = vec![asked];
    while let Some(expr) = rest.pop() {
        match expr {
            Expr::Attribute(id, name) if renamed.contains_key(id) => names.push(name.as_str()),
            Expr::Call(call) if matches!(call.name.as_str(), "=" | "==" | "<=>") => match call.arguments.as_slice() {
                [Expr::Attribute(left, _), Expr::Attribute(right, _)] if left == right => {}
                sides => rest.extend(sides),
            },
            other => other.children(&mut |child| rest.push(child)),
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    names.sort_unstable();
    names.dedup();
    Err(Error::of(condition::AMBIGUOUS_SELF_JOIN)
        .with("ambiguousAttrs", names.join(", "))
        .with("config", "spark.sql.analyzer.failAmbiguousSelfJoin"))
}

/// A join condition cut up by where its calls can run.
struct CutCondition {
    left_ids: HashSet<AttrId>,
    right_ids: HashSet<AttrId>,
    plain: Vec<Typed>,
    left: Pending,
    right: Pending,
    above: Pending,
    after: Vec<Typed>,
    /// Of two streams: what is said of their event times.
    times: TimeConditions,
    sides: HashMap<AttrId, JoinSide>,
}

impl CutCondition {
    fn new(left: &Resolved, right: &Resolved) -> Self {
        Self {
            left_ids: left.output.iter().chain(&left.hidden).map(|attribute| attribute.id).collect(),
            right_ids: right.output.iter().chain(&right.hidden).map(|attribute| attribute.id).collect(),
            plain: Vec::new(),
            left: Pending::default(),
            right: Pending::default(),
            above: Pending::default(),
            after: Vec::new(),
            times: TimeConditions::of(&left.output, &right.output),
            sides: HashMap::new(),
        }
    }

    fn side(&self, expr: &DfExpr) -> JoinSide {
        expr.column_refs().into_iter().filter_map(attribute_id).fold(JoinSide::Either, |side, id| {
            side.with(match self.sides.get(&id) {
                Some(known) => *known,
                None if self.left_ids.contains(&id) => JoinSide::Left,
                None if self.right_ids.contains(&id) => JoinSide::Right,
                None => JoinSide::Either,
            })
        })
    }

    /// A conjunct: its one-sided calls go to that side, two-sided ones above the join, which only
    /// an inner join can have.
    fn add(&mut self, predicate: Typed, pending: Pending, kind: JoinKind) -> Result<()> {
        let mut above = false;
        for call in pending.calls {
            let side = call.arguments.iter().fold(JoinSide::Either, |side, argument| side.with(self.side(argument)));
            self.sides.insert(call.output, if side == JoinSide::Either { JoinSide::Left } else { side });
            match side {
                JoinSide::Either | JoinSide::Left => self.left.calls.push(call),
                JoinSide::Right => self.right.calls.push(call),
                JoinSide::Both if matches!(kind, JoinKind::Inner | JoinKind::Cross) => {
                    above = true;
                    self.above.calls.push(call);
                }
                JoinSide::Both => {
                    return Err(Error::of(condition::UNSUPPORTED_PYTHON_UDF_IN_ON_CLAUSE)
                        .with("joinType", format!("{kind:?}").to_uppercase()));
                }
            }
        }
        for query in pending.queries {
            let side = query.keys.iter().fold(JoinSide::Either, |side, key| side.with(self.side(&key.around)));
            self.sides.extend(query.made.iter().map(|made| (*made, side)));
            match side {
                JoinSide::Either | JoinSide::Left => self.left.queries.push(query),
                JoinSide::Right => self.right.queries.push(query),
                JoinSide::Both => {
                    return Err(Error::of(condition::UNSUPPORTED_CORRELATED_EXPRESSION_IN_JOIN_CONDITION));
                }
            }
        }
        if above {
            self.after.push(predicate)
        } else {
            self.plain.push(predicate)
        }
        Ok(())
    }
}

/// The columns of a join.
fn joined_output(left: &Resolved, right: &Resolved, kind: JoinKind) -> Vec<Attribute> {
    let outer = |attribute: &Attribute| Attribute { nullable: true, ..attribute.clone() };
    let mut output = left.output.clone();
    if matches!(kind, JoinKind::Right | JoinKind::Full) {
        output = output.iter().map(outer).collect();
    }
    match kind {
        JoinKind::LeftSemi | JoinKind::LeftAnti => {}
        JoinKind::Left | JoinKind::Full => output.extend(right.output.iter().map(outer)),
        _ => output.extend(right.output.iter().cloned()),
    }
    output
}

/// Two streams as one relation.
fn streams_joined(
    left: Resolved,
    right: Resolved,
    kind: JoinKind,
    plan: LogicalPlan,
    operation: StreamOperation,
) -> Result<Resolved> {
    let output = joined_output(&left, &right, kind);
    let plan = keep(plan, &output)?;
    let mut resolved = both(left, right, plan, output);
    resolved.note(operation);
    Ok(resolved)
}

/// Two inputs as one relation.
pub fn both(left: Resolved, right: Resolved, plan: LogicalPlan, output: Vec<Attribute>) -> Resolved {
    // What two files say is ambiguous; what one says is named so.
    let mut hidden = [named_anywhere(&left.hidden), named_anywhere(&right.hidden)].concat();
    // A join may find no partner.
    hidden.iter_mut().for_each(|attribute| attribute.nullable = true);
    let mut leaves = left.leaves;
    leaves.extend(right.leaves);
    let mut watermarks = left.watermarks;
    watermarks.extend(right.watermarks);
    Resolved {
        plan,
        output,
        hidden,
        leaves,
        watermarks,
        operations: [left.operations, right.operations].concat(),
        extent: left.extent,
    }
}

/// A plan whose watermarks come after `first` others.
pub fn shifted(plan: LogicalPlan, first: usize) -> Result<LogicalPlan> {
    if first == 0 {
        return Ok(plan);
    }
    let moved = plan.transform_up(|node| match &node {
        LogicalPlan::Extension(extension) => match extension.node.as_any().downcast_ref::<WatermarkNode>() {
            Some(watermark) => {
                let watermark = WatermarkNode { index: watermark.index + first, ..watermark.clone() };
                Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(watermark) })))
            }
            None => Ok(Transformed::no(node)),
        },
        _ => Ok(Transformed::no(node)),
    })?;
    Ok(moved.data)
}

/// Which joins of a stream and a table Spark has: those that never need to know what else will
/// come.
fn unsupported_join(left: &Resolved, right: &Resolved, kind: JoinKind) -> Option<StreamOperation> {
    let allowed = match (left.is_streaming(), right.is_streaming()) {
        (false, false) => true,
        (true, true) => return Some(StreamOperation::StreamStreamJoin { kind, bounded: false }),
        (true, false) => {
            matches!(kind, JoinKind::Inner | JoinKind::Cross | JoinKind::Left | JoinKind::LeftSemi | JoinKind::LeftAnti)
        }
        (false, true) => matches!(kind, JoinKind::Inner | JoinKind::Cross | JoinKind::Right),
    };
    (!allowed).then_some(StreamOperation::OuterJoin { kind, stream_on_left: left.is_streaming() })
}
