#!/usr/bin/env python3
"""Trains the small vocabularies in fixtures/ on the text below and writes what their libraries make of it.

Each folder of fixtures/ holds one vocabulary and cases.json: [{"text", "ids", "decoded"}], where "ids" are those with special tokens and
"decoded" is their text without them. The libraries (pip install tokenizers sentencepiece tiktoken) are the oracles; nothing here is computed by
constformer. llama2c/ is the vocabulary of spm_bpe/ in llama2.c's format: for valid text over a model without a normaliser the two
encode alike, apart from BOS.

Usage: tests/text/make_fixtures.py
"""
import json
import pathlib
import random
import struct
import tempfile

import sentencepiece
import sentencepiece.sentencepiece_model_pb2 as proto
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent / "fixtures"

PARAGRAPHS = """
A small house stands at the end of the lane, and in the small house a clock keeps time for nobody. It's been ticking since 1987,
they say; I've never seen it stop. "Who winds it?" asked the child. "Nobody does," said the old man, "and that's the trouble."
The weights go down, the weights come up; the wheels turn, and they'll turn again tomorrow at 6:45, and the day after, and the next.
We measured it once: 3600 beats in an hour, 86400 in a day, 31536000 in a year, if you don't count the leap years (we didn't).
Numbers are patient. 1, 2, 3, 10, 20, 30, 100, 1000, 1000000: each waits for the one before it. Words are patient too, but less so.
    def wind(clock):
        if clock.weight <= 0:
            clock.weight += 12   # twelve turns, never thirteen
        return clock
Der Wächter öffnet früh die große Tür; die Gäste grüßen höflich und müde. Où est la clé? Elle était là, près de la fenêtre fermée.
El niño soñó con una montaña pequeña y un pingüino. Příliš žluťoučký kůň úpěl ďábelské ódy. Łódź płynie wolno po jeziorze.
Маленький дом стоит в конце дороги, и часы идут сами. Никто не знает, кто их заводит. Το ρολόι χτυπά δώδεκα φορές τη νύχτα.
小さな家に古い時計があります。誰も時計を巻きません。房子里有一个旧钟,没有人知道为什么它还在走。작은 집에 오래된 시계가 있습니다.
The lane is long and the night is short; the rain falls softly on the roof and on the road. You're late, I'm early, we'd both wait.
Tick, tock, tick, tock... the clock's hands met at noon, parted at one, and met again: who'd have thought it could go on so long?
"""
TEXT = [line for line in PARAGRAPHS.split("\n") if line]

WORDS = " ".join(TEXT).split()
ODD = ["  ", "\t", "\n", "\r\n", "   ", "\u00a0", "\u3000", "\u180e", "\u200b", "'s", "'LL", "'ſ", "½", "²", "１２", "e\u0301", "a\u0323\u0300", "İ", "ﬁ", "Å",
       "\u1112\u1161\u11ab", "한", "😁", "👩‍👧", "🇩🇪", "\ufeff", "\ufffd", "\u0000", "<s>", "</s>", "<unk>", "<|endoftext|>", "[SEP]", "[MASK]", "<0x0A>", "##", "▁", "▁▁", "किं",
       "ﷺ", "--", "…", "!!", "x_y", "𝒳", "\u0085", "123456", "1234567"]


def cases(encode, decode, seed, more=()):
    rng = random.Random(seed)
    texts = ["", " ", "a", *TEXT[:4], *TEXT[-7:], *more]
    for _ in range(90):
        parts = []
        for _ in range(rng.randint(1, 7)):
            parts.append(rng.choice(ODD) if rng.random() < 0.4 else rng.choice(WORDS) + rng.choice(["", " ", " ", "  "]))
        texts.append("".join(parts))
    found = []
    for text in texts:
        ids = encode(text)
        found.append({"text": text, "ids": ids, "decoded": decode(ids)})
    # Decoding alone: ids nobody would write.
    size = max(max(case["ids"], default=0) for case in found) + 1
    for _ in range(20):
        ids = [rng.randrange(size) for _ in range(rng.randint(1, 9))]
        found.append({"ids": ids, "decoded": decode(ids)})
    return found


