"""Co-signatures: a branch, a law firm or anybody with an Ed25519 key says which checkpoint of ours they have seen.

Nothing of an installation is needed to make one: a text, a key, a name. On paper or in a file it is the five signed
lines and a sixth, `signature <hex>`, as receipts have it.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from suyuan.kernel import chain, notes
from suyuan.kernel.notes import CosignatureNote, NotANote
from suyuan.kernel.refusal import Refusal

_SIGNATURE = re.compile(r"signature ([0-9a-f]{128})\n?")


class CosignatureRefused(Refusal):
    """Not a co-signature of this checkpoint by this key; `args[0]` says why."""

    code = "cosignature_refused"
    status = 422


@dataclass(frozen=True)
class Cosignature:
    """What somebody signed, and how."""

    note: CosignatureNote
    signature: bytes
    public: bytes

    @property
    def file(self) -> str:
        return f"{self.note.text}signature {self.signature.hex()}\n"


def cosign(*, checkpoint: str, key_pem: bytes, by: str, now: datetime) -> Cosignature:
    """Sign that `by` has seen the checkpoint of this text. Raises CosignatureRefused."""
    try:
        notes.checkpoint_read(checkpoint)
        key = load_pem_private_key(key_pem, password=None)
    except NotANote as error:
        raise CosignatureRefused(f"the text is no checkpoint: {error}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CosignatureRefused("the key is no private key in PEM, or it has a passphrase") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise CosignatureRefused("the key is not of the kind Ed25519")
    if not notes.words_fit(by):
        raise CosignatureRefused("the name does not fit into one line of at most 200 characters")
    public = key.public_key().public_bytes_raw()
    fingerprint = notes.fingerprint_of(public)
    note = CosignatureNote(notes.text_sha256(checkpoint), by, chain.time_text(now), fingerprint)
    return Cosignature(note, key.sign(note.text.encode()), public)


def cosignature_file_read(file: str, public: bytes) -> Cosignature:
    """The six lines of `Cosignature.file`, held against the key. Raises CosignatureRefused."""
    head, _, last = file.rstrip("\n").rpartition("\n")
    found = _SIGNATURE.fullmatch(last)
    if found is None:
        raise CosignatureRefused("the last line is no signature")
    try:
        note = notes.cosignature_read(head + "\n")
    except NotANote as error:
        raise CosignatureRefused(f"the text is no co-signature: {error}") from None
    given = Cosignature(note, bytes.fromhex(found[1]), public)
    if not cosignature_holds(given):
        raise CosignatureRefused("the signature is not of this key")
    return given


def cosignature_holds(given: Cosignature) -> bool:
    if notes.fingerprint_of(given.public) != given.note.key:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(given.public).verify(given.signature, given.note.text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def public_read(content: bytes) -> bytes:
    """The 32 bytes of an Ed25519 key from a PEM, from hexadecimal, or as they are. Raises CosignatureRefused."""
    if len(content) == 32:
        return content
    try:
        if re.fullmatch(rb"\s*[0-9a-fA-F]{64}\s*", content):
            return bytes.fromhex(content.decode())
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise CosignatureRefused("the public key cannot be read") from None
    if not isinstance(key, Ed25519PublicKey):
        raise CosignatureRefused("the public key is not of the kind Ed25519")
    return key.public_bytes_raw()
