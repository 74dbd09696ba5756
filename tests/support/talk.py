#!/usr/bin/env python3
"""A TCP connection such as ssh's: short questions and their echoes, a line of output for each.

talk.py serve PORT          echo what comes, to any number of peers
talk.py ask ADDRESS PORT    ask 50 times a second until killed
"""
import contextlib
import socket
import socketserver
import sys
import time


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        # A peer that is killed with an answer on its way resets the connection, or is never heard of again.
        with contextlib.suppress(ConnectionError):
            while data := self.request.recv(64):
                self.request.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serve(port):
    with Server(("", port), Echo) as server:
        server.serve_forever()


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
