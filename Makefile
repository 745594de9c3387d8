# The same few commands for everybody, and for CI. `make help` shows them.

PYTHON ?= python3
BIN = .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test quick check format lint types triage torture clean

help: ## Show these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

setup: .venv/ready ## Install what running needs into .venv
.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Poruch needs Python 3.11 or newer.")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv, about a minute, this once."
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup-dev: .venv/ready-dev ## Install what tests and checks need, too
.venv/ready-dev: .venv/ready requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: setup ## Start Poruch: web chat at /, staff desk at /staff
	$(BIN)/poruch run

test: setup-dev ## Run every test that this machine can run
	$(BIN)/python -m pytest -n 3 --dist worksteal

quick: setup-dev ## The tests without the scenes about loss, which kill real processes for some minutes
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

check: setup-dev ## Formatting, lint, types, tests, translations, docs: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

format: setup-dev ## Put the code into its usual form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

triage: setup ## Learn triage and the screen anew from the example messages, and show how well they read
	$(BIN)/poruch triage train
	$(BIN)/poruch bench triage

torture: setup-dev ## Two hundred kills at random instants, on every database there is
	KILLS=200 $(BIN)/python -m pytest -m slow tests/faults -k random --timeout 7200

clean: ## Remove what was installed and built, but no data
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
