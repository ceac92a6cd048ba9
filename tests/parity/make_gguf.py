#!/usr/bin/env python3
"""Write the GGUF fixtures: tiny random models as llama.cpp's converter stores them, and what `transformers` computes for them.

    make_gguf.py              write those that are not there yet into fixtures_gguf/ beside this script
    make_gguf.py --check      make all again in a temporary folder and compare with what is committed

A fixture is model.gguf with the ids.json and logits.npy (hidden.npy) of make_fixtures.py, and listing.json: what the package's own
reader finds in the file, keys with their values and tensors with type and extents in the file's order. The reference computes with the
weights that the blocks stand for, as the Python package `gguf` takes them apart. That package does not round to the types of llama_mixed:
the bytes of its blocks are random, but for the halves that scale them.
Exit status 77 when the Python packages it needs are missing.
"""
import argparse
import json
import math
import pathlib
import shutil
import sys
import tempfile

import make_fixtures as fixtures  # exits with 77 where packages are missing
import make_translators as translators
import numpy as np
import torch
from safetensors.torch import load_file, save_file

try:
    import gguf
    import sentencepiece
    import sentencepiece.sentencepiece_model_pb2 as model_pb2
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
TYPE = gguf.GGMLQuantizationType

WIDE = {"hidden_size": 32, "intermediate_size": 64}  # rows are whole blocks of 32
FIXTURES = {
    "llama_q8_0": ("llama", TYPE.Q8_0, fixtures.llama(
        **WIDE, num_attention_heads=4, num_key_value_heads=2, rope_theta=500000.0,
        rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                      "original_max_position_embeddings": 8192})),
    "qwen2_bf16": ("qwen2", TYPE.BF16, fixtures.qwen2(tie_word_embeddings=True)),
    "qwen3_f16": ("qwen3", TYPE.F16, fixtures.qwen3(num_attention_heads=6, num_key_value_heads=3, tie_word_embeddings=True)),
    "phi3_bf16": ("phi3", TYPE.BF16, fixtures.phi3(
        sliding_window=7, num_key_value_heads=1, max_position_embeddings=128, original_max_position_embeddings=16,
        rope_scaling={"type": "longrope", "short_factor": [1.0, 1.3, 2.0, 1.1], "long_factor": [1.5, 2.5, 4.0, 8.0]})),
    "gpt2_f16": ("gpt2", TYPE.F16, fixtures.gpt2()),
    # The file says neither theta nor what scores are divided by: they are these.
    "gemma_f32": ("gemma", TYPE.F32, fixtures.gemma(rope_theta=10000.0)),
    "gemma2_f16": ("gemma2", TYPE.F16, fixtures.gemma2(query_pre_attn_scalar=10, final_logit_softcapping=20.0, rope_theta=10000.0)),
    "llama_mixed": ("llama", "mixed", fixtures.llama(hidden_size=256, intermediate_size=256, num_attention_heads=4, num_key_value_heads=2,
                                                     rope_theta=10000.0)),
    "bert_q4_0": ("bert", TYPE.Q4_0, fixtures.bert(**WIDE, num_attention_heads=2)),
}

# Types as llama-quantize mixes them, from layer to layer, and some that are packed as others.
MIXED = {"token_embd": TYPE.Q4_K, "output": TYPE.Q6_K, "blk.0.attn_v": TYPE.Q5_0, "blk.1.attn_v": TYPE.Q6_K, "blk.1.attn_output": TYPE.Q5_K,
         "blk.0.ffn_down": TYPE.Q3_K, "blk.1.ffn_down": TYPE.IQ4_XS, "blk.1.ffn_up": TYPE.Q2_K}

# Where blocks have halves that scale them, and what gives weights of about 0.05.
HALVES = {TYPE.Q4_K: ((0, 2e-4), (2, 1.5e-3)), TYPE.Q5_K: ((0, 1e-4), (2, 1.5e-3)), TYPE.Q6_K: ((208, 4e-5),), TYPE.Q5_0: ((0, 5e-3),),
          TYPE.Q3_K: ((108, 1e-3),), TYPE.IQ4_XS: ((0, 4e-5),), TYPE.Q2_K: ((80, 4e-3), (82, 6e-3))}

