"""One HTTPS call to the one host that the settings name. No database here.

Certificates are checked, redirects are never followed, an answer is read up to a limit; plain HTTP goes to this machine only.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from suyuan.correspondence.rules import Answer
from suyuan.correspondence.unsent import Unsent

TIMEOUT = 20
LONGEST_ANSWER = PIECE = 64 * 1024
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Host:
    """Where a service answers: every call goes there and nowhere else."""

    name: str
    port: int | None
    path: str = ""

    @classmethod
    def from_url(cls, url: str) -> Host:
        parts = urlsplit(url)
        here = parts.hostname in LOOPBACK
        if not parts.hostname or parts.query or parts.fragment or parts.username:
            raise ValueError("a service is written https://host/path")
        if parts.scheme != "https" and not (parts.scheme == "http" and here):
            raise ValueError("words leave over https only")
        return cls(parts.hostname, parts.port, parts.path.rstrip("/"))

    @property
    def is_here(self) -> bool:
        return self.name in LOOPBACK


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str


def call(host: Host, path: str, *, body: bytes, headers: Mapping[str, str], stage: str) -> Reply:
    """POST and read the answer, whatever its status. Raises Unsent: "connect" when nothing left, `stage` when perhaps it did."""
    line = _connected(host)
    try:
        line.request("POST", host.path + path, body, {"User-Agent": "suyuan", **headers})
        answer = line.getresponse()
        text = answer.read(LONGEST_ANSWER).decode("utf-8", "replace")
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
    except (OSError, http.client.HTTPException) as error:
        raise Unsent(Answer(stage), type(error).__name__) from error
    finally:
        line.close()


@contextmanager
def fetched(host: Host, path: str, *, headers: Mapping[str, str], stage: str) -> Iterator[tuple[int, Iterator[bytes]]]:
    """GET: the status, and the body in pieces. Raises Unsent, also in the middle of the body, and where it ends too soon."""
    line = _connected(host)
    try:
        line.request("GET", host.path + path, headers={"User-Agent": "suyuan", **headers})
        answer = line.getresponse()
        yield answer.status, _pieces(answer, stage)
    except (OSError, http.client.HTTPException) as error:
        raise Unsent(Answer(stage), type(error).__name__) from error
    finally:
        line.close()


def _pieces(answer: http.client.HTTPResponse, stage: str) -> Iterator[bytes]:
    left = answer.length
    try:
        while data := answer.read(PIECE):
            left = None if left is None else left - len(data)
            yield data
    except (OSError, http.client.HTTPException) as error:
        raise Unsent(Answer(stage), type(error).__name__) from error
    if left:
        raise Unsent(Answer(stage), "cut off")


def _connected(host: Host) -> http.client.HTTPConnection:
    if host.is_here:
        line = http.client.HTTPConnection(host.name, host.port, timeout=TIMEOUT)
    else:
        line = http.client.HTTPSConnection(host.name, host.port, timeout=TIMEOUT, context=ssl.create_default_context())
    try:
        line.connect()
    except OSError as error:
        raise Unsent(Answer("connect"), type(error).__name__) from error
    return line
