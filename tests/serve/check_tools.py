"""check_tools.py COMMAND FOLDER [CASE...]: functions are told to a model, and its calls come as OpenAI's client has them."""

import json
import os
import sys

import byte_model
import harness

COMMAND, FOLDER = sys.argv[1:3]

try:
    import openai
except ImportError:
    openai = None

# As the templates that checkpoints carry, in short.
END = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
TAGGED = (
    "{% if tools %}<|im_start|>system\n{% for t in tools %}{{ t | tojson }}\n{% endfor %}<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% for c in m.tool_calls or [] %}"
    "<tool_call>\n{\"name\": \"{{ c.function.name }}\", \"arguments\": {{ c.function.arguments | tojson }}}\n</tool_call>{% endfor %}"
    "<|im_end|>\n{% endfor %}" + END
)
LISTED = (
    "{% if tools %}[AVAILABLE_TOOLS]{{ tools | tojson }}{% endif %}"
    "{% for m in messages %}{% if m.tool_calls %}[TOOL_CALLS] [{% for c in m.tool_calls %}{% if c.id | length != 9 %}"
    "{{ raise_exception('ids have nine characters') }}{% endif %}{{ c.function | tojson }}{% endfor %}]{% else %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% endif %}"
    "{% endfor %}" + END
)
BARE = (
    "{% if tools %}Environment: ipython\n{\"name\": function name, \"parameters\": dictionary}{{ tools | tojson }}{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}" + END
)
TALK = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% for c in m.tool_calls or [] %}{% set f = c.function %}CALL{% endfor %}<|im_end|>\n{% endfor %}" + END
# The part of Qwen3-Coder's and of GLM-4.5's template that writes calls.
MARKED = "{% if tools %}{{ tools | tojson }}{% endif %}" + TALK.replace(
    "CALL",
    "{{- '\n<tool_call>\n<function=' + f.name + '>\n' }}{%- for k, v in f.arguments | items %}{{- '<parameter=' + k + '>\n' }}"
    "{%- set v = v | tojson if v is mapping or (v is sequence and v is not string) else v | string %}{{- v }}{{- '\n</parameter>\n' }}{%- endfor %}"
    "{{- '</function>\n</tool_call>' }}",
)
KEYED = "{% if tools %}{{ tools | tojson }}{% endif %}" + TALK.replace(
    "CALL",
    "\n{{ '<tool_call>' + f.name }}{% for k, v in f.arguments.items() %}\n<arg_key>{{ k }}</arg_key>\n<arg_value>{{ v | tojson if v is not string else v }}</arg_value>"
    "{% endfor %}\n</tool_call>",
)
NAMED = LISTED.replace("[TOOL_CALLS] [", "[TOOL_CALLS][ARGS]")


def function(name, properties, **more):
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": "What " + name + " does", "parameters": schema, **more}}


WEATHER = function("get_weather", {"city": {"const": "Paris"}, "days": {"enum": [3]}})
ADD = function("add", {"a": {"type": "integer"}, "b": {"const": 5}})
TOOLS = [WEATHER, ADD]
ASK = [{"role": "user", "content": "What is it like?"}]
CHAT = "/v1/chat/completions"


def program(name, template, **model):
    folder = os.path.join(FOLDER, "tools_" + name)
    byte_model.write(folder, positions=2048, **model)
    path = os.path.join(folder, "template.jinja")
    if not os.path.exists(path) or open(path).read() != template:
        with open(path, "w") as f:
            f.write(template)
    return harness.build(COMMAND, folder, folder + "_program", "--chat-template", path)


def post(server, **body):
    status, answer = server.post(CHAT, {"messages": ASK, **body})
    assert status == 200, answer
    return answer["choices"][0]


def refused(server, param, part, **body):
    status, answer = server.post(CHAT, {"messages": ASK, **body})
    assert status == 400 and answer["error"]["param"] == param and part in answer["error"]["message"], answer


