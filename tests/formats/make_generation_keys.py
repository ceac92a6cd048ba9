#!/usr/bin/env python3
"""Write generation_keys.json: every attribute of transformers' GenerationConfig, with a value that is not its default.

    make_generation_keys.py            add those of the installed release; those that it does not have stay
    make_generation_keys.py --check    whether it has one that is not there yet

A new attribute gets a value made up from its default; where that says nothing, OTHERS has one. Exits with 77 where there
is no transformers.
"""
import json
import pathlib
import sys

try:
    import transformers
except ImportError:
    sys.exit(77)

PATH = pathlib.Path(__file__).with_name("generation_keys.json")

OTHERS = {
    "early_stopping": True, "stop_strings": ["x"], "max_time": 1.5, "min_p": 0.1, "top_h": 0.5, "top_p": 0.5, "typical_p": 0.5,
    "epsilon_cutoff": 3e-4, "eta_cutoff": 3e-4, "temperature": 0.5, "bad_words_ids": [[3], [1, 2]], "suppress_tokens": [3],
    "begin_suppress_tokens": [3], "forced_bos_token_id": 3, "forced_eos_token_id": 2, "max_length": 30, "max_new_tokens": 12,
    "min_new_tokens": 4, "min_length": 5, "num_beams": 4, "top_k": 7, "repetition_penalty": 1.5, "length_penalty": 2.0,
    "no_repeat_ngram_size": 3, "encoder_no_repeat_ngram_size": 3, "encoder_repetition_penalty": 1.5, "do_sample": True,
    "renormalize_logits": True, "exponential_decay_length_penalty": [5, 1.1], "sequence_bias": [[[3], -1.0]], "guidance_scale": 2.0,
    "watermarking_config": {"bias": 1.0}, "token_healing": True, "penalty_alpha": 0.6, "dola_layers": "low",
    "diversity_penalty": 0.5, "num_beam_groups": 2, "constraints": [1], "force_words_ids": [[3]],
}


def of_installed():
    """The attributes of the installed class and their other values."""
    for name, default in transformers.GenerationConfig().__dict__.items():
        if not name.startswith("_") or name in ("_from_model_config", "_commit_hash"):
            yield name, OTHERS.get(name, not default if isinstance(default, bool) else 7)


def check(known):
    missing = [name for name, _ in of_installed() if name not in known["attributes"]]
    for name in missing:
        print(f"{name} of transformers {transformers.__version__} is not in {PATH.name}")
    sys.exit(bool(missing))


def write(known):
    known["versions"] = sorted({*known["versions"], transformers.__version__})
    known["attributes"] = dict(sorted((dict(of_installed()) | known["attributes"]).items()))
    PATH.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    record = json.loads(PATH.read_text()) if PATH.exists() else {"versions": [], "attributes": {}}
    check(record) if "--check" in sys.argv else write(record)
