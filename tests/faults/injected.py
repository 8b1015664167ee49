"""Run as a process of its own on a clinic's folder: one intake with two files, in which one system call goes wrong.

Each single openat, write, pwrite64, fsync, fdatasync, rename, mkdir and close of the intake, times EIO, ENOSPC and SIGKILL, by
`strace -e inject` on a forked child; then the very same form is sent again. Prints JSON.

    python -m tests.faults.injected SAMPLE SEED     SAMPLE: how many of all; 0 for every one
"""
from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

from tests.faults.dying import Sender

CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "mkdir", "close")
WRONGS = ("error=EIO", "error=ENOSPC", "signal=SIGKILL")
PATIENCE = 60.0


def main(sample: int, seed: int) -> None:
    django.setup()
    from django.conf import settings
    from django.db import connections

    settings.ALLOWED_HOSTS.append("testserver")
    Sender("warm").send()  # what is read once in a process is read before the fork
    counts = counted()
    every = [(call, nth, wrong) for call, times in counts.items() for nth in range(1, times + 1) for wrong in WRONGS]
    dice = random.Random(seed)
    chosen = every if not sample else spread(every, sample, dice)
    told = []
    for call, nth, wrong in chosen:
        sender = Sender(f"{call}:{nth}:{wrong}")
        connections.close_all()
        status = disturbed(sender, f"inject={call}:{wrong}:when={nth}")
        first = sender.there()
        again = sender.send()
        told.append({"step": sender.words, "status": status, "left": first, "again": again, "after": sender.there(), "shas": sender.shas})
        connections.close_all()
    json.dump({"counts": counts, "every": len(every), "told": told}, sys.stdout)


def spread(every: list, sample: int, dice: random.Random) -> list:
    """Each call with each wrong first, so that a small sample leaves no kind out; the rest by chance."""
    dice.shuffle(every)
    kinds = {(call, wrong): (call, nth, wrong) for call, nth, wrong in every}
    first = list(kinds.values())
    rest = [one for one in every if one not in set(first)]
    return (first + rest)[:sample]


def counted() -> dict[str, int]:
    """How often one undisturbed intake makes each call, in the thread that serves it."""
    from django.db import connections

    sender = Sender("undisturbed")
    connections.close_all()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "calls"
        assert disturbed(sender, f"trace={','.join(CALLS)}", "-o", str(out)) == 200
        lines = out.read_text().splitlines()
    first = lines[0].split()[0]
    seen = [re.match(r"\d+ +(\w+)\(", line) for line in lines if line.split()[0] == first]
    names = [found[1] for found in seen if found]
    return {call: names.count(call) for call in CALLS}


def disturbed(sender: Sender, expression: str, *more: str) -> int:
    """The status the sender saw while a child served it under strace; 0 when the child was killed."""
    held, let_go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(let_go)
        os.read(held, 1)
        try:
            status = sender.send()
        except BaseException:
            os._exit(99)
        os._exit(0 if status == 200 else status // 100)
    os.close(held)
    command = [shutil.which("strace") or "strace", "-f", "-qq", "-e", expression, *more, "-p", str(child)]
    tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + PATIENCE
    while not traced(child):
        assert tracer.poll() is None and time.monotonic() < deadline, "strace could not attach"
        time.sleep(0.005)
    os.write(let_go, b".")
    os.close(let_go)
    try:
        while True:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.005)
    finally:
        tracer.wait(10)
    if os.WIFSIGNALED(status):
        return 0
    code = os.WEXITSTATUS(status)
    return 200 if code == 0 else code * 100


def traced(pid: int) -> bool:
    return "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
