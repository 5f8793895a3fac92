# Every target makes what it needs. Only Python 3.11 or newer and make must be there.
#   make PYTHON=python3.12 ...   chooses the interpreter of the environment
#   make VENV=/somewhere ...     puts the environment elsewhere

.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

# Commands, and the tests start hundreds, take half a second more when none of it stays compiled.
unexport PYTHONDONTWRITEBYTECODE

VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
IS_NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
VERSION := -c 'import sys; print(*sys.version_info[:2], sep=".")' 2>/dev/null

# An environment of another Python than the one asked for, or of one that is gone, is made anew.
HAS := $(shell $(BIN)/python $(VERSION))
WANTS := $(if $(PYTHON),$(shell $(PYTHON) $(VERSION)),$(HAS))
ifneq ($(HAS),$(if $(HAS),$(WANTS),anew))
.PHONY: $(VENV)/.made
endif

RAW := data/raw
ROUNDS := 50

# All benchmarks know --sales; what else BENCH_ARGS says is for the first of them.
BENCH_SIZE = $(shell echo ' $(BENCH_ARGS)' | sed -n 's/.* \(--sales[ =][0-9_]*\).*/\1/p')

.PHONY: help run dashboard test test-cloud check bench bench-peers clean kernel lock venv venv-dev \
    torture fuzz mutate

help: ## what make can do
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: $(VENV)/.run ## simulate a store if data/raw is empty, run the pipeline, draw charts and report
	@find $(RAW) -maxdepth 1 \( -name 'customers*' -o -name 'products*' -o -name 'sales*' \) \
	    2>/dev/null | grep -q . || $(BIN)/sales simulate
	@$(BIN)/sales run
	@$(BIN)/sales charts
	@$(BIN)/sales report
	@echo
	@echo 'raw files         $(RAW)/'
	@echo 'warehouse         data/warehouse.duckdb'
	@echo 'loaded rows       data/processed/transformed_{customers,products,sales}.csv'
	@echo 'charts            out/charts/'
	@echo 'report            out/report.html'
	@echo 'the command       $(BIN)/sales --help'
	@echo
	@echo 'To look at it in the browser: make dashboard'

dashboard: $(VENV)/.dashboard ## the web page on the warehouse (after make run); DASHBOARD_ARGS='--port 9000'
	@$(BIN)/sales dashboard $(DASHBOARD_ARGS)

test: $(VENV)/.dev ## the whole suite, with line and branch coverage of the package
	@$(BIN)/python -m pytest -n logical --dist worksteal --cov --cov-report=term $(PYTEST_ARGS)

# Each service of which the environment names a place to work in.
CLOUDS := $(strip $(if $(TEST_REDSHIFT_URL),redshift) $(if $(TEST_BIGQUERY_URL),bigquery))
CLOUD_TESTS := tests/test_load.py tests/test_same_content.py tests/test_four_warehouses.py tests/bigquery/test_bigquery.py

test-cloud: $(VENV)/.dev ## the contract suite on real services: TEST_REDSHIFT_URL, TEST_BIGQUERY_URL
	@test -n '$(CLOUDS)' || { echo 'Set TEST_REDSHIFT_URL (docs/redshift.md) or TEST_BIGQUERY_URL (docs/bigquery.md).' >&2; exit 2; }
	@$(BIN)/python -m pytest -k '$(subst $() $(), or ,$(CLOUDS))' $(CLOUD_TESTS) $(PYTEST_ARGS)

check: $(VENV)/.dev ## format, lint, types, import rules, SQL rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_sql_lint.py

bench: $(VENV)/.dev ## 10 million sales against the floor (BENCH_ARGS='--sales 200000' is quick)
	@$(BIN)/python -m benchmarks.bench_run $(BENCH_ARGS)
	@$(BIN)/python -m benchmarks.bench_simulator $(BENCH_SIZE)
	@$(BIN)/python -m benchmarks.bench_metrics $(BENCH_SIZE)
	@$(BIN)/python -m benchmarks.bench_dashboard $(BENCH_SIZE)
	@$(BIN)/python -m benchmarks.bench_postgres $(BENCH_SIZE)
	@$(BIN)/python -m benchmarks.bench_sources $(BENCH_SIZE)

bench-peers: $(VENV)/.dev ## pandas, Polars, DuckDB, dlt, dbt, SQLMesh, Spark and us: PEERS_ARGS='--only polars'
	@$(BIN)/python -m benchmarks.bench_peers $(PEERS_ARGS)

torture: $(VENV)/.dev ## kill runs, fill disks: TORTURE_ARGS='--kills 2000' for longer
	@$(BIN)/python -m tests.torture $(TORTURE_ARGS)

