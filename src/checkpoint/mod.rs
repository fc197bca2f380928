//! The checkpoint: what survives the process.
//!
//! ```text
//! <checkpoint>/metadata        {"id":"<uuid>"}: the query's identity                        metadata
//! <checkpoint>/offsets/N       the range of batch N, before a row of it is read             offsets
//! <checkpoint>/commits/N       batch N is visible in the sink                               commits
//! <checkpoint>/sources/i/      the own log of source i                                      log
//! <checkpoint>/firesteel/      ours alone: lock, mode                                       lock, mode
//! ```
//!
//! Layout, names and lines are Spark 4.3's, so a stateless query moves between Spark and Firesteel in both directions. What the files
//! of a crashed query mean is decided by [`recovery`], which reads nothing and writes nothing.

pub mod commits;
pub mod conf;
pub mod layout;
pub mod metadata;
pub mod mode;
pub mod offsets;
pub mod open;
pub mod recovery;

pub use open::{Checkpoint, Recovered};
