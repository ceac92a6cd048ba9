#!/usr/bin/env bash
# check_console.sh FILE.md: what a Markdown file shows of a terminal is what happens.
#
#   ```console            `$ ` begins a command; the lines below it are what it prints on both streams; … is
#                         anything
#   ```console not-run    not run: it takes long, or what it prints differs from machine to machine
#
# All commands of a file run one after another in one empty folder with links to models/, configs/ and examples/, and
# find `constformer`. CONSTFORMER_SOURCE and CONSTFORMER_COMMAND say where these are.
set -uo pipefail
file=$1
# shellcheck source=tests/docs/blocks.sh
. "$(dirname "$0")/blocks.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/blocks" "$work/here"
blocks "$file" "$work/blocks" || exit 1
for folder in models configs examples; do ln -s "$CONSTFORMER_SOURCE/$folder" "$work/here/$folder"; done
PATH=$(dirname "$CONSTFORMER_COMMAND"):$PATH
export PATH

failed=0
# run LINE COMMAND EXPECTED
run() {
  local actual pattern
  actual=$(cd "$work/here" && bash -c "$2" 2>&1)
  pattern=$(sed 's/[][\\*?]/\\&/g; s/…/*/g' <<<"$3")
  # shellcheck disable=SC2053
  [[ $actual == $pattern ]] && return
  printf '%s:%s: $ %s\nprints\n%s\nand the file says\n%s\n' "$file" "$1" "$2" "$actual" "$3"
  failed=1
}

for block in $(ls "$work/blocks" | grep '\.console$' | sort -n); do
  line=$((${block%.console} - 1))
  command=
  while IFS= read -r text; do
    line=$((line + 1))
    if [[ $text == '$ '* ]]; then
      [ -z "$command" ] || run "$at" "$command" "${expected%$'\n'}"
      command=${text#'$ '}
      at=$line
      expected=
    else
      expected+=$text$'\n'
    fi
  done <"$work/blocks/$block"
  [ -z "$command" ] || run "$at" "$command" "${expected%$'\n'}"
done
exit $failed