def write_cases(folder, found):
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in found)
    (folder / "cases.json").write_text("[\n" + lines + "\n]\n")


def save(name, tokenizer, seed=1, more=()):
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    data = json.loads(tokenizer.to_str())
    (folder / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=True, separators=(",", ":")) + "\n")
    write_cases(folder, cases(lambda t: tokenizer.encode(t).ids, lambda ids: tokenizer.decode(ids), seed, more))
    return folder, data


def byte_level(splitter, normalizer=None, size=700, **options):
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = splitter
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=["<|endoftext|>", "<|bos|>"], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(TEXT, trainer)
    return tokenizer


def split_then_bytes(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

# Words are cut by case too: title case, capitals, marks, modifier letters, contractions behind a word, slashes behind
# punctuation.
_CONTRACTED = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + _CONTRACTED,
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + _CONTRACTED,
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
CASED = ["camelCase", "HTTPServer", "XMLHttp", "I'LL", "we'Ve", "DON'T", "James's", "ǅungla", "ʰa", "ÉcoLe", "cafe\u0301S", "ОЧЕНЬ", "Очень", "ßtraße", "ﬀ",
         "//", ".../\n/", "*/\r\n", "İi", "時計TIME", "1234567", "٣٤٥٦", "\t ", " \n\n ", "\u0301", "_Под", "-Abc", "aB'S", "'", "’s"]


def cased_texts():
    rng = random.Random(10)
    return ["".join(rng.choice(CASED) + rng.choice(["", "", " "]) for _ in range(rng.randint(2, 6))) for _ in range(60)]


def make_byte_level():
    folder, data = save("gpt2", byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False)))
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(data["model"]["vocab"], ensure_ascii=True, separators=(",", ":")) + "\n")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in data["model"]["merges"]))

    llama3 = byte_level(split_then_bytes(LLAMA3), size=620)
    llama3.post_processor = processors.Sequence([processors.ByteLevel(), processors.TemplateProcessing(
        single="<|bos|> $A", pair="<|bos|> $A <|bos|>:1 $B:1", special_tokens=[("<|bos|>", 1)])])
    data = json.loads(llama3.to_str())
    data["model"]["ignore_merges"] = True
    data["model"]["vocab"]["Ġtrouble"] = len(data["model"]["vocab"])
    save("llama3", Tokenizer.from_str(json.dumps(data)))

    save("qwen2", byte_level(split_then_bytes(QWEN2), normalizers.NFC(), size=560))
    save("o200k", byte_level(split_then_bytes(O200K), size=520), seed=11, more=cased_texts())
    save("falcon", byte_level(pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False), pre_tokenizers.Digits(False),
        pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")]), size=500))

    added = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True), normalizers.Lowercase(), size=400)
    added.add_tokens([AddedToken("[SEP]", lstrip=True), AddedToken("[MASK]", rstrip=True, special=True, normalized=False),
                      AddedToken("The", normalized=True), AddedToken("clock", single_word=True, normalized=False),
                      AddedToken("clocks", normalized=False), AddedToken("時計", normalized=False), AddedToken("é", normalized=False)])
    save("added", added)


def make_wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(TEXT, trainers.WordPieceTrainer(vocab_size=600, special_tokens=special, show_progress=False))
    for text in special:
        tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True)])
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
                                                             special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    folder, data = save("bert", tokenizer)
    vocabulary = sorted(data["model"]["vocab"], key=data["model"]["vocab"].get)
    lines = folder.parent / "bert_lines"
    lines.mkdir(exist_ok=True)
    (lines / "vocab.txt").write_text("".join(token + "\n" for token in vocabulary))
    (lines / "cases.json").write_text((folder / "cases.json").read_text())
    pair = tokenizer.encode("A small house", "the clock")
    (folder / "pair.json").write_text(json.dumps({"first": "A small house", "second": "the clock", "ids": pair.ids, "segments": pair.type_ids}) + "\n")

    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=None)
    save("bert_cased", tokenizer, seed=2)


