//! Which files a version needs, and which files no version needs: decisions without I/O.

use std::collections::BTreeMap;

use super::names::{StateFileKind, StateFileName, StateFiles, Version};

/// The files that make up a version, oldest first. From 1 on each step takes the run that goes
/// furthest without passing the version, else the change. A file that is missing is the error.
pub fn chain(files: &StateFiles, version: Version) -> Result<Vec<StateFileName>, StateFileName> {
    let (mut chain, mut next) = (Vec::new(), 1);
    while next <= version.0 {
        // A run follows the change in the order of names, and a longer run follows a shorter one.
        let upto = StateFileName { from: next, to: version.0, kind: StateFileKind::Run };
        let found = files.range(..=upto).next_back().map(|(name, _)| *name);
        let Some(name) = found.filter(|name| name.from == next) else {
            return Err(StateFileName::change(Version(next)));
        };
        next = name.to + 1;
        chain.push(name);
    }
    Ok(chain)
}

/// The files that none of the versions `oldest..=newest` needs.
///
/// Versions that reach the same file boundary go on together: a span of them is cut by the files
/// that begin there. So the cost follows the number of files, not that of versions.
pub fn unneeded(files: &StateFiles, oldest: Version, newest: Version) -> Vec<StateFileName> {
    let mut reached: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
    reached.insert(1, vec![(oldest.0.max(1), newest.0)]);
    let mut unneeded = Vec::new();
    let mut names = files.keys().copied().peekable();
    while let Some(name) = names.next() {
        // This file is taken by the versions from its end to where a longer one begins to fit.
        let longer = names.peek().filter(|next| next.from == name.from);
        let last = longer.map_or(u64::MAX, |next| next.to - u64::from(next.to > 0));
        let mut taken = Vec::new();
        for (low, high) in reached.get(&name.from).into_iter().flatten() {
            let (low, high) = ((*low).max(name.to), (*high).min(last));
            if low <= high {
                taken.push((low, high));
            }
        }
        if taken.is_empty() {
            unneeded.push(name);
            continue;
        }
        let on = reached.entry(name.to + 1).or_default();
        on.extend(taken.into_iter().map(|(low, high)| (low.max(name.to + 1), high)).filter(|(low, high)| low <= high));
        join(on);
    }
    unneeded
}

/// Joins spans that touch.
fn join(spans: &mut Vec<(u64, u64)>) {
    spans.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(spans.len());
    for (low, high) in spans.drain(..) {
        match joined.last_mut().filter(|last| last.1.saturating_add(1) >= low) {
            Some(last) => last.1 = last.1.max(high),
            None => joined.push((low, high)),
        }
    }
    *spans = joined;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{chain, unneeded};
    use crate::state::names::{StateFileName, StateFiles, Version};

    fn files(changes: impl IntoIterator<Item = u64>, runs: &[(u64, u64)]) -> StateFiles {
        let changes = changes.into_iter().map(|version| StateFileName::change(Version(version)));
        changes.chain(runs.iter().map(|(from, to)| StateFileName::run(*from, *to))).map(|name| (name, 0)).collect()
    }

    fn names(chain: &[StateFileName]) -> Vec<String> {
        chain.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_chain_takes_the_longest_runs_that_do_not_pass_the_version() {
        let files = files(1..=12, &[(1, 4), (1, 8), (5, 6), (9, 10)]);
        let chain = |version| names(&chain(&files, Version(version)).unwrap());
        assert_eq!(chain(12), ["runs/1-8", "runs/9-10", "changes/11", "changes/12"]);
        assert_eq!(chain(7), ["runs/1-4", "runs/5-6", "changes/7"]);
        assert_eq!(chain(3), ["changes/1", "changes/2", "changes/3"]);
        assert!(chain(0).is_empty());
    }

    #[test]
    fn a_chain_names_the_first_file_that_is_missing() {
        assert_eq!(chain(&files([1, 2, 4], &[]), Version(4)), Err(StateFileName::change(Version(3))));
        assert_eq!(chain(&files([9], &[(1, 8)]), Version(7)), Err(StateFileName::change(Version(1))));
    }

    #[test]
    fn a_file_goes_when_no_version_in_range_needs_it() {
        let files = files(1..=12, &[(1, 4), (1, 8), (9, 10)]);
        assert_eq!(names(&unneeded(&files, Version(10), Version(12))).len(), 11);
        // Version 6 is 1-4, 5 and 6; version 9 is 1-8 and 9.
        let gone = unneeded(&files, Version(6), Version(12));
        assert_eq!(names(&gone), ["changes/1", "changes/2", "changes/3", "changes/4", "changes/8", "changes/10"]);
    }

    proptest! {
        #[test]
        fn what_goes_is_what_no_chain_has(
            missing in proptest::collection::btree_set(1_u64..20, 0..3),
            runs in proptest::collection::vec((1_u64..20, 1_u64..20), 0..12),
            oldest in 0_u64..20,
            newest in 0_u64..20,
        ) {
            let runs: Vec<_> = runs.into_iter().filter(|(from, to)| from <= to).collect();
            let files = files((1..=20).filter(|version| !missing.contains(version)), &runs);
            let mut needed = BTreeSet::new();
            for version in oldest..=newest {
                // The beginning of a chain that breaks is kept: it does no harm.
                let mut reach = version;
                while reach > 0 && chain(&files, Version(version)).is_err() && chain(&files, Version(reach)).is_err() {
                    reach -= 1;
                }
                if let Ok(chain) = chain(&files, Version(version)) {
                    needed.extend(chain);
                }
            }
            let gone: BTreeSet<_> = unneeded(&files, Version(oldest), Version(newest)).into_iter().collect();
            prop_assert!(gone.is_disjoint(&needed));
            if missing.is_empty() {
                let kept: BTreeSet<_> = files.keys().copied().filter(|name| !gone.contains(name)).collect();
                prop_assert_eq!(kept, needed);
            }
        }
    }
}
