"""ChatGLM-6B, ChatGLM2 and ChatGLM3 in float32, for what `transformers` has no code of its own.

Written from the papers (GLM, arXiv:2103.10360; ChatGLM, arXiv:2406.12793) and the facts of the authors' modeling_chatglm.py, with which
it agrees to 1e-6 of the logits' range. Tensors have the names and shapes of the checkpoints.
"""
import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional as F


class RMSNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotate_neighbours(x, positions, base):
    """(T, heads, dims): pairs (2j, 2j + 1) of the first half of the dims turn by position * base^(-2j / (dims / 2))."""
    dims = x.shape[-1] // 2
    angles = torch.outer(positions.float(), 1.0 / base ** (torch.arange(0, dims, 2).float() / dims))[:, None, :]
    even, odd = x[..., 0:dims:2], x[..., 1:dims:2]
    turned = torch.stack([even * angles.cos() - odd * angles.sin(), odd * angles.cos() + even * angles.sin()], -1)
    return torch.cat([turned.flatten(-2), x[..., dims:]], -1)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.groups, self.dims = c["num_attention_heads"], c["multi_query_group_num"], c["kv_channels"]
        self.base = 10000.0 * c.get("rope_ratio", 1)
        wide = (self.heads + 2 * self.groups) * self.dims
        self.query_key_value = nn.Linear(c["hidden_size"], wide, bias=c["add_qkv_bias"])
        self.dense = nn.Linear(self.heads * self.dims, c["hidden_size"], bias=False)

    def forward(self, x):
        count = x.shape[0]
        wide = [self.heads * self.dims, self.groups * self.dims, self.groups * self.dims]
        q, k, v = (part.view(count, -1, self.dims) for part in self.query_key_value(x).split(wide, -1))
        q, k = (rotate_neighbours(part, torch.arange(count), self.base) for part in (q, k))
        k, v = (part.repeat_interleave(self.heads // self.groups, 1) for part in (k, v))
        scores = torch.einsum("thd,shd->hts", q, k) / math.sqrt(self.dims)
        scores = scores.masked_fill(torch.ones(count, count).triu(1).bool(), -math.inf)
        return self.dense(torch.einsum("hts,shd->thd", scores.softmax(-1), v).flatten(1))


class SwiGLU(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dense_h_to_4h = nn.Linear(c["hidden_size"], 2 * c["ffn_hidden_size"], bias=False)
        self.dense_4h_to_h = nn.Linear(c["ffn_hidden_size"], c["hidden_size"], bias=False)

    def forward(self, x):
        gate, up = self.dense_h_to_4h(x).chunk(2, -1)
        return self.dense_4h_to_h(F.silu(gate) * up)


def norm_of(c):
    kind = RMSNorm if c.get("rmsnorm", True) else nn.LayerNorm
    return kind(c["hidden_size"], eps=c["layernorm_epsilon"])


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = norm_of(c), norm_of(c)
        self.self_attention, self.mlp = Attention(c), SwiGLU(c)

    def forward(self, x):
        x = x + self.self_attention(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x))


class ChatGLM(nn.Module):
    """Logits (T, vocab) of ids (T); modules stand in each other as the checkpoint's names say."""

    def __init__(self, c):
        super().__init__()
        t = self.transformer = nn.Module()
        t.embedding, t.encoder = nn.Module(), nn.Module()
        t.embedding.word_embeddings = nn.Embedding(c["padded_vocab_size"], c["hidden_size"])
        t.encoder.layers = nn.ModuleList(Block(c) for _ in range(c["num_layers"]))
        t.encoder.final_layernorm = norm_of(c)
        t.output_layer = nn.Linear(c["hidden_size"], c["padded_vocab_size"], bias=False)

    def forward(self, ids):
        x = self.transformer.embedding.word_embeddings(ids)
        for block in self.transformer.encoder.layers:
            x = block(x)
        return self.transformer.output_layer(self.transformer.encoder.final_layernorm(x))


def places(ids, c):
    """Length of the prefix, and the two positions (T) of every token."""
    end = ids.index(c["bos_token_id"])
    blank = ids.index(c["gmask_token_id"] if c["gmask_token_id"] in ids else c["mask_token_id"])
    rest = len(ids) - end
    return end, torch.tensor([*range(end)] + [blank] * rest), torch.tensor([0] * end + [*range(1, rest + 1)])


def rotate_halves(x, positions):
    """(T, heads, dims): pairs (j, j + dims / 2) turn by position * 10000^(-2j / dims), rounded to float16 as the checkpoints' code does."""
    dims = x.shape[-1]
    frequencies = (1.0 / 10000 ** (torch.arange(0, dims, 2).float() / dims)).half().float()
    angles = torch.outer(positions.float(), frequencies)[:, None, :]
    a, b = x.chunk(2, -1)
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)


class PrefixAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.dims = c["num_attention_heads"], c["hidden_size"] // c["num_attention_heads"]
        self.query_key_value = nn.Linear(c["hidden_size"], 3 * c["hidden_size"])
        self.dense = nn.Linear(c["hidden_size"], c["hidden_size"])

    def forward(self, x, end, first, second):
        count = x.shape[0]
        q, k, v = self.query_key_value(x).view(count, self.heads, 3 * self.dims).chunk(3, -1)
        q, k = (torch.cat([rotate_halves(half, at) for half, at in zip(part.chunk(2, -1), (first, second))], -1)
                for part in (q, k))
        hidden = torch.ones(count, count).triu(1).bool()
        hidden[:, :end] = False
        scores = torch.einsum("thd,shd->hts", q, k) / math.sqrt(self.dims)
        scores = scores.masked_fill(hidden, -math.inf)
        return self.dense(torch.einsum("hts,shd->thd", scores.softmax(-1), v).flatten(1))


class GeluLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dense_h_to_4h = nn.Linear(c["hidden_size"], c["inner_hidden_size"])
        self.dense_4h_to_h = nn.Linear(c["inner_hidden_size"], c["hidden_size"])

    def forward(self, x):
        return self.dense_4h_to_h(F.gelu(self.dense_h_to_4h(x), approximate="tanh"))


class DeepBlock(nn.Module):
    """The normed stream is carried on, times the root of twice the layers."""

    def __init__(self, c):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(c["hidden_size"], eps=c["layernorm_epsilon"])
        self.post_attention_layernorm = nn.LayerNorm(c["hidden_size"], eps=c["layernorm_epsilon"])
        self.attention, self.mlp, self.scale = PrefixAttention(c), GeluLayer(c), math.sqrt(2 * c["num_layers"])

    def forward(self, x, *where):
        x = self.input_layernorm(x)
        x = self.post_attention_layernorm(self.scale * x + self.attention(x, *where))
        return self.scale * x + self.mlp(x)


class FirstChatGLM(nn.Module):
    """ChatGLM-6B: logits (T, vocab) of ids (T) that hold a blank and the token that begins the answer."""

    def __init__(self, c):
        super().__init__()
        self.c, t = c, nn.Module()
        self.transformer = t
        t.word_embeddings = nn.Embedding(c["vocab_size"], c["hidden_size"])
        t.layers = nn.ModuleList(DeepBlock(c) for _ in range(c["num_layers"]))
        t.final_layernorm = nn.LayerNorm(c["hidden_size"], eps=c["layernorm_epsilon"])
        self.lm_head = nn.Linear(c["hidden_size"], c["vocab_size"], bias=False)

    def forward(self, ids):
        where = places(ids.tolist(), self.c)
        x = self.transformer.word_embeddings(ids)
        for block in self.transformer.layers:
            x = block(x, *where)
        return self.lm_head(self.transformer.final_layernorm(x))


def model_of(folder):
    """An untrained model of the folder's config.json."""
    c = json.loads((pathlib.Path(folder) / "config.json").read_text())
    return FirstChatGLM(c) if "inner_hidden_size" in c else ChatGLM(c)


def load(folder):
    """The folder's model in float32; a tensor missing or too many is an error."""
    from safetensors.torch import load_file

    model = model_of(folder)
    tensors = {}
    for path in sorted(pathlib.Path(folder).glob("*.safetensors")):
        tensors.update({name: tensor.float() for name, tensor in load_file(path).items()})
    model.load_state_dict(tensors)
    return model.eval()


class Output:
    """What a transformers model returns, as far as the parity tests look."""

    def __init__(self, logits, ids):
        self.logits, self.past_key_values = logits, ids


def runner(folder):
    """The folder's model as a callable with the interface of transformers. Its cache is the ids so far: every call is a full pass."""
    model = load(folder)

    def run(ids, past_key_values=(), use_cache=False):
        seen = [*past_key_values, *ids[0].tolist()]
        return Output(model(torch.tensor(seen))[None, -ids.shape[1]:], seen)

    return run
