//! Paths as `file:` URIs, as Hadoop writes them into logs and descriptions, and back.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::error::{Error, Result};

/// What Java's `URI` escapes in a path.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// `file:///data/a%20b`.
pub fn from_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    // `utf8_percent_encode` escapes everything beyond ASCII; Java leaves it as it is.
    let escaped = text.split_inclusive(|c: char| !c.is_ascii()).map(|part| match part.char_indices().next_back() {
        Some((at, last)) if !last.is_ascii() => format!("{}{last}", utf8_percent_encode(&part[..at], ESCAPED)),
        _ => utf8_percent_encode(part, ESCAPED).to_string(),
    });
    format!("file://{}", escaped.collect::<String>())
}

/// The path of a URI that a log holds: `file:///a`, `file:/a`.
pub fn to_path(uri: &str) -> Result<PathBuf> {
    let path = uri
        .strip_prefix("file://")
        .or_else(|| uri.strip_prefix("file:"))
        .ok_or_else(|| Error::unsupported(format!("only local files can be read, found the URI '{uri}'")))?;
    let path =
        percent_decode_str(path).decode_utf8().map_err(|_| Error::illegal(format!("the URI '{uri}' is not UTF-8")))?;
    Ok(PathBuf::from(path.as_ref()))
}

/// The path that a user gave: a plain path, or a `file:` URI. An empty one is an error, as in
/// Spark: it would be the working directory.
pub fn local_path(text: &str) -> Result<PathBuf> {
    let path = match text.split_once(':') {
        Some(("file", rest)) => PathBuf::from(rest.strip_prefix("//").unwrap_or(rest)),
        // `hdfs:/a` too: a local name before a colon and a slash is rare, and a directory made by
        // mistake would hide the error.
        Some((scheme, rest))
            if scheme.len() > 1
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
                && rest.starts_with('/') =>
        {
            return Err(Error::unsupported(format!(
                "'{text}' is not a local path: the file system '{scheme}' is not supported yet"
            )));
        }
        _ => PathBuf::from(text),
    };
    if path.as_os_str().is_empty() {
        return Err(Error::illegal(format!("the path '{text}' is empty: give one of a file or a directory")));
    }
    Ok(path)
}
