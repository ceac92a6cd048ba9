#!/usr/bin/env python3
"""Writes generation.json: what transformers' generate() makes of parity fixtures when a generation_config.json, or a config.json of before
it, asks for something, and nothing is said in the call. Needs torch and transformers.

    make_generation.py > generation.json
    make_generation.py --check    compares what the installed transformers makes of the same; 77: there is none
"""
import json
import os
import pathlib
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
try:
    import torch
    import transformers
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

HERE = pathlib.Path(__file__).parent
PARITY = HERE.parent / "parity"
GREEDY = {"do_sample": False, "max_new_tokens": 16}
DECODER = [
    GREEDY,
    {**GREEDY, "repetition_penalty": 1.3},
    {**GREEDY, "repetition_penalty": 0.8},
    {"do_sample": False, "max_length": 14, "repetition_penalty": 1.6},
    {**GREEDY, "no_repeat_ngram_size": 2},
    {**GREEDY, "bad_words_ids": "loop"},
    {**GREEDY, "bad_words_ids": "pairs"},
    {**GREEDY, "suppress_tokens": "loop"},
    {**GREEDY, "begin_suppress_tokens": "loop"},
    {**GREEDY, "eos_token_id": "late"},
    {**GREEDY, "eos_token_id": "late", "min_new_tokens": 12},
    {**GREEDY, "eos_token_id": "late", "min_length": 20},
    {"do_sample": False, "max_length": 12, "forced_eos_token_id": 7},
    {**GREEDY, "forced_eos_token_id": [7, 9], "eos_token_id": [7, 9]},
    {**GREEDY, "num_beams": 3},
    {**GREEDY, "num_beams": 4, "length_penalty": 0.4, "early_stopping": True, "eos_token_id": "late"},
    {**GREEDY, "num_beams": 3, "no_repeat_ngram_size": 2, "repetition_penalty": 1.2, "eos_token_id": "late"},
    {**GREEDY, "num_beams": 2, "bad_words_ids": "pairs", "renormalize_logits": True},
    {**GREEDY, "repetition_penalty": 1.1, "no_repeat_ngram_size": 3, "bad_words_ids": "pairs", "suppress_tokens": [3], "eos_token_id": "late",
     "min_new_tokens": 3, "forced_eos_token_id": 7},
]
OLDER = [  # in config.json, as files of before generation_config.json have it
    {"do_sample": False, "max_length": 14, "repetition_penalty": 1.3},
    {"do_sample": False, "max_length": 13, "forced_eos_token_id": 7},
    {"max_length": 12, "num_beams": 2, "no_repeat_ngram_size": 2, "bad_words_ids": [[5], [9, 9]]},
]
STARTED = {**GREEDY, "decoder_start_token_id": 0, "eos_token_id": 1}
TRANSLATOR = [
    STARTED,
    {**STARTED, "repetition_penalty": 1.4},
    {**STARTED, "encoder_no_repeat_ngram_size": 1},
    {**STARTED, "forced_bos_token_id": 6},
    {"do_sample": False, "max_length": 9, "forced_eos_token_id": 1, "decoder_start_token_id": 0, "eos_token_id": 1},
    {**STARTED, "bad_words_ids": "pairs", "begin_suppress_tokens": "loop"},
    {**STARTED, "num_beams": 4, "length_penalty": 2.0, "no_repeat_ngram_size": 2},
    {**STARTED, "num_beams": 3, "repetition_penalty": 1.3, "forced_bos_token_id": 6, "early_stopping": "never"},
    {**STARTED, "decoder_start_token_id": 5, "eos_token_id": "late"},
]
MODELS = [
    {"fixture": "fixtures/llama_gqa_3_kv_heads", "prompts": [[4, 7, 11, 7, 4], [9]], "generation": DECODER, "config": OLDER},
    {"fixture": "fixtures/gpt2_plain", "prompts": [[3, 1, 4, 1, 5, 9]], "generation": DECODER, "config": OLDER},
    {"fixture": "fixtures_translators/t5_gated", "prompts": [[5, 9, 9, 12, 1]], "generation": TRANSLATOR, "config": []},
]


def settled(asked, plain):
    """Words for ids that do something: those that greedy decoding would choose."""
    words = {"loop": sorted(set(plain[:3])), "pairs": [list(plain[1:3]), [plain[4]]], "late": sorted({plain[5], plain[9]})}
    out = dict(asked)
    for key, value in asked.items():
        if isinstance(value, str) and value in words:
            out[key] = [[i] for i in words["loop"]] if (key, value) == ("bad_words_ids", "loop") else words[value]
    return out


def generated(fixture, prompt, generation, config):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "model.safetensors").write_bytes((fixture / "model.safetensors").read_bytes())
        (folder / "config.json").write_text(json.dumps({**json.loads((fixture / "config.json").read_text()), **config}))
        if generation:
            (folder / "generation_config.json").write_text(json.dumps(generation))
        two_sides = config.get("is_encoder_decoder", json.loads((fixture / "config.json").read_text()).get("is_encoder_decoder", False))
        loader = transformers.AutoModelForSeq2SeqLM if two_sides else transformers.AutoModelForCausalLM
        model = loader.from_pretrained(folder).eval()
    ids = torch.tensor([prompt])
    out = model.generate(ids, attention_mask=torch.ones_like(ids), pad_token_id=0)[0].tolist()
    return out[1:] if two_sides else out[len(prompt):]


def cases(model):
    fixture = PARITY / model["fixture"]
    for prompt in model["prompts"]:
        plain = generated(fixture, prompt, {**STARTED, "eos_token_id": None}, {})
        for place in ("generation", "config"):
            for asked in model[place]:
                stated = settled(asked, plain)
                stated = {"generation": {}, "config": {}, place: stated}
                yield {"prompt": prompt, **stated, "want": generated(fixture, prompt, stated["generation"], stated["config"])}


def main():
    made = [{"fixture": m["fixture"], "cases": list(cases(m))} for m in MODELS]
    if "--check" in sys.argv:
        committed = json.loads((HERE / "generation.json").read_text())
        wrong = [c for m, n in zip(committed, made) for c, d in zip(m["cases"], n["cases"]) if c != d]
        print(f"transformers {transformers.__version__}: {len(wrong)} cases are others than those committed", *wrong, sep="\n")
        return 1 if wrong or [len(m["cases"]) for m in committed] != [len(m["cases"]) for m in made] else 0
    text = ",\n".join('{"fixture": ' + json.dumps(m["fixture"]) + ', "cases": [\n' + ",\n".join(json.dumps(c) for c in m["cases"]) + "]}" for m in made)
    print("[" + text + "]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
