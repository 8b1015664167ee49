"""Words that the guard holds: asked about, agreed to by the right people, sent at once; or never."""

from __future__ import annotations

from datetime import timedelta

import pytest

from suyuan.accounts.selectors import profile_for
from suyuan.cases.errors import MayNot
from suyuan.cases.models import Case, Promise
from suyuan.cases.selectors.clearing import clearances_asked, clearances_waiting
from suyuan.cases.services import handling
from suyuan.cases.services.handling.escalation import tell_staff
from suyuan.cases.services.wording import nobody_left, words_ask, words_decide, words_take_back
from suyuan.correspondence.errors import ClearanceOver, GuardHeld, NothingToClear, NotYourVote, ReasonMissing
from suyuan.correspondence.gate import Words
from suyuan.correspondence.models import Clearance, Message, StaffNotice, VerdictRow
from suyuan.correspondence.services import message_deliver, messages_stop
from suyuan.desk.services import letter_put_by, letter_send
from suyuan.platform.models import FactPrivate, FactRow
from tests.cases.cast import HOUR, NOON, acknowledged, facts_of, fresh, types_of
from tests.correspondence.held import BLOCKED, CLEAN, GAG, WARNED

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-11"), pytest.mark.sqlite]


@pytest.fixture
def case(cast, make_case) -> Case:
    return fresh(acknowledged(cast, make_case()))


def letter(case: Case, words: str, by, **more) -> Message:
    return letter_send(case=case, party=case.parties.get(), channel="portal", words=words, actor=by.actor, now=NOON, **more)


def put_by(case: Case, words: str, by) -> Clearance:
    given = {"party": case.parties.get(), "channel": "portal", "words": words, "why": "對方要求寫明"}
    return letter_put_by(case=case, **given, actor=by.actor, now=NOON)


def decide(case: Case, row: Clearance, by, yes: bool = True, reason: str = "醫師已經確認", now=NOON) -> Clearance:
    return words_decide(case=case, clearance=row, yes=yes, reason=reason, actor=by.actor, now=now)


@pytest.mark.postgres
def test_clean_words_leave_and_what_was_said_of_them_is_kept(case, cast):
    sent = letter(case, CLEAN, cast.manager)
    assert sent.state == "queued" and sent.verdict in ("clean", "advise")
    row = VerdictRow.objects.filter(what="message").get()
    assert (row.stream, row.sha256, row.surface) == (case.stream, sent.text.sha256, "private_message")
    assert row.packs and row.clearance is None
    assert facts_of(case, "message.queued")[0].value("verdict") == sent.verdict


def test_a_gag_leaves_by_nobody_and_nobody_can_be_asked(case, cast):
    with pytest.raises(GuardHeld) as held:
        letter(case, GAG, cast.manager)
    assert held.value.data["need"] == "never" and "words" in held.value.fields
    with pytest.raises(GuardHeld):
        put_by(case, GAG, cast.manager)
    assert not Message.objects.filter(direction="out").exclude(state="draft").exists() and not Clearance.objects.exists()


def test_a_warning_waits_for_one_colleague_and_leaves_with_their_yes(case, cast):
    with pytest.raises(GuardHeld):
        letter(case, WARNED, cast.manager)
    asked = put_by(case, WARNED, cast.manager)
    assert asked.message.state == "waiting" and (asked.needs, asked.level) == ("one", "warn")

    with pytest.raises(NotYourVote):
        decide(case, asked, cast.manager)
    with pytest.raises(MayNot):
        decide(case, asked, cast.nurse)
    with pytest.raises(ReasonMissing):
        decide(case, asked, cast.colleague, reason="  ")
    given = decide(case, asked, cast.colleague)

    message = Message.objects.get(pk=asked.message_id)
    assert given.state == "given" and message.state == "queued" and message.words == WARNED
    assert message.verdict == "warn" and VerdictRow.objects.get(what="message", clearance=asked).level == "warn"
    assert [t for t in types_of(case) if t.startswith("clearance.")] == ["clearance.asked", "clearance.given"]
    message_deliver(message=message, now=NOON + HOUR)
    assert Message.objects.get(pk=message.pk).state == "sent"
    with pytest.raises(ClearanceOver):
        decide(case, asked, cast.head)


