"""check_encoders.py COMMAND FOLDER [CASE...]: embeddings, labels, masks and translations of small models that
transformers makes, against transformers and OpenAI's client."""

import base64
import concurrent.futures
import json
import os
import random
import struct
import sys

try:
    import torch
    import transformers
except ImportError:
    print("no torch or transformers")
    sys.exit(77)
try:
    import openai
except ImportError:
    openai = None

import harness

COMMAND, FOLDER = sys.argv[1:3]
WORDS = "the a cat dog sat on mat ran red blue sky is of and to good bad ##s ##ing ##ed . , ! ?".split()
VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS


def tokenizer(folder):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "vocab.txt"), "w") as f:
        f.write("\n".join(VOCAB))
    t = transformers.BertTokenizerFast(os.path.join(folder, "vocab.txt"))
    t.save_pretrained(folder)
    return t


def small(kind, folder, **more):
    torch.manual_seed(3)
    config = transformers.BertConfig(vocab_size=len(VOCAB), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                                     intermediate_size=64, max_position_embeddings=64, **more)
    model = kind(config).eval()
    for p in model.parameters():
        p.data.normal_(0, 0.3) if p.dim() > 1 else None
    model.save_pretrained(folder)
    return model


def made(name, kind, **more):
    folder = os.path.join(FOLDER, name + "_model")
    text = tokenizer(folder)
    model = small(kind, folder, **more)
    return model, text, harness.build(COMMAND, folder, os.path.join(FOLDER, name))


def close(a, b):
    assert len(a) == len(b) and all(abs(x - y) < 2e-4 for x, y in zip(a, b)), (a[:4], b[:4])


def embeddings():
    model, text, program = made("embedder", transformers.BertModel)
    texts = ["the cat sat on the mat.", "a red dog ran", "good"]
    with torch.no_grad():
        expected = [model(**text(t, return_tensors="pt")).last_hidden_state[0].mean(0).tolist() for t in texts]
    with harness.Server(program) as server:
        status, answer = server.post("/v1/embeddings", {"input": texts})
        assert status == 200, answer
        assert [d["index"] for d in answer["data"]] == [0, 1, 2] and answer["object"] == "list"
        for d, e in zip(answer["data"], expected):
            close(d["embedding"], e)
        coded = server.post("/v1/embeddings", {"input": texts, "encoding_format": "base64"})[1]
        for d, plain in zip(coded["data"], answer["data"]):
            raw = base64.b64decode(d["embedding"], validate=True)
            assert list(struct.unpack(f"<{len(raw) // 4}f", raw)) == [struct.unpack("<f", struct.pack("<f", v))[0] for v in plain["embedding"]]
        ids = text(texts[0])["input_ids"]
        for given in (ids, [ids], texts[0]):
            close(server.post("/v1/embeddings", {"input": given})[1]["data"][0]["embedding"], expected[0])
        assert answer["usage"]["prompt_tokens"] == sum(len(text(t)["input_ids"]) for t in texts)
        assert server.post("/v1/embeddings", {"input": texts, "dimensions": 32})[0] == 200
        for bad, param in (({"input": []}, "input"), ({"input": [[]]}, "input"), ({"input": [99999]}, "input"), ({"input": 5}, "input"),
                           ({"input": "a", "dimensions": 8}, "dimensions"), ({"input": "a", "encoding_format": "x"}, "encoding_format"),
                           ({"input": ["a"] * 3000}, "input"), ({"input": "cat " * 100}, "input"), ({"input": "a", "truncate": 3}, "truncate")):
            status, answer = server.post("/v1/embeddings", bad)
            assert status == 400 and answer["error"]["param"] == param, (bad, answer)
        assert server.post("/v1/completions", {"prompt": "a"})[0] == 404
        assert server.post("/classify", {"input": "a"})[0] == 400
        if openai:
            client = openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0)
            for form in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"}):
                data = client.embeddings.create(model="embedder_model", input=texts, **form).data
                for d, e in zip(data, expected):
                    values = d.embedding
                    if isinstance(values, str):
                        raw = base64.b64decode(values)
                        values = list(struct.unpack(f"<{len(raw) // 4}f", raw))
                    close(values, e)
        try:
            from langchain_openai import OpenAIEmbeddings
        except ImportError:
            return
        vectors = OpenAIEmbeddings(base_url=server.url + "/v1", api_key="x", model="embedder_model", check_embedding_ctx_length=False)
        for v, e in zip(vectors.embed_documents(texts), expected):
            close(v, e)


