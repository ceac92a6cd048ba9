#!/usr/bin/env bash
# Measures whole training steps beside PyTorch and llm.c; `bench/train.sh --help` says how.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
exec "${CF_PYTHON:-python3}" "$(dirname "$0")/train.py" "$@"
