"""check_attacks.py COMMAND FOLDER [CASE...]: what a server must not suffer from, with the right answers; no packages."""

import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import byte_model
import harness
from harness import Server, read_all, status_of, wait_for

COMMAND, FOLDER = sys.argv[1:3]
PROGRAM = harness.shakespeare(COMMAND, FOLDER)
COMPLETIONS = "/v1/completions"
CHAT = "/v1/chat/completions"


def refused(path, body, param, status=400):
    """The field is named, the message is short, and the server goes on."""
    got, answer = server.post(path, body)
    assert got == status, (got, answer, str(body)[:200])
    assert answer["error"]["param"] == param, answer
    assert len(answer["error"]["message"]) <= 1000, answer
    return answer["error"]


def completion(**fields):
    return {"prompt": "ROMEO:", "max_tokens": 4, **fields}


def chat(**fields):
    return {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4, **fields}


def head(method="POST", path=COMPLETIONS, version="1.1", host="localhost", extra=()):
    lines = [f"{method} {path} HTTP/{version}"]
    if host:
        lines.append("Host: " + host)
    lines.append("Content-Type: application/json")
    return ("\r\n".join([*lines, *extra]) + "\r\n\r\n").encode()


def raw_status(data):
    return status_of(server.raw(data))


def case_01_too_many_choices():
    for n in (10**6, 17, 0, -1, 1.5, "2", True):
        refused(COMPLETIONS, completion(n=n), "n")
    refused(CHAT, chat(n=10**6), "n")
    refused(COMPLETIONS, completion(n=9), "n")  # more than --parallel


def case_02_numbers_do_not_wrap():
    for value in (2**32 + 1, 2**64, 1.9, -1, 0, 1e300, "5", [5]):
        refused(COMPLETIONS, completion(max_tokens=value), "max_tokens")
    refused(CHAT, chat(max_completion_tokens=2**31), "max_completion_tokens")
    for name, values in {
        "temperature": (-0.1, 2.1, 1e39, "1"),
        "top_p": (0, -1, 1.1),
        "min_p": (-0.1, 1.1),
        "top_k": (-2, 2**40, 0.5),
        "presence_penalty": (-2.1, 2.1),
        "frequency_penalty": (-2.1, 2.1),
        "repetition_penalty": (0, -1),
        "seed": (2**63, 0.5, "x"),
        "logprobs": (-1, 21, 0.5),
        "min_tokens": (-1, 5, 10**9),
        "priority": (10**9,),
    }.items():
        for value in values:
            refused(COMPLETIONS, completion(**{name: value}), name)
    refused(CHAT, chat(logprobs=True, top_logprobs=21), "top_logprobs")
    refused(CHAT, chat(top_logprobs=2), "top_logprobs")


def case_03_internals_are_no_fields():
    for name, value in {"n_discard": -5, "n_keep": 3, "id_slot": 7, "cache_reuse": 2, "lora": [{"id": 0}], "grammar": "root ::= x"}.items():
        refused(COMPLETIONS, completion(**{name: value}), name)


def case_04_deep_json():
    for deep in (b"[" * 10**6, b'{"a":' * 200_000, b'{"prompt":' + b"[" * 64 + b"]" * 64 + b"}"):
        assert raw_status(head(extra=[f"Content-Length: {len(deep)}", "Connection: close"]) + deep) == 400
    for bad in ('{"prompt":"a","prompt":"b"}', '{"prompt":"\\ud800"}', '\ufeff{}', '{"prompt":NaN}', "{}x", "", "[]", '{"max_tokens":1e999}'):
        assert server.request("POST", COMPLETIONS, bad.encode("utf-8"))[0] == 400, bad
    assert server.request("POST", COMPLETIONS, b'{"prompt":"\xff"}')[0] == 400


def case_05_large_heads():
    assert raw_status(head(extra=["X-Long: " + "a" * 10**6])) == 431
    assert raw_status(head(extra=[f"X-{i}: a" for i in range(2000)])) == 431
    assert raw_status(head(extra=[f"X-{i}: a" for i in range(120)])) == 431
    assert raw_status(head(path="/" + "a" * 20_000)) == 414


