#!/usr/bin/env python3
"""What nanoGPT itself does with text.txt: nanogpt.json.

    make_nanogpt.py NANOGPT          a checkout of github.com/karpathy/nanoGPT (commit 3adf61e)

Runs its train.py, unchanged, on a CPU and takes down the losses that it prints.
"""
import json
import pathlib
import pickle
import re
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
SHAPE = {"n_layer": 2, "n_head": 2, "n_embd": 32, "block_size": 32, "bias": False}
KNOBS = {"batch_size": 4, "gradient_accumulation_steps": 2, "max_iters": 40, "lr_decay_iters": 40, "learning_rate": 1e-2,
         "min_lr": 1e-3, "warmup_iters": 5, "beta2": 0.99, "eval_interval": 10, "eval_iters": 5, "grad_clip": 0.5,
         "dropout": 0.0}


def prepare(folder):
    """As data/shakespeare_char/prepare.py."""
    text = (HERE / "text.txt").read_text()
    chars = sorted(set(text))
    stoi = {c: i for i, c in enumerate(chars)}
    ids = [stoi[c] for c in text]
    split = int(len(ids) * 0.9)
    for name, part in (("train", ids[:split]), ("val", ids[split:])):
        np.array(part, dtype=np.uint16).tofile(folder / f"{name}.bin")
    meta = {"vocab_size": len(chars), "itos": dict(enumerate(chars)), "stoi": stoi}
    (folder / "meta.pkl").write_bytes(pickle.dumps(meta))
    return len(chars)


def main():
    nanogpt = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        for name in ("train.py", "model.py", "configurator.py"):
            (work / name).write_text((nanogpt / name).read_text())
        data = work / "data" / "here"
        data.mkdir(parents=True)
        vocabulary = prepare(data)
        flags = [f"--{key}={value}" for key, value in {**SHAPE, **KNOBS}.items()]
        printed = subprocess.run([sys.executable, "train.py", "--dataset=here", "--device=cpu", "--compile=False",
                                  "--dtype=float32", "--log_interval=1", *flags],
                                 cwd=work, check=True, capture_output=True, text=True).stdout
    evaluations = {int(step): [float(train), float(val)] for step, train, val in
                   re.findall(r"step (\d+): train loss ([\d.]+), val loss ([\d.]+)", printed)}
    out = {"shape": SHAPE, "knobs": KNOBS, "vocab_size": vocabulary, "evaluations": evaluations}
    (HERE / "nanogpt.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
