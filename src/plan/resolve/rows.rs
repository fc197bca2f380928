//! Which rows stay: limits, distinct rows, samples.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Extension, LogicalPlan, LogicalPlanBuilder, Projection};

use super::aggregate::AggregateRequest;
use super::hidden::is_input_file;
use super::lanes::lanes_of;
use super::scope::column;
use super::{Resolver, keep, operators, scope};
use crate::error::{Error, Result, condition};
use crate::function::Function;
use crate::function::random::Well19937c;
use crate::function::row::{Draw, RowFunction};
use crate::plan::event_time::delay_of;
use crate::plan::functions::Edge;
use crate::plan::kernels::normalize::normalized;
use crate::plan::operators::lanes::LaneLayout;
use crate::plan::operators::stateful::ColumnNames;
use crate::plan::operators::stateful::dedup::{DedupNode, Memory};
use crate::plan::operators::stateful::limit::StreamLimitNode;
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::{DistinctBy, Expr, Grouping, SampleShare};
use crate::plan::{AttrId, Attribute, Resolved};
use crate::types::sql_name;

impl Resolver<'_> {
    pub(super) fn limit(&self, input: Resolved, skip: u64, fetch: Option<u64>) -> Result<Resolved> {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let fetch = fetch.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
        let plan = match fetch {
            Some(rows) if skip == 0 && input.is_streaming() => {
                let node = StreamLimitNode { input: input.plan.clone(), rows, place: None };
                LogicalPlan::Extension(Extension { node: Arc::new(node) })
            }
            _ => LogicalPlanBuilder::from(input.plan.clone()).limit(skip, fetch)?.build()?,
        };
        let mut resolved = Resolved { plan, ..input };
        resolved.hidden.retain(|attribute| !is_input_file(attribute));
        resolved.note(if skip > 0 { StreamOperation::Offset } else { StreamOperation::Limit });
        Ok(resolved)
    }

    pub(super) fn distinct(&self, input: Resolved, subset: Option<&[String]>, by: DistinctBy) -> Result<Resolved> {
        let keys = match subset {
            Some(subset) => self.key_columns(&input, subset)?,
            None => input.output.clone(),
        };
        match by {
            DistinctBy::Group if input.is_streaming() => self.groups_of(input),
            DistinctBy::First | DistinctBy::WithinWatermark if input.is_streaming() => {
                self.first_of_stream(input, keys, by)
            }
            DistinctBy::WithinWatermark => Err(Error::of(condition::STREAMING_UNSUPPORTED_OPERATION)
                .with("msg", "dropDuplicatesWithinWatermark is not supported with batch DataFrames/DataSets")),
            DistinctBy::First | DistinctBy::Group => self.first_of_each(input, &keys),
        }
    }

    /// The columns of these names, each once.
    fn key_columns(&self, input: &Resolved, subset: &[String]) -> Result<Vec<Attribute>> {
        let mut keys: Vec<Attribute> = Vec::new();
        for name in subset {
            let found: Vec<_> =
                input.output.iter().filter(|attribute| self.same(&attribute.name, name)).cloned().collect();
            if found.is_empty() {
                return Err(scope::not_among(name, &input.output));
            }
            keys.extend(found);
        }
        let mut seen = HashSet::new();
        keys.retain(|key| seen.insert(key.id));
        Ok(keys)
    }

    /// Groups of all columns.
    pub(super) fn groups_of(&self, input: Resolved) -> Result<Resolved> {
        let columns: Vec<_> =
            input.output.iter().map(|attribute| Expr::Attribute(attribute.id, attribute.name.clone())).collect();
        let keys = Grouping::By(columns.clone());
        let request = AggregateRequest { keys: &keys, outputs: &columns, with_keys: false, having: None, order: &[] };
        self.aggregate(input, &request).map(|grouped| grouped.resolved)
    }

    /// The first row of each key of a stream.
    fn first_of_stream(&self, input: Resolved, keys: Vec<Attribute>, by: DistinctBy) -> Result<Resolved> {
        keys.iter().try_for_each(comparable)?;
        let event_time = input.output.iter().find(|attribute| delay_of(attribute).is_some());
        let is_key = event_time.is_some_and(|time| keys.iter().any(|key| key.id == time.id));
        let within = by == DistinctBy::WithinWatermark;
        let memory = match event_time.and_then(delay_of) {
            Some(delay_ms) if within => Memory::Within(delay_ms),
            _ => Memory::OfKey,
        };
        let operation = match (within, event_time) {
            (true, None) => StreamOperation::DropDuplicatesWithoutWatermark,
            _ => StreamOperation::DropDuplicates { event_time: is_key || within },
        };
        let event_times = input.output.iter().filter(|attribute| delay_of(attribute).is_some());
        let event_times = event_times.map(|attribute| attribute.id.to_string()).collect();
        let names = ColumnNames::of(&keys);
        let keys = keys.iter().map(|key| key.id.to_string()).collect();
        let node = DedupNode { input: input.plan.clone(), keys, event_times, memory, names, place: None };
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        let mut resolved = Resolved { plan, hidden: Vec::new(), ..input };
        resolved.note(operation);
        Ok(resolved)
    }

    /// `dropDuplicates(subset)`: the first row of each group.
    pub fn first_of_each(&self, input: Resolved, keys: &[Attribute]) -> Result<Resolved> {
        let mut projection = Vec::new();
        let mut renamed = Vec::new();
        for attribute in &input.output {
            if keys.iter().any(|key| key.id == attribute.id) {
                comparable(attribute)?;
                let id = AttrId::fresh();
                projection.push(normalized(attribute.typed()).expr.alias(id.to_string()));
                renamed.push((attribute.id, id));
            }
        }
        projection.extend(input.output.iter().map(|attribute| column(attribute.id)));
        let rows = if renamed.len() < input.output.len() {
            lanes_of(input.plan.clone(), LaneLayout::AsTheyAre)
        } else {
            input.plan.clone()
        };
        let plan = LogicalPlan::Projection(Projection::try_new(projection, Arc::new(rows))?);
        let group: Vec<_> = renamed.iter().map(|(_, id)| column(*id)).collect();
        let is_key = |attribute: &Attribute| renamed.iter().find(|(key, _)| *key == attribute.id).map(|(_, id)| *id);
        let mut firsts = Vec::new();
        let mut back = Vec::new();
        for attribute in &input.output {
            let id = is_key(attribute).unwrap_or_else(|| {
                let id = AttrId::fresh();
                firsts.push(Edge::First.value(attribute.typed(), false).expr.alias(id.to_string()));
                id
            });
            back.push(column(id).alias(attribute.id.to_string()));
        }
        if group.is_empty() && firsts.is_empty() {
            return Ok(input);
        }
        let plan = LogicalPlanBuilder::from(plan).aggregate(group, firsts)?.build()?;
        let plan = LogicalPlan::Projection(Projection::try_new(back, Arc::new(plan))?);
        Ok(Resolved { plan, hidden: Vec::new(), ..input })
    }

    /// Rows by a number of their place, so that every pass keeps the same ones.
    pub(super) fn sample(&self, input: Resolved, share: SampleShare, seed: i64) -> Result<Resolved> {
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
        resolved.note(StreamOperation::Sample);
        Ok(resolved)
    }
}

/// Refuses a column whose values are not equal or unequal.
fn comparable(attribute: &Attribute) -> Result<()> {
    if operators::holds_map(&attribute.data_type) {
        return Err(Error::of(condition::UNSUPPORTED_FEATURE_SET_OPERATION_ON_MAP_TYPE)
            .with("colName", format!("`{}`", attribute.name))
            .with("dataType", format!("\"{}\"", sql_name(&attribute.data_type))));
    }
    Ok(())
}