def case_06_chunks():
    chunked = head(extra=["Transfer-Encoding: chunked"])
    assert raw_status(chunked + b"-1\r\nabc\r\n0\r\n\r\n") == 400
    assert raw_status(chunked + b"ffffffffffffffffff\r\nabc\r\n") == 400
    assert raw_status(chunked + b"zz\r\nabc\r\n") == 400
    assert raw_status(chunked + b"1;" + b"x" * 100_000 + b"\r\na\r\n0\r\n\r\n") in (400, 431)
    assert raw_status(chunked + b"7fffffffffffffff\r\n" + b"a" * 100_000) == 413
    body = json.dumps(completion()).encode()
    good = b"".join(b"%x\r\n%c\r\n" % (1, c) for c in body) + b"0\r\n\r\n"
    assert raw_status(head(extra=["Transfer-Encoding: chunked", "Connection: close"]) + good) == 200
    endless = 0
    with server.connect() as s:
        s.sendall(chunked)
        try:
            for _ in range(2000):
                s.sendall(b"8000\r\n" + b"a" * 0x8000 + b"\r\n")
                endless += 0x8000
        except OSError:
            pass
        answer = read_all(s)
    # Buffers of the kernel take some more than the 8 MB that are read.
    assert endless < 40 << 20 and (answer == b"" or status_of(answer) == 413), (endless, answer[:100])
    assert raw_status(head(extra=["Content-Length: 99999999999"])) == 413
    assert raw_status(head(extra=["Content-Length: 99999999999999999999999"])) == 400


def case_07_compressed_bodies():
    for coding in ("gzip", "deflate", "br", "gzip, identity"):
        assert raw_status(head(extra=["Content-Encoding: " + coding, "Content-Length: 5"]) + b"xxxxx") == 415


def case_08_smuggling():
    body = b'{"prompt":"A","max_tokens":1}'
    length = f"Content-Length: {len(body)}"
    for extra in (
        [length, "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip"],
        ["Transfer-Encoding: chunked, gzip"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: xchunked"],
        ["Content-Length: 2, 2"],
        ["Content-Length: 29", "Content-Length: 30"],
        ["Content-Length: +2"],
        ["Content-Length: -1"],
        ["Content-Length: 0x2"],
        [length, "X-Folded: a\r\n b"],
        [length, "Host: localhost"],
        [length, "X Space: a"],
        [length, "X-Nul: a\0b"],
    ):
        answer = server.raw(head(extra=extra) + body)
        assert status_of(answer) == 400 and b"Connection: close" in answer, (extra, answer[:300])
        assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert raw_status(head(host=None, extra=[length]) + body) == 400
    assert raw_status(head(version="1.0", extra=["Transfer-Encoding: chunked"]) + b"0\r\n\r\n") == 400
    assert raw_status(head(version="2.0", extra=[length]) + body) in (400, 505)
    assert raw_status(b"POST " + COMPLETIONS.encode() + b" HTTP/1.1\nHost: localhost\n\n") in (400, 408)
    assert status_of(server.raw(head(version="1.0", host=None, extra=[length]) + body)) in (200, 403)
    assert server.get("/health")[0] == 200


def case_09_slow_clients():
    with Server(PROGRAM, "--timeout", "2") as slow:
        start = time.monotonic()
        sockets = []
        for i in range(100):
            s = slow.connect()
            s.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n" if i % 2 else head(extra=["Content-Length: 100"]) + b"{")
            sockets.append(s)
        worst = 0
        while time.monotonic() - start < 1.5:
            for s in sockets:
                s.sendall(b"a")
            before = time.monotonic()
            assert slow.get("/health")[0] == 200
            worst = max(worst, time.monotonic() - before)
            time.sleep(0.2)
        assert worst < 0.25, worst
        answers = [read_all(s) for s in sockets]
        assert all(status_of(a) == 408 for a in answers), [status_of(a) for a in answers]
        assert time.monotonic() - start < 15
        for s in sockets:
            s.close()
        # A reader that takes nothing: its text is cancelled, and others are answered.
        s = slow.connect()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        body = json.dumps(completion(max_tokens=240, n=8, stream=True, logprobs=20)).encode()
        s.sendall((head(extra=[f"Content-Length: {len(body)}"]) + body) * 20)
        time.sleep(0.5)
        status, answer = slow.post(COMPLETIONS, completion())
        assert status == 200, answer
        assert wait_for(lambda: slow.metric("constformer:num_requests_running") == 0)
        assert wait_for(lambda: slow.metric("constformer:connections") == 1, 10)
        s.close()


def case_10_schemas():
    def schema(inside):
        return chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": inside}})

    refused(CHAT, schema({"type": "string", "pattern": "^*"}), "response_format")
    refused(CHAT, schema({"type": "string", "pattern": "(" * 60_000}), "response_format")
    refused(COMPLETIONS, completion(grammar="(" * 60_000), "grammar")
    refused(COMPLETIONS, completion(guided_regex="(" * 60_000), "guided_regex")
    refused(CHAT, chat(response_format={"type": "nothing"}), "response_format")
    refused(CHAT, chat(response_format="json"), "response_format")


def case_11_tools():
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "nonsense"}}}
    refused(CHAT, chat(tools=[tool]), "tools")
    refused(CHAT, chat(tools="x"), "tools")
    refused(CHAT, chat(tools=[{"type": 5}]), "tools")


