#!/usr/bin/env python3
"""Write sentence_keys.json: the keys that the installed sentence-transformers writes to its JSON files or reads from them.

Taken from the classes' lists of keys and their older names, from the arguments of their constructors, to which a file's fields are handed, and from
the source of what reads the rest. With --check the file is compared with the committed one. Exit status 77 without the library.
"""
import inspect
import json
import pathlib
import re
import sys

try:
    import sentence_transformers
    from sentence_transformers import CrossEncoder, SentenceTransformer
    from sentence_transformers.base.model import BaseModel
    from sentence_transformers.base.modules.transformer import Transformer
    from sentence_transformers.sentence_transformer.modules import Dense, Dropout, LayerNorm, Normalize, Pooling
    from sentence_transformers.sentence_transformer.modules.pooling import _LEGACY_POOLING_MODE_KWARGS
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

# Arguments that the library's own callers give, not files: where the model is, and tensors.
GIVEN = {"self", "model_name_or_path", "init_weight", "init_bias"}
# Of the constructor's decorator and of load(), which rename them.
RENAMED = ["model_args", "tokenizer_args", "config_args", "cache_dir"]


def of_module(kind, more=()):
    arguments = set(inspect.signature(inspect.unwrap(kind.__init__)).parameters)
    return sorted((arguments - GIVEN) | set(kind.config_keys) | set(kind.config_key_renames) | set(more))


def named_in(source, variable):
    return set(re.findall(variable + r'(?:\[|\.get\(|\.pop\()"(\w+)"', source)) | set(re.findall(r'"(\w+)" in ' + variable, source))


def of_model():
    keys = set()
    for kind in (BaseModel, SentenceTransformer, CrossEncoder):
        keys |= named_in(inspect.getsource(kind), "model_config")
        source = inspect.getsource(kind._get_model_config)
        keys |= set(re.findall(r'^ {12}"(\w+)":', source, re.M)) | set(re.findall(r'config\["(\w+)"\]', source))
    return sorted(keys - {"sentence_transformers"})  # of __version__


def of_modules():
    source = inspect.getsource(BaseModel)
    written = re.search(r"module_config = \{(.*?)\}", source, re.S).group(1)
    return sorted(named_in(source, "module_config") | set(re.findall(r'"(\w+)":', written)) | {"kwargs"})


def main():
    snapshot = {"version": sentence_transformers.__version__,
                "keys": {"modules": of_modules(), "transformer": of_module(Transformer, RENAMED),
                         "pooling": of_module(Pooling, _LEGACY_POOLING_MODE_KWARGS), "dense": of_module(Dense),
                         "layer_norm": of_module(LayerNorm), "normalize": of_module(Normalize), "dropout": of_module(Dropout),
                         "model": of_model()}}
    target = pathlib.Path(__file__).with_name("sentence_keys.json")
    text = json.dumps(snapshot, indent=1) + "\n"
    if "--check" not in sys.argv:
        target.write_text(text)
    elif json.loads(target.read_text())["keys"] != snapshot["keys"]:
        sys.exit(f"{target.name} has other keys than sentence-transformers {snapshot['version']}: write it anew")


if __name__ == "__main__":
    main()
