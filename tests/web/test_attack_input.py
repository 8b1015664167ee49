"""Odd input, foreign rows and foreign sites: nothing breaks, nothing opens."""
from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from suyuan.accounts.held import page_of
from suyuan.accounts.models import Deputy
from suyuan.cases.errors import MayNot
from suyuan.cases.models import Case, Demand, Party, Promise
from suyuan.cases.services import ending, handling, outside
from suyuan.cases.services.handling import level_lower_ask
from suyuan.platform import access
from suyuan.platform.models import AccessRow
from tests.cases.cast import HOUR, NOON, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02")]


def cursor(value) -> str:
    raw = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


ODD_CURSORS = [
    cursor([None, 10**30]), cursor("[null, Infinity]"), cursor("[null, NaN]"), cursor("[null, -Infinity]"), cursor("[" * 3000),
    cursor(["0001-01-01T00:00:00+23:59", 1]), cursor(["9999-12-31T23:59:59-23:59", 1]), cursor([None, "1"]),
    cursor([None, True]), cursor([None, None]), cursor([5, 5]), cursor({"a": 1}), cursor("null"), cursor([None, -5]),
    cursor([None, 1.5]), "²", "٣", "9" * 400, "-1", "0", "\x00", "é", "=", "%", "a" * 5,
]  # fmt: skip


@pytest.mark.parametrize("state", ["open", "all"])
def test_no_cursor_breaks_a_list(state, browser, make_case):
    make_case()
    client = browser("manager")
    for after in ODD_CURSORS:
        for query in ("", "左眼"):
            answer = client.get(reverse("desk:cases"), {"after": after, "state": state, "q": query})
            assert answer.status_code == 200, (after, query)


def test_no_older_mark_breaks_a_timeline(browser, make_case):
    case = make_case()
    for before in ("²", "9" * 17, "9" * 400, "-1", "\x00", "1e9", "٣"):
        answer = browser("manager").get(reverse("desk:older", args=[case.reference]), {"before": before})
        assert answer.status_code == 200, before


@pytest.mark.parametrize("odd", ["²-1-1", "9" * 5000 + "-1-1", "٣-1-1", "0-0-0", "199-13-45", "--", "\x00", "115/2/30", "1/1/1"])
def test_no_date_breaks_a_form(odd, browser, make_case):
    case = make_case()
    for code, field in (("harm", "occurred_on"), ("judge", "occurred_on")):
        url = reverse(f"desk:act-{code}", args=[case.reference])
        answer = browser("doctor").post(url, {"state": "alleged", "serious": "yes", "reason": "x", field: odd})
        assert answer.status_code in (302, 403, 404, 422), (code, answer.status_code)
    form = {"narrative": "腫。", "channel": "telephone", "harm": "none", "relation": "self", "occurred_on": odd,
            "treatment_on": odd, "happened_at": odd, "idempotency_key": "1" * 32}  # fmt: skip
    assert browser("receptionist").post(reverse("desk:register"), form).status_code < 500


@pytest.mark.parametrize("odd", ["9" * 30, "-1", "²", "\x00", "x", "1" * 5000, "0", "00000000-0000-0000-0000-000000000000", "{}", "\ud800".encode("utf-8", "replace").decode()])
def test_no_row_named_oddly_breaks_an_act(odd, browser, make_case):
    case = make_case("investigating")
    client = browser("manager")
    fields = {"assign": "owner", "speaker": "speaker", "investigator": "user", "complained": "user", "task-done": "task",
              "promise-kept": "promise", "demand-answer": "demand", "verify": "party", "authority": "party", "move": "branch",
              "classify": "issue", "proceeding-step": "proceeding", "demand": "asked_by", "contact": "keeps_promise",
              "statement": "user", "finding": "issue"}  # fmt: skip
    for code, field in fields.items():
        url = reverse(f"desk:act-{code}", args=[case.reference])
        assert client.post(url, {field: odd}).status_code in (403, 404, 409, 422), code
        assert client.get(url, {field: odd}).status_code in (200, 403), code
    form = {"narrative": "腫。", "complained": [odd, odd], "person": odd, "branch": odd, "idempotency_key": "2" * 32}
    assert browser("receptionist").post(reverse("desk:register"), form).status_code < 500
    assert client.post(reverse("desk:receipt", args=[case.reference]), {"party": odd}).status_code in (403, 404)