def case_12_prompts():
    for prompt in ([], [-1], [65], [2**40], [0.5], [[]], [["a"]], 5, {"a": 1}, [None], [0, "a"], ["a", 0]):
        refused(COMPLETIONS, completion(prompt=prompt), "prompt")
    refused(COMPLETIONS, {"max_tokens": 4}, "prompt")
    refused(COMPLETIONS, completion(prompt=["a"] * 1025), "prompt")
    refused(COMPLETIONS, completion(prompt="a" * 500_000), "prompt")
    refused(COMPLETIONS, completion(stop_token_ids=[65]), "stop_token_ids")
    for _ in range(3):  # three in a row stopped llama-server once
        refused(COMPLETIONS, completion(prompt="a" * 257), "prompt")
    assert server.post(COMPLETIONS, completion())[0] == 200
    for messages in ([], "x", [{}], [{"role": "x", "content": "a"}], [{"role": "user"}], [{"role": "user", "content": [{"type": "image_url"}]}],
                     [{"role": "user", "content": 5}], [5]):
        refused(CHAT, chat(messages=messages), "messages")


def case_13_biases():
    refused(COMPLETIONS, completion(logit_bias={str(i): 1 for i in range(10**5)}), "logit_bias")
    refused(COMPLETIONS, completion(logit_bias={str(i): -100 for i in range(65)}), "logit_bias")
    for bias in ({"65": 1}, {"-1": 1}, {"a": 1}, {"1": "x"}, {"1": None}, {" 1": 1}, [1], 5):
        refused(COMPLETIONS, completion(logit_bias=bias), "logit_bias")
    assert server.request("POST", COMPLETIONS, '{"prompt":"A","logit_bias":{"1":NaN}}')[0] == 400
    assert server.post(COMPLETIONS, completion(logit_bias={"1": 200, "2": -200}))[0] == 200


def case_14_stops():
    for stop in (["a"] * 10**4, [""], "", ["a", ""], 5, [5], {"a": 1}, "x" * 10_000):
        refused(COMPLETIONS, completion(stop=stop), "stop")


def case_15_templates_are_fixed():
    refused(CHAT, chat(chat_template="{{ 1 }}"), "chat_template")
    refused(CHAT, chat(chat_template_kwargs={"tokenize": True}), "chat_template_kwargs")
    assert server.post(CHAT, chat(chat_template_kwargs={}))[0] == 200


def case_16_special_tokens_stay_text():
    # Vocabularies that have any: check_formats.py. This one does not even know the letters.
    refused("/tokenize", {"content": "</s><s>"}, "content")
    refused(CHAT, chat(messages=[{"role": "user", "content": "</s>"}]), "messages")


def stats():
    return server.metric("constformer:num_requests_running"), server.metric("constformer:num_requests_waiting")


def idle():
    return wait_for(lambda: stats() == (0, 0))


