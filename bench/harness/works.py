"""The pieces of work that are measured, and what each should reach."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Work:
    model: str
    dtype: str  # of weights, and after a colon of what their inputs are rounded to
    test: str  # decode, prefill, encode or translate
    tokens: int  # of each text; of a translation unused
    threads: int  # 0: all that the harness was given
    limit: str  # "read": bytes of weights over the bandwidth; "fma": multiply-adds over the peak
    at_least: dict  # {peer: ratio}
    fraction: float = 0.0  # of the limit, at least
    batch: int = 1  # texts
    beams: int = 1

    @property
    def what(self):
        if self.test == "translate":
            return f"translate {self.batch}, " + ("greedy" if self.beams == 1 else f"beam {self.beams}")
        return f"{self.test} {self.batch}×{self.tokens}" if self.test == "encode" else f"{self.test} {self.tokens}"

    def key(self, threads):
        return f"{self.model} {self.dtype} {self.what} {threads}t"


def decode(model, dtype, threads, peer, ratio, fraction=0.0, tokens=64):
    return Work(model, dtype, "decode", tokens, threads, "read", {peer: ratio}, fraction)


def prefill(model, dtype, peer, ratio, fraction=0.0):
    return Work(model, dtype, "prefill", 128, 0, "fma", {peer: ratio}, fraction)


def encode(batch, tokens, ratio):
    return Work("minilm", "f32", "encode", tokens, 0, "fma", {"CTranslate2": ratio}, batch=batch)


def translate(batch, beams, ratio):
    return Work("transliteration", "f32", "translate", 0, 1, "read", {"CTranslate2": ratio}, batch=batch, beams=beams)


QUICK = [
    Work("shipped", "f32", "decode", 16, 1, "read", {}),
    Work("shipped", "f32", "prefill", 32, 1, "fma", {}),
]

ALL = [
    decode("stories260K", "f32", 1, "llama2.c", 4.0, tokens=256),
    *(decode("s15M", dtype, 1, "llama.cpp", 1.3) for dtype in ("f32", "bf16", "q8_0", "q4_0")),
    decode("s110M", "f32", 0, "llama.cpp", 1.0, 0.90),
    decode("s110M", "bf16", 0, "llama.cpp", 1.4, 0.85),
    decode("s110M", "bf16:bf16", 0, "llama.cpp", 1.4, 0.85),
    decode("s110M", "q8_0", 0, "llama.cpp", 1.3, 0.85),
    decode("s110M", "q4_0", 0, "llama.cpp", 1.5, 0.75),
    decode("s110M", "q4_k_m", 0, "llama.cpp", 1.2),
    decode("s110M", "q6_k", 0, "llama.cpp", 1.2),
    decode("t1B", "bf16", 0, "llama.cpp", 1.1),
    decode("t1B", "q8_0", 0, "llama.cpp", 1.2),
    decode("t1B", "q4_0", 0, "llama.cpp", 1.3),
    prefill("s110M", "f32", "PyTorch", 1.2, 0.80),
    prefill("s110M", "bf16", "llama.cpp", 3.0),
    prefill("s110M", "bf16:bf16", "llama.cpp", 3.0),
    prefill("s110M", "q8_0", "llama.cpp", 1.5),
    prefill("s110M", "q4_0", "llama.cpp", 1.3),
    prefill("s110M", "q4_k_m", "llama.cpp", 1.2),
    prefill("s110M", "q6_k", "llama.cpp", 1.2),
    prefill("s15M", "f32", "PyTorch", 1.3),
    encode(1, 16, 2.0),
    encode(1, 128, 1.4),
    encode(8, 128, 1.4),
    translate(1, 1, 10.0),
    translate(1, 4, 10.0),
    translate(60, 1, 4.0),
    translate(60, 4, 4.0),
]
