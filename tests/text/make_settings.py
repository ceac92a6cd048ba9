#!/usr/bin/env python3
"""Writes settings.json: what AutoTokenizer makes of a vocabulary beside all kinds of settings, class by class.

A case is a folder: `files` maps each name in it to a vocabulary of fixtures/ ({"from": PATH, "patch": changes as in RFC 7396})
or to JSON that is written out, and `ids` holds what transformers 4.57 makes of each of `texts`. Where 5.x says something else,
`ids5` holds that, or the error it gives. Two interpreters take turns, each with its own transformers:

    PYTHON_WITH_4.57 tests/text/make_settings.py            writes ids
    PYTHON_WITH_5    tests/text/make_settings.py            adds ids5 where they differ
    PYTHON           tests/text/make_settings.py --check    compares what its transformers says; 77: there is none
"""
import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
OUT = HERE / "settings.json"
TEXTS = ["Who winds it? Nobody Does, naïvement; it's 1987.", " The  clock\n\nticks <mask> and [MASK] stops </s> now<unk>.",
         "時計 A <x> b<X>c <|im_end|><extra_id_1> d <s>", "", "the clock<|endoftext|> naïve<<2>>"]

BERT_JSON = {"from": "bert/tokenizer.json"}
BERT_CASED = {"from": "bert_cased/tokenizer.json"}
GPT2_VOCAB = {"vocab.json": {"from": "gpt2/vocab.json"}, "merges.txt": {"from": "gpt2/merges.txt"}}
ENDS = {"<s>": 700, "<pad>": 701, "</s>": 702, "<unk>": 703, "<mask>": 704}
ROBERTA_VOCAB = {"vocab.json": {"from": "gpt2/vocab.json", "patch": ENDS}, "merges.txt": {"from": "gpt2/merges.txt"}}
LLAMA_JSON = {"from": "llama2/tokenizer.json"}
MISTRAL_JSON = {"from": "mistral/tokenizer.json"}
LLAMA3_JSON = {"from": "llama3/tokenizer.json"}
QWEN2_JSON = {"from": "qwen2/tokenizer.json"}
T5_JSON = {"from": "t5/tokenizer.json"}
BPE_MODEL = {"from": "spm_bpe/spiece.model"}
UNIGRAM_MODEL = {"from": "spm_unigram/spiece.model"}
SYMBOLS_MODEL = {"from": "spm_symbols_bpe/spiece.model"}


def token(content, **flags):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **flags}


def typed(content, **flags):
    made = token(content, **flags)
    del made["special"]
    return {"__type": "AddedToken", **made}