def train_sentencepiece(kind, rules, **options):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "text").write_text("\n".join(TEXT))
        (folder / "rules.tsv").write_text(rules)
        if rules:
            options["normalization_rule_tsv"] = str(folder / "rules.tsv")
        else:
            options["normalization_rule_name"] = "identity"
        sentencepiece.SentencePieceTrainer.train(input=str(folder / "text"), model_prefix=str(folder / "m"), model_type=kind, minloglevel=2,
                                                 hard_vocab_limit=False, **options)
        model = proto.ModelProto()
        model.ParseFromString((folder / "m.model").read_bytes())
        model.trainer_spec.ClearField("input")
        model.trainer_spec.ClearField("model_prefix")
        model.normalizer_spec.ClearField("normalization_rule_tsv")
        return model


def save_sentencepiece(name, model):
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(model.SerializeToString(deterministic=True))
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    write_cases(folder, cases(processor.encode, processor.decode, 3))
    (folder / "tokenizer_config.json").write_text('{"add_bos_token": false, "add_eos_token": false}\n')


def utf32(text):
    return " ".join(f"{ord(c):X}" for c in text)


# A character map of a few rules: white space, full-width digits, a ligature, upper case A to C, characters that vanish.
RULES = "".join(f"{utf32(a)}\t{utf32(b)}\n" for a, b in
                [("\t", " "), ("\n", " "), ("\r\n", " "), ("\u00a0", " "), ("\u3000", " "), ("\u200b", ""), ("\ufeff", ""), ("１", "1"), ("２", "2"), ("ﬁ", "fi"),
                 ("½", "1/2"), ("e\u0301", "é"), ("A", "a"), ("B", "b"), ("C", "c"), ("…", "...")])


def unused(model, every):
    normal = [p for p in model.pieces if p.type == 1 and len(p.piece) > 1]
    for piece in normal[::every]:
        piece.type = 5
    return model


def make_sentencepiece():
    bpe = train_sentencepiece("bpe", "", vocab_size=560, byte_fallback=True, character_coverage=0.98, remove_extra_whitespaces=False)
    save_sentencepiece("spm_bpe", bpe)
    make_llama2c(bpe)
    save_sentencepiece("spm_unigram", train_sentencepiece("unigram", RULES, vocab_size=500, character_coverage=0.98))
    symbols = dict(user_defined_symbols=["[SEP]", "the clock", "<<", "時計"], control_symbols=["[MASK]"])
    save_sentencepiece("spm_symbols_bpe", unused(train_sentencepiece("bpe", RULES, vocab_size=500, **symbols), 4))
    save_sentencepiece("spm_symbols_unigram", unused(train_sentencepiece("unigram", "", vocab_size=450, treat_whitespace_as_suffix=True, **symbols), 4))


def make_llama2c(model):
    folder = HERE / "llama2c"
    folder.mkdir(parents=True, exist_ok=True)
    texts = [p.piece.replace("\u2581", " ").encode() for p in model.pieces]
    texts[1], texts[2] = b"\n<s>\n", b"\n</s>\n"
    with open(folder / "tokenizer.bin", "wb") as out:
        out.write(struct.pack("<I", max(map(len, texts))))
        for piece, text in zip(model.pieces, texts):
            out.write(struct.pack("<fI", piece.score, len(text)) + text)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    # The mark itself has no special meaning to llama2.c, and C strings end at a zero byte.
    found = [case for case in cases(processor.encode, processor.decode, 4) if "text" in case and "\u2581" not in case["text"] and "\0" not in case["text"]]
    for case in found:
        case["ids"] = [1, *case["ids"]]
    write_cases(folder, found)


