# Every target sets up what it needs: a bare machine with Python 3.11 and make is enough.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --warn-undefined-variables

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3 || echo python3)
BIN := .venv/bin
LIBRARY := runtime/transom_runtime/transcode/native/_codec.abi3.so
NATIVE := $(wildcard runtime/transom_runtime/transcode/native/src/*)
INSTALLED := .venv/.installed-$(shell cat requirements/dev.txt pyproject.toml | cksum | cut -d' ' -f1)
READY := .venv/.ready-$(shell cat requirements/dev.txt pyproject.toml hatch_build.py $(NATIVE) | cksum | cut -d' ' -f1)
PEERS := .venv/.peers-$(shell cat requirements/peers.txt | cksum | cut -d' ' -f1)
PROTOS := third_party/public/.ready-$(shell cat tests/clients/packages.json | cksum | cut -d' ' -f1)
FUZZ := .venv/.fuzz-$(shell cat requirements/fuzz.txt | cksum | cut -d' ' -f1)
BENCH := .venv/.bench-$(shell cat requirements/bench.txt | cksum | cut -d' ' -f1)
ARGS ?=
SECONDS ?= 60
# buf keeps a cache in HOME; here it stays inside the checkout.
BUF := HOME=$(CURDIR)/.venv $(CURDIR)/$(BIN)/buf
SOURCES := codegen runtime examples tests bench
AGAINST ?= main

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.PHONY: setup
setup: $(READY) ## Make .venv and install everything, once

$(INSTALLED): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  found="$$($(PYTHON) --version 2>&1)" || found="no program"; \
	  echo "transom needs Python 3.11 or newer; '$(PYTHON)' is $$found. Install it, or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "transom: setting up .venv with $$($(PYTHON) --version), once; this takes about a minute"
	@$(PYTHON) -m venv .venv || { echo "transom: '$(PYTHON) -m venv' failed; on Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-warn-script-location --require-hashes -r requirements/dev.txt 2> >(grep -v '^WARNING' >&2)
	@mkdir -p generated/transom
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . 2> >(grep -v '^WARNING' >&2)
	@$(BIN)/python -m transom_codegen.vendor third_party/googleapis
	@rm -f .venv/.installed-*; touch $@

$(READY): $(INSTALLED) hatch_build.py $(NATIVE)
	@$(BIN)/python hatch_build.py
	@rm -f .venv/.ready-*; touch $@

$(PEERS): $(READY) requirements/peers.txt
	@echo "transom: installing the programs that the gateway is held against, once"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-warn-script-location --require-hashes -r requirements/peers.txt 2> >(grep -v '^WARNING' >&2)
	@rm -f .venv/.peers-*; touch $@

$(PROTOS): $(READY) tests/clients/packages.json
	@$(BIN)/python tests/clients/public_protos.py third_party/public
	@touch $@
$(FUZZ): $(READY) requirements/fuzz.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-warn-script-location --require-hashes -r requirements/fuzz.txt 2> >(grep -v '^WARNING' >&2)
	@rm -f .venv/.fuzz-*; touch $@
$(BENCH): $(READY) requirements/bench.txt
	@echo "transom: installing what the benchmark holds the gateway against, once"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-warn-script-location --require-hashes -r requirements/bench.txt 2> >(grep -v '^WARNING' >&2)
	@rm -f .venv/.bench-*; touch $@

.PHONY: demo
demo: $(READY) ## Run Valkey, the workflow engine and the gateway; print curl lines to paste
	@exec $(BIN)/transom demo $(ARGS)

.PHONY: test
test: $(READY) ## Run the fast tests
	@$(BIN)/pytest -q -n 2 -m "not slow" $(ARGS)

.PHONY: test-slow
test-slow: $(READY) ## Run the slow tests
	@$(BIN)/pytest -q -m slow $(ARGS)

.PHONY: envoy
envoy: $(PEERS) ## Hold the gateway beside Envoy's transcoder, request by request; ARGS=--write writes docs/envoy.md
	@$(BIN)/pytest -q tests/beside_envoy $(ARGS)

CONFORMANCE := .venv/.conformance-$(shell cat requirements/dev.txt tests/conformance/*.py | cksum | cut -d' ' -f1)

$(CONFORMANCE): $(READY) tests/conformance/suite.py tests/conformance/newer_libc.py
	@echo "transom: setting up protobuf's conformance suite, once"
	@PYTHONPATH=tests $(BIN)/python -m conformance.suite prepare .venv/conformance
	@rm -f .venv/.conformance-*; touch $@

.PHONY: conformance
conformance: $(CONFORMANCE) ## Run protobuf's official conformance suite against the JSON codec
	@PYTHONPATH=tests $(BIN)/python -m conformance.suite run .venv/conformance

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1 \
  -Werror -Wconversion -Wshadow
# What is not ours (Python's interned objects) leaks by design; tests/transcode/test_native.py watches our own.
SANITIZED := ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc PYTHONPATH=tests \
  LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so)"

.PHONY: asan
asan: $(READY) ## Fuzz the native codec for SECONDS (60) under AddressSanitizer and UndefinedBehaviorSanitizer; needs gcc
	@command -v cppcheck >/dev/null || echo "transom: going on without cppcheck; on Debian: apt install cppcheck"
	@! command -v cppcheck >/dev/null || cppcheck --quiet --std=c11 --enable=warning,performance,portability --error-exitcode=1 \
	  -D'Py_RETURN_NONE=return NULL' runtime/transom_runtime/transcode/native/src
	@mkdir -p .venv/fuzz; trap '$(BIN)/python hatch_build.py' EXIT; CC=gcc CFLAGS="$(SANITIZE)" $(BIN)/python hatch_build.py; \
	  $(SANITIZED) $(BIN)/python -m fuzz.native_bytes .venv/fuzz/native-input $(SECONDS); \
	  $(SANITIZED) $(BIN)/python -m pytest -q -p no:cacheprovider --timeout 0 tests/transcode/test_native*.py \
	  tests/transcode/test_looks.py $(ARGS)

.PHONY: fuzz
fuzz: $(FUZZ) ## Fuzz routing and decoding for SECONDS (60), guided by coverage; findings end it and are kept in .venv/fuzz
	@mkdir -p .venv/fuzz/corpus
	@PYTHONPATH=tests $(BIN)/python -m fuzz.guided -max_total_time=$(SECONDS) -timeout=20 -artifact_prefix=.venv/fuzz/ \
	  .venv/fuzz/corpus tests/fuzz/corpus $(ARGS) 2> >(grep -vE '^INFO: Instrumenting|^WARNING: Failed|^"|^#####' >&2)

.PHONY: transcoding
transcoding: $(PEERS) $(PROTOS) ## Hold every binding of this repository and of 13 public APIs against google-api-core's transcoder
	@$(BIN)/pytest -q tests/clients/test_transcoding.py $(ARGS)

.PHONY: clients
clients: $(PEERS) $(PROTOS) ## Let google-cloud-* REST clients call every method they have
	@$(BIN)/pytest -q tests/clients --ignore tests/clients/test_transcoding.py $(ARGS)

.PHONY: browser
browser: $(READY) ## Let a real browser, Debian's chromium, use the gateway from pages of another origin
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
	  echo "transom: no chromium and chromedriver are installed; on Debian: apt-get install --yes chromium chromium-driver"; exit 1; }
	@$(BIN)/pytest -q tests/browser $(ARGS)

.PHONY: h2load
h2load:
	@command -v h2load >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || { \
	    echo "transom: no h2load is installed; on Debian: sudo apt-get install --yes nghttp2-client"; exit 1; }; \
	  echo "transom: installing h2load, once"; apt-get update -qq && apt-get install -qq --yes nghttp2-client >/dev/null; }

.PHONY: bench
bench: $(BENCH) h2load ## Measure CPU per request beside Envoy and hand-written gateways; ARGS=--write writes docs/performance.md
	@PYTHONPATH=bench $(BIN)/python -m transom_bench $(ARGS)

.PHONY: bench-growth
bench-growth: $(BENCH) h2load ## Measure how cost grows with payload, connections and workers; ARGS=--write writes docs/performance.md
	@PYTHONPATH=bench $(BIN)/python -m transom_bench.grow $(ARGS)

.PHONY: bench-start
bench-start: $(BENCH) h2load ## Measure start and memory with 10 to 5,000 routes; ARGS=--write writes docs/performance.md
	@PYTHONPATH=bench $(BIN)/python -m transom_bench.start $(ARGS)

.PHONY: bench-micro
bench-micro: $(BENCH) ## Time shell, codec, routing, binding, auth, limiter and sanitizer one by one; ARGS=--write writes docs/performance.md
	@PYTHONPATH=bench $(BIN)/python -m transom_bench.micro $(ARGS)

.PHONY: bench-profile
bench-profile: $(BENCH) h2load ## Sample where a request's time goes in the gateway; ARGS=--write writes docs/performance.md
	@PYTHONPATH=bench $(BIN)/python -m transom_bench.profile $(ARGS)

.PHONY: bench-cores
bench-cores: $(BENCH) h2load ## Measure whether workers do better with a core each; ARGS=--write writes docs/performance.md
	@PYTHONPATH=bench $(BIN)/python -m transom_bench.worker_cores $(ARGS)

.PHONY: bench-upstream
bench-upstream: $(BENCH) ## Measure a call upstream by grpcio release, way of calling and options; ARGS=--write writes docs/performance.md
	@PYTHONPATH=bench $(BIN)/python -m transom_bench.upstream_call $(ARGS)

.PHONY: generate
generate: $(READY) ## Write generated/ anew from protos/
	@$(BIN)/transom generate $(ARGS)

.PHONY: check
check: $(READY) ## Everything that CI asks of the source: format, lint, types, layers, drift, protos; that C compiles
	@[ -e $(LIBRARY) ] || $(BIN)/python hatch_build.py
	@$(BIN)/ruff format --check --quiet $(SOURCES) hatch_build.py || { echo "transom: run make format"; exit 1; }
	@$(BIN)/ruff check --quiet $(SOURCES) hatch_build.py
	@$(BIN)/mypy $(SOURCES) generated hatch_build.py
	@$(BIN)/lint-imports
	@$(BIN)/transom check
	@$(BUF) lint protos
	@$(BUF) format --diff --exit-code protos

.PHONY: breaking
breaking: $(READY) ## Compare the protos with those of the git revision AGAINST for breaking changes
	@base=$$(mktemp -d); trap 'rm -rf "$$base"' EXIT; \
	  git archive $(AGAINST) protos buf.yaml | tar -x -C "$$base"; cp -R third_party "$$base"; \
	  (cd "$$base" && $(BUF) build protos -o base.binpb); $(BUF) breaking protos --against "$$base/base.binpb"

.PHONY: format
format: $(READY) ## Put source and protos in order
	@$(BIN)/ruff format --quiet $(SOURCES) hatch_build.py
	@$(BIN)/ruff check --quiet --fix-only $(SOURCES) hatch_build.py
	@$(BUF) format --write protos

.PHONY: lock
lock: $(READY) ## Pin requirements/*.txt anew (needs uv)
	@uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 pyproject.toml -o requirements/runtime.txt
	@uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 pyproject.toml --all-extras --group dev -c requirements/runtime.txt -o requirements/dev.txt
	@uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 pyproject.toml --all-extras --group dev --group peers -c requirements/dev.txt -o requirements/peers.txt
	@uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --group fuzz -o requirements/fuzz.txt
	@uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 pyproject.toml --all-extras --group dev --group bench -c requirements/peers.txt -o requirements/bench.txt

.PHONY: clean
clean: ## Remove what make made
	@rm -rf .venv third_party .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
