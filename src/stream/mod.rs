//! Queries that run: when a batch is due, what it does, what is reported of it.
//!
//! | file | what is in it |
//! |---|---|
//! | [`start`] | checks a query, as Spark does, and opens it |
//! | [`query`] | its thread, and the loop over its trigger |
//! | [`trigger`] | when a batch is due, as pure functions |
//! | [`batch`] | the life of a batch: the one place to read first |
//! | [`lanes`] | a batch's lanes, run to their ends |
//! | [`each_batch`] | `foreachBatch` |
//! | [`continuous`] | another order of the same pieces |
//! | `state` | what operators keep: opened, made durable, adopted after a crash |
//! | `growth` | whether that grows without end |
//! | [`inspect`] | what they keep, as frames |
//! | [`maintenance`] | checkpoints looked at, verified and changed while no query runs |
//! | [`watermark`] | how far event time has come |
//! | [`manager`], [`monitor`] | the queries of a session; what others see of one, and how they end it |
//! | [`progress`], [`listener`] | what a query reports, and who is told |

pub mod batch;
pub mod continuous;
pub mod each_batch;
mod growth;
pub mod inspect;
pub mod lanes;
pub mod listener;
pub mod maintenance;
pub mod manager;
pub mod monitor;
pub mod progress;
pub mod query;
pub mod start;
mod state;
pub mod trigger;
pub mod watermark;

pub use each_batch::EachBatch;
pub use manager::Manager;
pub use query::StreamingQuery;
pub use start::{QueryOutput, StartRequest};
pub use trigger::Trigger;
