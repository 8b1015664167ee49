"""Interviews read back and confirmed, and notes of staff that are struck through and never overwritten."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from suyuan.cases import errors
from suyuan.cases.services import handling, parties
from suyuan.cases.services import hearing as services
from suyuan.evidence import errors as problems
from suyuan.evidence.models import Interview, Observation
from suyuan.evidence.services.hearing import Heard, Sound
from suyuan.kernel.refusal import BadInput
from suyuan.platform.facts import facts_told
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.models import Text
from tests.cases.cast import HOUR, NOON, case_made, facts_of, fresh, investigating

pytestmark = pytest.mark.sqlite

DAY = timedelta(days=1)


@pytest.fixture
def case(cast):
    return investigating(cast, case_made(cast))


@pytest.fixture
def hear(cast, case):
    def heard(minutes: str = "她說那天有打電話來。", party=None, **said) -> Interview:
        said = {"name": "林小姐", "interviewers": "許醫師", "held_at": NOON - HOUR, "place": "二樓會談室", **said}
        return services.interview_record(
            case=fresh(case), heard=Heard(**said), minutes=minutes, party=party, actor=cast.doctor.actor, now=NOON
        )

    return heard


@pytest.fixture
def settle(cast, case):
    def settled(act, interview, **said):
        return act(case=fresh(case), interview=interview, actor=cast.doctor.actor, now=NOON, **said)

    return settled


@pytest.fixture
def tape(cast, case):
    received = file_receive(source=[b"RIFF....WAVEfmt "], name="talk.txt", max_bytes=1000)
    stored = file_store(received=received, branch_id=cast.tn.pk, actor=cast.manager.actor, now=NOON)
    return handling.file_add(case=fresh(case), stored=stored, source="desk", actor=cast.manager.actor, now=NOON)


@pytest.mark.postgres
@pytest.mark.requirement("A-09")
def test_minutes_are_read_back_confirmed_and_never_change_again(hear, settle):
    interview = hear()
    again = settle(services.interview_rewrite, interview, minutes="她說那天打了兩次電話來。")
    assert again.minutes.body == "她說那天打了兩次電話來。"
    assert Text.objects.filter(kind="interview.minutes").count() == 2, "the first words stay"
    done = settle(services.interview_confirm, interview, how="read_aloud", corrections="是三次，不是兩次。")
    assert (done.outcome, done.corrections.body) == ("confirmed", "是三次，不是兩次。")
    for act, said in (
        (services.interview_rewrite, {"minutes": "別的話"}),
        (services.interview_confirm, {"how": "read_self"}),
        (services.interview_refuse, {"reason": "不"}),
    ):
        with pytest.raises(problems.InterviewSettled):
            settle(act, interview, **said)
    row = settle(services.interview_supplement, done, words="第三次是下午四點。", said_by="林小姐")
    assert done.supplements.get() == row


def test_before_they_are_settled_nothing_is_supplemented(hear, settle):
    with pytest.raises(problems.InterviewUnsettled):
        settle(services.interview_supplement, hear(), words="還有", said_by="林小姐")


def test_not_confirming_is_recorded_with_what_they_said(hear, settle, case):
    interview = hear()
    with pytest.raises(BadInput):
        settle(services.interview_refuse, interview, reason=" ")
    settle(services.interview_refuse, interview, reason="她說沒有講過這句。")
    assert Interview.objects.get().outcome == "refused"
    (told,) = facts_told(facts_of(case, "interview.refused"))
    assert told.private["reason"] == "她說沒有講過這句。" and "講過" not in str(told.row.plain)


def test_nobody_confirms_before_the_talk_or_in_the_future(hear, settle):
    interview = hear()
    with pytest.raises(problems.BeforeTheTalk):
        settle(services.interview_confirm, interview, how="sent", happened_at=NOON - DAY)
    with pytest.raises(problems.TimeWrong):
        settle(services.interview_confirm, interview, how="sent", happened_at=NOON + HOUR)
    with pytest.raises(problems.TimeWrong):
        hear(held_at=NOON + HOUR)


@pytest.mark.parametrize(
    ("took_part", "notice", "taken"), [(True, False, True), (False, True, True), (True, True, True), (False, False, False)]
)
def test_a_recording_is_taken_only_from_one_who_took_part_or_told_the_others(hear, tape, took_part, notice, taken):
    sound = Sound(tape, "許醫師", took_part, notice)
    if not taken:
        with pytest.raises(problems.RecordingUnlawful):
            hear(sound=sound)
        assert not Interview.objects.exists()
        return
    interview = hear(sound=sound)
    assert (interview.recording, interview.recorder_took_part, interview.notice_given) == (tape, took_part, notice)


def test_a_party_is_heard_under_the_name_the_house_knows(cast, case, hear):
    party = case.parties.get()
    interview = hear(party=party, name="")
    assert (interview.party, interview.heard_name) == (f"party:{party.uid}", party.person.full_name)
    with pytest.raises(errors.OtherCase):
        hear(party=case_made(cast).parties.get())


@pytest.mark.postgres
def test_numbers_are_given_once_and_the_words_are_found(cast, case, hear):
    assert [hear().number, hear(minutes="櫃台的總機紀錄顯示沒有回撥。").number] == [1, 2]
    found = Text.objects.filter(kind="interview.minutes", body__contains="總機").get()
    assert found.stream == case.stream and found.branch_id == cast.tn.pk and found.folded


# --- notes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def note(cast, case):
    def noted(seen_at=NOON - HOUR, by=None, supplements=None, words="她進來的時候左眼比較低。") -> Observation:
        return services.observation_note(
            case=fresh(case), words=words, seen_at=seen_at, supplements=supplements,
            actor=(by or cast.manager).actor, now=NOON,
        )  # fmt: skip

    return noted


@pytest.mark.requirement("B-04")
def test_a_late_note_says_that_it_is_late_whatever_its_writer_says(note, case):
    assert [note().late, note(seen_at=NOON - DAY).late, note(seen_at=NOON - DAY - HOUR).late] == [False, False, True]
    told = facts_told(facts_of(case, "observation.noted"))
    assert [each.plain("late") for each in told] == [False, False, True]
    with pytest.raises(problems.TimeWrong):
        note(seen_at=NOON + HOUR)


def test_a_note_is_struck_by_its_writer_only_and_stays_readable(cast, case, note):
    first = note()
    with pytest.raises(problems.NotTheirNote):
        services.observation_strike(case=fresh(case), note=first, reason="不對", actor=cast.doctor.actor, now=NOON)
    services.observation_strike(case=fresh(case), note=first, reason="記錯日期", actor=cast.manager.actor, now=NOON)
    struck = Observation.objects.get()
    assert (struck.struck_reason, struck.words.body) == ("記錯日期", "她進來的時候左眼比較低。")
    with pytest.raises(problems.AlreadyStruck):
        services.observation_strike(case=fresh(case), note=first, reason="再一次", actor=cast.manager.actor, now=NOON)
    again = note(supplements=first, words="是週三，不是週二。")
    assert again.supplements == first


def test_whoever_is_complained_about_writes_no_note(cast, case, note):
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    with pytest.raises(errors.MayNot):
        note(by=cast.accused)
    assert not Observation.objects.exists()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE evidence_observation SET seen_at = '2020-01-01'",
        "UPDATE evidence_observation SET late = 0",
        "DELETE FROM evidence_observation",
        "UPDATE evidence_interview SET held_at = '2020-01-01'",
        "UPDATE evidence_interview SET outcome = ''",
        "DELETE FROM evidence_interview",
    ],
)
def test_the_database_refuses_to_rewrite_what_was_seen_or_confirmed(note, hear, settle, sql):
    note(seen_at=NOON - DAY - HOUR)
    settle(services.interview_confirm, hear(), how="read_aloud")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
