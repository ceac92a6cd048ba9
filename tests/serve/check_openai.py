"""check_openai.py COMMAND FOLDER [CASE...]: OpenAI's own Python client against a program that serves."""

import subprocess
import sys

try:
    import openai
except ImportError:
    print("no openai")
    sys.exit(77)

import harness

COMMAND, FOLDER = sys.argv[1:3]
PROGRAM = harness.shakespeare(COMMAND, FOLDER)
KEY = "a-key-of-some-length"


def printed(*options):
    return subprocess.run([PROGRAM, *options], capture_output=True, text=True, check=True).stdout


def completion_is_what_the_program_prints():
    answer = client.completions.create(model="shakespeare", prompt="ROMEO:", max_tokens=60, temperature=0)
    assert printed("-p", "ROMEO:", "-n", "60", "--temp", "0") == "ROMEO:" + answer.choices[0].text + "\n"
    assert answer.object == "text_completion" and answer.choices[0].finish_reason == "length"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (6, 60, 66)
    assert answer.system_fingerprint.startswith("cf-")


def stream_is_the_same_text():
    whole = client.completions.create(model="shakespeare", prompt="JULIET:", max_tokens=50, seed=7)
    stream = client.completions.create(
        model="shakespeare", prompt="JULIET:", max_tokens=50, seed=7, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(c.choices[0].text for c in chunks if c.choices) == whole.choices[0].text
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == whole.usage.total_tokens
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["length"]
    assert len({c.id for c in chunks}) == 1 and len({c.created for c in chunks}) == 1


def choices_differ_and_repeat():
    ask = dict(model="shakespeare", prompt=["ROMEO:", "JULIET:"], max_tokens=20, n=3, seed=11)
    first, second = client.completions.create(**ask), client.completions.create(**ask)
    texts = [c.text for c in first.choices]
    assert texts == [c.text for c in second.choices] and len(set(texts)) == 6
    assert [c.index for c in first.choices] == list(range(6))
    alone = client.completions.create(model="shakespeare", prompt="ROMEO:", max_tokens=20, seed=11)
    assert alone.choices[0].text == texts[0]
    assert alone.choices[0].text == printed("-p", "ROMEO:", "-n", "20", "-s", "11", "--temp", "1", "--top-k", "0", "--top-p", "1", "--min-p", "0")[6:-1]


def stop_strings_end_before_themselves():
    ask = dict(model="shakespeare", prompt="ROMEO:", max_tokens=60, temperature=0)
    text = client.completions.create(**ask).choices[0].text
    stop = text[20:23]
    cut = client.completions.create(**ask, stop=[stop, "zzzz"]).choices[0]
    assert cut.text == text[: text.index(stop)] and cut.finish_reason == "stop"
    streamed = "".join(c.choices[0].text for c in client.completions.create(**ask, stop=stop, stream=True))
    assert streamed == cut.text


def chat_answers():
    ask = dict(model="shakespeare", messages=[{"role": "user", "content": "Good morrow"}], temperature=0, max_tokens=30)
    answer = client.chat.completions.create(**ask)
    assert answer.object == "chat.completion" and answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.refusal is None
    prompt = "user: Good morrow\nassistant:"
    assert printed("-p", prompt, "-n", "30", "--temp", "0") == prompt + answer.choices[0].message.content + "\n"
    chunks = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[0].choices[0].delta.content == ""
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == answer.choices[0].message.content
    assert chunks[-2].choices[0].finish_reason == "length" and chunks[-1].usage.total_tokens == answer.usage.total_tokens
    parts = [{"role": "user", "content": [{"type": "text", "text": "Good morrow"}]}]
    assert client.chat.completions.create(**{**ask, "messages": parts}).choices[0].message == answer.choices[0].message
    new = client.chat.completions.create(**{**ask, "max_tokens": 5}, max_completion_tokens=9)
    assert new.usage.completion_tokens == 9


def chat_may_be_continued():
    talk = [{"role": "user", "content": "Who"}, {"role": "assistant", "content": " I am"}]
    answer = client.chat.completions.create(
        model="shakespeare", messages=talk, temperature=0, max_tokens=12,
        extra_body={"continue_final_message": True, "add_generation_prompt": False},
    )
    prompt = "user: Who\nassistant:  I am"
    assert printed("-p", prompt, "-n", "12", "--temp", "0") == prompt + answer.choices[0].message.content + "\n"


def logprobs_have_their_forms():
    answer = client.completions.create(model="shakespeare", prompt="ROMEO:", max_tokens=8, temperature=0, logprobs=3)
    l = answer.choices[0].logprobs
    assert "".join(l.tokens) == answer.choices[0].text and l.text_offset == list(range(8))
    for token, value, top in zip(l.tokens, l.token_logprobs, l.top_logprobs):
        assert len(top) == 3 and top[token] == value == max(top.values())
    lines = printed("-p", "ROMEO:", "-n", "8", "--temp", "0", "--logprobs", "3").splitlines()
    for line, value in zip(lines, l.token_logprobs):
        assert abs(float(line.split("\t")[1]) - value) <= 1e-5 * abs(value) + 1e-9
    chat = client.chat.completions.create(
        model="shakespeare", messages=[{"role": "user", "content": "Hi"}], max_tokens=4, logprobs=True, top_logprobs=2
    )
    content = chat.choices[0].logprobs.content
    assert "".join(c.token for c in content) == chat.choices[0].message.content
    assert all(bytes(c.bytes).decode() == c.token and len(c.top_logprobs) == 2 for c in content)


def echo_scores_the_prompt_as_score_does():
    text = "ROMEO:\nBut soft, what light"
    answer = client.completions.create(model="shakespeare", prompt=text, max_tokens=0, echo=True, logprobs=1)
    l = answer.choices[0].logprobs
    assert answer.choices[0].text == text and "".join(l.tokens) == text and l.token_logprobs[0] is None
    score = dict(line.split() for line in printed("score", "-p", text).splitlines())
    assert len(l.tokens) == int(score["tokens"])
    assert abs(-sum(l.token_logprobs[1:]) - float(score["nll"])) < 1e-4
    # As lm-eval's local-completions asks: ids, one token more, which it cuts off.
    ids = [int(i) for i in printed("tokenize", "-p", text).split()]
    asked = client.completions.create(model="shakespeare", prompt=[ids, ids[:9]], max_tokens=1, echo=True, logprobs=1, seed=1234, temperature=0)
    assert asked.choices[0].logprobs.token_logprobs[1:-1] == l.token_logprobs[1:]
    assert asked.choices[1].logprobs.token_logprobs[1:-1] == l.token_logprobs[1:9]


def continuations_score_as_lm_eval_asks_for_them():
    """lm-eval 0.4.13, local-completions, loglikelihood: a context and its continuation as ids, one token more, which it
    cuts off; the sum behind the context, and whether the likeliest tokens are its own. `MODEL score` gives the same."""

    def score(text):
        return float(dict(line.split() for line in printed("score", "-p", text).splitlines())["nll"])

    pairs = [("ROMEO:\nBut soft, what", " light through"), ("JULIET:\nO Romeo,", " wherefore"), ("KING", " HENRY:"), ("x", "y")]
    contexts = [[int(i) for i in printed("tokenize", "-p", c).split()] for c, _ in pairs]
    whole = [[int(i) for i in printed("tokenize", "-p", c + t).split()] for c, t in pairs]
    answer = client.completions.create(model="shakespeare", prompt=whole, max_tokens=1, echo=True, logprobs=1, seed=1234, temperature=0)
    for (context, text), ids, choice in zip(pairs, contexts, answer.choices):
        told = choice.logprobs.token_logprobs[len(ids) : -1]
        assert abs(sum(told) - (score(context) - score(context + text))) < 2e-3, (context, told)  # printed with three decimals
        greedy = [top[token] == max(top.values()) for token, top in zip(choice.logprobs.tokens[len(ids) : -1], choice.logprobs.top_logprobs[len(ids) : -1])]
        likeliest = client.completions.create(model="shakespeare", prompt=[ids], max_tokens=len(told), temperature=0).choices[0].text
        assert all(greedy) == (likeliest == text), (greedy, likeliest)


def fields_change_what_is_drawn():
    ask = dict(model="shakespeare", prompt="ROMEO:", max_tokens=40, seed=3)
    plain = client.completions.create(**ask).choices[0].text
    greedy = client.completions.create(**ask, extra_body={"top_k": 1}).choices[0].text
    assert greedy == client.completions.create(**ask, temperature=0).choices[0].text != plain
    assert greedy == client.completions.create(**ask, extra_body={"min_p": 1}).choices[0].text
    assert greedy == client.completions.create(**ask, top_p=1e-6).choices[0].text
    e = printed("tokenize", "-p", "e").split()[0]
    assert "e" not in client.completions.create(**ask, logit_bias={e: -100}).choices[0].text
    only = client.completions.create(**ask, logit_bias={e: 100}, temperature=0).choices[0].text
    assert only == "e" * 40
    freed = client.completions.create(**ask, logit_bias={e: 100}, temperature=0, presence_penalty=2, frequency_penalty=2)
    assert len(freed.choices[0].text.lstrip("e")) == 0  # a bias of 100 outweighs 40 times 2
    assert client.completions.create(**ask, frequency_penalty=2).choices[0].text != plain
    assert client.completions.create(**ask, extra_body={"repetition_penalty": 1.5}).choices[0].text != plain


def errors_are_openais():
    try:
        client.completions.create(model="shakespeare", prompt="x", max_tokens=4000)
        raise AssertionError("no error")
    except openai.BadRequestError as e:
        assert e.param == "max_tokens", e.body
    try:
        client.completions.create(model="shakespeare", prompt="x" * 400)
        raise AssertionError("no error")
    except openai.BadRequestError as e:
        assert e.code == "context_length_exceeded" and "400" in e.message and "256" in e.message
    try:
        client.completions.create(model="gpt-4", prompt="x")
        raise AssertionError("no error")
    except openai.NotFoundError as e:
        assert e.code == "model_not_found"
    try:
        openai.OpenAI(base_url=server.url + "/v1", api_key="wrong").models.list()
        raise AssertionError("no error")
    except openai.AuthenticationError as e:
        assert e.code == "invalid_api_key"
    try:
        client.embeddings.create(model="shakespeare", input="x", dimensions=3)
        raise AssertionError("no error")
    except openai.BadRequestError as e:
        assert e.param == "dimensions" and "128" in e.message, e.message


def decoders_embed_as_embed_does():
    texts = ["ROMEO:", "But soft, what light", "x"]
    expected = [[float(x) for x in printed("embed", "-p", text).split()] for text in texts]
    for form in ({}, {"encoding_format": "float"}):
        data = client.embeddings.create(model="shakespeare", input=texts, **form).data
        for one, values in zip(data, expected):
            assert len(one.embedding) == len(values) == 128
            assert all(abs(a - b) <= 1e-6 * max(1, abs(b)) for a, b in zip(one.embedding, values))
    ids = [int(i) for i in printed("tokenize", "-p", texts[0]).split()]
    assert client.embeddings.create(model="shakespeare", input=ids, encoding_format="float").data[0].embedding == data[0].embedding


def texts_and_embeddings_do_not_disturb_each_other():
    import concurrent.futures

    def text(seed):
        return client.completions.create(model="shakespeare", prompt="ROMEO:", max_tokens=60, seed=seed).choices[0].text

    def embed(i):
        return client.embeddings.create(model="shakespeare", input=["KING " + "abc"[i % 3], "q"]).data[0].embedding

    texts, vectors = [text(i) for i in range(4)], [embed(i) for i in range(3)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        told = [pool.submit(text, i % 4) for i in range(24)]
        embedded = [pool.submit(embed, i) for i in range(24)]
        assert [t.result() for t in told] == texts * 6 and [e.result() for e in embedded] == vectors * 8


def models_are_listed():
    assert [m.id for m in client.models.list()] == ["shakespeare"]
    assert client.models.retrieve("shakespeare").owned_by == "constformer"


def many_clients_get_what_one_gets():
    import concurrent.futures

    def ask(i):
        return client.completions.create(model="shakespeare", prompt=f"KING {'ABCD'[i % 4]}:", max_tokens=30, seed=i % 4).choices[0].text

    alone = [ask(i) for i in range(4)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(64))) == alone * 16


CASES = [v for k, v in list(globals().items()) if callable(v) and getattr(v, "__module__", "") == "__main__" and k != "printed"]
with harness.Server(PROGRAM, "--api-key", KEY) as server:
    client = openai.OpenAI(base_url=server.url + "/v1", api_key=KEY, max_retries=0)
    harness.run_cases(CASES, sys.argv[3:])
