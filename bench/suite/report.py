"""report.md and report.json."""
import json

from .figures import targets

TITLES = {
    "pipeline": "The receiver's path in memory, beside memcpy of the same bytes",
    "stages": "Cycles a block by stage",
    "server": "The server's path in memory",
    "security": "Security modes, a core",
    "memif": "memif, two processes on two cores",
    "null": "veth, to nothing",
    "tmpfs": "veth, to a file in memory",
    "disk": "veth, to a file on the disk",
    "bridge": "Receivers on a bridge, each to a file in memory",
    "receivers": "1 to 8 receivers on a bridge, to nothing",
    "frames": "veth, frames by DPDK, to nothing",
    "idle": "Idle",
    "start": "Start of wdsget to its JOIN, to a server that runs",
    "first": "From the JOIN to the first block",
    "wake": "A server that sleeps, and one that has just answered, are asked",
}
GROWTH = {  # axis; is CPU in proportion to it?
    "size": ("file size, MiB (sparse)", True),
    "block": ("block size, bytes", False),
    "cache": ("cache size, MiB", False),
    "sessions": ("sessions at once, a process each", True),
    "loss": ("loss, percent", False),
    "simulator": ("receivers in the simulator, 4000 blocks, 1 % loss", False),
    "object": ("object size, bytes of 1385-byte blocks", False),
}
COLUMNS = [  # metric, heading
    ("ratio", "over memcpy"), ("gbps", "Gb/s"), ("of_checksum", "over CHECKSUM"), ("wall_gbps", "Gb/s, start included"), ("mpps", "Mpps"),
    ("rx_cpu_per_gib", "receiver CPU s/GiB"), ("tx_cpu_per_gib", "sender CPU s/GiB"), ("seconds", "seconds"),
    ("wire_per_file", "bytes received / file"), ("join_ms", "start to JOIN, ms"), ("rx_rss_mib", "receiver MiB"),
    ("repaired_percent", "repaired %"), ("cycles_per_block", "cycles a block"), ("memcpy_gbps", "memcpy Gb/s"),
    ("control_ns_per_block", "control ns a block"), ("content_ns_per_block", "content thread ns a block"),
    ("parse", "parse"), ("engine", "engine"), ("put", "put"), ("publish", "publish"), ("ack", "ack"), ("turn", "turn"),
    ("percent", "% of a core"), ("first_block_ms", "ms"), ("first_block_rtts", "round trips"), ("first_block_spms", "SPMs"),
    ("wake_us", "later by, us"), ("wake_most_us", "at most, us"), ("answer_us", "answer, us"), ("virtual_seconds", "virtual seconds"), ("data_per_block", "data packets a block"),
    ("feedback_per_data", "ACK and NACK a data packet"), ("cpu_us_per_event", "CPU us an event"),
    ("poll_us", "POLL answered, us"), ("poll_last_us", "POLL, last block missing, us"), ("mark_ns", "block marked, ns"),
    ("bitmap_bytes", "bitmap bytes"),
]
BRIEF = {"size": ["gbps", "seconds", "rx_cpu_per_gib", "rx_rss_mib"], "block": ["gbps", "rx_cpu_per_gib"],
         "cache": ["gbps", "rx_cpu_per_gib", "rx_rss_mib"], "loss": ["gbps", "rx_cpu_per_gib"],
         "receivers": ["gbps", "seconds", "rx_cpu_per_gib"], "bridge": ["gbps", "rx_cpu_per_gib", "tx_cpu_per_gib"]}


def number(v):
    if v is None:
        return "-"
    if v == 0 or abs(v) >= 1e6:
        return f"{v:g}"
    return f"{v:.0f}" if abs(v) >= 100 else f"{v:.3g}"


def cell(s):
    if s is not None and s["min"] == s["max"]:
        return f"{number(s['median'])} n={s['n']}"
    return "-" if s is None else f"{number(s['median'])} [{number(s['min'])}-{number(s['max'])}] n={s['n']}"


