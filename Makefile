# Everything runs from .venv, which is built from requirements.lock and from our own wheel.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := policies/tim_policy synapse_modules/tim_synapse bots/tim_bots bots/tim_directory sandbox/tim_sandbox cli/tim_cli
SOURCES := $(shell find $(PACKAGES) -type f -not -name '*.pyc') pyproject.toml README.md LICENSE
CODE := policies synapse_modules bots sandbox cli tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help demo demo-once test test-previous-synapse gate-table docs check format lock clean soak

help:  ## show this help
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | column -t -s "$$(printf '\t')"

demo: $(VENV)/.wheel  ## start the federation, play the main story, stay up for Element (Ctrl-C stops)
	@$(BIN)/tim sandbox demo

demo-once: $(VENV)/.wheel  ## the same in a fresh folder, then stop; exit code 0 or 1
	@$(BIN)/tim sandbox demo --once

test: $(VENV)/.wheel  ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-previous-synapse: $(VENV)/.wheel $(VENV)/previous-synapse  ## what touches Synapse, against the minor version before the newest
	PYTHONPATH=$(CURDIR)/$(VENV)/previous-synapse $(BIN)/python -m pytest -n 2 --dist loadgroup tests/synapse tests/sandbox tests/rulebook tests/retention

soak: $(VENV)/.wheel  ## kill a bot at random while people talk to it: 5 x 250 requests, 55 SIGKILLs (minutes)
	$(BIN)/python -m benchmarks.bots_soak

gate-table: $(VENV)/.wheel  ## write the table of docs/gate.md from a run of the four homeservers
	TIM_WRITE_DOCS=1 $(BIN)/python -m pytest tests/gate/test_traffic.py

docs: $(VENV)/.wheel  ## write what is generated from the code: the profiles' schema, docs/requirements.md, homeserver.yaml.example
	TIM_WRITE_DOCS=1 $(BIN)/python -m pytest -q tests/docs/test_generated.py

check: $(VENV)/.wheel  ## linters, types, and whether the lock fits pyproject.toml
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/pip check

format: $(VENV)/.packages  ## format the code
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix-only $(CODE)

lock: $(VENV)/.packages  ## renew requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --quiet --output-file requirements.lock

clean:  ## remove what the build made
	rm -rf $(VENV) dist

$(VENV)/.packages: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tim-suite needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements.lock
	@touch $@

$(VENV)/previous-synapse: requirements.previous-synapse.lock $(VENV)/.packages
	@rm -rf $@
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $@ --requirement $<
	@touch $@

$(VENV)/.wheel: $(VENV)/.packages $(SOURCES)
	@rm -rf dist
	@$(BIN)/python -m hatchling build --target wheel 2>/dev/null
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall dist/*.whl
	@touch $@
