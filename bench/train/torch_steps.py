"""Whole training steps of the models of models.hpp by PyTorch, timed by the protocol of steps.cpp.

    torch_steps.py WORK THREADS [compile]
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional

# (layers, heads, kv_heads, width, hidden, vocab, context, sequences, length); kv_heads 0: GPT-2's block, else Llama's
WORKS = {
    "gpt2_4x64": (12, 12, 0, 768, 3072, 50257, 1024, 4, 64),
    "gpt2_1x1024": (12, 12, 0, 768, 3072, 50257, 1024, 1, 1024),
    "char_12x64": (4, 4, 0, 128, 512, 65, 64, 12, 64),
    "stories_16x256": (5, 8, 4, 64, 172, 512, 256, 16, 256),
    "sort_64x11": (3, 3, 0, 48, 192, 3, 11, 64, 11),
}


class GptBlock(nn.Module):
    def __init__(self, heads, width, hidden):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x, rotary):
        batch, length, width = x.shape
        q, k, v = (t.view(batch, length, self.heads, -1).transpose(1, 2) for t in self.qkv(self.ln_1(x)).split(width, dim=2))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.narrow(functional.gelu(self.wide(self.ln_2(x)), approximate="tanh"))


def rotate(x, rotary):
    a, b = x.chunk(2, dim=-1)
    return x * rotary[0] + torch.cat((-b, a), dim=-1) * rotary[1]


class LlamaBlock(nn.Module):
    def __init__(self, heads, kv_heads, width, hidden):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = heads, kv_heads, width // heads
        self.attention_norm, self.ffn_norm = nn.RMSNorm(width, eps=1e-5), nn.RMSNorm(width, eps=1e-5)
        self.query, self.output = (nn.Linear(width, width, bias=False) for _ in range(2))
        self.key, self.val = (nn.Linear(width, kv_heads * self.head_dim, bias=False) for _ in range(2))
        self.gate, self.wide = (nn.Linear(width, hidden, bias=False) for _ in range(2))
        self.narrow = nn.Linear(hidden, width, bias=False)

    def forward(self, x, rotary):
        batch, length, width = x.shape
        h = self.attention_norm(x)
        heads = lambda t, n: t.view(batch, length, n, self.head_dim).transpose(1, 2)
        q, k = rotate(heads(self.query(h), self.heads), rotary), rotate(heads(self.key(h), self.kv_heads), rotary)
        mixed = functional.scaled_dot_product_attention(q, k, heads(self.val(h), self.kv_heads), is_causal=True,
                                                        enable_gqa=self.heads != self.kv_heads)
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, length, width))
        f = self.ffn_norm(x)
        return x + self.narrow(functional.silu(self.gate(f)) * self.wide(f))


class Model(nn.Module):
    def __init__(self, layers, heads, kv_heads, width, hidden, vocab, context):
        super().__init__()
        self.tokens = nn.Embedding(vocab, width)
        self.places = None if kv_heads else nn.Embedding(context, width)
        make = (lambda: LlamaBlock(heads, kv_heads, width, hidden)) if kv_heads else (lambda: GptBlock(heads, width, hidden))
        self.blocks = nn.ModuleList(make() for _ in range(layers))
        self.norm = nn.RMSNorm(width, eps=1e-5) if kv_heads else nn.LayerNorm(width)
        self.head = nn.Linear(width, vocab, bias=False)
        self.head.weight = self.tokens.weight
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, 0.0, 0.02)
        half = width // heads // 2
        angles = torch.outer(torch.arange(context).float(), 10000.0 ** (-torch.arange(half).float() / half)).repeat(1, 2)
        self.register_buffer("rotary", torch.stack((angles.cos(), angles.sin())))

    def forward(self, ids, targets):
        x = self.tokens(ids)
        if self.places is not None:
            x = x + self.places(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x, self.rotary[:, :ids.shape[1]])
        logits = self.head(self.norm(x))
        return functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


class Norm(nn.Module):
    """The lecture's: the deviation divides by one value less, and eps is outside of the root."""

    def __init__(self, width):
        super().__init__()
        self.alpha, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return self.alpha * (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-6) + self.bias


