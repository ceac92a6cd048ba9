#!/usr/bin/env python3
"""Write the parity fixtures: tiny random checkpoints of unusual shapes and what `transformers` computes for them.

    make_fixtures.py                     write fixtures that are not there yet into fixtures/ beside this script
    make_fixtures.py --force NAME ...    write these again
    make_fixtures.py --check             regenerate all in a temporary folder and compare with what is committed

Each fixture is a checkpoint folder (config.json, *.safetensors) with, beside it,
    ids.json     prompt, greedy (16 ids, the KV cache in use), margins (top-two gap at each), range (max |logit| of the prompt),
                 context (positions needed for all of it); encoders: prompt, segments
    logits.npy   float32 (T, vocab), one pass over the prompt; encoders: hidden.npy (T, d_model), pooler.npy
                 (d_model), labels.npy (labels) or (T, labels), fill.npy (T, vocab), as far as the class has them
Seeds are searched until every greedy margin exceeds 1e-3 of the logits' range, so greedy ids must match exactly.

The script exits with 77 when the Python packages it needs are missing.
"""
import argparse
import json
import pathlib
import shutil
import sys
import tempfile
import zlib

import reference  # exits with 77 where packages are missing
import numpy as np
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
GREEDY = 16
SAFE_MARGIN = 1e-3  # of the logits' range; ten times the bound the tests use
PLAIN = 4e-4        # of the range; what a wrong activation must change at least, four times the bound
TOLERANCE = 1e-5    # of the range, between two machines' float32

NONE_IDS = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}


def llama(**over):
    c = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 37, "hidden_size": 12,
         "intermediate_size": 19, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
         "hidden_act": "silu", "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
         "rope_scaling": None, "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": False,
         "torch_dtype": "float32", **NONE_IDS}
    c.update(over)
    return c


def modern(c, **rope):
    """The spelling of transformers 5: one rope_parameters object instead of rope_theta and rope_scaling."""
    c = {k: v for k, v in c.items() if k not in ("rope_theta", "rope_scaling", "torch_dtype")}
    return {**c, "dtype": "float32", "rope_parameters": rope}


def mistral(**over):
    c = llama(architectures=["MistralForCausalLM"], model_type="mistral", sliding_window=7, rms_norm_eps=1e-6)
    for key in ("rope_scaling", "attention_bias", "mlp_bias"):
        del c[key]
    return {**c, **over}


def qwen2(**over):
    c = llama(architectures=["Qwen2ForCausalLM"], model_type="qwen2", rms_norm_eps=1e-6, rope_theta=1000000.0,
              use_sliding_window=False, sliding_window=8, max_window_layers=2)
    for key in ("rope_scaling", "attention_bias", "mlp_bias"):
        del c[key]
    return {**c, **over}


def qwen3(**over):
    c = qwen2(architectures=["Qwen3ForCausalLM"], model_type="qwen3", head_dim=10, attention_bias=False)
    return {**c, **over}


def gemma(**over):
    c = llama(architectures=["GemmaForCausalLM"], model_type="gemma", num_attention_heads=3, head_dim=10,
              hidden_act="gelu_pytorch_tanh", rms_norm_eps=1e-6, tie_word_embeddings=True)
    for key in ("rope_scaling", "mlp_bias"):
        del c[key]
    return {**c, **over}


def gemma2(**over):
    c = gemma(architectures=["Gemma2ForCausalLM"], model_type="gemma2", num_hidden_layers=3, num_attention_heads=4,
              num_key_value_heads=2, hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=7, sliding_window=5,
              attn_logit_softcapping=2.0, final_logit_softcapping=6.0)
    del c["hidden_act"]
    return {**c, **over}


def phi3(**over):
    c = llama(architectures=["Phi3ForCausalLM"], model_type="phi3", hidden_size=16, num_key_value_heads=2,
              original_max_position_embeddings=64, sliding_window=None)
    for key in ("attention_bias", "mlp_bias"):
        del c[key]
    return {**c, **over}


def gpt_neox(**over):
    c = {"architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "vocab_size": 37, "hidden_size": 30,
         "intermediate_size": 19, "num_hidden_layers": 2, "num_attention_heads": 3, "hidden_act": "gelu",
         "max_position_embeddings": 64, "layer_norm_eps": 1e-5, "rotary_pct": 0.25, "rotary_emb_base": 10000,
         "use_parallel_residual": True, "tie_word_embeddings": False, "torch_dtype": "float32", **NONE_IDS}
    return {**c, **over}


def glm(**over):
    c = llama(architectures=["GlmForCausalLM"], model_type="glm", head_dim=12, attention_bias=True, rms_norm_eps=1e-6,
              pad_token_id=0, eos_token_id=[36, 35])
    for key in ("rope_scaling", "mlp_bias"):
        del c[key]
    return {**c, **over}


def chatglm(**over):
    c = {"architectures": ["ChatGLMModel"], "model_type": "chatglm", "padded_vocab_size": 37, "hidden_size": 12,
         "ffn_hidden_size": 19, "num_layers": 2, "num_attention_heads": 6, "multi_query_attention": True,
         "multi_query_group_num": 3, "kv_channels": 12, "seq_length": 64, "rmsnorm": True, "layernorm_epsilon": 1e-5,
         "post_layer_norm": True, "add_qkv_bias": True, "add_bias_linear": False, "original_rope": True,
         "apply_query_key_layer_scaling": True, "apply_residual_connection_post_layernorm": False,
         "torch_dtype": "float32", **NONE_IDS}
    return {**c, **over}


def chatglm_6b(**over):
    c = {"architectures": ["ChatGLMModel"], "model_type": "chatglm", "vocab_size": 41, "hidden_size": 24,
         "inner_hidden_size": 19, "num_layers": 3, "num_attention_heads": 3, "max_sequence_length": 64,
         "layernorm_epsilon": 1e-5, "position_encoding_2d": True, "mask_token_id": 35, "gmask_token_id": 36,
         "bos_token_id": 37, "eos_token_id": None, "pad_token_id": 3, "torch_dtype": "float32"}
    return {**c, **over}


def asked(kind, answer):
    """A question, its blank, and the beginning of the answer, of ids without the special ones."""
    def change(c, ids):
        ids = [i % 35 for i in ids]
        ids[-answer - 2:-answer] = [c[kind + "_token_id"], c["bos_token_id"]]
        return ids
    return change


def saved_neox_buffers(c):
    mask = torch.ones(1, 1, 8, 8).tril().bool()
    return {f"gpt_neox.layers.{i}.attention.{name}": value.clone() for i in range(c["num_hidden_layers"])
            for name, value in (("bias", mask), ("masked_bias", torch.tensor(-1e9)))}


def nanochat(**over):
    c = {"architectures": ["NanoChatForCausalLM"], "model_type": "nanochat", "vocab_size": 43, "hidden_size": 12,
         "intermediate_size": 29, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
         "max_position_embeddings": 64, "hidden_act": "relu2", "rms_norm_eps": 1e-6, "final_logit_softcapping": 2.5,
         "attention_bias": True, "tie_word_embeddings": False, "torch_dtype": "float32",
         "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}, **NONE_IDS}
    return {**c, **over}


def gpt2(**over):
    c = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 37, "n_positions": 31, "n_embd": 10,
         "n_layer": 2, "n_head": 2, "n_inner": None, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
         "scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "reorder_and_upcast_attn": False,
         "torch_dtype": "float32", **NONE_IDS}
    c.update(over)
    return c


def gpt_neo(**over):
    c = {"architectures": ["GPTNeoForCausalLM"], "model_type": "gpt_neo", "vocab_size": 41, "hidden_size": 15,
         "num_layers": 3, "num_heads": 3, "intermediate_size": None, "window_size": 5, "max_position_embeddings": 48,
         "attention_types": [[["global", "local"], 1], [["local"], 1]], "activation_function": "gelu_new",
         "layer_norm_epsilon": 1e-5, "torch_dtype": "float32", **NONE_IDS}
    return {**c, **over}


def saved_neo_masks(c):
    mask = torch.ones(1, 1, 8, 8).tril().bool()
    return {f"transformer.h.{i}.attn.attention.{name}": value.clone() for i in range(c["num_layers"])
            for name, value in (("bias", mask), ("masked_bias", torch.tensor(-1e9)))}


def bert(**over):
    c = {"architectures": ["BertModel"], "model_type": "bert", "vocab_size": 39, "hidden_size": 12,
         "intermediate_size": 19, "num_hidden_layers": 2, "num_attention_heads": 3, "hidden_act": "gelu",
         "max_position_embeddings": 27, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
         "position_embedding_type": "absolute", "pad_token_id": 0, "torch_dtype": "float32"}
    c.update(over)
    return c


def roberta(**over):
    c = bert(architectures=["RobertaModel"], model_type="roberta", layer_norm_eps=1e-5, type_vocab_size=1, pad_token_id=1,
             max_position_embeddings=29)
    return {**c, **over}


def xlm_roberta(kind, **over):
    return roberta(architectures=[f"XLMRoberta{kind}"], model_type="xlm-roberta", **over)


def distilbert(**over):
    c = {"architectures": ["DistilBertModel"], "model_type": "distilbert", "vocab_size": 39, "dim": 12, "hidden_dim": 19,
         "n_layers": 2, "n_heads": 3, "activation": "gelu", "max_position_embeddings": 27, "pad_token_id": 0,
         "sinusoidal_pos_embds": False, "torch_dtype": "float32"}
    return {**c, **over}


def labels(*names, **more):
    return {"id2label": {str(i): name for i, name in enumerate(names)}, "label2id": {name: i for i, name in enumerate(names)}, **more}


class Fixture:
    def __init__(self, config, prompt=12, dtype="F32", shards=1, names=None, extra=None, store_head=False,
                 pooler=True, segments="random", eos_at=None, unlike=None, ask=None):
        self.config, self.prompt, self.dtype, self.shards = config, prompt, dtype, shards
        self.names = names            # a function from the model's tensor name to the name in the file
        self.extra = extra            # a function from config to tensors that a loader must pass over
        self.store_head = store_head  # tied, and yet the file holds both tensors
        self.pooler, self.segments, self.eos_at = pooler, segments, eos_at
        self.ask = ask                # a function from config and random ids to the prompt
        self.unlike = unlike          # a change to the config that must be plain to see in the expected values


def without(prefix):
    return lambda name: name.removeprefix(prefix)


def tensorflow_norms(name):
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")


