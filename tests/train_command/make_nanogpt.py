#!/usr/bin/env python3
"""What nanoGPT itself does with text.txt: nanogpt.json, and nanogpt_20.pt, a ckpt.pt that it left, with nanogpt_40.pt, where resuming led it.

    make_nanogpt.py NANOGPT          a checkout of github.com/karpathy/nanoGPT (commit 3adf61e)

Runs its train.py, unchanged, on a CPU and takes down the losses that it prints.
"""
import json
import pathlib
import pickle
import re
import shutil
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


def run(work, shape, knobs, **more):
    """Prints of train.py."""
    flags = [f"--{key}={value}" for key, value in {**shape, **knobs, **more}.items()]
    return subprocess.run([sys.executable, "train.py", "--dataset=here", "--device=cpu", "--compile=False",
                           "--dtype=float32", "--log_interval=1", *flags],
                          cwd=work, check=True, capture_output=True, text=True).stdout


def resume(work):
    """Two checkpoints of a smaller model, the second of a run that went on from the first."""
    small = {**SHAPE, "n_layer": 1, "n_embd": 16, "block_size": 16}
    knobs = {**KNOBS, "eval_interval": 20}
    run(work, small, knobs, max_iters=20)
    shutil.copyfile(work / "out" / "ckpt.pt", HERE / "nanogpt_20.pt")
    run(work, small, knobs, init_from="resume")
    shutil.copyfile(work / "out" / "ckpt.pt", HERE / "nanogpt_40.pt")


def main():
    nanogpt = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        for name in ("train.py", "model.py", "configurator.py"):
            (work / name).write_text((nanogpt / name).read_text())
        data = work / "data" / "here"
        data.mkdir(parents=True)
        vocabulary = prepare(data)
        printed = run(work, SHAPE, KNOBS)
        resume(work)
    evaluations = {int(step): [float(train), float(val)] for step, train, val in
                   re.findall(r"step (\d+): train loss ([\d.]+), val loss ([\d.]+)", printed)}
    out = {"shape": SHAPE, "knobs": KNOBS, "vocab_size": vocabulary, "evaluations": evaluations}
    (HERE / "nanogpt.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
