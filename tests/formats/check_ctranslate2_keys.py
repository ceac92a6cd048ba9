#!/usr/bin/env python3
"""Gives the command every key that the installed ctranslate2 writes to config.json: check_ctranslate2_keys.py COMMAND

Each must be read, refused by name, or excused with a reason. Exits with 77 where there is no ctranslate2.
"""
import inspect
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

try:
    from ctranslate2.converters import transformers as converters
    from ctranslate2.specs import model_spec, transformer_spec
except ImportError:
    sys.exit(77)

FIXTURE = pathlib.Path(__file__).parents[1] / "parity" / "fixtures_ctranslate2" / "ct2_llama"


def written_keys():
    """Those of the configuration classes, and those that converters and specifications add."""
    for name, kind in inspect.getmembers(model_spec, inspect.isclass):
        if name.endswith("ModelConfig"):
            yield from set(inspect.signature(kind).parameters) - {"args", "kwargs"}
    yield from re.findall(r"^ +config\.(\w+) = ", inspect.getsource(converters), re.MULTILINE)
    yield from re.findall(r'_config(?:\.add_attribute\(\s*|\[)"(\w+)"', inspect.getsource(transformer_spec))


def answer(command, folder, key, value):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads((FIXTURE / "config.json").read_text()), key: value}))
    ran = subprocess.run([command, "inspect", folder], capture_output=True, text=True)
    return ran.stdout + ran.stderr


def main():
    keys = sorted(set(written_keys()))
    assert len(keys) > 8, keys
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place) / "model"
        shutil.copytree(FIXTURE, folder)
        assert "no_such_key  " in answer(sys.argv[1], folder, "no_such_key", 1)
        unknown = [key for key in keys
                   if re.search(rf"^ +{key} .*: not known$", answer(sys.argv[1], folder, key, "w0"), re.MULTILINE)]
    print(*(f"{key} of config.json is neither read nor excused" for key in unknown), sep="\n")
    sys.exit(bool(unknown))


main()
