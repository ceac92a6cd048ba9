#!/usr/bin/env python3
"""The loss that transformers finds for the batch that comes next in a run.

    check_pending.py FOLDER        prints it; the batch is in run/state.safetensors

Encoder-decoders: the mean over targets. BERT: the mean over masked tokens and that over the labels of pairs.
Ends with 77 where there is no transformers.
"""
import json
import pathlib
import sys

try:
    import torch
    import transformers
except ImportError:
    raise SystemExit(77)

from safetensors import safe_open


def padded(column, starts, filler):
    rows = [column[a:b] for a, b in zip(starts, starts[1:])]
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def main():
    folder = pathlib.Path(sys.argv[1])
    with safe_open(folder / "run" / "state.safetensors", "pt") as state:
        batch = json.loads(state.metadata()["constformer_run"])["pending"]
    architecture = json.loads((folder / "config.json").read_text())["architectures"][0]
    model = getattr(transformers, architecture).from_pretrained(folder, dtype=torch.float32).eval()
    rows = lambda name, filler, starts="starts": padded(batch[name], batch[starts], filler)
    targets = rows("targets", -1)
    if model.config.is_encoder_decoder:
        source = rows("source", 0, "source_starts")
        ours = dict(input_ids=source, attention_mask=rows("source_positions", -1, "source_starts") >= 0,
                    decoder_input_ids=rows("tokens", 0))
    else:
        ours = dict(input_ids=rows("tokens", 0), attention_mask=rows("positions", -1) >= 0,
                    token_type_ids=rows("segments", 0))
    with torch.no_grad():
        out = model(**ours)
    logits = out.logits if hasattr(out, "logits") else out.prediction_logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)
    if hasattr(out, "seq_relationship_logits"):
        loss = loss + torch.nn.functional.cross_entropy(out.seq_relationship_logits, torch.tensor(batch["labels"]))
    print(loss.item())


if __name__ == "__main__":
    main()
