# The front door. Each target installs what it needs from Debian's packages (with sudo when not root, nothing
# when all is there), configures, builds and runs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
# Of the Item Service that make run starts.
PORT ?= 8080
BUILD_PACKAGES := g++ cmake ninja-build libmimalloc-dev libfmt-dev libboost1.81-dev libboost-json1.81-dev zlib1g-dev libssl-dev
RUN_PACKAGES := $(BUILD_PACKAGES) curl
TEST_PACKAGES := $(RUN_PACKAGES) libgtest-dev pkg-config doxygen openssl git python3 sqlite3 nginx-light chromium \
                 libjemalloc2 libtcmalloc-minimal4
# The builds that are tested. clang-asan instead of asan takes half as long to compile, and needs clang 19.
PRESETS ?= release asan
BENCH_PACKAGES := $(BUILD_PACKAGES) libgtest-dev libbenchmark-dev python3 wrk strace
PEER_PACKAGES := nginx-light h2o libcpp-httplib-dev libjemalloc2 libtcmalloc-minimal4 llvm-19-dev libprotobuf-dev \
                 libfoonathan-memory-dev libclang-rt-19-dev heaptrack valgrind

DEB_PACKAGES := $(BUILD_PACKAGES) dpkg-dev fakeroot file lintian man-db pkg-config

.PHONY: help run test bench bench-peers fuzz deb docs
help:
	@echo 'make run    start the Item Service on 127.0.0.1:8080; PORT=8081: there'
	@echo 'make test   build and run all tests, in release and under ASan+UBSan'
	@echo 'make bench  build and run the benchmarks, with gcc and with clang 19 if it is installed: docs/benchmarks/report.md'
	@echo 'make fuzz   fuzz every target for SECONDS (600), with clang 19'
	@echo 'make deb    build Debian packages in build/deb, and check them'
	@echo 'make docs   write the guide and the reference of the headers to build/docs/html'
	@echo 'make bench-peers  install what they compare with: other servers, allocators and memory checkers'

# $(call install,packages): quiet when there is nothing to do.
install = @bash cmake/install-packages.sh $(1)
# $(call npm,folders): the same for the packages that npm brings.
npm = @bash cmake/npm-packages.sh $(1)
# $(call configure,folder,arguments of CMake): says what to do where it cannot.
configure = bash cmake/configure.sh $(1) $(2)

run:
	$(call install,$(RUN_PACKAGES))
	$(call npm,http/docs_assets) || echo 'going on without the pages /docs and /redoc'
	@$(call configure,build/run,--preset release -DZIGMUND_TESTS=OFF) >/dev/null
	@cmake --build build/run --target item_service -j $(JOBS)
	@echo 'try, from another terminal:'
	@echo "  curl -s localhost:$(PORT)/items -H 'content-type: application/json' -d '{\"name\":\"Pen\",\"price\":2.5}'"
	@echo '  curl -s localhost:$(PORT)/users/7'
	@echo 'or open http://localhost:$(PORT)/docs'
	@echo 'on another port: make run PORT=8081'
	@exec build/run/docs/examples/item_service --port=$(PORT)

test:
	$(call install,$(TEST_PACKAGES))
	$(call npm,http/docs_assets tests/browser)
	@for preset in $(PRESETS); do \
	  $(call configure,build/$$preset,--preset $$preset -DZIGMUND_BROWSER_TESTS=ON) && \
	    cmake --build --preset $$preset -j $(JOBS) && ctest --preset $$preset -j $(JOBS) || exit 1; \
	done

# Compilers inline differently, and a bump allocator is little but what they inline: alloc's benchmarks run with
# clang too. It ends with the report: docs/benchmarks/report.md. BENCHMARK_REPETITIONS=5 in the environment makes
# it shorter.
bench:
	$(call install,$(BENCH_PACKAGES))
	@$(call configure,build/bench,--preset release -DZIGMUND_TESTS=OFF -DZIGMUND_BENCHMARKS=ON) >/dev/null
	@cmake --build build/bench -j $(JOBS)
	@if command -v clang++-19 >/dev/null; then \
	  $(call configure,build/bench-clang,--preset clang -DZIGMUND_TESTS=OFF -DZIGMUND_EXAMPLES=OFF -DZIGMUND_HTTP=OFF \
	    -DZIGMUND_BENCHMARKS=ON) >/dev/null && cmake --build build/bench-clang -j $(JOBS); \
	fi
	@rm -f build/bench/results/*.json build/bench-clang/results/*.json
	@cmake --build build/bench --target run_benchmarks
	@if command -v clang++-19 >/dev/null; then \
	  cmake --build build/bench-clang --target run_benchmarks; \
	else \
	  echo; echo 'clang 19 is not installed (apt-get install clang-19): nothing was measured with it.'; \
	fi
	@python3 benchmarks/report/report.py \
	  $$(for folder in build/bench/results build/bench-clang/results; do ls $$folder/*.json >/dev/null 2>&1 && echo $$folder || true; done) \
	  --to docs/benchmarks --command 'make bench-peers' --command 'make bench'

# CI fuzzes each target for a minute; this is for longer.
SECONDS ?= 600
fuzz:
	$(call install,$(BUILD_PACKAGES) clang-19 libclang-rt-19-dev)
	@cmake/run-fuzzers.sh $(SECONDS)

bench-peers:
	$(call install,$(PEER_PACKAGES))

deb:
	$(call install,$(DEB_PACKAGES))
	$(call npm,http/docs_assets) || echo 'going on without the pages /docs and /redoc'
	@rm -f build/deb/*.deb
	@$(call configure,build/deb,--preset release -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_SKIP_INSTALL_RPATH=ON \
	  -DZIGMUND_DEBIAN=ON -DZIGMUND_TESTS=OFF -DZIGMUND_EXAMPLES=OFF) >/dev/null
	@cmake --build build/deb -j $(JOBS)
	@cd build/deb && cpack >cpack.log 2>&1 || { cat cpack.log; exit 1; }
	@packaging/debian/finish.sh build/deb
	@packaging/debian/check.sh build/deb

docs:
	$(call install,doxygen python3)
	@docs/reference/build.sh build/docs
	@echo build/docs/html/index.html
