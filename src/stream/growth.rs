//! Whether a query's state grows without end: the warnings about it, and the limit at which the query
//! ends.

use crate::config::Conf;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::operators::stateful::{Retention, StatefulOperator};

const WARNING: &str = "firesteel.state.rows.warning";
const LIMIT: &str = "firesteel.state.rows.limit";

/// After how many batches of a run that add rows an operator is said to grow. A set of keys that has
/// an end has usually come to it by then.
const GROWING_BATCHES: u32 = 10;

/// What a run has seen of the growth of its operators.
pub struct StateGrowth {
    /// How many rows an operator may keep without a warning.
    warning: Option<i64>,
    /// How many rows an operator may keep.
    limit: Option<i64>,
    operators: Vec<SeenGrowth>,
}

#[derive(Clone, Default)]
struct SeenGrowth {
    batches: u32,
    told_of_growth: bool,
    told_of_size: bool,
}

impl StateGrowth {
    pub fn new(conf: &Conf, operators: usize) -> Result<Self> {
        let rows = |key: &str| -> Result<Option<i64>> {
            // 0 is none.
            let rows = i64::try_from(conf.number(key)?).unwrap_or(i64::MAX);
            Ok(Some(rows).filter(|rows| *rows > 0))
        };
        Ok(Self { warning: rows(WARNING)?, limit: rows(LIMIT)?, operators: vec![SeenGrowth::default(); operators] })
    }

    /// Refuses a batch after which an operator would keep more rows than are allowed. One that keeps
    /// fewer rows than before is never refused.
    pub fn check(&self, operator: &StatefulOperator, before: i64, after: i64) -> Result<()> {
        match self.limit {
            Some(limit) if after > limit && after > before => Err(Error::new(
                ErrorKind::Runtime,
                format!(
                    "operator {operator} would keep {after} rows, and '{LIMIT}' allows {limit}: the batch was not committed. Raise the limit and start the query again, or {}",
                    operator.retention.remedy()
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Notes what a committed batch did. Each warning comes once a run.
    pub fn note(&mut self, operator: &StatefulOperator, before: i64, after: i64) {
        let Some(seen) = self.operators.get_mut(operator.number) else { return };
        if after > before {
            seen.batches += 1;
        }
        if seen.batches >= GROWING_BATCHES && operator.retention == Retention::Forever && !seen.told_of_growth {
            seen.told_of_growth = true;
            log::warn!(
                "operator {operator} keeps its rows for ever, and grows: it has {after} rows. To let them go, {}",
                operator.retention.remedy()
            );
        }
        if let Some(warning) = self.warning.filter(|warning| after > *warning && !seen.told_of_size) {
            seen.told_of_size = true;
            log::warn!(
                "operator {operator} keeps {after} rows, and '{WARNING}' is {warning}: {}",
                operator.retention.remedy()
            );
        }
    }
}
