"""check_draft.py COMMAND FOLDER [CASE...]: a smaller model in the program guesses tokens, and what comes is the same."""

import concurrent.futures
import json
import os
import subprocess
import sys

import byte_model
import harness

COMMAND, FOLDER = sys.argv[1:3]
os.makedirs(FOLDER, exist_ok=True)
MODEL = byte_model.write(os.path.join(FOLDER, "draft_model"))
SMALL = byte_model.write(os.path.join(FOLDER, "draft_small"), seed=2, width=16, layers=1)
OTHER = byte_model.write(os.path.join(FOLDER, "draft_other"), seed=2, width=16, layers=1, more=[("<extra>", True)])
LOST = byte_model.write(os.path.join(FOLDER, "draft_lost_model"), seed=3, width=16, layers=1, head=5e37)
SHAPE = os.path.join(FOLDER, "draft_shape")  # of the same size, with another word


def requests():
    """Greedy and sampled ones, of text and chat, short and long."""
    out = []
    for seed in range(16):
        body = {"prompt": "ab" * (3 * seed + 1) + str(seed), "max_tokens": 20 + 9 * seed, "seed": seed, "temperature": seed % 3 * 0.4, "logprobs": 2}
        if seed % 4 == 1:
            body |= {"n": 2, "repetition_penalty": 1.2}
        if seed % 4 == 2:
            body |= {"stop": ["e"], "logit_bias": {"65": 3}}
        if seed % 4 == 3:
            body |= {"guided_json": {"type": "array", "items": {"enum": ["red", 3]}, "maxItems": 9}}
        out.append(body)
    return out


def ask(server, body):
    status, answer = server.post("/v1/completions", body)
    assert status == 200, answer
    return [(c["text"], c["finish_reason"], c["logprobs"]) for c in answer["choices"]]


def streamed(server, body):
    data = server.request("POST", "/v1/completions", {**body, "n": 1, "stream": True})[2].decode()
    events = [json.loads(line[6:]) for line in data.splitlines() if line.startswith("data: {")]
    return "".join(e["choices"][0]["text"] for e in events)


def outputs_are_the_same_with_and_without():
    for program in (guessed, itself):
        with harness.Server(program) as plain:
            expected = [ask(plain, body) for body in requests()]
        for tokens in ("1", "4", "8"):
            with harness.Server(program, "--draft", tokens, "--parallel", "6") as server:
                for body, known in zip(requests(), expected):
                    assert ask(server, body) == known, body
                with concurrent.futures.ThreadPoolExecutor(12) as pool:  # beside one another
                    assert list(pool.map(lambda body: ask(server, body), requests() * 3)) == expected * 3
                assert streamed(server, requests()[0]) == expected[0][0][0]
                assert harness.wait_for(lambda: server.metric("constformer:spec_decode_num_draft_tokens_total") > 100)


def a_model_that_guesses_for_itself_is_right():
    body = {"prompt": "abc", "max_tokens": 200, "temperature": 0, "ignore_eos": True}
    with harness.Server(itself, "--draft", "8") as server:
        ask(server, {**body, "logprobs": 0})
        count = lambda what: server.metric(f"constformer:spec_decode_num_{what}_tokens_total")  # noqa: E731
        assert harness.wait_for(lambda: 150 < count("draft") == count("accepted")), (count("draft"), count("accepted"))
        assert server.metric("constformer:spec_decode_num_drafts_total") < 40


def written(program, *options, ok=True):
    """What the command line prints, and what it tells."""
    most = [] if "-n" in options else ["-n", "120"]
    done = subprocess.run([program, "-p", "abab abab ab", *most, "--ignore-eos", *options], capture_output=True)
    assert (done.returncode == 0) == ok, done.stderr
    return done.stdout, done.stderr.decode()


def the_command_line_writes_the_same():
    ways = (["--temp", "0"], ["--seed", "3"], ["--seed", "4", "--logprobs", "3"], ["--seed", "5", "--print-ids", "--repeat-penalty", "1.3"], ["-n", "1", "--seed", "1"],
            ["--temp", "0", "--stop", "e"], ["-c", "60", "-n", "-1", "--seed", "6"])
    for program in (guessed, itself):
        for way in ways:
            plain = written(program, *way)[0]
            for guesses in ("1", "4", "8", "lookup"):
                text, told = written(program, *way, "--draft", guesses)
                assert text == plain, (program, way, guesses, text, plain)
                assert "guesses were right" in told, told
    told = written(itself, "--temp", "0", "--draft", "8")[1].splitlines()[-1]
    right, all_of_them, passes = (int(word) for word in told.split() if word.isdigit())
    assert right == all_of_them > 80 and passes < 30, told
    for way, word in ((["--draft", "9"], "between 1 and 8"), (["--draft", "x"], "none of none, lookup"), (["--draft", "2", "--beam-size", "2"], "does not go with")):
        assert word in written(guessed, *way, ok=False)[1], way


