"""Small real files, made here: pictures with everything a camera and an editor leave in them, papers, sound, film."""
from __future__ import annotations

import io
import struct
import wave

import pillow_heif
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

TURN, ORIGINAL, GPS = 0x0112, 0x9003, 0x8825
TAKEN = "2026:03:01 10:20:30"


def drawn(size: tuple[int, int] = (640, 480), mode: str = "RGB") -> Image.Image:
    """A picture in which every corner has another colour, so that one sees how it lies."""
    picture = Image.new("RGB", size, "white")
    pen, (w, h) = ImageDraw.Draw(picture), size
    for colour, x, y in (("red", 0, 0), ("green", w // 2, 0), ("blue", 0, h // 2), ("gold", w // 2, h // 2)):
        pen.rectangle((x, y, x + w // 2 - 1, y + h // 2 - 1), fill=colour)
    return picture.convert(mode)


def encoded(picture: Image.Image, name: str, **how) -> bytes:
    if name == "HEIF":
        pillow_heif.register_heif_opener()
    out = io.BytesIO()
    picture.save(out, name, **how)
    return out.getvalue()


def exif(words: str = "", *, turn: int = 1, thumbnail: bytes = b"") -> Image.Exif:
    """Make, owner, time, place and note of a camera."""
    tags = Image.Exif()
    tags[TURN] = turn
    inner = tags.get_ifd(0x8769)
    inner[ORIGINAL] = TAKEN
    if words:
        tags[0x010F], tags[0x013B], tags[0x010E] = words, words, words
        inner[0x927C], inner[0x9286], inner[0xA430] = words.encode(), b"ASCII\0\0\0" + words.encode(), words
        place = tags.get_ifd(GPS)
        place[1], place[2], place[3], place[4] = "N", (25.0, 2.0, 3.0), "E", (121.0, 30.0, 4.0)
        place[27] = words.encode()
    return tags


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def png_words(words: str) -> PngImagePlugin.PngInfo:
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", words)
    told.add_text("Comment", words, zip=True)
    told.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{words}</x:xmpmeta>", zip=True)
    return told


def sound(seconds: float = 0.1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", 9000 * (i % 16 < 8)) for i in range(int(8000 * seconds))))
    return out.getvalue()


def paper(pages: int = 2) -> bytes:
    sheets = [drawn((300, 420)) for _ in range(pages)]
    return encoded(sheets[0], "PDF", save_all=True, append_images=sheets[1:])


A_FILE = {"png": encoded(drawn((64, 48)), "PNG"), "wav": sound(), "pdf": paper(1)}
