# make help lists what there is to make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

PREFIX ?= /usr/local
export BIN
PYTHON := /usr/bin/python3 -B -W error
# In front of each recipe that builds: the toolchain, wherever it is.
SWIFT := swift="$$(scripts/find-swift.sh)"; export PATH="$$swift:$$PATH";

# Fewer tests than these mean that some were not found. Raise them as tests are added.
MINIMUM_SWIFT_TESTS := 1244
MINIMUM_EXAMPLE_TESTS := 34
MINIMUM_RAG_TESTS := 13
MINIMUM_LAUNCHER_TESTS := 33
MINIMUM_FAULT_TESTS := 37
MINIMUM_PLUGIN_TESTS := 132
MINIMUM_INSTALL_TESTS := 45
MINIMUM_SERVE_TESTS := 20
MINIMUM_FORMAT_TESTS := 46
MINIMUM_MAKE_TESTS := 48
MINIMUM_COVERAGE := 90
# In a build folder of its own: instrumented and plain builds would replace each other.
COVERAGE := --enable-code-coverage --scratch-path .build/coverage -Xcc -DSELFHEAL_COVERAGE

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/\1\t\2/p' Makefile | expand -t 16

.PHONY: run
run: ## validate, heal and start the example
	./run_full_app.sh

.PHONY: test
test: dependencies lint test-swift test-example test-launcher test-formats test-plugins test-faults test-install test-serve test-make ## everything that must pass before a change goes in

.PHONY: dependencies
dependencies:
	scripts/install-dependencies.sh --test

.PHONY: lint
lint: ## the style of Swift files, the traps of shell scripts
	scripts/lint.sh

.PHONY: format
format: ## put Swift files in the style that lint asks for
	$(SWIFT) swift format --in-place --recursive --parallel Sources Tests Benchmarks Package.swift

# Warnings are errors by Package.swift; --build-tests includes the executables. One test at a time: many of them wait for
# processes, and on few processors those that calculate would starve those that wait beyond their time limits.
.PHONY: test-swift
test-swift:
	$(SWIFT) swift build --build-tests
	$(SWIFT) scripts/expect-tests.sh $(MINIMUM_SWIFT_TESTS) swift test --skip-build --no-parallel

.PHONY: test-example
test-example:
	scripts/expect-tests.sh $(MINIMUM_EXAMPLE_TESTS) $(PYTHON) -m unittest discover -s examples/dynamic-pricing/tests
	scripts/expect-tests.sh $(MINIMUM_RAG_TESTS) $(PYTHON) -m unittest discover -s examples/rag/tests

.PHONY: test-launcher
test-launcher:
	scripts/expect-tests.sh $(MINIMUM_LAUNCHER_TESTS) $(PYTHON) Tests/launcher/test_launcher.py

.PHONY: test-formats
test-formats: ## every output format against somebody else's reader of it
	scripts/expect-tests.sh $(MINIMUM_FORMAT_TESTS) $(PYTHON) -m unittest discover -s Tests/formats

# Of the calls that can go wrong a sample, another one each time; all of them in test-crash.
.PHONY: test-faults
test-faults: ## kills, failing system calls, full disks, eight heals beside a writer
	scripts/expect-tests.sh $(MINIMUM_FAULT_TESTS) $(PYTHON) -m unittest discover -s Tests/faults

.PHONY: test-plugins
test-plugins: ## the plugins that ship, and monitoring plugins, each through the programs
	scripts/expect-tests.sh $(MINIMUM_PLUGIN_TESTS) $(PYTHON) -m unittest plugins/*/tests/test_*.py Tests/plugins/test_*.py

.PHONY: test-install
test-install: ## what make install brings: completions in real shells, manual pages, units and templates
	scripts/expect-tests.sh $(MINIMUM_INSTALL_TESTS) $(PYTHON) -m unittest discover -s Tests/install

.PHONY: test-serve
test-serve: ## selfheal serve, as probes, browsers and people of ill will use it
	scripts/expect-tests.sh $(MINIMUM_SERVE_TESTS) $(PYTHON) -m unittest discover -s Tests/serve

.PHONY: test-make
test-make: ## the targets for others' Makefiles, those of the template and those made from a manifest
	scripts/expect-tests.sh $(MINIMUM_MAKE_TESTS) $(PYTHON) -m unittest discover -s Tests/make

.PHONY: test-crash
test-crash: dependencies ## every single write-like system call of a heal goes wrong; populating is killed 200 times
	$(SWIFT) swift build
	SELFHEAL_SWEEP=all $(PYTHON) Tests/faults/test_crash.py
	SELFHEAL_SWEEP=all $(PYTHON) Tests/faults/test_populating.py Populating.test_killed_at_random_moments

.PHONY: coverage
coverage: dependencies ## line coverage of the library modules
	$(SWIFT) scripts/expect-tests.sh $(MINIMUM_SWIFT_TESTS) swift test --no-parallel $(COVERAGE)
	$(SWIFT) $(PYTHON) scripts/coverage.py "$$(swift test $(COVERAGE) --show-codecov-path)" $(MINIMUM_COVERAGE)

.PHONY: bench
bench: ## how long a healthy check takes, beside what others would run
	Benchmarks/run.sh

.PHONY: build
build: ## one static release binary under its three names, in .build/selfheal-bin
	scripts/build-release.sh

# BIN=FOLDER installs from programs that are built already.
.PHONY: install
install: ## commands, completions, manual pages, templates and plugins below PREFIX (/usr/local)
	scripts/install.sh "$${BIN:-$$(scripts/build-release.sh)}" "$(DESTDIR)$(PREFIX)"

.PHONY: uninstall
uninstall: ## removes what make install has installed below PREFIX
	scripts/install.sh --remove "$(DESTDIR)$(PREFIX)"

.PHONY: deb
deb: ## a Debian package of the release build, in .build/deb
	scripts/build-deb.sh

.PHONY: test-deb
test-deb: dependencies ## builds the Debian package, and installs, uses and removes it
	BIN="$${BIN:-$$(scripts/build-release.sh)}" $(PYTHON) Tests/deb/test_deb.py

.PHONY: clean
clean: ## remove what was built; the application's own files stay
	rm -rf .build

.PHONY: test-real
test-real: dependencies ## the proof on real applications, which come from PyPI and Debian
	examples/trac/prove.sh
	Tests/real/prove.py
	Tests/real/packages.py
