"""bench/security runs, and tells of each case at both sizes. No figure is judged. Argument: the program."""
import json
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1)
CASES = ["receive CHECKSUM", "receive NONE", "receive HASH", "receive HASH, multi-buffer", "receive SIGN", "send CHECKSUM",
         "send HASH", "send HASH, multi-buffer", "send HASH, gathered", "send SIGN"]


def run(*options):
    return subprocess.run([PROGRAM, *options], text=True, capture_output=True, check=False)


class Security(unittest.TestCase):
    def test_each_case_has_figures_at_both_sizes(self):
        done = run("--json", "--runs", "1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(line["case"], line["block_bytes"]) for line in lines],
                         [(case, size) for size in (1385, 8785) for case in CASES])
        for line in lines:
            self.assertEqual((line["unit"], line["n"]), ("Gb/s", 1))
            for figure in ("min", "median", "max", "ratio_min", "ratio", "ratio_max"):
                self.assertGreater(line[figure], 0, (line["case"], figure))
            if line["case"].endswith("CHECKSUM"):
                self.assertEqual(line["ratio"], 1, line["case"])

    def test_a_wrong_number_of_runs_is_a_usage_error(self):
        for runs in ("0", "1001", "x"):
            done = run("--runs", runs)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("usage: security", done.stderr)


unittest.main(argv=sys.argv[:1])
