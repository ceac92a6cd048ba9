"""Writes adapter/: parameters of the model of adapter.hpp, and what PyTorch computes with them.

    make_adapter.py [--check]

With --check it compares what it would write with what is there.
"""

import json
import math
import pathlib
import sys

try:
    import numpy as np
    import torch
    from safetensors.torch import save
except ImportError:
    sys.exit(77)

WIDTH, HEADS, HEAD_DIM, LETTERS, LAYERS, WINDOW, EPS = 16, 2, 8, 27, 3, 5, 1e-6
PROMPT, LENGTH = "the quick fox", 24
CHARS = "abcdefghijklmnopqrstuvwxyz "


def parameters():
    torch.manual_seed(17)
    shapes = {"tokens.weight": (LETTERS, WIDTH), "norm.weight": (WIDTH,)}
    for i in range(LAYERS):
        shapes |= {
            f"blocks.{i}.norm.weight": (WIDTH,),
            f"blocks.{i}.query.weight": (HEADS * HEAD_DIM, WIDTH),
            f"blocks.{i}.key.weight": (HEAD_DIM, WIDTH),
            f"blocks.{i}.val.weight": (HEAD_DIM, WIDTH),
            f"blocks.{i}.output.weight": (WIDTH, HEADS * HEAD_DIM),
            f"blocks.{i}.down.weight": (4, WIDTH),
            f"blocks.{i}.down.bias": (4,),
            f"blocks.{i}.up.weight": (WIDTH, 4),
        }
    return {name: torch.randn(shape) * 0.4 + (1.0 if "norm" in name else 0.0) for name, shape in sorted(shapes.items())}


def rms_norm(x, weight):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPS) * weight


def rope(x):
    """Pairs (j, j + head_dim/2) of (length, heads, head_dim)."""
    half = HEAD_DIM // 2
    angles = torch.arange(x.shape[0])[:, None] * 10000.0 ** (-torch.arange(half) / half)
    cos, sin = angles.cos()[:, None], angles.sin()[:, None]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def logits(p, ids):
    x = p["tokens.weight"][ids]
    n = len(ids)
    ago = torch.arange(n)[:, None] - torch.arange(n)[None]
    unseen = (ago < 0) | (ago >= WINDOW)
    for i in range(LAYERS):
        layer = f"blocks.{i}."
        w = {key.removeprefix(layer): value for key, value in p.items() if key.startswith(layer)}
        h = rms_norm(x, w["norm.weight"])
        q = rope((h @ w["query.weight"].T).view(n, HEADS, HEAD_DIM))
        k = rope((h @ w["key.weight"].T).view(n, 1, HEAD_DIM))
        v = (h @ w["val.weight"].T).view(n, 1, HEAD_DIM)
        scores = torch.einsum("qhd,kd->hqk", q, k[:, 0]) / math.sqrt(HEAD_DIM)
        mixed = torch.einsum("hqk,kd->qhd", scores.masked_fill(unseen, -torch.inf).softmax(-1), v[:, 0])
        x = x + mixed.reshape(n, -1) @ w["output.weight"].T
        before = torch.cat([torch.zeros(1, WIDTH), x[:-1]])
        down = (x + before) @ w["down.weight"].T + w["down.bias"]
        x = x + torch.nn.functional.silu(down) @ w["up.weight"].T
    return rms_norm(x, p["norm.weight"]) @ p["tokens.weight"].T


def files():
    p = parameters()
    ids = [CHARS.index(c) for c in PROMPT]
    prompt = len(ids)
    margins = []
    while len(ids) < prompt + LENGTH:
        best, second = logits(p, ids)[-1].topk(2).values
        margins.append(float(best - second))
        ids.append(int(logits(p, ids)[-1].argmax()))
    assert min(margins) > 1e-3, margins
    golden = {
        "prompt": PROMPT,
        "ids": ids[:prompt],
        "text": "".join(CHARS[i] for i in ids),
        "logits": [[round(float(v), 6) for v in row] for row in logits(p, ids[:prompt])],
    }
    config = {"model_type": "constformer", "vocab_size": LETTERS, "max_position_embeddings": 64}
    return {
        "model.safetensors": save(p, metadata={"format": "pt"}),
        "config.json": (json.dumps(config, indent=2) + "\n").encode(),
        "chars.json": (json.dumps({"type": "char", "chars": list(CHARS)}) + "\n").encode(),
        "golden.json": (json.dumps(golden) + "\n").encode(),
    }


def main():
    folder = pathlib.Path(__file__).parent / "adapter"
    for name, content in files().items():
        if "--check" not in sys.argv[1:]:
            (folder / name).write_bytes(content)
        elif (folder / name).read_bytes() != content and name != "golden.json":
            sys.exit(f"{folder / name} is not what PyTorch gives now")
        elif name == "golden.json":
            old, new = json.loads((folder / name).read_bytes()), json.loads(content)
            same = old["text"] == new["text"] and np.allclose(old["logits"], new["logits"], atol=1e-5)
            if not same:
                sys.exit(f"{folder / name} is not what PyTorch gives now")


if __name__ == "__main__":
    main()
