"""What holds at every address: a login is asked for, a method has to be listed, a form needs its token, headers stand."""
from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from suyuan.config.addresses_report import report
from tests.contracts.answers import business_writes, faults_of
from tests.contracts.everyone import address_of

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02")]

ADDRESSES = report()
STAFF = [one for one in ADDRESSES if one.audience == "staff"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")
# Carries its own ticket, so that somebody in danger who refuses cookies is heard; and tus, which no other site can send.
NO_TOKEN = {
    "portal:danger", "portal:kiosk_danger", "portal:files", "portal:kiosk_files", "portal:follow_files", "portal:file",
    "portal:kiosk_file", "portal:follow_file", "portal:line_hook", "portal:sms_report",  # signed by whoever calls
}  # fmt: skip


@pytest.fixture
def passer_by(house):
    return Client(raise_request_exception=False)


def test_who_is_not_logged_in_is_asked_to(house, passer_by):
    for one in STAFF:
        path = address_of(one, house.things["here"])
        for method in one.methods:
            with business_writes() as written:
                said = passer_by.generic(method, path)
            assert (said.status_code, said.headers.get("Location", "").partition("?")[0]) in ((302, "/login/"), (303, "/login/")), path
            assert faults_of(said) == [] and written == [], path


def test_a_receipt_is_asked_for_where_one_is_needed(house, passer_by):
    for one in ADDRESSES:
        if one.audience != "party":
            continue
        path = address_of(one, house.things["here"])
        for method in one.methods:
            with business_writes() as written:
                said = passer_by.generic(method, path)
            assert said.status_code in (302, 403, 404, 405, 412) or one.name == "portal:follow_leave", (path, said.status_code)
            assert faults_of(said) == [] and written == [], path


def test_a_method_that_is_not_listed_is_refused(house):
    client = house.client("head_of_clinic")
    for one in ADDRESSES:
        path = address_of(one, house.things["here"])
        for method in METHODS:
            if method not in one.methods:
                said = client.generic(method, path)
                assert said.status_code == 405, (method, path, said.status_code)
                assert set(one.methods) <= set(said.headers["Allow"].split(", ")), path
                assert faults_of(said) == [], path


def test_a_form_without_its_token_changes_nothing(house):
    """Whoever may do it: another site's page cannot make them."""
    for role in ("head_of_clinic", "administrator"):
        client = Client(enforce_csrf_checks=True)
        client.force_login(house.people[role])
        client.get("/me/")
        for one in ADDRESSES:
            if "POST" in one.methods and one.name not in NO_TOKEN:
                path = address_of(one, house.things["here"])
                with business_writes() as written:
                    said = client.post(path, {"words": "x", "reason": "x", "level": "3"}, headers={"Origin": "https://evil.example"})
                assert (said.status_code, written) == (403, []), (path, said.status_code)
                assert faults_of(said) == [], path


def test_headers_stand_on_errors_files_and_what_nobody_serves(house, passer_by):
    manager = house.client("case_manager")
    things = house.things["here"]
    copy = manager.post(f"/cases/{things['reference']}/files/{things['desk:file']}/copy/")
    download = manager.get(copy["Location"])
    assert download.status_code == 200 and download.headers["Content-Disposition"].startswith("attachment")
    assert download.headers["Content-Type"] == "application/octet-stream"
    assert download.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for said in (
        download,
        manager.get(f"/cases/{things['reference']}/papers/passports/{things['desk:passport']}/pdf/"),
        passer_by.get("/no/such/page/"),
        passer_by.get("/cases"),
        passer_by.get("/healthz"),
        passer_by.get("/", headers={"Host": "evil.example"}),
        passer_by.get("/static/no-such-file.css"),
        passer_by.get("/p/nowhere/"),
        manager.get("/cases/TN26-0000-0000/"),
        manager.get("/cases/%00/"),
        manager.post("/language/", {"language": "en", "next": "https://evil.example/"}),
    ):
        faults = faults_of(said)
        if said.request["PATH_INFO"].startswith(settings.STATIC_URL):
            faults = [fault for fault in faults if fault != "no-store"]
        assert faults == [], said.request["PATH_INFO"]


def test_no_page_brings_a_script_or_a_style_of_its_own(house):
    """The policy would stop them; here nothing tries."""
    client = house.client("case_manager")
    client.get("/me/")
    tried = []
    for one in ADDRESSES:
        if "GET" not in one.methods:
            continue
        said = client.get(address_of(one, house.things["here"]))
        if said.status_code == 200 and said.headers["Content-Type"].startswith("text/html"):
            html = said.content.decode()
            tried += [(one.pattern, sign) for sign in (" style=", " onclick=", "javascript:", "<style", "<script>") if sign in html]
            assert 'src="http' not in html and 'href="http' not in html.replace(f'href="{settings.PUBLIC_URL or "-"}', ""), one.pattern
    assert tried == []
