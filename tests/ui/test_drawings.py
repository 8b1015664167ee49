import re
from datetime import date
from xml.etree import ElementTree

import pytest
from django import template

from suyuan.ui import drawings, icons, samples
from suyuan.ui.templatetags import sy


@pytest.mark.parametrize("mood", ["calm", "soon", "late", "done", "paused"])
def test_every_ring_is_well_formed_named_and_has_a_hand(mood):
    drawn = ElementTree.fromstring(drawings.ring(mood, 0.5, "將到"))
    assert drawn.find("title").text == "將到"
    assert drawn.find("path").get("class") == "sy-ring__hand"
    assert "style" not in ElementTree.tostring(drawn, encoding="unicode")


def test_an_unverified_rule_draws_no_ring():
    assert drawings.ring("none", 0.5) == ""


@pytest.mark.parametrize(("share", "used", "rest"), [(0.25, "25", "75"), (0, "3", "97"), (1, "100", "0"), (7, "100", "0"), (None, "3", "97"), ("x", "3", "97")])
def test_the_ring_shows_the_share_used_clockwise_from_the_top(share, used, rest):
    arc = ElementTree.fromstring(drawings.ring("calm", share))[2]
    assert arc.get("stroke-dasharray") == f"{used} {rest}"
    assert arc.get("pathLength") == "100"
    assert arc.get("transform") == "rotate(-90 15 15)"


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_strokes_of_a_level_are_its_number(level):
    path = ElementTree.fromstring(drawings.level_box(level)).find("path").get("d")
    assert len(re.findall("M", path)) == level


def test_no_level_has_no_strokes():
    assert ElementTree.fromstring(drawings.level_box(0)).find("path") is None


@pytest.mark.parametrize("state", ["done", "current", "ahead", "late"])
def test_stops_differ_by_shape_and_not_by_colour_alone(state):
    shapes = {s: re.sub(r"sy-dot--\w+", "", drawings.dot(s)) for s in ("done", "current", "ahead", "late")}
    assert sum(shape == shapes[state] for shape in shapes.values()) == 1


def test_the_small_calendar_lays_whole_weeks_and_leaves_no_day_out():
    months = drawings.calendar(samples.COUNTED)
    assert [m.first for m in months] == [date(2026, 9, 1)]
    cells = [cell for week in months[0].weeks for cell in week if cell]
    assert {c.date for c in cells} >= {d.date for d in samples.COUNTED}
    assert all(len(week) == 7 for week in months[0].weeks)
    assert [c.number for c in cells if c.number] == [1, 2, 3, 4, 5, 6, 7]
    assert drawings.calendar([]) == []


def test_a_count_over_new_year_shows_both_months():
    from suyuan.ui.shapes import CountedDay

    months = drawings.calendar([CountedDay(date=date(2026, 12, 31), kind="trigger"), CountedDay(date=date(2027, 1, 4), kind="due")])
    assert [m.first for m in months] == [date(2026, 12, 1), date(2027, 1, 1)]


def test_the_sprite_holds_exactly_the_icons_we_name():
    drawn = re.findall(r'<symbol id="([^"]+)"', icons.SPRITE.read_text(encoding="utf-8"))
    assert sorted(drawn) == sorted(icons.NAMES)


def test_an_unknown_icon_is_refused():
    with pytest.raises(template.TemplateSyntaxError):
        sy.icon("smiley")
