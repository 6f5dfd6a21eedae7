# The project's words; `make` or `make help` lists them. Every word that needs the environment makes it first.
#
#   PYTHON=/path/to/python3.12   the Python that .venv is made from (default: the first that fits)
#   ARGS="..."                   handed on to the program behind the word
#   JOBS=4                       test processes (default: one more than cores, for some tests wait)

SHELL = /bin/sh
BIN = .venv/bin
STAMP = .venv/.ready
JOBS = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
KILLS = 100
ARGS =

.DEFAULT_GOAL = help
.PHONY: help setup run test check replay bench bench-peers crash soak fmt lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## make .venv from requirements.lock; done again only when the lock or pyproject.toml changes
	@test -z "$(PYTHON)" || PYTHON="$(PYTHON)" .ci/setup
	@echo "setup: ready. Next: make run, make test, make help"

$(STAMP): requirements.lock pyproject.toml .ci/setup
	@PYTHON="$(PYTHON)" .ci/setup
	@touch $(STAMP)

run: $(STAMP) ## the demo: a synthetic venue, paper trading, a live table; no keys, no internet (ARGS="--for 20s")
	@$(BIN)/tickerd demo $(ARGS)

test: $(STAMP) ## the test suite, under 5 minutes on 2 cores; make check has the rest (ARGS="tests/oms -k fill")
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m "not slow" --ignore tests/architecture $(ARGS)

check: $(STAMP) ## lint, format, types, import directions, tidy rules
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo "not formatted: run make fmt"; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest -q tests/architecture

replay: $(STAMP) ## prove a recorded session: make replay SESSION=var/sessions/...
	@test -n "$(SESSION)" || { echo "which one? make replay SESSION=var/sessions/..."; exit 2; }
	@$(BIN)/tickerd replay "$(SESSION)" --verify $(ARGS)

bench: $(STAMP) ## measure; prints a table and writes bench.json
	@$(BIN)/python -m tests.bench $(ARGS)

bench-peers: $(STAMP) ## measure other engines in turn with ours; they are installed under var/peers (ARGS="--peer jesse")
	@$(BIN)/python -m tests.bench.peers $(ARGS)

crash: $(STAMP) ## kill -9 the daemon at every boundary of a day, and at KILLS=100 random moments; check what is left
	@TICKERD_CRASH_KILLS=$(KILLS) $(BIN)/python -m pytest -q -m slow tests/crash $(ARGS)

soak: $(STAMP) ## every proof that is too long for make test: each recording at full speed, and make crash
	@TICKERD_CRASH_KILLS=$(KILLS) $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m slow $(ARGS)

fmt: $(STAMP) ## format the sources and mend what ruff can mend
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

lock: ## write requirements.lock anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "lock: needs uv to resolve for all Pythons at once; get it: pipx install uv"; exit 1; }
	@uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	    --upgrade --extra dev --output-file requirements.lock pyproject.toml

clean: ## remove .venv and all that tools made; sessions in var/ stay
	@rm -rf .venv build dist *.egg-info bench.json
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
