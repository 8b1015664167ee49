"""The forms for bodily harm after a doctor judged it, and for a report when several events wait for one."""
from __future__ import annotations

import pytest
from django.urls import reverse

from suyuan.cases.models import CaseClock
from suyuan.cases.services import handling
from tests.cases.cast import NOON, facts_of, fresh, types_of

pytestmark = pytest.mark.django_db


def page(case, code) -> str:
    return reverse(f"desk:act-{code}", args=[case.reference])


@pytest.fixture
def judged(cast, make_case):
    case = make_case(stage="investigating", harm="alleged")
    return handling.harm_judge(case=case, serious=True, reason="角膜破損", actor=cast.doctor.actor, now=NOON)


@pytest.mark.requirement("D-03")
def test_after_the_judgement_the_form_asks_for_the_day_alone(browser, judged):
    client = browser("manager")
    shown = client.get(page(judged, "harm")).text
    assert 'name="occurred_on"' in shown and 'name="state"' not in shown
    assert "醫師已經判斷過，這裡只補上是哪一天發生的。" in shown

    assert client.post(page(judged, "harm"), {"occurred_on": "115/3/9"}).status_code == 302
    assert (fresh(judged).harm, str(fresh(judged).occurred_on)) == ("serious", "2026-03-09")
    assert "harm.dated" in types_of(judged)


@pytest.mark.requirement("D-03")
def test_a_page_opened_before_the_judgement_undoes_nothing(browser, judged):
    answer = browser("manager").post(page(judged, "harm"), {"state": "none", "occurred_on": "2026-03-09"})
    assert "醫師已經判斷過，這裡不能改寫。" in answer.text
    assert (fresh(judged).harm, fresh(judged).occurred_on) == ("serious", None)
    assert CaseClock.objects.get(case=judged, rule_id="TW-CARE-1").state == "running"


def seen(case, cast, kind="device_serious") -> str:
    return handling.incident_identify(case=fresh(case), kind=kind, actor=cast.manager.actor, now=NOON)


REPORT = {"kind": "device_event", "body": "食藥署", "number": "A-1"}


def test_a_report_names_its_event_when_several_wait(browser, cast, make_case):
    case, client = make_case(), browser("manager")
    first, second = seen(case, cast), seen(case, cast)
    shown = client.get(page(case, "report")).text
    assert first in shown and second in shown and "2026/3/11" in shown

    assert client.post(page(case, "report"), REPORT).status_code != 302
    assert facts_of(case, "report.made") == []
    assert client.post(page(case, "report"), {**REPORT, "incident": second}).status_code == 302
    clocks = CaseClock.objects.filter(case=case, rule_id="TW-AE-1b")
    assert {c.trigger["incident"]: c.state for c in clocks} == {first: "running", second: "stopped"}


def test_the_only_event_is_offered_and_need_not_be_named(browser, cast, make_case):
    case, client = make_case(), browser("manager")
    incident = seen(case, cast)
    assert f'value="{incident}" selected' in client.get(page(case, "report")).text
    assert client.post(page(case, "report"), {**REPORT, "incident": ""}).status_code == 302
    assert facts_of(case, "report.made")[0].value("incident") == incident


def test_a_report_about_no_event_asks_for_none(browser, cast, make_case):
    case, client = make_case(), browser("manager")
    assert 'name="incident"' not in client.get(page(case, "report")).text
    assert client.post(page(case, "report"), {**REPORT, "kind": "authority_account"}).status_code == 302
