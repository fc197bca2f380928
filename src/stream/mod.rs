//! Queries that run: when a batch is due, what it does, what is reported of it.
//!
//! [`start`] checks a query and opens it; [`query`] gives it a thread and loops over its [`trigger`]; [`batch`] is the life of a batch, the one
//! place to read first, and [`lanes`] runs its lanes to their ends; [`continuous`] is the other order of the same pieces. [`manager`] knows the queries of a session, [`listener`]
//! tells who wants to know, [`progress`] is what they hear.

pub mod batch;
pub mod continuous;
pub mod each_batch;
pub mod lanes;
pub mod listener;
pub mod manager;
pub mod monitor;
pub mod progress;
pub mod query;
pub mod start;
pub mod trigger;
pub mod watermark;

pub use each_batch::EachBatch;
pub use manager::Manager;
pub use query::StreamingQuery;
pub use start::{QueryOutput, StartRequest};
pub use trigger::Trigger;
