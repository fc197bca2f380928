//! How deep and how large what users build may be: beyond it there is an error, where the walks
//! over it would end in a stack that is full or in a day of planning.
//!
//! | limit | what counts |
//! |---|---|
//! | [`EXPRESSION_DEPTH`] | expressions inside each other: `f(g(x))` is three deep |
//! | [`EXPRESSION_NODES`] | expressions inside one column, each time it is named |
//! | [`PLAN_DEPTH`] | two for each operator on the longest way to a source, and the depth of its expressions |
//! | [`PLAN_NODES`] | operators, each time it is named: `df.union(df)` holds those of `df` twice |
//! | [`QUERY_DEPTH`] | queries as values inside each other: `(SELECT (SELECT 1))` is two deep |
//! | [`NESTING_DEPTH`] | functions of functions, and calls in the values of a CASE, in each other |
//! | [`GROUPING_SETS`] | sets of keys that one aggregation groups by: `CUBE` of 12 keys has them all |
//! | [`TYPE_DEPTH`](crate::types::ddl::TYPE_DEPTH) | types inside each other: `array<struct<a:int>>` is three deep |
//! | [`SQL_DEPTH`] | parentheses, calls and queries inside each other in SQL text |
//! | [`SQL_WORDS`] | words and signs of a SQL text, without constants and commas |
//!
//! The limits of expressions, plans and SQL text are above what Spark's driver takes with its
//! default stack.

use std::cell::RefCell;

use super::tree::{Expr, JoinOn, Relation};
use crate::error::{Error, ErrorKind, Result};

pub const EXPRESSION_DEPTH: usize = 1_000;
pub const EXPRESSION_NODES: usize = 500_000;
pub const PLAN_DEPTH: usize = 4_000;
pub const PLAN_NODES: usize = 50_000;
/// DataFusion's work doubles with each query around a query that is a value.
pub const QUERY_DEPTH: usize = 16;
/// DataFusion's work doubles with each of these around another, too.
pub const NESTING_DEPTH: usize = 14;
pub const GROUPING_SETS: usize = 4_096;
pub const SQL_DEPTH: usize = 500;
pub const SQL_WORDS: usize = 50_000;

/// How much of a plan lies under a relation, itself included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanExtent {
    pub depth: usize,
    /// The depth without the operator on top.
    pub below: usize,
    pub nodes: usize,
}

/// From which depth on a tree is dropped and copied where there is stack for it.
const DEEP: usize = 50;

impl Relation {
    /// Whether this may be deep, or become so when it is resolved: a name may stand for all that the
    /// list before it holds.
    pub fn may_be_deep(&self) -> bool {
        let input = |relation: &Self| match relation {
            Self::Resolved(resolved) => resolved.extent.is_deep(),
            _ => true,
        };
        match self {
            Self::Limit { input: below, .. }
            | Self::Offset { input: below, .. }
            | Self::Distinct { input: below, .. }
            | Self::Rename { input: below, .. }
            | Self::Alias { input: below, .. } => input(below),
            Self::Filter { input: below, predicate } => input(below) || are_many([predicate]),
            Self::WithColumns { input: below, columns } => {
                input(below) || are_many(columns.iter().map(|(_, expr)| expr))
            }
            Self::Project { input: below, expressions }
            | Self::Sort { input: below, order: expressions, .. }
            | Self::Drop { input: below, columns: expressions } => input(below) || are_many(expressions),
            Self::Join { left, right, on: JoinOn::Using(_), .. } => input(left) || input(right),
            Self::Union { inputs, .. } => inputs.iter().any(input),
            _ => true,
        }
    }
}

/// Whether so many expressions are in these that one made of all of them is deep. So may a query be.
fn are_many<'e>(expressions: impl IntoIterator<Item = &'e Expr>) -> bool {
    let mut rest: Vec<_> = expressions.into_iter().collect();
    let mut met = 0;
    while let Some(expr) = rest.pop() {
        met += 1;
        if met > DEEP || matches!(expr, Expr::Subquery { .. }) {
            return true;
        }
        expr.children(&mut |child| rest.push(child));
    }
    false
}

