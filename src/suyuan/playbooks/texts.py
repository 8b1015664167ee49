"""A text in the three languages of the product, and how one of them is picked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from django.utils.translation import get_language
from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", strict=True)

HANT, HANS, EN = "zh-Hant", "zh-Hans", "en"

# What a wording may leave open. Fixed here, so that no text from outside can ever act as a template.
PLACEHOLDERS = frozenset({"name", "reference", "handler", "next_step", "by_when"})

_HOLE = re.compile(r"\{([^{}]*)\}")

_Words = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Texts:
    """In a template, `{{ level.name }}` is already in the reader's language."""

    __pydantic_config__ = STRICT

    hant: Annotated[str, Field(alias=HANT, min_length=1)]
    hans: Annotated[str, Field(alias=HANS, min_length=1)]
    en: _Words

    def __str__(self) -> str:
        return pick(self, get_language() or HANT)

    def items(self) -> tuple[tuple[str, str], ...]:
        return (HANT, self.hant), (HANS, self.hans), (EN, self.en)


def pick(texts: Texts | Mapping[str, str], language: str) -> str:
    """The text in the language asked for: zh-Hant, zh-tw, zh-hans, zh-CN, en-gb… are all understood."""
    wanted = named(language)
    if isinstance(texts, Texts):
        return {HANT: texts.hant, HANS: texts.hans, EN: texts.en}[wanted]
    return texts.get(wanted) or texts.get(HANT) or next(iter(texts.values()), "")


def named(language: str) -> str:
    code = language.lower().replace("_", "-")
    if code.startswith("en"):
        return EN
    if code.startswith(("zh-hans", "zh-cn", "zh-sg")):
        return HANS
    return HANT


def holes(text: str) -> frozenset[str]:
    return frozenset(_HOLE.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values into the known places, once: what a value contains is never read again."""
    return _HOLE.sub(lambda hole: str(values.get(hole[1], "")), text)
