"""Files that come with words: taken in before the write, held with the words, and evidence of the case that these belong to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from suyuan.correspondence import line
from suyuan.correspondence.arriving import Came
from suyuan.correspondence.errors import ContentNotThere
from suyuan.correspondence.models import INCOMING_FILE, Incoming, IncomingFile, Message, salted
from suyuan.correspondence.reading import Mail
from suyuan.correspondence.rules import LARGEST_FILE, is_given_up, one_line
from suyuan.correspondence.unsent import Unsent
from suyuan.evidence.models import Item
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.kernel.refusal import Refusal
from suyuan.platform import chance
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.files import (
    FileEmpty,
    FileTooLarge,
    FileTypeRefused,
    Received,
    file_destroy,
    file_receive,
    file_store,
    storage,
)
from suyuan.platform.jobs import enqueue
from suyuan.platform.keys import seal
from suyuan.platform.models import StoredFile
from suyuan.platform.units import writes

FETCH = "correspondence.line_file"
LONGEST_NAME = 200
# Our own house is no reason to leave what somebody sent: a disk that is full is waited for.
_LEFT: dict[type[Refusal], str] = {FileEmpty: "empty", FileTooLarge: "too_large", FileTypeRefused: "kind"}


def files_received(mail: Mail) -> tuple[Came, ...]:
    """Before the write: durable bytes that no row names yet, or why a file was left. Raises StorageFull, StorageFailed."""
    return tuple(
        _received(each.name, [each.data()]) if each.whole else Came(name=each.name, why="too_large")
        for each in mail.attached
    )


def _received(name: str, source: Iterable[bytes]) -> Came:
    try:
        return Came(name=name, received=file_receive(source=source, name=name, max_bytes=LARGEST_FILE))
    except tuple(_LEFT) as refused:
        return Came(name=name, why=_LEFT[type(refused)])


def file_take(incoming: Incoming, came: Came, actor: Actor, now: datetime) -> IncomingFile:
    """A row for one file, inside the write that keeps what it came with."""
    row = IncomingFile(uid=chance.uid(), incoming=incoming, remote=came.remote, state="waiting")
    if came.received is not None:
        row.stored = file_store(received=came.received, branch_id=incoming.branch_id, actor=actor, now=now)
        row.state, row.settled_at = "kept", now
    else:
        name = one_line(came.name)[:LONGEST_NAME]
        row.name_sealed = seal(INCOMING_FILE, row.uid, salted(name)) if name else None
        if came.why:
            row.state, row.why, row.settled_at = "left", came.why, now
    row.save(force_insert=True)
    if row.state == "waiting":
        enqueue(FETCH, {"file": str(row.uid)}, unique_key=f"{FETCH}:{row.uid}")
    return row


def files_forget(incoming: Incoming, now: datetime) -> None:
    """Whoever asks answers for it that nothing holds them."""
    for stored in StoredFile.objects.filter(incoming_file__incoming=incoming, state="stored"):
        file_destroy(stored=stored, actor=SYSTEM, now=now)
    incoming.files.update(name_sealed=None)


# --- what LINE holds ---------------------------------------------------------------------------------------------------


def incoming_file_fetch(*, file: IncomingFile, now: datetime) -> None:
    """Fetch it, once. What LINE has no longer, or did not hand out for two days, is left, and that is told.

    Raises ContentNotThere: the job comes back.
    """
    if file.state != "waiting":
        return
    incoming = file.incoming
    if incoming.content_sealed is None and incoming.state != "placed":  # forgotten, or erased
        return incoming_file_leave(file=file, why="erased", now=now)
    try:
        with line.content(file.remote) as pieces:
            came = _received(_name(file, incoming), pieces)
    except line.NoLongerThere:
        return incoming_file_leave(file=file, why="expired", now=now)
    except Unsent as unsent:
        if is_given_up(incoming.arrived_at, now):
            return incoming_file_leave(file=file, why="unreachable", now=now)
        raise ContentNotThere() from unsent
    if came.received is None:
        return incoming_file_leave(file=file, why=came.why, now=now)
    if not incoming_file_keep(file=file, received=came.received, now=now):
        storage().remove(came.received.path)
    return None


def _name(file: IncomingFile, incoming: Incoming) -> str:
    ending = {"image": ".jpg", "video": ".mp4", "audio": ".m4a"}.get(incoming.kind, "")
    return file.name or f"line-{file.remote}{ending}"


@writes
def incoming_file_keep(*, file: IncomingFile, received: Received, now: datetime) -> bool:
    """False: another worker was first."""
    row = _waiting(file)
    if row is None:
        return False
    actor = Actor("integration", row.incoming.channel)
    stored = file_store(received=received, branch_id=row.incoming.branch_id, actor=actor, now=now)
    IncomingFile.objects.filter(pk=row.pk).update(state="kept", stored=stored, name_sealed=None, settled_at=now)
    plain = {"file": str(row.uid), "sha256": stored.sha256, "size": stored.size, "content_type": stored.content_type}
    facts_record([Fact("incoming.file_kept", row.incoming.stream, plain, subject=row)], actor=actor, now=now)
    return True


@writes
def incoming_file_leave(*, file: IncomingFile, why: str, now: datetime) -> None:
    """It is not taken in, and why; nothing happens where another worker was first."""
    row = _waiting(file)
    if row is None:
        return
    IncomingFile.objects.filter(pk=row.pk).update(state="left", why=why, settled_at=now)
    told = Fact("incoming.file_left", row.incoming.stream, {"file": str(row.uid), "why": why}, subject=row)
    facts_record([told], actor=Actor("integration", row.incoming.channel), now=now)


def _waiting(file: IncomingFile) -> IncomingFile | None:
    rows = IncomingFile.objects.select_for_update(of=("self",)).select_related("incoming")
    return rows.filter(pk=file.pk, state="waiting").first()


# --- into the case -----------------------------------------------------------------------------------------------------


@writes
def incoming_files_give(
    *, incoming: Incoming, message: Message, from_whom: str, how: str, actor: Actor, now: datetime
) -> list[Item]:
    """What is held becomes evidence of what its words belong to, once, with where it is from. The caller holds the lock of that.

    `how`: for the hand-over, by what message it came.
    """
    rows = IncomingFile.objects.select_for_update(of=("self",)).select_related("stored")
    items, told = [], []
    for row in rows.filter(incoming=incoming, state="kept", stored__state="stored").order_by("id"):
        StoredFile.objects.filter(pk=row.stored_id).update(branch_id=message.branch_id, compartment=message.compartment)
        given = ItemGiven(
            row.stored,
            incoming.channel,
            from_whom=from_whom[:120],
            obtained_at=incoming.arrived_at,
            how=how[:200],
            compartment=message.compartment,
        )
        item = item_add(
            given=given,
            stream=message.subject_stream,
            branch_id=message.branch_id,
            told_in=message.fact_stream,
            actor=actor,
            now=now,
        )
        IncomingFile.objects.filter(pk=row.pk).update(state="given", item=item)
        told.append({"file": str(row.uid), "item": str(item.uid)})
        items.append(item)
    if told:
        facts_record([Fact("incoming.files_given", incoming.stream, {"files": told})], actor=actor, now=now)
    return items
