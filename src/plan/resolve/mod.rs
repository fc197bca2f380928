//! From the tree to a DataFusion plan: the one place that knows Spark's names and types.
//!
//! | file | what it decides |
//! |---|---|
//! | `leaf` | relations that have no input |
//! | `scope`, `hidden` | which attribute a name means; those that are no output |
//! | `expression`, `call` | expressions: types, calls taken out ([`pending`]) |
//! | `star` | `*`, spelled out |
//! | `select`, `aggregate`, `window`, `generate`, `lambda`, `subquery` | the places where expressions stand |
//! | `query_value`, `correlated`, `negation` | queries as values; those that name columns around them; NOT over an `IN` of a query |
//! | `sessions` | whole sessions, before a frame is grouped by them |
//! | `grouping` | keys of groups, and grouping sets |
//! | `groups` | functions of groups that keep something of each |
//! | `recurrent` | models with state |
//! | `filter`, `rows` | which rows stay: WHERE; LIMIT, DISTINCT and samples |
//! | `columns` | columns that are added, renamed or dropped |
//! | `lanes` | `repartition`, `coalesce` |
//! | `sort` | orders: of rows, of windows and of aggregates |
//! | `join`, `stream_join`, `set_operation` | relations of several inputs |
//! | `pipe` | pipes that no clause of a SELECT is |
//! | `unpivot` | columns that become rows |
//! | `coerce`, `cast` | types that meet; which casts there are |
//! | `operators`, `decimals`, `date_arithmetic`, `nested` | operators over typed expressions |
//! | `projection` | one projection over another |
//! | `random` | functions of a seed |
//! | `update_fields` | structs with other fields |
//! | `naming` | what Spark calls an expression that has no name |

mod aggregate;
mod call;
pub mod cast;
pub mod coerce;
mod columns;
mod correlated;
pub mod date_arithmetic;
mod decimals;
mod expression;
mod filter;
mod generate;
mod grouping;
mod groups;
mod hidden;
mod join;
mod lambda;
mod lanes;
mod leaf;
mod naming;
mod negation;
pub mod nested;
pub mod operators;
mod pending;
mod pipe;
mod projection;
mod query_value;
mod random;
mod recurrent;
mod rows;
mod scope;
mod select;
mod sessions;
mod set_operation;
mod sort;
mod star;
mod stream_join;
mod subquery;
mod unpivot;
mod update_fields;
mod window;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use datafusion::logical_expr::{Extension, LogicalPlan, LogicalPlanBuilder, Projection};

use self::aggregate::AggregateRequest;
use self::hidden::is_of_file;
use self::lanes::laid_out;
use self::leaf::leafless;
pub use self::leaf::source_leaf;
use self::scope::{Scope, column};
use super::event_time::{is_event_time, marked};
use super::limits::PlanGauge;
use super::operators::lanes::LaneLayout;
use super::operators::watermark::WatermarkNode;
use super::tree::{Grouping, Relation};
use super::{Attribute, Leaf, Resolved, Watermark};
use crate::config::Conf;
use crate::error::{Error, Result, condition};
use crate::function::Function;
use crate::runtime::stack;
use crate::types::{METADATA_KEY, sql_name};

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
            Relation::Distinct { input, subset, by } => self.distinct(self.relation(input)?, subset.as_deref(), *by),
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
                resolved.hidden.retain(is_of_file);
                for attribute in resolved.output.iter_mut().chain(&mut resolved.hidden) {
                    attribute.qualifier = vec![name.clone()];
                }
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
            Relation::GroupsWithState { input, keys, call, initial } => {
                let initial = match initial {
                    Some((rows, keys)) => Some((self.relation(rows)?, keys.as_slice())),
                    None => None,
                };
                self.groups_with_state(self.relation(input)?, keys, call, initial)
            }
            Relation::StatefulModel { input, call } => self.stateful_model(self.relation(input)?, call),
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

    fn watermark(&self, mut input: Resolved, name: &str, delay_ms: i64) -> Result<Resolved> {
        let parts: Vec<_> = name.split('.').map(ToOwned::to_owned).collect();
        let scope = Scope { attributes: &input.output, names: self.context.conf.name_case() };
        let attribute = match scope.find(&parts)? {
            Some(found) if found.fields.is_empty() => found.attribute,
            Some(_) => return Err(Error::of(condition::EVENT_TIME_MUST_BE_TOP_LEVEL_COLUMN).with("eventExpr", name)),
            None => return Err(scope.unresolved(&parts)),
        };
        if !is_event_time(&attribute.data_type) {
            return Err(Error::of(condition::EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE)
                .with("eventName", format!("`{name}`"))
                .with("eventType", format!("\"{}\"", sql_name(&attribute.data_type))));
        }
        if !input.is_streaming() {
            return Ok(input);
        }
        for output in input.output.iter_mut().filter(|output| output.id == attribute.id) {
            let metadata = marked(output.metadata.get(METADATA_KEY), delay_ms);
            output.metadata.insert(METADATA_KEY.to_owned(), metadata);
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
}

/// The plan with only the attributes' columns, in their order.
fn keep(plan: LogicalPlan, attributes: &[Attribute]) -> Result<LogicalPlan> {
    let columns = attributes.iter().map(|attribute| column(attribute.id)).collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}
