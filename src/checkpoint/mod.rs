//! The checkpoint: what survives the process.

pub mod layout;
pub mod log;
pub mod store;
