"""The keyring: what seals identifiers, signs receipts, blinds indexes and opens files.

Every key lies in the database wrapped by the master key (`master.py`) and is opened once per process. A sealed value is
bound to organisation, field and row: copied anywhere else it does not open.

    sealed value = version (1 byte) | key number (4) | nonce (12) | AES-256-GCM(value, AAD = organisation|field|uid)
"""
from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding, aes_key_wrap_with_padding
from django.apps import apps
from django.conf import settings
from django.db import transaction

from suyuan.kernel import chain, notes
from suyuan.platform import units
from suyuan.platform.master import (
    KeyProblem,
    KeySheet,
    Master,
    django_secret,
    master_create,
    master_load,
    master_write,
    sheet,
    sheet_parse,
)

__all__ = [
    "KeyLink",
    "KeyProblem",
    "KeySheet",
    "Master",
    "PublicKey",
    "Ring",
    "Signature",
    "blind",
    "django_secret",
    "key_chain",
    "key_chain_fault",
    "file_key_number",
    "master_create",
    "master_load",
    "master_rotate",
    "master_write",
    "new_file_key",
    "public_keys",
    "receipt_mac",
    "receipt_matches",
    "ring",
    "ring_forget",
    "ring_make",
    "rotate_data_key",
    "rotate_signing_key",
    "rotate_file_key",
    "seal",
    "sheet",
    "sheet_parse",
    "sign",
    "sign_naming",
    "signature_holds",
    "signing_key_now",
    "unseal",
    "unseal_bytes",
    "unwrap_file_key",
    "verify",
    "wrap_file_key",
]

DATA, INDEX, RECEIPT, SIGNING, FILE = "data", "index", "receipt", "signing", "file"
KINDS = (DATA, INDEX, RECEIPT, SIGNING, FILE)

SEALED, WRAPPED_FILE_KEY = b"\x01", b"\x01"
NUMBER, NONCE, TAG = 4, 12, 16
HEADER = 1 + NUMBER
BLIND_BYTES = 16


@dataclass(frozen=True)
class Signature:
    """An Ed25519 signature and the key that made it."""

    bytes: bytes
    key_id: str
    fingerprint: str


@dataclass(frozen=True)
class PublicKey:
    """A signing key as others may hold it. `fingerprint` = SHA-256 over its 32 raw bytes, in hex."""

    key_id: str
    fingerprint: str
    raw: bytes
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True)
class KeyLink:
    """A signing key in the succession of all of them: what keys.json of a bundle says of it (docs/bundle.md, Keys)."""

    key: str
    public: str
    at: str
    after: str
    signature: str

    @property
    def text(self) -> str:
        """What the key before has signed."""
        return notes.KeyNote(self.key, self.public, self.at, self.after).text


@dataclass(frozen=True)
class _Opened:
    key_id: str
    number: bytes
    key: bytes = field(repr=False)
    public: PublicKey | None = None


