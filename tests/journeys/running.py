"""The product as people meet it: `suyuan demo` in processes of its own, on a copy of a folder that is made once a run."""
from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from tests.config.stories import descendants_of, environment, free_port, is_alive
from tests.once import once

PASSWORD = "suyuan-demo-2026"


def prepared() -> Path:
    """The demo clinic's folder as its first start leaves it. Copied by everybody, used by nobody.

    SUYUAN_PREPARED names such a folder to start from, for those who run one journey over and over.
    """
    if given := os.environ.get("SUYUAN_PREPARED"):
        return Path(given)
    return once("demo", _prepare) / "data"


def _prepare(folder: Path) -> None:
    house = Running(folder / "data", folder)
    try:
        house.start(seconds=240)
    finally:
        house.end()


class Running:
    """`suyuan demo` on a folder: a supervisor, a web server and a worker."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.data, self.folder, self.keys = data, folder, data / "demo-master.key"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def on_a_copy(cls, folder: Path) -> Running:
        shutil.copytree(prepared(), folder / "data")
        return cls(folder / "data", folder)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, seconds: float = 120) -> float:
        """Seconds until pages are served."""
        began = time.monotonic()
        with open(self.folder / "log.txt", "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "suyuan", "demo", "--data", str(self.data), "--port", str(self.port)],
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        while not self.is_ready():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() - began < seconds, f"not ready after {seconds} s\n{self.log()}"
            time.sleep(0.05)
        return time.monotonic() - began

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def log(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")[-4000:]

    def groups(self) -> list[int]:
        """The web server and the worker: each leads a process group of its own."""
        return [pid for pid in descendants_of(self.process.pid) if os.getpgid(pid) == pid]

    def kill(self) -> None:
        """kill -9 of everything at once: the groups of web and worker, and the supervisor."""
        everybody = [self.process.pid, *descendants_of(self.process.pid)]
        for pid in [*self.groups()]:
            os.killpg(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        while any(is_alive(pid) for pid in everybody):
            time.sleep(0.01)

    def end(self) -> None:
        """Politely; whoever does not go is killed, by its own number."""
        if self.process is None or self.process.poll() is not None:
            return
        everybody = descendants_of(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in everybody:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)

    def rows(self, sql: str, *values: object) -> list[tuple]:
        """Look into the database from outside, as it stands now."""
        with closing(sqlite3.connect(f"file:{self.data}/suyuan.sqlite3?mode=ro", uri=True, timeout=20)) as looked:
            return looked.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object):
        return self.rows(sql, *values)[0][0]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the product on this folder."""
        return subprocess.run(
            [sys.executable, "-m", "suyuan", *words, "--data", str(self.data), "--keys", str(self.keys)],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    def jobs_failed(self) -> list:
        return [j for j in json.loads(self.run("jobs", "list", "--json").stdout or "[]") if j.get("state") == "dead"]
