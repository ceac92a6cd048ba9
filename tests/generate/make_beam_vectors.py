#!/usr/bin/env python3
"""Writes beam_vectors.json: what beam searches must find, from transformers and ctranslate2 themselves, and for the lecture's
convention from `lecture` below, which was compared with Beam.py of SamLynnEvans/Transformer (49e0180) on these cases.
Needs torch, transformers, ctranslate2.

    make_beam_vectors.py > beam_vectors.json

Logits are made up: a hash of all tokens so far is the seed of a row, so that a beam that goes on from a wrong parent is found
out. CTranslate2 runs model files only; it gets a decoder whose layers add nothing, so that its logits are a function of the last
token and its position, which are written down as a table.
"""
import json
import math
import tempfile

import ctranslate2
import numpy as np
import torch
import transformers
from transformers.modeling_outputs import CausalLMOutput


def row(seed, vocab, scale):
    """Multiples of 2^-24 · scale in [-scale/2, scale/2), exact in float32 for scale a power of two."""
    out = np.empty(vocab, np.float32)
    for i in range(vocab):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = np.float32(((seed >> 8) / 2.0**24 - 0.5) * scale)
    return out


def logits_after(tokens, case):
    h = case["seed"]
    for t in tokens:
        h = (h * 1664525 + (int(t) + 1) * 22695477 + 1013904223) & 0xFFFFFFFF
    return row(h, case["vocab"], case["scale"])


class MadeUp(transformers.PreTrainedModel, transformers.GenerationMixin):
    config_class = transformers.GPT2Config
    main_input_name = "input_ids"

    def __init__(self, case):
        super().__init__(transformers.GPT2Config(vocab_size=case["vocab"], bos_token_id=None, eos_token_id=None))
        self.case = case
        self.dummy = torch.nn.Parameter(torch.zeros(1))
        self.post_init()

    def prepare_inputs_for_generation(self, input_ids, **_):
        return {"input_ids": input_ids}

    def forward(self, input_ids, return_dict=True, **_):
        rows = [logits_after(tokens, self.case) for tokens in input_ids.tolist()]
        return CausalLMOutput(logits=torch.tensor(np.array(rows))[:, None, :])


def hugging_face(case):
    o = case["options"]
    out = MadeUp(case).generate(
        torch.tensor([case["prompt"] + case["prefix"]]), use_cache=False, do_sample=False, num_beams=o["beams"],
        length_penalty=o["length_penalty"], early_stopping={"yes": True, "no": False, "never": "never"}[o["stopping"]],
        num_return_sequences=o["best"], no_repeat_ngram_size=o["no_repeat_ngram"], max_new_tokens=case["max_tokens"],
        eos_token_id=case["stop_ids"] or None, pad_token_id=case["vocab"] - 1, return_dict_in_generate=True, output_scores=True)
    found = []
    for ids, score, indices in zip(out.sequences.tolist(), out.sequences_scores.tolist(), out.beam_indices.tolist()):
        chosen = sum(i >= 0 for i in indices)
        found.append({"score": score, "ids": ids[len(case["prompt"]):len(case["prompt"]) + len(case["prefix"]) + chosen]})
    return found


