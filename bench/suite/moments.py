"""What is over in a moment: the start of a receiver, its first block, and how soon a sleeping server wakes."""
import json
import pathlib
import statistics
import sys

from .lab import Failure, until
from .tools import ADDRESS, get_argv, serve

SNIFF = pathlib.Path(__file__).with_name("sniff.py")
MSI_PORT, JOIN, SPM, BLOCKS = 5041, 2, 1, (6, 7)
AWAITED = (2, 13)  # JOIN and POLLACK: what the server waits for before it sends a block, so each a round trip


def name_of(path):
    return f"{path.parent.name}/{path.name}"


def start(lab, path, port):
    """From the exec of wdsget to what the server says of its JOIN. A shell tells when, and becomes wdsget."""
    server = serve(lab, "a", "kernel:eth0", path.parent.parent)
    client = lab.start("b", ["bash", "-c", 'echo "$EPOCHREALTIME" >&2; exec "$@"', "-",
                             *get_argv(ADDRESS["a"], name_of(path), f"{port}:eth0", None)], "wdsget")
    if client.wait(60) != 0:
        raise Failure(f"wdsget: {client.why()}")
    until(5, lambda: '"joined"' in server.output())
    joined = [json.loads(line)["time"] for line in server.output().splitlines() if '"joined"' in line]
    server.stop()
    return {"join_ms": (joined[0] - float(client.errors().splitlines()[0])) * 1000, "rx_rss_mib": client.rss_mib}


def sniffed(lab, path, port, seconds=20):
    """The first packets of a session, as the receiver's interface sees them."""
    sniffer = lab.start("b", [sys.executable, SNIFF, "eth0", str(seconds)], "sniff")
    if not until(10, lambda: sniffer.output()):
        raise Failure(f"sniff: {sniffer.why()}")
    client = lab.start("b", get_argv(ADDRESS["a"], name_of(path), f"{port}:eth0", None), "wdsget")
    if client.wait(60) != 0:
        raise Failure(f"wdsget: {client.why()}")
    sniffer.wait(seconds + 5)
    return [json.loads(line) for line in sniffer.output().splitlines()[1:]]


def first_block(lab, path, port):
    """From the JOIN to the first block: time, round trips and SPMs."""
    server = serve(lab, "a", "kernel:eth0", path.parent.parent)
    seen = sniffed(lab, path, port)
    server.stop()
    join = next((p["time"] for p in seen if p["opcode"] == JOIN), None)
    block = next((p["time"] for p in seen if p["opcode"] in BLOCKS), None)
    if join is None or block is None:
        raise Failure("no JOIN or no block was seen")
    between = [p for p in seen if join <= p["time"] < block]
    return {"first_block_ms": (block - join) * 1000,
            "first_block_rtts": len({p["opcode"] for p in between if p["opcode"] in AWAITED}),
            "first_block_spms": sum(p["opcode"] == SPM for p in between)}


def wake(lab, path, port, count=30):
    """How much longer a server takes to answer that sleeps than one that has just answered."""
    server = serve(lab, "a", f"{port}:eth0", path.parent.parent)
    request = next((p["bytes"] for p in sniffed(lab, path, "kernel") if p["to"] == MSI_PORT), None)
    if request is None:
        raise Failure("no request was seen")
    probe = lab.call("b", [sys.executable, SNIFF, "probe", ADDRESS["a"], str(MSI_PORT), request, str(count)])
    server.stop()
    got = json.loads(probe.output())
    hot = statistics.median(got["hot_us"])
    return {"wake_us": statistics.median(got["idle_us"]) - hot, "wake_most_us": max(got["idle_us"]) - hot,
            "answer_us": hot}
