"""The texts we ship to be sent: enough of them, for every situation, with exactly their places, short where they must be."""

import json
import re

import pytest

from suyuan.playbooks import loader, schemas, vocabulary
from suyuan.playbooks.texts import holes
from suyuan.playbooks.wording import PLACES, Wording, joined, only
from tests.playbooks.shelf import PACKS

DRAFTS = {
    draft.manifest.id: draft
    for draft in (loader.read(PACKS / "wording" / place, examples=False) for place in ("base", "tw", "cn"))
}


def read(place: str) -> Wording:
    body, shapes = DRAFTS[f"wording/{place}"].body, schemas.of("wording")
    return Wording(info=None, **{name: shapes[name].validate_json(json.dumps(rows)) for name, rows in body.items()})


BASE = read("base")
HERE = {place: only(joined(BASE, read(place)), place) for place in ("tw", "cn")}
ALL = {row.id: row for words in HERE.values() for row in words.templates}

# As long as such values are in a clinic.
TYPICAL = {
    "clinic": "光澤診所",
    "reference": "TN26-4831-7205",
    "handler": "林雅婷",
    "by_when": "11/24（二）18:00",
    "phone": "06-2345678",
    "emergency": "119",
    "name": "陳女士",
    "link": "https://gz.tw/r",
}


def texts(row):
    for part in (row.title, row.body):
        yield from part.items()


@pytest.mark.requirement("B-10")
def test_there_are_enough_for_every_situation_and_place():
    assert len(ALL) >= 44
    told = {row.situation for row in ALL.values()}
    assert told == vocabulary.SITUATIONS
    for words in HERE.values():
        assert {row.situation for row in words.templates} == vocabulary.SITUATIONS
        assert {row.surface for row in words.skeletons} == {
            *("public_reply", "private_message", "care_meeting", "statement"),
            *("advertisement", "settlement", "review_invitation"),
        }


@pytest.mark.requirement("A-07")
@pytest.mark.parametrize("channel", ["portal", "email", "sms", "line", "phone_note", "letter"])
def test_every_way_of_writing_has_its_acknowledgement_with_a_next_step_and_a_time(channel):
    fitting = [row for row in ALL.values() if row.situation == "acknowledgement" and channel in row.channels]
    assert fitting
    for row in fitting:
        assert {"handler", "by_when"} <= holes(row.body.hant), row.id
        assert any(word in row.body.hant for word in ("抱歉", "遺憾", "難過")), row.id


def test_all_leave_open_the_same_known_places_in_three_languages():
    for row in (*ALL.values(), *BASE.skeletons):
        for part in (row.title, row.body):
            found = {frozenset(holes(words)) for _, words in part.items()}
            assert len(found) == 1, row.id
            assert next(iter(found)) <= PLACES, row.id
        assert not re.search(r"\{\{|\{%|\$\{", "".join(words for _, words in texts(row))), row.id


def test_a_text_message_is_short():
    for row in ALL.values():
        if "sms" not in row.channels:
            continue
        for language, words in row.body.items():
            for name, value in TYPICAL.items():
                words = words.replace("{" + name + "}", value)
            assert len(words) <= (160 if language == "en" else 70), (row.id, language, len(words))


@pytest.mark.requirement("B-13")
def test_invitations_go_to_everybody_alike_with_a_way_to_say_no():
    rows = [row for row in ALL.values() if row.surface == "review_invitation"]
    assert len(rows) == 2
    for row in rows:
        assert "沒有贈品" in row.body.hant
        assert "停止" in row.body.hant


@pytest.mark.requirement("A-16")
def test_offers_name_the_money_before_anything_else():
    for code in ("offer-money-first", "offer-choice"):
        for _, words in ALL[code].body.items():
            assert words.index("{amount}") < words.index("{remedies}"), code


@pytest.mark.requirement("D-12")
def test_fault_is_stated_in_the_talk_with_the_patient_alone():
    admitting = re.compile("做錯|疏失|過失|過錯")
    for row in (*ALL.values(), *BASE.skeletons):
        if admitting.search(row.body.hant):
            assert row.surface == "care_meeting", row.id
    for code in ("tw-fault-care", "cn-fault-talk"):
        assert "評估" in ALL[code].when.hant
    assert {"statement-effect", "statement-complication"} <= ALL.keys()


@pytest.mark.requirement("D-13")
def test_statements_in_public_ask_for_nothing_of_a_case():
    of_a_case = {"name", "reference", "findings", "remedies", "amount", "participants", "question"}
    public = [row for row in (*ALL.values(), *BASE.skeletons) if row.surface in ("statement", "public_reply")]
    assert len(public) >= 12
    for row in public:
        assert not holes(row.body.hant) & of_a_case, row.id


@pytest.mark.requirement("B-02")
def test_written_first_keeps_the_talk_open_and_each_talk_gets_its_minute():
    assert "這不表示不能談" in ALL["written-first"].body.hant
    assert {"participants", "points", "next_step"} <= holes(ALL["minute-offer"].body.hant)


@pytest.mark.requirement("C-15")
def test_every_refused_tactic_has_its_reason_and_its_lawful_way():
    rows = BASE.alternatives
    assert len(rows) == 25
    assert all("C-15" in row.rows for row in rows)
    assert {row.group for row in rows} == {"talk", "money", "care", "record", "reviews", "public"}


@pytest.mark.requirement("B-10")
def test_six_principles_cover_what_a_reply_may_lack():
    assert len(BASE.principles) == 6
    kinds = {kind for row in BASE.principles for kind in row.kinds}
    assert {"no_empathy", "no_next_step", "no_private_channel", "patient_data", "early_denial", "quarrel"} <= kinds
    for row in BASE.principles:
        if {"no_empathy", "no_next_step", "no_private_channel"} & set(row.kinds):
            assert set(row.reply_to) == {"negative_review", "extortion"}, row.id
