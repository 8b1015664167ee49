"""Proofs: where one fact stands in the chain, signed. No secret in it; a receipt and a paper carry one, and anyone may see it.

    suyuan receipt 1
    token <hex>      which stream, by its digest
    position <n>     which place in it
    leaf <hex>       the digest of everything up to there
    at <time>        when it was recorded
    key <hex>        SHA-256 of the signing key

The Ed25519 signature is over these six lines, each ended by a line feed, in UTF-8.
"""
from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass

from suyuan.kernel import chain
from suyuan.platform import keys, log
from suyuan.platform.models import Checkpoint, FactRow, LogEntry

HEAD, PLACE = "suyuan receipt 1", "suyuan place 1"
_DIGEST = r"([A-Za-z0-9_-]{43})"
_COMPACT = re.compile(rf"1\.{_DIGEST}\.(\d{{1,12}})\.{_DIGEST}\.([0-9TZ:.\-]{{20,32}})\.{_DIGEST}\.([A-Za-z0-9_-]{{86}})")


@dataclass(frozen=True)
class Proof:
    token: str
    position: int
    leaf: str
    at: str
    fingerprint: str
    signature: bytes

    @property
    def message(self) -> str:
        return message_of(self.token, self.position, self.leaf, self.at, self.fingerprint)

    @property
    def signature_hex(self) -> str:
        return self.signature.hex()

    @property
    def text(self) -> str:
        return f"{self.message}signature {self.signature_hex}\n"

    @property
    def compact(self) -> str:
        """For the address fragment of the QR code."""
        token, leaf, key = (_short(bytes.fromhex(digest)) for digest in (self.token, self.leaf, self.fingerprint))
        return f"1.{token}.{self.position}.{leaf}.{self.at}.{key}.{_short(self.signature)}"


def _short(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def message_of(token: str, position: int, leaf: str, at: str, fingerprint: str) -> str:
    return f"{HEAD}\ntoken {token}\nposition {position}\nleaf {leaf}\nat {at}\nkey {fingerprint}\n"


def proof_of_fact(row: FactRow) -> Proof:
    """Signed anew from the committed row each time; the same row always gives the same signature."""
    at = chain.time_text(row.at)
    signed = keys.sign_naming(lambda key: message_of(row.token, row.position, row.leaf, at, key.fingerprint).encode())
    return Proof(row.token, row.position, row.leaf, at, signed.fingerprint, signed.bytes)


@dataclass(frozen=True)
class Placed:
    """A proof with its fact's place in the log, up to the newest checkpoint (docs/bundle.md, A receipt's place)."""

    proof: Proof
    index: int
    checkpoint: Checkpoint

    @property
    def file(self) -> str:
        """For whoever wants to check it without us, as canonical JSON and a line feed."""
        told: dict[str, chain.Json] = {
            "format": PLACE,
            "receipt": self.proof.text,
            "index": self.index,
            "inclusion": [*log.inclusion(self.index, self.checkpoint.size)],
            "checkpoint": self.checkpoint.text,
            "signature": bytes(self.checkpoint.signature).hex(),
            "keys": [asdict(link) for link in keys.key_chain()],
        }
        return chain.canonical(told).decode() + "\n"


def proof_placed(proof: Proof) -> Placed | None:
    """None as long as no checkpoint has taken the fact in, which is a minute at most."""
    entry = LogEntry.objects.filter(fact__token=proof.token, fact__position=proof.position, fact__leaf=proof.leaf).first()
    newest = log.checkpoint_latest()
    return None if entry is None or newest is None else Placed(proof, entry.index, newest)


def proof_read(typed: str) -> Proof | None:
    """A proof as it was scanned (the fragment) or copied (the lines); None when it is neither."""
    found = _COMPACT.search(typed)
    if found:
        token, position, leaf, at, fingerprint, signature = found.groups()
        digests = (urlsafe_b64decode(digest + "=").hex() for digest in (token, leaf, fingerprint))
        token, leaf, fingerprint = digests
        return Proof(token, int(position), leaf, at, fingerprint, urlsafe_b64decode(signature + "=="))
    named = dict(line.split(maxsplit=1) for line in typed.splitlines() if len(line.split(maxsplit=1)) == 2)
    try:
        return Proof(
            named["token"].strip(), int(named["position"]), named["leaf"].strip(), named["at"].strip(), named["key"].strip(),
            bytes.fromhex(named["signature"].replace(" ", "")),
        )  # fmt: skip
    except (KeyError, ValueError):
        return None


def proof_judge(proof: Proof) -> str:
    """good: our signature, and the chain still says the same; signed: ours, but not in this database; false: neither."""
    key = next((k for k in keys.public_keys() if k.fingerprint == proof.fingerprint), None)
    if key is None or not keys.verify(proof.message.encode(), proof.signature, key.key_id):
        return "false"
    row = FactRow.objects.filter(token=proof.token, position=proof.position).first()
    if row is None or row.leaf != proof.leaf or chain.time_text(row.at) != proof.at:
        return "signed"
    return "good"
