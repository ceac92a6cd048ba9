#!/usr/bin/env python3
"""The optimizer's state in a folder as nanochat leaves it, read and written as nanochat does.

    check_nanochat_optimizer.py FOLDER

Gives optim_*_rank0.pt to an optimizer of torch whose groups are those of setup_optimizer in nanochat's gpt.py (commit
92d63d4), looks whether each state has the shape that optim.py gives it, and saves what torch makes of it in its place.
Ends with 77 where there is no torch.
"""
import pathlib
import sys

try:
    import torch
except ImportError:
    raise SystemExit(77)

BLOCK = ("attn.c_q", "attn.c_k", "attn.c_v", "attn.c_proj", "attn.ve_gate", "mlp.c_fc", "mlp.c_proj")


def groups_of(weights):
    """As setup_optimizer groups parameters, by name."""
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("transformer.h."))
    blocks = [f"transformer.h.{i}.{part}.weight" for i in range(layers) for part in BLOCK]
    blocks = [name for name in blocks if name in weights]
    adamw = [["lm_head.weight"], ["transformer.wte.weight"],
             [f"value_embeds.{i}.weight" for i in range(layers) if f"value_embeds.{i}.weight" in weights],
             ["resid_lambdas"], ["x0_lambdas"], ["smear_gate.weight", "smear_lambda", "backout_lambda"]]
    assert sorted(sum(adamw, blocks)) == sorted(weights), "the model has other parameters than nanochat's"
    shapes = sorted({weights[name].shape for name in blocks})
    return [("adamw", names) for names in adamw] + [
        ("muon", [name for name in blocks if weights[name].shape == shape]) for shape in shapes]


class Optimizer(torch.optim.Optimizer):
    def __init__(self, groups):
        super().__init__(groups, defaults={})


def main():
    folder = pathlib.Path(sys.argv[1])
    file, = folder.glob("optim_*_rank0.pt")
    step = int(file.stem.split("_")[1])
    weights = torch.load(folder / f"model_{step:06d}.pt")
    named = groups_of(weights)
    optimizer = Optimizer([{"kind": kind, "params": [weights[name] for name in names]} for kind, names in named])
    optimizer.load_state_dict(torch.load(file))
    for (kind, names), group in zip(named, optimizer.param_groups):
        assert group["kind"] == kind
        wanted = {"lr", "initial_lr", "weight_decay"} | (
            {"betas", "eps"} if kind == "adamw" else {"momentum", "ns_steps", "beta2"})
        assert set(group) == wanted | {"kind", "params"}, sorted(group)
        for i, (name, p) in enumerate(zip(names, group["params"])):
            state = optimizer.state.get(p, {})
            if kind == "adamw":
                assert state["step"] == step and type(state["step"]) is int
                assert state["exp_avg"].shape == state["exp_avg_sq"].shape == p.shape, name
            elif i == 0:
                rows, cols = p.shape
                assert state["momentum_buffer"].shape == (len(names), rows, cols), name
                assert state["second_momentum_buffer"].shape == (
                    (len(names), rows, 1) if rows >= cols else (len(names), 1, cols)), name
            else:
                assert not state, name
    torch.save(optimizer.state_dict(), file)


if __name__ == "__main__":
    main()
