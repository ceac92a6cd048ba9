#!/usr/bin/env python3
"""Trains tokenizers by `constformer train-tokenizer` and by the libraries that it follows, and compares: tokens and merges with those of
tokenizers and rustbpe, pieces with those of sentencepiece, ids of the project's reader with those of transformers' AutoTokenizer.

    CONSTFORMER_COMMAND=… check_tokenizers.py        (77: a library is missing)
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE))
sys.path.append(str(HERE.parent / "text"))

COMMAND = os.environ["CONSTFORMER_COMMAND"]
PROBES = ["The clock's hands met at noon,  and they'll meet again!", "  two blanks\n\n\tand lines\n", "caf\u00e9 \u6642\u8a08 12345 \U0001f600", "<|endoftext|>the end", "a"]


def run(*arguments):
    return subprocess.run([COMMAND, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}:\n  got  {str(got)[:300]}\n  want {str(want)[:300]}")


def check_ids(folder, lines):
    """What the project reads back is what transformers reads."""
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(str(folder))
    for line in lines + PROBES:
        (folder / "probe").write_text(line)
        ours = [int(i) for i in run("tokenize", folder, "-f", folder / "probe").split()]
        check(f"{folder.name}: ids of {line!r}", ours, theirs.encode(line))


def check_bpe(folder, text, special, lines):
    import make_vectors

    content = text.read_text()
    for order, pattern in (("huggingface", "gpt2"), ("huggingface", "gpt4"), ("rustbpe", "gpt4")):
        out = folder / f"{order}-{pattern}"
        size = 900
        run("train-tokenizer", text, "--vocab-size", size, *[f"--special={token}" for token in special], "--pattern", pattern, "--order", order, "-o", out)
        data = json.loads((out / "tokenizer.json").read_text())
        vocab = data["model"]["vocab"]
        byte = make_vectors.alphabet_bytes()
        tokens = sorted(vocab, key=vocab.get)
        spell = lambda token: token.encode().hex() if token in special else bytes(byte[c] for c in token).hex()
        if order == "rustbpe":
            want = make_vectors.rust_bpe(content, size, special, pattern)
            check(f"{out.name}: tokens", [spell(t) for t in tokens], want["tokens"][:len(tokens)])
            check(f"{out.name}: special tokens", [t["content"].encode().hex() for t in data["added_tokens"]], want["tokens"][len(tokens):])
        else:
            want = make_vectors.hugging_face(content, size, special, pattern)
            check(f"{out.name}: tokens", [spell(t) for t in tokens], want["tokens"])
            check(f"{out.name}: merges", [[vocab[t] for t in merge] for merge in data["model"]["merges"]], want["merges"])
        check_ids(out, lines)


def check_sentencepiece(folder, text, lines):
    import sentencepiece
    import sentencepiece.sentencepiece_model_pb2 as proto

    shared = dict(input=str(text), vocab_size=600, character_coverage=1.0, minloglevel=2, control_symbols=["<|endoftext|>"])
    kinds = {"sentencepiece-bpe": ("tokenizer.model", dict(model_type="bpe", byte_fallback=True, split_digits=True, allow_whitespace_only_pieces=True,
                                                            remove_extra_whitespaces=False, normalization_rule_name="identity", unk_surface=r" \342\201\207 ")),
             "unigram": ("spiece.model", dict(model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1))}
    for kind, (name, options) in kinds.items():
        out = folder / kind
        run("train-tokenizer", text, "--type", kind, "--vocab-size", 600, "--special", "<|endoftext|>", "-o", out)
        sentencepiece.SentencePieceTrainer.train(model_prefix=str(folder / "theirs"), **shared, **options)
        pieces = []
        for path in (out / name, folder / "theirs.model"):
            model = proto.ModelProto()
            model.ParseFromString(path.read_bytes())
            pieces.append([(piece.piece, round(piece.score, 4), piece.type) for piece in model.pieces])
        if kind == "unigram":  # releases of the library differ in their last digits and a few pieces
            alike = len({piece for piece, *_ in pieces[0]} & {piece for piece, *_ in pieces[1]})
            check("unigram: more than 500 of 600 pieces alike", alike > 500, True)
        else:
            check(f"{kind}: pieces", pieces[0], pieces[1])
        check_ids(out, lines)


def main():
    try:
        import rustbpe
        import sentencepiece
        import tokenizers
        import transformers
        import google.protobuf
    except ImportError as missing:
        print(missing)
        sys.exit(77)
    from make_fixtures import TEXT

    lines = TEXT + ["\n".join(TEXT)]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        text = folder / "text.txt"
        shared = pathlib.Path(os.environ.get("CONSTFORMER_SHARED", "")) / "data/text/tinyshakespeare.txt"
        long = shared.read_text()[:300000] if shared.is_file() else ""
        text.write_text("\n".join(TEXT * 3) + "\n" + long)
        check_bpe(folder, text, ["<|endoftext|>", "<|bos|>"], lines)
        check_sentencepiece(folder, text, lines)
        run("train-tokenizer", text, "--type", "char", "--special", "<|endoftext|>", "-o", folder / "char")
        vocab = json.loads((folder / "char/tokenizer.json").read_text())["model"]["vocab"]
        check("characters", list(vocab), sorted(set(text.read_text())))
        check_ids(folder / "char", lines)


if __name__ == "__main__":
    main()
