#!/usr/bin/env python3
"""What `transformers` computes for a checkpoint folder: the oracle of the parity tests.

    reference.py FOLDER --ids 1,2,3 -o logits.npy            float32 logits (T, vocab); an encoder: hidden states (T, d_model)
    reference.py FOLDER --ids 1,2,3 -n 16                    prints the greedy continuation, blank-separated
    reference.py FOLDER --ids 1,2,3 --segments 0,0,1 -o h.npy --pooler p.npy --labels l.npy --fill f.npy

The weights are used as they are stored (F16 and BF16 widen exactly), everything is computed in float32 with eager attention.
Exit status 77 when the Python packages it needs are missing.
"""
import argparse
import json
import pathlib
import sys

try:
    import numpy as np
    import torch
    import transformers
    import reference_chatglm
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

ROBERTAS = ("roberta", "xlm-roberta", "camembert")
ENCODERS = ("bert", "distilbert", *ROBERTAS)

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


def load(folder):
    """The model of FOLDER in float32. Weights that the file lacks or has too many of are an error, not a random tensor.

    A model with dynamic RoPE remembers the longest input it has seen, so every measurement loads its own.
    """
    config = json.loads((pathlib.Path(folder) / "config.json").read_text())
    if config["model_type"] == "chatglm":
        return reference_chatglm.runner(folder)
    options = {"dtype": torch.float32, "attn_implementation": "eager", "output_loading_info": True}
    if config["model_type"] in ENCODERS:
        kind = getattr(transformers, config["architectures"][0])
        if kind.__name__ in ("BertModel", "RobertaModel", "XLMRobertaModel"):
            options["add_pooling_layer"] = any("pooler" in name for name in tensor_names(folder))
        model, info = kind.from_pretrained(folder, **options)
    else:
        model, info = transformers.AutoModelForCausalLM.from_pretrained(folder, **options)
    missing = sorted(info["missing_keys"])
    if missing:
        raise SystemExit(f"{folder}: tensor {missing[0]} is missing ({len(missing)} in all)")
    return model.eval()


def tensor_names(folder):
    from safetensors import safe_open

    names = []
    for path in sorted(pathlib.Path(folder).glob("*.safetensors")):
        with safe_open(path, framework="np") as file:
            names += list(file.keys())
    return names


@torch.no_grad()
def logits(folder, ids):
    """float32 (T, vocab): one forward pass over the whole prompt."""
    return load(folder)(torch.tensor([ids])).logits[0].float().numpy()


@torch.no_grad()
def encoder(folder, ids, segments=None):
    """What an encoder gives, by name and as far as its class has it, float32: hidden (T, d_model), pooler (d_model), labels (labels) or
    (T, labels), fill (T, vocab)."""
    model, more = load(folder), {}
    if segments is not None:
        more["token_type_ids"] = torch.tensor([segments])
    out = model(torch.tensor([ids]), output_hidden_states=True, **more)
    result = {"hidden": out.hidden_states[-1][0]}
    if getattr(model.base_model, "pooler", None) is not None:
        result["pooler"] = model.base_model.pooler(out.hidden_states[-1])[0]
    kind = type(model).__name__
    if kind.endswith("ForPreTraining"):
        result.update(fill=out.prediction_logits[0], labels=out.seq_relationship_logits[0])
    elif hasattr(out, "logits"):
        result["fill" if kind.endswith("MaskedLM") else "labels"] = out.logits[0]
    return {name: value.numpy() for name, value in result.items()}


@torch.no_grad()
def greedy(folder, ids, count, cached=True):
    """`count` greedy ids and the top-two margin of the logits each was chosen by.

    cached: one prefill, then one token at a time over the KV cache, as `generate` does. Under dynamic RoPE this differs
    from full forward passes, since keys already in the cache keep the rotation they were stored with.
    """
    model, ids, chosen, margins = load(folder), list(ids), [], []
    out = None
    for _ in range(count):
        if cached and out is not None:
            out = model(torch.tensor([ids[-1:]]), past_key_values=out.past_key_values, use_cache=True)
        else:
            out = model(torch.tensor([ids]), use_cache=cached)
        top = out.logits[0, -1].topk(2)
        margins.append((top.values[0] - top.values[1]).item())
        chosen.append(top.indices[0].item())
        ids.append(chosen[-1])
    return chosen, margins


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("--ids", required=True, help="token ids separated by commas or blanks")
    p.add_argument("--segments", help="segment ids (encoders)")
    p.add_argument("-o", "--output", type=pathlib.Path, help="logits or hidden states as .npy")
    p.add_argument("--pooler", type=pathlib.Path, help="the pooler's output as .npy (encoders)")
    p.add_argument("--labels", type=pathlib.Path, help="a classifier's scores as .npy (encoders)")
    p.add_argument("--fill", type=pathlib.Path, help="logits of masked tokens as .npy (encoders)")
    p.add_argument("-n", "--count", type=int, default=0, help="greedy ids to print")
    p.add_argument("--no-cache", action="store_true", help="a full forward pass for every greedy id")
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    ids = [int(i) for i in a.ids.replace(",", " ").split()]
    family = json.loads((a.folder / "config.json").read_text())["model_type"]
    if family in ENCODERS:
        segments = [int(i) for i in a.segments.replace(",", " ").split()] if a.segments else None
        values = encoder(a.folder, ids, segments)
        for name, file in (("hidden", a.output), ("pooler", a.pooler), ("labels", a.labels), ("fill", a.fill)):
            if file and name in values:
                np.save(file, values[name])
        return
    if a.output:
        np.save(a.output, logits(a.folder, ids))
    if a.count:
        print(*greedy(a.folder, ids, a.count, cached=not a.no_cache)[0])


if __name__ == "__main__":
    main()
