# demo: train on digits. test: the tests. check: format, lint, types, import rule. bench: the speed tables.
# campaign: damaged files, kills and full disks for MINUTES (3; the long form has 120).
# package: the wheel and the source archive, checked, installed in an empty environment and run from another folder.
# lab: the page of `wgan lab`, bundled from src/wgan/lab/; it needs Node with npm.
# studies: the papers' experiments at a scale (SCALE=quick: half an hour), and the gallery of them in docs/.
PYTHON ?= python3
VENV ?= .venv
SCALE ?= medium
MINUTES ?= 3
BIN = $(VENV)/bin
# The network can hiccup: pip tries each file again, and each install is tried three times.
PIP = for try in 1 2 3; do $(BIN)/python -m pip install --quiet --retries 10 -c constraints.txt

.PHONY: demo test check bench campaign package lab studies docs clean

demo: $(VENV)/.base
	$(BIN)/wgan train digits --steps 6000 --out runs/demo
	@echo "The picture: runs/demo/samples/. More samples: $(BIN)/wgan sample runs/demo -n 100"

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/speed.py

campaign: $(VENV)/.dev
	$(BIN)/python -m benchmarks.campaign --minutes $(MINUTES)

package: $(VENV)/.dev
	$(BIN)/python .ci/package.py

lab: $(VENV)/.dev
	$(BIN)/python benchmarks/lab_tables.py
	$(BIN)/python benchmarks/lab_verdicts.py
	$(BIN)/python benchmarks/lab_page.py

studies: $(VENV)/.dev
	for name in $$($(BIN)/python -c "from wgan.studies import STUDIES; print(*STUDIES)"); do \
	  $(BIN)/wgan study $$name --scale $(SCALE) || exit; from=studies/$$name-$(SCALE); mkdir -p docs/studies/$$name; \
	  cp $$from/*.csv $$from/*.png $$from/*.md docs/studies/$$name/; \
	  ! cp $$from/*.gif docs/studies/$$name/ 2>/dev/null; done
	$(BIN)/python benchmarks/gallery.py

docs: $(VENV)/.docs
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) build dist site .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.base: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e . && break; done
	@$(BIN)/wgan --version && touch $@

# torch-fidelity without its torchvision, which has no CPU build everywhere: its metrics are an oracle of the tests.
$(VENV)/.dev: $(VENV)/.base
	$(PIP) -e ".[dev]" && break; done
	$(PIP) --no-deps torch-fidelity && break; done
	@$(BIN)/ruff --version && touch $@

$(VENV)/.docs: $(VENV)/.base
	$(PIP) -e ".[docs]" && break; done
	@$(BIN)/mkdocs --version && touch $@