impl PlanExtent {
    pub fn is_deep(self) -> bool {
        self.depth > DEEP
    }

    /// A source.
    pub fn leaf() -> Self {
        Self { depth: 2, below: 0, nodes: 1 }
    }
}

/// How much an expression holds, itself included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpressionExtent {
    pub depth: usize,
    pub nodes: usize,
}

impl ExpressionExtent {
    pub fn is_deep(self) -> bool {
        self.depth > DEEP
    }

    /// The extent of an expression that holds two others.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { depth: self.depth.max(other.depth), nodes: self.nodes.saturating_add(other.nodes) }
    }

    /// The extent, or the error for an expression that is too deep or too large.
    pub fn checked(self) -> Result<Self> {
        if self.depth > EXPRESSION_DEPTH {
            return Err(beyond("an expression", "levels deep", EXPRESSION_DEPTH, self.depth));
        }
        if self.nodes > EXPRESSION_NODES {
            return Err(beyond("an expression", "expressions large", EXPRESSION_NODES, self.nodes));
        }
        Ok(self)
    }
}

fn beyond(what: &str, unit: &str, most: usize, found: usize) -> Error {
    let advice = "build it in parts and keep the rows between, with cache() or a table";
    Error::new(ErrorKind::Analysis, format!("{what} may be {most} {unit}, found {found}: {advice}"))
}

/// How many sets a CUBE has, or the error for too many.
pub fn checked_cube(keys: usize) -> Result<usize> {
    let sets = u32::try_from(keys).ok().and_then(|keys| 1_usize.checked_shl(keys)).unwrap_or(usize::MAX);
    checked_grouping_sets(sets).map(|()| sets)
}

/// The error for too many sets of keys.
pub fn checked_grouping_sets(sets: usize) -> Result<()> {
    if sets <= GROUPING_SETS {
        return Ok(());
    }
    Err(beyond("an aggregation", "grouping sets", GROUPING_SETS, sets))
}

/// The error for queries as values that stand too deep in each other; `depth` are around this one.
pub fn checked_query_depth(depth: usize) -> Result<()> {
    if depth < QUERY_DEPTH {
        return Ok(());
    }
    Err(beyond("a query inside an expression", "queries deep", QUERY_DEPTH, depth + 1))
}

/// How deep an expression stands in others around which DataFusion's work doubles: it asks a CASE
/// for its type and whether it may be null, and the calls in the values that it chooses for both
/// each time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nesting {
    depth: usize,
    /// Whether the next call is one in a value that a CASE chooses.
    chosen: bool,
}

impl Nesting {
    /// Inside a value that a CASE chooses.
    #[must_use]
    pub fn in_choice(self) -> Self {
        Self { chosen: true, ..self }
    }

    /// Inside a call.
    pub fn in_call(self) -> Result<Self> {
        if self.chosen { self.deeper() } else { Ok(self) }
    }

    /// One level further in: a function of a function, or a call in a value that a CASE chooses.
    pub fn deeper(self) -> Result<Self> {
        if self.depth >= NESTING_DEPTH {
            let what = "functions of functions and calls in the values of a CASE";
            return Err(beyond(what, "levels deep", NESTING_DEPTH, self.depth + 1));
        }
        Ok(Self { depth: self.depth + 1, chosen: false })
    }
}

/// Measures relations while they are resolved, and refuses those that are too deep or too large.
#[derive(Debug, Default)]
pub struct PlanGauge(RefCell<Vec<OperatorExtent>>);

/// The operator that is being resolved.
#[derive(Clone, Copy, Debug, Default)]
struct OperatorExtent {
    /// The deepest of its inputs, and how many operators they hold.
    inputs: PlanExtent,
    /// Where in an expression the resolver is, and the deepest that it was.
    now: usize,
    deepest: usize,
    /// How many expressions it has met in all.
    nodes: usize,
    /// How many operators it makes of its own, less those that became part of the one below.
    made: usize,
}

