//! A local MLflow model folder: its `MLmodel` file says where the model's own file lies.

use std::path::{Path, PathBuf};

use crate::error::{Context, Error, Result};

/// The flavors that can be loaded, the best first, and the file where a flavor names none.
const FLAVORS: [(&str, &str); 1] = [("onnx", "model.onnx")];

/// The model's file in a folder. `MLmodel` is YAML of which two lines matter, so no YAML parser is
/// linked in:
///
/// ```text
/// flavors:
///   onnx:
///     data: model.onnx
///     onnx_version: 1.17.0
/// ```
pub fn model_file(folder: &Path) -> Result<PathBuf> {
    let description = folder.join("MLmodel");
    if !description.is_file() {
        return Err(Error::illegal(format!(
            "'{}' is a folder and must be an MLflow model with a file 'MLmodel', found none; give the path of the .onnx file instead",
            folder.display()
        )));
    }
    let text = std::fs::read_to_string(&description).context(|| format!("reading '{}'", description.display()))?;
    let found = flavors(&text);
    let known = FLAVORS.iter().find_map(|(name, file)| {
        let flavor = found.iter().find(|flavor| flavor.name == *name)?;
        Some(flavor.data.as_deref().unwrap_or(file))
    });
    let Some(file) = known else {
        let found: Vec<_> = found.iter().map(|flavor| flavor.name.as_str()).collect();
        return Err(Error::illegal(format!(
            "the MLflow model '{}' must have the flavor '{}', found {}; export it to ONNX first",
            folder.display(),
            FLAVORS.map(|(name, _)| name).join("' or '"),
            if found.is_empty() { "none".to_owned() } else { found.join(", ") }
        )));
    };
    Ok(folder.join(file))
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
