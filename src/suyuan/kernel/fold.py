"""One way to make Chinese and Latin text comparable, and the bigrams that find it.

Folding is NFKC, case and Traditional-to-Simplified, so that 簡 and 简, Ａ and a match. Private-use characters are
stripped: the search index uses them for its own scope tokens, and a query must not be able to name one.

What counts as found: Chinese, kana and hangul as any substring; Latin words and numbers from the beginning of a word.
`searchable` marks those beginnings, so that a plain substring test on the marked text says exactly that.
"""
from __future__ import annotations

import re
import unicodedata
from functools import cache

_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_SPACE = re.compile(r"\s+")
_WIDE = "\u3040-\u30ff\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = f"[^\\W_{_WIDE}]+"
_RUNS = re.compile(f"[{_WIDE}]+|{_WORD}")
_WORDS = re.compile(_WORD)
_IS_WIDE = re.compile(f"[{_WIDE}]")
START = "\x1f"  # marks the beginning of a Latin word in a searchable text
END = "\ue0ff"  # stands after the last character of a run, so that one-character queries find it


@cache
def _t2s():
    import opencc

    return opencc.OpenCC("t2s")


def fold(text: str) -> str:
    """Comparable form of `text`: same words, whatever width, case or script they were typed in."""
    text = unicodedata.normalize("NFKC", text)
    text = _CONTROL.sub("", _PRIVATE.sub("", text))
    text = _t2s().convert(text.casefold())
    return _SPACE.sub(" ", text).strip()


def searchable(text: str) -> str:
    """Folded text with the beginnings of Latin words marked: what is stored, and what queries are tested against."""
    return _WORDS.sub(lambda m: START + m.group(), fold(text))


def grams(marked: str) -> list[str]:
    """Index tokens of a searchable text: overlapping bigrams of wide runs with a tail, whole Latin words."""
    tokens: dict[str, None] = {}
    for run in _RUNS.findall(marked):
        if _IS_WIDE.match(run):
            for left, right in zip(run, run[1:] + END, strict=True):
                tokens[_safe(left) + _safe(right)] = None
        else:
            tokens[_safe(run)] = None
    return list(tokens)


def query_grams(marked: str) -> tuple[list[str], list[str]]:
    """What a searchable query asks of the index: (tokens that must be there, prefixes of which one must be there)."""
    must: dict[str, None] = {}
    prefixes: dict[str, None] = {}
    for match in _RUNS.finditer(marked):
        run = match.group()
        if not _IS_WIDE.match(run):
            (prefixes if match.end() == len(marked) else must)[_safe(run)] = None
        elif len(run) == 1:
            prefixes[_safe(run)] = None
        else:
            for left, right in zip(run, run[1:], strict=False):
                must[_safe(left) + _safe(right)] = None
    return list(must), list(prefixes)


def _safe(text: str) -> str:
    """Characters beyond the basic plane spelled out: index tokenizers disagree about the newer ones."""
    return "".join(c if ord(c) <= 0xFFFF else f"\ue0fe{ord(c):x}" for c in text)
