# `make demo` reconstructs the bundled photographs and shows the model; `make test` runs every check.
# Both first set up what they need (a virtual environment, pinned dependencies, system libraries); a second run is quick.
# PYTHON=/some/python chooses the interpreter the environment is made with.

SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEMO := demo
PRESET := draft
PINS := pyproject.toml constraints.txt

.PHONY: help demo test lint types layers unit setup pins clean

help:
	@echo "make demo    reconstruct the bundled photographs and open the window on the model"
	@echo "make test    ruff, mypy, import-linter, pytest"
	@echo "make setup   only prepare the environment in $(VENV) (with the tools for development)"
	@echo "make pins    write constraints.txt anew from what $(VENV) holds"
	@echo "make clean   remove environment, stamps, caches and the demo project"

demo: .make/app
	@$(BIN)/photolith reconstruct resources/demo/photos -o $(DEMO) --preset $(PRESET)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
	    echo "Opening the window on $(DEMO) ..."; \
	    $(BIN)/photolith gui $(DEMO); \
	else \
	    $(BIN)/photolith render $(DEMO) -o $(DEMO)/outputs/preview.png && \
	    echo "There is no display here. The model is in $(CURDIR)/$(DEMO)/outputs, a picture of it in $(CURDIR)/$(DEMO)/outputs/preview.png"; \
	fi

test: lint types layers unit

lint: .make/dev
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "ruff format would change the files above: run $(BIN)/ruff format"; exit 1; }

types: .make/dev
	@$(BIN)/mypy --no-error-summary

layers: .make/dev
	@$(BIN)/lint-imports > .make/layers.log || { cat .make/layers.log; exit 1; }

unit: .make/dev
	@$(BIN)/python -m pytest

setup: .make/dev

.make/venv: .ci/setup
	@mkdir -p .make
	@.ci/setup $(VENV) "$(PYTHON)"
	@touch $@

.make/app: .make/venv $(PINS)
	@echo "Installing the dependencies (pinned in constraints.txt); the first time takes some minutes ..."
	@$(PIP) install -qq -c constraints.txt -e .
	@touch $@

.make/dev: .make/venv $(PINS)
	@echo "Installing the dependencies and the tools for development (pinned in constraints.txt); the first time takes some minutes ..."
	@$(PIP) install -qq -c constraints.txt -e '.[dev]'
	@touch $@ .make/app

pins: .make/dev
	@$(BIN)/python .ci/pins.py constraints.txt

clean:
	rm -rf $(VENV) .make $(DEMO) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
