"""A clinic in a folder of its own, started as people start it."""
from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.once import once

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a quiet afternoon by the sea"

ANSWERS = """
language = "zh-hant"
[organisation]
name = "示例診所"
[branch]
code = "TN"
name = "示例臺南院"
jurisdiction = "tw"
phone = "06-000-0000"
[member]
login = "shen"
name = "沈經理"
email = "shen@example.org"
password = "%(password)s"
[key_sheet]
saved_to = "%(sheet)s"
"""


def environment(**more: str) -> dict[str, str]:
    """Ours without anything that names a clinic or a settings module."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SUYUAN_", "DJANGO_SETTINGS"))}
    return clean | {"PYTHONUTF8": "1"} | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what: Callable[[], object], seconds: float = 60.0) -> object:
    """The first true answer; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := what():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sorted(found)


def descendants_of(pid: int) -> list[int]:
    direct = children_of(pid)
    return direct + [grandchild for child in direct for grandchild in descendants_of(child)]


class Clinic:
    """`folder` holds data, keys and a place for the sheet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.keys = folder / "keys" / "master.key"
        self.sheets = folder / "usb"
        self.sheets.mkdir(mode=0o700)
        self.answers = folder / "answers.toml"
        self.port = free_port()
        self.more: dict[str, str] = {}
        self.scheme = "http"
        self.started: list[subprocess.Popen[str]] = []
        self.answers_write()

    def answers_write(self, words: str = ANSWERS, mode: int = 0o600, **changes: str) -> None:
        self.answers.write_text(words % ({"password": PASSWORD, "sheet": str(self.sheets)} | changes), encoding="utf-8")
        self.answers.chmod(mode)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "suyuan", *words]

    def run(self, *words: str, **more: object) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself."""
        env = environment(SUYUAN_DATA=str(self.data), SUYUAN_KEYS=str(self.keys), **self.more)
        arguments = {"capture_output": True, "text": True, "timeout": 60, "stdin": subprocess.DEVNULL} | more
        return subprocess.run(self.command(*words), cwd=self.folder, env=env, **arguments)

    def up_words(self, *words: str) -> list[str]:
        return ["up", "--data", str(self.data), "--keys", str(self.keys), "--port", str(self.port), *words]

    def up(self, *words: str, seconds: float = 60) -> subprocess.Popen[str]:
        """Start and wait until it is ready."""
        with open(self.folder / "log.txt", "a", encoding="utf-8") as log:
            process = subprocess.Popen(
                self.command(*self.up_words(*words)),
                cwd=self.folder,
                env=environment(**self.more),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )
        self.started.append(process)
        wait_for(lambda: process.poll() is not None or self.health()[0] == 200, seconds)
        assert process.poll() is None, self.log()
        return process

    def health(self) -> tuple[int, dict[str, object]]:
        status, body = self.get("/healthz")
        try:
            return status, json.loads(body or b"{}")
        except ValueError:
            return status, {}

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        request = urllib.request.Request(f"{self.scheme}://127.0.0.1:{self.port}{path}", headers=headers)
        context = ssl._create_unverified_context() if self.scheme == "https" else None
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def log(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8")

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(40)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def clinic_made(folder: Path) -> Clinic:
    """A clinic with keys, database and packs, before its first start."""
    return _copied(once("clinic-made", _make), folder)


def clinic_begun(folder: Path) -> Clinic:
    """A clinic after its first start, ended."""
    return _copied(once("clinic-begun", _begin), folder)


def _make(folder: Path) -> None:
    done = Clinic(folder).run("migrate", timeout=180)
    assert done.returncode == 0, done.stderr


def _begin(folder: Path) -> None:
    clinic = clinic_made(folder)
    try:
        # On a busy machine a first start takes longer than people would wait.
        clinic.up("--answers", str(clinic.answers), seconds=180)
    finally:
        clinic.end()


def _copied(original: Path, folder: Path) -> Clinic:
    clinic = Clinic(folder)
    shutil.copytree(original / "data", clinic.data)
    shutil.copytree(original / "keys", clinic.keys.parent)
    return clinic
