"""Plots by gnuplot, each as SVG and PNG."""
import shutil
import subprocess
import sys

COLOURS = ["#1f5fa8", "#d9822b", "#3a923a", "#8c564b", "#7f7f7f", "#9467bd", "#17a2b8", "#c44e52"]
STAGES = ["parse", "engine", "put", "publish", "ack", "turn"]


def quoted(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"').replace("_", " ") + '"'


def draw(folder, name, script):
    """script: gnuplot commands after terminal and output are set."""
    for kind, terminal in (("svg", 'svg size 760,420 font "sans,12" background "white"'),
                           ("png", "pngcairo size 1140,630 font 'sans,14'")):
        text = f"set terminal {terminal}\nset output {quoted_path(folder / f'{name}.{kind}')}\n{script}\n"
        done = subprocess.run(["gnuplot"], input=text, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"gnuplot: {name}: {done.stderr.strip()}")


def quoted_path(path):
    return '"' + str(path) + '"'


def block(name, rows):
    """A data block of gnuplot's."""
    return f"${name} << EOD\n" + "\n".join("\t".join(str(v) for v in row) for row in rows) + "\nEOD\n"


def bars(folder, name, title, unit, rows):
    """rows: (label, summary)."""
    if not rows:
        return False
    data = [(quoted(label), s["median"], s["min"], s["max"]) for label, s in rows]
    draw(folder, name, block("d", data) + f"""
set title {quoted(title)}
set xlabel {quoted(unit)}
set xrange [0:*]
set yrange [{len(rows) - 0.4}:-0.6]
set ytics ()
set for [i=0:{len(rows) - 1}] ytics add (word("", 1) i)
set grid x
unset key
set style fill solid 0.8 noborder
set lmargin 28
plot $d using 2:0:(0):2:($0-0.35):($0+0.35):ytic(1) with boxxyerror lc rgb "{COLOURS[0]}", \\
     $d using 2:0:3:4 with xerrorbars pt 0 lw 1.5 lc rgb "#222222\"""")
    return True


def lines(folder, name, title, xlabel, ylabel, series, log_x=False):
    """series: {tool: [(x, summary)]}."""
    series = {tool: points for tool, points in series.items() if points}
    if not series:
        return False
    script, plots = "", []
    for i, (tool, points) in enumerate(series.items()):
        script += block(f"s{i}", [(x, s["median"], s["min"], s["max"]) for x, s in points])
        style = f'lc rgb "{COLOURS[i % len(COLOURS)]}"'
        plots += [f"$s{i} using 1:2 with linespoints pt 7 ps 0.6 lw 2 {style} title {quoted(tool)}",
                  f"$s{i} using 1:2:3:4 with yerrorbars pt 0 lw 1 {style} notitle"]
    draw(folder, name, script + f"set title {quoted(title)}\nset xlabel {quoted(xlabel)}\nset ylabel {quoted(ylabel)}\n"
         f"set yrange [0:*]\nset grid\nset pointintervalbox 0\nset key outside right\n" + ("set logscale x\n" if log_x else "") +
         "plot " + ", \\\n".join(plots))
    return True


def stage_breakdown(folder, name, rows):
    """rows: (label, {stage: cycles})."""
    if not rows:
        return False
    data = [(quoted(label), *[cycles.get(stage, 0) for stage in STAGES]) for label, cycles in rows]
    plots = [f"$d using {i + 2}" + (":xtic(1)" if i == 0 else "") + f' lc rgb "{COLOURS[i]}" title {quoted(stage)}'
             for i, stage in enumerate(STAGES)]
    draw(folder, name, block("d", data) + f"""
set title "Receiver: cycles a block by stage"
set ylabel "cycles"
set style data histograms
set style histogram rowstacked
set style fill solid 0.8 noborder
set boxwidth 0.7
set xtics rotate by -20 font ",10"
set key outside right invert
set yrange [0:*]
set grid y
plot {", ".join(plots)}""")
    return True


def all_plots(figures, folder):
    """Names of the plots that were drawn: none without gnuplot."""
    if shutil.which("gnuplot") is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)

    def rows(metric):
        out = []
        for part, where in (("null", "null"), ("tmpfs", "tmpfs"), ("frames", "null")):
            for tool, x in figures.keys(part):
                s = figures.get(part, tool, x, metric)
                if s and not tool.endswith(", null"):
                    out.append((f"{tool}, {where}", s))
        return out

    staged = []
    for tool, x in figures.keys("stages"):
        cycles = {stage: figures.get("stages", tool, x, stage) for stage in STAGES}
        staged.append((f"{tool} {x}", {stage: s["median"] for stage, s in cycles.items() if s}))
    receivers = figures.series("receivers", "gbps")
    drawn = [
        ("rate", lambda: bars(folder, "rate", "veth: received", "Gb/s", rows("gbps"))),
        ("cpu", lambda: bars(folder, "cpu", "veth: receiver's CPU", "CPU seconds a GiB", rows("rx_cpu_per_gib"))),
        ("loss", lambda: lines(folder, "loss", "Rate over loss", "loss, percent", "Gb/s", figures.series("loss", "gbps"))),
        ("receivers", lambda: lines(folder, "receivers", "Rate of each over receivers, one machine", "receivers", "Gb/s each",
                            receivers)),
        ("stages", lambda: stage_breakdown(folder, "stages", staged)),
        ("size", lambda: lines(folder, "size", "Time over file size", "MiB", "seconds", figures.series("size", "seconds"))),
    ]
    return [name for name, draw_it in drawn if is_drawn(name, draw_it)]


def is_drawn(name, draw_it):
    try:
        return draw_it()
    except RuntimeError as error:  # the figures are worth more than a plot
        print(f"run: {name}: {error}", file=sys.stderr)
        return False
