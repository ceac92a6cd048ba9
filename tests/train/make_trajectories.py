#!/usr/bin/env python3
"""Writes trajectories.safetensors: twenty steps of a small model by optimizers that others wrote. Needs torch and safetensors.

    make_trajectories.py --nanochat DIR --muon DIR --bert DIR --llmc DIR

The folders are clones of karpathy/nanochat, KellerJordan/Muon, google-research/bert and karpathy/llm.c, whose own code
is run as it is, but that bf16 is left out. Of each run there are the losses, norms of gradients before clipping, and all
weights at the end; and of Muon, some values of larger matrices. The model is that of small_model.hpp; weights and batches come from torch's generator, so that the
test draws them itself.
"""
import argparse
import ctypes
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import types

os.environ["TORCHDYNAMO_DISABLE"] = "1"
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

STEPS, WIDTH, HEADS, VOCAB, LENGTH, INNER, LAYERS, BATCH = 20, 12, 2, 17, 10, 24, 2, 4
# name, shape, layers: in the order of members
TABLE = [("tokens", (VOCAB, WIDTH), 1), ("places", (LENGTH, WIDTH), 1), ("attention_norm", (WIDTH,), LAYERS),
         ("query", (WIDTH, WIDTH), LAYERS), ("key", (WIDTH, WIDTH), LAYERS), ("val", (WIDTH, WIDTH), LAYERS),
         ("output", (WIDTH, WIDTH), LAYERS), ("ffn_norm", (WIDTH,), LAYERS), ("up", (INNER, WIDTH), LAYERS),
         ("up_bias", (INNER,), LAYERS), ("down", (WIDTH, INNER), LAYERS), ("final_norm", (WIDTH,), 1),
         ("head", (VOCAB, WIDTH), 1)]
BLOCKS = ("query", "key", "val", "output", "up", "down")


class Model:
    def __init__(self):
        torch.manual_seed(7)
        self.p = {}
        for name, shape, layers in TABLE:
            low, high = (0.5, 1.5) if name.endswith("norm") else (-0.5, 0.5)
            self.p[name] = [torch.nn.Parameter(torch.empty(shape).uniform_(low, high)) for _ in range(layers)]

    def of(self, *names):
        return [p for name in names for p in self.p[name]]

    def all(self):
        return self.of(*(name for name, _, _ in TABLE))

    def matrices(self):
        return [p for p in self.all() if p.ndim == 2]

    def vectors(self):
        return [p for p in self.all() if p.ndim == 1]

    def others(self):
        return [p for p in self.all() if not any(p is q for q in self.of(*BLOCKS))]

    def logits(self, ids):
        p = {name: values for name, values in self.p.items()}
        x = p["tokens"][0][ids] + p["places"][0][torch.arange(ids.shape[1])]
        heads = lambda t: t.view(*t.shape[:2], HEADS, -1).transpose(1, 2)
        norm = lambda x, w: F.rms_norm(x, (WIDTH,), w, 1e-6)
        for i in range(LAYERS):
            h = norm(x, p["attention_norm"][i])
            q, k, v = (heads(h @ p[name][i].T) for name in ("query", "key", "val"))
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(x.shape)
            x = x + a @ p["output"][i].T
            x = x + F.silu(norm(x, p["ffn_norm"][i]) @ p["up"][i].T + p["up_bias"][i]) @ p["down"][i].T
        return norm(x, p["final_norm"][0]) @ p["head"][0].T

    def loss(self, batch, reduction="mean"):
        ids, targets = batch
        return F.cross_entropy(self.logits(ids).flatten(0, 1), targets.flatten(), ignore_index=-1, reduction=reduction)


def batches():
    """Two for each step. Of the second, every third target is left out."""
    torch.manual_seed(11)
    for _ in range(STEPS):
        both = []
        for part in range(2):
            draw = torch.randint(0, VOCAB, (BATCH, LENGTH + 1))
            targets = draw[:, 1:].clone()
            if part == 1:
                targets.view(-1)[::3] = -1
            both.append((draw[:, :-1], targets))
        yield both


