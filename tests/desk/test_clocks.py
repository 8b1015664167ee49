"""The page of one clock: what may be done to it, by whom."""
from __future__ import annotations

import pytest
from django.urls import reverse

from suyuan.cases.models import CaseClock
from suyuan.cases.services import handling, outside
from tests.cases.cast import NOON, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def mediated(cast, make_case):
    """A case before the mediation board, whose three months run from its complete papers."""
    case = make_case("acknowledged")
    manager = {"actor": cast.manager.actor, "now": NOON}
    proceeding = outside.proceeding_open(case=case, kind="tw_mediation", **manager)
    outside.proceeding_step(proceeding=proceeding, milestone="papers_complete", **manager)
    return fresh(case)


def clock_of(case) -> CaseClock:
    return CaseClock.objects.get(case=case, rule_id="TW-MED-2b")



def test_the_page_of_the_clock_offers_it_and_records_it(cast, mediated, browser):
    clock = clock_of(mediated)
    page, post = (reverse(f"desk:{name}", args=[mediated.reference, clock.uid]) for name in ("clock", "clock_extend"))
    client = browser("manager")
    html = client.get(page).content.decode()
    assert "記下法定的延長" in html and "還可以延長 2 次" in html and "雙方都同意" in html
    empty = client.post(post, {"reason": ""})
    assert empty.status_code == 422 and "記下延長" in empty.content.decode()
    wrong = client.post(post, {"reason": "調解會來函。", "happened_at": "2030-01-01T10:00"})
    assert wrong.status_code == 422 and "調解會來函。" in wrong.content.decode()
    assert client.post(post, {"reason": "調解會來函。"}).status_code == 302
    html = client.get(page).content.decode()
    assert "已經延長 1 次" in html and "還可以延長 1 次" in html
    client.post(post, {"reason": "雙方同意。"})
    assert "記下法定的延長" not in client.get(page).content.decode()
    assert "延長一項法定期限（第 2 次）" in client.get(
        reverse("desk:case", args=[mediated.reference]), {"view": "all"}
    ).content.decode()


@pytest.mark.parametrize(("who", "status"), [("receptionist", 403), ("doctor", 403), ("stranger", 404), ("auditor", 403)])
def test_who_may_not_is_offered_nothing(who, status, cast, mediated, browser):
    clock = clock_of(mediated)
    handling.task_open(
        case=mediated, kind="other", title="看一下", role="doctor", actor=cast.manager.actor, now=NOON
    )
    client = browser(who)
    page = client.get(reverse("desk:clock", args=[mediated.reference, clock.uid]))
    assert page.status_code == 404 or "記下法定的延長" not in page.content.decode()
    answer = client.post(reverse("desk:clock_extend", args=[mediated.reference, clock.uid]), {"reason": "x"})
    assert answer.status_code == status and clock_of(mediated).extensions == 0