@pytest.mark.postgres
def test_a_block_takes_two_and_one_of_them_decides_for_the_house(case, cast):
    asked = put_by(case, BLOCKED, cast.manager)
    assert asked.needs == "two"
    assert decide(case, asked, cast.colleague).state == "open"
    assert Message.objects.get(pk=asked.message_id).state == "waiting"
    with pytest.raises(NotYourVote):
        decide(case, asked, cast.colleague)
    assert [row for row, _case in clearances_waiting(profile_for(cast.head.actor, NOON))] == [asked]
    assert decide(case, asked, cast.head).state == "given"
    assert [(vote.role, vote.yes) for vote in asked.votes.order_by("id")] == [("case_manager", True), ("head_of_clinic", True)]
    assert Message.objects.get(pk=asked.message_id).state == "queued"


def test_one_no_makes_it_a_draft_again_and_the_writer_reads_why(case, cast):
    asked = put_by(case, WARNED, cast.manager)
    refused = decide(case, asked, cast.colleague, yes=False, reason="醫師還沒有看過")
    assert refused.state == "refused" and Message.objects.get(pk=asked.message_id).state == "draft"
    assert [row for row, _case in clearances_asked(profile_for(cast.manager.actor, NOON), NOON)] == [asked]
    with pytest.raises(GuardHeld) as held:
        letter(case, WARNED, cast.manager)
    assert held.value.asked == asked


@pytest.mark.postgres
def test_leave_holds_for_just_these_words_in_just_this_place(case, cast):
    decide(case, put_by(case, WARNED, cast.manager), cast.colleague)
    assert letter(case, WARNED, cast.manager).state == "queued"
    with pytest.raises(GuardHeld):
        letter(case, WARNED + "。", cast.manager)
    with pytest.raises(GuardHeld):
        handling.plan_explain(case=case, words=WARNED, method="in_person", actor=cast.manager.actor, now=NOON)


def test_an_emergency_leaves_at_once_with_its_verdict(case, cast):
    words = WARNED + "若發燒或傷口變黑，請立即就醫或撥 119。"
    sent = letter(case, words, cast.manager, emergency=True)
    assert sent.state == "sent" and sent.verdict == "warn"
    assert VerdictRow.objects.get(what="message").emergency


def test_words_of_an_act_are_asked_about_with_the_form_and_the_act_is_done_with_them(case, cast):
    promise = {"case": case, "words": "保證三個月內會完全恢復", "due_at": NOON + timedelta(days=9), "actor": cast.manager.actor, "now": NOON}
    with pytest.raises(GuardHeld) as held:
        handling.promise_make(**promise)
    before = FactRow.objects.filter(stream=case.stream).count()
    asking = {"why": "", "act": "promise", "move": "promise", "form": {"words": [promise["words"]]}}
    asked = words_ask(case=case, words=held.value.words, **asking, actor=cast.manager.actor, now=NOON)
    assert FactRow.objects.filter(stream=case.stream).count() == before + 1
    assert b"\xe4\xbf\x9d" not in bytes(asked.form_sealed), "sealed"
    assert words_ask(case=case, words=held.value.words, **asking, actor=cast.manager.actor, now=NOON) == asked

    decide(case, asked, cast.head)
    handling.promise_make(**promise)
    asked.refresh_from_db()
    assert asked.used_at == NOON and asked.form_sealed is None
    assert Promise.objects.filter(case=case, words=promise["words"]).exists()
    assert facts_of(case, "promise.made")[-1].value("clearance") == str(asked.uid)


