#!/usr/bin/env python3
"""The encoder-decoder of the lecture code and of the paper, as plain PyTorch over a state_dict: the oracle where no library has the model.

    reference_transformer.py --check REPOSITORY     compares it with a copy of github.com/SamLynnEvans/Transformer

The names are the lecture code's. A config.json of docs/formats.md tells the form.
"""
import argparse
import json
import math
import pathlib
import sys

import torch


def lecture_norm(x, alpha, bias, eps):
    return alpha * (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + eps) + bias


def paper_norm(x, alpha, bias, eps):
    return torch.nn.functional.layer_norm(x, x.shape[-1:], alpha, bias, eps)


def lecture_positions(length, d):
    """The code doubles the even column's number, and the odd column's too."""
    rows = torch.zeros(length, d)
    for pos in range(length):
        for i in range(0, d, 2):
            rows[pos, i] = math.sin(pos / 10000 ** (2 * i / d))
            rows[pos, i + 1] = math.cos(pos / 10000 ** (2 * (i + 1) / d))
    return rows


def paper_positions(length, d):
    rows = torch.zeros(length, d)
    for pos in range(length):
        for i in range(0, d, 2):
            rows[pos, i] = math.sin(pos / 10000 ** (i / d))
            rows[pos, i + 1] = math.cos(pos / 10000 ** (i / d))
    return rows


class Transformer:
    """logits(source, target): (len(target), target_vocab)."""

    def __init__(self, config, state):
        self.c, self.state = config, {k: v.float() for k, v in state.items()}
        self.lecture = config.get("form", "lecture") == "lecture"
        self.norm_function = lecture_norm if self.lecture else paper_norm
        self.eps = config.get("norm_eps", 1e-6 if self.lecture else 1e-5)

    def linear(self, name, x):
        return torch.nn.functional.linear(x, self.state[name + ".weight"], self.state.get(name + ".bias"))

    def norm(self, name, x):
        return self.norm_function(x, self.state[name + ".alpha"], self.state[name + ".bias"], self.eps)

    def attention(self, name, x, memory, causal):
        heads, d = self.c["heads"], self.c["d_model"] // self.c["heads"]
        q, k, v = (self.linear(f"{name}.{part}_linear", y).view(-1, heads, d).transpose(0, 1)
                   for part, y in (("q", x), ("k", memory), ("v", memory)))
        scores = q @ k.transpose(1, 2) / math.sqrt(d)
        if causal:
            seen = torch.ones(len(x), len(x)).tril().bool()
            scores = scores.masked_fill(~seen, -1e9)
        return self.linear(name + ".out", (scores.softmax(-1) @ v).transpose(0, 1).reshape(len(x), -1))

    def part(self, norm, function, x):
        if self.lecture:
            return x + function(self.norm(norm, x))
        return self.norm(norm, x + function(x))

    def feed_forward(self, name, x):
        return self.linear(name + ".linear_2", self.linear(name + ".linear_1", x).relu())

    def embed(self, side, ids):
        name = side + ".embed.embed.weight"
        table = self.state[name if name in self.state else "decoder.embed.embed.weight"]
        x = table[torch.tensor(ids)] * math.sqrt(self.c["d_model"])
        saved = self.state.get(side + ".pe.pe")
        if saved is not None:
            return x + saved.reshape(-1, self.c["d_model"])[: len(ids)]
        positions = lecture_positions if self.lecture else paper_positions
        return x + positions(len(ids), self.c["d_model"])

    @torch.no_grad()
    def logits(self, source, target):
        return self.forward(source, target)

    def forward(self, source, target):
        x = self.embed("encoder", source)
        for i in range(self.c["layers"]):
            layer = f"encoder.layers.{i}."
            x = self.part(layer + "norm_1", lambda y: self.attention(layer + "attn", y, y, False), x)
            x = self.part(layer + "norm_2", lambda y: self.feed_forward(layer + "ff", y), x)
        memory = self.norm("encoder.norm", x) if self.lecture else x
        x = self.embed("decoder", target)
        for i in range(self.c["layers"]):
            layer = f"decoder.layers.{i}."
            x = self.part(layer + "norm_1", lambda y: self.attention(layer + "attn_1", y, y, True), x)
            x = self.part(layer + "norm_2", lambda y: self.attention(layer + "attn_2", y, memory, False), x)
            x = self.part(layer + "norm_3", lambda y: self.feed_forward(layer + "ff", y), x)
        if self.lecture:
            x = self.norm("decoder.norm", x)
        if "out.weight" in self.state:
            return self.linear("out", x)
        return torch.nn.functional.linear(x, self.state["decoder.embed.embed.weight"], self.state.get("out.bias"))


def shapes(config):
    """Every parameter of a config and its shape."""
    d, ff = config["d_model"], config["d_ff"]
    lecture = config.get("form", "lecture") == "lecture"
    out = {"decoder.embed.embed.weight": (config["target_vocab"], d)}
    if lecture or not config.get("shared_embedding", True):
        out["encoder.embed.embed.weight"] = (config["source_vocab"], d)

    def linear(name, rows, columns):
        out.update({name + ".weight": (rows, columns), name + ".bias": (rows,)})

    def norm(name):
        out.update({name + ".alpha": (d,), name + ".bias": (d,)})

    for side, parts in (("encoder", ("attn",)), ("decoder", ("attn_1", "attn_2"))):
        for i in range(config["layers"]):
            layer = f"{side}.layers.{i}."
            for n in range(len(parts) + 1):
                norm(f"{layer}norm_{n + 1}")
            for part in parts:
                for map_ in ("q_linear", "k_linear", "v_linear", "out"):
                    linear(f"{layer}{part}.{map_}", d, d)
            linear(layer + "ff.linear_1", ff, d)
            linear(layer + "ff.linear_2", d, ff)
        if lecture:
            norm(side + ".norm")
    if lecture or not config.get("tied", True):
        out["out.weight"] = (config["target_vocab"], d)
    if lecture or config.get("head_bias", False):
        out["out.bias"] = (config["target_vocab"],)
    return out


def check(repository):
    sys.path.insert(0, str(repository))
    import Models

    torch.manual_seed(1)
    config = {"d_model": 24, "d_ff": 2048, "layers": 2, "heads": 3, "source_vocab": 17, "target_vocab": 19}
    original = Models.Transformer(17, 19, 24, 2, 3, 0.0).eval()
    state = {k: v + 0.1 * torch.randn_like(v) if k.split(".")[-1] in ("alpha", "bias") else v
             for k, v in original.state_dict().items()}
    original.load_state_dict(state)
    source, target = [3, 5, 7, 11, 2], [1, 9, 4, 16]
    mask = torch.ones(1, 4, 4).tril().bool()
    with torch.no_grad():
        theirs = original(torch.tensor([source]), torch.tensor([target]), torch.ones(1, 1, 5).bool(), mask)[0]
    computed = {k: v for k, v in state.items() if not k.endswith("pe.pe")}
    for ours in (Transformer(config, state), Transformer(config, computed)):
        gap = (ours.logits(source, target) - theirs).abs().max().item() / theirs.abs().max().item()
        print(f"{gap:.1e} of the range")
        if not gap < 1e-5:
            raise SystemExit("the reference differs from the original")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--check", type=pathlib.Path, required=True, metavar="REPOSITORY")
    check(p.parse_args().check)


if __name__ == "__main__":
    main()
