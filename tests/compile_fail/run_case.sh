#!/usr/bin/env bash
# run_case.sh CASE.cpp COMPILER [FLAGS...]: the case must not compile, and its first error must say why.
#
# CASE.cpp begins with `// expect: SENTENCE`. Its twin, which must compile, is the same file with -DCF_TWIN, or
# CASE.ok.cpp where that exists. What is checked:
#   - the compiler fails, and on g++ it prints exactly one `error:`
#   - the first `error:` line carries SENTENCE: the quoted strings of that line, put together, contain it, since
#     SHAPE_ERROR<fixed_text<29>{"attention: heads=32 is not a "}, fixed_text<22>{"multiple of kv_heads=6"}> is cut into chunks
#   - the twin compiles without a word
set -uo pipefail
export LC_ALL=C
case_file=$1
compiler=$2
shift 2
name=$(basename "$case_file" .cpp)
fail() { printf '%s (%s): %s\n' "$name" "$(basename "$compiler")" "$1"; [ -z "${2:-}" ] || printf '%s\n' "$2"; exit 1; }
compile() { "$compiler" -std=c++20 -fsyntax-only -fno-diagnostics-color "$@" 2>&1; }

sentence=$(sed -n '1,5s|^// expect: ||p' "$case_file")
[ -n "$sentence" ] || fail "no line '// expect: SENTENCE' at its head"

output=$(compile "$@" "$case_file") && fail "compiles, and should say: $sentence"
errors=$(grep 'error:' <<<"$output")
first=$(head -n 1 <<<"$errors")
said=$(grep -o '"[^"]*"' <<<"$first" | tr -d '"\n')
case "$said" in
  *"$sentence"*) ;;
  *) fail "the first error does not say: $sentence" "$output" ;;
esac
if ! "$compiler" --version | grep -q clang && [ "$(wc -l <<<"$errors")" != 1 ]; then
  fail "more than one error" "$errors"
fi

twin=("$case_file" -DCF_TWIN)
[ -e "${case_file%.cpp}.ok.cpp" ] && twin=("${case_file%.cpp}.ok.cpp")
output=$(compile -Wall -Wextra -Wno-unused "$@" "${twin[@]}") || fail "its twin does not compile" "$output"
[ -z "$output" ] || fail "its twin compiles, but not silently" "$output"
