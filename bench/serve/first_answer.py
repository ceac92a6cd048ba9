"""first_answer.py MODEL [OPTION...]: milliseconds from the start of `MODEL serve` to the whole answer to its first request,
a token behind a prompt of four. A line of JSON."""

import json
import re
import socket
import subprocess
import sys
import time

BODY = json.dumps({"prompt": [1, 400, 500, 600], "max_tokens": 1, "temperature": 0})
REQUEST = (
    "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n{BODY}"
).encode()

start = time.monotonic()
server = subprocess.Popen([sys.argv[1], "serve", "--port", "0", *sys.argv[2:]], stderr=subprocess.PIPE)
for line in server.stderr:
    if found := re.search(rb"http://[^\"]*:(\d+)", line):
        break
listening = time.monotonic()
with socket.create_connection(("127.0.0.1", int(found[1]))) as s:
    s.sendall(REQUEST)
    answer = b""
    while more := s.recv(65536):
        answer += more
end = time.monotonic()
server.kill()
assert b" 200 " in answer[:20], answer
print(json.dumps({"listening_ms": round((listening - start) * 1e3, 1), "answered_ms": round((end - start) * 1e3, 1)}))
