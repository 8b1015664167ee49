"""E3 for what an inquiry finds, plans, judges and writes: an edit past the product is found, and the fact named.

The list of columns is made from the schema: a new column must be said by a fact.
"""
from __future__ import annotations

import random

import pytest

from suyuan.cases.models import CareCitation, CareLine, PlanStep, Report
from suyuan.kernel.actor import Actor
from suyuan.platform import triggers, verify
from suyuan.platform.erasure import Cell, erasure_order
from suyuan.platform.models import FactPrivate, FactRow, Text
from tests.cases.inquired import LAST, inquired, tables
from tests.evidence.rows import columns, faults, tried

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-15")]


@pytest.fixture
def case(cast):
    return inquired(cast)


def test_what_nobody_edited_holds_and_every_edit_is_found_and_the_fact_named(case):
    assert [model for model in tables() if not model._base_manager.exists()] == []
    report = verify.verify_streams(rows_checks=verify.row_checks())
    assert [str(fault) for fault in report.faults] == []

    triggers.drop()
    every = sum(len(columns(model)) + 2 for model in tables())
    found = tried(case, every, random.Random(3), tables())
    assert found.missed == []
    assert found.made > every * 0.85, found.refused
    assert faults(case) == []


@pytest.mark.sqlite
def test_what_facts_of_an_earlier_program_did_not_say_is_left_alone_and_the_rest_is_not(case):
    """As they stood before columns were said one by one: nothing turns red, and what they did say still counts."""
    triggers.drop()
    unsaid = {"plan.step_added": "issue", "care_sheet.saved": "lines", "care_sheet.signed": "lines",
              "report.drafted": "language", "report.signature": "signature", "passport.made": "language"}  # fmt: skip
    for row in FactRow.objects.filter(stream=case.stream, type__in=unsaid):
        plain = {name: held for name, held in row.plain.items() if name != unsaid[row.type]}
        FactRow.objects.filter(pk=row.pk).update(plain=plain)
    FactPrivate.objects.filter(name="written").delete()
    assert faults(case) == []

    Report.objects.filter(state="draft").update(words={"summary": "改過"}, language="en")
    PlanStep.objects.update(issue=None)
    assert faults(case) == []
    line = CareLine.objects.filter(words=None).first()
    other = CareLine.objects.exclude(words=None).exclude(sheet=line.sheet).first()
    line.citations.all().delete()
    CareLine.objects.filter(pk=other.pk).update(words=_words_of_another(other))
    CareCitation.objects.filter(line=other).first().delete()
    assert {fault.detail.split()[0] for fault in faults(case)} == {"cases_carecitation", "cases_careline.words"}


@pytest.mark.sqlite
def test_papers_and_plans_whose_words_were_erased_are_no_fault_and_those_emptied_without_an_order_are(case):
    step, report = PlanStep.objects.first(), Report.objects.filter(state="superseded").first()
    other = Report.objects.filter(state="signed").first()
    what = [Cell(step, "words"), Cell(step, "note"), Cell(report, "words"), Cell(report, "content")]
    erasure_order(stream=case.stream, what=what, reason="本人要求", actor=_actor(case), now=LAST)
    report.refresh_from_db()
    assert report.words == {} and faults(case) == []
    triggers.drop()
    Report.objects.filter(pk=other.pk).update(words={}, content={})
    assert {fault.detail.split()[0] for fault in faults(case)} == {"cases_report.written", "cases_report.frozen"}


def _words_of_another(line: CareLine) -> Text:
    return CareLine.objects.exclude(words=line.words).exclude(words=None).first().words


def _actor(case) -> Actor:
    return Actor("user", str(case.owner.uid), case.owner_id)
