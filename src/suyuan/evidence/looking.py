"""Looks into an original in a limited process, and receives what was made of it. No row is written here."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from suyuan.evidence import rules
from suyuan.platform.files import STAFF_TYPES, Received, file_chunks, file_receive
from suyuan.platform.files.limited import Limited, run_limited
from suyuan.platform.models import StoredFile

MEMORY, SECONDS = 512 << 20, 10.0
MOST_BYTES = 150_000_000
MOST_MADE = 16 << 20


@dataclass(frozen=True)
class Look:
    """What was seen, and the previews, which are durable and named by no row yet."""

    decoded: str
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    taken: str = ""
    offset: str = ""
    previews: tuple[Received, ...] = ()
    thumbnail: Received | None = None

    def taken_at(self, zone) -> datetime | None:
        """In `zone` where the camera did not say which."""
        if not self.taken:
            return None
        try:
            said = datetime.fromisoformat(self.taken + self.offset)
        except ValueError:  # the thirtieth of February
            return None
        return said if said.tzinfo else said.replace(tzinfo=zone)


def look_into(stored: StoredFile) -> Look:
    """Raises what storage raises; whatever the file itself does ends as `decoded`."""
    if stored.size > MOST_BYTES:
        return Look("no:size")
    try:
        if stored.content_type == rules.PDF:
            found = run_limited("suyuan.evidence.confined.papers:derive", file_chunks(stored), **_LIMITS)
        else:
            asked = {"content_type": stored.content_type}
            found = run_limited("suyuan.evidence.confined.pictures:derive", file_chunks(stored), args=asked, **_LIMITS)
    except Limited as limited:
        return Look(f"no:{limited.why}")
    told = found.told
    if told["decoded"] != "ok":
        return Look(f"no:{told['decoded']}", told.get("width"), told.get("height"))
    *previews, thumbnail = (picture_received(blob) for blob in found.blobs)
    return Look(
        "ok",
        told["width"],
        told["height"],
        told.get("pages"),
        told.get("taken", ""),
        told.get("offset", ""),
        tuple(previews),
        thumbnail,
    )


_LIMITS = {"memory_bytes": MEMORY, "seconds": SECONDS, "output_bytes": MOST_MADE}


def picture_received(blob: bytes) -> Received:
    return file_receive(source=[blob], name="preview.jpg", max_bytes=MOST_MADE, accept=STAFF_TYPES)


def page_shown(stored: StoredFile, number: int) -> bytes | None:
    """One page of a PDF as a JPEG, made for this moment. None: it cannot be painted."""
    if stored.size > MOST_BYTES:
        return None
    try:
        found = run_limited("suyuan.evidence.confined.papers:page", file_chunks(stored), args={"number": number}, **_LIMITS)
    except Limited:
        return None
    return found.blobs[0] if found.blobs else None
