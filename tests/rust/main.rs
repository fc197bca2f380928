//! Every Rust test, in one binary.

mod plan_sql;
mod stream_batch;
mod stream_support;
mod types_text;
