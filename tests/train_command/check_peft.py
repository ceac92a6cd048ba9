#!/usr/bin/env python3
"""Whether PEFT loads adapters of ours, and what it merges.

    check_peft.py BASE ADAPTER MERGED       prints the largest difference between its merged weights and those in MERGED

Ends with 77 where there is no peft.
"""
import sys

try:
    import torch
    from peft import PeftModel
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM
except ImportError:
    raise SystemExit(77)


def main():
    base, adapter, merged = sys.argv[1:]
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    theirs = PeftModel.from_pretrained(model, adapter).merge_and_unload().state_dict()
    ours = load_file(f"{merged}/model.safetensors")
    print(max((theirs[name] - value).abs().max().item() for name, value in ours.items()))


if __name__ == "__main__":
    main()