def case_17_disconnects():
    long = json.dumps(completion(max_tokens=250, n=8, ignore_eos=True)).encode()
    streamed = json.dumps(completion(max_tokens=250, n=8, ignore_eos=True, stream=True)).encode()
    expected = server.post(COMPLETIONS, completion(max_tokens=100, temperature=0))[1]["choices"]
    others = []
    worker = threading.Thread(target=lambda: others.append(server.post(COMPLETIONS, completion(max_tokens=100, temperature=0))[1]))
    sockets = []
    for i in range(24):
        s = server.connect()
        body = streamed if i % 2 else long
        s.sendall(head(extra=[f"Content-Length: {len(body)}"]) + body)
        sockets.append(s)
    worker.start()
    for i, s in enumerate(sockets):
        if i % 3 == 0:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST
        s.close()
    worker.join()
    assert others[0]["choices"] == expected
    assert idle(), stats()
    # A client that has sent one byte of its next request and goes is seen, too.
    s = server.connect()
    s.sendall(head(extra=[f"Content-Length: {len(long)}"]) + long + b"P")
    time.sleep(0.05)
    s.close()
    assert idle()


def case_18_salts_and_hosts():
    a = server.post(COMPLETIONS, completion(cache_salt="a", temperature=0))[1]["choices"]
    b = server.post(COMPLETIONS, completion(cache_salt="b", temperature=0))[1]["choices"]
    assert a == b
    refused(COMPLETIONS, completion(cache_salt=5), "cache_salt")

    def cached(to, salt=None, key=None):
        body = completion(prompt="Come, let us probe what others asked. " * 3, **({"cache_salt": salt} if salt else {}))
        status, answer = to.post(COMPLETIONS, body, {"Authorization": "Bearer " + key} if key else {})
        assert status == 200, answer
        return answer["usage"]["prompt_tokens_details"]["cached_tokens"]

    assert cached(server, "mine") == 0 and cached(server, "mine") > 32
    assert cached(server, "yours") == 0 and cached(server) == 0 and cached(server) > 32
    with Server(PROGRAM, "--api-key", "one", "--api-key", "two") as s:
        assert cached(s, key="one") == 0 and cached(s, key="one") > 32 and cached(s, key="two") == 0
        assert cached(s, "mine", "one") == 0 and cached(s, "mine", "two") == 0
    # DNS rebinding: a page's own name for 127.0.0.1.
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", ""):
        assert status_of(server.raw(head("GET", "/v1/models", host=host or " ", extra=["Connection: close"]))) in (400, 403), host
    for host in ("localhost", "localhost:8080", "127.0.0.1:1", "[::1]:9"):
        assert status_of(server.raw(head("GET", "/v1/models", host=host, extra=["Connection: close"]))) == 200, host
    # What a page may send without asking is no JSON; and nobody is told that it may ask.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert server.request("POST", COMPLETIONS, "{}", {"Content-Type": kind})[0] == 415
    status, headers, _ = server.request("OPTIONS", COMPLETIONS, None, {"Origin": "http://evil.example"})
    assert status == 204 and not any(h.lower().startswith("access-control") for h in headers)


def case_19_keys_and_echoes():
    keys = os.path.join(FOLDER, "keys")
    with open(keys, "w") as f:
        f.write("first-key\nsecond-key\n")
    with Server(PROGRAM, "--api-key-file", keys, "--cors", "https://page.example") as s:
        for path in ("/v1/models", "/metrics", "/slots", "/props", "/version"):
            assert s.get(path, {})[0] == 401 if path != "/metrics" else s.request("GET", path)[0] == 401
            for key in ("first-key", "second-key"):
                assert s.request("GET", path, None, {"Authorization": "Bearer " + key})[0] == 200
                assert s.request("GET", path, None, {"X-Api-Key": key})[0] == 200
            for key in ("", "first-ke", "first-keyy", "second", "first-key second-key", "\xff"):
                assert s.request("GET", path, None, {"Authorization": "Bearer " + key})[0] == 401
        for path in ("/tokenize", "/detokenize", COMPLETIONS, CHAT, "/completion", "/apply-template"):
            assert s.request("POST", path, "{}")[0] == 401, path
        assert s.get("/health")[0] == 200 and s.request("OPTIONS", COMPLETIONS)[0] == 204
        assert s.request("OPTIONS", COMPLETIONS)[1]["Access-Control-Allow-Origin"] == "https://page.example"
        assert s.get("/nothing")[0] == 404
    error = refused(COMPLETIONS, {"prompt": "A", "m" * 100_000: 5}, "m" * 1000)
    assert len(json.dumps(error)) < 3000
    assert len(server.request("GET", "/" + "a" * 7000)[2]) < 1000
    assert server.request("GET", "/health", None, {"X-Request-Id": "abc-1"})[1]["X-Request-Id"] == "abc-1"
    assert server.request("GET", "/health", None, {"X-Request-Id": "a b\tc"})[1]["X-Request-Id"] != "a b\tc"


