//! Every Rust test, in one binary.

mod stream_batch;
mod stream_support;
mod types_text;
