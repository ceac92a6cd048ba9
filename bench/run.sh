#!/usr/bin/env bash
# Measures models beside their peers; see run.py for the options. A peer that is not given is listed as absent.
set -euo pipefail
exec python3 "$(dirname "$0")/run.py" "$@"
