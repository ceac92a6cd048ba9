"""Starts programs as servers for the tests of this folder: with nothing but Python's own library."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

SOURCE = os.environ.get("CONSTFORMER_SOURCE", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

# Of the characters that models/shakespeare knows.
CHAT_TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


class Server:
    """A program that serves, for a `with`; `log` is what it wrote to standard error."""

    def __init__(self, program, *options, preexec=None, env=None):
        words = program if isinstance(program, list) else [program, "serve"]
        self.command = [*words, "--port", "0", *options]
        self.env = env
        self.preexec = preexec
        self.log = []

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True, preexec_fn=self.preexec, env=self.env)
        self.port = None
        for line in self.process.stderr:
            self.log.append(line)
            if '"listening"' in line:
                self.url = json.loads(line)["url"]
                self.port = int(self.url.rsplit(":", 1)[1])
                break
            if line.startswith("listening at "):
                self.url = line.split()[-1]
                self.port = int(self.url.rsplit(":", 1)[1])
                break
        if self.port is None:
            raise SystemExit("the server did not start: " + "".join(self.log))
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True)
        self.reader.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def terminate(self, timeout=60):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def request(self, method, path, body=None, headers=None, timeout=60):
        """Status, headers and body; a body that is no string is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), data

    def post(self, path, body, headers=None, timeout=60):
        """Status and the answer, read as JSON."""
        status, _, data = self.request("POST", path, body, headers, timeout)
        return status, json.loads(data)

    def get(self, path, headers=None):
        status, _, data = self.request("GET", path, None, headers)
        return status, json.loads(data)

    def raw(self, data, timeout=20):
        """Everything that comes back for these bytes, until the server ends the connection or falls silent."""
        with self.connect(timeout) as s:
            try:
                s.sendall(data)
            except OSError:
                pass
            return read_all(s)

    def metric(self, name):
        for line in self.request("GET", "/metrics")[2].decode().splitlines():
            if line.split("{")[0].split(" ")[0] == name:
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(name + " is not in /metrics")

    def memory(self):
        """Bytes of its process that are in memory."""
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def read_all(s):
    out = b""
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return out
            out += more
    except OSError:
        return out


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


def build(command, checkpoint, program, *options):
    """Builds a program unless it is there and newer than what it is made of."""
    libraries = os.path.join(os.path.dirname(os.path.dirname(command)))
    inputs = [command] + [
        os.path.join(libraries, name) for name in ("libconstformer_program.a", "libconstformer_serve.a", "libconstformer_runtime.a")
    ]
    if os.path.isdir(checkpoint):
        inputs += [os.path.join(checkpoint, name) for name in os.listdir(checkpoint)]
    newest = max(os.path.getmtime(f) for f in inputs if os.path.exists(f))
    if os.path.exists(program) and os.path.getmtime(program) >= newest:
        return program
    subprocess.run([command, "build", checkpoint, "-o", program, *options], check=True, stderr=subprocess.DEVNULL)
    return program


def shakespeare(command, folder):
    """models/shakespeare with a chat template."""
    os.makedirs(folder, exist_ok=True)
    template = os.path.join(folder, "chat.jinja")
    with open(template, "w") as f:
        f.write(CHAT_TEMPLATE)
    return build(command, os.path.join(SOURCE, "models/shakespeare"), os.path.join(folder, "shakespeare"), "--chat-template", template)


def run_cases(cases, only=None):
    """Runs functions one after the other; ends the process with 1 if one of them fails."""
    failed = 0
    for case in cases:
        if only and case.__name__ not in only:
            continue
        start = time.monotonic()
        try:
            case()
            print(f"ok    {case.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception as problem:  # noqa: BLE001
            import traceback

            traceback.print_exc()
            print(f"FAIL  {case.__name__}: {problem!r}", flush=True)
            failed += 1
    sys.exit(1 if failed else 0)
