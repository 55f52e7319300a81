# The commands of the project. `make run` and `make test` are all a newcomer needs.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export PYTHONUNBUFFERED := 1

.PHONY: setup setup-dev setup-finetune run test check chat eval system lock clean

setup: $(VENV)/.base        ## virtual environment and locked install, nothing else

setup-dev: $(VENV)/.dev

setup-finetune: setup-dev    ## what training needs too: torch and the base model's packages

$(VENV)/.uv: requirements/uv.lock
	@bash .ci/system.sh venv
	@test -x $(BIN)/python || $$(command -v $(PYTHON) || command -v python3) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11")'
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@touch $@

$(VENV)/.base: $(VENV)/.uv requirements/base.lock pyproject.toml
	@echo "installing $$(grep -c '==' requirements/base.lock) locked packages ..."
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/base.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.lock
	@echo "installing $$(grep -c '==' requirements/dev.lock) locked packages ..."
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --no-deps -r requirements/dev.lock
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps torch==2.13.0
	@touch $@

run: setup                  ## fresh machine -> server on :8000 with a demo marketplace; no keys needed
	$(BIN)/bricol serve

chat: setup                 ## talk to it in the terminal
	$(BIN)/bricol chat

eval: setup                 ## play our own scenarios
	$(BIN)/bricol eval run evals/scenarios

check: setup-dev            ## lint, types, import contracts: seconds
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup-dev             ## everything: lint, types, contracts, unit, integration, browser, sentences, scenarios
	@bash .ci/system.sh chromium postgresql
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bricol eval run evals/scenarios
	$(BIN)/pytest -n 2 --dist loadfile tests/unit tests/sentences
	$(BIN)/pytest tests/integration tests/e2e # one after the other: they start servers, databases and kill them

lock:                       ## resolve the locks again (after changing pyproject.toml)
	@bash .ci/lock.sh

clean:
	rm -rf $(VENV) var build *.egg-info