@pytest.mark.parametrize("odd", ["²", "5" * 20, "\x00", "true", "3"])
def test_no_answer_breaks_the_evaluation(odd, cast, browser, make_case):
    case = make_case("responded")
    client = browser("manager")
    url = reverse("desk:act-evaluate", args=[case.reference])
    form = client.get(url).context["form"]
    sent = client.post(url, {name: odd for name in form.fields})
    assert sent.status_code in (302, 422)


# --- rows of another case ------------------------------------------------------------------------------------------


def test_rows_of_another_case_are_nobodys_here(cast, browser, make_case):
    here, there = make_case("investigating"), make_case("investigating")
    manager = cast.manager.actor
    task = handling.task_open(case=there, kind="other", title="他案的事", role="nurse", actor=manager, now=NOON)
    promise = handling.promise_make(case=fresh(there), words="他案的約定", due_at=NOON + 3 * HOUR, actor=manager, now=NOON)
    demand = handling.demand_record(case=fresh(there), kind="records_copy", actor=manager, now=NOON)
    proceeding = outside.proceeding_open(case=fresh(there), kind="court", actor=manager, now=NOON)
    party, issue = Party.objects.get(case=there), there.issues.first()
    client = browser("manager")
    tries = {"task-done": {"task": task.uid}, "promise-kept": {"promise": promise.uid},
             "demand-answer": {"demand": demand.uid, "outcome": "met", "words": "x"},
             "verify": {"party": party.uid, "how": "id_card"}, "classify": {"issue": issue.uid, "primary": "price"},
             "proceeding-end": {"proceeding": proceeding.uid, "outcome": "agreed"},
             "demand": {"kind": "records_copy", "asked_by": party.uid}}  # fmt: skip
    for code, data in tries.items():
        answer = client.post(reverse(f"desk:act-{code}", args=[here.reference]), data)
        assert answer.status_code == 422, code
        page = client.get(reverse(f"desk:act-{code}", args=[here.reference]), data).content.decode()
        assert "他案" not in page, code
    assert Promise.objects.get(pk=promise.pk).kept_at is None and Demand.objects.get(pk=demand.pk).answered_at is None
    assert client.post(reverse("desk:receipt", args=[here.reference]), {"party": party.uid}).status_code == 404
    for name in ("clock", "clock_pause", "clock_resume"):
        url = reverse(f"desk:{name}", args=[here.reference, there.clocks.first().uid])
        assert (client.get(url) if name == "clock" else client.post(url, {"reason": "x"})).status_code == 404, name


# --- two persons ---------------------------------------------------------------------------------------------------


def test_a_deputy_of_a_second_manager_is_still_the_same_person(cast, make_case):
    """One manager asks; standing in for another they still may not decide."""
    case = make_case("acknowledged")
    manager = cast.manager.actor
    Deputy.objects.create(user=cast.manager.user, stands_in_for=cast.head.user, first_day=NOON.date(),
                          last_day=NOON.date() + timedelta(days=3))  # fmt: skip
    handling.case_raise(case=case, level=3, reason="x", actor=manager, now=NOON)
    approval = level_lower_ask(case=fresh(case), level=1, reason="誤會", actor=manager, now=NOON)
    with pytest.raises(MayNot):
        handling.approval_decide(approval=approval, agree=True, actor=manager, now=NOON)
    closing = make_case("responded")
    Case.objects.filter(pk=closing.pk).update(closing_asked_at=NOON, closing_asked_by=cast.manager.user)
    with pytest.raises(MayNot):
        ending.close_confirm(case=fresh(closing), actor=manager, now=NOON)


