# From nothing but Python 3.11 (or newer) and make. `make help` lists what there is.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(if $(shell command -v $(name)),$(name))))
BIN := .venv/bin

.PHONY: help demo test check lint services bench bench-search bench-politeness bench-recrawl clean

help:  ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

.venv/base: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("mentorwatch needs Python 3.11 or newer; make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/dev: .venv/base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,explore,postgres,render]'
	@touch $@

demo: .venv/base  ## the study of July 2008 again, on thirty pretend council sites; report in output/reports/demo
	$(BIN)/mentorwatch demo

lint: .venv/dev  ## ruff, mypy --strict, the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint  ## all that needs no services: some ten minutes
	$(BIN)/pytest -m "not services and not slow"

services:  ## install what the tests need (WordPress, ht://Dig, Plone, Wagtail, PostgreSQL, LibreOffice, Chromium)
	bash tests/services/install.sh

test: services lint  ## everything
	$(BIN)/pytest

bench: .venv/dev  ## the whole pipeline against a spider that only downloads; pages judged a second; how long an annotator waits
	$(BIN)/python -m benchmarks.pipeline
	$(BIN)/python -m benchmarks.judging
	$(BIN)/python -m benchmarks.labelling

bench-search: .venv/dev services  ## how well searches are found and read: zoo and real engines, platform files on and off
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.search --no-platforms
	$(BIN)/python -m benchmarks.search --engines
	$(BIN)/python -m benchmarks.search --engines --no-platforms

bench-recrawl: .venv/dev  ## bytes and CPU time of an unchanged recrawl, sites honouring validators as they do, and all; six minutes
	$(BIN)/python -m benchmarks.recrawl --scale 0.5

bench-politeness: .venv/dev  ## 153 sites at two seconds' delay against the shortest time that allows: three minutes
	$(BIN)/python -m benchmarks.politeness

clean:  ## remove what was made, not what was crawled
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