def run(out, name, make, at_step, clip=0.0, tokens=False, average=None):
    """make(model) gives what has step(); at_step(optimizer, step) sets its rates."""
    model = Model()
    optimizer = make(model)
    losses, norms = [], []
    averaged = None
    for step, both in enumerate(batches()):
        total = 0.0
        for p in model.all():
            p.grad = None
        if tokens:
            count = sum(int((targets >= 0).sum()) for _, targets in both)
            for batch in both:
                loss = model.loss(batch, "sum") / count
                loss.backward()
                total += loss.item()
        else:
            for batch in both:
                loss = model.loss(batch) / 2
                loss.backward()
                total += loss.item()
        losses.append(total)
        norms.append(torch.nn.utils.clip_grad_norm_(model.all(), clip if clip else math.inf).item())
        at_step(optimizer, step)
        optimizer.step()
        if average is not None:
            if averaged is None:
                holder = torch.nn.ParameterList(model.all())
                averaged = torch.optim.swa_utils.AveragedModel(holder, **average)
            averaged.update_parameters(holder)
    out[f"{name}.losses"] = torch.tensor(losses)
    out[f"{name}.norms"] = torch.tensor(norms)
    for entry, values in model.p.items():
        out[f"{name}.{entry}"] = torch.stack([v.detach() for v in values])
    if average is not None:
        out[f"{name}.average"] = torch.cat([p.detach().flatten() for p in averaged.module])


def rates(optimizer, step, base):
    for group in optimizer.param_groups:
        group["lr"] = base * (step + 1) / STEPS


def show(folder, revision, path):
    return subprocess.run(["git", "-C", folder, "show", f"{revision}:{path}"], check=True, capture_output=True, text=True).stdout


def load(source, **given):
    """A module from source text, without bf16."""
    module = types.ModuleType("original")
    module.__dict__.update(given)
    exec(source.replace(".bfloat16()", ".float()"), module.__dict__)
    return module


def torch_runs(out):
    def adamw(model):
        return torch.optim.AdamW([{"params": model.matrices(), "weight_decay": 0.1}, {"params": model.vectors(), "weight_decay": 0.0}],
                                 lr=1.0, betas=(0.9, 0.95), eps=1e-8, foreach=False)

    ema = {"multi_avg_fn": torch.optim.swa_utils.get_ema_multi_avg_fn(0.8)}
    run(out, "adamw", adamw, lambda o, s: rates(o, s, 2e-2), clip=0.5, average=ema)
    run(out, "adam", lambda m: torch.optim.Adam(m.all(), betas=(0.8, 0.96), eps=1e-9, weight_decay=0.02, foreach=False),
        lambda o, s: rates(o, s, 1e-2), tokens=True, average={})
    run(out, "sgd", lambda m: torch.optim.SGD(m.all(), momentum=0.9, dampening=0.2, weight_decay=0.03, foreach=False),
        lambda o, s: rates(o, s, 0.2))
    run(out, "nesterov", lambda m: torch.optim.SGD(m.all(), momentum=0.85, nesterov=True, foreach=False), lambda o, s: rates(o, s, 0.2), clip=1.0)
    run(out, "plain", lambda m: torch.optim.SGD(m.all(), foreach=False), lambda o, s: rates(o, s, 0.5))


def bert_run(out, folder):
    """The original's apply_gradients over a TensorFlow of a few functions, on tensors of torch."""
    source = show(folder, "HEAD", "optimization.py")
    body = source[source.index("class AdamWeightDecayOptimizer"):]
    slots = {}

    class Variable:
        def __init__(self, name, value):
            self.name, self.value, self.shape = name, value, types.SimpleNamespace(as_list=lambda: list(value.shape))

        def assign(self, value):
            return lambda: self.value.data.copy_(value.data)

    unwrap = lambda x: x.value if isinstance(x, Variable) else x
    for operation in ("add", "sub", "mul", "rsub", "rmul"):
        method = f"__{operation}__"
        setattr(Variable, method, lambda self, other, m=method: getattr(self.value, m)(unwrap(other)))

    def get_variable(name, shape, dtype, trainable, initializer):
        return slots.setdefault(name, Variable(name, torch.zeros(shape)))

    def group(*assignments, name=None):
        for assign in assignments:
            assign()

    base = type("Optimizer", (), {"__init__": lambda self, *_: None})
    tf = types.SimpleNamespace(train=types.SimpleNamespace(Optimizer=base), float32=None, zeros_initializer=lambda: None,
                               multiply=lambda a, b: unwrap(a) * unwrap(b), sqrt=torch.sqrt, square=torch.square,
                               get_variable=get_variable, group=group)
    original = load(body, tf=tf, re=re).AdamWeightDecayOptimizer

    class Optimizer:
        def __init__(self, model):
            self.of = original(1.0, weight_decay_rate=0.01, epsilon=1e-6, exclude_from_weight_decay=["LayerNorm", "layer_norm", "bias"])
            self.pairs = []
            for name, _, layers in TABLE:
                for layer, p in enumerate(model.p[name]):
                    told = f"{name.replace('norm', 'LayerNorm')}_{layer}:0"
                    self.pairs.append((p, Variable(told, p.data)))

        @torch.no_grad()
        def step(self):
            self.of.apply_gradients([(p.grad, variable) for p, variable in self.pairs], None)

    def at_step(optimizer, step):
        optimizer.of.learning_rate = 1e-2 * (step + 1) / STEPS

    run(out, "bert", Optimizer, at_step, clip=1.0)