def saved_frequencies(c):
    half = (c["hidden_size"] // c["num_attention_heads"]) // 2
    frequency = torch.tensor(c["rope_theta"]) ** (-torch.arange(half, dtype=torch.float32) / half)
    return {f"model.layers.{i}.self_attn.rotary_emb.inv_freq": frequency.clone() for i in range(c["num_hidden_layers"])}


def saved_masks(c):
    mask = torch.ones(c["n_positions"], c["n_positions"]).tril()[None, None]
    return {f"h.{i}.attn.bias": mask.clone() for i in range(c["n_layer"])}


def saved_positions(c):
    return {"embeddings.position_ids": torch.arange(c["max_position_embeddings"])[None]}


FIXTURES = {
    # Llama: heads and widths
    "llama_mha": Fixture(llama(hidden_size=16, num_attention_heads=4, num_key_value_heads=4)),
    "llama_gqa": Fixture(llama(hidden_size=24, intermediate_size=25, num_attention_heads=6, num_key_value_heads=2, vocab_size=61), prompt=16),
    "llama_gqa_3_kv_heads": Fixture(llama(num_attention_heads=6, num_key_value_heads=3, head_dim=10, vocab_size=53)),
    "llama_mqa": Fixture(llama(hidden_size=15, num_attention_heads=5, num_key_value_heads=1, head_dim=12, vocab_size=47,
                               tie_word_embeddings=True)),
    "llama_head_dim_6": Fixture(llama(hidden_size=18, num_attention_heads=3, num_key_value_heads=3, head_dim=6)),
    "llama_head_dim_20": Fixture(llama(head_dim=20)),
    "llama_head_dim_2": Fixture(llama(hidden_size=16, num_attention_heads=8, num_key_value_heads=4)),
    "llama_wide_tied": Fixture(llama(hidden_size=24, intermediate_size=11, num_attention_heads=12,
                                     num_key_value_heads=4, vocab_size=71, tie_word_embeddings=True), prompt=8),
    "llama_no_kv_key": Fixture({k: v for k, v in llama().items() if k != "num_key_value_heads"}),
    "llama_one_layer": Fixture(llama(num_hidden_layers=1, vocab_size=100), prompt=1),
    "llama_three_layers": Fixture(llama(num_hidden_layers=3), prompt=24),
    "llama_long_prompt": Fixture(llama(hidden_size=12, num_attention_heads=6, num_key_value_heads=2, head_dim=10,
                                       max_position_embeddings=96), prompt=70),
    # biases, eps, tying, ends
    "llama_attention_bias": Fixture(llama(attention_bias=True)),
    "llama_mlp_bias": Fixture(llama(mlp_bias=True)),
    "llama_all_biases_tied": Fixture(llama(attention_bias=True, mlp_bias=True, tie_word_embeddings=True)),
    "llama_eps": Fixture(llama(rms_norm_eps=0.037)),
    "llama_tied_head_stored": Fixture(llama(tie_word_embeddings=True), store_head=True),
    "llama_saved_frequencies": Fixture(llama(), extra=saved_frequencies),
    "llama_eos": Fixture(llama(), eos_at=9),
    # files
    "llama_f16": Fixture(llama(torch_dtype="float16"), dtype="F16"),
    "llama_bf16": Fixture(llama(torch_dtype="bfloat16"), dtype="BF16"),
    "llama_mixed_dtypes": Fixture(llama(), dtype="mixed"),
    "llama_sharded": Fixture(llama(attention_bias=True), shards=3),
    # RoPE
    "llama_theta": Fixture(modern(llama(), rope_type="default", rope_theta=500000.0)),
    "llama_small_theta": Fixture(llama(rope_theta=37.5)),
    "llama_rope_linear": Fixture(llama(head_dim=10, rope_scaling={"type": "linear", "factor": 2.5})),
    "llama_rope_dynamic": Fixture(llama(head_dim=8, max_position_embeddings=16, rope_theta=100.0,
                                        rope_scaling={"rope_type": "dynamic", "factor": 3.0}), prompt=24),
    "llama_rope_dynamic_crossing": Fixture(llama(head_dim=8, max_position_embeddings=16, rope_theta=100.0,
                                                 rope_scaling={"rope_type": "dynamic", "factor": 2.0}), prompt=10),
    "llama_rope_llama3": Fixture(llama(head_dim=12, rope_theta=100.0, max_position_embeddings=512, rope_scaling={
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}), prompt=24),
    "llama_rope_yarn": Fixture(llama(head_dim=20, rope_theta=100.0, max_position_embeddings=128, rope_scaling={
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}), prompt=40),
    "llama_rope_yarn_options": Fixture(modern(
        llama(head_dim=20, max_position_embeddings=128), rope_type="yarn", rope_theta=150.0, factor=4.0, beta_fast=5.0,
        beta_slow=0.8, attention_factor=1.21, truncate=False, original_max_position_embeddings=32), prompt=20),
    "llama_rope_yarn_mscale": Fixture(llama(head_dim=12, rope_theta=80.0, max_position_embeddings=96, rope_scaling={
        "type": "yarn", "factor": 6.0, "original_max_position_embeddings": 16, "mscale": 1.4, "mscale_all_dim": 0.6}),
        prompt=24),
    # Mistral, Qwen2
    "mistral_window": Fixture(mistral(head_dim=10), prompt=20),
    "mistral_no_window": Fixture(mistral(sliding_window=None, tie_word_embeddings=True)),
    "mistral_window_long": Fixture(mistral(sliding_window=33, max_position_embeddings=96), prompt=70),
    "mistral_window_two": Fixture(mistral(sliding_window=2), prompt=9),
    "qwen2_tied": Fixture(qwen2(hidden_size=12, num_attention_heads=6, num_key_value_heads=3, tie_word_embeddings=True)),
    "qwen2_untied": Fixture(qwen2(hidden_size=16, num_attention_heads=4, num_key_value_heads=2)),
    "qwen2_window": Fixture(qwen2(use_sliding_window=True, max_window_layers=0), prompt=20),
    "qwen2_window_on_some": Fixture(qwen2(num_hidden_layers=3, use_sliding_window=True, sliding_window=5,
                                          max_window_layers=2), prompt=20),
    # Qwen3, Gemma
    "qwen3_tied_bias": Fixture(qwen3(num_attention_heads=6, num_key_value_heads=3, vocab_size=53, attention_bias=True,
                                     tie_word_embeddings=True)),
    "qwen3_windows": Fixture(qwen3(head_dim=6, num_hidden_layers=4, use_sliding_window=True, sliding_window=5,
                                   layer_types=["full_attention", "sliding_attention"] * 2), prompt=20),
    "gemma_first_act": Fixture(gemma(hidden_act="gelu", rms_norm_eps=0.021), unlike={"hidden_act": "gelu_python"}),
    "gemma_untied_bias": Fixture(gemma(num_attention_heads=6, num_key_value_heads=3, attention_bias=True,
                                       tie_word_embeddings=False, vocab_size=53)),
    "gemma2_caps": Fixture(gemma2(), prompt=20),
    "gemma2_no_caps": Fixture(gemma2(attn_logit_softcapping=None, final_logit_softcapping=None, attention_bias=True,
                                     layer_types=["full_attention", "sliding_attention", "sliding_attention"]),
                              prompt=16, dtype="BF16"),
    "nanochat_hf": Fixture(nanochat(head_dim=6), unlike={"final_logit_softcapping": None}),
    # GPT-2
    "gpt2_plain": Fixture(gpt2(), unlike={"activation_function": "gelu"}),
    "gpt2_head_dim_7": Fixture(gpt2(n_embd=14, n_head=2, n_inner=33)),
    "gpt2_one_head": Fixture(gpt2(n_embd=11, n_head=1, n_inner=9, vocab_size=97)),
    "gpt2_long_prompt": Fixture(gpt2(n_positions=90, n_embd=10, n_head=2), prompt=70),
    "gpt2_eps": Fixture(gpt2(layer_norm_epsilon=0.043)),
    "gpt2_unscaled": Fixture(gpt2(scale_attn_weights=False)),
    "gpt2_inverse_layer": Fixture(gpt2(scale_attn_by_inverse_layer_idx=True, n_layer=3, n_embd=10)),
    "gpt2_all_switches": Fixture(gpt2(scale_attn_weights=False, scale_attn_by_inverse_layer_idx=True,
                                      reorder_and_upcast_attn=True, n_layer=3, n_embd=10)),
    "gpt2_upcast": Fixture(gpt2(reorder_and_upcast_attn=True)),
    "gpt2_untied": Fixture(gpt2(tie_word_embeddings=False)),
    "gpt2_first_names": Fixture(gpt2(n_positions=32), names=without("transformer."), extra=saved_masks),
    "gpt2_bf16": Fixture(gpt2(torch_dtype="bfloat16"), dtype="BF16"),
    # GPT-Neo
    "gpt_neo_local": Fixture(gpt_neo(), prompt=20, extra=saved_neo_masks, unlike={"window_size": 6}),
    # BERT
    "bert_plain": Fixture(bert(), unlike={"hidden_act": "gelu_new"}),
    "bert_head_dim_5": Fixture(bert(hidden_size=15, num_attention_heads=3)),
    "bert_three_segments": Fixture(bert(type_vocab_size=3, layer_norm_eps=0.021), prompt=17),
    "bert_one_segment": Fixture(bert(type_vocab_size=1), segments=None),
    "bert_no_segments_given": Fixture(bert(), segments=None),
    "bert_no_pooler": Fixture(bert(), pooler=False),
    "bert_prefixed": Fixture(bert(), names=lambda name: "bert." + name),
    "bert_first_names": Fixture(bert(), names=lambda name: "bert." + tensorflow_norms(name)),
    "bert_saved_positions": Fixture(bert(), extra=saved_positions),
    "bert_long_prompt": Fixture(bert(max_position_embeddings=72), prompt=70),
    "bert_f16": Fixture(bert(torch_dtype="float16"), dtype="F16"),
    # Phi-3, GPT-NeoX, GLM
    "phi3_window": Fixture(phi3(sliding_window=5, partial_rotary_factor=0.75, num_key_value_heads=1), prompt=20),
    "phi3_tied": Fixture(phi3(hidden_size=24, num_attention_heads=4, num_key_value_heads=4, tie_word_embeddings=True)),
    "phi3_longrope_short": Fixture(phi3(max_position_embeddings=128, rope_scaling={
        "type": "longrope", "short_factor": [1.0, 1.3, 2.0, 1.1], "long_factor": [1.5, 2.5, 4.0, 8.0]})),
    "phi3_longrope_long": Fixture(phi3(max_position_embeddings=128, original_max_position_embeddings=16, rope_scaling={
        "type": "longrope", "short_factor": [1.0, 1.3, 2.0, 1.1], "long_factor": [1.5, 2.5, 4.0, 8.0]}), prompt=24),
    "gpt_neox_parallel": Fixture(gpt_neox(), names=lambda name: name.replace("lm_head", "embed_out"),
                                 extra=saved_neox_buffers),
    "gpt_neox_in_turn": Fixture(gpt_neox(use_parallel_residual=False, rotary_pct=1.0, rotary_emb_base=500,
                                         attention_bias=False, hidden_act="gelu_fast", tie_word_embeddings=True)),
    "glm_bias": Fixture(glm(num_attention_heads=6, num_key_value_heads=3, vocab_size=53)),
    "glm4_sandwich": Fixture(glm(architectures=["Glm4ForCausalLM"], model_type="glm4", attention_bias=False,
                                 partial_rotary_factor=0.75, head_dim=8, tie_word_embeddings=True)),
    "chatglm_groups": Fixture(chatglm(rope_ratio=2.5, padded_vocab_size=53), dtype="F16"),
    "chatglm_layer_norm": Fixture(chatglm(rmsnorm=False, add_qkv_bias=False, multi_query_group_num=1)),
    "chatglm_6b_prefix": Fixture(chatglm_6b(), prompt=20, ask=asked("gmask", 3)),
    "chatglm_6b_mask": Fixture(chatglm_6b(hidden_size=12, layernorm_epsilon=0.02), prompt=9, ask=asked("mask", 1)),
    # BERT's heads and relatives
    "bert_pretraining": Fixture(bert(architectures=["BertForPreTraining"], hidden_act="gelu_new", vocab_size=53), prompt=14),
    "bert_masked_untied": Fixture(bert(architectures=["BertForMaskedLM"], tie_word_embeddings=False, vocab_size=33)),
    "bert_labels": Fixture(bert(architectures=["BertForSequenceClassification"], **labels("no", "perhaps", "yes"))),
    "bert_token_labels": Fixture(bert(architectures=["BertForTokenClassification"], **labels("O", "B-PER", "I-PER", "B-LOC", "I-LOC"))),
    "roberta_plain": Fixture(roberta(hidden_size=15, layer_norm_eps=0.003), prompt=25),
    "roberta_masked": Fixture(roberta(architectures=["RobertaForMaskedLM"], vocab_size=61), prompt=17),
    "roberta_labels": Fixture(roberta(architectures=["RobertaForSequenceClassification"], pad_token_id=3, **labels("a", "b"))),
    "roberta_token_labels": Fixture(roberta(architectures=["RobertaForTokenClassification"], type_vocab_size=2, **labels("a", "b", "c"))),
    # The shapes are those of roberta_*, so that a compiler cache knows their units.
    "xlm_roberta_plain": Fixture(xlm_roberta("Model", hidden_size=15, layer_norm_eps=0.003), prompt=25),
    "xlm_roberta_masked": Fixture(xlm_roberta("ForMaskedLM", vocab_size=61), prompt=17),
    "xlm_roberta_labels": Fixture(xlm_roberta("ForSequenceClassification", pad_token_id=3, **labels("a", "b"))),
    "xlm_roberta_token_labels": Fixture(xlm_roberta("ForTokenClassification", type_vocab_size=2, **labels("a", "b", "c"))),
    "camembert_masked": Fixture(roberta(architectures=["CamembertForMaskedLM"], model_type="camembert", vocab_size=61),
                                prompt=17),
    "distilbert_plain": Fixture(distilbert(activation="relu")),
    "distilbert_masked": Fixture(distilbert(architectures=["DistilBertForMaskedLM"], dim=15, vocab_size=41), prompt=20),
    "distilbert_labels": Fixture(distilbert(architectures=["DistilBertForSequenceClassification"], **labels("a", "b", "c", "d"))),
}
for activation in ("gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "quick_gelu", "relu", "relu2", "tanh",
                   "sigmoid", "swish"):
    FIXTURES[f"llama_act_{activation}"] = Fixture(
        llama(hidden_size=8, intermediate_size=13, vocab_size=29, tie_word_embeddings=True, hidden_act=activation),
        unlike={"hidden_act": "gelu_new" if activation == "gelu" else "gelu"})
for activation in ("gelu", "relu", "silu", "tanh", "gelu_pytorch_tanh", "quick_gelu", "relu2"):
    FIXTURES[f"gpt2_act_{activation}"] = Fixture(
        gpt2(n_embd=6, n_inner=13, vocab_size=29, activation_function=activation),
        unlike={"activation_function": "gelu_new" if activation == "gelu" else "gelu"})
for activation in ("relu", "gelu_new", "silu", "tanh", "gelu_pytorch_tanh"):
    FIXTURES[f"bert_act_{activation}"] = Fixture(
        bert(hidden_size=8, intermediate_size=13, num_attention_heads=2, hidden_act=activation),
        unlike={"hidden_act": "gelu_new" if activation == "gelu" else "gelu"})


def fill(name, shape, random):
    """Weights large enough that every sublayer matters; norms away from 1, biases away from 0.

    NumPy's RandomState is frozen by promise: the same numbers on every version.
    """
    noise = torch.from_numpy(random.standard_normal(shape).astype(np.float32))
    if name.endswith("bias"):
        return 0.4 * noise
    if len(shape) == 1:
        return 1.0 + 0.3 * noise
    if any(word in name for word in ("embed", "wte", "wpe")):
        return 0.8 * noise
    return noise * (1.4 / np.sqrt(shape[-1] if "lm_head" not in name else 2 * shape[-1]))


def rounded(tensor, dtype, index):
    kinds = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    if dtype == "mixed":
        return tensor.to([torch.float32, torch.float16, torch.bfloat16][index % 3])
    return tensor.to(kinds[dtype])


def untrained(fixture, folder):
    c = fixture.config
    if c["model_type"] == "chatglm":
        return reference.reference_chatglm.model_of(folder)
    settings = transformers.AutoConfig.from_pretrained(folder)
    if c["model_type"] in reference.ENCODERS:
        kind = getattr(transformers, c["architectures"][0])
        return kind(settings) if fixture.pooler else kind(settings, add_pooling_layer=False)
    return transformers.AutoModelForCausalLM.from_config(settings)


def write_checkpoint(fixture, folder, seed):
    c = fixture.config
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(c, indent=1) + "\n")
    model = untrained(fixture, folder)
    random, tensors = np.random.RandomState(seed), {}
    for index, (name, parameter) in enumerate(sorted(model.named_parameters())):  # a tied head is listed once
        stored = fixture.names(name) if fixture.names else name
        tensors[stored] = rounded(fill(name, tuple(parameter.shape), random), fixture.dtype, index).contiguous()
    if fixture.store_head:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    if fixture.extra:
        tensors.update(fixture.extra(c))
    if fixture.shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    write_shards(tensors, folder, fixture.shards)


