#!/usr/bin/env python3
"""Write embedding_steps.json: what modules of sentence-transformers make of the toy encoder's hidden states; and truncations.json: what the
tokenizers library leaves of one text or two.

A case of the former is a list of steps as packed files describe them, the weights of all of them one after the other, the ids of a text with the number of those
that are a prompt's, and the result. A case of the latter is the lengths of the texts, the most that may stay, the side, and ids and segments
that do. Exit status 77 without the library.
"""
import json
import pathlib
import sys

try:
    import tokenizers
    import torch
    from sentence_transformers import models
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

WIDTH = 8
NAMES = {"cls": "cls", "max": "max", "mean": "mean", "mean_sqrt_len_tokens": "mean_sqrt_len", "weightedmean": "weighted_mean",
         "lasttoken": "last"}
ACTIVATIONS = ["Identity", "Tanh", "ReLU", "GELU", "SiLU", "Sigmoid", "ELU", "SELU", "LeakyReLU", "ReLU6", "Softplus", "Softsign", "Hardtanh",
               "Mish"]


def hidden(ids):  # of tests/program/toy_model.hpp
    return torch.tensor([[i * 0.125 + j - 4.0 for j in range(WIDTH)] for i in ids], dtype=torch.float32)[None]


def pool(*modes, include_prompt=True):
    return models.Pooling(WIDTH, modes, include_prompt=include_prompt)


def dense(inputs, outputs, activation="Identity", **options):
    return models.Dense(inputs, outputs, activation_function=getattr(torch.nn, activation)(), **options)


def described(module, weights):
    offset = 4 * len(weights)
    weights += [float(v) for p in module.parameters() for v in p.detach().flatten()]
    if isinstance(module, models.Pooling):
        modes = [module.pooling_mode] if isinstance(module.pooling_mode, str) else module.pooling_mode
        return {"kind": "pool", "poolings": [NAMES[m] for m in modes], "include_prompt": module.include_prompt}
    if isinstance(module, models.Dense):
        return {"kind": "dense", "of_tokens": module.module_input_name == "token_embeddings", "inputs": module.in_features,
                "outputs": module.out_features, "activation": type(module.activation_function).__name__, "bias": module.bias,
                "residual": module.use_residual, "offset": offset}
    if isinstance(module, models.LayerNorm):
        return {"kind": "layer_norm", "inputs": module.dimension, "offset": offset}
    return {"kind": "normalize", "of_tokens": module.module_input_name == "token_embeddings"}


def case(ids, modules, prompt=0):
    for module in modules:
        for parameter in module.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    features = {"token_embeddings": hidden(ids), "attention_mask": torch.ones(1, len(ids), dtype=torch.int64), "prompt_length": prompt}
    with torch.no_grad():
        for module in modules:
            features = module(features)
    weights = []
    steps = [described(module, weights) for module in modules]
    return {"ids": ids, "prompt": prompt, "steps": steps, "weights": weights, "want": [float(v) for v in features["sentence_embedding"][0]]}


def truncations():
    words = {str(i): i for i in range(64)}
    for first, second, longest in ((9, None, 6), (9, None, 11), (9, None, 2), (5, 9, 11), (9, 5, 11), (9, 9, 12), (2, 20, 12), (20, 2, 12), (7, 8, 18),
                                   (3, 3, 9), (0, 9, 7), (20, 21, 4)):
        for left in (False, True):
            tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="0"))
            tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
            tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
                single="1 $A 2", pair="1 $A 2 $B:1 2:1", special_tokens=[("1", 1), ("2", 2)])
            tokenizer.enable_truncation(longest, strategy="longest_first", direction="left" if left else "right")
            texts = [" ".join(str(start + i) for i in range(count)) for start, count in ((3, first), (33, second)) if count is not None]
            cut = tokenizer.encode(*texts)
            yield {"lengths": [n for n in (first, second) if n is not None], "longest": longest, "left": left, "ids": cut.ids,
                   "segments": cut.type_ids}


def write(name, cases):
    text = "[\n" + ",\n".join(json.dumps(one) for one in cases) + "\n]\n"
    pathlib.Path(__file__).with_name(name).write_text(text)


def main():
    torch.manual_seed(5)
    ids = [8, 16, 6, 30]
    cases = [case(ids, [pool(*NAMES)]), case(ids, [pool(*NAMES, include_prompt=False)], prompt=2),
             case(ids, [pool(*NAMES)], prompt=2), case([9], [pool("lasttoken", "max"), models.Normalize()]),
             case(ids, [dense(8, 5, "SiLU", module_input_name="token_embeddings"), models.Normalize("token_embeddings"),
                        models.Pooling(5, ("mean", "max"))]),
             case(ids, [pool("mean"), models.LayerNorm(8), dense(8, 8, "GELU", bias=False, use_residual=True), models.Normalize()]),
             case(ids, [pool("mean", "cls"), dense(16, 3, "Tanh", use_residual=True), dense(3, 3, bias=True)])]
    cases += [case([4], [pool("cls"), dense(8, 4, name)]) for name in ACTIVATIONS]
    write("embedding_steps.json", cases)
    write("truncations.json", list(truncations()))


if __name__ == "__main__":
    main()
