//! Files that survive the process: what the checkpoint, sinks and sources write and never change
//! again.
//!
//! [`store`] puts a file if it is absent. [`log`] and [`numbered`] are logs of such files, [`lock`]
//! lets one run at a time write them.

pub mod lock;
pub mod log;
pub mod numbered;
pub mod store;
