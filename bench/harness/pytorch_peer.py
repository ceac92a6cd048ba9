"""One piece of work by PyTorch and transformers; prints tokens a second. Its argument is a JSON object, see peers.py."""

import json
import statistics
import sys
import time

import torch
import transformers


def load(a):
    kind = transformers.AutoModel if a["test"] == "encode" else transformers.AutoModelForCausalLM
    return kind.from_pretrained(a["folder"], dtype=torch.float32).eval()


def runner(a, model):
    ids = torch.randint(3, model.config.vocab_size, (a["batch"], a["tokens"]))
    if a["test"] == "encode":
        return lambda: model(ids)
    if a["test"] == "prefill":
        return lambda: model(ids, logits_to_keep=1)

    def decode():
        past = None
        for i in range(a["tokens"]):
            past = model(ids[:, i:i + 1], past_key_values=past, use_cache=True).past_key_values

    return decode


def main():
    a = json.loads(sys.argv[1])
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(a["threads"])
    run = runner(a, load(a))
    seconds = []
    with torch.inference_mode():
        for _ in range(a["repetitions"] + 1):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    print(a["batch"] * a["tokens"] / statistics.median(seconds[1:]))


main()
