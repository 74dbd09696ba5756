"""Each tool's way to bring one file from a sender to some receivers, or to flood one: figures of a single run."""
import json
import os
import re
import signal
import statistics
import time

from .lab import Failure, SOURCE, until

BUILD = SOURCE / "build"
GIB = 1 << 30
LIMIT_S = 180  # of one transfer

ADDRESS = {"a": "10.98.0.1", "b": "10.98.0.2", "srv": "10.99.0.1"}


class Transfer:
    """What is to be done: a file, from where to whom, into what."""

    def __init__(self, lab, path, sender="a", receivers=("b",), sink="null"):
        self.lab, self.path, self.sender, self.receivers, self.sink = lab, path, sender, list(receivers), sink
        self.bytes = os.stat(path).st_size

    def target(self, receiver):
        """Where this receiver writes; None: nowhere."""
        if self.sink == "null":
            return None
        folder = self.lab.dir / "out" if self.sink == "tmpfs" else self.lab.disk
        folder = folder / receiver
        folder.mkdir(parents=True, exist_ok=True)
        return folder / self.path.name

    def check(self, receiver):
        target = self.target(receiver)
        if target is not None:
            self.lab.call(None, ["cmp", self.path, target])

    def clean(self):
        for receiver in self.receivers:
            target = self.target(receiver)
            if target is not None:
                target.unlink(missing_ok=True)


def last_json(process, event=None):
    """The last JSON object among its lines (with this event)."""
    for line in reversed(process.output().splitlines()):
        if line.startswith("{") and (event is None or f'"event":"{event}"' in line.replace('": "', '":"')):
            return json.loads(line)
    raise Failure(f"no result: {process.why()}")


def figures(t, began, rate, receivers, sender):
    """rate: Gb/s of content for each receiver as its tool tells it, or None: from `began` to its end."""
    wall = [t.bytes * 8 / 1e9 / (p.ended - began) for p in receivers]
    return {
        "gbps": statistics.median(rate or wall),
        "wall_gbps": statistics.median(wall),
        "seconds": max(p.ended for p in receivers) - began,
        "rx_cpu_per_gib": statistics.mean(p.cpu for p in receivers) / (t.bytes / GIB),
        "tx_cpu_per_gib": sender.cpu / (t.bytes / GIB),
        "rx_rss_mib": max(p.rss_mib for p in receivers),
    }


def serve(lab, where, spec, root, options=()):
    server = lab.start(where, [BUILD / "app/wdscast", "--root", root, "--port", spec, "--json", *options], "wdscast")
    if not until(20, lambda: server.log.stat().st_size > 0 or not os.path.exists(f"/proc/{server.pid}/exe")):
        raise Failure(f"wdscast does not start: {server.why()}")
    if not server.output().strip():
        server.wait(1)
        raise Failure(f"wdscast: {server.why()}")
    return server


def get_argv(address, name, spec, target, options=()):
    return [BUILD / "app/wdsget", f"wds://{address}/{name}", "-o", target or "null:", "--port", spec, "--json", "--stats",
            *options]


def wdscast(t, port="kernel", serve_options=(), get_options=()):
    """Our own pair. port: kernel, af_packet, af_xdp (on eth0) or memif."""
    where = [None, None] if port == "memif" else [t.sender, None]
    specs = [f"{port}:eth0"] * 2
    if port == "memif":
        socket = t.lab.dir / "memif.sock"
        specs = [f"memif:{socket},server", f"memif:{socket}"]
        serve_options = ["--ip", "10.98.0.1/24", *serve_options]
        get_options = ["--ip", "10.98.0.2/24", *get_options]
    server = serve(t.lab, where[0], specs[0], t.path.parent.parent, serve_options)
    name = f"{t.path.parent.name}/{t.path.name}"
    began = time.time()
    receivers = [t.lab.start(None if port == "memif" else r,
                             get_argv(ADDRESS[t.sender], name, specs[1], t.target(r), get_options), "wdsget")
                 for r in t.receivers]
    for r, p in zip(t.receivers, receivers):
        if p.wait(LIMIT_S) != 0:
            raise Failure(f"wdsget: {p.why()}")
        t.check(r)
    done = [last_json(p, "done") for p in receivers]
    block = last_json(receivers[0], "start")["block_bytes"]
    joined = [json.loads(line)["time"] for line in server.output().splitlines() if '"joined"' in line]
    server.stop()
    f = figures(t, began, [d["gbps"] for d in done], receivers, server)
    f["join_ms"] = (joined[0] - began) * 1000 if joined else None
    f["mpps"] = f["gbps"] * 1e3 / 8 / block
    f["repaired_percent"] = 100 * statistics.mean(d["repaired_blocks"] for d in done) / max(t.bytes / block, 1)
    f["wire_per_file"] = max(d["port"]["rx_bytes"] for d in done) / t.bytes
    f["rx_missed"] = max(d["port"]["rx_missed"] + d["port"]["rx_no_buffer"] for d in done)
    f["idle_turns_percent"] = statistics.mean(100 * d["port"]["idle_turns"] / max(d["port"]["turns"], 1) for d in done)
    return f


