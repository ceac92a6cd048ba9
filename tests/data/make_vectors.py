#!/usr/bin/env python3
"""Writes vectors.json, packed.json and tokenizers.json: batches that the original programs make of small files, numbers of Python's and torch's
generators, merges that tokenizers and rustbpe learn.

ORIGINALS is a folder with checkouts named nanoGPT, llm.c, llama2.c, nanochat and bert, whose own code runs: llm.c's dataloader.h compiled by
cc, the others in this process with stand-ins for TensorFlow and Parquet. Needs torch, numpy, transformers, tokenizers, tiktoken, rustbpe.

    make_vectors.py ORIGINALS
"""
import contextlib
import io
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import types

import numpy as np
import torch

HERE = pathlib.Path(__file__).parent


def tokens(count, salt=0):
    """What the files hold; the test makes the same."""
    return [(i * 31 + (i * i) % 97 + salt) % 500 for i in range(count)]


def rows(x):
    return [list(map(int, row)) for row in x]


def python_numbers():
    rng = random.Random(12345)
    out = {"seed": 12345, "random": [rng.random() for _ in range(5)], "randint": [rng.randint(0, 30521) for _ in range(9)],
           "small": [rng.randint(2, 125) for _ in range(9)]}
    values = list(range(40))
    rng.shuffle(values)
    out["shuffle"] = values
    rng = random.Random(42)
    values = list(range(1000))
    rng.shuffle(values)
    return out | {"shuffle_42": values[:20], "after": [rng.random() for _ in range(400)][-1]}


def torch_states():
    out = []
    g = torch.Generator().manual_seed(1337)
    for draw in (lambda: None, lambda: torch.randn(3, generator=g), lambda: torch.rand(700, generator=g), lambda: torch.rand(548, generator=g)):
        draw()
        out.append(bytes(g.get_state().tolist()).hex())
    return out


def nanogpt(folder):
    """Batches as train.py draws them: each split's before an evaluation, two evaluations of each split, then the next to train on."""
    source = (folder / "nanoGPT/train.py").read_text()
    get_batch = re.search(r"^def get_batch.*?^    return x, y\n", source, re.S | re.M).group()
    with tempfile.TemporaryDirectory() as data_dir:
        for split, count in (("train", 300), ("val", 90)):
            np.array(tokens(count, len(split)), dtype=np.uint16).tofile(f"{data_dir}/{split}.bin")
        scope = {"np": np, "torch": torch, "os": __import__("os"), "data_dir": data_dir, "block_size": 6, "batch_size": 3, "device_type": "cpu", "device": "cpu"}
        exec(get_batch, scope)
        torch.manual_seed(1337)
        torch.randn(16)  # a model was made
        drawn = []
        for split in ("train", "train", "train", "val", "val", "train", "train"):
            x, y = scope["get_batch"](split)
            drawn.append({"split": split, "x": rows(x), "y": rows(y)})
        return drawn


LLMC = """
#include "llmc/dataloader.h"
int main(int argc, char** argv) {
  DataLoader loader;
  dataloader_init(&loader, argv[1], 2, 5, 0, 1, atoi(argv[2]));
  for (int i = 0; i < 25; ++i) {
    dataloader_next_batch(&loader);
    for (int j = 0; j < 10; ++j) printf("%d ", loader.inputs[j]);
    for (int j = 0; j < 10; ++j) printf("%d ", loader.targets[j]);
    printf("\\n");
  }
}
"""


def write_llmc(path, values):
    header = np.zeros(256, dtype=np.int32)
    header[:3] = 20240520, 1, len(values)
    path.write_bytes(header.tobytes() + np.array(values, dtype=np.uint16).tobytes())


def llmc(folder, shuffled):
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        for i, count in enumerate((51, 87, 30)):
            write_llmc(made / f"data_{i}.bin", tokens(count, i))
        (made / "main.c").write_text(LLMC)
        subprocess.run(["cc", "-O2", "-fgnu89-inline", "-w", "-I", folder / "llm.c", "-o", made / "main", made / "main.c", "-lm"], check=True)
        out = subprocess.run([made / "main", f"{made}/data_*.bin", str(shuffled)], check=True, capture_output=True, text=True).stdout
    return [{"x": line[:10], "y": line[10:]} for line in ([int(t) for t in row.split()] for row in out.splitlines())]


