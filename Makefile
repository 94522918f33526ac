# Thin names over `ecomlab` and pytest. Two of them are all a reader needs:
#   make workbook   build all pages, then run every lesson and replace its page
#   make lab        open JupyterLab at the first lesson
#
# In an active conda or virtual environment everything is installed there; without one,
# `.venv` is made. conda's base environment is left alone.

SHELL := /bin/sh
.DEFAULT_GOAL := help

ifneq ($(VIRTUAL_ENV),)
PREFIX := $(VIRTUAL_ENV)
else ifneq ($(filter-out base,$(CONDA_DEFAULT_ENV)),)
PREFIX := $(CONDA_PREFIX)
else
PREFIX := .venv
endif
BIN := $(PREFIX)/bin
READY := $(PREFIX)/.ecomlab-ready

# Both workers take the longest first; what shares a kernel, a site or a browser stays on one of
# them: tests/conftest.py says how.
TESTS := $(BIN)/pytest tests -p no:nbval -n 2 --dist loadgroup --no-loadscope-reorder --durations 30 -rs
# nbval runs the default profile once more and compares outputs cell by cell; a lesson of each
# kind that takes little time. xdist would split one notebook's cells without --dist loadfile.
NBVAL := $(BIN)/pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=600 \
	-n 2 --dist loadfile -p no:cacheprovider
NBVAL_LESSONS := notebooks/01_neuron_and_backprop.ipynb notebooks/00_start_here.ipynb

.PHONY: help setup lab workbook data notebooks full book doctor check lint test test-all clean

help:  ## show these names
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## install everything (each command below does it by itself)

$(READY): pyproject.toml requirements.lock scripts/setup.sh
	@sh scripts/setup.sh "$(PREFIX)"
	@touch $@

lab: setup  ## open JupyterLab at the first lesson; LAB_OPTIONS are passed on
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" $(LAB_OPTIONS) \
		notebooks/00_start_here.ipynb

data: setup  ## fetch every data set; what cannot be had is named and left out
	@$(BIN)/ecomlab data fetch --all || true

workbook: data  ## all pages at once, then run the lessons; WORKBOOK_OPTIONS="--fresh" runs all again
	$(BIN)/ecomlab workbook $(WORKBOOK_OPTIONS)

notebooks: data  ## run the lessons and store their outputs (for authors)
	$(BIN)/ecomlab store

full: data  ## run the full profile and store what it measured
	$(BIN)/ecomlab full

book: setup  ## build the book: lessons and exercises as one site, in build/book/
	$(BIN)/ecomlab book

doctor: setup  ## look at this machine: what is missing, and how fast it is
	@$(BIN)/ecomlab doctor

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

check: lint  ## the quick tests: under 3 minutes
	$(TESTS) -m "not slow and not fulldata and not exhaustive"

test: lint data  ## every lesson in the quick profile, every exercise, a browser: under 12 minutes
	$(TESTS) -m "not exhaustive"

test-all: data  ## what `make test` leaves out: classes, the book, kills, large cases
	$(NBVAL) $(NBVAL_LESSONS)
	$(TESTS) -m exhaustive

clean:  ## remove builds and caches, not the fetched data
	rm -rf build *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
