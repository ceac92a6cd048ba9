#!/usr/bin/env python3
"""How far the weights of a nanochat of step 0 are from what torch draws, by tensor relative to its largest value:

    check_nanochat_start.py FOLDER

Draws as gpt.py's init_weights does (nanochat, commit 92d63d4): the module tree is made on a device without memory, so
nothing is drawn before. Ends with 77 where there is no torch.
"""
import json
import pathlib
import sys

try:
    import torch
except ImportError:
    raise SystemExit(77)

from torch.nn.init import constant_, normal_, uniform_, zeros_


def drawn(c, seed):
    torch.manual_seed(seed)
    width, layers = c["n_embd"], c["n_layer"]
    rows = -(-c["vocab_size"] // 64) * 64
    values = c["n_kv_head"] * width // c["n_head"]
    bound = 3**0.5 * width**-0.5
    with_values = [i for i in range(layers) if i % 2 == (layers - 1) % 2]
    out = {"transformer.wte.weight": normal_(torch.empty(rows, width), mean=0.0, std=0.8),
           "lm_head.weight": normal_(torch.empty(rows, width), mean=0.0, std=0.001)}
    for i in range(layers):
        at = f"transformer.h.{i}."
        out[at + "attn.c_q.weight"] = uniform_(torch.empty(width, width), -bound, bound)
        for name in ("k", "v"):
            out[at + f"attn.c_{name}.weight"] = uniform_(torch.empty(values, width), -bound, bound)
        out[at + "attn.c_proj.weight"] = zeros_(torch.empty(width, width))
        out[at + "mlp.c_fc.weight"] = uniform_(torch.empty(4 * width, width), -0.4 * bound, 0.4 * bound)
        out[at + "mlp.c_proj.weight"] = zeros_(torch.empty(width, 4 * width))
    out["resid_lambdas"] = torch.tensor([1.15 - 0.10 * i / max(layers - 1, 1) for i in range(layers)])
    out["x0_lambdas"] = torch.tensor([0.20 - 0.15 * i / max(layers - 1, 1) for i in range(layers)])
    out["smear_lambda"] = zeros_(torch.empty(1))
    out["backout_lambda"] = constant_(torch.empty(1), 0.2)
    out["smear_gate.weight"] = uniform_(torch.empty(1, 24), 0.0, 0.02)
    for i in with_values:
        out[f"value_embeds.{i}.weight"] = uniform_(torch.empty(rows, values), -bound, bound)
    for i in with_values:
        out[f"transformer.h.{i}.attn.ve_gate.weight"] = uniform_(torch.empty(c["n_kv_head"], 12), 0.0, 0.02)
    return out


def main():
    folder = pathlib.Path(sys.argv[1])
    c = json.loads((folder / "meta_000000.json").read_text())["model_config"]
    ours = torch.load(folder / "model_000000.pt", map_location="cpu")
    theirs = drawn(c, json.loads((folder / "run/settings.json").read_text())["seed"])
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    worst = 0.0
    for name, tensor in theirs.items():
        assert ours[name].shape == tensor.shape, name
        padded = name in ("transformer.wte.weight", "lm_head.weight") or name.startswith("value_embeds.")
        rows = c["vocab_size"] if padded else None
        apart = (ours[name][:rows] - tensor[:rows]).abs().max() / max(tensor.abs().max().item(), 1e-6)
        worst = max(worst, apart.item())
    print(worst)


if __name__ == "__main__":
    main()
