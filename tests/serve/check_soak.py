"""check_soak.py COMMAND FOLDER [SECONDS]: clients that come, read half and go; nothing is lost, kept or changed."""

import json
import random
import signal
import struct
import socket
import sys
import threading
import time

import harness
from harness import wait_for

COMMAND, FOLDER = sys.argv[1:3]
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 20
PROGRAM = harness.shakespeare(COMMAND, FOLDER)
CLIENTS = 32
REQUESTS = [
    {"prompt": "ROMEO:", "max_tokens": 40, "temperature": 0},
    {"prompt": "KING HENRY:\nWhat say you", "max_tokens": 60, "seed": 3, "n": 2},
    {"prompt": "x" * 150, "max_tokens": 80, "seed": 5, "logprobs": 2},
    {"prompt": ["JULIET:", "NURSE:"], "max_tokens": 20, "seed": 9, "stop": "\n"},
    {"prompt": "KING HENRY:\nWhat say you", "max_tokens": 100, "seed": 4, "top_k": 5, "presence_penalty": 1},
]


def essence(answer):
    return [(c["index"], c["text"], c["logprobs"], c["finish_reason"]) for c in sorted(answer["choices"], key=lambda c: c["index"])]


def streamed(data):
    """The choices of a stream that ended well, or None."""
    lines = data.decode("utf-8", errors="replace").split("\n")
    if "data: [DONE]" not in lines or '"error"' in data.decode("utf-8", errors="replace"):
        return None
    texts, ends = {}, {}
    for line in lines:
        if line.startswith("data: {"):
            for c in json.loads(line[6:])["choices"]:
                texts[c["index"]] = texts.get(c["index"], "") + c["text"]
                ends[c["index"]] = c["finish_reason"] or ends.get(c["index"])
    return [(i, texts[i], ends[i]) for i in sorted(texts)]


def client(number, server, expected, counts, until):
    rng = random.Random(number)
    while time.monotonic() < until[0]:
        which = rng.randrange(len(REQUESTS))
        stream = rng.random() < 0.5
        body = json.dumps({**REQUESTS[which], "stream": stream})
        if number % 2:  # this half goes away in the middle
            try:
                with server.connect() as s:
                    s.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body.encode()))
                    time.sleep(rng.random() * 0.02)
                    if stream and rng.random() < 0.5:
                        s.settimeout(2)
                        s.recv(200)
                    if rng.random() < 0.5:
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
            counts["dropped"] += 1
            continue
        try:
            status, headers, data = server.request("POST", "/v1/completions", body, timeout=60)
        except Exception as problem:  # noqa: BLE001
            if until[1]:
                counts["refused"] += 1  # after SIGTERM nobody listens any more
                continue
            counts["lost"].append(repr(problem))
            continue
        if status == 503:
            counts["refused"] += 1
            assert "Retry-After" in headers
            time.sleep(0.01)
        elif status == 200 and stream:
            got = streamed(data)
            if got is None:
                counts["cut"] += 1
            elif got != [(i, t, e) for i, t, _, e in expected[which]]:
                counts["changed"].append((which, got))
            else:
                counts["good"] += 1
        elif status == 200:
            if essence(json.loads(data)) != expected[which]:
                counts["changed"].append((which, data[:300]))
            else:
                counts["good"] += 1
        else:
            counts["lost"].append((status, data[:200]))


def soak():
    with harness.Server(PROGRAM, "--parallel", "4", "--queue", "12", "--connections", "200") as server:
        expected = [essence(server.post("/v1/completions", r)[1]) for r in REQUESTS]
        counts = {"good": 0, "refused": 0, "dropped": 0, "cut": 0, "lost": [], "changed": []}
        until = [time.monotonic() + SECONDS, False]
        threads = [threading.Thread(target=client, args=(i, server, expected, counts, until)) for i in range(CLIENTS)]
        for t in threads:
            t.start()
        time.sleep(SECONDS / 4)
        early, worst = server.memory(), 0
        while time.monotonic() < until[0]:
            before = time.monotonic()
            assert server.get("/health")[0] == 200
            worst = max(worst, time.monotonic() - before)
            time.sleep(0.05)
        for t in threads:
            t.join()
        late = server.memory()
        print({k: v if isinstance(v, int) else len(v) for k, v in counts.items()}, f"health within {worst * 1e3:.0f} ms, memory {early >> 20} and {late >> 20} MB")
        assert not counts["lost"], counts["lost"][:3]
        assert not counts["changed"], counts["changed"][:3]
        assert counts["good"] > 20 and counts["dropped"] > 20 and counts["cut"] == 0
        assert late - early < 16 << 20
        assert worst < 0.5  # the clients of this test share the processors with it
        assert wait_for(lambda: server.metric("constformer:num_requests_running") == 0 and server.metric("constformer:num_requests_waiting") == 0)
        assert server.metric("constformer:kv_blocks_used") <= server.metric("constformer:kv_blocks")
        # SIGTERM in the middle: whoever was let in gets an answer.
        until[0], until[1] = time.monotonic() + 3, False
        threads = [threading.Thread(target=client, args=(2 * i, server, expected, counts, until)) for i in range(8)]
        for t in threads:
            t.start()
        time.sleep(0.5)
        until[1] = True
        server.process.send_signal(signal.SIGTERM)
        for t in threads:
            t.join()
        assert server.process.wait(40) == 0
        assert not counts["changed"] and not counts["lost"], (counts["changed"][:3], counts["lost"][:3])


harness.run_cases([soak])
