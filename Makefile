# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Both build with the profile `dev`, which is quick to build. `make wheel` and `make bench` build
# with `release`, the only one whose speed is quoted.
# The times that the steps name were measured on two cores.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PROFILE ?= dev
STEP := @$(PYTHON) .ci/step.py
PIP := $(BIN)/python -m pip
MATURIN := env VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin
RUST_TESTS := --no-default-features --features onnx,crash-points

# pip prints errors and nothing else, also where maturin calls it.
export PIP_QUIET := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help tools build demo test lint rust-test python-test notebooks pages bench wheel clean

help:  ## Lists the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

tools:
	@sh .ci/check-tools.sh "$(PYTHON)"

$(BIN)/python: | tools
	$(STEP) "Making the virtual environment $(VENV)" $(PYTHON) -m venv $(VENV)

# `--group` needs pip 25.1, and a new virtual environment has the pip that came with Python.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(STEP) "Bringing pip up to date" $(PIP) install --upgrade "pip>=25.1"
	$(STEP) "Installing what the demo needs (a minute)" $(PIP) install --group demo
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.demo | $(BIN)/python
	$(STEP) "Installing what the tests need (a minute)" $(PIP) install --group test
	@touch $@

build: tools $(VENV)/.demo  ## Builds the extension into the virtual environment (profile dev)
	$(STEP) "Building the extension (the first time: 8 minutes)" $(MATURIN) develop --profile $(PROFILE)

demo: build  ## Scores half a year of flights as they arrive, and shows how well
	$(BIN)/firesteel demo

test: lint rust-test python-test  ## Runs every test, format and lint checks first

lint: tools $(VENV)/.test  ## Checks formatting, lints and types
	cargo fmt --check
	$(STEP) "Checking the Rust code with clippy (the first time: 3 minutes)" cargo clippy --all-targets -- -D warnings
	$(BIN)/ruff check .ci python tests notebooks
	$(BIN)/ruff format --check .ci python tests notebooks
	$(BIN)/mypy

rust-test: tools
	$(STEP) "Building the Rust tests (the first time: 8 minutes)" cargo test --no-run $(RUST_TESTS)
	cargo test --quiet $(RUST_TESTS)

python-test: tools $(VENV)/.test
	$(STEP) "Building the extension for the tests (the first time: 2 minutes)" $(MATURIN) develop --profile dev --features crash-points
	$(BIN)/python -m mypy.stubtest firesteel._native --allowlist tests/python/stubtest.txt
	$(BIN)/python notebooks/execute.py
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest

notebooks: build $(VENV)/.test  ## Executes the notebooks
	$(BIN)/python notebooks/execute.py

pages: build $(VENV)/.test  ## Writes the README's parity table and the list of functions
	$(BIN)/python tests/parity/table.py
	$(BIN)/python tests/python/functions_page.py

bench: tools $(VENV)/.test  ## Measures side by side, with the wheel's profile, and writes one report
	$(BIN)/python tests/bench/run.py

wheel: tools $(VENV)/.demo  ## Builds the wheel for users (profile release) into dist/
	$(STEP) "Building the wheel (the first time: 22 minutes)" $(BIN)/maturin build --release --out dist

clean:  ## Removes what the other commands made
	rm -rf $(VENV) target dist python/firesteel/*.so
