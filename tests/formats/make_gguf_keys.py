#!/usr/bin/env python3
"""Write gguf_keys.json: the keys that an architecture may have in a GGUF file, as the Python package gguf names them.

The test gives each of them to our reader. --check compares with the installed package; exits with 77 where there is none.
"""
import json
import pathlib
import sys

try:
    import gguf
except ImportError:
    sys.exit(77)

PATH = pathlib.Path(__file__).with_name("gguf_keys.json")
OLDER = ["rope.scale_linear"]  # the factor's first name, which llama.cpp still reads


def named(group):
    """The names of a group of keys and of the groups inside it."""
    for name, value in vars(group).items():
        if isinstance(value, str) and not name.startswith("_"):
            yield value
        elif isinstance(value, type) and name != "__class__":
            yield from named(value)


def keys():
    found = {key.removeprefix("{arch}.") for key in named(gguf.constants.Keys) if key.startswith("{arch}.")}
    return sorted(key for key in found | set(OLDER) if "{" not in key)


def main():
    if "--check" in sys.argv:
        missing = sorted(set(keys()) - set(json.loads(PATH.read_text())))
        print(*missing, sep="\n")
        sys.exit(bool(missing))
    PATH.write_text(json.dumps(keys(), indent=1) + "\n")


main()
