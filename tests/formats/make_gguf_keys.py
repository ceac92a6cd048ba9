#!/usr/bin/env python3
"""Write gguf_keys.json: the keys that a GGUF file may have for its architecture, its tokenizer and sampling, as the Python package gguf
names them.

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


def beginning(prefix):
    found = {key.removeprefix(prefix) for key in named(gguf.constants.Keys) if key.startswith(prefix)}
    return sorted(key for key in found if "{" not in key)


def keys():
    return {"architecture": sorted(beginning("{arch}.") + OLDER), "sampling": beginning("general.sampling."), "tokenizer": beginning("tokenizer.")}


def main():
    if "--check" in sys.argv:
        committed = json.loads(PATH.read_text())
        missing = sorted(key for group, names in keys().items() for key in set(names) - set(committed[group]))
        print(*missing, sep="\n")
        sys.exit(bool(missing))
    PATH.write_text(json.dumps(keys(), indent=1) + "\n")


main()
