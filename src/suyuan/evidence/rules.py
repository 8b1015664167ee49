"""What evidence may be: where it comes from, what is done with it, what is made of it."""
from __future__ import annotations

from datetime import datetime

SOURCES = frozenset({"portal", "desk", "email", "line", "import", "request", "derived"})

# What may happen to an item in somebody's hands. The first is written when it comes in.
CUSTODY = frozenset(
    {"received", "handed_over", "sealed", "unsealed", "copied", "sent_for_test", "returned", "shown", "destroyed"}
)

# Acts after which the item lies with somebody else.
PASSES_ON = frozenset({"handed_over", "sent_for_test", "returned"})

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

PER_MILLE = 1000


def told_in(stream: str, compartment: str) -> str:
    """The stream that tells of an item: its own, or that of the compartment it lies in."""
    return f"{compartment}:{stream.partition(':')[2]}" if compartment else stream


# Where the very existence of something is protected, a gap between 3 and 5 would tell of it: what comes in there is counted
# in a row of its own, far beyond what any other reaches.
SERIES = {"mediation": 8_000, "counsel": 9_000}


def series_of(compartment: str) -> tuple[int, int]:
    """After which number the row of a compartment begins, and the last it may reach."""
    begin = SERIES.get(compartment, 0)
    return begin, begin + 999 if begin else min(SERIES.values())


def area_fits(area: object) -> bool:
    """[left, top, width, height] in thousandths, inside the picture and larger than nothing."""
    if not isinstance(area, (list, tuple)) or len(area) != 4 or not all(type(n) is int for n in area):
        return False
    left, top, width, height = area
    return left >= 0 and top >= 0 and width > 0 and height > 0 and left + width <= PER_MILLE and top + height <= PER_MILLE


# Acts that would take a sealed thing out of its seal.
BREAKS_SEAL = frozenset({"handed_over", "sent_for_test", "returned", "destroyed"})

SIGNED_ON = ("paper", "screen")
GROUNDS = ("both_sides", "settled", "authority", "alone")
STANDINGS = ("patient", "agent", "legal_representative", "heir")
MEDIA = ("paper", "disc", "usb", "portal")
RECEIPTS = ("signed", "stamped", "witnessed")
CONSENTS = ("included", "none_exist")

_WEIGHTS = (3, 7, 1, 3, 7)


def number_for(letter: str, branch_code: str, year: int, digits: str) -> str:
    """A number people can say and nobody can count from: S-TN26-483-172, five random digits and a check digit."""
    if len(digits) != 5 or not digits.isdigit():
        raise ValueError("five digits")
    head = sum((ord(c) - 55) * w for c, w in zip(letter + branch_code.upper(), (1, 3, 7, 1, 3), strict=False)) + year * 7
    whole = digits + str((head + sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=True))) % 10)
    return f"{letter}-{branch_code.upper()}{year % 100:02d}-{whole[:3]}-{whole[3:]}"


def sealing_problem(*, for_clinic: str, for_patient: str, witness: str, absence: str) -> dict[str, str]:
    """Both sides are there; where the patient does not come, a witness is, and why is written down. Field → what is wrong."""
    problems = {} if for_clinic.strip() else {"for_clinic": "empty"}
    if for_patient.strip():
        return problems
    problems |= {} if witness.strip() else {"witness": "witness_needed"}
    return problems | ({} if absence.strip() else {"absence": "absence_needed"})


def opening_problem(
    ground: str, *, for_patient: str, witness: str, alone_from: datetime | None, now: datetime
) -> dict[str, str]:
    """A seal opens as it closed; alone only once the law lets the clinic. `alone_from`: from when; None: never."""
    if ground == "both_sides" and not for_patient.strip():
        return {"for_patient": "empty"}
    if ground == "alone" and (alone_from is None or now < alone_from):
        return {"ground": "too_early"}
    if ground != "both_sides" and not (for_patient.strip() or witness.strip()):
        return {"witness": "witness_needed"}
    return {}
