"""Networks of namespaces, and processes in them with what they cost.

A shell that has sourced tests/support/netns.sh makes the networks and takes them down when its standard input
ends: however this program ends.
"""
import os
import pathlib
import select
import signal
import subprocess
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]

SHELL = """
. tests/support/netns.sh
net_begin "$1"
echo "$NET $NET_DIR"
while read -r line; do
	eval "$line" >&2
	echo "$?"
done
"""

# Two hosts with nothing between them.
PAIR = """
ip netns add $NET-a && ip netns add $NET-b && ip -n $NET-a link add eth0 type veth peer name eth0 netns $NET-b
for h in a:1 b:2; do
	n=$NET-${{h%:*}}
	ip -n $n link set lo up; ip -n $n addr add {net}.${{h#*:}}/24 brd + dev eth0; ip -n $n link set eth0 up
	ip -n $n route add 224.0.0.0/4 dev eth0
done
"""


class Failure(Exception):
    """A measurement that gave no figure, and why."""


class Process:
    """A process of the lab. After wait(): code, cpu (seconds of user and system time) and rss_mib (its most)."""

    def __init__(self, argv, log, cwd=None):
        self.log = pathlib.Path(log)
        self.began = time.time()
        with open(log, "wb") as out, open(f"{log}.err", "wb") as err:
            self.popen = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, argv)], cwd=cwd,
                                          stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.pid = self.popen.pid
        self.code = None
        self.cpu = self.rss_mib = self.ended = 0.0
        self._fd = os.pidfd_open(self.pid)

    def wait(self, seconds):
        """Its exit code; 124, and killed, when it takes longer."""
        if self.code is None:
            late = not select.select([self._fd], [], [], max(seconds, 0))[0]
            if late:
                os.kill(self.pid, signal.SIGKILL)
            _, status, usage = os.wait4(self.pid, 0)
            os.close(self._fd)
            self.ended = time.time()
            self.cpu = usage.ru_utime + usage.ru_stime
            self.rss_mib = usage.ru_maxrss / 1024
            self.code = self.popen.returncode = 124 if late else os.waitstatus_to_exitcode(status)
        return self.code

    def stop(self, number=signal.SIGTERM, seconds=5):
        if self.code is None:
            os.kill(self.pid, number)
        return self.wait(seconds)

    def cpu_now(self):
        """Seconds of CPU so far, of a process that runs: of each of its threads, in nanoseconds, where the kernel counts them."""
        threads = pathlib.Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((t / "schedstat").read_text().split()[0]) for t in threads) / 1e9

    def output(self):
        return self.log.read_text(errors="replace")

    def errors(self):
        return pathlib.Path(f"{self.log}.err").read_text(errors="replace")

    def why(self):
        """The last line it printed."""
        lines = [line for line in (self.errors() + "\n" + self.output()).splitlines() if line.strip()]
        return lines[-1][-200:] if lines else f"exit code {self.code}"


class Lab:
    """Namespaces a and b on a cable, srv and r1 to rN on a switch; a scratch directory in memory."""

    def __init__(self, receivers, scratch="/dev/shm"):
        self.processes = []
        self._number = 0
        self._shell = subprocess.Popen(["bash", "-c", SHELL, "bench", scratch], cwd=SOURCE, text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        words = self._shell.stdout.readline().split()
        if len(words) != 2:
            raise Failure("cannot make a scratch directory")
        self.net, self.dir = words[0], pathlib.Path(words[1])
        self.run(PAIR.format(net="10.98.0"), "the cable")
        self.run("net_switch", "the switch")
        self.run("net_host srv 10.99.0.1", "srv")
        for i in range(1, receivers + 1):
            self.run(f"net_host r{i} 10.99.0.{10 + i}", f"r{i}")
        for i, name in [(1, "srv")] + [(10 + i, f"r{i}") for i in range(1, receivers + 1)]: # udpcast broadcasts
            self.run(f"ip -n $NET-{name} addr flush dev eth0; ip -n $NET-{name} addr add 10.99.0.{i}/24 brd + dev eth0; "
                     f"ip -n $NET-{name} route replace 224.0.0.0/4 dev eth0", name)

    def run(self, script, what):
        self._shell.stdin.write(" ".join(line.strip() if line.strip().endswith((";", "do", "&&")) else line.strip() + ";"
                                         for line in script.strip().splitlines()).rstrip(";") + "\n")
        self._shell.stdin.flush()
        if self._shell.stdout.readline().strip() != "0":
            raise Failure(f"{what}: the network refuses: {script.strip().splitlines()[0]}")

    def close(self):
        self.stop_all()
        self._shell.stdin.close()
        self._shell.wait()

    def argv_in(self, where, argv):
        return ["ip", "netns", "exec", f"{self.net}-{where}", *argv] if where else list(argv)

    def start(self, where, argv, name):
        """Start argv in namespace `where` (None: none)."""
        self._number += 1
        process = Process(self.argv_in(where, argv), self.dir / f"{self._number}-{name}.log")
        self.processes.append(process)
        return process

    def call(self, where, argv, seconds=60):
        """Run it; its output. Failure unless it exits with 0."""
        process = self.start(where, argv, pathlib.Path(str(argv[0])).name)
        if process.wait(seconds) != 0:
            raise Failure(f"{argv[0]}: {process.why()}")
        return process

    def stop_all(self):
        for process in self.processes:
            process.stop(signal.SIGKILL)
            for path in (process.log, pathlib.Path(f"{process.log}.err")):
                path.unlink(missing_ok=True)
        self.processes = []

    def loss(self, where, percent):
        """Drop so much of the UDP that comes to `where`. 0: none, and take the filter away."""
        rules = "table netdev loss\ndelete table netdev loss\n"
        if percent > 0:
            rules += ("table netdev loss { chain c { type filter hook ingress device eth0 priority 0; policy accept; "
                      f"ip protocol udp numgen random mod 100000 < {round(percent * 1000)} drop; }}; }}\n")
        path = self.dir / "rules.nft"
        path.write_text(rules)
        self.call(where, ["nft", "-f", path])


def until(seconds, true):
    """Wait until true() is; False when it is not in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
