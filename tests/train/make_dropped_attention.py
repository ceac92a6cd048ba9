#!/usr/bin/env python3
"""What torch makes of attention whose probabilities are dropped by our coins: make_dropped_attention.py writes
dropped_attention.json, loss and gradients of `dropping::looking_once` over two sequences of 70 and 9 tokens.

Coins are those of kernels/coins.hpp, told again in Python; a parameter's value i is 0.3·sin(0.37·i + its number).
"""
import json
import pathlib

import numpy
import torch

MASK = (1 << 64) - 1
VOCAB, WIDTH, HEADS, KV_HEADS, HEAD_DIM = 11, 20, 4, 2, 4
P, SEED, PASS, SITE = 0.3, 42, 3, 0
LENGTHS = [70, 9]


def mix_seed(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return (x ^ (x >> 31)) or 1


def dropped(coins, row, column):
    of_row = (coins + ((1 << 24) + SITE) * 0x9E3779B97F4A7C15 + row * 0x2545F4914F6CDD1D) & MASK
    return (mix_seed((of_row + column) & MASK) >> 32) < int(float(numpy.float32(P)) * 4294967296.0)


def parameter(number, *shape):
    count = numpy.prod(shape)
    values = (0.3 * numpy.sin(0.37 * numpy.arange(count) + number)).astype(numpy.float32).astype(numpy.float64)
    return torch.tensor(values.reshape(shape), requires_grad=True)


def main():
    table, query, key, value, back, head = (parameter(i, *shape) for i, shape in enumerate(
        [(VOCAB, WIDTH), (HEADS * HEAD_DIM, WIDTH), (KV_HEADS * HEAD_DIM, WIDTH), (KV_HEADS * HEAD_DIM, WIDTH),
         (WIDTH, HEADS * HEAD_DIM), (VOCAB, WIDTH)]))
    coins = mix_seed((SEED + PASS) & MASK)
    first, losses = 0, []
    for length in LENGTHS:
        rows = torch.arange(first, first + length)
        x = table[rows * 5 % VOCAB]
        q = (x @ query.T).view(length, HEADS, HEAD_DIM)
        k, v = ((x @ w.T).view(length, KV_HEADS, HEAD_DIM).repeat_interleave(HEADS // KV_HEADS, dim=1)
                for w in (key, value))
        scores = torch.einsum("qhd,khd->hqk", q, k) / HEAD_DIM**0.5
        scores = scores.masked_fill(torch.triu(torch.ones(length, length, dtype=torch.bool), 1), float("-inf"))
        kept = torch.tensor([[[0.0 if dropped(coins, (first + i) * HEADS + h, j) else 1 / (1 - float(numpy.float32(P)))
                               for j in range(length)] for i in range(length)] for h in range(HEADS)],
                            dtype=torch.float64)
        mixed = torch.einsum("hqk,khd->qhd", scores.softmax(-1) * kept, v).flatten(1)
        logits = (x + mixed @ back.T) @ head.T
        losses.append(torch.nn.functional.cross_entropy(logits, rows * 7 % VOCAB, reduction="none"))
        first += length
    loss = torch.cat(losses).mean()
    loss.backward()
    out = {"loss": loss.item(), "gradients": [[float(f"{x:.7g}") for x in p.grad.flatten().tolist()]
                                              for p in (table, query, key, value, back, head)]}
    pathlib.Path(__file__).with_name("dropped_attention.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
