"""From samples to figures: n, least, median and most; ratios within a round; targets."""
import statistics
from collections import defaultdict


def summary(values):
    return {"n": len(values), "min": min(values), "median": statistics.median(values), "max": max(values)}


class Figures:
    def __init__(self, samples):
        self.values = defaultdict(dict)  # (part, tool, x, metric) -> {round: value}
        self.failures = defaultdict(list)
        for s in samples:
            if "failed" in s:
                self.failures[s["part"], s["tool"], s["x"]].append(s["failed"])
            for metric, value in s.get("metrics", {}).items():
                if value is not None:
                    self.values[s["part"], s["tool"], s["x"], metric][s["round"]] = value

    def get(self, part, tool, x, metric):
        """A summary, or None."""
        values = self.values.get((part, tool, x, metric))
        return summary(list(values.values())) if values else None

    def ratio(self, over, under):
        """Summary of over / under, each a (part, tool, x, metric), taken in the same round."""
        a, b = self.values.get(over, {}), self.values.get(under, {})
        both = [a[r] / b[r] for r in sorted(a) if b.get(r)]
        return summary(both) if both else None

    def keys(self, part):
        """(tool, x) of a part in the order they were measured, failed ones too."""
        seen = dict.fromkeys((k[1], k[2]) for k in self.values if k[0] == part)
        return list(seen | dict.fromkeys((k[1], k[2]) for k in self.failures if k[0] == part))

    def series(self, part, metric):
        """{tool: [(x, summary)]} sorted by x."""
        out = defaultdict(list)
        for tool, x in self.keys(part):
            s = self.get(part, tool, x, metric)
            if s:
                out[tool].append((x, s))
        return {tool: sorted(points) for tool, points in out.items()}

    def steps(self, part, tool):
        """How much worse than linear each step of a sweep is, in the receiver's CPU a GiB, which load disturbs least."""
        metric = "rx_cpu_per_gib"
        out = []
        points = self.series(part, metric).get(tool, [])
        for (x0, _), (x1, _) in zip(points, points[1:]):
            r = self.ratio((part, tool, x1, metric), (part, tool, x0, metric))
            if r:
                out.append((x0, x1, r["median"]))
        return out


class Target:
    """What the figure must be: at least or at most a limit; a figure or a ratio of two."""

    def __init__(self, text, figure, sign, limit, unit="", over=None):
        self.text, self.figure, self.sign, self.limit, self.unit, self.over = text, figure, sign, limit, unit, over

    def judge(self, figures):
        got = figures.ratio(self.figure, self.over) if self.over else figures.get(*self.figure)
        met = None
        if got:
            met = got["median"] >= self.limit if self.sign == ">=" else got["median"] <= self.limit
        return {"target": self.text, "limit": f"{'at least' if self.sign == '>=' else 'at most'} {self.limit:g}{self.unit}",
                "figure": got, "met": met}


class Slowdown(Target):
    """The server with several receivers instead of 1, apart from what the bridge's copying costs bare sockets."""

    def __init__(self, receivers):
        super().__init__(f"{receivers} receivers over 1, time, over the same of bare sockets", None, "<=", 1.15)
        self.receivers = receivers

    def judge(self, figures):
        ours, bare = [[figures.get("receivers", tool, n, "gbps") for n in (1, self.receivers)]
                      for tool in ("wdscast kernel", "sockets, GSO and GRO")]
        got = met = None
        if all(ours) and all(bare):
            value = (ours[0]["median"] / ours[1]["median"]) / (bare[0]["median"] / bare[1]["median"])
            got, met = {"n": ours[0]["n"], "min": value, "median": value, "max": value}, value <= self.limit
        return {"target": self.text, "limit": f"at most {self.limit:g}", "figure": got, "met": met}


class Device(Target):
    """What a file costs the receiver beyond nothing, over plain writes: near 1 the cores' time goes to the device."""

    def __init__(self, part):
        super().__init__(f"to a file on {part}: CPU beyond null's, over that of plain writes", None, "<=", 1.25)
        self.part = part

    def judge(self, figures):
        file, null, plain = [figures.get(self.part, tool, None, "rx_cpu_per_gib")
                             for tool in ("wdscast kernel", "wdscast kernel, null", "plain writes")]
        got = met = None
        if file and null and plain:
            value = (file["median"] - null["median"]) / plain["median"]
            got, met = {"n": file["n"], "min": value, "median": value, "max": value}, value <= self.limit
        return {"target": self.text, "limit": f"at most {self.limit:g}", "figure": got, "met": met}


