"""Tables of what bench_kernels measures: kernels per shape, static beside dynamic extents.

    kernels.py PROGRAM... [--only REGEX] [--rounds N] [--seconds S] [--json FILE]

PROGRAM is bench_kernels or bench_kernels_sse4 of a build with -DCF_BUILD_BENCH=ON. In each round all programs run all benchmarks, static
and dynamic extents one after the other; ratios are medians of the rounds' ratios, so that a machine whose speed drifts drifts for both,
and times those of the fastest round, since others can only slow it. Prints Markdown.
"""

import argparse
import json
import re
import statistics

from harness.processes import fail, output_of


def run(program, only, seconds):
    """(target, {name: what Google Benchmark says of it}) of one round."""
    call = [program, f"--benchmark_filter={only}", f"--benchmark_min_time={seconds}", "--benchmark_format=json"]
    found = json.loads(output_of(call, 1).stdout)
    if not found["benchmarks"]:
        fail(f"{program}: no benchmark matches {only}")
    return found["context"]["target"], {row["run_name"]: row for row in found["benchmarks"]}


def rounds_of(programs, only, rounds, seconds):
    """{target: [what each round said]}"""
    found = {}
    for _ in range(rounds):
        for program in programs:
            target, rows = run(program, only, seconds)
            found.setdefault(target, []).append(rows)
    return found


def fastest(rounds):
    """{name: its fastest round}"""
    return {name: min((rows[name] for rows in rounds), key=lambda row: row["cpu_time"]) for name in rounds[0]}


def rate(row):
    if "FLOPS" in row:
        return f"{row['FLOPS'] / 1e9:.1f} GFLOP/s"
    return f"{row['items_per_second'] / 1e9:.2f} G values/s"


def ratios(rounds):
    """{name without its kind: dynamic over static, median of the rounds}"""
    out = {}
    for name in rounds[0]:
        if name.endswith("/static"):
            base = name[:-len("/static")]
            out[base] = statistics.median(rows[base + "/dynamic"]["cpu_time"] / rows[name]["cpu_time"] for rows in rounds)
    return out


def table(target, rounds):
    out = [f"| {target} kernel | ns | rate | dynamic / static |", "|---|---:|---:|---:|"]
    best, compared = fastest(rounds), ratios(rounds)
    for name, row in best.items():
        if not name.endswith("/dynamic"):
            base = name.removesuffix("/static")
            ratio = f"{compared[base]:.2f}" if base in compared else "–"
            out.append(f"| {base.replace('/', ', ')} | {row['cpu_time']:.0f} | {rate(row)} | {ratio} |")
    return out


def by_shape(found):
    """Dynamic over static of all targets, a column for each size."""
    sizes = sorted({int(re.split("[/×]", name)[-1]) for rounds in found.values() for name in ratios(rounds)})
    out = ["| dynamic / static | " + " | ".join(map(str, sizes)) + " |", "|---|" + "---:|" * len(sizes)]
    for target, rounds in found.items():
        lines = {}
        for name, ratio in ratios(rounds).items():
            lines.setdefault(name.rpartition("/")[0].replace("/", ", "), {})[int(re.split("[/×]", name)[-1])] = f"{ratio:.2f}"
        out += [f"| {target} {kernel} | " + " | ".join(cells.get(size, "") for size in sizes) + " |" for kernel, cells in lines.items()]
    return out if sizes else []


def growth(rounds):
    """{head: time of attention for a useful dot product at 2048 tokens over that at 512, median of the rounds}"""
    pairs = {name: name.replace("512", "2048", 1) for name in rounds[0] if name.startswith("attention/prefill 512")}
    return {short.split("/")[-1]: statistics.median(rows[short]["FLOPS"] / rows[long]["FLOPS"] for rows in rounds)
            for short, long in pairs.items() if long in rounds[0]}


def growth_lines(ratios):
    return [f"Attention, {head}: a dot product of 2048 tokens takes {ratio:.2f} times one of 512." for head, ratio in ratios.items()]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("programs", nargs="+", metavar="PROGRAM")
    p.add_argument("--only", default=".")
    p.add_argument("--rounds", type=int, default=9)
    p.add_argument("--seconds", type=float, default=0.02, help="of a benchmark in a round, at least")
    p.add_argument("--json", metavar="FILE")
    a = p.parse_args()
    found = rounds_of(a.programs, a.only, a.rounds, a.seconds)
    for target, rounds in found.items():
        print("\n".join([*table(target, rounds), "", *growth_lines(growth(rounds))]).rstrip() + "\n")
    print("\n".join(by_shape(found)))
    if a.json:
        with open(a.json, "w") as out:
            json.dump(found, out, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()
