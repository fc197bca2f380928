//! Paths as users write them, and names that Spark passes over.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::types::uri;

/// A path as an option gives it: `file:/a`, `file:///a`, `/a` or `a`, which is below the working
/// directory.
pub fn from_user(text: &str) -> Result<PathBuf> {
    let path = uri::local_path(text)?;
    let absolute = if path.is_absolute() { path } else { std::env::current_dir()?.join(path) };
    // Hadoop drops empty components and a trailing slash, so that one path has one spelling.
    Ok(absolute.components().collect())
}

/// `file:/a b`, as Hadoop prints a path: what descriptions and errors show.
pub fn display(path: &Path) -> String {
    format!("file:{}", path.display())
}

/// Whether Hadoop would expand the path.
pub fn is_glob(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[', '{'])
}

/// Whether Spark takes a file or directory of this name for its own, or unfinished.
pub fn is_hidden(name: &str) -> bool {
    (name.starts_with('_') && !name.contains('=')) || name.starts_with('.') || name.ends_with("._COPYING_")
}