def streamed(server, **body):
    """A choice, put together of its deltas as clients do it, and the number of deltas with arguments."""
    data = server.request("POST", CHAT, {"messages": ASK, "stream": True, **body})[2].decode()
    content, calls, why, pieces = "", [], None, 0
    for line in data.splitlines():
        if not line.startswith("data: {"):
            continue
        choice = json.loads(line[6:])["choices"][0]
        content += choice["delta"].get("content") or ""
        why = choice["finish_reason"] or why
        for call in choice["delta"].get("tool_calls", []):
            if "id" in call:
                assert call["index"] == len(calls) and call["type"] == "function" and call["function"]["arguments"] == ""
                calls.append({"name": call["function"]["name"], "arguments": ""})
            else:
                calls[call["index"]]["arguments"] += call["function"]["arguments"]
                pieces += 1
    return content, calls, why, pieces


def calls_of(choice):
    return [(c["function"]["name"], c["function"]["arguments"]) for c in choice["message"].get("tool_calls", [])]


def named_functions_are_called():
    for name, servers in (("tagged", tagged), ("listed", listed), ("bare", bare), ("named", named), ("marked", marked), ("keyed", keyed)):
        for seed in range(3):
            choice = post(servers, tools=TOOLS, tool_choice={"type": "function", "function": {"name": "get_weather"}}, seed=seed, max_tokens=200)
            assert choice["finish_reason"] == "tool_calls" and choice["message"]["content"] is None, (name, choice)
            (called, arguments), = calls_of(choice)
            assert called == "get_weather" and json.loads(arguments) == {"city": "Paris", "days": 3}, (name, choice)
            size = len(choice["message"]["tool_calls"][0]["id"])
            assert size == 9 if name in ("listed", "named") else size > 9
            content, calls, why, _ = streamed(servers, tools=TOOLS, tool_choice={"type": "function", "function": {"name": "get_weather"}}, seed=seed, max_tokens=200)
            assert (content, why) == ("", "tool_calls") and calls == [{"name": called, "arguments": arguments}], calls


def required_calls_are_by_their_schemas():
    seen = set()
    for servers in (tagged, listed, bare, named, marked, keyed):
        for seed in range(12):
            ask = dict(tools=TOOLS, tool_choice="required", parallel_tool_calls=False, seed=seed, max_tokens=300, logit_bias=closers(servers))
            choice = post(servers, **ask)
            if choice["finish_reason"] == "length":  # a number without end
                continue
            (name, arguments), = calls_of(choice)
            value = json.loads(arguments)
            assert value == {"city": "Paris", "days": 3} if name == "get_weather" else (set(value) == {"a", "b"} and value["b"] == 5 and isinstance(value["a"], int)), choice
            seen.add(name)
            content, calls, why, pieces = streamed(servers, **ask)
            assert (content, why, pieces > 0) == ("", "tool_calls", True) and calls == [{"name": name, "arguments": arguments}]
    assert seen == {"get_weather", "add"}, seen


def several_calls_may_be_required():
    most = 0
    for servers in (tagged, listed, bare, named, marked, keyed):
        for seed in range(12):
            choice = post(servers, tools=[WEATHER], tool_choice="required", seed=seed, max_tokens=420)
            calls = calls_of(choice)
            whole = calls if choice["finish_reason"] == "tool_calls" else calls[:-1]
            assert all(c[0] == "get_weather" and json.loads(c[1]) == {"city": "Paris", "days": 3} for c in whole), choice
            most = max(most, len(whole))
    assert most > 1, most


def closers(server):
    """A model of random weights would hardly ever end a number."""
    ids = {c: server.post("/tokenize", {"content": c})[1]["tokens"][0] for c in ",}\n<"}
    return {str(i): 8 for i in ids.values()}


