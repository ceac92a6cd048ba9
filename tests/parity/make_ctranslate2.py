#!/usr/bin/env python3
"""Write the CTranslate2 fixtures: tiny random models as its TransformersConverter stores them, and what `ctranslate2` computes for them.

    make_ctranslate2.py              write those that are not there yet into fixtures_ctranslate2/ beside this script
    make_ctranslate2.py --check      make all again in a temporary folder and compare with what is committed

A fixture is model.bin, config.json and the vocabulary with the ids.json and logits.npy of make_fixtures.py and make_translators.py.
The reference computes in float32 with the weights that int8 and float16 stand for. It gives no logits of a given target, so those of
Marian are `transformers`', of the checkpoint that was converted; that its greedy translation is CTranslate2's is made sure.
Exit status 77 when the Python packages it needs are missing.
"""
import argparse
import json
import pathlib
import shutil
import sys
import tempfile
import zlib

import make_fixtures as fixtures  # exits with 77 where packages are missing
import make_translators as translators
import numpy as np
import torch
import transformers
from safetensors.torch import save_file

try:
    import ctranslate2
    import sentencepiece
    from ctranslate2.converters.transformers import TransformersConverter
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent

# name: (config, type of the weights)
DECODERS = {
    "ct2_gpt2": (fixtures.gpt2(), "float16"),
    "ct2_llama": (fixtures.llama(num_attention_heads=6, num_key_value_heads=3, rope_theta=500.0), "int8"),
}
MARIAN = translators.marian(d_model=6, encoder_layers=1, decoder_layers=2, encoder_attention_heads=3, encoder_ffn_dim=10,
                            decoder_ffn_dim=10, activation_function="swish")
MARIAN_TEXT = "The small house keeps time for nobody, 1987."


class Words:
    """A tokenizer of as many words as the model has ids, as far as the converter asks one."""

    bos_token, eos_token, unk_token = "w0", "w1", "w2"

    def __init__(self, count):
        self.count = count

    def get_vocab(self):
        return {f"w{i}": i for i in range(self.count)}


class Converter(TransformersConverter):
    def __init__(self, folder, tokenizer, **options):
        super().__init__(str(folder), **options)
        self.tokenizer = tokenizer

    def load_tokenizer(self, *_, **__):
        return self.tokenizer


def decoder_logits(generator, ids):
    found = generator.forward_batch([[f"w{i}" for i in ids]], return_log_probs=False)
    return np.array(found, dtype=np.float32)[0]


def greedy(generator, prompt):
    ids, chosen, margins = list(prompt), [], []
    for _ in range(fixtures.GREEDY):
        last = decoder_logits(generator, ids)[-1]
        top = np.argsort(last)[::-1]
        margins.append(float(last[top[0]] - last[top[1]]))
        chosen.append(int(top[0]))
        ids.append(chosen[-1])
    return chosen, margins


def try_decoder(name, folder, seed):
    """False where a greedy step is too near a tie, or the text too dull."""
    c, kind = DECODERS[name]
    with tempfile.TemporaryDirectory() as scratch:
        fixtures.write_checkpoint(fixtures.Fixture(c), pathlib.Path(scratch), seed)
        Converter(scratch, Words(c["vocab_size"])).convert(str(folder), quantization=kind, force=True)
    generator = ctranslate2.Generator(str(folder), compute_type="float32")
    random = np.random.RandomState(seed + 1)
    prompt = random.randint(0, c["vocab_size"], 12).tolist()
    logits = decoder_logits(generator, prompt)
    span = float(np.abs(logits).max())
    chosen, margins = greedy(generator, prompt)
    if min(margins) < fixtures.SAFE_MARGIN * span or len(set(chosen)) < 5:
        return False
    np.save(folder / "logits.npy", logits)
    record = {"seed": seed, "prompt": prompt, "greedy": chosen, "margins": [round(m, 6) for m in margins],
              "range": round(span, 6), "context": len(prompt) + fixtures.GREEDY}
    (folder / "ids.json").write_text(json.dumps(record) + "\n")
    return True


def add_pair(c, folder):
    """Two SentencePiece models with one list of ids, whose last is pad."""
    texts, pieces = HERE.parent / "text" / "fixtures", {}
    for name, file in (("spm_unigram", "source.spm"), ("spm_symbols_unigram", "target.spm")):
        shutil.copyfile(texts / name / "spiece.model", folder / file)
        model = sentencepiece.SentencePieceProcessor(model_file=str(folder / file))
        pieces.update((model.id_to_piece(i), None) for i in range(model.vocab_size())
                      if not (model.is_control(i) or model.is_unknown(i)))
    ids = {piece: i for i, piece in enumerate(["</s>", "<unk>", *pieces, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(ids))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "MarianTokenizer"}))
    pad = len(ids) - 1
    c.update(vocab_size=len(ids), pad_token_id=pad, decoder_start_token_id=pad, bad_words_ids=[[pad]])
    tokenizer = transformers.MarianTokenizer.from_pretrained(folder)
    tokenizer.punc_normalizer = lambda text: text
    return tokenizer