def lecture(case):
    """The convention on lists: outputs begin with the start token, lengths are places of the end token."""
    o, k, eos = case["options"], case["options"]["beams"], case["stop_ids"][0]
    start = case["prompt"]

    def best(outputs):
        p = torch.softmax(torch.tensor(np.array([logits_after(x, case) for x in outputs])), -1)
        return p.topk(k)

    probs, ix = best([start])
    scores = torch.tensor([math.log(p) for p in probs[0]])
    outputs = [start + [int(i)] for i in ix[0]]
    chosen = None
    for _ in range(case["max_tokens"] - 1):
        probs, ix = best(outputs)
        sums = torch.tensor([[math.log(p) for p in r] for r in probs.tolist()]) + scores[:, None]
        scores, flat = sums.view(-1).topk(k)
        outputs = [outputs[f // k] + [int(ix[f // k, f % k])] for f in flat.tolist()]
        if all(eos in x[len(start):] for x in outputs):
            chosen = [x.index(eos, len(start)) - len(start) + 1 for x in outputs]
            break
    lengths = chosen or [(x[len(start):] + [eos]).index(eos) + 1 for x in outputs]
    lengths = [min(n, len(outputs[0]) - len(start)) for n in lengths]
    values = [float(s * (1 / torch.tensor(float(n)) ** o["length_penalty"])) for s, n in zip(scores, lengths)]
    order = sorted(range(k), key=lambda i: -values[i]) if chosen else range(k)
    return [{"score": values[i], "ids": outputs[i][len(start):len(start) + lengths[i]]} for i in order][:o["best"]]


def idle_decoder(vocab, positions, seed, scale):
    """A model folder of CTranslate2 with one layer that adds nothing, and its logits (positions, vocab, vocab)."""
    d = 8
    r = np.random.default_rng(seed)
    spec = ctranslate2.specs.TransformerDecoderModelSpec.from_config(1, 1, pre_norm=True)
    zero = lambda linear, rows, cols: (setattr(linear, "weight", np.zeros((rows, cols), np.float32)),
                                       setattr(linear, "bias", np.zeros(rows, np.float32)))
    def norm(n):
        n.gamma, n.beta = np.ones(d, np.float32), np.zeros(d, np.float32)
    dec = spec.decoder
    dec.embeddings.weight = r.normal(size=(vocab, d)).astype(np.float32)
    dec.scale_embeddings = False
    dec.position_encodings.encodings = r.normal(size=(positions, d)).astype(np.float32)
    layer = dec.layer[0]
    zero(layer.self_attention.linear[0], 3 * d, d)
    zero(layer.self_attention.linear[1], d, d)
    zero(layer.ffn.linear_0, d, d)
    zero(layer.ffn.linear_1, d, d)
    for n in (layer.self_attention.layer_norm, layer.ffn.layer_norm, dec.layer_norm):
        norm(n)
    dec.projection.weight = (scale * r.normal(size=(vocab, d))).astype(np.float32)
    dec.projection.bias = np.zeros(vocab, np.float32)
    words = [f"t{i}" for i in range(vocab)]
    spec.register_vocabulary(words)
    spec.config.unk_token = spec.config.bos_token = spec.config.eos_token = "t0"
    folder = tempfile.mkdtemp()
    spec.validate()
    spec.save(folder)
    model = ctranslate2.Generator(folder, "cpu", compute_type="float32")
    table = [np.array(model.forward_batch([[w] * positions])).squeeze(0) for w in words]
    return model, words, np.stack(table, 1)  # (positions, last token, vocab)


def ctranslate2_rule(case, model, words):
    """Without the end token."""
    o, prefix = case["options"], case["prefix"]
    assert not prefix or len(case["prompt"]) == 1  # what follows the first token counts as prefix there
    out = model.generate_batch(
        [[words[t] for t in case["prompt"] + prefix]], beam_size=o["beams"], length_penalty=o["length_penalty"],
        num_hypotheses=o["best"], no_repeat_ngram_size=o["no_repeat_ngram"], return_scores=True,
        end_token=case["stop_ids"], max_length=case["max_tokens"] + (len(prefix) if prefix else 0),
        include_prompt_in_result=bool(prefix))[0]
    found = []
    for ids, score in zip(out.sequences_ids, out.scores):
        found.append({"score": score, "ids": ids[1:] if prefix else ids})
    return found


def options(rule, **changes):
    return dict(dict(rule=rule, beams=4, length_penalty=1.0, stopping="no", best=1, no_repeat_ngram=0), **changes)


def hugging_face_cases():
    count = 0
    for beams, best in ((2, 2), (3, 1), (4, 4), (5, 3)):
        for stopping in ("no", "yes", "never"):
            for penalty in (1.0, 0.0, 2.0, -0.5):
                count += 1
                yield dict(
                    options=options("hf", beams=beams, best=best, stopping=stopping, length_penalty=penalty,
                                    no_repeat_ngram=(0, 2, 0, 3, 1)[count % 5]),
                    seed=count, vocab=(11, 13, 40)[count % 3], scale=(4.0, 8.0, 2.0)[count % 3],
                    prompt=[1, 5, 2][:1 + count % 3], prefix=[[], [], [3], [4, 2]][count % 4],
                    stop_ids=([0], [0, 7], [2])[count % 3], max_tokens=(12, 7, 20, 3, 1)[count % 5])
    yield dict(options=options("hf", best=4), seed=900, vocab=6, scale=4.0, prompt=[1], prefix=[], stop_ids=[], max_tokens=6)
    yield dict(options=options("hf", beams=6, best=6), seed=901, vocab=5, scale=2.0, prompt=[1], prefix=[], stop_ids=[0],
               max_tokens=9)  # fewer tokens than candidates


def lecture_cases():
    for count, (beams, best) in enumerate(((3, 1), (3, 3), (4, 4), (2, 2), (1, 1), (5, 5)) * 3):
        yield dict(options=options("lecture", beams=beams, best=best, length_penalty=(0.7, 0.7, 1.0)[count % 3]),
                   seed=300 + count, vocab=(9, 7)[count % 2], scale=(4.0, 2.0)[count % 2], prompt=[3], prefix=[],
                   stop_ids=[1], max_tokens=(79, 30, 4, 2)[count % 4])


def ctranslate2_cases():
    for count, (beams, best) in enumerate(((2, 2), (4, 1), (3, 3), (5, 4), (4, 4), (2, 1)) * 4):
        prefixed = count % 4 == 3
        yield dict(options=options("ct2", beams=beams, best=best, length_penalty=(1.0, 0.0, 0.6, 2.0, -0.5)[count % 5],
                                   no_repeat_ngram=(0, 2, 0, 0, 3)[count % 5]),
                   prompt=[5] if prefixed else [5, 3, 8][:1 + count % 3], prefix=[2, 0, 9][:1 + count % 3] if prefixed else [],
                   stop_ids=([1], [1, 4])[count % 2], max_tokens=(14, 6, 2, 10, 1)[count % 5])


if __name__ == "__main__":
    model, words, table = idle_decoder(12, 18, 5, 0.7)
    lines = []
    for cases, find in ((hugging_face_cases(), hugging_face), (lecture_cases(), lecture),
                        (ctranslate2_cases(), lambda c: ctranslate2_rule(c, model, words))):
        for case in cases:
            lines.append(json.dumps(dict(case, found=find(case)), separators=(",", ":")))
    numbers = ",".join(f"{x:.9g}" for x in table.reshape(-1).tolist())
    print('{"table_vocab":12,"table_positions":18,"table":[' + numbers + '],\n"cases":[\n' + ",\n".join(lines) + "\n]}")
