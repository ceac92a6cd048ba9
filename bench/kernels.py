"""Tables of what bench_kernels measures: kernels per shape, static beside dynamic extents.

    kernels.py PROGRAM... [--only REGEX] [--rounds N] [--seconds S] [--json FILE]

PROGRAM is bench_kernels or bench_kernels_sse4 of a build with -DCF_BUILD_BENCH=ON. Repetitions of all benchmarks are interleaved at
random, so that a machine whose speed drifts drifts for all; figures are of the fastest one, since others can only slow it. Prints Markdown.
"""

import argparse
import json
import sys

from harness.processes import fail, output_of


def fastest(program, only, rounds, seconds):
    """(target, {name: the fastest repetition})"""
    call = [program, f"--benchmark_filter={only}", f"--benchmark_repetitions={rounds}", f"--benchmark_min_time={seconds}",
            "--benchmark_enable_random_interleaving=true", "--benchmark_format=json"]
    found = json.loads(output_of(call, 1).stdout)
    rows = {}
    for row in sorted(found["benchmarks"], key=lambda row: row["family_index"]):
        name = row["run_name"]
        if row["run_type"] == "iteration" and (name not in rows or row["cpu_time"] < rows[name]["cpu_time"]):
            rows[name] = row
    if not rows:
        fail(f"{program}: no benchmark matches {only}")
    return found["context"]["target"], rows


def rate(row):
    if "FLOPS" in row:
        return f"{row['FLOPS'] / 1e9:.1f} GFLOP/s"
    return f"{row['items_per_second'] / 1e9:.2f} G values/s"


def pairs(rows):
    """Rows of (name, static, dynamic)."""
    return [(name[:-len("/static")], row, rows[name[:-len("/static")] + "/dynamic"]) for name, row in rows.items() if name.endswith("/static")]


def table(target, rows):
    out = [f"| {target} kernel | static, ns | dynamic, ns | dynamic / static | static |", "|---|---:|---:|---:|---:|"]
    for name, static, dynamic in pairs(rows):
        out.append(f"| {name.replace('/', ', ')} | {static['cpu_time']:.0f} | {dynamic['cpu_time']:.0f} | "
                   f"{dynamic['cpu_time'] / static['cpu_time']:.2f} | {rate(static)} |")
    for name, row in rows.items():
        if not name.endswith(("/static", "/dynamic")):
            out.append(f"| {name.replace('/', ', ')} | {row['cpu_time']:.0f} | | | {rate(row)} |")
    return out


def growth(rows):
    """{head: time of attention for a useful dot product at 2048 tokens over that at 512}"""
    shorter = {name: row for name, row in rows.items() if name.startswith("attention/prefill 512")}
    return {name.split("/")[-1]: row["FLOPS"] / rows[name.replace("512", "2048", 1)]["FLOPS"] for name, row in shorter.items()
            if name.replace("512", "2048", 1) in rows}


def growth_lines(ratios):
    return [f"Attention, {head}: a dot product of 2048 tokens takes {ratio:.2f} times one of 512." for head, ratio in ratios.items()]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("programs", nargs="+", metavar="PROGRAM")
    p.add_argument("--only", default=".")
    p.add_argument("--rounds", type=int, default=9)
    p.add_argument("--seconds", type=float, default=0.02, help="of a repetition, at least")
    p.add_argument("--json", metavar="FILE")
    a = p.parse_args()
    found = dict(fastest(program, a.only, a.rounds, a.seconds) for program in a.programs)
    for target, rows in found.items():
        print("\n".join([*table(target, rows), "", *growth_lines(growth(rows))]).rstrip() + "\n")
    if a.json:
        with open(a.json, "w") as out:
            json.dump(found, out, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
