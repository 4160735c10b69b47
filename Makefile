# Podarium's commands. Nothing but Python 3.11 or later and make has to be there before: everything else is put into .venv.
PORT ?= 8000
SEEDS ?= 2000
PYTHON := .venv/bin/python
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
HOST_PYTHON := $(shell for p in $(CANDIDATES); do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	command -v $$p; break; fi; done)

.DEFAULT_GOAL := help
.PHONY: help python install run test soak lessons bench lint format messages clean

help: ## Show this list
	@echo "Podarium: make TARGET"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
	@echo "  PORT=8001 make run serves on another port."

python:
	@test -n "$(HOST_PYTHON)" || { \
	echo "Podarium needs Python 3.11 or later, and found $$(python3 --version 2>/dev/null || echo none) on this machine." >&2; \
	echo "Install one (for example: apt install python3.11 python3.11-venv, or https://www.python.org/downloads/)" >&2; \
	echo "and run make again." >&2; exit 1; }

install: python ## Make .venv, install, build the schema, the front end and the translations
	@$(HOST_PYTHON) tools/install.py

run: python ## Install what is missing and serve the site on http://127.0.0.1:$PORT
	@exec $(HOST_PYTHON) tools/install.py --serve $(PORT)

test: python ## Install what the tests need and run all of them
	@$(HOST_PYTHON) tools/install.py --tests
	@$(HOST_PYTHON) tools/helm.py || echo "Helm's tests will be skipped."
	@$(PYTHON) tools/check.py

soak: python ## Run thousands of random histories with faults; SEEDS=2000 says how many
	@$(HOST_PYTHON) tools/install.py --tests
	@$(PYTHON) -m tests.simulation --soak $(SEEDS)

lessons: python ## Read all lessons, play them, and play their spoiled solutions
	@$(HOST_PYTHON) tools/install.py --tests
	@$(PYTHON) manage.py check_lessons
	@$(PYTHON) -m pytest -q tests/curriculum/test_catalogue.py tests/curriculum/test_lessons.py tests/curriculum/test_mutations.py \
		tests/curriculum/test_document_points.py tests/curriculum/test_predictions.py

bench: python ## Measure the engine, the API, a page and the terminal; prints one JSON object
	@$(HOST_PYTHON) tools/install.py --tests >&2
	@$(PYTHON) -m bench

lint: python ## ruff and mypy alone
	@$(HOST_PYTHON) tools/install.py --tests
	@$(PYTHON) tools/check.py ruff mypy

format: ## Let ruff put imports and simple things in order
	@$(PYTHON) -m ruff check --fix .

messages: ## Bring locale/*.po up to date with the texts in code and templates
	@$(PYTHON) tools/messages.py update

clean: ## Remove what was made, but not var/, where the sandboxes are
	rm -rf .venv frontend/node_modules static/dist cluster_engine/schema/compiled .mypy_cache .ruff_cache .pytest_cache
