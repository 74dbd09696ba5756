#!/usr/bin/env python3
"""A TCP connection such as ssh's: short questions and their echoes, a line of output for each.

talk.py serve PORT          echo what comes, one peer after the other
talk.py ask ADDRESS PORT    ask 50 times a second until killed
"""
import socket
import sys
import time


def serve(port):
    with socket.create_server(("", port)) as listener:
        while True:
            peer, _ = listener.accept()
            with peer:
                while data := peer.recv(64):
                    peer.sendall(data)


def ask(address, port):
    with socket.create_connection((address, port), timeout=30) as peer:
        for n in range(1 << 30):
            question = b"%08x" % n
            peer.sendall(question)
            if peer.recv(8, socket.MSG_WAITALL) != question:
                sys.exit("another answer than the question's")
            print(n, flush=True)
            time.sleep(0.02)


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    ask(sys.argv[2], int(sys.argv[3]))
