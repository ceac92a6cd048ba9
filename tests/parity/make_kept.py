#!/usr/bin/env python3
"""Writes what `transformers` computes for a few fixtures when it rounds as our options do: when its cache rounds as `--kv-dtype` does
FIXTURE/logits_kv_TYPE.npy, when inputs of its matrices do as with `--inputs` FIXTURE/logits_inputs_TYPE.npy.

    make_kept.py [--check]     --check: compares with what is there instead

The cache of a pass is the one its own queries read, so that rounding acts within a prompt too. bf16 rounds to nearest even; i8 has one
scale per position and head, the largest absolute value / 127. Heads that the engine stores in another order of dims have the same scale.
"""
import json
import pathlib
import sys

try:
    import numpy as np
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, DynamicCache, EncoderDecoderCache
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

HERE = pathlib.Path(__file__).parent
CASES = {
    "fixtures/gpt2_head_dim_7": ("kv", "bf16"),
    "fixtures_translators/t5_gated": ("kv", "bf16"),
    "fixtures/llama_long_prompt": ("kv", "i8"),
    "fixtures/llama_bf16": ("inputs", "bf16"),
}


def rounded(x, kind):
    if kind == "bf16":
        return x.to(torch.bfloat16).float()
    scale = x.abs().amax(-1, keepdim=True) / 127
    return torch.round(x / torch.where(scale > 0, scale, torch.ones_like(scale))) * scale


def cache_of(kind):
    class RoundedCache(DynamicCache):
        def update(self, key, value, *rest, **options):
            return super().update(rounded(key, kind), rounded(value, kind), *rest, **options)

    return RoundedCache()


def round_inputs(model, kind):
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_pre_hook(lambda _, inputs: (rounded(inputs[0], kind), *inputs[1:]))


def logits_of(folder, what, kind):
    ids = json.loads((folder / "ids.json").read_text())
    if "source" in ids:
        model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
        cache = EncoderDecoderCache(cache_of(kind), cache_of(kind))
        inputs = {"input_ids": torch.tensor([ids["source"]]), "decoder_input_ids": torch.tensor([ids["target"]])}
    else:
        model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
        cache = cache_of(kind)
        inputs = {"input_ids": torch.tensor([ids["prompt"]])}
    if what == "inputs":
        round_inputs(model.float(), kind)
        cache = DynamicCache()
    with torch.no_grad():
        return model(**inputs, past_key_values=cache, use_cache=True).logits[0].numpy()


def main():
    for name, (what, kind) in CASES.items():
        file = HERE / name / f"logits_{what}_{kind}.npy"
        logits = logits_of(HERE / name, what, kind)
        plain = np.load(HERE / name / "logits.npy").reshape(logits.shape)
        reach = np.abs(plain).max()
        print(f"{name} {what} {kind}: {np.abs(logits - plain).max() / reach:.1e} of the range from f32")
        if "--check" in sys.argv:
            gap = np.abs(np.load(file).reshape(logits.shape) - logits).max() / reach
            if not gap < 1e-5:
                sys.exit(f"{file}: {gap:.1e} of the range from what is computed now")
        else:
            np.save(file, logits.reshape(np.load(HERE / name / "logits.npy").shape))


if __name__ == "__main__":
    main()
