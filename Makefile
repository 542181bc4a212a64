# Everything happens in .venv beside the code; nothing but Python 3.11 and make has to be there before.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PEERS := .peers
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

# The cluster: where its token lies, which image it runs, and who may bring wheels along (a folder).
SECRETS ?= .secrets
ENV ?= .env
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
WHEELS ?=
COMPOSE := docker compose --profile monitoring
UP_SECONDS ?= 120
SERVICES ?=

# Processes that share the tests without Ray. Each of Ray's clusters wants the machine for itself.
WORKERS ?= 2

# Random faults: for how long, and in which order.
MINUTES ?= 8
SEED ?=

.PHONY: train test test-slow test-cluster test-chaos test-long lint bench-peers bench-solve clean
.PHONY: token image up down status

train: $(VENV)/.installed  ## train the shipped pair of tasks over Ray
	$(BIN)/trunkline train

test: $(VENV)/.installed-dev  ## lint, types and tests, real Ray included
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not ray and not slow and not cluster"
	$(BIN)/pytest -m "ray and not slow and not cluster"

test-slow: $(VENV)/.installed-dev  ## tests that take long: dead or silent shards, and memory over time
	$(BIN)/pytest -m "slow and not cluster"

test-cluster: $(VENV)/.installed-dev  ## tests of a whole cluster in containers, with faults
	@if docker info >/dev/null 2>&1; then $(MAKE) image; fi
	WHEELS="$(WHEELS)" $(BIN)/pytest --timeout 900 tests/cluster

test-chaos: $(VENV)/.installed-dev  ## MINUTES of random faults in a whole cluster; SEED repeats their order
	@if docker info >/dev/null 2>&1; then $(MAKE) image; fi
	MINUTES="$(MINUTES)" SEED="$(SEED)" $(BIN)/pytest --capture no tests/chaos

test-long: $(VENV)/.installed-dev  ## decode a million damaged messages, and check the memory that they take
	TRUNKLINE_MUTATIONS=1000000 $(BIN)/pytest --timeout 3600 tests/property/test_wire_mutations.py

lint: $(VENV)/.installed-dev  ## only the style and type checks of `make test`
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench-peers: $(PEERS)/common/.installed $(PEERS)/reverb/.installed  ## install the libraries that `trunkline bench` compares with

bench-solve: $(VENV)/.installed  ## measure the seconds to solve the shipped pair, with ten seeds
	$(BIN)/python -m benchmarks.time_to_solve

token:  ## make the cluster's token and a password for Grafana, unless they exist
	@mkdir -p -m 700 $(SECRETS)
	@for name in ray_token grafana_password; do \
	  test -s $(SECRETS)/$$name || head -c 32 /dev/urandom | od -A n -t x1 | tr -d ' \n' > $(SECRETS)/$$name; \
	  chmod 444 $(SECRETS)/$$name; \
	done
	@grep -qs '^TRUNKLINE_SECRETS=' $(ENV) || echo "TRUNKLINE_SECRETS=$(abspath $(SECRETS))" >> $(ENV)

image:  ## build the one image for all roles
	docker build --quiet --file deploy/docker/Dockerfile $(if $(WHEELS),--build-context wheels=$(WHEELS)) \
	  --build-arg TORCH_INDEX="$(TRUNKLINE_TORCH_INDEX)" --tag trunkline:$(VERSION) .

up: token image  ## start a cluster on this machine, with Prometheus and Grafana, and wait until it is healthy
	$(COMPOSE) up --detach --wait --wait-timeout $(UP_SECONDS) $(SERVICES)

down:  ## stop the cluster: first the learner, with a checkpoint, then everything else
	$(COMPOSE) stop learner
	$(COMPOSE) down

status:  ## show what the cluster does, and what is missing
	@docker compose exec -T learner trunkline status

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
