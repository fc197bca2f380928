//! Every Rust test, in one binary.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, clippy::boxed_local)]

mod checkpoint_logs;
mod dependencies;
mod function_exec;
mod functions;
mod model_tensor;
mod model_tune;
mod plan_sql;
mod runtime_cancel;
mod runtime_share;
mod runtime_threads;
mod runtime_turn;
mod session;
mod source_csv;
mod source_files;
mod source_parquet;
mod source_parquet_lists;
mod source_streams;
mod state_files;
mod state_row;
mod state_store;
mod stream_batch;
mod stream_query;
#[cfg(feature = "crash-points")]
mod stream_recovery;
#[cfg(feature = "crash-points")]
mod stream_recurrent;
#[cfg(feature = "crash-points")]
mod stream_rollback;
mod stream_support;
mod stream_trigger;
mod support;
mod types_text;
