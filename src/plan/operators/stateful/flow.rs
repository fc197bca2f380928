//! How the watermark reaches each stateful operator.
//!
//! `withWatermark` gives the query's watermark. Of several inputs the least counts, among those that
//! have one. An operator with state takes what reaches it, and gives on what its own rows promise.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;

use super::join::time::WatermarkShift;
use super::{WatermarkOut, stateful};
use crate::plan::operators::watermark::WatermarkExec;

/// The watermark at one place of a plan, as far as the plan says it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Flow {
    /// No watermark comes here.
    Nothing,
    /// The query's.
    Query,
    /// The least of several.
    Least(Vec<Flow>),
    /// The least of one, and of what it is after each shift.
    Shifted(Box<Flow>, Vec<WatermarkShift>),
}

impl Flow {
    fn at(&self, watermark_ms: i64) -> Option<i64> {
        match self {
            Self::Nothing => None,
            Self::Query => Some(watermark_ms),
            Self::Least(flows) => flows.iter().filter_map(|flow| flow.at(watermark_ms)).min(),
            // Before it has moved it is the same everywhere.
            Self::Shifted(flow, _) if watermark_ms == 0 => flow.at(0),
            Self::Shifted(flow, shifts) => {
                let ms = flow.at(watermark_ms)?;
                shifts.iter().map(|shift| shift.of(ms)).chain([ms]).min()
            }
        }
    }
}

/// What reaches each operator, by its number.
#[derive(Clone, Debug, Default)]
pub struct WatermarkFlow {
    inputs: Vec<Flow>,
    redefined: bool,
}

impl WatermarkFlow {
    /// Reads it from a plan with `operators` stateful operators.
    pub fn of(plan: &Arc<dyn ExecutionPlan>, operators: usize) -> Self {
        let mut flow = Self { inputs: vec![Flow::Nothing; operators], redefined: false };
        flow.visit(plan);
        flow
    }

    /// Whether a watermark is declared over another one.
    pub fn redefined(&self) -> bool {
        self.redefined
    }

    /// What reaches each operator when the query's watermark is `watermark_ms`.
    pub fn at(&self, watermark_ms: i64) -> Vec<Option<i64>> {
        self.inputs.iter().map(|flow| flow.at(watermark_ms)).collect()
    }

    fn visit(&mut self, plan: &Arc<dyn ExecutionPlan>) -> Flow {
        let mut below: Vec<_> = plan.children().into_iter().map(|child| self.visit(child)).collect();
        below.retain(|flow| *flow != Flow::Nothing);
        below.dedup();
        let least = match below.len() {
            0 => Flow::Nothing,
            1 => below.swap_remove(0),
            _ => Flow::Least(below),
        };
        if plan.is::<WatermarkExec>() {
            self.redefined |= least != Flow::Nothing;
            return Flow::Query;
        }
        let Some(operator) = stateful(plan.as_ref()) else { return least };
        if let Some(input) = self.inputs.get_mut(operator.number) {
            *input = least.clone();
        }
        match &operator.gives {
            WatermarkOut::Least(shifts) if !shifts.is_empty() && least != Flow::Nothing => {
                Flow::Shifted(Box::new(least), shifts.clone())
            }
            WatermarkOut::Same | WatermarkOut::Least(_) => least,
            WatermarkOut::Nothing => Flow::Nothing,
        }
    }
}
