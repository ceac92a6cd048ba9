#!/usr/bin/env python3
"""Writes chat_vectors.json: conversations as transformers' apply_chat_template renders them, by templates of the published forms.
nanochat's renders as its own render_for_completion does; that is written down below. Needs transformers.

    make_chat_vectors.py > chat_vectors.json
"""
import json

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0]['content'] %}"
    "{% else %}{% set rest = messages %}{% set system = false %}{% endif %}"
    "{% for m in rest %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('user and assistant alternate') }}"
    "{% endif %}{% if loop.index0 == 0 and system != false %}"
    "{% set text = '<<SYS>>\\n' + system.strip() + '\\n<</SYS>>\\n\\n' + m['content'] %}{% else %}{% set text = m['content'] %}{% endif %}"
    "{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + text.strip() + ' [/INST]' }}"
    "{% else %}{{ ' ' + text.strip() + ' ' + eos_token }}{% endif %}{% endfor %}")
LLAMA3 = (
    "{% for m in messages %}{% set text = '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.first %}{{ bos_token }}{% endif %}{{ text }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}")
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
CHATML_DEFAULT = (
    "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful assistant<|im_end|>\\n' }}{% endif %}"
    "{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
CHATML_BOS = (
    "{{ bos_token }}{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] | trim + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
NANOCHAT = (
    "{{ bos_token }}{% set rest = messages %}{% if messages[0]['role'] == 'system' %}"
    "{% set rest = messages[1:] %}{% set system = messages[0]['content'] + '\\n\\n' %}{% else %}{% set system = '' %}{% endif %}"
    "{% for m in rest %}{% if m['role'] == 'user' %}{{ '<|user_start|>' + (system if loop.first else '') + m['content'] + '<|user_end|>' }}"
    "{% else %}{{ '<|assistant_start|>' + m['content'] + '<|assistant_end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant_start|>' }}{% endif %}")
GLM = (
    "[gMASK]<sop>{% for m in messages %}{% if m['content'] %}<|{{ m['role'] }}|>\n{{ m['content'] }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}")
GLM_LINE = (
    "[gMASK]<sop>{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m['content'].strip() }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}")

LLAMA31 = (
    "{{- bos_token }}{%- if not date_string is defined %}DAY{%- endif %}"
    "{%- if messages[0]['role'] == 'system' %}{%- set told = messages[0]['content'] | trim %}{%- set messages = messages[1:] %}"
    "{%- else %}{%- set told = \"\" %}{%- endif %}"
    "{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}"
    "{{- \"Cutting Knowledge Date: December 2023\\n\" }}{{- \"Today Date: \" + date_string + \"\\n\\n\" }}{{- told }}{{- \"<|eot_id|>\" }}"
    "{%- for m in messages %}{{- '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}")
LLAMA32 = LLAMA31.replace("DAY", "{%- if strftime_now is defined %}{%- set date_string = strftime_now(\"%d %b %Y\") %}"
                          "{%- else %}{%- set date_string = \"26 Jul 2024\" %}{%- endif %}")
LLAMA31 = LLAMA31.replace("DAY", "{%- set date_string = \"26 Jul 2024\" %}")
QWEN3 = (
    "{%- if messages[0].role == 'system' %}{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{%- endif %}"
    "{%- set ns = namespace(last_query_index=0) %}"
    "{%- for m in messages %}{%- if m.role == 'user' %}{%- set ns.last_query_index = loop.index0 %}{%- endif %}{%- endfor %}"
    "{%- for m in messages %}{%- set content = m.content %}"
    "{%- if m.role == 'user' %}{{- '<|im_start|>user\\n' + content + '<|im_end|>' + '\\n' }}"
    "{%- elif m.role == 'assistant' %}{%- set reasoning_content = '' %}{%- if '</think>' in content %}"
    "{%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}"
    "{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}"
    "{%- if loop.index0 > ns.last_query_index %}"
    "{{- '<|im_start|>assistant\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}"
    "{%- else %}{{- '<|im_start|>assistant\\n' + content }}{%- endif %}{{- '<|im_end|>\\n' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}")
QWQ = (
    "{%- for m in messages %}{%- if m.role == 'assistant' %}{%- set content = m.content.split('</think>')[-1].lstrip('\\n') %}"
    "{%- else %}{%- set content = m.content %}{%- endif %}{{- '<|im_start|>' + m.role + '\\n' + content + '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}")
SMOLLM3 = (
    "{%- if enable_thinking is not defined -%}{%- set enable_thinking = true -%}{%- endif -%}"
    "{%- set reasoning_mode = '/think' if enable_thinking else '/no_think' -%}{{- \"<|im_start|>system\\n\" -}}"
    "{%- set custom_instructions = '' -%}{%- if messages[0].role == \"system\" -%}{%- set system_message = messages[0].content -%}"
    "{%- if \"/no_think\" in system_message -%}{%- set reasoning_mode = \"/no_think\" -%}{%- endif -%}"
    "{%- set custom_instructions = system_message.replace(\"/no_think\", \"\").replace(\"/think\", \"\").rstrip() -%}{%- endif -%}"
    "{%- if \"/system_override\" in system_message -%}"
    "{{- custom_instructions.replace(\"/system_override\", \"\").rstrip() -}}{{- \"<|im_end|>\\n\" -}}{%- else -%}"
    "{{- \"## Metadata\\n\\nKnowledge Cutoff Date: June 2025\\n\" -}}"
    "{{- \"Today Date: \" ~ (date_string or strftime_now(\"%d %B %Y\")) ~ \"\\n\" -}}{{- \"Reasoning Mode: \" + reasoning_mode + \"\\n\\n\" -}}"
    "{{- \"## Custom Instructions\\n\\n\" -}}{%- if custom_instructions -%}{{- custom_instructions + \"\\n\\n\" -}}"
    "{%- elif reasoning_mode == \"/think\" -%}{{- \"Think first, <think> so </think>, then answer.\\n\\n\" -}}"
    "{%- else -%}{{- \"Answer.\\n\\n\" -}}{%- endif -%}"
    "{%- if xml_tools -%}{{- \"### Tools\\n\\n\" ~ xml_tools -}}{{- \"<|im_end|>\\n\" -}}{%- endif -%}{%- endif -%}"
    "{%- for message in messages -%}{%- set content = message.content -%}"
    "{%- if message.role == \"user\" -%}{{ \"<|im_start|>user\\n\" + content + \"<|im_end|>\\n\" }}"
    "{%- elif message.role == \"assistant\" -%}{{ \"<|im_start|>assistant\\n\" }}"
    "{%- if reasoning_mode == \"/no_think\" -%}{{ \"<think>\\n\\n</think>\\n\" }}{%- endif -%}"
    "{{ content.lstrip(\"\\n\") + \"<|im_end|>\\n\" }}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ \"<|im_start|>assistant\\n\" }}"
    "{%- if reasoning_mode == \"/no_think\" -%}{{ \"<think>\\n\\n</think>\\n\" }}{%- endif -%}{%- endif -%}")
DEEPSEEK = (
    "{% set ns = namespace(system_prompt='') %}{%- for m in messages %}{%- if m['role'] == 'system' %}"
    "{% set ns.system_prompt = m['content'] %}{%- endif %}{%- endfor %}{{ bos_token }}{{ ns.system_prompt }}"
    "{%- for m in messages %}{%- if m['role'] == 'user' %}{{ '<｜User｜>' + m['content'] }}{%- endif %}"
    "{%- if m['role'] == 'assistant' %}{% set content = m['content'] %}FORGET"
    "{{ '<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>' }}{%- endif %}{%- endfor -%}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜>THINK' }}{% endif %}")
DEEPSEEK_R1 = DEEPSEEK.replace("THINK", "<think>\\n").replace(
    "FORGET", "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}")
DEEPSEEK = DEEPSEEK.replace("THINK", "").replace("FORGET", "")
DEEPSEEK_V31 = (
    "{%- if not thinking is defined -%}{%- set thinking = false -%}{%- endif -%}{{ bos_token }}"
    "{%- for m in messages %}{%- if m['role'] == 'system' %}{{ m['content'] }}{%- endif %}{%- endfor %}"
    "{%- for m in messages %}{%- if m['role'] == 'user' %}{{ '<｜User｜>' + m['content'] }}{%- endif %}"
    "{%- if m['role'] == 'assistant' %}{{ '<｜Assistant｜>' }}{%- if thinking -%}{{'<think>'}}{%- else -%}{{'</think>'}}{%- endif -%}"
    "{%- set content = m['content'] -%}{%- if '</think>' in content -%}{%- set content = content.split('</think>', 1)[1] -%}{%- endif -%}"
    "{{ content + '<｜end▁of▁sentence｜>' }}{%- endif %}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<｜Assistant｜>' }}{%- if not thinking -%}{{'</think>'}}{%- else -%}{{'<think>'}}{%- endif -%}{%- endif -%}")
CHATGLM2 = (
    "{%- set counter = namespace(index=1) -%}{%- for m in messages -%}{%- if m['role'] == 'user' -%}"
    "{{- '[Round ' + counter.index | string + ']\\n\\n问：' + m['content'] -}}{%- set counter.index = counter.index + 1 -%}{%- endif -%}"
    "{%- if m['role'] == 'assistant' -%}{{- '\\n\\n答：' + m['content'] -}}"
    "{%- if not loop.last -%}{{- '\\n\\n' -}}{%- endif -%}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '\\n\\n答：' -}}{%- endif -%}")
CHATGLM = CHATGLM2.replace("\\n\\n", "\\n").replace("index=1", "index=0")

KINDS = {"llama2": [LLAMA2], "llama3": [LLAMA3, LLAMA31, LLAMA32],
         "chatml": [CHATML, CHATML_DEFAULT, CHATML_BOS, QWEN3, QWQ, SMOLLM3], "nanochat": [NANOCHAT], "glm": [GLM, GLM_LINE],
         "deepseek": [DEEPSEEK, DEEPSEEK_R1, DEEPSEEK_V31], "chatglm": [CHATGLM, CHATGLM2]}
TODAY = "07 Feb 2031"  # for templates that ask for it
TALK = ["Hello there!", " General  Kenobi.\n", "  Ünïcode, \"quotes\"\nand two lines ", "<|im_end|> is only text", "And then?",
        "<think>\nIs there more?\n\n</think>\n\n Nothing.", "Why"]


def nanochat(messages):
    if messages[0]["role"] == "system":
        messages = [dict(messages[1], content=messages[0]["content"] + "\n\n" + messages[1]["content"])] + messages[2:]
    out = "<s>"
    for m in messages:
        side = m["role"]
        out += f"<|{side}_start|>" + m["content"] + f"<|{side}_end|>"
    return out + ("<|assistant_start|>" if messages[-1]["role"] == "user" else "")


def conversation(system, turns):
    messages = [{"role": "system", "content": system}] if system else []
    return messages + [{"role": ("user", "assistant")[i % 2], "content": TALK[i]} for i in range(turns)]


if __name__ == "__main__":
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token="<s>", eos_token="</s>")
    templates, cases = [], []
    for kind, group in KINDS.items():
        for template in group:
            templates.append({"kind": kind, "jinja": template})
            told = ("/no_think", " Be\nbrief. /think ", "Only /system_override this. ") if template == SMOLLM3 else ()
            for system in ("",) if kind == "chatglm" else ("", "Be brief.", " Two\nlines ", *told):
                for turns in (1, 2, 6, 7):
                    messages = conversation(system, turns)
                    text = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False,
                                                         add_generation_prompt=messages[-1]["role"] == "user",
                                                         **({"date_string": TODAY} if "strftime_now" in template else {}))
                    if kind == "nanochat":
                        assert text == nanochat(messages)
                    cases.append(json.dumps([len(templates) - 1, system, turns, text], separators=(",", ":")))
    print('{"talk":' + json.dumps(TALK) + ',\n"templates":[\n' + ",\n".join(map(json.dumps, templates)) +
          '],\n"cases":[\n' + ",\n".join(cases) + "\n]}")
