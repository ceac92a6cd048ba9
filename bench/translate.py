#!/usr/bin/env python3
"""One source, translated by a program of constformer and by CTranslate2 in turn: microseconds of a whole translation, encoder included.

    bench/translate.py PROGRAM CT2_FOLDER --source TOKEN... [--beams 1,4] [--rounds 5] [--compute-type float32]

PROGRAM is what `constformer build CT2_FOLDER` made. Both run on one thread. Each round starts both anew, so that a machine whose
speed drifts drifts for both; a round's figure is the median of its repetitions. Needs ctranslate2.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys


def vocabulary(folder, side):
    path = folder / f"{side}_vocabulary.txt"
    if not path.exists():
        return json.loads(path.with_suffix(".json").read_text())
    return path.read_text().split("\n")[:-1]


def ours(program, ids, beams, repetitions):
    search = [] if beams == 1 else ["--beam-size", str(beams), "--beam-rule", "ct2"]
    call = [program, "bench", "--source-ids", ids, *search, "-t", "1", "-r", str(repetitions), "-o", "json"]
    found = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)[0]
    return found["tokens"] / found["tokens_per_second"] * 1e6


# In a process of its own: what CTranslate2 leaves in caches and threads must not meet our next round.
PEER = """
import ctranslate2, json, statistics, sys, time
folder, compute, beams, repetitions, tokens = json.loads(sys.argv[1])
model = ctranslate2.Translator(folder, intra_threads=1, inter_threads=1, compute_type=compute)
times = []
for i in range(repetitions + 20):
    start = time.perf_counter()
    model.translate_batch([tokens], beam_size=beams)
    times.append(time.perf_counter() - start)
print(statistics.median(times[20:]) * 1e6)
"""


def theirs(folder, compute, beams, repetitions, tokens):
    what = json.dumps([str(folder), compute, beams, repetitions, tokens])
    return float(subprocess.run([sys.executable, "-c", PEER, what], check=True, capture_output=True, text=True).stdout)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("--source", nargs="+", required=True, metavar="TOKEN")
    p.add_argument("--beams", default="1,4")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--repetitions", type=int, default=200)
    p.add_argument("--compute-type", default="float32")
    a = p.parse_args()
    words = vocabulary(a.folder, "source")
    ids = ",".join(str(words.index(t)) for t in a.source)
    print("| beams | constformer, µs | CTranslate2, µs | ratio |\n|---:|---:|---:|---:|")
    for beams in map(int, a.beams.split(",")):
        pairs = [(ours(a.program, ids, beams, 2 * a.repetitions), theirs(a.folder, a.compute_type, beams, a.repetitions, a.source))
                 for _ in range(a.rounds)]
        mine, peer = (statistics.median(side) for side in zip(*pairs))
        ratio = statistics.median(y / x for x, y in pairs)
        print(f"| {beams} | {mine:.1f} | {peer:.0f} | {ratio:.1f} |", flush=True)


if __name__ == "__main__":
    main()
