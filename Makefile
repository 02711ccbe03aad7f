# Every command of this repository. Each needs only python3 (3.11 or newer) with venv.

PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 4
FUZZ ?= 20000

.PHONY: run test check bench fuzz serve translations requirements

run: .venv/run  ## everything up: store, sandbox portal, web, worker; prints the address to open
	@$(BIN)/python -m b24app.launch run

serve: .venv/run  ## production on this machine: the Procfile, real portals, settings from .env
	@$(BIN)/python -m b24app.launch serve

test: .venv/dev browser stores  ## all tests, in a browser too; JOBS files side by side
	$(BIN)/pytest -n $(JOBS) --dist loadfile

check: .venv/dev stores  ## format, lint, types, import rules, dependency audit, tests without a browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/djlint --lint --quiet templates sandbox/templates
	$(BIN)/python -m tests.audit
	$(BIN)/pytest -n $(JOBS) --dist loadfile --ignore=tests/browser

bench: .venv/dev  ## side-by-side measurements; ONLY=rest runs one family
	ONLY=$(ONLY) $(BIN)/python -m bench

fuzz: .venv/dev  ## 20,000 generated bodies, or FUZZ=100000, posted to every address a stranger reaches
	FUZZ=$(FUZZ) $(BIN)/pytest -q -rP --show-capture=stdout tests/integration/test_fuzz.py

translations: .venv/dev  ## collect the texts, then compile what the translators wrote
	$(BIN)/pybabel -q extract -F babel.cfg --ignore-dirs '.*' -k _ -k lazy_gettext --project b24app --copyright-holder "b24app contributors" -o translations/messages.pot --no-location .
	$(BIN)/pybabel -q update -i translations/messages.pot -d translations --no-fuzzy-matching
	$(BIN)/pybabel -q compile -d translations

requirements: .venv/dev  ## pin again what requirements.in and requirements-dev.in ask for
	$(BIN)/pip-compile -q --upgrade --strip-extras --no-emit-index-url --no-emit-find-links -o requirements.txt requirements.in
	$(BIN)/pip-compile -q --upgrade --strip-extras --no-emit-index-url --no-emit-find-links -o requirements-dev.txt requirements-dev.in

.venv/run: requirements.txt
	@echo "Setting up .venv with what the application needs"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	@echo "Adding what the tests need"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.PHONY: browser stores
browser: .venv/dev
	@sh tests/browser/install.sh $(BIN)

stores: .venv/dev
	@sh tests/store/install.sh $(BIN)