def what_a_model_writes_is_found():
    choice = post(saying, tools=TOOLS, temperature=0, max_tokens=50)
    assert choice["message"]["content"] == "I look." and choice["finish_reason"] == "tool_calls", choice
    assert calls_of(choice) == [("get_weather", '{"city": "Paris", "days": 3}')]
    content, calls, why, _ = streamed(saying, tools=TOOLS, temperature=0, max_tokens=50, logprobs=True)
    assert (content, why) == ("I look.", "tool_calls") and calls == [{"name": "get_weather", "arguments": '{"city": "Paris", "days": 3}'}]
    said = 'I look.<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}\n</tool_call>'
    for without in ({}, {"tools": []}, {"tools": TOOLS, "tool_choice": "none"}):
        choice = post(saying, temperature=0, max_tokens=50, **without)
        assert choice["message"]["content"] == said and choice["finish_reason"] == "stop" and "tool_calls" not in choice["message"], choice
    choice = post(saying_xml, tools=[function("get_weather", {"city": {"type": "string"}, "days": {"type": "integer"}})], temperature=0, max_tokens=50)
    assert choice["message"]["content"] == "I look." and calls_of(choice) == [("get_weather", '{"city": "Paris", "days": 3}')], choice
    content, calls, why, pieces = streamed(saying_xml, tools=TOOLS, temperature=0, max_tokens=50)
    assert (content, why, pieces) == ("I look.", "tool_calls", 3) and json.loads(calls[0]["arguments"]) == {"city": "Paris", "days": 3}, calls
    choice = post(saying_special, tools=TOOLS, temperature=0, max_tokens=50)  # [TOOL_CALLS] is no text elsewhere
    assert calls_of(choice) == [("add", '{"a": 1}'), ("add", '{"a": 2}')] and choice["message"]["content"] is None, choice
    choice = post(saying_special, tools=TOOLS, temperature=0, max_tokens=50, parallel_tool_calls=False)
    assert calls_of(choice) == [("add", '{"a": 1}')] and choice["finish_reason"] == "tool_calls"
    choice = post(saying_special, tools=TOOLS, temperature=0, max_tokens=2)
    assert choice["finish_reason"] == "length" and calls_of(choice) == [("add", '{"a": 1}')], choice


def strict_functions_are_called_by_their_schemas_alone():
    # A model that says something else is turned to what the schema allows, behind the word that opens a call and nowhere else.
    strict = function("get_weather", {"city": {"const": "Rome"}, "days": {"enum": [7]}}, strict=True)
    for tools in ([strict], [strict, ADD]):
        choice = post(saying, tools=tools, temperature=0, max_tokens=400, parallel_tool_calls=False)
        assert choice["message"]["content"] == "I look." and choice["finish_reason"] == "tool_calls", choice
        (name, arguments), = calls_of(choice)
        assert name == "get_weather" and json.loads(arguments) == {"city": "Rome", "days": 7}, choice
    one = function("add", {"a": {"const": 5}}, strict=True)
    choice = post(saying_special, tools=[one], temperature=0, max_tokens=400, parallel_tool_calls=False)
    assert [(n, json.loads(a)) for n, a in calls_of(choice)] == [("add", {"a": 5})], choice
    content, calls, why, _ = streamed(saying_special, tools=[one], temperature=0, max_tokens=400, parallel_tool_calls=False)
    assert (content, why) == ("", "tool_calls") and json.loads(calls[0]["arguments"]) == {"a": 5}, calls
    refused(tagged, "tools", "'pattern'", tools=[function("f", {"x": {"type": "string", "pattern": "a"}}, strict=True)])


