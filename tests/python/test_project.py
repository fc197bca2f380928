"""The project's files agree: named folders, commands and paths exist, and packages are pinned."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

FOLDERS = {".ci", "docs", "notebooks", "python", "src", "tests"}
FILES = {".gitignore", "Cargo.lock", "Cargo.toml", "LICENSE", "Makefile", "build.rs", "clippy.toml", "pyproject.toml"}
FILES |= {"ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "rustfmt.toml"}
PAGES = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "Makefile", ".ci/run", "tests/parity/README.md"]
PATH = re.compile(r"(?<![\w./-])((?:\.\w+|[a-z]+)/[\w./-]*[\w/])")

SHARED_FEATURES = {"half", "num-complex", "num-integer"}
"""Packages that no source file names.

The Rust tests take the features that the extension's own packages ask of them.
"""


def _pins(group: str) -> dict[str, Requirement]:
    """The requirements of a group and of those that it includes, by their names."""
    pins = {}
    for entry in PROJECT["dependency-groups"][group]:
        if isinstance(entry, dict):
            pins |= _pins(entry["include-group"])
        else:
            pins[canonicalize_name(Requirement(entry).name)] = Requirement(entry)
    return pins


def _packages(*words: str) -> set[str]:
    """Every package of a build, each with the features that it has there."""
    tree = ["cargo", "tree", "--locked", "--offline", "--no-default-features", "--prefix", "none", "--format"]
    listed = subprocess.run([*tree, "{p} {f}", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stderr
    return {line.removesuffix(" (*)") for line in listed.stdout.splitlines()}


def test_a_dependency_group_holds_exact_versions():
    loose = [str(pin) for pin in _pins("test").values() if not re.fullmatch(r"==[\w.]+", str(pin.specifier))]

    assert loose == []


def test_the_demo_group_pins_all_that_the_demo_installs():
    pins = _pins("demo")
    asked = [Requirement(each) for each in PROJECT["project"]["dependencies"]]
    asked += [Requirement(each) for each in PROJECT["project"]["optional-dependencies"]["demo"]]
    for name in pins:
        needs = map(Requirement, metadata.requires(name) or [])
        asked += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]

    unmet = [
        str(need)
        for need in asked
        if (pin := pins.get(canonicalize_name(need.name))) is None
        or not need.specifier.contains(str(pin.specifier).removeprefix("=="))
    ]
    assert unmet == []


def test_the_top_level_holds_what_the_design_names():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = {Path(path) for path in listed.split("\0") if path and (ROOT / path).exists()}

    assert {path.parts[0] for path in paths if len(path.parts) > 1} == FOLDERS
    assert {path.name for path in paths if len(path.parts) == 1} == FILES


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page):
    named = set(PATH.findall((ROOT / page).read_text(encoding="utf-8")))
    ours = {path for path in named if path.split("/")[0] in {*FOLDERS, "requirements", "tools"}}

    assert {path for path in ours if not (ROOT / path).exists()} == set()


def test_every_command_that_a_page_names_is_a_target():
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / ".ci" / "run", ROOT / "Cargo.toml", ROOT / "Makefile"]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)

    assert set(re.findall(r"(?:^|`|\$ )make ([a-z-]+)", text, flags=re.MULTILINE)) - targets == set()


def test_every_pinned_package_is_used_or_needed_by_one_that_is():
    pins = _pins("test")
    project = PROJECT["project"]
    named = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    needed = {canonicalize_name(Requirement(each).name) for each in named}
    for name in pins:
        needed |= {canonicalize_name(Requirement(each).name) for each in metadata.requires(name) or []}
    sources = [path for folder in ("notebooks", "python", "tests") for path in (ROOT / folder).rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", text, flags=re.MULTILINE))
    for module, names in metadata.packages_distributions().items():
        needed |= {canonicalize_name(name) for name in names if module in imported}
    needed |= {name for name in pins if re.search(rf"\b{name}\b", MAKEFILE)}

    assert pins.keys() - needed == set()


def test_every_dependency_is_named_by_a_source_file():
    def names(text: str, crate: str) -> bool:
        """Whether a file names the crate, and no module of ours that has the crate's name."""
        ours = rf"^(?:pub(?:\(\w+\))? )?mod {crate};|\buse (?:crate|super|self)::[^;]*\b{crate}\b"
        named = re.search(rf"(?<![\w:]){crate}(?:::|!)", text)
        return named is not None and not re.search(ours, text, flags=re.MULTILINE)

    def unnamed(packages: dict, folder: str) -> set[str]:
        texts = [path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.rs")]
        return {each for each in packages if not any(names(text, each.replace("-", "_")) for text in texts)}

    assert unnamed(CARGO["dependencies"], "src") == set()
    assert unnamed(CARGO["dev-dependencies"], "tests/rust") == SHARED_FEATURES


def test_the_rust_tests_share_every_package_with_the_extension():
    def named(packages: set[str]) -> set[str]:
        return {package.split(" ")[0] for package in packages} - {"firesteel"}

    (flags,) = re.findall(r"^RUST_TESTS := --no-default-features (.*)$", MAKEFILE, flags=re.MULTILINE)
    features = ",".join(PROJECT["tool"]["maturin"]["features"])
    tests = _packages(*flags.split(), "--edges", "normal,build,dev")
    extension = _packages("--features", features, "--edges", "normal,build")
    shared = named(tests) & named(extension)

    assert {"arrow", "datafusion", "parquet"} <= shared
    assert {each for each in tests ^ extension if each.split(" ")[0] in shared} == set()
