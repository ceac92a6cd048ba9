#!/usr/bin/env python3
"""A BertForMaskedLM of a BERT without a head: make_masked.py BERT FOLDER

The head is drawn from the same seed each time, its matrix is the table of tokens. Ends with 77 where there is no
transformers.
"""
import sys

try:
    import torch
    import transformers
except ImportError:
    raise SystemExit(77)

torch.manual_seed(7)
model = transformers.BertForMaskedLM.from_pretrained(sys.argv[1], dtype=torch.float32)
model.save_pretrained(sys.argv[2])
transformers.AutoTokenizer.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2])
