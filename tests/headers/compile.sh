#!/usr/bin/env bash
# compile.sh alone|together FOLDER COMPILER [FLAGS...]: the headers of FOLDER (include/constformer/<area>) compile
# without a warning, each as the only include of a file, or all in one.
set -uo pipefail
export LC_ALL=C
how=$1
folder=$2
compiler=$3
shift 3

# clang 19 does not like what -march=native makes of processors with AVX10.1.
silenced=-Wno-invalid-feature-combination
includes() { sed 's|.*include/\(constformer/.*\)|#include "\1"|'; }
check() {
  local output
  output=$("$compiler" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Werror $silenced \
    -fno-diagnostics-color "$@" -x c++ - 2>&1 <<<"$unit") && return
  printf 'on %s this does not compile:\n%s\n%s\n' "$(basename "$compiler")" "$unit" "$output"
  failed=1
}

failed=0
headers=$(find "$folder" -name '*.hpp' | sort)
if [ "$how" = alone ]; then
  while IFS= read -r header; do unit=$(includes <<<"$header"); check "$@"; done <<<"$headers"
else
  unit=$(includes <<<"$headers"); check "$@"
fi
exit $failed
