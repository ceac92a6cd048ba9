"""Innermost loops of the functions of an object file, as objdump of x86-64 shows them."""

import dataclasses
import re
import subprocess


@dataclasses.dataclass(frozen=True)
class Instruction:
    address: int
    name: str
    operands: str


@dataclasses.dataclass(frozen=True)
class Function:
    name: str
    code: tuple

    @property
    def frame_registers(self):
        """Registers that point into the stack."""
        framed = any(i.name == "mov" and i.operands == "%rsp,%rbp" for i in self.code)
        return ("%rsp", "%rbp") if framed else ("%rsp",)

    def innermost_loops(self):
        """Bodies of backward jumps that hold no other such body."""
        spans = set()
        for i in self.code:
            target = re.match(r"([0-9a-f]+) <", i.operands) if i.name.startswith("j") else None
            if target and int(target[1], 16) <= i.address and int(target[1], 16) >= self.code[0].address:
                spans.add((int(target[1], 16), i.address))
        inner = [s for s in spans if not any(t != s and s[0] <= t[0] and t[1] <= s[1] for t in spans)]
        return [tuple(i for i in self.code if first <= i.address <= last) for first, last in sorted(inner)]


def functions(path, objdump="objdump"):
    text = subprocess.run([objdump, "-d", "-C", "--no-show-raw-insn", path], check=True, capture_output=True, text=True).stdout
    found = []
    for line in text.splitlines():
        if head := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            found.append((head[1], []))
        elif code := re.match(r" *([0-9a-f]+):\t(?:\S+ )*?(\w+)(?: +(.*))?$", line):
            found[-1][1].append(Instruction(int(code[1], 16), code[2], (code[3] or "").strip()))
    return [Function(name, tuple(code)) for name, code in found if code]


def fused(code):
    """Multiply-adds of whole vectors of floats, or of pairs of bf16."""
    return [i for i in code if re.fullmatch(r"vfn?m(add|sub)\d{3}ps|vdpbf16ps", i.name)]


def scalar(code):
    """Arithmetic, loads and stores of single floats."""
    return [i for i in code if re.fullmatch(r"v(fn?m(add|sub)\d{3}|add|sub|mul|div|mov)ss", i.name)]


def on_stack(function, code):
    return [i for i in code if any(f"({register}" in i.operands for register in function.frame_registers)]


def calls(code):
    return [i for i in code if i.name.startswith("call")]
