"""Measures programs that constformer built beside their peers, in turn, on one machine.

    run.py WORK [--command PATH] [--llama2c PATH] [--llama-bench COMMAND] [--llama-models PREFIX]
           [--torch PYTHON] [--stories FOLDER] [--rounds N] [--json FILE] [--markdown FILE]

WORK holds the models of bench/make_models.py (s15M, s110M; made if missing and numpy is there).
--llama2c       run.c compiled with -Ofast -march=native
--llama-bench   llama.cpp's llama-bench; --llama-models is the path under which it sees WORK (default: WORK)
--torch         a Python with torch and transformers
--stories       a folder with stories260K.bin and tok512.bin
A peer that is not given is listed as absent. Every round runs all programs of a row one after the other, and the ratio
is the median of the rounds' ratios, so that a machine whose speed drifts drifts for all.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def output_of(arguments, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(arguments)}\n{done.stderr}")
    return done.stdout + done.stderr


def ours(program, test, threads):
    """Tokens per second of `bench`: ("decode", 64) or ("prefill", 128)."""
    kind, tokens = test
    prompt, predict = (tokens, 0) if kind == "prefill" else (0, tokens)
    text = output_of([program, "bench", "-p", str(prompt), "-n", str(predict), "-r", "3", "-t", str(threads), "-o", "json"])
    results = json.loads(text)
    results = results["results"] if isinstance(results, dict) else results
    return next(r["tokens_per_second"]["median"] if isinstance(r["tokens_per_second"], dict) else r["tokens_per_second"]
                for r in results if r["test"] == kind)


def llama2c(binary, model, tokenizer, tokens, threads):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    text = output_of([binary, model, "-z", tokenizer, "-t", "0", "-n", str(tokens)], env=environment, errors="replace")
    return float(text.split("tok/s:")[1].split()[0])


def llama_bench(command, model, test, threads):
    kind, tokens = test
    prompt, predict = (tokens, 0) if kind == "prefill" else (0, tokens)
    text = output_of(shlex.split(command) + ["-m", model, "-t", str(threads), "-p", str(prompt), "-n", str(predict), "-r", "3", "-o", "json"])
    return json.loads(text[text.index("["):text.rindex("]") + 1])[0]["avg_ts"]


TORCH = """
import sys, time, statistics, torch, transformers
folder, kind, tokens, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
transformers.logging.set_verbosity_error()
torch.set_num_threads(threads)
model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
ids = torch.randint(3, model.config.vocab_size, (1, tokens))
def prefill(): model(ids, logits_to_keep=1)
def decode():
    past = None
    for i in range(tokens):
        past = model(ids[:, i:i + 1], past_key_values=past, use_cache=True).past_key_values
with torch.inference_mode():
    run = prefill if kind == "prefill" else decode
    run()
    seconds = []
    for _ in range(3):
        start = time.perf_counter(); run(); seconds.append(time.perf_counter() - start)
print(tokens / statistics.median(seconds))
"""


def torch(python, folder, test, threads):
    return float(output_of([python, "-c", TORCH, folder, test[0], str(test[1]), str(threads)]).split()[0])


def prepare(asked):
    """Builds the programs; returns {name: program}."""
    programs = {}
    sources = {}
    if asked.stories:
        sources["stories260K"] = [os.path.join(asked.stories, "stories260K.bin"), "--tokenizer", os.path.join(asked.stories, "tok512.bin")]
    for name in ("s15M", "s110M"):
        folder = os.path.join(asked.work, name)
        if not os.path.isdir(folder):
            forms = ["--hf"] + (["--llama2c"] if asked.llama2c else []) + (["--gguf"] if asked.llama_bench else [])
            output_of([asked.torch or sys.executable, os.path.join(HERE, "make_models.py"), asked.work, name] + forms)
        sources[name] = [folder]
    for name, source in sources.items():
        programs[name] = os.path.join(asked.work, name + ".program")
        output_of([asked.command, "build", *source, "-o", programs[name]])
    return programs


def rows(asked, programs):
    """Yields (model, test, threads, {who: measure})."""
    def peers(name, test, threads):
        gguf = os.path.join(asked.llama_models or asked.work, name + ".gguf")
        return {
            "llama.cpp": asked.llama_bench and (lambda: llama_bench(asked.llama_bench, gguf, test, threads)),
            "PyTorch": asked.torch and (lambda: torch(asked.torch, os.path.join(asked.work, name), test, threads)),
        }

    if asked.stories:
        model, tokenizer = (os.path.join(asked.stories, f) for f in ("stories260K.bin", "tok512.bin"))
        test = ("decode", 256)
        yield "stories260K", test, 1, {
            "constformer": lambda: ours(programs["stories260K"], test, 1),
            "llama2.c": asked.llama2c and (lambda: llama2c(asked.llama2c, model, tokenizer, 256, 1)),
        }
    for name, test, counts in (("s15M", ("decode", 64), (1, 2)), ("s15M", ("prefill", 128), (2,)), ("s110M", ("decode", 64), (2,)),
                               ("s110M", ("prefill", 128), (2,))):
        for threads in counts:
            yield name, test, threads, {
                "constformer": lambda n=name, t=test, c=threads: ours(programs[n], t, c), **peers(name, test, threads)}


def measure(asked, programs):
    results = []
    for model, test, threads, runners in rows(asked, programs):
        rates = {who: [] for who, run in runners.items() if run}
        for _ in range(asked.rounds):
            for who in rates:
                rates[who].append(runners[who]())
        result = {"model": model, "test": f"{test[0]} {test[1]}", "threads": threads, "rates": rates,
                  "absent": [who for who, run in runners.items() if not run],
                  "ratios": {who: statistics.median(a / b for a, b in zip(rates["constformer"], rates[who]))
                             for who in rates if who != "constformer"}}
        print(line(result), flush=True)
        results.append(result)
    return results


def line(result):
    medians = ", ".join(f"{who} {statistics.median(rates):.1f}" for who, rates in result["rates"].items())
    ratios = ", ".join(f"{ratio:.2f}x {who}" for who, ratio in result["ratios"].items())
    absent = "".join(f", {who} absent" for who in result["absent"])
    return f"| {result['model']} | {result['test']} | {result['threads']} | {medians} | {ratios}{absent} |"


HEAD = "| model | work | threads | tokens/s, medians | constformer against |\n|---|---|---:|---|---|"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work")
    parser.add_argument("--command", default=os.path.join(HERE, "..", "build", "bin", "constformer"))
    parser.add_argument("--llama2c")
    parser.add_argument("--llama-bench")
    parser.add_argument("--llama-models")
    parser.add_argument("--torch")
    parser.add_argument("--stories")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    asked = parser.parse_args()
    os.makedirs(asked.work, exist_ok=True)
    print(HEAD, flush=True)
    results = measure(asked, prepare(asked))
    if asked.markdown:
        with open(asked.markdown, "w") as out:
            out.write("\n".join([HEAD] + [line(r) for r in results]) + "\n")
    if asked.json:
        with open(asked.json, "w") as out:
            json.dump({"machine": platform.processor() or platform.machine(), "rounds": asked.rounds, "results": results}, out, indent=1)


if __name__ == "__main__":
    main()