class Ring:
    """All keys of this installation, opened. Build it with `ring()`; it never asks the database again."""

    def __init__(self, organisation: UUID, opened: Iterable[tuple[str, _Opened, bool]]) -> None:
        self.organisation = organisation
        self._aad = f"{organisation}|".encode()
        self._keys: dict[tuple[str, bytes], _Opened] = {}
        self._by_id: dict[str, _Opened] = {}
        self._current: dict[str, _Opened] = {}
        for kind, key, in_use in opened:
            self._keys[kind, key.number] = key
            self._by_id[key.key_id] = key
            if in_use:
                self._current[kind] = key
        missing = [kind for kind in KINDS if kind not in self._current]
        if missing:
            raise KeyProblem("no_keys", f"keys are missing: {', '.join(missing)}")

        self._ciphers = {number: AESGCM(key.key) for (kind, number), key in self._keys.items() if kind == DATA}
        self._sealing = self._ciphers[self._current[DATA].number]
        self._header = SEALED + self._current[DATA].number
        self._private = Ed25519PrivateKey.from_private_bytes(self._current[SIGNING].key)
        self._blinding: dict[str, bytes] = {}

    def seal(self, field: str, uid: str | UUID, value: str | bytes) -> bytes:
        plain = value.encode() if isinstance(value, str) else value
        nonce = os.urandom(NONCE)
        return self._header + nonce + self._sealing.encrypt(nonce, plain, self._aad + f"{field}|{uid}".encode())

    def unseal(self, field: str, uid: str | UUID, blob: bytes) -> bytes:
        cipher = self._ciphers.get(bytes(blob[1:HEADER]))
        if blob[:1] != SEALED or cipher is None:
            raise _UnknownKey("sealed_by_unknown_key", f"{field} was sealed by a key that is not here")
        try:
            nonce = blob[HEADER : HEADER + NONCE]
            return cipher.decrypt(nonce, blob[HEADER + NONCE :], self._aad + f"{field}|{uid}".encode())
        except (InvalidTag, ValueError) as error:
            raise KeyProblem("seal_broken", f"{field} was altered or belongs to another row") from error

    def signing_key(self) -> PublicKey:
        return self._current[SIGNING].public

    def sign(self, message: bytes) -> Signature:
        public = self.signing_key()
        return Signature(self._private.sign(message), public.key_id, public.fingerprint)

    def public_keys(self) -> list[PublicKey]:
        return [key.public for key in self._by_id.values() if key.public is not None]

    def public_key(self, key_id: str) -> PublicKey | None:
        key = self._by_id.get(key_id)
        return key.public if key else None

    def receipt_mac(self, secret: bytes, key_id: str | None = None) -> tuple[bytes, str]:
        current = self._current[RECEIPT]
        key = self._by_id.get(key_id or "", current)
        return hmac.digest(key.key, secret, "sha256"), key.key_id

    def blind(self, field: str, folded: str) -> bytes:
        key = self._blinding.get(field)
        if key is None:
            info = f"suyuan blind 1 {field}".encode()
            key = HKDF(SHA256(), 32, salt=None, info=info).derive(self._current[INDEX].key)
            self._blinding[field] = key
        return hmac.digest(key, folded.encode(), "sha256")[:BLIND_BYTES]

    def wrap_file_key(self, key: bytes) -> bytes:
        current = self._current[FILE]
        return WRAPPED_FILE_KEY + current.number + aes_key_wrap_with_padding(current.key, key)

    def file_key_number(self) -> bytes:
        return WRAPPED_FILE_KEY + self._current[FILE].number

    def unwrap_file_key(self, wrapped: bytes) -> bytes:
        wrapping = self._keys.get((FILE, bytes(wrapped[1:HEADER])))
        if wrapped[:1] != WRAPPED_FILE_KEY or wrapping is None:
            raise _UnknownKey("wrapped_by_unknown_key", "a file's key was wrapped by a key that is not here")
        try:
            return aes_key_unwrap_with_padding(wrapping.key, bytes(wrapped[HEADER:]))
        except (InvalidUnwrap, ValueError) as error:
            raise KeyProblem("file_key_broken", "a file's key was altered") from error


class _UnknownKey(KeyProblem):
    """Perhaps another process has rotated keys since this ring was opened."""


_ring: Ring | None = None
_lock = threading.Lock()


def ring() -> Ring:
    """The keyring of this process. The first call reads it; raises KeyProblem when master key and database disagree."""
    global _ring
    opened = _ring
    if opened is None:
        with _lock:
            if _ring is None:
                _ring = _ring_read()
            opened = _ring
    return opened


def ring_forget() -> None:
    """Read the keys again at the next use (after rotation; between test databases)."""
    global _ring
    with _lock:
        _ring = None


def ring_make(now: datetime) -> Ring:
    """Make what is missing: the installation's row and one key of each kind. Safe to call at each start."""
    installations = apps.get_model("platform", "Installation").objects
    master = master_load(settings.KEYS_FILE)
    with transaction.atomic():
        # Two first starts at once: the second waits here and then finds everything made.
        installations.bulk_create([installations.model(id=1, created_at=now)], ignore_conflicts=True)
        installations.select_for_update().get(id=1)
        have = set(_rows().filter(retired_at__isnull=True).values_list("kind", flat=True))
        _rows().bulk_create([_new_row(kind, master, now) for kind in KINDS if kind not in have])
    ring_forget()
    return ring()


def seal(field: str, uid: str | UUID, value: str | bytes) -> bytes:
    """Encrypt `value` for one field of one row. `field` is a fixed name that no renaming ever changes."""
    return ring().seal(field, uid, value)


def unseal(field: str, uid: str | UUID, blob: bytes) -> str:
    """The text that `seal` was given. Raises KeyProblem for a wrong row, field, organisation or key."""
    return unseal_bytes(field, uid, blob).decode()


def unseal_bytes(field: str, uid: str | UUID, blob: bytes) -> bytes:
    blob = bytes(blob)
    return _patiently(lambda keys: keys.unseal(field, uid, blob))


