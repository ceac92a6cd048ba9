#!/usr/bin/env python3
"""Runs a command on a terminal of its own and prints all that it writes there; ends as it ends.

    on_terminal.py COMMAND …
"""
import os
import pty
import sys


def read(descriptor):
    data = os.read(descriptor, 65536)
    sys.stdout.buffer.write(data)
    return b""


status = pty.spawn(sys.argv[1:], read)
sys.stdout.buffer.flush()
sys.exit(os.waitstatus_to_exitcode(status))
