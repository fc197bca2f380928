//! ROLLUP and CUBE as the grouping sets that they stand for.

use super::limits::checked_cube;
use super::tree::{Expr, Grouping};
use crate::error::Result;

/// Keys that are grouped by together, by their places in a list.
pub type KeySet = Vec<usize>;

impl Grouping {
    /// All keys, then one less each time, down to none.
    pub fn rollup(keys: Vec<Expr>) -> Self {
        Self::Sets { sets: rolled_up(&each(&keys)), keys }
    }

    /// Every choice of keys; an error if those are too many.
    pub fn cube(keys: Vec<Expr>) -> Result<Self> {
        Ok(Self::Sets { sets: cubed(&each(&keys))?, keys })
    }
}

fn each(keys: &[Expr]) -> Vec<KeySet> {
    (0..keys.len()).map(|key| vec![key]).collect()
}

/// The sets of a ROLLUP over parts, of each of which the keys stay together.
pub fn rolled_up(parts: &[KeySet]) -> Vec<KeySet> {
    (0..=parts.len()).rev().map(|kept| parts[..kept].concat()).collect()
}

/// The sets of a CUBE over parts. The last one is left out first, as in Spark.
pub fn cubed(parts: &[KeySet]) -> Result<Vec<KeySet>> {
    let choices = checked_cube(parts.len())?;
    let left_out = |choice: usize, at: usize| choice & (1 << (parts.len() - 1 - at)) != 0;
    let set = |choice| {
        let kept = parts.iter().enumerate().filter(|(at, _)| !left_out(choice, *at));
        kept.flat_map(|(_, part)| part.clone()).collect()
    };
    Ok((0..choices).map(set).collect())
}