def llama2c(folder):
    source = (folder / "llama2.c/tinystories.py").read_text()
    dataset = re.search(r"^class PretokDataset.*?(?=^# ---)", source, re.S | re.M).group()
    out = {}
    with tempfile.TemporaryDirectory() as cache:
        shards = pathlib.Path(cache) / "tok512"
        shards.mkdir()
        for i, count in enumerate((60, 44, 71, 33)):
            np.array(tokens(count, i), dtype=np.uint16).tofile(shards / f"data{i:02d}.bin")
        scope = {"np": np, "torch": torch, "os": __import__("os"), "glob": __import__("glob"), "random": random, "dist": torch.distributed, "DATA_CACHE_DIR": cache}
        exec(dataset, scope)
        for split, batches in (("train", 20), ("val", 6)):
            data = torch.utils.data.DataLoader(scope["PretokDataset"](split=split, max_seq_len=5, vocab_size=512, vocab_source="custom"), batch_size=3)
            with contextlib.redirect_stdout(io.StringIO()):
                found = [{"x": rows(x), "y": rows(y)} for _, (x, y) in zip(range(batches), data)]
            out[split] = found
    return out


FIXTURES = HERE.parent / "text/fixtures"
sys.path.append(str(HERE.parent / "text"))


def stand_in(name, **members):
    module = types.ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module
    return module


def said(role, content):
    return {"role": role, "content": content}


def conversations():
    rng = random.Random(7)
    from make_fixtures import TEXT

    words = " ".join(TEXT[:8]).split()
    some = lambda most: " ".join(rng.choice(words) for _ in range(rng.randint(1, most)))
    out = []
    for i in range(23):
        messages = [said("system", some(4))] if i % 5 == 2 else []
        for _ in range(rng.randint(1, 3)):
            reply = some(7)
            if i % 6 == 4:
                reply = [{"type": "text", "text": some(3)}, {"type": "python", "text": "2+3"}, {"type": "python_output", "text": "5"}, {"type": "text", "text": some(2)}]
            messages += [said("user", some(5)), said("assistant", reply)]
        out.append(messages)
    out[3][0]["content"] = "<|assistant_start|> is no token here"
    return out


def nanochat_tokenizer(folder):
    sys.path.insert(0, str(folder / "nanochat"))
    from nanochat.tokenizer import RustBPETokenizer

    return RustBPETokenizer.from_directory(FIXTURES / "nanochat")


def nanochat_sft(folder, tokenizer, talks):
    """chat_sft.py's loader over TaskMixture's order."""
    source = (folder / "nanochat/scripts/chat_sft.py").read_text()
    loader = re.search(r"^def sft_data_generator.*?^        yield inputs, targets\n", source, re.S | re.M).group()
    mixed = list(range(len(talks)))
    random.Random(42).shuffle(mixed)
    length = max(len(tokenizer.render_conversation({"messages": talk})[0]) for talk in talks) + 7  # none is too long
    args = types.SimpleNamespace(max_seq_len=length, device_batch_size=3, num_iterations=-1)
    scope = {"torch": torch, "args": args, "tokenizer": tokenizer, "train_dataset": [{"messages": talks[i]} for i in mixed], "val_dataset": [],
             "ddp_rank": 0, "ddp_world_size": 1, "device": "cpu", "device_type": "cpu"}
    exec(loader, scope)
    made = [(rows(x), rows(y)) for _, (x, y) in zip(range(8), scope["sft_data_generator_bos_bestfit"]("train", buffer_size=6))]
    return {"length": length, "batches": [{"x": x, "y": y} for x, y in made]}


