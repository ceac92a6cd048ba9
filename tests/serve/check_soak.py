"""check_soak.py COMMAND FOLDER [SECONDS]: twice as many clients as there is room for, half of which read half and go,
and SIGTERM in the middle; nothing is lost, kept or changed, and /health answers."""

import json
import random
import signal
import struct
import socket
import subprocess
import sys
import threading
import time

import harness
from harness import wait_for

COMMAND, FOLDER = sys.argv[1:3]
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 60
PROGRAM = harness.shakespeare(COMMAND, FOLDER)
PARALLEL, QUEUE = 4, 12
CLIENTS = 2 * (PARALLEL + QUEUE)
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


# Asks for /health as long as there is one, in a process of its own: this one's threads take turns. Prints seconds.
PROBE = """
import sys, time, http.client
took = []
while True:
    before = time.monotonic()
    try:
        c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
        c.request("GET", "/health")
        status = c.getresponse().status
    except OSError:
        break
    took.append(time.monotonic() - before)
    if status != 200:
        break
    time.sleep(0.02)
print(*took)
"""


def start_clients(server, expected, counts, until):
    threads = [threading.Thread(target=client, args=(i, server, expected, counts, until)) for i in range(CLIENTS)]
    for t in threads:
        t.start()
    return threads


def join(threads):
    for t in threads:
        t.join()


def soak():
    with harness.Server(PROGRAM, "--parallel", str(PARALLEL), "--queue", str(QUEUE), "--connections", "200") as server:
        expected = [essence(server.post("/v1/completions", r)[1]) for r in REQUESTS]
        counts = {"good": 0, "refused": 0, "dropped": 0, "cut": 0, "lost": [], "changed": []}
        probe = subprocess.Popen([sys.executable, "-c", PROBE, str(server.port)], stdout=subprocess.PIPE, text=True)
        load = 0.8 * SECONDS
        threads = start_clients(server, expected, counts, [time.monotonic() + load, False])
        time.sleep(load / 4)
        early = server.memory()
        join(threads)
        late = server.memory()
        assert counts["good"] > 20 and counts["dropped"] > 20 and counts["refused"] > 20 and counts["cut"] == 0, counts
        assert late - early < 16 << 20, (early, late)
        idle = lambda name: wait_for(lambda: server.metric("constformer:" + name) == 0)  # noqa: E731
        assert idle("num_requests_running") and idle("num_requests_waiting") and idle("kv_blocks_used")
        # SIGTERM in the middle: whoever was let in gets an answer.
        until = [time.monotonic() + SECONDS - load, False]
        good = counts["good"]
        threads = start_clients(server, expected, counts, until)
        time.sleep((SECONDS - load) / 2)
        until[1] = True
        server.process.send_signal(signal.SIGTERM)
        join(threads)
        assert server.process.wait(40) == 0
        health = sorted(float(s) for s in probe.communicate()[0].split())
        worst = health[len(health) * 99 // 100]
        print({k: v if isinstance(v, int) else len(v) for k, v in counts.items()},
              f"/health {worst * 1e3:.0f} ms at the 99th percentile of {len(health)}, {health[-1] * 1e3:.0f} at worst; memory {early >> 20} and {late >> 20} MB")
        assert counts["good"] > good
        assert not counts["lost"], counts["lost"][:3]
        assert not counts["changed"], counts["changed"][:3]
        assert worst < 0.05 and health[-1] < 1  # tests beside this one have the processors, too


harness.run_cases([soak])
