"""Random-weight Llama checkpoints for speed: the text is noise, the shapes are those of known models.

    make_models.py OUT NAME [--hf] [--llama2c] [--gguf [f32] [bf16] [q8_0] [q4_0] [q4_k_m] [q6_k]] [--context N]
                   [--vocabulary tokenizer.model]

Writes OUT/NAME (Hugging Face folder, float32), OUT/NAME.bin (llama2.c v0) and OUT/NAME-TYPE.gguf, all of the same weights,
but for q4_k_m and q6_k: the gguf package does not round to K-quants, so the integers of their blocks are random, in the types that llama-quantize mixes.
--vocabulary puts a SentencePiece vocabulary into GGUF files, which llama-server wants.
Needs numpy; --gguf needs the gguf package, --vocabulary sentencepiece.
"""

import argparse
import dataclasses
import json
import os
import struct

import numpy as np


@dataclasses.dataclass(frozen=True)
class Shape:
    d_model: int
    d_ff: int
    layers: int
    heads: int
    kv_heads: int
    vocab: int
    context: int
    tied: bool = True

    @property
    def head_dim(self):
        return self.d_model // self.heads


SHAPES = {
    "s260K": Shape(64, 172, 5, 8, 4, 512, 512),
    "s15M": Shape(288, 768, 6, 6, 6, 32000, 256),
    "s110M": Shape(768, 2048, 12, 12, 12, 32000, 1024),
    "t1B": Shape(2048, 5632, 22, 32, 4, 32000, 2048, tied=False),
}


def layout(s):
    """Name and shape of every tensor, Hugging Face names."""
    kv = s.head_dim * s.kv_heads
    yield "model.embed_tokens.weight", (s.vocab, s.d_model)
    for i in range(s.layers):
        block = f"model.layers.{i}."
        yield block + "input_layernorm.weight", (s.d_model,)
        yield block + "self_attn.q_proj.weight", (s.d_model, s.d_model)
        yield block + "self_attn.k_proj.weight", (kv, s.d_model)
        yield block + "self_attn.v_proj.weight", (kv, s.d_model)
        yield block + "self_attn.o_proj.weight", (s.d_model, s.d_model)
        yield block + "post_attention_layernorm.weight", (s.d_model,)
        yield block + "mlp.gate_proj.weight", (s.d_ff, s.d_model)
        yield block + "mlp.up_proj.weight", (s.d_ff, s.d_model)
        yield block + "mlp.down_proj.weight", (s.d_model, s.d_ff)
    yield "model.norm.weight", (s.d_model,)
    if not s.tied:
        yield "lm_head.weight", (s.vocab, s.d_model)


def tensors(s):
    """Name and weight of every tensor, one at a time: norms are 1, matrices random, the same at every call."""
    random = np.random.default_rng(0)
    for name, shape in layout(s):
        weight = np.ones(shape, np.float32) if len(shape) == 1 else random.standard_normal(shape, dtype=np.float32) * np.float32(0.02)
        yield name, weight


def write_hugging_face(folder, s):
    os.makedirs(folder, exist_ok=True)
    header, offset = {}, 0
    for name, shape in layout(s):
        size = 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(folder, "model.safetensors"), "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _, weight in tensors(s):
            weight.tofile(out)
    config = dict(architectures=["LlamaForCausalLM"], model_type="llama", hidden_size=s.d_model, intermediate_size=s.d_ff,
                  num_hidden_layers=s.layers, num_attention_heads=s.heads, num_key_value_heads=s.kv_heads, vocab_size=s.vocab,
                  max_position_embeddings=s.context, rms_norm_eps=1e-5, rope_theta=10000.0, hidden_act="silu",
                  tie_word_embeddings=s.tied, bos_token_id=1, eos_token_id=2, dtype="float32")
    with open(os.path.join(folder, "config.json"), "w") as out:
        json.dump(config, out, indent=1)


def write_llama2c(path, s):
    named = dict(tensors(s))
    with open(path, "wb") as out:
        out.write(struct.pack("7i", s.d_model, s.d_ff, s.layers, s.heads, s.kv_heads, s.vocab if s.tied else -s.vocab, s.context))
        named["model.embed_tokens.weight"].tofile(out)
        for kind in ("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                     "post_attention_layernorm", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj"):
            for i in range(s.layers):
                named[f"model.layers.{i}.{kind}.weight"].tofile(out)
        named["model.norm.weight"].tofile(out)
        np.zeros(s.context * s.head_dim, np.float32).tofile(out)
        if not s.tied:
            named["lm_head.weight"].tofile(out)


