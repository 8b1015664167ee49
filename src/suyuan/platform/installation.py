"""What happens to the installation as a whole stands in a stream of its own: new keys, a restored backup, jobs tried anew."""
from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from suyuan.kernel.actor import Actor
from suyuan.kernel.refusal import BadInput
from suyuan.platform import keys, log
from suyuan.platform.checkpoints import RESTORED
from suyuan.platform.facts import Fact, facts_record, stream_of
from suyuan.platform.jobs import engine
from suyuan.platform.models import Installation
from suyuan.platform.units import writes

_DIGEST = re.compile(r"[0-9a-f]{64}")

SIGNING_KEY_ROTATED = "keys.signing_rotated"


def installation_stream() -> str:
    return stream_of("installation", Installation.objects.get(id=1).uid)


@writes
def signing_key_rotate(*, actor: Actor, now: datetime) -> keys.KeyLink:
    """A new key signs checkpoints and receipts from now on; the old one endorses it."""
    log.log_hold()
    link = keys.rotate_signing_key(now)
    said = {"key": link.key, "after": link.after, "public": link.public, "endorsement": link.signature}
    facts_record([Fact(SIGNING_KEY_ROTATED, installation_stream(), plain=said)], actor=actor, now=now)
    return link


def master_key_rotate(*, path: Path, actor: Actor, now: datetime) -> keys.Master:
    """A new master key; `keys.master_rotate` says in which order, so that no crash leaves the house without one."""
    stream = installation_stream()

    def tell(new: keys.Master) -> None:
        facts_record([Fact("keys.master_rotated", stream, plain={"key": new.key_id})], actor=actor, now=now)

    return keys.master_rotate(path, tell=tell)


@writes
def jobs_revive(*, uids: Sequence[UUID], actor: Actor, now: datetime) -> list[UUID]:
    """Give jobs that failed for good another chance; which of them were such jobs."""
    revived = [uid for uid in uids if engine().revive(uid, now)]
    if revived:
        told = {"n": len(revived), "jobs": [str(uid) for uid in revived]}
        facts_record([Fact("jobs.revived", installation_stream(), plain=told)], actor=actor, now=now)
    return revived


@writes
def restored_record(
    *, backup: str, last_size: int, last_root: str, reason: str, actor: Actor, now: datetime
) -> None:
    """The first act after a backup was put back: say so. What the log said before stays on record as a gap, not hidden.

    backup     which backup it was, as its maker named it
    last_size  how long the log is known to have been before the restore, and its root; 0 and "" when nobody knows
    The next checkpoint carries the new epoch. Raises BadInput.
    """
    wrong = {"last_size": "not_a_size"} if last_size < 0 else {}
    if last_root and not _DIGEST.fullmatch(last_root):
        wrong["last_root"] = "not_a_digest"
    if wrong:
        raise BadInput(fields=wrong)
    said = {"last_size": last_size, "last_root": last_root}
    told = {"backup": backup, "reason": reason}
    facts_record([Fact(RESTORED, installation_stream(), plain=said, private=told)], actor=actor, now=now)
