# `make` builds every kernel from specs/; `make test` runs the tests. Both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
BUILT := $(VENV)/.built
# `make EXTRAS=dev,cuda-ci test` runs the tests of the CUDA kernels as well, which need no GPU.
EXTRAS ?= dev
# `make SLOW=tests/kernels test-slow` runs the slow tests of one folder.
SLOW ?= tests

.PHONY: all build gpu proofs test test-slow test-exhaustive lint format types check docs clean

all: build

# The first time everything is built and verified on this machine, generated/ being committed; later what changed.
build: $(STAMP)
	$(BIN)/symloss build $$(test -e $(BUILT) || echo --again)
	@touch $(BUILT)

# The stamp is younger than pyproject.toml as long as what is installed is what is asked for.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'symloss needs Python 3.11 or newer; say which: make PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	touch $@

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow and not exhaustive"

test-slow: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "slow and not exhaustive" $(SLOW)

# Many more points and seeds for what the other tests check at some. Takes hours.
test-exhaustive: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m exhaustive

# On a machine with a GPU and PyTorch: are the CUDA kernels right, and how fast are they? Writes docs/performance-gpu.md.
gpu: $(STAMP)
	$(BIN)/python benchmarks/gpu.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(STAMP)
	$(BIN)/mypy

check: $(STAMP)
	$(BIN)/symloss build --check
	$(BIN)/symloss prove --check

# Every claim of the catalogue that is not settled yet, into generated/proofs; all of them again: make proofs AGAIN=--again
proofs: $(STAMP)
	$(BIN)/symloss prove $(AGAIN)

# docs/latex/book.tex compiles with plain pdflatex; where there is one, it is run (twice: for the table of contents).
docs: $(STAMP)
	$(BIN)/symloss docs --format latex
	@if command -v pdflatex >/dev/null; then cd docs/latex && pdflatex -interaction=nonstopmode -halt-on-error book.tex >/dev/null && pdflatex -interaction=nonstopmode -halt-on-error book.tex >/dev/null && echo "docs/latex/book.pdf"; else echo 'pdflatex was not found; docs/latex/book.tex is ready for it'; fi

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis docs/latex
