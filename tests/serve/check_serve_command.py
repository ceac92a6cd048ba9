"""check_serve_command.py COMMAND FOLDER: `constformer serve PATH` builds once and serves; what it is told is handed on."""

import json
import os
import shutil
import subprocess
import sys
import time

import harness

COMMAND, FOLDER = sys.argv[1:3]
CACHE = os.path.join(FOLDER, "cache")


def start(*options):
    env = {**os.environ, "XDG_CACHE_HOME": CACHE}
    process = subprocess.Popen([COMMAND, "serve", os.path.join(harness.SOURCE, "models/sort"), *options], stderr=subprocess.PIPE, text=True, env=env)
    for line in process.stderr:
        if '"listening"' in line:
            return process, int(json.loads(line)["url"].rsplit(":", 1)[1])
    process.kill()
    raise AssertionError("it did not start")


def ended(process):
    process.terminate()
    try:
        return process.wait(20)
    finally:
        process.kill()


def ask(port):
    import http.client

    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    c.request("POST", "/v1/completions", json.dumps({"prompt": "CBABBC", "max_tokens": 6, "temperature": 0}), {"Content-Type": "application/json"})
    return json.loads(c.getresponse().read())["choices"][0]["text"]


def builds_once():
    shutil.rmtree(CACHE, ignore_errors=True)
    for attempt in range(2):
        before = time.monotonic()
        process, port = start("--port", "0", "--parallel", "2")
        took = time.monotonic() - before
        try:
            text = ask(port)
        finally:
            status = ended(process)
        assert text == "ABBBCC" and status == 0, (text, status)
        if attempt == 1:
            assert took < 2, took
    assert len(os.listdir(os.path.join(CACHE, "constformer"))) == 1
    process, port = start("--port", "0", "--dtype", "bf16")  # another program
    assert ended(process) == 0
    assert len(os.listdir(os.path.join(CACHE, "constformer"))) == 2


def mistakes_are_told():
    env = {**os.environ, "XDG_CACHE_HOME": CACHE}
    for words, status in ((["serve", "/nowhere"], 1), (["serve"], 2), (["serve", os.path.join(harness.SOURCE, "models/sort"), "--nonsense"], 2)):
        assert subprocess.run([COMMAND, *words], capture_output=True, env=env).returncode == status, words


def damaged_weights_are_told():
    program = harness.build(COMMAND, os.path.join(harness.SOURCE, "models/sort"), os.path.join(FOLDER, "beside"), "--weights", "beside")
    weights = program + ".weights"
    data = bytearray(open(weights, "rb").read())
    data[len(data) // 3] ^= 1
    os.makedirs(os.path.join(FOLDER, "damaged"), exist_ok=True)
    shutil.copy(program, os.path.join(FOLDER, "damaged", "beside"))
    with open(os.path.join(FOLDER, "damaged", "beside.weights"), "wb") as f:
        f.write(data)
    done = subprocess.run([os.path.join(FOLDER, "damaged", "beside"), "serve", "--port", "0"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "damaged" in done.stderr, done  # small ones are checked before anybody is let in


os.makedirs(FOLDER, exist_ok=True)
harness.run_cases([builds_once, mistakes_are_told, damaged_weights_are_told])
