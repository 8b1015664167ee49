"""A form (such as a number) and words may be alternatives of one place in a frame."""

import pytest

from suyuan.kernel.textlint import Context, Linter, Rule, RuleSet, Shape, Words
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
