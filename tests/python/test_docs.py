"""The pages under ``docs/`` are true: their examples run, and their tables match the source."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

import functions_page
import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
READS = r"\b(?:get|flag|parse(?:::<\w+>)?|positive|not_negative|duration_ms|moment|pattern|one|one_char)"
OPTION = re.compile(READS + r'\(\s*(?:options,\s*)?"([A-Za-z]\w*)"')
LOOP = re.compile(r"\bfor [^{;]+? in \[(.*?)\] *\{", flags=re.DOTALL)
"""A list of options that a loop reads, as in ``for key in ["dateFormat", "timeZone"]``.
"""
DEFAULT = re.compile(r'\("((?:spark|firesteel)\.[\w.]+)",\s*(?:\w+(?:\([^)]*\))?,\s*)?"([^"]*)",?\s*\)')
"""A key and its default, such as ``("spark.sql.ansi.enabled", "true")``.

The kind of its value may stand between them.
"""
KEY = re.compile(r'"((?:spark|firesteel)\.(?:sql|checkpoint|memory|app|master)[\w.]*)"')


def _examples(page: Path) -> str:
    """The page's Python blocks, each before an empty line. So the fence is no expected output."""
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return "\n".join(blocks)


def _pages_with_examples() -> list[Path]:
    return [page for page in sorted(DOCS.glob("*.md")) if _examples(page)]


def _rust(folder: str, *names: str) -> str:
    paths = sorted((ROOT / "src" / folder).rglob("*.rs"))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if not names or path.name in names)


def _options(folder: str) -> set[str]:
    text = _rust(folder)
    looped = [name for listed in LOOP.findall(text) for name in re.findall(r'"([a-z]\w+)"', listed)]
    return {*OPTION.findall(text), *looped}


def _names_on(page: str) -> set[str]:
    return set(re.findall(r"`([\w.]+)(?:=[^`]*)?`", (DOCS / page).read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", _pages_with_examples(), ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(spark, tmp_path, monkeypatch, page):
    for model in (ROOT / "tests" / "fixtures" / "models").glob("*.onnx"):
        shutil.copy(model, tmp_path)
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(_examples(page), {"spark": spark}, page.stem, str(page), 0)

    result = doctest.DocTestRunner(optionflags=FLAGS).run(test)

    assert result.failed == 0


@pytest.mark.parametrize("folder, page", [("source", "sources.md"), ("sink", "sinks.md")])
def test_every_option_that_is_read_stands_on_its_page(folder, page):
    assert _options(folder) - _names_on(page) == set()


def test_every_key_with_a_default_stands_on_the_page_with_it():
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    defaults = dict(DEFAULT.findall(_rust(".", "conf.rs", "setting.rs")))
    rows = dict(re.findall(r"^\| `([\w.]+)` \| `?([^|`]*)`? \|", text, flags=re.MULTILINE))

    assert defaults
    assert {key: rows.get(key) for key in defaults} == defaults


def test_every_key_that_is_read_stands_on_the_page():
    read = set(KEY.findall(_rust("."))) - {"firesteel.sql.types"}  # a Python module
    # A checkpoint logs keys, and the table of Spark's keys answers for them. Neither carries them
    # out.
    named = set(KEY.findall(_rust("checkpoint", "conf.rs") + _rust("config", "known.rs")))

    assert read - named - _names_on("configuration.md") == set()


def test_the_table_of_cluster_settings_is_that_of_the_session():
    (block,) = re.findall(r"OF_A_CLUSTER: .*?= &\[(.*?)\];", _rust(".", "setting.rs"), flags=re.DOTALL)
    keys = set(re.findall(r'"([^"]+)"', block))

    assert keys
    assert keys - _names_on("configuration.md") == set()


def test_every_page_is_on_the_index():
    index = (DOCS / "README.md").read_text(encoding="utf-8")

    assert [
        page.name for page in sorted(DOCS.glob("*.md")) if page.name != "README.md" and page.name not in index
    ] == []


def test_links_between_pages_lead_somewhere():
    dead = []
    for page in [*DOCS.glob("*.md"), *ROOT.glob("*.md")]:
        shown = re.sub(r"<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", shown):
            if not (page.parent / target).exists():
                dead.append(f"{page.name}: {target}")

    assert dead == []


def test_the_list_of_functions_is_what_the_package_has():
    assert functions_page.PAGE.read_text(encoding="utf-8") == functions_page.text(), "run: make pages"
