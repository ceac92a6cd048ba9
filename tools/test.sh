#!/usr/bin/env bash
# Builds everything and runs the whole test suite; works as the first thing run in a fresh clone.
#
#   tools/test.sh [ctest arguments]     e.g. tools/test.sh -L formats
#
# CF_JOBS bounds the processes of the build and of the tests (default: one for each processor).
set -euo pipefail
cd "$(dirname "$0")/.."

tools/deps.sh --tests

build=${CF_BUILD_DIR:-build}
jobs=${CF_JOBS:-$(nproc)}
generator=()
[ -e "$build/CMakeCache.txt" ] || ! command -v ninja >/dev/null || generator=(-G Ninja)
cmake -S . -B "$build" "${generator[@]}" -DCF_BUILD_TESTS=ON -DCF_WARNINGS_AS_ERRORS=ON
cmake --build "$build" -j "$jobs"
ctest --test-dir "$build" -j "$jobs" --output-on-failure --no-tests=error "$@"
