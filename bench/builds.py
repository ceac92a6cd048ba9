"""What it takes to compile models: seconds, memory, and bytes of code by kernel family.

    builds.py OUT [--command PATH] [--model PATH]... [--config NAME]... [--rounds N] [--budget]

A --model is a checkpoint: the whole of `constformer build`, as of an installed command (no precompiled header, no ccache). A --config is
one of configs/: its unit is compiled alone, so no weights are needed. Without either, both models of the repository and units of several
families. Writes OUT/builds.json and OUT/builds.md. Seconds are those of the fastest round, by the clock or of processors, whichever is
less: on an idle machine a build takes no longer than its processor time. Memory is that of the largest process.
--budget: exit status 1 if anything is above its budget; what is too slow is tried again, twice at most. A slower or busier machine than
that of the budgets is given more seconds, by what <string> takes there and then.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time

from harness.machine import toolchain_of
from harness.processes import fail, output_of

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
MODELS = ("models/shakespeare", "models/sort")
CONFIGS = ("stories15m", "gpt2", "llama2_7b", "minilm_l6", "t5_small", "aren_transliteration")

BUDGETS = {"seconds": 15, "peak_bytes": 1_500_000_000, "unit_code_bytes": 400_000, "program_bytes": 4_000_000}

# The first that is found in a symbol's name says what it belongs to.
FAMILIES = (("products", r"::matmul<"), ("attention", r"::attention_kernel<"), ("norm", r"::normali[sz]e|norm_terms"),
            ("rotation", r"::rotate|rope_"), ("rounding of inputs", r"round_row"), ("layers", r"_layer<|residual|relative"),
            ("engine", r"::engine<|block_table|stage_plan|make_unit|linked_unit|arena"), ("others", r""))


def timed(call, folder=None):
    """Seconds and bytes of a process and all it waits for; ends the run if it fails."""
    start = time.monotonic()
    child = subprocess.Popen(call, cwd=folder, env={**os.environ, "CCACHE_DISABLE": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = child.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        fail(f"{' '.join(call)} ended with {child.returncode}\n{said[-2000:]}")
    return {"clock": time.monotonic() - start, "processor": used.ru_utime + used.ru_stime, "peak_bytes": used.ru_maxrss * 1024}


def pace():
    """How much longer than on the machine of the budgets anything takes here and now, at least 1: by the least of three compilations of
    <string>, 0.22 s there."""
    unit = [os.environ.get("CXX", "g++"), "-std=c++20", "-fsyntax-only", "-x", "c++", "-include", "string", "/dev/null"]
    return round(max(1.0, min(timed(unit)["processor"] for _ in range(3)) / 0.22), 2)


def fastest(a, call, folder=None):
    """The fastest of a.rounds; with --budget up to two more while it is too slow."""
    seconds, peak = 1e9, 0
    for done in range(a.rounds + (2 if a.budget else 0)):
        if done >= a.rounds and seconds <= BUDGETS["seconds"] * pace():
            break
        now = timed(call, folder)
        seconds, peak = min(seconds, now["clock"], now["processor"]), max(peak, now["peak_bytes"])
    return {"seconds": round(seconds, 2), "peak_bytes": peak, "pace": pace()}


def family_of(symbol):
    return next(name for name, pattern in FAMILIES if re.search(pattern, symbol))


def code_of(unit):
    """{family: bytes of its functions} of an object file."""
    sizes = dict.fromkeys((name for name, _ in FAMILIES), 0)
    for line in output_of(["nm", "-S", "-C", "--defined-only", unit]).stdout.splitlines():
        if found := re.match(r"[0-9a-f]+ ([0-9a-f]+) [tTwWu] (.*)", line):
            sizes[family_of(found[2])] += int(found[1], 16)
    return sizes


def with_code(row, unit):
    row["code_bytes"] = code_of(unit)
    row["unit_code_bytes"] = sum(row["code_bytes"].values())
    return row


def build(a, tools, path):
    name = os.path.basename(os.path.normpath(path))
    keep, program = os.path.join(a.out, name), os.path.join(a.out, name + ".program")
    call = [a.command, "build", path, "-o", program, "--compiler", tools["compiler"], "--keep", keep]
    row = {"name": name, "what": "build", **fastest(a, call)}
    row["program_bytes"] = os.path.getsize(program) - os.path.getsize(os.path.join(keep, "model.weights"))
    return with_code(row, os.path.join(keep, "model.o"))


UNIT = """#include "constformer/configs/{0}.hpp"
#include "constformer/generate/engine-inl.hpp"

