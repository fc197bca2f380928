//! One copy of a model per process, whoever uses it: queries, batches, partitions, restarts.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::Model;
use crate::error::Result;

static LOADED: LazyLock<Mutex<HashMap<String, Weak<dyn Model>>>> = LazyLock::new(Mutex::default);

/// The model with this content, loaded now or earlier. `file` is where it was read from, for weights that lie beside it.
pub fn load(bytes: &[u8], file: Option<&Path>) -> Result<Arc<dyn Model>> {
    let digest = digest(bytes, file);
    let mut loaded = LOADED.lock();
    if let Some(model) = loaded.get(&digest).and_then(Weak::upgrade) {
        return Ok(model);
    }
    let model = open(bytes, file, digest.clone())?;
    loaded.retain(|_, model| model.strong_count() > 0);
    loaded.insert(digest, Arc::downgrade(&model));
    Ok(model)
}

/// A format is told by its first bytes; ONNX has none of its own, so it comes last.
fn open(bytes: &[u8], file: Option<&Path>, digest: String) -> Result<Arc<dyn Model>> {
    open_onnx(bytes, file, digest)
}

#[cfg(feature = "onnx")]
fn open_onnx(bytes: &[u8], file: Option<&Path>, digest: String) -> Result<Arc<dyn Model>> {
    Ok(Arc::new(super::onnx::OnnxModel::open(bytes, file.filter(|_| has_weights_beside(bytes)), digest)?))
}

#[cfg(not(feature = "onnx"))]
fn open_onnx(_bytes: &[u8], _file: Option<&Path>, _digest: String) -> Result<Arc<dyn Model>> {
    Err(crate::error::Error::unsupported("this build has no model format: it was compiled without the feature 'onnx'"))
}

fn digest(bytes: &[u8], file: Option<&Path>) -> String {
    let mut hash = Sha256::new();
    hash.update(bytes);
    // Weights in files of their own belong to the content; their size and time stand for them.
    if let Some(folder) = file.filter(|_| has_weights_beside(bytes)).and_then(Path::parent) {
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

/// ONNX names the file of external weights under the key `location`.
fn has_weights_beside(bytes: &[u8]) -> bool {
    bytes.windows(10).any(|window| window == b"\x0a\x08location")
}
