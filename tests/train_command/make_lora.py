#!/usr/bin/env python3
"""What PEFT and torch make of adapters in 20 steps: lora/*.safetensors, for the models of tests/parity/fixtures.

    make_lora.py            writes the files
    make_lora.py FOLDER     writes other models' there, as the lines say: NAME BASE TARGETS (data: text.txt modulo its vocabulary)

The start is torch's of seed 1337, batches are drawn as nanoGPT draws them, AdamW is torch's.
"""
import pathlib
import sys

import numpy as np
import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "parity" / "fixtures"
MODELS = {"llama": ("llama_gqa", ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
          "gpt2": ("gpt2_plain", ["c_attn", "c_proj", "c_fc"])}
BATCH, LENGTH, STEPS = 4, 16, 20


def tokens(vocab):
    """The first nine tenths: what is trained on."""
    ids = np.frombuffer((HERE / "text.txt").read_bytes(), dtype=np.uint8).astype(np.int64) % vocab
    return torch.from_numpy(ids[: len(ids) * 9 // 10])


def batch(data):
    places = torch.randint(len(data) - LENGTH, (BATCH,))
    return (torch.stack([data[i : i + LENGTH] for i in places]),
            torch.stack([data[i + 1 : i + 1 + LENGTH] for i in places]))


def train(base, targets):
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    torch.manual_seed(1337)
    model = get_peft_model(model, LoraConfig(r=3, lora_alpha=6, target_modules=targets, task_type="CAUSAL_LM",
                                             fan_in_fan_out="c_attn" in targets))
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    data = tokens(model.config.vocab_size)
    x, y = batch(data)
    for _ in range(STEPS):
        loss = torch.nn.functional.cross_entropy(model(input_ids=x).logits.flatten(0, 1), y.flatten())
        loss.backward()
        x, y = batch(data)
        optimizer.step()
        optimizer.zero_grad()
        print(loss.item())
    return model


def main():
    for name, (base, targets) in MODELS.items():
        model = train(FIXTURES / base, targets)
        save_file({key: value.contiguous() for key, value in get_peft_model_state_dict(model).items()},
                  HERE / "lora" / f"{name}.safetensors")


if __name__ == "__main__":
    main()
