"""Templates: which fit, filled once and never run, and nothing leaves while a place is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from suyuan.accounts.models import Branch
from suyuan.correspondence.errors import PlacesOpen
from suyuan.correspondence.phrases import surface_word
from suyuan.correspondence.places import fill, open_holes, open_words, place_word
from suyuan.correspondence.services import message_draft, message_mark_sent, message_queue, message_wait
from suyuan.correspondence.templates import (
    by_when_words,
    hours_words,
    situation_word,
)
from suyuan.kernel.actor import SYSTEM
from suyuan.playbooks import vocabulary
from suyuan.playbooks.wording import PLACES
from tests.correspondence.stories import NOW


def test_filled_once_what_a_value_holds_is_never_read_again():
    filled = fill("{name}您好：{reason}，{by_when}", {"name": "{reason}", "reason": "{{7*7}}", "by_when": ""})
    assert filled.words == "{reason}您好：{{7*7}}，{by_when}"
    assert filled.missing == ("by_when",)


@pytest.mark.parametrize("words", ["用 {花括號} 的人", "{}", "{ name }", "{name", "{NAME}", "{{x}}", "if (a) {return}"])
def test_only_a_place_as_the_pack_writes_it_is_filled_in(words):
    assert fill(words, {"name": "x"}).words == words


def test_every_place_and_situation_has_words_for_staff():
    for place in PLACES:
        assert place_word(place)
    for situation in vocabulary.SITUATIONS:
        assert situation_word(situation)
    for surface in ("public_reply", "private_message", "care_meeting", "statement", "advertisement", "settlement"):
        assert surface_word(surface)


def branch(**more) -> Branch:
    week = {str(day): [["10:00", "13:00"], ["14:00", "19:00"]] for day in range(1, 6)} | {"6": [["10:00", "17:00"]]}
    given = {
        "code": "TN",
        "names": {"zh-Hant": "光澤診所", "en": "Gloss Clinic"},
        "jurisdiction": "tw",
        "zone": "Asia/Taipei",
        "language": "zh-hant",
        "phone": "06-2345678",
        "portal_slug": "tn",
        "opening_hours": week,
    }
    return Branch(**(given | more))


def test_opening_hours_in_one_line():
    assert hours_words(branch(), "zh-hant") == "週一至週五 10:00–13:00、14:00–19:00，週六 10:00–17:00"
    assert hours_words(branch(), "en").startswith("Mon")
    assert hours_words(branch(opening_hours={}), "zh-hant") == ""


@pytest.mark.parametrize(
    ("due", "language", "said"),
    [
        (datetime(2026, 11, 25, 10, 0, tzinfo=UTC), "zh-hant", "11/25（三）18:00"),
        (datetime(2026, 11, 25, 16, 0, tzinfo=UTC), "zh-hant", "11/25（三）24:00"),
        (datetime(2027, 1, 4, 2, 0, tzinfo=UTC), "zh-hans", "2027年1月4日（周一）10:00"),
        (datetime(2026, 11, 25, 10, 0, tzinfo=UTC), "en", "Wed 25 Nov, 18:00"),
    ],
)
def test_by_when_is_a_day_people_know(due, language, said):
    assert by_when_words(due, NOW, branch(), language) == said


@pytest.fixture
def draft(house):
    def made(body: str, channel: str = "letter", **more):
        return message_draft(
            stream="case:x", branch_id=1, channel=channel, kind="letter", body=body, actor=SYSTEM, now=NOW, **more
        )

    return made


@pytest.mark.requirement("A-07")
def test_a_text_with_an_open_place_does_not_leave(draft):
    row = draft("{name}您好，{by_when} 前回您。")
    with pytest.raises(PlacesOpen) as refused:
        message_queue(message=row, undo=timedelta(0), actor=SYSTEM, now=NOW)
    assert refused.value.data["places"] == ["name", "by_when"]
    said = str(refused.value.fields["words"])
    assert "對方怎麼稱呼" in said
    assert "在什麼時候之前" in said
    with pytest.raises(PlacesOpen):
        message_mark_sent(message=row, actor=SYSTEM, now=NOW)
    row.refresh_from_db()
    assert row.state == "draft"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("請打{phne}", "{phne}（是不是「診所電話」？）"),
        ("請打｛ Phone ｝", "診所電話"),
        ("{{by-when}} 前", "在什麼時候之前"),
        ("{診所電話}", "{診所電話}（是不是「診所電話」？）"),
        ("由{handler 負責", "負責的同仁"),
        ("由 handler} 負責", "負責的同仁"),
        ("{血壓}", "{血壓}（沒有這個名稱）"),
        ("請填 {}", "空的大括號"),
        ("第 {A} 項、{12} 元", ""),
    ],
)
def test_a_place_is_known_however_it_is_misspelt(written, said):
    assert open_words(open_holes(written)) == said
    assert all(written[hole.start : hole.end] == hole.written for hole in open_holes(written))


@pytest.mark.parametrize("channel", ["portal", "email", "letter", "sms", "line", "phone_note", "in_person"])
def test_no_channel_takes_a_misspelt_place_and_no_colleague_is_asked_about_one(draft, channel):
    to = {"email": "lin@example.org", "sms": "0912345678", "line": "U" + "a" * 32}.get(channel, "")
    row = draft("您好，請打{phne}找我們，保證三個月內會完全恢復。", channel, to=to)
    with pytest.raises(PlacesOpen) as refused:
        message_queue(message=row, actor=SYSTEM, now=NOW)
    assert "{phne}（是不是「診所電話」？）" in refused.value.message()
    with pytest.raises(PlacesOpen):
        message_wait(message=row, why="一定要", actor=SYSTEM, now=NOW)
    row.refresh_from_db()
    assert row.state == "draft"


def test_other_braces_leave_as_they_are(draft):
    row = message_mark_sent(message=draft("單子上寫 {A} 和 {b}"), actor=SYSTEM, now=NOW)
    assert (row.state, row.words) == ("sent", "單子上寫 {A} 和 {b}")
