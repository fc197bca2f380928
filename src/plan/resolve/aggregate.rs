//! Aggregations: aggregate functions are taken out of the outputs, what equals a grouping key becomes
//! that key, and a projection puts the outputs together.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, GroupingSet};
use datafusion::logical_expr::{Aggregate, ColumnarValue, Expr as DfExpr, Extension, Filter, LogicalPlan, Projection};

use super::Resolver;
use super::expression::{Clause, ExpressionPlace, Expressions, ResolvedValue, texts_and_values};
use super::grouping::{GroupingKeys, is_window};
use super::hidden::named_anywhere;
use super::lanes::lanes_of;
use super::pending::{Pending, named, substitute};
use super::scope::{attribute_id, column};
use super::select::SelectOutput;
use super::sessions;
use super::sort::{self, OrderItem};
use crate::error::{Error, Result, condition};
use crate::plan::event_time;
use crate::plan::functions::{CallContext, Definition, in_group_order, looks_at_order, lookup};
use crate::plan::kernels::Kernel;
use crate::plan::kernels::normalize::normalized;
use crate::plan::operators::lanes::LaneLayout;
use crate::plan::operators::stateful::ColumnNames;
use crate::plan::operators::stateful::aggregate::StatefulAggregateNode;
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::{Call, Expr, Grouping};
use crate::plan::typed::{Typed, literal};
use crate::plan::{AttrId, Resolved};

