#!/usr/bin/env python3
"""Run a command as a systemd unit has it, where there is no systemd to ask.

as_unit.py UNIT USER RUNTIME_DIRECTORY COMMAND...

Of the unit's [Service]: the user (for DynamicUser=), capabilities, no new privileges, limits, the mask for new files,
the filters of system calls and of address families, namespaces, memory that is written and executed, and a file system
that is read-only but for its runtime directory. To be started as root in a mount namespace of its own. What is not
done: devices, /tmp and /home of its own, what ProtectKernel...= and the like make of /proc and /sys.
"""
import ctypes
import errno
import os
import resource
import socket
import subprocess
import sys

ALLOW = 0x7FFF0000
ERRNO = 0x00050000
NE, EQ, MASKED_EQ = 1, 4, 7
CLONE_NEW = (0x10000000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, 0x02000000, 0x00020000)
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
AF_MAX = 64

seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
seccomp.seccomp_init.restype = ctypes.c_void_p


class Compare(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("how", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def settings_of(unit):
    """Of [Service]: each name with all its values, in order."""
    settings, section = {}, ""
    with open(unit, encoding="utf-8") as lines:
        for line in map(str.strip, lines):
            if line.startswith("["):
                section = line
            elif section == "[Service]" and "=" in line and line[0] not in "#;":
                name, value = line.split("=", 1)
                settings.setdefault(name, []).append(value)
    return settings


def groups():
    """systemd's own: @name and what is in it, among that other groups."""
    text = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter"], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout
    found, current = {}, None
    for line in text.splitlines():
        word = line.strip()
        if line.startswith("@"):
            current = found.setdefault(word, [])
        elif word and not word.startswith("#"):
            current.append(word)
    return found


def allowed_calls(lines):
    """systemd.exec(5), SystemCallFilter=: a list of what is allowed, from which lines that begin with ~ take away."""
    known = groups()

    def calls(name):
        if not name.startswith("@"):
            return {name}
        return set().union(*(calls(member) for member in known[name]))

    allowed = calls("@default")
    assert not lines[0].startswith("~"), "a filter that forbids"
    for line in lines:
        named = set().union(*(calls(name) for name in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


class Filter:
    def __init__(self, default):
        self.context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(default)))

    def rule(self, action, call, *compares):
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        if number < 0:  # of another machine, or newer than the library
            return
        array = (Compare * max(len(compares), 1))(*compares)
        result = seccomp.seccomp_rule_add_array(self.context, ctypes.c_uint32(action), number, len(compares), array)
        if result != 0:
            sys.exit(f"as_unit: {call}: {os.strerror(-result)}")

    def load(self):
        result = seccomp.seccomp_load(self.context)
        if result != 0:
            sys.exit(f"as_unit: the filter: {os.strerror(-result)}")


def filters_of(settings):
    """As systemd does, a filter for each purpose: of what they say the strictest holds."""
    refused = ERRNO | getattr(errno, settings["SystemCallErrorNumber"][0])
    calls = Filter(refused)
    for name in allowed_calls(settings["SystemCallFilter"]):
        calls.rule(ALLOW, name)
    rest = Filter(ALLOW)
    families = {getattr(socket, name) for name in settings["RestrictAddressFamilies"][0].split()}
    for family in set(range(AF_MAX)) - families:
        rest.rule(ERRNO | errno.EAFNOSUPPORT, "socket", Compare(0, EQ, family, 0))
    if "yes" in settings["RestrictNamespaces"]:
        rest.rule(ERRNO | errno.ENOSYS, "clone3")
        rest.rule(ERRNO | errno.EPERM, "setns")
        for flag in CLONE_NEW:
            rest.rule(ERRNO | errno.EPERM, "clone", Compare(0, MASKED_EQ, flag, flag))
            rest.rule(ERRNO | errno.EPERM, "unshare", Compare(0, MASKED_EQ, flag, flag))
    if "yes" in settings["MemoryDenyWriteExecute"]:
        both = PROT_WRITE | PROT_EXEC
        rest.rule(ERRNO | errno.EPERM, "mmap", Compare(2, MASKED_EQ, both, both))
        rest.rule(ERRNO | errno.EPERM, "mprotect", Compare(2, MASKED_EQ, PROT_EXEC, PROT_EXEC))
        rest.rule(ERRNO | errno.EPERM, "pkey_mprotect", Compare(2, MASKED_EQ, PROT_EXEC, PROT_EXEC))
        rest.rule(ERRNO | errno.EPERM, "shmat", Compare(2, MASKED_EQ, SHM_EXEC, SHM_EXEC))
    return rest, calls


def set_limits(settings):
    """Those that are lower than ours: within a container nobody may raise them."""
    for name, values in settings.items():
        if name.startswith("Limit") and values[0] != "infinity":
            limit = getattr(resource, "RLIMIT_" + name.removeprefix("Limit"))
            hard = resource.getrlimit(limit)[1]
            n = int(values[0]) if hard == resource.RLIM_INFINITY else min(int(values[0]), hard)
            resource.setrlimit(limit, (n, n))


def protect_files(runtime_directory):
    """ProtectSystem=strict: what is mounted elsewhere, such as /dev, stays as it is."""
    subprocess.run(["mount", "--bind", runtime_directory, runtime_directory], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", "/"], check=True)


def begin(unit, user, runtime_directory, command):
    """As root. The rest is for who has no rights any more: setpriv takes them away."""
    settings = settings_of(unit)
    bounding = "-all," + ",".join("+" + c.removeprefix("CAP_").lower() for c in settings["CapabilityBoundingSet"][0].split())
    ambient = "-all," + ",".join("+" + c.removeprefix("CAP_").lower() for c in settings["AmbientCapabilities"][0].split())
    protect_files(runtime_directory)
    set_limits(settings)
    os.umask(int(settings["UMask"][0], 8))
    os.environ["XDG_RUNTIME_DIR"] = runtime_directory  # its Environment=
    os.execvp("setpriv", ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs",
                          "--inh-caps", ambient, "--ambient-caps", ambient, "--bounding-set", bounding,
                          sys.executable, __file__, "--filtered", unit, *command])


def end(unit, command):
    for each in filters_of(settings_of(unit)):
        each.load()
    os.execvp(command[0], command)


if sys.argv[1] == "--filtered":
    end(sys.argv[2], sys.argv[3:])
else:
    begin(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
