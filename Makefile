# agentobs. On a machine with Python 3.11 or newer and nothing else: `make demo`, `make test`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python that really runs and is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
export UV_COMPILE_BYTECODE := 1
# Samples and tests never go to a database of yours.
ALONE := env -u AGENTOBS_DATABASE_URL -u AGENTOBS_CONFIG -u AGENTOBS_PROJECT -u AGENTOBS_TIMEZONE

.PHONY: help demo test lint bench bench-service clean notebooks chromium timescaledb

help: ## show this
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' $(MAKEFILE_LIST)

demo: .venv/.demo ## ingest the sample sessions, write a report, serve the dashboard (DEMO_SERVE=0: don't serve)
	@$(ALONE) AGENTOBS_HOME='$(CURDIR)/.agentobs' $(BIN)/agentobs demo data/claude_code --out reports

test: .venv/.dev lint chromium timescaledb notebooks ## set up all that is needed, and test all
	$(ALONE) $(BIN)/python -m pytest -n 2

lint: .venv/.dev ## style, types, floors
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright
	$(BIN)/lint-imports

notebooks: .venv/.dev
	@$(ALONE) AGENTOBS_HOME='$(CURDIR)/.cache/notebooks' $(BIN)/agentobs db stop >/dev/null; rm -rf .cache/notebooks
	@$(ALONE) AGENTOBS_HOME='$(CURDIR)/.cache/notebooks' $(BIN)/agentobs ingest data/claude_code
	$(ALONE) AGENTOBS_HOME='$(CURDIR)/.cache/notebooks' $(BIN)/python -m pytest --nbval-lax notebooks

bench: .venv/.dev ## measure the speeds that the design promises, beside the limits of this machine
	@for file in tests/benchmarks/[a-z]*.py; do \
		echo "== $$file"; $(ALONE) $(BIN)/python -m "tests.benchmarks.$$(basename "$$file" .py)"; done

bench-service: .venv/.dev ## what the service promises, in one table (PHOENIX=, MLFLOW=: programs to compare with)
	@$(ALONE) $(BIN)/python -m tests.benchmarks._service --phoenix '$(PHOENIX)' --mlflow '$(MLFLOW)'

clean: ## remove the environment, the demo's database and reports; data and caches of others stay
	@if [ -x $(BIN)/agentobs ]; then $(ALONE) AGENTOBS_HOME='$(CURDIR)/.agentobs' $(BIN)/agentobs db stop || true; fi
	rm -rf .venv .agentobs reports .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -not -path './.cache/*' -prune -exec rm -rf {} +

# A Chromium for the tests that open a page.
chromium: .venv/.dev
	@for name in "$${AGENTOBS_CHROMIUM:-chromium}" chromium chromium-browser google-chrome-stable google-chrome; do \
		if command -v "$$name" >/dev/null; then exit 0; fi; done; \
	if ! command -v apt-get >/dev/null; then why="no apt-get here"; \
	elif [ "$$(id -u)" = 0 ]; then sudo=""; \
	elif sudo -n true 2>/dev/null; then sudo="sudo -n"; \
	else why="neither root nor sudo without a password"; fi; \
	if [ -z "$${why:-}" ]; then \
		echo "installing chromium for the tests that open a page"; \
		$$sudo apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
			$$sudo apt-get -qq -o Dpkg::Use-Pty=0 install --yes --no-install-recommends chromium >/dev/null \
			&& exit 0 || why="apt-get failed"; \
	fi; \
	echo "NOT TESTED: pages in a browser ($$why); install chromium or set AGENTOBS_CHROMIUM" >&2

# A TimescaleDB from Debian's packages, unpacked into .cache once; the store tests run on it too.
timescaledb: .venv/.dev
	@if [ -n "$${AGENTOBS_TEST_TIMESCALEDB_URL:-}" ]; then exit 0; fi; \
	$(BIN)/python -m tests.servers.timescaledb ensure >/dev/null \
		|| echo "NOT TESTED: the store on TimescaleDB; set AGENTOBS_TEST_TIMESCALEDB_URL to one" >&2

.venv/bin/python:
	@[ -n '$(PYTHON)' ] || { echo "no Python >= 3.11 found; install one or name it: make PYTHON=/path/to/python" >&2; exit 1; }
ifdef UV
	$(UV) venv --quiet --python '$(PYTHON)' .venv
else
	'$(PYTHON)' -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
endif

ifdef UV
INSTALL = $(UV) pip install --quiet --python $(BIN)/python -c constraints.txt
else
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
endif

.venv/.demo: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing agentobs into .venv"
	$(INSTALL) -e '.[all]'
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing agentobs and what its tests need into .venv"
	$(INSTALL) -e '.[all]' --group dev
	@touch $@ .venv/.demo
