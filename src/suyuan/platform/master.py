"""The master key: one file outside the data folder, and the sheet of paper that can bring it back.

No database and no models here: settings read this module before Django stands.
"""
from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import secrets
import stat
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding, aes_key_wrap_with_padding
from django.utils.translation import gettext as _

from suyuan.kernel.refusal import Refusal

KEY_BYTES = 32
FORMAT = 1

# Crockford's alphabet: no I, L, O, U. The last five only ever stand as check characters.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECKS = ALPHABET + "*$%+/"
LINES, GROUPS, GROUP = 4, 4, 4
QR_PREFIX = "SUYUAN-KEY:"

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


class KeyProblem(Refusal):
    """A key is missing, wrong or lies open. Nothing is served in clear and nothing is guessed."""

    code = "key_problem"
    status = 503

    def __init__(self, why: str, detail: str = "", **data: object) -> None:
        super().__init__(f"{why}: {detail}" if detail else why, why=why, **data)
        self.why = why

    def __str__(self) -> str:
        return f"{self.code}: {self.args[0]}"  # for operators: it may name a path

    def message(self) -> str:
        return _("加密金鑰目前無法使用，這一頁不能顯示。請通知系統管理員。")


@dataclass(frozen=True)
class Master:
    """The key all others are wrapped with. Its id follows from the key, so a damaged file cannot pass for another."""

    key: bytes = field(repr=False)

    @cached_property
    def key_id(self) -> str:
        return "m-" + hashlib.sha256(b"suyuan master id 1\x00" + self.key).hexdigest()[:12]

    def derive(self, purpose: str) -> bytes:
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=f"suyuan {purpose} 1".encode()).derive(self.key)

    @cached_property
    def _wrapping(self) -> bytes:
        return self.derive("wrap")

    def wrap(self, key: bytes) -> bytes:
        return aes_key_wrap_with_padding(self._wrapping, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        try:
            return aes_key_unwrap_with_padding(self._wrapping, wrapped)
        except (InvalidUnwrap, ValueError) as error:
            raise KeyProblem("wrong_key", "this master key does not open the keys of this database") from error


def master_create(path: Path) -> Master:
    """Make a new master key file, 0600, durable before this returns. Refuses to touch an existing one."""
    master = Master(secrets.token_bytes(KEY_BYTES))
    master_write(path, master)
    return master


def master_write(path: Path, master: Master) -> None:
    """Put a master key into a new file (also how a printed sheet comes back to life)."""
    body = {"format": FORMAT, "key_id": master.key_id, "key": base64.b64encode(master.key).decode()}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyProblem("exists", f"{path} is there already and is never overwritten") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(body, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def master_load(path: Path) -> Master:
    """Read the master key. Raises KeyProblem: missing, readable by others, malformed, damaged."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        raise KeyProblem("missing", f"there is no master key at {path}") from None
    except OSError as error:
        raise KeyProblem("unreadable", f"{path}: {error.strerror}") from error
    with os.fdopen(handle, encoding="utf-8") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise KeyProblem("malformed", f"{path} is not a file")
        if os.name == "posix" and status.st_mode & 0o077:
            raise KeyProblem("open_to_others", f"{path} must have mode 0600, not {status.st_mode & 0o777:04o}")
        try:
            body = json.loads(file.read(10_000))
            version, key_id, key = body["format"], body["key_id"], base64.b64decode(body["key"], validate=True)
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise KeyProblem("malformed", f"{path} is not a master key file") from error
    if version != FORMAT:
        raise KeyProblem("malformed", f"{path} has format {version}; this program knows {FORMAT}")
    master = Master(key)
    if len(key) != KEY_BYTES or master.key_id != key_id:
        raise KeyProblem("damaged", f"{path} does not hold the key it names")
    return master


def django_secret(path: Path) -> str:
    """SECRET_KEY of Django: follows from the master key, so there is no second secret to lose."""
    return master_load(path).derive("django secret key").hex()  # 64 characters


# The key sheet


@dataclass(frozen=True)
class KeySheet:
    """What goes on paper: `lines` to type, `svg` to scan, `text` with both explained for a terminal or a text file."""

    key_id: str
    lines: tuple[str, ...]
    svg: str
    text: str


def sheet(path: Path) -> KeySheet:
    master = master_load(path)
    lines = sheet_lines(master)
    return KeySheet(master.key_id, lines, _qr(lines), _sheet_text(master, lines))


def sheet_lines(master: Master) -> tuple[str, ...]:
    """Four lines of four groups of four characters, each line with its own check character."""
    body = bytes([FORMAT]) + master.key
    body += hashlib.sha256(b"suyuan key sheet 1\x00" + body).digest()[:7]
    number = int.from_bytes(body)
    characters = "".join(ALPHABET[number >> shift & 31] for shift in range(len(body) * 8 - 5, -1, -5))
    width = GROUPS * GROUP
    lines = []
    for n in range(LINES):
        line = characters[n * width : (n + 1) * width]
        groups = " ".join(line[i : i + GROUP] for i in range(0, width, GROUP))
        lines.append(f"{n + 1}: {groups} {_check(n, line)}")
    return tuple(lines)


def sheet_parse(text: str) -> Master:
    """The master key from typed lines or from what the QR code says. Names the line that was mistyped."""
    text = unicodedata.normalize("NFKC", text).upper()
    if QR_PREFIX in text:
        rest = text.split(QR_PREFIX, 1)[1].split(None, 1)[0]
        lines = [rest[i : i + GROUPS * GROUP + 1] for i in range(0, len(rest), GROUPS * GROUP + 1)]
    else:
        lines = [m[1] for m in re.finditer(r"^\s*[1-4](?:\s*:|\s)(.+)$", text, re.MULTILINE)]
        if not lines:
            lines = [line for line in text.splitlines() if len(_compact(line)) == GROUPS * GROUP + 1]
    if len(lines) != LINES:
        raise KeyProblem("sheet_incomplete", f"{LINES} lines are needed, {len(lines)} were found")
    characters = "".join(_line(n, line) for n, line in enumerate(lines))
    number = 0
    for character in characters:
        number = number << 5 | ALPHABET.index(character)
    body = number.to_bytes(40)
    if body[0] != FORMAT or hashlib.sha256(b"suyuan key sheet 1\x00" + body[:33]).digest()[:7] != body[33:]:
        raise KeyProblem("sheet_wrong", "the lines do not belong together")
    return Master(body[1:33])


def _compact(line: str) -> str:
    return "".join(line.replace("-", " ").split())


def _line(n: int, line: str) -> str:
    kept = _compact(line)
    data, check = kept[:-1].translate(_LOOKALIKES), kept[-1:]
    wrong = len(data) != GROUPS * GROUP or any(c not in ALPHABET for c in data)
    if wrong or check.translate(_LOOKALIKES) != _check(n, data):
        raise KeyProblem("sheet_line_wrong", f"line {n + 1} has a typing mistake", line=n + 1)
    return data


def _check(n: int, line: str) -> str:
    """Modulo 37 finds every single wrong character and every swap of neighbours; `n` finds swapped lines."""
    number = n + 1
    for character in line:
        number = (number * 32 + ALPHABET.index(character)) % 37
    return CHECKS[number]


def _qr(lines: tuple[str, ...]) -> str:
    import segno

    data = QR_PREFIX + "".join(line.split(":")[1].replace(" ", "") for line in lines)
    return segno.make(data, error="q", boost_error=False).svg_inline(scale=4, border=4)


def _sheet_text(master: Master, lines: tuple[str, ...]) -> str:
    # On paper for years, read by whoever finds it: all three languages at once, whatever the terminal's is.
    return "\n".join(
        [
            "SUYUAN 溯源 · 主金鑰備份 · 主密钥备份 · MASTER KEY SHEET",
            f"{master.key_id}",
            "",
            *lines,
            "",
            "請印出後鎖起來，與備份分開存放。沒有它，備份無法還原；拿到它與備份的人，可以讀到一切。",
            "请打印后锁起来，与备份分开存放。没有它，备份无法还原；拿到它和备份的人，可以读到一切。",
            "Print it and lock it away, apart from the backups. Without it no backup can be restored;",
            "whoever holds it and a backup can read everything.",
            "",
        ]
    )