def llmc_run(out, folder):
    source = show(folder, "HEAD", "train_gpt2.c")
    update = source[source.index("void gpt2_update("):source.index("void gpt2_free(")]
    head = ("#include <math.h>\n#include <stdlib.h>\ntypedef struct { float *params_memory, *grads_memory, *m_memory, "
            "*v_memory; size_t num_parameters; } GPT2;\n")
    with tempfile.TemporaryDirectory() as work:
        path = pathlib.Path(work)
        (path / "update.c").write_text(head + update)
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", path / "update.so", path / "update.c", "-lm"], check=True)
        library = ctypes.CDLL(str(path / "update.so"))

    class GPT2(ctypes.Structure):
        _fields_ = [(name, ctypes.c_void_p) for name in ("params", "grads", "m", "v")] + [("count", ctypes.c_size_t)]

    class Optimizer:
        def __init__(self, model):
            self.model, self.t, self.rate = model, 0, 0.0
            count = sum(p.numel() for p in model.all())
            self.flat, self.grad, self.m, self.v = (torch.zeros(count) for _ in range(4))

        def step(self):
            self.t += 1
            self.flat.copy_(torch.cat([p.detach().flatten() for p in self.model.all()]))
            self.grad.copy_(torch.cat([p.grad.flatten() for p in self.model.all()]))
            c = GPT2(*(t.data_ptr() for t in (self.flat, self.grad, self.m, self.v)), self.flat.numel())
            floats = [ctypes.c_float(x) for x in (self.rate, 0.9, 0.999, 1e-8, 0.05)]
            library.gpt2_update(ctypes.byref(c), *floats, ctypes.c_int(self.t))
            at = 0
            for p in self.model.all():
                p.data.copy_(self.flat[at:at + p.numel()].view(p.shape))
                at += p.numel()

    def at_step(optimizer, step):
        optimizer.rate = 1e-2 * (step + 1) / STEPS

    run(out, "llmc", Optimizer, at_step)


def muon_step(optimizer, step, momentum, decay):
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * (step + 1) / STEPS
        if group["kind"] == "muon":
            group["momentum"] = momentum(step)
            group["weight_decay"] = decay(step)


def large(out, name, make):
    """Every 97th value of two matrices of each shape after two steps; make(parameters) gives what has step()."""
    for rows, cols in ((130, 61), (61, 130), (100, 100), (90, 110), (110, 90), (3, 200), (80, 2)):
        torch.manual_seed(13)
        draw = lambda: torch.empty(rows, cols).uniform_(-0.5, 0.5)
        params = [torch.nn.Parameter(draw()) for _ in range(2)]
        optimizer = make(params)
        for _ in range(2):
            for p in params:
                p.grad = draw()
            optimizer.step()
        out[f"{name}.{rows}x{cols}"] = torch.cat([p.detach().flatten() for p in params])[::97].clone()


