"""Pictures: a smaller one to look at, one without anything but its pixels, one with areas blacked out.

Every picture that leaves here was painted anew from pixels: no tag, profile, second picture or comment of the original
is carried along, because nothing is carried along. Run by `platform.files.limited` only.
"""
from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence

from PIL import Image, ImageCms, ImageDraw, ImageOps

JPEG, PNG, GIF, WEBP, TIFF = "image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff"
FORMATS = {
    JPEG: ("JPEG", "MPO"),
    PNG: ("PNG",),
    GIF: ("GIF",),
    WEBP: ("WEBP",),
    TIFF: ("TIFF",),
    "image/heic": ("HEIF",),
    "image/heif": ("HEIF",),
}
PREVIEW, THUMBNAIL = 1600, 320
# A JPEG is decoded at an eighth of its size when that is enough; every other format is decoded whole.
MOST_PIXELS, MOST_PIXELS_JPEG = 60_000_000, 220_000_000
MOST_FRAMES = 100
PER_MILLE = 1000
TURN = 0x0112  # the tag that says which way is up
SUBFILE = 0x00FE  # what a page of a TIFF is to the others
_TAKEN = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"[+-]\d\d:\d\d")


def derive(data: bytes, content_type: str) -> tuple:
    """({"decoded", "width", "height", "taken", "offset"}, preview, thumbnail); decoded "pixels" comes without pictures."""
    with _opened(data, content_type) as picture:
        most = MOST_PIXELS_JPEG if content_type == JPEG else MOST_PIXELS
        if picture.width * picture.height > most:
            # Before anything else is asked of it: to read its tags, a PNG is decoded whole.
            return ({"decoded": "pixels", "width": picture.width, "height": picture.height},)
        told = {"decoded": "ok", **_size(picture), **_taken(picture)}
        if content_type == JPEG:
            picture.draft("RGB", (PREVIEW, PREVIEW))
        preview = flat(_painted(_shrunk(picture)))
    small = preview.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return told, saved(preview, JPEG, 85), saved(small, JPEG, 80)


def strip(data: bytes, content_type: str) -> tuple:
    """({"made", "content_type"}, bytes): the same pixels and nothing else. HEIC becomes JPEG, which everybody can open."""
    frames = [_seen_only(_painted(frame)) for frame in _frames(data, content_type)]
    becomes = content_type if content_type in (JPEG, PNG, GIF, WEBP, TIFF) else JPEG
    if becomes == JPEG:
        return {"made": "ok", "content_type": JPEG}, saved(flat(frames[0]), JPEG, 92)
    return {"made": "ok", "content_type": becomes}, saved(frames[0], becomes, 92, frames[1:])


def redact(data: bytes, content_type: str, areas: Sequence[Sequence[int]]) -> tuple:
    """({"made", "content_type"}, bytes): areas [left, top, width, height] in thousandths of the picture are black."""
    first = next(_frames(data, content_type, most=1))
    painted = blacked_out(flat(_painted(first)), areas)
    becomes = PNG if content_type in (PNG, GIF) else JPEG
    return {"made": "ok", "content_type": becomes}, saved(painted, becomes, 90)


def blacked_out(picture: Image.Image, areas: Sequence[Sequence[int]]) -> Image.Image:
    """Rounded outwards: a pixel that is touched is black."""
    pen = ImageDraw.Draw(picture)
    for left, top, width, height in areas:
        x, y = left * picture.width // PER_MILLE, top * picture.height // PER_MILLE
        right = min(picture.width, math.ceil((left + width) * picture.width / PER_MILLE))
        low = min(picture.height, math.ceil((top + height) * picture.height / PER_MILLE))
        if right > x and low > y:
            pen.rectangle((x, y, right - 1, low - 1), fill="black")
    return picture


def flat(picture: Image.Image) -> Image.Image:
    """Without transparency, on white."""
    if picture.mode == "RGB":
        return picture
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    return paper


def saved(picture: Image.Image, content_type: str, quality: int, more: Sequence[Image.Image] = ()) -> bytes:
    name = FORMATS[content_type][0]
    options: dict = {"quality": quality} if content_type in (JPEG, WEBP) else {}
    if content_type == JPEG:
        options["subsampling"] = 0 if quality > 90 else 2
    if content_type == TIFF:
        options["compression"] = "tiff_adobe_deflate"
    if more:
        options |= {"save_all": True, "append_images": list(more)}
        options |= {"duration": 100, "loop": 0} if content_type in (GIF, WEBP) else {}
    out = io.BytesIO()
    picture.save(out, name, **options)
    return out.getvalue()


class TooMuch(Exception):
    """More pixels or frames than we decode."""


def _opened(data: bytes, content_type: str) -> Image.Image:
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # ours is asked, and says no instead of warning
    if "HEIF" in FORMATS[content_type]:
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False)
    return Image.open(io.BytesIO(data), formats=FORMATS[content_type])


def _frames(data: bytes, content_type: str, most: int = MOST_FRAMES) -> Iterator[Image.Image]:
    """Whole frames, each decoded to the last pixel."""
    with _opened(data, content_type) as picture:
        count = getattr(picture, "n_frames", 1) if content_type in (GIF, WEBP, TIFF) else 1
        if picture.width * picture.height * min(count, most) > MOST_PIXELS or (count > most > 1):
            raise TooMuch
        for number in range(min(count, most)):
            picture.seek(number)
            if number and content_type == TIFF and picture.tag_v2.get(SUBFILE, 0) & 1:
                continue  # a small picture of another page, perhaps from before something was cut away
            picture.load()
            yield picture.copy()


def _painted(picture: Image.Image) -> Image.Image:
    """The pixels as a person sees them: turned upright, in sRGB, eight bits, RGB or RGBA, and nothing beside them."""
    profile, see_through = picture.info.get("icc_profile"), "transparency" in picture.info
    picture = _upright(picture)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        low, high = picture.getextrema()
        scale = 255.0 / ((high - low) or 1)
        picture = picture.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    if profile and picture.mode in ("RGB", "CMYK", "L", "RGBA"):
        picture = _in_srgb(picture, profile)
    clear = picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or see_through
    wanted = "RGBA" if clear else "RGB"
    bare = picture if picture.mode == wanted else picture.convert(wanted)
    bare.info.clear()  # Pillow writes some of it back: a comment, a profile, XMP
    return bare


def _seen_only(picture: Image.Image) -> Image.Image:
    """What is wholly transparent has a colour all the same: whatever somebody wiped away would still be there."""
    if picture.mode != "RGBA":
        return picture
    clear = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    clear.paste(picture, mask=picture.getchannel("A").point(lambda alpha: 255 if alpha else 0))
    return clear


def _shrunk(picture: Image.Image) -> Image.Image:
    """At most as large as a preview. First by whole steps: scaling smoothly would copy everything once more."""
    picture.load()
    step = max(picture.size) // (2 * PREVIEW)
    if step > 1 and picture.mode not in ("P", "PA", "1"):
        small = picture.reduce(step)
    else:
        small = picture.copy()
    small.info = dict(picture.info)
    tags = picture.getexif()
    small.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS)
    small.getexif().update({TURN: tags[TURN]} if TURN in tags else {})
    return small


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as its tag says. Tags that cannot be read do not turn it."""
    try:
        turn = picture.getexif().get(TURN)
        return ImageOps.exif_transpose(picture) if turn in range(2, 9) else picture
    except Exception:
        return picture


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    coloured = picture.convert("RGB") if alpha is not None else picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        done = ImageCms.profileToProfile(coloured, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture  # a broken profile: the plain numbers are the better guess
    if alpha is not None:
        done.putalpha(alpha)
    return done


def _size(picture: Image.Image) -> dict:
    """As it is seen, upright."""
    try:
        turned = picture.getexif().get(TURN) in (5, 6, 7, 8)
    except Exception:
        turned = False
    width, height = picture.size
    return {"width": height, "height": width} if turned else {"width": width, "height": height}


def _taken(picture: Image.Image) -> dict:
    """When the camera says it was taken: its word, and only in the one shape that is lawful."""
    try:
        said = picture.getexif().get_ifd(0x8769)
        found = _TAKEN.fullmatch(str(said.get(0x9003, "")).strip("\0 "))
        offset = str(said.get(0x9011, "")).strip("\0 ")
    except Exception:
        return {"taken": "", "offset": ""}
    if found is None:
        return {"taken": "", "offset": ""}
    year, month, day, hour, minute, second = found.groups()
    stamp = f"{year}-{month}-{day}T{hour}:{minute}:{second}"
    return {"taken": stamp, "offset": offset if _OFFSET.fullmatch(offset) else ""}
