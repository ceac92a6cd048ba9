#!/usr/bin/env python3
"""Some hundreds of made-up conversations about Vim: vim_conversations.py OUT.jsonl"""
import json
import pathlib
import random
import sys

KEYS = {"delete a line": "dd", "delete a word": "dw", "copy a line": "yy", "copy a word": "yw", "paste a text": "p",
        "undo a change": "u", "redo a change": "CTRL-R", "change a word": "cw", "change a line": "cc",
        "join two lines": "J", "repeat a change": ".", "find a word": "*", "search for a pattern": "/",
        "leave Insert mode": "<Esc>", "start Insert mode": "i", "open a new line": "o", "write a file": ":w",
        "quit Vim": ":q", "edit a file": ":e", "split a window": ":split", "close a window": ":close",
        "open a help file": ":help", "set a mark": "m", "record a macro": "q", "go to the first line": "gg",
        "go to the last line": "G", "scroll down a page": "CTRL-F", "scroll up a page": "CTRL-B", "indent a line": ">>",
        "start Visual mode": "v"}
QUESTIONS = ["How do I {}?", "How can I {}?", "Which command is used to {}?", "What do I type to {}?", "I want to {}.",
             "Tell me how to {}.", "Can Vim {}?", "Please help me to {}.", "What is the command to {}?",
             "Is there a command to {}?"]


def main():
    talks = [[{"role": "user", "content": question.format(what)},
              {"role": "assistant", "content": f'Use "{keys}" to {what}.'}]
             for what, keys in KEYS.items() for question in QUESTIONS]
    random.Random(42).shuffle(talks)
    pathlib.Path(sys.argv[1]).write_text("".join(json.dumps({"messages": talk}) + "\n" for talk in talks))


if __name__ == "__main__":
    main()