def write_shards(tensors, folder, count):
    where, total = {}, 0
    for shard in range(count):
        file = f"model-{shard + 1:05}-of-{count:05}.safetensors"
        part = dict(list(tensors.items())[shard::count])
        save_file(part, folder / file, metadata={"format": "pt"})
        where.update({name: file for name in part})
        total += sum(t.numel() * t.element_size() for t in part.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


def write_encoder(fixture, folder, seed):
    c, random = fixture.config, np.random.RandomState(seed + 1)
    prompt = random.randint(0, c["vocab_size"], fixture.prompt).tolist()
    if c["pad_token_id"] in prompt and c["model_type"] in reference.ROBERTAS:  # padding has a position of its own there
        return False
    segments = None
    if fixture.segments == "random" and c.get("type_vocab_size", 0) > 0:
        segments = sorted(random.randint(0, c["type_vocab_size"], fixture.prompt).tolist())
    for what, values in reference.encoder(folder, prompt, segments).items():
        np.save(folder / f"{what}.npy", values)
    record = {"seed": seed, "prompt": prompt, "segments": segments, "context": len(prompt)}
    (folder / "ids.json").write_text(json.dumps(record) + "\n")
    return True


def write_decoder(fixture, folder, seed):
    """False where a greedy step is too near a tie, or the text too dull to tell a right answer from a stuck one."""
    c, random = fixture.config, np.random.RandomState(seed + 1)
    prompt = random.randint(0, c.get("vocab_size") or c["padded_vocab_size"], fixture.prompt).tolist()
    if fixture.ask:
        prompt = fixture.ask(c, prompt)
    logits = reference.logits(folder, prompt)
    span = float(np.abs(logits).max())
    greedy, margins = reference.greedy(folder, prompt, GREEDY)
    if min(margins) < SAFE_MARGIN * span or len(set(greedy)) < 5:
        return False
    record = {"seed": seed, "prompt": prompt, "greedy": greedy, "margins": [round(m, 6) for m in margins],
              "range": round(span, 6), "context": len(prompt) + GREEDY}
    uncached, _ = reference.greedy(folder, prompt, GREEDY, cached=False)
    if uncached != greedy:
        record["greedy_without_cache"] = uncached  # dynamic RoPE: keys in the cache keep their first rotation
    if fixture.eos_at is not None:
        end = greedy[fixture.eos_at]
        if end in greedy[: fixture.eos_at]:
            return False
        record.update(eos=end, greedy_until_eos=greedy[: fixture.eos_at])
        (folder / "config.json").write_text(json.dumps({**c, "eos_token_id": end}, indent=1) + "\n")
    np.save(folder / "logits.npy", logits)
    (folder / "ids.json").write_text(json.dumps(record) + "\n")
    return True


def write(name, folder, first_seed=None):
    fixture = FIXTURES[name]
    finish = write_encoder if fixture.config["model_type"] in reference.ENCODERS else write_decoder
    seed = zlib.crc32(name.encode()) % 100000 if first_seed is None else first_seed
    for attempt in range(200):
        shutil.rmtree(folder, ignore_errors=True)
        write_checkpoint(fixture, folder, seed + attempt)
        if finish(fixture, folder, seed + attempt) and (fixture.unlike is None or tells_apart(fixture, folder)):
            return
    raise SystemExit(f"{name}: no seed gives greedy margins above {SAFE_MARGIN} of the range")


def tells_apart(fixture, folder):
    """Whether a model that takes `unlike` for the config would fail against this fixture.

    The two GELUs differ by at most 4.7e-4, so most random weights cannot tell one from the other.
    """
    ids = json.loads((folder / "ids.json").read_text())
    with tempfile.TemporaryDirectory() as scratch:
        other = pathlib.Path(scratch) / "other"
        shutil.copytree(folder, other)
        (other / "config.json").write_text(json.dumps({**fixture.config, **fixture.unlike}))
        if fixture.config["model_type"] in reference.ENCODERS:
            right, wrong = np.load(folder / "hidden.npy"), reference.encoder(other, ids["prompt"], ids["segments"])["hidden"]
        else:
            right, wrong = np.load(folder / "logits.npy"), reference.logits(other, ids["prompt"])
    return np.abs(right - wrong).max() >= PLAIN * np.abs(right).max()


def stored_tensors(folder):
    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            tensors.update({name: file.get_tensor(name) for name in file.keys()})
    return tensors


def difference(old, new):
    """The first disagreement between two fixture folders in one sentence, or None."""
    files = [sorted(p.name for p in folder.iterdir() if not p.name.startswith(("logits_kv_", "logits_inputs_"))) for folder in (old, new)]  # of make_kept.py
    if files[0] != files[1]:
        return f"files differ: {files[0]} and {files[1]}"
    if json.loads((old / "config.json").read_text()) != json.loads((new / "config.json").read_text()):
        return "config.json differs"
    a, b = stored_tensors(old), stored_tensors(new)
    if a.keys() != b.keys():
        return f"tensor names differ: {sorted(a.keys() ^ b.keys())[0]}"
    for name in a:
        if a[name].dtype != b[name].dtype or not torch.equal(a[name], b[name]):
            return f"{name} differs"
    ids = [json.loads((folder / "ids.json").read_text()) for folder in (old, new)]
    for key in ("prompt", "segments", "greedy", "greedy_without_cache", "greedy_until_eos", "eos", "context"):
        if ids[0].get(key) != ids[1].get(key):
            return f"ids.json: {key} is {ids[0].get(key)}, now {ids[1].get(key)}"
    for path in (old / p.name for p in new.glob("*.npy")):
        x, y = np.load(path), np.load(new / path.name)
        if x.shape != y.shape or x.dtype != y.dtype:
            return f"{path.name} is {x.dtype}{list(x.shape)}, now {y.dtype}{list(y.shape)}"
        gap = np.abs(x - y).max() / np.abs(y).max()
        if not gap <= TOLERANCE:
            return f"{path.name} differs by {gap:.2e} of its range, bound {TOLERANCE:.0e}"
    return None


def check(fixtures):
    bad = 0
    # Folders without a config.json are single files, make_file_fixtures.py sees to them.
    present = {p.name for p in fixtures.iterdir() if (p / "config.json").exists()}
    for name in sorted(present ^ set(FIXTURES)):
        print(f"{name}: {'no longer described' if name in present else 'not committed'}")
        bad += 1
    with tempfile.TemporaryDirectory() as scratch:
        for name in sorted(present & set(FIXTURES)):
            seed = json.loads((fixtures / name / "ids.json").read_text())["seed"]
            again = pathlib.Path(scratch) / name
            write(name, again, seed)
            what = difference(fixtures / name, again)
            if what:
                print(f"{name}: {what}")
                bad += 1
    print(f"{len(present)} fixtures, {bad} differ (transformers {transformers.__version__}, torch {torch.__version__})")
    return 1 if bad else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("names", nargs="*", help="only these")
    p.add_argument("--check", action="store_true")
    p.add_argument("--force", action="store_true")
    p.add_argument("--list", action="store_true")
    p.add_argument("-o", "--output", type=pathlib.Path, default=HERE / "fixtures")
    a = p.parse_args()
    torch.set_num_threads(1)
    if a.list:
        print(*FIXTURES, sep="\n")
        return 0
    if a.check:
        return check(a.output)
    for name in a.names or FIXTURES:
        folder = a.output / name
        if a.force or not (folder / "ids.json").exists():
            write(name, folder)
            print(name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
