"""The fishbone: nothing cut short, nothing on top of something else, nothing executed."""
from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suyuan.ui.fishbone import COLUMN, EM, TEXT_AT, WIDE, Cause, _wide, fishbone, wrapped

NS = "{http://www.w3.org/2000/svg}"
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=60)


def texts(svg: str) -> list[tuple[float, float, str]]:
    return [(float(t.get("x")), float(t.get("y")), t.text or "") for t in ElementTree.fromstring(svg).iter(f"{NS}text")]


@given(WORDS)
def test_wrapping_loses_no_character_and_keeps_within_its_column(words):
    lines = list(wrapped(words, WIDE))
    assert "".join("".join(lines).split()) == "".join(words.split())
    assert all(_wide(line) <= WIDE for line in lines)
    assert WIDE * EM + TEXT_AT < COLUMN


def test_latin_words_stay_whole():
    assert list(wrapped("The checklist was retired last year", 10)) == ["The checklist was", "retired last year"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(WORDS, st.lists(st.builds(Cause, WORDS, st.just("") | WORDS, st.booleans()), max_size=4)), max_size=7))
def test_no_two_lines_of_a_column_lie_on_each_other(bones):
    svg = str(fishbone("案件", bones, title="魚骨圖"))
    placed: dict[int, list[float]] = {}
    for x, y, _words in texts(svg):
        placed.setdefault(int(x) // COLUMN, []).append(y)
    height = float(ElementTree.fromstring(svg).get("height"))
    for number, rows in placed.items():
        if number * COLUMN >= len(bones[::2]) * COLUMN:
            continue
        rows.sort()
        assert all(0 < y < height for y in rows)
        assert all(later - earlier >= 12 for earlier, later in zip(rows, rows[1:], strict=False))


def test_what_people_wrote_is_text_and_nothing_else():
    svg = str(fishbone('<script>alert("x")</script>', [("人員", [Cause("<b>a</b>&", root=True)])], title="t"))
    assert "<script" not in svg and "<b>" not in svg
    ElementTree.fromstring(svg)


def test_paper_carries_its_own_colours_and_the_screen_none():
    bones = [("人員", [Cause("夜班臨時調人", root=True)])]
    assert "class=" not in str(fishbone("案件", bones, title="t", paper=True)).replace('class="sy-fish"', "")
    assert "#" not in str(fishbone("案件", bones, title="t"))
