#!/usr/bin/env python3
"""Writes transliteration.json: what CTranslate2 finds with the transliteration model of its tests, by beam search with coverage
penalties, length penalties and forced prefixes, of the float32 and of the int8 file, both computed in float32.
Needs ctranslate2, and the folder aren-transliteration of the shared data.

    make_transliteration.py FOLDER > transliteration.json
"""
import json
import pathlib
import shutil
import sys
import tempfile

import ctranslate2

WORDS = ["آتزمون", "آزا", "أوليسس", "شكسبير", "نيويورك"]
OPTIONS = [  # beams, length penalty, coverage penalty, prefix
    (4, 1.0, 0.0, ""),
    (4, 1.0, 0.2, ""),
    (4, 0.0, 0.5, ""),
    (3, 0.6, 1.5, "ne"),
    (2, 1.0, 0.2, ""),
]  # not one beam with a coverage penalty: ctranslate2 4.8.5 ends with a segmentation fault


def translator(folder, model):
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        shutil.copy(folder / model, made / "model.bin")
        for side in ("source", "target"):
            shutil.copy(folder / f"{side}_vocabulary.txt", made)
        return ctranslate2.Translator(str(made), compute_type="float32", intra_threads=1, inter_threads=1)


def case(model, word, beams, length, coverage, prefix):
    found = model.translate_batch(
        [list(word)], target_prefix=[list(prefix)] if prefix else None, beam_size=beams, num_hypotheses=beams, length_penalty=length,
        coverage_penalty=coverage, return_scores=True, max_decoding_length=60)[0]
    return {"source": word, "beams": beams, "length_penalty": length, "coverage_penalty": coverage, "prefix": prefix,
            "found": [{"text": "".join(t), "score": round(s, 7)} for t, s in zip(found.hypotheses, found.scores)]}


def main():
    folder = pathlib.Path(sys.argv[1])
    out = {"made_with": f"ctranslate2 {ctranslate2.__version__}"}
    for name, file in (("float32", "v2_aren-transliteration.model.bin"), ("int8", "v2_aren-transliteration-i8.model.bin")):
        model = translator(folder, file)
        out[name] = [case(model, w, *o) for w in WORDS for o in OPTIONS]
    attended = translator(folder, "v2_aren-transliteration.model.bin").translate_batch(
        [list(WORDS[0])], beam_size=1, return_attention=True)[0]
    out["attention"] = {"source": WORDS[0], "text": "".join(attended.hypotheses[0]),
                        "rows": [[round(x, 7) for x in row] for row in attended.attention[0]]}
    lines = [f'"made_with": {json.dumps(out["made_with"])}']
    for name in ("float32", "int8"):
        rows = ",\n".join("  " + json.dumps(c, ensure_ascii=False) for c in out[name])
        lines.append(f'"{name}": [\n{rows}\n]')
    lines.append(f'"attention": {json.dumps(out["attention"], ensure_ascii=False)}')
    print("{\n" + ",\n".join(lines) + "\n}")


if __name__ == "__main__":
    main()
