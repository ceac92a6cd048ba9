#!/usr/bin/env python3
"""Write transformers_golden.json: config.json texts, and what the configuration classes of `transformers` make of them.

The test reads the same texts with our reader and compares. Needs transformers 5; exits with 77 where it is missing.
"""
import json
import pathlib
import sys

try:
    import torch
    import transformers
    from transformers.activations import ACT2FN
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
except ImportError:
    sys.exit(77)

LLAMA = {"model_type": "llama", "vocab_size": 96, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3,
         "num_attention_heads": 4}
MISTRAL = {**LLAMA, "model_type": "mistral", "num_attention_heads": 8, "hidden_size": 64}
QWEN2 = {**LLAMA, "model_type": "qwen2", "num_attention_heads": 32, "hidden_size": 64}
QWEN3 = {**QWEN2, "model_type": "qwen3"}
GEMMA = {**LLAMA, "model_type": "gemma", "num_attention_heads": 16}
GEMMA2 = {**LLAMA, "model_type": "gemma2"}
SLIDING = {"layer_types": ["sliding_attention", "full_attention", "full_attention"], "sliding_window": 9}
PHI3 = {**LLAMA, "model_type": "phi3"}
NEOX = {**LLAMA, "model_type": "gpt_neox", "hidden_size": 64}
GLM = {**LLAMA, "model_type": "glm"}
GPT2 = {"model_type": "gpt2", "vocab_size": 96, "n_embd": 48, "n_layer": 3, "n_head": 4, "n_positions": 32}
BERT = {**LLAMA, "model_type": "bert", "max_position_embeddings": 40}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 512}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}

