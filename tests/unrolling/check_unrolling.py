"""Proof of unrolling: check_unrolling.py OBJECT... of kernels.cpp.

The innermost loop of a tile of Rows × Panels·16 sums must hold as many multiply-adds of whole vectors as one input column takes, or
twice or four times as many where the compiler unrolled it further; nothing scalar, nothing on the stack, no call. Heads of attention
must hold the loops of their tiles. What must not pass is in the same object: a scalar product, and a tile too large for the registers.
"""

import re
import shutil
import sys

from loops import calls, functions, fused, on_stack, scalar

SKIPPED = 77
PANEL = 16  # outputs of a panel
LANES = {"AVX2": 8, "AVX3": 16, "AVX3_DL": 16, "AVX3_ZEN4": 16, "AVX3_SPR": 16}  # floats of a vector, of targets with known counts

# Accesses to the stack in a loop that are known: widening a pair of bf16 takes registers beside those of the sums. On
# AVX2 a tile of six rows wants 17 of 16; clang widens all weights of a single row before it uses them.
KNOWN_WHOLE = {("AVX2", "bfloat16_t"): 4}
KNOWN = {("AVX2", "bfloat16_t", 6): 3, ("AVX2", "bfloat16_t", 1): 12}


def whole_times(count, expected):
    return count in (expected, 2 * expected, 4 * expected)


def product_faults(f, target, weight, rows, panels):
    """What is wrong with the code of a tile."""
    vectors = panels * PANEL // LANES[target]
    expected = rows * vectors * (2 if weight == "bfloat16_t" else 1)  # pairs of columns
    loops = [loop for loop in f.innermost_loops() if fused(loop)]
    if len(loops) != 1:
        return [f"{len(loops)} innermost loops have multiply-adds, not 1"]
    loop, faults = loops[0], []
    if not whole_times(len(fused(loop)), expected):
        faults.append(f"{len(fused(loop))} multiply-adds in the inner loop, the shape has {expected}")
    if len(on_stack(f, loop)) > KNOWN.get((target, weight, rows), 0):
        faults.append(f"{len(on_stack(f, loop))} accesses to the stack in the inner loop: {on_stack(f, loop)[0].operands}")
    if scalar(f.code):
        faults.append(f"scalar arithmetic: {scalar(f.code)[0].name}")
    if calls(f.code):
        faults.append(f"a call: {calls(f.code)[0].operands}")
    return faults


def whole_faults(f, target, weight, tile):
    """What is wrong with a product of many rows: its largest tile is there, and no loop has vectors on the stack."""
    loops, faults = [loop for loop in f.innermost_loops() if len(fused(loop)) > 1], []
    if not any(whole_times(len(fused(loop)), tile) for loop in loops):
        faults.append(f"no loop has the {tile} multiply-adds of a tile")
    for loop in loops:
        vectors = [i for i in on_stack(f, loop) if i.name.startswith("v") and not re.fullmatch(r"v(broadcastss|pbroadcastd)", i.name)]
        if len(vectors) > KNOWN_WHOLE.get((target, weight), 0):
            faults.append(f"{len(vectors)} vectors on the stack beside {len(fused(loop))} multiply-adds: {vectors[0].operands}")
    return faults


def panels_beside(rows, lanes):
    """Panels of a tile of attention, so that sums and weights fit the registers."""
    registers = 16 if lanes == 8 else 32
    fit = (registers - 3) // ((rows + 1) * PANEL // lanes)
    return 4 if fit >= 4 else 2 if fit >= 2 else 1


def tiles_of_attention(group, lanes):
    """Rows of its tiles: of one position, and of several."""
    most = 6 if lanes == 8 else 12
    return min(group, most), min(max(1, 4 * most // group) * group, most)


def attention_faults(f, target, group):
    """What is wrong with the tiles of a head. Pointers to a dozen rows may be on the stack, vectors not."""
    lanes, faults = LANES[target], []
    loops = [loop for loop in f.innermost_loops() if fused(loop) and not any("vcvt" in i.name for i in loop)]  # exponentials convert
    for rows in tiles_of_attention(group, lanes):
        expected = rows * panels_beside(rows, lanes) * PANEL // lanes
        if not any(whole_times(len(fused(loop)), expected) for loop in loops):
            faults.append(f"no loop has the {expected} multiply-adds of a tile of {rows} rows")
    for loop in loops:
        vectors = [i for i in on_stack(f, loop) if i.name.startswith("v")]
        if vectors or scalar(loop) or calls(loop):
            faults.append(f"in a loop of products: {(vectors + scalar(loop) + calls(loop))[0].name}")
    return faults


def tile_of(lanes, inputs, weight):
    """Multiply-adds of its largest tile: of one input column, or of a pair."""
    widened = weight == "bfloat16_t" and inputs == "float"
    return (12 * 2 if lanes == 16 else 6 * 2) * (2 if widened else 1)


def shape_of(name):
    """(target, kind, weight, rows or multiply-adds, panels or group) of a function of kernels.cpp, or None."""
    if found := re.search(r"N_(\w+)::(product|wrong_scalar|wrong_large)<(?:(?:hwy::)?(\w+), )?(\d+), (\d+), \d+>", name):
        target, kind, weight, rows, panels = found.groups()
        return target, kind, weight or "float", int(rows), int(panels)
    if found := re.search(r"N_(\w+)::matmul<(?:hwy::)?(\w+), (?:hwy::)?(\w+), .*fixed<768>", name):
        return found[1], "whole", found[2], tile_of(LANES.get(found[1], 16), found[3], found[2]), 0
    if found := re.search(r"N_(\w+)::attention_kernel<(\d+), (\d+), .*>::attend\(", name):
        return found[1], "attention", "float", int(found[2]), int(found[3])
    return None


def check(path):
    """Prints what is wrong; returns (functions looked at, faults), or None for a target without known counts."""
    seen = [(f, shape_of(f.name)) for f in functions(path)]
    seen = [(f, shape) for f, shape in seen if shape]
    targets = {shape[0] for _, shape in seen}
    if not targets <= set(LANES):
        print(f"{path}: skipped, no counts are known for {', '.join(sorted(targets))}")
        return None
    faults, caught = 0, 0
    for f, (target, kind, weight, rows, other) in seen:
        if kind == "whole":
            found = whole_faults(f, target, weight, rows)
        elif kind == "attention":
            found = attention_faults(f, target, other)
        else:
            found = product_faults(f, target, weight, rows, other)
        if kind.startswith("wrong"):
            caught += bool(found)
            print(f"{target}: caught, as it must be: {kind}<{rows}, {other}>: {'; '.join(found)}")
            continue
        faults += len(found)
        for fault in found:
            print(f"{target}: {f.name}: {fault}")
    if caught != 2:
        print(f"{path}: {caught} of 2 wrong kernels were caught")
        faults += 1
    return len(seen), faults


def main():
    if not shutil.which("objdump"):
        print("skipped: no objdump")
        return SKIPPED
    results = [result for result in map(check, sys.argv[1:]) if result]
    if not results:
        return SKIPPED
    print(f"{sum(n for n, _ in results)} functions, {sum(faults for _, faults in results)} faults")
    return int(any(faults or n < 10 for n, faults in results))


if __name__ == "__main__":
    sys.exit(main())
