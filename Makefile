# Everything a newcomer needs. `make` alone prints this list.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python

.PHONY: help
help: ## Print this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: venv
venv: ## Make .venv and install the pinned requirements (again only when they change)
	@bin/venv

.PHONY: demo
demo: ## Start everything on this computer, with a believable town
	@bin/venv requirements-demo.txt
	@$(PY) -m whatsempoli.demo

.PHONY: demo-reset
demo-reset: ## Forget what the demo keeps
	@bin/venv requirements-demo.txt
	@$(PY) -m whatsempoli.demo --reset

.PHONY: palestra
palestra: ## Start a practice ground for the office (TOWN=file copies the town's own data)
	@bin/venv requirements-demo.txt
	@$(PY) -m whatsempoli.palestra $(if $(TOWN),--town "$(TOWN)")

.PHONY: test
test: venv ## Run every test (T="path or options" for some of them)
	@$(PY) -m pytest $(T)

.PHONY: lint
lint: venv ## Check form, types, import direction and what must not be in the repository
	@$(PY) -m ruff format --check --quiet . || { echo "Some files are not formatted: .venv/bin/ruff format ."; exit 1; }
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy --no-error-summary .
	@$(PY) -m pytest -q --no-engines tests/test_architecture.py

.PHONY: rehearsal
rehearsal: venv ## Play a whole story and compare the phones with the promises (JSON=1, CHAPTER=name)
	@JSON="$(JSON)" CHAPTER="$(CHAPTER)" $(PY) -m whatsempoli.rehearsal

.PHONY: messages
messages: venv ## Collect the sentences to translate and compile the English (needs gettext)
	@bin/messages

.PHONY: bench
bench: venv ## Measure the engine beside its peers and limits (JSON=1, QUICK=1, ONLY=names)
	@JSON="$(JSON)" QUICK="$(QUICK)" ONLY="$(ONLY)" $(PY) -m benchmarks figures

.PHONY: chaos
chaos: venv ## Kill, cut off and restart things while messages leave, and ask the phones (JSON=1, KILLS=200)
	@JSON="$(JSON)" KILLS="$(KILLS)" SEED="$(SEED)" ONLY="$(ONLY)" $(PY) -m benchmarks faults

.PHONY: doctor
doctor: venv ## Look at the running installation and say what is wrong (JSON=1)
	@$(PY) manage.py doctor $(if $(JSON),--json)

.PHONY: drill
drill: venv ## Back up, destroy, restore, verify, arm, on engines of its own
	@$(PY) -m pytest -q -s tests/deploy/test_drill.py

.PHONY: clean
clean: ## Remove what was built here: .venv, caches, collected files (not the demo's data)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis staticfiles
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
