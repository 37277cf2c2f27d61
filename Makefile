# Two commands do everything on a fresh machine with Python >= 3.11: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many random cases tests draw: quick, deep (16 times as many) or explore (41 times as many, others in each run).
# With quick, tests of several parameters take each value of each parameter, and not every combination of them; of those
# that are marked costly, whose cases are alike, a quarter; and none that is marked thorough.
PROFILE ?= quick
# One process more than cores, because tests wait for processes that they start; each may grow to 2 GB in a deep run.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# Numbers of events that `make bench-scale` loads and asks.
SIZES ?= 1M,10M,100M
# The processes that tests start read bytecode, whatever the environment says: to compile all again takes each a second.
export PYTHONDONTWRITEBYTECODE :=
APT = -y -qq -o Acquire::Retries=3 -o Acquire::http::Timeout=60 -o Dpkg::Use-Pty=0
# Where the proofs are deep, pages are tested; where a browser can be installed, its absence is a failure.
BROWSER = $(if $(filter quick,$(PROFILE)),wanted,$(shell [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo required))
PYTEST = STCLOUD_BROWSER=$(BROWSER) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal --hypothesis-profile

.PHONY: vendored demo test test-all test-slow error-kinds check bench bench-scale docs format clean constraints

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

# What the console's page is checked and tested with. Where npm is not installed, these checks are left out and say so.
$(VENV)/.page: $(VENV)/.ready tools/page/package.json
	@if command -v npm >/dev/null; then \
		echo "Installing the tools of the console's page (tools/page/package.json) into $(VENV)/page" && \
		mkdir -p $(VENV)/page && cp tools/page/package.json $(VENV)/page/ && \
		{ npm install --prefix $(VENV)/page --no-audit --no-fund --silent || \
		echo "The tools could not be installed: the page's modules are not checked"; }; \
	else echo "npm is not installed: the page's modules are not checked"; fi
	@touch $@

# The browser in which pages are tested. Where it cannot be installed, these tests are skipped and say so.
$(VENV)/.chromium: $(VENV)/.ready
	@if for name in chromium chromium-browser google-chrome; do command -v $$name && break; done >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium, in which pages are tested (some minutes)" && \
		{ { apt-get $(APT) update && apt-get $(APT) install --no-install-recommends chromium fonts-noto-cjk; } >/dev/null || \
		echo "Chromium could not be installed"; }; \
	else echo "Chromium is not installed: tests of pages are skipped"; fi
	@touch $@

# A broker of MQTT. Where it cannot be installed, its tests are skipped and say so.
$(VENV)/.mosquitto: $(VENV)/.ready
	@if command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing mosquitto, a broker of tests" && \
		{ { apt-get $(APT) update && apt-get $(APT) install --no-install-recommends mosquitto; } >/dev/null || \
		echo "mosquitto could not be installed"; }; \
	else echo "mosquitto is not installed: tests of MQTT are skipped"; fi
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
	@touch $@.new && rm -rf $@ && mv $@.new $@

demo: $(VENV)/.installed  ## build a demo city, ask it questions, draw maps and charts
	$(BIN)/stcloud demo demo

test: $(if $(filter quick,$(PROFILE)),$(VENV)/.ready,$(VENV)/.azurite $(VENV)/.page $(VENV)/.chromium $(VENV)/.mosquitto)  ## all tests but the slow ones
	$(PYTEST) $(PROFILE) $(if $(filter quick,$(PROFILE)),--cases 1)

error-kinds: $(VENV)/.ready  ## all tests, and which kinds of errors they raise
	rm -f .pytest_cache/error-kinds && mkdir -p .pytest_cache
	STCLOUD_ERROR_KINDS=$(CURDIR)/.pytest_cache/error-kinds $(BIN)/python -m pytest -n $(JOBS) -m '' --deselect tests/architecture/test_error_kinds.py
	STCLOUD_ERROR_KINDS=$(CURDIR)/.pytest_cache/error-kinds $(BIN)/python -m pytest tests/architecture/test_error_kinds.py

test-all: $(VENV)/.azurite $(VENV)/.page $(VENV)/.chromium $(VENV)/.mosquitto $(VENV)/.apache-spark  ## all tests and the slow ones, in one run: none waits for the others
	$(PYTEST) $(PROFILE) -m ''

test-slow: $(VENV)/.azurite $(VENV)/.page $(VENV)/.chromium $(VENV)/.mosquitto $(VENV)/.apache-spark  ## kill tests and large simulations
	$(PYTEST) $(if $(filter quick,$(PROFILE)),explore,$(PROFILE)) -m slow

check: $(VENV)/.ready $(VENV)/.page  ## lint, format, types, direction of imports; the page's modules and libraries
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if [ -x $(VENV)/page/node_modules/.bin/tsc ]; then set -x; \
		$(VENV)/page/node_modules/.bin/tsc -p tools/page/tsconfig.json && $(BIN)/python tools/vendor_page.py --check; \
	else echo "The page's modules are not checked: npm has not installed its tools"; fi

vendored: $(VENV)/.page  ## make the libraries of the console's page from their packages
	$(BIN)/python tools/vendor_page.py

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
