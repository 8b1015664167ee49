"""A form (such as a number) and words may be alternatives of one place in a frame."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suyuan.kernel.textlint import Context, Linter, Rule, RuleSet, Shape, Words, shapes
from suyuan.kernel.textlint.frames import read


def linter(frame: str) -> Linter:
    rule = Rule("R-1", "asked", {"public_reply": "warn"}, read(frame))
    return Linter(
        RuleSet((rule,), {"soon": Words(("明天", "今天"))}, {"is_day": Shape(r"\d{1,2}月\d{1,2}日", "digit")}),
    )


@pytest.mark.requirement("B-11")
@pytest.mark.parametrize("when", ["12月3日", "明天", "下午"])
def test_a_place_takes_a_form_a_list_or_a_word(when):
    found = linter("(<is_day>|<soon>|下午) ..2 回覆").check(f"我們{when}會回覆", Context("public_reply"))
    assert [(f.start, f.end) for f in found] == [(2, 2 + len(when) + 3)]


def test_what_is_none_of_them_does_not_fit():
    assert linter("(<is_day>|<soon>|下午) ..2 回覆").check("我們12月會回覆", Context("public_reply")) == ()


def test_a_name_nobody_knows_is_refused():
    with pytest.raises(KeyError, match="is_night"):
        linter("(<is_day>|<is_night>) ..2 回覆")


PATTERNS = [
    r"(?<!\d)09\d{2}-?\d{3}(?!\d)", r"(?:一|二)?折", r"\d{1,2}(?:月|/|\.)\d{1,2}|[上下]周[一二]?", "[a-z]{2,4}@(?:x|yz)", "[^a]b?", "(?i:x)y",
    r"\d{8}|\d{2}年", r"(?:a\d{3}){1,2}",
]  # fmt: skip


@pytest.mark.requirement("B-11")
@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_what_a_text_must_have_for_a_form_stands_in_whatever_the_form_matches(pattern, data):
    text = data.draw(st.from_regex(pattern))
    shape = shapes.Shape.of(Shape(pattern))
    digits = max(map(len, re.findall(r"\d+", text)), default=0)
    assert not shape.lacks(digits, latin=True)
    assert all(anchors & set(text) for anchors in shape.anchors)
    assert shape.spans(text) == [m.span() for m in re.finditer(pattern, text)]


def test_a_form_is_not_searched_for_where_it_cannot_be():
    shape = shapes.Shape.of(Shape(r"(?:一|二)折\d{3}"))
    assert set(shape.anchors) == {frozenset("一二"), frozenset("折")}
    assert shape.digits == 3
