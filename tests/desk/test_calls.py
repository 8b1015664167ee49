"""The line that says who calls, on whatever page a colleague has open."""

from __future__ import annotations

import pytest

from suyuan.cases.models import Case, Task
from suyuan.platform import access
from suyuan.platform.models import AccessRow

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-28")]


def test_the_colleague_sees_it_at_once_answers_and_the_caller_is_told(browser, make_case, cast):
    case = make_case()
    reception, nurse = browser("receptionist"), browser("nurse")
    assert nurse.get("/calls/").status_code == 204
    page = reception.get(f"/cases/{case.reference}/do/call-help/").content.decode()
    assert "nurse（在線上）" in page and "cashier" not in page
    sent = reception.post(f"/cases/{case.reference}/do/call-help/", {"user": cast.nurse.pk, "words": "對方要求院長說話"})
    assert sent.status_code == 302

    line = nurse.get("/calls/").content.decode()
    assert "receptionist請您一起看" in line and case.reference in line and "對方要求院長說話" in line
    digest = line.split('data-sy-digest="')[1].split('"')[0]
    access.flush()
    before = AccessRow.objects.count()
    same = nurse.get(f"/calls/?last={digest}")
    access.flush()
    assert same.status_code == 204 and AccessRow.objects.count() == before, "looked at once, logged once"
    assert reception.get("/calls/").status_code == 204

    task = Task.objects.get(kind="help")
    assert browser("manager").post(f"/cases/{case.reference}/calls/{task.uid}/").status_code == 409
    assert nurse.post(f"/cases/{case.reference}/calls/{task.uid}/").status_code == 302
    assert "nurse來了" in reception.get("/calls/").content.decode()
    assert nurse.get("/calls/").status_code == 204


def test_from_the_telephone_somebody_is_called_with_the_new_case(browser, cast):
    reception = browser("receptionist")
    form = reception.get("/register/").content.decode()
    key = form.split('name="idempotency_key" value="')[1].split('"')[0]
    said = {"channel": "telephone", "narrative": "線上這位很生氣，要院長說話。", "harm": "none", "relation": "self", "idempotency_key": key, "_help": "1"}
    assert reception.post("/register/", said).status_code == 302
    case = Case.objects.get()
    task = Task.objects.get(case=case, kind="help")
    assert task.assignee in (cast.manager.user, cast.colleague.user)
    assert "請同事協助" in reception.get(f"/registered/{case.reference}/").content.decode()
