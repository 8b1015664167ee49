"""A clinic with a portal, a browser without an account, and a way to fill in the form."""
from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import Client

from suyuan.accounts.models import Branch, Member, MemberRole, User
from suyuan.platform import clock

# A Monday afternoon in Taipei.
NOW = datetime(2026, 11, 16, 6, 20, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _house(settings):
    """A folder for static files, which the server expects to be there."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def at():
    """The house's clock, held; `at(minutes=5)` moves it on."""
    held = SimpleNamespace(now=NOW, frozen=None)

    def hold(moment):
        if held.frozen is not None:
            held.frozen.__exit__(None, None, None)
        held.now, held.frozen = moment, clock.frozen(moment)
        held.frozen.__enter__()

    def move(**span):
        hold(held.now + timedelta(**span))
        return held.now

    hold(NOW)
    yield move
    held.frozen.__exit__(None, None, None)


@pytest.fixture
def clinic(db, packs, at):
    return clinic_made()


def clinic_made():
    tn = Branch.objects.create(
        code="TN",
        names={"zh-Hant": "溪岸診所", "zh-Hans": "溪岸诊所", "en": "Streamside Clinic"},
        jurisdiction="tw",
        zone="Asia/Taipei",
        language="zh-hant",
        phone="02-0000-0000",
        emergency_phone="02-0000-0119",
        address="臺北市示範路 1 號",
        portal_slug="streamside",
    )
    sh = Branch.objects.create(
        code="SH",
        names={"zh-Hant": "江岸門診部", "zh-Hans": "江岸门诊部", "en": "Riverside Clinic"},
        jurisdiction="cn",
        zone="Asia/Shanghai",
        language="zh-hans",
        phone="021-0000-0000",
        portal_slug="riverside",
    )
    people = {}
    for login, role, branch in (
        ("沈經理", "case_manager", tn), ("許醫師", "doctor", tn), ("何院長", "head_of_clinic", tn), ("杜经理", "case_manager", sh),
    ):  # fmt: skip
        user = User.objects.create(login=login, display_name=login, created_at=NOW, password="!")
        member = Member.objects.create(user=user, branch=branch, first_day=date(2025, 1, 1))
        MemberRole.objects.create(member=member, role=role)
        people[role if branch is tn else f"{role}_sh"] = user
    return SimpleNamespace(tn=tn, sh=sh, **people)


@pytest.fixture
def phone(clinic):
    """A browser of somebody outside; form checks are real."""
    return Client(enforce_csrf_checks=True)


STORY = "十月底做了雙眼皮，到現在左眼還是睜不太開，兩邊看起來不一樣。打過兩次電話，都說再等等看。"


def given(page=None, **more):
    """What a patient fills in; `page` gives its hidden fields."""
    fields = {
        "narrative": STORY,
        "treatment": "雙眼皮",
        "treatment_on": "115年10月28日",
        "happened_on": "十月底",
        "harm": "alleged",
        "about": "self",
        "wishes": ["look-again", "records"],
        "name": "溫若嵐",
        "contact": "0900-000-123",
        "contact_by": "phone",
        "purpose-tw-handle": "on",
        "send": "1",
    }
    fields = {**fields, **(hidden(page) if page is not None else {}), **more}
    return {name: value for name, value in fields.items() if value is not None}


def hidden(page, form: str = "complaint") -> dict:
    """The hidden fields of one form of a page."""
    html = page.content.decode()
    if form:
        found = re.search(rf'<form[^>]*\bid="{form}"[^>]*>.*?</form>', html, re.S)
        html = found.group(0)
    fields: dict = {}
    for tag in re.findall(r"<input[^>]*>", html):
        if 'type="hidden"' not in tag:
            continue
        name = re.search(r'name="([^"]+)"', tag).group(1)
        value = re.search(r'value="([^"]*)"', tag).group(1)
        fields[name] = [*fields[name], value] if isinstance(fields.get(name), list) else (
            [fields[name], value] if name in fields else value
        )
    return fields


def form_fields(page, action_part: str) -> dict:
    """Hidden fields of the form whose action contains `action_part`."""
    html = page.content.decode()
    for form in re.findall(r"<form.*?</form>", html, re.S):
        head = form.partition(">")[0]
        if action_part in head:
            return {
                re.search(r'name="([^"]+)"', tag).group(1): re.search(r'value="([^"]*)"', tag).group(1)
                for tag in re.findall(r"<input[^>]*>", form)
                if 'type="hidden"' in tag
            }
    raise AssertionError(f"no form goes to {action_part}")


def sent(phone, slug="streamside", **more):
    """Open the form, fill it in, send it."""
    page = phone.get(f"/p/{slug}/write/")
    return phone.post(f"/p/{slug}/write/", given(page, **more))


def keys_of(page) -> tuple[str, str]:
    """Reference and secret as they stand on a receipt page."""
    html = page.content.decode()
    reference = re.search(r"[A-Z]{2}\d{2}-\d{4}-\d{4}", html).group(0)
    secret = re.search(r"[0-9A-HJKMNP-TV-Z]{5}(?:-[0-9A-HJKMNP-TV-Z]{5}){3}", html).group(0)
    return reference, secret


def opened(phone, reference, secret, slug="streamside"):
    """Open the follow-up page with a receipt."""
    page = phone.get(f"/p/{slug}/follow/")
    fields = form_fields(page, "/follow/")
    return phone.post(f"/p/{slug}/follow/", {**fields, "reference": reference, "secret": secret})
