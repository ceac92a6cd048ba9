"""llama2.c's model (github.com/karpathy/llama2.c, run.c) in float32, and its v2 file: the oracle of the llama2c_* fixtures.

Interleaved rotary pairs, theta 10000, RMSNorm eps 1e-5, SwiGLU, shared key and value heads.
"""
import struct

import torch
import torch.nn.functional as F


def quantized(weight, group):
    """int8 values and float32 scales of groups that run on over all values, as export.py rounds them."""
    groups = weight.reshape(-1, group)
    scales = groups.abs().amax(dim=1) / 127
    return torch.round(groups / scales[:, None]).to(torch.int8), scales


def write_v2(path, shape, norms, matrices, group, shared):
    """Norms as float32, then each of `matrices` as int8 and scales; returns what a reader must make of them, value times scale."""
    with open(path, "wb") as out:
        out.write(struct.pack("<Ii7iBi", 0x616B3432, 2, *shape, shared, group).ljust(256, b"\0"))
        for norm in norms:
            out.write(norm.numpy().tobytes())
        read = []
        for weight in matrices:
            values, scales = quantized(weight, group)
            out.write(values.numpy().tobytes() + scales.numpy().tobytes())
            read.append((values.float() * scales[:, None]).reshape(weight.shape))
    return read


def rms(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * weight


def rotated(x):
    """(T, heads, d): dims 2j and 2j+1 turn together."""
    length, _, width = x.shape
    angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(0, width, 2) / width)
    turn = torch.polar(torch.ones_like(angle), angle)[:, None]
    return torch.view_as_real(torch.view_as_complex(x.reshape(length, -1, width // 2, 2)) * turn).flatten(2)


@torch.no_grad()
def logits(layers, embedding, norm, head, heads, kv_heads, ids):
    """float32 (T, vocab). Each of `layers`: (attention norm, ffn norm, wq, wk, wv, wo, w1, w2, w3)."""
    x, length = embedding[ids], len(ids)
    mask = ~torch.ones(length, length, dtype=torch.bool).tril()
    for attention_norm, ffn_norm, wq, wk, wv, wo, w1, w2, w3 in layers:
        y = rms(x, attention_norm)
        q, k, v = ((y @ w.T).view(length, n, -1) for w, n in ((wq, heads), (wk, kv_heads), (wv, kv_heads)))
        q, k = rotated(q), rotated(k)
        k, v = (t.repeat_interleave(heads // kv_heads, dim=1) for t in (k, v))
        scores = torch.einsum("thd,shd->hts", q, k) / q.shape[-1] ** 0.5
        mixed = torch.einsum("hts,shd->thd", scores.masked_fill(mask, float("-inf")).softmax(-1), v)
        x = x + mixed.flatten(1) @ wo.T
        y = rms(x, ffn_norm)
        x = x + (F.silu(y @ w1.T) * (y @ w3.T)) @ w2.T
    return (rms(x, norm) @ head.T).numpy()
