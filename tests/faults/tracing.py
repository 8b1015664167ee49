"""What a traced process asked of the kernel, in order: reading strace's file."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CALLS = "openat,write,pwrite64,fsync,fdatasync,rename,mkdir,sendto,sendmsg"
_WHOLE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)")
_BEGUN = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>")
_ENDED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>.* = (-?\d+)")


@dataclass
class Call:
    """`begun` and `ended` are places in the order in which the kernel heard and answered."""

    tid: str
    name: str
    args: str
    begun: int
    ended: int = -1
    result: int = 0

    def paths(self) -> list[str]:
        return re.findall(r'<(/[^>]*)>', self.args) or re.findall(r'"(/[^"]*)"', self.args)

    @property
    def path(self) -> str:
        found = self.paths()
        return found[0] if found else ""


def calls_of(trace: Path) -> list[Call]:
    calls: list[Call] = []
    open_calls: dict[str, Call] = {}
    for n, line in enumerate(trace.read_text(errors="replace").splitlines()):
        if whole := _WHOLE.match(line):
            calls.append(Call(whole[1], whole[2], whole[3], n, n, int(whole[4])))
        elif begun := _BEGUN.match(line):
            open_calls[begun[1]] = Call(begun[1], begun[2], begun[3], n)
            calls.append(open_calls[begun[1]])
        elif (ended := _ENDED.match(line)) and ended[1] in open_calls:
            call = open_calls.pop(ended[1])
            call.ended, call.result = n, int(ended[3])
    # What failed did nothing, except an answer: it ended its request although nobody heard it.
    return [call for call in calls if call.ended >= 0 and (call.result >= 0 or call.name.startswith("send"))]


def order_faults(calls: list[Call], files: Path) -> tuple[int, list[str]]:
    """How many blobs were acknowledged, and for each promise that was broken a sentence."""
    faults: list[str] = []
    acknowledged = 0
    blobs = [call for call in calls if call.name == "rename" and call.path.startswith(f"{files}/incoming/")]
    for blob in blobs:
        token = Path(blob.path).name
        final = files / token[:2]
        writes = [c for c in calls if c.name == "write" and c.path == blob.path]
        steps = [
            ("write", writes[-1] if writes else None),
            ("fsync of the blob", _first(calls, "fsync", blob.path, after=writes[-1].ended if writes else 0)),
            ("rename", blob),
            ("fsync of its folder", _first(calls, "fsync", str(final), after=blob.ended)),
        ]
        answer = next(
            (c for c in calls if c.tid == blob.tid and c.name.startswith("send") and c.begun > blob.ended and '"HTTP/1.1 ' in c.args), None
        )
        if answer is None or answer.result < 0 or '"HTTP/1.1 2' not in answer.args:  # broken off or refused, and sent again: nothing was promised
            continue
        acknowledged += 1
        wal = [c for c in calls if c.name == "fdatasync" and c.tid == blob.tid and c.path.endswith("-wal")]
        durable = [c for c in wal if blob.ended < c.begun and c.ended < answer.begun]
        steps += [("fdatasync of the WAL", durable[-1] if durable else None), ("2xx answer", answer)]
        for (earlier, a), (later, b) in zip(steps, steps[1:], strict=False):
            if a is None or b is None:
                faults.append(f"{token}: no {earlier if a is None else later}")
            elif not a.ended < b.begun and a is not b:
                faults.append(f"{token}: {later} before {earlier} had ended")
        for made in (c for c in calls if c.name == "mkdir" and c.path == str(final) and c.result == 0):
            synced = _first(calls, "fsync", str(files), after=made.ended)
            if made.begun < blob.begun and (synced is None or synced.ended > blob.begun):
                faults.append(f"{token}: its new folder was not on disk before it went there")
    return acknowledged, faults


def _first(calls: list[Call], name: str, path: str, after: int) -> Call | None:
    return next((c for c in calls if c.name == name and c.path == path and c.begun >= after), None)
