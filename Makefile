# Everything happens in .venv beside the code; nothing but Python 3.11 and make has to be there before.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PEERS := .peers
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: train test test-slow test-long lint bench-peers bench-solve clean

train: $(VENV)/.installed  ## train the shipped pair of tasks over Ray
	$(BIN)/trunkline train

test: $(VENV)/.installed-dev  ## lint, types and tests, real Ray included
	$(BIN)/pytest -m "not slow"

test-slow: $(VENV)/.installed-dev  ## tests that wait: shards that die or stand still, memory over a long time
	$(BIN)/pytest -m slow

test-long: $(VENV)/.installed-dev  ## a million damaged messages, and what memory they take
	TRUNKLINE_MUTATIONS=1000000 $(BIN)/pytest --timeout 3600 tests/property/test_wire_mutations.py

lint: $(VENV)/.installed-dev  ## what `make test` checks of style and types, alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench-peers: $(PEERS)/common/.installed $(PEERS)/reverb/.installed  ## what `trunkline bench` measures beside trunkline

bench-solve: $(VENV)/.installed  ## seconds to solve the shipped pair, ten seeds
	$(BIN)/python -m benchmarks.time_to_solve

clean:
	rm -rf $(VENV) $(PEERS) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "trunkline needs Python 3.11: name it with make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $@

$(PEERS)/common/.installed: benchmarks/requirements.txt
$(PEERS)/reverb/.installed: benchmarks/requirements-reverb.txt
$(PEERS)/%/.installed:
	$(PYTHON) -m venv $(PEERS)/$*
	$(PEERS)/$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
