#!/usr/bin/env bash
# check_relocatable.sh PREFIX FOLDER...: no text file under PREFIX names PREFIX itself or one of the folders.
set -uo pipefail
prefix=$1
found=0
for folder in "$@"; do
  if grep -rIlF -- "$folder" "$prefix"; then
    echo "these files of the installed package name $folder"
    found=1
  fi
done
exit $found
