#!/usr/bin/env python3
"""Two curves of losses step by step: compare_curves.py OURS/log.jsonl THEIRS.jsonl TITLE OUT.svg

Prints how far they are apart, and draws both.
"""
import json
import pathlib
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 64, 20, 40, 48


def losses(file):
    lines = map(json.loads, pathlib.Path(file).read_text().splitlines())
    return {line["step"]: line["loss"] for line in lines if "loss" in line}


def nice(distance):
    power = 10 ** len(str(int(distance))) / 10
    return next(power * by for by in (1, 2, 5, 10) if power * by >= distance)


def main():
    ours, theirs = losses(sys.argv[1]), losses(sys.argv[2])
    both = sorted(ours.keys() & theirs.keys())
    apart = [abs(ours[step] - theirs[step]) / theirs[step] for step in both]
    worst = max(range(len(both)), key=apart.__getitem__)
    print(f"{len(both)} steps; furthest apart at step {both[worst]}: {ours[both[worst]]:.5f} and "
          f"{theirs[both[worst]]:.5f}, {100 * apart[worst]:.4f} %; at the end {ours[both[-1]]:.5f} and "
          f"{theirs[both[-1]]:.5f}; mean {100 * sum(apart) / len(apart):.4f} %")
    low, high = int(min(theirs.values())), int(max(theirs.values())) + 1
    x = lambda step: LEFT + step / both[-1] * (WIDTH - LEFT - RIGHT)
    y = lambda loss: HEIGHT - BOTTOM - (loss - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
    line = lambda of, kind: f'<polyline class="{kind}" points="' + " ".join(
        f"{x(step):.1f},{y(of[step]):.1f}" for step in both) + '"/>\n'
    out = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">\n<style>text{{font:12px sans-serif;'
           "fill:#333}.x{text-anchor:middle}.y{text-anchor:end}.grid{stroke:#ddd}polyline{fill:none}"
           ".theirs{stroke:#f6ad55;stroke-width:4}.ours{stroke:#2b6cb0;stroke-width:1.2}</style>\n"
           f'<rect width="100%" height="100%" fill="white"/>\n<title>{sys.argv[3]}</title>\n')
    for loss in range(low, high + 1):
        out += (f'<path class="grid" d="M{LEFT} {y(loss):.1f}H{WIDTH - RIGHT}"/><text class="y" x="{LEFT - 8}" '
                f'y="{y(loss) + 4:.1f}">{loss}</text>\n')
    for step in range(0, both[-1] + 1, int(nice(both[-1] / 6))):
        out += (f'<path class="grid" d="M{x(step):.1f} {TOP}V{HEIGHT - BOTTOM}"/><text class="x" x="{x(step):.1f}" '
                f'y="{HEIGHT - BOTTOM + 18}">{step}</text>\n')
    out += line(theirs, "theirs") + line(ours, "ours")
    for place, (kind, name) in enumerate([("theirs", "PyTorch"), ("ours", "constformer")]):
        at = LEFT + 12 + 150 * place
        out += (f'<path class="{kind}" fill="none" d="M{at} {TOP - 10}h24"/><text x="{at + 30}" y="{TOP - 6}">{name}'
                "</text>\n")
    out += (f'<text class="x" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}">step</text>\n<text x="{LEFT}" y="16">'
            f"{sys.argv[3]}</text>\n</svg>\n")
    pathlib.Path(sys.argv[4]).write_text(out)


if __name__ == "__main__":
    main()
