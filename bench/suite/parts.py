"""What is measured. A Measurement gives samples of one tool at one place of a part; a round runs each once."""
import json
import shutil
from dataclasses import dataclass
from typing import Callable

from . import moments, tools
from .lab import Failure
from .tools import BUILD, GIB, Transfer

MIB = 1 << 20


@dataclass
class Measurement:
    part: str
    tool: str
    x: object  # place on the part's axis: a size, a number of receivers; None when there is none
    run: Callable  # (lab) -> {metric: value}, or a list of (tool, x, {metric: value})
    rounds: int = 0  # at most so many; 0: as many as there are
    loss: float = 0  # percent of what comes to host b


class Files:
    """Files to serve, made once: random, or sparse where the size says so."""

    def __init__(self, lab):
        self.root = lab.dir / "root"
        self.root.mkdir()

    def random(self, mib, name=None):
        path = self.root / "images" / (name or f"{mib}M.img")
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with open("/dev/urandom", "rb") as source, open(path, "wb") as out:
                for _ in range(mib):
                    out.write(source.read(MIB))
        return path

    def sparse(self, mib):
        path = self.root / "images" / f"sparse-{mib}M.img"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as out:
            out.truncate(mib * MIB)
        return path


# ---- programs that measure by themselves ----

def json_lines(lab, argv):
    return [json.loads(line) for line in lab.call(None, argv, 600).output().splitlines() if line.startswith("{")]


def pipeline(lab):
    return [(line["case"], line["block_bytes"], {"ratio": line["ratio_to_memcpy"], "gbps": line["gbps"],
                                                 "memcpy_gbps": line["memcpy_gbps"],
                                                 "cycles_per_block": line["cycles_per_block"],
                                                 "control_ns_per_block": line["control_ns_per_block"]})
            for line in json_lines(lab, [BUILD / "bench/pipeline", "--json", "--runs", "1", "--mib", "64"])]


def stages(lab):
    return [(line["case"], line["block_bytes"], line["stage_cycles"])
            for line in json_lines(lab, [BUILD / "bench/stages", "--json", "--runs", "1", "--mib", "64"])]


def server_cost(lab):
    return [(line["case"], line["block_bytes"], {"ratio": line["ratio_to_memcpy"], "gbps": line["gbps"],
                                                 "content_ns_per_block": line["content_ns_per_block"]})
            for line in json_lines(lab, [BUILD / "bench/serve", "--json", "--runs", "3"])]


def security(lab):
    return [(line["case"], line["block_bytes"], {"gbps": line["median"], "of_checksum": line["ratio"]})
            for line in json_lines(lab, [BUILD / "bench/security", "--json", "--runs", "5"])]


def grow(largest):
    return lambda lab: [("engine", line["bytes"], {"poll_us": line["poll_us"]["median"],
                                                   "poll_last_us": line["poll_last_us"]["median"],
                                                   "mark_ns": line["mark_ns"]["median"],
                                                   "bitmap_bytes": line["bitmap_bytes"]})
                        for line in json_lines(lab, [BUILD / "bench/grow", "--runs", "5", "--largest", str(largest)])]


def simulator(clients):
    def run(lab):
        process = lab.call(None, [BUILD / "tests/sim/sim", "--clients", str(clients), "--loss", "1", "--blocks", "4000",
                                  "--seeds", "1", "--verbose"], 300)
        words = process.output().replace(",", "").replace(";", "").split()
        sent = {name: int(words[words.index(name) + 1]) for name in ("ODATA", "RDATA", "ACK", "NACK", "POLLACK")
                if name in words}
        return {"virtual_seconds": float(words[words.index("after") + 1]),
                "data_per_block": (sent.get("ODATA", 0) + sent.get("RDATA", 0)) / 4000,
                "feedback_per_data": (sent.get("ACK", 0) + sent.get("NACK", 0)) / max(sent.get("ODATA", 1), 1),
                "cpu_us_per_event": 1e6 * process.cpu / int(words[words.index("events") - 1])}
    return run


# ---- transfers ----

def ours(files, mib, port="kernel", serve_options=(), get_options=(), sparse=False, **where):
    return lambda lab: tools.wdscast(Transfer(lab, files.sparse(mib) if sparse else files.random(mib), **where), port,
                                     serve_options, get_options)


def peer(tool, files, mib, **where):
    return lambda lab: tool(Transfer(lab, files.random(mib), **where))


