#!/usr/bin/env python3
"""Writes src/checkpoint/readers/ggml_grids.inc: the points that GGUF's IQ types pick their values from, as the Python package gguf has them.

Usage: tools/grids.py > src/checkpoint/readers/ggml_grids.inc
"""
import importlib.metadata

from gguf import quants

GRIDS = (("iq2_xxs", quants.IQ2_XXS), ("iq2_xs", quants.IQ2_XS), ("iq2_s", quants.IQ2_S), ("iq3_xxs", quants.IQ3_XXS), ("iq3_s", quants.IQ3_S),
         ("iq1", quants.IQ1_S))


def main():
    print(f"// Written by tools/grids.py: gguf {importlib.metadata.version('gguf')}.")
    print("// A point is the indices of its values among the levels, the first in the lowest bits.")
    for name, kind in GRIDS:
        kind.init_grid()
        points, width = kind.grid_shape
        bits = 2 if width == 8 else 4
        levels = [int(v) for v in kind.grid_map]
        grid = kind.grid.reshape(points, width).astype(int)
        words = [f"0x{sum(levels.index(v) << (bits * i) for i, v in enumerate(point)):04X}" for point in grid]
        print(f"\ninline constexpr std::int8_t {name}_levels[] = {{{', '.join(map(str, levels))}}};")
        print(f"inline constexpr std::uint16_t {name}_grid[] = {{")
        for i in range(0, points, 14):
            print("    " + ", ".join(words[i:i + 14]) + ",")
        print("};")


if __name__ == "__main__":
    main()
