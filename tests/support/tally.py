#!/usr/bin/env python3
"""Adds up a meson testlog.json: tally.py LABEL LOG -> the last line is "PASSED FAILED SKIPPED".

A test program says "@tests PASSED FAILED" of its own cases; one that does not counts as one case. A
program that crashes, times out or exits with an error counts as a failure even if no case of it did.
"""
import json
import re
import sys


def cases(run):
    """Cases passed and failed of one program."""
    good = run["result"] in ("OK", "EXPECTEDFAIL")
    told = re.findall(r"^@tests (\d+) (\d+)\s*$", run.get("stdout", ""), re.M)
    if not told:
        return (1, 0) if good else (0, 1)
    passed = sum(int(p) for p, _ in told)
    failed = sum(int(f) for _, f in told)
    return passed, failed if good else max(failed, 1)


def main():
    label, log = sys.argv[1:]
    total = [0, 0, 0]
    for line in open(log, encoding="utf-8", errors="replace"):
        run = json.loads(line)
        if run["result"] == "SKIP":
            total[2] += 1
            print(f"  SKIPPED {label}: {run['name']}: {run.get('stdout', '').strip()[-200:]}")
            continue
        passed, failed = cases(run)
        total[0] += passed
        total[1] += failed
        if failed:
            print(f"\n--- FAILED {label}: {run['name']}: {run['result']}, exit code {run['returncode']}")
            print("    " + " ".join(run["command"]))
            for stream in ("stdout", "stderr"):
                text = run.get(stream, "").rstrip()
                if text:
                    print(f"--- {stream}\n" + "\n".join(text.splitlines()[-120:]))
    print(*total)


main()