def a_draft_of_no_numbers_is_told_of():
    lost = harness.build(COMMAND, MODEL, os.path.join(FOLDER, "draft_lost"), "--draft", LOST)
    text, told = written(lost, "--temp", "0", "--draft", "4")
    assert text == written(lost, "--temp", "0")[0] and "draft: it guesses nothing any more: " in told, told
    with harness.Server(lost, "--draft", "4") as server:
        for body in requests()[:2]:
            ask(server, body)
        assert harness.wait_for(lambda: any('"draft_ended"' in line for line in server.log)), server.log
        assert sum('"draft_ended"' in line for line in server.log) == 1
    with harness.Server(lost, "--draft", "4", "--log", "text") as server:
        ask(server, requests()[0])
        assert harness.wait_for(lambda: any("draft_ended: " in line for line in server.log)), server.log


def one_command_builds_and_serves():
    env = {**os.environ, "XDG_CACHE_HOME": os.path.join(FOLDER, "draft_cache")}
    body = requests()[2]
    with harness.Server(guessed) as plain:
        expected = ask(plain, body)
    for words, tokens in (([SMALL], True), ([SMALL, "2"], True), ([SMALL, "none"], False)):
        drafts = [word for value in words for word in ("--draft", value)]
        with harness.Server([COMMAND, "serve", MODEL], *drafts, env=env) as server:
            assert ask(server, body) == expected
            assert (server.metric("constformer:spec_decode_num_draft_tokens_total") > 0) == tokens
    assert len(os.listdir(os.path.join(FOLDER, "draft_cache", "constformer"))) == 1
    refused = subprocess.run([COMMAND, "serve", MODEL, "--draft", "/nowhere"], capture_output=True, text=True, env=env)
    assert refused.returncode == 1 and "/nowhere: there is no such file" in refused.stderr, refused.stderr


def vocabularies_must_be_the_same():
    def refused(draft, *words):
        made = subprocess.run([COMMAND, "build", MODEL, "--draft", draft, "-o", os.path.join(FOLDER, "none")], capture_output=True, text=True)
        lines = made.stderr.strip().splitlines()
        assert made.returncode == 1 and len(lines) == 1 and all(word in lines[0] for word in words), made.stderr

    refused(OTHER, "draft: vocab=324 is not vocab=323 of the model")
    byte_model.write(SHAPE, seed=2, width=16, layers=1)
    path = os.path.join(SHAPE, "tokenizer.json")
    with open(path) as f:
        told = json.load(f)
    told["added_tokens"][1]["content"] = "<|begin|>"
    with open(path, "w") as f:
        json.dump(told, f)
    refused(SHAPE, "token 321 is '<|begin|>', and the model's is '<|im_start|>'")
    made = subprocess.run([guessed, "serve", "--draft", "9"], capture_output=True, text=True)
    assert made.returncode != 0 and "--draft 9 is not between 1 and 8" in made.stderr, made.stderr
    plain = harness.build(COMMAND, MODEL, os.path.join(FOLDER, "draft_none"))
    made = subprocess.run([plain, "serve", "--draft", "3"], capture_output=True, text=True)
    assert made.returncode != 0 and "built without a model that guesses" in made.stderr, made.stderr


def weights_may_lie_beside_the_program():
    beside = harness.build(COMMAND, MODEL, os.path.join(FOLDER, "draft_beside"), "--draft", SMALL, "--weights", "beside")
    assert os.path.exists(beside + ".weights") and os.path.exists(beside + ".draft.weights")
    body = requests()[2]
    with harness.Server(beside, "--draft", "3") as server, harness.Server(guessed) as other:
        assert ask(server, body) == ask(other, body)


guessed = harness.build(COMMAND, MODEL, os.path.join(FOLDER, "draft_guessed"), "--draft", SMALL)
itself = harness.build(COMMAND, MODEL, os.path.join(FOLDER, "draft_itself"), "--draft", MODEL)
CASES = [v for k, v in list(globals().items()) if callable(v) and getattr(v, "__module__", "") == "__main__" and k not in ("requests", "ask", "streamed", "written")]
harness.run_cases(CASES, sys.argv[3:])