def make_byte_fallback():
    """Llama-2's tokenizer.json, over the pieces of spm_bpe."""
    model = proto.ModelProto()
    model.ParseFromString((HERE / "spm_bpe" / "spiece.model").read_bytes())
    vocabulary = {p.piece: i for i, p in enumerate(model.pieces)}
    merges = []
    for piece, i in sorted(vocabulary.items(), key=lambda item: item[1]):
        if model.pieces[i].type == 1:
            merges += [(piece[:k], piece[k:]) for k in range(1, len(piece)) if piece[:k] in vocabulary and piece[k:] in vocabulary]
    for name, normalizer, splitter in (
            ("llama2", normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), None),
            ("mistral", None, pre_tokenizers.Metaspace("▁", "first", False))):
        tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        if normalizer:
            tokenizer.normalizer = normalizer
        if splitter:
            tokenizer.pre_tokenizer = splitter
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
        tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in ("<unk>", "<s>", "</s>")])
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
        save(name, tokenizer, seed=5)


def make_unigram():
    """T5's tokenizer.json, over the pieces and the character map of spm_unigram."""
    model = proto.ModelProto()
    model.ParseFromString((HERE / "spm_unigram" / "spiece.model").read_bytes())
    tokenizer = Tokenizer(models.Unigram([(p.piece, p.score) for p in model.pieces], 0, False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap), normalizers.Replace(Regex(" {2,}"), "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 2)])
    save("t5", tokenizer, seed=6)


def make_characters():
    folder = HERE / "characters"
    folder.mkdir(parents=True, exist_ok=True)
    charset = sorted(set("\n".join(TEXT)))
    (folder / "chars.json").write_text(json.dumps({"type": "char", "chars": charset}) + "\n")
    index = {c: i for i, c in enumerate(charset)}
    write_cases(folder, [{"text": t, "ids": [index[c] for c in t], "decoded": t} for t in TEXT])


def make_marian():
    """A source and a target model with the numbers of one vocab.json; some pieces of each have none."""
    from transformers import MarianTokenizer

    folder = HERE / "marian"
    folder.mkdir(parents=True, exist_ok=True)
    sides = [HERE / "spm_unigram" / "spiece.model", HERE / "spm_symbols_unigram" / "spiece.model"]
    pieces = {}
    for source, name in zip(sides, ("source.spm", "target.spm")):
        (folder / name).write_bytes(source.read_bytes())
        model = proto.ModelProto()
        model.ParseFromString(source.read_bytes())
        for i, piece in enumerate(model.pieces):
            if piece.type in (1, 4) and i % 17:
                pieces[piece.piece] = None
    vocabulary = {piece: i for i, piece in enumerate(["</s>", "<unk>", *sorted(pieces), ">>fra<<", "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "MarianTokenizer"}) + "\n")
    tokenizer = MarianTokenizer(str(folder / "source.spm"), str(folder / "target.spm"), str(folder / "vocab.json"))
    tokenizer.punc_normalizer = lambda text: text
    rng, found = random.Random(9), []
    # Text that only the other side's pieces spell is left out: docs/tokenizers.md says what differs there.
    for text in ["", *(t for t in TEXT if "時計" not in t), ">>fra<< " + TEXT[0], *(" ".join(rng.choices(WORDS, k=6)) for _ in range(20))]:
        found.append({"text": text, "source": tokenizer(text).input_ids, "target": tokenizer(text_target=text).input_ids})
    for _ in range(20):
        ids = [rng.randrange(len(vocabulary)) for _ in range(7)] + [vocabulary["a"]]
        found.append({"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True)})
    write_cases(folder, found)


TIKTOKEN_PATTERNS = {
    "r50k": r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s""",
    "cl100k": r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|"""
              r"""\s+(?!\S)|\s""",
    "nanochat": r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+""",
}


def make_tiktoken():
    """Ranks as tiktoken keeps them, split by three of its patterns; cases_NAME.json for each."""
    import base64

    import regex
    import tiktoken

    folder = HERE / "tiktoken"
    folder.mkdir(parents=True, exist_ok=True)
    ranks = {bytes([b]): b for b in range(256)}
    words = [[bytes([b]) for b in w.encode()] for w in regex.findall(TIKTOKEN_PATTERNS["cl100k"], "\n".join(TEXT))]
    while len(ranks) < 700:  # plain byte-pair encoding: the pair that is seen most, the first of them on a tie
        count = {}
        for word in words:
            for pair in zip(word, word[1:]):
                count[pair] = count.get(pair, 0) + 1
        best = max(count, key=count.get)
        ranks.setdefault(best[0] + best[1], len(ranks))
        for word in words:
            i = 0
            while i + 1 < len(word):
                if (word[i], word[i + 1]) == best:
                    word[i:i + 2] = [best[0] + best[1]]
                i += 1
    lines = [base64.b64encode(token) + b" " + str(rank).encode() for token, rank in ranks.items()]
    (folder / "ranks.tiktoken").write_bytes(b"\n".join(lines) + b"\n")
    for name, pattern in TIKTOKEN_PATTERNS.items():
        encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": len(ranks)})
        found = cases(lambda t: encoding.encode(t, allowed_special="all"),
                      lambda ids: encoding.decode([i for i in ids if i < len(ranks)]), seed=8)
        lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in found)
        (folder / f"cases_{name}.json").write_text("[\n" + lines + "\n]\n")


NANOCHAT_SPECIAL = ["<|bos|>", "<|user_start|>", "<|user_end|>", "<|assistant_start|>", "<|assistant_end|>", "<|python_start|>",
                    "<|python_end|>", "<|output_start|>", "<|output_end|>"]


def make_nanochat():
    """nanochat's tokenizer.pkl: tiktoken's Encoding, pickled. Every document begins with bos."""
    import base64
    import pickle

    import tiktoken

    folder = HERE / "nanochat"
    folder.mkdir(parents=True, exist_ok=True)
    lines = (HERE / "tiktoken" / "ranks.tiktoken").read_bytes().splitlines()[:420]
    ranks = {base64.b64decode(line.split()[0]): int(line.split()[1]) for line in lines}
    special = {text: len(ranks) + i for i, text in enumerate(NANOCHAT_SPECIAL)}
    encoding = tiktoken.Encoding("rustbpe", pat_str=TIKTOKEN_PATTERNS["nanochat"], mergeable_ranks=ranks, special_tokens=special)
    (folder / "tokenizer.pkl").write_bytes(pickle.dumps(encoding))
    write_cases(folder, cases(lambda t: [special["<|bos|>"], *encoding.encode(t, allowed_special="all")],
                              lambda ids: encoding.decode([i for i in ids if i < len(ranks)]), seed=12))


def make_chatglm():
    """ice_text.model of ChatGLM-6B's first release and of the later one, on the same few pieces."""
    import reference_chatglm as chatglm

    model = train_sentencepiece("unigram", RULES, vocab_size=420, character_coverage=0.98, user_defined_symbols=["<n>"], pad_id=3)
    rng = random.Random(13)
    more = ["  ", "a  b", "\n\n", "\t\tx", "a\r\nb", "<n>", "<|tab|>", "<|blank_7|>", "[gMASK] <sop>", "时计\n", *TEXT[7:11],
            *("x" * rng.randint(0, 1) + " " * n + "y" * rng.randint(0, 1) for n in (2, 3, 79, 80, 81, 82, 160, 161, 162, 243))]
    for name, images in (("chatglm_6b_first", 20000), ("chatglm_6b", 0)):
        folder = HERE / name
        folder.mkdir(parents=True, exist_ok=True)
        full = chatglm.completed(model)
        (folder / "ice_text.model").write_bytes((model if images else full).SerializeToString(deterministic=True))
        settings = {"tokenizer_class": "ChatGLMTokenizer", "bos_token": "<sop>", "eos_token": "<eop>"}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings if images else {**settings, "num_image_tokens": 0}) + "\n")
        reference = chatglm.Reference(full, images)
        found = [case for case in cases(reference.encode, reference.decode, 14, more) if "text" in case]
        for _ in range(20):
            ids = [images + rng.randrange(len(full.pieces)) for _ in range(rng.randint(1, 9))]
            found.append({"ids": ids, "decoded": reference.decode(ids)})
        write_cases(folder, found)


if __name__ == "__main__":
    make_byte_level()
    make_wordpiece()
    make_sentencepiece()
    make_byte_fallback()
    make_unigram()
    make_characters()
    make_tiktoken()
    make_marian()
    make_nanochat()
    make_chatglm()
