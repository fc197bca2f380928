//! When two names are one: `spark.sql.caseSensitive`.

use std::borrow::Cow;

use crate::error::{Error, Result, condition};

/// Whether names that differ by case alone are two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameCase {
    Counts,
    Ignored,
}

impl NameCase {
    pub fn same(self, left: &str, right: &str) -> bool {
        if left == right || self == Self::Counts {
            return left == right;
        }
        if left.is_ascii() && right.is_ascii() {
            return left.eq_ignore_ascii_case(right);
        }
        left.to_lowercase() == right.to_lowercase()
    }

    /// The name in the form in which equal names are equal texts.
    pub fn folded<'n>(self, name: &'n str) -> Cow<'n, str> {
        match self {
            Self::Counts => Cow::Borrowed(name),
            Self::Ignored => Cow::Owned(name.to_lowercase()),
        }
    }

    /// The first name that repeats one before it.
    pub fn repeated<'n>(self, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        let mut seen = std::collections::HashSet::new();
        names.into_iter().find(|name| !seen.insert(self.folded(name)))
    }

    /// The error for a name that is there twice.
    pub fn refuse_repeated<'n>(self, names: impl IntoIterator<Item = &'n str>) -> Result<()> {
        match self.repeated(names) {
            Some(twice) => {
                Err(Error::of(condition::COLUMN_ALREADY_EXISTS).with("columnName", format!("`{}`", self.folded(twice))))
            }
            None => Ok(()),
        }
    }
}
