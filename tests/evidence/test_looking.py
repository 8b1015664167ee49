"""Previews: upright, small, bare, made once, and none of what cannot be decoded."""
from __future__ import annotations

import io
import subprocess

import pytest
from PIL import Image

from suyuan.evidence.jobs import look, look_again
from suyuan.evidence.looking import look_into
from suyuan.evidence.models import Item, Picture
from suyuan.evidence.selectors.pictures import previews_of, thumbnails_of
from suyuan.evidence.services.items import ItemGiven, item_add
from suyuan.platform import clock
from suyuan.platform.files import STAFF_TYPES, file_chunks, file_receive, file_store, may_be_shown
from suyuan.platform.files.limited import Limited, run_limited
from suyuan.platform.jobs import run_due
from suyuan.platform.models import FactRow, Job, StoredFile
from tests.cases.cast import NOON
from tests.evidence import pictures as made

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-09"), pytest.mark.sqlite]
STREAM = "thing:0b6d2f6a-7f0e-4c6a-9a53-7d1f9b1f7a01"


@pytest.fixture
def add(cast):
    def added(data: bytes, name: str) -> Item:
        received = file_receive(source=[data], name=name, max_bytes=50_000_000, accept=STAFF_TYPES)
        stored = file_store(received=received, branch_id=cast.tn.pk, actor=cast.manager.actor, now=NOON)
        given = ItemGiven(stored=stored, source="desk")
        return item_add(given=given, stream=STREAM, branch_id=cast.tn.pk, actor=cast.manager.actor, now=NOON)

    return added


def seen(item: Item) -> Picture:
    look({"item": str(item.uid)}, NOON)
    return Picture.objects.get(item=item)


def opened(stored: StoredFile) -> Image.Image:
    return Image.open(io.BytesIO(b"".join(file_chunks(stored))))


def test_a_camera_that_lay_on_its_side_is_turned_and_believed_only_as_far_as_it_goes(add, cast):
    data = made.encoded(made.drawn((2400, 1800)), "JPEG", exif=made.exif("秘密秘密", turn=6), icc_profile=made.profile())
    item = add(data, "IMG_1.JPG")
    picture = seen(item)
    assert (picture.decoded, picture.width, picture.height) == ("ok", 1800, 2400)
    assert picture.taken_at.astimezone(cast.tn.tz).isoformat() == "2026-03-01T10:20:30+08:00"
    assert picture.taken_zone_stated is False

    (preview,), small = previews_of(item), thumbnails_of([item])[item.pk]
    shown = opened(preview.stored)
    assert shown.size == (1200, 1600) and opened(small.stored).size == (240, 320)
    red, green, blue = shown.getpixel((1190, 10))[:3]
    assert red > 200 and green < 60 and blue < 60, "the corner that was left and up is right and up now"
    assert not shown.getexif() and "icc_profile" not in shown.info
    assert (preview.number, preview.derivation, preview.parent_id) == (None, "preview", item.pk)
    assert b"".join(file_chunks(item.stored)) == data


@pytest.mark.parametrize(
    ("name", "how", "mode"),
    [("PNG", {}, "RGBA"), ("WEBP", {}, "RGB"), ("TIFF", {}, "CMYK"), ("HEIF", {}, "RGB"), ("GIF", {}, "P")],
)
def test_every_kind_of_picture_has_one(add, name, how, mode):
    item = add(made.encoded(made.drawn((400, 300), mode), name, **how), f"a.{name.lower()}")
    assert seen(item).decoded == "ok"
    shown = opened(previews_of(item)[0].stored)
    assert (shown.format, shown.size) == ("JPEG", (400, 300))
    red, green, blue = shown.getpixel((10, 10))[:3]
    assert red > 190 and green < 80 and blue < 80


def test_of_a_paper_the_first_pages(add):
    item = add(made.paper(5), "同意書.pdf")
    assert seen(item).pages == 5
    assert len(previews_of(item)) == 3


def test_a_second_look_changes_nothing(add):
    item = add(made.A_FILE["png"], "a.png")
    seen(item)
    before = Item.objects.count(), FactRow.objects.count()
    seen(item)
    assert (Item.objects.count(), FactRow.objects.count()) == before
    assert FactRow.objects.get(type="item.previewed").value("decoded") == "ok"


@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_what_is_cut_off_has_none_and_says_so(add, cut):
    whole = made.encoded(made.drawn((900, 700)), "PNG", compress_level=0)
    item = add(whole[: int(len(whole) * cut)], "a.png")
    assert seen(item).decoded == "no:raised"
    assert previews_of(item) == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (made.encoded(made.drawn((64, 48)), "JPEG")[:600], "raised"),
        (made.encoded(made.drawn((64, 48)), "PNG")[:40] + bytes(500), "raised"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 50, "raised"),  # only its beginning is a photograph
    ],
)
def test_what_does_not_decode_is_kept_and_never_shown(add, body, why):
    item = add(body, "a.jpg")
    picture = seen(item)
    item.stored.refresh_from_db()
    assert (picture.decoded, item.stored.decoded) == (f"no:{why}", f"no:{why}") and not may_be_shown(item.stored)
    assert b"".join(file_chunks(item.stored)) == body


def test_a_picture_is_decoded_once(add, monkeypatch):
    """Every process that opens it costs as much as the first."""
    begun = []
    start = subprocess.Popen

    def counted(command, **how):
        begun.append(command)
        return start(command, **how)

    monkeypatch.setattr(subprocess, "Popen", counted)
    item = add(made.A_FILE["png"], "a.png")
    run_due(clock.now(), slots=False)
    run_due(clock.now(), slots=False)
    item.stored.refresh_from_db()
    assert len(begun) == 1 and may_be_shown(item.stored) and Picture.objects.get(item=item).decoded == "ok"


def test_a_flood_of_pixels_is_not_let_loose(add):
    item = add(made.encoded(Image.new("1", (16_000, 9_000)), "PNG"), "a.png")
    picture = seen(item)
    assert (picture.decoded, picture.width) == ("no:pixels", 16_000)


def test_limits_hold_for_the_painters_themselves():
    data = made.encoded(Image.new("RGB", (5000, 5000)), "PNG")
    with pytest.raises(Limited) as ended:
        run_limited(
            "suyuan.evidence.confined.pictures:strip", data, args={"content_type": "image/png"}, memory_bytes=128 << 20
        )
    assert ended.value.why in ("memory", "raised", "crashed")


def test_what_was_there_before_is_looked_into_by_night(add):
    item = add(made.A_FILE["png"], "a.png")
    Job.objects.all().delete()
    look_again({}, NOON)
    assert [job.args for job in Job.objects.filter(name="evidence.look")] == [{"item": str(item.uid)}]
    seen(item)
    Job.objects.all().delete()
    look_again({}, NOON)
    assert not Job.objects.filter(name="evidence.look").exists()


def test_a_camera_that_says_nonsense_is_not_believed(add):
    tags = made.exif()
    tags.get_ifd(0x8769)[made.ORIGINAL] = "2026:02:30 25:61:00"
    item = add(made.encoded(made.drawn((64, 48)), "JPEG", exif=tags), "a.jpg")
    assert seen(item).taken_at is None


def test_text_has_no_picture(add):
    item = add("她說左眼一直沒有消。".encode(), "a.txt")
    look({"item": str(item.uid)}, NOON)
    assert not Picture.objects.exists()
    assert look_into(add(made.A_FILE["pdf"], "b.pdf").stored).decoded == "ok"
