# Two commands are enough: `make demo` and `make test`. Each sets up everything it needs, from nothing.
# PYTHON=/path/to/python3.12 chooses the Python; ARGS="..." passes options on (make demo ARGS=--keep).

PYTHON ?= python3
ARGS ?=
# Three processes even on two cores: those with a browser mostly wait. Whole files go to one process: what a file shares
# (a server, a browser, a loaded model) is then made once. Their order is that of tests/conftest.py.
TESTS := -m pytest -n 3 --dist loadfile --no-loadscope-reorder
BIN := .venv/bin
SETUP := $(PYTHON) tools/setup.py

.DEFAULT_GOAL := help
.PHONY: help demo test check lint setup bench lock clean

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

demo:  ## start the desk with its sandbox networks; Ctrl-C stops everything
	@$(SETUP) demo && exec $(BIN)/webcare demo $(ARGS)

test:  ## run all tests
	@$(SETUP) test && exec $(BIN)/python $(TESTS) $(ARGS)

check: lint  ## format, lint, strict types, import contracts, then all tests
	@exec $(BIN)/python $(TESTS) $(ARGS)

lint:  ## the checks of `make check` without the tests
	@$(SETUP) check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup:  ## only set up, for everything
	@$(SETUP) check

bench:  ## run the benchmarks one after the other and print their tables
	@$(SETUP) test
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

lock:  ## renew constraints.txt with the newest allowed versions
	@$(SETUP) check --unlocked --venv build/lock
	build/lock/bin/python tools/lock.py constraints.txt
	@rm -rf build/lock

clean:  ## remove the environment, caches and the demo's data; never your own data
	rm -rf .venv build dist data/demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
