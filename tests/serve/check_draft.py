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
CASES = [v for k, v in list(globals().items()) if callable(v) and getattr(v, "__module__", "") == "__main__" and k not in ("requests", "ask", "streamed")]
harness.run_cases(CASES, sys.argv[3:])