def table(figures, part, axis=None):
    keys = figures.keys(part)
    wanted = BRIEF.get(part)
    columns = [c for c in COLUMNS if (wanted is None or c[0] in wanted) and
               any(figures.get(part, tool, x, c[0]) for tool, x in keys)]
    has_x = any(x is not None for _, x in keys)
    head = ["tool or case"] + ([axis or "of"] if has_x else []) + [heading for _, heading in columns]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    failures = []
    for tool, x in keys:
        row = [tool.replace("_", " ")] + ([number(x) if isinstance(x, (int, float)) else str(x)] if has_x else [])
        failed = figures.failures.get((part, tool, x), [])
        row += [cell(figures.get(part, tool, x, metric)) for metric, _ in columns]
        lines.append("| " + " | ".join(row) + " |")
        if failed:
            failures.append(f"{tool}{'' if x is None else f', {x}'} failed {len(failed)} times, at last: {failed[-1]}")
    return lines + [line for f in failures for line in ("", f)]


def ratios(figures, part, base):
    """Each tool's rate over that of `base`, round by round."""
    lines = []
    for tool, x in figures.keys(part):
        if tool != base:
            r = figures.ratio((part, tool, x, "gbps"), (part, base, x, "gbps"))
            if r:
                lines.append(f"* {tool}{'' if x is None else f', {number(x)}'}: {cell(r)} of {base}'s rate")
    return lines


def step_lines(figures, part):
    out = []
    for tool in figures.series(part, "rx_cpu_per_gib"):
        for x0, x1, worse in figures.steps(part, tool):
            out.append(f"{number(x0)} to {number(x1)}: {worse:.2f}")
    return out


def judged(figures):
    return [t.judge(figures) for t in targets()]


def machine_lines(about):
    return [f"{about['date']}; {about['cpu']}, {about['cores']} cores, {about['memory_gib']} GiB; Linux {'.'.join(about['kernel'].split('.')[:2])}; "
            f"version {about.get('version') or 'unknown'}; {about['mode']} run of {about['minutes']} minutes, {about['rounds']} rounds; load "
            f"average {about['load_before']} before, {about['load_after']} after ({about['cores']} would be both cores busy)."]


def markdown(figures, about, plots, folder):
    lines = ["# Measured", ""] + machine_lines(about) + ["",
             "Figures are medians with [least-most] and n, the number of rounds. Each round runs every measurement once, in "
             "turn, so what else the machine does hits all alike; ratios are taken within a round. CPU is user and system "
             "time of the process; on veth the work of receiving an interrupt is charged to the sender.", ""]
    lines += ["## Targets", "", "| what | target | measured | met |", "| --- | --- | --- | --- |"]
    for j in judged(figures):
        met = {True: "yes", False: "NO", None: "not measured"}[j["met"]]
        lines.append(f"| {j['target']} | {j['limit']} | {cell(j['figure'])} | {met} |")
    for name in plots:
        lines += ["", f"![{name}]({folder}/{name}.svg)"]
    for part, title in TITLES.items():
        if figures.keys(part):
            lines += ["", f"## {title}", ""] + table(figures, part)
            base = {"null": "udpcast", "tmpfs": "udpcast", "bridge": "udpcast", "receivers": "udpcast", "memif": "testpmd",
                    "frames": "udpcast"}.get(part)
            if base:
                lines += [""] + ratios(figures, part, base)
    if about.get("instructions"):
        lines += ["", "## Instructions a block by stage", "", "As bench/instructions.txt has them: the same on every run.", "",
                  "```", about["instructions"].strip(), "```"]
    lines += ["", "## How it grows", ""]
    for part, (axis, linear) in GROWTH.items():
        if figures.keys(part):
            lines += [f"### {axis[0].upper()}{axis[1:]}", ""] + table(figures, part, axis) + [""]
            if linear:
                lines += ["Receiver's CPU, each step against linear growth (1 is linear, less is better): " +
                          "; ".join(step_lines(figures, part)) + ".", ""]
    return "\n".join(lines) + "\n"


def as_json(figures, about, samples):
    rows = []
    for (part, tool, x, metric) in figures.values:
        rows.append({"part": part, "tool": tool, "x": x, "metric": metric, **figures.get(part, tool, x, metric)})
    failures = [{"part": k[0], "tool": k[1], "x": k[2], "failures": v} for k, v in figures.failures.items()]
    return json.dumps({"about": about, "targets": judged(figures), "figures": rows, "failures": failures,
                       "samples": samples}, indent=1)