def nanochat_runs(out, folder):
    common = types.ModuleType("nanochat.common")
    common.COMPUTE_DTYPE = torch.float32
    sys.modules.update({"nanochat": types.ModuleType("nanochat"), "nanochat.common": common})

    def groups(model, beta2):
        adamw = lambda names, lr, betas, decay: dict(kind="adamw", params=model.of(*names), lr=lr, betas=betas, eps=1e-10, weight_decay=decay)
        out = [adamw(["head"], 0.02, (0.8, 0.96), 0.01), adamw(["tokens", "places"], 0.1, (0.8, 0.995), 0.001),
               adamw(["attention_norm", "ffn_norm", "up_bias", "final_norm"], 0.01, (0.96, 0.95), 0.0)]
        for shape in sorted({p.shape for p in model.of(*BLOCKS)}):
            params = [p for p in model.of(*BLOCKS) if p.shape == shape]
            out.append(dict(kind="muon", params=params, lr=0.02, momentum=0.95, ns_steps=5, beta2=beta2, weight_decay=0.0))
        for group in out:
            group["initial_lr"] = group["lr"]
        return out

    at_step = lambda o, s: muon_step(o, s, lambda s: 0.85 + 0.005 * s, lambda s: 0.28 * (1 - s / STEPS))
    for name, revision, beta2 in (("muon_2026_07", "92d63d4", 0.9), ("muon_2026_03", "6ed7d1d", 0.9), ("muon_2026_01", "41bb2ea", 0.95)):
        original = load(show(folder, revision, "nanochat/optim.py"))
        run(out, name, lambda m: original.MuonAdamW(groups(m, beta2)), at_step)
        if name == "muon_2026_07":
            large(out, "large_nanochat", lambda params: original.MuonAdamW(
                [dict(kind="muon", params=params, lr=0.1, momentum=0.9, ns_steps=5, beta2=0.9, weight_decay=0.2)]))

    # October 2025: one process makes of every message between processes a copy.
    class Done:
        def wait(self):
            pass

        def get_future(self):
            return self

    def copy(to, tensor, **_):
        if to.data_ptr() != tensor.data_ptr():
            to.copy_(tensor)
        return Done()

    dist = types.SimpleNamespace(get_rank=lambda: 0, get_world_size=lambda: 1, ReduceOp=types.SimpleNamespace(AVG=None),
                                 reduce_scatter_tensor=copy, all_gather_into_tensor=copy)
    first = "3a5e0bc"
    muon = load(show(folder, first, "nanochat/muon.py"))
    adamw = load(show(folder, first, "nanochat/adamw.py"))
    adamw.dist = dist

    class Both:
        def __init__(self, model):
            self.muon = muon.Muon(model.of(*BLOCKS), lr=0.02, momentum=0.95)
            groups = [dict(params=model.of("head"), lr=0.004), dict(params=[p for p in model.others() if p is not model.p["head"][0]], lr=0.05)]
            self.adamw = adamw.DistAdamW(groups, betas=(0.8, 0.95), eps=1e-10, weight_decay=0.0)
            self.param_groups = self.muon.param_groups + self.adamw.param_groups
            for group in self.param_groups:
                group["initial_lr"] = group["lr"]

        def step(self):
            all_gather = torch.futures.collect_all
            torch.futures.collect_all = lambda futures: Done()
            self.adamw.step()
            torch.futures.collect_all = all_gather
            self.muon.step()

    def step_2025(optimizer, step):
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * (1 - 0.04 * step)
            if "momentum" in group:
                group["momentum"] = 0.85 + 0.1 * step / 300

    run(out, "muon_2025_10", Both, step_2025, clip=1.0)


def muon_run(out, folder):
    original = load(show(folder, "HEAD", "muon.py"))

    def make(model):
        return original.SingleDeviceMuonWithAuxAdam([
            dict(params=model.of(*BLOCKS), lr=0.03, momentum=0.9, weight_decay=0.1, use_muon=True),
            dict(params=model.others(), lr=3e-3, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.02, use_muon=False)])

    run(out, "muon", make, lambda o, s: None)
    large(out, "large_muon", lambda params: original.SingleDeviceMuon(params, lr=0.1, momentum=0.9, weight_decay=0.2))


def main():
    parser = argparse.ArgumentParser()
    for name in ("nanochat", "muon", "bert", "llmc"):
        parser.add_argument(f"--{name}", required=True)
    folders = parser.parse_args()
    torch.set_num_threads(1)
    out = {}
    torch_runs(out)
    bert_run(out, folders.bert)
    llmc_run(out, folders.llmc)
    nanochat_runs(out, folders.nanochat)
    muon_run(out, folders.muon)
    save_file(out, pathlib.Path(__file__).with_name("trajectories.safetensors"))
    for name, values in out.items():
        if name.endswith("losses"):
            print(name, values[0].item(), values[-1].item())


if __name__ == "__main__":
    main()
