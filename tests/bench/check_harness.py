"""bench/run.py on the model of the repository, with no peers: check_harness.py COMMAND FOLDER."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "bench"))

from harness.report import line  # noqa: E402
from harness.works import ALL, QUICK  # noqa: E402

COMMAND, FOLDER = sys.argv.pop(1), sys.argv.pop(1)


def run(*options, command=COMMAND):
    return subprocess.run([sys.executable, "-B", os.path.join(TOP, "bench", "run.py"), FOLDER, "--command", command, *options],
                          capture_output=True, text=True)


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(FOLDER, ignore_errors=True)
        cls.done = run("--quick")
        if cls.done.returncode:
            raise AssertionError(cls.done.stdout + cls.done.stderr)
        with open(os.path.join(FOLDER, "results.json")) as file:
            cls.found = json.load(file)
        with open(os.path.join(FOLDER, "results.md")) as file:
            cls.table = file.read()

    def test_every_row_is_there(self):
        self.assertEqual([row["key"] for row in self.found["results"]], [work.key(1) for work in QUICK])

    def test_medians_and_fractions_are_those_of_the_rounds(self):
        for row in self.found["results"]:
            ours, limit = row["rates"]["constformer"], row["rates"]["limit"]
            self.assertEqual(len(ours), self.found["rounds"])
            self.assertEqual(len(limit), self.found["rounds"])
            self.assertAlmostEqual(row["medians"]["constformer"], statistics.median(ours))
            self.assertAlmostEqual(row["fraction"], statistics.median(a / b for a, b in zip(ours, limit)))
            self.assertTrue(all(rate > 0 for rate in ours + limit))

    def test_limits_follow_from_what_the_machine_did(self):
        decode, prefill = self.found["results"]
        for rate, now in zip(decode["rates"]["limit"], decode["machine"]):
            self.assertAlmostEqual(rate, now[decode["limit"].split()[1]] * 1e9 / decode["bytes_per_unit"], delta=rate * 1e-6)
        for rate, now in zip(prefill["rates"]["limit"], prefill["machine"]):
            self.assertAlmostEqual(rate, now["gflops"] * 1e9 / prefill["flops_per_unit"], delta=rate * 1e-3)

    def test_costs_are_those_of_the_shape(self):
        decode, prefill = self.found["results"]
        matrices = 929920  # of models/shakespeare, the head included; 1408 gains beside them
        self.assertEqual(decode["bytes_per_unit"] // 1000, 4 * (matrices + 1408 + 15 * 128) // 1000)  # a head of 65 rows takes 80
        pairs = 32 * 33 // 2
        self.assertEqual(prefill["flops_per_unit"],
                         round((2 * (matrices - 65 * 128) * 32 + 2 * 65 * 128 + 4 * 32 * 4 * 5 * pairs) / 32))

    def test_table_has_the_same_rows(self):
        for row in self.found["results"]:
            self.assertIn(line(row) + "\n", self.table)

    def test_chart_is_there_or_its_absence_is_said(self):
        self.assertNotEqual(os.path.exists(os.path.join(FOLDER, "results.svg")), "no chart" in self.done.stdout)


class Failures(unittest.TestCase):
    def check(self, sentence, done):
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(sentence, done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_command_that_is_not_there(self):
        self.check("toolchain.json: No such file", run("--quick", command=os.path.join(FOLDER, "nowhere", "constformer")))

    def test_rows_that_are_not_there(self):
        self.check("no row matches", run("--only", "no such model"))

    def test_more_threads_than_processors(self):
        self.check("--threads 100000", run("--threads", "100000"))


class Table(unittest.TestCase):
    def test_an_absent_peer_is_listed(self):
        row = {"model": "m", "dtype": "f32", "work": "decode 64", "threads": 1, "unit": "tokens/s", "bytes_per_unit": 1e6,
               "medians": {"constformer": 10.0, "PyTorch": 5.0, "limit": 20.0}, "ratios": {"PyTorch": 2.0}, "absent": ["llama.cpp"],
               "limit": "read l3", "fraction": 0.5, "at_least": {"ratios": {"llama.cpp": 1.3}, "fraction": 0.9}}
        self.assertIn("2.00× PyTorch, llama.cpp absent | 50% of read l3 (20) | 1.3× llama.cpp, 90%", line(row))

    def test_rows_differ(self):
        keys = [work.key(work.threads) for work in ALL]
        self.assertEqual(len(keys), len(set(keys)))


if __name__ == "__main__":
    unittest.main()
