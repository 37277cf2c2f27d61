# Two commands do everything on a fresh machine with Python >= 3.11: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many random cases tests draw: quick, deep (16 times as many) or explore (41 times as many, others in each run).
# With quick, tests of several parameters take each value of each parameter, and not every combination of them; of those
# that are marked costly, whose cases are alike, a quarter; and none that is marked thorough.
PROFILE ?= quick
# One process more than cores, because tests wait for processes that they start; as many where the proofs are deep.
JOBS ?= $(if $(filter quick,$(PROFILE)),$(shell expr $$(getconf _NPROCESSORS_ONLN) + 1),auto)
# Numbers of events that `make bench-scale` loads and asks.
SIZES ?= 1M,10M,100M
# The processes that tests start read bytecode, whatever the environment says: to compile all again takes each a second.
export PYTHONDONTWRITEBYTECODE :=
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist worksteal --hypothesis-profile

.PHONY: demo test test-all test-slow error-kinds check bench bench-scale docs format clean constraints

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed"'
	@echo "Installing stcloud and the libraries it needs (pyproject.toml, dependencies) into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) .
	@touch $@

$(VENV)/.ready: $(VENV)/.installed
	@echo "Installing the tools of its tests (pyproject.toml, dev and spark) into $(VENV)"
	@$(PIP) '.[dev,spark]'
	@touch $@

# An emulator of Azure Blob Storage. Where npm is not installed, its tests are skipped and say so.
$(VENV)/.azurite: $(VENV)/.ready
	@if command -v npm >/dev/null; then \
		echo "Installing Azurite, an object store of tests, into $(VENV)/azurite" && \
		{ npm install --prefix $(VENV)/azurite --no-audit --no-fund --omit=dev --silent azurite@3.35.0 || \
		echo "Azurite could not be installed: tests of Azure are skipped"; }; \
	else echo "npm is not installed: tests of Azure are skipped"; fi
	@touch $@

# A web map that reads our tiles in Chromium. Where npm or Chromium is not installed, its tests are skipped and say so.
$(VENV)/.maplibre: $(VENV)/.ready
	@if command -v npm >/dev/null; then \
		echo "Installing MapLibre GL JS, a client of tests, into $(VENV)/maplibre" && \
		{ npm install --prefix $(VENV)/maplibre --no-audit --no-fund --omit=dev --silent maplibre-gl@6.17.0 || \
		echo "MapLibre could not be installed: tests of web maps are skipped"; }; \
	else echo "npm is not installed: tests of web maps are skipped"; fi
	@touch $@

$(VENV)/.bench: $(VENV)/.ready
	@echo "Installing the peers of its benchmarks (pyproject.toml, bench) into $(VENV)"
	@$(PIP) '.[bench]'
	@touch $@

# pygeoapi, another peer of the benchmarks: it needs a younger Python, and is left out where there is none.
$(VENV)/.pygeoapi: $(VENV)/.ready
	@python=$$(for name in python3.14 python3.13 python3.12; do $$name -c '' 2>/dev/null && echo $$name && break; done); \
	if [ -z "$$python" ]; then echo "There is no Python 3.12 for pygeoapi: it is not measured"; else \
		echo "Installing pygeoapi into $@"; rm -rf $@; $$python -m venv $@ && $@/bin/python -m pip install --quiet \
		--disable-pip-version-check 'pygeoapi>=0.24' 'psycopg2-binary>=2.9' 'geoalchemy2>=0.17' 'uvicorn>=0.34' 'starlette>=0.46'; fi

# Apache Spark's own server, which slow tests question: in a folder of its own, since its modules have the client's names.
$(VENV)/.apache-spark: $(VENV)/.ready
	@echo "Laying Apache Spark's server into $@ (450 MB; it runs where Java 17 or 21 is)"
	@rm -rf $@.new
	@mkdir $@.new && { $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
		--target $@.new "$$(sed -n 's/^pyspark-client==/pyspark==/p' constraints.txt)" || \
		echo "Apache Spark could not be installed: its tests are skipped"; }
	@touch $@.new && mv $@.new $@

demo: $(VENV)/.installed  ## build a demo city, ask it questions, draw maps and charts
	$(BIN)/stcloud demo demo

test: $(if $(filter quick,$(PROFILE)),$(VENV)/.ready,$(VENV)/.azurite $(VENV)/.maplibre)  ## all tests but the slow ones
	$(PYTEST) $(PROFILE) $(if $(filter quick,$(PROFILE)),--cases 1)

error-kinds: $(VENV)/.ready  ## all tests, and which kinds of errors they raise
	rm -f .pytest_cache/error-kinds && mkdir -p .pytest_cache
	STCLOUD_ERROR_KINDS=$(CURDIR)/.pytest_cache/error-kinds $(BIN)/python -m pytest -n $(JOBS) -m '' --deselect tests/architecture/test_error_kinds.py
	STCLOUD_ERROR_KINDS=$(CURDIR)/.pytest_cache/error-kinds $(BIN)/python -m pytest tests/architecture/test_error_kinds.py

test-all: $(VENV)/.azurite $(VENV)/.maplibre $(VENV)/.apache-spark  ## all tests and the slow ones, in one run: none waits for the others
	$(PYTEST) $(PROFILE) -m ''

test-slow: $(VENV)/.azurite $(VENV)/.apache-spark  ## kill tests and large simulations
	$(PYTEST) $(if $(filter quick,$(PROFILE)),explore,$(PROFILE)) -m slow

check: $(VENV)/.ready  ## lint, format, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(VENV)/.ready  ## write the generated reference pages
	$(BIN)/python docs/generate.py

bench: $(VENV)/.bench $(VENV)/.pygeoapi  ## measure against the peers
	$(BIN)/python -m bench

bench-scale: $(VENV)/.ready  ## measure how costs grow to SIZES events, many loads and many layers: hours
	$(BIN)/python -m bench.scale --sizes $(SIZES)

constraints:  ## pin what a fresh install gets
	$(PYTHON) -m venv .venv-pin
	.venv-pin/bin/python -m pip install --quiet --upgrade --editable '.[dev,spark,bench]'
	.venv-pin/bin/python -m pip freeze --exclude-editable | grep -v '^stcloud' > constraints.txt
	rm -r .venv-pin

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build demo
