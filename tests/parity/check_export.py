#!/usr/bin/env python3
"""Whether `transformers` computes the same from what `constformer export` writes.

    check_export.py COMMAND PACK

Of each family one fixture is packed (PACK CHECKPOINT FILE [TYPE]), which is what a program holds, and exported; GGUF and torch files
are exported as they are, and their blocks from programs that keep them. What transformers makes of the exported folder must be
the fixture's own logits or hidden states.
Exit status 77 when the Python packages it needs are missing.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import reference  # exits with 77 where packages are missing
import numpy as np
import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
FOLDERS = ["fixtures/" + name for name in (
    "llama_gqa_3_kv_heads", "llama_bf16", "llama_rope_yarn_options", "mistral_window", "qwen2_tied", "qwen3_tied_bias", "gemma_first_act",
    "gemma2_caps", "phi3_longrope_short", "gpt_neox_parallel", "gpt_neo_local", "glm_bias", "glm4_sandwich", "gpt2_plain", "bert_pretraining",
    "bert_first_names", "roberta_masked", "xlm_roberta_masked", "distilbert_masked", "chatglm_groups", "chatglm_6b_prefix")] + [
    "fixtures_translators/" + name for name in ("t5_relu", "t5_gated", "mt5_gated", "marian_swish", "marian_two_vocabularies")]
FILES = ["fixtures_gguf/" + name for name in ("llama_q8_0", "qwen2_bf16", "qwen3_f16", "phi3_bf16", "gpt2_f16", "bert_q4_0", "gemma_f32", "gemma2_f16", "t5_f32",
                                              "t5_f16_gated")] + [
    "fixtures/" + name for name in ("nanogpt_bias", "nanogpt_no_bias", "gpt_state", "nanochat_plain")]
KEPT = {"fixtures_gguf/llama_q8_0": "q8_0", "fixtures_gguf/bert_q4_0": "q4_0"}
BOUND = 1e-5  # of the range: threads may add in another order


@torch.no_grad()
def translator_logits(folder, expected):
    model, info = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager",
                                                                     output_loading_info=True)
    if info["missing_keys"]:
        raise SystemExit(f"{folder}: {sorted(info['missing_keys'])[0]} is missing")
    return model.eval()(input_ids=torch.tensor([expected["source"]]), decoder_input_ids=torch.tensor([expected["target"]])).logits[0].numpy()


def computed(folder, expected, encoder):
    if "source" in expected:
        return translator_logits(folder, expected)
    if encoder:
        return reference.encoder(folder, expected["prompt"], expected.get("segments"))["hidden"]
    return reference.logits(folder, expected["prompt"])


def check(command, pack, name, kind, scratch):
    """`kind` is the type to pack in, or None: the file itself is exported."""
    fixture, out = HERE / name, scratch / "out"
    expected = json.loads((fixture / "ids.json").read_text())
    checkpoint, options = fixture / expected.get("checkpoint", ""), expected.get("options", [])
    if kind is not None:
        subprocess.run([pack, checkpoint, scratch / "packed", kind], check=True)
        checkpoint, options = scratch / "packed", []
    subprocess.run([command, "export", checkpoint, *options, "-o", out], check=True)
    encoder = (fixture / "hidden.npy").exists()
    ours = computed(out, expected, encoder)
    # Sums differ from processor to processor, T5's by 3e-5: what a folder gives is computed anew.
    theirs = computed(fixture, expected, encoder) if (fixture / "config.json").exists() else np.load(
        fixture / ("hidden.npy" if encoder else "logits.npy"))
    gap = np.abs(ours - theirs).max() / np.abs(theirs).max()
    print(f"{name}{' in ' + kind if kind else ''}: {gap:.1e} of the range")
    return gap <= BOUND


def main():
    torch.set_num_threads(1)
    bad = []
    for name, kind in [(name, "f32") for name in FOLDERS] + [(name, None) for name in FILES] + list(KEPT.items()):
        with tempfile.TemporaryDirectory() as scratch:
            if not check(*sys.argv[1:3], name, kind, pathlib.Path(scratch)):
                bad.append(name)
    for name in bad:
        print(f"{name}: transformers computes something else from what was exported", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
