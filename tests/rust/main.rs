//! Every Rust test, in one binary.

mod function_exec;
mod model_tensor;
mod model_tune;
mod plan_sql;
mod source_files;
mod source_parquet;
mod source_streams;
mod session;
mod stream_batch;
mod stream_support;
mod support;
mod types_text;
