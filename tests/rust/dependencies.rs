//! Who may use whom, as ARCHITECTURE.md says it, read from the `crate::` paths of the source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What every module may use, each other included.
const FOR_ALL: &[&str] = &["batch", "config", "durable", "error", "runtime", "types"];

/// What a module may use beside [`FOR_ALL`].
const MAY_USE: &[(&str, &[&str])] = &[
    ("checkpoint", &[]),
    ("function", &[]),
    ("model", &["function"]),
    ("source", &[]),
    ("sink", &["source"]),
    ("plan", &["function", "source", "state"]),
    ("state", &[]),
    ("stream", &["checkpoint", "plan", "sink", "source", "state"]),
    ("session", &["function", "plan", "sink", "source", "stream"]),
];

/// A crate, and the places that may name it: modules, or the beginnings of files.
const ENGINES: &[(&str, &[&str])] = &[
    ("datafusion", &["plan/", "python/"]),
    ("ort", &["model/onnx"]),
    ("pyo3", &["python/"]),
    ("pyo3_arrow", &["python/"]),
    ("sqlparser", &["plan/sql/"]),
];

/// A file of `src/`: its path there, and its text without comments.
struct File {
    path: String,
    code: String,
}

impl File {
    /// The module right under the crate that the file belongs to.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The modules right under the crate that the file names.
    fn uses(&self) -> BTreeSet<&str> {
        let named = self.code.split("crate::").skip(1).flat_map(first_words);
        named.filter(|module| !module.is_empty() && *module != self.module()).collect()
    }

    /// Whether the file names a crate, as in `ort::session`.
    fn names(&self, engine: &str) -> bool {
        self.code.match_indices(&format!("{engine}::")).any(|(at, _)| {
            let before = self.code[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
        })
    }
}

/// The word that a path goes on with, or the words: `crate::{sink, source::format}`.
fn first_words(path: &str) -> Vec<&str> {
    let Some(group) = path.strip_prefix('{') else { return vec![first_word(path)] };
    let (mut depth, mut begins, mut words) = (0, true, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if begins && !c.is_whitespace() => {
                begins = false;
                words.push(first_word(&group[at..]));
            }
            _ => {}
        }
    }
    words
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        File { path: path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"), code }
    };
    paths.iter().map(read).collect()
}

fn collect(dir: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Whether `module` may use `used`; an error for a module that no table here names.
fn allowed(module: &str, used: &str) -> Result<bool, String> {
    if module == "python" || module == "lib" {
        return Ok(true);
    }
    if FOR_ALL.contains(&used) {
        return Ok(true);
    }
    if FOR_ALL.contains(&module) {
        return Ok(false);
    }
    match MAY_USE.iter().find(|(name, _)| *name == module) {
        Some((_, may)) => Ok(may.contains(&used)),
        None => Err(format!("the module '{module}' is new: say here and in ARCHITECTURE.md what it may use")),
    }
}

#[test]
fn modules_use_what_the_architecture_allows() {
    let mut wrong = Vec::new();
    for file in files() {
        for used in file.uses() {
            match allowed(file.module(), used) {
                Ok(true) => {}
                Ok(false) => wrong.push((file.path.clone(), used.to_owned())),
                Err(unknown) => panic!("{unknown}"),
            }
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "a file uses a module that ARCHITECTURE.md does not allow it: {wrong:?}");
}

#[test]
fn a_path_with_several_ends_names_all_of_them() {
    assert_eq!(first_words("{sink, source::{self, format}, stream}; use"), ["sink", "source", "stream"]);
    assert_eq!(first_words("sink::Writer;"), ["sink"]);
}

/// A folder's page is the map of its files.
#[test]
fn each_folder_names_its_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut left_out = Vec::new();
    for path in files().into_iter().map(|file| file.path).filter(|path| path.ends_with("/mod.rs")) {
        let text = fs::read_to_string(root.join(&path)).unwrap();
        let page: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let named: BTreeSet<&str> = page.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let modules = text.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| {
            let (before, module) = line.strip_suffix(';')?.split_once("mod ")?;
            (before.is_empty() || before.starts_with("pub")).then_some(module)
        });
        left_out.extend(modules.filter(|module| !named.contains(module)).map(|module| format!("{path}: {module}")));
    }
    assert!(left_out.is_empty(), "a folder's page at the head of its mod.rs does not name {left_out:?}");
}

#[test]
fn the_root_holds_the_map_the_batch_and_folders() {
    let mut loose: Vec<_> = files().into_iter().map(|file| file.path).filter(|path| !path.contains('/')).collect();
    loose.sort();

    assert_eq!(loose, ["batch.rs", "lib.rs"], "a loose file under src/ is a folder that has not been found yet");
}

/// The type that a line declares, if it does.
fn declared(line: &str) -> Option<&str> {
    let words = line.strip_prefix("pub").map_or(line, |rest| rest.split_once(' ').map_or("", |(_, rest)| rest));
    let (word, rest) = words.split_once(' ')?;
    ["struct", "enum", "trait", "type"].contains(&word).then(|| first_word(rest))
}

#[test]
fn a_line_that_declares_a_type_is_known() {
    let lines =
        ["pub struct Plan {", "pub(super) enum Job<T> {", "type Rows = Vec<Row>;", "    type Item = u8;", "fn f() {}"];
    assert_eq!(lines.map(declared), [Some("Plan"), Some("Job"), Some("Rows"), None, None]);
}

/// A name that stands for two things is looked up in the wrong file.
#[test]
fn no_two_types_have_one_name() {
    let files = files();
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in &files {
        for name in file.code.lines().filter_map(declared) {
            places.entry(name).or_default().push(&file.path);
        }
    }
    places.retain(|_, files| files.len() > 1);

    assert_eq!(places, BTreeMap::new());
}

#[test]
fn an_engine_is_named_only_where_it_belongs() {
    let mut wrong = Vec::new();
    for file in files() {
        for (engine, places) in ENGINES {
            if file.names(engine) && !places.iter().any(|place| file.path.starts_with(place)) {
                wrong.push(format!("{} names {engine}", file.path));
            }
        }
    }

    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_checkpoint_knows_nothing_of_arrow() {
    let files = files();
    let named: Vec<_> = files.iter().filter(|file| file.module() == "checkpoint" && file.names("arrow")).collect();

    assert_eq!(named.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn the_interpreter_lock_is_left_through_one_door() {
    let files = files();
    let leave: Vec<_> =
        files.iter().filter(|file| file.code.contains(".detach(")).map(|file| file.path.as_str()).collect();

    assert_eq!(
        leave,
        ["python/door.rs"],
        "whoever waits for Rust waits in the door, so that Ctrl-C and stop() reach it"
    );
}
