"""What each program does of a piece of work, once: units a second."""

import json
import os
import shlex
import statistics

from .processes import fail, output_of

HERE = os.path.dirname(os.path.abspath(__file__))


def asked_tokens(work):
    """(-p, -n) of bench commands."""
    return (0, work.tokens) if work.test == "decode" else (work.tokens, 0)


def bench(program, work, threads, options):
    """The one measurement of a program's `bench` that is not of a source alone."""
    results = json.loads(output_of([program, "bench", *options, "-t", str(threads), "-o", "json"], threads).stdout)
    return next(r for r in results if r["test"] == work.test or r["test"].startswith("translate"))


def constformer(program, work, threads, repetitions):
    """Tokens a second; a batch of texts is taken one after the other, as `embed` does."""
    prompt, predict = asked_tokens(work)
    options = ["-p", str(prompt), "-n", str(predict), "-r", str(repetitions * work.batch)]
    return bench(program, work, threads, options)["tokens_per_second"]


def constformer_texts(program, work, threads, repetitions, sources):
    """Translations a second, of sources (lists of ids) one after the other."""
    search = ["--beam-size", str(work.beams), "--beam-rule", "ct2"] if work.beams > 1 else []
    seconds = 0
    for ids in sources:
        result = bench(program, work, threads, ["--source-ids", ",".join(map(str, ids)), *search, "-r", str(20 * repetitions)])
        seconds += result["tokens"] / result["tokens_per_second"]
    return len(sources) / seconds


def llama2c(binary, model, tokenizer, work, threads):
    """run.c by what it prints: it measures decoding from the second token on."""
    call = [binary, model, "-z", tokenizer, "-t", "0", "-n", str(work.tokens)]
    done = output_of(call, threads, {"OMP_NUM_THREADS": str(threads)})
    for line in done.stderr.splitlines():
        if "tok/s:" in line:
            return float(line.split("tok/s:")[1])
    fail(f"{shlex.join(call)} prints no tok/s")


def llama_cpp(command, model, work, threads, repetitions):
    prompt, predict = asked_tokens(work)
    text = output_of([*shlex.split(command), "-m", model, "-t", str(threads), "-p", str(prompt), "-n", str(predict), "-r",
                      str(repetitions), "-o", "json"], threads).stdout
    return statistics.median(json.loads(text[text.index("["):text.rindex("]") + 1])[0]["samples_ts"])


def python_peer(python, script, arguments, threads):
    """The last line that a script beside this file prints, a number."""
    text = output_of([python, os.path.join(HERE, script), json.dumps({**arguments, "threads": threads})], threads).stdout
    return float(text.split()[-1])


def pytorch(python, folder, work, threads, repetitions):
    arguments = {"folder": folder, "test": work.test, "tokens": work.tokens, "batch": work.batch, "repetitions": repetitions}
    return python_peer(python, "pytorch_peer.py", arguments, threads)


def ctranslate2(python, folder, work, threads, repetitions, texts=()):
    arguments = {"folder": folder, "test": work.test, "tokens": work.tokens, "batch": work.batch, "beams": work.beams,
                 "repetitions": repetitions, "texts": texts}
    return python_peer(python, "ctranslate2_peer.py", arguments, threads)


def to_ctranslate2(python, folder, out):
    """A Hugging Face folder as CTranslate2 wants it, made if missing."""
    if not os.path.isdir(out):
        code = "import sys, ctranslate2; ctranslate2.converters.TransformersConverter(sys.argv[1]).convert(sys.argv[2])"
        output_of([python, "-c", code, folder, out])
    return out
