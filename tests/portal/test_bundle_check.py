"""Anyone may have a bundle checked here, and is told what that shows and what not."""
from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from suyuan.evidence.selectors import checking
from suyuan.portal import rules
from tests.evidence.forge import STREAMS, changed_json, pack, story

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-10"), pytest.mark.sqlite]


@pytest.fixture(scope="module")
def world():
    return story(events=4)


@pytest.fixture(scope="module")
def good(world):
    return pack(world.parts(STREAMS))


def checked(content: bytes, **said):
    return Client().post(reverse("portal:bundle"), {"bundle": SimpleUploadedFile("b.zip", content), **said})


def test_a_good_bundle_holds_by_its_pin_and_receipt(world, good):
    page = checked(good, pin=world.keys[0].fingerprint.upper(), receipt=world.receipt(world.events[0]).decode()).content.decode()
    assert "成立：沒有被改過" in page and "收據相符" in page and "當初寫下的內容是否屬實" in page


def test_without_a_pin_it_does_not_say_that_it_holds(good):
    page = checked(good).content.decode()
    assert "沒有用指紋確認是誰簽的" in page and "成立：沒有被改過" not in page


def test_one_changed_byte_and_the_page_says_where(world, good):
    forged = bytearray(good)
    forged[good.index("打完針".encode())] ^= 1
    page = checked(bytes(forged), pin=world.pin).content.decode()
    assert "不成立：內容被動過" in page and "payload/texts/" in page


def test_rubbish_and_nothing_are_told_apart():
    assert "打不開，無法查驗" in checked(b"PK rubbish" * 40).content.decode()
    assert Client().post(reverse("portal:bundle"), {"pin": "x"}).status_code == 422


def test_a_page_in_another_language_answers_in_it(world, good):
    page = Client(HTTP_ACCEPT_LANGUAGE="en").post(
        reverse("portal:bundle"), {"bundle": SimpleUploadedFile("b.zip", good), "pin": world.pin}
    )
    assert "VALID" in page.content.decode()


def test_what_is_too_large_for_the_page_is_told_how_to_do_it(monkeypatch):
    monkeypatch.setattr(rules, "BUNDLE_LIMIT", 1000)
    answer = checked(b"x" * 1001)
    assert answer.status_code == 413 and "在您自己的電腦上查" in answer.content.decode()


def test_whoever_asks_and_asks_has_to_wait():
    codes = [checked(b"no").status_code for _ in range(rules.CHECK_PACE.free + 2)]
    assert codes[0] == 200 and codes[-1] == 429


def test_a_bundle_that_talks_too_much_does_not_fill_the_page(world):
    """Whoever makes a bundle with a key of their own says what they like about what is left out."""
    parts = world.parts(STREAMS)
    lines = [{"what": f"{number}", "why": "沒有"} for number in range(40_000)]
    parts["bundle.json"] = changed_json(parts["bundle.json"], lambda about: about.update(left_out=lines))
    answer = checked(pack(parts))
    assert answer.status_code == 200 and len(answer.content) < 100_000 and "沒有（" not in answer.content.decode()


def test_one_at_a_time(good):
    """Eight at once would be eight times the memory that one may take."""
    with checking._ONE:
        answer = checked(good)
        assert answer.status_code == 429 and "秒再試" in answer.content.decode()
    assert checked(good).status_code == 200


def test_the_proof_page_leads_here():
    assert reverse("portal:bundle") in Client().get(reverse("portal:proof")).content.decode()
