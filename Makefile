# Two commands matter: `make nightly` (a checked release from the demo company) and `make test` (the proof).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export KPI_HOME ?= $(CURDIR)/data/house
export DO_NOT_TRACK = 1

.PHONY: nightly test lint types sql pytest campaign bench dev demo lock clean help

help: ## what each target does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed; name it with PYTHON=…")'
	@echo "Making the environment from requirements.lock (once, one to three minutes) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

nightly: $(READY) ## one night; of the demo company, made first if there is no house, the two it has lived through
	@test -f "$(KPI_HOME)/config/house.yml" || { \
		$(BIN)/kpi init "$(KPI_HOME)" --demo --exported-by 2026-09-07 && \
		$(BIN)/kpi run --as-of 2026-08-31 && \
		$(BIN)/kpi init "$(KPI_HOME)" --demo --rest; }
	@$(BIN)/kpi run

test: lint types sql pytest ## everything that proves it works

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

sql: $(READY)
	$(BIN)/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests

pytest: $(READY)
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 25

campaign: $(READY) ## faults on purpose, for hours: kills, full disks, bad clocks, broken bytes (WITH='kills --seed 1')
	$(BIN)/python -m tests.campaign $(WITH)

bench: $(READY) ## a full night and one new day beside hand-written SQL (SCALE="1000000 10000000")
	$(BIN)/python -m tests.bench --calls $(or $(SCALE),1000000)

dev: $(READY) ## Dagster's UI over this house
	@$(BIN)/kpi dev

demo: $(READY) ## write data/demo anew from its seed
	$(BIN)/python -m tests.simulator --demo

lock: $(READY) ## resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --no-strip-extras --quiet pyproject.toml --output-file requirements.lock

clean: ## forget the environment and the demo house
	rm -rf $(VENV) data/house dbt_project/target