type Build = fn(&CallContext<'_>, Vec<Typed>) -> Result<Typed>;

/// What an aggregation collects while its outputs are resolved.
#[derive(Clone, Default)]
pub struct Aggregates {
    /// Calls in keys and in arguments of aggregate functions: they run below.
    pub below: Pending,
    functions: Vec<(AttrId, DfExpr)>,
    /// The keys, for `grouping(a)`; only grouping sets have any.
    pub(super) keys: Vec<(AttrId, ResolvedValue)>,
    /// Where each key stands among those that DataFusion counts, if some set has it.
    pub(super) places: Vec<Option<usize>>,
    pub(super) sets: bool,
}

/// An aggregate function's call.
pub fn call(expressions: &mut Expressions<'_>, call: &Call, build: Build) -> Result<ResolvedValue> {
    let name = call.name.to_lowercase();
    match expressions.place {
        ExpressionPlace::Group => {}
        ExpressionPlace::BelowGroup => return Err(Error::of(condition::NESTED_AGGREGATE_FUNCTION)),
        _ => {
            let arguments = expressions.arguments(&call.arguments)?;
            let pretty = expressions.pretty(call, &arguments);
            return Err(Error::of(condition::INVALID_WHERE_CONDITION)
                .with("condition", format!("\"{pretty}\""))
                .with("expressionList", pretty));
        }
    }
    let place = std::mem::replace(&mut expressions.place, ExpressionPlace::BelowGroup);
    let drawn_before = draws(expressions);
    let arguments = expressions.arguments(&call.arguments);
    let filter = arguments.and_then(|arguments| {
        let filter =
            call.filter.as_ref().map(|filter| expressions.condition(filter, Clause::Filter, false)).transpose()?;
        let order = call.within_group.iter().map(|item| sort::item(expressions, item));
        let order = order.collect::<Result<Vec<_>>>()?;
        Ok((arguments, filter, order))
    });
    expressions.place = place;
    let (arguments, filter, order) = filter?;
    let within = within_group(&name, &order);
    let pretty = match &filter {
        Some(filter) => {
            format!("{}{within} FILTER (WHERE {})", expressions.pretty(call, &arguments), filter.pretty)
        }
        None => format!("{}{within}", expressions.pretty(call, &arguments)),
    };
    if draws(expressions) > drawn_before {
        return Err(Error::of(condition::AGGREGATE_FUNCTION_WITH_NONDETERMINISTIC_EXPRESSION)
            .with("sqlExpr", format!("\"{pretty}\"")));
    }
    let (texts, mut arguments) = texts_and_values(arguments);
    if call.distinct {
        // Values that are equal are one value, as among the keys of a group.
        arguments = arguments.into_iter().map(normalized).collect();
    }
    let context = expressions.call_context(call, &pretty, &texts);
    let typed = if order.is_empty() {
        build(&context, arguments)?
    } else {
        let keys = order.iter().flat_map(OrderItem::keys).collect();
        in_group_order(&context, arguments, keys)?
    };
    let filter = filter.map(|filter| filter.typed.expr);
    let Some(aggregates) = &mut expressions.aggregates else {
        return Err(Error::internal("an aggregate function outside of a group"));
    };
    let expr = take_out(typed.expr, call, filter, &mut |function| aggregates.function(function))?;
    Ok(ResolvedValue::new(Typed { expr, ..typed }, pretty))
}

/// How many calls below the group give another value each time.
fn draws(expressions: &Expressions<'_>) -> usize {
    let below = expressions.aggregates.as_ref().map(|aggregates| &aggregates.below.calls);
    below.map_or(0, |calls| calls.iter().filter(|call| !call.function.deterministic()).count())
}

/// `WITHIN GROUP (ORDER BY …)` as Spark shows it: percentiles without what is the default.
fn within_group(name: &str, order: &[OrderItem]) -> String {
    if order.is_empty() {
        return String::new();
    }
    let items: Vec<_> = order
        .iter()
        .map(|item| match (name.starts_with("percentile"), item.ascending) {
            (false, _) => item.text(),
            (true, true) => item.value.pretty.clone(),
            (true, false) => format!("{} DESC", item.value.pretty),
        })
        .collect();
    format!(" WITHIN GROUP (ORDER BY {})", items.join(", "))
}

/// How Spark shows an aggregate function's call.
pub fn pretty(
    expressions: &Expressions<'_>,
    call: &Call,
    arguments: &[ResolvedValue],
    filter: Option<&ResolvedValue>,
) -> String {
    let mut text = expressions.pretty(call, arguments);
    if let Some(filter) = filter {
        text.push_str(&format!(" FILTER (WHERE {})", filter.pretty));
    }
    text
}

/// Puts a column in the place of each aggregate function of a definition's expression.
pub fn take_out(
    expr: DfExpr,
    call: &Call,
    filter: Option<DfExpr>,
    place: &mut dyn FnMut(AggregateFunction) -> Result<DfExpr>,
) -> Result<DfExpr> {
    let rewritten = expr.transform_down(|node| match node {
        DfExpr::AggregateFunction(mut function) => {
            function.params.distinct |= call.distinct;
            if let Some(filter) = &filter {
                function.params.filter = Some(Box::new(filter.clone()));
            }
            Ok(Transformed::new(place(function)?, true, TreeNodeRecursion::Jump))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(rewritten.data)
}

impl Aggregates {
    /// A value above the group, null in the groups of sets that leave it out if it is a key. A
    /// constant is one if it was written as the key was.
    pub fn above(&self, mut value: ResolvedValue) -> ResolvedValue {
        let is_constant = matches!(value.typed.expr, DfExpr::Literal(..));
        let is_key =
            |key: &ResolvedValue| key.typed.expr == value.typed.expr && (!is_constant || key.pretty == value.pretty);
        if let Some((id, _)) = self.keys.iter().find(|(_, key)| self.sets && is_key(key)) {
            value.typed.nullable = true;
            if is_constant {
                value.typed.expr = column(*id);
            }
        }
        value
    }

    fn function(&mut self, function: AggregateFunction) -> Result<DfExpr> {
        let expr = DfExpr::AggregateFunction(function);
        if let Some((id, _)) = self.functions.iter().find(|(_, other)| *other == expr) {
            return Ok(column(*id));
        }
        let id = AttrId::fresh();
        self.functions.push((id, expr));
        Ok(column(id))
    }
}

/// Whether an expression calls an aggregate function outside of a window.
pub fn has_aggregate(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => {
            matches!(lookup(&call.name.to_lowercase()), Some(Definition::Aggregate(_)))
                || matches!(call.name.to_lowercase().as_str(), "grouping" | "grouping_id")
                || call.arguments.iter().any(has_aggregate)
        }
        Expr::Function { arguments, .. } => arguments.iter().any(has_aggregate),
        Expr::Alias { input, .. } | Expr::Cast { input, .. } | Expr::Sort { input, .. } => has_aggregate(input),
        Expr::Case { operand, branches, otherwise } => {
            operand.as_deref().is_some_and(has_aggregate)
                || otherwise.as_deref().is_some_and(has_aggregate)
                || branches.iter().any(|branch| has_aggregate(&branch.0) || has_aggregate(&branch.1))
        }
        Expr::Extract { input, key } => has_aggregate(input) || has_aggregate(key),
        // The window function itself is none, but its arguments and its partitions may have some.
        Expr::Window { function, spec } => {
            let arguments = match function.as_ref() {
                Expr::Call(call) => call.arguments.iter().any(has_aggregate),
                other => has_aggregate(other),
            };
            arguments || spec.partition_by.iter().chain(&spec.order_by).any(has_aggregate)
        }
        _ => false,
    }
}

/// A resolved aggregation and, when it was ordered, the order's columns.
pub struct Grouped {
    pub resolved: Resolved,
    pub order: Vec<ResolvedValue>,
}

/// What an aggregation is asked for.
pub struct AggregateRequest<'e> {
    pub keys: &'e Grouping,
    pub outputs: &'e [Expr],
    pub with_keys: bool,
    pub having: Option<&'e Expr>,
    /// `ORDER BY` above it, which may name outputs, keys and other aggregates.
    pub order: &'e [Expr],
}

impl Resolver<'_> {
    /// Resolves an aggregation.
    pub fn aggregate(&self, input: Resolved, request: &AggregateRequest<'_>) -> Result<Grouped> {
        let generators = super::generate::positions(request.outputs).len();
        if generators > 1 {
            return Err(super::generate::several(generators));
        }
        let attributes = input.output.clone();
        let anywhere = named_anywhere(&input.hidden);
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::BelowGroup);
        expressions.hidden = &anywhere;
        expressions.aggregates = Some(Aggregates::default());
        let mut keys = self.keys(&mut expressions, request)?;
        if keys.sets.is_some() {
            keys.shown.iter_mut().for_each(|key| key.typed.nullable = true);
        }
        if let Some(aggregates) = &mut expressions.aggregates {
            aggregates.keys.clone_from(&keys.values);
            aggregates.places = keys.places();
            aggregates.sets = keys.sets.is_some();
        }
        expressions.place = ExpressionPlace::Group;

        // `GROUP BY window(…)` makes a column of that name.
        let windows = keys.values.iter().map(|(_, key)| key).filter(|key| is_window(key));
        let windows: Vec<_> = windows.map(|key| (key.output_name(), key.clone())).collect();
        expressions.aliases.clone_from(&windows);
        if request.with_keys {
            // `groupBy(k.alias("a"))` gives the name to the list that follows.
            let given = keys.shown.iter().filter(|key| key.attribute.is_none() && !is_window(key));
            let given = given.filter_map(|key| Some((key.name.clone()?, key.clone())));
            expressions.aliases.extend(given);
        }

        let mut outputs = Vec::new();
        if request.with_keys {
            outputs.extend(keys.shown.iter().map(|key| SelectOutput::of(key.clone(), None)));
        }
        self.outputs(&mut expressions, request.outputs, &mut outputs)?;
        expressions.settle(&mut outputs);
        let mut names: Vec<_> = outputs.iter().map(|output| (output.name.clone(), output.value.clone())).collect();
        let unnamed = |(window, _): &(String, ResolvedValue)| !names.iter().any(|(name, _)| self.same(name, window));
        let windows: Vec<_> = windows.into_iter().filter(unnamed).collect();
        names.extend(windows);
        let output_pending = std::mem::take(&mut expressions.pending);

        expressions.aliases = names;
        expressions.aliases_first = true;
        let having = request.having.map(|having| expressions.condition(having, Clause::Having, false)).transpose()?;
        let having_pending = std::mem::replace(&mut expressions.pending, output_pending);
        let (mut order, queries) = (Vec::new(), expressions.pending.queries.len());
        for item in request.order {
            order.push(self.order_item(&mut expressions, item, &outputs)?);
        }
        if expressions.pending.queries.len() > queries {
            return Err(Error::of(condition::UNSUPPORTED_CORRELATED_SCALAR_SUBQUERY));
        }

        let used = std::mem::take(&mut expressions.used_hidden);
        let input = self.expose(input, &used)?;
        let group = ResolvedAggregate::new(keys, expressions)?;
        group.finish(input, outputs, having.map(|having| (having, having_pending)), order)
    }

    /// One item of an order above an aggregation.
    fn order_item(
        &self,
        expressions: &mut Expressions<'_>,
        item: &Expr,
        outputs: &[SelectOutput],
    ) -> Result<ResolvedValue> {
        let input = match item {
            Expr::Sort { input, .. } => input,
            other => other,
        };
        if let Expr::Literal(ScalarValue::Int32(Some(position))) = input
            && self.conf().order_by_ordinal()
        {
            return super::select::ordinal(*position, outputs.len()).map(|index| outputs[index].value.clone());
        }
        expressions.value(input)
    }
}

