#!/usr/bin/env python3
"""Programs of configurations in which several keys differ from the default at once, beside `transformers`.

    check_key_sets.py CHECK_FIXTURE COMMAND [SETS [SEED]]

config_keys.json says what every key of a config.json does by itself. Here some of them are drawn together, a tiny model is
made of them and saved as the file says it or as this release of transformers writes it, and check_fixture builds its
program and compares the logits. A set that transformers refuses is drawn again. Sets that the command refuses are printed;
more than a quarter of them fail the test. Exits with 77 where there is no transformers.
"""
import contextlib
import io
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "formats"))
import make_config_keys as keys  # noqa: E402  exits with 77
import numpy  # noqa: E402
import torch  # noqa: E402

# What is refused by itself (config_keys.json has it), or cannot be given to a model's constructor.
LEFT_OUT = {"pruned_heads", "torch_dtype", "dtype", "architectures", "per_layer_config", "vocab_size", "model_type",
            "is_encoder_decoder", "is_causal", "is_decoder", "add_cross_attention", "position_embedding_type"}
DEPTHS = {"num_hidden_layers", "num_layers", "n_layer", "n_layers", "encoder_layers", "decoder_layers", "num_decoder_layers"}


def small(key, value):
    """A model that is larger says nothing more; a deeper one amplifies roundings."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return min(value, 3 if key in DEPTHS else 128) if whole else value


def drawn(dice, families):
    """(family, base, file): up to four keys of one family that change its logits or tensors by themselves, and one that does not."""
    name = dice.choice(list(families))
    base = dice.choice(list(families[name]["bases"]))
    file = {key: value for key, value in families[name]["bases"][base].items() if key != "model_type"}
    probes = [(patch, effects[keys.MAJOR]) for at, patch, effects in families[name]["probes"]
              if at in ("plain", base) and effects.get(keys.MAJOR) in ("none", "logits", "tensors")
              and not LEFT_OUT & patch.keys()]
    telling = [patch for patch, effect in probes if effect != "none"]
    silent = [patch for patch, effect in probes if effect == "none"]
    for patch in dice.sample(telling, min(len(telling), dice.randint(1, 4))) + dice.sample(silent, 1):
        file |= patch
    file = {key: small(key, value) for key, value in file.items()}
    return name, base, file


def computed(model, dtype):
    """(logits, hidden states of an encoder) of the folder's model in that precision."""
    loaded = model.kind.from_pretrained(model.folder.name, dtype=dtype, attn_implementation="eager").eval()
    inputs = {"input_ids": model.ids} | ({"decoder_input_ids": model.ids.flip(1)} if loaded.config.is_encoder_decoder else {})
    with torch.no_grad():
        hidden = loaded.base_model(model.ids)[0][0] if "MaskedLM" in model.kind.__name__ else None
        return loaded(**inputs).logits[0], hidden, loaded.config


def write_fixture(model, standard):
    """The files that check_fixture reads beside the model's own. Raises where PyTorch's own roundings show."""
    folder = pathlib.Path(model.folder.name)
    logits, hidden, config = computed(model, torch.float32)
    exact = computed(model, torch.float64)[0]
    if not (logits - exact).abs().max() < 2e-5 * (exact.max() - exact.min()):
        raise ValueError("ill conditioned")
    if standard:
        config.save_pretrained(folder)
    ids = model.ids[0].tolist()
    expected = {"source": ids, "target": ids[::-1]} if config.is_encoder_decoder else {"prompt": ids}
    (folder / "ids.json").write_text(json.dumps({"context": len(ids), **expected}))
    if hidden is not None:
        numpy.save(folder / "hidden.npy", hidden.numpy())
    numpy.save(folder / ("logits.npy" if hidden is None else "fill.npy"), logits.numpy())


def outcome(dice, families, check_fixture, command):
    """What came of one set: "drawn anew", "right", "refused" or "wrong", and a line about it."""
    name, base, file = drawn(dice, families)
    standard = dice.random() < 0.5
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            model = keys.tiny_model(name, file)
            write_fixture(model, standard)
    except Exception:
        return "drawn anew", ""
    changed = {key: value for key, value in file.items() if families[name]["bases"][base].get(key) != value}
    about = f"{name} {base} {json.dumps(changed)}{' as saved' if standard else ''}"
    with tempfile.TemporaryDirectory() as work:
        ran = subprocess.run([check_fixture, command, model.folder.name, work + "/work", "2e-4"], capture_output=True, text=True)
    if ran.returncode == 0:
        return "right", about
    said = (ran.stdout + ran.stderr).strip().splitlines()
    refused = any(line.startswith("constformer: ") for line in said)
    return ("refused" if refused else "wrong"), f"{about}\n    {said[-1] if said else ran.returncode}"


def main():
    check_fixture, command = sys.argv[1:3]
    sets, seed = (int(word) for word in (sys.argv[3:] + ["20", "0"][len(sys.argv) - 3:]))
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    keys.transformers.logging.set_verbosity(keys.transformers.logging.CRITICAL)
    keys.transformers.logging.disable_progress_bar()
    families = {name: family for name, family in keys.stored()["families"].items()
                if hasattr(keys.transformers, keys.FAMILIES[name][0])}
    dice = random.Random(seed)
    count = {"right": 0, "refused": 0, "wrong": 0}
    while sum(count.values()) < sets:
        kind, about = outcome(dice, families, check_fixture, command)
        if kind == "drawn anew":
            continue
        count[kind] += 1
        print(f"{kind}: {about}", flush=True)
    print(*(f"{number} {kind}" for kind, number in count.items()), sep=", ")
    sys.exit(count["wrong"] > 0 or count["refused"] > sets // 4)


main()
