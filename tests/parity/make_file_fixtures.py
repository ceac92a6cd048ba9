#!/usr/bin/env python3
"""Write the parity fixtures that are no Hugging Face folders: torch files of nanoGPT and its kin and of nanochat in each of its
eras, and a llama2.c v2 file.

    make_file_fixtures.py               write fixtures that are not there yet into fixtures/ beside this script
    make_file_fixtures.py --force NAME  write these again
    make_file_fixtures.py --check       make all again in a temporary folder and compare with what is committed

A fixture is a folder with the .pt or .bin file (and what lies beside it), ids.json and logits.npy as in make_fixtures.py; ids.json also has
`checkpoint`, the file to build, and `options` for the command. The reference models are reference_*.py, in float32.

The script exits with 77 when the Python packages it needs are missing.
"""
import argparse
import collections
import json
import pathlib
import pickle
import shutil
import sys
import tempfile
import zlib

try:
    import numpy as np
    import torch
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

import reference_llama2c
import reference_nanochat
import reference_nanogpt

HERE = pathlib.Path(__file__).resolve().parent
GREEDY = 16
SAFE_MARGIN = 1e-3  # as in make_fixtures.py
PLAIN = 4e-4
TOLERANCE = 1e-5


def noise(random, *shape):
    return torch.from_numpy(random.standard_normal(shape).astype(np.float32))


def gpt_state(random, layers, width, vocab, positions, bias, tied=True):
    """A state_dict under nanoGPT's names; norms away from 1, biases away from 0."""
    state = collections.OrderedDict()

    def linear(name, rows, columns):
        state[name + ".weight"] = noise(random, rows, columns) * (1.4 / columns ** 0.5)
        if bias:
            state[name + ".bias"] = 0.4 * noise(random, rows)

    def norm(name):
        state[name + ".weight"] = 1 + 0.3 * noise(random, width)
        if bias:
            state[name + ".bias"] = 0.4 * noise(random, width)

    state["transformer.wte.weight"] = 0.8 * noise(random, vocab, width)
    state["transformer.wpe.weight"] = 0.8 * noise(random, positions, width)
    for i in range(layers):
        at = f"transformer.h.{i}."
        norm(at + "ln_1")
        linear(at + "attn.c_attn", 3 * width, width)
        linear(at + "attn.c_proj", width, width)
        norm(at + "ln_2")
        linear(at + "mlp.c_fc", 4 * width, width)
        linear(at + "mlp.c_proj", width, 4 * width)
    norm("transformer.ln_f")
    state["lm_head.weight"] = state["transformer.wte.weight"] if tied else noise(random, vocab, width) / width ** 0.5
    return state


class NanoGpt:
    """ckpt.pt as train.py saves it, after torch.compile or without; `characters` are those of its data's meta.pkl."""

    def __init__(self, layers, heads, width, vocab, positions, bias, compiled=False, characters=None, prompt=12):
        self.shape = dict(n_layer=layers, n_head=heads, n_embd=width, block_size=positions, bias=bias, vocab_size=vocab,
                          dropout=0.0)
        self.compiled, self.characters, self.prompt, self.vocab = compiled, characters, prompt, vocab
        self.checkpoint, self.options = "ckpt.pt", []

    def write(self, folder, random):
        a = self.shape
        state = gpt_state(random, a["n_layer"], a["n_embd"], a["vocab_size"], a["block_size"], a["bias"])
        stored = collections.OrderedDict((("_orig_mod." if self.compiled else "") + k, v) for k, v in state.items())
        torch.save({"model": stored, "optimizer": {"state": {}, "param_groups": [{"lr": 6e-4, "betas": (0.9, 0.95)}]},
                    "model_args": a, "iter_num": 100, "best_val_loss": torch.tensor(1.5),
                    "config": {"out_dir": "out", "dtype": "float32"}}, folder / "ckpt.pt")
        if self.characters:
            meta = {"vocab_size": len(self.characters), "itos": dict(enumerate(self.characters)),
                    "stoi": {c: i for i, c in enumerate(self.characters)}}
            (folder / "meta.pkl").write_bytes(pickle.dumps(meta, protocol=4))
        return lambda ids, gelu="none": reference_nanogpt.logits(state, a["n_head"], gelu, ids)

    def mistaken(self, logits, ids):
        return logits(ids, "tanh")


