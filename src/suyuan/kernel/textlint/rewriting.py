"""A held text with the safer words in place. A sentence that holds a finding goes as a whole: half of it would not read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

REPLACE, DELETE, INSERT = "replace", "delete", "insert"

_SENTENCE = re.compile(r"[^。！？!?\n；;]*(?:[。！？!?；;]+[」』”\"）)]*|\n+|$)")
_GREETING = re.compile(r"^[^。！？!?\n，,]{0,24}(?:您好|你好|好|Dear [^,\n]{1,40}|Hello|Hi)[，,。：:！!]?\s*")
_WORDS = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class Change:
    """What is wrong between start and end, and the words that may stand there instead."""

    start: int
    end: int
    action: str
    safer: str


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole sentences that a span touches, without the space around them."""
    low, high = start, end
    for m in _SENTENCE.finditer(text):
        if m.start() == m.end():
            break
        if m.start() <= start < m.end():
            low = m.start()
        if m.start() < max(end, start + 1) <= m.end():
            high = m.end()
            break
    while low < start and text[low].isspace():
        low += 1
    while high > max(end, low) and text[high - 1].isspace():
        high -= 1
    return low, high


def rewritten(text: str, changes: Iterable[Change]) -> str:
    """All changes made. Safer words that several changes share stand there once; what is missing comes where it belongs."""
    changes = list(changes)
    spans: dict[tuple[int, int], list[Change]] = {}
    for change in changes:
        if change.action != INSERT:
            spans.setdefault(sentence_around(text, change.start, change.end), []).append(change)
    pieces: list[str] = []
    said: set[str] = set()
    at = 0
    for (low, high), inside in sorted(spans.items()):
        if low < at:
            low = at
        pieces.append(text[at:low])
        for change in sorted(inside, key=lambda c: c.start):
            if change.action == REPLACE and change.safer and change.safer not in said:
                said.add(change.safer)
                pieces.append(change.safer)
        at = max(at, high)
    pieces.append(text[at:])
    whole = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", "".join(pieces))).strip()
    if whole and not _WORDS.search(whole):
        whole = ""
    for change in changes:
        if change.action == INSERT and change.safer and change.safer not in said:
            said.add(change.safer)
            whole = _opened(whole, change.safer) if change.start == 0 else _closed(whole, change.safer)
    return whole


def _opened(text: str, words: str) -> str:
    """Put words first, behind the greeting."""
    greeting = _GREETING.match(text)
    if greeting is None:
        return f"{words}{_between(words, text)}{text}"
    head = greeting.group()
    if not head.rstrip().endswith(("。", "：", ":", "！", "!", "，", ",")):
        head = head.rstrip() + ("，" if "\u4e00" <= head.rstrip()[-1] <= "\u9fff" else ", ")
    return f"{head}{words}{_between(words, text[greeting.end() :])}{text[greeting.end() :]}"


def _closed(text: str, words: str) -> str:
    if text and text[-1] not in "。！？!?.\n":
        text += "。" if "\u4e00" <= text[-1] <= "\u9fff" else "."
    return f"{text}{_between(text, words)}{words}"


def _between(before: str, after: str) -> str:
    """Sentences in Latin script want a space between them."""
    return (
        " "
        if before and after and before[-1].isascii() and not before[-1].isspace() and not after[:1].isspace()
        else ""
    )
