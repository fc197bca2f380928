"""The project's files agree: folders, commands and paths are there, packages are pinned, and each is needed."""

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
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

FOLDERS = {".ci", "docs", "notebooks", "python", "src", "tests"}
FILES = {".gitignore", "Cargo.lock", "Cargo.toml", "LICENSE", "Makefile", "build.rs", "clippy.toml", "pyproject.toml"}
FILES |= {"ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "rustfmt.toml"}
PAGES = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "Makefile", ".ci/run", "tests/parity/README.md"]
PATH = re.compile(r"(?<![\w./-])((?:\.\w+|[a-z]+)/[\w./-]*[\w/])")


def _pins(group: str) -> dict[str, Requirement]:
    """The requirements of a group and of those that it includes, by their names."""
    pins = {}
    for entry in PROJECT["dependency-groups"][group]:
        if isinstance(entry, dict):
            pins |= _pins(entry["include-group"])
        else:
            pins[canonicalize_name(Requirement(entry).name)] = Requirement(entry)
    return pins


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
