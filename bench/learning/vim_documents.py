#!/usr/bin/env python3
"""Cuts texts into documents: vim_documents.py OUT FILE…

OUT/all.txt is all of them, OUT/train.jsonl and OUT/val.jsonl hold {"text": …} of at most about 800 characters, whole
paragraphs; every tenth file, the sixth first, validates. Files are taken in the order of their names.
"""
import json
import pathlib
import sys

MOST = 800


def documents(text):
    out = ""
    for paragraph in text.split("\n\n"):
        paragraph = paragraph.strip("\n")
        if out and len(out) + len(paragraph) > MOST:
            yield out
            out = ""
        out = f"{out}\n\n{paragraph}" if out else paragraph
    if out:
        yield out


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    files = sorted(map(pathlib.Path, sys.argv[2:]), key=lambda file: file.name)
    with (out / "train.jsonl").open("w") as train, (out / "val.jsonl").open("w") as val, (out / "all.txt").open("w") as all:
        for i, file in enumerate(files):
            text = file.read_text(encoding="utf-8", errors="replace")
            all.write(text)
            for document in documents(text):
                (val if i % 10 == 5 else train).write(json.dumps({"text": document}) + "\n")


if __name__ == "__main__":
    main()