def udpcast(t):
    """Its wait for receivers, two seconds by design, is left out: the rate is the receiver's own."""
    receivers = [t.lab.start(r, ["udp-receiver", "--interface", "eth0", "--nokbd", "--exit-wait", "0", "--rcvbuf",
                                 "4194304", "--file", t.target(r) or "/dev/null"], "udp-receiver")
                 for r in t.receivers]
    time.sleep(0.3)
    began = time.time()
    sender = t.lab.start(t.sender, ["udp-sender", "--interface", "eth0", "--nokbd", "--no-progress", "--nopointopoint",
                                    "--full-duplex", "--min-receivers", str(len(receivers)), "--file", t.path],
                         "udp-sender")
    for r, p in zip(t.receivers, receivers):
        if p.wait(LIMIT_S) != 0:
            raise Failure(f"udp-receiver: {p.why()}")
        t.check(r)
    sender.wait(10)
    rates = [re.findall(r"\( *([0-9.]+) Mbps\)", p.errors()) for p in receivers]
    if not all(rates):
        raise Failure(f"udp-receiver: {receivers[0].why()}")
    return figures(t, began, [float(r[-1]) / 1000 for r in rates], receivers, sender)


def uftp(t):
    """Its announcement, some seconds by design, is left out: the rate is of the file's transfer as uftp tells it."""
    receivers = []
    for r in t.receivers:
        folder = (t.target(r) or t.lab.dir / "out" / r / "x").parent
        folder.mkdir(parents=True, exist_ok=True)
        receivers.append(t.lab.start(r, ["uftpd", "-d", "-I", "eth0", "-D", folder, "-B", "4194304", "-x", "1"], "uftpd"))
    time.sleep(0.3)
    began = time.time()
    sender = t.lab.start(t.sender, ["uftp", "-I", "eth0", "-B", "4194304", "-R", "-1", "-b", "1400", t.path], "uftp")
    code = sender.wait(LIMIT_S)
    for p in receivers:
        p.stop(signal.SIGTERM)
        p.ended = sender.ended
    took = re.findall(r"Total elapsed time: *([0-9.]+)", sender.output() + sender.errors())
    if code != 0 or not took:
        raise Failure(f"uftp: {sender.why()}")
    for r in t.receivers:
        t.check(r)
        if t.sink == "null":
            (t.lab.dir / "out" / r / t.path.name).unlink(missing_ok=True)
    return figures(t, began, [t.bytes * 8 / 1e9 / max(float(took[-1]), 1e-3)], receivers, sender)


def norm(t, rate="700e6"):
    receivers = [t.lab.start(r, [BUILD / "bench/norm", "rx", "eth0", t.target(r).parent], "norm-rx") for r in t.receivers]
    time.sleep(0.3)
    began = time.time()
    sender = t.lab.start(t.sender, [BUILD / "bench/norm", "tx", "eth0", t.path, rate], "norm-tx")
    for r, p in zip(t.receivers, receivers):
        if p.wait(60) != 0:
            raise Failure(f"norm: {p.why()}")
        t.check(r)
    sender.stop()
    return figures(t, began, None, receivers, sender)


PLAIN_WRITES = """
import os, resource, sys, time
path, size, piece = sys.argv[1], int(sys.argv[2]), os.urandom(1 << 20)
cpu = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
began, before = time.monotonic(), cpu()
for at in range(0, size, len(piece)):
    os.pwrite(fd, piece, at)
print(time.monotonic() - began, cpu() - before)
"""


def plain_writes(t):
    """The device alone: one warm MiB, written again and again to a new file of the same size."""
    process = t.lab.call(None, ["python3", "-c", PLAIN_WRITES, t.target(t.receivers[0]), t.bytes])
    seconds, cpu = map(float, process.output().split())
    return {"gbps": t.bytes * 8 / 1e9 / seconds, "rx_cpu_per_gib": cpu / (t.bytes / GIB)}


def gso(lab, seconds, plain=False, size=1472, sender="a", receivers=("b",)):
    """The bare sockets: what each sink took."""
    options = ["--size", str(size)] + (["--plain"] if plain else [])
    sinks = [lab.start(r, [BUILD / "bench/gso", "rx", "eth0", "--seconds", "60", *options], "gso-rx") for r in receivers]
    time.sleep(0.3 + 0.05 * len(sinks))
    process = lab.call(sender, [BUILD / "bench/gso", "tx", "eth0", "--seconds", str(seconds), *options])
    for sink in sinks:
        sink.wait(10)
    got = [last_json(sink) for sink in sinks]
    if not all(g["bytes"] and g["seconds"] for g in got):
        raise Failure("gso: nothing arrived")
    return {"gbps": statistics.median(g["gbps"] for g in got),
            "mpps": statistics.median(g["datagrams"] / g["seconds"] for g in got) / 1e6,
            "rx_cpu_per_gib": statistics.median(g["cpu_seconds"] / (g["bytes"] / GIB) for g in got),
            "tx_cpu_per_gib": process.cpu / (last_json(process)["bytes"] / GIB)}


