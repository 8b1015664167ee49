"""Packs in the database: by hash, once; the newest in force; pinned ones readable for ever."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, transaction

from suyuan.kernel.actor import SYSTEM
from suyuan.platform.models import FactRow
from suyuan.platform.units import unit
from suyuan.playbooks import selectors
from suyuan.playbooks.errors import PackMissing, PackRefused
from suyuan.playbooks.models import PackActivation, PackVersion
from suyuan.playbooks.services import packs_load
from tests.playbooks.shelf import PACKS, changed, copied, overlay

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("packs")]


@pytest.fixture(autouse=True)
def _fresh_reading():
    """A version that a test rolled back leaves its number to the next one."""
    selectors.forget()
    yield
    selectors.forget()


def load(folder, now=NOW):
    return packs_load(folder=folder, actor=SYSTEM, now=now)


def shorter(folder):
    return overlay(
        folder,
        """\
replace:
  - section: rules
    id: TW-REC-1
    reason: 本院承諾五個工作日
    with: {clock: {duration: {n: 5, unit: working_days}}}
""",
    )


def test_the_shipped_packs_are_read_back_as_they_were_written():
    procedure = selectors.procedure_newest("tw")
    assert procedure.info.pack == "procedure/base"
    assert procedure.info.awaiting_review
    assert procedure == selectors.procedure_of(procedure.pk)
    assert selectors.procedure_newest("cn").pk == procedure.pk
    assert str(procedure.stage("received").plain) == "我們收到了"
    assert selectors.house_clock(procedure.pk, "first_response").clock.duration.n == 24
    assert len(selectors.packs_active()) == 8


def test_calendars_are_ready_to_count_on():
    table = selectors.calendar_for("tw").table
    assert table.zone == "Asia/Taipei"
    assert not table.is_working(date(2026, 12, 25))
    assert selectors.calendar_for("cn").table.is_working(date(2026, 12, 25))


def test_reading_again_asks_the_database_once_in_a_few_seconds(django_assert_num_queries, monkeypatch):
    pk = selectors.procedure_newest("tw").pk
    with django_assert_num_queries(0):
        selectors.procedure_newest("tw")
        selectors.procedure_of(pk)
    monkeypatch.setattr(selectors, "NEWEST_FOR", 0.0)
    with django_assert_num_queries(1):
        selectors.procedure_newest("tw")


def test_what_a_write_has_loaded_is_not_remembered_before_it_is_committed(tmp_path):
    before = selectors.procedure_newest("tw").pk
    copied(tmp_path)
    changed(tmp_path / "procedure/base/pack.yaml", '"2026.11.4"', '"2026.12"')
    with pytest.raises(RuntimeError), unit():
        assert load(tmp_path)
        assert selectors.procedure_newest("tw").pk != before
        raise RuntimeError("rolled back")
    assert selectors.procedure_newest("tw").pk == before


def test_loading_the_same_again_changes_nothing():
    before = (PackVersion.objects.count(), PackActivation.objects.count(), FactRow.objects.count())
    assert load(PACKS) == []
    assert (PackVersion.objects.count(), PackActivation.objects.count(), FactRow.objects.count()) == before


def test_a_new_version_counts_from_now_and_the_pinned_one_stays_readable(tmp_path):
    pinned = selectors.procedure_newest("tw").pk
    copied(tmp_path)
    changed(tmp_path / "procedure/base/procedure.yaml", "  days: 14\n", "  days: 21\n")
    changed(tmp_path / "procedure/base/pack.yaml", '"2026.11.4"', '"2026.12"')

    new = load(tmp_path, LATER)

    assert [version.version for version in new] == ["2026.12"]
    assert selectors.procedure_newest("tw").reopening.days == 21
    assert selectors.procedure_of(pinned).reopening.days == 14


def test_going_back_to_an_old_version_is_an_activation_and_no_new_row(tmp_path):
    copied(tmp_path)
    changed(tmp_path / "procedure/base/procedure.yaml", "  days: 14\n", "  days: 21\n")
    load(tmp_path)
    versions = PackVersion.objects.count()
    load(PACKS, LATER)
    assert PackVersion.objects.count() == versions
    assert selectors.procedure_newest("tw").reopening.days == 14


def test_each_load_is_a_fact_in_the_stream_of_its_version(tmp_path):
    version = load(shorter(tmp_path))[0]
    fact = FactRow.objects.get(stream=f"pack:{version.uid}")
    assert fact.type == "pack.loaded"
    assert fact.value("sha256") == version.sha256
    assert fact.value("reviewed") is True
    assert (fact.value("pack"), fact.value("kind"), fact.value("jurisdiction")) == ("ours/pack", "law", "tw")


def test_a_fact_of_a_load_is_worded_for_people(tmp_path):
    from suyuan.platform.facts import facts_told
    from suyuan.playbooks.phrases import PHRASES

    version = load(shorter(tmp_path))[0]
    told = facts_told([FactRow.objects.get(stream=f"pack:{version.uid}")])[0]
    assert PHRASES["pack.loaded"](told) == "作業包 ours/pack 第 1 版開始使用"


def test_one_broken_pack_keeps_all_of_them_out(tmp_path):
    copied(tmp_path)
    changed(tmp_path / "procedure/base/procedure.yaml", "  days: 14\n", "  days: 21\n")
    changed(tmp_path / "law/tw/rules.yaml", "    kind: definition\n", "    kind: opinion\n")
    before = PackVersion.objects.count()
    with pytest.raises(PackRefused) as refused:
        load(tmp_path)
    assert "law/tw/rules.yaml:" in refused.value.message()
    assert PackVersion.objects.count() == before
    assert selectors.procedure_newest("tw").reopening.days == 14


def test_law_of_the_day_counts_and_keeps_its_hash_for_ever(tmp_path):
    on = date(2026, 11, 21)
    plain = {"kind": "records_copy", "demand": "a"}
    before = selectors.law_rules_for("tw", "demand.recorded", plain, on=on)[0]
    load(shorter(tmp_path))
    after = selectors.law_rules_for("tw", "demand.recorded", plain, on=on)[0]

    assert (before.rule_id, before.clock.duration.n) == ("TW-REC-1", 7)
    assert (after.rule_id, after.clock.duration.n) == ("TW-REC-1", 5)
    assert before.rule_hash != after.rule_hash
    assert selectors.law_rule(before.rule_hash) == before
    assert selectors.law_rule(after.rule_hash) == after


def test_a_new_version_below_does_not_push_an_overlay_out(tmp_path):
    load(shorter(tmp_path / "overlay"))
    copied(tmp_path / "new", "law/tw", "calendars/tw")
    changed(tmp_path / "new/law/tw/rules.yaml", "處新臺幣 2 萬元", "處新臺幣 3 萬元")

    load(tmp_path / "new", LATER)

    rule = selectors.law_newest("tw").rule("TW-REC-1")
    assert rule.clock.duration.n == 5
    assert "3 萬元" in rule.consequence.hant
    assert selectors.law_newest("tw").info.pack == "ours/pack"


def test_an_overlay_that_no_longer_fits_stops_the_load_and_says_why(tmp_path):
    load(shorter(tmp_path / "overlay"))
    copied(tmp_path / "new", "law/tw", "calendars/tw")
    changed(tmp_path / "new/law/tw/rules.yaml", "duration: {n: 7, unit: working_days}", "duration: {n: 3, unit: working_days}")
    with pytest.raises(PackRefused) as refused:
        load(tmp_path / "new", LATER)
    problem = refused.value.data["problems"][0]
    assert (problem.code, problem.file) == ("lengthened", "(ours/pack)")


def test_an_overlay_of_one_kind_leaves_the_others_alone(tmp_path):
    before = {info.pack for info in selectors.packs_active()}
    load(shorter(tmp_path))
    assert {info.pack for info in selectors.packs_active()} == before - {"law/tw"} | {"ours/pack"}


def test_what_was_never_loaded_is_refused_with_a_sentence():
    with pytest.raises(PackMissing) as missing:
        selectors.law_newest("jp")
    assert "作業包" in missing.value.message()
    with pytest.raises(PackMissing):
        selectors.procedure_of(10**9)
    with pytest.raises(PackMissing):
        selectors.law_rule("0" * 64)


@pytest.mark.parametrize("model", [PackVersion, PackActivation])
@pytest.mark.parametrize("act", ["update", "delete"])
def test_the_database_itself_keeps_loaded_packs(model, act):
    rows = model.objects.filter(pk=model.objects.values_list("pk", flat=True).first())
    with pytest.raises(DatabaseError), transaction.atomic():
        if act == "delete":
            rows._raw_delete(rows.db)
        elif model is PackVersion:
            rows.update(version="0")
        else:
            rows.update(slot="law:cn")
