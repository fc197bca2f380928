//! A local MLflow model folder: its `MLmodel` file says where the ONNX file lies.

use std::path::{Path, PathBuf};

use crate::error::{Context, Error, Result};

/// The ONNX file of a model folder. `MLmodel` is YAML of which two lines matter, so no YAML parser is linked in:
///
/// ```text
/// flavors:
///   onnx:
///     data: model.onnx
///     onnx_version: 1.17.0
/// ```
pub fn onnx_file(folder: &Path) -> Result<PathBuf> {
    let description = folder.join("MLmodel");
    if !description.is_file() {
        return Err(Error::illegal(format!(
            "'{}' is a folder and must be an MLflow model with a file 'MLmodel', found none; give the path of the .onnx file instead",
            folder.display()
        )));
    }
    let text = std::fs::read_to_string(&description).context(|| format!("reading '{}'", description.display()))?;
    let flavors = flavors(&text);
    let Some(onnx) = flavors.iter().find(|flavor| flavor.name == "onnx") else {
        let found: Vec<_> = flavors.iter().map(|flavor| flavor.name.as_str()).collect();
        return Err(Error::illegal(format!(
            "the MLflow model '{}' must have the flavor 'onnx', found {}; export it to ONNX first",
            folder.display(),
            if found.is_empty() { "none".to_owned() } else { found.join(", ") }
        )));
    };
    Ok(folder.join(onnx.data.as_deref().unwrap_or("model.onnx")))
}

struct Flavor {
    name: String,
    data: Option<String>,
}

fn flavors(text: &str) -> Vec<Flavor> {
    let mut found: Vec<Flavor> = Vec::new();
    let mut inside = false;
    let mut flavor_indent = None;
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        let indent = line.len() - line.trim_start().len();
        let (key, value) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
        let value = value.trim().trim_matches(['"', '\'']);
        if indent == 0 {
            inside = key == "flavors";
            continue;
        }
        if !inside {
            continue;
        }
        if indent <= *flavor_indent.get_or_insert(indent) {
            found.push(Flavor { name: key.to_owned(), data: None });
        } else if let Some(flavor) = found.last_mut()
            && key == "data"
            && !value.is_empty()
        {
            flavor.data = Some(value.to_owned());
        }
    }
    found
}
