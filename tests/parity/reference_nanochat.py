"""nanochat's model (github.com/karpathy/nanochat, nanochat/gpt.py) in float32, in each of its eras: the oracle of the nanochat_* fixtures.

No norm has a weight; queries and keys are normed after they rotate, by negative angles; relu² in the feed-forward layer; logits are
capped. The eras differ in what ERAS lists and in which parameters there are.
"""
import torch
import torch.nn.functional as F

EPS = torch.finfo(torch.float32).eps

# cap of logits, base of rotary positions, gain of queries and of keys, upper end of the value gate, short window of T
# positions
ERAS = {
    "plain": dict(cap=15, base=10000, gain=1.0, gate=None, short=None),                                    # from 2025-10-13
    "lambdas": dict(cap=15, base=10000, gain=1.0, gate=None, short=lambda t: t // 2),                      # from 2026-01-11
    "values": dict(cap=15, base=10000, gain=1.0, gate=2, short=lambda t: t // 2),                          # from 2026-01-16
    "values20": dict(cap=20, base=10000, gain=1.0, gate=2, short=lambda t: t // 2),                        # from 2026-03-02
    "gated": dict(cap=15, base=100000, gain=1.15, gate=3, short=lambda t: -(-t // 3 // 128) * 128),        # from 2026-03-09
    "smeared": dict(cap=15, base=100000, gain=1.2, gate=3, short=lambda t: -(-t // 4 // 128) * 128),       # from 2026-03-14
}


def norm(x):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS)


def turned(x, base):
    """(T, heads, d) rotated by minus the position's angles, in halves."""
    half = x.shape[-1] // 2
    angle = torch.outer(torch.arange(len(x), dtype=torch.float32), 1.0 / base ** (torch.arange(half) / half))[:, None]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() + b * angle.sin(), b * angle.cos() - a * angle.sin()], dim=-1)


def seen(length, left):
    """(T, T): keys at most `left` positions back, so left + 1 with the query's own."""
    back = torch.arange(length)[:, None] - torch.arange(length)[None]
    return (back >= 0) & (back <= left)


def attention(state, at, x, heads, kv_heads, era, left, value):
    q, k, v = (F.linear(x, state[f"{at}c_{n}.weight"]).view(len(x), h, -1)
               for n, h in (("q", heads), ("k", kv_heads), ("v", kv_heads)))
    if value is not None:
        gate = state[at + "ve_gate.weight"]
        v = v + era["gate"] * torch.sigmoid(x[:, : gate.shape[1]] @ gate.T)[..., None] * value.view(v.shape)
    q, k = (norm(turned(t, era["base"])) * era["gain"] for t in (q, k))
    k, v = (t.repeat_interleave(heads // kv_heads, dim=1) for t in (k, v))
    scores = torch.einsum("thd,shd->hts", q, k) / q.shape[-1] ** 0.5
    mixed = torch.einsum("hts,shd->thd", scores.masked_fill(~seen(len(x), left), float("-inf")).softmax(-1), v)
    return F.linear(mixed.flatten(1), state[at + "c_proj.weight"])


@torch.no_grad()
def logits(state, model_config, era_name, ids, cap=None):
    """float32 (T, vocab), the padding of the vocabulary cropped."""
    return forward(state, model_config, era_name, ids, cap).numpy()


def forward(state, model_config, era_name, ids, cap=None):
    """The same as a tensor."""
    era, c = ERAS[era_name], model_config
    state = {name.removeprefix("_orig_mod."): tensor.float() for name, tensor in state.items()}
    layers, length = c["n_layer"], c["sequence_len"]
    pattern = c.get("window_pattern", "L").upper()
    x = norm(state["transformer.wte.weight"][ids])
    if "smear_lambda" in state:
        gate = state["smear_lambda"] * torch.sigmoid(x[1:, :24] @ state["smear_gate.weight"].T)
        x = torch.cat([x[:1], x[1:] + gate * x[:-1]])
    first, halfway = x, None
    for i in range(layers):
        if "resid_lambdas" in state:
            x = state["resid_lambdas"][i] * x + state["x0_lambdas"][i] * first
        table = state.get(f"value_embeds.{i}.weight")
        short = pattern[i % len(pattern)] == "S" and i != layers - 1
        left = era["short"](length) if short else length
        at = f"transformer.h.{i}."
        x = x + attention(state, at + "attn.", norm(x), c["n_head"], c["n_kv_head"], era, left,
                          None if table is None else table[ids])
        inner = F.linear(norm(x), state[at + "mlp.c_fc.weight"]).relu().square()
        x = x + F.linear(inner, state[at + "mlp.c_proj.weight"])
        if i == layers // 2:
            halfway = x
    if "backout_lambda" in state:
        x = x - state["backout_lambda"] * halfway
    cap = cap or era["cap"]
    out = F.linear(norm(x), state["lm_head.weight"])[:, : c["vocab_size"]]
    return cap * torch.tanh(out / cap)
