"""make_capture.py FILE GOOD BAD: a capture of UDP datagrams to 239.192.0.1 port 64001, BAD of them with a wrong checksum."""
import struct
import sys


def words(data):
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def frame(number, good):
    payload = b"datagram %06d" % number
    source, group = bytes([10, 99, 0, 9]), bytes([239, 192, 0, 1])
    length = 8 + len(payload)
    udp = struct.pack(">HHHH", 4000, 64001, length, 0) + payload
    checksum = 0xFFFF ^ words(source + group + struct.pack(">HH", 17, length) + udp)
    udp = udp[:6] + struct.pack(">H", checksum if good else checksum ^ 0x55) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + length, number, 0, 16, 17, 0, source, group)
    ip = ip[:10] + struct.pack(">H", 0xFFFF ^ words(ip)) + ip[12:]
    return bytes([1, 0, 0x5E, 0x40, 0, 1, 2, 0, 0, 0, 0, 9]) + struct.pack(">H", 0x0800) + ip + udp


path, good, bad = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(path, "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for i in range(good + bad):
        data = frame(i, i < good)
        out.write(struct.pack("<IIII", i, 0, len(data), len(data)) + data)