# Encoder-decoder models, of which make_translators.py writes the checkpoint; a text is the source.
T5_FIXTURES = {
    "t5_f32": translators.t5(d_model=8, d_kv=4, num_heads=2, d_ff=11, num_layers=1, num_decoder_layers=2,
                             relative_attention_num_buckets=12, relative_attention_max_distance=128),
    "t5_f16_gated": translators.t5(feed_forward_proj="gated-gelu", tie_word_embeddings=False, d_model=6, d_kv=5, d_ff=9,
                                   num_layers=2, num_decoder_layers=1, relative_attention_max_distance=128),
}
T5_TEXTS = ("The ﬁrst small house…  keeps time,\u00a0１2 A B.", "A clock 1987")

LLAMA = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
         "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
         "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
GPT2 = {"transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm",
        "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
        "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}
BERT = {"embeddings.word_embeddings": "token_embd", "embeddings.position_embeddings": "position_embd",
        "embeddings.token_type_embeddings": "token_types", "embeddings.LayerNorm": "token_embd_norm",
        "attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
        "attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm",
        "intermediate.dense": "ffn_up", "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm"}
QWEN3 = {**LLAMA, "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm"}
PHI3 = {**LLAMA, "self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up"}
GEMMA2 = {**LLAMA, "post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
          "post_feedforward_layernorm": "post_ffw_norm"}
NAMES = {"llama": ("model.layers.", LLAMA), "qwen2": ("model.layers.", LLAMA),
         "qwen3": ("model.layers.", QWEN3), "phi3": ("model.layers.", PHI3), "gemma": ("model.layers.", LLAMA),
         "gemma2": ("model.layers.", GEMMA2), "gpt2": ("transformer.h.", GPT2),
         "bert": ("encoder.layer.", BERT)}


def gguf_name(family, name):
    layers, names = NAMES[family]
    stem, suffix = name.rsplit(".", 1)
    if not stem.startswith(layers):
        return f"{names[stem]}.{suffix}"
    index, rest = stem.removeprefix(layers).split(".", 1)
    return f"blk.{index}.{names[rest]}.{suffix}"


def in_meta_order(rows, heads):
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def converted(family, c, name, values):
    """What the converter does to the values of one tensor."""
    if family == "gpt2" and any(part in name for part in ("c_attn.weight", "c_proj.weight", "c_fc.weight")):
        return np.ascontiguousarray(values.T)
    if family.startswith("gemma") and name.endswith("norm.weight"):
        return values + 1
    if family == "llama" and "q_proj" in name:
        return in_meta_order(values, c["num_attention_heads"])
    if family == "llama" and "k_proj" in name:
        return in_meta_order(values, c["num_key_value_heads"])
    return values


def as_stored(family, c, name, values):
    """The converter's changes undone."""
    if family == "llama" and ("q_proj" in name or "k_proj" in name):
        heads = c["num_attention_heads" if "q_proj" in name else "num_key_value_heads"]
        return torch.from_numpy(values.reshape(heads, -1, 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape))
    if family.startswith("gemma") and name.endswith("norm.weight"):
        return torch.from_numpy(values - 1)
    return torch.from_numpy(np.ascontiguousarray(converted(family, c, name, values)))  # a transposition is its own inverse


def add_keys(writer, family, c):
    gpt2 = family == "gpt2"
    writer.add_context_length(c["n_positions" if gpt2 else "max_position_embeddings"])
    writer.add_embedding_length(c["n_embd" if gpt2 else "hidden_size"])
    writer.add_block_count(c["n_layer" if gpt2 else "num_hidden_layers"])
    writer.add_feed_forward_length(4 * c["n_embd"] if gpt2 else c["intermediate_size"])
    writer.add_head_count(c["n_head" if gpt2 else "num_attention_heads"])
    if family in ("gpt2", "bert"):
        writer.add_layer_norm_eps(c["layer_norm_epsilon" if gpt2 else "layer_norm_eps"])
    else:
        writer.add_head_count_kv(c["num_key_value_heads"])
        writer.add_layer_norm_rms_eps(c["rms_norm_eps"])
    if family in ("llama", "qwen2", "qwen3", "phi3"):
        writer.add_rope_freq_base(c["rope_theta"])
    if family in ("llama", "qwen2", "phi3"):
        writer.add_rope_dimension_count(c["hidden_size"] // c["num_attention_heads"])
    if family == "phi3":
        original = c["original_max_position_embeddings"]
        writer.add_sliding_window(c["sliding_window"])
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(
            math.sqrt(1 + math.log(c["max_position_embeddings"] / original) / math.log(original)))
    if family.startswith("gemma") or family == "qwen3":
        writer.add_key_length(c["head_dim"])
        writer.add_value_length(c["head_dim"])
    if family == "gemma2":
        writer.add_attn_logit_softcapping(c["attn_logit_softcapping"])
        writer.add_final_logit_softcapping(c["final_logit_softcapping"])
        writer.add_sliding_window(c["sliding_window"])
    if family == "bert":
        writer.add_causal_attention(False)


def llama3_factors(c):
    s, dims = c["rope_scaling"], c["hidden_size"] // c["num_attention_heads"]
    out = []
    for frequency in c["rope_theta"] ** (-np.arange(0, dims, 2) / dims):
        length = 2 * np.pi / frequency
        smooth = (s["original_max_position_embeddings"] / length - s["low_freq_factor"]) / (
            s["high_freq_factor"] - s["low_freq_factor"])
        smooth = min(max(smooth, 0.0), 1.0)
        out.append(1 / ((1 - smooth) / s["factor"] + smooth))
    return np.array(out, dtype=np.float32)


def mixed_type(name):
    return MIXED.get(name.removesuffix(".weight"), TYPE.Q4_K)


def random_blocks(kind, rows, columns, random):
    values, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.randint(0, 256, (rows, columns // values, size)).astype(np.uint8)
    for at, scale in HALVES[kind]:
        halves = (scale * random.uniform(0.5, 1.0, blocks.shape[:2])).astype(np.float16)
        blocks[..., at:at + 2] = halves[..., None].view(np.uint8)
    return blocks.reshape(rows, -1)


def write_gguf(name, folder, seed):
    """The checkpoint of `folder` as model.gguf; its safetensors get the values that the blocks stand for."""
    family, kind, c = FIXTURES[name]
    tensors = load_file(folder / "model.safetensors")
    writer = gguf.GGUFWriter(str(folder / "model.gguf"), family)
    add_keys(writer, family, c)
    random = np.random.RandomState(seed)
    if (c.get("rope_scaling") or {}).get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(c))
    if family == "phi3":
        for length in ("long", "short"):
            factors = np.array(c["rope_scaling"][f"{length}_factor"], dtype=np.float32)
            writer.add_tensor(f"rope_factors_{length}.weight", factors)
    for tensor in sorted(tensors):
        values = converted(family, c, tensor, tensors[tensor].numpy())
        own = TYPE.F32 if values.ndim == 1 or "position_embd" in gguf_name(family, tensor) else kind
        if own == "mixed":
            own = mixed_type(gguf_name(family, tensor))
            packed = random_blocks(own, *values.shape, random)
        else:
            packed = gguf.quants.quantize(values, own)
        writer.add_tensor(gguf_name(family, tensor), packed, raw_dtype=own)
        tensors[tensor] = as_stored(family, c, tensor, gguf.quants.dequantize(packed, own).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def write_listing(folder):
    reader = gguf.GGUFReader(folder / "model.gguf")
    keys = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    tensors = [[t.name, t.tensor_type.name, [int(extent) for extent in t.shape]] for t in reader.tensors]
    lines = ",\n".join("  " + json.dumps(t) for t in tensors)
    (folder / "listing.json").write_text('{"keys": ' + json.dumps(keys) + ',\n "tensors": [\n' + lines + "\n]}\n")


def write(name, folder):
    family, _, c = FIXTURES[name]
    fixture = fixtures.Fixture(c, prompt=20 if family == "phi3" else 12, pooler=False)
    finish = fixtures.write_encoder if c["model_type"] == "bert" else fixtures.write_decoder
    for seed in range(200):
        shutil.rmtree(folder, ignore_errors=True)
        fixtures.write_checkpoint(fixture, folder, seed)
        write_gguf(name, folder, seed)
        if finish(fixture, folder, seed):
            break
    else:
        raise SystemExit(f"{name}: no seed gives greedy margins above {fixtures.SAFE_MARGIN} of the range")
    ids = json.loads((folder / "ids.json").read_text())
    (folder / "ids.json").write_text(json.dumps({**ids, "checkpoint": "model.gguf"}) + "\n")
    for file in ("model.safetensors", "config.json"):
        (folder / file).unlink()
    write_listing(folder)


class Sentences:
    """The SentencePiece model whose vocabulary the file gets, called as make_translators.py calls a tokenizer."""

    path = HERE.parent / "text" / "fixtures" / "spm_unigram" / "spiece.model"

    def __init__(self):
        self.model = sentencepiece.SentencePieceProcessor(model_file=str(self.path))

    def __call__(self, text):
        return argparse.Namespace(input_ids=self.model.encode(text) + [self.model.eos_id()])

    def decode(self, ids, skip_special_tokens):
        return self.model.decode(ids)

    def convert_ids_to_tokens(self, id):
        return self.model.id_to_piece(id)


def add_vocabulary(writer):
    model = model_pb2.ModelProto()
    model.ParseFromString(Sentences.path.read_bytes())
    writer.add_tokenizer_model("t5")
    writer.add_token_list([p.piece.encode() for p in model.pieces])
    writer.add_token_scores([p.score for p in model.pieces])
    writer.add_token_types([p.type for p in model.pieces])
    writer.add_add_space_prefix(model.normalizer_spec.add_dummy_prefix)
    writer.add_remove_extra_whitespaces(model.normalizer_spec.remove_extra_whitespaces)
    writer.add_precompiled_charsmap(model.normalizer_spec.precompiled_charsmap)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(True)


def write_t5_gguf(c, kind, folder):
    writer = gguf.GGUFWriter(str(folder / "model.gguf"), "t5")
    writer.add_context_length(512)
    writer.add_embedding_length(c["d_model"])
    writer.add_feed_forward_length(c["d_ff"])
    writer.add_block_count(c["num_layers"])
    writer.add_decoder_block_count(c["num_decoder_layers"])
    writer.add_head_count(c["num_heads"])
    writer.add_key_length(c["d_kv"])
    writer.add_value_length(c["d_kv"])
    writer.add_layer_norm_eps(c["layer_norm_epsilon"])
    writer.add_layer_norm_rms_eps(c["layer_norm_epsilon"])
    writer.add_relative_attn_buckets_count(c["relative_attention_num_buckets"])
    writer.add_decoder_start_token_id(c["decoder_start_token_id"])
    add_vocabulary(writer)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.T5, max(c["num_layers"], c["num_decoder_layers"]))
    for name, tensor in sorted(load_file(folder / "model.safetensors").items()):
        values = tensor.numpy()
        own = TYPE.F32 if values.ndim == 1 else kind
        writer.add_tensor(names.get_name(name, (".weight",)), gguf.quants.quantize(values, own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_t5(name, folder):
    tokenizer = Sentences()
    c = {**T5_FIXTURES[name], "vocab_size": tokenizer.model.vocab_size(), "eos_token_id": 2, "decoder_start_token_id": 1}
    kind = TYPE.F16 if "f16" in name else TYPE.F32
    text = T5_TEXTS[list(T5_FIXTURES).index(name)]
    half = (lambda tensor: tensor.half().float() if tensor.dim() > 1 else tensor) if kind == TYPE.F16 else None
    translators.write_first(name, folder, (c, text, 8), tokenizer, half)
    write_t5_gguf(c, kind, folder)
    ids = json.loads((folder / "ids.json").read_text())
    (folder / "ids.json").write_text(json.dumps({**ids, "checkpoint": "model.gguf"}) + "\n")
    for file in ("model.safetensors", "config.json"):
        (folder / file).unlink()


def chosen(path):
    """A JSON file without what was measured of logits, which another processor rounds otherwise."""
    return json.loads(path.read_text(), object_hook=lambda o: {k: v for k, v in o.items() if k not in ("margins", "range")})


def difference(old, new):
    if (old / "model.gguf").read_bytes() != (new / "model.gguf").read_bytes():
        return "model.gguf differs"
    for file in ("ids.json", "listing.json"):
        if not (old / file).exists() and not (new / file).exists():  # T5 has no listing: it would list a vocabulary
            continue
        if chosen(old / file) != chosen(new / file):
            return f"{file} differs"
    for path in old.glob("*.npy"):
        x, y = np.load(path), np.load(new / path.name)
        if x.shape != y.shape or not np.abs(x - y).max() <= fixtures.TOLERANCE * np.abs(y).max():
            return f"{path.name} differs"
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--check", action="store_true")
    p.add_argument("-o", "--output", type=pathlib.Path, default=HERE / "fixtures_gguf")
    a = p.parse_args()
    torch.set_num_threads(1)
    bad = 0
    for name in (*FIXTURES, *T5_FIXTURES):
        folder = a.output / name
        make = write if name in FIXTURES else write_t5
        if not a.check:
            if not folder.exists():
                make(name, folder)
                print(name, flush=True)
            continue
        with tempfile.TemporaryDirectory() as scratch:
            make(name, pathlib.Path(scratch) / name)
            what = difference(folder, pathlib.Path(scratch) / name)
        if what:
            print(f"{name}: {what}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