def a_format_and_tools_go_together():
    # As OpenAI has it: the answer is calls, or a text of that format.
    schema = {"type": "object", "properties": {"answer": {"enum": [1, 2]}}, "required": ["answer"], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    strict = function("get_weather", {"city": {"const": "Paris"}, "days": {"enum": [3]}}, strict=True)
    seen = set()
    for servers in (tagged, listed, bare, named, marked, keyed):
        for seed in range(8):
            choice = post(servers, tools=[strict], response_format=form, parallel_tool_calls=False, seed=seed, max_tokens=300)
            if calls_of(choice):
                assert choice["finish_reason"] == "tool_calls" and choice["message"]["content"] is None, choice
                (name, arguments), = calls_of(choice)
                assert name == "get_weather" and json.loads(arguments) == {"city": "Paris", "days": 3}, choice
                seen.add("calls")
            elif choice["finish_reason"] == "stop":
                assert json.loads(choice["message"]["content"])["answer"] in (1, 2), choice
                seen.add("content")
        choice = post(servers, tools=[WEATHER], response_format=form, tool_choice="none", max_tokens=300, seed=1)
        assert json.loads(choice["message"]["content"])["answer"] in (1, 2), choice
        (called, arguments), = calls_of(post(servers, tools=[WEATHER], response_format=form, tool_choice={"type": "function", "function": {"name": "get_weather"}}, max_tokens=300))
        assert (called, json.loads(arguments)) == ("get_weather", {"city": "Paris", "days": 3})
    assert seen == {"calls", "content"}, seen
    choice = post(saying, tools=[function("get_weather", {"city": {"const": "Rome"}}, strict=True)], response_format={"type": "json_object"}, temperature=0,
                  max_tokens=200, parallel_tool_calls=False, logit_bias={str(saying.post("/tokenize", {"content": "<tool_call>"})[1]["tokens"][0]): 50})
    (called, arguments), = calls_of(choice)
    assert (called, json.loads(arguments)) == ("get_weather", {"city": "Rome"}), choice  # and strict ones by their schema


def templates_are_told():
    status, answer = tagged.post("/apply-template", {"messages": ASK, "tools": [ADD]})
    assert status == 200 and answer["prompt"].startswith("<|im_start|>system\n" + json.dumps(ADD) + "\n<|im_end|>\n"), answer
    talk = ASK + [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{\"a\":1, \"b\": [2]}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "3"},
    ]
    status, answer = tagged.post("/apply-template", {"messages": talk})
    assert '{"name": "add", "arguments": {"a": 1, "b": [2]}}' in answer["prompt"] and "<|im_start|>tool\n3<|im_end|>" in answer["prompt"], answer
    talk[1]["tool_calls"][0]["function"]["arguments"] = "{broken"  # what a model wrote once comes back as it was
    assert '"arguments": "{broken"}' in tagged.post("/apply-template", {"messages": talk})[1]["prompt"]
    with_tools = len(tagged.post("/tokenize", {"messages": ASK, "tools": TOOLS})[1]["tokens"])
    assert with_tools > len(tagged.post("/tokenize", {"messages": ASK})[1]["tokens"])
    refused(listed, "messages", "nine characters", messages=talk, tools=TOOLS)


def what_makes_no_sense_is_refused():
    refused(plain, "tools", "has no tools", tools=TOOLS)
    refused(tagged, "tool_choice", "there are no tools", tool_choice="required")
    refused(tagged, "tool_choice", "none, auto and required", tools=TOOLS, tool_choice="sometimes")
    refused(tagged, "tool_choice", "by its name", tools=TOOLS, tool_choice={"type": "allowed_tools"})
    refused(tagged, "tool_choice", "no function of tools is called 'x'", tools=TOOLS, tool_choice={"type": "function", "function": {"name": "x"}})
    refused(tagged, "tools", "web_search", tools=[{"type": "web_search"}])
    refused(tagged, "tools", "no name", tools=[function("a b", {})])
    refused(tagged, "tools", "two functions", tools=[ADD, ADD])
    refused(tagged, "tools", "none of JSON Schema", tools=[function("f", {"x": {"type": "text"}})])
    refused(tagged, "tools", "no schema of an object", tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "string"}}}])
    refused(tagged, "tools", "'pattern'", tools=[function("f", {"x": {"type": "string", "pattern": "a"}})], tool_choice="required")
    refused(bare, "tools", "strict", tools=[function("f", {}, strict=True)])
    refused(tagged, "tools", "at most 128", tools=[function(f"f{i}", {}) for i in range(129)])
    refused(tagged, "functions", "not supported", functions=[{"name": "f"}])
    post(tagged, tools=[function("f", {"x": {"type": "string", "pattern": "a"}})], max_tokens=2)  # schemas are only told


