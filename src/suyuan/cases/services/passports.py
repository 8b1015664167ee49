"""A passport of the case: set as a paper, kept as it was handed out, and chained by its digest."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from suyuan.cases import rules
from suyuan.cases.models import Case, Passport
from suyuan.cases.selectors import papers
from suyuan.cases.selectors.passports import ROOMS, passport_content
from suyuan.cases.services.common import case_change, case_locked, case_view, known, require_may, tell
from suyuan.cases.services.reports import LARGEST, PDF, paper_of
from suyuan.kernel.actor import Actor
from suyuan.platform import access
from suyuan.platform.files import Received, file_receive, file_store
from suyuan.platform.models import FactRow
from suyuan.platform.papers import PaperFailed, paper_pages
from suyuan.platform.units import writes
from suyuan.ui import dates

MOVE = "proceed"


def passport_make(
    *, case: Case, purpose: str, language: str, check_url: str, actor: Actor, now: datetime
) -> Passport:
    """Put it together and set it outside any transaction, then keep it."""
    known(purpose, set(rules.PASSPORT_PURPOSES), "purpose")
    require_may(case, MOVE, actor, now, view=case_view(case))
    last = FactRow.objects.filter(stream=case.stream).order_by("-position").first()
    content, pdf = _on_one_page(case, purpose, last, language=language, check_url=check_url, now=now)
    name = f"{case.reference}-{purpose}.pdf"
    received = file_receive(source=[pdf], name=name, max_bytes=LARGEST, accept={PDF})
    return passport_keep(
        case=case, purpose=purpose, content=content, chained_at=last.position, received=received, actor=actor, now=now
    )


def _on_one_page(case: Case, purpose: str, last: FactRow, **said: Any) -> tuple[dict[str, Any], bytes]:
    """With all there is, or with as much as one page holds. Raises PaperFailed when even the least runs over."""
    for room in ROOMS:
        content = passport_content(case, purpose, room=room, **said)
        pdf = paper_of(content, last, digest=papers.digest_of(content), at=said["now"])
        if paper_pages(pdf) == 1:
            return content, pdf
    raise PaperFailed("pages")


@writes
def passport_keep(
    *, case: Case, purpose: str, content: dict[str, Any], chained_at: int, received: Received, actor: Actor, now: datetime
) -> Passport:
    """Its row, its fact and its line in the access log stand before anybody sees it."""
    case = case_locked(case)
    require_may(case, MOVE, actor, now)
    stored = file_store(received=received, branch_id=case.branch_id, actor=actor, now=now)
    passport = Passport.objects.create(
        case=case,
        purpose=purpose,
        language=dates.language_of(content["language"]),
        content=content,
        stored=stored,
        sha256=stored.sha256,
        by_id=actor.user_id,
        at=now,
    )
    case_change(case, now=now)
    plain = {
        "passport": str(passport.uid),
        "purpose": purpose,
        "language": passport.language,
        "sha256": stored.sha256,
        "size": stored.size,
        "digest": papers.digest_of(content),
        "as_of": chained_at,
    }
    tell(case, "passport.made", actor=actor, now=now, plain=plain)
    access.note_before(
        actor, "case.passport", at=now, purpose=f"passport.{purpose}", branch_id=case.branch_id, stream=case.stream,
        shown=[f"passport:{passport.uid}"],
    )  # fmt: skip
    return passport


def foot_fact(passport: Passport) -> FactRow:
    """The last fact of the case when this was put together: what stands at its foot."""
    rows = FactRow.objects.filter(stream=passport.case.stream, type="passport.made")
    made = next(row for row in rows if row.value("passport") == str(passport.uid))
    return FactRow.objects.get(stream=passport.case.stream, position=made.value("as_of"))
