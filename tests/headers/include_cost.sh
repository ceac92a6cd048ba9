#!/usr/bin/env bash
# include_cost.sh INCLUDE SECONDS COMPILER [FLAGS...]: every header of core/ and config/ in one file costs the compiler
# at most SECONDS of processor time, the least of five runs: others on the machine only add to it.
#
# SECONDS is meant for the machine on which <string> alone takes g++ 12 0.22 s. A slower or busier one is given more, by
# the time <string> takes there and then, and a tenth for what differs between the two.
set -euo pipefail
export LC_ALL=C
include=$1
budget=$2
compiler=$3
shift 3
TIMEFORMAT='%U %S'
seconds() { { time "$compiler" -std=c++20 -fsyntax-only "$@" -x c++ - <<<"$unit"; } 2>&1 | awk '{print $1 + $2}'; }
least() { sort -n | sed -n 1p; }

headers=$(find "$include/constformer/core" "$include/constformer/config" -name '*.hpp' | sort |
  sed "s|^$include/\(.*\)|#include \"\1\"|")
ours=() string=()
for _ in 1 2 3 4 5; do
  unit=$headers; ours+=("$(seconds "$@")")
  unit='#include <string>'; string+=("$(seconds)")
done
printf '%s %s %s\n' "$(printf '%s\n' "${ours[@]}" | least)" "$(printf '%s\n' "${string[@]}" | least)" "$budget" | awk '
  {
    allowed = $3 * ($2 > 0.22 ? 1.1 * $2 / 0.22 : 1)
    printf "core and config: %.2f s of processor time (<string>: %.2f s); allowed: %.2f s\n", $1, $2, allowed
    exit !($1 > 0 && $1 <= allowed)
  }'
