"""Rows of numbers as JSON, as a Markdown table, and as a chart."""

import json

from kernels import growth_lines


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def against(row):
    said = [f"{ratio:.2f}× {who}" for who, ratio in row["ratios"].items()] + [f"{who} absent" for who in row["absent"]]
    return ", ".join(said) or "–"


def goal(row):
    said = [f"{ratio:g}× {who}" for who, ratio in row["at_least"]["ratios"].items() if ratio]
    if row["at_least"]["fraction"]:
        said.append(f"{row['at_least']['fraction']:.0%}")
    return ", ".join(said) or "–"


def limit(row):
    return f"{row['fraction']:.0%} of {row['limit']} ({number(row['medians']['limit'])})"


HEAD = ["| model | weights | work | threads | MB a unit | rates, medians | constformer against | of the limit | asked |",
        "|---|---|---|---:|---:|---|---|---|---|"]


def line(row):
    rates = ", ".join(f"{who} {number(rate)}" for who, rate in row["medians"].items() if who != "limit")
    cells = (row["model"], row["dtype"], row["work"], row["threads"], number(row["bytes_per_unit"] / 1e6), f"{rates} {row['unit']}",
             against(row), limit(row), goal(row))
    return "| " + " | ".join(map(str, cells)) + " |"


def limits(machine):
    """The machine's limits in the rows' rounds: medians are in the rows; here the best of each count of threads."""
    out = ["| threads | read L2 | read L3 | read memory, GB/s | multiply-adds, GFLOP/s |", "|---:|---:|---:|---:|---:|"]
    for threads, found in sorted(machine.items()):
        out.append(f"| {threads} | {found['l2']:.1f} | {found['l3']:.1f} | {found['memory']:.1f} | {found['gflops']:.1f} |")
    return out


def best_limits(rows):
    best = {}
    for row in rows:
        for now in row["machine"]:
            at = best.setdefault(now["threads"], dict(now))
            at.update({name: max(at[name], now[name]) for name in ("l2", "l3", "memory", "gflops")})
    return best


def write_markdown(path, about, rows):
    of = about["machine"]
    text = [f"{of['processor']}, {of['processors']} processors, {of['compiler']}; {about['rounds']} rounds, load {of['load']:.1f} at the start.",
            "", *limits(best_limits(rows)), "", *HEAD, *map(line, rows)]
    text += ["", *growth_lines(about["growth"]), "", *(f"Left out: {name}, {why}." for name, why in about["left_out"].items())]
    with open(path, "w") as out:
        out.write("\n".join(text).rstrip() + "\n")


def write_json(path, about, rows):
    with open(path, "w") as out:
        json.dump({**about, "results": rows}, out, indent=1, ensure_ascii=False)
        out.write("\n")