def iperf3(lab, seconds, udp):
    server = lab.start("b", ["iperf3", "-s", "-1"], "iperf3-server")
    time.sleep(0.3)
    mode = ["-u", "-b", "0", "-l", "1472"] if udp else []
    client = lab.call("a", ["iperf3", "-c", ADDRESS["b"], "-t", str(seconds), "-J", *mode], seconds + 20)
    server.wait(10)
    end = json.loads(client.output())["end"]
    got = end["sum_received"] if not udp else end["sum"]
    lost = got.get("lost_percent", 0) / 100
    received = got["bytes"] * (1 - lost)
    return {"gbps": received * 8 / got["seconds"] / 1e9, "rx_cpu_per_gib": server.cpu / (received / GIB)}


# ---- testpmd ----

TESTPMD = ["stdbuf", "-oL", "dpdk-testpmd", "--no-pci", "--no-huge"]
RXONLY = ["--forward-mode=rxonly", "--auto-start", "--stats-period", "1", "--burst=64", "--total-num-mbufs=16384"]


def rx_rates(process):
    """What testpmd told each second, without seconds in which nothing came."""
    return [int(n) for n in re.findall(r"Rx-pps: *([0-9]+)", process.output()) if int(n) > 1000]


def testpmd(lab, seconds, frame, where, vdevs, ready):
    """One process receives what another sends, each on a core: packets a second. ready(receiver): it may begin."""
    def start(number, options):
        return lab.start(where[number], TESTPMD + ["-m", "256", "--lcores", f"0@{number},1@{1 - number}", "--file-prefix",
                                                   f"{lab.net}{number}", "--vdev", vdevs[number], "--", *options], "testpmd")

    receiver = start(0, RXONLY)
    if not until(20, lambda: ready(receiver)):
        raise Failure(f"testpmd: {receiver.why()}")
    sender = start(1, ["--forward-mode=txonly", f"--txpkts={frame}", *RXONLY[1:]])
    until(10, lambda: rx_rates(receiver))
    time.sleep(seconds)
    receiver.stop(signal.SIGINT)  # first: one whose peer has gone may crash
    sender.stop(signal.SIGINT)
    rates = rx_rates(receiver)
    if not rates:
        raise Failure(f"testpmd: {receiver.why()}")
    return {"mpps": statistics.mean(rates) / 1e6, "gbps": statistics.mean(rates) * frame * 8 / 1e9}


def testpmd_memif(lab, seconds, frame):
    """Shared memory, the same buffers again and again."""
    socket = lab.dir / "testpmd.sock"
    vdevs = [f"net_memif0,role={role},id=0,socket={socket},socket-abstract=no" for role in ("server", "client")]
    try:
        return testpmd(lab, seconds, frame, (None, None), vdevs, lambda receiver: socket.exists())
    finally:
        socket.unlink(missing_ok=True)


def testpmd_veth(lab, seconds, driver, frame=1514):
    """af_packet or af_xdp receives what af_packet sends."""
    sends = "net_af_packet0,iface=eth0,blocksz=4096,framesz=2048,framecnt=4096,qpairs=1"
    takes = sends if driver == "af_packet" else "net_af_xdp0,iface=eth0"
    return testpmd(lab, seconds, frame, ("b", "a"), (takes, sends),
                   lambda receiver: "Rx-pps" in receiver.output() or receiver.ended)


def idle_server(lab, seconds):
    server = serve(lab, "a", "kernel:eth0", lab.dir / "root")
    time.sleep(1)
    before = server.cpu_now()
    time.sleep(seconds)
    return {"percent": 100 * (server.cpu_now() - before) / seconds}


def idle_client(lab, path, seconds, port):
    """A receiver in mid-session whose server has fallen silent."""
    where, specs, ours, theirs = ("a", "b"), [f"{port}:eth0"] * 2, [], []
    if port == "memif":
        socket = lab.dir / "memif.sock"
        where, specs = (None, None), [f"memif:{socket},server", f"memif:{socket}"]
        ours, theirs = ["--ip", "10.98.0.1/24"], ["--ip", "10.98.0.2/24"]
    server = serve(lab, where[0], specs[0], path.parent.parent, ours)
    client = lab.start(where[1], get_argv(ADDRESS["a"], f"{path.parent.name}/{path.name}", specs[1], None, theirs), "wdsget")
    if not until(20, lambda: '"start"' in client.output()):
        raise Failure(f"wdsget: {client.why()}")
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(1)
    before = client.cpu_now()
    time.sleep(seconds)
    percent = 100 * (client.cpu_now() - before) / seconds
    os.kill(server.pid, signal.SIGCONT)
    return {"percent": percent}
