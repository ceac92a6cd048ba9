#!/usr/bin/env bash
# check_code.sh FILE.md COMPILER [FLAGS...]: every C++ block of a Markdown file compiles as it stands.
#
#   ```cpp            a whole unit
#   ```cpp misfit     must not compile, and the first error must carry the sentence of its line `// error: SENTENCE`
#   ```cpp fragment   not compiled
set -uo pipefail
export LC_ALL=C
file=$1
compiler=$2
shift 2
# shellcheck source=tests/docs/blocks.sh
. "$(dirname "$0")/blocks.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
blocks "$file" "$work" || exit 1

compile() { "$compiler" -std=c++20 -fsyntax-only -fno-diagnostics-color "$@" 2>&1; }
failed=0
report() { printf '%s:%s: %s\n%s\n' "$file" "$1" "$2" "$3"; failed=1; }

# clang warns of constants in the main file that nobody uses, g++ of functions; an example may have both.
for block in "$work"/*.cpp; do
  [ -e "$block" ] || continue
  line=$(basename "$block" .cpp)
  { printf '#line %s "%s"\n' "$line" "$(basename "$file")"; cat "$block"; } >"$work/unit.cc"
  output=$(compile -Wall -Wextra -Wno-unused "$@" "$work/unit.cc") || report "$line" "does not compile" "$output"
done

for block in "$work"/*.cpp.misfit; do
  [ -e "$block" ] || continue
  line=$(basename "$block" .cpp.misfit)
  sentence=$(sed -n 's|^ *// error: ||p' "$block")
  [ -n "$sentence" ] || report "$line" "has no line '// error: SENTENCE'" ""
  cp "$block" "$work/unit.cc"
  output=$(compile "$@" "$work/unit.cc") && report "$line" "compiles, and should say: $sentence" ""
  said=$(grep -m 1 'error:' <<<"$output" | grep -o '"[^"]*"' | tr -d '"\n')
  case "$said" in
    *"$sentence"*) ;;
    *) report "$line" "does not say: $sentence" "$output" ;;
  esac
done
exit $failed
