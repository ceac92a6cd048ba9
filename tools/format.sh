#!/usr/bin/env bash
# Formats every C++ file of the repository in place; with --check it only names the files that are not formatted.
set -euo pipefail
cd "$(dirname "$0")/.."
formatter=
for name in clang-format-19 clang-format; do
  if command -v "$name" >/dev/null 2>&1 && "$name" --version | grep -q 'version 19\.'; then formatter=$name; break; fi
done
[ -n "$formatter" ] || { echo "format: needs clang-format 19; tools/deps.sh --tests installs it" >&2; exit 4; }
files() { git ls-files -z --cached --others --exclude-standard -- '*.hpp' '*.cpp' '*.h' '*.cc' '*.hpp.in' '*.cpp.in'; }
if [ "${1:-}" = --check ]; then
  files | xargs -0 -r "$formatter" --dry-run --Werror --ferror-limit=1
else
  files | xargs -0 -r "$formatter" -i
fi
