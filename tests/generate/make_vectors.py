#!/usr/bin/env python3
"""Writes vectors.json: what the samplers must choose, worked out here step by step over whole sorted lists, in the order that
llama.cpp documents for its options and in the float32 order of llama2.c's run.c. Needs numpy.

    make_vectors.py > vectors.json
"""
import json
import math

import numpy as np

MASK = (1 << 64) - 1


class Xorshift:
    def __init__(self, state):
        self.state = state

    def next(self):
        s = self.state
        s ^= s >> 12
        s ^= (s << 25) & MASK
        s ^= s >> 27
        self.state = s
        return s * 0x2545F4914F6CDD1D & MASK


def split_mix(seed):
    z = (seed + 0x9E3779B97F4A7C15) & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31 or 1


def logits(seed, vocab, scale):
    """Multiples of 2^-24 · scale in [-scale/2, scale/2), exact in float32 for scale a power of two."""
    out = np.empty(vocab, np.float32)
    for i in range(vocab):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = np.float32(((seed >> 8) / 2.0**24 - 0.5) * scale)
    return out


def penalise(row, recent, o):
    row = row.copy()
    for t in set(recent):
        x = row[t]
        x = x * np.float32(o["repeat_penalty"]) if x <= 0 else x / np.float32(o["repeat_penalty"])
        row[t] = x - np.float32(recent.count(t)) * np.float32(o["frequency_penalty"]) - np.float32(o["presence_penalty"])
    return row


def standard(row, history, o, random):
    last = o["repeat_last_n"]
    recent = history if last == -1 else history[-last:] if last else []
    row = penalise(row, recent, o)
    order = sorted(range(len(row)), key=lambda i: (-row[i], i))
    if o["temperature"] == 0:
        return order[0]
    if o["top_k"]:
        order = order[: o["top_k"]]
    p = softmax([float(row[i]) for i in order], 1.0)
    if o["top_p"] < 1:
        mass, keep = 0.0, 0
        while keep < len(order) and (keep == 0 or mass < float(np.float32(o["top_p"]))):
            mass += p[keep]
            keep += 1
        order, p = order[:keep], p[:keep]
    keep = [i for i, q in zip(order, p) if q >= float(np.float32(o["min_p"])) * p[0]]
    p = softmax([float(row[i]) for i in keep], float(np.float32(o["temperature"])))
    coin, mass = (random.next() >> 11) / 2.0**53, 0.0
    for i, q in zip(keep, p):
        mass += q
        if coin < mass:
            return i
    return keep[-1]


def softmax(values, temperature):
    e = [math.exp((v - max(values)) / temperature) for v in values]
    return [v / sum(e) for v in e]


def llama2c(row, o, random):
    f = np.float32
    if o["temperature"] == 0:
        return int(np.argmax(row))
    x = row / f(o["temperature"])
    e = np.exp(x - x.max())
    total = f(0)
    for v in e:
        total = f(total + v)
    p = e / total
    coin = f((random.next() >> 32 >> 8) / 16777216.0)
    top = f(o["top_p"])
    if top <= 0 or top >= 1:
        mass = f(0)
        for i, q in enumerate(p):
            mass = f(mass + q)
            if coin < mass:
                return i
        return len(p) - 1
    cutoff = f(f(1) - top) / f(len(p) - 1)
    order = sorted((i for i in range(len(p)) if p[i] >= cutoff), key=lambda i: -p[i])
    mass, last = f(0), len(order) - 1
    for n, i in enumerate(order):
        mass = f(mass + p[i])
        if mass > top:
            last = n
            break
    target, below = f(coin * mass), f(0)
    for i in order[: last + 1]:
        below = f(below + p[i])
        if target < below:
            return i
    return order[last]


BASE = dict(sampler="standard", temperature=0.8, top_k=40, top_p=0.95, min_p=0.05, repeat_penalty=1.0, repeat_last_n=64,
            presence_penalty=0.0, frequency_penalty=0.0, seed=1)
RUN_C = dict(BASE, sampler="llama2c", temperature=1.0, top_k=0, top_p=0.9, min_p=0.0, repeat_last_n=0)

CASES = [
    dict(BASE),
    dict(BASE, seed=0),
    dict(BASE, seed=2**64 - 1, temperature=1.5),
    dict(BASE, temperature=0.0),
    dict(BASE, temperature=0.0, repeat_penalty=1.3, repeat_last_n=5),
    dict(BASE, temperature=0.0, presence_penalty=2.0, repeat_last_n=-1),
    dict(BASE, temperature=0.0, frequency_penalty=0.5, repeat_last_n=-1),
    dict(BASE, top_k=0, top_p=1.0, min_p=0.0, temperature=1.0, seed=5),
    dict(BASE, top_k=0, min_p=0.0, top_p=0.7, seed=6),
    dict(BASE, top_k=0, top_p=0.9, min_p=0.2, seed=7),
    dict(BASE, top_k=3, top_p=1.0, min_p=0.0, temperature=2.0, seed=8),
    dict(BASE, top_k=1, seed=9),
    dict(BASE, top_k=100000, seed=10),
    dict(BASE, top_p=0.0, seed=11),
    dict(BASE, repeat_penalty=0.7, frequency_penalty=-0.3, presence_penalty=0.4, repeat_last_n=12, temperature=1.2, seed=12),
    dict(RUN_C),
    dict(RUN_C, seed=123456789, temperature=0.8),
    dict(RUN_C, seed=2**63 + 5, top_p=1.0),
    dict(RUN_C, seed=77, top_p=0.0),
    dict(RUN_C, seed=78, top_p=0.5, temperature=2.5),
    dict(RUN_C, seed=79, temperature=0.0),
]


def run(case, vocab, scale, count):
    random = Xorshift(case["seed"] if case["sampler"] == "llama2c" else split_mix(case["seed"]))
    history = [i % vocab for i in (3, 1, 4, 1, 5)]
    chosen = []
    for step in range(count):
        row = logits(1000 * vocab + step % 4, vocab, scale)
        chosen.append(llama2c(row, case, random) if case["sampler"] == "llama2c" else standard(row, history, case, random))
        history.append(chosen[-1])
    return dict(options=case, vocab=vocab, scale=scale, ids=chosen)


if __name__ == "__main__":
    results = [run(case, vocab, scale, 24) for case in CASES for vocab, scale in ((512, 16.0), (37, 4.0))]
    print("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in results) + "\n]")
