#!/usr/bin/env python3
"""Writes known_settings.json: what transformers' tokenizer classes take from tokenizer_config.json and what tokenizer.json may hold.

Keys of tokenizer_config.json are the arguments of the classes that vocabularies of the supported families name, and those their
base classes pop; components of tokenizer.json are what each type of the tokenizers library writes of itself. settings.cpp
says of each what becomes of it. Run it with the Python of transformers 4.57 and of 5.x in turn; --check compares (77: missing).
"""
import inspect
import json
import pathlib
import re
import sys

OUT = pathlib.Path(__file__).parent / "known_settings.json"
CLASSES = ("Bert DistilBert Electra MobileBert MPNet BertJapanese Roberta Bart GPT2 CodeGen Qwen2 GPTNeoX Cohere Llama CodeLlama Gemma T5 MT5 "
           "XLMRoberta Marian").split()


def settings(transformers):
    found = set()
    for stem in CLASSES:
        for end in ("Tokenizer", "TokenizerFast"):
            try:
                kind = getattr(transformers, stem + end)
            except (AttributeError, ImportError):
                continue
            for base in kind.__mro__:
                if not base.__module__.startswith("transformers") or "__init__" not in vars(base):
                    continue
                parameters = inspect.signature(base.__init__).parameters.values()
                found |= {p.name for p in parameters if p.name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
                found |= set(re.findall(r"kwargs\.(?:pop|get|setdefault)\(\s*[\"'](\w+)[\"']", inspect.getsource(base.__init__)))
    return sorted(found)


def components():
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    arguments = {"Prepend": ["x"], "Replace": ["x", "y"], "Precompiled": None, "Split": ["x", "isolated"], "CharDelimiterSplit": ["-"],
                 "BertProcessing": [("a", 1), ("b", 2)], "RobertaProcessing": [("a", 1), ("b", 2)], "Strip": None, "Sequence": [[]],
                 "TemplateProcessing": ["$A", "$A $B", []], "Unigram": [[("a", 0.0)], 0, False]}
    found = {}
    for module in (normalizers, pre_tokenizers, processors, decoders, models):
        for name, kind in vars(module).items():
            base = {"normalizers": "Normalizer", "pre_tokenizers": "PreTokenizer", "processors": "PostProcessor", "decoders": "Decoder",
                    "models": "Model"}[module.__name__.split(".")[-1]]
            if not isinstance(kind, type) or name == base or name in ("Model", "PreTokenizer", "Normalizer", "PostProcessor", "Decoder"):
                continue
            given = arguments.get(name, [])
            if name == "Strip":
                given = [] if module is normalizers else ["x", 1, 0]
            if given is None:
                found[f"{base} {name}"] = ["precompiled_charsmap", "type"]
                continue
            try:
                state = json.loads(kind(*given).__getstate__())
            except TypeError:  # no component: DecodeStream
                continue
            found[f"{base} {name}"] = sorted(state)
    whole = Tokenizer(models.BPE())
    whole.add_tokens(["x"])
    whole = json.loads(whole.to_str())
    found["tokenizer.json"] = sorted(whole)
    found["added token"] = sorted(whole["added_tokens"][0])
    return found


def main():
    try:
        import tokenizers
        import transformers
    except ImportError:
        return 77
    version = transformers.__version__.split(".")[0]
    now = {"settings": settings(transformers), "components": components()}
    known = json.loads(OUT.read_text()) if OUT.exists() else {}
    if "--check" in sys.argv:
        same = known.get(version) == now
        print(f"known_settings.json is{'' if same else ' not'} what transformers {transformers.__version__} and tokenizers {tokenizers.__version__} know")
        return 0 if same else 1
    known[version] = now
    OUT.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
