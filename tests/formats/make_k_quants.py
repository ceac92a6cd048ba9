#!/usr/bin/env python3
"""Writes k_quants.json: what llama-quantize of llama.cpp makes of a few blocks of floats, which test and script compute alike.

    make_k_quants.py LLAMA_QUANTIZE > k_quants.json

Needs numpy and gguf.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy

ROWS, COLUMNS, FEED_FORWARD, VOCABULARY = 8, 256, 256, 8


def floats(count):
    """Cubes of numbers between -1 and 1, every eighth block only positive, the last one zero."""
    state, out = 1, []
    for i in range(count):
        state = (state * 1103515245 + 12345) % (1 << 31)
        v = numpy.float32((state >> 16) - 16384) / numpy.float32(16384)
        out.append(abs(v * v * v) if i // 256 % 8 == 5 else v * v * v if i // 256 % 8 != 7 else numpy.float32(0))
    return numpy.array(out, dtype=numpy.float32)


def write_model(path):
    w = gguf.GGUFWriter(path, "llama")
    w.add_context_length(8), w.add_embedding_length(COLUMNS), w.add_block_count(1), w.add_feed_forward_length(FEED_FORWARD)
    w.add_head_count(4), w.add_layer_norm_rms_eps(1e-5), w.add_rope_dimension_count(64), w.add_vocab_size(VOCABULARY)
    w.add_tokenizer_model("llama"), w.add_token_list([f"t{i}" for i in range(VOCABULARY)])
    w.add_token_scores([0.0] * VOCABULARY), w.add_token_types([1] * VOCABULARY)
    square = numpy.zeros((COLUMNS, COLUMNS), dtype=numpy.float32)
    w.add_tensor("token_embd.weight", floats(ROWS * COLUMNS).reshape(ROWS, COLUMNS))
    w.add_tensor("output_norm.weight", numpy.ones(COLUMNS, dtype=numpy.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        w.add_tensor(f"blk.0.{name}.weight", square)
    for name in ("attn_norm", "ffn_norm"):
        w.add_tensor(f"blk.0.{name}.weight", numpy.ones(COLUMNS, dtype=numpy.float32))
    w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file(), w.close()


def main():
    with tempfile.TemporaryDirectory() as folder:
        source, made = pathlib.Path(folder) / "f32.gguf", pathlib.Path(folder) / "made.gguf"
        write_model(source)
        out = {}
        for ours, theirs in (("q4_k", "Q4_K_S"), ("q5_k", "Q5_K_S"), ("q6_k", "Q6_K")):
            subprocess.run([sys.argv[1], "--pure", source, made, theirs, "1"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            [tensor] = [t for t in gguf.GGUFReader(made).tensors if t.name == "token_embd.weight"]
            assert tensor.tensor_type.name.lower() == ours, tensor.tensor_type
            out[ours] = tensor.data.tobytes().hex()
    print(json.dumps(out, indent=1))


main()
