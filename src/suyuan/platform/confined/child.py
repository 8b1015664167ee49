"""The inside of `platform.files.limited`: started as a script, it limits and walls itself in before it reads a byte of the
stranger's, runs one function, and ends.

stdin:  one line of JSON {"path", "function", "args", "limits"}, then the bytes
stdout: one line of JSON {"told", "blobs": [lengths]}, then the blobs
"""
from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from importlib import import_module

OUT_OF_MEMORY, RAISED = 10, 11
MOST_OPEN = 64
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38


def main() -> int:
    # Whatever a library prints must not stand among the answer.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asked = json.loads(sys.stdin.buffer.readline())
    sys.path[:] = asked["path"]
    try:
        module, _, name = asked["function"].partition(":")
        function = getattr(import_module(module), name)
        raise_walls = import_module("suyuan.platform.confined.walls").raise_walls
        limit(asked["limits"])
        raise_walls()
        told, *blobs = packed(function(sys.stdin.buffer.read(), **asked["args"]))
        answer.write(json.dumps({"told": told, "blobs": [len(blob) for blob in blobs]}).encode() + b"\n")
        answer.writelines(blobs)
        answer.close()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException as error:  # a parser may raise anything at all; its message may quote the file
        os.write(answer.fileno(), type(error).__name__.encode()[:80])
        os._exit(RAISED)
    return 0


def packed(found: object) -> tuple:
    """A function may return JSON, bytes, or (JSON, bytes, …)."""
    if isinstance(found, (bytes, bytearray)):
        return None, found
    return found if isinstance(found, tuple) else (found,)


def limit(limits: dict[str, int]) -> None:
    """No files, no cores, so much memory and processor time; and gone when the parent is gone."""
    try:
        import resource
    except ImportError:  # not POSIX: what is left is the wall clock of the parent
        return
    seconds = limits["seconds"]
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, MOST_OPEN),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, seconds),
    ):
        resource.setrlimit(what, (most, most + 1 if what == resource.RLIMIT_CPU else most))
    if sys.platform.startswith("linux"):
        prctl = ctypes.CDLL(None).prctl
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


if __name__ == "__main__":
    raise SystemExit(main())
