"""check_page.py COMMAND FOLDER: the page of `/` in headless Chromium: types a text and reads what comes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import harness

CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome")) if p), None)
if not CHROMIUM:
    print("no Chromium")
    sys.exit(77)

COMMAND, FOLDER = sys.argv[1:3]


class Browser:
    """Chromium's DevTools protocol through a pair of pipes."""

    def __enter__(self):
        self.profile = tempfile.mkdtemp()
        self.read_end, theirs_out = os.pipe()
        theirs_in, self.write_end = os.pipe()

        def wire():
            # First out of the way of 3 and 4, which Chromium reads from and writes to.
            a, b = os.dup(theirs_in), os.dup(theirs_out)
            a, b = (os.dup2(a, 50), os.dup2(b, 51))
            os.dup2(a, 3)
            os.dup2(b, 4)
            os.set_inheritable(3, True)
            os.set_inheritable(4, True)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
             "--user-data-dir=" + self.profile, "about:blank"],
            preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.number, self.rest, self.events = 0, b"", []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    session = None

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(self.read_end, 65536)
            if not more:
                raise AssertionError("Chromium ended")
            self.rest += more
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, expression, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.evaluate(expression):
                return
            time.sleep(0.1)
        raise AssertionError(expression + " did not come true; log: " + str(self.evaluate("document.body.innerText")))

    def type(self, text):
        self.evaluate("document.getElementById('text').focus()")
        self.call("Input.insertText", text=text)

    def press_enter(self):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r" if kind == "keyDown" else "")


def chats():
    with harness.Server(harness.shakespeare(COMMAND, FOLDER)) as server, Browser() as b:
        b.call("Page.navigate", url=server.url + "/")
        b.wait("document.querySelector('#modes input') !== null")
        assert b.evaluate("document.getElementById('name').textContent") == "shakespeare"
        b.evaluate("document.getElementById('temperature').value = 0; document.getElementById('tokens').value = 30")
        b.type("Good morrow")
        b.press_enter()
        b.wait("document.getElementById('rate').textContent.includes('+ 30 tokens')")
        answer = server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Good morrow"}], "temperature": 0, "max_tokens": 30})[1]
        told = b.evaluate("[...document.querySelectorAll('.token')].map(e => e.textContent).join('')")
        assert told == answer["choices"][0]["message"]["content"], told
        assert "tokens/s" in b.evaluate("document.getElementById('rate').textContent")
        assert "%" in b.evaluate("document.querySelector('.token').title")
        b.evaluate("document.querySelector('#modes input[value=complete]').click()")
        b.type("ROMEO:")
        b.evaluate("document.getElementById('go').click()")
        b.wait("document.querySelectorAll('.token').length === 30 && !document.getElementById('go').disabled")
        text = server.post("/v1/completions", {"prompt": "ROMEO:", "temperature": 0, "max_tokens": 30})[1]["choices"][0]["text"]
        assert b.evaluate("document.getElementById('log').textContent") == "ROMEO:" + text
        own = server.url + "/"
        for event in b.events:  # nothing comes from elsewhere, and nothing goes wrong
            if event.get("method") == "Network.requestWillBeSent":
                assert event["params"]["request"]["url"].startswith(own), event["params"]["request"]["url"]
            assert event.get("method") != "Runtime.exceptionThrown", event
            if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
                assert "favicon" in event["params"]["entry"].get("url", ""), event


harness.run_cases([chats])
