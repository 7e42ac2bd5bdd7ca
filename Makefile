# Two commands: `make run` and `make test`. Everything they need, they install.
VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
PYTEST := $(PYTHON) -m pytest

.PHONY: run test check units journeys-sqlite journeys-postgres faults-sqlite faults-postgres browser system soak bench bench-nlp clean

run: $(READY)
	$(PYTHON) -m server dev

test: $(READY) system check units journeys-sqlite journeys-postgres faults-sqlite faults-postgres browser

check: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/deptry .

units: $(READY)
	$(PYTEST) tests -m "not browser and not soak" --ignore=tests/journeys --ignore=tests/faults

# One database kind per pytest process: Tortoise's executor cache crosses dialects.
journeys-sqlite: $(READY)
	NQI_TEST_STACK=sqlite $(PYTEST) tests/journeys -m "not browser and not soak"

journeys-postgres: $(READY)
	NQI_TEST_STACK=postgres $(PYTEST) tests/journeys -m "not browser and not soak"

# Processes killed, servers stopped, the platform broken: each for real.
faults-sqlite: $(READY)
	NQI_TEST_STACK=sqlite $(PYTEST) tests/faults

faults-postgres: $(READY)
	NQI_TEST_STACK=postgres $(PYTEST) tests/faults

browser: $(READY)
	NQI_TEST_STACK=sqlite $(PYTEST) tests -m browser

soak: $(READY)
	NQI_TEST_STACK=sqlite $(PYTEST) tests -m soak

# What tests need from the system: installed when root, otherwise named.
system:
	@sh tests/system.sh

$(READY): pyproject.toml constraints.txt
	@python3 -m venv $(VENV) 2>/dev/null || { sh tests/system.sh venv && python3 -m venv $(VENV); }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

# The servers that ours is measured against are installed for this alone.
bench: $(READY) system
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]"
	$(PYTHON) -m tests.bench $(BENCH)

# Our search beside public engines.
bench-nlp: $(READY)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]"
	$(PYTHON) -m tests.bench.nlp $(BENCH)

clean:
	rm -rf $(VENV) var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
