"""A held text with the safer words in place."""
from __future__ import annotations

import pytest

from suyuan.kernel.textlint.rewriting import Change, rewritten, sentence_around

TEXT = "您好，謝謝您。您是我們的病人，10月做了手術！請撥專線。"


def at(words: str, action: str = "replace", safer: str = "不談個案。") -> Change:
    start = TEXT.index(words)
    return Change(start, start + len(words), action, safer)


@pytest.mark.parametrize(
    ("words", "around"),
    [("謝謝", "您好，謝謝您。"), ("病人", "您是我們的病人，10月做了手術！"), ("謝謝您。您是", "您好，謝謝您。您是我們的病人，10月做了手術！")],
)
def test_a_span_belongs_to_the_sentences_it_touches(words, around):
    start = TEXT.index(words)
    low, high = sentence_around(TEXT, start, start + len(words))
    assert TEXT[low:high] == around


def test_a_sentence_goes_as_a_whole_and_safer_words_stand_once():
    assert rewritten(TEXT, [at("病人"), at("10月")]) == "您好，謝謝您。不談個案。請撥專線。"
    assert rewritten(TEXT, [at("病人", "delete", "")]) == "您好，謝謝您。請撥專線。"


def test_two_dangers_in_two_sentences_share_their_safer_words():
    assert rewritten("您是病人。您做過手術。再見。", [Change(2, 4, "replace", "保密。"), Change(8, 10, "replace", "保密。")]) == "保密。再見。"


def test_what_is_missing_comes_behind_the_greeting_or_last():
    start = Change(0, 0, "insert", "謝謝您告訴我們。")
    end = Change(len(TEXT), len(TEXT), "insert", "兩天內回覆。")
    assert rewritten(TEXT, [start, end]) == "您好，謝謝您告訴我們。謝謝您。您是我們的病人，10月做了手術！請撥專線。兩天內回覆。"
    assert rewritten("Thanks", [Change(6, 6, "insert", "Call us.")]) == "Thanks. Call us."


def test_a_text_of_nothing_but_danger_leaves_nothing_behind():
    assert rewritten("法院見！", [Change(0, 3, "delete", "")]) == ""
