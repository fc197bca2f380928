//! Which files a stream has taken already, as far back as `maxFileAge`.

use std::collections::HashMap;

/// The files a stream has seen, by name, and when each was modified. A file that is older than the
/// newest by `maxFileAge` is forgotten. A file that is found that old counts as seen.
#[derive(Debug)]
pub struct Seen {
    max_age_ms: i64,
    file_name_only: bool,
    files: HashMap<String, i64>,
    newest_ms: i64,
    forgotten_before_ms: i64,
}

impl Seen {
    pub fn new(max_age_ms: i64, file_name_only: bool) -> Self {
        Self { max_age_ms, file_name_only, files: HashMap::new(), newest_ms: 0, forgotten_before_ms: 0 }
    }

    fn key<'a>(&self, uri: &'a str) -> &'a str {
        if self.file_name_only { uri.rsplit('/').next().unwrap_or(uri) } else { uri }
    }

    /// A file with the same path is the same file, whenever it was modified.
    pub fn is_new(&self, uri: &str, modified_ms: i64) -> bool {
        modified_ms >= self.forgotten_before_ms && !self.files.contains_key(self.key(uri))
    }

    pub fn add(&mut self, uri: &str, modified_ms: i64) {
        self.files.insert(self.key(uri).to_owned(), modified_ms);
        self.newest_ms = self.newest_ms.max(modified_ms);
    }

    pub fn purge(&mut self) {
        let before = self.newest_ms.saturating_sub(self.max_age_ms);
        self.forgotten_before_ms = before;
        self.files.retain(|_, modified_ms| *modified_ms >= before);
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }
}