def nanochat_pretraining(tokenizer):
    stand_in("pyarrow", parquet=stand_in("pyarrow.parquet"))
    stand_in("nanochat.dataset", list_parquet_files=None)
    stand_in("nanochat.common", get_dist_info=None)
    from nanochat import dataloader
    from make_fixtures import TEXT

    rng = random.Random(3)
    words = " ".join(TEXT).split()
    texts = [" ".join(rng.choice(words) for _ in range(rng.randint(1, 30))) for _ in range(150)]

    def document_batches(*_):
        epoch = 0
        while True:
            epoch += 1
            for i in range(0, len(texts), 128):
                yield texts[i:i + 128], (0, 0, epoch)

    dataloader._document_batches = document_batches
    loader = dataloader.tokenizing_distributed_data_loader_bos_bestfit(tokenizer, 2, 40, "train", device="cpu", buffer_size=10)
    return {"texts": texts, "batches": [{"x": rows(x), "y": rows(y)} for _, (x, y) in zip(range(40), loader)]}


def bert(folder):
    flags = types.SimpleNamespace(FLAGS=types.SimpleNamespace(do_whole_word_mask=False), mark_flag_as_required=None)
    for kind in ("string", "bool", "integer", "float"):
        setattr(flags, "DEFINE_" + kind, lambda *_: None)
    stand_in("tensorflow", flags=flags, gfile=types.SimpleNamespace(GFile=open))
    stand_in("six", PY3=True, PY2=False)
    sys.path.insert(0, str(folder / "bert"))
    import create_pretraining_data
    import tokenization
    from make_fixtures import TEXT

    rng = random.Random(11)
    sentences = [part.strip() + "." for line in TEXT for part in line.split(".") if part.strip()]
    lines = []
    for _ in range(7):
        lines += rng.sample(sentences, rng.randint(1, 6)) + [""]
    out = {"text": lines, "runs": []}
    tokenizer = tokenization.FullTokenizer(str(FIXTURES / "bert_lines/vocab.txt"), do_lower_case=True)
    with tempfile.TemporaryDirectory() as made:
        path = pathlib.Path(made) / "text.txt"
        path.write_text("\n".join(lines) + "\n")
        for length, dupes, short, share, most in ((64, 3, 0.1, 0.15, 20), (24, 4, 0.5, 0.3, 4)):
            found = create_pretraining_data.create_training_instances([str(path)], tokenizer, length, dupes, short, share, most, random.Random(12345))
            instances = []
            for one in found:
                labels = dict(zip(one.masked_lm_positions, tokenizer.convert_tokens_to_ids(one.masked_lm_labels)))
                instances.append({"ids": tokenizer.convert_tokens_to_ids(one.tokens), "segments": one.segment_ids, "random": int(one.is_random_next),
                                  "masked": sorted(labels.items())})
            out["runs"].append({"length": length, "duplicates": dupes, "short": short, "share": share, "most": most, "instances": instances})
    return out


CHATML = r"""{%- for message in messages -%}{{ '<|im_start|>' + message.role + '\n' }}{% if message.role == 'assistant' %}{% generation %}{{ message.content + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}{% else %}{{ message.content + '<|im_end|>\n' }}{% endif %}{%- endfor -%}"""
LLAMA3 = r"""{{- bos_token -}}{%- for message in messages -%}{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' }}{% if message.role == 'assistant' %}{% generation %}{{ message.content | trim + '<|eot_id|>' }}{% endgeneration %}{% else %}{{ message.content | trim + '<|eot_id|>' }}{% endif %}{%- endfor -%}"""


def with_tokens(name, more):
    """A tokenizer.json of the fixtures with special tokens behind its own; the test adds the same."""
    data = json.loads((FIXTURES / name / "tokenizer.json").read_text())
    first = max(list(data["model"]["vocab"].values()) + [token["id"] for token in data["added_tokens"]]) + 1
    for i, token in enumerate(more):
        data["added_tokens"].append({"id": first + i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True})
    return data


