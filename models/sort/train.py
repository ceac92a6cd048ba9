#!/usr/bin/env python3
"""Train the letter-sorting GPT that ships with constformer: CBABBC becomes ABBBCC.

    python3 train.py

A nanoGPT (3 layers, 3 heads, 48 channels, 3 letters, 11 positions, tied head: 85,584 parameters) in the Hugging Face GPT-2
layout. It reads six letters and writes the same six in order: five are fed back, so 6 + 5 = 11 positions. Training ends when
greedy decoding is right on every one of the 3^6 = 729 inputs. Writes config.json, model.safetensors, chars.json and golden.json.
"""
import argparse
import itertools
import json
import math
import pathlib
import time

import torch
import torch.nn.functional as F
import transformers

LETTERS, LENGTH = "ABC", 6

CONFIG = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "vocab_size": len(LETTERS),
    "n_positions": 2 * LENGTH - 1,
    "n_embd": 48,
    "n_layer": 3,
    "n_head": 3,
    "n_inner": None,
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "reorder_and_upcast_attn": False,
    "attn_pdrop": 0.0,
    "embd_pdrop": 0.0,
    "resid_pdrop": 0.0,
    "initializer_range": 0.02,
    "tie_word_embeddings": True,
    "use_cache": True,
    "bos_token_id": None,  # six letters in, six letters out: nothing marks the ends
    "eos_token_id": None,
    "torch_dtype": "float32",
}


def every_input():
    """All prompts (729, 6) and their sorted twins."""
    x = torch.tensor(list(itertools.product(range(len(LETTERS)), repeat=LENGTH)))
    return x, x.sort(dim=1).values


@torch.no_grad()
def sort_greedily(model, prompts):
    ids = prompts
    for _ in range(LENGTH):
        following = model(ids).logits[:, -1].argmax(-1, keepdim=True)
        ids = torch.cat((ids, following), dim=1)
    return ids[:, LENGTH:]


@torch.no_grad()
def smallest_margin(model, prompts, answers):
    """Least gap over all 729 * 6 decisions between the right letter's logit and the next best."""
    logits = model(torch.cat((prompts, answers[:, :-1]), dim=1)).logits[:, LENGTH - 1 :]
    right = logits.gather(2, answers[..., None])[..., 0]
    others = logits.scatter(2, answers[..., None], -math.inf).max(-1).values
    return (right - others).min().item()


def save(model, folder):
    from safetensors.torch import save_file

    tensors = {name: p.detach().contiguous() for name, p in model.named_parameters()}  # the tied head is listed once
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (folder / "chars.json").write_text(json.dumps({"type": "char", "chars": list(LETTERS)}) + "\n")


def verify(folder):
    """Load what was saved, sort all 729 inputs, and write a golden example."""
    options = {"dtype": torch.float32, "attn_implementation": "eager"}
    model = transformers.GPT2LMHeadModel.from_pretrained(folder, **options).eval()
    prompts, answers = every_input()
    correct = (sort_greedily(model, prompts) == answers).all(1).sum().item()
    print(f"saved model: {correct} of {len(prompts)} inputs sorted,"
          f" smallest margin {smallest_margin(model, prompts, answers):.3f}")
    if correct != len(prompts):
        raise SystemExit("not every input is sorted")
    prompt = torch.tensor([[LETTERS.index(c) for c in "CBABBC"]])
    result = sort_greedily(model, prompt)[0].tolist()
    text = "".join(LETTERS[i] for i in result)
    record = {"prompt": "CBABBC", "prompt_ids": prompt[0].tolist(), "greedy_ids": result, "text": text}
    (folder / "golden.json").write_text(json.dumps(record) + "\n")
    print("CBABBC ->", text)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent)
    p.add_argument("--steps", type=int, default=1500)
    p.add_argument("--batch", type=int, default=96)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--seed", type=int, default=1337)
    p.add_argument("--verify", action="store_true", help="only check the model that is there")
    a = p.parse_args()
    torch.set_num_threads(1)
    if a.verify:
        return verify(a.output)

    torch.manual_seed(a.seed)
    settings = transformers.GPT2Config(**{k: v for k, v in CONFIG.items() if k not in ("torch_dtype", "architectures")})
    settings._attn_implementation = "eager"
    model = transformers.GPT2LMHeadModel(settings).train()
    count = sum(q.numel() for q in model.parameters())
    print(f"parameters: {count:,}")
    assert count == 85584
    matrices = [q for q in model.parameters() if q.dim() == 2]
    vectors = [q for q in model.parameters() if q.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
                                  lr=a.lr, betas=(0.9, 0.95))
    prompts, answers = every_input()
    began = time.time()
    for step in range(a.steps):
        rate = a.lr * min(1.0, (step + 1) / 50) * (0.05 + 0.475 * (1 + math.cos(math.pi * step / a.steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        x = torch.randint(len(LETTERS), (a.batch, LENGTH))
        y = x.sort(dim=1).values
        logits = model(torch.cat((x, y[:, :-1]), dim=1)).logits[:, LENGTH - 1 :]  # only the answer is learnt
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 100 == 0:
            model.eval()
            correct = (sort_greedily(model, prompts) == answers).all(1).sum().item()
            margin = smallest_margin(model, prompts, answers)
            model.train()
            print(f"step {step + 1}  loss {loss.item():.6f}  {correct}/729  margin {margin:.3f}  {time.time() - began:.0f} s",
                  flush=True)
    save(model, a.output)
    verify(a.output)


if __name__ == "__main__":
    main()
