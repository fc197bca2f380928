//! What expressions need computed below them: calls of functions, windows, queries that name the
//! columns around them, and what several of them read. Resolving an expression leaves a column in its place and an entry here; [`Pending::place`]
//! puts the operators into the plan.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{
    BinaryExpr, Expr, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, Projection, Window,
};

use super::correlated::KeyComparison;
use super::scope::{attribute_id, column};
use crate::error::{Error, Result};
use crate::function::Function;
use crate::plan::AttrId;
use crate::plan::operators::call::{FunctionCall, call_functions};

/// A query that has at most one row for each row around it. Its columns are null where there is none.
#[derive(Clone)]
pub struct QueryJoin {
    pub plan: LogicalPlan,
    pub keys: Vec<KeyComparison>,
    /// The columns that expressions read.
    pub made: Vec<AttrId>,
}

/// Operators to put below an expression.
#[derive(Clone, Default)]
pub struct Pending {
    pub calls: Vec<FunctionCall>,
    pub windows: Vec<(AttrId, Expr)>,
    pub queries: Vec<QueryJoin>,
    /// Expressions that several others read, which are computed once.
    pub shared: Vec<(AttrId, Expr)>,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.windows.is_empty() && self.shared.is_empty() && self.queries.is_empty()
    }

    /// The column of a call: a new one, or that of an equal call.
    pub fn call(&mut self, function: &Arc<dyn Function>, arguments: Vec<Expr>, field: FieldRef) -> AttrId {
        if let Some(known) = self.equal_call(function, &arguments) {
            return known;
        }
        let output = AttrId::fresh();
        self.calls.push(FunctionCall { function: Arc::clone(function), arguments, output, field });
        output
    }

    /// The column of a call that is sure to give the same, if there is one.
    pub fn equal_call(&self, function: &Arc<dyn Function>, arguments: &[Expr]) -> Option<AttrId> {
        let key = function.deterministic().then(|| function.key())?;
        let same = self.calls.iter().find(|call| call.function.key() == key && call.arguments == arguments);
        same.map(|call| call.output)
    }

    /// The column of a window function.
    pub fn window(&mut self, expr: Expr) -> AttrId {
        if let Some((id, _)) = self.windows.iter().find(|(_, other)| *other == expr) {
            return *id;
        }
        let id = AttrId::fresh();
        self.windows.push((id, expr));
        id
    }

    /// The column of an expression that several others read.
    pub fn share(&mut self, expr: Expr) -> AttrId {
        let id = AttrId::fresh();
        self.shared.push((id, expr));
        id
    }

    /// The columns that the entries make.
    pub fn made(&self) -> impl Iterator<Item = AttrId> {
        let calls = self.calls.iter().map(|call| call.output);
        let queries = self.queries.iter().flat_map(|query| query.made.iter().copied());
        calls.chain(queries).chain(self.windows.iter().chain(&self.shared).map(|(id, _)| *id))
    }

    /// What the entries are computed from.
    pub fn read(&self) -> impl Iterator<Item = &Expr> {
        let calls = self.calls.iter().flat_map(|call| &call.arguments);
        let queries = self.queries.iter().flat_map(|query| query.keys.iter().map(|key| &key.around));
        calls.chain(queries).chain(self.windows.iter().chain(&self.shared).map(|(_, expr)| expr))
    }

    pub fn extend(&mut self, other: Self) {
        self.calls.extend(other.calls);
        self.windows.extend(other.windows);
        self.shared.extend(other.shared);
        self.queries.extend(other.queries);
    }

    /// Takes out what an expression reads, and what that reads.
    pub fn needed_by(&mut self, expr: &Expr) -> Self {
        fn taken<T>(from: &mut Vec<T>, is_it: impl Fn(&T) -> bool) -> Option<T> {
            from.iter().position(is_it).map(|at| from.remove(at))
        }
        let mut needed = Self::default();
        let mut rest = vec![expr.clone()];
        while let Some(expr) = rest.pop() {
            for id in expr.column_refs().into_iter().filter_map(attribute_id) {
                if let Some(call) = taken(&mut self.calls, |call| call.output == id) {
                    rest.extend(call.arguments.iter().cloned());
                    needed.calls.push(call);
                }
                if let Some(query) = taken(&mut self.queries, |query| query.made.contains(&id)) {
                    rest.extend(query.keys.iter().map(|key| key.around.clone()));
                    needed.queries.push(query);
                }
                for (from, to) in [(&mut self.windows, &mut needed.windows), (&mut self.shared, &mut needed.shared)] {
                    if let Some(entry) = taken(from, |(made, _)| *made == id) {
                        rest.push(entry.1.clone());
                        to.push(entry);
                    }
                }
            }
        }
        needed
    }

    /// Rewrites what the entries are computed from.
    pub fn rewrite(&mut self, f: &mut dyn FnMut(Expr) -> Result<Expr>) -> Result<()> {
        for call in &mut self.calls {
            for argument in &mut call.arguments {
                *argument = f(argument.clone())?;
            }
        }
        for key in self.queries.iter_mut().flat_map(|query| &mut query.keys) {
            key.around = f(key.around.clone())?;
        }
        for (_, expr) in self.windows.iter_mut().chain(&mut self.shared) {
            *expr = f(expr.clone())?;
        }
        Ok(())
    }

    /// Puts the operators above `plan`, each as soon as the columns that it reads are there.
    pub fn place(mut self, mut plan: LogicalPlan) -> Result<LogicalPlan> {
        while !self.is_empty() {
            let ready = |expr: &Expr, plan: &LogicalPlan| {
                expr.column_refs().into_iter().all(|column| plan.schema().index_of_column(column).is_ok())
            };
            let (calls, later): (Vec<_>, Vec<_>) =
                self.calls.into_iter().partition(|call| call.arguments.iter().all(|argument| ready(argument, &plan)));
            self.calls = later;
            if !calls.is_empty() {
                plan = call_functions(plan, calls)?;
                continue;
            }
            let (shared, later): (Vec<_>, Vec<_>) = self.shared.into_iter().partition(|(_, expr)| ready(expr, &plan));
            self.shared = later;
            if !shared.is_empty() {
                plan = place_shared(plan, shared)?;
                continue;
            }
            let (queries, later): (Vec<_>, Vec<_>) =
                self.queries.into_iter().partition(|query| query.keys.iter().all(|key| ready(&key.around, &plan)));
            self.queries = later;
            if !queries.is_empty() {
                plan = queries.into_iter().try_fold(plan, |plan, query| query.place(plan))?;
                continue;
            }
            let (windows, later): (Vec<_>, Vec<_>) =
                self.windows.into_iter().partition(|(_, window)| ready(window, &plan));
            self.windows = later;
            if windows.is_empty() {
                return Err(Error::internal("what an expression needs reads a column that is not there"));
            }
            plan = place_windows(plan, windows)?;
        }
        Ok(plan)
    }
}

