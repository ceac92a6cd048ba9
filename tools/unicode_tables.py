#!/usr/bin/env python3
"""Writes src/text/unicode_tables.inc.

Every table is what the tokenizers library (pip install tokenizers) answers when asked about each code point, because that
library defines how WordPiece and NFC vocabularies are used today and its own tables are of several Unicode versions.
unicodedata serves to enumerate canonical decompositions and combining classes; those that the library does not know are left out.

Usage: tools/unicode_tables.py > src/text/unicode_tables.inc
"""
import sys
import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
WHITE_SPACE = {9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, *range(0x2000, 0x200B)}


def bert(**switch):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **switch})


def ranges(members):
    found = []
    for c in sorted(members):
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def print_ranges(name, comment, members):
    rows = ranges(members)
    print(f"/// {comment}")
    print(f"inline constexpr code_range {name}[] = {{")
    print_wrapped(f"{{0x{a:X}, 0x{b:X}}}" for a, b in rows)
    print("};\n")


def print_wrapped(items):
    line = "   "
    for item in items:
        if len(line) + len(item) + 2 > 118:
            print(line)
            line = "   "
        line += f" {item},"
    print(line)


def removed_by(normalizer):
    return {c for c in CODE_POINTS if normalizer.normalize_str(chr(c)) == ""}


def punctuation():
    splitter = pre_tokenizers.BertPreTokenizer()
    return {c for c in CODE_POINTS if len(splitter.pre_tokenize_str("a" + chr(c) + "b")) == 3}


def lowercase():
    lower = normalizers.Lowercase()
    return {c: lower.normalize_str(chr(c)) for c in CODE_POINTS if lower.normalize_str(chr(c)) != chr(c)}


def lowercase_runs(mapping):
    """Runs of equal distance and equal step (1 or 2), and the few that become two code points."""
    runs, special = [], []
    for c, text in sorted(mapping.items()):
        if len(text) != 1:
            special.append((c, [ord(t) for t in text]))
            continue
        delta = ord(text) - c
        if runs and runs[-1][3] == delta:
            first, last, step, _ = runs[-1]
            if (first == last and c - last in (1, 2)) or (first != last and c - last == step):
                runs[-1][1], runs[-1][2] = c, c - last
                continue
        runs.append([c, c, 1, delta])
    return runs, special


def decompositions():
    library = normalizers.NFD()
    rows = []
    for c in CODE_POINTS:
        parts = unicodedata.decomposition(chr(c))
        if not parts or parts.startswith("<"):
            continue
        if library.normalize_str(chr(c)) == unicodedata.normalize("NFD", chr(c)):
            rows.append((c, [int(p, 16) for p in parts.split()]))
    return rows


def compositions(rows):
    return sorted((parts[0], parts[1], c) for c, parts in rows
                  if len(parts) == 2 and unicodedata.normalize("NFC", chr(c)) == chr(c))


def combining_classes():
    rows = []
    for c in CODE_POINTS:
        k = unicodedata.combining(chr(c))
        if k == 0:
            continue
        if rows and rows[-1][1] == c - 1 and rows[-1][2] == k:
            rows[-1][1] = c
        else:
            rows.append([c, c, k])
    return rows


def main():
    print(f"// Written by tools/unicode_tables.py: tokenizers {tokenizers.__version__}, unicodedata {unicodedata.unidata_version}.\n")
    accents = {c for c in removed_by(bert(strip_accents=True)) if unicodedata.normalize("NFD", chr(c)) == chr(c)}
    print_ranges("nonspacing_marks", "What the BERT normaliser drops behind NFD.", accents)
    print_ranges("combining_marks", "What StripAccents drops.", removed_by(normalizers.StripAccents()))
    print_ranges("cleaned_away", "What the BERT normaliser's cleaning drops.", removed_by(bert(clean_text=True)))
    print_ranges("punctuation", "What BERT's splitter isolates.", punctuation())
    print_ranges("white_space", "Unicode's White_Space.", WHITE_SPACE)

    runs, special = lowercase_runs(lowercase())
    print("/// Lower case: first, last, step, distance.\ninline constexpr case_run lowercase_runs[] = {")
    print_wrapped(f"{{0x{a:X}, 0x{b:X}, {s}, {d}}}" for a, b, s, d in runs)
    print("};\n")
    assert special == [(0x130, [0x69, 0x307])], special

    rows = decompositions()
    print("/// Canonical decompositions, one step: code point, first, second (0: none).\ninline constexpr code_triple decompositions[] = {")
    print_wrapped(f"{{0x{c:X}, 0x{p[0]:X}, 0x{(p + [0])[1]:X}}}" for c, p in rows)
    print("};\n")
    print("/// Canonical compositions: first, second, code point.\ninline constexpr code_triple compositions[] = {")
    print_wrapped(f"{{0x{a:X}, 0x{b:X}, 0x{c:X}}}" for a, b, c in compositions(rows))
    print("};\n")
    print("/// Canonical combining classes other than 0.\ninline constexpr class_range combining_classes[] = {")
    print_wrapped(f"{{0x{a:X}, 0x{b:X}, {k}}}" for a, b, k in combining_classes())
    print("};")


if __name__ == "__main__":
    sys.exit(main())