def on_bridge(n, sink="null"):
    return {"sender": "srv", "receivers": [f"r{i}" for i in range(1, n + 1)], "sink": sink}


def many_sessions(files, count, mib):
    """So many objects at once, a receiver each: how long until all are there."""
    def run(lab):
        paths = [files.random(mib, f"session-{i}.img") for i in range(count)]
        server = tools.serve(lab, "a", "kernel:eth0", files.root)
        clients = [lab.start("b", tools.get_argv(tools.ADDRESS["a"], f"images/{p.name}", "kernel:eth0", None), "wdsget")
                   for p in paths]
        for c in clients:
            if c.wait(tools.LIMIT_S) != 0:
                raise Failure(f"wdsget: {c.why()}")
        server.stop()
        seconds = max(c.ended for c in clients) - clients[0].began
        amount = count * mib * MIB
        return {"seconds": seconds, "gbps": amount * 8 / 1e9 / seconds,
                "rx_cpu_per_gib": sum(c.cpu for c in clients) / (amount / GIB), "tx_cpu_per_gib": server.cpu / (amount / GIB)}
    return run


class Plan:
    """All measurements, with sizes for --quick or for the whole."""

    def __init__(self, lab, quick):
        self.lab, self.quick, self.files = lab, quick, Files(lab)
        self.mib = 128 if quick else 256  # so much that the beginning weighs little
        self.seconds = 1 if quick else 2
        self.list = []
        for add in (self.memory, self.memif, self.veth, self.bridge, self.frames, self.small, self.growth):
            add()

    def add(self, part, tool, run, x=None, **more):
        self.list.append(Measurement(part, tool, x, run, **more))

    def memory(self):
        self.add("pipeline", "wdscast", pipeline)
        self.add("stages", "wdscast", stages)
        self.add("server", "wdscast", server_cost)
        self.add("security", "wdscast", security)

    def memif(self):
        self.add("memif", "testpmd", lambda lab: tools.testpmd_memif(lab, self.seconds, 1470))
        self.add("memif", "wdscast", ours(self.files, 4 * self.mib, "memif", ["--block-size", "1385"]))

    def veth(self):
        f, mib = self.files, self.mib
        self.add("null", "sockets, GSO and GRO", lambda lab: tools.gso(lab, self.seconds))
        self.add("null", "wdscast kernel", ours(f, 2 * mib))
        self.add("null", "udpcast", peer(tools.udpcast, f, mib))
        self.add("null", "iperf3 UDP", lambda lab: tools.iperf3(lab, self.seconds, True))
        self.add("null", "iperf3 TCP", lambda lab: tools.iperf3(lab, self.seconds, False))
        self.add("null", "sockets, plain", lambda lab: tools.gso(lab, self.seconds, True))
        self.add("tmpfs", "wdscast kernel", ours(f, mib, sink="tmpfs"))
        self.add("tmpfs", "wdscast kernel, null", ours(f, mib))
        self.add("tmpfs", "plain writes", peer(tools.plain_writes, f, mib, sink="tmpfs"))
        self.add("tmpfs", "udpcast", peer(tools.udpcast, f, mib, sink="tmpfs"))
        self.add("tmpfs", "uftp", peer(tools.uftp, f, mib, sink="tmpfs"))
        if (BUILD / "bench/norm").exists():
            self.add("tmpfs", "NORM at 700 Mb/s", peer(tools.norm, f, mib // 4, sink="tmpfs"))
        self.add("disk", "wdscast kernel", ours(f, mib, sink="disk"))
        self.add("disk", "wdscast kernel, null", ours(f, mib))
        self.add("disk", "plain writes", peer(tools.plain_writes, f, mib, sink="disk"))

    def bridge(self):
        f, mib = self.files, self.mib
        for n in (3, 7):
            self.add("bridge", "wdscast kernel", ours(f, mib, **on_bridge(n, "tmpfs")), n)
            self.add("bridge", "udpcast", peer(tools.udpcast, f, mib // 4, **on_bridge(n, "tmpfs")), n)
            self.add("bridge", "uftp", peer(tools.uftp, f, mib // 4, **on_bridge(n, "tmpfs")), n)
        for n in (1, 4, 8) if self.quick else (1, 2, 4, 8):
            hosts = {"sender": "srv", "receivers": [f"r{i}" for i in range(1, n + 1)]}
            self.add("receivers", "wdscast kernel", ours(f, mib, **on_bridge(n)), n)
            self.add("receivers", "sockets, GSO and GRO", lambda lab, h=hosts: tools.gso(lab, self.seconds, **h), n)
            self.add("receivers", "wdscast af_packet", ours(f, mib // 2, "af_packet", **on_bridge(n)), n)
            self.add("receivers", "udpcast", peer(tools.udpcast, f, mib // 4, **on_bridge(n)), n)

    def frames(self):
        for driver in ("af_packet", "af_xdp"):
            self.add("frames", f"testpmd {driver}", lambda lab, d=driver: tools.testpmd_veth(lab, self.seconds, d))
            self.add("frames", f"wdscast {driver}", ours(self.files, self.mib, driver))
        self.add("frames", "udpcast", peer(tools.udpcast, self.files, self.mib))

    def small(self):
        f, few = self.files, 2 if self.quick else 0
        self.add("idle", "wdscast, no session", lambda lab: tools.idle_server(lab, 2), rounds=few)
        for port in ("kernel", "af_packet", "af_xdp", "memif"):
            self.add("idle", f"wdsget {port}, silent server",
                     lambda lab, p=port: tools.idle_client(lab, f.sparse(8192), 2, p), rounds=few)
        for port in ("kernel", "af_packet", "af_xdp"):
            self.add("start", f"wdsget {port}", lambda lab, p=port: moments.start(lab, f.random(1), p))
            if port != "af_xdp":  # whose frames nobody else on the interface sees
                self.add("first", f"wdsget {port}", lambda lab, p=port: moments.first_block(lab, f.random(1), p))
            self.add("wake", f"wdscast {port}", lambda lab, p=port: moments.wake(lab, f.random(1), p))

    def growth(self):
        f, mib, quick = self.files, self.mib, self.quick
        few = {"rounds": 1 if quick else 3}  # enough for the shape of a curve
        for size in (1, 16, 256) if quick else (1, 16, 256, 1024, 4096, 16384):
            self.add("size", "wdscast kernel", ours(f, size, sparse=True), size, rounds=1 if quick else 2 if size >= 4096 else 3)
        for block in (512, 1385, 8785) if quick else (256, 512, 1024, 1385, 2048, 4096, 8785, 32768):
            self.add("block", "wdscast kernel", ours(f, mib, serve_options=["--block-size", str(block)]), block, **few)
        for cache in (1, 16, 64) if quick else (1, 4, 16, 64, 256):
            self.add("cache", "wdscast kernel", ours(f, mib, get_options=["--cache", f"{cache}M"]), cache, **few)
        for count in (1, 4, 16) if quick else (1, 4, 16, 64):
            self.add("sessions", "wdscast kernel", many_sessions(f, count, 8 if quick else 64), count, **few)
        for loss in (0, 2) if quick else (0, 0.1, 0.5, 1, 2, 5):
            for name, run in (("wdscast kernel", ours(f, mib)), ("udpcast", peer(tools.udpcast, f, mib // 4)),
                              ("uftp", peer(tools.uftp, f, mib // 4))):
                self.add("loss", name, run, loss, loss=loss, **few)
        for clients in (1, 10, 50) if quick else (1, 10, 50, 100, 200):
            self.add("simulator", "wdscast", simulator(clients), clients, rounds=1)
        self.add("object", "wdscast", grow(40), rounds=1 if quick else 3)


def samples(m, lab, number):
    """Run one measurement: its samples, or one that tells why there are none."""
    try:
        if m.loss:
            lab.loss("b", m.loss)
        got = m.run(lab)
        rows = got if isinstance(got, list) else [(m.tool, m.x, got)]
        return [{"part": m.part, "tool": tool, "x": x, "round": number, "metrics": metrics} for tool, x, metrics in rows]
    except Exception as error:  # one that fails, however, is said to have failed, and the rest goes on
        return [{"part": m.part, "tool": m.tool, "x": m.x, "round": number, "failed": str(error) or repr(error)}]
    finally:
        clean(m, lab)


def clean(m, lab):
    """After a measurement, whatever became of it."""
    lab.stop_all()
    if m.loss:
        try:
            lab.loss("b", 0)
        except Failure:
            pass  # the filter was not there: its measurement has failed
    shutil.rmtree(lab.dir / "out", ignore_errors=True)
    shutil.rmtree(lab.disk, ignore_errors=True)
