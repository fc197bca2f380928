//! Every Rust test, in one binary.

mod types_text;
