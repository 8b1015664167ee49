"""Pictures, decoded to the last pixel to learn whether they are what they say. Run by `files.limited` only."""
from __future__ import annotations

import io
import warnings
from typing import Any

FORMATS = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/gif": ("GIF",),
    "image/webp": ("WEBP",),
    "image/heic": ("HEIF",),
    "image/heif": ("HEIF",),
    "image/tiff": ("TIFF",),
}
MOST_FRAMES = 200


def look(data: bytes, content_type: str, most_pixels: int) -> dict[str, Any]:
    """{"decoded": "ok", "width", "height", "frames"}, or {"decoded": "pixels"} without one pixel having been made."""
    from PIL import Image

    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # ours is asked first, and says no instead of warning
    if "HEIF" in FORMATS[content_type]:
        from pillow_heif import register_heif_opener

        register_heif_opener()
    with Image.open(io.BytesIO(data), formats=FORMATS[content_type]) as picture:
        width, height = picture.size
        if width * height > most_pixels:
            return {"decoded": "pixels", "width": width, "height": height}
        frames = getattr(picture, "n_frames", 1)
        for frame in range(min(frames, MOST_FRAMES)):
            picture.seek(frame)
            picture.load()
    return {"decoded": "ok", "width": width, "height": height, "frames": frames}
