#!/usr/bin/env python3
"""Write config_keys.json: what every key of a config.json does to the logits of the model in `transformers`.

For each family, every attribute of its configuration class is set to another value in the config.json of a tiny model,
which is then loaded and run. So are the keys of the other families and those that the modelling code asks for by name;
of these only the keys that do something are kept. What came of it stands under the major version that computed:

    none     the same logits
    logits   other logits
    tensors  other tensors, or tensors of other shapes
    error    the file is refused

The test sets the same keys and asks our reader. Each of transformers 4 and 5 writes its own column; --check looks
whether the installed version has a key that was not asked about, and computes one family anew, with --all every one.
Exits with 77 where there is no transformers.
"""
import contextlib
import copy
import inspect
import io
import json
import pathlib
import re
import sys
import tempfile
import warnings

try:
    import torch
    import transformers
    from transformers import AutoConfig, cache_utils, masking_utils, modeling_rope_utils
except ImportError:
    sys.exit(77)

MAJOR = transformers.__version__.split(".")[0]
PATH = pathlib.Path(__file__).with_name("config_keys.json")
LENGTH = 24  # beyond every window, and beyond the positions that dynamic scaling begins at

LLAMA = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 64, "bos_token_id": 1, "eos_token_id": 2}
NEOX = {key: value for key, value in LLAMA.items() if key != "num_key_value_heads"}
HEADED = {**LLAMA, "head_dim": 8}
ROPES = {
    "linear": {"rope_scaling": {"rope_type": "linear", "factor": 2.0}},
    "dynamic": {"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}, "max_position_embeddings": 16},
    "llama3": {"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                "original_max_position_embeddings": 32}},
    "yarn": {"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}},
}
SHORT, LONG = [1.0, 1.1, 1.2, 1.3], [2.0, 3.0, 4.0, 5.0]
LONGROPE = {"rope_scaling": {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG},
            "original_max_position_embeddings": 16, "max_position_embeddings": 16}
STANDARD = {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}
ENCODER = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
           "num_attention_heads": 4, "max_position_embeddings": 64, "pad_token_id": 0}
T5 = {"vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "pad_token_id": 0,
      "eos_token_id": 1, "decoder_start_token_id": 0, "relative_attention_num_buckets": 8,
      "relative_attention_max_distance": 12}
WINDOW = {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1}
LAYERS = ["sliding_attention", "full_attention", "full_attention"]

# Of each family: the class that is run, and base files on which a key may count.
FAMILIES = {
    "llama": ("LlamaForCausalLM", {"plain": LLAMA, "standard": {**LLAMA, **STANDARD}}
              | {name: {**LLAMA, **rope} for name, rope in ROPES.items()}),
    "mistral": ("MistralForCausalLM", {"plain": {**LLAMA, "sliding_window": 5}, "linear": {**LLAMA, **ROPES["linear"]}}),
    "qwen2": ("Qwen2ForCausalLM", {"plain": LLAMA, "window": {**LLAMA, **WINDOW},
                                   "layers": {**LLAMA, **WINDOW, "layer_types": LAYERS}, "yarn": {**LLAMA, **ROPES["yarn"]}}),
    "qwen3": ("Qwen3ForCausalLM", {"plain": HEADED, "window": {**HEADED, **WINDOW},
                                   "layers": {**HEADED, **WINDOW, "layer_types": LAYERS}}),
    "gemma": ("GemmaForCausalLM", {"plain": HEADED}),
    "gemma2": ("Gemma2ForCausalLM", {"plain": {**HEADED, "sliding_window": 5, "query_pre_attn_scalar": 8},
                                     "layers": {**HEADED, "sliding_window": 5, "layer_types": LAYERS}}),
    "phi3": ("Phi3ForCausalLM", {"plain": {**LLAMA, "pad_token_id": 3}, "longrope": {**LLAMA, **LONGROPE, "pad_token_id": 3}}),
    "gpt_neox": ("GPTNeoXForCausalLM", {"plain": {**NEOX, "rotary_pct": 0.5}, "standard": {**NEOX, **STANDARD}}),
    "glm": ("GlmForCausalLM", {"plain": {**HEADED, "pad_token_id": 3}}),
    "glm4": ("Glm4ForCausalLM", {"plain": {**HEADED, "pad_token_id": 3}}),
    "nanochat": ("NanoChatForCausalLM", {"plain": {**LLAMA, "pad_token_id": 3}}),
    "gpt2": ("GPT2LMHeadModel", {"plain": {"vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64,
                                           "bos_token_id": 1, "eos_token_id": 2}}),
    "gpt_neo": ("GPTNeoForCausalLM", {"plain": {
        "vocab_size": 64, "hidden_size": 32, "num_layers": 2, "num_heads": 4, "max_position_embeddings": 64,
        "attention_types": [[["global", "local"], 1]], "window_size": 5, "bos_token_id": 1, "eos_token_id": 2}}),
    "bert": ("BertForMaskedLM", {"plain": ENCODER}),
    "roberta": ("RobertaForMaskedLM", {"plain": {**ENCODER, "pad_token_id": 1}}),
    "xlm-roberta": ("XLMRobertaForMaskedLM", {"plain": {**ENCODER, "pad_token_id": 1}}),
    "camembert": ("CamembertForMaskedLM", {"plain": {**ENCODER, "pad_token_id": 1}}),
    "distilbert": ("DistilBertForMaskedLM", {"plain": {
        "vocab_size": 64, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "max_position_embeddings": 64}}),
    "t5": ("T5ForConditionalGeneration", {
        "plain": T5, "gated": {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
        "saved_by_4": {**T5, "feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu_new", "is_gated_act": True,
                       "tie_word_embeddings": False},
        "saved_by_5": {**T5, "feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu_new", "is_gated_act": True,
                       "tie_word_embeddings": True, "scale_decoder_outputs": False}}),
    "mt5": ("MT5ForConditionalGeneration", {"plain": {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}}),
    "marian": ("MarianMTModel", {"plain": {
        "vocab_size": 64, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "max_position_embeddings": 64,
        "pad_token_id": 63, "eos_token_id": 0, "decoder_start_token_id": 63, "scale_embedding": True,
        "activation_function": "swish"}}),
}

# Other values than those that follow from a default's type.
VALUES = {
    "activation": ["relu"], "activation_function": ["relu"], "hidden_act": ["relu"], "hidden_activation": ["relu"],
    "attention_types": [[[["local", "global"], 1]], [[["global"], 2]]], "attention_layers": [["local", "local"]],
    "architectures": [["OtherModel"]], "attention_chunk_size": [4], "classifier_dropout": [0.5], "dense_act_fn": ["relu"],
    "dtype": ["bfloat16"], "torch_dtype": ["bfloat16"], "feed_forward_proj": ["gated-silu"], "final_logit_softcapping": [1.0, None],
    "attn_logit_softcapping": [1.0, None], "finetuning_task": ["mnli"], "head_dim": [4, None], "id2label": [{"0": "no", "1": "yes", "2": "maybe"}],
    "label2id": [{"no": 0, "yes": 1, "maybe": 2}], "is_causal": [False], "layer_types": [LAYERS, ["full_attention"] * 3],
    "n_inner": [64], "num_labels": [3], "pad_token_id": [5], "partial_rotary_factor": [0.5, 0.25],
    "per_layer_config": [{"1": {"hidden_act": "relu"}}], "position_embedding_type": ["relative_key", "relative_key_query"],
    "problem_type": ["regression"], "pruned_heads": [{"0": [1]}], "rope_theta": [300.0], "rotary_emb_base": [300],
    "rope_parameters": [STANDARD["rope_parameters"], {"rope_type": "linear", "rope_theta": 10000.0, "factor": 3.0}],
    "rope_scaling": [{"type": "linear", "factor": 3.0}], "rotary_pct": [0.25], "sliding_window": [3, None],
    "summary_activation": ["tanh"], "summary_type": ["last"], "task_specific_params": [{"a": {"max_length": 9}}],
    "tokenizer_class": ["OtherTokenizer"], "transformers_version": ["3.0.0"], "use_bidirectional_attention": [True],
    "bad_words_ids": [[[7]]], "suppress_tokens": [[7]], "begin_suppress_tokens": [[7]],
    "forced_bos_token_id": [7], "forced_eos_token_id": [7], "exponential_decay_length_penalty": [[3, 1.1]],
    "cross_attention_hidden_size": [16], "prefix": ["say: "], "original_max_position_embeddings": [8, 128],
    "num_decoder_layers": [1, None], "decoder_vocab_size": [60], "num_key_value_heads": [1, None], "query_pre_attn_scalar": [16],
    "tie_word_embeddings": [True, False], "scale_decoder_outputs": [True, False], "is_gated_act": [True, False],
    "max_position_embeddings": [128], "rms_norm_eps": [0.1], "layer_norm_eps": [0.1], "layer_norm_epsilon": [0.1],
}

# Asked for by name in code that all families share, or in remote code of old, and in no class.
ASKED_FOR = ["is_causal", "attention_chunk_size", "head_dim", "partial_rotary_factor", "original_max_position_embeddings",
             "rope_scaling", "rope_parameters", "rope_theta", "rotary_pct", "rotary_emb_base", "sliding_window", "num_labels",
             "layer_types", "per_layer_config", "position_embedding_type", "torch_dtype", "use_return_dict", "scale_decoder_outputs"]

ROPE_OPTIONS = {"factor": [3.0, None], "attention_factor": [1.5], "beta_fast": [20], "beta_slow": [2], "truncate": [False],
                "mscale": [0.707], "mscale_all_dim": [0.5], "low_freq_factor": [0.5], "high_freq_factor": [8.0],
                "original_max_position_embeddings": [8], "short_factor": [SHORT[::-1]], "long_factor": [LONG[::-1]],
                "rope_theta": [300.0], "partial_rotary_factor": [0.5], "type": ["linear"], "finetuned": [True]}


def plain(value):
    """A default as JSON says it."""
    return json.loads(json.dumps(value, default=lambda v: sorted(v) if isinstance(v, set) else str(v)))


def own_keys(name):
    """The attributes of the family's configuration class, with the names that stand for others."""
    config = AutoConfig.for_model(name)
    keys = {key: plain(value) for key, value in vars(config).items() if not key.startswith("_")}
    return keys | {alias: keys.get(target) for alias, target in config.attribute_map.items()}


def asked_for(name):
    """The keys that the family's modelling code asks for."""
    text = inspect.getsource(sys.modules[getattr(transformers, FAMILIES[name][0]).__module__])
    for module in (cache_utils, masking_utils, modeling_rope_utils):
        text += inspect.getsource(module)
    found = re.findall(r"config\.([a-z][a-z0-9_]*)\b(?!\()", text) + re.findall(r'getattr\((?:self\.)?config, "([a-z0-9_]+)"', text)
    return set(found)


def others(key, default):
    """Values that are not the default, and where there are but two, both."""
    if key in VALUES:
        return VALUES[key]
    if isinstance(default, bool):
        return [True, False]
    if key.endswith("token_id"):
        return [(default if isinstance(default, int) else 2) + 1]
    if isinstance(default, int):
        return [2 * default or 2]
    if isinstance(default, float):
        return [2 * default or 0.5]
    if isinstance(default, str):
        return ["other"]
    return [3, True]


def nested_probes(base, file):
    """Every option of an object with rotary parameters, set to another value."""
    if "rope_scaling" not in file:
        return
    for key, values in ROPE_OPTIONS.items():
        for value in values:
            yield base, {"rope_scaling": {**file["rope_scaling"], key: value}}


def probes_of(name, foreign):
    """(base, keys set, whether they are the family's own): all on the first base, on others those that bases set."""
    own = own_keys(name)
    bases = FAMILIES[name][1]
    scene = {key for file in bases.values() for key in file} | {"rope_theta"}
    asked = {**foreign, **own}
    for base, file in bases.items():
        for key in sorted(asked if base == "plain" else scene & asked.keys()):
            for value in others(key, asked[key]):
                if file.get(key, own.get(key)) != value:
                    yield base, {key: value}, key in own
        for probe in nested_probes(base, file):
            yield *probe, True


class tiny_model:
    """One family's tiny model on the disk, whose config.json is written anew for every question."""

    def __init__(self, name, file):
        self.kind = getattr(transformers, FAMILIES[name][0])
        self.file = {"model_type": name, "architectures": [FAMILIES[name][0]], **file}
        self.folder = tempfile.TemporaryDirectory()
        config = AutoConfig.for_model(**copy.deepcopy(self.file))
        torch.manual_seed(16)
        model = self.kind(config).eval()
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                noise = torch.randn_like(parameter) * (0.3 if parameter.ndim > 1 else 0.2)
                parameter.copy_(noise + 1 if "norm" in key.lower() and key.endswith("weight") else noise)
        model.save_pretrained(self.folder.name)
        self.ids = torch.arange(LENGTH)[None] * 7 % 53 + 6
        self.plain = self.run({})
        assert not isinstance(self.plain, str), (name, self.plain)

    def run(self, patch):
        path = pathlib.Path(self.folder.name) / "config.json"
        path.write_text(json.dumps({**self.file, **patch}))
        (path.parent / "generation_config.json").unlink(missing_ok=True)
        try:
            model, loaded = self.kind.from_pretrained(self.folder.name, output_loading_info=True, dtype=torch.float32,
                                                      attn_implementation="eager")
            if any(loaded.get(kind) for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")):
                return "tensors"
            inputs = {"input_ids": self.ids}
            if "decoder_input_ids" in inspect.signature(model.forward).parameters:
                inputs["decoder_input_ids"] = self.ids.flip(1)
            with torch.no_grad():
                out = model.eval()(**inputs)
            return (out[0] if isinstance(out, tuple) else out.logits).double()
        except Exception as problem:
            return "tensors" if "size" in str(problem) and "mismatch" in str(problem) else "error"

    def effect(self, patch):
        result = self.run(patch)
        if isinstance(result, str):
            return result
        if result.shape != self.plain.shape:
            return "tensors"
        span = (self.plain.max() - self.plain.min()).item()
        return "logits" if (result - self.plain).abs().max().item() > 1e-5 * span else "none"


def tiny_models(name):
    """Those of a family's base files that this release takes: 4.57 wants LongRoPE by its first key, "type", and does not
    know the form that 5 writes."""
    models = {}
    for base, file in FAMILIES[name][1].items():
        if base == "standard" and MAJOR == "4":
            continue
        with contextlib.suppress(ValueError):
            models[base] = tiny_model(name, file)
    return models


def measured(only_own, families=FAMILIES):
    """[family, base, keys set, effect] of every probe that is kept."""
    installed = [name for name in FAMILIES if hasattr(transformers, FAMILIES[name][0])]
    foreign = {}
    for name in installed:
        keys = {**dict.fromkeys(asked_for(name) | set(ASKED_FOR)), **own_keys(name)}
        foreign |= {key: value for key, value in keys.items() if foreign.get(key) is None}
    for name in installed:
        if name not in families:
            continue
        models = tiny_models(name)
        for base, patch, own in probes_of(name, {} if only_own else foreign):
            if base not in models:
                continue
            effect = models[base].effect(patch)
            if own or effect in ("logits", "tensors"):
                yield name, base, json.dumps(patch), effect


def stored():
    return json.loads(PATH.read_text()) if PATH.exists() else {"transformers": {}, "families": {}}


def table_of(record):
    """(family, base, keys set) to the effect by major version."""
    return {(name, base, json.dumps(patch)): effects for name, family in record["families"].items()
            for base, patch, effects in family["probes"]}


def text_of(versions, table):
    families = []
    for name, (_, bases) in FAMILIES.items():
        rows = [f"  [{json.dumps(base)}, {patch}, {json.dumps(effects, sort_keys=True)}]"
                for (family, base, patch), effects in sorted(table.items()) if family == name and effects]
        files = ",\n".join(f"  {json.dumps(base)}: {json.dumps({'model_type': name, **file})}" for base, file in bases.items())
        families.append(f'"{name}": {{"bases": {{\n{files}}},\n "probes": [\n' + ",\n".join(rows) + "]}")
    return f'{{"transformers": {json.dumps(versions, sort_keys=True)},\n"families": {{\n' + ",\n".join(families) + "}}\n"


def check(all_families):
    """Every key that the installed classes have was asked about; what it does is computed anew for one family, or all."""
    table = table_of(stored())
    problems = [f"{name} {base} {json.dumps(patch)}: not asked about"
                for name in FAMILIES if hasattr(transformers, FAMILIES[name][0]) for base, patch, own in probes_of(name, {})
                if own and base == "plain" and MAJOR not in table.get((name, base, json.dumps(patch)), {})]
    for *probe, effect in measured(only_own=True, families=FAMILIES if all_families else ["t5"]):
        before = table.get(tuple(probe), {}).get(MAJOR, "nothing")
        if effect != before:
            problems.append(f"{' '.join(probe)}: {before} committed, {effect} in transformers {transformers.__version__}")
    print(*problems, sep="\n", file=sys.__stdout__)
    sys.exit(bool(problems))


def write():
    record = stored()
    table = {key: {v: e for v, e in effects.items() if v != MAJOR} for key, effects in table_of(record).items()}
    for *probe, effect in measured(only_own=False):
        table.setdefault(tuple(probe), {})[MAJOR] = effect
    PATH.write_text(text_of({**record["transformers"], MAJOR: transformers.__version__}, table))


def main():
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    transformers.logging.disable_progress_bar()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        check("--all" in sys.argv) if "--check" in sys.argv else write()


if __name__ == "__main__":
    main()
