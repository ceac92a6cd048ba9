#!/usr/bin/env python3
"""Writes generation_keys.json: every attribute of transformers' GenerationConfig, with its default and another value. Run with a
Python that has transformers; attributes of the file that the installed version does not have stay.

    make_generation_keys.py tests/formats/generation_keys.json

A new attribute gets a value made up from its default; where that says nothing, OTHERS has one.
"""
import json
import sys

import transformers

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

if __name__ == "__main__":
    path = sys.argv[1]
    try:
        known = json.load(open(path))
    except FileNotFoundError:
        known = {"versions": [], "attributes": {}}
    known["versions"] = sorted(set(known["versions"]) | {transformers.__version__})
    for name, default in transformers.GenerationConfig().__dict__.items():
        if name.startswith("_") and name not in ("_from_model_config", "_commit_hash"):
            continue
        other = OTHERS.get(name, not default if isinstance(default, bool) else 7)
        known["attributes"].setdefault(name, other)
    known["attributes"] = dict(sorted(known["attributes"].items()))
    json.dump(known, open(path, "w"), indent=1)
    open(path, "a").write("\n")