def cases():
    def folder(name, model_type, files, config=None, **more):
        made = {"config.json": {"model_type": model_type}, **files}
        if config is not None:
            made["tokenizer_config.json"] = config
        for key, value in more.items():
            made[key + ".json"] = value
        return {"name": name, "files": made}

    lower, cased = {"do_lower_case": True}, {"do_lower_case": False}
    for name in ("BertTokenizer", "DistilBertTokenizerFast", "ElectraTokenizer", "PreTrainedTokenizerFast"):
        for setting in ({}, lower, cased, {"strip_accents": False}, {**cased, "strip_accents": True}, {"tokenize_chinese_chars": False}):
            for json_name, file in (("lower", BERT_JSON), ("cased", BERT_CASED)):
                yield folder(f"{name} {setting} {json_name}", "bert", {"tokenizer.json": file}, {"tokenizer_class": name, **setting})
    yield folder("no class, cased json", "bert", {"tokenizer.json": BERT_CASED}, {})
    yield folder("no settings, cased json", "bert", {"tokenizer.json": BERT_CASED})
    yield folder("no settings, distilbert", "distilbert", {"tokenizer.json": BERT_CASED})
    lines = {"vocab.txt": {"from": "bert_lines/vocab.txt"}}
    for setting in ({}, cased, {"strip_accents": False}, {"tokenize_chinese_chars": False}, {**cased, "strip_accents": True},
                    {"do_basic_tokenize": False, "never_split": ["it"]}):
        yield folder(f"vocab.txt {setting}", "bert", lines, setting)
    yield folder("vocab.txt without settings", "distilbert", lines)
    yield folder("vocab.txt of a generic class", "bert", lines, {"tokenizer_class": "BertTokenizerFast", "do_lower_case": False})
    added = {"605": token("<x>", lstrip=True), "606": token("<X>", special=False, normalized=True), "607": token("clock", special=False, single_word=True)}
    yield folder("vocab.txt, another mask", "bert", lines, {"mask_token": "<mask>"})
    yield folder("Lowercase with a class of BERT's", "bert", {"tokenizer.json": {"from": "added/tokenizer.json"}}, {"tokenizer_class": "BertTokenizer"})
    yield folder("vocab.txt, added tokens", "bert", lines, {"added_tokens_decoder": added, **cased})
    yield folder("json, added tokens", "bert", {"tokenizer.json": BERT_JSON}, {"tokenizer_class": "BertTokenizer", "added_tokens_decoder": added})
    yield folder("json, added tokens and lower case for cased", "bert", {"tokenizer.json": BERT_CASED},
                 {"tokenizer_class": "BertTokenizer", "added_tokens_decoder": added})
    yield folder("json, mask with other flags", "bert", {"tokenizer.json": BERT_JSON},
                 {"tokenizer_class": "BertTokenizer", "added_tokens_decoder": {"4": token("[MASK]", lstrip=True, rstrip=True)}})
    yield folder("additional special tokens", "bert", {"tokenizer.json": BERT_JSON},
                 {"tokenizer_class": "BertTokenizer", "additional_special_tokens": ["<x>", "<X>"]})
    yield folder("special_tokens_map wins", "bert", {"tokenizer.json": BERT_JSON}, {"tokenizer_class": "BertTokenizer", "mask_token": "<mask>"},
                 special_tokens_map={"mask_token": token("<X>", rstrip=True), "additional_special_tokens": ["<x>"]})
    yield folder("special_tokens_map of no account", "bert", {"tokenizer.json": BERT_JSON},
                 {"tokenizer_class": "BertTokenizer", "added_tokens_decoder": {"4": token("[MASK]")}, "mask_token": "[MASK]"},
                 special_tokens_map={"additional_special_tokens": ["<x>"]})
    yield folder("added_tokens.json", "gpt2", GPT2_VOCAB, {"additional_special_tokens": ["<x>"]}, added_tokens={"<x>": 700, "<X>": 701})
    yield folder("extra special tokens", "gpt2", {"tokenizer.json": QWEN2_JSON}, {"tokenizer_class": "PreTrainedTokenizerFast", "extra_special_tokens": {"image_token": "<x>"}})

    for name in ("GPT2Tokenizer", "GPT2TokenizerFast", "CodeGenTokenizer"):
        for setting in ({}, {"add_prefix_space": True}, {"add_bos_token": True}, {"add_bos_token": False}, {"bos_token": "<|bos|>", "add_bos_token": True}):
            yield folder(f"{name} {setting} vocab", "gpt2", GPT2_VOCAB, {"tokenizer_class": name, **setting})
    for model in ("gpt2", "gpt_neo", "phi"):
        yield folder(f"bare {model}", model, GPT2_VOCAB)
    prefixed = {"from": "llama3/tokenizer.json", "patch": {
        "model": {"vocab": {text: i - 79 for text, i in ENDS.items()}},
        "pre_tokenizer": {"type": "ByteLevel", "pretokenizers": None, "add_prefix_space": True, "trim_offsets": True, "use_regex": True}}}
    for name in ("GPT2Tokenizer", "PreTrainedTokenizerFast", "RobertaTokenizer", "Qwen2Tokenizer", "LlamaTokenizerFast"):
        for setting in ({}, {"add_prefix_space": True}):
            if name != "LlamaTokenizerFast" or not setting:
                yield folder(f"prefix {name} {setting}", "gpt2", {"tokenizer.json": prefixed}, {"tokenizer_class": name, "bos_token": "<|bos|>", **setting})

    mask = {"mask_token": typed("<mask>", lstrip=False)}
    for setting in ({}, {"add_prefix_space": True}, mask, {"mask_token": "<mask>"}, {"cls_token": "<mask>", "sep_token": "<pad>"}, {"add_bos_token": False}):
        yield folder(f"roberta vocab {setting}", "roberta", ROBERTA_VOCAB, setting)
    yield folder("roberta bare", "roberta", ROBERTA_VOCAB)
    yield folder("roberta class", "bert", ROBERTA_VOCAB, {"tokenizer_class": "RobertaTokenizerFast"})
    yield folder("bart class", "roberta", ROBERTA_VOCAB, {"tokenizer_class": "BartTokenizer"})
    yield folder("roberta map", "roberta", ROBERTA_VOCAB, None,
                 special_tokens_map={"cls_token": "<s>", "sep_token": "</s>", "mask_token": {**token("<mask>", lstrip=True)}})

    for setting in ({}, {"add_prefix_space": True}, {"additional_special_tokens": ["<|im_end|>"]}, {"add_bos_token": True, "bos_token": "<|bos|>"}):
        yield folder(f"qwen2 vocab {setting}", "qwen2", GPT2_VOCAB, {"tokenizer_class": "Qwen2Tokenizer", **setting})
        yield folder(f"qwen2 json {setting}", "qwen2", {"tokenizer.json": QWEN2_JSON}, {"tokenizer_class": "Qwen2Tokenizer", **setting})
    yield folder("qwen3 bare", "qwen3", GPT2_VOCAB)

    asked = [{}, {"add_bos_token": True}, {"add_bos_token": False}, {"add_eos_token": True}, {"add_bos_token": False, "add_eos_token": True}]
    for setting in asked:
        for name in ("LlamaTokenizer", "LlamaTokenizerFast", "PreTrainedTokenizerFast"):
            yield folder(f"{name} {setting}", "llama", {"tokenizer.json": LLAMA_JSON}, {"tokenizer_class": name, **setting})
        yield folder(f"mistral {setting}", "mistral", {"tokenizer.json": MISTRAL_JSON}, {"tokenizer_class": "LlamaTokenizer", "legacy": False, **setting})
        roles = {"bos_token": "<|bos|>", "eos_token": "<|endoftext|>", "unk_token": None, "pad_token": None}
        for name in ("LlamaTokenizerFast", "GemmaTokenizerFast", "GPTNeoXTokenizerFast", "PreTrainedTokenizerFast", "CohereTokenizerFast"):
            yield folder(f"{name} llama3 {setting}", "llama", {"tokenizer.json": LLAMA3_JSON}, {"tokenizer_class": name, **roles, **setting})
    yield folder("llama bare", "llama", {"tokenizer.json": LLAMA_JSON})
    yield folder("mistral bare", "mistral", {"tokenizer.json": MISTRAL_JSON})
    yield folder("phi3 bare", "phi3", {"tokenizer.json": LLAMA_JSON})
    yield folder("gpt_neox bare", "gpt_neox", {"tokenizer.json": LLAMA3_JSON})
    for setting in ({"add_prefix_space": True}, {"add_prefix_space": False}, {"add_prefix_space": True, "legacy": False},
                    {"add_prefix_space": False, "legacy": False}, {"legacy": False}, {"legacy": True}):
        yield folder(f"llama model and json {setting}", "llama", {"tokenizer.json": MISTRAL_JSON, "tokenizer.model": BPE_MODEL},
                     {"tokenizer_class": "LlamaTokenizer", **setting})
        yield folder(f"llama model {setting}", "llama", {"tokenizer.model": BPE_MODEL}, {"tokenizer_class": "LlamaTokenizer", **setting})
    roles = {"bos_token": "</s>", "eos_token": "<s>", "pad_token": "<unk>"}  # in the order of Gemma's own pieces
    for setting in ({}, {"add_bos_token": False, "add_eos_token": True}):
        for name, file in (("plain", BPE_MODEL), ("symbols", SYMBOLS_MODEL)):
            yield folder(f"gemma model {name} {setting}", "gemma", {"tokenizer.model": file}, {"tokenizer_class": "GemmaTokenizer", **roles, **setting})
    yield folder("llama model symbols", "llama", {"tokenizer.model": SYMBOLS_MODEL}, {"tokenizer_class": "LlamaTokenizer", "legacy": False})
    for setting in asked[1:]:
        yield folder(f"llama model {setting}", "llama", {"tokenizer.model": BPE_MODEL}, {"tokenizer_class": "LlamaTokenizer", **setting})
    yield folder("llama model bare", "llama", {"tokenizer.model": BPE_MODEL})
    yield folder("llama model, added", "llama", {"tokenizer.model": BPE_MODEL},
                 {"tokenizer_class": "LlamaTokenizer", "added_tokens_decoder": {"560": token("<x>"), "561": token("<X>", special=False)}})

    saved = {"backend": "tokenizers", "extra_special_tokens": ["<s>"], "is_local": True}  # as 5 writes it; 4.57 refuses the list
    no_ends = {"from": "mistral/tokenizer.json", "patch": {"post_processor": {"single": [{"Sequence": {"id": "A", "type_id": 0}}]}}}
    yield folder("saved by 5, no ends", "llama", {"tokenizer.json": no_ends}, {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", **saved})
    yield folder("saved by 5, prefix", "gpt2", {"tokenizer.json": prefixed}, {"tokenizer_class": "TokenizersBackend", "bos_token": "<|bos|>", **saved})

    no_pad = {"pad_token": None}  # the vocabulary has none, and docs/tokenizers.md says what differs then
    for setting in (no_pad, {**no_pad, "extra_ids": 5}, {**no_pad, "additional_special_tokens": ["<x>"]}, {**no_pad, "extra_ids": 0}):
        for name, model in (("T5Tokenizer", "t5"), ("MT5Tokenizer", "mt5")):
            yield folder(f"{name} model {setting}", model, {"spiece.model": UNIGRAM_MODEL}, {"tokenizer_class": name, **setting})
        yield folder(f"t5 json {setting}", "t5", {"tokenizer.json": T5_JSON}, {"tokenizer_class": "T5Tokenizer", **setting})
    yield folder("t5 model bare", "t5", {"spiece.model": UNIGRAM_MODEL})
    yield folder("mt5 model bare", "mt5", {"spiece.model": UNIGRAM_MODEL})
    yield folder("mt5 json bare", "mt5", {"tokenizer.json": T5_JSON}, no_pad)

    for model, name in (("xlm-roberta", "XLMRobertaTokenizer"), ("camembert", "CamembertTokenizer")):
        for setting in (None, {}, {"mask_token": "<mask>"}, {"additional_special_tokens": ["<x>"]}, {"tokenizer_class": name}):
            yield folder(f"{model} model {setting}", model, {"sentencepiece.bpe.model": UNIGRAM_MODEL}, setting)


def patched(document, changes):
    made = {**document, **{k: patched(document.get(k, {}), v) if isinstance(v, dict) else v for k, v in changes.items()}}
    return {k: v for k, v in made.items() if k not in changes or changes[k] is not None}


def write_folder(case, folder):
    for name, what in case["files"].items():
        path = pathlib.Path(folder) / name
        if "from" not in what:
            path.write_text(json.dumps(what))
            continue
        source = HERE / "fixtures" / what["from"]
        path.write_bytes(source.read_bytes() if "patch" not in what else json.dumps(patched(json.loads(source.read_text()), what["patch"])).encode())


def encoded(case, AutoTokenizer):
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        write_folder(case, folder)
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            return [tokenizer(text).input_ids for text in TEXTS]
        except Exception as e:
            return f"{type(e).__name__}"


def main():
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
    try:
        import transformers
    except ImportError:
        return 77
    five = int(transformers.__version__.split(".")[0]) >= 5
    made = [{**case, "said": encoded(case, transformers.AutoTokenizer)} for case in cases()]
    if not five and "--check" not in sys.argv:
        found = [{"name": c["name"], "files": c["files"], "ids": c["said"]} for c in made]
    else:
        found = json.loads(OUT.read_text())["cases"]
        if [c["name"] for c in found] != [c["name"] for c in made]:
            sys.exit("settings.json has other cases than make_settings.py")
        said = [c.get("ids5", c["ids"]) if five else c["ids"] for c in found]
        if "--check" in sys.argv:
            wrong = [c["name"] for c, s in zip(made, said) if c["said"] != s]
            print(f"transformers {transformers.__version__}: {len(made) - len(wrong)} of {len(made)} as committed", *wrong, sep="\n")
            return 1 if wrong else 0
        for c, now in zip(found, made):
            c.pop("ids5", None)
            if now["said"] != c["ids"]:
                c["ids5"] = now["said"]
    lines = ",\n".join(json.dumps(c) for c in found)
    OUT.write_text('{"texts": ' + json.dumps(TEXTS) + ',\n"cases": [\n' + lines + "\n]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