def checkpoint_of(model, seed, pad):
    """Random weights for `model`. Marian begins with an embedding of zeros, which its checkpoints store as that of pad."""
    random = np.random.RandomState(seed)
    tensors = {name: translators.fill(name, tuple(p.shape), random) for name, p in sorted(model.named_parameters())
               if "embed_positions" not in name}
    # Of one length, so that no id wins by its own: with hundreds of them the greedy text would be one word.
    table = tensors["model.shared.weight"]
    table *= 2 / table.norm(dim=1, keepdim=True)
    table[pad] = 0
    tensors["final_logits_bias"] = 0.1 * torch.from_numpy(random.standard_normal((1, pad + 1)).astype(np.float32))
    model.load_state_dict(tensors, strict=False)
    model.tie_weights()
    return tensors


class Loaded(translators.Library):
    def __init__(self, model):
        self.model = model


def write_marian(folder, first):
    c = dict(MARIAN)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        tokenizer = add_pair(c, scratch)
        (scratch / "config.json").write_text(json.dumps(c))
        model = transformers.MarianMTModel(transformers.AutoConfig.from_pretrained(scratch)).eval()
        model.set_attn_implementation("eager")
        source, pad = tokenizer(MARIAN_TEXT).input_ids, c["pad_token_id"]
        for seed in range(first, first + 200):
            tensors = checkpoint_of(model, seed, pad)
            target = np.random.RandomState(seed + 1).randint(2, pad, 7).tolist()
            logits = Loaded(model).logits(source, [pad, *target])[:, :pad].float().numpy()
            chosen, margins = translators.greedy(Loaded(model), source, pad, [pad])
            tokens = tokenizer.convert_ids_to_tokens(chosen)
            clear = min(margins) >= translators.SAFE_MARGIN * np.abs(logits).max()
            # transformers takes blanks off the end of a text
            if clear and len(set(chosen)) >= 4 and 0 not in chosen and not tokens[-1].endswith("\u2581"):
                break
        else:
            raise SystemExit("ct2_marian: no seed gives a greedy text away from ties")
        save_file(tensors, scratch / "model.safetensors", metadata={"format": "pt"})
        Converter(scratch, tokenizer, copy_files=["source.spm", "target.spm"]).convert(str(folder), force=True)
    theirs = ctranslate2.Translator(str(folder)).translate_batch(
        [tokenizer.convert_ids_to_tokens(source)], beam_size=1, max_decoding_length=len(chosen))[0].hypotheses[0]
    if theirs != tokens:
        raise SystemExit(f"ct2_marian: CTranslate2 translates {theirs}, transformers {tokens}")
    np.save(folder / "logits.npy", logits)
    record = {"seed": seed, "source": source, "target": [0, *target], "greedy": chosen, "text": MARIAN_TEXT,
              "translation": tokenizer.decode(chosen, skip_special_tokens=True),
              "context": max(len(source), len(target) + 1, translators.GREEDY + 1)}
    (folder / "ids.json").write_text(json.dumps(record) + "\n")


def write(name, folder):
    first = zlib.crc32(name.encode()) % 100000
    if name not in DECODERS:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return write_marian(folder, first)
    for attempt in range(200):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if try_decoder(name, folder, first + attempt):
            return
    raise SystemExit(f"{name}: no seed gives a greedy text away from ties")


def difference(old, new):
    for file in sorted({p.name for p in old.iterdir()} | {p.name for p in new.iterdir()}):
        if not (old / file).exists() or not (new / file).exists():
            return f"{file} is in one folder alone"
        if file == "logits.npy":
            x, y = np.load(old / file), np.load(new / file)
            if x.shape != y.shape or not np.abs(x - y).max() <= fixtures.TOLERANCE * np.abs(y).max():
                return f"{file} differs"
        elif file == "ids.json":
            a, b = (json.loads((place / file).read_text(), object_hook=lambda o: {
                k: v for k, v in o.items() if k not in ("margins", "range")}) for place in (old, new))
            if a != b:
                return f"{file} differs"
        elif (old / file).read_bytes() != (new / file).read_bytes():
            return f"{file} differs"
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--check", action="store_true")
    p.add_argument("-o", "--output", type=pathlib.Path, default=HERE / "fixtures_ctranslate2")
    a = p.parse_args()
    torch.set_num_threads(1)
    bad = 0
    for name in (*DECODERS, "ct2_marian"):
        folder = a.output / name
        if not a.check:
            if not folder.exists():
                write(name, folder)
                print(name, flush=True)
            continue
        with tempfile.TemporaryDirectory() as scratch:
            write(name, pathlib.Path(scratch) / name)
            what = difference(folder, pathlib.Path(scratch) / name)
        if what:
            print(f"{name}: {what}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
