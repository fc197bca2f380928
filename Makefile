# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Both build with the `dev` profile (quick to build); `make wheel` and `make bench` with `release`, the only one whose speed is quoted.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PROFILE ?= dev

.DEFAULT_GOAL := help
.PHONY: help tools build demo test lint rust-test python-test notebooks pages bench wheel clean

help:  ## Lists the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

tools:
	@sh .ci/check-tools.sh "$(PYTHON)"

$(BIN)/python: | tools
	$(PYTHON) -m venv $(VENV)

# `--group` needs pip 25.1, and a new virtual environment has the pip that came with Python.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --group demo
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.demo | $(BIN)/python
	$(BIN)/python -m pip install --quiet --group test
	@touch $@

build: $(VENV)/.demo  ## Builds the extension into the virtual environment (profile dev)
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --quiet --profile $(PROFILE)

demo: build  ## Scores half a year of flights as they arrive, and shows how well
	$(BIN)/firesteel demo

test: lint rust-test python-test  ## Runs every test, format and lint checks first

lint: $(VENV)/.test  ## Checks formatting, lints and types
	cargo fmt --check
	cargo clippy --quiet --all-targets -- -D warnings
	$(BIN)/ruff check python tests notebooks
	$(BIN)/ruff format --check python tests notebooks
	$(BIN)/mypy

rust-test:
	cargo test --quiet --no-default-features --features onnx,crash-points

python-test: $(VENV)/.test
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --quiet --profile dev --features crash-points
	$(BIN)/python -m mypy.stubtest firesteel._native --allowlist tests/python/stubtest.txt
	$(BIN)/python notebooks/execute.py
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest

notebooks: build $(VENV)/.test  ## Executes the notebooks
	$(BIN)/python notebooks/execute.py

pages: build $(VENV)/.test  ## Writes the README's parity table and the list of functions
	$(BIN)/python tests/parity/table.py
	$(BIN)/python tests/python/functions_page.py

bench: $(VENV)/.test  ## Measures side by side, with the wheel's profile, and writes one report
	$(BIN)/python tests/bench/run.py

wheel: $(VENV)/.demo  ## Builds the wheel for users (profile release) into dist/
	$(BIN)/maturin build --release --out dist

clean:  ## Removes what the other commands made
	rm -rf $(VENV) target dist python/firesteel/*.so