def test_words_that_need_nobody_are_not_asked_about(case, cast):
    words = Words(text=CLEAN, stream=case.stream, branch_id=case.branch_id)
    with pytest.raises(NothingToClear):
        words_ask(case=case, words=words, why="", act="plan", move="contact", form={}, actor=cast.manager.actor, now=NOON)


@pytest.mark.postgres
def test_whoever_asked_may_take_it_back_and_nobody_else(case, cast):
    asked = put_by(case, WARNED, cast.manager)
    with pytest.raises(NotYourVote):
        words_take_back(case=case, clearance=asked, actor=cast.colleague.actor, now=NOON)
    words_take_back(case=case, clearance=asked, actor=cast.manager.actor, now=NOON)
    assert Message.objects.get(pk=asked.message_id).state == "draft" and types_of(case)[-1] == "clearance.lapsed"


def test_those_who_could_say_yes_are_told_that_something_waits_and_the_writer_what_came_of_it(case, cast):
    asked = put_by(case, BLOCKED, cast.manager)
    told(case, "clearance.asked")
    assert notified(case, "clearance.asked") == {cast.colleague.pk, cast.surgeon.pk, cast.head.pk} - _not_reading(case, cast)
    decide(case, asked, cast.colleague)
    told(case, "clearance.voted")
    assert notified(case, "clearance.voted") == {cast.head.pk}
    decide(case, asked, cast.head)
    told(case, "clearance.given")
    assert notified(case, "clearance.given") == {cast.manager.pk}


def _not_reading(case, cast) -> set[int]:
    return set() if case.department_id else {cast.surgeon.pk}


def told(case: Case, fact: str) -> None:
    row = FactRow.objects.filter(stream=case.stream, type=fact).last()
    tell_staff({"fact": str(row.uid)}, NOON)


def notified(case: Case, code: str) -> set[int]:
    return set(StaffNotice.objects.filter(stream=case.stream, code=code).values_list("user_id", flat=True))


def test_a_small_clinic_hears_that_nobody_is_left(case, cast):
    words = Words(text=BLOCKED, stream=case.stream, branch_id=case.branch_id)
    assert not nobody_left(case, words, cast.manager.actor, NOON)
    for name in ("head", "legal"):
        getattr(cast, name).user.memberships.update(last_day=NOON.date() - timedelta(days=1))
    assert nobody_left(case, words, cast.manager.actor, NOON)


def test_what_waits_stops_with_everything_else_that_would_leave(case, cast):
    asked = put_by(case, WARNED, cast.manager)
    assert messages_stop(stream=case.stream, actor=cast.head.actor, now=NOON) == 1
    asked.refresh_from_db()
    assert asked.state == "lapsed" and Message.objects.get(pk=asked.message_id).state == "withdrawn"


def test_no_finding_keeps_a_word_of_what_was_found(case, cast):
    asked = put_by(case, WARNED, cast.manager)
    kept = [asked.findings, *VerdictRow.objects.values_list("findings", flat=True)]
    assert kept and all(set(each) == {"kind", "level", "rule", "start", "end"} for rows in kept for each in rows)
    plain = str([row.plain for row in FactRow.objects.filter(stream=case.stream)])
    assert "恢復" not in plain and "對方要求" not in plain
    assert FactPrivate.objects.filter(fact__type="clearance.asked", name="why").exists()


def test_in_public_the_people_of_the_case_are_known_by_name(case, cast):
    about = {"stream": case.stream, "branch_id": case.branch_id}
    said = "例小安您好，謝謝您的意見，請撥診所電話，由專人聽您說。"
    public = Words(text=said, surface="public_reply", **about)
    found = [each for each in public.verdict.findings if each.kind == "patient_data" and each.level == "block"]
    assert found and public.need == "never" and all("例小安" not in str(code) for code in public.verdict.codes())
    assert Words(text=said, **about).need == "nothing"