class Attention(nn.Module):
    def __init__(self, heads, width):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.val, self.output = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, source, mask):
        split = lambda t: t.view(t.shape[0], t.shape[1], self.heads, -1).transpose(1, 2)
        mixed = functional.scaled_dot_product_attention(split(self.query(x)), split(self.key(source)), split(self.val(source)), mask)
        return self.output(mixed.transpose(1, 2).reshape(x.shape))


class LectureBlock(nn.Module):
    def __init__(self, heads, width, hidden, crosses):
        super().__init__()
        self.norms = nn.ModuleList(Norm(width) for _ in range(3 if crosses else 2))
        self.own, self.cross = Attention(heads, width), Attention(heads, width) if crosses else None
        self.wide, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x, mask, encoded=None, source_mask=None):
        h = self.norms[0](x)
        x = x + self.own(h, h, mask)
        if self.cross is not None:
            x = x + self.cross(self.norms[1](x), encoded, source_mask)
        return x + self.narrow(functional.relu(self.wide(self.norms[-1](x))))


class Speller(nn.Module):
    """The lecture's encoder-decoder; sequences shorter than the longest are padded, as its code does."""

    def __init__(self, layers=4, heads=4, width=128, hidden=512, vocab=72, source_vocab=30, context=64):
        super().__init__()
        self.width = width
        self.letters, self.phonemes = nn.Embedding(source_vocab, width), nn.Embedding(vocab, width)
        self.encoder = nn.ModuleList(LectureBlock(heads, width, hidden, False) for _ in range(layers))
        self.decoder = nn.ModuleList(LectureBlock(heads, width, hidden, True) for _ in range(layers))
        self.norms = nn.ModuleList(Norm(width) for _ in range(2))
        self.head = nn.Linear(width, vocab)
        angles = torch.arange(context)[:, None] * 10000.0 ** (-2 * torch.arange(width) / width)
        self.register_buffer("places", torch.where(torch.arange(width) % 2 == 0, angles.sin(), angles.cos()))

    def embed(self, table, ids):
        return table(ids) * self.width**0.5 + self.places[: ids.shape[1]]

    def forward(self, source, ids, targets, real):
        seen = real[:, None, None, :]
        x = self.embed(self.letters, source)
        for block in self.encoder:
            x = block(x, seen)
        encoded, y = self.norms[0](x), self.embed(self.phonemes, ids)
        causal = seen & torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril()
        for block in self.decoder:
            y = block(y, causal, encoded, seen)
        logits = self.head(self.norms[1](y))
        return functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1), ignore_index=-1)


def speller_batch(sequences=32, shortest=5, longest=12):
    lengths = torch.tensor([shortest + s % (longest - shortest + 1) for s in range(sequences)])
    real = torch.arange(longest)[None] < lengths[:, None]
    source, ids = torch.randint(0, 30, (sequences, longest)), torch.randint(0, 72, (sequences, longest))
    return source, ids, torch.where(real, torch.randint(0, 72, (sequences, longest)), -1), real


def main():
    torch.set_num_threads(int(sys.argv[2]))
    torch.manual_seed(1337)
    if sys.argv[1] == "g2p_32":
        model, batch = Speller(), speller_batch()
    else:
        *extents, sequences, length = WORKS[sys.argv[1]]
        model, batch = Model(*extents), torch.randint(0, extents[5], (2, sequences, length))
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95), fused=True)  # faster on CPUs than the default
    run = torch.compile(model) if "compile" in sys.argv[3:] else model
    print(sum(p.numel() for p in model.parameters()), flush=True)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            loss = run(*batch)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            value = loss.item()
            seconds.append(time.perf_counter() - start)
        print(*(f"{s:.9f}" for s in seconds), f"{value:.6f}", flush=True)


main()
