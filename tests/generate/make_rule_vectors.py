#!/usr/bin/env python3
"""Writes rule_vectors.json: rows of logits as the logits processors of transformers leave them. Needs torch and transformers.

    make_rule_vectors.py > rule_vectors.json
"""
import json
import math
import random

import torch
from transformers.generation import logits_process as lp

VOCAB = 12


def processors(rules, prompt, source):
    out = []
    if rules.get("repetition_penalty", 1) != 1:
        out.append(lp.RepetitionPenaltyLogitsProcessor(rules["repetition_penalty"]))
    if rules.get("no_repeat_ngram"):
        out.append(lp.NoRepeatNGramLogitsProcessor(rules["no_repeat_ngram"]))
    if rules.get("source_no_repeat_ngram"):
        out.append(lp.EncoderNoRepeatNGramLogitsProcessor(rules["source_no_repeat_ngram"], torch.tensor([source])))
    eos = torch.tensor(rules["stop_ids"])
    if rules.get("bad_words"):
        out.append(lp.NoBadWordsLogitsProcessor(rules["bad_words"], eos))
    if rules.get("min_length"):
        out.append(lp.MinLengthLogitsProcessor(rules["min_length"], eos))
    if rules.get("min_new_tokens"):
        out.append(lp.MinNewTokensLengthLogitsProcessor(len(prompt), rules["min_new_tokens"], eos))
    if "forced_first" in rules:
        out.append(lp.ForcedBOSTokenLogitsProcessor(rules["forced_first"]))
    if rules.get("forced_last"):
        out.append(lp.ForcedEOSTokenLogitsProcessor(len(prompt) + rules["max_new_tokens"], rules["forced_last"]))
    if rules.get("suppressed"):
        out.append(lp.SuppressTokensLogitsProcessor(rules["suppressed"]))
    if rules.get("begin_suppressed"):
        begin = len(prompt) + (len(prompt) == 1 and "forced_first" in rules)
        out.append(lp.SuppressTokensAtBeginLogitsProcessor(rules["begin_suppressed"], begin))
    return lp.LogitsProcessorList(out)


CASES = [
    {"repetition_penalty": 1.5},
    {"repetition_penalty": 0.5},
    {"no_repeat_ngram": 1},
    {"no_repeat_ngram": 2},
    {"no_repeat_ngram": 3},
    {"source_no_repeat_ngram": 1},
    {"source_no_repeat_ngram": 2},
    {"bad_words": [[3], [1], [4, 5], [2, 4, 6], [5, 5, 5]]},
    {"min_length": 4},
    {"min_new_tokens": 2},
    {"forced_first": 7},
    {"forced_first": 7, "begin_suppressed": [2, 3]},
    {"begin_suppressed": [2, 3]},
    {"suppressed": [0, 11]},
    {"forced_last": [1], "max_new_tokens": 3},
    {"forced_last": [1, 2], "max_new_tokens": 1, "suppressed": [2]},
    {"repetition_penalty": 1.25, "no_repeat_ngram": 2, "bad_words": [[8]], "min_new_tokens": 1, "max_new_tokens": 4, "forced_last": [1]},
]
TEXTS = [([5], []), ([5], [4]), ([5], [2, 4]), ([2, 4], []), ([2, 4, 5, 2], [4]), ([9, 5, 5], [5, 5]), ([1, 2, 1], [2, 1, 2])]

if __name__ == "__main__":
    r = random.Random(1)
    source = [2, 4, 6, 5, 5, 9]
    out = []
    for rules in CASES:
        for prompt, chosen in TEXTS:
            rules = dict(rules, stop_ids=[1])
            row = [r.randrange(-64, 64) / 16 for _ in range(VOCAB)]
            context = torch.tensor([prompt + chosen])
            want = processors(rules, prompt, source)(context, torch.tensor([row]))[0].tolist()
            want = [None if w == -math.inf else w for w in want]
            out.append(dict(rules=rules, prompt=prompt, chosen=chosen, source=source, row=row, want=want))
    print("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in out) + "\n]")
