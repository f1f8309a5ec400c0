# make demo   sets up, then runs the whole pipeline on the embedded demo exchange
# make test   sets up, then checks and tests
# make soak   the long figures of docs/integrity.md: kills, flipped bits, full disks, signals
# make bench  training, simulation, data and start beside their peers; let nothing else run meanwhile
PYTHON ?= python3
BIN := .venv/bin
# One worker more than cores, as tests wait for processes and terminals half of their time.
WORKERS = $(shell $(BIN)/python -c 'import os; print(min(4, os.cpu_count() + 1))')
# Compiled modules are kept, whatever the shell says: imports take a third of the time with them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test soak bench check format setup setup-dev lock clean

demo: setup
	$(BIN)/quantdeck demo

test: check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not long"

soak: setup-dev
	$(BIN)/python -m pytest -m long
	$(BIN)/python -m soak

bench: .venv/benchmarks
	$(BIN)/python -m benchmarks $(BENCH)

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: .venv/runtime
setup-dev: .venv/development

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "quantdeck needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/runtime: $(BIN)/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/development: $(BIN)/python requirements-dev.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --no-compile --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ .venv/runtime

# PyTorch is no part of the locks: pip takes the wheel that its indexes offer.
.venv/benchmarks: .venv/development
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[bench]'
	@touch $@

# The locks hold versions and hashes, never an address.
LOCK := uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate --no-header --extra setup pyproject.toml
lock:
	$(LOCK) -o requirements.lock
	$(LOCK) -o requirements-dev.lock --extra dev -c requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis
