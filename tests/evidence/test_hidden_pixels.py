"""What a picture holds and nobody sees does not go along with a copy for sharing."""
from __future__ import annotations

import io

import pytest
from PIL import Image, TiffImagePlugin

from suyuan.evidence.confined.pictures import strip

FACE = (201, 17, 93)
pytestmark = pytest.mark.requirement("D-10")


def written(picture: Image.Image, name: str, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, name, **options)
    return out.getvalue()


@pytest.mark.parametrize(("name", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})])
def test_colours_under_full_transparency_are_gone(name, options):
    picture = Image.new("RGBA", (40, 40), (250, 250, 250, 255))
    picture.paste((*FACE, 0), (10, 10, 20, 20))
    given = written(picture, name, **options)
    assert Image.open(io.BytesIO(given)).getpixel((15, 15)) == (*FACE, 0)
    _told, made = strip(given, f"image/{name.lower()}")
    seen = Image.open(io.BytesIO(made)).convert("RGBA")
    assert seen.getpixel((15, 15))[3] == 0 and FACE not in {pixel[:3] for pixel in seen.getdata()}
    assert seen.getpixel((2, 2))[3] == 255


def test_the_small_picture_inside_a_tiff_is_left_behind():
    small = TiffImagePlugin.ImageFileDirectory_v2()
    small[0x00FE] = 1
    thumbnail = Image.new("RGB", (10, 10), FACE)
    thumbnail.encoderinfo = {"tiffinfo": small}
    given = written(Image.new("RGB", (40, 40), "white"), "TIFF", save_all=True, append_images=[thumbnail])
    with Image.open(io.BytesIO(given)) as opened:
        opened.seek(1)
        assert opened.tag_v2.get(0x00FE) == 1
    _told, made = strip(given, "image/tiff")
    assert Image.open(io.BytesIO(made)).n_frames == 1