class Growth(Target):
    """The worst step of a sweep against linear growth of the receiver's CPU, with a tenth for noise."""

    def __init__(self, text, part):
        super().__init__(text, None, "<=", 1.1)
        self.part = part

    def judge(self, figures):
        steps = [worse for _, _, worse in figures.steps(self.part, "wdscast kernel")]
        got = {"n": len(steps), "min": min(steps), "median": max(steps), "max": max(steps)} if steps else None
        return {"target": self.text, "limit": f"at most {self.limit:g}", "figure": got,
                "met": got["median"] <= self.limit if got else None}


def targets():
    def path(case, block, limit):
        return Target(f"bench/pipeline, {case.replace('_', ' ')}, {block}-byte blocks: rate over memcpy's",
                      ("pipeline", case, block, "ratio"), ">=", limit)

    def rate(part, tool, x, metric="gbps"):
        return part, tool, x, metric

    wds, null = "wdscast kernel", rate("null", "wdscast kernel", None)
    out = [
        path("in_order", 1385, 0.75), path("in_order", 8785, 0.85), path("six_fragments", 8785, 0.6),
        Target("memif: packets over testpmd's", rate("memif", "wdscast", None, "mpps"), ">=", 0.25, "",
               rate("memif", "testpmd", None, "mpps")),
        Target("memif: verified content", rate("memif", "wdscast", None), ">=", 30, " Gb/s"),
        Target("veth, kernel, to null: over bare GSO/GRO sockets", null, ">=", 0.5, "",
               rate("null", "sockets, GSO and GRO", None)),
        Target("veth, kernel, to null: receiver's CPU", rate("null", wds, None, "rx_cpu_per_gib"), "<=", 0.4, " s/GiB"),
        Target("veth, kernel, to tmpfs: over udpcast", rate("tmpfs", wds, None), ">=", 4, "", rate("tmpfs", "udpcast", None)),
        Target("veth, kernel, to tmpfs: over uftp", rate("tmpfs", wds, None), ">=", 4, "", rate("tmpfs", "uftp", None)),
        Target("veth, kernel, to tmpfs: receiver's CPU", rate("tmpfs", wds, None, "rx_cpu_per_gib"), "<=", 2, " s/GiB"),
        Target("bridge, 3 receivers: each", rate("bridge", wds, 3), ">=", 2, " Gb/s"),
        Target("bridge, 7 receivers: each", rate("bridge", wds, 7), ">=", 1, " Gb/s"),
    ]
    for driver in ("af_packet", "af_xdp"):
        ours = rate("frames", f"wdscast {driver}", None, "mpps")
        out += [Target(f"veth, {driver}: packets over testpmd rxonly's", ours, ">=", 0.7, "",
                       rate("frames", f"testpmd {driver}", None, "mpps")),
                Target(f"veth, {driver}: over udpcast", rate("frames", f"wdscast {driver}", None), ">=", 2.5, "",
                       rate("frames", "udpcast", None))]
    out += [
        Target("to a file on tmpfs over the same to null", rate("tmpfs", wds, None), ">=", 0.9, "",
               rate("tmpfs", "wdscast kernel, null", None)),
        Target("to a file on disk over the same to null", rate("disk", wds, None), ">=", 0.9, "",
               rate("disk", "wdscast kernel, null", None)),
        Device("tmpfs"), Device("disk"),
        Slowdown(2), Slowdown(4), Slowdown(8),
        Target("af_packet: start to JOIN", rate("start", "wdsget af_packet", None, "join_ms"), "<=", 300, " ms"),
        Target("JOIN to first block: round trips", rate("first", "wdsget af_packet", None, "first_block_rtts"), "<=", 2),
        Target("JOIN to first block: SPMs", rate("first", "wdsget af_packet", None, "first_block_spms"), "<=", 1),
        Target("af_packet: memory, cache 32 MiB", rate("frames", "wdscast af_packet", None, "rx_rss_mib"), "<=", 96, " MiB"),
        Target("kernel: memory, cache 32 MiB", rate("null", wds, None, "rx_rss_mib"), "<=", 96, " MiB"),
    ]
    out += [
        Growth("file size: CPU, worst step over linear growth", "size"),
        Growth("sessions: CPU, worst step over linear growth", "sessions"),
        Target("POLL answered: object of 1 TiB over one of 1 GiB", rate("object", "engine", 1 << 40, "poll_us"), "<=", 2, "",
               rate("object", "engine", 1 << 30, "poll_us")),
    ]
    out += [Target(f"idle {tool}: share of a core", ("idle", tool, None, "percent"), "<=", 3, " %")
            for tool in ("wdscast, no session", *(f"wdsget {port}, silent server"
                                                  for port in ("kernel", "af_packet", "af_xdp", "memif")))]
    out += [Target(f"wdscast {port}: woken within", ("wake", f"wdscast {port}", None, "wake_us"), "<=", 200, " us")
            for port in ("kernel", "af_packet", "af_xdp")]
    return out