class GptState:
    """A bare state_dict with an untied head and the masks that minGPT and makemore keep in it."""

    def __init__(self, layers, heads, width, vocab, positions, gelu, options, prompt=12):
        self.shape, self.heads, self.gelu = (layers, width, vocab, positions), heads, gelu
        self.checkpoint, self.options, self.prompt, self.vocab = "model.pt", options, prompt, vocab

    def write(self, folder, random):
        layers, width, vocab, positions = self.shape
        state = gpt_state(random, layers, width, vocab, positions, True, tied=False)
        mask = torch.ones(positions, positions).tril()[None, None]
        stored = collections.OrderedDict({**state, **{f"transformer.h.{i}.attn.bias": mask for i in range(layers)}})
        # A matrix that was turned in memory is stored as it lies there, with strides.
        name = "transformer.h.0.mlp.c_fc.weight"
        stored[name] = state[name].t().contiguous().t()
        torch.save(stored, folder / "model.pt")
        return lambda ids, gelu=self.gelu: reference_nanogpt.logits(state, self.heads, gelu, ids)

    def mistaken(self, logits, ids):
        return logits(ids, "tanh" if self.gelu == "none" else "none")


class Llama2cV2:
    """A v2 file: int8 with a scale per group. Groups do not fit hidden_dim, so that they run on from row to row."""

    def __init__(self, dim, hidden, layers, heads, kv_heads, vocab, positions, group, prompt=12):
        self.shape, self.group = (dim, hidden, layers, heads, kv_heads, vocab, positions), group
        self.checkpoint, self.options, self.prompt, self.vocab = "model.bin", [], prompt, vocab

    def write(self, folder, random):
        dim, hidden, layers, heads, kv_heads, vocab, _ = self.shape
        kv = dim // heads * kv_heads
        norms = [1 + 0.3 * noise(random, layers, dim) for _ in range(2)] + [1 + 0.3 * noise(random, dim)]
        shapes = [(vocab, dim)] + [s for s in ((dim, dim), (kv, dim), (kv, dim), (dim, dim), (hidden, dim), (dim, hidden),
                                               (hidden, dim)) for _ in range(layers)] + [(vocab, dim)]
        matrices = [noise(random, *s) * (0.8 if i == 0 else 1.4 / s[1] ** 0.5) for i, s in enumerate(shapes)]
        read = reference_llama2c.write_v2(folder / "model.bin", self.shape, norms, matrices, self.group, 0)
        blocks = [(norms[0][i], norms[1][i], *(read[1 + kind * layers + i] for kind in range(7))) for i in range(layers)]
        exact = [(norms[0][i], norms[1][i], *(matrices[1 + kind * layers + i] for kind in range(7))) for i in range(layers)]
        ends = {False: (blocks, read[0], norms[2], read[-1]), True: (exact, matrices[0], norms[2], matrices[-1])}
        return lambda ids, unquantised=False: reference_llama2c.logits(*ends[unquantised], heads, kv_heads, ids)

    def mistaken(self, logits, ids):
        return logits(ids, unquantised=True)


