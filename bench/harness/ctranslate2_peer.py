"""One piece of work by CTranslate2; prints tokens a second of an encoder, translations a second of a translator. Its argument is a JSON
object, see peers.py."""

import json
import random
import statistics
import sys
import time

import ctranslate2


def runner(a):
    """What to run, and how many units that is."""
    if a["test"] == "encode":
        encoder = ctranslate2.Encoder(a["folder"], intra_threads=a["threads"], inter_threads=1, compute_type="float32")
        ids = [[random.randrange(1000, 30000) for _ in range(a["tokens"])] for _ in range(a["batch"])]
        return (lambda: encoder.forward_batch(ids)), a["batch"] * a["tokens"]
    translator = ctranslate2.Translator(a["folder"], intra_threads=a["threads"], inter_threads=1, compute_type="float32")
    return (lambda: translator.translate_batch(a["texts"], beam_size=a["beams"])), len(a["texts"])


def main():
    a = json.loads(sys.argv[1])
    run, units = runner(a)
    seconds = []
    for _ in range(10 * a["repetitions"] + 3):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    print(units / statistics.median(seconds[3:]))


main()
