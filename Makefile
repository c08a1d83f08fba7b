# `make run` and `make test` do all the set-up; everything lives in .venv.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (4,))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST_ARGS ?=
SEEDS ?= 50

.PHONY: run test unit interop sim check bench bench-micro bench-swarms format clean

run: $(VENV)/.run
	exec $(BIN)/twistd --nodaemon torrentd $(ARGS)

test: unit interop

# who has nothing left takes of the others
PYTEST = $(BIN)/python -m pytest

# what needs no other client
unit: $(VENV)/.test
	$(PYTEST) -n 2 --dist worksteal -m "not interop" $(PYTEST_ARGS)

# after the others; three at a time, since they mostly wait for each other and for other clients
interop: $(VENV)/.test
	$(PYTEST) -n 3 --dist loadgroup -m interop $(PYTEST_ARGS)

sim: $(VENV)/.test
	$(BIN)/python -m tests.scenarios.stories --seeds $(SEEDS) $(ARGS)

check: $(VENV)/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks $(ARGS)

bench-micro: $(VENV)/.run
	$(BIN)/python -m benchmarks.micro $(ARGS)

bench-swarms: $(VENV)/.bench
	$(BIN)/python -m benchmarks.swarms $(ARGS)

format: $(VENV)/.check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "torrentd needs Python 3.11 or newer; on Debian or Ubuntu: sudo apt install python3.11 python3.11-venv (or python3.12, python3.13)" >&2; exit 1; fi
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		v=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "the venv module of $(PYTHON) is missing; on Debian or Ubuntu: sudo apt install python$$v-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.python pyproject.toml twisted_plugins/torrentd_plugin.py
	@echo "installing torrentd into $(VENV)" >&2
	@$(PIP) install -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@$(PIP) install -e '.[test]' hatchling
	@touch $@

$(VENV)/.check: $(VENV)/.test
	@$(PIP) install -e '.[test,check]'
	@touch $@

# what is measured is the package as users have it: not editable, in an environment of its own
$(VENV)/.bench: $(VENV)/.run $(shell find torrentd twisted_plugins -name '*.py' 2>/dev/null)
	@$(PIP) install -e '.[bench]'
	@test -x $(VENV)/bench/bin/python || $(BIN)/python -m venv $(VENV)/bench
	@echo "installing torrentd into $(VENV)/bench" >&2
	@$(VENV)/bench/bin/python -m pip --disable-pip-version-check --quiet install .
	@touch $@
