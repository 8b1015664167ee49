"""One way to make Chinese and Latin text comparable, and the tokens that find it.

Folding is NFKC, case, and Traditional-to-Simplified character by character, so that 簡 and 简, Ａ and a match. It looks
at no neighbours: what is part of a text stays part of it when both are folded (乾 would otherwise be lost in 乾坤).
Private-use characters are stripped: the index uses them for its own tokens, and a query must not be able to name one.

What counts as found: a query is cut at its spaces, and every term must occur. Chinese, kana, hangul and signs occur as
any substring; Latin words and numbers from the beginning of a word. `searchable` marks those beginnings, so that a
plain substring test of a marked term in a marked text says exactly that.

The index narrows, never decides: whatever contains a term has all its `Sought` tokens; `occurs` is asked afterwards.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f"  # control
    "\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb"
    "\U000e0000-\U000e0fff"  # tags and variation selectors
    "\ud800-\udfff"  # halves of a pair
    "\ue000-\uf8ff\U000f0000-\U000fffff\U00100000-\U0010ffff"  # private use
    "]"
)
_SPACE = re.compile(r"\s+")
_WIDE = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = f"[^\\W_{_WIDE}]+"
_WORDS = re.compile(_WORD)
_PARTS = re.compile(f"(?P<wide>[{_WIDE}]+)|(?P<word>{_WORD})|(?P<sign>[^\\s])")

START = "\x1f"  # marks the beginning of a Latin word in a searchable text
END = "\ue0ff"  # stands after the last character of a wide run, so that one-character queries find it
_SIGNS = 0xE100  # signs below 128 as index tokens: tokenizers would drop them
TOKEN_CHARS = 60  # of a longer word the index knows the beginning


@cache
def _simplified() -> dict[int, str]:
    import opencc

    ranges = (range(0x3400, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x33480))
    every = [chr(code) for codes in ranges for code in codes]
    converted = opencc.OpenCC("t2s").convert("\n".join(every)).split("\n")
    return {ord(old): new for old, new in zip(every, converted, strict=True) if old != new}


def fold(text: str) -> str:
    """Comparable form of `text`: same words, whatever width, case or script they were typed in."""
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    text = text.casefold().translate(_simplified())
    return _SPACE.sub(" ", text).strip(" ")


def mark(folded: str) -> str:
    """A folded text with the beginnings of its Latin words marked."""
    return _WORDS.sub(lambda m: START + m.group(), folded)


def searchable(text: str) -> str:
    """Folded and marked: what is stored, and what terms are looked for in."""
    return mark(fold(text))


def terms(query: str) -> list[str]:
    """The marked terms of a query, each once; all of them must occur."""
    return list(dict.fromkeys(mark(term) for term in fold(query).split(" ") if term))


def occurs(query: str, text: str) -> bool:
    """The definition of found, by brute force."""
    sought, marked = terms(query), searchable(text)
    return bool(sought) and all(term in marked for term in sought)


def grams(marked: str) -> list[str]:
    """Index tokens of a searchable text: overlapping bigrams of wide runs with a tail, Latin words, single signs."""
    tokens: dict[str, None] = {}
    for part in _PARTS.finditer(marked):
        run = part.group()
        if part.lastgroup == "wide":
            for left, right in zip(run, run[1:] + END, strict=True):
                tokens[left + right] = None
        else:
            tokens[_token(run)] = None
    return list(tokens)


@dataclass(frozen=True)
class Sought:
    """What the index is asked: tokens that must be there, and beginnings of which some token must be there."""

    tokens: tuple[str, ...]
    prefixes: tuple[str, ...]


def sought(marked_terms: Iterable[str]) -> Sought:
    """Tokens and prefixes that every text containing these terms has in the index."""
    tokens: dict[str, None] = {}
    prefixes: dict[str, None] = {}
    for term in marked_terms:
        for part in _PARTS.finditer(term):
            run = part.group()
            if part.lastgroup == "wide":
                if len(run) == 1:
                    prefixes[run] = None
                for left, right in zip(run, run[1:], strict=False):
                    tokens[left + right] = None
            elif part.lastgroup == "word" and part.end() == len(term) and len(run) < TOKEN_CHARS:
                prefixes[run] = None
            else:
                tokens[_token(run)] = None
    return Sought(tuple(tokens), tuple(prefixes))


def _token(run: str) -> str:
    if len(run) == 1 and run.isascii() and not run.isalnum():
        return chr(_SIGNS + ord(run))
    return run[:TOKEN_CHARS]
