"""The web server as it is served: in which order it asks the kernel for things, and lines that are cut at any byte.

R3: SUYUAN_TRACED intakes (10; 200 in the proof). R15: SUYUAN_CUTS cuts (25; 200 in the proof).
"""
from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

from tests.config.stories import ROOT, environment, wait_for
from tests.faults.clients import FILES, Client
from tests.faults.tracing import CALLS, calls_of, order_faults

TRACED = int(os.environ.get("SUYUAN_TRACED", "10"))
CUTS = int(os.environ.get("SUYUAN_CUTS", "25"))
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(scope="module")
def traced(begun):
    """`suyuan web` under strace; (port, where the trace is written, clinic)."""
    trace = begun.folder / "trace"
    env = environment(SUYUAN_DATA=str(begun.data), SUYUAN_KEYS=str(begun.keys), SUYUAN_PROXIES="127.0.0.1")
    command = [shutil.which("strace") or "strace", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "48", "-o", str(trace)]
    command += ["-e", f"trace={CALLS}", sys.executable, "-m", "suyuan", "web", "--port", str(begun.port)]
    with open(begun.folder / "log.txt", "ab") as log:
        process = subprocess.Popen(command, cwd=begun.folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    wait_for(lambda: process.poll() is not None or begun.health()[0] == 200, 120)
    assert process.poll() is None, begun.log()
    yield begun.port, trace, begun
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(40)


@pytest.fixture(scope="module")
def intakes(traced):
    """Complaints with two files each, sent while every call is watched."""
    port, trace, clinic = traced
    client = Client(port, 41)
    for n in range(TRACED):
        story = client._story()
        story.tus = n % 3 == 2
        client._send(story)
    assert client.wrong == []
    time.sleep(0.5)  # strace writes its file a moment later
    return trace, clinic


@pytest.mark.requirement("A-06")
@pytest.mark.requirement("B-04")
def test_a_file_is_on_disk_with_its_name_and_its_row_before_anybody_is_told(intakes):
    """write < fsync(file) < rename < fsync(folder), fsync(parent) after each mkdir, < fdatasync(WAL) < the 2xx answer."""
    trace, clinic = intakes
    calls = calls_of(trace)
    blobs, faults = order_faults(calls, clinic.data / "files")
    assert faults == []
    assert blobs >= 2 * TRACED, "every intake has two files, each of them acknowledged"
    opened = [call.path for call in calls if call.name == "openat"]
    assert not [path for path in opened if path.endswith("-journal")], "a connection that is not in WAL mode"
    assert [c for c in calls if c.name == "mkdir" and str(clinic.data / "files") in c.path], "no new folder was seen"


def test_the_order_is_looked_at_in_earnest(intakes):
    """Of a trace in which any one step is missing, something is said."""
    trace, clinic = intakes
    calls, files = calls_of(trace), clinic.data / "files"
    blob = next(c for c in calls if c.name == "rename" and c.path.startswith(f"{files}/incoming/"))
    token = blob.path.rpartition("/")[2]
    final = str(files / token[:2])
    for lost in (
        lambda c: c.name == "fsync" and c.path == blob.path,
        lambda c: c.name == "fsync" and c.path == final,
        lambda c: c.name == "fdatasync",
    ):
        _blobs, faults = order_faults([c for c in calls if not lost(c)], files)
        assert any(token in fault for fault in faults)


# --- cut lines -----------------------------------------------------------------------------------------------------


class Line:
    """One upload over sockets that may be cut in the middle."""

    def __init__(self, port: int, seed: int) -> None:
        self.port = port
        self.sender = Client(port, seed)
        self.story = self.sender._story()
        self.sender.form(self.story)

    def headers(self, **more: str) -> dict[str, str]:
        cookies = "; ".join(f"{k}={v}" for k, v in self.story.cookies.items())
        place = f"198.51.100.{self.sender.chance.randrange(1, 255)}"
        return {"Cookie": cookies, "Origin": f"http://127.0.0.1:{self.port}", "X-Forwarded-For": place, **TUS, **more}

    def ask(self, method: str, path: str, body: bytes = b"", **more: str) -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        line.request(method, path, body, self.headers(**more))
        answer = line.getresponse()
        answer.read()
        line.close()
        return answer

    def offset(self, where: str) -> int:
        return int(self.ask("HEAD", where).headers["Upload-Offset"])

    def send_cut(self, where: str, at: int, data: bytes, length: int) -> None:
        """Promise all of it, send a part, and be gone: politely or not."""
        told = self.headers(**{"Upload-Offset": str(at), "Content-Length": str(len(data)), "Host": f"127.0.0.1:{self.port}"})
        told["Content-Type"] = "application/offset+octet-stream"
        head = f"PATCH {where} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in told.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as line:
            line.sendall(head.encode() + data[:length])
            if self.sender.chance.random() < 0.5:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.requirement("B-04")
def test_a_line_cut_at_any_byte_is_taken_up_and_nothing_is_left_over(traced):
    port, _trace, clinic = traced
    cuts, number = 0, 0
    dice = random.Random(15)
    shas = []
    while cuts < CUTS:
        number += 1
        line = Line(port, 1500 + number)
        film = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + dice.randbytes(dice.choice((40_000, 300_000, 900_000)))
        made = line.ask("POST", FILES, **{"Upload-Length": str(len(film))})
        where = made.headers["Location"]
        stranger = Line(port, 9000 + number)
        at, mine = 0, min(CUTS - cuts, 5)
        while mine:
            line.send_cut(where, at, film[at:], dice.randrange(0, len(film) - at))
            mine, cuts = mine - 1, cuts + 1
            at = _settled(line, where)
            assert stranger.ask("HEAD", where).status == 404
        while at < len(film):
            sent = {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
            answer = line.ask("PATCH", where, film[at:], **sent)
            assert answer.status in (204, 409), answer.status
            at = int(answer.headers["Upload-Offset"])
        line.story.fields |= {"upload": where.rsplit("/", 2)[-2]}
        line.story.files, line.story.upload, line.story.tus = {}, "", False
        line.sender._send(line.story)
        shas.append(hashlib.sha256(film).hexdigest())

    env = environment(SUYUAN_DATA=str(clinic.data), SUYUAN_KEYS=str(clinic.keys), DJANGO_SETTINGS_MODULE="suyuan.config.settings")
    seen = subprocess.run(
        [sys.executable, "-m", "tests.faults.a_day_later"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )
    assert seen.returncode == 0, seen.stderr
    found = json.loads(seen.stdout)
    assert set(shas) <= set(found["shas"]) and len(shas) == len(set(shas))
    assert found["damaged"] == [] and found["on_disk"] == found["named"], "orphans after a day"


def _settled(line: Line, where: str) -> int:
    """Where the server stands once it has noticed that nobody is there any more."""
    last = -1
    while (now := line.offset(where)) != last:
        last = now
        time.sleep(0.05)
    return now
