//! The edge to the interpreter: the module `_native`, and the only place that names pyo3. A file
//! holds the conversion for one handle and nothing else; what a handle does is in the crate.
//!
//! | file | holds |
//! |---|---|
//! | `door` | the only way out of the interpreter lock: run, map the error, honour Ctrl-C |
//! | `error` | our errors as Python exceptions, and a user's exception as our error |
//! | `arrow` | Arrow capsules in and out |
//! | `row_in`, `row_out` | Python values to columns and back |
//! | `session`, `frame` | the handles behind `SparkSession` and `DataFrame` |
//! | `query`, `listener`, `foreach`, `memory` | streaming: handles, listeners, the user's code as an output |
//! | `functions` | Python functions, and the handle of any function that an expression calls |
//! | `groups` | Python functions of groups, with what they keep of each |
//! | `model`, `recurrent` | `firesteel.ml.Model`; one with state |
//! | `checkpoint` | `firesteel.checkpoint`: checkpoints without their queries |
//! | `types` | Spark's types to Python's and back, as JSON |
//! | `expr`, `literal`, `column_text` | what `Column` builds, and how it shows itself |

pub mod arrow;
pub mod checkpoint;
pub mod column_text;
pub mod door;
pub mod error;
pub mod expr;
pub mod foreach;
pub mod frame;
pub mod functions;
pub mod groups;
pub mod listener;
pub mod literal;
pub mod memory;
pub mod model;
pub mod query;
pub mod recurrent;
pub mod row_in;
pub mod row_out;
pub mod session;
pub mod types;

use mimalloc::MiMalloc;
use pyo3::prelude::*;

/// A trigger of a few rows makes thousands of small allocations. With the system's allocator they
/// take a quarter of its time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The module `firesteel._native`.
#[pymodule]
pub mod _native {
    #[pymodule_export]
    use super::arrow::{ArrowStream, ArrowTable};
    #[pymodule_export]
    use super::checkpoint::{checkpoint_fsck, checkpoint_inspect, checkpoint_rescale, checkpoint_rollback};
    #[pymodule_export]
    use super::expr::ExprHandle;
    #[pymodule_export]
    use super::frame::{FrameHandle, RowBatches};
    #[pymodule_export]
    use super::functions::{FunctionHandle, TurnHandle};
    #[pymodule_export]
    use super::groups::GroupFunctionHandle;
    #[pymodule_export]
    use super::listener::{ListenerHandle, Streams};
    #[pymodule_export]
    use super::memory::MemoryStreamHandle;
    #[pymodule_export]
    use super::model::ModelHandle;
    #[pymodule_export]
    use super::query::{Query, check_trigger, start_stream};
    #[pymodule_export]
    use super::recurrent::RecurrentHandle;
    #[pymodule_export]
    use super::row_in::rows_to_table;
    #[pymodule_export]
    use super::session::{SessionHandle, sql_parameters, wait_until_idle};
    #[pymodule_export]
    use super::types::{parse_ddl, schema_ddl};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn start(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // Rust's log goes to Python's `logging`; levels are cached, so a silent line costs nothing.
        let _ = pyo3_log::try_init();
        // Only in a build that the recovery tests can kill: its presence says so.
        #[cfg(feature = "crash-points")]
        module.add("CRASH_POINTS", crate::runtime::crash::POINTS.to_vec())?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
