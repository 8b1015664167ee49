"""Deadlines on the shipped calendars: every golden date of the research and of the design, and what must always hold."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.kernel.deadlines import (
    DayTable,
    Duration,
    OpeningHours,
    Pause,
    Rule,
    SpecialDay,
    Unit,
    alarms,
    deadline,
    extended,
    mood,
    next_alarm,
    remaining,
    share,
)
from suyuan.playbooks import loader

PACKS = Path(__file__).parents[2] / "packs"


def shipped(place: str) -> DayTable:
    body = loader.read(PACKS / "calendars" / place).body
    days = {date.fromisoformat(day["id"]): SpecialDay(day["kind"], day["name"]) for day in body["days"]}
    return DayTable(place, body["zone"], days, date.fromisoformat(body["official_until"]))


TABLES = {place: shipped(place) for place in ("tw", "cn")}
TW, CN = TABLES["tw"], TABLES["cn"]


def local(table: DayTable, day: str, hour: int = 10, minute: int = 0) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(hour, minute), table.tz)


def rule(n: int, unit: Unit, **more) -> Rule:
    return Rule(Duration(n, unit), **more)


def working(n: int, **more) -> Rule:
    return rule(n, Unit.WORKING_DAYS, **more)


# Golden dates


@pytest.mark.parametrize(
    ("place", "trigger", "n", "due"),
    [
        ("tw", "2026-02-12", 5, "2026-02-26"),
        ("tw", "2026-02-12", 7, "2026-03-03"),
        ("tw", "2026-04-01", 5, "2026-04-10"),
        ("tw", "2026-09-23", 7, "2026-10-06"),
        ("tw", "2024-02-07", 5, "2024-02-20"),
        ("tw", "2026-12-22", 7, "2027-01-04"),
        ("cn", "2026-02-12", 5, "2026-02-26"),
        ("cn", "2026-02-12", 10, "2026-03-04"),
        ("cn", "2026-04-29", 5, "2026-05-09"),
        ("cn", "2026-09-18", 10, "2026-10-09"),
    ],
)
def test_working_days_end_on_the_golden_date(place, trigger, n, due):
    found = deadline(working(n), local(TABLES[place], trigger), TABLES[place])
    assert found.due_date == date.fromisoformat(due)
    assert found.due_at == TABLES[place].midnight(found.due_date + timedelta(days=1))


@pytest.mark.parametrize(
    ("place", "trigger", "counting", "target", "due"),
    [
        ("tw", "2026-02-28", rule(3, Unit.MONTHS, rolls=True, month_style="day_before"), "2026-05-31", "2026-06-01"),
        ("tw", "2026-02-01", rule(15, Unit.CALENDAR_DAYS, rolls=True), "2026-02-16", "2026-02-23"),
        ("cn", "2026-09-18", rule(15, Unit.CALENDAR_DAYS, rolls=True), "2026-10-03", "2026-10-08"),
    ],
)
def test_a_last_day_of_rest_rolls_and_people_see_the_day_before_it_rolled(place, trigger, counting, target, due):
    found = deadline(counting, local(TABLES[place], trigger), TABLES[place])
    assert (found.target_date, found.due_date) == (date.fromisoformat(target), date.fromisoformat(due))
    assert found.target_at < found.due_at


def test_the_year_2026_has_245_working_days_in_taiwan_and_248_on_the_mainland():
    whole = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(map(TW.is_working, whole)) == 245
    assert sum(map(CN.is_working, whole)) == 248


def test_christmas_is_a_holiday_in_taiwan_and_a_workday_on_the_mainland():
    assert not TW.is_working(date(2026, 12, 25))
    assert CN.is_working(date(2026, 12, 25))


@pytest.mark.parametrize(("place", "day"), [("tw", "2024-02-17"), ("tw", "2025-02-08"), ("cn", "2026-02-14")])
def test_a_make_up_saturday_counts(place, day):
    saturday = date.fromisoformat(day)
    assert saturday.weekday() == 5
    found = deadline(working(1), local(TABLES[place], str(saturday - timedelta(days=1))), TABLES[place])
    assert found.due_date == saturday
    assert TABLES[place].special(saturday).name["zh-Hans"]


def test_a_deadline_on_a_make_up_saturday_is_due_there():
    found = deadline(working(5), local(CN, "2026-04-29"), CN)
    assert found.due_date == date(2026, 5, 9)
    assert found.days[-1].state == "due"


# Provisional


def test_what_reaches_into_a_year_not_announced_is_provisional():
    assert deadline(working(7), local(TW, "2026-12-22"), TW).provisional
    assert deadline(working(5), local(CN, "2026-12-28"), CN).provisional
    assert not deadline(working(2), local(CN, "2026-12-28"), CN).provisional


def test_hours_and_plain_days_do_not_depend_on_the_calendar():
    assert not deadline(rule(240, Unit.HOURS, count_from="instant"), local(TW, "2026-12-28"), TW).provisional
    assert not deadline(rule(10, Unit.CALENDAR_DAYS), local(TW, "2026-12-28"), TW).provisional
    assert deadline(rule(10, Unit.CALENDAR_DAYS, rolls=True), local(TW, "2026-12-28"), TW).provisional


def test_years_beyond_every_table_still_count_weekends():
    found = deadline(working(5), local(TW, "2031-03-07"), TW)
    assert found.due_date == date(2031, 3, 14)
    assert found.provisional


# Hours


def test_hours_run_at_once_and_never_roll():
    before_new_year = local(TW, "2026-02-14", 23, 30)
    found = deadline(rule(24, Unit.HOURS, count_from="instant", rolls=True), before_new_year, TW)
    assert found.due_at == before_new_year.astimezone(UTC) + timedelta(hours=24)
    assert found.target_at == found.due_at


WEEK = {day: ((time(9), time(18)),) for day in range(5)}
SPLIT = {day: ((time(9), time(12)), (time(14), time(18))) for day in range(5)}


def test_a_friday_evening_complaint_before_a_holiday_monday_is_due_on_tuesday():
    friday = local(TW, "2026-10-23", 17)
    assert not TW.is_working(date(2026, 10, 26))
    found = deadline(rule(8, Unit.HOURS, opening=True), friday, TW, opening=OpeningHours(WEEK))
    assert found.due_at == local(TW, "2026-10-27", 16).astimezone(UTC)
    states = [(cell.date.day, cell.state, cell.why) for cell in found.days]
    assert states == [
        (23, "trigger", "trigger"),
        (24, "skipped", "weekend"),
        (25, "skipped", "holiday"),
        (26, "skipped", "holiday"),
        (27, "due", "instant"),
    ]


def test_two_opening_periods_a_day_leave_out_the_noon_break():
    found = deadline(rule(8, Unit.HOURS, opening=True), local(TW, "2026-10-23", 17), TW, opening=OpeningHours(SPLIT))
    assert found.due_at == local(TW, "2026-10-27", 18).astimezone(UTC)
    found = deadline(rule(4, Unit.HOURS, opening=True), local(TW, "2026-10-27", 11), TW, opening=OpeningHours(SPLIT))
    assert found.due_at == local(TW, "2026-10-27", 17).astimezone(UTC)


def test_a_clinic_that_opens_on_saturday_counts_it():
    opening = OpeningHours({**WEEK, 5: ((time(9), time(13)),)})
    found = deadline(rule(4, Unit.HOURS, opening=True), local(TW, "2026-10-16", 17), TW, opening=opening)
    assert found.due_at == local(TW, "2026-10-17", 12).astimezone(UTC)


def test_opening_until_midnight_ends_with_the_day():
    opening = OpeningHours({day: ((time(20), time(0)),) for day in range(7)})
    found = deadline(rule(5, Unit.HOURS, opening=True), local(TW, "2026-11-03", 20), TW, opening=opening)
    assert found.due_at == local(TW, "2026-11-04", 21).astimezone(UTC)


def test_a_make_up_day_is_open_when_the_house_says_so():
    saturday = OpeningHours(WEEK, makeup=((time(9), time(18)),))
    found = deadline(rule(3, Unit.HOURS, opening=True), local(TW, "2025-02-07", 17), TW, opening=saturday)
    assert found.due_at == local(TW, "2025-02-08", 11).astimezone(UTC)
    closed = OpeningHours(WEEK)
    found = deadline(rule(3, Unit.HOURS, opening=True), local(TW, "2025-02-07", 17), TW, opening=closed)
    assert found.due_at == local(TW, "2025-02-10", 11).astimezone(UTC)


def test_opening_hours_that_never_come_are_an_error_and_no_endless_search():
    with pytest.raises(ValueError, match="never open"):
        deadline(rule(1, Unit.HOURS, opening=True), local(TW, "2026-11-03"), TW, opening=OpeningHours({}))
    with pytest.raises(ValueError, match="needs the opening hours"):
        deadline(rule(1, Unit.HOURS, opening=True), local(TW, "2026-11-03"), TW)


# Months and years


@pytest.mark.parametrize(
    ("trigger", "n", "style", "due"),
    [
        ("2026-01-30", 1, "day_before", "2026-02-28"),
        ("2026-01-31", 1, "day_before", "2026-02-28"),
        ("2026-02-28", 1, "day_before", "2026-03-31"),
        ("2024-01-30", 1, "day_before", "2024-02-29"),
        ("2026-11-20", 6, "day_before", "2027-05-20"),
        ("2026-01-31", 1, "corresponding", "2026-02-28"),
        ("2026-01-15", 1, "corresponding", "2026-02-15"),
        ("2024-02-29", 12, "corresponding", "2025-02-28"),
    ],
)
def test_months_end_by_the_rule_of_the_place(trigger, n, style, due):
    found = deadline(rule(n, Unit.MONTHS, month_style=style), local(TW, trigger), TW)
    assert found.due_date == date.fromisoformat(due)


def test_years_are_twelve_months():
    for style in ("day_before", "corresponding"):
        years = deadline(rule(3, Unit.YEARS, month_style=style), local(CN, "2024-02-29"), CN)
        months = deadline(rule(36, Unit.MONTHS, month_style=style), local(CN, "2024-02-29"), CN)
        assert years.due_date == months.due_date


# One day early


def test_words_that_may_count_the_first_day_show_a_day_earlier():
    found = deadline(rule(15, Unit.CALENDAR_DAYS, rolls=True, conservative=True), local(TW, "2026-02-01"), TW)
    assert (found.target_date, found.due_date) == (date(2026, 2, 15), date(2026, 2, 23))
    found = deadline(working(5, conservative=True), local(TW, "2026-02-12"), TW)
    assert (found.target_date, found.due_date) == (date(2026, 2, 25), date(2026, 2, 26))


def test_counting_may_include_the_first_day():
    found = deadline(rule(3, Unit.CALENDAR_DAYS, count_from="instant"), local(TW, "2026-11-02"), TW)
    assert found.due_date == date(2026, 11, 4)


# The small calendar


def test_the_small_calendar_says_what_each_day_was():
    found = deadline(working(5), local(CN, "2026-02-12"), CN)
    cells = {cell.date.isoformat()[5:]: (cell.state, cell.number, cell.why) for cell in found.days}
    assert cells["02-12"] == ("trigger", None, "trigger")
    assert cells["02-13"] == ("counted", 1, "")
    assert cells["02-14"] == ("makeup", 2, "makeup")
    assert cells["02-15"] == ("skipped", None, "weekend")
    assert cells["02-17"] == ("skipped", None, "holiday")
    assert cells["02-26"] == ("due", 5, "last")
    assert [cell.number for cell in found.days if cell.number] == [1, 2, 3, 4, 5]


def test_the_small_calendar_shows_the_days_it_rolled_over():
    found = deadline(rule(15, Unit.CALENDAR_DAYS, rolls=True), local(CN, "2026-09-18"), CN)
    rolled = [cell for cell in found.days if cell.state == "rolled"]
    assert [cell.date.day for cell in rolled] == [3, 4, 5, 6, 7]
    assert rolled[0].number == 15
    assert found.days[-1].why == "rolled_to"


def test_a_very_long_clock_draws_its_two_ends_only():
    found = deadline(rule(3, Unit.YEARS), local(CN, "2024-03-01"), CN)
    assert len(found.days) < 60
    assert found.days[0].state == "trigger"
    assert found.days[-1].state == "due"


# Pauses


def test_pauses_add_up():
    start = local(TW, "2026-11-02", 9)
    pauses = [
        Pause(start + timedelta(hours=2), start + timedelta(hours=5)),
        Pause(start + timedelta(hours=10), start + timedelta(hours=12)),
    ]
    found = deadline(rule(24, Unit.HOURS), start, TW, pauses=pauses)
    assert found.due_at == start.astimezone(UTC) + timedelta(hours=24 + 3 + 2)


def test_pauses_that_overlap_count_once():
    start = local(TW, "2026-11-02", 9)
    pauses = [
        Pause(start + timedelta(hours=2), start + timedelta(hours=6)),
        Pause(start + timedelta(hours=4), start + timedelta(hours=7)),
    ]
    found = deadline(rule(24, Unit.HOURS), start, TW, pauses=pauses)
    assert found.due_at == start.astimezone(UTC) + timedelta(hours=24 + 5)


def test_a_pause_that_is_still_open_lasts_until_now():
    start = local(TW, "2026-11-02", 9)
    found = deadline(rule(24, Unit.HOURS), start, TW, pauses=[Pause(start)], now=start + timedelta(hours=7))
    assert found.due_at == start.astimezone(UTC) + timedelta(hours=31)
    with pytest.raises(ValueError, match="present time"):
        deadline(rule(24, Unit.HOURS), start, TW, pauses=[Pause(start)])


def test_whole_paused_days_are_given_back_and_half_days_are_not():
    start = local(TW, "2026-11-02", 9)
    whole = Pause(local(TW, "2026-11-03", 9), local(TW, "2026-11-06", 9))  # the 4th and 5th from midnight to midnight
    found = deadline(working(5), start, TW, pauses=[whole])
    assert found.due_date == date(2026, 11, 11)
    assert [cell.date.day for cell in found.days if cell.why == "paused"] == [4, 5]
    half = Pause(local(TW, "2026-11-03", 9), local(TW, "2026-11-03", 20))
    assert deadline(working(5), start, TW, pauses=[half]).due_date == date(2026, 11, 9)


def test_a_pause_inside_a_mediation_moves_its_end():
    appraisal = Pause(local(CN, "2026-03-02", 0), local(CN, "2026-03-12", 0))
    plain = deadline(working(30), local(CN, "2026-03-01"), CN)
    moved = deadline(working(30), local(CN, "2026-03-01"), CN, pauses=[appraisal])
    skipped = sum(CN.is_working(date(2026, 3, day)) for day in range(2, 12))
    start, n = plain.due_date, skipped
    while n:
        start += timedelta(days=1)
        n -= CN.is_working(start)
    assert moved.due_date == start


def test_months_give_back_paused_days():
    pause = Pause(local(TW, "2026-11-10", 0), local(TW, "2026-11-15", 0))
    found = deadline(rule(1, Unit.MONTHS), local(TW, "2026-11-02"), TW, pauses=[pause])
    assert found.due_date == date(2026, 12, 7)


# Alarms, mood, remaining


def test_a_deadline_that_was_past_when_we_learned_of_it_is_born_late():
    found = deadline(working(5), local(TW, "2026-02-12"), TW)
    learned = local(TW, "2026-04-01")
    assert found.born_late(learned)
    alarm = next_alarm(found, [Duration(1, Unit.WORKING_DAYS)], (), learned, table=TW, since=learned)
    assert (alarm.key, alarm.at) == ("due", learned)


def test_alarms_follow_the_target():
    found = deadline(rule(15, Unit.CALENDAR_DAYS, rolls=True), local(TW, "2026-02-01"), TW)
    befores = [Duration(2, Unit.CALENDAR_DAYS), Duration(6, Unit.HOURS)]
    given_ = alarms(found, befores, TW)
    assert [alarm.key for alarm in given_] == ["before:2calendar_days", "before:6hours", "target", "due"]
    assert given_[0].at == found.target_at - timedelta(days=2)
    assert given_[-1].at == found.due_at


def test_an_alarm_of_working_days_steps_over_the_holidays():
    found = deadline(working(5), local(TW, "2026-02-12"), TW)  # until 26 February
    alarm = next_alarm(found, [Duration(3, Unit.WORKING_DAYS)], (), local(TW, "2026-02-12"), table=TW)
    assert alarm.at.astimezone(TW.tz).date() == date(2026, 2, 24)


def test_after_a_long_silence_each_alarm_comes_once():
    found = deadline(rule(24, Unit.HOURS), local(TW, "2026-11-02"), TW)
    befores = [Duration(6, Unit.HOURS), Duration(2, Unit.HOURS)]
    now, fired = found.due_at + timedelta(hours=72), []
    while alarm := next_alarm(found, befores, fired, now):
        assert alarm.missed
        fired.append(alarm.key)
    assert fired == ["before:6hours", "before:2hours", "due"]


def test_the_mood_grows_late_with_time():
    start, target, due = (local(TW, "2026-11-02") + timedelta(days=n) for n in (0, 8, 9))
    seen = [mood(start + timedelta(days=n), start, target, due) for n in (0, 5, 7, 8, 9, 20)]
    assert seen == ["calm", "calm", "soon", "soon", "late", "late"]
    assert mood(due, start, target, due, done=True) == "done"
    assert mood(due, start, target, due, paused=True) == "paused"


def test_what_remains_is_counted_in_working_days_until_it_is_close():
    found = deadline(working(7), local(TW, "2026-02-12"), TW)  # until 3 March
    left = remaining(local(TW, "2026-02-25"), found.due_at, TW)
    assert (left.past, left.working_days, left.in_hours) == (False, 3, False)
    left = remaining(local(TW, "2026-03-03", 17), found.due_at, TW)
    assert (left.hours, left.minutes, left.in_hours) == (7, 0, True)
    left = remaining(local(TW, "2026-03-04", 3, 10), found.due_at, TW)
    assert (left.past, left.hours, left.minutes) == (True, 3, 10)


def test_the_ring_stays_between_empty_and_full():
    start, due = local(TW, "2026-11-02"), local(TW, "2026-11-04")
    assert [share(start + timedelta(hours=h), start, due) for h in (-5, 0, 24, 48, 99)] == [0, 0, 0.5, 1, 1]
    assert share(start, start, start) == 1


def test_an_extension_adds_to_the_first_period():
    fifteen, by = Duration(15, Unit.CALENDAR_DAYS), Duration(15, Unit.CALENDAR_DAYS)
    assert extended(fifteen, by, 1) == Duration(30, Unit.CALENDAR_DAYS)
    with pytest.raises(ValueError, match="unit"):
        extended(fifteen, Duration(1, Unit.MONTHS), 1)


def test_naive_times_and_negative_durations_are_refused():
    with pytest.raises(ValueError, match="time zone"):
        deadline(working(1), datetime(2026, 11, 2, 10), TW)
    with pytest.raises(ValueError, match="negative"):
        Duration(-1, Unit.HOURS)


# What always holds

TABLE = st.sampled_from([TW, CN])
MOMENT = st.datetimes(datetime(2023, 1, 2), datetime(2027, 6, 1)).map(lambda at: at.replace(tzinfo=UTC))
RULES = st.builds(
    Rule,
    st.builds(Duration, st.integers(1, 40), st.sampled_from([u for u in Unit if u is not Unit.YEARS])),
    rolls=st.booleans(),
    month_style=st.sampled_from(["day_before", "corresponding"]),
    conservative=st.booleans(),
)


@st.composite
def spans(draw, at=MOMENT):
    start = draw(at)
    return Pause(start, start + timedelta(minutes=draw(st.integers(1, 20_000))))


@given(RULES, MOMENT, st.integers(0, 60 * 24 * 30), TABLE)
def test_a_later_trigger_never_ends_sooner(counting, at, minutes, table):
    earlier = deadline(counting, at, table)
    later = deadline(counting, at + timedelta(minutes=minutes), table)
    assert earlier.due_at <= later.due_at


@given(RULES, MOMENT, TABLE)
def test_people_see_a_date_that_is_never_too_late(counting, at, table):
    found = deadline(counting, at, table)
    assert at < found.due_at
    assert found.target_at <= found.due_at
    assert found.target_date <= found.due_date
    assert found.days[-1].date == found.due_date


@given(RULES, MOMENT, TABLE)
def test_a_longer_duration_never_ends_sooner(counting, at, table):
    longer = Rule(
        Duration(counting.duration.n + 1, counting.duration.unit),
        rolls=counting.rolls,
        month_style=counting.month_style,
        conservative=counting.conservative,
    )
    assert deadline(counting, at, table).due_at <= deadline(longer, at, table).due_at


@given(RULES, MOMENT, st.lists(spans(), max_size=4), spans(), TABLE)
def test_one_pause_more_never_ends_sooner(counting, at, pauses, another, table):
    without = deadline(counting, at, table, pauses=pauses)
    with_it = deadline(counting, at, table, pauses=[*pauses, another])
    assert without.due_at <= with_it.due_at


HALF_HOURS = st.integers(0, 2_000).map(lambda n: datetime(2026, 11, 2, tzinfo=UTC) + n * timedelta(minutes=30))


@given(HALF_HOURS, st.integers(1, 60), st.lists(st.tuples(HALF_HOURS, st.integers(1, 200)), max_size=4), TABLE)
def test_hours_outside_every_pause_are_exactly_the_budget(at, n, pauses, table):
    step = timedelta(minutes=30)
    spans_ = [Pause(start, start + k * step) for start, k in pauses]
    found = deadline(rule(n, Unit.HOURS), at, table, pauses=spans_)
    moments = (at + k * step for k in range((found.due_at - at) // step))
    used = sum(not any(pause.start <= moment < pause.end for pause in spans_) for moment in moments)
    assert used * step == timedelta(hours=n)


@given(MOMENT, st.integers(1, 60), TABLE)
def test_working_days_counted_are_exactly_as_many(at, n, table):
    found = deadline(working(n), at, table)
    first = table.local(at).date()
    between = [first + timedelta(days=k) for k in range(1, (found.due_date - first).days + 1)]
    assert sum(map(table.is_working, between)) == n
    assert table.is_working(found.due_date)


@given(MOMENT, st.integers(0, 800), TABLE)
def test_working_days_left_agree_with_counting_them(at, days, table):
    last = table.local(at).date() + timedelta(days=days)
    left = remaining(at, table.midnight(last + timedelta(days=1)), table)
    assert left.working_days == sum(table.is_working(last - timedelta(days=k)) for k in range(days))
