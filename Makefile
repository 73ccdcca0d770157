# Needs Python 3.11+ and make; everything else is installed into .venv from uv.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
# The stamps say that .venv holds what the lock says, so that a second `make` starts at once.
RUN_STAMP := $(VENV)/.run-$(shell cksum uv.lock pyproject.toml | cksum | cut -d' ' -f1)
DEV_STAMP := $(VENV)/.dev-$(shell cksum uv.lock pyproject.toml | cksum | cut -d' ' -f1)
PYTEST_ARGS ?=
# Nine thousand tests take each worker ten seconds to compile: the next run finds them compiled, whatever is asked for.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check format bench agents goldens docs-check clean help

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(RUN_STAMP): $(BIN)/uv
	$(BIN)/uv sync --frozen --quiet --inexact --no-dev --compile-bytecode
	$(BIN)/python -m compileall -q src
	@rm -f $(VENV)/.run-*; touch $@

$(DEV_STAMP): $(BIN)/uv
	$(BIN)/uv sync --frozen --quiet --inexact --compile-bytecode
	$(BIN)/python -m compileall -q src bench
	@rm -f $(VENV)/.dev-* $(VENV)/.run-*; touch $@ $(RUN_STAMP)

run: $(RUN_STAMP)  ## Serve on 127.0.0.1:8080 with the simulator, no account needed
	$(BIN)/gophergate serve --demo $(ARGS)

test: $(DEV_STAMP)  ## Run every test (PYTEST_ARGS="-k chat" for some)
	$(BIN)/pytest -n auto --dist loadgroup $(PYTEST_ARGS)

check: $(DEV_STAMP)  ## Format, lint, types, import contracts, documentation, tests
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_dashboard.py
	$(MAKE) --no-print-directory docs-check
	$(MAKE) --no-print-directory test

format: $(DEV_STAMP)  ## Format and mend what can be mended
	$(BIN)/ruff format src tests bench
	$(BIN)/ruff check --fix src tests bench
	$(BIN)/python scripts/check_dashboard.py --write

bench: $(DEV_STAMP)  ## Measure cost, speed and memory beside nginx (ARGS="--quick")
	PYTHONPATH=bench $(BIN)/python -m gatebench $(ARGS)

agents: $(DEV_STAMP)  ## Install coding agents from npm and let each do a task through the gateway (not part of check)
	$(BIN)/pytest -n 2 -m agents tests/agents $(PYTEST_ARGS)

goldens: $(DEV_STAMP)  ## Write the golden files of every dialect pair anew, to be read before they are committed
	UPDATE_GOLDENS=1 $(BIN)/pytest -n 0 tests/golden

docs-check: $(DEV_STAMP)  ## Check that the documentation says what the code does
	$(BIN)/pytest -n 0 tests/docs $(PYTEST_ARGS)

clean:  ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
