//! One copy of a model per process, whoever uses it: queries, batches, partitions, restarts.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::Model;
use super::onnx_fields::has_external_weights;
use crate::error::Result;

static LOADED: LazyLock<LoadedOnce<dyn Model>> = LazyLock::new(LoadedOnce::default);

/// The model with this content, loaded now or earlier. `file` is where it was read from, for
/// weights that lie beside it.
pub fn load(bytes: &[u8], file: Option<&Path>) -> Result<Arc<dyn Model>> {
    let digest = digest(bytes, file);
    LOADED.get(&digest, || open(bytes, file, digest.clone()))
}

/// Values that are loaded once for each key and kept while somebody uses them.
struct LoadedOnce<T: ?Sized>(Mutex<HashMap<String, Arc<Slot<T>>>>);

/// One key's value. Its lock is held while the value loads, so that whoever else wants it waits.
type Slot<T> = Mutex<Option<Weak<T>>>;

impl<T: ?Sized> Default for LoadedOnce<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: ?Sized> LoadedOnce<T> {
    /// The key's value, loaded where nobody has it. Other keys do not wait. An error is not
    /// remembered.
    fn get(&self, key: &str, load: impl FnOnce() -> Result<Arc<T>>) -> Result<Arc<T>> {
        let slot = Arc::clone(self.0.lock().entry(key.to_owned()).or_default());
        let mut value = slot.lock();
        if let Some(loaded) = value.as_ref().and_then(Weak::upgrade) {
            return Ok(loaded);
        }
        let loaded = load();
        *value = loaded.as_ref().ok().map(Arc::downgrade);
        drop(value);
        drop(slot);
        self.0.lock().retain(|_, slot| in_use(slot));
        loaded
    }
}

/// Whether a slot has a value, or somebody who waits for it or loads it.
fn in_use<T: ?Sized>(slot: &Arc<Slot<T>>) -> bool {
    let has_value = || slot.try_lock().is_none_or(|value| value.as_ref().is_some_and(|held| held.strong_count() > 0));
    Arc::strong_count(slot) > 1 || has_value()
}

/// A format is told by its first bytes; ONNX has none of its own, so it comes last.
fn open(bytes: &[u8], file: Option<&Path>, digest: String) -> Result<Arc<dyn Model>> {
    open_onnx(bytes, file, digest)
}

#[cfg(feature = "onnx")]
fn open_onnx(bytes: &[u8], file: Option<&Path>, digest: String) -> Result<Arc<dyn Model>> {
    Ok(Arc::new(super::onnx::OnnxModel::open(bytes, file.filter(|_| has_external_weights(bytes)), digest)?))
}

#[cfg(not(feature = "onnx"))]
fn open_onnx(_bytes: &[u8], _file: Option<&Path>, _digest: String) -> Result<Arc<dyn Model>> {
    Err(crate::error::Error::unsupported("this build has no model format: it was compiled without the feature 'onnx'"))
}

fn digest(bytes: &[u8], file: Option<&Path>) -> String {
    let mut hash = Sha256::new();
    hash.update(bytes);
    // Weights in files of their own belong to the content; their size and time stand for them.
    if let Some(folder) = file.filter(|_| has_external_weights(bytes)).and_then(Path::parent) {
        hash.update(folder.as_os_str().as_encoded_bytes());
        let mut entries: Vec<_> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                entry.metadata().ok().map(|about| (entry.file_name(), about.len(), about.modified().ok()))
            })
            .collect();
        entries.sort();
        for entry in entries {
            hash.update(format!("{entry:?}"));
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread::scope;

    use super::LoadedOnce;
    use crate::error::Error;

    #[test]
    fn one_key_loads_while_another_is_loading() {
        let loaded = LoadedOnce::<str>::default();
        let outer = loaded.get("a", || {
            // It ends, so it did not wait for the load that it is part of.
            let inner = scope(|threads| threads.spawn(|| loaded.get("b", || Ok("b".into()))).join().unwrap())?;
            Ok(format!("a after {inner}").into())
        });
        assert_eq!(&*outer.unwrap(), "a after b");
    }

    #[test]
    fn two_threads_that_want_one_key_load_it_once() {
        let (loaded, loads) = (LoadedOnce::<str>::default(), AtomicUsize::new(0));
        let load = || {
            loaded.get("a", || {
                loads.fetch_add(1, Ordering::SeqCst);
                Ok("a".into())
            })
        };
        let both = scope(|threads| {
            let threads = [threads.spawn(load), threads.spawn(load)];
            threads.map(|thread| thread.join().unwrap().unwrap())
        });
        // The first to end may have ended before the other began: it is kept here, so it is the
        // same value all the same.
        assert!(Arc::ptr_eq(&both[0], &both[1]));
        assert_eq!(loads.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_load_that_failed_is_tried_again_and_what_nobody_uses_is_forgotten() {
        let loaded = LoadedOnce::<str>::default();
        assert!(loaded.get("a", || Err(Error::internal("torn file"))).is_err());
        assert!(loaded.0.lock().is_empty());
        assert_eq!(&*loaded.get("a", || Ok("whole".into())).unwrap(), "whole");
        assert_eq!(&*loaded.get("a", || Ok("again".into())).unwrap(), "again");
    }
}
