//! The checkpoint: what survives the process.
//!
//! ```text
//! <checkpoint>/metadata        {"id":"<uuid>"}: the query's identity                        metadata
//! <checkpoint>/offsets/N       the range of batch N, before a row of it is read             offsets
//! <checkpoint>/commits/N       batch N is visible in the sink                               commits
//! <checkpoint>/sources/i/      the own log of source i                                      durable::log
//! <checkpoint>/firesteel/      ours alone: the lock, the mode of the newest run             durable::lock, mode
//!                              where rows come from and go to, a rollback               query_file, rollback
//! <checkpoint>/firesteel/state what operators keep                                          operators, crate::state
//! ```
//!
//! Layout, names and lines are Spark 4.3's. So a stateless query moves between Spark and Firesteel,
//! in both directions. [`recovery`] decides what the files of a crashed query mean. It reads
//! nothing and writes nothing.
//!
//! `layout` spells these paths. `open` finds, locks and recovers a checkpoint for a query; `conf`
//! is the map of settings in `offsets/N`. `logs` lists the batches, and `json_file` reads files of
//! ours. `view` reads a checkpoint that somebody else may hold. Nothing here names Arrow: rows that
//! must survive the process are not the checkpoint's. Their store has a folder of its own,
//! `src/state/`.

pub mod commits;
pub mod conf;
mod json_file;
pub mod layout;
pub mod logs;
pub mod metadata;
pub mod mode;
pub mod offsets;
pub mod open;
pub mod operators;
pub mod query_file;
pub mod recovery;
pub mod rollback;
pub mod view;

pub use open::{Checkpoint, Recovered};
