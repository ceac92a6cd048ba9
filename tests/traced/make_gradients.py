#!/usr/bin/env python3
"""Gradients of the parity fixtures' models as PyTorch derives them: the oracle of the traced models' backward passes.

    make_gradients.py OUT COMMAND FIXTURE...

Writes OUT/NAME, a checkpoint like the fixture whose tensors are the gradients of a loss: the mean cross-entropy of the
next token; of encoders that of every third token's neighbour in the vocabulary (masked language models) and of labels.
loss.json has its value, and attention.npy what the tokens of a target attend to in the source: the first head of the last layer. Models without a head and texts of one token have none. Files that PyTorch does not read (GGUF, llama2.c) are taken as `COMMAND
export` writes them, whose logits parity_export compares. Exits with 77 when the Python packages are missing.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import reference  # exits with 77 where packages are missing
import reference_chatglm
import reference_nanochat
import reference_nanogpt
import reference_transformer
import numpy as np
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file, save_file


def next_tokens(ids):
    return torch.tensor([*ids[1:], -1])


def mean_loss(logits, targets):
    return F.cross_entropy(logits, targets, ignore_index=-1)


def encoder_loss(model, ids, segments):
    more = {} if segments is None else {"token_type_ids": torch.tensor([segments])}
    out, kind = model(torch.tensor([ids]), **more), type(model).__name__
    if not hasattr(out, "logits") and not hasattr(out, "prediction_logits"):
        return None
    loss = torch.zeros(())
    if kind.endswith(("ForPreTraining", "MaskedLM")):
        fill = (out.prediction_logits if kind.endswith("ForPreTraining") else out.logits)[0]
        targets = [(7 * t + 3) % fill.shape[1] if i % 3 == 0 else -1 for i, t in enumerate(ids)]
        loss = loss + mean_loss(fill, torch.tensor(targets))
    if kind.endswith("ForPreTraining"):
        loss = loss + F.cross_entropy(out.seq_relationship_logits, torch.tensor([1]))
    elif kind.endswith("SequenceClassification"):
        loss = loss + F.cross_entropy(out.logits, torch.tensor([1]))
    elif kind.endswith("TokenClassification"):
        labels = out.logits.shape[-1]
        loss = loss + mean_loss(out.logits[0], torch.tensor([i % labels for i in range(len(ids))]))
    return loss


def parameters_by_file_name(model, names):
    """The model's parameter, or buffer that a file holds, of each tensor of the file."""
    known = dict(model.state_dict(keep_vars=True))
    prefix = getattr(model, "base_model_prefix", "") + "."
    found = {}
    for name in names:
        for candidate in (name, prefix + name, name.removeprefix(prefix), name.replace("gamma", "weight").replace("beta", "bias"),
                          name.replace("embed_out", "lm_head")):
            if candidate in known:
                found[name] = known[candidate]
                break
    return found


def with_gradients(folder, out_folder):
    """The loss of a Hugging Face folder and the gradient of each of its tensors; None if there is no loss."""
    ids = json.loads((folder / "ids.json").read_text())
    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors.update(load_file(path))
    config = json.loads((folder / "config.json").read_text())
    kind = config["model_type"]
    if kind == "transformer":
        state = {name: tensor.float().requires_grad_() for name, tensor in tensors.items()}
        loss = mean_loss(reference_transformer.Transformer(config, state).forward(ids["source"], ids["target"]),
                         next_tokens(ids["target"]))
        loss.backward()
        return loss, {name: tensor.grad for name, tensor in state.items()}
    if kind == "chatglm":
        model = reference_chatglm.load(folder)
        loss = mean_loss(model(torch.tensor(ids["prompt"])), next_tokens(ids["prompt"]))
    elif "source" in ids:
        # In f64: PyTorch's own f32 gradients of t5_relu are off by 2.6e-4 of a tensor's largest.
        model = getattr(transformers, config["architectures"][0]).from_pretrained(
            folder, dtype=torch.float64, attn_implementation="eager").eval()
        if hasattr(model, "final_logits_bias"):
            model.final_logits_bias.requires_grad_()
        out = model(input_ids=torch.tensor([ids["source"]]), decoder_input_ids=torch.tensor([ids["target"]]),
                    output_attentions=True)
        np.save(out_folder / "attention.npy", out.cross_attentions[-1][0, 0].detach().float().numpy())
        loss = mean_loss(out.logits[0], next_tokens(ids["target"]))
    else:
        model = reference.load(folder)
        if kind in reference.ENCODERS:
            loss = encoder_loss(model, ids["prompt"], ids.get("segments"))
        else:
            loss = mean_loss(model(torch.tensor([ids["prompt"]])).logits[0], next_tokens(ids["prompt"]))
    if loss is None:
        return None
    loss.backward()
    found = parameters_by_file_name(model, tensors)
    return loss, {name: p.grad.float().reshape(tensors[name].shape) for name, p in found.items() if p.grad is not None}


