//! A processor over a frame that is no stream: one batch, whose state begins empty and is dropped.

use std::sync::Arc;

use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use crate::error::Result;
use crate::plan::operators::exchange::stage::{hashed, with_hash};
use crate::plan::operators::stateful::{OperatorPass, OperatorWatermark};
use crate::plan::pass::PassContext;
use crate::state::StateView;

/// Whose rows a function of groups is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum GroupedRows {
    /// Each batch of a stream.
    OfStream,
    /// All rows of a frame, once.
    OfFrame,
}

/// The bytes of changes that are held in memory. The rest goes to temporary files.
const BUDGET: usize = 64 << 20;

/// What a lane works with.
#[derive(Clone)]
pub enum LaneState {
    OfQuery { pass: Arc<PassContext>, operator: usize },
    OfFrame(Arc<OperatorPass>),
}

impl LaneState {
    pub fn new(rows: GroupedRows, pass: &Arc<PassContext>, operator: usize) -> Self {
        match rows {
            GroupedRows::OfStream => Self::OfQuery { pass: Arc::clone(pass), operator },
            GroupedRows::OfFrame => {
                // As in Spark no row of a frame is late, and its watermark is just before 1970.
                let watermark = OperatorWatermark { late_ms: None, evict_ms: Some(-1) };
                let pass = OperatorPass::new(StateView::empty(), watermark, None, BUDGET);
                Self::OfFrame(Arc::new(pass))
            }
        }
    }

    pub fn get(&self) -> Result<&OperatorPass> {
        match self {
            Self::OfQuery { pass, operator } => pass.state(*operator),
            Self::OfFrame(pass) => Ok(pass),
        }
    }
}

/// Rows with the hash of their keys, as a stage gives them.
pub fn with_hashes(input: SendableRecordBatchStream, keys: Vec<usize>) -> SendableRecordBatchStream {
    let schema = with_hash(&input.schema());
    let to = Arc::clone(&schema);
    let rows = input.map(move |batch| Ok(hashed(&batch?, &keys, &to)?.0));
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}
