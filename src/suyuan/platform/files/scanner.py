"""A virus scanner beside us, if the clinic has one: clamd, asked over its own socket (SUYUAN_SCANNER).

INSTREAM: `zINSTREAM\\0`, then each piece as four bytes of length and the bytes, then four zeroes; the answer is one line that
ends in OK, `<name> FOUND` or ERROR. No file of ours is named to it, and it needs no right to our folder.
"""
from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from itertools import chain
from urllib.parse import urlsplit

from django.conf import settings

PATIENCE = 60.0
LONGEST_ANSWER = 4_096


class ScannerAway(Exception):
    """It did not answer, or not so that we understand: ask again later."""


def scanner_is_set() -> bool:
    return bool(settings.SCANNER_URL)


def scan(source: Iterable[bytes]) -> str:
    """"clean", "found:<name>", or "failed" when the scanner will not look at this file. Raises ScannerAway."""
    try:
        with _connected() as line:
            line.sendall(b"zINSTREAM\0")
            cut = _sent(line, source)
            answer = _answer(line)
    except OSError as error:
        raise ScannerAway from error
    if answer.endswith(" FOUND"):
        name = answer.removesuffix(" FOUND").partition(": ")[2] or "?"
        return "found:" + re.sub(r"[^\w.\-:/()]", "_", name, flags=re.ASCII)[:70]
    if answer.endswith(": OK") and not cut:
        return "clean"
    if answer.endswith("ERROR"):
        return "failed"
    raise ScannerAway


def _connected() -> socket.socket:
    where = urlsplit(settings.SCANNER_URL)
    if where.scheme == "unix":
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE)
        line.connect(where.path)
        return line
    return socket.create_connection((where.hostname, where.port or 3310), timeout=PATIENCE)


def _sent(line: socket.socket, source: Iterable[bytes]) -> bool:
    """Whether it stopped listening: a file over its limit is answered before its end."""
    for data in chain(source, [b""]):
        try:
            line.sendall(len(data).to_bytes(4) + data)
        except (BrokenPipeError, ConnectionResetError):
            return True
    return False


def _answer(line: socket.socket) -> str:
    said = bytearray()
    while len(said) < LONGEST_ANSWER and not said.endswith(b"\0"):
        data = line.recv(LONGEST_ANSWER)
        if not data:
            break
        said += data
    return said.rstrip(b"\0\n").decode("utf-8", "replace")
