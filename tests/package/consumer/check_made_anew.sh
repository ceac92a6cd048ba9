#!/usr/bin/env bash
# check_made_anew.sh CMAKE BUILD: a changed checkpoint is packed anew, and an unchanged one is not.
set -euo pipefail
cmake=$1
cd "$2"
written() { stat -c %Y.%y sorter_model.constformer/model.weights; }
build() { "$cmake" --build . --target sorter_model >log.txt 2>&1 || { cat log.txt; exit 1; }; }

build
first=$(written)
build
[ "$(written)" = "$first" ] || { echo "packed again, and nothing was changed"; exit 1; }
sum=$(cksum <sorter_model.constformer/model.weights)
printf '\x01' | dd of=sorter/model.safetensors bs=1 seek=$(($(stat -c %s sorter/model.safetensors) - 2)) conv=notrunc status=none
build
[ "$(cksum <sorter_model.constformer/model.weights)" != "$sum" ] || { echo "not packed again, and a weight was changed"; exit 1; }
compiled=$(stat -c %Y.%y sorter_model.constformer/model.cpp)
first=$(written)
printf '\n' >>sorter/config.json
build
[ "$(written)" != "$first" ] || { echo "not packed again, and config.json was changed"; exit 1; }
[ "$(stat -c %Y.%y sorter_model.constformer/model.cpp)" = "$compiled" ] || { echo "written anew with the same text"; exit 1; }
