//! Spark-style Structured Streaming with model inference, in one process.

pub mod batch;
pub mod checkpoint;
pub mod clock;
pub mod condition;
pub mod conf;
pub mod crash;
pub mod error;
pub mod format;
pub mod function;
pub mod model;
pub mod options;
pub mod plan;
#[cfg(feature = "python")]
pub mod python;
pub mod runtime;
pub mod show;
pub mod sink;
pub mod source;
pub mod stream;
pub mod types;
pub mod uri;
