//! From the tree to a DataFusion plan: the one place that knows Spark's names and types.
//!
//! | file | what it decides |
//! |---|---|
//! | `scope` | which attribute a name means |
//! | `expression` | expressions: types, calls taken out ([`pending`]) |
//! | `select`, `aggregate`, `window`, `generate`, `lambda`, `subquery` | the places where expressions stand |
//! | `sort` | orders: of rows, of windows and of aggregates |
//! | `join`, `sets` | relations of several inputs |
//! | `pipe` | pipes that no clause of a SELECT is |
//! | `unpivot` | columns that become rows |
//! | `coerce`, `cast` | types that meet; which casts there are |
//! | `operators`, `decimals`, `date_arithmetic`, `nested` | operators over typed expressions |
//! | `projection` | one projection over another |
//! | `random` | functions of a seed |
//! | `update_fields` | structs with other fields |
//! | `naming` | what Spark calls an expression that has no name |

mod aggregate;
pub mod cast;
pub mod coerce;
pub mod date_arithmetic;
mod decimals;
mod expression;
mod generate;
mod join;
mod lambda;
mod naming;
pub mod nested;
pub mod operators;
mod pending;
mod pipe;
mod projection;
mod random;
mod scope;
mod select;
mod sets;
mod sort;
mod subquery;
mod unpivot;
mod update_fields;
mod window;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Expr as DfExpr, Extension, Filter, LogicalPlan, LogicalPlanBuilder, Projection};

use self::aggregate::AggregateRequest;
use self::expression::{ExpressionPlace, Expressions, ResolvedValue, misplaced_star};
use self::pending::named;
use self::scope::{Scope, column};
use self::select::SelectOutput;
use super::limits::{PlanExtent, PlanGauge};
use super::operators::lanes::{LaneLayout, LanesNode};
use super::operators::scan::leaf_plan;
use super::operators::watermark::WatermarkNode;
use super::tree::{Expr, Grouping, Relation, SampleShare};
use super::{AttrId, Attribute, Leaf, LeafId, Resolved, Watermark};
use crate::config::Conf;
use crate::error::{Error, Result, condition};
use crate::function::Function;
use crate::function::random::Well19937c;
use crate::function::row::{Draw, RowFunction};
use crate::plan::kernels::normalize::normalized;
use crate::plan::streaming::StreamOperation;
use crate::runtime::stack;
use crate::source::Source;
use crate::source::files::{FILE_COLUMN, INPUT_FILE};
use crate::source::range::Range as RangeSource;
use crate::types::sql_name;

/// What names mean beyond the tree: a session's tables, views and functions.
pub trait Names {
    /// The table or view of a name in parts; Spark's error when there is none.
    fn table(&self, parts: &[String]) -> Result<Relation>;

    /// A function that was registered in the session. A function of Spark's own goes before it.
    fn function(&self, name: &str) -> Option<Arc<dyn Function>>;
}

/// What resolution depends on.
#[derive(Clone, Copy)]
pub struct ResolveContext<'a> {
    pub conf: &'a Conf,
    pub names: &'a dyn Names,
}

/// Resolves a tree. Nothing is read and nothing runs.
pub fn resolve(relation: &Relation, context: &ResolveContext<'_>) -> Result<Resolved> {
    let resolver = Resolver::new(*context);
    let mut resolved = resolver.relation(relation)?;
    resolved.leaves.extend(resolver.subqueries.take());
    Ok(resolved)
}

/// The attribute that `df["name"]` and `df.name` mean.
pub fn attribute(resolved: &Resolved, parts: &[String], context: &ResolveContext<'_>) -> Result<Attribute> {
    let scope = Scope { attributes: &resolved.output, names: context.conf.name_case() };
    scope
        .find(parts)?
        .filter(|found| found.fields.is_empty())
        .map(|found| found.attribute)
        .ok_or_else(|| scope.unresolved(parts))
}

/// A column of `withColumns`.
enum ColumnSlot<'e> {
    Kept(&'e Attribute),
    New(&'e Expr),
}

impl ColumnSlot<'_> {
    fn expr(self) -> Expr {
        match self {
            Self::Kept(attribute) => Expr::Attribute(attribute.id, attribute.name.clone()),
            Self::New(expr) => expr.clone(),
        }
    }
}

/// Marks the key of the other side of `USING`: it is no output, but may still be named.
const USING_KEY: &str = "firesteel.using";

fn is_using_key(attribute: &Attribute) -> bool {
    attribute.metadata.contains_key(USING_KEY)
}

