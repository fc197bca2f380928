//! The state of a query: keys and values, versioned and durable.
//!
//! State is sorted runs and a redo log. What a batch changes lives in an overlay
//! ([`StateOverlay`]). It becomes durable in one change file ([`StateStore::write`]) and is folded
//! in only after `commits/N` ([`StateStore::advance`]). A replay needs no undo, and a crash leaves
//! nothing to clean up. There is no other copy: the files in the checkpoint are the store, and what
//! is in memory is a cache of them.
//!
//! ```text
//! <dir>/changes/<version>     what one batch changed, one sorted run for the whole query
//! <dir>/runs/<from>-<to>      the changes of those versions merged; from 1 on it is a base, and holds no removals
//! ```
//!
//! A version is the number of batches whose changes it holds: version N+1 is the state after batch
//! N. A file names the digest of the change before it, so files of two histories are never read as
//! one. Keys and values are bytes here; what they mean is the operators' business.
//!
//! | file | what is in it |
//! |---|---|
//! | [`store`], [`upkeep`] | [`StateStore`]: opens, writes, advances, adopts; merges and removes files |
//! | [`history`] | old versions, without the store |
//! | [`overlay`] | [`StateOverlay`]: what a lane has changed so far |
//! | [`view`] | [`StateView`], [`StateScan`]: one version, as it is read |
//! | [`entries`], [`keys`], [`found`], [`range`] | sorted entries and keys, what a look-up found; ranges of keys |
//! | [`prefix`], [`row`] | what keys begin with; rows as bytes |
//! | [`names`], [`folder`], [`chain`] | versions and file names; the directory; the files of a version |
//! | [`format`], [`block`], [`filter`] | the file format, documented and golden |
//! | [`writer`], [`reader`] | state files, written and read |
//! | [`cache`], [`cursor`], [`lookup`], [`merge`] | blocks in memory; cursors, look-ups and merges over sources |
//! | [`levels`], [`retention`] | which files are merged, needed and removed: pure functions |
//! | [`run_merge`], [`job`] | a run out of several files; work in the background |

mod block;
mod cache;
mod chain;
mod cursor;
mod entries;
mod filter;
mod folder;
mod format;
mod found;
mod history;
mod job;
mod keys;
mod levels;
mod lookup;
mod merge;
mod names;
mod overlay;
pub mod prefix;
mod range;
mod reader;
mod retention;
pub mod row;
mod run_merge;
mod store;
mod upkeep;
mod view;
mod writer;

pub use self::entries::{MAX_ENTRY, SortedEntries};
pub use self::found::StateValues;
pub use self::history::{StateDamage, VersionAbout};
pub use self::keys::SortedKeys;
pub use self::levels::MergeLimits;
pub use self::names::Version;
pub use self::overlay::{ChangePart, SpilledRun, StateOverlay};
pub use self::range::KeyRange;
pub use self::store::{Merging, StateOptions, StateReport, StateStore, WrittenChange};
pub use self::view::{StateScan, StateView};
