"""What a parser may do when a file makes it: run by test_files_limited in a process of its own."""
from __future__ import annotations

import os
import signal
import subprocess
import sys


def back(data: bytes, times: int = 1) -> tuple:
    print("a library that talks")
    return {"size": len(data)}, data * times, b"second"


def bomb(data: bytes) -> dict:
    held = [bytearray(8 << 20) for _ in range(1000)]
    return {"held": len(held)}


def loop(data: bytes) -> None:
    while True:
        pass


def sleep(data: bytes) -> None:
    """Waits without using the processor, with a child of its own that would outlive it."""
    subprocess.run([sys.executable, "-c", "import time; time.sleep(600)", "suyuan-limited-orphan"], check=False)


def crash(data: bytes) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse(data: bytes) -> None:
    raise ValueError(data.decode())


def flood(data: bytes) -> bytes:
    return b"x" * (4 << 20)


def write(data: bytes, path: str) -> None:
    with open(path, "wb") as file:
        file.write(b"x" * 100)


def secrets(data: bytes) -> list:
    return [sorted(os.environ), "django" in sys.modules]
