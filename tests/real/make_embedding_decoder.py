#!/usr/bin/env python3
"""Write embedding_decoder/: a tiny Qwen3 without a head as sentence-transformers lays out a model that embeds, in the layout of its first
releases (the model in 0_Transformer), and golden.json: texts and what the library makes of them.

The folder asks for the last token's state without the prompt joined with the mean, a Dense module with tanh, length 1, and 5 of 6 dimensions.
Exit status 77 without the library.
"""
import json
import os
import pathlib
import shutil
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
try:
    import tokenizers
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

HERE = pathlib.Path(__file__).parent / "embedding_decoder"
TEXTS = ["a word", "Some words and more", "", "the quick brown fox jumps over the lazy dog"]


def tokenizer():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    pieces = special + [":"] + letters + ["##" + c for c in letters]
    return transformers.BertTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, do_lower_case=False, model_max_length=24)


def write_json(name, value):
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def initialised(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return module


def write_modules():
    kinds = [("0_Transformer", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense"), ("3_Normalize", "Normalize")]
    write_json("modules.json", [{"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
                                for i, (path, kind) in enumerate(kinds)])
    write_json("0_Transformer/sentence_bert_config.json", {"max_seq_length": 16, "do_lower_case": True})
    write_json("1_Pooling/config.json", {"word_embedding_dimension": 8, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True,
                                         "pooling_mode_lasttoken": True, "include_prompt": False})
    write_json("2_Dense/config.json", {"in_features": 16, "out_features": 6, "bias": True,
                                       "activation_function": "torch.nn.modules.activation.Tanh"})
    write_json("config_sentence_transformers.json", {"prompts": {"query": "find: ", "document": ""}, "default_prompt_name": "query",
                                                     "truncate_dim": 5})
    dense = torch.nn.Module()
    dense.linear = initialised(torch.nn.Linear(16, 6))
    torch.save(dense.state_dict(), HERE / "2_Dense/pytorch_model.bin")


def main():
    torch.manual_seed(16)
    shutil.rmtree(HERE, ignore_errors=True)
    config = transformers.Qwen3Config(vocab_size=58, hidden_size=8, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
                                      num_key_value_heads=1, head_dim=4, max_position_embeddings=32, tie_word_embeddings=False)
    initialised(transformers.Qwen3Model(config)).save_pretrained(HERE / "0_Transformer")
    tokenizer().save_pretrained(HERE / "0_Transformer")
    write_modules()
    model = SentenceTransformer(str(HERE))
    cases = [{"text": text, "arguments": arguments, "embedding": [float(v) for v in model.encode(text, **options)]}
             for text in TEXTS
             for arguments, options in (([], {}), (["--prompt-name", "document"], {"prompt_name": "document"}),
                                        (["--prefix", "go: "], {"prompt": "go: "}))
             if text or options.get("prompt_name") != "document"]
    write_json("golden.json", cases)


if __name__ == "__main__":
    main()
