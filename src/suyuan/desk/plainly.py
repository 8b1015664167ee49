"""Rules of the guard in words: what they look for, where, how heavily."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from suyuan.correspondence.phrases import surface_word
from suyuan.desk.guarding import level_word
from suyuan.kernel.textlint import frames
from suyuan.kernel.textlint.frames import CLAUSE, SENTENCE, TEXT, Element, Frame
from suyuan.playbooks.guarding import SURFACES, Guarding, GuardRule, levels_of, listed

SHOWN = 3  # words of a list that stand for it


def shape_word(name: str) -> str:
    words = {
        "is_tw_person": _("臺灣身分證字號"),
        "is_tw_company": _("統一編號"),
        "is_cn_person": _("大陸身分證號碼"),
        "is_cn_person_old": _("大陸舊式身分證號碼"),
        "is_tw_mobile": _("臺灣手機號碼"),
        "is_tw_phone": _("臺灣市話"),
        "is_cn_mobile": _("大陸手機號碼"),
        "is_number": _("一串號碼"),
        "is_day": _("日期"),
        "is_amount": _("金額"),
    }
    about = {"date": _("日期"), "day": _("日期"), "phone": _("電話"), "mobile": _("電話"), "mail": _("電子郵件")}
    part = next((word for word in name.split("_") if word in about), "")
    return words.get(name) or about.get(part) or _("特定格式的號碼或字串")


def places(levels: dict[str, str]) -> list[tuple[str, str, str]]:
    """(level, its word, the surfaces), heaviest first."""
    found = []
    for level in ("block", "warn", "advise"):
        where = [surface_word(s) for s in SURFACES if levels.get(s) == level]
        if where:
            found.append((level, level_word(level), _("、").join(where)))
    return found


def rule_places(rule: GuardRule, guarding: Guarding) -> list[tuple[str, str, str]]:
    return places(levels_of(rule, guarding.kind_of[rule.kind]))


def frame_words(line: str, guarding: Guarding) -> str:
    """One line of a rule as a sentence: 「刪除、下架…」，6 字內再有「評論、評價…」"""
    frame = frames.read(line)[0]
    within = _("全文還有") if frame.within == TEXT else _("同一句還有")
    said = _("；%(within)s") % {"within": within}
    whole = said.join(_line(one.elements, guarding) for one in frame.lines)
    return whole + _edges(frame) + "".join(_absent(frame, reach, guarding) for reach in (CLAUSE, SENTENCE))


def _line(elements: Iterable[Element], guarding: Guarding) -> str:
    pieces: list[str] = []
    for place, element in enumerate(elements):
        words = _quoted(element, guarding)
        if place == 0:
            pieces.append(words)
        elif not element.gap:
            pieces.append(_("緊接%(words)s") % {"words": words})
        elif element.within == CLAUSE:
            pieces.append(_("，%(n)s 字內再有%(words)s") % {"n": element.gap, "words": words})
        else:
            pieces.append(_("，同一句 %(n)s 字內再有%(words)s") % {"n": element.gap, "words": words})
    return "".join(pieces)


def _absent(frame: Frame, within: str, guarding: Guarding) -> str:
    found = [element for element, reach in frame.absent if reach == within]
    if not found:
        return ""
    names, said = (tuple(one for each in found for one in getattr(each, part)) for part in ("names", "words"))
    words = _quoted(Element(names, said), guarding)
    if within == SENTENCE:
        return _("；同一句有%(words)s就不算") % {"words": words}
    return _("；同一小句有%(words)s就不算") % {"words": words}


def _edges(frame: Frame) -> str:
    starts, ends = any(one.starts_clause for one in frame.lines), any(one.ends_clause for one in frame.lines)
    return (_("（在小句開頭）") if starts else "") + (_("（在小句結尾）") if ends else "")


def _quoted(element: Element, guarding: Guarding) -> str:
    words = list(element.words)
    for name in element.names:
        words.extend(list_words(name, guarding))
    more = "…" if len(words) > SHOWN else ""
    return _("「%(words)s」") % {"words": _("、").join(words[:SHOWN]) + more}


def list_words(name: str, guarding: Guarding, depth: int = 0) -> list[str]:
    """The words of a list, with those of the lists it includes; a shape stands for itself."""
    rows = [one for one in guarding.words if one.id == name]
    if not rows or depth > 4:
        return [shape_word(name)] if not rows else []
    words = [word for row in rows for word in listed(row.words)]
    for inner in (inner for row in rows for inner in row.includes):
        words.extend(list_words(inner, guarding, depth + 1))
    return list(dict.fromkeys(words))
