#!/usr/bin/env bash
# From a bare machine to a running model: installs what is missing, builds the command and the run-time library,
# compiles the checkpoint that ships with the repository into an executable, and runs it. A second run takes seconds.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/deps.sh

build=build
jobs=${CF_JOBS:-$(nproc)}
generator=()
[ -e "$build/CMakeCache.txt" ] || ! command -v ninja >/dev/null || generator=(-G Ninja)
cmake -S . -B "$build" "${generator[@]}" >/dev/null
cmake --build "$build" -j "$jobs" --target constformer_command constformer_program

checkpoint=models/shakespeare
model=$build/shakespeare
newer() { [ -e "$model" ] && [ -z "$(find "$checkpoint" "$build/bin/constformer" -newer "$model" -print -quit)" ]; }
newer || "$build/bin/constformer" build "$checkpoint" -o "$model"

printf '\n$ %s -p "ROMEO:" -n 200 -s 1\n' "$model"
"$model" -p "ROMEO:" -n 200 -s 1
printf '\nquickstart: the model is %s; %s --help says what else it does\n' "$model" "$model"
