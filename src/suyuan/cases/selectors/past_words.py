"""What the clinic has said before, as far as a person may read it: to try rules on."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from suyuan.accounts.rules import ActorProfile, reach
from suyuan.cases.models import Acknowledgement, Case, Disclosure
from suyuan.cases.reaching import within
from suyuan.correspondence.models import Message
from suyuan.correspondence.rules import Direction, State
from suyuan.correspondence.rules.own import MOST_TEXTS
from suyuan.correspondence.trying import Said
from suyuan.platform.models import Text

AT_ONCE = 200


def past_words(profile: ActorProfile, branch_id: int | None = None) -> Iterator[Said]:
    """The newest texts that left, of open compartments, of cases within reach; newest first within each kind."""
    left = MOST_TEXTS
    for some in (_messages, _acknowledged, _disclosed):
        for said in some(profile, branch_id, left):
            yield said
            left -= 1
        if left <= 0:
            return


def past_words_counted(profile: ActorProfile, branch_id: int | None = None) -> int:
    """How many there are to read, at most."""
    kinds = (_left(profile, branch_id), *(_rows(model, profile, branch_id) for model in (Acknowledgement, Disclosure)))
    return min(MOST_TEXTS, sum(rows.count() for rows in kinds))


def words_shown(profile: ActorProfile, ids: list[int]) -> dict[int, tuple[str, str]]:
    """Text → reference of its case and the words, of those this person may read still."""
    texts = {row.pk: row for row in Text.objects.filter(pk__in=ids, compartment="")}
    cases = Case.objects.within(reach(profile)).filter(stream__in={row.stream for row in texts.values()})
    references = dict(cases.values_list("stream", "reference"))
    return {pk: (references[row.stream], row.body) for pk, row in texts.items() if row.stream in references}


def _left(profile: ActorProfile, branch_id: int | None) -> QuerySet[Message]:
    seen = _cases(profile, branch_id)
    sent = Message.objects.filter(
        direction=Direction.OUT, state__in=[State.SENT, State.DELIVERED], compartment="", text__isnull=False
    )
    return sent.filter(subject_stream__in=seen.values("stream"))


def _cases(profile: ActorProfile, branch_id: int | None) -> QuerySet[Case]:
    seen = Case.objects.within(reach(profile))
    return seen if branch_id is None else seen.filter(branch_id=branch_id)


def _rows(model: type, profile: ActorProfile, branch_id: int | None) -> QuerySet:
    seen = model.objects.filter(within(reach(profile), "case__"))
    return seen if branch_id is None else seen.filter(case__branch_id=branch_id)


def _messages(profile: ActorProfile, branch_id: int | None, most: int) -> Iterator[Said]:
    rows = _left(profile, branch_id).select_related("text").order_by("-id")[:most]
    for row in rows.iterator(AT_ONCE):
        if row.text.body and not row.is_automatic:
            yield Said("message", str(row.uid), row.text_id, row.text.body, row.surface or "private_message", row.branch_id)


def _acknowledged(profile: ActorProfile, branch_id: int | None, most: int) -> Iterator[Said]:
    yield from _said("acknowledgement", _rows(Acknowledgement, profile, branch_id), most)


def _disclosed(profile: ActorProfile, branch_id: int | None, most: int) -> Iterator[Said]:
    yield from _said("disclosure", _rows(Disclosure, profile, branch_id), most)


def _said(what: str, rows: QuerySet, most: int) -> Iterator[Said]:
    for row in rows.select_related("words", "case").order_by("-id")[:most].iterator(AT_ONCE):
        if row.words.body and not row.words.compartment:
            yield Said(what, "", row.words_id, row.words.body, "private_message", row.case.branch_id)
