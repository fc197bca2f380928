//! Paths as users, Hadoop and Spark's logs write them.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::error::{Error, Result};

/// What Java's `URI` quotes in a path. Letters beyond ASCII stay as they are, there too.
const QUOTED: &AsciiSet = &CONTROLS
    .add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'[').add(b'\\').add(b']').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// A path as an option gives it: `file:/a`, `file:///a`, `/a` or `a`, which is below the working directory.
pub fn from_user(text: &str) -> Result<PathBuf> {
    let path = match text.split_once(':') {
        Some(("file", rest)) => rest.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(rest),
        Some((scheme, _)) if scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) && text.contains("://") => {
            return Err(Error::unsupported(format!("'{text}' is not a local path: this session has no file system for '{scheme}://'")));
        }
        _ => text,
    };
    let path = Path::new(path);
    let absolute = if path.is_absolute() { path.to_owned() } else { std::env::current_dir()?.join(path) };
    // Hadoop drops empty components and a trailing slash, so that one path has one spelling.
    Ok(absolute.components().collect())
}

/// `file:///a%20b`, as the logs of the file source and sink spell a path.
pub fn to_uri(path: &Path) -> String {
    format!("file://{}", encode(path))
}

/// `file:/a b`, as Hadoop prints a path: what descriptions and errors show.
pub fn display(path: &Path) -> String {
    format!("file:{}", path.display())
}

/// The path that a log spells, by Spark or by us.
pub fn from_uri(uri: &str) -> PathBuf {
    let path = uri.strip_prefix("file://").or_else(|| uri.strip_prefix("file:")).unwrap_or(uri);
    decode(path)
}

#[cfg(unix)]
fn decode(path: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(percent_decode_str(path).collect()).into()
}

#[cfg(not(unix))]
fn decode(path: &str) -> PathBuf {
    percent_decode_str(path).decode_utf8_lossy().into_owned().into()
}

fn encode(path: &Path) -> String {
    let text = path.to_string_lossy();
    // `utf8_percent_encode` quotes everything beyond ASCII; Java does not.
    text.split_inclusive(|c: char| !c.is_ascii())
        .map(|part| match part.char_indices().next_back() {
            Some((at, last)) if !last.is_ascii() => format!("{}{last}", utf8_percent_encode(&part[..at], QUOTED)),
            _ => utf8_percent_encode(part, QUOTED).to_string(),
        })
        .collect()
}

/// Whether Hadoop would expand the path.
pub fn is_glob(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[', '{'])
}

/// Whether Spark takes a file or directory of this name for its own, or unfinished.
pub fn is_hidden(name: &str) -> bool {
    (name.starts_with('_') && !name.contains('=')) || name.starts_with('.') || name.ends_with("._COPYING_")
}
