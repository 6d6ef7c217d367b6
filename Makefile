# Everything runs from the checkout: `make demo` and `make test` set up what they need in .venv.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
ARGS ?=
PORT ?= 3000

.PHONY: help setup setup-dev demo up test check bench evals golden openapi clean

help:  ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; give PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'
	@touch $@

$(VENV)/.runtime: $(VENV)/.uv pyproject.toml uv.lock
	@UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --frozen --inexact --no-dev --quiet
	@$(BIN)/python -m compileall -q src
	@touch $@

$(VENV)/.dev: $(VENV)/.uv pyproject.toml uv.lock
	@UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --frozen --inexact --extra all --quiet
	@$(BIN)/python -m compileall -q src
	@touch $@ $(VENV)/.runtime

setup: $(VENV)/.runtime  ## Install the product into .venv

setup-dev: $(VENV)/.dev  ## Install the product with everything its tests need

demo: setup  ## A plain-language brief becomes a tested, finished run; then serve it (ARGS=--once: do not serve)
	@$(BIN)/tidemill demo --port $(PORT) $(ARGS)

up: setup  ## Serve on http://127.0.0.1:3000
	@$(BIN)/tidemill up --port $(PORT) $(ARGS)

test: setup-dev  ## Run all tests
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup $(ARGS)

check: setup-dev  ## Format, lint, types, import contracts, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

bench: setup-dev  ## Run the benchmarks, each as a ratio against a named peer
	@for file in benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file $(ARGS) || exit 1; done

evals: setup-dev  ## Score the drafter on the briefs in tests/evals
	@$(BIN)/python -m tests.evals.score $(ARGS)

golden: setup-dev  ## Rewrite the golden files; read the diff
	@$(BIN)/python -m tests.golden.rewrite

openapi: setup-dev  ## Rewrite contracts/openapi.json; read the diff
	@$(BIN)/python -m tidemill.entrypoints.http.openapi > contracts/openapi.json

clean:  ## Remove what was set up
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
