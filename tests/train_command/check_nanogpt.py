#!/usr/bin/env python3
"""Checkpoints in nanoGPT's form, read as torch reads them.

    check_nanogpt.py same OURS THEIRS          prints the largest difference of weights and of AdamW's state
    check_nanogpt.py continued FROM TO TEXT    goes on from FROM with torch's AdamW, batches of blocks in order, as far as
                                               TO is, and prints the same

The second runs the model of tests/parity/reference_nanogpt.py. Ends with 77 where there is no torch.
"""
import pathlib
import sys

try:
    import torch
except ImportError:
    raise SystemExit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))


def load(name):
    return torch.load(name, weights_only=True)


def difference(a, b):
    assert a["iter_num"] == b["iter_num"] and a["model_args"] == b["model_args"]
    assert list(a["model"]) == list(b["model"])
    assert [g["params"] for g in a["optimizer"]["param_groups"]] == [g["params"] for g in b["optimizer"]["param_groups"]]
    assert [g["weight_decay"] for g in a["optimizer"]["param_groups"]] == [g["weight_decay"] for g in b["optimizer"]["param_groups"]]
    pairs = [(a["model"][name], b["model"][name]) for name in a["model"]]
    for i, state in a["optimizer"]["state"].items():
        pairs += [(state[key], b["optimizer"]["state"][i][key]) for key in ("step", "exp_avg", "exp_avg_sq")]
    return max((x - y).abs().max().item() for x, y in pairs)


def optimizer_of(saved):
    """As configure_optimizers makes it: matrices, then vectors, in the order of the state_dict; the head is tied."""
    named = {name: torch.nn.Parameter(value) for name, value in saved["model"].items() if name != "lm_head.weight"}
    groups = [[p for p in named.values() if p.dim() >= 2], [p for p in named.values() if p.dim() < 2]]
    optimizer = torch.optim.AdamW([{"params": g} for g in groups])
    optimizer.load_state_dict(saved["optimizer"])
    return named, optimizer


def continued(start, end, text):
    from reference_nanogpt import forward

    named, optimizer = optimizer_of(start)
    batch, length = start["config"]["batch_size"], start["model_args"]["block_size"]
    chars = sorted(set(text))
    ids = torch.tensor([chars.index(c) for c in text])
    for step in range(start["iter_num"], end["iter_num"]):
        state = {**named, "lm_head.weight": named["transformer.wte.weight"]}
        losses = []
        for row in range(step * batch, (step + 1) * batch):
            x, y = (ids[row * length + shift : (row + 1) * length + shift] for shift in (0, 1))
            losses.append(torch.nn.functional.cross_entropy(forward(state, start["model_args"]["n_head"], "none", x), y))
        optimizer.zero_grad()
        torch.stack(losses).mean().backward()
        optimizer.step()
    model = {**{name: p.detach() for name, p in named.items()}}
    model["lm_head.weight"] = model["transformer.wte.weight"]
    return {**end, "model": model, "optimizer": optimizer.state_dict()}


def main():
    what, first, second, *text = sys.argv[1:]
    one, other = load(first), load(second)
    if what == "continued":
        one = continued(one, other, pathlib.Path(text[0]).read_text())
    print(difference(one, other))


if __name__ == "__main__":
    main()