/// Whether the column says what file a row is from. Any operator may name it, as long as it is
/// below.
fn is_of_file(attribute: &Attribute) -> bool {
    attribute.metadata.contains_key(FILE_COLUMN)
}

/// Whether the column is that of `input_file_name()`, which knows the file only while its rows are
/// read.
fn is_input_file(attribute: &Attribute) -> bool {
    attribute.metadata.get(FILE_COLUMN).is_some_and(|which| which == INPUT_FILE)
}

/// The context with the tables of `WITH`.
#[derive(Clone)]
pub struct Resolver<'a> {
    context: ResolveContext<'a>,
    tables: Vec<(String, Arc<Resolved>)>,
    /// The columns around a query inside an expression, from the outermost on.
    outer: Vec<Arc<Vec<Attribute>>>,
    /// The sources of queries inside expressions, which no relation of the tree holds.
    subqueries: Rc<RefCell<Vec<Leaf>>>,
    gauge: Rc<PlanGauge>,
}

/// The hidden attributes that a select list may name, too.
fn named_anywhere(hidden: &[Attribute]) -> Vec<Attribute> {
    hidden.iter().filter(|attribute| is_using_key(attribute) || is_of_file(attribute)).cloned().collect()
}

/// The attributes that an operator above a projection may still name though it does not output
/// them.
fn hidden_below(input: &Resolved, output: &[Attribute]) -> Vec<Attribute> {
    let kept: HashSet<_> = output.iter().map(|attribute| attribute.id).collect();
    input.output.iter().chain(&input.hidden).filter(|attribute| !kept.contains(&attribute.id)).cloned().collect()
}

impl<'a> Resolver<'a> {
    fn new(context: ResolveContext<'a>) -> Self {
        Self { context, tables: Vec::new(), outer: Vec::new(), subqueries: Rc::default(), gauge: Rc::default() }
    }
}

