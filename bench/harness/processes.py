"""Starting programs: pinned, checked, loud when they fail."""

import os
import shlex
import subprocess
import sys


def fail(sentence):
    sys.exit(f"bench: {sentence}")


def processors():
    """Those that this process may use."""
    return sorted(os.sched_getaffinity(0))


def output_of(call, threads=None, environment=None):
    """Standard output of a program, which runs on the first `threads` processors if that is given; ends with its errors if it fails."""
    pin = (lambda: os.sched_setaffinity(0, processors()[:threads])) if threads else None
    try:
        done = subprocess.run(call, capture_output=True, text=True, errors="replace", preexec_fn=pin,
                              env={**os.environ, **(environment or {})})
    except OSError as error:
        fail(f"{call[0]}: {error.strerror}")
    if done.returncode != 0:
        fail(f"{shlex.join(call)} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done
