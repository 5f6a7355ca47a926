# Two commands do all their own set-up: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help install demo test lint format bench study clean

help:
	@echo "make demo     simulate a CRM, train, compare, promote and serve on http://127.0.0.1:8000"
	@echo "make test     everything that CI runs"
	@echo "make bench    the window engine beside Polars and DuckDB"
	@echo "make study    size study, drift of the level, reasons against exact values, shuffled outcomes"
	@echo "make install  the environment in $(VENV)"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	.ci/system_packages $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -c "from features.windows import compile_kernels; compile_kernels()"
	touch $(STAMP)

demo: install
	$(BIN)/dealodds demo

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install
	$(BIN)/python benchmarks/windows_bench.py

study: install
	$(BIN)/python benchmarks/reasons_bench.py
	$(BIN)/python benchmarks/level_drift.py
	$(BIN)/python benchmarks/shuffled_outcomes.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/size_study.py

clean:
	rm -rf $(VENV) build *.egg-info