impl Resolver<'_> {
    pub fn conf(&self) -> &Conf {
        self.context.conf
    }

    pub fn same(&self, left: &str, right: &str) -> bool {
        self.conf().name_case().same(left, right)
    }

    /// Resolves a relation, its inputs first.
    pub fn relation(&self, relation: &Relation) -> Result<Resolved> {
        if let Relation::Resolved(resolved) = relation {
            self.gauge.input(resolved.extent);
            return self.told_apart(resolved.as_ref().clone());
        }
        self.gauge.begin();
        let resolved = stack::step(|| self.operator(relation));
        let extent = self.gauge.end();
        Ok(Resolved { extent: extent?, ..resolved? })
    }

    fn operator(&self, relation: &Relation) -> Result<Resolved> {
        match relation {
            Relation::Resolved(_) => Err(Error::internal("a resolved relation is no operator")),
            Relation::Table(name) => {
                self.gauge.join();
                self.table(name)
            }
            Relation::Source { source, streaming } => source_leaf(Arc::clone(source), *streaming),
            Relation::TableFunction { name, arguments } => self.table_function(name, arguments),
            Relation::Values(rows) => self.values(rows),
            Relation::OneRow => leafless(LogicalPlanBuilder::empty(true).build()?),
            Relation::Project { input, expressions } => {
                if let Some((input, expressions)) = self.slid(input, expressions)? {
                    return self.project(input, &expressions);
                }
                if expressions.iter().any(aggregate::has_aggregate) {
                    // `df.select(sum("x"))`: an aggregation of everything.
                    let keys = Grouping::By(Vec::new());
                    let request = AggregateRequest {
                        keys: &keys,
                        outputs: expressions,
                        with_keys: false,
                        having: None,
                        order: &[],
                    };
                    let input = self.within_windows(self.relation(input)?, expressions)?;
                    return self.aggregate(input, &request).map(|grouped| grouped.resolved);
                }
                self.project(self.within_windows(self.relation(input)?, expressions)?, expressions)
            }
            Relation::Filter { input, predicate } => self.filter(self.relation(input)?, predicate),
            Relation::Aggregate { input, keys: Grouping::By(keys), outputs, with_keys, having }
                if generate::slides(keys) || generate::slides(outputs) =>
            {
                self.aggregate_slid(input, keys, outputs, *with_keys, having.as_ref())
            }
            Relation::Aggregate { input, keys, outputs, with_keys, having } => {
                let request =
                    AggregateRequest { keys, outputs, with_keys: *with_keys, having: having.as_ref(), order: &[] };
                let windowed = match keys {
                    Grouping::By(keys) => keys.as_slice(),
                    _ => &[],
                };
                let input = self.within_windows(self.relation(input)?, windowed.iter().chain(outputs))?;
                self.aggregate(input, &request).map(|grouped| grouped.resolved)
            }
            Relation::Join { left, right, kind, on } => {
                self.join(self.relation(left)?, self.relation(right)?, *kind, on)
            }
            Relation::Union { inputs, by_name, allow_missing } => {
                let inputs = inputs.iter().map(|input| self.relation(input)).collect::<Result<Vec<_>>>()?;
                self.union(inputs, *by_name, *allow_missing)
            }
            Relation::SetOperation { left, right, except, all } => {
                self.set_operation(self.relation(left)?, self.relation(right)?, *except, *all)
            }
            Relation::Sort { input, order, global } => self.sort(input, order, *global),
            Relation::Limit { input, rows } => self.limit(self.relation(input)?, 0, Some(*rows)),
            Relation::Offset { input, rows } => self.limit(self.relation(input)?, *rows, None),
            Relation::Tail { .. } => {
                Err(Error::unsupported("tail as a relation: its rows are taken when it is collected"))
            }
            Relation::Distinct { input, subset } => self.distinct(self.relation(input)?, subset.as_deref()),
            Relation::WithColumns { input, columns } => {
                let new = columns.iter().map(|(_, expr)| expr);
                self.with_columns(self.within_windows(self.relation(input)?, new)?, columns)
            }
            Relation::Rename { input, names } => self.rename(self.relation(input)?, names),
            Relation::RenameAll { input, names } => self.rename_all(self.relation(input)?, names),
            Relation::Drop { input, columns } => self.drop_columns(self.relation(input)?, columns),
            Relation::Alias { input, name } => {
                self.gauge.join();
                let mut resolved = self.relation(input)?;
                let of_files = resolved.hidden.iter_mut().filter(|attribute| is_of_file(attribute));
                for attribute in resolved.output.iter_mut().chain(of_files) {
                    attribute.qualifier = vec![name.clone()];
                }
                resolved.hidden.retain(|attribute| !is_using_key(attribute));
                Ok(resolved)
            }
            Relation::With { tables, input } => {
                self.gauge.join();
                let mut inner = self.clone();
                for (name, table) in tables {
                    // It counts where it is read, each time.
                    self.gauge.begin();
                    let table = inner.relation(table);
                    self.gauge.forget();
                    let table = table?;
                    inner.tables.push((name.clone(), Arc::new(table)));
                }
                inner.relation(input)
            }
            Relation::LateralView { input, generator, outer, table, columns } => {
                self.lateral_view(self.relation(input)?, generator, *outer, table, columns)
            }
            Relation::Repartition { input, partitions, by } => self.repartition(self.relation(input)?, *partitions, by),
            Relation::RepartitionByRange { input, partitions, order } => {
                self.repartition_by_range(self.relation(input)?, *partitions, order)
            }
            Relation::Coalesce { input, partitions } => {
                Ok(laid_out(self.relation(input)?, LaneLayout::AtMost(*partitions)))
            }
            Relation::Sample { input, share, seed } => self.sample(self.relation(input)?, *share, *seed),
            Relation::Watermark { input, column, delay_ms } => self.watermark(self.relation(input)?, column, *delay_ms),
            Relation::Hint { input, .. } => {
                self.gauge.join();
                self.relation(input)
            }
            Relation::Pivot { input, keys, column, values, outputs } => {
                self.pivot(self.relation(input)?, keys.as_deref(), column, values.as_deref(), outputs)
            }
            Relation::Piped { input, operator } => self.piped(self.relation(input)?, operator),
            Relation::Unpivot { input, columns } => self.unpivot(self.relation(input)?, columns),
        }
    }

    fn table(&self, name: &[String]) -> Result<Resolved> {
        let found = match name {
            [one] => {
                self.tables.iter().rev().find(|(table, _)| self.same(table, one)).map(|(_, table)| Arc::clone(table))
            }
            _ => None,
        };
        let mut resolved = match found {
            Some(found) => {
                self.gauge.input(found.extent);
                found.as_ref().clone()
            }
            // A view does not see the tables of this query's WITH.
            None => {
                let (subqueries, gauge) = (Rc::clone(&self.subqueries), Rc::clone(&self.gauge));
                let view = Resolver { subqueries, gauge, ..Resolver::new(self.context) };
                let relation = self.context.names.table(name)?;
                let mut resolved = view.relation(&relation)?;
                // A table is files; a view shows its columns only.
                if !matches!(relation, Relation::Source { .. }) {
                    resolved.hidden.clear();
                }
                resolved
            }
        };
        resolved = self.told_apart(resolved)?;
        resolved.hidden.retain(is_of_file);
        for attribute in resolved.output.iter_mut().chain(&mut resolved.hidden) {
            attribute.qualifier = match name {
                [.., last] => vec![last.clone()],
                [] => Vec::new(),
            };
        }
        Ok(resolved)
    }

    fn table_function(&self, name: &str, arguments: &[Expr]) -> Result<Resolved> {
        let name = name.to_lowercase();
        if name == "range" {
            return self.range(arguments);
        }
        if generate::is_generator(&name) {
            let one_row = leafless(LogicalPlanBuilder::empty(true).build()?)?;
            let Expr::Call(call) = Expr::call(name, arguments.to_vec()) else { return Err(Error::internal("a call")) };
            return self.generate(one_row, &call, &[], false).map(|(_, resolved)| resolved);
        }
        Err(Error::of(condition::UNRESOLVABLE_TABLE_VALUED_FUNCTION).with("name", format!("`{name}`")))
    }

    /// `range(end)`, `range(start, end[, step[, partitions]])`.
    fn range(&self, arguments: &[Expr]) -> Result<Resolved> {
        let mut expressions = Expressions::new(self, &[], ExpressionPlace::Row);
        let mut numbers = Vec::new();
        for argument in arguments {
            let value = expressions.value(argument)?;
            match cast::cast(value.typed, &DataType::Int64, self.conf())?.expr {
                DfExpr::Literal(datafusion::common::ScalarValue::Int64(Some(number)), _) => numbers.push(number),
                _ => {
                    return Err(Error::new(
                        crate::error::ErrorKind::Analysis,
                        format!("range() takes constants, found {}", value.pretty),
                    ));
                }
            }
        }
        let (start, end, step, partitions) = match numbers.as_slice() {
            [end] => (0, *end, 1, 0),
            [start, end] => (*start, *end, 1, 0),
            [start, end, step] => (*start, *end, *step, 0),
            [start, end, step, partitions] => (*start, *end, *step, *partitions),
            other => {
                return Err(Error::of(condition::WRONG_NUM_ARGS)
                    .with("functionName", "`range`")
                    .with("expectedNum", "[1, 2, 3, 4]")
                    .with("actualNum", other.len()));
            }
        };
        let partitions = usize::try_from(partitions).ok().filter(|partitions| *partitions > 0).unwrap_or(0);
        source_leaf(Arc::new(RangeSource::new(start, end, step, partitions)?), false)
    }

    /// `VALUES`: each column takes the common type of its values.
    fn values(&self, rows: &[Vec<Expr>]) -> Result<Resolved> {
        let width = rows.first().map_or(0, Vec::len);
        let mut expressions = Expressions::new(self, &[], ExpressionPlace::Row);
        let mut table: Vec<Vec<ResolvedValue>> = Vec::new();
        for row in rows {
            if row.len() != width {
                return Err(Error::of(condition::INVALID_INLINE_TABLE)
                    .with("expectedNumCols", width)
                    .with("actualNumCols", row.len()));
            }
            table.push(expressions.arguments(row)?);
        }
        if let Some(call) = expressions.pending.calls.first() {
            return Err(Error::of(condition::INVALID_INLINE_TABLE_CANNOT_EVALUATE)
                .with("expr", format!("\"{}()\"", call.function.name())));
        }
        let ansi = self.conf().ansi();
        let mut attributes = Vec::new();
        for i in 0..width {
            let data_type =
                coerce::common_of(table.iter().map(|row| &row[i].typed.data_type), ansi).ok_or_else(|| {
                    Error::of(condition::INCOMPATIBLE_TYPES_IN_INLINE_TABLE).with("colName", format!("`col{}`", i + 1))
                })?;
            let nullable = table.iter().any(|row| row[i].typed.nullable);
            attributes.push(Attribute::new(format!("col{}", i + 1), data_type, nullable));
        }
        let rows = table
            .into_iter()
            .map(|row| {
                row.into_iter()
                    .zip(&attributes)
                    .map(|(value, attribute)| Ok(cast::cast(value.typed, &attribute.data_type, self.conf())?.expr))
                    .collect::<Result<Vec<_>>>()
            })
            .collect::<Result<Vec<_>>>()?;
        // One row a projection: DataFusion's VALUES would cast what it does not know to be
        // constant.
        let one_row = Arc::new(LogicalPlanBuilder::empty(true).build()?);
        let plans = rows
            .into_iter()
            .map(|row| {
                let projection =
                    row.into_iter().zip(&attributes).map(|(expr, attribute)| named(expr, attribute.id)).collect();
                Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(projection, Arc::clone(&one_row))?)))
            })
            .collect::<Result<Vec<_>>>()?;
        let plan = sets::union_of(plans)?;
        Ok(Resolved { output: attributes, ..leafless(plan)? })
    }

    fn filter(&self, input: Resolved, predicate: &Expr) -> Result<Resolved> {
        let (attributes, hidden) = (input.output.clone(), input.hidden.clone());
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Row);
        expressions.hidden = &hidden;
        // Conjuncts without a call stay below the calls of the others.
        let mut plain = Vec::new();
        let mut calling = Vec::new();
        let mut pending = pending::Pending::default();
        let mut queries = Vec::new();
        // Conjuncts share the calls that are equal: which column each conjunct's own call became.
        let mut ids = HashMap::new();
        for conjunct in conjuncts(predicate) {
            let value = match subquery::condition(&mut expressions, conjunct)? {
                // An operator of its own, which becomes a join.
                Some(query) if expressions.pending.is_empty() => {
                    queries.push(query);
                    continue;
                }
                Some(query) => ResolvedValue::new(query, ""),
                None => expressions.condition(conjunct, "WHERE")?,
            };
            let needed = std::mem::take(&mut expressions.pending);
            // What is drawn is drawn for every row that comes: a conjunct that stands behind takes
            // no row away before.
            let drawn = pending.calls.iter().any(|call| !call.function.deterministic());
            if needed.is_empty() && !drawn {
                plain.push(value.typed);
            } else {
                let renamed =
                    |expr, ids: &HashMap<DfExpr, DfExpr>| pending::substitute(expr, &|node| ids.get(node).cloned());
                // A call comes after those that its arguments read.
                for call in needed.calls {
                    let arguments =
                        call.arguments.into_iter().map(|argument| renamed(argument, &ids)).collect::<Result<_>>()?;
                    let id = pending.call(&call.function, arguments, call.field);
                    ids.insert(column(call.output), column(id));
                }
                let expr = renamed(value.typed.expr, &ids)?;
                calling.push(super::typed::Typed { expr, ..value.typed });
            }
        }
        let used = std::mem::take(&mut expressions.used_hidden);
        let resolver_conf = self.conf();
        drop(expressions);
        let output = input.output.clone();
        let input = self.expose(input, &used)?;
        let mut plan = input.plan.clone();
        plan = filtered(plan, plain, resolver_conf)?;
        for query in queries {
            plan = LogicalPlan::Filter(Filter::try_new(query.expr, Arc::new(plan))?);
        }
        if !calling.is_empty() {
            plan = filtered(pending.place(plan)?, calling, resolver_conf)?;
            plan = keep(plan, &output)?;
        } else if !used.is_empty() {
            plan = keep(plan, &output)?;
        }
        Ok(Resolved { plan, ..input })
    }

    fn limit(&self, input: Resolved, skip: u64, fetch: Option<u64>) -> Result<Resolved> {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let fetch = fetch.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
        let plan = LogicalPlanBuilder::from(input.plan.clone()).limit(skip, fetch)?.build()?;
        let mut resolved = Resolved { plan, ..input };
        resolved.hidden.retain(|attribute| !is_input_file(attribute));
        resolved.note_unsupported(if skip > 0 { StreamOperation::Offset } else { StreamOperation::Limit });
        Ok(resolved)
    }

    fn distinct(&self, input: Resolved, subset: Option<&[String]>) -> Result<Resolved> {
        let Some(subset) = subset else {
            let keys = input.output.clone();
            return self.first_of_each(input, &keys);
        };
        let mut keys = Vec::new();
        for name in subset {
            let found: Vec<_> =
                input.output.iter().filter(|attribute| self.same(&attribute.name, name)).cloned().collect();
            if found.is_empty() {
                return Err(scope::not_among(name, &input.output));
            }
            keys.extend(found);
        }
        self.first_of_each(input, &keys)
    }

    fn with_columns(&self, input: Resolved, columns: &[(String, Expr)]) -> Result<Resolved> {
        self.conf().name_case().refuse_repeated(columns.iter().map(|(name, _)| name.as_str()))?;
        let new = |(name, expr): &(String, Expr)| match expr {
            // A generator's alias is its own; metadata given by `alias(…, metadata=…)` stays.
            Expr::Alias { input, metadata: Some(metadata), .. } => {
                Expr::Alias { input: input.clone(), names: vec![name.clone()], metadata: Some(metadata.clone()) }
            }
            other => other.clone().alias(name.clone()),
        };
        let columns: Vec<_> = columns.iter().map(|column| (column.0.as_str(), new(column))).collect();
        let mut left: Vec<_> = columns.iter().collect();
        // Where the columns go: each over all of its name, or at the end.
        let mut list = Vec::with_capacity(input.output.len() + columns.len());
        for attribute in &input.output {
            let found = columns.iter().find(|(name, _)| self.same(name, &attribute.name));
            if let Some((name, _)) = found {
                left.retain(|(other, _)| other != name);
            }
            list.push(match found {
                Some((_, expr)) => ColumnSlot::New(expr),
                None => ColumnSlot::Kept(attribute),
            });
        }
        list.extend(left.into_iter().map(|(_, expr)| ColumnSlot::New(expr)));
        let generators: Vec<_> = columns.iter().map(|(_, expr)| expr.clone()).collect();
        if !generate::positions(&generators).is_empty() {
            let list: Vec<_> = list.into_iter().map(ColumnSlot::expr).collect();
            return self.project(input, &list);
        }
        let attributes = input.output.clone();
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Select);
        let anywhere = named_anywhere(&input.hidden);
        expressions.hidden = &anywhere;
        let mut outputs = Vec::with_capacity(list.len());
        for slot in list {
            match slot {
                ColumnSlot::Kept(attribute) => outputs.push(SelectOutput::kept(attribute)),
                ColumnSlot::New(expr) => {
                    // One at a time: a column may not name another that is made beside it.
                    expressions.aliases.clear();
                    outputs.extend(self.outputs(&mut expressions, std::slice::from_ref(expr))?);
                }
            }
        }
        let used = std::mem::take(&mut expressions.used_hidden);
        let pending = std::mem::take(&mut expressions.pending);
        drop(expressions);
        let input = self.expose(input, &used)?;
        self.put_together(input, outputs, pending)
    }

    fn rename(&self, mut input: Resolved, names: &[(String, String)]) -> Result<Resolved> {
        let renamed: Vec<_> = names.iter().map(|(from, _)| from.clone()).collect();
        (input, _) = join::renewed(input, |attribute| renamed.iter().any(|name| self.same(&attribute.name, name)))?;
        for (from, to) in names {
            for attribute in input.output.iter_mut().filter(|attribute| self.same(&attribute.name, from)) {
                attribute.name.clone_from(to);
                attribute.qualifier.clear();
            }
        }
        Ok(input)
    }

    fn rename_all(&self, mut input: Resolved, names: &[String]) -> Result<Resolved> {
        if names.len() != input.output.len() {
            return Err(Error::of(condition::ASSIGNMENT_ARITY_MISMATCH)
                .with("numExpr", input.output.len())
                .with("numTarget", names.len()));
        }
        (input, _) = join::renewed(input, |_| true)?;
        for (attribute, name) in input.output.iter_mut().zip(names) {
            attribute.name.clone_from(name);
        }
        Ok(input)
    }

    fn drop_columns(&self, input: Resolved, columns: &[Expr]) -> Result<Resolved> {
        let scope = Scope { attributes: &input.output, names: self.conf().name_case() };
        let mut dropped = HashSet::new();
        for expr in columns {
            match expr {
                Expr::Attribute(id, _) => {
                    dropped.insert(*id);
                }
                // A name drops every column of that name; one that is not there drops nothing.
                Expr::Column(parts) => match parts.as_slice() {
                    [name] => dropped.extend(input.output.iter().filter(|a| self.same(&a.name, name)).map(|a| a.id)),
                    parts => dropped.extend(
                        scope.find(parts)?.filter(|found| found.fields.is_empty()).map(|found| found.attribute.id),
                    ),
                },
                other => {
                    return Err(Error::new(
                        crate::error::ErrorKind::Analysis,
                        format!("drop takes columns, found {other:?}"),
                    ));
                }
            }
        }
        let output: Vec<_> =
            input.output.iter().filter(|attribute| !dropped.contains(&attribute.id)).cloned().collect();
        let hidden = hidden_below(&input, &output);
        let plan = keep(input.plan.clone(), &output)?;
        Ok(Resolved { plan, output, hidden, ..input })
    }

    fn repartition(&self, input: Resolved, partitions: Option<usize>, by: &[Expr]) -> Result<Resolved> {
        let attributes = input.output.clone();
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Row);
        if by.iter().any(Expr::has_star) {
            return Err(misplaced_star("RepartitionByExpression"));
        }
        let keys = by.iter().map(|expr| Ok(expressions.value(expr)?.typed)).collect::<Result<Vec<_>>>()?;
        let pending = std::mem::take(&mut expressions.pending);
        drop(expressions);
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let partitions = partitions.unwrap_or_else(processors);
        let more = !pending.is_empty();
        let plan = pending.place(input.plan.clone())?;
        let layout = if keys.is_empty() {
            LaneLayout::Even(partitions)
        } else {
            LaneLayout::By(keys.into_iter().map(|key| normalized(key).expr).collect(), partitions)
        };
        let mut plan = lanes_of(plan, layout);
        if more {
            plan = keep(plan, &attributes)?;
        }
        let mut resolved = Resolved { plan, ..input };
        resolved.hidden.retain(|attribute| !is_input_file(attribute));
        Ok(resolved)
    }

    fn repartition_by_range(&self, input: Resolved, partitions: usize, order: &[Expr]) -> Result<Resolved> {
        let attributes = input.output.clone();
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Row);
        let mut sorts = Vec::with_capacity(order.len());
        for item in order {
            sorts.extend(sort::item(&mut expressions, item)?.sorts());
        }
        let pending = std::mem::take(&mut expressions.pending);
        drop(expressions);
        let placed = Resolved { plan: pending.place(input.plan.clone())?, ..input };
        // Rows that are all equal are one range.
        let layout = if sorts.iter().all(|sort| matches!(sort.expr, DfExpr::Literal(..))) {
            LaneLayout::AtMost(1)
        } else {
            LaneLayout::Ranges(sorts, partitions)
        };
        let mut resolved = laid_out(placed, layout);
        resolved.plan = keep(resolved.plan, &attributes)?;
        resolved.hidden.retain(|attribute| !is_input_file(attribute));
        resolved.note_unsupported(StreamOperation::RepartitionByRange);
        Ok(resolved)
    }

    /// Rows by a number of their place, so that every pass keeps the same ones.
    fn sample(&self, input: Resolved, share: SampleShare, seed: i64) -> Result<Resolved> {
        let drawn = |draw| {
            let function: Arc<dyn Function> = Arc::new(RowFunction::drawing("sample", draw, seed));
            Expr::Function { function, arguments: Vec::new() }
        };
        let mut resolved = match share {
            SampleShare::Between(low, high) => {
                let bound = |value| Expr::Literal(ScalarValue::Float64(Some(value)));
                let within = vec![drawn(Draw::Uniform), bound(low), bound(high.next_down())];
                self.filter(input, &Expr::call("between", within))?
            }
            SampleShare::Replaced(mean) if mean >= Well19937c::MOST => {
                return Err(Error::unsupported(format!(
                    "sample() with replacement of a fraction of {} or more is not implemented in Firesteel, found {mean}",
                    Well19937c::MOST
                )));
            }
            SampleShare::Replaced(mean) => {
                let output = input.output.clone();
                let one = Expr::Literal(ScalarValue::Boolean(Some(true)));
                let count =
                    if mean > 0.0 { drawn(Draw::Count(mean)) } else { Expr::Literal(ScalarValue::Int32(Some(0))) };
                let copies = Expr::call("explode", vec![Expr::call("array_repeat", vec![one, count])]);
                let repeated = self.lateral_view(input, &copies, false, "", &["copy".to_owned()])?;
                Resolved { plan: keep(repeated.plan.clone(), &output)?, output, ..repeated }
            }
        };
        resolved.note_unsupported(StreamOperation::Sample);
        Ok(resolved)
    }

    fn watermark(&self, mut input: Resolved, name: &str, delay_ms: i64) -> Result<Resolved> {
        let parts: Vec<_> = name.split('.').map(ToOwned::to_owned).collect();
        let attribute = attribute(&input, &parts, &self.context)?;
        let is_time = |data_type: &DataType| matches!(data_type, DataType::Timestamp(TimeUnit::Microsecond, _));
        let is_window = matches!(&attribute.data_type, DataType::Struct(fields) if fields.iter().any(|field| field.name() == "end" && is_time(field.data_type())));
        if !is_time(&attribute.data_type) && !is_window {
            return Err(Error::of(condition::EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE)
                .with("eventName", format!("`{name}`"))
                .with("eventType", format!("\"{}\"", sql_name(&attribute.data_type))));
        }
        let node = WatermarkNode {
            input: input.plan.clone(),
            column: attribute.id.to_string(),
            index: input.watermarks.len(),
        };
        input.plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        input.watermarks.push(Watermark { column: attribute.id, delay_ms });
        Ok(input)
    }

    /// The input with columns that a projection dropped, so that an operator above may read them.
    /// They are no output.
    fn expose(&self, input: Resolved, ids: &[AttrId]) -> Result<Resolved> {
        if ids.is_empty() {
            return Ok(input);
        }
        match exposed(&input.plan, ids)? {
            Some(plan) => Ok(Resolved { plan, ..input }),
            None => {
                let name = input
                    .hidden
                    .iter()
                    .find(|attribute| ids.contains(&attribute.id))
                    .map_or_else(String::new, |a| a.name.clone());
                Err(scope::unresolved(&[name], &input.output))
            }
        }
    }
}

