"""sniff.py INTERFACE SECONDS | probe HOST PORT HEX COUNT

The first packets of a session as an interface sees them, each a JSON object on a line, up to the first block; or
how long an answer takes when there was nothing to do before, and when there was. Runs within a namespace.
"""
import json
import random
import socket
import struct
import sys
import time

SO_TIMESTAMPNS = 35
ODATA, RDATA = 6, 7


def udp_of(frame):
    """(source port, destination port, to multicast, payload), or None."""
    if len(frame) < 42 or frame[12:14] != b"\x08\x00" or frame[23] != 17:
        return None
    at = 14 + (frame[14] & 15) * 4
    source, destination = struct.unpack_from(">HH", frame, at)
    return source, destination, frame[30] >> 4 == 14, frame[at + 8:]


def opcode_of(payload):
    """Of MS-WDSMT, 2.2.2 and 2.2.3; None: another protocol's."""
    if payload[:2] != b"WD":
        return None
    at = 5 + struct.unpack_from(">H", payload, 3)[0] + 4
    return payload[at] if at < len(payload) else None


def sniff(interface, seconds):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((interface, 0))
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    end = time.monotonic() + seconds
    print("{}", flush=True)  # from now on
    while time.monotonic() < end:
        s.settimeout(max(end - time.monotonic(), 0.001))
        try:
            frame, ancillary, _, _ = s.recvmsg(65536, 64)
        except socket.timeout:
            return
        udp = udp_of(frame)
        if udp is None or not ancillary:
            continue
        stamp = struct.unpack("qq", ancillary[0][2])
        opcode = opcode_of(udp[3])
        line = {"time": stamp[0] + stamp[1] / 1e9, "to": udp[1], "multicast": udp[2], "opcode": opcode}
        if opcode is None:
            line["bytes"] = udp[3].hex()
        print(json.dumps(line), flush=True)
        if opcode in (ODATA, RDATA):
            return


def ask(s, request):
    began = time.perf_counter()
    s.send(request)
    s.recv(65536)
    return (time.perf_counter() - began) * 1e6


def probe(host, port, request, count):
    """Pairs: one after 30 to 60 ms of silence, which the server's answer of before outlives, and one at once."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, port))
    s.settimeout(5)
    late, soon = [], []
    for _ in range(count):
        ask(s, request)
        time.sleep(random.uniform(0.03, 0.06))
        late.append(ask(s, request))
        soon.append(ask(s, request))
    print(json.dumps({"idle_us": late, "hot_us": soon}))


if __name__ == "__main__":
    if sys.argv[1] == "probe":
        probe(sys.argv[2], int(sys.argv[3]), bytes.fromhex(sys.argv[4]), int(sys.argv[5]))
    else:
        sniff(sys.argv[1], float(sys.argv[2]))
