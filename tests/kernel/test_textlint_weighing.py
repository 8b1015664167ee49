"""The whole of a text, weighed: small sums, told by hand."""
from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.kernel.textlint import Context, Linter, RuleSet, Words, read
from suyuan.kernel.textlint.rules import Rule
from suyuan.kernel.textlint.weighing import SHORT, SHORTEST, Grams, Weights, grams, packed, sentences, weights_from

KINDS = ("sour", "cold")


def weights(*, part: float = 0.0, sure: float = 1.0, leaning: float = 0.2) -> Weights:
    """`酸` weighs 2 for sour in the whole, and `part` in a sentence; `冷` weighs 1 against cold."""
    rows = {"酸": (127, 0, 127, 0), "冷": (0, -127, 0, 0)}
    return weights_from(
        json.dumps(
            {
                "made_of": "two words",
                "kinds": KINDS,
                "of_parts": ["sour"],
                "sure": dict.fromkeys(KINDS, sure),
                "leaning": dict.fromkeys(KINDS, leaning),
                "whole": {"units": [2 / 127, 1 / 127], "base": [0.0, 0.5], "places": {"statement": [0.0, 3.0]}},
                "part": {"units": [part / 127, 0.0], "base": [0.0, 0.0], "places": {}},
                **packed(rows, rows.values()),
            }
        )
    )


def test_a_number_is_one_sign_and_blanks_are_one():
    assert grams("共 1200  元") == grams("共 7 元")
    assert grams("ab") == {"a", "b", "ab"}


@given(st.lists(st.text("甲乙丙?", min_size=1, max_size=3), min_size=1, max_size=12, unique=True), st.text("甲乙丙丁?", max_size=20))
def test_known_grams_are_found_without_making_any(known, text):
    assert {known[number] for number in Grams(known)(text)} == grams(text) & set(known)


@given(st.text(max_size=300))
def test_sentences_lie_end_to_end_over_the_whole_text(text):
    spans = sentences(text)
    assert [spans[0][0], *(end for _start, end in spans)] == [*(start for start, _end in spans), len(text)]
    assert all(end - start >= SHORTEST for start, end in spans) or len(spans) == 1


def test_weights_add_up_over_the_length_and_begin_where_the_place_says():
    one = weights()
    assert one.weigh("酸", "public_reply", "").score == pytest.approx({"sour": 2.0, "cold": 0.5})
    assert one.weigh("酸冷", "public_reply", "").score == pytest.approx({"sour": 2 / 2**0.5, "cold": 0.5 - 1 / 2**0.5})
    assert one.weigh("無", "statement", "").score == pytest.approx({"sour": 0.0, "cold": 3.5})


def test_the_sentence_that_weighs_most_is_told_and_counts_half():
    text = "前面這一句是很平常的話。中間這一句裡有一個酸字在。後面這一句也還是很平常。"
    weighed = weights(part=4.0).weigh(text, "public_reply", "")
    start, end = weighed.worst("sour")
    assert text[start:end] == "中間這一句裡有一個酸字在。"
    assert weighed.score["sour"] == pytest.approx(2.0 + 4.0 / 2)


def sour(**more) -> Rule:
    return Rule("R", "sour", {"public_reply": "warn"}, **{"frames": (), **more})


def check(text: str, *rules: Rule, **how: float):
    linter = Linter(RuleSet(rules, {"sour": Words(("醋",))}, weights=weights(**how)))
    return [(text[f.start : f.end], f.rule) for f in linter.check(text, Context("public_reply"))]


def test_what_no_rule_says_and_the_whole_does_is_found_in_its_sentence():
    assert check("酸", sour(weighed=True), sure=0.0) == [("酸", "R")]
    assert check("酸", sour(weighed=True), sure=0.1) == []  # two less than it takes in so short a text
    long = "酸" + "，平常" * SHORT
    assert check(long, sour(weighed=True), sure=1.9) == [(long, "R")]
    assert check(long, sour(weighed=True), sure=2.1) == []
    assert check("酸", sour(weighed=True, at_least=5), sure=0.0) == []


def test_what_a_rule_says_is_not_said_again():
    plain = Rule("PLAIN", "sour", {"public_reply": "warn"}, read("<sour>"))
    assert check("醋酸", plain, sour(weighed=True)) == [("醋", "PLAIN")]


def test_a_doubtful_rule_counts_only_where_the_whole_leans_its_way():
    doubtful = sour(frames=read("<sour>"), doubtful=True)
    plain = "，平常" * SHORT
    assert check("醋" + plain, doubtful) == []
    assert check("醋酸" + plain, doubtful) == [("醋", "R")]
    assert check("醋酸" + plain, doubtful, leaning=2.1) == []
    assert check("醋，平常", doubtful) == [("醋", "R")]  # too short to be gainsaid


def test_a_doubtful_rule_counts_in_a_long_text_where_its_own_sentence_leans_its_way():
    doubtful = sour(frames=read("<sour>"), doubtful=True)
    peaceful = "這一句說的是很平常的事情。" * 3
    assert check(f"{peaceful}這一句裡有醋也有酸的味道。{peaceful}", doubtful, part=0.5, leaning=9.0) == [("醋", "R")]
    assert check(f"{peaceful}這一句裡有醋也有酸的味道。{peaceful}", doubtful, part=0.4, leaning=9.0) == []
    assert check(f"{peaceful}這一句裡只有醋的味道而已。酸在這一句很長的話裡面。", doubtful, part=0.5, leaning=9.0) == []


def test_beside_a_certain_rule_a_doubtful_one_of_its_kind_counts():
    certain = Rule("CERTAIN", "sour", {"public_reply": "warn"}, read("嗆"))
    assert check("醋，嗆", sour(frames=read("<sour>"), doubtful=True), certain) == [("醋", "R"), ("嗆", "CERTAIN")]


def test_a_doubtful_rule_does_not_take_what_a_lighter_certain_one_found_away_with_it():
    lighter = Rule("CERTAIN", "sour", {"public_reply": "advise"}, read("醋"))
    plain = "，平常" * SHORT
    assert check("醋平" + plain, sour(frames=read("醋 平"), doubtful=True)) == []
    assert check("醋平" + plain, sour(frames=read("醋 平"), doubtful=True), lighter) == [("醋平", "R")]


def test_something_missing_is_one_place():
    linter = Linter(RuleSet((sour(weighed=True, missing=True),), {}, weights=weights(sure=0.0)))
    (found,) = linter.check("酸", Context("public_reply"))
    assert (found.start, found.end) == (1, 1)