fn exposed(plan: &LogicalPlan, ids: &[AttrId]) -> Result<Option<LogicalPlan>> {
    let missing: Vec<_> = ids
        .iter()
        .copied()
        .filter(|id| plan.schema().index_of_column(&Column::from_name(id.to_string())).is_err())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if missing.is_empty() {
        return Ok(Some(plan.clone()));
    }
    match plan {
        LogicalPlan::Projection(projection) => {
            let Some(input) = exposed(&projection.input, &missing)? else { return Ok(None) };
            let mut expressions = projection.expr.clone();
            // A scan qualifies its columns, and names above have no qualifier.
            let schema = Arc::clone(input.schema());
            let own = |id: AttrId| {
                let found = schema.qualified_field_with_unqualified_name(&id.to_string());
                found.map_or_else(|_| column(id), |found| DfExpr::Column(Column::from(found)).alias(id.to_string()))
            };
            expressions.extend(missing.into_iter().map(own));
            Ok(Some(LogicalPlan::Projection(Projection::try_new(expressions, Arc::new(input))?)))
        }
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Repartition(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Extension(_) => {
            let inputs = plan.inputs();
            let [input] = inputs.as_slice() else { return Ok(None) };
            let Some(input) = exposed(input, &missing)? else { return Ok(None) };
            Ok(Some(plan.with_new_exprs(plan.expressions(), vec![input])?))
        }
        _ => Ok(None),
    }
}

pub fn lanes_of(input: LogicalPlan, layout: LaneLayout) -> LogicalPlan {
    LogicalPlan::Extension(Extension { node: Arc::new(LanesNode { input, layout }) })
}

/// The relation with its rows laid out in lanes.
fn laid_out(input: Resolved, layout: LaneLayout) -> Resolved {
    Resolved { plan: lanes_of(input.plan.clone(), layout), ..input }
}

/// The plan with only the attributes' columns, in their order.
fn keep(plan: LogicalPlan, attributes: &[Attribute]) -> Result<LogicalPlan> {
    let columns = attributes.iter().map(|attribute| column(attribute.id)).collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}

/// The parts of a conjunction.
fn conjuncts(predicate: &Expr) -> Vec<&Expr> {
    match predicate {
        Expr::Call(call) if call.name.eq_ignore_ascii_case("and") || call.name == "&&" => {
            call.arguments.iter().flat_map(conjuncts).collect()
        }
        other => vec![other],
    }
}

/// A filter by all of `predicates`, from left to right where one can raise.
fn filtered(plan: LogicalPlan, predicates: Vec<super::typed::Typed>, conf: &Conf) -> Result<LogicalPlan> {
    let Some(all) = operators::joined("and", predicates, conf, "AND")? else { return Ok(plan) };
    Ok(LogicalPlan::Filter(Filter::try_new(all.expr, Arc::new(plan))?))
}

/// A relation without sources.
fn leafless(plan: LogicalPlan) -> Result<Resolved> {
    Ok(Resolved {
        plan,
        output: Vec::new(),
        hidden: Vec::new(),
        leaves: Vec::new(),
        watermarks: Vec::new(),
        unsupported_on_stream: None,
        extent: PlanExtent::leaf(),
    })
}

/// A source read whole or as a stream: a leaf with an attribute for each column.
pub fn source_leaf(source: Arc<dyn Source>, streaming: bool) -> Result<Resolved> {
    let schema = source.schema();
    let output: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| Attribute {
            metadata: field.metadata().clone(),
            ..Attribute::new(field.name(), field.data_type().clone(), field.is_nullable())
        })
        .collect();
    let hidden: Vec<_> = source
        .hidden()
        .iter()
        .map(|field| Attribute {
            metadata: field.metadata().clone(),
            ..Attribute::new(field.name(), field.data_type().clone(), field.is_nullable())
        })
        .collect();
    let leaf = Leaf { id: LeafId::fresh(), source, streaming };
    let plan = leaf_plan(leaf.clone(), &output, &hidden)?;
    Ok(Resolved { output, hidden, leaves: vec![leaf], ..leafless(plan)? })
}
