#!/usr/bin/env python3
"""Writes vectors.json: numbers of PyTorch's CPU generator, and trajectories of its AdamW. Needs torch.

    make_vectors.py > vectors.json
"""
import json

import torch


def generator():
    seed = 1337
    torch.manual_seed(seed)
    out = {"seed": seed, "rand": torch.rand(9).tolist(), "randint": torch.randint(1003790, (12,)).tolist(),
           "randint_wide": torch.randint(0, 1 << 40, (5,)).tolist(), "randperm": torch.randperm(37).tolist(),
           "rand_double": torch.rand(5, dtype=torch.float64).tolist(),
           "bernoulli": torch.empty(40).bernoulli_(0.8).bool().tolist()}
    torch.manual_seed(seed)
    out["normal"] = [torch.empty(n).normal_(0.5, 2.0).tolist() for n in (3, 4, 15, 16, 17, 40, 64, 1)]
    return out


def adamw(decay, betas, eps, rate):
    torch.manual_seed(5)
    p = torch.nn.Parameter(torch.randn(16))
    run = {"beta1": betas[0], "beta2": betas[1], "eps": eps, "decay": decay, "start": p.tolist(), "steps": []}
    optimizer = torch.optim.AdamW([p], lr=rate, betas=betas, eps=eps, weight_decay=decay, foreach=False)
    for step in range(20):
        optimizer.param_groups[0]["lr"] = rate * (step + 1) / 20
        p.grad = torch.randn(16) * (0.1 + step % 3)
        optimizer.step()
        run["steps"].append({"rate": optimizer.param_groups[0]["lr"], "gradient": p.grad.tolist(), "parameters": p.tolist()})
    return run


def main():
    runs = [adamw(0.1, (0.9, 0.95), 1e-8, 1e-2), adamw(0.0, (0.9, 0.98), 1e-9, 3e-3), adamw(0.01, (0.8, 0.96), 1e-10, 0.1)]
    print(json.dumps({"generator": generator(), "adamw": runs}))


if __name__ == "__main__":
    main()
