"""A small Llama of random weights over a byte-level vocabulary with chat tokens: any text can come of it."""

import json
import os
import random
import struct
from array import array


def byte_alphabet():
    """The characters by which byte-level vocabularies write bytes."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters, extra = {}, 0
    for byte in range(256):
        if byte in plain:
            letters[byte] = chr(byte)
        else:
            letters[byte] = chr(256 + extra)
            extra += 1
    return letters


SAMPLE = json.dumps(
    [{"name": "Anna", "age": 31, "city": "Berlin", "tags": ["red", "green"], "ok": True}, {"name": "Paul", "age": 7, "city": None, "tags": [], "ok": False}] * 3
)


def merges_of(text, count):
    letters = byte_alphabet()
    words = [letters[b] for b in text.encode()]
    merges = []
    for _ in range(count):
        pairs = {}
        for a, b in zip(words, words[1:]):
            if len(a + b) <= 8:
                pairs[a, b] = pairs.get((a, b), 0) + 1
        if not pairs:
            break
        best = max(sorted(pairs), key=pairs.get)
        merges.append(best)
        out, i = [], 0
        while i < len(words):
            if i + 1 < len(words) and (words[i], words[i + 1]) == best:
                out.append(words[i] + words[i + 1])
                i += 2
            else:
                out.append(words[i])
                i += 1
        words = out
    return merges


def write(folder, seed=1, width=32, layers=2, positions=512, more=(), says=None, head=0.3):
    """`head`: how large numbers of the head are. `more`: further added tokens as (text, special). `says`: texts of tokens, each of which follows the one before, whatever else there is."""
    os.makedirs(folder, exist_ok=True)
    letters = byte_alphabet()
    vocab = {letters[b]: b for b in range(256)}
    merges = merges_of(SAMPLE, 120)
    for a, b in merges:
        vocab.setdefault(a + b, len(vocab))
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    marked = [(t, True) for t in specials] + list(more)
    first_special = len(vocab)
    size = first_special + len(marked)
    added = [
        {"id": first_special + i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": special}
        for i, (t, special) in enumerate(marked)
    ]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": level,
        "post_processor": None, "decoder": level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "vocab": vocab, "merges": [f"{a} {b}" for a, b in merges]},
    }
    if says:  # embeddings are unit vectors
        width = max(width, -(-size // 64) * 64)
    heads, kv_heads, hidden = 4, 2, 2 * width
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": width, "intermediate_size": hidden,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv_heads, "vocab_size": size,
        "max_position_embeddings": positions, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": False,
        "hidden_act": "silu", "bos_token_id": first_special, "eos_token_id": first_special + 2, "torch_dtype": "float32",
    }
    shapes = {"model.embed_tokens.weight": (size, width), "model.norm.weight": (width,), "lm_head.weight": (size, width)}
    for i in range(layers):
        p = f"model.layers.{i}."
        kv = width * kv_heads // heads
        shapes |= {
            p + "input_layernorm.weight": (width,), p + "post_attention_layernorm.weight": (width,),
            p + "self_attn.q_proj.weight": (width, width), p + "self_attn.k_proj.weight": (kv, width),
            p + "self_attn.v_proj.weight": (kv, width), p + "self_attn.o_proj.weight": (width, width),
            p + "mlp.gate_proj.weight": (hidden, width), p + "mlp.up_proj.weight": (hidden, width), p + "mlp.down_proj.weight": (width, hidden),
        }
    rng = random.Random(seed)
    header, data = {}, b""
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        if len(shape) == 1:
            values = array("f", [1.0] * count)
        elif says:
            values = array("f", bytes(4 * count))
        else:
            values = array("f", [rng.gauss(0, head if name == "lm_head.weight" else 0.3) for _ in range(count)])
        if says and name == "model.embed_tokens.weight":
            for i in range(size):
                values[i * width + i] = 1.0
        if says and name == "lm_head.weight":
            ids = {**{bytes([b]).decode("latin-1"): b for b in range(256)}, **{a["content"]: a["id"] for a in added}}
            for a, b in zip(says, says[1:]):
                values[ids[b] * width + ids[a]] = 1.0
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(data), len(data) + 4 * count]}
        data += values.tobytes()
    head = json.dumps(header).encode()
    files = {
        "config.json": json.dumps(config).encode(),
        "tokenizer.json": json.dumps(tokenizer).encode(),
        "tokenizer_config.json": json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": specials[0], "eos_token": specials[2]}).encode(),
        "model.safetensors": struct.pack("<Q", len(head)) + head + data,
    }
    for name, content in files.items():
        path = os.path.join(folder, name)
        if not os.path.exists(path) or open(path, "rb").read() != content:
            with open(path, "wb") as f:
                f.write(content)
    return folder
