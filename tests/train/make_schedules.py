#!/usr/bin/env python3
"""Writes schedules.json: what the schedules of others give, step by step. Needs torch and numpy.

    make_schedules.py --nanochat DIR --nanogpt DIR --lecture DIR

The folders are clones of karpathy/nanochat, karpathy/nanoGPT and SamLynnEvans/Transformer; their own functions are cut
out of their scripts and called.
"""
import argparse
import ast
import json
import math
import pathlib
import subprocess
import types

import torch


def functions(folder, revision, path, **given):
    """The functions of a script that are about schedules, and nothing else of it."""
    text = subprocess.run(["git", "-C", folder, "show", f"{revision}:{path}"], check=True, capture_output=True, text=True).stdout
    wanted = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name.startswith(("get_lr", "get_muon", "get_weight"))]
    module = types.ModuleType("schedules")
    module.__dict__.update(math=math, args=types.SimpleNamespace(**given), **given)
    exec(compile(ast.Module(wanted, []), path, "exec"), module.__dict__)
    return module


def steps(function, count):
    return [function(step) for step in range(count)]


def restarts(folder, length, least, factor, count):
    text = subprocess.run(["git", "-C", folder, "show", "HEAD:Optim.py"], check=True, capture_output=True, text=True).stdout
    scope = {}
    exec(text, scope)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = scope["CosineWithRestarts"](optimizer, T_max=length, eta_min=least, factor=factor)
    rates = []
    for _ in range(count):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return rates


def main():
    parser = argparse.ArgumentParser()
    for name in ("nanochat", "nanogpt", "lecture"):
        parser.add_argument(f"--{name}", required=True)
    folders = parser.parse_args()
    base = functions(folders.nanochat, "92d63d4", "scripts/base_train.py", warmup_steps=40, warmdown_ratio=0.65, final_lr_frac=0.05,
                     num_iterations=1501, weight_decay_scaled=0.28)
    first = functions(folders.nanochat, "3a5e0bc", "scripts/base_train.py", warmup_ratio=0.0, warmdown_ratio=0.2, final_lr_frac=0.0, num_iterations=400)
    sft = functions(folders.nanochat, "92d63d4", "scripts/chat_sft.py", warmup_ratio=0.1, warmdown_ratio=0.5, final_lr_frac=0.02)
    rl = functions(folders.nanochat, "92d63d4", "scripts/chat_rl.py", num_steps=77)
    nanogpt = functions(folders.nanogpt, "HEAD", "train.py", warmup_iters=100, learning_rate=1e-3, lr_decay_iters=500, min_lr=1e-4)
    out = {
        "nanochat_rate": steps(base.get_lr_multiplier, 1501)[::7], "nanochat_momentum": steps(base.get_muon_momentum, 1501)[::7],
        "nanochat_decay": steps(base.get_weight_decay, 1501)[::7], "first_rate": steps(first.get_lr_multiplier, 400)[::7],
        "first_momentum": steps(first.get_muon_momentum, 400)[::7],
        "sft_rate": [sft.get_lr_multiplier(i / 50) for i in range(51)], "sft_momentum": steps(sft.get_muon_momentum, 400)[::7],
        "rl_rate": steps(rl.get_lr_multiplier, 77), "nanogpt": steps(nanogpt.get_lr, 520)[::7],
        "restarts": restarts(folders.lecture, 10, 0.0, 1.0, 45), "growing_restarts": restarts(folders.lecture, 7, 0.01, 1.6, 80),
        "shrinking_restarts": restarts(folders.lecture, 20, 0.0, 0.7, 50),
    }
    pathlib.Path(__file__).with_name("schedules.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
