"""Embeddings as others serve them, for bench/serve.sh: sentence-transformers behind uvicorn, and CTranslate2 behind the
same, which reads what waits in one batch.

    embedding_peers.py sentence-transformers|ctranslate2 MODEL PORT [THREADS]

MODEL is a folder of sentence-transformers. Needs fastapi, uvicorn, and the package that is named."""

import base64
import queue
import sys
import tempfile
import threading

import numpy
import uvicorn
from fastapi import FastAPI

who, model, port = sys.argv[1:4]
threads = int(sys.argv[4]) if len(sys.argv) > 4 else 1


def sentence_transformers():
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    encoder = SentenceTransformer(model, device="cpu")
    return lambda texts: encoder.encode(texts, show_progress_bar=False)


def ctranslate2():
    import ctranslate2
    import tokenizers

    with tempfile.TemporaryDirectory() as folder:
        ctranslate2.converters.TransformersConverter(model).convert(folder, force=True)
        encoder = ctranslate2.Encoder(folder, compute_type="float32", intra_threads=threads, inter_threads=1)
    tokenizer = tokenizers.Tokenizer.from_file(f"{model}/tokenizer.json")
    tokenizer.no_padding()
    waiting = queue.Queue()

    def read():
        while True:
            jobs = [waiting.get()]
            while not waiting.empty() and len(jobs) < 64:
                jobs.append(waiting.get())
            ids = [e.ids for job, _ in jobs for e in job]
            states = numpy.asarray(encoder.forward_batch(ids).last_hidden_state)
            means = [row[: len(i)].mean(0) for row, i in zip(states, ids)]
            rows = iter([m / numpy.linalg.norm(m) for m in means])
            for job, done in jobs:
                done.put([next(rows) for _ in job])

    threading.Thread(target=read, daemon=True).start()

    def embed(texts):
        done = queue.Queue()
        waiting.put((tokenizer.encode_batch(texts), done))
        return done.get()

    return embed


embed = {"sentence-transformers": sentence_transformers, "ctranslate2": ctranslate2}[who]()
app = FastAPI()


@app.post("/v1/embeddings")
def embeddings(body: dict):
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    coded = [base64.b64encode(numpy.asarray(row, dtype="<f4").tobytes()).decode() for row in embed(texts)]
    return {"object": "list", "data": [{"object": "embedding", "index": i, "embedding": c} for i, c in enumerate(coded)]}


@app.get("/health")
def health():
    return {"status": "ok"}


uvicorn.run(app, port=int(port), log_level="warning")