class NanoChat:
    """model_000007.pt and meta_000007.json of an era; the vocabulary is padded to 64, block matrices are bf16."""

    def __init__(self, era, layers, heads, kv_heads, width, vocab, positions, pattern=None, options=(), prompt=12, cap=None):
        self.config = dict(sequence_len=positions, vocab_size=vocab, n_layer=layers, n_head=heads, n_kv_head=kv_heads,
                           n_embd=width, **({"window_pattern": pattern} if pattern else {}))
        self.era, self.cap, self.prompt, self.vocab = era, cap, prompt, vocab
        self.checkpoint, self.options = "model_000007.pt", list(options)

    def state(self, random):
        c = self.config
        layers, width, kv = c["n_layer"], c["n_embd"], c["n_embd"] // c["n_head"] * c["n_kv_head"]
        gate = reference_nanochat.ERAS[self.era]["gate"]
        rows = -(-c["vocab_size"] // 64) * 64
        state = collections.OrderedDict()
        state["transformer.wte.weight"] = 0.8 * noise(random, rows, width)
        for i in range(layers):
            for name, out, inner in (("attn.c_q", width, width), ("attn.c_k", kv, width), ("attn.c_v", kv, width),
                                     ("attn.c_proj", width, width), ("mlp.c_fc", 4 * width, width),
                                     ("mlp.c_proj", width, 4 * width)):
                state[f"transformer.h.{i}.{name}.weight"] = (noise(random, out, inner) * 1.2 / inner ** 0.5).bfloat16()
            if gate and i % 2 == (layers - 1) % 2:
                state[f"transformer.h.{i}.attn.ve_gate.weight"] = noise(random, c["n_kv_head"], 12 if gate == 3 else 32)
                state[f"value_embeds.{i}.weight"] = noise(random, rows, kv)
        state["lm_head.weight"] = noise(random, rows, width) * 6 / width ** 0.5
        if self.era != "plain":
            state["resid_lambdas"], state["x0_lambdas"] = 1 + 0.2 * noise(random, layers), 0.4 * noise(random, layers)
        if self.era == "smeared":
            state["smear_gate.weight"], state["smear_lambda"] = noise(random, 1, 24), torch.tensor([0.9])
            state["backout_lambda"] = torch.tensor([0.35])
        return state

    def write(self, folder, random):
        state = self.state(random)
        torch.save(state, folder / "model_000007.pt")
        meta = {"step": 7, "val_bpb": 1.0, "model_config": self.config, "user_config": {"depth": self.config["n_layer"]}}
        (folder / "meta_000007.json").write_text(json.dumps(meta) + "\n")
        return lambda ids, era=self.era, cap=self.cap: reference_nanochat.logits(state, self.config, era, ids, cap)

    def mistaken(self, logits, ids):
        wrong = {"plain": ("plain", 20), "lambdas": ("lambdas", 20), "values": ("values", 15), "gated": ("smeared", None),
                 "smeared": ("gated", None)}[self.era]
        return logits(ids, *wrong)


FIXTURES = {
    "nanochat_plain": NanoChat("plain", 2, 3, 1, 12, 43, 40),
    "nanochat_lambdas": NanoChat("lambdas", 4, 3, 3, 12, 41, 40, "SSL", prompt=24),
    "nanochat_values": NanoChat("values", 2, 4, 2, 32, 37, 40, "SL", ["--softcap", "20"], prompt=24, cap=20),
    "nanochat_gated": NanoChat("gated", 3, 3, 1, 12, 35, 200, "SSSL", prompt=140),
    "nanochat_smeared": NanoChat("smeared", 3, 3, 1, 24, 33, 200, "SSSL", prompt=140),
    "llama2c_v2": Llama2cV2(24, 37, 2, 6, 2, 43, 40, 8),
    "nanogpt_bias": NanoGpt(2, 2, 10, 37, 40, True, compiled=True),
    "nanogpt_no_bias": NanoGpt(3, 3, 15, 29, 33, False, characters="\n !,.abcdefghijklmnopqrstuvw€"),
    "gpt_state": GptState(2, 3, 12, 41, 30, "none", ["--heads", "3", "--activation", "gelu"]),
}


def greedy(logits, prompt):
    ids, chosen, margins = list(prompt), [], []
    for _ in range(GREEDY):
        last = np.sort(logits(ids)[-1])
        margins.append(float(last[-1] - last[-2]))
        chosen.append(int(logits(ids)[-1].argmax()))
        ids.append(chosen[-1])
    return chosen, margins


def attempt(fixture, folder, seed):
    """False where a greedy step is too near a tie, or the text too dull to tell a right answer from a stuck one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    logits = fixture.write(folder, np.random.RandomState(seed))
    prompt = np.random.RandomState(seed + 1).randint(0, fixture.vocab, fixture.prompt).tolist()
    values = logits(prompt)
    chosen, margins = greedy(logits, prompt)
    span = float(np.abs(values).max())
    if min(margins) < SAFE_MARGIN * span or len(set(chosen)) < 5:
        return False
    # What a model with the other GELU would give, for one, must miss the tests' bound.
    if np.abs(values - fixture.mistaken(logits, prompt)).max() < PLAIN * span:
        return False
    record = {"seed": seed, "checkpoint": fixture.checkpoint, "options": fixture.options, "prompt": prompt,
              "greedy": chosen, "margins": [round(m, 6) for m in margins], "range": round(span, 6),
              "context": len(prompt) + GREEDY}
    np.save(folder / "logits.npy", values)
    (folder / "ids.json").write_text(json.dumps(record) + "\n")
    return True


def write(name, folder, first_seed=None):
    seed = zlib.crc32(name.encode()) % 100000 if first_seed is None else first_seed
    if not any(attempt(FIXTURES[name], folder, seed + i) for i in range(2000)):
        raise SystemExit(f"{name}: no seed gives greedy margins above {SAFE_MARGIN} of the range")


def same(a, b):
    """Whether two saved values are equal, tensors bit for bit."""
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b) and a.stride() == b.stride()
    return a == b


def difference(old, new):
    """The first disagreement between two fixture folders in one sentence, or None."""
    files = [sorted(p.name for p in folder.iterdir()) for folder in (old, new)]
    if files[0] != files[1]:
        return f"files differ: {files[0]} and {files[1]}"
    for name in files[0]:
        a, b = old / name, new / name
        if name.endswith(".pt") and not same(*(torch.load(p, weights_only=False) for p in (a, b))):
            return f"{name} differs"
        if name == "meta_000007.json" and json.loads(a.read_text()) != json.loads(b.read_text()):
            return f"{name} differs"
        if name.endswith(".pkl") and pickle.loads(a.read_bytes()) != pickle.loads(b.read_bytes()):
            return f"{name} differs"
        if name.endswith(".bin") and a.read_bytes() != b.read_bytes():
            return f"{name} differs"
        if name.endswith(".npy"):
            x, y = np.load(a), np.load(b)
            if x.shape != y.shape or not np.abs(x - y).max() <= TOLERANCE * np.abs(y).max():
                return f"{name} differs"
    old_ids, new_ids = (json.loads((folder / "ids.json").read_text()) for folder in (old, new))
    for key in ("prompt", "greedy", "options", "checkpoint", "context"):
        if old_ids[key] != new_ids[key]:
            return f"ids.json: {key} is {old_ids[key]}, now {new_ids[key]}"
    return None


def check(fixtures):
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name in FIXTURES:
            again = pathlib.Path(scratch) / name
            write(name, again, json.loads((fixtures / name / "ids.json").read_text())["seed"])
            what = difference(fixtures / name, again)
            if what:
                print(f"{name}: {what}")
                bad += 1
    print(f"{len(FIXTURES)} fixtures, {bad} differ (torch {torch.__version__})")
    return 1 if bad else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("names", nargs="*", help="only these")
    p.add_argument("--check", action="store_true")
    p.add_argument("--force", action="store_true")
    p.add_argument("-o", "--output", type=pathlib.Path, default=HERE / "fixtures")
    a = p.parse_args()
    torch.set_num_threads(1)
    if a.check:
        return check(a.output)
    for name in a.names or FIXTURES:
        if a.force or not (a.output / name / "ids.json").exists():
            write(name, a.output / name)
            print(name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
