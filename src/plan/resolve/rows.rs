//! Which rows stay: limits, distinct rows, samples.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, Projection};

use super::hidden::is_input_file;
use super::lanes::lanes_of;
use super::scope::column;
use super::{Resolver, keep, operators, scope};
use crate::error::{Error, Result, condition};
use crate::function::Function;
use crate::function::random::Well19937c;
use crate::function::row::{Draw, RowFunction};
use crate::plan::functions::Edge;
use crate::plan::kernels::normalize::normalized;
use crate::plan::operators::lanes::LaneLayout;
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::{Expr, SampleShare};
use crate::plan::{AttrId, Attribute, Resolved};
use crate::types::sql_name;

impl Resolver<'_> {
    pub(super) fn limit(&self, input: Resolved, skip: u64, fetch: Option<u64>) -> Result<Resolved> {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let fetch = fetch.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
        let plan = LogicalPlanBuilder::from(input.plan.clone()).limit(skip, fetch)?.build()?;
        let mut resolved = Resolved { plan, ..input };
        resolved.hidden.retain(|attribute| !is_input_file(attribute));
        resolved.note_unsupported(if skip > 0 { StreamOperation::Offset } else { StreamOperation::Limit });
        Ok(resolved)
    }

    pub(super) fn distinct(&self, input: Resolved, subset: Option<&[String]>) -> Result<Resolved> {
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

    /// `dropDuplicates(subset)`: the first row of each group.
    pub fn first_of_each(&self, input: Resolved, keys: &[Attribute]) -> Result<Resolved> {
        let mut projection = Vec::new();
        let mut renamed = Vec::new();
        for attribute in &input.output {
            if keys.iter().any(|key| key.id == attribute.id) {
                if operators::holds_map(&attribute.data_type) {
                    return Err(Error::of(condition::UNSUPPORTED_FEATURE_SET_OPERATION_ON_MAP_TYPE)
                        .with("colName", format!("`{}`", attribute.name))
                        .with("dataType", format!("\"{}\"", sql_name(&attribute.data_type))));
                }
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
        let mut resolved = Resolved { plan, hidden: Vec::new(), ..input };
        resolved.note_unsupported(StreamOperation::DropDuplicates);
        Ok(resolved)
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
        resolved.note_unsupported(StreamOperation::Sample);
        Ok(resolved)
    }
}
