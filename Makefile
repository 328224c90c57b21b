# Every target sets up what it needs on a fresh machine. `make` alone lists them.
.DEFAULT_GOAL := help
ENVIRONMENT ?= dev
# For those that deploy by themselves: nobody pays for an environment that was not named.
DEPLOYED = $(if $(filter file,$(origin ENVIRONMENT)),local,$(ENVIRONMENT))
PYTHON ?= python3
PIPENV_VERSION := 2026.10.3
ACTIONLINT_VERSION := v1.7.12

VENV := .venv/.complete
FUNCTIONS := $(patsubst functions/%/requirements.txt,.build/functions/%/.requirements.sha256,$(wildcard functions/*/requirements.txt))
SCANNER := .build/scan/.complete
SAMPLE := .build/benchmarks/sample/.complete
LINTER := .build/lint/.complete
COMMAND_LINE := node_modules/.package-lock.json
WAYS_OUT := $(patsubst way_out/%.txt,.build/way_out/environments/%/.complete,$(wildcard way_out/*.txt))
RUN := .venv/bin/python
# Much of it waits, so five at a time keep two processors busy.
TEST := $(RUN) -m pytest --numprocesses 5 --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo prove-policies up down tests-setup test quick properties whole-apply times check lint-workflows plan scan way-out format synth cdktf cost doctor dead-letters docs benchmark-synth benchmark-seeding benchmark-freshness benchmark-local-aws clean

help: ## List the targets.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

setup: $(VENV) $(FUNCTIONS) ## Install the dependencies: .venv for us, .build for the Lambda functions.

demo: setup ## Deploy everything to the local AWS, move data, compare table and index, tear down; or ON=aws.
	$(RUN) -m local demo $(if $(filter aws,$(ON)),--on aws --environment $(DEPLOYED) $(if $(YES),--yes) $(if $(DESTROY),--destroy))

prove-policies: setup ## Deploy, then take away each permission in turn: something must fail.
	$(RUN) -m local prove-policies

up: setup ## The same, left running; prints URLs and credentials.
	$(RUN) -m local up

down: setup ## Take down what `make up` started.
	$(RUN) -m local down

tests-setup: setup $(WAYS_OUT) $(COMMAND_LINE) ## What the tests need besides.

test: tests-setup ## All tests, end to end included.
	$(TEST)

quick: check ## While working: lint, types, and the tests that deploy nothing.
	$(RUN) -m pytest tests/unit tests/synth --numprocesses 2 --dist loadfile --no-loadscope-reorder

properties: setup ## The property tests with twenty times as many examples, others each time: hours.
	PROPERTIES=nightly $(RUN) -m pytest -m hypothesis --timeout 14400 --numprocesses 2 --dist loadfile

whole-apply: setup ## A private domain that Terraform makes itself, on the local AWS: a quarter of an hour, most of it waiting.
	WHOLE_APPLY=1 $(RUN) -m pytest tests/end_to_end/test_private.py

times: tests-setup ## All tests, and what each file took into CONTRIBUTING.md.
	$(TEST) --times CONTRIBUTING.md

check: setup ## Lint, format, types.
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy .

lint-workflows: $(LINTER) ## Lint GitHub's workflows and their shell lines.
	.build/lint/bin/zizmor --offline --quiet .
	@if command -v go > /dev/null; then \
		PATH="$(CURDIR)/.build/lint/bin:$$PATH" go run github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION); \
	else echo "skipped: actionlint: no go on PATH; install Go: https://go.dev/doc/install"; fi

scan: setup $(SCANNER) ## Check the Terraform JSON of every environment against checkov's policies.
	$(RUN) -m scan

way-out: setup $(WAYS_OUT) ## Synthesize with CDKTF's continuation and the next AWS provider; compare with today.
	$(RUN) -m way_out

format: setup ## Rewrite the sources in the project's format.
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

synth: setup ## Write the Terraform JSON of ENVIRONMENT (default: dev) to cdktf.out.
	ENVIRONMENT=$(ENVIRONMENT) $(RUN) main.py

cdktf: setup $(COMMAND_LINE) ## Install the CDKTF command line: npx cdktf list, diff, deploy, output, destroy.

plan: setup ## What the first deploy of ENVIRONMENT (default: dev) makes, planned on the local AWS: no credentials.
	$(RUN) -m review plan --local $(ENVIRONMENT)

cost: setup ## What a month of ENVIRONMENT (default: dev) costs; an estimate, before anything is applied.
	$(RUN) -m cost $(ENVIRONMENT)

doctor: setup ## Whether deploying ENVIRONMENT (default: dev) would fail, and the way out; changes nothing.
	$(RUN) -m doctor $(ENVIRONMENT)

dead-letters: setup ## Why documents of ENVIRONMENT (default: dev) were dead-lettered; with REPLAY=1 write them after all.
	$(RUN) -m dead_letters $(ENVIRONMENT) $(if $(REPLAY),--replay)

docs: setup ## Write the parts of docs/ that are made from the code.
	$(RUN) -m reference

benchmark-synth: setup $(SAMPLE) ## How long a synth takes, beside the CDK sample's; and of 100 tables, beside one.
	$(RUN) -m benchmarks synth

benchmark-seeding: setup ## How fast the seeding function is, beside one thread with boto3's batch_writer.
	$(RUN) -m benchmarks seeding

benchmark-freshness: setup ## How soon and how fast items are searchable with our pipeline's body, beside the sample's.
	$(RUN) -m benchmarks freshness

benchmark-local-aws: setup ## How long the local AWS takes from nothing to every item searchable; its memory.
	$(RUN) -m benchmarks local-aws

clean: ## Remove everything that was built or downloaded.
	rm -rf .venv .build .local cdktf.out node_modules

$(VENV): Pipfile.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; this is `$(PYTHON) --version`. Set PYTHON=/path/to/python3." >&2; exit 1; }
	$(PYTHON) -m venv .build/pipenv
	.build/pipenv/bin/pip install --quiet --disable-pip-version-check pipenv==$(PIPENV_VERSION)
	PIPENV_VENV_IN_PROJECT=1 PIPENV_IGNORE_VIRTUALENVS=1 PIPENV_NOSPIN=1 \
		.build/pipenv/bin/pipenv --python "$$($(PYTHON) -c "import sys; print(sys.executable)")" sync --dev
	@touch $@

.build/functions/%/.requirements.sha256: functions/%/requirements.txt $(VENV)
	$(RUN) -m functions.package install functions/$*
	@touch $@

$(SCANNER): scan/requirements.txt | $(VENV)
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		--requirement scan/requirements.txt
	@touch $@

$(LINTER): .github/requirements.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		--requirement .github/requirements.txt
	@touch $@

.build/way_out/environments/%/.complete: way_out/%.txt | $(VENV)
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement $<
	@touch $@

# npm writes it last.
$(COMMAND_LINE): package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

$(SAMPLE): benchmarks/sample/requirements.txt | $(VENV)
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement $<
	@touch $@