def transformers_chats(talks):
    """apply_chat_template with the mask of what the assistant says."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    talks = [[m for m in talk] for talk in talks if all(isinstance(m["content"], str) for m in talk)]
    out = []
    for name, template, more in (("qwen2", CHATML, ["<|im_start|>", "<|im_end|>"]), ("llama3", LLAMA3, ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"])):
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(with_tokens(name, more))), bos_token="<|bos|>", eos_token="<|endoftext|>")
        made = [tokenizer.apply_chat_template(talk, chat_template=template, return_dict=True, return_assistant_tokens_mask=True) for talk in talks]
        out.append({"fixture": name, "tokens": more, "talks": talks, "ids": [m["input_ids"] for m in made], "masks": [m["assistant_masks"] for m in made]})
    return out


GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
GPT4 = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"


def alphabet_bytes():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    codes = printable + [256 + i for i in range(68)]
    return {chr(code): byte for code, byte in zip(codes, printable + [b for b in range(256) if b not in printable])}


def hugging_face(text, size, special, pattern):
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False) if pattern == "gpt2" else pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(GPT4 if pattern == "gpt4" else pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.train_from_iterator([text], trainers.BpeTrainer(vocab_size=size, special_tokens=special, show_progress=False,
                                                              initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    model = json.loads(tokenizer.to_str())["model"]
    byte = alphabet_bytes()
    spell = lambda token: token.encode().hex() if token in special else bytes(byte[c] for c in token).hex()
    return {"tokens": [spell(token) for token in sorted(model["vocab"], key=model["vocab"].get)], "merges": [[model["vocab"][t] for t in merge] for merge in model["merges"]]}


def rust_bpe(text, size, special, pattern):
    import rustbpe

    tokenizer = rustbpe.Tokenizer()
    tokenizer.train_from_iterator([text], size - len(special), pattern={"gpt2": GPT2, "gpt4": GPT4}.get(pattern, pattern))
    return {"tokens": [token.hex() for token, _ in sorted(tokenizer.get_mergeable_ranks(), key=lambda rank: rank[1])] + [token.encode().hex() for token in special]}


def trained():
    from make_fixtures import TEXT

    rng = random.Random(1)
    paragraphs = "\n".join(TEXT)
    few = "".join(rng.choice("ab") for _ in range(400))  # one long word with many equal counts and runs
    some = " ".join("".join(rng.choice("abc") for _ in range(rng.randint(1, 12))) for _ in range(150))
    out = []
    for text, size, special, pattern in ((paragraphs, 420, ["<|endoftext|>", "<|bos|>"], "gpt2"), (paragraphs, 400, [], "gpt4"), (few, 330, ["abab"], ".+"),
                                         (some, 400, ["<s>", "aba"], "gpt2"), ("aaaaaaa aaaa aaa", 300, [], "gpt2"), ("-a-b-", 262, ["<s>"], "[ab]")):
        for order, train in (("hugging_face", hugging_face), ("rustbpe", rust_bpe)):
            out.append({"text": text, "size": size, "special": special, "pattern": pattern, "order": order, **train(text, size, special, pattern)})
    return out


def write(name, out):
    text = "{\n" + ",\n".join(json.dumps(key) + ": " + json.dumps(value, separators=(",", ":")) for key, value in out.items()) + "\n}\n"
    (HERE / name).write_text(text)


def main():
    folder = pathlib.Path(sys.argv[1])
    out = {"python": python_numbers(), "torch_states": torch_states(), "nanogpt": nanogpt(folder), "llmc": llmc(folder, 0), "llmc_shuffled": llmc(folder, 1),
           "llama2c": llama2c(folder)}
    write("vectors.json", out)
    talks = conversations()
    tokenizer = nanochat_tokenizer(folder)
    rendered = [dict(zip(("ids", "mask"), tokenizer.render_conversation({"messages": talk}))) for talk in talks]
    write("tokenizers.json", {"trained": trained()})
    write("packed.json", {"talks": talks, "rendered": rendered, "sft": nanochat_sft(folder, tokenizer, talks), "pretraining": nanochat_pretraining(tokenizer),
                          "chats": transformers_chats(talks), "bert": bert(folder)})


if __name__ == "__main__":
    main()
