"""A page that is older than its case: sent late, it says so and keeps every word."""
from __future__ import annotations

import pytest

from suyuan.cases.rules import Stage
from tests.contracts.forms import form_for

pytestmark = pytest.mark.django_db
WORDS = "院長親自打了電話，對方願意等到明天。"


def test_a_late_page_keeps_what_was_typed(browser, make_case):
    case = make_case(stage=Stage.ACKNOWLEDGED)
    head = browser("head")
    answer = head.post(f"/cases/{case.reference}/do/acknowledge/", {"method": "telephone", "words": WORDS})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert WORDS in html and "您寫的字都在下面" in html
    assert not case.contacts.exists()


def test_an_evaluation_with_every_question_answered_is_kept(browser, make_case):
    case = make_case(stage=Stage.RESPONDED)
    manager = browser("manager")
    path = f"/cases/{case.reference}/do/evaluate/"
    body = form_for(manager.get(path), path).filled()
    assert {"yes", "3"} & {value for values in body.values() for value in values}
    answer = manager.post(path, body)
    assert answer.status_code == 302, answer.content.decode()
    case.refresh_from_db()
    assert True in case.evaluation.answers.values()