impl QueryJoin {
    /// The plan's columns and those of the query.
    fn place(self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let mut list: Vec<_> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        list.extend(self.made.into_iter().map(column));
        let equal = self.keys.into_iter().map(|KeyComparison { around, key, null_safe }| {
            let operator = if null_safe { Operator::IsNotDistinctFrom } else { Operator::Eq };
            Expr::BinaryExpr(BinaryExpr::new(Box::new(around), operator, Box::new(column(key))))
        });
        let joined = LogicalPlanBuilder::from(plan).join_on(self.plan, JoinType::Left, equal)?.build()?;
        Ok(LogicalPlan::Projection(Projection::try_new(list, Arc::new(joined))?))
    }
}

/// The columns of the plan, and those that several expressions read.
fn place_shared(plan: LogicalPlan, shared: Vec<(AttrId, Expr)>) -> Result<LogicalPlan> {
    let mut list: Vec<_> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    list.extend(shared.into_iter().map(|(id, expr)| named(expr, id)));
    Ok(LogicalPlan::Projection(Projection::try_new(list, Arc::new(plan))?))
}

/// One operator for each partitioning and order, as DataFusion wants it.
fn place_windows(mut plan: LogicalPlan, mut windows: Vec<(AttrId, Expr)>) -> Result<LogicalPlan> {
    while let Some((_, first)) = windows.first() {
        let spec = partitioning(first);
        let (same, others): (Vec<_>, Vec<_>) =
            windows.into_iter().partition(|(_, window)| partitioning(window) == spec);
        windows = others;
        let expressions = same.into_iter().map(|(id, window)| window.alias(id.to_string())).collect();
        plan = LogicalPlan::Window(Window::try_new(expressions, Arc::new(plan))?);
    }
    Ok(plan)
}

fn partitioning(window: &Expr) -> Option<(Vec<Expr>, Vec<datafusion::logical_expr::SortExpr>)> {
    match window {
        Expr::WindowFunction(window) => Some((window.params.partition_by.clone(), window.params.order_by.clone())),
        _ => None,
    }
}

/// Replaces whole subexpressions, outermost first.
pub fn substitute(expr: Expr, replacement: &dyn Fn(&Expr) -> Option<Expr>) -> Result<Expr> {
    let rewritten = expr.transform_down(|node| {
        Ok(match replacement(&node) {
            Some(found) => Transformed::new(found, true, datafusion::common::tree_node::TreeNodeRecursion::Jump),
            None => Transformed::no(node),
        })
    })?;
    Ok(rewritten.data)
}

/// A projection's expression: a column under its own name, or anything under `id`'s.
pub fn named(expr: Expr, id: AttrId) -> Expr {
    if expr == column(id) { expr } else { expr.alias(id.to_string()) }
}
