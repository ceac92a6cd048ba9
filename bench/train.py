"""Times whole training steps (forward, backward, AdamW) beside PyTorch and llm.c, in turn.

    train.py BUILD [--torch PYTHON] [--llmc FOLDER] [--nanochat FOLDER] [--only REGEX] [--rounds N] [--threads N]

BUILD is a build folder with -DCF_BUILD_BENCH=ON. Every program lives through the whole run, sleeps while others work, and takes bursts
of steps in turn; a round in which something else used more than a tenth of a processor is taken again, a few times. What is reported are
medians of the rounds' ratios, and how much of the machine's multiply-adds a step reaches, measured in the same rounds.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
import time

from harness.processes import fail, output_of, processors

HERE = os.path.dirname(os.path.abspath(__file__))
AGAIN = 20  # how often a round that was disturbed is taken again

# (name, threads or None, peers, {peer: at least})
WORKS = [
    ("gpt2_4x64", None, {"torch": 1.5, "llm.c": 3.0}),
    ("gpt2_1x1024", None, {"torch": 1.4}),
    ("gpt2_1x1024_blocks", None, {"torch": 1.4}),  # what blocks computed is computed anew
    ("char_12x64", None, {"torch": 4.0, "torch compiled": 2.5}),
    ("stories_16x256", None, {"torch": 3.0}),
    ("sort_64x11", 1, {"torch": 15.0}),
    ("g2p_32", None, {"torch": 4.0}),
    ("muon_d4", None, {"nanochat": 1.5}),
]


def busy():
    """Seconds that all processors have worked since the machine started."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, soft, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


class Stepper:
    """A program that takes training steps when it is asked to (bench/train/steps.cpp)."""

    def __init__(self, call, threads, environment=None):
        pin = lambda: os.sched_setaffinity(0, processors()[:threads])
        waits = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"}
        self.call = call
        self.process = subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=pin,
                                        env={**os.environ, **waits, **(environment or {})})
        self.about = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            fail(f"{' '.join(self.call)} ended with {self.process.wait()}")
        return line

    def answer(self):
        """The next line of numbers: llm.c also tells what it allocates."""
        while not (line := self.read())[0].isdigit():
            pass
        return line

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def take(self, steps):
        """Median seconds of so many steps, and processors that were busy with something else meanwhile."""
        own, all_of_it, start = self.cpu(), busy(), time.monotonic()
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        *seconds, _ = map(float, self.answer().split())
        passed = time.monotonic() - start
        return statistics.median(seconds), (busy() - all_of_it - self.cpu() + own) / passed

    def peak_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return 1024 * int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def llmc(folder, work):
    """llm.c's train_gpt2.c with the loop of llmc_steps.c around it."""
    source = os.path.join(HERE, "train", "llmc_steps.c")
    program = os.path.join(tempfile.mkdtemp(), "llmc_steps")
    output_of(["gcc", "-Ofast", "-march=native", "-fno-finite-math-only", "-fopenmp", "-DOMP", "-DTESTING", "-w", "-I", folder, "-include",
               os.path.join(folder, "train_gpt2.c"), source, "-lm", "-o", program])
    return [program, *re.search(r"(\d+)x(\d+)", work).groups()]


def steppers(a, work, threads, floors):
    yield "ours", Stepper([os.path.join(a.build, "bench", f"bench_train_{work}"), str(threads)], threads)
    script = os.path.join(HERE, "train", "torch_steps.py")
    if work.startswith("muon"):
        if a.torch and a.nanochat:
            yield "nanochat", Stepper([a.torch, os.path.join(HERE, "train", "muon_steps.py"), a.nanochat, str(threads)], threads)
        return
    same = work.removesuffix("_blocks")
    if a.torch:
        yield "torch", Stepper([a.torch, script, same, str(threads)], threads)
    if a.torch and "torch compiled" in floors:
        yield "torch compiled", Stepper([a.torch, script, same, str(threads), "compile"], threads)
    if a.llmc and "llm.c" in floors:
        yield "llm.c", Stepper(llmc(a.llmc, work), threads)


def round_of(programs, steps):
    """{name: seconds}; taken again while others disturb it. Also whether it was quiet."""
    for again in range(AGAIN):
        seconds, quiet = {}, True
        for name, program in programs.items():
            seconds[name], others = program.take(steps[name])
            quiet = quiet and others < 0.1
            if not quiet and again + 1 < AGAIN:
                break
        else:
            return seconds, quiet
        time.sleep(2)


def peak_gflops(a, threads):
    program = os.path.join(a.build, "bench", "bench_machine")
    return json.loads(output_of([program, str(threads), "1024", "1024", "1024", "100"], threads).stdout)["gflops"]


def measure(a, work, threads, floors):
    programs = {name: p for name, p in steppers(a, work, threads, floors)}
    about = json.loads(programs["ours"].about)
    steps = {}
    for name, program in programs.items():
        program.take(2)
        steps[name] = max(1, min(100, round(0.3 / program.take(1)[0])))
    rounds, peaks, quiet = [], [], 0
    for _ in range(a.rounds):
        peaks.append(peak_gflops(a, threads))
        seconds, was_quiet = round_of(programs, steps)
        rounds.append(seconds)
        quiet += was_quiet
    ours = statistics.median(r["ours"] for r in rounds)
    share = statistics.median(about["flops"] / r["ours"] / 1e9 / p for r, p in zip(rounds, peaks))
    rate = f"{about['tokens'] / ours:.0f} tokens/s, " if about["tokens"] else ""
    print(f"{work} {threads}t: {1e3 * ours:.2f} ms a step, {rate}{100 * share:.0f} % of the peak, "
          f"{programs['ours'].peak_bytes() / 1e6:.0f} MB; {quiet} of {a.rounds} rounds quiet", flush=True)
    for name, program in programs.items():
        if name == "ours":
            continue
        ratio = statistics.median(r[name] / r["ours"] for r in rounds)
        wanted = f", wanted {floors[name]}" if name in floors else ""
        memory = programs["ours"].peak_bytes() / program.peak_bytes()
        print(f"  {name}: {1e3 * statistics.median(r[name] for r in rounds):.2f} ms, {ratio:.2f} times ours{wanted}; our memory {memory:.2f} of its",
              flush=True)
    for program in programs.values():
        program.end()


def growth(a, threads):
    """Time of a useful dot product of attention, forward and backward, in 4096 tokens over that in 1024."""
    program = Stepper([os.path.join(a.build, "bench", "bench_train_attention"), str(threads)], threads)
    rounds = [(program.take(1024)[0], program.take(4096)[0]) for _ in range(a.rounds)]
    program.end()
    ratio = statistics.median(long / short for short, long in rounds)
    print(f"attention, a useful dot product in 4096 tokens over one in 1024, {threads}t: {ratio:.2f}, wanted within 0.85 and 1.15", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build", metavar="BUILD")
    p.add_argument("--torch", metavar="PYTHON", help="a Python with torch")
    p.add_argument("--llmc", metavar="FOLDER", help="a checkout of llm.c")
    p.add_argument("--nanochat", metavar="FOLDER", help="a checkout of nanochat")
    p.add_argument("--only", metavar="REGEX", default="")
    p.add_argument("--threads", type=int, default=min(2, len(processors())), help="of works that do not say 1")
    p.add_argument("--rounds", type=int, default=5)
    a = p.parse_args()
    for work, threads, floors in WORKS:
        if re.search(a.only, work):
            measure(a, work, threads or a.threads, floors)
    if re.search(a.only, "attention"):
        growth(a, a.threads)


if __name__ == "__main__":
    main()
