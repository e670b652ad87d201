# make help lists what can be made. Everything built goes below _build/, the environment into .venv/.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.NOTPARALLEL:

STAMPS := _build/stamps
SAMPLE := _build/sample-class
VENV   := .venv
PY     := $(VENV)/bin/python
PORT   ?= 8000
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONUNBUFFERED := 1

say = printf '\n\033[1m== %s\033[0m\n' "$(1)"

# --- What changed: a .sum file is rewritten only when the content of the files it stands for is different. ---

define watch
$(STAMPS)/$(1).sum: FORCE
	@mkdir -p $(STAMPS)
	@find $(2) -type f -not -path '*/__pycache__/*' -not -name '.*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum > $$@.new
	@if cmp -s $$@.new $$@; then rm $$@.new; else mv $$@.new $$@; fi
endef

COURSE_SOURCES := $(wildcard solutions nbgrader_config.py autograder/authoring autograder/checking)
GRADER_SOURCES := $(wildcard autograder nbgrader_config.py)
BOOK_SOURCES   := book _config.yml benchmarks/results $(wildcard autograder solutions exercises)
$(eval $(call watch,environment,requirements.txt pyproject.toml))
$(eval $(call watch,course,$(COURSE_SOURCES)))
$(eval $(call watch,grader,$(GRADER_SOURCES)))
$(eval $(call watch,book,$(BOOK_SOURCES)))

FORCE:

# --- The main job ---

.PHONY: all env exercises references book sample summary
all: env exercises references book sample summary ## Make everything: environment, exercises, book, a graded sample class

env: $(VENV)/.installed ## Make .venv from requirements.txt
$(VENV)/.installed: $(STAMPS)/environment.sum
	@$(call say,Environment: .venv from requirements.txt)
	@./.ci/environment $(VENV)
	@touch $@

exercises: $(STAMPS)/exercises ## Make the students' notebooks from solutions/
$(STAMPS)/exercises: $(VENV)/.installed $(STAMPS)/course.sum
	@$(call say,Exercises: exercises/ from solutions/)
	@$(PY) -m autograder build
	@touch $@

references: $(STAMPS)/references ## Freeze the references of solutions/ that have changed
$(STAMPS)/references: $(VENV)/.installed $(STAMPS)/course.sum
	@$(call say,References: what the checks compare with)
	@if [ ! -e $@ ] && ./.ci/as-committed solutions autograder; then echo "as committed"; else $(PY) -m autograder freeze; fi
	@touch $@

# Each kernel warns that it speaks unencrypted to this machine itself: so do all, for as long as their page takes.
UNALARMED := 2> >(grep --line-buffered -vE '^(\[IPKernelApp\] WARNING . Kernel is running over TCP.*)?$$' >&2)
book: $(STAMPS)/book ## Build the book
$(STAMPS)/book: $(VENV)/.installed $(STAMPS)/book.sum
	@$(call say,Book: _build/html)
	@rm -rf _build/html _build/.doctrees
	@OMP_NUM_THREADS=1 $(VENV)/bin/jupyter-book build book -W -n --keep-going $(UNALARMED)
	@touch $@

sample: $(STAMPS)/sample ## Make a sample class, grade it, write feedback and grades
$(STAMPS)/sample: $(STAMPS)/exercises $(STAMPS)/references $(STAMPS)/grader.sum
	@$(call say,Sample class: $(SAMPLE))
	@./.ci/sample-class $(SAMPLE)
	@touch $@

summary:
	@$(PY) .ci/summary.py $(SAMPLE)

# --- Use it ---

.PHONY: serve pdf lab experiments bench
serve: book ## Read the book in a browser, at http://localhost:8000 (PORT=...)
	@echo "The book is at http://localhost:$(PORT)  (stop with Ctrl-C)"
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

pdf: book chromium ## Print the book into one file, _build/built-in.pdf
	@$(call say,PDF: _build/built-in.pdf)
	@$(PY) .ci/pdf.py _build/html _build/built-in.pdf

# JupyterLab asks other machines for news and for newer versions, unless told not to.
LAB := --LabApp.default_url=/lab/tree/exercises --LabApp.news_url=None \
	--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate
lab: env ## Open the exercises in JupyterLab
	@$(PY) -m jupyterlab $(LAB) $$([ "$$(id -u)" -ne 0 ] || echo --allow-root)

experiments: env ## Run the experiments behind the book's claims again (one: make experiments K=k1)
	@$(PY) -m experiments$(if $(K),.$(K), --all)

BENCHMARKS := forks grading insight weigh_pages
bench: env ## Measure what grading costs
	@for file in $(BENCHMARKS:%=benchmarks/%.py); do $(call say,$$file); $(PY) $$file; done

# --- Check it ---

.PHONY: test lint format chromium postgresql
test: env lint book chromium postgresql ## Check everything: lint, types, tests
	@$(call say,Tests)
	@OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile $(ARGS)

lint: env ## Check form and types
	@$(call say,Form and types)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: env ## Bring the code into form
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

chromium:
	@./.ci/chromium

postgresql:
	@./.ci/postgresql

# --- Tidy up ---

.PHONY: clean help
clean: ## Remove what was built; keeps .venv, and _build/course with a real class's gradebook
	@find _build -mindepth 1 -maxdepth 1 -not -name course -exec rm -rf {} + 2>/dev/null || true
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile
