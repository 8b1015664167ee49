"""Whatever a browser, a scanner or a broken phone sends: an answer with a reason, never a fault of ours, nothing written."""
from __future__ import annotations

import random

import pytest
from django.test import Client

from suyuan.cases.models import Case
from suyuan.config.addresses_report import report
from tests.contracts.answers import faults_of

pytestmark = pytest.mark.django_db

NASTY = [
    "", " ", "0", "-1", "9" * 40, "1e309", "NaN", "null", "[]", "{}", "true", "²", "٣", "\x00", "\x1b[31m", "\u202e", "\ufeff",
    "\U0010ffff", "é", "e\u0301", "左眼", "=HYPERLINK(1)", "@SUM(1)", "' OR 1=1 --", '" OR ""="', "%", "%00", "%zz", "_", "*", "?",
    "<script>alert(1)</script>", "{{7*7}}", "{% debug %}", "${7*7}", "../../etc/passwd", "//evil.example", "\r\nSet-Cookie: a=b",
    "2026-02-30", "9999-12-31", "0001-01-01", "115/2/30", "x" * 5000, "a b\tc\nd", "TN26-0000-0000", "?" * 300, "&" * 40, ";", "#",
]  # fmt: skip
NAMES = ["q", "state", "level", "stage", "owner", "flag", "overdue", "after", "before", "view", "card", "law", "channel", "branch",
         "name", "phone", "next", "done", "typed", "held", "words", "reason", "csrfmiddlewaretoken"]  # fmt: skip
BODIES = [
    (b"", "application/x-www-form-urlencoded"),
    (b"narrative=%FF%FE%00&send=1", "application/x-www-form-urlencoded"),
    ("narrative=腫".encode("big5"), "application/x-www-form-urlencoded"),
    (b"narrative=" + b"%F0%9F" * 50, "application/x-www-form-urlencoded; charset=utf-16"),
    (b'{"narrative": "x"}', "application/json"),
    (b"<a/>", "text/xml"),
    (b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"\x00.jpg\"\r\n\r\n1\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    (b"nothing", "multipart/form-data"),
    (b"a=1&" * 401, "application/x-www-form-urlencoded"),
    (b"x" * 3_000_000, "application/x-www-form-urlencoded"),
    (b"x", "application/x-www-form-urlencoded; charset=no-such"),
]  # fmt: skip


def pages(reference: str):
    """Everything that answers to a plain visit without naming a row."""
    for one in report():
        if "GET" in one.methods and "<uuid" not in one.pattern:
            yield one, one.pattern.replace("<slug:slug>", "tn").replace("<str:reference>", reference).replace("<str:code>", "calm")


def test_no_query_breaks_a_page(cast, browser, make_case):
    """Every page with six questions nobody asks, chosen by a fixed die."""
    die = random.Random(7)
    case = make_case()
    clients = [browser("manager"), browser("auditor"), Client()]
    broken = []
    for _one, path in pages(case.reference):
        asked = [(name, die.choice(NASTY)) for name in die.sample(NAMES, 6)]
        headers = {"HX-Request": "true"} if die.random() < 0.3 else {}
        answer = die.choice(clients).get(path, asked, headers=headers)
        if faults := faults_of(answer):
            broken.append((path, asked, answer.status_code, faults))
    assert broken == []


def test_no_name_in_an_address_breaks_it(cast, browser, make_case):
    make_case()
    client = browser("manager")
    for nasty in NASTY:
        part = "".join(f"%{b:02X}" for b in nasty.encode("utf-8", "replace")) or "%20"
        for path in (f"/cases/{part}/", f"/rules/cards/{part}/", f"/p/{part}/"):
            answer = client.get(path)
            assert answer.status_code in (200, 301, 302, 400, 404) and faults_of(answer) == [], (path, answer.status_code)


def test_any_search_is_answered_and_finds_only_what_is_there(browser, make_case):
    make_case()
    client = browser("manager")
    for search in NASTY:
        for path in ("/cases/", "/people/"):
            answer = client.get(path, {"q": search, "state": "all"}, headers={"HX-Request": "true"})
            assert answer.status_code == 200, (path, search)
            assert "<script>alert(1)" not in answer.content.decode()


OUTSIDE = ("/p/tn/write/", "/p/tn/danger/", "/p/tn/files/", "/p/tn/follow/", "/p/tn/follow/message/", "/p/proof/", "/login/")
INSIDE = ("/register/", "/cases/{reference}/do/contact/", "/cases/{reference}/files/", "/me/")


def test_any_body_is_answered_and_writes_nothing(cast, browser, make_case):
    case = make_case()
    before = list(Case.objects.values_list("reference", "moved_at"))
    clients = {OUTSIDE: Client(raise_request_exception=False), INSIDE: browser("manager")}
    clients[INSIDE].raise_request_exception = False
    for paths, client in clients.items():
        for path in (one.format(reference=case.reference) for one in paths):
            for body, kind in BODIES:
                answer = client.generic("POST", path, body, content_type=kind)
                assert answer.status_code < 500 and faults_of(answer) == [], (path, kind, body[:40], answer.status_code)
    assert list(Case.objects.values_list("reference", "moved_at")) == before
