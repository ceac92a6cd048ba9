#!/usr/bin/env bash
# Measures models beside their peers and the machine's limits; `bench/run.sh --help` says how.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
exec "${CF_PYTHON:-python3}" "$(dirname "$0")/run.py" "$@"
