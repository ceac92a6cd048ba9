"""check_clients.py COMMAND FOLDER [CASE...]: langchain-openai, litellm and llm against a program that serves."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile

import harness

FOUND = [name for name in ("langchain_openai", "litellm", "llm") if importlib.util.find_spec(name)]
if not FOUND:
    print("none of langchain-openai, litellm and llm")
    sys.exit(77)

COMMAND, FOLDER = sys.argv[1:3]
PROGRAM = harness.shakespeare(COMMAND, FOLDER)
KEY = "k"
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the net
MESSAGES = [{"role": "user", "content": "Good morrow"}]


def expected(**more):
    status, answer = server.post("/v1/chat/completions", {"messages": MESSAGES, "max_tokens": 20, "temperature": 0, **more}, {"X-Api-Key": KEY})
    assert status == 200, answer
    return answer["choices"][0]["message"]["content"]


def langchain_openai_chats():
    if "langchain_openai" not in FOUND:
        return
    from langchain_openai import ChatOpenAI, OpenAI

    chat = ChatOpenAI(base_url=server.url + "/v1", api_key=KEY, model="shakespeare", temperature=0, max_tokens=20)
    assert chat.invoke("Good morrow").content == expected()
    assert "".join(c.content for c in chat.stream("Good morrow")) == expected()
    text = OpenAI(base_url=server.url + "/v1", api_key=KEY, model="shakespeare", temperature=0, max_tokens=20)
    direct = server.post("/v1/completions", {"prompt": "ROMEO:", "max_tokens": 20, "temperature": 0}, {"X-Api-Key": KEY})[1]
    assert text.invoke("ROMEO:") == direct["choices"][0]["text"]


def litellm_chats():
    if "litellm" not in FOUND:
        return
    import litellm

    ask = dict(model="openai/shakespeare", api_base=server.url + "/v1", api_key=KEY, messages=MESSAGES, temperature=0, max_tokens=20)
    assert litellm.completion(**ask).choices[0].message.content == expected()
    assert "".join(c.choices[0].delta.content or "" for c in litellm.completion(**ask, stream=True)) == expected()
    try:
        litellm.completion(**{**ask, "max_tokens": 10**6})
        raise AssertionError("no error")
    except litellm.BadRequestError:
        pass


def llm_chats():
    if "llm" not in FOUND:
        return
    with tempfile.TemporaryDirectory() as home:
        with open(os.path.join(home, "extra-openai-models.yaml"), "w") as f:
            json.dump([{"model_id": "ours", "model_name": "shakespeare", "api_base": server.url + "/v1", "api_key_name": "ours"}], f)
        env = {**os.environ, "LLM_USER_PATH": home}
        done = subprocess.run(
            [sys.executable, "-m", "llm", "prompt", "-m", "ours", "--key", KEY, "-o", "temperature", "0", "-o", "max_tokens", "20", "--no-log", "Good morrow"],
            capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == expected() + "\n", (done.stdout, expected())


CASES = [langchain_openai_chats, litellm_chats, llm_chats]
with harness.Server(PROGRAM, "--api-key", KEY) as server:
    harness.run_cases(CASES, sys.argv[3:])
