"""Nothing goes a day too early, and what a minor may still need stays until they are 25."""
from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.cases.rules import Floor, hold_asked, may_go, months_later, retention_until, years_later

pytestmark = pytest.mark.requirement("A-03")

CHART = Floor("chart", "TW-CHART-3", 7, adult_at=18)
COMPLAINT = (Floor("complaint_record", "TW-CARE-3", 3), Floor("complaint_record", "TW-CV-1", 10))
DAYS = st.dates(date(1950, 1, 1), date(2060, 12, 31))
ONE_DAY = timedelta(days=1)


@given(since=DAYS, age=st.integers(0, 30_000))
def test_a_chart_is_kept_seven_years_and_a_minors_until_25(since, age):
    born = date.fromordinal(max(1, since.toordinal() - age))
    kept = retention_until("chart", since, [CHART], born=born)
    assert kept.until >= years_later(since, 7)
    if since < years_later(born, 18):
        assert kept.until == years_later(years_later(born, 18), 7)
    assert not may_go(kept, kept.until) and may_go(kept, kept.until + ONE_DAY)


@given(since=DAYS)
def test_an_unknown_birthday_never_shortens(since):
    unknown = retention_until("chart", since, [CHART], born=None).until
    for age in (0, 1_000, 6_000, 20_000):
        known = retention_until("chart", since, [CHART], born=date.fromordinal(max(1, since.toordinal() - age))).until
        assert unknown >= known


@given(since=DAYS, floors=st.lists(st.builds(Floor, st.just("x"), st.just("r"), st.integers(1, 30)), min_size=1, max_size=5))
def test_the_longest_floor_wins_and_more_floors_never_shorten(since, floors):
    whole = retention_until("x", since, floors, born=None).until
    assert whole == max(retention_until("x", since, [floor], born=None).until for floor in floors)


def test_while_it_is_being_written_it_has_no_end():
    kept = retention_until("complaint_record", None, COMPLAINT, born=None)
    assert (kept.rule, kept.until) == ("TW-CV-1", None) and not may_go(kept, date(2999, 1, 1))
    assert retention_until("unknown", None, COMPLAINT, born=None) is None


def test_a_leap_day_ends_never_early():
    assert years_later(date(2024, 2, 29), 7) == date(2031, 3, 1)
    assert months_later(date(2026, 8, 31), 6) == date(2027, 3, 1)
    assert months_later(date(2026, 6, 30), 6) == date(2026, 12, 30)
    assert months_later(date(2025, 10, 31), 1) == date(2025, 12, 1)


@pytest.mark.parametrize(
    ("fact", "plain", "kind"),
    [
        ("case.flagged", {"flag": "legal"}, "counsel"),
        ("case.flagged", {"flag": "media"}, None),
        ("case.disputed", {}, "internal"),
        ("proceeding.opened", {"kind": "court"}, "court"),
        ("proceeding.opened", {"kind": "tw_mediation"}, "mediation"),
        ("proceeding.opened", {"kind": "police"}, "authority"),
        ("incident.identified", {"kind": "drug_error"}, "internal"),
        ("contact.logged", {}, None),
    ],
)
def test_signs_of_a_dispute_place_a_hold(fact, plain, kind):
    assert hold_asked(fact, plain) == kind


def simulated(cases: int, seed: int) -> tuple[int, int, int, int]:
    """C9: so many cases under a clock that moves a month at a time; a run erases what may go. Counts the mistakes:
    gone early, gone late by more than one run, gone while held, and how many went in all."""
    chance, run = random.Random(seed), timedelta(days=30)
    floors = [CHART, *COMPLAINT]
    early = late = held_gone = gone = 0
    for _n in range(cases):
        since = date(2026, 1, 1) + timedelta(days=chance.randrange(3_000))
        born = since - timedelta(days=chance.randrange(25_000)) if chance.random() < 0.8 else None
        lifted = since + timedelta(days=chance.randrange(12_000)) if chance.random() < 0.4 else None
        needed = max(years_later(since, 10), retention_until("chart", since, [CHART], born=born).until)
        free = max(needed + ONE_DAY, lifted or needed)
        day = since
        while True:
            day += run
            kept = [retention_until(record, since, floors, born=born) for record in ("chart", "complaint_record")]
            if all(may_go(each, day) for each in kept) and (lifted is None or day >= lifted):
                break
        gone += 1
        early += day <= needed
        late += day - free > run
        held_gone += lifted is not None and day < lifted
    return early, late, held_gone, gone


def test_no_simulated_case_goes_early_late_or_held():
    assert simulated(300, seed=9) == (0, 0, 0, 300)
