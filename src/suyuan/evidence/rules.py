"""What evidence may be: where it comes from, what is done with it, what is made of it."""
from __future__ import annotations

SOURCES = frozenset({"portal", "desk", "email", "import", "request", "derived"})

# What may happen to an item in somebody's hands. The first is written when it comes in.
CUSTODY = frozenset(
    {"received", "handed_over", "sealed", "unsealed", "copied", "sent_for_test", "returned", "shown", "destroyed"}
)

# Acts after which the item lies with somebody else.
PASSES_ON = frozenset({"handed_over", "sent_for_test", "returned"})

DERIVATIONS = frozenset({"preview", "thumbnail", "stripped", "redacted"})

# Copies that people ask for; previews and thumbnails are made by themselves.
SHOWN_INSTEAD = frozenset({"preview", "thumbnail"})
GIVEN_INSTEAD = frozenset({"stripped", "redacted"})

# Why somebody takes a copy out. Written down before they have it.
PURPOSES = ("review", "person", "authority", "counsel", "insurer", "other")

PICTURES = frozenset(
    {"image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/heif", "image/tiff"}
)
PDF = "application/pdf"
SHOWN = PICTURES | {PDF}

# Sound and film that browsers play in their own decoders, under a type that we name and they may not guess.
PLAYED = frozenset(
    {"video/mp4", "video/quicktime", "video/webm", "audio/mpeg", "audio/mp4", "audio/wav", "audio/ogg"}
)

MOST_AREAS = 60
PER_MILLE = 1000


def told_in(stream: str, compartment: str) -> str:
    """The stream that tells of an item: its own, or that of the compartment it lies in."""
    return f"{compartment}:{stream.partition(':')[2]}" if compartment else stream


def area_fits(area: object) -> bool:
    """[left, top, width, height] in thousandths, inside the picture and larger than nothing."""
    if not isinstance(area, (list, tuple)) or len(area) != 4 or not all(type(n) is int for n in area):
        return False
    left, top, width, height = area
    return left >= 0 and top >= 0 and width > 0 and height > 0 and left + width <= PER_MILLE and top + height <= PER_MILLE
