"""What a wording pack says: texts ready to send, safe skeletons, the principles of a reply, and what to do instead.

A pack may hold some sections only. What a branch goes by is the pack for any place with that of its own place laid
beside it: an entry of the same id there goes before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from suyuan.playbooks import guarding
from suyuan.playbooks.guarding import Guarding, ReplyTo, Surface
from suyuan.playbooks.readers import Code, Jurisdictions, PackInfo
from suyuan.playbooks.texts import STRICT, Texts

# What a template may leave open. Nothing else in braces is ever read, and none of these is ever run.
PLACES = frozenset(
    {
        "name",
        "reference",
        "handler",
        "role",
        "by_when",
        "next_step",
        "clinic",
        "phone",
        "hours",
        "address",
        "form_url",
        "emergency",
        "authority_channels",
        "amount",
        "reason",
        "findings",
        "remedies",
        "date",
        "place",
        "participants",
        "points",
        "deadline",
        "link",
        "question",
        "documents",
    }
)


@dataclass(frozen=True)
class Template:
    """A text for one situation; staff may change every word before it goes.

    reply_to  the kinds of incoming words it answers; empty: none in particular
    levels    levels of a case; channels: ways to send; what is left empty fits always
    when      one sentence for staff: when to use it
    asks      who has to agree to whatever is made of it: legal
    """

    __pydantic_config__ = STRICT

    id: Code
    situation: Code
    surface: Surface
    when: Texts
    title: Texts
    body: Texts
    reply_to: tuple[ReplyTo | Literal[""], ...] = ()
    levels: tuple[int, ...] = ()
    channels: tuple[Code, ...] = ()
    jurisdictions: Jurisdictions = ("tw", "cn")
    basis: tuple[Code, ...] = ()
    asks: Literal["", "legal"] = ""


@dataclass(frozen=True)
class Skeleton:
    """A whole safe text for a surface, to begin again from when a draft was held."""

    __pydantic_config__ = STRICT

    id: Code
    surface: Surface
    title: Texts
    body: Texts
    reply_to: tuple[ReplyTo | Literal[""], ...] = ()
    jurisdictions: Jurisdictions = ("tw", "cn")
    basis: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Principle:
    """One of the principles of a reply. It ticks itself while none of its `kinds` is found in the draft."""

    __pydantic_config__ = STRICT

    id: Code
    title: Texts
    text: Texts
    example: Texts
    kinds: Annotated[tuple[Code, ...], Field(min_length=1)]
    surfaces: tuple[Surface, ...] = ("public_reply",)
    reply_to: tuple[ReplyTo | Literal[""], ...] = ()
    basis: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Alternative:
    """Something people are told to do that we do not, why, and what to do instead. `rows`: requirements it serves."""

    __pydantic_config__ = STRICT

    id: Code
    group: Literal["talk", "money", "care", "record", "reviews", "public"]
    tactic: Texts
    why: Texts
    instead: Texts
    jurisdictions: Jurisdictions = ("tw", "cn")
    basis: tuple[Code, ...] = ()
    rows: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Platform:
    """Where people read in public: a clinic keeps its official accounts by these."""

    __pydantic_config__ = STRICT

    id: Code
    name: Texts
    jurisdictions: Jurisdictions = ("tw", "cn")


@dataclass(frozen=True)
class Wording:
    """A wording pack, or `base` with that of a place laid over it: what is sent, and what the guard looks for."""

    info: PackInfo
    templates: tuple[Template, ...] = ()
    skeletons: tuple[Skeleton, ...] = ()
    principles: tuple[Principle, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    platforms: tuple[Platform, ...] = ()
    kinds: tuple[guarding.Kind, ...] = ()
    words: tuple[guarding.WordList, ...] = ()
    shapes: tuple[guarding.ShapeOf, ...] = ()
    substitutes: tuple[guarding.Substitute, ...] = ()
    rules: tuple[guarding.GuardRule, ...] = ()
    asks: tuple[guarding.Asks, ...] = ()

    @property
    def asking(self) -> Guarding:
        """By which words a text is known to need somebody's yes."""
        return guarding.asking(self.guarding, self.asks)

    @property
    def guarding(self) -> Guarding:
        """What the guard reads of it."""
        return Guarding(self.kinds, self.words, self.shapes, self.substitutes, self.rules)

    def template(self, code: str) -> Template:
        found = next((row for row in self.templates if row.id == code), None)
        if found is None:
            raise LookupError(f"the pack has no template called {code!r}")
        return found


def joined(general: Wording, local: Wording) -> Wording:
    """The pack for any place and that of one place, as one."""
    sections = (each.name for each in fields(Wording) if each.name != "info")
    both = {name: _beside(getattr(general, name), getattr(local, name)) for name in sections}
    return replace(local, **both)


def only(wording: Wording, jurisdiction: str) -> Wording:
    """Without the entries that are for other places."""
    sections = (each.name for each in fields(Wording) if each.name != "info")
    return replace(wording, **{name: _here(getattr(wording, name), jurisdiction) for name in sections})


def _beside(general: tuple[Any, ...], local: tuple[Any, ...]) -> tuple[Any, ...]:
    ours = {row.id: row for row in local}
    kept = [ours.pop(row.id, row) for row in general]
    return (*kept, *ours.values())


def _here(rows: Iterable[Any], jurisdiction: str) -> tuple[Any, ...]:
    """A row that names no place is for all of them."""
    return tuple(row for row in rows if jurisdiction in (getattr(row, "jurisdictions", ()) or (jurisdiction,)))
