#!/usr/bin/env python3
"""Trains in PyTorch what a run of `constformer train` trained, from its first weights on its batches.

    torch_curve.py START RUN OUT.jsonl [STEPS]

START is the folder of a run of 0 steps with the same options: its weights are the first ones, read by transformers'
class for its config.json (a Llama with blocks in order, or BertForMaskedLM with single texts). RUN is the run: its
run/settings.json has batches, rates and AdamW's numbers. A line of OUT is a step's loss, for BERT also what share of
the batch's masks the model filled before that step; the last line has loss and accuracy over the batches that the run
validates by. Ends with 77 where there is no transformers.
"""
import json
import math
import pathlib
import sys
import time

try:
    import numpy
    import torch
    import transformers
except ImportError:
    raise SystemExit(77)


def cached(run, name, place):
    """The file of the run's cache that holds `name`: place 0 is the largest, which is trained on, −1 validates."""
    return sorted((run / "run" / "data").glob(f"*{name}*"), key=lambda file: -file.stat().st_size)[place]


def blocks(run, data, place):
    """Rows of a text one after the other, as llm.c's loader without shuffling."""
    file = cached(run, "tokens", place)
    head = numpy.fromfile(file, dtype="<i4", count=256)
    tokens = numpy.fromfile(file, dtype="<u2" if head[1] == 1 else "<u4", offset=1024).astype(numpy.int64)
    size = data["sequences"] * data["length"]
    while True:
        for batch in range((len(tokens) - 1) // size):
            rows = torch.from_numpy(tokens[batch * size : batch * size + size + 1])
            yield rows[:-1].view(-1, data["length"]), rows[1:].view(-1, data["length"]), None


def masked(run, data, place):
    """Records of src/data/masked.cpp in their order; rows are filled up with padding that nobody sees."""
    words = numpy.fromfile(cached(run, "masked", place), dtype="<u4").astype(numpy.int64)
    length = data["length"]
    width = 3 + 2 * length
    count = len(words) // (width + 1)
    records, order = words[: count * width].reshape(count, width), words[count * width :]
    at = 0
    while True:
        rows = torch.from_numpy(records[[order[(at + i) % count] for i in range(data["sequences"])]])
        at += data["sequences"]
        seen = torch.arange(length)[None] < rows[:, :1]
        targets = rows[:, 3 + length :]
        targets = torch.where(targets > 2**31, torch.full_like(targets, -100), targets)
        yield rows[:, 3 : 3 + length], torch.where(seen, targets, torch.full_like(targets, -100)), seen


def foretold(model, batch):
    """Loss, and share of the targets that are the likeliest."""
    ids, targets, seen = batch
    logits, targets = model(input_ids=ids, attention_mask=seen).logits.flatten(0, 1), targets.flatten()
    loss = torch.nn.functional.cross_entropy(logits, targets, ignore_index=-100)
    return loss, (logits.argmax(-1) == targets)[targets >= 0].float().mean().item()


def rate_at(s, step):
    warm, end = s["warmup"], s["decay_steps"] or s["steps"]
    if s["schedule"] == "linear":
        return s["rate"] * (step / warm if step < warm else 1 - step / end)
    if step < warm:
        return s["rate"] * (step / warm if s["warm_from_zero"] else (step + 1) / (warm + 1))
    return s["least_rate"] + (s["rate"] - s["least_rate"]) * 0.5 * (1 + math.cos(math.pi * (step - warm) / (end - warm)))


def main():
    start, run, out = map(pathlib.Path, sys.argv[1:4])
    s = json.loads((run / "run" / "settings.json").read_text())
    steps = int(sys.argv[4]) if len(sys.argv) > 4 else s["steps"]
    torch.set_num_threads(1)
    is_bert = json.loads((start / "config.json").read_text())["model_type"] == "bert"
    kind = transformers.BertForMaskedLM if is_bert else transformers.LlamaForCausalLM
    model = kind.from_pretrained(start, dtype=torch.float32, attn_implementation="eager").train()
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": s["decay"]},
                                   {"params": vectors, "weight_decay": 0.0}],
                                  lr=s["rate"], betas=(s["beta1"], s["beta2"]), eps=s["eps"])
    source = masked if is_bert else blocks
    batches = source(run, s["data"], 0)
    with out.open("w") as log:
        for step in range(steps):
            batch = next(batches)
            for group in optimizer.param_groups:
                group["lr"] = rate_at(s, step)
            begun = time.perf_counter()
            loss, accuracy = foretold(model, batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), s["clip"])
            optimizer.step()
            optimizer.zero_grad()
            line = {"step": step + 1, "loss": loss.item(), "seconds": time.perf_counter() - begun}
            if is_bert:
                line["accuracy"] = accuracy
            log.write(json.dumps(line) + "\n")
            log.flush()
        batches = source(run, s["data"], -1)
        with torch.no_grad():
            judged = [foretold(model, next(batches)) for _ in range(s["eval_batches"])]
        line = {"step": steps, "validation": sum(loss.item() for loss, _ in judged) / len(judged)}
        if is_bert:
            line["accuracy"] = sum(accuracy for _, accuracy in judged) / len(judged)
        log.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