/// An aggregation whose expressions are resolved.
struct ResolvedAggregate {
    keys: Vec<(AttrId, ResolvedValue)>,
    sets: Option<Vec<Vec<usize>>>,
    below: Pending,
    functions: Vec<(AttrId, DfExpr)>,
    above: Pending,
}

impl ResolvedAggregate {
    fn new(keys: GroupingKeys, expressions: Expressions<'_>) -> Result<Self> {
        let Some(aggregates) = expressions.aggregates else {
            return Err(Error::internal("a group without aggregates"));
        };
        let GroupingKeys { values: keys, sets, .. } = keys;
        Ok(Self { keys, sets, below: aggregates.below, functions: aggregates.functions, above: expressions.pending })
    }

    /// The expression over the aggregation's columns: keys in place of what equals them. A call
    /// that only runs below is called again above.
    fn over_keys(&self, expr: DfExpr, above: &mut Pending) -> Result<DfExpr> {
        let replaced = substitute(expr, &|node| {
            if matches!(node, DfExpr::Literal(..)) {
                return None;
            }
            self.keys.iter().find(|(_, key)| key.typed.expr == *node).map(|(id, _)| column(*id))
        })?;
        let calls: Vec<_> = replaced
            .column_refs()
            .into_iter()
            .filter_map(attribute_id)
            .filter_map(|id| self.below.calls.iter().find(|call| call.output == id).cloned())
            .collect();
        let mut renamed = Vec::new();
        for call in calls {
            let arguments = call
                .arguments
                .into_iter()
                .map(|argument| self.over_keys(argument, above))
                .collect::<Result<Vec<_>>>()?;
            renamed.push((call.output, above.call(&call.function, arguments, call.field)));
        }
        substitute(replaced, &|node| match node {
            DfExpr::Column(found) => {
                let id = attribute_id(found)?;
                renamed.iter().find(|(below, _)| *below == id).map(|(_, above)| column(*above))
            }
            _ => None,
        })
    }

