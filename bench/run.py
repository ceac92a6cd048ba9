"""Measures programs that constformer built beside their peers and the limits of the machine, in turn.

    run.py WORK [--only REGEX] [--rounds N] [--threads N] [peers and models by path, see --help]

WORK gets the models of bench/make_models.py, the programs, machine (bench/machine.cpp compiled) and, unless told otherwise,
results.json, results.md and results.svg. Every round of a row runs ours, each peer and the measurement of the machine one after the
other, pinned to the same processors; what is reported are medians of the rounds' ratios, so that a machine whose speed drifts drifts
for all. A peer that is not given is listed as absent, a model that is not given as left out; anything that fails ends the run.
"""

import argparse
import os
import re
import subprocess
import sys

from harness.chart import write_chart
from harness.machine import Machine
from harness.measure import Bench, measure
from harness.models import Models
from harness.processes import fail, processors
from harness.report import HEAD, line, write_json, write_markdown
from harness.works import ALL, QUICK
from kernels import growth, growth_lines, rounds_of

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("work", metavar="WORK")
    p.add_argument("--command", default=os.path.join(TOP, "build", "bin", "constformer"), help="default: build/bin/constformer")
    p.add_argument("--before", metavar="COMMAND", help="constformer of an earlier checkout: its programs run in turn with ours")
    p.add_argument("--run", metavar="PATH", help="run.c of llama2.c, compiled with -Ofast -march=native")
    p.add_argument("--llama", metavar="COMMAND", help="llama-bench of llama.cpp, with words before it if it needs some")
    p.add_argument("--llama-models", metavar="FOLDER", help="the path under which it sees WORK (default: WORK)")
    p.add_argument("--torch", metavar="PYTHON", help="a Python with torch and transformers")
    p.add_argument("--ctranslate2", metavar="PYTHON", help="a Python with ctranslate2, and transformers to convert an encoder")
    p.add_argument("--numpy", metavar="PYTHON", help="a Python with numpy, and gguf for llama.cpp (default: this one)")
    p.add_argument("--stories", metavar="FOLDER", help="stories260K.bin and tok512.bin")
    p.add_argument("--minilm", metavar="FOLDER", help="all-MiniLM-L6-v2, a Hugging Face folder")
    p.add_argument("--transliteration", metavar="FOLDER", help="CTranslate2's test model: model.bin and two vocabularies")
    p.add_argument("--kernels", metavar="PATH", help="bench_kernels of a build with -DCF_BUILD_BENCH=ON: how attention grows")
    p.add_argument("--train", metavar="BUILD", help="a build with -DCF_BUILD_BENCH=ON: training steps after the rows, as bench/train.sh")
    p.add_argument("--llmc", metavar="FOLDER", help="of --train: a checkout of llm.c")
    p.add_argument("--nanochat", metavar="FOLDER", help="of --train: a checkout of nanochat")
    p.add_argument("--only", metavar="REGEX", default="", help="rows whose 'MODEL DTYPE WORK Nt' it is found in")
    p.add_argument("--threads", type=int, default=min(2, len(processors())), help="of rows that do not say 1 (default: 2)")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--repetitions", type=int, default=3, help="of a program in a round")
    p.add_argument("--reuse", action="store_true", help="programs that WORK holds are taken as they are")
    p.add_argument("--quick", action="store_true", help="the model of the repository, two rounds: whether it works, not how fast")
    p.add_argument("--json", metavar="FILE")
    p.add_argument("--markdown", metavar="FILE")
    p.add_argument("--chart", metavar="FILE", help=".svg or .png")
    return p.parse_args()


def given_models(a):
    given = {"shipped": (os.path.join(TOP, "models", "shakespeare"),)}
    if a.stories:
        given["stories260K"] = (os.path.join(a.stories, "stories260K.bin"), "--tokenizer", os.path.join(a.stories, "tok512.bin"))
    if a.minilm:
        given["minilm"] = (a.minilm,)
    if a.transliteration:
        given["transliteration"] = (a.transliteration,)
    return given


def models_before(a):
    """Models whose programs an earlier constformer builds, or None."""
    if not a.before:
        return None
    programs = os.path.join(a.work, "before")
    os.makedirs(programs, exist_ok=True)
    return Models(a.before, a.work, a.numpy, given_models(a), a.reuse, programs)


def chosen(a, models):
    """The rows to measure, and {row: why} of those left out."""
    works = [w for w in (QUICK if a.quick else ALL) if re.search(a.only, w.key(w.threads or a.threads))]
    if not works and not a.train:
        fail(f"no row matches {a.only}")
    out = {w.key(w.threads or a.threads): f"no path of {w.model} was given" for w in works if not models.has(w.model)}
    return [w for w in works if models.has(w.model)], out


def growth_of_attention(a):
    """{head: ratio}: time of a useful dot product in 2048 tokens over that in 512, which should be within 15 % of 1."""
    if not a.kernels:
        return {}
    (rounds,) = rounds_of([a.kernels], "attention/prefill", a.rounds, 0.05).values()
    ratios = growth(rounds)
    print("\n".join(growth_lines(ratios)), flush=True)
    return ratios


def training_steps(a):
    """Runs bench/train.py for the works that --only names, with the same peers, threads and rounds."""
    given = [("--torch", a.torch), ("--llmc", a.llmc), ("--nanochat", a.nanochat), ("--only", a.only)]
    call = [sys.executable, os.path.join(TOP, "bench", "train.py"), a.train, "--threads", str(a.threads), "--rounds", str(a.rounds)]
    if subprocess.run(call + [word for name, path in given if path for word in (name, path)]).returncode:
        fail("training steps could not be measured")


def main():
    a = arguments()
    if a.threads < 1 or a.threads > len(processors()):
        fail(f"--threads {a.threads}: this process may use {len(processors())} processors")
    if a.rounds < 1 or a.repetitions < 1:
        fail("--rounds and --repetitions are at least 1")
    if a.quick:
        a.rounds, a.repetitions = 2, 1
    os.makedirs(a.work, exist_ok=True)
    a.work = os.path.abspath(a.work)
    models = Models(a.command, a.work, a.numpy, given_models(a), a.reuse)
    works, left_out = chosen(a, models)
    bench = Bench(a, models, Machine(a.command, a.work, a.quick), models_before(a))
    about = {"machine": bench.machine.describe(), "rounds": a.rounds, "repetitions": a.repetitions, "left_out": left_out,
             "growth": growth_of_attention(a)}
    print("\n".join(HEAD), flush=True)
    rows = []
    for work in works:
        rows.append(measure(bench, work))
        print(line(rows[-1]), flush=True)
        write_json(a.json or os.path.join(a.work, "results.json"), about, rows)
        write_markdown(a.markdown or os.path.join(a.work, "results.md"), about, rows)
    for name, why in left_out.items():
        print(f"left out: {name}, {why}")
    if a.train:
        training_steps(a)
    if not write_chart(a.chart or os.path.join(a.work, "results.svg"), rows):
        print("no chart: there is no matplotlib")


if __name__ == "__main__":
    main()