def calls_do_not_depend_on_what_runs_beside_them():
    import concurrent.futures

    def ask(i):
        return calls_of(post(tagged, tools=TOOLS, tool_choice="required", parallel_tool_calls=False, seed=i % 4, max_tokens=60 if i % 3 else 40))

    alone = [ask(i) for i in range(12)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(48))) == alone * 4


def openais_client_calls():
    if openai is None:
        print("      openai is not here")
        return
    client = openai.OpenAI(base_url=saying.url + "/v1", api_key="none", max_retries=0)
    ask = dict(model=client.models.list().data[0].id, messages=ASK, tools=TOOLS, temperature=0, max_tokens=50)
    message = client.chat.completions.create(**ask).choices[0].message
    call = message.tool_calls[0]
    assert call.type == "function" and call.function.name == "get_weather" and json.loads(call.function.arguments)["city"] == "Paris"
    # Its own way to put streams together.
    with client.chat.completions.stream(**ask) as events:
        seen = [e.type for e in events]
        final = events.get_final_completion().choices[0]
    assert "tool_calls.function.arguments.delta" in seen and "tool_calls.function.arguments.done" in seen, seen
    assert final.finish_reason == "tool_calls" and final.message.tool_calls[0].function.arguments == call.function.arguments
    talk = ASK + [message.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "21"}]
    answer = client.chat.completions.create(**{**ask, "messages": talk})
    assert answer.usage.prompt_tokens > 0 and answer.choices[0].finish_reason == "tool_calls"


SAYS = ["\n", "I look.", "<tool_call>", '\n{"name": "get_', 'weather", "arguments": ', '{"city": "Paris', '", "days": 3}', "}\n</tool_call>", "<|im_end|>"]
LIST = ["\n", "[TOOL_CALLS]", ' [{"name": "add", "arguments": {"a": 1}}, {"name": "add", "argu', 'ments": {"a": 2}}]', "<|im_end|>"]
# Equal sizes are compiled once.
WORDS = [("[TOOL_CALLS]", True), ("[ARGS]", True)]
XML = ["\n", "I look.", "<tool_call>", "\n<function=get_", "weather>\n<parameter=ci", "ty>\nParis\n</para", "meter>\n<parameter=days>\n", "3\n</parameter>\n</fun", "ction>\n</tool_call>", "<|im_end|>"]
SAID = [(t, t == "[TOOL_CALLS]") for t in list(dict.fromkeys(SAYS[1:-1] + LIST[1:-1] + XML[1:-1]))]
CASES = [v for k, v in list(globals().items())
         if callable(v) and getattr(v, "__module__", "") == "__main__" and k not in ("function", "program", "post", "refused", "streamed", "calls_of", "closers")]
with harness.Server(program("tagged", TAGGED, more=WORDS)) as tagged, harness.Server(program("listed", LISTED, more=WORDS)) as listed, \
        harness.Server(program("bare", BARE, more=WORDS)) as bare, harness.Server(program("named", NAMED, more=WORDS)) as named, \
        harness.Server(program("marked", MARKED, more=WORDS)) as marked, harness.Server(program("keyed", KEYED, more=WORDS)) as keyed, \
        harness.Server(program("plain", "{% for m in messages %}{{ m.content }}{% endfor %}", more=WORDS)) as plain, \
        harness.Server(program("saying", TAGGED, more=SAID, says=SAYS, layers=1)) as saying, \
        harness.Server(program("saying_xml", MARKED, more=SAID, says=XML, layers=1)) as saying_xml, \
        harness.Server(program("saying_special", LISTED, more=SAID, says=LIST, layers=1)) as saying_special:
    harness.run_cases(CASES, sys.argv[3:])