# --- the access log ------------------------------------------------------------------------------------------------

READ = ("case", "older", "investigation", "outside", "files", "letters", "letter_write", "print", "registered", "receipt",
        "act-raise", "act-contact")  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_every_page_of_a_case_leaves_a_row(name, cast, browser, make_case):
    case = make_case("investigating")
    client = browser("manager")
    access.flush()
    before = AccessRow.objects.count()
    assert client.get(reverse(f"desk:{name}", args=[case.reference])).status_code == 200
    access.flush()
    rows = AccessRow.objects.filter(pk__gt=0).order_by("pk")[before:]
    assert [(r.stream, r.branch_id, r.actor) for r in rows] and all(
        r.stream == case.stream and r.branch_id == case.branch_id and r.actor == str(cast.manager.actor) for r in rows
    )


def test_the_day_and_a_clock_leave_a_row(cast, browser, make_case):
    case = make_case("investigating")
    client = browser("manager")
    for url in (reverse("desk:today"), reverse("desk:handover"), reverse("desk:cases"),
                reverse("desk:clock", args=[case.reference, case.clocks.first().uid])):  # fmt: skip
        access.flush()
        before = AccessRow.objects.count()
        client.get(url)
        access.flush()
        rows = list(AccessRow.objects.order_by("pk")[before:])
        assert rows and (rows[0].stream == case.stream or case.reference in rows[0].shown), url


def test_what_is_protected_is_on_record_before_it_is_shown(cast, browser, make_case):
    case = make_case("investigating")
    handling.legal_ask(case=case, words="請評估敗訴風險。", actor=cast.head.actor, now=NOON)
    client = browser("head")
    access.flush()
    before = AccessRow.objects.count()
    page = client.get(reverse("desk:case", args=[case.reference])).content.decode()
    assert "請評估敗訴風險" in page
    rows = list(AccessRow.objects.order_by("pk")[before:])  # nothing was flushed
    assert any("compartment:counsel" in row.shown and row.stream == case.stream for row in rows)


# --- other sites ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", ["//evil.example/", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
                                  " //evil.example", "http:evil.example", "///evil.example", "\x00//evil.example", "/%09//evil.example"])  # fmt: skip
def test_nobody_is_led_elsewhere(goal, cast, browser):
    client = browser("manager")
    for url, data in (("/language/", {"language": "en", "next": goal}), ("/ui/theme/", {"theme": "dark", "next": goal}),
                      ("/p/tn/language/", {"language": "en", "next": goal})):  # fmt: skip
        answer = client.post(url, data)
        if answer.status_code == 302:
            assert answer["Location"].startswith("/") and not answer["Location"].startswith(("//", "/\\")), (url, answer["Location"])
        else:
            assert answer.status_code < 500
    answer = client.get(reverse("accounts:login"), {"next": goal})
    assert answer["Location"].startswith("/") and not answer["Location"].startswith(("//", "/\\"))


@pytest.mark.parametrize("came", ["http://testserver//evil.example/", "http://testserver/\\evil.example/", "http://testserver///x/"])
def test_a_page_called_like_another_site_is_not_kept_as_the_way_back(came, rf):
    request = rf.post("/cases/", HTTP_REFERER=came)
    assert page_of(request) == "/cases/"


@pytest.mark.parametrize("who", ["manager"])
def test_without_its_token_no_form_does_anything(who, cast, make_case):
    case = make_case()
    client = Client(enforce_csrf_checks=True)
    client.force_login(getattr(cast, who).user)
    for url in (reverse("desk:act-raise", args=[case.reference]), reverse("desk:register"), reverse("desk:presence", args=[case.reference])):
        for origin in ("http://evil.example", "null", "http://testserver"):
            assert client.post(url, {"level": "3", "reason": "x"}, HTTP_ORIGIN=origin).status_code == 403
    assert fresh(case).level == case.level
