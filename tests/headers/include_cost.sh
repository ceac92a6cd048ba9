#!/usr/bin/env bash
# include_cost.sh INCLUDE SECONDS COMPILER [FLAGS...]: every header of core/ and config/ in one file costs the compiler at
# most SECONDS of processor time, the median of five runs.
set -euo pipefail
export LC_ALL=C
include=$1
budget=$2
compiler=$3
shift 3
unit=$(find "$include/constformer/core" "$include/constformer/config" -name '*.hpp' | sort |
  sed "s|^$include/\(.*\)|#include \"\1\"|")
TIMEFORMAT='%U %S'
median=$(for _ in 1 2 3 4 5; do
  { time "$compiler" -std=c++20 -fsyntax-only "$@" -x c++ - <<<"$unit"; } 2>&1 | awk '{print $1 + $2}'
done | sort -n | sed -n 3p)
printf 'core and config: %s s of processor time, budget %s s\n' "$median" "$budget"
awk -v median="$median" -v budget="$budget" 'BEGIN {exit !(median > 0 && median <= budget)}'