def sign(message: bytes) -> Signature:
    return ring().sign(message)


def verify(message: bytes, signature: bytes, key_id: str) -> bool:
    """Whether one of our signing keys, in use or retired, made this signature."""
    public = ring().public_key(key_id)
    return public is not None and signature_holds(public.raw, bytes(signature), message)


def signature_holds(raw: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the Ed25519 key of these 32 bytes, whoever's it is, made this signature."""
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signing_key_now() -> PublicKey:
    """The key that signs from here on, also when another process has changed it since this one read its keys."""
    return _ring_now().signing_key()


def sign_naming(words: Callable[[PublicKey], bytes]) -> Signature:
    """Sign words that name the key in use, whichever process put it there."""
    opened = _ring_now()
    return opened.sign(words(opened.signing_key()))


def public_keys() -> list[PublicKey]:
    """All of them, and which signs now: a key that another process made is not a stranger's."""
    return _ring_now().public_keys()


def _ring_now() -> Ring:
    in_use = _rows().filter(kind=SIGNING, retired_at__isnull=True).values_list("key_id", flat=True).get()
    opened = ring()
    if opened.signing_key().key_id != in_use:
        ring_forget()
        opened = ring()
    return opened


def receipt_mac(secret: str | bytes) -> tuple[bytes, str]:
    """What is stored of a receipt's secret, and the id of the key that made it."""
    return ring().receipt_mac(_as_bytes(secret))


def receipt_matches(secret: str | bytes, mac: bytes, key_id: str) -> bool:
    """Whether `secret` is the one stored. Takes the same time whatever the answer, also for a key nobody knows."""
    computed, used = ring().receipt_mac(_as_bytes(secret), key_id)
    return hmac.compare_digest(computed, bytes(mac)) and used == key_id


def blind(field: str, folded: str) -> bytes:
    """16 bytes by which an equal value can be found without being read. Fold first (`identifiers`)."""
    return ring().blind(field, folded)


def new_file_key() -> tuple[bytes, bytes]:
    """A fresh key for one file, and the same key wrapped for its row."""
    key = os.urandom(32)
    return key, ring().wrap_file_key(key)


def wrap_file_key(key: bytes) -> bytes:
    """A file's key, wrapped by the key in use."""
    return ring().wrap_file_key(key)


def file_key_number() -> bytes:
    """With what every key begins that the key in use has wrapped."""
    return ring().file_key_number()


def unwrap_file_key(wrapped: bytes) -> bytes:
    wrapped = bytes(wrapped)
    return _patiently(lambda keys: keys.unwrap_file_key(wrapped))


def rotate_data_key(now: datetime) -> str:
    """Seal with a new key from now on; what is sealed stays as it is and stays readable. Returns the new key's id.

    Other processes take the new key when they next meet a value sealed with it, at the latest when they restart.
    """
    return _replaced(DATA, now)


def rotate_file_key(now: datetime) -> str:
    """Wrap the keys of files with a new key from now on; `files.rewrap` wraps those that are there. Returns its id."""
    return _replaced(FILE, now)


def _replaced(kind: str, now: datetime) -> str:
    master = master_load(settings.KEYS_FILE)
    with transaction.atomic():
        _rows().filter(kind=kind, retired_at__isnull=True).update(retired_at=now)
        row = _new_row(kind, master, now)
        row.save(force_insert=True)
        # Read before the commit, a key that is then rolled back would wrap files that nothing opens.
        transaction.on_commit(ring_forget)
    if units.current() is None:
        ring_forget()
    return row.key_id


def rotate_signing_key(now: datetime) -> KeyLink:
    """Sign with a new key from now on. The old one, in its last act, signs which follows it. Receipts it signed stay good.

    Called inside a write (`installation.signing_key_rotate`); other processes take the new key with the next they sign.
    """
    master = master_load(settings.KEYS_FILE)
    with transaction.atomic():
        old = _rows().select_for_update().get(kind=SIGNING, retired_at__isnull=True)
        old.retired_at = now
        old.save(update_fields=["retired_at"])
        row = _new_row(SIGNING, master, now)
        row.after = notes.fingerprint_of(bytes(old.public))
        last_act = Ed25519PrivateKey.from_private_bytes(master.unwrap(bytes(old.wrapped)))
        row.endorsement = last_act.sign(_link(row).text.encode())
        row.save(force_insert=True)
        # Read before the commit, a key that is then rolled back would sign what nobody can ever check.
        transaction.on_commit(ring_forget)
    if units.current() is None:
        ring_forget()
    return _link(row)


def key_chain() -> list[KeyLink]:
    """All signing keys, the oldest first, each endorsed by the one before."""
    rows = _rows().filter(kind=SIGNING).only("public", "created_at", "after", "endorsement").order_by("id")
    return [_link(row) for row in rows]


def key_chain_fault(links: Sequence[KeyLink]) -> tuple[int, str] | None:
    """Which link does not hold, and why; None when each key follows the one before it by that one's signature."""
    before: KeyLink | None = None
    for number, link in enumerate(links):
        public = bytes.fromhex(link.public)
        if notes.fingerprint_of(public) != link.key:
            return number, "key_differs"
        if before is None:
            if link.after or link.signature:
                return number, "key_missing"
        elif link.after != before.key:
            return number, "key_missing"
        elif not signature_holds(bytes.fromhex(before.public), bytes.fromhex(link.signature), link.text.encode()):
            return number, "key_not_endorsed"
        before = link
    return None


def _link(row: Any) -> KeyLink:
    public = bytes(row.public)
    endorsement = bytes(row.endorsement).hex() if row.endorsement else ""
    return KeyLink(notes.fingerprint_of(public), public.hex(), chain.time_text(row.created_at), row.after, endorsement)


def master_rotate(path: Path, *, tell: Callable[[Master], None] = lambda new: None) -> Master:
    """Replace the master key: every key is wrapped anew, no sealed value is touched. Print the new sheet afterwards.

    `tell` records it, inside the same transaction.

    The new master key is on disk beside the old one before the database changes, and takes its place after. A crash
    between the two is finished by the next process that opens the ring.
    """
    old, beside = master_load(path), _beside(path)
    beside.unlink(missing_ok=True)
    new = master_create(beside)
    with units.unit():
        for row in _rows().select_for_update().order_by("id"):
            row.wrapped = new.wrap(old.unwrap(bytes(row.wrapped)))
            row.master_id = new.key_id
            row.save(update_fields=["wrapped", "master_id"])
        tell(new)
    os.replace(beside, path)
    ring_forget()
    return new


def _ring_read() -> Ring:
    rows = list(_rows().order_by("id"))
    if not rows:
        raise KeyProblem("no_keys", "this database has no keys yet")
    master = _master_of(rows, settings.KEYS_FILE)
    opened = []
    for row in rows:
        key = master.unwrap(bytes(row.wrapped))
        opened.append((row.kind, _opened(row, key), row.retired_at is None))
    installation = apps.get_model("platform", "Installation").objects.get(id=1)
    return Ring(installation.uid, opened)


def _master_of(rows: list[Any], path: Path) -> Master:
    """The master key these rows were wrapped with; finishes a rotation that was interrupted."""
    wanted = {row.master_id for row in rows}
    master = master_load(path)
    if wanted == {master.key_id}:
        return master
    beside = _beside(path)
    if beside.exists() and wanted == {(replacement := master_load(beside)).key_id}:
        os.replace(beside, path)
        return replacement
    owner = ", ".join(sorted(wanted))
    raise KeyProblem("wrong_key", f"this database belongs to master key {owner}, not {master.key_id}")


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".next")


def _rows():
    # Looked up late: settings import this module before there are models.
    return apps.get_model("platform", "WrappedKey").objects


def _new_row(kind: str, master: Master, now: datetime) -> Any:
    key, public = os.urandom(32), None
    if kind == SIGNING:
        public = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    return _rows().model(
        kind=kind,
        key_id=f"{kind}-{os.urandom(NUMBER).hex()}",
        wrapped=master.wrap(key),
        public=public,
        master_id=master.key_id,
        created_at=now,
    )


def _opened(row: Any, key: bytes) -> _Opened:
    public = None
    if row.kind == SIGNING:
        raw = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
        if raw != bytes(row.public):
            raise KeyProblem("signing_key_altered", f"the public half of {row.key_id} was changed")
        public = PublicKey(row.key_id, hashlib.sha256(raw).hexdigest(), raw, row.created_at, row.retired_at)
    return _Opened(row.key_id, bytes.fromhex(row.key_id.rpartition("-")[2]), key, public)


def _patiently(opening):
    """Try with the ring at hand; if the key is unknown, read the keys once more: another process may have rotated."""
    try:
        return opening(ring())
    except _UnknownKey:
        ring_forget()
        return opening(ring())


def _as_bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret
