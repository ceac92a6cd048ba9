"""check_endpoints.py COMMAND FOLDER [CASE...]: the endpoints beside text itself, in the forms of vLLM and llama.cpp."""

import json
import re
import sys

import harness
from harness import Server, wait_for

COMMAND, FOLDER = sys.argv[1:3]
PROGRAM = harness.shakespeare(COMMAND, FOLDER)
LINE = re.compile(r"^[a-z_]+:[a-z0-9_]+(\{([a-z_]+=\"[^\"]*\",?)*\})? -?[0-9.e+\-]+$")


def metrics(server):
    status, headers, data = server.request("GET", "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    values = {}
    for line in data.decode().splitlines():
        if not line.startswith("# TYPE "):
            assert LINE.match(line), line
            values[line.rsplit(" ", 1)[0]] = float(line.rsplit(" ", 1)[1])
    return values


def of(values, name):
    return next(v for k, v in values.items() if k.split("{")[0] == name)


def metrics_count():
    for names, prefix in (("ours", "constformer:"), ("vllm", "vllm:")):
        with Server(PROGRAM, "--metrics-names", names) as server:
            before = metrics(server)
            server.post("/v1/completions", {"prompt": "ROMEO:", "max_tokens": 7, "temperature": 0, "n": 2})
            server.request("POST", "/v1/completions", {"prompt": "ROMEO:", "max_tokens": 7, "stream": True})
            # The engine counts when a step is over, which may be after its last token has been read here.
            made = prefix + "generation_tokens_total"
            assert wait_for(lambda: of(metrics(server), made) - of(before, made) == 21), of(metrics(server), made)
            after = metrics(server)
            assert of(after, prefix + "prompt_tokens_total") - of(before, prefix + "prompt_tokens_total") == 12
            ended = sum(v for k, v in after.items() if k.startswith(prefix + "request_success_total"))
            assert ended == 3, ended
            assert of(after, prefix + "time_to_first_token_seconds_count") == 1
            assert of(after, prefix + "inter_token_latency_seconds_count") == 6
            assert of(after, prefix + "e2e_request_latency_seconds_count") == 2
    with Server(PROGRAM, "--metrics-names", "llama.cpp") as server:
        server.post("/completion", {"prompt": "ROMEO:", "n_predict": 7})
        assert wait_for(lambda: of(metrics(server), "llamacpp:tokens_predicted_total") == 7)
        assert of(metrics(server), "llamacpp:prompt_tokens_total") == 6


def llama_cpp_completion():
    with Server(PROGRAM) as server:
        ask = {"prompt": "ROMEO:", "n_predict": 12, "temperature": 0, "n_probs": 2, "return_tokens": True}
        status, answer = server.post("/completion", ask)
        assert status == 200, answer
        openai = server.post("/v1/completions", {"prompt": "ROMEO:", "max_tokens": 12, "temperature": 0})[1]
        assert answer["content"] == openai["choices"][0]["text"] and answer["stop"] is True and answer["stop_type"] == "limit"
        assert len(answer["tokens"]) == 12 == len(answer["completion_probabilities"]) == answer["tokens_predicted"]
        assert answer["tokens_evaluated"] == 6 and answer["timings"]["predicted_n"] == 12
        data = server.request("POST", "/completion", {**ask, "stream": True})[2].decode()
        events = [json.loads(line[6:]) for line in data.splitlines() if line.startswith("data: {")]
        assert "".join(e["content"] for e in events) == answer["content"] and [e["stop"] for e in events] == [False] * 12 + [True]
        assert "[DONE]" not in data
        word = answer["content"][5:8]
        cut = server.post("/completion", {**ask, "stop": [word]})[1]
        assert cut["stop_type"] == "word" and cut["stopping_word"] == word and cut["content"] == answer["content"][: answer["content"].index(word)]


def state_is_told():
    with Server(PROGRAM, "--parallel", "3") as server:
        assert server.get("/health") == (200, {"status": "ok"}) == server.get("/v1/health")
        models = server.get("/v1/models")[1]
        assert models["data"][0]["id"] == "shakespeare" and models["data"][0]["max_model_len"] == 256 and models["data"][0]["meta"]["n_params"] == 931328
        props = server.get("/props")[1]
        assert props["total_slots"] == 3 and "assistant:" in props["chat_template"] and props["default_generation_settings"]["n_ctx"] == 256
        slots = server.get("/slots")[1]
        assert [s["is_processing"] for s in slots] == [False] * 3
        assert "version" in server.get("/version")[1]
        status, headers, page = server.request("GET", "/")
        assert status == 200 and b"<html" in page and "default-src 'none'" in headers["Content-Security-Policy"]
        assert b"http://" not in page and b"https://" not in page
        for path in ("/translate", "/fill", "/v1/rerank"):
            assert server.post(path, {})[0] == 404
        assert server.request("GET", "/v1/completions")[0] == 405 and server.request("DELETE", "/health")[0] == 405
        assert server.request("HEAD", "/health")[2] == b""


def keep_alive_and_pipelines():
    with Server(PROGRAM) as server, server.connect() as s:
        one = b'{"prompt":"ROMEO:","max_tokens":2,"temperature":0}'
        request = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(one), one)
        s.sendall(request * 5 + b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = harness.read_all(s)
        assert answer.count(b"HTTP/1.1 200 OK") == 6, answer
        assert len(set(re.findall(rb'"text":"[^"]*"', answer))) == 1
        with server.connect() as t:
            t.sendall(b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 15\r\n\r\n")
            assert t.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            t.sendall(b'{"content":"A"}')
            assert b"200 OK" in harness.read_all(t)


def prefixes_are_reused_and_change_nothing():
    with Server(PROGRAM) as server:
        ask = {"prompt": "ROMEO: what light through yonder window breaks, it is the east", "max_tokens": 40, "seed": 3, "logprobs": 3}
        first = server.post("/v1/completions", ask)[1]
        second = server.post("/v1/completions", ask)[1]
        salted = server.post("/v1/completions", {**ask, "cache_salt": "x"})[1]
        cold = server.post("/v1/completions", {**ask, "cache_prompt": False})[1]
        assert first["choices"] == second["choices"] == salted["choices"] == cold["choices"]
        assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 0 < second["usage"]["prompt_tokens_details"]["cached_tokens"]
        assert salted["usage"]["prompt_tokens_details"]["cached_tokens"] == 0 == cold["usage"]["prompt_tokens_details"]["cached_tokens"]


CASES = [metrics_count, llama_cpp_completion, state_is_told, keep_alive_and_pipelines, prefixes_are_reused_and_change_nothing]
harness.run_cases(CASES, sys.argv[3:])