GGUF_PARTS = {"embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output", "input_layernorm": "attn_norm",
              "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
              "post_attention_layernorm": "ffn_norm", "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down"}


def gguf_name(name):
    part = next(theirs for ours, theirs in GGUF_PARTS.items() if ours in name)
    return (f"blk.{name.split('.')[2]}." if ".layers." in name else "") + part + ".weight"


MIXTURES = ("q4_k_m", "q6_k")


def mixed_type(mixture, name, s):
    """As llama-quantize decides: the head, and in some layers value and down, get more bits."""
    layer = int(name.split(".")[2]) if ".layers." in name else 0
    eighth = s.layers // 8
    more = layer < eighth or layer >= 7 * s.layers // 8 or (layer - eighth) % 3 == 2
    head = "lm_head" in name or (s.tied and "embed_tokens" in name)
    return "Q6_K" if mixture == "q6_k" or head or (more and ("v_proj" in name or "down_proj" in name)) else "Q4_K"


def random_blocks(kind, rows, columns, random):
    """Blocks whose values are of the size of the weights, about 0.02."""
    halves, size = {"Q4_K": (((0, 8e-5), (2, 5e-4)), 144), "Q6_K": (((208, 1.5e-5),), 210)}[kind]
    blocks = random.integers(0, 256, (rows, columns // 256, size), dtype=np.uint8)
    for at, scale in halves:
        blocks[..., at:at + 2] = np.array([scale], np.float16).view(np.uint8)
    return blocks.reshape(rows, -1)


def add_vocabulary(writer, path):
    if path is None:
        writer.add_tokenizer_model("no_vocab")
        return
    import gguf
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(model_file=path)
    kinds = gguf.TokenType
    ids = range(pieces.vocab_size())
    kind_of = lambda i: (kinds.UNKNOWN if pieces.is_unknown(i) else kinds.CONTROL if pieces.is_control(i) else kinds.BYTE if pieces.is_byte(i) else kinds.NORMAL)  # noqa: E731
    writer.add_tokenizer_model("llama")
    writer.add_token_list([pieces.id_to_piece(i) for i in ids])
    writer.add_token_scores([pieces.get_score(i) for i in ids])
    writer.add_token_types([kind_of(i) for i in ids])
    writer.add_bos_token_id(pieces.bos_id())
    writer.add_eos_token_id(pieces.eos_id())


def write_gguf(path, s, kind, vocabulary=None):
    import gguf
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(s.context)
    writer.add_embedding_length(s.d_model)
    writer.add_block_count(s.layers)
    writer.add_feed_forward_length(s.d_ff)
    writer.add_head_count(s.heads)
    writer.add_head_count_kv(s.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(s.head_dim)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(s.vocab)
    add_vocabulary(writer, vocabulary)
    stored = None if kind in MIXTURES else gguf.GGMLQuantizationType[kind.upper()]
    random = np.random.default_rng(1)
    for name, weight in tensors(s):
        if kind == "f32" or weight.ndim == 1:
            writer.add_tensor(gguf_name(name), weight)
        elif kind in MIXTURES:
            own = mixed_type(kind, name, s)
            writer.add_tensor(gguf_name(name), random_blocks(own, *weight.shape, random), raw_dtype=gguf.GGMLQuantizationType[own])
        else:
            writer.add_tensor(gguf_name(name), gguf.quants.quantize(weight, stored), raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("name", choices=SHAPES)
    parser.add_argument("--hf", action="store_true")
    parser.add_argument("--llama2c", action="store_true")
    parser.add_argument("--gguf", nargs="+", choices=("f32", "bf16", "q8_0", "q4_0", *MIXTURES), default=[])
    parser.add_argument("--context", type=int)
    parser.add_argument("--vocabulary")
    asked = parser.parse_args()
    os.makedirs(asked.out, exist_ok=True)
    at, shape = os.path.join(asked.out, asked.name), SHAPES[asked.name]
    shape = dataclasses.replace(shape, context=asked.context or shape.context)
    if asked.hf:
        write_hugging_face(at, shape)
    if asked.llama2c:
        write_llama2c(at + ".bin", shape)
    for kind in asked.gguf:
        write_gguf(f"{at}-{kind}.gguf", shape, kind, asked.vocabulary)


if __name__ == "__main__":
    main()
