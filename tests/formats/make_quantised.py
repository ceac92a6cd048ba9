#!/usr/bin/env python3
"""Write quantised.json: rows of floats and the bytes that the Python package gguf makes of them in Q8_0 and Q4_0. Write block_types.json: of every type that
the package takes apart, bytes of random blocks and the bits of what it reads in them.

Rows: ordinary, of one sign, with ties between two steps, tiny, huge, zero, and one of three groups. Exit status 77 without the package.
"""
import json
import pathlib
import sys

try:
    import numpy as np
    from gguf import GGMLQuantizationType, quants
    from gguf.quants import dequantize, quantize
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)


def rows():
    random = np.random.RandomState(7)
    yield random.standard_normal(32)
    yield np.abs(random.standard_normal(32))
    yield -np.abs(random.standard_normal(32))
    yield np.arange(-16, 16) / 2.0
    yield np.concatenate([[127.0], np.arange(31) + 0.5])
    yield random.standard_normal(32) * 1e-7
    yield random.standard_normal(32) * 1e4
    yield np.zeros(32)
    yield random.standard_normal(96) * np.repeat([0.01, 1.0, 30.0], 32)


def main():
    out = []
    for row in rows():
        row = row.astype(np.float32)
        blocks = {name: quantize(row[None], kind).tobytes().hex() for name, kind in
                  (("q8_0", GGMLQuantizationType.Q8_0), ("q4_0", GGMLQuantizationType.Q4_0))}
        out.append({"values": [float(v) for v in row], **blocks})
    target = pathlib.Path(__file__).with_name("quantised.json")
    target.write_text("[\n" + ",\n".join(json.dumps(one) for one in out) + "\n]\n")
    pathlib.Path(__file__).with_name("block_types.json").write_text("[\n" + ",\n".join(json.dumps(one) for one in stored_blocks()) + "\n]\n")


# Where each type has f16 numbers, which random bytes would make infinite or none.
HALVES = {"Q4_1": (0, 2), "Q5_1": (0, 2), "Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,), "TQ1_0": (52,), "TQ2_0": (64,),
          "MXFP4": (), "NVFP4": (), "IQ1_M": ()}


def stored_blocks():
    random = np.random.RandomState(8)
    for kind, quant in sorted(quants._type_traits.items()):
        if kind == GGMLQuantizationType.BF16:
            continue
        blocks = random.randint(0, 256, (2, quant.type_size)).astype(np.uint8)
        halves = np.array([[0.75, 0.3], [-1.5e-3, 6e-6]], np.float16)
        for i, at in enumerate(HALVES.get(kind.name, (0,))):
            blocks[:, at:at + 2] = halves[:, i:i + 1].view(np.uint8)
        if kind.name == "IQ1_M":  # in the highest bits of four words
            blocks[:, 49::2] &= 0x0F
            blocks[:, 49::2] |= np.array([[0, 1, 7, 0x30], [4, 2, 5, 0xB0]], np.uint8) & 0xF0
        values = dequantize(blocks, kind)
        assert np.isfinite(values).all(), kind
        yield {"type": kind.name.lower(), "bytes": blocks.tobytes().hex(), "values": values.astype("<f4").tobytes().hex()}


if __name__ == "__main__":
    main()
