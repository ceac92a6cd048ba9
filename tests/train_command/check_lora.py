#!/usr/bin/env python3
"""Adapters that a run trained, beside those that PEFT trains from the same seed: check_lora.py FOLDER BASE

All batches of the run must be the one that comes next in FOLDER/run/state.safetensors. Prints the largest difference of
a value. Ends with 77 where there is no peft.
"""
import json
import pathlib
import sys

try:
    import torch
    import transformers
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
    from safetensors import safe_open
    from safetensors.torch import load_file
except ImportError:
    raise SystemExit(77)

from check_pending import padded


def inputs(batch, is_encoder_decoder):
    rows = lambda name, filler, starts="starts": padded(batch[name], batch[starts], filler)
    if is_encoder_decoder:
        return dict(input_ids=rows("source", 0, "source_starts"),
                    attention_mask=rows("source_positions", -1, "source_starts") >= 0,
                    decoder_input_ids=rows("tokens", 0)), rows("targets", -1)
    return dict(input_ids=rows("tokens", 0), attention_mask=rows("positions", -1) >= 0), rows("targets", -1)


def main():
    folder, base = map(pathlib.Path, sys.argv[1:])
    with safe_open(folder / "run" / "state.safetensors", "pt") as state:
        batch = json.loads(state.metadata()["constformer_run"])["pending"]
    s = json.loads((folder / "run" / "settings.json").read_text())
    config = json.loads((folder / "adapter_config.json").read_text())
    architecture = json.loads((base / "config.json").read_text())["architectures"][0]
    model = getattr(transformers, architecture).from_pretrained(base, dtype=torch.float32).eval()
    ours, targets = inputs(batch, model.config.is_encoder_decoder)
    torch.manual_seed(s["seed"])
    model = get_peft_model(model, LoraConfig(r=config["r"], lora_alpha=config["lora_alpha"],
                                             target_modules=config["target_modules"]))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=s["rate"],
                                  betas=(s["beta1"], s["beta2"]), eps=1e-8, weight_decay=s["decay"])
    for _ in range(s["steps"]):
        logits = model(**ours).logits
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1).backward()
        optimizer.step()
        optimizer.zero_grad()
    theirs = get_peft_model_state_dict(model)
    found = load_file(folder / "adapter_model.safetensors")
    assert found.keys() == theirs.keys(), sorted(found.keys() ^ theirs.keys())[:4]
    print(max((theirs[name] - value).abs().max().item() for name, value in found.items()))


if __name__ == "__main__":
    main()
