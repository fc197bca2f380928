//! The only place where a path of a checkpoint is spelled. Spark's layout; what is ours alone lives
//! under `firesteel/`.

use std::path::{Path, PathBuf};

/// The directories and files of one checkpoint.
#[derive(Clone, Debug)]
pub struct CheckpointLayout {
    root: PathBuf,
}

impl CheckpointLayout {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `{"id":"<uuid>"}`, one line without an end.
    pub fn metadata(&self) -> PathBuf {
        self.root.join("metadata")
    }

    pub fn offsets(&self) -> PathBuf {
        self.root.join("offsets")
    }

    pub fn commits(&self) -> PathBuf {
        self.root.join("commits")
    }

    /// The own logs of sources.
    pub fn sources(&self) -> PathBuf {
        self.root.join("sources")
    }

    /// The own log of source `i`.
    pub fn source(&self, i: usize) -> PathBuf {
        self.sources().join(i.to_string())
    }

    /// Spark's state stores, which are never made here.
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// What is ours alone: the lock, the mode, state.
    pub fn firesteel(&self) -> PathBuf {
        self.root.join("firesteel")
    }

    /// The state of operators: what there is, change files and the runs merged from them.
    pub fn kept(&self) -> PathBuf {
        self.firesteel().join("state")
    }

    /// Locked for as long as a query runs.
    pub fn lock(&self) -> PathBuf {
        self.firesteel().join("lock")
    }
}
