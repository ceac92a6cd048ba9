#!/usr/bin/env python3
"""Writes chat_vectors.json: conversations and small templates as transformers renders them with jinja2 (apply_chat_template), by templates
of the published forms (chat_forms.py) and one for each construct (chat_constructs.py); null where it raises. nanochat's are also rendered
as its own render_for_completion does, which is written down below. Needs transformers 5.

    make_chat_vectors.py > chat_vectors.json
    make_chat_vectors.py DIR > DIR/chat_vectors.json    the same of all templates DIR/*.jinja, for the test "chat: a collection"
"""
import datetime
import json
import pathlib
import sys

import transformers.utils.chat_template_utils as chat_template_utils
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from chat_constructs import CONSTRUCTS, OPTIONS
from chat_forms import FORMS

NOW = datetime.datetime(2031, 2, 7, 15, 4, 9)  # for templates that ask for it


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather", "description": "The weather \"now\" in <a city>",
        "parameters": {"type": "object", "properties": {
            "city": {"type": "string", "description": "Name,\nin full", "enum": ["Ulm", "Köln"]},
            "days": {"type": ["integer", "null"], "description": "How many", "default": 3},
            "units": {"type": "array", "description": "Which", "items": {"type": "string"}}}, "required": ["city"]},
        "return": {"type": "string"}}},
    {"type": "function", "function": {"name": "stop", "description": "Ends it", "parameters": {"type": "object", "properties": {}}}}]
DOCUMENTS = [{"title": "One", "text": "First <text>."}, {"title": "Two", "text": "Second."}]


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def system(text):
    return {"role": "system", "content": text}


def call(arguments, **more):
    return {"role": "assistant", "tool_calls": [
        {"id": "abcdefghi", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}], **more}


ANSWER = {"role": "tool", "name": "get_weather", "tool_call_id": "abcdefghi", "content": "{\"sky\": \"clear\"}"}
HELLO, MORE = user("Hello there!"), user("  Ünïcode, \"quotes\"\nand two lines ")
KENOBI, THOUGHT = assistant(" General  Kenobi.\n"), assistant("<think>\nIs there more?\n\n</think>\n\n Nothing.")
INPUTS = [
    {"messages": [HELLO]},
    {"messages": [system(" Be\nbrief. "), HELLO]},
    {"messages": [HELLO, KENOBI, MORE, THOUGHT, user("<|im_end|> is only text")]},
    {"messages": [system("Be brief. /no_think"), HELLO, KENOBI, MORE, THOUGHT], "generation": False},
    {"messages": [HELLO], "tools": TOOLS},
    {"messages": [system("Use tools."), HELLO, call({"city": "Ulm", "days": 2}, content=""), ANSWER], "tools": TOOLS},
    {"messages": [HELLO, call({"city": "Köln", "list": [1, 2.5, None, True]}, content=None), ANSWER, KENOBI, user("And then?")], "tools": TOOLS},
    {"messages": [user(""), assistant(""), HELLO]},
    {"messages": [HELLO, assistant("So.", reasoning_content="Why not?"), MORE],
     "options": {"enable_thinking": False, "thinking": True, "reasoning_effort": "high"}},
    {"messages": [user([{"type": "text", "text": "in"}, {"type": "text", "text": " parts"}])]},
    {"messages": [HELLO], "documents": DOCUMENTS, "options": {"date_string": "01 Jan 2030", "tools_in_user_message": False}},
    {"messages": [HELLO, MORE]},
]


def nanochat(messages):
    if messages[0]["role"] == "system":
        messages = [dict(messages[1], content=messages[0]["content"] + "\n\n" + messages[1]["content"])] + messages[2:]
    out = "<s>"
    for m in messages:
        side = m["role"]
        out += f"<|{side}_start|>" + m["content"] + f"<|{side}_end|>"
    return out + ("<|assistant_start|>" if messages[-1]["role"] == "user" else "")


def rendered(tokenizer, template, given):
    try:
        return tokenizer.apply_chat_template(
            given["messages"], tools=given.get("tools"), documents=given.get("documents"), chat_template=template, tokenize=False,
            add_generation_prompt=given.get("generation", True), **given.get("options", {}))
    except Exception:
        return None


if __name__ == "__main__":
    chat_template_utils.datetime = Clock
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token="<s>", eos_token="</s>")
    inputs = INPUTS + [{"messages": [HELLO, KENOBI], "options": OPTIONS}]
    if len(sys.argv) > 1:
        forms = {f.name: f.open(encoding="utf-8", newline="").read() for f in sorted(pathlib.Path(sys.argv[1]).glob("*.jinja"))}
        templates = [(name, text, range(len(INPUTS))) for name, text in forms.items()]
    else:
        templates = [(name, text, range(len(INPUTS))) for name, text in FORMS.items()]
        templates += [("construct", text, [len(INPUTS)]) for text in CONSTRUCTS]
    cases = []
    for i, (name, text, which) in enumerate(templates):
        for j in which:
            out = rendered(tokenizer, text, inputs[j])
            if name == "nanochat" and all(m["role"] != "tool" and isinstance(m.get("content"), str) for m in inputs[j]["messages"]):
                assert out == nanochat(inputs[j]["messages"])
            cases.append(json.dumps([i, j, out], separators=(",", ":")))
    lines = [json.dumps([name, text]) for name, text, _ in templates]
    print('{"inputs":[\n' + ",\n".join(map(json.dumps, inputs)) + '],\n"templates":[\n' + ",\n".join(lines) + '],\n"cases":[\n' + ",\n".join(cases) + "\n]}")
