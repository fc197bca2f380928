//! `cleanSource`: what becomes of files whose batch is committed.

use std::path::{Path, PathBuf};

use super::list::{FileEntry, Listing, component_glob, modified_ms};
use super::path;
use crate::config::Options;
use crate::config::options::bad;
use crate::error::{Error, Result};

/// What the options ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cleaning {
    Off,
    Delete,
    /// Moved to the same path below this directory.
    Archive(PathBuf),
}

impl Cleaning {
    pub fn read(options: &mut Options, listing: &Listing) -> Result<Self> {
        let archive = options.get("sourceArchiveDir").map(path::from_user).transpose()?;
        let cleaning = match options.get("cleanSource").map(str::to_ascii_lowercase).as_deref() {
            None | Some("off") => Self::Off,
            Some("delete") => Self::Delete,
            Some("archive") => match archive {
                Some(dir) => Self::Archive(dir),
                None => return Err(Error::illegal("cleanSource=archive needs the option 'sourceArchiveDir'")),
            },
            Some(other) => return Err(bad("cleanSource", "archive, delete or off", other)),
        };
        if cleaning != Self::Off && listing.sink_log().is_some() {
            return Err(Error::unsupported(
                "cleanSource cannot clean the output of a file sink: its log would name files that are gone",
            ));
        }
        if let Self::Archive(dir) = &cleaning
            && listing.paths.iter().any(|pattern| covers(pattern, dir))
        {
            return Err(Error::illegal(format!(
                "sourceArchiveDir is {}, where the stream itself would find the archived files: choose a directory outside the source",
                dir.display()
            )));
        }
        Ok(cleaning)
    }
}

/// Whether `dir` may lie where `pattern` looks: equal down to the shorter one's depth.
fn covers(pattern: &Path, dir: &Path) -> bool {
    pattern.components().zip(dir.components()).all(|(pattern, name)| {
        let (pattern, name) = (pattern.as_os_str().to_string_lossy(), name.as_os_str().to_string_lossy());
        pattern == name || component_glob(&pattern).is_ok_and(|glob| glob.is_match(&*name))
    })
}

/// Carries it out. A file that cannot be cleaned is left with a warning: it was read, and that is
/// what counts.
pub struct Cleaner(Cleaning);

impl Cleaner {
    pub fn new(cleaning: Cleaning) -> Self {
        Self(cleaning)
    }

    pub fn cleans(&self) -> bool {
        self.0 != Cleaning::Off
    }

    /// `file` as it was when it was read: another of its name, which came since, is not touched.
    pub fn clean(&self, file: &FileEntry) {
        let path = &file.path;
        let done = match (&self.0, modified_ms(path)) {
            (Cleaning::Off, _) => Ok(()),
            (_, Ok(now)) if now != file.modified_ms => {
                log::warn!("{} stays where it is: it was replaced after it was read", path.display());
                Ok(())
            }
            (_, Err(error)) => Err(error),
            (Cleaning::Delete, _) => std::fs::remove_file(path),
            (Cleaning::Archive(dir), _) => archive(path, dir),
        };
        match done {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                log::warn!("{} stays where it is: {error}", path.display())
            }
            _ => {}
        }
    }
}

fn archive(file: &Path, dir: &Path) -> std::io::Result<()> {
    let target = dir.join(file.strip_prefix("/").unwrap_or(file));
    if target.exists() {
        return Err(std::io::Error::new(
            std::io::ErrorKind::AlreadyExists,
            format!("{} is there already", target.display()),
        ));
    }
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::rename(file, target)
}
