"""bench/run's figures, targets and report of samples made by hand. Argument: the source's root."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(SOURCE / "bench"))
sys.dont_write_bytecode = True

from suite import report, sniff, tools  # noqa: E402
from suite.figures import Figures  # noqa: E402

ABOUT = {"date": "2026-01-01 00:00", "cpu": "a processor", "cores": 2, "memory_gib": 8, "kernel": "6.1", "mode": "quick",
         "minutes": 1, "rounds": 3, "load_before": "0.1 0.1 0.1", "load_after": "1.0 0.5 0.2"}


def sample(part, tool, number, x=None, **metrics):
    return {"part": part, "tool": tool, "x": x, "round": number, "metrics": metrics}


def three_rounds():
    samples = []
    for number, (ours, bare) in enumerate([(8, 10), (4, 20), (9, 10)]):
        samples += [sample("null", "wdscast kernel", number, gbps=ours, rx_cpu_per_gib=0.3),
                    sample("null", "sockets, GSO and GRO", number, gbps=bare)]
        samples += [sample("size", "wdscast kernel", number, x=x, rx_cpu_per_gib=s, gbps=1) for x, s in ((1, 1), (16, 0.5), (256, 1))]
        samples += [sample("loss", tool, number, x=x, gbps=5 - x) for tool in ("wdscast kernel", "udpcast") for x in (0, 2)]
        samples += [sample("stages", "in_order", number, x=1385, parse=50, engine=40, put=60, publish=4, ack=8, turn=200)]
    samples.append({"part": "null", "tool": "udpcast", "x": None, "round": 0, "failed": "no route"})
    return samples


class FiguresOfSamples(unittest.TestCase):
    def setUp(self):
        self.figures = Figures(three_rounds())

    def judged(self, beginning):
        return next(j for j in report.judged(self.figures) if j["target"].startswith(beginning))

    def test_a_figure_has_n_least_median_and_most(self):
        self.assertEqual(self.figures.get("null", "wdscast kernel", None, "gbps"), {"n": 3, "min": 4, "median": 8, "max": 9})

    def test_a_ratio_is_taken_within_each_round(self):
        r = self.figures.ratio(("null", "wdscast kernel", None, "gbps"), ("null", "sockets, GSO and GRO", None, "gbps"))
        self.assertEqual(r, {"n": 3, "min": 0.2, "median": 0.8, "max": 0.9})

    def test_a_round_without_its_partner_has_no_ratio(self):
        figures = Figures([sample("a", "x", 0, gbps=1), sample("a", "x", 1, gbps=2), sample("a", "y", 1, gbps=4)])
        self.assertEqual(figures.ratio(("a", "x", None, "gbps"), ("a", "y", None, "gbps"))["n"], 1)

    def test_targets_are_met_missed_or_not_measured(self):
        self.assertIs(self.judged("veth, kernel, to null: over bare")["met"], True)
        self.assertIs(self.judged("veth, kernel, to null: receiver's CPU")["met"], True)
        self.assertIsNone(self.judged("memif: packets")["met"])
        self.figures = Figures([sample("null", "wdscast kernel", 0, rx_cpu_per_gib=0.5)])
        self.assertIs(self.judged("veth, kernel, to null: receiver's CPU")["met"], False)

    def test_what_a_file_costs_is_held_against_plain_writes(self):
        costs = [("wdscast kernel", 0.9), ("wdscast kernel, null", 0.4), ("plain writes", 0.5)]
        self.figures = Figures([sample("tmpfs", tool, 0, rx_cpu_per_gib=cost) for tool, cost in costs])
        self.assertAlmostEqual(self.judged("to a file on tmpfs: CPU beyond")["figure"]["median"], 1)
        self.assertIs(self.judged("to a file on tmpfs: CPU beyond")["met"], True)
        self.assertIsNone(self.judged("to a file on disk: CPU beyond")["met"])

    def test_steps_tell_what_is_worse_than_linear(self):
        steps = self.figures.steps("size", "wdscast kernel")
        self.assertEqual(steps, [(1, 16, 0.5), (16, 256, 2.0)])

    def test_the_page_shows_targets_failures_and_growth(self):
        page = report.markdown(self.figures, ABOUT, ["rate"], "plots")
        self.assertIn("| veth, kernel, to null: over bare GSO/GRO sockets | at least 0.5 | 0.8 [0.2-0.9] n=3 | yes |", page)
        self.assertIn("udpcast failed 1 times, at last: no route", page)
        self.assertIn("1 to 16: 0.50; 16 to 256: 2.00", page)
        self.assertIn("plots/rate.svg", page)
        self.assertIn("0.1 0.1 0.1 before", page)


class Parsing(unittest.TestCase):
    class Process:
        def __init__(self, text):
            self.text = text

        def output(self):
            return self.text

        def why(self):
            return "why"

    def test_testpmds_rates_are_its_seconds_with_traffic(self):
        text = "  Rx-pps:            0          Rx-bps: 0\n  Rx-pps:      2500000\n  Rx-pps: 3500000\n"
        self.assertEqual(tools.rx_rates(self.Process(text)), [2500000, 3500000])

    def test_the_last_event_of_a_kind_counts(self):
        text = 'x\n{"event":"start","n":1}\n{"event":"done","n":2}\n{"event": "done","n":3}\n{"event":"end"}\n'
        self.assertEqual(tools.last_json(self.Process(text), "done")["n"], 3)

    def test_no_result_is_a_failure_with_its_reason(self):
        with self.assertRaises(tools.Failure):
            tools.last_json(self.Process("no brace"))


class Sniffing(unittest.TestCase):
    def frame(self, payload, protocol=17):
        ip = bytes([0x45, 0, 0, 0, 0, 0, 0, 0, 1, protocol, 0, 0, 10, 98, 0, 1, 239, 192, 0, 1])
        return bytes(12) + b"\x08\x00" + ip + b"\x13\x88\xfa\x01" + bytes(4) + payload

    def test_a_packet_of_a_session_tells_its_opcode(self):
        payload = b"WD\x03\x00\x04" + bytes(4) + b"\0\0\0\x07" + b"\x06" + bytes(8)
        udp = sniff.udp_of(self.frame(payload))
        self.assertEqual((udp[0], udp[1], udp[2], sniff.opcode_of(udp[3])), (5000, 64001, True, 6))

    def test_what_is_another_protocols_is_none(self):
        self.assertIsNone(sniff.opcode_of(b"\x01\x00" + bytes(40)))
        self.assertIsNone(sniff.udp_of(self.frame(b"", protocol=6)))
        self.assertIsNone(sniff.udp_of(b"short"))


class TheCommand(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run([SOURCE / "bench/run", *arguments], capture_output=True, text=True, check=False)

    def test_a_report_is_written_again_from_its_samples(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "old.json").write_text(json.dumps({"about": ABOUT, "samples": three_rounds()}))
            done = self.run_it("--report", folder / "old.json", "--out", folder / "new")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            new = json.loads((folder / "new/report.json").read_text())
            self.assertEqual(new["samples"], three_rounds())
            self.assertEqual(new["failures"][0]["failures"], ["no route"])
            self.assertIn("# Measured", (folder / "new/report.md").read_text())
            for plot in (folder / "new/plots").glob("*"):
                self.assertGreater(plot.stat().st_size, 1000)

    def test_runs_are_joined_round_after_round(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "old.json").write_text(json.dumps({"about": ABOUT, "samples": three_rounds()}))
            done = self.run_it("--report", folder / "old.json", folder / "old.json", "--out", folder)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            new = json.loads((folder / "report.json").read_text())
            self.assertEqual((new["about"]["rounds"], new["about"]["minutes"]), (6, 2))
            figure = next(f for f in new["figures"] if f["part"] == "null" and f["tool"] == "wdscast kernel")
            self.assertEqual(figure["n"], 6)

    def test_an_unknown_option_is_refused(self):
        self.assertEqual(self.run_it("--fast").returncode, 2)


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=2)
    bad = len(program.result.failures) + len(program.result.errors)
    print(f"@tests {program.result.testsRun - bad} {bad}")
    sys.exit(bad > 0)
