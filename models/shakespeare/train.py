#!/usr/bin/env python3
"""Train the character-level Llama that ships with constformer.

    python3 train.py tinyshakespeare.txt            (the text is not part of this repository)

Writes a Hugging Face folder beside this script: config.json, model.safetensors (bf16), chars.json, golden.json.
Everything is seeded and runs on the CPU. Same PyTorch, same thread count, same machine: same weights.
"""
import argparse
import json
import math
import pathlib
import time

import torch
import torch.nn.functional as F
from torch import nn

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 65,  # checked against the text
    "hidden_size": 128,
    "intermediate_size": 352,
    "num_hidden_layers": 5,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "hidden_act": "silu",
    "max_position_embeddings": 256,
    "initializer_range": 0.02,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "rope_scaling": None,
    "attention_bias": False,
    "attention_dropout": 0.0,
    "mlp_bias": False,
    "pretraining_tp": 1,
    "tie_word_embeddings": True,
    "use_cache": True,
    "bos_token_id": None,  # a text file has no marks at its ends: generation starts from the prompt alone
    "eos_token_id": None,
    "pad_token_id": None,
    "torch_dtype": "bfloat16",
}


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, x.shape[-1:], self.weight, CONFIG["rms_norm_eps"])


def rope_tables(length, head_dim, theta):
    frequency = theta ** (-torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)
    angle = torch.arange(length, dtype=torch.float32)[:, None] * frequency
    return angle.cos(), angle.sin()  # (T, head_dim/2)