    fn finish(
        mut self,
        input: Resolved,
        outputs: Vec<SelectOutput>,
        having: Option<(ResolvedValue, Pending)>,
        order: Vec<ResolvedValue>,
    ) -> Result<Grouped> {
        let mut above = std::mem::take(&mut self.above);
        let mut extra = Pending::default();
        above.rewrite(&mut |expr| self.over_keys(expr, &mut extra))?;
        let over_keys = |value: &ResolvedValue, pending: &mut Pending| -> Result<DfExpr> {
            self.over_keys(value.typed.expr.clone(), pending)
        };
        let output_exprs =
            outputs.iter().map(|output| over_keys(&output.value, &mut above)).collect::<Result<Vec<_>>>()?;
        let order_exprs = order.iter().map(|value| over_keys(value, &mut above)).collect::<Result<Vec<_>>>()?;
        above.calls.extend(extra.calls);
        let having = match having {
            Some((value, mut pending)) => {
                let mut extra = Pending::default();
                pending.rewrite(&mut |expr| self.over_keys(expr, &mut extra))?;
                let expr = self.over_keys(value.typed.expr.clone(), &mut pending)?;
                pending.calls.extend(extra.calls);
                // It may name outputs.
                let read = pending.read().chain([&expr]).cloned().collect::<Vec<_>>();
                for expr in read {
                    let needed = above.needed_by(&expr);
                    if !needed.windows.is_empty() {
                        return Err(Error::of(condition::UNSUPPORTED_FEATURE_LATERAL_COLUMN_ALIAS_WITH_HAVING));
                    }
                    pending.extend(needed);
                }
                Some((expr, pending))
            }
            None => None,
        };

        let event_times = self.event_times();
        let plan = self.plan(&input, &event_times)?;
        self.check(
            &input,
            &plan,
            output_exprs.iter().chain(&order_exprs).chain(having.iter().map(|(expr, _)| expr)),
            &above,
            having.as_ref().map(|(_, pending)| pending),
        )?;
        let mut plan = plan;
        if let Some((predicate, pending)) = having {
            plan = pending.place(plan)?;
            plan = LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(plan))?);
        }
        plan = above.place(plan)?;

        // Grouping sets leave keys out of some groups: then they are null.
        let nullable_keys: HashSet<_> =
            if self.sets.is_some() { self.keys.iter().map(|(id, _)| *id).collect() } else { HashSet::new() };
        let mut taken = HashSet::new();
        let (mut attributes, mut projection) = (Vec::new(), Vec::new());
        for (output, expr) in outputs.into_iter().zip(output_exprs) {
            let from_key =
                expr.column_refs().into_iter().filter_map(attribute_id).any(|id| nullable_keys.contains(&id));
            let mut attribute = output.attribute(&mut taken);
            attribute.nullable |= from_key;
            projection.push(named(expr, attribute.id));
            attributes.push(attribute);
        }
        let mut order_values = Vec::new();
        let mut ids: Vec<_> = attributes.iter().map(|attribute| attribute.id).collect();
        for (mut value, expr) in order.into_iter().zip(order_exprs) {
            let id = match projection.iter().position(|output| without_alias(output) == expr) {
                Some(index) => ids[index],
                None => {
                    let id = AttrId::fresh();
                    projection.push(named(expr, id));
                    ids.push(id);
                    id
                }
            };
            value.typed.expr = column(id);
            order_values.push(value);
        }
        let plan = LogicalPlan::Projection(Projection::try_new(projection, Arc::new(plan))?);
        let event_time = !event_times.is_empty();
        let session = self.keys.iter().any(|(_, key)| event_time::is_session(key.metadata()));
        let mut resolved = Resolved { plan, output: attributes, hidden: Vec::new(), ..input };
        let distinct = |expr: &DfExpr| matches!(expr, DfExpr::AggregateFunction(function) if function.params.distinct);
        if self.functions.iter().any(|(_, expr)| distinct(expr)) {
            resolved.note(StreamOperation::DistinctAggregate);
        }
        resolved.note(StreamOperation::Aggregation { event_time, session });
        Ok(Grouped { resolved, order: order_values })
    }

    /// The keys that have an event time.
    fn event_times(&self) -> Vec<AttrId> {
        let marked = |key: &ResolvedValue| event_time::delay(key.metadata()).is_some();
        self.keys.iter().filter(|(_, key)| marked(key)).map(|(id, _)| *id).collect()
    }

    /// The input with the keys as columns, grouped.
    fn plan(&mut self, input: &Resolved, event_times: &[AttrId]) -> Result<LogicalPlan> {
        let below = std::mem::take(&mut self.below);
        let plan = below.clone().place(input.plan.clone())?;
        self.below = below;
        let ordered = self.functions.iter().any(|(_, expr)| sees_order(expr));
        let plan = if ordered { lanes_of(plan, LaneLayout::AsTheyAre) } else { plan };
        let mut columns: Vec<_> = plan.schema().columns().into_iter().map(DfExpr::Column).collect();
        let key_columns: Vec<_> = self.keys.iter().map(|(id, _)| column(*id)).collect();
        let mut keys = self.keys.iter().map(|(id, key)| (*id, normalized(key.typed.clone()))).collect::<Vec<_>>();
        let group = match &self.sets {
            None => key_columns,
            Some(sets) => {
                // A set without a key has a group even where there are no rows. In Spark it has none
                // if another set has a key.
                if !keys.is_empty() {
                    keys.insert(0, (AttrId::fresh(), literal(ScalarValue::Boolean(Some(true)))));
                }
                let every = keys.iter().take(1).map(|(id, _)| column(*id));
                let set =
                    |set: &Vec<usize>| every.clone().chain(set.iter().map(|key| key_columns[*key].clone())).collect();
                let sets = sets.iter().map(set).collect();
                // Rows that are ordered by a key are not where a set leaves it out.
                keys = keys.into_iter().map(|(id, key)| (id, without_order(key))).collect();
                vec![DfExpr::GroupingSet(GroupingSet::GroupingSets(sets))]
            }
        };
        columns.extend(keys.into_iter().map(|(id, key)| key.expr.alias(id.to_string())));
        let in_no_set = self.in_no_set();
        let plan = LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?);
        let mut functions: Vec<_> =
            self.functions.iter().map(|(id, expr)| expr.clone().alias(id.to_string())).collect();
        if functions.is_empty() && group.is_empty() {
            // `SELECT 1 … HAVING …`, `agg(lit(1))`: one group of everything.
            let one = DfExpr::Literal(ScalarValue::Int64(Some(1)), None);
            let count = DfExpr::AggregateFunction(AggregateFunction::new_udf(
                count_udaf(),
                vec![one],
                false,
                None,
                Vec::new(),
                None,
            ));
            functions.push(count.alias(AttrId::fresh().to_string()));
        }
        let session = self.keys.iter().find(|(_, key)| event_time::is_session(key.metadata()));
        let plan = match session {
            Some((id, key)) if !input.is_streaming() => {
                let others: Vec<_> = self.keys.iter().map(|(key, _)| *key).filter(|key| key != id).collect();
                sessions::merged(plan, *id, &key.typed, &others)?
            }
            _ => plan,
        };
        let aggregate = Aggregate::try_new(Arc::new(plan), group, functions)?;
        let plan = if input.is_streaming() {
            let event_times = event_times.iter().map(ToString::to_string).collect();
            let session = session.map(|(id, _)| id.to_string());
            let names = self.keys.iter().map(|(id, key)| (id.to_string(), key.output_name()));
            let names = ColumnNames::new(names);
            let node = StatefulAggregateNode { aggregate, event_times, session, names, place: None };
            LogicalPlan::Extension(Extension { node: Arc::new(node) })
        } else {
            LogicalPlan::Aggregate(aggregate)
        };
        if in_no_set.is_empty() {
            return Ok(plan);
        }
        let columns = plan.schema().columns().into_iter().map(DfExpr::Column);
        let projection = columns.chain(in_no_set).collect();
        Ok(LogicalPlan::Projection(Projection::try_new(projection, Arc::new(plan))?))
    }

    /// The keys that no set has, which are null.
    fn in_no_set(&self) -> Vec<DfExpr> {
        let Some(sets) = &self.sets else { return Vec::new() };
        let keys = self.keys.iter().enumerate().filter(|(at, _)| !sets.iter().any(|set| set.contains(at)));
        keys.filter_map(|(_, (id, key))| {
            let null = ScalarValue::try_from(&key.typed.data_type).ok()?;
            Some(DfExpr::Literal(null, None).alias(id.to_string()))
        })
        .collect()
    }

    /// The error for a column that is no key.
    fn missing(&self, name: String) -> Error {
        if self.keys.is_empty() {
            return Error::of(condition::MISSING_GROUP_BY);
        }
        Error::of(condition::MISSING_AGGREGATION)
            .with("expression", format!("\"{name}\""))
            .with("expressionAnyValue", format!("\"any_value({name})\""))
    }

    /// Every column above the aggregation must come from it.
    fn check<'e>(
        &self,
        input: &Resolved,
        plan: &LogicalPlan,
        expressions: impl Iterator<Item = &'e DfExpr>,
        above: &'e Pending,
        having: Option<&'e Pending>,
    ) -> Result<()> {
        let pending = || [Some(above), having].into_iter().flatten();
        let made: HashSet<_> = pending().flat_map(Pending::made).collect();
        let arguments = pending().flat_map(Pending::read);
        for expr in expressions.chain(arguments) {
            for found in expr.column_refs() {
                let known = plan.schema().index_of_column(found).is_ok()
                    || attribute_id(found).is_some_and(|id| made.contains(&id));
                if known {
                    continue;
                }
                let name = attribute_id(found)
                    .and_then(|id| input.output.iter().find(|attribute| attribute.id == id))
                    .map_or_else(|| found.name.clone(), |attribute| attribute.name.clone());
                return Err(self.missing(name));
            }
        }
        Ok(())
    }
}

/// Whether an aggregate function looks at the order of rows.
fn sees_order(expr: &DfExpr) -> bool {
    matches!(expr, DfExpr::AggregateFunction(function) if looks_at_order(&function.func))
}

/// A value as it is, of which no optimiser knows that it is constant or in order.
fn without_order(value: Typed) -> Typed {
    let (data_type, nullable) = (value.data_type.clone(), value.nullable);
    let kernel = Kernel::new("without_order", data_type, nullable, |arguments, rows| {
        let [value] = arguments else { return Err(Error::internal("without_order takes one value")) };
        Ok(ColumnarValue::Array(value.to_array(rows)?))
    });
    kernel.infallible().volatile().call(vec![value])
}

fn without_alias(expr: &DfExpr) -> DfExpr {
    match expr {
        DfExpr::Alias(alias) => alias.expr.as_ref().clone(),
        other => other.clone(),
    }
}
