"""Time stamps of an authority (RFC 3161): asking for one, and judging the answer before it is kept.

The answer is kept as it came. It is held against the checkpoint, against the question (its nonce), and, where the
clinic named the authority's root certificates, against those: by rfc3161-client, or by openssl when an authority sorts
its certificates in another way than strict DER wants them. Without roots the imprint alone is shown, and said so.
"""
from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.x509 import load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from suyuan.kernel.refusal import Refusal

PATIENCE_SECONDS = 20
MOST_BYTES = 256 * 1024
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"

# MessageImprint in DER: SHA-256, with and without the NULL that some leave out, then 32 bytes.
_SHA256 = bytes.fromhex("0609608648016503040201")
_IMPRINTS = (b"\x30\x31\x30\x0d" + _SHA256 + b"\x05\x00\x04\x20", b"\x30\x2f\x30\x0b" + _SHA256 + b"\x04\x20")
_TIME = re.compile(rb"\x18[\x0f-\x1a](\d{14})(?:\.\d{1,9})?Z", re.S)

SIGNED, IMPRINT = "signed", "imprint"


class TimestampRefused(Refusal):
    """The authority gave no time stamp that holds; `args[0]` says why."""

    code = "timestamp_refused"


@dataclass(frozen=True)
class Stamp:
    """An answer that holds. `shown`: "signed" by the roots that were named, or only the "imprint"."""

    answer: bytes
    at: datetime
    shown: str


def timestamp_fetch(*, url: str, text: str, roots: bytes = b"") -> Stamp:
    """Ask the authority at `url` for a time stamp over `text`. Raises TimestampRefused, also when it cannot be reached."""
    asked = TimestampRequestBuilder().data(text.encode()).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = _ask(url, asked.as_bytes())
    return stamp_judge(answer, text=text, roots=roots, asked=asked)


def stamp_judge(answer: bytes, *, text: str, roots: bytes = b"", asked: TimeStampRequest | None = None) -> Stamp:
    at = stamp_time(answer, text)
    if at is None:
        raise TimestampRefused("the answer is not over this checkpoint")
    if asked is not None and asked.nonce is not None and _integer(asked.nonce) not in answer:
        raise TimestampRefused("the answer belongs to another question")
    if roots:
        _refuse_unsigned(answer, text, roots, asked)
    return Stamp(answer, at, SIGNED if roots else IMPRINT)


def stamp_time(answer: bytes, text: str) -> datetime | None:
    """When, by the authority's clock, it saw this text; None when it is another text that it saw."""
    digest = hashlib.sha256(text.encode()).digest()
    for imprint in _IMPRINTS:
        before, found, after = answer.partition(imprint + digest)
        if found and (said := _TIME.search(after)):
            try:
                return datetime.strptime(said[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            except ValueError:
                return None
    return None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An authority that sends us elsewhere is not the one that was named."""

    def redirect_request(self, *args: object) -> None:
        return None


def _ask(url: str, question: bytes) -> bytes:
    if urlsplit(url).scheme not in ("http", "https"):
        raise TimestampRefused("the address of the authority begins with neither http:// nor https://")
    headers = {"Content-Type": _QUERY, "Accept": _REPLY, "User-Agent": "suyuan"}
    request = urllib.request.Request(url, data=question, headers=headers, method="POST")
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=PATIENCE_SECONDS) as response:
            answer = response.read(MOST_BYTES + 1)
            kind = response.headers.get_content_type()
    except urllib.error.HTTPError as error:
        raise TimestampRefused(f"the authority answered {error.code}") from None
    except OSError as error:
        raise TimestampRefused(f"the authority cannot be reached: {getattr(error, 'reason', error)}") from None
    if kind != _REPLY or len(answer) > MOST_BYTES:
        raise TimestampRefused(f"the authority answered with {kind}, {len(answer)} bytes")
    return answer


def _refuse_unsigned(answer: bytes, text: str, roots: bytes, asked: TimeStampRequest | None) -> None:
    try:
        read = decode_timestamp_response(answer)
    except ValueError:
        # A chain of certificates in another order than strict DER wants: openssl takes it.
        _refuse_by_openssl(answer, text, roots)
        return
    builder = VerifierBuilder.from_request(asked) if asked is not None else VerifierBuilder()
    for root in load_pem_x509_certificates(roots):
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(read, text.encode())
    except (VerificationError, ValueError) as error:
        raise TimestampRefused(f"the signature of the authority does not hold: {error}") from None


def _refuse_by_openssl(answer: bytes, text: str, roots: bytes) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise TimestampRefused("only openssl can check this authority's answers, and it is not installed")
    with tempfile.TemporaryDirectory(prefix="suyuan-stamp-") as folder:
        paths = [Path(folder) / name for name in ("answer.tsr", "checkpoint.txt", "roots.pem")]
        for path, content in zip(paths, (answer, text.encode(), roots), strict=True):
            path.write_bytes(content)
        told = [str(path) for path in paths]
        command = [openssl, "ts", "-verify", "-in", told[0], "-data", told[1], "-CAfile", told[2]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    if done.returncode != 0:
        raise TimestampRefused("the signature of the authority does not hold (openssl)")


def _integer(number: int) -> bytes:
    """The bytes of a DER integer, without its head."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
