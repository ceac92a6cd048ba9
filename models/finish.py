#!/usr/bin/env python3
"""Puts a model that `constformer train` made in its place, and what transformers decodes from it beside it.

    finish.py RUN FOLDER COUNT PROMPT...

Weights of RUN become those of FOLDER, rounded to the torch_dtype of FOLDER/config.json. FOLDER/golden.json gets the COUNT
ids that transformers decodes greedily in float32 after that prompt which comes least near to a tie.
"""
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file


def greedy(model, ids, count):
    """Greedy continuation of ids, with the gap between the two best logits at every step."""
    ids, margins = list(ids), []
    for _ in range(count):
        with torch.no_grad():
            best = model(torch.tensor([ids])).logits[0, -1].topk(2)
        margins.append(round((best.values[0] - best.values[1]).item(), 6))
        ids.append(best.indices[0].item())
    return ids[-count:], margins


def main(run, folder, count, *prompts):
    config = json.loads((folder / "config.json").read_text())
    kind = getattr(torch, config["torch_dtype"])
    tensors = {name: t.to(kind) for name, t in load_file(run / "model.safetensors").items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    chars = json.loads((folder / "chars.json").read_text())["chars"]
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    records = []
    for prompt in prompts:
        start = [chars.index(c) for c in prompt]
        ids, margins = greedy(model, start, count)
        records.append({"prompt": prompt, "prompt_ids": start, "greedy_ids": ids, "text": "".join(chars[i] for i in ids),
                        "margins": margins})
    best = max(records, key=lambda r: min(r["margins"]))
    (folder / "golden.json").write_text(json.dumps(best) + "\n")
    print(best["prompt"] + best["text"])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
