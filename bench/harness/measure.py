"""Runs ours, every peer and the machine's limits in turn, and makes a row of numbers of it."""

import statistics

from . import peers
from .models import MADE, bytes_per_token, part_bytes, pass_flops
from .processes import fail

# Words of the tests of CTranslate2's transliteration model.
WORDS = ("آتزمون", "آتشيسون", "آزاكواتيلا")


def source_ids(folder, words):
    with open(f"{folder}/source_vocabulary.txt") as file:
        vocabulary = file.read().split("\n")
    return [[vocabulary.index(letter) for letter in word] for word in words]


def some_words(work):
    return [WORDS[i % len(WORDS)] for i in range(work.batch)]


class Bench:
    """All that a row needs: the models, the peers' commands and the options of a run."""

    def __init__(self, asked, models, machine, before=None):
        self.asked, self.models, self.machine, self.earlier = asked, models, machine, before

    def ours(self, work, threads, models=None):
        program, repetitions = (models or self.models).program(work.model, work.dtype), self.asked.repetitions
        if work.test != "translate":
            return lambda: peers.constformer(program, work, threads, repetitions)
        ids = source_ids(self.models.given[work.model][0], some_words(work)[:len(WORDS)])  # the others are the same again
        return lambda: peers.constformer_texts(program, work, threads, repetitions, ids)

    def peer(self, name, work, threads):
        """A measurement by that peer; None if it cannot do this work, False if it is absent."""
        return {"before": self.before, "llama2.c": self.llama2c, "llama.cpp": self.llama_cpp, "PyTorch": self.pytorch,
                "CTranslate2": self.ctranslate2}[name](work, threads)

    def before(self, work, threads):
        """The same program by an earlier constformer; False if that one refuses the model or the type."""
        if not self.earlier:
            return None
        try:
            return self.ours(work, threads, self.earlier)
        except SystemExit:
            return False

    def llama2c(self, work, threads):
        if work.model != "stories260K":
            return None
        model, _, tokenizer = self.models.given[work.model]
        return self.asked.run and (lambda: peers.llama2c(self.asked.run, model, tokenizer, work, threads))

    def llama_cpp(self, work, threads):
        if work.model not in MADE:
            return None
        if not self.asked.llama:
            return False
        form = work.dtype.partition(":")[0]
        self.models.file(work.model, form)
        model = f"{self.asked.llama_models or self.asked.work}/{work.model}-{form}.gguf"
        return lambda: peers.llama_cpp(self.asked.llama, model, work, threads, self.asked.repetitions)

    def pytorch(self, work, threads):
        if work.dtype != "f32" or work.test == "translate" or work.model not in (*MADE, "minilm"):
            return None
        if not self.asked.torch:
            return False
        folder = self.models.given[work.model][0] if work.model in self.models.given else self.models.file(work.model, "hf")
        return lambda: peers.pytorch(self.asked.torch, folder, work, threads, self.asked.repetitions)

    def ctranslate2(self, work, threads):
        if work.model not in ("minilm", "transliteration"):
            return None
        python, repetitions = self.asked.ctranslate2, self.asked.repetitions
        if not python:
            return False
        folder = self.models.given[work.model][0]
        if work.test == "translate":
            texts = [list(word) for word in some_words(work)]
            return lambda: peers.ctranslate2(python, folder, work, threads, repetitions, texts)
        folder = peers.to_ctranslate2(python, folder, f"{self.asked.work}/{work.model}-ctranslate2")
        return lambda: peers.ctranslate2(python, folder, work, threads, repetitions)

    def cost(self, work):
        """(bytes, flops) of one unit; of a translation no flops are counted."""
        info = self.models.info(work.model, work.dtype)
        if work.test == "translate":
            ids = source_ids(self.models.given[work.model][0], WORDS[:1])[0]
            search = ["--beam-size", str(work.beams), "--beam-rule", "ct2"] if work.beams > 1 else []
            call = ["--source-ids", ",".join(map(str, ids)), *search, "-r", "1"]
            steps = peers.bench(self.models.program(work.model, work.dtype), work, 1, call)["tokens"]
            return part_bytes(info, True) + steps * part_bytes(info, False), None
        flops = pass_flops(info, self.models.projection_flops(work.model), work.tokens) / work.tokens
        return bytes_per_token(info) / (1 if work.test == "decode" else work.tokens), round(flops)

    def limit(self, work, threads):
        """What the machine would do if only bytes, or only multiply-adds, counted: units a second, from a measurement; and its name."""
        size, flops = self.cost(work)
        if work.limit == "fma":
            return "fma", lambda now: now["gflops"] * 1e9 / flops
        level = self.machine.level_of(self.models.info(work.model, work.dtype)["weight_bytes"], threads)
        return f"read {level}", lambda now: now[level] * 1e9 / size


PEERS = ("before", "llama2.c", "llama.cpp", "PyTorch", "CTranslate2")


def ratios_to(rates, other):
    return statistics.median(a / b for a, b in zip(rates["constformer"], rates[other]))


def measure(bench, work):
    """One row: rates of every round, and what is said about them."""
    threads = work.threads or bench.asked.threads
    runners = {name: bench.peer(name, work, threads) for name in PEERS}
    absent = [name for name, run in runners.items() if run is not None and not run]
    runners = {"constformer": bench.ours(work, threads), **{name: run for name, run in runners.items() if run}}
    name, rate_of = bench.limit(work, threads)
    rates = {who: [] for who in (*runners, "limit")}
    machine = []
    for _ in range(bench.asked.rounds):
        for who, run in runners.items():
            rates[who].append(run())
        machine.append(bench.machine.measure(threads))
        rates["limit"].append(rate_of(machine[-1]))
    if any(rate <= 0 for list_of in rates.values() for rate in list_of):
        fail(f"{work.key(threads)}: a rate is not positive: {rates}")
    size, flops = bench.cost(work)
    return {"key": work.key(threads), "model": work.model, "dtype": work.dtype, "work": work.what, "threads": threads,
            "unit": "texts/s" if work.test == "translate" else "tokens/s", "rates": rates, "machine": machine, "absent": absent,
            "medians": {who: statistics.median(of) for who, of in rates.items()},
            "ratios": {who: ratios_to(rates, who) for who in runners if who != "constformer"},
            "limit": name, "fraction": ratios_to(rates, "limit"), "bytes_per_unit": round(size), "flops_per_unit": flops,
            "at_least": {"ratios": work.at_least, "fraction": work.fraction}}
