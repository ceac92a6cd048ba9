"""bench/builds.py on an encoder and on a unit of an encoder-decoder, whose budgets it holds: check_builds.py COMMAND FOLDER. Llama and GPT-2
are held by tests/real/budgets.cpp."""

import json
import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "bench"))

import builds  # noqa: E402

COMMAND, FOLDER = sys.argv.pop(1), sys.argv.pop(1)
MODEL = os.path.join(TOP, "tests", "parity", "fixtures", "bert_plain")


class Budgets(unittest.TestCase):
    def test_builds_are_within_their_budgets_and_counted(self):
        script = os.path.join(TOP, "bench", "builds.py")
        call = [sys.executable, "-B", script, FOLDER, "--command", COMMAND, "--model", MODEL, "--config", "t5_small", "--budget"]
        done = subprocess.run(call, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(os.path.join(FOLDER, "builds.json")) as file:
            rows = json.load(file)["results"]
        self.assertEqual([row["name"] for row in rows], ["bert_plain", "t5_small"])
        with open(os.path.join(FOLDER, "builds.md")) as file:
            self.assertEqual(file.read().splitlines(), builds.table(rows))
        for row in rows:
            self.assertEqual(sum(row["code_bytes"].values()), row["unit_code_bytes"])
            self.assertGreater(row["code_bytes"]["products"], 1000)
            self.assertGreater(row["code_bytes"]["attention"], 1000)
            self.assertGreater(row["peak_bytes"], 10_000_000)

    def test_what_is_above_a_budget_is_named(self):
        row = {"name": "m", "seconds": 15.5, "peak_bytes": 1, "unit_code_bytes": 400_001, "pace": 1.0}
        too_long = "m: unit_code_bytes 400001 is above 400000"
        self.assertEqual(builds.above_budget([row]), ["m: seconds 15.5 is above 15", too_long])
        self.assertEqual(builds.above_budget([{**row, "pace": 1.5}]), [too_long])  # a slower machine
        self.assertEqual(builds.above_budget([{**row, "seconds": 15, "unit_code_bytes": 1}]), [])

    def test_the_pace_of_this_machine_is_that_of_the_budgets_or_slower(self):
        self.assertGreaterEqual(builds.pace(), 1.0)

    def test_symbols_are_sorted_by_kernel(self):
        self.assertEqual(builds.family_of("void constformer::N_AVX2::matmul<float, float>(float const*)"), "products")
        self.assertEqual(builds.family_of("constformer::N_AVX2::attention_kernel<32, 2>::attend()"), "attention")
        self.assertEqual(builds.family_of("std::to_string(int)"), "others")


if __name__ == "__main__":
    unittest.main()
