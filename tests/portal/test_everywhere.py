"""What holds on every page of the portal: languages, headers, cookies, the form's check; the tablet and the poster."""
from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from suyuan.cases.models import Case
from suyuan.portal import http, urls
from suyuan.portal.models import Draft
from tests.portal.conftest import STORY, given, keys_of

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
PAGES = [
    "/p/", "/p/proof/", "/p/survey/", "/p/streamside/", "/p/streamside/danger/", "/p/streamside/write/", "/p/streamside/follow/",
    "/p/streamside/poster/", "/p/streamside/kiosk/", "/p/streamside/kiosk/danger/", "/p/streamside/kiosk/write/",
]  # fmt: skip


@pytest.mark.parametrize("language", ["zh-hant", "zh-hans", "en"])
@pytest.mark.parametrize("where", [*PAGES, "/p/riverside/", "/p/riverside/write/"])
def test_every_page_opens_in_every_language(phone, clinic, where, language):
    phone.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = phone.get(where)
    html = page.content.decode()
    assert page.status_code == 200
    assert "style=" not in html and " onclick" not in html and "javascript:" not in html


@pytest.mark.parametrize("where", PAGES)
def test_every_page_keeps_its_address_and_itself_to_itself(phone, clinic, where):
    page = phone.get(where)
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert 'content="no-referrer"' in page.content.decode()
    for cookie in page.cookies.values():
        if cookie.value:
            assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert "Content-Security-Policy" in page


def test_the_clinics_own_language_is_the_default(clinic):
    assert "先确认您的身体" in Client().get("/p/riverside/danger/").content.decode() or "您的视力有变化吗" in Client().get(
        "/p/riverside/danger/"
    ).content.decode()
    assert "Has your sight changed" in Client(headers={"Accept-Language": "en"}).get("/p/riverside/danger/").content.decode()


def test_a_browser_without_referrer_still_sends_its_form(phone, clinic):
    page = phone.get("/p/streamside/write/")
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert phone.post("/p/streamside/write/", given(page), headers=headers).status_code == 200
    page = phone.get("/p/streamside/write/")
    for bad in ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert phone.post("/p/streamside/write/", given(page), headers=bad).status_code == 403
    assert Case.objects.count() == 1


def test_every_form_without_its_token_changes_nothing(clinic):
    for pattern in urls.urlpatterns:
        view = pattern.callback
        if "POST" not in view.address.methods or "hooks" in str(pattern.pattern):  # those are signed: test_hooks.py
            continue
        client = Client(enforce_csrf_checks=True)
        where = "/p/" + str(pattern.pattern).replace("<slug:slug>", "streamside").replace(
            "<uuid:uid>", "11111111-1111-4111-8111-111111111111"
        )
        answer = client.post(where, {"narrative": STORY, "signs": "sight", "yes": "1", "words": STORY, "reason": "x"})
        assert answer.status_code in (403, 412), where
    assert not Case.objects.exists() and not Draft.objects.exists()


def test_every_address_says_who_may_use_it():
    for pattern in urls.urlpatterns:
        assert pattern.callback.address.audience in ("public", "party"), pattern


def test_the_language_switch_only_leads_back_into_the_portal(phone, clinic):
    from tests.portal.conftest import form_fields

    page = phone.get("/p/streamside/")
    fields = form_fields(page, "/language/")
    answer = phone.post("/p/streamside/language/", {**fields, "language": "en"})
    assert answer.status_code == 302 and answer["Location"] == "/p/streamside/"
    assert "Has your sight changed" in phone.get("/p/streamside/danger/").content.decode()
    answer = phone.post("/p/streamside/language/", {**fields, "language": "en", "next": "//evil.example/p/"})
    assert answer["Location"] == "/p/streamside/"


@pytest.mark.parametrize("where", ["/p/proof/", "/p/bundle/", "/p/survey/"])
def test_pages_of_no_clinic_change_their_language_too(phone, clinic, where):
    from tests.portal.conftest import form_fields

    fields = form_fields(phone.get(where), "/p/language/")
    answer = phone.post("/p/language/", {**fields, "language": "en"})
    assert (answer.status_code, answer["Location"]) == (302, where)
    assert 'lang="en"' in phone.get(where).content.decode()
    answer = phone.post("/p/language/", {**fields, "language": "en", "next": "/login/"})
    assert answer["Location"] == "/p/"


def test_an_unknown_clinic_is_not_here(phone, clinic):
    assert phone.get("/p/nowhere/").status_code == 404


def test_a_place_is_kept_only_blind(clinic):
    from django.test import RequestFactory

    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="198.51.100.7")
    name = http.place(request, "send")
    assert len(name) <= 64 and "203" not in name.replace("203", "", 0) or name.isalnum()
    spoofed = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="192.0.2.1")
    assert http.place(spoofed, "send") == name  # no proxy of ours said so


# --- the tablet on the counter -------------------------------------------------------------------------------------

KIOSK = "/p/streamside/kiosk/"


@pytest.mark.requirement("A-04")
def test_the_tablet_takes_a_complaint_and_keeps_nothing(phone, clinic):
    page = phone.get(KIOSK + "write/")
    html = page.content.decode()
    assert 'data-kiosk="120"' in html and f'data-kiosk-home="{KIOSK}"' in html and "hx-post" not in html
    receipt = phone.post(KIOSK + "write/", given(page))
    reference, _secret = keys_of(receipt)

    assert Case.objects.get(reference=reference).channel == "on_site"
    assert 'data-kiosk="120"' in receipt.content.decode() and "清空畫面" in receipt.content.decode()
    start = phone.get(KIOSK)
    assert start["Clear-Site-Data"] == '"cache", "storage"'
    assert not start.cookies["suyuan_kiosk"].value and not start.cookies["suyuan_draft"].value
    assert STORY not in phone.get(KIOSK + "write/").content.decode()


def test_what_stands_half_written_on_the_tablet_is_gone_in_ten_minutes_or_at_once(phone, clinic, at):
    page = phone.get(KIOSK + "write/")
    assert not page.cookies["suyuan_kiosk"]["max-age"]
    wrong = phone.post(KIOSK + "write/", given(page, contact=""))
    assert wrong.status_code == 422 and STORY in wrong.content.decode()
    assert Draft.objects.get().kiosk
    at(minutes=11)
    assert STORY not in phone.get(KIOSK + "write/").content.decode()

    phone.post(KIOSK + "write/", given(phone.get(KIOSK + "write/"), contact=""))
    from tests.portal.conftest import form_fields

    phone.post(KIOSK + "clear/", form_fields(phone.get(KIOSK + "write/"), "/kiosk/clear/"))
    assert not Draft.objects.exists()


def test_danger_on_the_tablet_calls_those_who_stand_beside(phone, clinic):
    from tests.portal.test_danger import ticket

    page = phone.post(KIOSK + "danger/", {"ticket": ticket(phone.get(KIOSK + "danger/")), "signs": ["sight"], "yes": "1"})
    assert "身邊的同仁" in page.content.decode() and Case.objects.get().danger == "open"


# --- the poster ----------------------------------------------------------------------------------------------------


def test_the_poster_speaks_three_languages_and_warns_without_a_public_address(phone, clinic, settings):
    html = phone.get("/p/streamside/poster/").content.decode()
    assert html.count('lang="zh-h') >= 2 and 'lang="en"' in html and "<svg" in html
    assert "02-0000-0000" in html and "先不要貼" in html

    settings.PUBLIC_URL = "https://complaints.example.org"
    html = phone.get("/p/streamside/poster/").content.decode()
    assert "先不要貼" not in html and "complaints.example.org/p/streamside/" in html
