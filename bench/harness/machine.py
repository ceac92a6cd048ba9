"""The limits of the machine, measured by bench/machine.cpp, which is compiled as models are."""

import json
import os
import platform
import re

from .processes import fail, output_of

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "machine.cpp")


def toolchain_of(command):
    """How the command compiles: what its build wrote down."""
    path = os.path.join(os.path.dirname(os.path.realpath(command)), "..", "share", "constformer", "toolchain.json")
    try:
        with open(path) as file:
            return json.load(file)
    except OSError as error:
        fail(f"{path}: {error.strerror}")


def cache_bytes(level, otherwise):
    """Of one processor's cache of data, from the kernel's list; `otherwise` where that has none."""
    base = "/sys/devices/system/cpu/cpu0/cache"
    for index in sorted(os.listdir(base)) if os.path.isdir(base) else []:
        try:
            kind, found, size = (open(os.path.join(base, index, f)).read().strip() for f in ("type", "level", "size"))
        except OSError:
            continue
        if kind != "Instruction" and int(found) == level:
            number, unit = re.fullmatch(r"(\d+)([KM]?)", size).groups()
            return int(number) * {"": 1, "K": 1 << 10, "M": 1 << 20}[unit]
    return otherwise


class Machine:
    """Measures this machine; `quick` takes small sizes and short times, which say little."""

    def __init__(self, command, work, quick):
        self.tools = toolchain_of(command)
        self.l2 = cache_bytes(2, 512 << 10)
        self.l3 = cache_bytes(3, 8 << 20)
        self.memory = max(4 * self.l3, 64 << 20) if quick else max(8 * self.l3, 256 << 20)
        self.milliseconds = 5 if quick else 60
        self.program = os.path.join(work, "machine")
        self.compile()

    def compile(self):
        highway = [library for library in self.tools["libraries"] if library.endswith("libhwy.a")]
        folders = [word for folder in self.tools["system_include"] for word in ("-isystem", folder)]
        output_of([self.tools["compiler"], *self.tools["flags"], "-march=native", "-DHWY_COMPILE_ONLY_STATIC", *folders, SOURCE,
                   *highway, "-pthread", "-o", self.program])

    def measure(self, threads):
        """GB/s of l2, l3 and memory, and gflops, of that many threads now."""
        sizes = (threads * self.l2 // 2, self.l3 // 2, self.memory)
        return json.loads(output_of([self.program, *map(str, (threads, *sizes, self.milliseconds))], threads).stdout)

    def level_of(self, size, threads):
        """Where that many bytes stay when threads read a part each over and over."""
        if size <= threads * self.l2 // 2:
            return "l2"
        return "l3" if size <= self.l3 * 3 // 4 else "memory"

    def describe(self):
        name = platform.processor() or platform.machine()
        try:
            name = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read()).group(1)
        except (OSError, AttributeError):
            pass
        return {"processor": name, "processors": os.cpu_count(), "l2": self.l2, "l3": self.l3, "load": os.getloadavg()[0],
                "compiler": output_of([self.tools["compiler"], "--version"]).stdout.splitlines()[0],
                "flags": self.tools["flags"]}
