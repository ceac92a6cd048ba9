#!/usr/bin/env python3
"""The loss that transformers finds for a trained folder.

    check_transformers.py FOLDER TEXT LENGTH        prints the mean loss over the first windows of LENGTH tokens

Ends with 77 where there is no transformers.
"""
import pathlib
import sys

try:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
except ImportError:
    raise SystemExit(77)


def main():
    folder, text, length = sys.argv[1], pathlib.Path(sys.argv[2]).read_text(), int(sys.argv[3])
    tokens = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = torch.tensor(tokens(text, add_special_tokens=False)["input_ids"][: 20 * length + 1])
    x, y = ids[:-1].view(20, length), ids[1:].view(20, length)
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(model(x).logits.flatten(0, 1), y.flatten())
    print(loss.item())


if __name__ == "__main__":
    main()