constformer::model_unit const& constformer::linked_unit() {{
  static model_unit const unit = HWY_NAMESPACE::make_unit<constformer::configs::{0}>("{0}");
  return unit;
}}
"""


def compile_unit(a, tools, name):
    folder = os.path.join(a.out, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "model.cpp"), "w") as out:
        out.write(UNIT.format(name))
    includes = [f"-I{path}" for path in tools["include"]] + [w for path in tools["system_include"] for w in ("-isystem", path)]
    of_gcc = [] if "clang" in tools["compiler"] else ["-fira-region=all", "--param=ggc-min-heapsize=1000000"]
    call = [tools["compiler"], *tools["flags"], *includes, "-march=native", "-DHWY_COMPILE_ONLY_STATIC", *of_gcc,
            "-ffunction-sections", "-c", "model.cpp", "-o", "model.o"]
    return with_code({"name": name, "what": "unit", **fastest(a, call, folder)}, os.path.join(folder, "model.o"))


def table(rows):
    families = [name for name, _ in FAMILIES]
    out = ["| model | what | seconds | MB of memory | program, MB | code, KB | " + " | ".join(families) + " |",
           "|---|---|---:|---:|---:|---:|" + "---:|" * len(families)]
    for row in rows:
        program = f"{row['program_bytes'] / 1e6:.2f}" if "program_bytes" in row else "–"
        cells = [row["name"], row["what"], f"{row['seconds']:.1f}", f"{row['peak_bytes'] / 1e6:.0f}", program,
                 f"{row['unit_code_bytes'] / 1e3:.1f}", *(f"{row['code_bytes'][name] / 1e3:.1f}" for name in families)]
        out.append("| " + " | ".join(cells) + " |")
    return out


def above_budget(rows):
    """A sentence for everything that is above its budget."""
    faults = []
    for row in rows:
        for name, most in BUDGETS.items():
            allowed = most * row["pace"] if name == "seconds" else most
            if row.get(name, 0) > allowed:
                faults.append(f"{row['name']}: {name} {row[name]} is above {allowed:g}")
    return faults


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out", metavar="OUT")
    p.add_argument("--command", default=os.path.join(TOP, "build", "bin", "constformer"))
    p.add_argument("--model", action="append", default=[], metavar="PATH")
    p.add_argument("--config", action="append", default=[], metavar="NAME")
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--budget", action="store_true")
    a = p.parse_args()
    if not a.model and not a.config:
        a.model, a.config = [os.path.join(TOP, m) for m in MODELS], list(CONFIGS)
    a.out, a.rounds = os.path.abspath(a.out), max(1, a.rounds)
    return a


def main():
    a = arguments()
    os.makedirs(a.out, exist_ok=True)
    tools = toolchain_of(a.command)
    rows = [build(a, tools, path) for path in a.model] + [compile_unit(a, tools, name) for name in a.config]
    with open(os.path.join(a.out, "builds.json"), "w") as out:
        json.dump({"compiler": output_of([tools["compiler"], "--version"]).stdout.splitlines()[0], "flags": tools["flags"],
                   "budgets": BUDGETS, "results": rows}, out, indent=1)
    with open(os.path.join(a.out, "builds.md"), "w") as out:
        out.write("\n".join(table(rows)) + "\n")
    print("\n".join(table(rows)))
    excess = above_budget(rows)
    print("\n".join(excess))
    return int(a.budget and bool(excess))


if __name__ == "__main__":
    sys.exit(main())
