#!/usr/bin/env python3
"""Write quantised.json: rows of floats and the bytes that the Python package gguf makes of them in Q8_0 and Q4_0. Write iq4_nl.json: bytes of
blocks of IQ4_NL and what the package reads in them.

Rows: ordinary, of one sign, with ties between two steps, tiny, huge, zero, and one of three groups. Exit status 77 without the package.
"""
import json
import pathlib
import sys

try:
    import numpy as np
    from gguf import GGMLQuantizationType
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
    pathlib.Path(__file__).with_name("iq4_nl.json").write_text(json.dumps(stored_blocks()) + "\n")


def stored_blocks():
    random = np.random.RandomState(8)
    blocks = random.randint(0, 256, (2, 18)).astype(np.uint8)
    blocks[:, :2] = np.array([[0.75], [-1.5e-3]], np.float16).view(np.uint8)
    values = dequantize(blocks, GGMLQuantizationType.IQ4_NL)
    return {"bytes": blocks.tobytes().hex(), "values": [float(v) for v in values.ravel()]}


if __name__ == "__main__":
    main()
