"""A page and what it fetches by itself are one line of the access log, which names what was shown."""
from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from suyuan.evidence.jobs import look
from suyuan.evidence.models import Item
from suyuan.platform import access, clock
from suyuan.platform.models import AccessRow
from tests.cases.cast import HOUR, NOON
from tests.evidence import pictures as made

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-09"), pytest.mark.requirement("E-02")]
PHOTO = made.encoded(made.drawn((400, 300)), "JPEG")


def url(name, case, *more):
    return reverse(f"desk:{name}", args=[case.reference, *more])


@pytest.fixture
def case(browser, make_case):
    case = make_case("acknowledged")
    for name in ("左.jpg", "右.jpg"):
        browser("manager").post(url("files", case), {"file": SimpleUploadedFile(name, PHOTO)})
        look({"item": str(Item.objects.filter(stream=case.stream, parent=None).latest("pk").uid)}, NOON)
    return case


@pytest.fixture
def lines():
    """What was written since this was last asked."""
    at = 0

    def since():
        nonlocal at
        access.flush()
        rows = list(AccessRow.objects.filter(pk__gt=at).order_by("pk"))
        at = rows[-1].pk if rows else at
        return [(row.what, row.shown) for row in rows]

    return since


def pictures(page) -> list[str]:
    return [src.replace("&amp;", "&") for src in re.findall(r'src="([^"]+/shown/[^"]*)"', page.content.decode())]


def test_a_list_names_the_items_whose_pictures_it_shows(browser, case, lines):
    client = browser("manager")
    lines()
    page = client.get(url("files", case))
    assert len(pictures(page)) == 2
    assert [client.get(src).status_code for src in pictures(page)] == [200, 200]
    uids = [f"item:{uid}" for uid in Item.objects.filter(stream=case.stream, parent=None).order_by("number").values_list("uid", flat=True)]
    assert lines() == [("case.files", uids)]


def test_the_page_of_one_item_is_one_line_with_its_preview(browser, case, lines):
    client, item = browser("manager"), Item.objects.filter(stream=case.stream, parent=None).first()
    lines()
    page = client.get(url("file", case, item.uid))
    assert [client.get(src).status_code for src in pictures(page)] == [200]
    assert lines() == [("case.item", [f"item:{item.uid}"])]


def test_by_itself_by_another_person_for_another_picture_or_late_it_leaves_its_own(browser, case, lines):
    client = browser("manager")
    one, two = pictures(client.get(url("files", case)))
    bare, _, ticket = one.partition("?")
    other = two.partition("?")[0]
    lines()
    asked = [(client, bare), (client, f"{other}?{ticket}"), (browser("head"), one), (client, f"{bare}?page=a:b"), (client, f"{bare}?page=")]
    for who, address in asked:
        assert who.get(address).status_code == 200
    with clock.frozen(NOON + HOUR):
        client = browser("manager")
        assert client.get(one).status_code == 200
    said = lines()
    assert [what for what, _shown in said] == ["case.item_shown"] * 6
    numbers = {f"item:{item.uid}": item.number for item in Item.objects.filter(stream=case.stream, parent=None)}
    assert [numbers[shown[0]] for _what, shown in said] == [1, 2, 1, 1, 1, 1], "the original, whichever copy was shown"


def test_a_ticket_opens_nothing(browser, case):
    one, _two = pictures(browser("manager").get(url("files", case)))
    assert browser("stranger").get(one).status_code == 404


def test_what_lies_apart_is_named_by_item_and_compartment_before_it_is_shown(browser, case, cast, lines):
    Item.objects.filter(stream=case.stream).update(compartment="counsel")
    client = browser("head")
    lines()
    page = client.get(url("files", case))
    uids = [f"item:{uid}" for uid in Item.objects.filter(stream=case.stream, parent=None).order_by("number").values_list("uid", flat=True)]
    assert list(AccessRow.objects.order_by("-pk").values_list("shown", flat=True)[:1]) == [["compartment:counsel", *uids]], "on disk"
    for src in pictures(page):
        assert client.get(src).status_code == 200
    assert len(lines()) == 1