fuzz: $(VENV)/.dev ## random bytes as raw files for a minute; FUZZ_ARGS='--seconds 3600' for longer
	@$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

mutate: $(VENV)/.dev ## plant faults in the core: MUTATE_ARGS='--parts load --sample 20' is quicker
	@$(BIN)/python -m tests.mutation $(MUTATE_ARGS)

.PHONY: at-once
at-once: $(VENV)/.dev ## 8 runs at once on one warehouse, ROUNDS=50 times, with readers beside them
	@ROUNDS_AT_ONCE=$(ROUNDS) $(BIN)/python -m pytest -q -s tests/test_at_once.py

# Only who changes kernel.c needs this: what it makes is committed, and .ci/run makes it again.
ZIG := .cache/zig
KERNEL := data_pipeline/sources/kernel.wasm

kernel: $(ZIG)/.made ## compile the quick lane's reader anew (kernel/kernel.c to WebAssembly)
	ZIG_GLOBAL_CACHE_DIR=$(CURDIR)/$(ZIG)/cache ZIG_LOCAL_CACHE_DIR=$(CURDIR)/$(ZIG)/cache \
	    $(ZIG)/bin/python -m ziglang cc --target=wasm32-freestanding -std=c11 -O3 \
	    -Wall -Wextra -Werror -ffreestanding -fno-builtin -nostdlib \
	    -Wl,--no-entry,--strip-all,--export=room,--export=read_lines -o $(KERNEL) kernel/kernel.c

$(ZIG)/.made: kernel/requirements.txt $(VENV)/.made
	@echo 'Installing kernel/requirements.txt ...'
	@$(BIN)/python -m venv --clear $(ZIG)
	@$(ZIG)/bin/python -m pip --disable-pip-version-check --no-input install -qq --no-compile \
	    --require-hashes --requirement kernel/requirements.txt
	@touch $@

clean: ## remove the environment, the caches and what was built; your data stay
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	rm -rf *.egg-info .coverage .coverage.* out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: $(VENV)/.dev ## pin requirements*.txt anew from pyproject.toml
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --quiet --upgrade --no-header \
	    --no-emit-index-url --no-emit-find-links \
	    pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --quiet --upgrade --no-header \
	    --no-emit-index-url --no-emit-find-links --extra dev --constraint requirements.txt \
	    pyproject.toml --output-file requirements-dev.txt
	$(MAKE) hashes

.PHONY: hashes
hashes: $(VENV)/.dev ## write the hashes of all pinned files to requirements-hashed.txt
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --quiet --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links --generate-hashes --extra dev \
	    --constraint requirements-dev.txt pyproject.toml --output-file requirements-hashed.txt

.PHONY: venv-hashed
venv-hashed: $(VENV)/.made ## before venv-dev: install only files whose hashes are known
	@echo 'Installing requirements-hashed.txt ...'
	@$(PIP) install -qq --no-compile --no-deps --require-hashes --requirement requirements-hashed.txt

venv: $(VENV)/.run ## only the environment of run
venv-dev: $(VENV)/.dev ## only the environment of test and check

$(VENV)/.made:
	@python='$(PYTHON)'; \
	if [ -z "$$python" ]; then \
	    for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	        if $$p $(IS_NEW_ENOUGH); then python=$$p; break; fi; \
	    done; \
	fi; \
	if [ -z "$$python" ]; then \
	    echo "No Python 3.11 or newer was found (python3 is $$(python3 --version 2>&1))." >&2; \
	    echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	if ! $$python $(IS_NEW_ENOUGH); then \
	    echo "PYTHON=$$python is no Python 3.11 or newer ($$($$python --version 2>&1))." >&2; exit 1; \
	fi; \
	if ! $$python -c 'import venv, ensurepip' >/dev/null 2>&1; then \
	    echo "$$python has no working venv module (ensurepip is missing)." >&2; \
	    echo "On Debian and Ubuntu: apt-get install python3-venv. Or name another Python:" >&2; \
	    echo "make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$python --version 2>&1) ..."; \
	$$python -m venv --clear $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml requirements.txt
	@echo 'Installing requirements.txt ...'
	@$(PIP) install -qq --no-compile --requirement requirements.txt
	@$(PIP) install -qq --no-compile --no-deps --editable .
	@touch $@

$(VENV)/.dashboard: $(VENV)/.run requirements-dev.txt
	@echo 'Installing the extra dashboard ...'
	@$(PIP) install -qq --no-compile --constraint requirements-dev.txt --editable '.[dashboard]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@echo 'Installing requirements-dev.txt ...'
	@$(PIP) install -qq --no-compile --requirement requirements-dev.txt
	@touch $@
