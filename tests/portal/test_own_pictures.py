"""The follow-up page shows small pictures of what the person gave: theirs, nobody else's, and each time on record."""
from __future__ import annotations

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from suyuan.cases.models import Case, Party
from suyuan.evidence.models import Item
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.kernel.actor import Actor
from suyuan.people.models import Person
from suyuan.platform import access, files
from suyuan.platform.jobs import run_due
from suyuan.platform.models import AccessRow, StoredFile
from tests.evidence import pictures
from tests.portal.conftest import NOW, keys_of, opened, sent

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-04"), pytest.mark.sqlite]
FOLLOW = "/p/streamside/follow/"
PHOTO = pictures.encoded(pictures.drawn((1200, 900)), "JPEG", exif=pictures.exif("秘密"))


@pytest.fixture
def case(phone, clinic):
    reference, secret = keys_of(sent(phone, files=[SimpleUploadedFile("左眼.jpg", PHOTO)]))
    run_due(NOW, slots=False)
    assert opened(phone, reference, secret).status_code == 303
    return Case.objects.get(reference=reference)


def small(page) -> list[str]:
    return re.findall(r'<img src="([^"]*/follow/shown/[^"]*)"', page.content.decode())


def large(page) -> list[str]:
    return re.findall(r'<a href="([^"]*/follow/shown/[^"]*)"', page.content.decode())


def lines() -> list[tuple[str, list[str]]]:
    access.flush()
    return list(AccessRow.objects.order_by("id").values_list("what", "shown"))


def test_the_page_shows_what_they_gave_and_one_line_says_so(phone, case):
    before = len(lines())
    page = phone.get(FOLLOW)
    (src,) = small(page)
    picture = phone.get(src.replace("&amp;", "&"))
    assert picture.status_code == 200 and picture["Content-Type"] == "image/jpeg"
    assert "sandbox" in picture["Content-Security-Policy"] and "no-store" in picture["Cache-Control"]
    painted = Image.open(io.BytesIO(b"".join(picture.streaming_content)))
    assert max(painted.size) <= 320 and not painted.getexif(), "painted here, with nothing of the camera's"

    item = Item.objects.get(stream=case.stream, parent=None)
    assert lines()[before:] == [("portal.case", [case.reference, f"item:{item.uid}"])]


def test_the_large_one_leaves_a_line_of_its_own(phone, case):
    page = phone.get(FOLLOW)
    before = len(lines())
    (href,) = large(page)
    assert max(Image.open(io.BytesIO(b"".join(phone.get(href).streaming_content))).size) == 1200
    item = Item.objects.get(stream=case.stream, parent=None)
    assert lines()[before:] == [("portal.item_shown", [f"item:{item.uid}"])]


def test_a_small_one_asked_for_by_itself_or_late_leaves_its_line(phone, case, at):
    (src,) = small(phone.get(FOLLOW))
    before = len(lines())
    assert phone.get(src.partition("?")[0]).status_code == 200
    assert phone.get(src.partition("=")[0] + "=x:y").status_code == 200
    at(minutes=11)
    assert phone.get(src).status_code == 200
    assert [what for what, _shown in lines()[before:]] == ["portal.item_shown"] * 3


def test_nobody_else_gets_it_by_its_address(phone, case, clinic):
    (src,) = small(phone.get(FOLLOW))
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.get(src).status_code == 302, "to the door"
    other = Client(enforce_csrf_checks=True)
    reference, secret = keys_of(sent(other))
    opened(other, reference, secret)
    before = len(lines())
    assert other.get(src).status_code == 404
    assert [what for what, _shown in lines()[before:]] == [access.REFUSED]


def test_only_their_own(phone, case, clinic):
    """What staff put in, what another person of the same case gave, what a scanner objected to."""
    manager = Actor("user", str(clinic.case_manager.uid), clinic.case_manager.pk)
    person = Person.objects.create(branch=case.branch, created_at=NOW)
    other = Party.objects.create(case=case, person=person, roles=["representative"], added_at=NOW)
    for source, actor in (("desk", manager), ("portal", Actor("party", str(other.uid)))):
        received = files.file_receive(source=[PHOTO], name="x.jpg", max_bytes=9_000_000, accept=files.STAFF_TYPES)
        stored = files.file_store(received=received, branch_id=case.branch_id, actor=actor, now=NOW)
        item_add(given=ItemGiven(stored, source), stream=case.stream, branch_id=case.branch_id, actor=actor, now=NOW)
    run_due(NOW, slots=False)
    page = phone.get(FOLLOW)
    assert len(small(page)) == 1
    mine = Item.objects.get(stream=case.stream, parent=None, number=1)
    for copy in Item.objects.filter(stream=case.stream, derivation__in=("thumbnail", "preview")).exclude(parent=mine):
        assert phone.get(f"{FOLLOW}shown/{copy.uid}/").status_code == 404
    assert phone.get(f"{FOLLOW}shown/{mine.uid}/").status_code == 404, "the original itself is not given out here"

    StoredFile.objects.filter(pk=mine.stored_id).update(scan="found:Eicar")
    assert small(phone.get(FOLLOW)) == [] and phone.get(small(page)[0]).status_code == 404


def test_what_has_no_picture_keeps_its_name(phone, clinic):
    reference, secret = keys_of(sent(phone, files=[SimpleUploadedFile("說明.pdf", b"%PDF-1.4\nnot really")]))
    run_due(NOW, slots=False)
    opened(phone, reference, secret)
    page = phone.get(FOLLOW)
    assert small(page) == [] and "說明.pdf" in page.content.decode()
