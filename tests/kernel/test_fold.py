"""Folding, and what the index is asked: it may let too much through, never too little."""
from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from suyuan.kernel.fold import END, START, TOKEN_CHARS, fold, grams, mark, occurs, searchable, sought, terms

CHINESE = "退款醫医院診诊所紅红腫肿痛臉脸術术後后雷射乾干坤面麵発發髮头頭々〇"
LATIN = "abcdeABCDEéßİ01239"
SIGNS = " ,.-_，。！？「」()（）\n\t'\"*:&|\\😡❤️"
OTHERS = "あアｱﾞ゛ー한글กำ𠀀𠮷\u0301\ufe0f\u200b\u00ad\ue001\ue0ff\uf8ff\U000f0000ﷺ㌀ﬁ"

mixed = st.text(st.sampled_from(CHINESE + LATIN + SIGNS + OTHERS), max_size=60)
anything = st.text(max_size=40)


def narrowed(query: str, text: str) -> bool:
    """What an index that knows nothing but tokens would answer."""
    asked, known = sought(terms(query)), set(grams(searchable(text)))
    return known.issuperset(asked.tokens) and all(any(k.startswith(p) for k in known) for p in asked.prefixes)


# Folding


@pytest.mark.parametrize(
    ("one", "other"),
    [("簡體", "简体"), ("Ａ２２３", "a223"), ("ＣＬＩＮＩＣ", "clinic"), ("ｱﾞ", "ア゙"), ("STRASSE", "straße"), ("醫\u200b院", "医院"), ("葛\U000e0100", "葛")],
)
def test_spellings_of_one_word_fold_alike(one, other):
    assert fold(one) == fold(other)


def test_space_is_one_blank_and_none_at_the_ends():
    assert fold("  退 \t\n款　\x1f費 ") == "退 款 费"


@given(mixed | anything)
def test_nobody_can_type_a_private_or_invisible_character_into_the_index(text):
    for token in grams(searchable(text)):
        typed = token.removesuffix(END)
        assert typed
        assert "\ue0ff" not in typed
        assert not any("\ue000" <= c <= "\ue0fe" or c > "\U000effff" or "\ud800" <= c <= "\udfff" for c in typed)


def test_a_typed_private_character_is_not_a_scope_token():
    assert terms("\ue0011 \ue002counsel") == [START + "1", START + "counsel"]
    assert grams(searchable("\ue0ff")) == []


@given(mixed, mixed, mixed)
def test_a_chinese_part_of_a_text_stays_part_of_it_when_both_are_folded(before, part, after):
    chinese = "".join(c for c in part if c in CHINESE)
    assume(chinese)
    assert fold(chinese) in fold(before + chinese + after)


# Finding


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("退款", "我要退款！", True),
        ("痛", "很痛", True),
        ("乾", "乾坤大挪移", True),
        ("干", "乾坤大挪移", True),
        ("〇医", "〇〇醫院", True),
        ("refu", "please REFUND me", True),
        ("fund", "please refund me", False),
        ("a b", "xa b", False),
        ("退款 紅腫", "臉部紅腫，要求退款", True),
        ("退款紅腫", "臉部紅腫，要求退款", False),
        ("4831", "TN26-4831-7205", True),
        ("tn26-4831", "TN26-4831-7205", True),
        ("tn26-48", "TN26-4831-7205", True),
        ("tn2-4831", "TN26-4831-7205", False),
        ("款abc", "退款ABC", True),
        ("abc退", "xabc退", False),
        ("！", "我要退款！", True),
        ("😡", "氣死了😡😡", True),
        ("100%", "100 %", False),
        ("a_b", "A_B", True),
        ("", "什麼都有", False),
        ("   ", "什麼都有", False),
        ("\u200b", "什麼都有", False),
    ],
)
def test_what_counts_as_found(query, text, found):
    assert occurs(query, text) is found
    assert not found or narrowed(query, text)


@given(mixed, mixed)
def test_the_index_lets_through_whatever_occurs(query, text):
    assert not occurs(query, text) or narrowed(query, text)


@given(mixed, st.integers(0, 60), st.integers(1, 12))
@example("退款ABC乾坤", 0, 5)
def test_the_index_lets_through_each_part_of_a_text(text, start, length):
    query = text[start : start + length]
    assert not occurs(query, text) or narrowed(query, text)


@given(anything, anything)
def test_the_index_lets_through_whatever_occurs_in_any_language(query, text):
    assert not occurs(query, query + text) or narrowed(query, query + text)
    assert not occurs(query, text) or narrowed(query, text)


def test_every_cut_of_chinese_is_found():
    text = "我在這間診所做了皮秒雷射，術後三天臉部紅腫不退。"
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            assert occurs(text[start:end], text) and narrowed(text[start:end], text)


@given(st.integers(TOKEN_CHARS - 2, TOKEN_CHARS + 3), st.integers(0, 3))
def test_words_longer_than_a_token_are_found_by_their_beginning(length, more):
    assert narrowed("a" * length, "a" * (length + more)) and occurs("a" * length, "a" * (length + more))
    assert not occurs("a" * (length + 1), "a" * length)


@given(mixed)
def test_tokens_are_free_of_what_tokenizers_cut_at(text):
    for token in grams(searchable(text)):
        assert all(not c.isascii() or c.isalnum() for c in token)


def test_only_beginnings_of_words_are_marked():
    assert mark("退款abc def") == f"退款{START}abc {START}def"