def nanochat(folder, ids, out):
    meta = json.loads((folder / "meta_000007.json").read_text())
    state = torch.load(folder / "model_000007.pt", weights_only=True)
    leaves = {name: tensor.float().requires_grad_() for name, tensor in state.items()}
    era = folder.name.removeprefix("nanochat_")
    cap = float(ids["options"][1]) if ids["options"] else None
    loss = mean_loss(reference_nanochat.forward(leaves, meta["model_config"], era, ids["prompt"], cap),
                     next_tokens(ids["prompt"]))
    loss.backward()
    torch.save({name: torch.zeros_like(t) if t.grad is None else t.grad for name, t in leaves.items()},
               out / "model_000007.pt")
    return loss


def nanogpt(folder, ids, out):
    saved = torch.load(folder / ids["checkpoint"], weights_only=False)
    state = saved["model"] if "model" in saved else saved
    tied = {}
    leaves = {name: tied.setdefault(t.data_ptr(), t.float().clone().requires_grad_()) for name, t in state.items()
              if not name.endswith(".attn.bias")}
    gelu = "none" if "model" in saved or "gelu" in ids["options"] else "tanh"
    heads = saved["model_args"]["n_head"] if "model" in saved else int(ids["options"][1])
    plain = {name.removeprefix("_orig_mod."): t for name, t in leaves.items()}
    loss = mean_loss(reference_nanogpt.forward(plain, heads, gelu, ids["prompt"]), next_tokens(ids["prompt"]))
    loss.backward()
    gradients = {name: leaves[name].grad if name in leaves else t for name, t in state.items()}
    torch.save({**saved, "model": gradients} if "model" in saved else gradients, out / ids["checkpoint"])
    return loss


def pairs_in_turn(gradients, config):
    """Rows of queries and keys as llama2.c and GGUF have Llama's: what rotates together lies side by side."""
    for name, g in gradients.items():
        heads = config["num_attention_heads" if "q_proj" in name else "num_key_value_heads"]
        if "q_proj" in name or "k_proj" in name:
            gradients[name] = g.reshape(heads, 2, g.shape[0] // heads // 2, -1).transpose(1, 2).reshape(g.shape)


def exported(command, folder, ids, out):
    """The gradients of a file that is exported to a folder first."""
    with tempfile.TemporaryDirectory() as scratch:
        made = pathlib.Path(scratch) / "model"
        subprocess.run([command, "export", folder / ids.get("checkpoint", ""), "-o", made], check=True)
        (made / "ids.json").write_text(json.dumps({**ids, "checkpoint": ""}))
        for file in ("ids.json", "config.json"):
            shutil.copy(made / file, out)
        loss, gradients = with_gradients(made, out) or (None, None)
        config = json.loads((made / "config.json").read_text())
        if loss is not None and config["model_type"] == "llama":
            pairs_in_turn(gradients, config)
        return None if loss is None else (loss, gradients)


def write(command, folder, out):
    """Whether the model has a loss."""
    ids = json.loads((folder / "ids.json").read_text())
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for path in folder.iterdir():
        if path.suffix == ".json" and not path.name.endswith("index.json"):
            shutil.copy(path, out)
    checkpoint = ids.get("checkpoint", "")
    if checkpoint.startswith("model_0"):
        loss = nanochat(folder, ids, out)
    elif checkpoint.endswith(".pt"):
        loss = nanogpt(folder, ids, out)
    else:
        plain = not checkpoint and list(folder.glob("*.safetensors"))
        made = with_gradients(folder, out) if plain else exported(command, folder, ids, out)
        if made is None:
            return False
        loss, gradients = made
        save_file({name: g.contiguous().clone() for name, g in gradients.items()}, out / "model.safetensors")
    if loss.isnan():  # a single token, which none follows
        return False
    (out / "loss.json").write_text(json.dumps({"loss": loss.item()}))
    return True


def main():
    torch.set_num_threads(1)
    out = pathlib.Path(sys.argv[1])
    for folder in map(pathlib.Path, sys.argv[3:]):
        made = write(sys.argv[2], folder, out / folder.name)
        if not made:
            shutil.rmtree(out / folder.name)


if __name__ == "__main__":
    main()
