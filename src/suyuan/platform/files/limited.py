"""Bytes of a stranger are parsed in a process of their own: so much memory, so much time, no files, no secrets of ours.

    result = run_limited("suyuan.evidence.confined.pictures:derive", file_chunks(stored), args={"content_type": "image/png"},
                         memory_bytes=512 << 20, seconds=10)

The named function gets all bytes and the args, and returns JSON, bytes, or (JSON, bytes, …). Its module and whatever that
imports must do without Django: the process has no settings, no database and no environment of ours.
"""
from __future__ import annotations

import functools
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from suyuan.platform.confined import child

SCRIPT = Path(child.__file__)
OURS = SCRIPT.parents[3]
LONGEST_LINE = 64 * 1024


class Limited(Exception):
    """It did not end well. `why`: time, memory, crashed, raised (`detail` names the exception's type), too_much."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(f"{why} {detail}".strip())
        self.why, self.detail = why, detail


@dataclass(frozen=True)
class Result:
    """What the function told, and the bytes it made."""

    told: Any
    blobs: tuple[bytes, ...] = ()


def run_limited(
    function: str,
    source: bytes | Iterable[bytes] = b"",
    *,
    args: Mapping[str, Any] | None = None,
    memory_bytes: int = 512 << 20,
    seconds: float = 10.0,
    output_bytes: int = 32 << 20,
    file_bytes: int = 0,
) -> Result:
    """Run "package.module:function" over `source`. Raises Limited; an error of `source` itself is raised as it is."""
    limits = {"memory_bytes": memory_bytes, "seconds": max(1, math.ceil(seconds)), "file_bytes": file_bytes}
    asked = {"path": _modules(), "function": function, "args": dict(args or {}), "limits": limits}
    pieces = [source] if isinstance(source, (bytes, bytearray, memoryview)) else source
    process = subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    reader = _Reader(process, output_bytes + LONGEST_LINE)
    too_late = threading.Timer(seconds, _end, [process])
    begun = time.monotonic()
    too_late.start()
    try:
        reader.start()
        _feed(process, json.dumps(asked).encode() + b"\n", pieces)
        reader.join()
        code = process.wait()
    finally:
        too_late.cancel()
        _end(process)
        reader.join()
        process.wait()
        process.stdout.close()
    if reader.too_much:
        raise Limited("too_much", "output")
    if code:
        raise _why(code, bytes(reader.held), time.monotonic() - begun >= seconds)
    return _unpacked(bytes(reader.held), output_bytes)


@functools.cache
def walls_standing() -> tuple[bool, bool]:
    """Whether such a process is kept from networks, other processes and writing, and whether from reading what is not its own."""
    try:
        calls, reading = run_limited("suyuan.platform.confined.walls:standing").told
    except Limited:
        return False, False
    return calls, reading


def _modules() -> list[str]:
    """Where modules come from. What lies beneath may be read in there, so no folder that holds the data or the keys goes along:
    whoever starts us with `python -m` has the folder they stand in among them."""
    held = [Path(each).resolve() for name in ("DATA_DIR", "FILES_DIR", "KEYS_FILE") if (each := getattr(settings, name, ""))]
    places = {place: Path(place).resolve() for place in sys.path}
    return [place for place, at in places.items() if at == OURS or not any(each.is_relative_to(at) for each in held)]


def _feed(process: subprocess.Popen, asked: bytes, pieces: Iterable[bytes]) -> None:
    try:
        process.stdin.write(asked)
        for data in pieces:
            process.stdin.write(data)
    except BrokenPipeError:  # it ended before it had read everything; its ending says why
        pass
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()


class _Reader(threading.Thread):
    """Takes what comes out, so that neither side waits for the other, and ends a process that says too much."""

    def __init__(self, process: subprocess.Popen, most: int) -> None:
        super().__init__(name="limited-reader", daemon=True)
        self.process, self.most = process, most
        self.held, self.too_much = bytearray(), False

    def run(self) -> None:
        while data := self.process.stdout.read1(1 << 16):
            self.held += data
            if len(self.held) > self.most:
                self.too_much = True
                self.held.clear()
                _end(self.process)
                return


def _end(process: subprocess.Popen) -> None:
    """The whole group: a parser may have started others. An unreaped process keeps its number, so none other is hit."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _why(code: int, said: bytes, late: bool) -> Limited:
    if code == child.OUT_OF_MEMORY:
        return Limited("memory")
    if code == child.RAISED:
        return Limited("raised", said[-80:].decode("ascii", "replace"))
    if late or code == -signal.SIGXCPU:
        return Limited("time")
    return Limited("crashed", f"signal {-code}" if code < 0 else f"code {code}")


def _unpacked(said: bytes, most: int) -> Result:
    line, _, rest = said.partition(b"\n")
    try:
        head = json.loads(line)
        lengths = [int(length) for length in head["blobs"]]
    except (ValueError, TypeError, KeyError) as error:
        raise Limited("crashed", "no answer") from error
    if sum(lengths) != len(rest) or len(rest) > most:
        raise Limited("crashed", "half an answer")
    blobs, at = [], 0
    for length in lengths:
        blobs.append(rest[at : at + length])
        at += length
    return Result(head["told"], tuple(blobs))