impl PlanGauge {
    /// Begins an operator.
    pub fn begin(&self) {
        self.0.borrow_mut().push(OperatorExtent { made: 1, ..OperatorExtent::default() });
    }

    /// An input of the operator.
    pub fn input(&self, extent: PlanExtent) {
        if let Some(operator) = self.0.borrow_mut().last_mut() {
            let inputs = &mut operator.inputs;
            inputs.below = if extent.depth > inputs.depth { extent.below } else { inputs.below };
            inputs.depth = inputs.depth.max(extent.depth);
            inputs.nodes = inputs.nodes.saturating_add(extent.nodes);
        }
    }

    /// Says that the operator became part of the one below, which is no deeper for it.
    pub fn join(&self) {
        if let Some(operator) = self.0.borrow_mut().last_mut() {
            operator.made = operator.made.saturating_sub(1);
        }
    }

    /// Says that the operator makes one more below itself.
    pub fn more(&self) {
        if let Some(operator) = self.0.borrow_mut().last_mut() {
            operator.made += 1;
        }
    }

    /// Ends what was begun, which is no input of the operator around it.
    pub fn forget(&self) {
        self.0.borrow_mut().pop();
    }

    /// Ends the operator: what it and its inputs hold. It is an input of the operator around it.
    pub fn end(&self) -> Result<PlanExtent> {
        let operator = self.0.borrow_mut().pop().unwrap_or_default();
        let OperatorExtent { inputs, deepest, made, .. } = operator;
        let extent = if made == 0 {
            PlanExtent { depth: inputs.depth.max(inputs.below + 2 + deepest), ..inputs }
        } else {
            PlanExtent {
                depth: inputs.depth + 2 * made + deepest,
                below: inputs.depth + 2 * (made - 1),
                nodes: inputs.nodes.saturating_add(made),
            }
        };
        self.input(extent);
        if extent.depth > PLAN_DEPTH {
            return Err(beyond("a plan", "levels deep", PLAN_DEPTH, extent.depth));
        }
        if extent.nodes > PLAN_NODES {
            return Err(beyond("a plan", "operators large", PLAN_NODES, extent.nodes));
        }
        Ok(extent)
    }

    /// Runs `work`, which resolves an expression, and measures it.
    pub fn expression<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, ExpressionExtent)> {
        let (around, before) = {
            let mut operators = self.0.borrow_mut();
            if operators.is_empty() {
                operators.push(OperatorExtent::default());
            }
            let Some(operator) = operators.last_mut() else { return Err(Error::internal("no operator is resolved")) };
            operator.now += 1;
            operator.nodes += 1;
            let around = std::mem::replace(&mut operator.deepest, operator.now);
            (around, (operator.now, operator.nodes))
        };
        let result = ExpressionExtent { depth: before.0, nodes: before.1 }.checked().and_then(|_| work());
        let mut operators = self.0.borrow_mut();
        let Some(operator) = operators.last_mut() else { return Err(Error::internal("no operator is resolved")) };
        let extent = ExpressionExtent {
            depth: (operator.deepest + 1).saturating_sub(before.0),
            nodes: (operator.nodes + 1).saturating_sub(before.1),
        };
        operator.now = before.0 - 1;
        operator.deepest = operator.deepest.max(around);
        Ok((result?, extent))
    }

    /// An expression that was measured before stands here once more: a name given in the same
    /// select list.
    pub fn again(&self, extent: ExpressionExtent) -> Result<()> {
        let mut operators = self.0.borrow_mut();
        let Some(operator) = operators.last_mut() else { return Ok(()) };
        operator.deepest = operator.deepest.max(operator.now + extent.depth);
        operator.nodes = operator.nodes.saturating_add(extent.nodes);
        ExpressionExtent { depth: operator.deepest, nodes: operator.nodes }.checked().map(|_| ())
    }
}
