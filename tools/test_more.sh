#!/usr/bin/env bash
# Runs what tools/test.sh leaves out, because it takes clang or a build of its own; CONTRIBUTING.md tells its last run.
#
#   tools/test_more.sh              all parts
#   tools/test_more.sh PART…        fuzz: libFuzzer on every reader, with sanitizers
#                                   clang: headers, refused code and the examples of the documents on clang 19
#                                   asan: AddressSanitizer and UndefinedBehaviorSanitizer on readers, texts, sessions, training
#                                   asan-clang: the same of training alone by clang 19, whose build has what g++ 12 does not link
#                                   tsan: ThreadSanitizer on what runs on several threads
#                                   chunks: that parts of a text change no bit, on every instruction set
#                                   traced: logits, gradients and sessions of traced forms of the fixtures that the suite leaves out
#                                   programs: programs of the fixtures that the suite leaves out, other instruction sets among them
#                                   keys: programs of sets of changed keys of config.json, beside transformers
#
# CF_JOBS bounds the processes (default: one for each processor), CF_FUZZ_SECONDS what a fuzz target runs for (default: 6).
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=${CF_JOBS:-$(nproc)}
# Without train_states, which g++ 12 does not link: its source_locations lie in sections that are discarded.
sanitized='^(test_serve|serve_blocks|serve_clients|serve_engine|serve_scheduling|serve\.threads|formats|text|data|graphs|test_generation|test_sampler|test_beam_search|test_rules|test_block_table|test_packed_file|train_parts|train_trajectories|train_gradients|train_muon|train_adapters)$'
trained='^(train_states|train_trajectories|train_gradients)$'
threaded='^(team|serve_clients|serve_engine|serve_scheduling|serve\.threads|train_parts|train_states|train_gradients|train_muon|test_generation)$'

# preset_tests PRESET REGEX: builds the tests of these names with that preset and runs them.
preset_tests() {
  local names
  cmake --preset "$1" -DCF_WARNINGS_AS_ERRORS=ON
  names=$(ctest --test-dir "build-$1" -N -R "$2" | sed -n 's/^ *Test *#[0-9]*: //p')
  [ -n "$names" ] || { echo "test_more: no test is called $2" >&2; exit 1; }
  # shellcheck disable=SC2086  # a word for each target
  cmake --build "build-$1" -j "$jobs" --target ${names/serve.threads/toy_embedded}
  ctest --test-dir "build-$1" -j "$jobs" --output-on-failure -R "$2"
}

labelled() {
  cmake -S . -B build -DCF_BUILD_TESTS=ON ${CF_FUZZ_SECONDS:+"-DCF_FUZZ_SECONDS=$CF_FUZZ_SECONDS"}
  ctest --test-dir build -j "$jobs" --output-on-failure --no-tests=error -L "^more$" -R "$1"
}

chunks() {
  cmake -S . -B build -DCF_BUILD_TESTS=ON -DCF_CHUNK_TARGETS="avx2;sse4;scalar;emu128;neon"
  cmake --build build -j "$jobs"
  ctest --test-dir build -j "$jobs" --output-on-failure --no-tests=error -R '^(chunks_.*|kernels_neon)$'
}

traced() {
  cmake -S . -B build -DCF_BUILD_TESTS=ON
  cmake --build build -j "$jobs" --target write_traced_units constformer_command every.fixture every.gradient every.session
  labelled '^every\.(fixture|gradient|session)'
}

programs() {
  cmake -S . -B build -DCF_BUILD_TESTS=ON
  cmake --build build -j "$jobs" --target constformer_command constformer_program check_fixture test_targets
  labelled '^every\.(program\.|portable_program)'
}

keys() {
  cmake -S . -B build -DCF_BUILD_TESTS=ON
  cmake --build build -j "$jobs" --target constformer_command constformer_program check_fixture
  labelled '^every\.key_sets$'
}

tools/deps.sh --tests
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(fuzz clang chunks traced programs keys asan asan-clang tsan)
for part in "${parts[@]}"; do
  case $part in
    fuzz) labelled '^fuzz\.' ;;
    clang) labelled '\.clang\.' ;;
    chunks) chunks ;;
    traced) traced ;;
    programs) programs ;;
    keys) keys ;;
    asan-clang) preset_tests asan-clang "$trained" ;;
    asan) preset_tests asan "$sanitized" ;;
    tsan) preset_tests tsan "$threaded" ;;
    *) echo "test_more: $part is none of fuzz, clang, chunks, traced, programs, keys, asan, asan-clang, tsan" >&2; exit 2 ;;
  esac
done
