//! Versions, and the names of the files that hold them.

use std::collections::BTreeMap;
use std::fmt;

/// How many batches' changes a state holds: version N+1 is the state after batch N, version 0 is
/// empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl Version {
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a file holds one batch's changes or those of several batches merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateFileKind {
    /// `changes/<version>`.
    Change,
    /// `runs/<from>-<to>`.
    Run,
}

impl StateFileKind {
    /// The directory of such files, below the state's.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Change => "changes",
            Self::Run => "runs",
        }
    }
}

/// The name of a file: the versions whose changes it holds. They are ordered by the first of them,
/// then by the last. At equal versions a run follows the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateFileName {
    pub from: u64,
    pub to: u64,
    pub kind: StateFileKind,
}

/// Files and the bytes of each.
pub type StateFiles = BTreeMap<StateFileName, u64>;

impl StateFileName {
    pub fn change(version: Version) -> Self {
        Self { from: version.0, to: version.0, kind: StateFileKind::Change }
    }

    pub fn run(from: u64, to: u64) -> Self {
        Self { from, to, kind: StateFileKind::Run }
    }

    /// The name inside its folder.
    pub fn file_name(self) -> String {
        match self.kind {
            StateFileKind::Change => self.from.to_string(),
            StateFileKind::Run => format!("{}-{}", self.from, self.to),
        }
    }

    /// The file that is called `name` in the folder of `kind`; `None` for a name that we do not
    /// give.
    pub fn parse(kind: StateFileKind, name: &str) -> Option<Self> {
        let (from, to) = match kind {
            StateFileKind::Change => (name, name),
            StateFileKind::Run => name.split_once('-')?,
        };
        let file = Self { from: from.parse().ok()?, to: to.parse().ok()?, kind };
        (file.from >= 1 && file.from <= file.to && file.file_name() == name).then_some(file)
    }

    /// Whether no version comes before those of the file: such a run is a base.
    pub fn is_first(self) -> bool {
        self.from == 1
    }
}

impl fmt::Display for StateFileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.folder(), self.file_name())
    }
}

#[cfg(test)]
mod tests {
    use super::{StateFileKind, StateFileName, Version};

    #[test]
    fn a_name_says_which_versions_a_file_holds() {
        let (change, run) = (StateFileName::change(Version(7)), StateFileName::run(1, 64));
        assert_eq!((change.to_string(), run.to_string()), ("changes/7".into(), "runs/1-64".into()));
        assert_eq!(StateFileName::parse(StateFileKind::Change, "7"), Some(change));
        assert_eq!(StateFileName::parse(StateFileKind::Run, "1-64"), Some(run));
    }

    #[test]
    fn a_name_that_we_do_not_give_is_no_file() {
        for name in ["", "0", "07", "+7", "7 ", "x", "1-2", ".7.tmp"] {
            assert_eq!(StateFileName::parse(StateFileKind::Change, name), None, "{name}");
        }
        for name in ["7", "0-1", "2-1", "01-2", "1-2-3", "-", "1-", "1-+2"] {
            assert_eq!(StateFileName::parse(StateFileKind::Run, name), None, "{name}");
        }
    }
}
