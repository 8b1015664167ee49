"""No log repeats what people wrote, whatever breaks."""
from __future__ import annotations

import io
import logging

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02")]

CANARY = "例小安左眼腫了三週"


@pytest.fixture
def written():
    """What the product's own console formatter makes of everything that is logged meanwhile."""
    given = settings.LOGGING["formatters"]["line"]
    made = import_string(given["()"]) if "()" in given else logging.Formatter
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(made(given["format"], style=given["style"]))
    root = logging.getLogger()
    root.addHandler(handler)
    yield out
    root.removeHandler(handler)


def test_a_broken_page_logs_where_and_not_what(browser, make_case, monkeypatch, written):
    def breaks(*args, **kwargs):
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ValueError(f"DETAIL: Failing row contains ({CANARY})") from error

    monkeypatch.setattr("suyuan.cases.selectors.cases_list", breaks)
    client = browser("manager")
    client.raise_request_exception = False
    answer = client.get(reverse("desk:cases"), {"q": CANARY})
    assert answer.status_code == 500 and CANARY not in answer.content.decode()
    log = written.getvalue()
    assert "ValueError" in log and "KeyError" in log and "cases" in log
    assert CANARY not in log and "q=" not in log


def test_an_error_of_the_database_is_logged_without_its_row(written):
    class Refused(Exception):
        pass

    try:
        raise Refused(f"DETAIL:  Key (body)=({CANARY}) already exists.")
    except Refused:
        logging.getLogger("suyuan.anything").exception("it broke")
    assert "Refused" in written.getvalue() and "it broke" in written.getvalue() and CANARY not in written.getvalue()


def test_a_strange_host_gets_nothing_of_ours(cast):
    answer = Client().get("/login/", HTTP_HOST="evil.example")
    assert answer.status_code == 400 and "evil.example" not in answer.content.decode()


def test_no_page_of_ours_is_stored_under_the_name_of_a_file(browser):
    """A logged-in person's error page below /static/ names them: it is kept nowhere."""
    answer = browser("manager").get("/static/nothing.css")
    assert answer.status_code == 404 and answer["Cache-Control"] == "no-store"
