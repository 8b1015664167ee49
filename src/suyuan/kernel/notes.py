"""The texts that are signed, as docs/bundle.md fixes them: checkpoints, co-signatures, the succession of keys.

Each is a few lines that a person can read, every line ended by one line feed. What is read back must come out the same
byte for byte when it is written again: there is one way to write a checkpoint, and no other counts as one.
"""
from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import NoReturn

LOG, COSIGNATURE, KEY = "suyuan log 1", "suyuan cosignature 1", "suyuan key 1"
NO_CHECKPOINT = "0" * 64
CLOCK_SYSTEM, CLOCK_NTP = "system", "ntp"

_DIGEST = re.compile(r"[0-9a-f]{64}")
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_CLOCK = re.compile(r"system|ntp|stepped back [1-9][0-9]*")
_WORDS = re.compile(r"\S(.{0,198}\S)?")


class NotANote(ValueError):
    """The text is not what it is handed over as."""


@dataclass(frozen=True)
class CheckpointNote:
    """What the house signs of its log."""

    origin: str
    size: int
    root: str
    heads: str
    epoch: int
    at: str
    clock: str
    software: str
    previous: str
    key: str

    @property
    def text(self) -> str:
        return _lines(
            LOG,
            self.origin,
            str(self.size),
            self.root,
            f"heads {self.heads}",
            f"epoch {self.epoch}",
            f"at {self.at}",
            f"clock {self.clock}",
            f"software {self.software}",
            f"previous {self.previous}",
            f"key {self.key}",
        )

    @property
    def sha256(self) -> str:
        return text_sha256(self.text)


@dataclass(frozen=True)
class CosignatureNote:
    """What somebody else signs of a checkpoint of ours."""

    checkpoint: str
    by: str
    at: str
    key: str

    @property
    def text(self) -> str:
        return _lines(COSIGNATURE, f"checkpoint {self.checkpoint}", f"by {self.by}", f"at {self.at}", f"key {self.key}")


@dataclass(frozen=True)
class KeyNote:
    """What a signing key says of the one that follows it."""

    key: str
    public: str
    at: str
    after: str

    @property
    def text(self) -> str:
        return _lines(KEY, f"key {self.key}", f"public {self.public}", f"at {self.at}", f"after {self.after}")


def text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()


def checkpoint_read(text: str) -> CheckpointNote:
    """Raises NotANote."""
    lines = _read(text, LOG, 11)
    note = CheckpointNote(
        origin=_matching(_UID, lines[1]),
        size=int(_matching(_NUMBER, lines[2])),
        root=_matching(_DIGEST, lines[3]),
        heads=_matching(_DIGEST, _after("heads", lines[4])),
        epoch=int(_matching(_NUMBER, _after("epoch", lines[5]))),
        at=_matching(_TIME, _after("at", lines[6])),
        clock=_matching(_CLOCK, _after("clock", lines[7])),
        software=_matching(_WORDS, _after("software", lines[8])),
        previous=_matching(_DIGEST, _after("previous", lines[9])),
        key=_matching(_DIGEST, _after("key", lines[10])),
    )
    if note.text != text or note.size == 0 or note.epoch == 0:
        _refuse("a checkpoint is written in one way only")
    return note


def cosignature_read(text: str) -> CosignatureNote:
    """Raises NotANote."""
    lines = _read(text, COSIGNATURE, 5)
    note = CosignatureNote(
        checkpoint=_matching(_DIGEST, _after("checkpoint", lines[1])),
        by=_matching(_WORDS, _after("by", lines[2])),
        at=_matching(_TIME, _after("at", lines[3])),
        key=_matching(_DIGEST, _after("key", lines[4])),
    )
    if note.text != text:
        _refuse("a co-signature is written in one way only")
    return note


def words_fit(words: str) -> bool:
    """Whether these words can stand in a line: no line feed, no control character, not too long."""
    return bool(_WORDS.fullmatch(words)) and words.isprintable()


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def _read(text: str, head: str, count: int) -> list[str]:
    lines = text.split("\n")
    if lines[0] != head or len(lines) != count + 1 or lines[-1] != "":
        _refuse(f"not a “{head}” of {count} lines")
    return lines[:-1]


def _after(name: str, line: str) -> str:
    given, _, rest = line.partition(" ")
    return rest if given == name else _refuse(f"{name} is missing")


def _matching(pattern: re.Pattern[str], said: str) -> str:
    return said if pattern.fullmatch(said) else _refuse(f"{said[:80]!r} cannot stand there")


def _refuse(why: str) -> NoReturn:
    raise NotANote(why)
