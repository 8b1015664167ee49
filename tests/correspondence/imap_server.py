"""A mailbox on this machine that speaks the few words of IMAP we use."""

from __future__ import annotations

import re
import socketserver
import threading


class Box:
    """`mails` by number; `seen` those that were called so."""

    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        self.seen: set[int] = set()

    def put(self, raw: bytes) -> int:
        number = len(self.mails) + 1
        self.mails[number] = raw
        return number


class _Talk(socketserver.StreamRequestHandler):
    box: Box

    def handle(self) -> None:
        self.say("* OK ready")
        for line in self.rfile:
            tag, _space, said = line.decode().strip().partition(" ")
            name = said.upper()
            if name.startswith("CAPABILITY"):
                self.say("* CAPABILITY IMAP4rev1")
            elif name.startswith("LOGIN"):
                if said.split(" ", 1)[1] != 'box "p@ss"':
                    self.say(f"{tag} NO not you")
                    continue
            elif name.startswith("SELECT"):
                self.say(f"* {len(self.box.mails)} EXISTS")
            elif name.startswith("UID SEARCH UNSEEN"):
                unseen = [str(n) for n in self.box.mails if n not in self.box.seen]
                self.say(f"* SEARCH {' '.join(unseen)}")
            elif found := re.match(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", name):
                raw = self.box.mails[int(found[1])][: int(found[2])]
                self.wfile.write(
                    f"* {found[1]} FETCH (UID {found[1]} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n"
                )
            elif found := re.match(r"UID STORE (\d+) \+FLAGS \(\\SEEN\)", name):
                self.box.seen.add(int(found[1]))
            elif name.startswith("LOGOUT"):
                self.say("* BYE")
                self.say(f"{tag} OK")
                return
            self.say(f"{tag} OK done")

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class Mailserver:
    def __init__(self) -> None:
        self.box = Box()
        handler = type("Talk", (_Talk,), {"box": self.box})
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
