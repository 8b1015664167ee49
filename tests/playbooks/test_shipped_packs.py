"""The packs we ship: complete in three languages, each in its own words, and tied together."""

import json
import re
from datetime import date

import pytest
from opencc import OpenCC

from suyuan.playbooks import loader, schemas, vocabulary
from suyuan.playbooks.readers import ClockSpec, Law, PackInfo, Procedure
from suyuan.playbooks.texts import Texts, holes
from tests.playbooks.shelf import PACK_NAMES, PACKS

DRAFTS = {draft.manifest.id: draft for draft in loader.read_all(PACKS)}


def parsed(pack: str) -> dict:
    draft = DRAFTS[pack]
    shapes = schemas.of(draft.manifest.kind)
    return {name: shape.validate_json(json.dumps(draft.body[name])) for name, shape in shapes.items()}


def info(pack: str) -> PackInfo:
    m = DRAFTS[pack].manifest
    return PackInfo(m.id, m.version, m.kind, m.jurisdiction, m.name, m.published, m.reviewed_by, DRAFTS[pack].sha)


BASE = Procedure(info=info("procedure/base"), **parsed("procedure/base"))
LAW = {place: Law(info=info(f"law/{place}"), **parsed(f"law/{place}")) for place in ("tw", "cn")}


def texts_in(value, path=""):
    """Every text for people below a value, with the way to it."""
    if isinstance(value, dict):
        if value.keys() == {"zh-Hant", "zh-Hans", "en"}:
            yield path, value
            return
        for key, inner in value.items():
            yield from texts_in(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for inner in value:
            name = inner.get("id", "") if isinstance(inner, dict) else ""
            yield from texts_in(inner, f"{path}/{name}")


ALL_TEXTS = [(f"{pack}{path}", texts) for pack, draft in DRAFTS.items() for path, texts in texts_in(draft.content())]


def test_nothing_is_wrong_with_them():
    assert [str(problem) for draft in DRAFTS.values() for problem in draft.problems] == []
    assert set(DRAFTS) == {*PACK_NAMES}


def test_they_await_review_and_say_so():
    assert all(draft.manifest.reviewed_by is None for draft in DRAFTS.values())
    assert all(rule.reviewer is None for law in LAW.values() for rule in law.rules)


def test_every_text_stands_in_three_languages():
    assert len(ALL_TEXTS) > 700
    for path, texts in ALL_TEXTS:
        for language, words in texts.items():
            assert words.strip() == words, (path, language)
            assert words, (path, language)
        assert re.search(r"[A-Za-z]", texts["en"]), path
        assert not re.search(r"[\u4e00-\u9fff]", texts["en"]), path


def test_the_simplified_texts_hold_no_traditional_letters():
    to_simplified = OpenCC("t2s")
    odd = [
        (path, texts["zh-Hans"]) for path, texts in ALL_TEXTS if to_simplified.convert(texts["zh-Hans"]) != texts["zh-Hans"]
    ]
    assert odd == []


def test_the_traditional_texts_hold_no_simplified_letters():
    to_traditional = OpenCC("s2t")
    alike = set("了准台唇布床才核只")  # right in Traditional Chinese too, though the conversion would change them
    odd = []
    for path, texts in ALL_TEXTS:
        words = texts["zh-Hant"]
        turned = to_traditional.convert(words)
        if len(turned) == len(words):
            odd += [(path, a) for a, b in zip(words, turned, strict=True) if a != b and a not in alike]
    assert odd == []


MAINLAND = {"申訴": "投诉", "病人": "患者", "簡訊": "短信", "品質": "质量", "櫃檯": "前台", "網路": "网络"}


def test_the_mainland_texts_use_the_words_of_the_mainland():
    taiwanese = ("客诉", "病人", "简讯", "柜台", "网路", "软体", "资讯", "品质")
    odd = [(path, word) for path, texts in ALL_TEXTS for word in taiwanese if word in texts["zh-Hans"]]
    assert odd == []
    for hant, hans in MAINLAND.items():
        said = [texts for _, texts in ALL_TEXTS if hant in texts["zh-Hant"]]
        assert not said or any(hans in texts["zh-Hans"] for texts in said)


def test_no_word_blames_promises_or_keeps_anybody_quiet():
    """What the tone rules forbid must not be among the words we hand to people, save as an example of what to avoid."""
    forbidden = ("奧客", "奥客", "難纏", "难缠", "無理取鬧", "无理取闹", "敬請見諒", "敬请见谅", "您的體質造成", "您的体质造成", "逾期！", "！")
    spoken = [(path, texts) for path, texts in ALL_TEXTS if not path.endswith("/avoid")]
    odd = [(path, word) for path, texts in spoken for word in forbidden for said in texts.values() if word in said]
    assert odd == []


def test_quotes_follow_the_script():
    for path, texts in ALL_TEXTS:
        assert not set("“”‘’") & set(texts["zh-Hant"]), path
        assert not set("「」『』") & set(texts["zh-Hans"]), path


def test_figures_of_house_clocks_stand_in_the_clock_alone():
    for house in BASE.house_clocks:
        for texts in (house.title, house.why, *([house.complainant] if house.complainant else [])):
            assert not re.search(r"\d+ ?(小時|個工作日|日內|天)", texts.hant), house.id


# Law


def rows(place: str) -> set[str]:
    return {rule.id for rule in LAW[place].rules}


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        (
            "tw",
            "DEF-1 CARE-1 CARE-2 CARE-3 CARE-4 APOL-1 APOL-2 STAFF-1 REC-1 MED-1 MED-2 MED-3 MED-5 RCA-1 RCA-2 RCA-3 "
            "AE-1a AE-1b AE-2 AE-2a AE-2b CONF-1 RESC-1 CHART-1 PD-2 PD-3 PD-4 CP-1 CP-2 CV-2",
        ),
        (
            "cn",
            "TELL-1 CH-1 COMP-1 COMP-2 COMP-3 COMP-4 EXPL-1 REC-1 SEAL-1 SEAL-2 DEATH-1 LATE-1 RPT-1 RPT-2a RPT-2b RPT-2c "
            "NEG-1 MED-1 MED-2 CP-3 SAMR-1 PD-1 PD-3",
        ),
    ],
)
def test_every_row_of_the_research_is_there(place, wanted):
    assert {f"{place.upper()}-{row}" for row in wanted.split()} <= rows(place)


def clock(rule_id: str) -> ClockSpec:
    return LAW[rule_id[:2].lower()].rule(rule_id, date(2026, 11, 21)).clock


@pytest.mark.parametrize(
    ("rule_id", "n", "unit"),
    [
        ("TW-CARE-1", 5, "working_days"),
        ("TW-REC-1", 7, "working_days"),
        ("TW-MED-1", 6, "months"),
        ("TW-MED-2", 45, "calendar_days"),
        ("TW-MED-2b", 3, "months"),
        ("TW-MED-3", 7, "working_days"),
        ("TW-RCA-1", 7, "working_days"),
        ("TW-RCA-2", 45, "calendar_days"),
        ("TW-RCA-3", 7, "working_days"),
        ("TW-AE-1a", 7, "calendar_days"),
        ("TW-AE-1b", 15, "calendar_days"),
        ("TW-PD-3", 15, "calendar_days"),
        ("TW-PD-4", 30, "calendar_days"),
        ("TW-CP-1", 15, "calendar_days"),
        ("CN-COMP-3", 5, "working_days"),
        ("CN-DEATH-1", 48, "hours"),
        ("CN-LATE-1", 6, "hours"),
        ("CN-RPT-2a", 15, "calendar_days"),
        ("CN-RPT-2b", 12, "hours"),
        ("CN-RPT-2c", 2, "hours"),
        ("CN-MED-1", 30, "working_days"),
        ("CN-MED-2", 5, "working_days"),
        ("CN-CP-3", 15, "calendar_days"),
        ("CN-SAMR-1", 60, "calendar_days"),
    ],
)
def test_each_clock_runs_as_long_as_the_law_says(rule_id, n, unit):
    assert (clock(rule_id).duration.n, clock(rule_id).duration.unit.value) == (n, unit)


def test_taiwan_counts_months_to_the_day_before():
    for rule in LAW["tw"].rules:
        if rule.clock and rule.clock.duration.unit in ("months", "years"):
            assert rule.clock.month_style == "day_before", rule.id


def test_days_of_law_roll_and_hours_never():
    for law in LAW.values():
        for rule in law.rules:
            if rule.clock and rule.alarms and rule.clock.duration.unit == "calendar_days":
                assert rule.clock.rolls, rule.id
            if rule.clock and rule.clock.duration.unit == "hours":
                assert not rule.clock.rolls, rule.id


@pytest.mark.parametrize(
    "rule_id", ["TW-CP-1", "TW-RCA-1", "TW-AE-1a", "CN-COMP-3", "CN-CP-3", "CN-SAMR-1", "CN-MED-1", "TW-MED-2"]
)
def test_words_that_may_count_the_first_day_show_an_earlier_date(rule_id):
    assert clock(rule_id).conservative


def test_an_unverified_rule_never_alarms_and_a_probable_one_never_blocks_closing():
    rules = [rule for law in LAW.values() for rule in law.rules if rule.clock]
    assert not any(rule.alarms for rule in rules if rule.grade == "UNVERIFIED")
    assert any(rule.alarms for rule in rules if rule.grade == "P")
    assert not any(rule.blocks_closing for rule in rules if rule.grade == "P")
    assert not any(rule.blocks_closing for rule in rules if rule.clock.external or rule.clock.information)
    assert LAW["tw"].rule("TW-CARE-1").blocks_closing


def test_a_rule_that_changed_counts_by_its_date():
    before = LAW["cn"].rule("CN-SAMR-1", date(2026, 4, 14)).clock.duration
    after = LAW["cn"].rule("CN-SAMR-1", date(2026, 4, 15)).clock.duration
    assert (before.n, before.unit.value) == (45, "working_days")
    assert (after.n, after.unit.value) == (60, "calendar_days")


def test_alleged_or_unknown_harm_starts_the_care_clock_and_a_doctor_can_end_it():
    for state in ("alleged", "unknown"):
        started = LAW["tw"].rules_for("harm.stated", {"state": state}, date(2026, 11, 21))
        assert "TW-CARE-1" in {rule.id for rule in started}
    care = clock("TW-CARE-1")
    assert care.stops_on("contact.logged", {"kind": "care_talk"})
    assert not care.stops_on("contact.logged", {"kind": "call"})
    assert care.cancelled_by("harm.judged", {"state": "not_serious"})
    assert not care.cancelled_by("case.withdrawn", {})


def test_no_harm_starts_nothing():
    found = LAW["tw"].rules_for("harm.stated", {"state": "none"}, date(2026, 11, 21))
    assert found == ()


def test_a_complaint_about_money_starts_the_consumer_clock_and_one_about_the_body_does_not():
    def started(causes):
        found = LAW["tw"].rules_for("issue.classified", {"causes": causes}, date(2026, 11, 21))
        return {rule.id for rule in found if rule.clock}

    assert started(["adverse", "price"]) == {"TW-CP-1"}
    assert started(["adverse"]) == set()


def test_only_the_demand_that_was_answered_stops():
    records = clock("TW-REC-1")
    one, other = {"kind": "records_copy", "demand": "a"}, {"kind": "records_copy", "demand": "b"}
    assert records.stops_on("demand.answered", one, started=one)
    assert not records.stops_on("demand.answered", other, started=one)
    assert records.stops_on("demand.answered", {"kind": "records_copy"}, started=one)


def test_causes_named_by_the_law_are_causes_of_the_procedure():
    causes = {cause.id for cause in BASE.causes}
    for law in LAW.values():
        for rule in law.rules:
            whens = (*rule.shown_when, *(rule.clock.triggers if rule.clock else ()))
            for when in whens:
                named = when.when.get("causes", ())
                assert set(named if isinstance(named, tuple | list) else [named]) <= causes, rule.id


# Procedure


@pytest.mark.requirement("D-02")
def test_three_levels_each_with_owner_steps_and_an_ungraded_case_runs_on_level_two():
    assert [level.number for level in BASE.levels] == [1, 2, 3]
    assert all(level.steps and level.owner for level in BASE.levels)
    assert BASE.level(None) == BASE.level(0) == BASE.level(2)
    steps = {level.number: {step.id for step in level.steps} for level in BASE.levels}
    assert "medical_explanation" in steps[1]
    assert {"independent_appraisal", "legal_review", "senior_contact"} <= steps[2]
    assert {"command_post", "duties_to_report"} <= steps[3]


@pytest.mark.requirement("D-02")
@pytest.mark.parametrize(
    ("code", "n"), [("first_response", 24), ("plan", 48), ("command_post", 1), ("danger_look", 1), ("senior_contact", 24)]
)
def test_house_clocks_run_as_promised(code, n):
    duration = BASE.clock(code).clock.duration
    assert (duration.n, duration.unit.value) == (n, "hours")


@pytest.mark.requirement("D-02")
def test_an_ungraded_case_starts_the_clocks_of_level_two():
    def started(level):
        plain = {"level": level, "channel": "web"}
        return {house.id for house in BASE.clocks_for("case.opened", plain, "tw")}

    assert started(0) == started(None) == started(2) == {"first_response", "plan", "senior_contact"}
    assert started(1) == {"first_response", "plan"}
    assert started(3) == {"first_response", "plan", "senior_contact", "command_post"}


@pytest.mark.requirement("D-03")
def test_care_comes_first_at_every_level_and_blocks_every_end():
    assert BASE.clock("danger_look").binding
    assert {"care_check"} <= {step.id for step in BASE.level(2).steps}
    assert {"care_first"} <= {step.id for step in BASE.level(3).steps}
    for move in ("disclose", "propose_closing", "close", "resolve_on_spot"):
        assert "danger_resolved" in BASE.move(move).gates


@pytest.mark.requirement("A-01")
def test_six_causes_with_their_reasons_and_the_factors():
    assert [cause.id for cause in BASE.causes] == ["efficacy", "price", "service", "adverse", "hygiene", "advertising"]
    assert all(cause.reasons for cause in BASE.causes)
    assert {"expectation", "emotion", "knowledge"} <= {factor.id for factor in BASE.factors}


@pytest.mark.requirement("A-05")
def test_the_promise_says_how_long_each_step_takes_from_the_clock_itself():
    within = {step.id: BASE.within(step) for step in BASE.promise.steps}
    assert within["contact"].hant == "24 小時內"
    assert within["plan"].hans == "48 小时内"
    assert within["findings"].en == "within 10 working days"
    assert BASE.promise.takes_up
    assert BASE.promise.assurances


@pytest.mark.requirement("A-05")
def test_the_channels_outside_are_named_before_and_after():
    phones = {place: {c.phone for c in BASE.channels_of(place)} - {None} for place in ("tw", "cn")}
    assert phones == {"tw": {"1950"}, "cn": {"12320", "12315"}}
    assert "tw-mediation" in {channel.id for channel in BASE.channels_of("tw")}
    assert "cn-people-mediation" in {channel.id for channel in BASE.channels_of("cn")}
    assert (BASE.emergency("tw").number, BASE.emergency("cn").number) == ("119", "120")


@pytest.mark.requirement("A-13")
def test_seven_cards_of_emotion_management():
    cards = BASE.cards_of("emotion")
    assert len(cards) == 7
    assert all(len(card.steps) >= 2 for card in cards)


@pytest.mark.requirement("A-28")
@pytest.mark.requirement("D-04")
def test_every_hard_moment_has_its_script_and_words_to_avoid():
    cards = BASE.cards_of("situation")
    assert len(cards) >= 13
    for card in cards:
        assert len(card.steps) >= 3, card.id
        assert card.say, card.id
        assert card.instead, card.id
        assert any(swap.why for swap in card.instead), card.id
    assert {"TW-MED-1", "CN-TELL-1"} <= set(BASE.card("going-to-authority").basis)


@pytest.mark.requirement("C-00")
@pytest.mark.requirement("E-02")
def test_the_reception_card_is_the_lawful_one():
    card = BASE.card("reception")
    words = "".join(step.hant for step in card.steps)
    for said in ("30 秒", "隨時可以離開", "可以有人陪", "說完", "謝謝", "通知", "徵得同意", "用來處理這件事"):
        assert said in words
    assert any("院長今天不在" in each.avoid.hant for each in card.instead)


@pytest.mark.requirement("C-13")
def test_head_of_department_and_case_manager_hear_first():
    rules = {rule.id: rule for rule in BASE.escalations}
    for code in ("overdue", "level-2", "repeated-contact"):
        assert {"department_head", "case_manager"} <= set(rules[code].to)
    assert rules["overdue"].overdue_hours == 0
    assert rules["media"].flags == ("media",)
    assert "head_of_clinic" in rules["level-3"].to


@pytest.mark.requirement("B-02")
def test_written_first_leaves_talking_possible_and_promises_a_minute_of_each_talk():
    notice = BASE.notice("written_first", "tw")
    assert "您仍然可以打電話、過來談" in notice.text.hant
    assert "紀錄請您看" in notice.text.hant


@pytest.mark.requirement("A-07")
def test_every_channel_and_level_has_words_with_known_holes_only():
    for channel in ("web", "telephone", "on_site", "letter"):
        for level in (None, 0, 1, 2, 3):
            wording = BASE.acknowledgement(channel, level)
            for _, body in wording.body.items():
                assert {"handler", "next_step", "by_when"} <= holes(body) <= {"name", "reference", "handler", "next_step", "by_when"}


def test_purposes_ask_one_thing_each_and_only_handling_is_needed():
    for place in ("tw", "cn"):
        purposes = BASE.purposes_of(place)
        assert len(purposes) >= 4
        assert [purpose.id for purpose in purposes if purpose.required] == [f"{place}-handle"]


def test_a_mainland_case_cannot_be_investigated_before_the_channels_are_told():
    assert "channels_notified" in {gate.id for gate in BASE.gates_of("investigate", "cn")}
    assert "channels_notified" not in {gate.id for gate in BASE.gates_of("investigate", "tw")}


def test_notices_differ_where_the_law_does():
    taiwan, mainland = (BASE.notice("protected_talk", place).text.hant for place in ("tw", "cn"))
    assert "第 7 條" in taiwan
    assert "沒有與臺灣相同" in mainland


def test_the_survey_is_short_and_every_answer_may_be_left_out():
    assert len(BASE.survey) <= 5
    assert all(question.optional for question in BASE.survey)


def test_reopening_is_possible_for_fourteen_days():
    assert BASE.reopening.days == 14


def test_unknown_codes_raise_and_say_which():
    for look in (BASE.gate, BASE.stage, BASE.card, BASE.cause, BASE.clock, BASE.move, BASE.notice, BASE.kinds_of):
        with pytest.raises(LookupError, match="nonsense"):
            look("nonsense")
    with pytest.raises(LookupError, match="nonsense"):
        BASE.words("flags", "nonsense")


def test_what_the_program_opens_itself_has_a_name_and_is_not_offered():
    offered = {kind.id for kind in BASE.kinds_of("task_kinds", "tw")}
    for code in ("danger_review", "ask_occurred_on", "overdue", "step", "escalation"):
        assert code not in offered
        assert isinstance(BASE.words("task_kinds", code), Texts)


def test_the_pack_names_every_stage_move_and_gate_of_the_vocabulary():
    assert {stage.id for stage in BASE.stages} == vocabulary.STAGES
    assert {move.id for move in BASE.moves} == vocabulary.MOVES
    assert {gate.id for gate in BASE.gates} == vocabulary.GATES


def test_which_proceeding_comes_before_a_suit_is_said_by_the_pack():
    assert BASE.notice("court_before_mediation", "tw").unless == ("tw_mediation",)
    assert BASE.notice("court_before_mediation", "cn").unless == ()
