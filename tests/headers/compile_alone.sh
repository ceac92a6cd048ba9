#!/usr/bin/env bash
# compile_alone.sh FOLDER COMPILER [FLAGS...]: every header of FOLDER (include/constformer/<area>) compiles as the first
# and only include of a file, without a warning.
set -uo pipefail
export LC_ALL=C
folder=$1
compiler=$2
shift 2
failed=0
while IFS= read -r header; do
  name=constformer/${header#*include/constformer/}
  output=$(printf '#include "%s"\n' "$name" | "$compiler" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow \
    -Wconversion -Wundef -Werror -fno-diagnostics-color "$@" -x c++ - 2>&1)
  [ $? = 0 ] || { printf '%s does not compile alone on %s:\n%s\n' "$name" "$(basename "$compiler")" "$output"; failed=1; }
done < <(find "$folder" -name '*.hpp' | sort)
exit $failed