CASES = [
    LLAMA,
    {**LLAMA, "num_key_value_heads": None, "head_dim": None, "rms_norm_eps": 1e-5, "max_position_embeddings": 77},
    {**LLAMA, "num_key_value_heads": 2, "head_dim": 10, "tie_word_embeddings": True, "hidden_act": "gelu"},
    {**LLAMA, "rope_theta": 500000.0, "bos_token_id": 3, "eos_token_id": [4, 5], "pad_token_id": 6},
    {**LLAMA, "bos_token_id": None, "eos_token_id": None},
    {**LLAMA, "rope_scaling": {}, "rope_theta": 2000},
    {**LLAMA, "rope_parameters": {"rope_type": "default", "rope_theta": 1234.0}},
    {**LLAMA, "rope_parameters": {"rope_type": "default"}, "rope_theta": 4321.0},
    {**LLAMA, "rope_scaling": {"type": "linear", "factor": 2.5}},
    {**LLAMA, "rope_scaling": {"rope_type": "linear", "type": "dynamic", "factor": 3}},
    {**LLAMA, "rope_scaling": {"type": "dynamic", "factor": 2.0}, "max_position_embeddings": 64},
    {**LLAMA, "rope_scaling": LLAMA3},
    {**LLAMA, "rope_scaling": {**LLAMA3, "original_max_position_embeddings": 1024}},
    {**LLAMA, "rope_scaling": {**LLAMA3, "original_max_position_embeddings": 1024}, "original_max_position_embeddings": 256},
    {**LLAMA, "rope_scaling": YARN},
    {**LLAMA, "rope_scaling": {**YARN, "factor": 1.0}},
    {**LLAMA, "rope_scaling": {**YARN, "factor": None}},
    {**LLAMA, "rope_scaling": {**YARN, "attention_factor": 1.3}},
    {**LLAMA, "rope_scaling": {**YARN, "mscale": 0.707, "mscale_all_dim": 1.2}},
    {**LLAMA, "rope_scaling": {**YARN, "mscale": 0.707}},
    {**LLAMA, "rope_scaling": {**YARN, "mscale": 0.707, "mscale_all_dim": 0}},
    {**LLAMA, "rope_scaling": {**YARN, "beta_fast": 20, "beta_slow": 2, "truncate": False}},
    {**LLAMA, "rope_scaling": {**YARN, "beta_fast": None, "beta_slow": 0}},
    {**LLAMA, "rope_parameters": {"rope_type": "yarn", "rope_theta": 999.0, "factor": 2.0}},
    MISTRAL,
    {**MISTRAL, "sliding_window": None},
    {**MISTRAL, "sliding_window": 17, "num_key_value_heads": 2, "head_dim": 6},
    QWEN2,
    {**QWEN2, "num_key_value_heads": 4, "sliding_window": 11},
    {**QWEN2, "use_sliding_window": True, "sliding_window": 11, "max_window_layers": 0},
    {**QWEN2, "use_sliding_window": True, "sliding_window": 11, "max_window_layers": 3},
    {**QWEN2, "use_sliding_window": True, "sliding_window": 11, "layer_types": ["sliding_attention"] * 3},
    {**QWEN2, "use_sliding_window": True, "sliding_window": None, "num_key_value_heads": None},
    {**QWEN2, "use_sliding_window": True, "sliding_window": 11, "max_window_layers": 1},
    {**QWEN2, "use_sliding_window": True, **SLIDING},
    QWEN3,
    {**QWEN3, "num_key_value_heads": 4, "head_dim": 6, "tie_word_embeddings": True, "rope_theta": 5000.0},
    {**QWEN3, "use_sliding_window": True, **SLIDING, "rope_scaling": YARN},
    GEMMA,
    {**GEMMA, "num_key_value_heads": 1, "head_dim": 6, "hidden_act": "gelu", "tie_word_embeddings": False},
    {**GEMMA, "hidden_act": "relu", "hidden_activation": "silu", "eos_token_id": [3, 4]},
    GEMMA2,
    {**GEMMA2, "query_pre_attn_scalar": 144, "attn_logit_softcapping": None, "final_logit_softcapping": 7.5},
    {**GEMMA2, **SLIDING, "head_dim": 8, "hidden_activation": "silu", "hidden_act": "relu"},
    PHI3,
    {**PHI3, "num_key_value_heads": 2, "sliding_window": 7, "partial_rotary_factor": 0.5, "rope_theta": 700.0},
    {**PHI3, "rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.34, "rope_theta": 71.0}},
    {**PHI3, "rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.1, 1.2, 1.3, 1.4, 1.5], "long_factor": [1, 2, 3, 4, 5, 6.5]},
     "max_position_embeddings": 131072},
    {**PHI3, "partial_rotary_factor": 0.34, "original_max_position_embeddings": 64, "rope_scaling": {
        "type": "longrope", "short_factor": [1.0, 1.1], "long_factor": [2.0, 3.1], "attention_factor": 1.7}},
    NEOX,
    {**NEOX, "rotary_pct": 0.63, "rotary_emb_base": 300, "use_parallel_residual": False, "attention_bias": False},
    {**NEOX, "rope_parameters": {"rope_type": "linear", "factor": 2.0, "partial_rotary_factor": 0.5}, "hidden_act": "relu"},
    {**NEOX, "rope_theta": 99.0, "partial_rotary_factor": 0.5, "layer_norm_eps": 0.01, "tie_word_embeddings": True},
    GLM,
    {**GLM, "partial_rotary_factor": 0.25, "attention_bias": False, "num_key_value_heads": 1, "head_dim": 16},
    {**GLM, "model_type": "glm4", "num_key_value_heads": 4, "eos_token_id": 5, "rope_theta": 77.0},
    GPT2,
    {**GPT2, "n_inner": 100, "activation_function": "relu", "layer_norm_epsilon": 0.001, "tie_word_embeddings": False},
    {**GPT2, "scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True, "eos_token_id": 7, "bos_token_id": 8},
    {"model_type": "gpt2", "vocab_size": 60000, "hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
     "max_position_embeddings": 32},
    BERT,
    {**BERT, "type_vocab_size": 5, "layer_norm_eps": 0.01, "hidden_act": "gelu_new", "pad_token_id": 9},
]


def described(text):
    c = transformers.AutoConfig.for_model(**json.loads(text))
    ids = c.eos_token_id if isinstance(c.eos_token_id, list) else [] if c.eos_token_id is None else [c.eos_token_id]
    out = {"layers": c.num_hidden_layers, "d_model": c.hidden_size, "heads": c.num_attention_heads, "vocab": c.vocab_size,
           "positions": c.max_position_embeddings, "tied": c.tie_word_embeddings, "bos": c.bos_token_id, "eos": ids,
           "pad": c.pad_token_id}
    kind = c.model_type
    if kind == "gpt2":
        out |= {"d_ff": c.n_inner or 4 * c.n_embd, "norm_eps": c.layer_norm_epsilon, "scale_scores": c.scale_attn_weights,
                "scale_scores_by_layer": c.scale_attn_by_inverse_layer_idx, "activation": c.activation_function}
    else:
        out |= {"d_ff": c.intermediate_size, "activation": getattr(c, "hidden_activation", None) or c.hidden_act}
    if kind == "bert":
        out |= {"norm_eps": c.layer_norm_eps, "segments": c.type_vocab_size}
        del out["tied"]  # speaks of a head that encoders here do not have
    if kind == "gemma":
        out["activation"] = c.hidden_act  # hidden_activation is not read
    if kind not in ("gpt2", "bert", "gpt_neox"):
        head_dim = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
        out |= {"kv_heads": c.num_key_value_heads, "head_dim": head_dim, "norm_eps": c.rms_norm_eps}
    if kind == "gpt_neox":
        out |= {"norm_eps": c.layer_norm_eps, "parallel": c.use_parallel_residual, "bias_qkv": c.attention_bias,
                "bias_attention_output": c.attention_bias}
    if kind in ("glm", "glm4"):
        out |= {"bias_qkv": c.attention_bias, "bias_attention_output": False}
    if kind not in ("gpt2", "bert"):
        rope = c.rope_parameters
        width = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
        out["rotary_dims"] = int(width * rope.get("partial_rotary_factor", 1.0))
        out |= {"theta": rope["rope_theta"], "scaling": rope["rope_type"]}
        if rope["rope_type"] != "default":
            _, out["attention_factor"] = ROPE_INIT_FUNCTIONS[rope["rope_type"]](c, device="cpu")
            if rope["rope_type"] == "longrope":
                out |= {"short_factors": rope["short_factor"], "long_factors": rope["long_factor"]}
            elif rope["factor"] is not None:
                out["factor"] = rope["factor"]
        if rope["rope_type"] in ("llama3", "yarn", "longrope"):
            out["original_positions"] = rope["original_max_position_embeddings"]
    if kind in ("mistral", "phi3"):
        out["window"] = c.sliding_window or 0
    if kind in ("qwen2", "qwen3", "gemma2"):
        out["window"] = c.sliding_window if "sliding_attention" in c.layer_types else 0
        out["unwindowed"] = [i for i, t in enumerate(c.layer_types) if t == "full_attention" and out["window"]]
    if kind == "gemma2":
        out |= {"score_scale": c.query_pre_attn_scalar ** -0.5, "score_softcap": c.attn_logit_softcapping or 0,
                "logit_softcap": c.final_logit_softcapping or 0}
    return out


def activation_values():
    """Which of ACT2FN agree with which, on points where every two differ."""
    x = torch.tensor([-3.0, -1.5, -0.7, -0.1, 0.2, 0.9, 2.3, 4.0], dtype=torch.float64)
    out = {}
    for name in ACT2FN:
        try:
            out[name] = ACT2FN[name](x).tolist()
        except Exception:  # some have parameters of their own
            continue
    return {"x": x.tolist(), "y": out}


def main():
    texts = [json.dumps(case) for case in CASES]
    golden = {"transformers": transformers.__version__, "configs": [{"text": t, "is": described(t)} for t in texts],
              "activations": activation_values()}
    path = pathlib.Path(__file__).with_name("transformers_golden.json")
    path.write_text(json.dumps(golden, indent=1) + "\n")


main()
