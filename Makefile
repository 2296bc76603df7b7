# Everything is set up in .venv; nothing outside this folder is changed, except that root on Debian gets
# python3-venv, chromium and LaTeX where they are missing. Paths are relative, so the folder may have any name.

PYTHON ?= python3
BIN := .venv/bin
# Twice as many as there are processors, since tests often wait for processes.
WORKERS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
# Tests start faster with the bytecode of the last time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo paper unit quick test again clusters browser slow lint bench mutation skeleton docs site freeze pictures \
	dist release clean

demo: .venv/demo
	sh examples/demo.sh

paper: .venv/installed
	sh examples/paper.sh

# make try-network, make try-ising: the commands of examples/NAME/README.md, in demo/NAME
try-%: .venv/installed
	sh examples/try.sh $*

# Unit tests seldom wait, and each worker collects all of them.
unit: WORKERS = $(shell echo $$((1 + $$(getconf _NPROCESSORS_ONLN))))
unit: .venv/compiled
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow" tests/unit

quick: lint .venv/compiled
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow" tests/integration tests/runners tests/unit

# Tests on clusters mostly wait, so they run beside all others, with a worker for each cluster and a cache of their own.
CLUSTERS := .pytest_cache/clusters
# Ctrl-C reaches all of them (tests/conftest.py), and ends the clusters too. Only what has run to its end is tried again.
test: .venv/compiled .venv/browser .venv/latex
	@mkdir -p $(CLUSTERS) && rm -f $(CLUSTERS)/both-ended
	@$(BIN)/python -m pytest -n 14 --dist loadgroup -o cache_dir=$(CLUSTERS) tests/cluster >$(CLUSTERS)/output 2>&1 & \
	clusters=$$!; trap : INT; trap 'kill -INT $$clusters' TERM; \
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --ignore tests/cluster; others=$$?; \
	echo "waiting for the tests on clusters, which write to $(CLUSTERS)/output"; \
	trap '' INT; wait $$clusters; status=$$?; cat $(CLUSTERS)/output; \
	test $$others -gt 1 || test $$status -gt 1 || touch $(CLUSTERS)/both-ended; \
	test $$others -eq 0 && test $$status -eq 0

# Up to three tests that failed among all others are run once more, alone. One that passes now is unsteady: it is
# named here, and is to be mended like any other fault.
again: .venv/compiled
	@test -e $(CLUSTERS)/both-ended || { echo "the tests were interrupted, so not all of them have run" >&2; exit 1; }
	@failed=$$(cat .pytest_cache/v/cache/lastfailed $(CLUSTERS)/v/cache/lastfailed 2>/dev/null | grep ::); \
	count=$$(printf %s "$$failed" | grep -c ::); \
	test $$count -ge 1 && test $$count -le 3 || { echo "too much failed to be tried again" >&2; exit 1; }; \
	echo "failed among many others; tried again alone:"; echo "$$failed"; \
	for cache in .pytest_cache $(CLUSTERS); do \
		grep -qs :: $$cache/v/cache/lastfailed || continue; \
		$(BIN)/python -m pytest -n 1 --dist loadgroup -o cache_dir=$$cache --last-failed --last-failed-no-failures none \
			|| exit 1; \
	done

# Parts of `make test` for machines of their own, as in the workflows.
clusters: .venv/compiled
	$(BIN)/python -m pytest -n 14 --dist loadgroup tests/cluster

browser: .venv/compiled .venv/browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup tests/browser

slow: .venv/compiled .venv/browser .venv/latex
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --ignore tests/cluster --ignore tests/browser -m slow
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow" tests/packaging

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# BENCH="scale --out FOLDER" measures how costs grow with the number of records, and BENCH="slurm hooks" only these.
bench: .venv/dev
	$(BIN)/python -m benchmarks $(BENCH)

mutation: .venv/mutation
	$(BIN)/python -m benchmarks.mutation

skeleton: .venv/installed
	$(BIN)/python -m qanat.cli.completion.generate

docs: .venv/dev skeleton
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tests.support.reader
	$(BIN)/python -m tests.support.review_page

site: .venv/dev
	$(BIN)/python -m sphinx -q -W --keep-going -d build/doctrees -c docs/site . build/site
	@echo "the site is build/site/index.html"

# Part of `make release`: the schemas that are open are released with this VERSION, and never change again.
freeze: .venv/dev
	@test -n "$(VERSION)" || { echo "with which version? make freeze VERSION=0.2.0" >&2; exit 1; }
	$(BIN)/python tools/released_schemas.py $(VERSION)
	$(BIN)/python docs/generate.py

pictures: .venv/browser
	$(BIN)/python docs/pictures.py

# Builds and checks what is uploaded to PyPI; QANAT_REPOSITORY is where the repository is.
dist: .venv/dev
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python -m check_wheel_contents dist/*.whl

# VERSION=0.2.0; OPTIONS=--dry-run shows what it would do.
release: .venv/dev
	$(BIN)/python tools/release.py $(VERSION) $(OPTIONS)

clean:
	rm -rf .venv .pytest_cache demo build dist mutants

.venv/bin/pip:
	$(PYTHON) -m venv .venv || { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -q -y python3-venv \
	  && $(PYTHON) -m venv .venv; } || { echo "python3-venv is missing: sudo apt-get install python3-venv" >&2; exit 1; }

.venv/installed: .venv/bin/pip pyproject.toml
	$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -q --editable .
	touch $@

.venv/demo: .venv/installed examples/iris/requirements.txt
	$(BIN)/python -m pip install -q -r examples/iris/requirements.txt
	touch $@

# Of ten thousand modules, those that are used are compiled when they are.
.venv/dev: .venv/installed
	$(BIN)/python -m pip install -q --no-compile --group dev
	touch $@

# Each worker collects all tests. The first time, they are compiled here, rather than by all workers at once.
.venv/compiled: .venv/dev
	$(BIN)/python -m pytest -q -k test_tour >$@.log || { cat $@.log; exit 1; }
	touch $@

# What cannot be installed is named by the tests that are skipped.
.venv/browser: .venv/dev
	@missing=; say() { missing=1; echo "$$1" >&2; }; \
	$(BIN)/python -m pip install -q --no-compile --group browser || say "playwright cannot be installed"; \
	command -v chromium-headless-shell >/dev/null \
	  || { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -q -y chromium-headless-shell; } \
	  || command -v chromium >/dev/null || say "chromium is missing: sudo apt-get install chromium-headless-shell"; \
	command -v npm >/dev/null || { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -q -y npm; } \
	  || say "npm is missing: sudo apt-get install npm"; \
	if command -v npm >/dev/null && ! npm install --silent --no-save --prefix .venv/node typescript@5.9; then say "typescript cannot be installed"; fi; \
	test -n "$$missing" || touch $@

.venv/latex: .venv/dev
	@if command -v pdflatex >/dev/null && command -v pdftotext >/dev/null; then touch $@; \
	elif test "$$(id -u)" = 0 && apt-get update -q && apt-get install -q -y texlive-latex-base poppler-utils; then touch $@; \
	else echo "LaTeX is missing: sudo apt-get install texlive-latex-base poppler-utils" >&2; fi

.venv/mutation: .venv/dev
	$(BIN)/python -m pip install -q --group mutation
	touch $@
