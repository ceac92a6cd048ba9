"""nanoGPT's model over a state_dict, in float32 (github.com/karpathy/nanoGPT, minGPT, makemore): the oracle of the nanogpt_* fixtures.

Pre-norm blocks, learned positions, linear layers stored (out, in), one matrix for query, key and value in that order, biases or none.
"""
import torch
import torch.nn.functional as F


def affine(state, name, x):
    return F.linear(x, state[name + ".weight"], state.get(name + ".bias"))


def norm(state, name, x):
    weight = state[name + ".weight"]
    return F.layer_norm(x, weight.shape, weight, state.get(name + ".bias"), 1e-5)


def attention(state, name, x, heads):
    length, width = x.shape
    q, k, v = (part.view(length, heads, width // heads).transpose(0, 1)
               for part in affine(state, name + ".c_attn", x).split(width, dim=-1))
    scores = q @ k.transpose(1, 2) / (width // heads) ** 0.5
    scores = scores.masked_fill(~torch.ones(length, length, dtype=torch.bool).tril(), float("-inf"))
    return affine(state, name + ".c_proj", (scores.softmax(-1) @ v).transpose(0, 1).reshape(length, width))


@torch.no_grad()
def logits(state, heads, gelu, ids):
    """float32 (T, vocab); `gelu` is "none" (erf, as nanoGPT) or "tanh" (as GPT-2, minGPT and makemore)."""
    return forward(state, heads, gelu, ids).numpy()


def forward(state, heads, gelu, ids):
    """The same as a tensor."""
    state = {name.removeprefix("_orig_mod."): tensor.float() for name, tensor in state.items()}
    layers = sum(name.endswith(".ln_1.weight") for name in state)
    x = state["transformer.wte.weight"][ids] + state["transformer.wpe.weight"][: len(ids)]
    for i in range(layers):
        at = f"transformer.h.{i}."
        x = x + attention(state, at + "attn", norm(state, at + "ln_1", x), heads)
        inner = F.gelu(affine(state, at + "mlp.c_fc", norm(state, at + "ln_2", x)), approximate=gelu)
        x = x + affine(state, at + "mlp.c_proj", inner)
    return norm(state, "transformer.ln_f", x) @ state["lm_head.weight"].T
