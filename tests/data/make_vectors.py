#!/usr/bin/env python3
"""Writes vectors.json: batches that the original programs draw from small files of tokens, numbers of Python's and torch's generators.

ORIGINALS is a folder with checkouts named nanoGPT, llm.c and llama2.c: their own code runs, nanoGPT's get_batch and llama2.c's
PretokDataset in this process, llm.c's dataloader.h compiled by cc. Needs torch and numpy.

    make_vectors.py ORIGINALS > vectors.json
"""
import contextlib
import io
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import numpy as np
import torch


def tokens(count, salt=0):
    """What the files hold; the test makes the same."""
    return [(i * 31 + (i * i) % 97 + salt) % 500 for i in range(count)]


def rows(x):
    return [list(map(int, row)) for row in x]


def python_numbers():
    rng = random.Random(12345)
    out = {"seed": 12345, "random": [rng.random() for _ in range(5)], "randint": [rng.randint(0, 30521) for _ in range(9)],
           "small": [rng.randint(2, 125) for _ in range(9)]}
    values = list(range(40))
    rng.shuffle(values)
    out["shuffle"] = values
    rng = random.Random(42)
    values = list(range(1000))
    rng.shuffle(values)
    return out | {"shuffle_42": values[:20], "after": [rng.random() for _ in range(400)][-1]}


def torch_states():
    out = []
    g = torch.Generator().manual_seed(1337)
    for draw in (lambda: None, lambda: torch.randn(3, generator=g), lambda: torch.rand(700, generator=g), lambda: torch.rand(548, generator=g)):
        draw()
        out.append(bytes(g.get_state().tolist()).hex())
    return out


def nanogpt(folder):
    """Batches as train.py draws them: each split's before an evaluation, two evaluations of each split, then the next to train on."""
    source = (folder / "nanoGPT/train.py").read_text()
    get_batch = re.search(r"^def get_batch.*?^    return x, y\n", source, re.S | re.M).group()
    with tempfile.TemporaryDirectory() as data_dir:
        for split, count in (("train", 300), ("val", 90)):
            np.array(tokens(count, len(split)), dtype=np.uint16).tofile(f"{data_dir}/{split}.bin")
        scope = {"np": np, "torch": torch, "os": __import__("os"), "data_dir": data_dir, "block_size": 6, "batch_size": 3, "device_type": "cpu", "device": "cpu"}
        exec(get_batch, scope)
        torch.manual_seed(1337)
        torch.randn(16)  # a model was made
        drawn = []
        for split in ("train", "train", "train", "val", "val", "train", "train"):
            x, y = scope["get_batch"](split)
            drawn.append({"split": split, "x": rows(x), "y": rows(y)})
        return drawn


LLMC = """
#include "llmc/dataloader.h"
int main(int argc, char** argv) {
  DataLoader loader;
  dataloader_init(&loader, argv[1], 2, 5, 0, 1, atoi(argv[2]));
  for (int i = 0; i < 25; ++i) {
    dataloader_next_batch(&loader);
    for (int j = 0; j < 10; ++j) printf("%d ", loader.inputs[j]);
    for (int j = 0; j < 10; ++j) printf("%d ", loader.targets[j]);
    printf("\\n");
  }
}
"""


def write_llmc(path, values):
    header = np.zeros(256, dtype=np.int32)
    header[:3] = 20240520, 1, len(values)
    path.write_bytes(header.tobytes() + np.array(values, dtype=np.uint16).tobytes())


def llmc(folder, shuffled):
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        for i, count in enumerate((51, 87, 30)):
            write_llmc(made / f"data_{i}.bin", tokens(count, i))
        (made / "main.c").write_text(LLMC)
        subprocess.run(["cc", "-O2", "-fgnu89-inline", "-w", "-I", folder / "llm.c", "-o", made / "main", made / "main.c", "-lm"], check=True)
        out = subprocess.run([made / "main", f"{made}/data_*.bin", str(shuffled)], check=True, capture_output=True, text=True).stdout
    return [{"x": line[:10], "y": line[10:]} for line in ([int(t) for t in row.split()] for row in out.splitlines())]


def llama2c(folder):
    source = (folder / "llama2.c/tinystories.py").read_text()
    dataset = re.search(r"^class PretokDataset.*?(?=^# ---)", source, re.S | re.M).group()
    out = {}
    with tempfile.TemporaryDirectory() as cache:
        shards = pathlib.Path(cache) / "tok512"
        shards.mkdir()
        for i, count in enumerate((60, 44, 71, 33)):
            np.array(tokens(count, i), dtype=np.uint16).tofile(shards / f"data{i:02d}.bin")
        scope = {"np": np, "torch": torch, "os": __import__("os"), "glob": __import__("glob"), "random": random, "dist": torch.distributed, "DATA_CACHE_DIR": cache}
        exec(dataset, scope)
        for split, batches in (("train", 20), ("val", 6)):
            data = torch.utils.data.DataLoader(scope["PretokDataset"](split=split, max_seq_len=5, vocab_size=512, vocab_source="custom"), batch_size=3)
            with contextlib.redirect_stdout(io.StringIO()):
                found = [{"x": rows(x), "y": rows(y)} for _, (x, y) in zip(range(batches), data)]
            out[split] = found
    return out


def main():
    folder = pathlib.Path(sys.argv[1])
    out = {"python": python_numbers(), "torch_states": torch_states(), "nanogpt": nanogpt(folder), "llmc": llmc(folder, 0), "llmc_shuffled": llmc(folder, 1),
           "llama2c": llama2c(folder)}
    print("{\n" + ",\n".join(json.dumps(name) + ": " + json.dumps(value, separators=(",", ":")) for name, value in out.items()) + "\n}")


if __name__ == "__main__":
    main()
