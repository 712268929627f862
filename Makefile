# Every command of the project. `make` alone lists them.

BIN := .venv/bin
PYTHON := $(BIN)/python
SOURCES := platform tenants billing

# quietly NAME,COMMAND: silent when all is well; else the tool's own output under its name.
quietly = @output="$$($(2) 2>&1)" || { printf '\n=== %s ===\n%s\n' '$(1)' "$$output"; exit 1; }

.PHONY: help
help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16

.PHONY: venv
venv:
	@deploy/bootstrap.sh venv

.PHONY: check
check: venv ## format, lint, types, layers, templates, translations, dead code, dependencies
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target \
	  check-types check-dead-code check-layers check-translations check-templates check-dependencies check-format check-lint

.PHONY: check-format check-lint check-types check-layers check-templates check-translations check-dead-code check-dependencies
check-format:
	$(call quietly,ruff format,$(BIN)/ruff format --check --quiet --diff .)
check-lint:
	$(call quietly,ruff check,$(BIN)/ruff check --quiet .)
check-types:
	$(call quietly,mypy,$(BIN)/mypy)
check-layers:
	$(call quietly,import-linter,$(BIN)/lint-imports)
check-templates:
	$(call quietly,djlint,$(BIN)/djlint --lint --quiet templates)
check-translations:
	$(call quietly,translations,$(PYTHON) translations/catalogs.py check)
check-dead-code:
	$(call quietly,vulture,$(PYTHON) tests/house/dead_code.py)
check-dependencies:
	$(call quietly,deptry,$(BIN)/deptry .)

.PHONY: test
test: venv ## all tests, with their own PostgreSQL, Redis and browser
	@deploy/bootstrap.sh browser
	@$(PYTHON) translations/catalogs.py compile
	@$(PYTHON) -m pytest -n auto --dist loadfile

.PHONY: run
run: venv ## everything on this machine, with a demo, until Ctrl-C
	@$(PYTHON) translations/catalogs.py compile
	@$(BIN)/spreekbuis run

.PHONY: bench
bench: venv ## measure against the budgets
	@BENCH_WRITE=1 $(PYTHON) -m tests.benchmarks

.PHONY: translations
translations: venv ## bring the catalogues in line with the code; list what has no translation
	@$(PYTHON) translations/catalogs.py update
	@$(PYTHON) translations/catalogs.py compile
	@$(PYTHON) translations/catalogs.py missing

.PHONY: migration
migration: venv ## m="what changes": write the migration that makes the schema follow the models
	@$(PYTHON) -m tests.house.new_migration "$(m)"
