#!/usr/bin/env python3
"""A folder as nanochat leaves it, read as nanochat reads it.

    check_nanochat.py FOLDER STATE TEXT

Prints the loss of the batch that comes next in the run of STATE, found by the model of FOLDER (model_*.pt and
meta_*.json of the last step), its bits per byte as loss_eval.py counts them, and the ids that tiktoken gives TEXT by
tokenizer.pkl.
Ends with 77 where there is no torch or tiktoken.
"""
import json
import math
import pathlib
import pickle
import sys

try:
    import tiktoken
    import torch
    from safetensors import safe_open
except ImportError:
    raise SystemExit(77)

sys.path.append(str(pathlib.Path(__file__).parents[1] / "parity"))
import reference_nanochat


def main():
    folder, state, text = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    step = max(int(file.stem.split("_")[1]) for file in folder.glob("model_*.pt"))
    meta = json.loads((folder / f"meta_{step:06d}.json").read_text())
    weights = torch.load(folder / f"model_{step:06d}.pt", map_location="cpu")
    for table in ("transformer.wte.weight", "lm_head.weight"):  # nanochat pads them
        assert len(weights[table]) == -(-meta["model_config"]["vocab_size"] // 64) * 64, weights[table].shape
    encoding = pickle.loads((folder / "tokenizer.pkl").read_bytes())
    assert isinstance(encoding, tiktoken.Encoding) and encoding.n_vocab == meta["model_config"]["vocab_size"]
    with safe_open(state, "pt") as saved:
        batch = json.loads(saved.metadata()["constformer_run"])["pending"]
    losses, targets = [], []
    for begin, end in zip(batch["starts"], batch["starts"][1:]):
        ids = torch.tensor(batch["tokens"][begin:end])
        logits = reference_nanochat.forward(weights, meta["model_config"], "smeared", ids)
        targets += batch["targets"][begin:end]
        losses.append(torch.nn.functional.cross_entropy(logits, torch.tensor(batch["targets"][begin:end]),
                                                        reduction="none", ignore_index=-1))
    losses, targets = torch.cat(losses), torch.tensor(targets)
    print((losses.sum() / (targets >= 0).sum()).item())
    special = set(encoding._special_tokens.values())
    sizes = torch.tensor([0 if i < 0 or i in special else len(encoding.decode_single_token_bytes(i))
                          for i in targets.tolist()])
    print(((losses * (sizes > 0)).sum() / sizes.sum() / math.log(2)).item())
    print(*encoding.encode_ordinary(text))


if __name__ == "__main__":
    main()
