"""check_threads.py PROGRAM: clients of many kinds at once at a program that the build tree made, sanitizers and all; a race
or a fault that these see ends it with another code than 0."""

import http.client
import json
import random
import signal
import socket
import sys
import threading
import time

import harness

PROGRAM = sys.argv[1]
SECONDS = 5
REQUESTS = [
    {"prompt": [1, 5, 7], "max_tokens": 8, "temperature": 0},
    {"prompt": [9], "max_tokens": 6, "seed": 3, "n": 3, "logprobs": 2},
    {"prompt": [[1, 2], [3, 4, 5]], "max_tokens": 12, "seed": 4, "top_k": 5, "presence_penalty": 1},
    {"prompt": [4, 5, 6, 7, 8], "max_tokens": 10, "seed": 5, "echo": True, "logprobs": 1},
]
WRONG = [{"prompt": [1], "max_tokens": 10**9}, {"prompt": []}, {"prompt": [10**6]}, {"prompt": [1], "n": 99}]


def essence(answer):
    return sorted((c["index"], c["text"], json.dumps(c["logprobs"]), c["finish_reason"]) for c in answer["choices"])


def client(number, server, expected, problems, until):
    rng = random.Random(number)
    while time.monotonic() < until[0]:
        kind = rng.randrange(6)
        which = rng.randrange(len(REQUESTS))
        try:
            if kind < 2:
                status, answer = server.post("/v1/completions", REQUESTS[which])
                if status == 200 and essence(answer) != expected[which]:
                    problems.append(("changed", which, answer))
                elif status not in (200, 503):
                    problems.append((status, answer))
            elif kind == 2:
                status, _, data = server.request("POST", "/v1/completions", {**REQUESTS[which], "stream": True})
                if status == 200 and not data.endswith(b"data: [DONE]\n\n"):
                    problems.append(("cut", data[-100:]))
            elif kind == 3:  # goes away
                with server.connect() as s:
                    body = json.dumps({**REQUESTS[which], "stream": True}).encode()
                    s.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                    time.sleep(rng.random() * 0.01)
                    if rng.random() < 0.5:
                        s.shutdown(socket.SHUT_RDWR)
            elif kind == 4:
                for path in ("/metrics", "/health", "/slots", "/v1/models", "/props"):
                    server.request("GET", path)
            elif server.post("/v1/completions", rng.choice(WRONG))[0] not in (400, 503):
                problems.append("a wrong request was not refused")
        except http.client.IncompleteRead as cut:  # an error ends a stream without its last chunk
            if not until[1] or b'"error"' not in cut.partial:
                problems.append(("cut", cut.partial[-100:]))
        except OSError as problem:
            if not until[1]:
                problems.append(repr(problem))
        except Exception as problem:  # noqa: BLE001
            problems.append(repr(problem))


def threads():
    with harness.Server(PROGRAM, "--parallel", "4", "--queue", "8", "-t", "2") as server:
        expected = [essence(server.post("/v1/completions", r)[1]) for r in REQUESTS]
        problems, until = [], [time.monotonic() + SECONDS, False]
        clients = [threading.Thread(target=client, args=(i, server, expected, problems, until)) for i in range(12)]
        for t in clients:
            t.start()
        time.sleep(SECONDS * 0.8)
        until[1] = True
        server.process.send_signal(signal.SIGTERM)
        for t in clients:
            t.join()
        assert not problems, str(problems[:3])[:1000]
        code = server.process.wait(60)
        server.reader.join(5)
        assert code == 0, (code, "".join(line for line in server.log if not line.startswith("{"))[:5000])


harness.run_cases([threads])