def rotate(x, cos, sin):
    """Half-split rotation of x (B, heads, T, head_dim): dimension i turns with i + head_dim/2."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
        width = c["hidden_size"]
        self.q_proj = nn.Linear(width, self.heads * self.head_dim, bias=False)
        self.k_proj = nn.Linear(width, self.kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(width, self.kv_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.head_dim, width, bias=False)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        q = self.q_proj(x).view(batch, length, self.heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        group = self.heads // self.kv_heads
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(out.transpose(1, 2).reshape(batch, length, -1))


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = nn.Linear(c["hidden_size"], c["intermediate_size"], bias=False)
        self.up_proj = nn.Linear(c["hidden_size"], c["intermediate_size"], bias=False)
        self.down_proj = nn.Linear(c["intermediate_size"], c["hidden_size"], bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = RMSNorm(c["hidden_size"])
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RMSNorm(c["hidden_size"])
        self.mlp = MLP(c)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    """Its parameter names are those of a Hugging Face checkpoint without the leading `model.`."""

    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(Block(c) for _ in range(c["num_hidden_layers"]))
        self.norm = RMSNorm(c["hidden_size"])
        cos, sin = rope_tables(c["max_position_embeddings"], c["head_dim"], c["rope_theta"])
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                into_residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(p, std=0.04 / math.sqrt(2 * c["num_hidden_layers"]) if into_residual else 0.04)

    def forward(self, ids):
        x = self.embed_tokens(ids)
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x, cos, sin)
        return F.linear(self.norm(x), self.embed_tokens.weight)


def batch_of(data, count, length, generator):
    start = torch.randint(len(data) - length - 1, (count,), generator=generator)
    window = data[start[:, None] + torch.arange(length + 1)]
    return window[:, :-1], window[:, 1:]


@torch.no_grad()
def loss_over(model, data, length):
    """Mean loss in nats per character over consecutive windows of the whole text, each predicted from its own start."""
    windows = (len(data) - 1) // length
    x = data[: windows * length].view(windows, length)
    y = data[1 : windows * length + 1].view(windows, length)
    total = 0.0
    for i in range(0, windows, 16):
        logits = model(x[i : i + 16])
        total += F.cross_entropy(logits.flatten(0, 1), y[i : i + 16].flatten(), reduction="sum").item()
    return total / (windows * length)


def save(model, chars, folder):
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"model." + name: p.detach().to(torch.bfloat16).contiguous() for name, p in model.named_parameters()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (folder / "chars.json").write_text(json.dumps({"type": "char", "chars": chars}) + "\n")


def greedy(model, ids, count):
    """Greedy continuation of ids, with the top-two margin of the logits at every step."""
    ids, margins = list(ids), []
    with torch.no_grad():
        for _ in range(count):
            top = model(torch.tensor([ids])).logits[0, -1].topk(2)
            margins.append(round((top.values[0] - top.values[1]).item(), 6))
            ids.append(top.indices[0].item())
    return ids[-count:], margins


def golden(chars, folder, count=64):
    """Greedy ids by transformers in float32 on the saved weights, for that prompt which comes least near to a tie."""
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    best = None
    for prompt in ("ROMEO:\n", "JULIET:\n", "KING RICHARD III:\n", "First Citizen:\n", "DUKE VINCENTIO:\n", "To be"):
        start = [chars.index(c) for c in prompt]
        ids, margins = greedy(model, start, count)
        record = {"prompt": prompt, "prompt_ids": start, "greedy_ids": ids, "text": "".join(chars[i] for i in ids),
                  "margins": margins}
        if best is None or min(margins) > min(best["margins"]):
            best = record
    (folder / "golden.json").write_text(json.dumps(best) + "\n")
    return best["prompt"] + best["text"]


def sample(chars, folder, prompt="\n", count=400, temperature=0.8, seed=1):
    """Text drawn through transformers, to look at."""
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    generator, ids = torch.Generator().manual_seed(seed), [chars.index(c) for c in prompt]
    with torch.no_grad():
        for _ in range(count):
            window = ids[-CONFIG["max_position_embeddings"] :]
            p = torch.softmax(model(torch.tensor([window])).logits[0, -1] / temperature, dim=-1)
            ids.append(torch.multinomial(p, 1, generator=generator).item())
    return "".join(chars[i] for i in ids)


def main():
    here = pathlib.Path(__file__).resolve().parent
    p = argparse.ArgumentParser()
    p.add_argument("text", type=pathlib.Path)
    p.add_argument("-o", "--output", type=pathlib.Path, default=here)
    p.add_argument("--steps", type=int, default=5000)
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--lr", type=float, default=4e-3)
    p.add_argument("--decay", type=float, default=0.1)
    p.add_argument("--warmup", type=int, default=100)
    p.add_argument("--seed", type=int, default=1337)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--save-every", type=int, default=0, help="also save an intermediate checkpoint every so many steps")
    a = p.parse_args()

    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    generator = torch.Generator().manual_seed(a.seed)
    text = a.text.read_text(encoding="utf-8")
    chars = sorted(set(text))
    if len(chars) != CONFIG["vocab_size"]:
        raise SystemExit(f"{a.text}: {len(chars)} distinct characters, the config has {CONFIG['vocab_size']}")
    index = {c: i for i, c in enumerate(chars)}
    data = torch.tensor([index[c] for c in text])
    split = int(0.9 * len(data))
    train, held_out = data[:split], data[split:]
    length = CONFIG["max_position_embeddings"]

    model = Llama(CONFIG)
    print(f"parameters: {sum(p.numel() for p in model.parameters()):,}", flush=True)
    groups = [
        {"params": [p for p in model.parameters() if p.dim() == 2], "weight_decay": a.decay},
        {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=a.lr, betas=(0.9, 0.99))
    began, running = time.time(), None
    for step in range(a.steps):
        warm = min(1.0, (step + 1) / a.warmup)
        cosine = 0.5 * (1 + math.cos(math.pi * max(0, step - a.warmup) / max(1, a.steps - a.warmup)))
        for group in optimizer.param_groups:
            group["lr"] = a.lr * warm * (0.02 + 0.98 * cosine)
        x, y = batch_of(train, a.batch, length, generator)
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        if (step + 1) % 50 == 0:
            print(f"step {step + 1}/{a.steps}  loss {running:.4f}  {time.time() - began:.0f} s", flush=True)
        if a.save_every and (step + 1) % a.save_every == 0:
            save(model, chars, a.output / f"step-{step + 1}")
            print(f"held-out loss {loss_over(model, held_out, length):.4f}", flush=True)

    save(model, chars, a.output)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.to(torch.bfloat16).float())
    print(f"after rounding to bf16: train {loss_over(model, train[: len(held_out)], length):.4f}"
          f"  held out {loss_over(model, held_out, length):.4f}  {time.time() - began:.0f} s", flush=True)
    print(golden(chars, a.output))
    print(sample(chars, a.output))


if __name__ == "__main__":
    main()
