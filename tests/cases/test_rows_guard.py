"""E3 for the guard: an edit past the product of what was let out, by whom, of what was disputed, or of the clinic's own rules is found, and the fact named.

The list of columns is made from the schema: a new column must be said by a fact.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from django.db import DatabaseError, models, transaction

from suyuan.cases.services import publishing
from suyuan.cases.services.handling.talking import promise_make
from suyuan.cases.services.wording import words_decide
from suyuan.correspondence.gate import Words
from suyuan.correspondence.models import (
    AllowEntry,
    Clearance,
    ClearanceVote,
    ClinicRule,
    FindingDispute,
    OwnName,
    Posting,
    TryOut,
    VerdictRow,
)
from suyuan.correspondence.recomputing import guard_recomputed
from suyuan.correspondence.services import (
    allow_add,
    allow_end,
    clearance_withdraw,
    clinic_rule_change,
    clinic_rule_draft,
    clinic_rule_end,
    dispute_judge,
    finding_dispute,
    own_name_add,
    own_name_end,
)
from suyuan.desk.services import file_keep, letter_put_by, letter_send
from suyuan.platform import facts, triggers, units, verify
from suyuan.platform.erasure import Cell, erasure_order
from suyuan.platform.files import STAFF_TYPES, file_receive
from suyuan.platform.models import FactPrivate, FactRow
from tests.cases.cast import HOUR, NOON, Cast, acknowledged, fresh
from tests.cases.test_own_rules import RULE, live, tried
from tests.correspondence.held import BLOCKED, CLEAN, WARNED
from tests.correspondence.held_public import CLEAN as IN_PUBLIC
from tests.correspondence.held_public import OTHER as BETTER
from tests.evidence.rows import edits

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-15"), pytest.mark.requirement("B-11")]

TABLES: list[type[models.Model]] = [
    VerdictRow,
    Clearance,
    ClearanceVote,
    FindingDispute,
    ClinicRule,
    TryOut,
    AllowEntry,
    OwnName,
    Posting,
]
# Columns that a fact commits together, under one name.
TOGETHER = {
    "correspondence_verdictrow": "digest",
    "correspondence_clearance": "asked",
    "correspondence_tryout": "found",
    "correspondence_findingdispute": "quoted",
}


@pytest.fixture
def case(cast: Cast, make_case):
    """Each kind of row, each way in which one may end, and another beside each."""
    case = fresh(acknowledged(cast, make_case()))
    manager, head = cast.manager, cast.head
    letter = {"party": case.parties.get(), "channel": "portal"}

    def asked(words: str, why: str = "對方要求寫明") -> Clearance:
        return letter_put_by(case=fresh(case), **letter, words=words, why=why, actor=manager.actor, now=NOON)

    def said(row: Clearance, by, yes: bool = True) -> None:
        words_decide(case=fresh(case), clearance=row, yes=yes, reason="看過了", actor=by.actor, now=NOON + HOUR)

    for words in (CLEAN, CLEAN + "謝謝。"):
        letter_send(case=fresh(case), **letter, words=words, actor=manager.actor, now=NOON)
    promise_make(case=fresh(case), words="星期三前回電", due_at=NOON + HOUR, actor=manager.actor, now=NOON)
    said(asked(WARNED), head)
    two = asked(BLOCKED)
    said(two, cast.colleague)
    said(two, head)
    said(asked(WARNED + "再說一次。"), head, yes=False)
    clearance_withdraw(clearance=asked(WARNED + "不說了。"), actor=manager.actor, now=NOON + HOUR)

    words = Words(text=WARNED, stream=case.stream, branch_id=case.branch_id)
    for finding in [f for f in words.verdict.findings if f.level == "warn"] * 2:
        where = {"rule": finding.rule, "start": finding.start, "end": finding.end}
        told = finding_dispute(words=words, **where, why="這是引用", actor=manager.actor, now=NOON)
    dispute_judge(dispute=told, outcome="kept", why="不是引用", actor=head.actor, now=NOON + HOUR)

    first = live(cast)
    second = clinic_rule_draft(
        wanted=replace(RULE, why="更清楚"), branch=cast.tn, replaces=first, actor=manager.actor, now=NOON
    )
    second = clinic_rule_change(rule=second, wanted=replace(RULE, title="不用名詞"), actor=manager.actor, now=NOON)
    live(cast, second)
    other = clinic_rule_draft(wanted=replace(RULE, literally=True), branch=cast.tn, actor=manager.actor, now=NOON)
    tried(cast, other)
    clinic_rule_end(rule=other, why="不需要", actor=manager.actor, now=NOON + HOUR)
    for number in ("0900-111-222", "0900-111-333"):
        entry = allow_add(kind="phone", words=number, why="值班", branch=cast.tn, actor=manager.actor, now=NOON)
    allow_end(entry=entry, why="換號了", actor=manager.actor, now=NOON + HOUR)
    _spoken_in_public(case, cast)
    return fresh(case)


def _spoken_in_public(case, cast: Cast) -> None:
    """By one account and another, in one place and another: standing, replaced, taken down."""
    who = {"actor": cast.manager.actor, "now": NOON}
    names = [
        own_name_add(platform=platform, elsewhere=elsewhere, name="溪岸診所", branch=cast.tn, actor=cast.head.actor, now=NOON)
        for platform, elsewhere in (("dcard", ""), ("other", "地方論壇"))
    ]

    def seen(words: str):
        received = file_receive(source=[words.encode()], name="畫面.txt", max_bytes=1_000, accept=STAFF_TYPES)
        return file_keep(case=fresh(case), received=received, note="", **who)

    captures = [seen(words) for words in ("甲", "乙")]

    def final(words: str):
        draft = publishing.public_draft(case=fresh(case), surface="statement", words=words, **who)
        return publishing.public_freeze(case=fresh(case), message=draft, **who)

    def put(message, own, place: str):
        where = {"account": str(own.uid), "place": place, "address": "https://example.com/1", "posted_at": NOON}
        where |= {"capture": captures[0]} if place == "甲" else {}
        return publishing.public_post(case=fresh(case), message=message, **where, sha256=message.text.sha256, **who)

    first, second = final(IN_PUBLIC), final(BETTER)
    standing, gone, _here = put(first, names[0], "甲"), put(first, names[1], "乙"), put(first, names[0], "丙")
    ended = {"happened_at": NOON, "why": "電話換了"}
    publishing.public_replace(case=fresh(case), posting=standing, message=second, sha256=second.text.sha256, **ended, **who)
    publishing.public_take_down(case=fresh(case), posting=gone, whose="platform", **ended, **who)
    own_name_end(own=names[1], why="不用了", actor=cast.head.actor, now=NOON + HOUR)


def found() -> list[str]:
    return [fault.detail for fault in guard_recomputed(None)]


def names(detail: str, model: type[models.Model], column: str) -> bool:
    table = model._meta.db_table
    return detail.startswith((f"{table}.{column} ", f"{table} ", f"{table}.{TOGETHER.get(table, '-')} "))


def test_what_nobody_edited_holds_and_every_edit_is_found_and_named(case):
    report = verify.verify_streams(rows_checks=verify.row_checks())
    assert [str(fault) for fault in report.faults] == []
    triggers.drop()
    columns = sum(len(model._meta.concrete_fields) + 1 for model in TABLES)
    made, missed = 0, []
    for edit in edits(columns, random.Random(5), TABLES):
        try:
            with transaction.atomic():
                edit.do()
                if not any(names(detail, edit.model, edit.column) for detail in found()):
                    missed.append(f"{edit.model._meta.db_table}.{edit.column} of {edit.row}")
                transaction.set_rollback(True)
            made += 1
        except DatabaseError:  # the constraints of the table would not have it
            continue
    assert missed == []
    assert made > columns * 0.7
    assert found() == []


def test_quoted_words_of_a_dispute_are_compared_as_they_read(case):
    triggers.drop()
    one, other = FindingDispute.objects.order_by("id")[:2]
    FindingDispute.objects.filter(pk=one.pk).update(words_sealed=other.words_sealed)
    assert any(detail.startswith("correspondence_findingdispute.quoted ") for detail in found())


def test_what_an_order_took_away_is_no_fault_and_what_somebody_emptied_is(case, cast):
    row, other = Clearance.objects.exclude(why="").order_by("id")[:2]
    dispute = FindingDispute.objects.first()
    told = FactPrivate.objects.filter(fact__stream=case.stream, fact__type__in=["clearance.asked", "dispute.raised"])
    mine = [
        each
        for each in told.select_related("fact")
        if str(row.uid) in str(each.fact.plain) or str(dispute.uid) in str(each.fact.plain)
    ]
    what = [Cell(row, "why"), Cell(dispute, "why"), Cell(dispute, "words_sealed"), *mine]
    erasure_order(stream=case.stream, what=what, actor=cast.head.actor, now=NOON + HOUR)
    assert found() == []
    triggers.drop()
    Clearance.objects.filter(pk=other.pk).update(why="")
    assert found() == [f"correspondence_clearance.why {other.uid}"]


def test_no_verdict_is_written_that_no_fact_tells_of(case):
    with pytest.raises(RuntimeError, match="no fact tells"), units.unit():
        facts.fact_beside(case.stream, "looked", ["x", "y", None])
    looked = [each for fact in FactRow.objects.all() for each in fact.value("looked", [])]
    assert {uid for uid, _digest, _clearance in looked} == {
        str(uid) for uid in VerdictRow.objects.values_list("uid", flat=True)
    }
