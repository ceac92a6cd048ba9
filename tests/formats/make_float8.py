#!/usr/bin/env python3
"""Writes float8.json: the bits of the f16 that torch makes of each of the 256 values of two eight-bit formats. Needs torch.

    make_float8.py > float8.json
"""
import json

import torch

if __name__ == "__main__":
    every = torch.arange(256, dtype=torch.uint8)
    kinds = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}
    bits = {name: [b & 0xFFFF for b in every.view(kind).to(torch.float16).view(torch.int16).tolist()] for name, kind in kinds.items()}
    print(json.dumps(bits, separators=(",", ":")))
