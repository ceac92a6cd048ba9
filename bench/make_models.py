"""Random-weight Llama checkpoints for speed: the text is noise, the shapes are those of known models.

    make_models.py OUT NAME [--hf] [--llama2c] [--gguf]

Writes OUT/NAME (Hugging Face folder, float32), OUT/NAME.bin (llama2.c v0) and OUT/NAME.gguf with the same weights.
Needs numpy; --gguf needs the gguf package.
"""

import argparse
import json
import os
import struct

import numpy as np

#        d_model d_ff layers heads kv_heads vocab context
SHAPES = {
    "s260K": (64, 172, 5, 8, 4, 512, 512),
    "s15M": (288, 768, 6, 6, 6, 32000, 256),
    "s110M": (768, 2048, 12, 12, 12, 32000, 1024),
}


def tensors(shape):
    """Name and weight of every tensor, Hugging Face names, tied head."""
    d_model, d_ff, layers, heads, kv_heads, vocab, _ = shape
    random = np.random.default_rng(0)
    kv = d_model // heads * kv_heads

    def matrix(rows, columns):
        return random.standard_normal((rows, columns), dtype=np.float32) * np.float32(0.02)

    yield "model.embed_tokens.weight", matrix(vocab, d_model)
    for i in range(layers):
        block = f"model.layers.{i}."
        yield block + "input_layernorm.weight", np.ones(d_model, np.float32)
        yield block + "self_attn.q_proj.weight", matrix(d_model, d_model)
        yield block + "self_attn.k_proj.weight", matrix(kv, d_model)
        yield block + "self_attn.v_proj.weight", matrix(kv, d_model)
        yield block + "self_attn.o_proj.weight", matrix(d_model, d_model)
        yield block + "post_attention_layernorm.weight", np.ones(d_model, np.float32)
        yield block + "mlp.gate_proj.weight", matrix(d_ff, d_model)
        yield block + "mlp.up_proj.weight", matrix(d_ff, d_model)
        yield block + "mlp.down_proj.weight", matrix(d_model, d_ff)
    yield "model.norm.weight", np.ones(d_model, np.float32)


def write_hugging_face(folder, shape):
    d_model, d_ff, layers, heads, kv_heads, vocab, context = shape
    os.makedirs(folder, exist_ok=True)
    header, offset, arrays = {}, 0, []
    for name, array in tensors(shape):
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
        arrays.append(array)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(folder, "model.safetensors"), "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for array in arrays:
            out.write(array.tobytes())
    config = dict(architectures=["LlamaForCausalLM"], model_type="llama", hidden_size=d_model, intermediate_size=d_ff,
                  num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=kv_heads, vocab_size=vocab,
                  max_position_embeddings=context, rms_norm_eps=1e-5, rope_theta=10000.0, hidden_act="silu",
                  tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, dtype="float32")
    with open(os.path.join(folder, "config.json"), "w") as out:
        json.dump(config, out, indent=1)


def write_llama2c(path, shape):
    d_model, d_ff, layers, heads, kv_heads, vocab, context = shape
    named = dict(tensors(shape))
    with open(path, "wb") as out:
        out.write(struct.pack("7i", d_model, d_ff, layers, heads, kv_heads, vocab, context))
        out.write(named["model.embed_tokens.weight"].tobytes())
        for kind in ("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                     "post_attention_layernorm", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj"):
            for i in range(layers):
                out.write(named[f"model.layers.{i}.{kind}.weight"].tobytes())
        out.write(named["model.norm.weight"].tobytes())
        out.write(np.zeros(context * (d_model // heads), np.float32).tobytes())


def write_gguf(path, shape):
    import gguf
    d_model, d_ff, layers, heads, kv_heads, vocab, context = shape
    parts = {"embed_tokens": "token_embd", "model.norm": "output_norm", "input_layernorm": "attn_norm", "q_proj": "attn_q",
             "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
             "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down"}
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(d_model)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(d_ff)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(d_model // heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(vocab)
    writer.add_tokenizer_model("no_vocab")
    for name, array in tensors(shape):
        part = next(theirs for ours, theirs in parts.items() if ours in name)
        layer = f"blk.{name.split('.')[2]}." if ".layers." in name else ""
        writer.add_tensor(layer + part + ".weight", array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("name", choices=SHAPES)
    for form in ("hf", "llama2c", "gguf"):
        parser.add_argument("--" + form, action="store_true")
    asked = parser.parse_args()
    os.makedirs(asked.out, exist_ok=True)
    at = os.path.join(asked.out, asked.name)
    if asked.hf:
        write_hugging_face(at, SHAPES[asked.name])
    if asked.llama2c:
        write_llama2c(at + ".bin", SHAPES[asked.name])
    if asked.gguf:
        write_gguf(at + ".gguf", SHAPES[asked.name])


if __name__ == "__main__":
    main()
