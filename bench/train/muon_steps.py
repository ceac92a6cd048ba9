"""Steps of nanochat's own optimizer over the matrices of its d4, timed by the protocol of steps.cpp.

    muon_steps.py NANOCHAT THREADS
"""

import sys
import time

import torch

sys.path.insert(0, sys.argv[1])
from nanochat.optim import MuonAdamW  # noqa: E402


def main():
    torch.set_num_threads(int(sys.argv[2]))
    torch.manual_seed(13)
    groups = []
    for count, rows, cols in ((16, 256, 256), (4, 1024, 256), (4, 256, 1024)):  # matrices of one shape are stacked
        weights = [torch.nn.Parameter(torch.rand(rows, cols) * 0.2 - 0.1) for _ in range(count)]
        for w in weights:
            w.grad = torch.rand(rows, cols) * 0.02 - 0.01
        groups.append({"kind": "muon", "params": weights, "lr": 0.02, "momentum": 0.95, "ns_steps": 5, "beta2": 0.9, "weight_decay": 0.2})
    optimizer = MuonAdamW(groups)
    print(sum(p.numel() for g in groups for p in g["params"]), flush=True)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            optimizer.step()
            seconds.append(time.perf_counter() - start)
        print(*(f"{s:.9f}" for s in seconds), "0", flush=True)


main()
