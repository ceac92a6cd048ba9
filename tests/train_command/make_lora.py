#!/usr/bin/env python3
"""What PEFT and torch make of adapters in 20 steps, for models of tests/parity/fixtures: lora/NAME, and lora/NAME_merged.safetensors.

    make_lora.py                              writes both
    make_lora.py NAME BASE FOLDER TARGET...   writes those of another model to FOLDER

The start is torch's of seed 1337, batches are drawn as nanoGPT draws them, AdamW is torch's.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
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


def write(name, base, targets, to):
    model = train(base, targets)
    model.save_pretrained(to / name)
    (to / name / "README.md").unlink()
    config = json.loads((to / name / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = base.name
    (to / name / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    merged = model.merge_and_unload()
    shared = {"lm_head.weight"} if merged.config.tie_word_embeddings else set()
    save_file({key: value.contiguous() for key, value in merged.state_dict().items() if key not in shared},
              to / f"{name}_merged.safetensors")


def main():
    if len(sys.argv) > 4:
        return write(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[4:], pathlib.Path(sys.argv[3]))
    for name, (base, targets) in MODELS.items():
        write(name, FIXTURES / base, targets, HERE / "lora")


if __name__ == "__main__":
    main()
