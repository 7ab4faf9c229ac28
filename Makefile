# Two commands on a fresh machine (Debian or Ubuntu with python3, venv and make): `make run` and `make test`.
# The distribution's python, where it can make environments: it is optimised by profile, which saves a tenth of the CPU.
PY ?= $(shell /usr/bin/python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/python3 || echo python3)
V := .venv
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup run test lint fuzz bench soak pictures lock clean
setup: $(V)/.runtime

run: setup
	@exec $(V)/bin/rammevagt demo

test: setup $(V)/.dev
	@exec tests/run.sh

lint: setup $(V)/.dev
	@tests/lint.sh

fuzz: setup $(V)/.dev
	@cd tests && for group in reading session files; do ../$(V)/bin/python -m fuzz $$group -max_total_time=300 $(ARGS) || exit; done

bench: setup $(V)/.dev
	@cd tests && exec ../$(V)/bin/python -m bench $(ARGS)

soak: setup $(V)/.dev
	@cd tests && exec ../$(V)/bin/python -m soak $(ARGS)

pictures: setup $(V)/.dev
	@cd tests && exec ../$(V)/bin/python -m album $(or $(ARGS),$(error name a folder: make pictures ARGS=FOLDER))

# The two stamps: what is installed already takes no time.
$(V)/bin/python:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rammevagt: python 3.11 or newer is needed; set PY=python3.11" >&2; exit 2; }
	@$(PY) -m venv $(V) || { echo "rammevagt: python3 lacks venv; install it: apt-get install python3-venv" >&2; exit 2; }

$(V)/.runtime: $(V)/bin/python requirements.lock pyproject.toml
	@echo "rammevagt: installing what the guard needs into $(V) (once)"
	@$(V)/bin/python -m pip install -q --require-hashes --only-binary :all: -r requirements.lock
	@$(V)/bin/python -m pip install -q --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(V)/.dev: $(V)/.runtime requirements-dev.lock
	@echo "rammevagt: installing what the tests need into $(V) (once)"
	@$(V)/bin/python -m pip install -q --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

LOCK := $(V)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --no-annotate --no-config
lock: $(V)/.dev
	$(LOCK) pyproject.toml build.in -o requirements.lock
	$(LOCK) pyproject.toml build.in --group dev -o requirements-dev.lock

clean:
	rm -rf $(V) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