def at_once():
    """Texts of many clients, which are read side by side, give the bits that each gives alone."""
    _, text, program = made("embedder", transformers.BertModel)
    rng = random.Random(4)
    texts = [" ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 8))) for _ in range(40)]
    with harness.Server(program) as server:
        ask = lambda given: [d["embedding"] for d in server.post("/v1/embeddings", {"input": given, "encoding_format": "base64"})[1]["data"]]  # noqa: E731
        alone = [ask(t)[0] for t in texts]
        steps = server.metric("constformer:steps_total")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for got in pool.map(ask, [texts] * 8):
                assert got == alone
        assert server.metric("constformer:steps_total") - steps < 8 * len(texts) / 2


def labels_and_scores():
    model, text, program = made("judge", transformers.BertForSequenceClassification, num_labels=3, id2label={0: "bad", 1: "fair", 2: "good"},
                                label2id={"bad": 0, "fair": 1, "good": 2})
    one, one_text, ranker = made("ranker", transformers.BertForSequenceClassification, num_labels=1)
    with harness.Server(program) as server:
        status, answer = server.post("/classify", {"input": ["the cat sat", "a bad dog"]})
        assert status == 200, answer
        for d, t in zip(answer["data"], ["the cat sat", "a bad dog"]):
            with torch.no_grad():
                probs = torch.softmax(model(**text(t, return_tensors="pt")).logits[0], 0).tolist()
            close(d["probs"], probs)
            assert d["label"] == ["bad", "fair", "good"][probs.index(max(probs))] and d["num_classes"] == 3
    documents = ["a cat", "the red sky", "a dog ran to the mat", "good"]
    with torch.no_grad():
        expected = [one(**one_text("cat", d, return_tensors="pt")).logits[0][0].item() for d in documents]
    with harness.Server(ranker) as server:
        status, answer = server.post("/v1/rerank", {"query": "cat", "documents": documents, "top_n": 3})
        assert status == 200, answer
        order = sorted(range(4), key=lambda i: -expected[i])[:3]
        assert [r["index"] for r in answer["results"]] == order
        close([r["relevance_score"] for r in answer["results"]], [expected[i] for i in order])
        scored = server.post("/v1/score", {"text_1": "cat", "text_2": documents})[1]
        close([d["score"] for d in scored["data"]], expected)
        assert server.post("/v1/rerank", {"query": "cat", "documents": []})[0] == 400
        assert server.post("/v1/score", {"text_1": ["a", "b"], "text_2": ["c"]})[1]["error"]["param"] == "text_2"


def masks():
    model, text, program = made("filler", transformers.BertForMaskedLM)
    with harness.Server(program) as server:
        status, answer = server.post("/fill", {"input": "the [MASK] sat on the [MASK]", "top": 3})
        assert status == 200, answer
        ids = text("the [MASK] sat on the [MASK]", return_tensors="pt")
        with torch.no_grad():
            rows = torch.softmax(model(**ids).logits[0], -1)
        places = [i for i, t in enumerate(ids["input_ids"][0].tolist()) if t == text.mask_token_id]
        assert [m["position"] for m in answer["data"][0]["masks"]] == places
        for m in answer["data"][0]["masks"]:
            top = torch.topk(rows[m["position"]], 3)
            assert [t["id"] for t in m["tokens"]] == top.indices.tolist()
            close([t["prob"] for t in m["tokens"]], top.values.tolist())
        assert server.post("/fill", {"input": "the cat"})[1]["error"]["param"] == "input"


def translations():
    folder = os.path.join(harness.SOURCE, "tests/parity/fixtures_translators")
    found = sorted(d for d in os.listdir(folder) if os.path.exists(os.path.join(folder, d, "config.json"))) if os.path.isdir(folder) else []
    if not found:
        print("no translator among the fixtures")
        return
    path = os.path.join(folder, found[0])
    program = harness.build(COMMAND, path, os.path.join(FOLDER, "translator"))
    import subprocess

    with harness.Server(program) as server:
        source = [3, 5, 7, 4]
        printed = subprocess.run([program, "translate", "--source-ids", ",".join(map(str, source)), "-n", "12", "--beam-size", "3", "--n-best", "2", "--print-ids"],
                                 capture_output=True, text=True, check=True).stdout
        status, answer = server.post("/translate", {"text": source, "beam_size": 3, "n_best": 2, "max_tokens": 12})
        assert status == 200, answer
        told = [t["token_ids"] for t in answer["data"][0]["translations"]]
        assert told == [[int(i) for i in line.split()] for line in printed.splitlines()], (told, printed)
        for bad in ({"text": []}, {"text": [10**6]}, {"text": source, "beam_size": 10**6}, {"text": source, "n_best": 3, "beam_size": 2}, {}):
            assert server.post("/translate", bad)[0] == 400, bad


CASES = [embeddings, at_once, labels_and_scores, masks, translations]
os.makedirs(FOLDER, exist_ok=True)
harness.run_cases(CASES, sys.argv[3:])