def case_20a_queue_is_bounded():
    with Server(PROGRAM, "--queue", "4", "--parallel", "2") as s:
        results, lock = [], threading.Lock()

        def ask():
            status, headers, _ = s.request("POST", COMPLETIONS, completion(max_tokens=250, n=2, ignore_eos=True))
            with lock:
                results.append((status, "Retry-After" in headers))

        threads = [threading.Thread(target=ask) for _ in range(64)]
        for t in threads:
            t.start()
        time.sleep(0.02)
        before = time.monotonic()
        assert s.get("/health")[0] == 200
        assert time.monotonic() - before < 0.25
        for t in threads:
            t.join()
        assert {r for r in results} <= {(200, False), (503, True)} and (503, True) in results and (200, False) in results
        assert s.metric("constformer:admission_rejections_total") >= 1


def case_20a_so_are_the_tokens_of_its_prompts():
    with Server(PROGRAM, "--queue-tokens", "300", "--parallel", "1") as s:
        got, lock = [], threading.Lock()

        def ask():
            status, _, data = s.request("POST", COMPLETIONS, completion(prompt="A" * 100, max_tokens=150, ignore_eos=True))
            with lock:
                got.append((status, b"tokens already" in data))

        threads = [threading.Thread(target=ask) for _ in range(24)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert set(got) == {(200, False), (503, True)}, got


def case_20b_no_file_descriptors():
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

    with Server(PROGRAM, preexec=few) as s:
        held = [s.connect() for _ in range(80)]
        time.sleep(0.5)
        for h in held:
            h.close()
        assert wait_for(lambda: s.request("GET", "/health", timeout=5)[0] == 200)


def case_20c_sigterm_lets_requests_end():
    with Server(PROGRAM) as s:
        text = s.post(COMPLETIONS, completion(max_tokens=250, n=8, ignore_eos=True, seed=5))[1]["choices"]
        got = []
        clients = [threading.Thread(target=lambda: got.append(s.post(COMPLETIONS, completion(max_tokens=250, n=8, ignore_eos=True, seed=5)))) for _ in range(8)]
        for c in clients:
            c.start()
        assert wait_for(lambda: s.metric("constformer:num_requests_running") + s.metric("constformer:num_requests_waiting") > 0)
        s.process.send_signal(signal.SIGTERM)
        for c in clients:
            c.join()
        assert s.process.wait(30) == 0
        assert all(status in (200, 503) for status, _ in got) and any(status == 200 for status, _ in got), [g[0] for g in got]
        assert all(answer["choices"] == text for status, answer in got if status == 200)


def case_20d_sigterm_cuts_streams_with_an_error():
    with Server(PROGRAM, "--drain", "0") as s:
        streams = []
        body = json.dumps(completion(max_tokens=250, n=8, ignore_eos=True, stream=True, logprobs=20)).encode()
        for _ in range(12):
            c = s.connect()
            c.sendall(head(extra=[f"Content-Length: {len(body)}"]) + body)
            streams.append(c)
        assert streams[0].recv(100)
        s.process.send_signal(signal.SIGTERM)
        answers = [read_all(c) for c in streams]
        assert s.process.wait(30) == 0
        for answer in answers:
            whole = answer.endswith(b"0\r\n\r\n")
            told = b'"error"' in answer
            assert whole != told or answer == b"", answer[-300:]
        assert any(b'"error"' in a for a in answers)


def case_20e_second_signal_ends():
    with Server(PROGRAM) as s:
        c = s.connect()
        body = json.dumps(completion(max_tokens=250, n=8, ignore_eos=True)).encode()
        for _ in range(50):
            extra = s.connect()
            extra.sendall(head(extra=[f"Content-Length: {len(body)}"]) + body)
            streams_held.append(extra)
        time.sleep(0.01)
        s.process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        s.process.send_signal(signal.SIGTERM)
        assert s.process.wait(10) in (0, 128 + signal.SIGTERM)
        c.close()


def case_20f_large_damaged_weights():
    # More than 32 MiB are checked while the first pass reads them, not before anybody is let in.
    made = byte_model.write(os.path.join(FOLDER, "large_model"), says=["a", "b"], width=512, layers=4)
    program = harness.build(COMMAND, made, os.path.join(FOLDER, "large"), "--weights", "beside")
    folder = os.path.join(FOLDER, "large_damaged")
    os.makedirs(folder, exist_ok=True)
    shutil.copy(program, os.path.join(folder, "large"))
    with open(program + ".weights", "rb") as f:
        packed = bytearray(f.read())
    assert len(packed) > 32 << 20
    packed[len(packed) // 2] ^= 1
    with open(os.path.join(folder, "large.weights"), "wb") as f:
        f.write(packed)
    with Server(os.path.join(folder, "large")) as s:
        assert s.get("/health") == (200, {"status": "ok"})  # nobody has read them
        for _ in range(3):
            status, answer = s.post(COMPLETIONS, {"prompt": "a", "max_tokens": 4})
            assert status in (500, 503) and "choices" not in answer and "damaged" in answer["error"]["message"], answer
            assert wait_for(lambda: s.get("/health") == (503, {"status": "damaged weights"}), 2)
    with Server(program) as s:  # the same, undamaged
        assert s.post(COMPLETIONS, {"prompt": "a", "max_tokens": 1})[1]["choices"][0]["text"] == "b"
        assert s.get("/health")[0] == 200


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def goes_on_without_a_log(errors, preexec=None):
    s = Server(PROGRAM)
    s.port = free_port()
    s.process = subprocess.Popen([PROGRAM, "serve", "--port", str(s.port)], stderr=errors, preexec_fn=preexec)
    try:
        def answers():
            try:
                return s.get("/health")[0] == 200
            except OSError:
                return False

        assert wait_for(answers)
        if errors == subprocess.PIPE:
            s.process.stderr.close()  # whoever read the log is gone
        for _ in range(30):
            assert s.post(COMPLETIONS, completion(max_tokens=3))[0] == 200
        assert s.terminate() == 0
    finally:
        s.process.kill()


def case_20g_logs_that_cannot_be_written():
    with open("/dev/full", "w") as full:  # a full disk
        goes_on_without_a_log(full)
    with open(os.path.join(FOLDER, "short.log"), "w") as short:
        goes_on_without_a_log(short, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
    goes_on_without_a_log(subprocess.PIPE)


streams_held = []


def sequences_of_fuzz():
    """Requests that are nearly right, one after the other on the same connections."""
    import random

    rng = random.Random(7)
    values = [None, True, -1, 0, 1, 2**31, 2**63, 1.5, 1e308, "", "a", "\x00", [], {}, [0], ["a"], {"type": "json_object"}, [[0, 1]], {"0": 1}]
    names = ["prompt", "max_tokens", "n", "stop", "stream", "stream_options", "temperature", "top_p", "top_k", "min_p", "logprobs", "echo",
             "logit_bias", "seed", "response_format", "ignore_eos", "min_tokens", "stop_token_ids", "suffix", "best_of", "user", "model", "priority"]
    for _ in range(600):
        body = completion(**{rng.choice(names): rng.choice(values) for _ in range(rng.randrange(1, 4))})
        status, _, data = server.request("POST", COMPLETIONS, body)
        assert status in (200, 400, 404), (status, body, data)
    assert idle()


def memory_stays():
    before = server.memory()
    for _ in range(300):
        server.post(COMPLETIONS, completion(max_tokens=20))
        server.request("POST", COMPLETIONS, "{")
    assert server.memory() - before < 8 << 20, (before, server.memory())


CASES = [v for k, v in list(globals().items()) if k.startswith("case_") or k in ("sequences_of_fuzz", "memory_stays")]
with Server(PROGRAM) as server:
    harness.run_cases(CASES, sys.argv[3:])
