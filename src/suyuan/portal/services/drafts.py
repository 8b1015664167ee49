"""Half-written forms: sealed, bound to one browser's cookie, gone after a day."""
from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from suyuan.accounts.models import Branch
from suyuan.cases.models import Case
from suyuan.platform import chance, files
from suyuan.platform.keys import seal
from suyuan.platform.units import writes
from suyuan.portal import rules
from suyuan.portal.errors import FormTooBig
from suyuan.portal.http import token_hash
from suyuan.portal.models import DRAFT, Draft
from suyuan.portal.selectors import draft_kept


@writes
def draft_save(
    *,
    token: str,
    branch: Branch,
    fields: Mapping[str, list[str]],
    key: str,
    now: datetime,
    kiosk: bool = False,
    case: Case | None = None,
    secret: str = "",
    actor: str = "",
) -> Draft:
    """Keep what is typed so far. What a danger report left behind (case, secret, actor) stays from save to save."""
    if sum(len(value) for values in fields.values() for value in values) > rules.SAVED_LIMIT:
        raise FormTooBig()
    before = draft_kept(token, now)
    if before is not None and before.case is not None and case is None:
        case, secret, actor = before.case, before.secret, before.actor
    lives = rules.KIOSK_DRAFT_LIVES if kiosk else rules.DRAFT_LIVES
    held = json.dumps({"fields": dict(fields), "key": key, "secret": secret, "actor": actor}, ensure_ascii=False)
    uid = before.row.uid if before else chance.uid()
    kept = {
        "branch": branch,
        "sealed": seal(DRAFT, uid, held),
        "case": case,
        "kiosk": kiosk,
        "saved_at": now,
        "expires_at": now + lives,
    }
    row, made = Draft.objects.get_or_create(token_hash=token_hash(token), defaults={"uid": uid, **kept})
    if not made:
        # The row of an older form that was sent or ran out: it is taken over, sealed for its own uid.
        kept["sealed"] = seal(DRAFT, row.uid, held)
        for name, value in kept.items():
            setattr(row, name, value)
        row.save(update_fields=list(kept))
    return row


@writes
def draft_sent(*, token: str, now: datetime) -> None:
    """The form has become a case: its words are no longer kept here."""
    Draft.objects.filter(token_hash=token_hash(token)).update(sealed=None, case=None, saved_at=now)


def draft_clear(*, token: str, now: datetime) -> None:
    """Somebody wants nothing kept: words and files that were not sent go at once. A case that was opened stays."""
    for upload in files.uploads_of(token, now):
        files.upload_drop(upload=upload)
    Draft.objects.filter(token_hash=token_hash(token)).delete()



def drafts_expire(*, now: datetime) -> int:
    return Draft.objects.filter(expires_at__lte=now).delete()[0]
