"""Models as programs, and what a token costs them."""

import functools
import json
import os
import sys

from .processes import output_of

HERE = os.path.dirname(os.path.abspath(__file__))
MADE = ("s15M", "s110M", "t1B")  # by make_models.py
BESIDE = ("t1B",)  # too large for a program in bf16
BYTES = {"f32": 4, "bf16": 2, "f16": 2, "q8_0": 34 / 32, "q4_0": 18 / 32, "iq4_nl": 18 / 32, "q4_k": 144 / 256, "q5_k": 176 / 256, "q6_k": 210 / 256,
         "q8_f": 48 / 32}


class Models:
    """Builds each program when it is first asked for; `given` are checkpoints by path, {name: (path, option...)}.

    Made models lie in `work`, programs in `programs` (default: the same folder).
    """

    def __init__(self, command, work, python, given, reuse=False, programs=None):
        self.command, self.work, self.python, self.given, self.reuse = command, work, python or sys.executable, given, reuse
        self.programs = programs or work

    def has(self, name):
        return name in MADE or name in self.given

    @functools.cache
    def file(self, name, form):
        """OUT/NAME (form hf) or OUT/NAME-form.gguf of a made model, written if missing."""
        path = os.path.join(self.work, name if form == "hf" else f"{name}-{form}.gguf")
        if not os.path.exists(path):
            option = ["--hf"] if form == "hf" else ["--gguf", form]
            output_of([self.python, os.path.join(HERE, "..", "make_models.py"), self.work, name, *option])
        return path

    @functools.cache
    def program(self, name, dtype):
        """Path of the program of that model and type of weights, and of inputs: "bf16", "bf16:bf16"."""
        source = list(self.given[name]) if name in self.given else [self.file(name, "hf")]
        weights, _, inputs = dtype.partition(":")
        path = os.path.join(self.programs, f"{name}-{dtype.replace(':', '-inputs-')}")
        if not (self.reuse and os.path.exists(path)):
            options = [*(["--inputs", inputs] if inputs else []), *(["--weights", "beside"] if name in BESIDE else [])]
            output_of([self.command, "build", *source, "--dtype", weights, *options, "-o", path])
        return path

    @functools.cache
    def info(self, name, dtype):
        return json.loads(output_of([self.program(name, dtype), "info", "--json"]).stdout)

    @functools.cache
    def projection_flops(self, name):
        """Of one token in all matrices, the head included."""
        call = [self.command, "inspect", *self.given.get(name, [self.file(name, "hf") if name in MADE else ""]), "--json"]
        return json.loads(output_of(call).stdout)["flops_per_token"]["projections"]


def bytes_of_rows(info, table):
    """Packed bytes of a table of vectors."""
    sizes = [t["shape"][0] * t["shape"][1] * BYTES[t["type"]] for t in info["tensors"] if t["name"] == table]
    return sum(sizes)


def bytes_per_token(info):
    """Weights that one decode step of a decoder reads: all, without tables of which it takes one row."""
    tables = ["model.embed_tokens.weight"] if not info["config"]["tied"] else []
    return round(info["weight_bytes"] - sum(bytes_of_rows(info, t) for t in tables))


def part_bytes(info, encoder):
    """Packed bytes of the encoder's matrices, or of the others."""
    matrices = [t for t in info["tensors"] if len(t["shape"]) == 2 and t["name"].startswith("encoder") == encoder]
    return round(sum(t["shape"][0] * t["shape"][1] * BYTES[t["type"]] for t in matrices))


def pass_flops(info, projections, tokens):
    """Multiply-adds, counted two, of all `tokens` at once: the head for the last one alone, attention to what a token may see."""
    c = info["config"]
    head = 2 * c["vocab"] * c["d_model"] if c["head"] == "language_model" else 0
    seen = tokens * (tokens + 1) // 2 if c["mask"] == "causal" else tokens * tokens
    return (projections - head) * tokens + head + 4 * c["head_dim"] * c["heads"] * c["layers"] * seen
