"""A clamd that speaks its documented protocol on loopback, and finds whatever holds one word."""
from __future__ import annotations

import socketserver
import struct
import threading

VIRUS = b"X5O-SUYUAN-TEST-VIRUS"
LIMIT = 200_000


class _Line(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        house = self.server
        if self.rfile.read(10) != b"zINSTREAM\0":
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        body = bytearray()
        while True:
            (length,) = struct.unpack("!L", self.rfile.read(4))
            if not length:
                break
            body += self.rfile.read(length)
            if len(body) > LIMIT:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        house.seen.append(bytes(body))
        self.wfile.write(house.says or (b"stream: Suyuan.Test-1(\xe2\x9c\x93 x) FOUND\0" if VIRUS in body else b"stream: OK\0"))


class Scanner(socketserver.ThreadingTCPServer):
    """`url` for the setting; `seen` is what was sent; `says` overrules the answer; `hung_up` once a line is closed."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Line)
        self.seen: list[bytes] = []
        self.says = b""
        self.hung_up = threading.Event()
        self.url = f"tcp://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def shutdown_request(self, request) -> None:
        super().shutdown_request(request)
        self.hung_up.set()
