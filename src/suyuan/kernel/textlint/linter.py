"""Reads one text and says what is in it that the rules speak of. Pure: the same text and context give the same findings.

Cost: one walk over the text finds all words; a rule is only looked at where its rarest part stands, and only as far around it
as its distances reach. So the time grows with the text and with what is found in it, and nothing a writer types can
make it more.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import NamedTuple

from suyuan.kernel.textlint.automaton import Automaton, Ends
from suyuan.kernel.textlint.folding import Folded, Folding
from suyuan.kernel.textlint.frames import CLAUSE, SENTENCE, TEXT, Element, Frame, Line
from suyuan.kernel.textlint.identifiers import CHECKS
from suyuan.kernel.textlint.rules import (
    ASKING,
    CONDITION,
    NEGATION,
    REPORTING,
    Context,
    Finding,
    Level,
    Rule,
    RuleSet,
    Scope,
    Words,
    by_harm,
)

Span = tuple[int, int]
Path = tuple[Span, ...]
Where = Mapping[int, list[Span]]  # slot → where it stands

MOST_PARTS = 64  # clauses or sentences that are told apart before frames are fitted
MOST_PLACES = 256  # kept ready
AT_MOST = 12  # findings of one rule in one text
TOGETHER = 60  # characters between parts that stand in one sentence in any order
NEGATION_REACH, CONDITION_REACH, REPORT_REACH = 6, 25, 14

_CUTS = re.compile(
    r"(?P<stop>[。！？!?\n；;｡]|\.(?=\s|$)|[\U0001f000-\U0001faff\u2600-\u27bf])|[，、,：:…—~](?![0-9]{3}\b)|\.{2,}"
)
_QUOTES = re.compile('「[^「」]{1,200}」|『[^『』]{1,200}』|“[^“”]{1,200}”|"[^"\n]{1,200}"')
_SEPARATORS = r"[-() .]{0,2}"


@dataclass(frozen=True)
class _Part:
    """One element of a frame, its words numbered."""

    slot: int
    gap: int
    within: str


@dataclass(frozen=True)
class _Line:
    """`places`: where in it a slot stands first."""

    parts: tuple[_Part, ...]
    places: Mapping[int, int]
    starts_clause: bool
    ends_clause: bool


@dataclass(frozen=True)
class _Frame:
    lines: tuple[_Line, ...]
    slots: frozenset[int]
    within: str
    absent: tuple[tuple[int, str], ...]
    reach: int
    in_turn: tuple[int, ...]
    bits: int
    together: str


class _Match(NamedTuple):
    """Where a frame fits: the spans of all its parts, in the order of the text, and from where to where they reach."""

    spans: Path
    start: int
    end: int

    @classmethod
    def over(cls, spans: Iterable[Span]) -> _Match:
        path = tuple(sorted(spans))
        return cls(path, path[0][0], max(end for _start, end in path))


@dataclass(frozen=True)
class _Compiled:
    rule: Rule
    frames: tuple[_Frame, ...]
    unless: tuple[_Frame, ...]
    unless_anywhere: tuple[_Frame, ...]


@dataclass(frozen=True)
class _Concerned:
    """The rules for one place: frames by the slot they are looked for at, and the slots of each word at which there are
    some; and what must not be missing."""

    by_key: dict[int, list[tuple[int, _Compiled, _Frame]]]
    missing: tuple[_Compiled, ...]
    keys_of: Sequence[tuple[int, ...]]
    shaped_keys: tuple[int, ...]

    def keys(self, words: Iterable[int]) -> dict[int, None]:
        """Where to look, in the order of the text; shapes last."""
        keys_of = self.keys_of
        keys = dict.fromkeys(chain.from_iterable([keys_of[number] for number in words]))
        keys.update(dict.fromkeys(self.shaped_keys))
        return keys


class _Page:
    """One text while it is read: which words stand where, and where its clauses and sentences end.

    What may stand where is told in bits, one for each slot: of the text, and of each clause and sentence while there are not
    too many. Where a slot does stand, `of` finds out when it is asked, because most are never asked for.
    """

    def __init__(self, folded: Folded, slots: _Slots, words: dict[int, list[Span]], own: _Spread | None) -> None:
        self.folded = folded
        self._slots = slots
        self._words = words
        self._numbers = set(words)
        self._own = own
        self._spans: dict[int, list[Span]] = {}
        self._quotes: list[Span] | None = None
        self.excuses: dict[str, _Spread] = {}
        self.cuts: list[float] = []
        self.stops: list[float] = []
        for m in _CUTS.finditer(folded.text):
            self.cuts.append(m.start())
            if m.lastgroup == "stop":
                self.stops.append(m.start())
        if folded.soft:
            self.cuts = sorted([*self.cuts, *(at - 0.5 for at in folded.soft)])
        shapes = slots.shapes_in(folded.text)
        bits = slots.bits
        self.present = shapes
        for number in words:
            self.present |= bits[number]
        self._parts = {CLAUSE: self._bits(self.cuts, shapes), SENTENCE: self._bits(self.stops, shapes)}

    def with_own(self) -> _Page:
        """The same text with the clinic's own particulars counted: a telephone that names nobody is still a way to call."""
        return self if self._own is None else _Page(self.folded, self._slots, self._words, None)

    def _bits(self, ends: list[float], shapes: int) -> list[int]:
        """What may stand in each part. A word across an end may stand in all of them, and so may a shape."""
        if len(ends) >= MOST_PARTS:
            return [self.present]
        parts = [shapes] * (len(ends) + 1)
        across = 0
        bits = self._slots.bits
        for number, spans in self._words.items():
            for start, end in spans:
                place = bisect_left(ends, start)
                if bisect_left(ends, end - 0.6) == place:
                    parts[place] |= bits[number]
                else:
                    across |= bits[number]
        return [part | across for part in parts] if across else parts

    def may_hold(self, frame: _Frame) -> bool:
        """All of its parts stand where they would have to."""
        bits = frame.bits
        if bits & self.present != bits:
            return False
        parts = self._parts.get(frame.together)
        return parts is None or any(bits & part == bits for part in parts)

    def has(self, slot: int) -> bool:
        return bool(self.present >> slot & 1)

    def of(self, slot: int) -> list[Span]:
        """Where it stands, in order. What names the clinic itself names no patient: inside that, names and numbers do not count."""
        found = self._spans.get(slot)
        if found is None:
            found = self._found(slot) if self.has(slot) else []
            if self._own is not None and slot in self._slots.identifying:
                found = [span for span in found if not self._own.cover(span)]
            self._spans[slot] = found
        return found

    def _found(self, slot: int) -> list[Span]:
        words, numbers = self._words, self._slots.words_of[slot] & self._numbers
        if len(numbers) == 1:
            spans = words[next(iter(numbers))]
        else:
            spans = [span for number in numbers for span in words[number]]
            spans.sort()
        if around := self._slots.besides.get(slot):
            covers = self.of(around)
            spans = [span for span in spans if not _covered(span, covers)] if covers else spans
        if shapes := self._slots.shapes_of.get(slot):
            more = (self._slots.shaped(one, self.folded.text) if one == slot else self.of(one) for one in shapes)
            spans = sorted(chain(spans, *more))
        return spans

    def joined(self, end: int, start: int, within: str) -> bool:
        """No end of a clause (or sentence) stands between."""
        ends = self.cuts if within == CLAUSE else self.stops
        return bisect_left(ends, end - 0.6) == bisect_left(ends, start)

    def clause(self, at: int) -> Span:
        return self._between(self.cuts, at)

    def sentence(self, at: int) -> Span:
        return self._between(self.stops, at)

    def _between(self, ends: list[float], at: int) -> Span:
        place = bisect_right(ends, at - 0.6)
        start = int(ends[place - 1] + 1) if place else 0
        end = int(ends[place] + 0.5) if place < len(ends) else len(self.folded.text)
        return start, end

    def quote(self, match: _Match) -> Span | None:
        """The quotation marks it stands in. Quotations do not overlap, so there is one at most."""
        if self._quotes is None:
            self._quotes = [m.span() for m in _QUOTES.finditer(self.folded.text)]
        place = bisect_right(self._quotes, (match.start, 1 << 30)) - 1
        return self._quotes[place] if place >= 0 and match.end <= self._quotes[place][1] else None


class Linter:
    """Made once from a rule set, used for any number of texts, by any number of threads."""

    def __init__(self, rules: RuleSet) -> None:
        self._folding = Folding(rules.substitutes)
        self._ranks = rules.ranks
        self._known_levels = rules.known_levels
        self._slots = _Slots(rules, self._folding)
        self._rules = tuple(self._compiled(rule) for rule in rules.rules)
        self._concerned: dict[tuple[str, str, str], _Concerned] = {}
        self._owns: dict[tuple[str, ...], tuple[re.Pattern[str], ...]] = {}
        self._scope_slots = {
            name: self._slots.named(name) for name in (NEGATION, CONDITION, ASKING, REPORTING) if name in rules.words
        }
        # Numbering is complete: only now can words be looked for.
        self._automaton = Automaton(self._slots.words)
        self._slots.close()

    def _compiled(self, rule: Rule) -> _Compiled:
        frames, unless, anywhere = (
            tuple(self._frame(frame) for frame in some) for some in (rule.frames, rule.unless, rule.unless_anywhere)
        )
        return _Compiled(rule, frames, unless, anywhere)

    def _frame(self, frame: Frame) -> _Frame:
        lines = tuple(self._line(line) for line in frame.lines)
        slots = frozenset(part.slot for line in lines for part in line.parts)
        absent = tuple((self._slots.of(element), within) for element, within in frame.absent)
        longest = sum(part.gap + self._slots.longest(part.slot) for line in lines for part in line.parts)
        return _Frame(
            lines=lines,
            slots=slots,
            within=frame.within,
            absent=absent,
            reach=longest + TOGETHER * (len(lines) - 1),
            in_turn=tuple(sorted(slots, key=self._slots.cost)),
            bits=sum(1 << slot for slot in slots),
            together=_together(lines, frame.within),
        )

    def _line(self, line: Line) -> _Line:
        parts = tuple(_Part(self._slots.of(e), e.gap, e.within) for e in line.elements)
        places = {part.slot: place for place, part in reversed(list(enumerate(parts)))}
        return _Line(parts, places, line.starts_clause, line.ends_clause)

    # --- reading ---------------------------------------------------------------------------------------------------

    def check(self, text: str, context: Context, *, at_most: int = AT_MOST) -> tuple[Finding, ...]:
        """What the rules find, in order of harm; of one rule `at_most` so many."""
        concerned = self._concerning(context)
        page, words = self._page(text, context.allow)
        found: list[Finding] = []
        done: dict[str, int] = defaultdict(int)
        present = page.present
        for slot in concerned.keys(words):
            for bits, compiled, frame in concerned.by_key[slot]:
                if bits & present != bits or not page.may_hold(frame):
                    continue
                rule = compiled.rule
                if done[rule.id] >= at_most:
                    continue
                for match in self._matches(page, frame):
                    if self._stands(page, compiled, match):
                        if not done[rule.id] and self._excused(page, compiled):
                            done[rule.id] = at_most
                            break
                        found.append(_finding(page, rule, context, match.start, match.end))
                        done[rule.id] += 1
                        if done[rule.id] >= at_most:
                            break
        found.extend(self._known(page, context))
        found = _merged(found)
        found.extend(self._absences(page, concerned.missing, context))
        return tuple(sorted(found, key=by_harm(self._ranks)))

    def _concerning(self, context: Context) -> _Concerned:
        """The rules for this place; there are few places, and a rule is asked but once whether it is for one."""
        key = (context.surface, context.jurisdiction, context.reply_to)
        known = self._concerned.get(key)
        if known is None:
            if len(self._concerned) >= MOST_PLACES:
                self._concerned.clear()
            known = self._concerned[key] = self._of_place(context)
        return known

    def _of_place(self, context: Context) -> _Concerned:
        by_key: dict[int, list[tuple[int, _Compiled, _Frame]]] = defaultdict(list)
        missing = []
        for compiled in self._rules:
            if not _concerns(compiled.rule, context):
                continue
            if compiled.rule.missing:
                missing.append(compiled)
                continue
            for frame in compiled.frames:
                by_key[self._slots.rarest(frame.slots)].append((frame.bits, compiled, frame))
        return _Concerned(dict(by_key), tuple(missing), *self._slots.keys_of(by_key.keys()))

    def _page(self, text: str, allow: tuple[str, ...]) -> tuple[_Page, Iterable[int]]:
        folded = self._folding(text)
        plain = folded.text
        words = self._slots.found(self._automaton.ends(plain), plain)
        own = _Spread(m.span() for one in self._own(allow) for m in one.finditer(plain)) if allow else None
        return _Page(folded, self._slots, words, own), words

    def _own(self, allow: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
        """A clinic says the same of itself each time."""
        known = self._owns.get(allow)
        if known is None:
            if len(self._owns) >= MOST_PLACES:
                self._owns.clear()
            known = self._owns[allow] = tuple(_sought(self._folding.plain(one)) for one in allow)
        return known

    # --- frames ----------------------------------------------------------------------------------------------------

    def _matches(self, page: _Page, frame: _Frame) -> Iterator[_Match]:
        """Around every occurrence of the rarest part that is there."""
        if not all(map(page.of, frame.in_turn)):
            return
        where = {slot: page.of(slot) for slot in frame.slots}
        if frame.within == TEXT:
            whole = [_nearest(page, line, where, 0, len(page.folded.text)) for line in frame.lines]
            if all(whole):
                yield _Match.over(chain.from_iterable(spans for spans in whole if spans))
            return
        rarest = min(frame.slots, key=lambda slot: len(where[slot]))
        last_end = -1
        for start, end in where[rarest]:
            if start < last_end:
                continue
            first, last = page.sentence(start)
            low, high = max(first, start - frame.reach), min(last, end + frame.reach)
            spans: list[Span] = []
            for line in frame.lines:
                if rarest in line.places:
                    found = _through(page, line, where, low, high, (start, end), line.places[rarest])
                else:
                    found = _nearest(page, line, where, low, high, start)
                if found is None:
                    break
                spans.extend(found)
            else:
                match = _Match.over(spans)
                if len(frame.lines) > 1 and not _one_sentence(page, match):
                    continue
                if self._absent(page, frame, match):
                    last_end = match.end
                    yield match

    def _absent(self, page: _Page, frame: _Frame, match: _Match) -> bool:
        for slot, within in frame.absent:
            if not page.of(slot):
                continue
            if within == SENTENCE:
                low, high = page.sentence(match.start)[0], page.sentence(max(match.end - 1, match.start))[1]
            else:
                low, high = page.clause(match.start)[0], page.clause(max(match.end - 1, match.start))[1]
            if next(_within(page.of(slot), low, high), None):
                return False
        return True

    def _anywhere(self, page: _Page, frames: Iterable[_Frame]) -> Iterator[_Match]:
        for frame in frames:
            if page.may_hold(frame):
                yield from self._matches(page, frame)

    # --- does it mean what it says ---------------------------------------------------------------------------------

    def _stands(self, page: _Page, compiled: _Compiled, match: _Match) -> bool:
        silenced = compiled.rule.silenced_by
        if Scope.NEGATED in silenced and self._negated(page, match):
            return False
        if Scope.HYPOTHETICAL in silenced and self._supposed(page, match):
            return False
        if Scope.QUESTION in silenced and self._asked(page, match):
            return False
        if Scope.QUOTED in silenced and self._quoted(page, match):
            return False
        if compiled.unless:
            low, high = page.sentence(match.start)[0], page.sentence(max(match.end - 1, match.start))[1]
            if self._excuses(page, compiled).touch(low, high):
                return False
        return True

    def _excuses(self, page: _Page, compiled: _Compiled) -> _Spread:
        """Found once in a text: asked again for every match, a text full of both would take forever."""
        known = page.excuses.get(compiled.rule.id)
        if known is None:
            known = page.excuses[compiled.rule.id] = _Spread(
                (match.start, match.end) for match in self._anywhere(page, compiled.unless)
            )
        return known

    def _excused(self, page: _Page, compiled: _Compiled) -> bool:
        """Something stands somewhere in the text that makes all of it right."""
        return next(self._anywhere(page, compiled.unless_anywhere), None) is not None

    def _negated(self, page: _Page, match: _Match) -> bool:
        slot = self._scope_slots.get(NEGATION)
        if slot is None or not page.has(slot):
            return False
        for start, _end in match.spans:
            for s, e in _window(page.of(slot), start - NEGATION_REACH - 6, start):
                if (
                    e <= start
                    and start - e <= NEGATION_REACH
                    and page.joined(e, start, CLAUSE)
                    and not _overlaps((s, e), match.spans)
                ):
                    return True
        return False

    def _supposed(self, page: _Page, match: _Match) -> bool:
        slot = self._scope_slots.get(CONDITION)
        if slot is None or not page.has(slot):
            return False
        near = _window(page.of(slot), match.start - CONDITION_REACH, match.start + 1)
        return any(page.joined(e, match.start, SENTENCE) and not _overlaps((s, e), match.spans) for s, e in near)

    def _asked(self, page: _Page, match: _Match) -> bool:
        last = max(match.end - 1, match.start)
        end = page.clause(last)[1]
        if page.folded.text[end : end + 1] in ("?", "？"):
            return True
        slot = self._scope_slots.get(ASKING)
        if slot is None or not page.has(slot):
            return False
        low, high = page.clause(match.start)[0], end
        return any(not _overlaps(span, match.spans) for span in _within(page.of(slot), low, high))

    def _quoted(self, page: _Page, match: _Match) -> bool:
        slot = self._scope_slots.get(REPORTING)
        reports = page.of(slot) if slot is not None else []
        around = page.quote(match)
        if around is not None:
            start, end = around
            before = _within(reports, start - REPORT_REACH - self._slots.longest(slot), start) if reports else ()
            behind = reports[bisect_left(reports, (end, -1)) :][:1]
            return any(start - e <= REPORT_REACH for _s, e in before) or any(
                s - end <= REPORT_REACH for s, _e in behind
            )
        for s, e in _window(reports, match.start - REPORT_REACH - 12, match.start + 1):
            if e <= match.start and match.start - e <= REPORT_REACH and page.joined(e, match.start, CLAUSE):
                return not _overlaps((s, e), match.spans)
        return False

    # --- what is known, and what is not there ----------------------------------------------------------------------

    def _known(self, page: _Page, context: Context) -> Iterator[Finding]:
        level = self._known_levels.get(context.surface)
        if not level:
            return
        for known in context.known:
            folded = self._folding.plain(known.value).strip()
            if len(folded) < 2:
                continue
            for place, m in enumerate(_sought(folded).finditer(page.folded.text)):
                if place >= AT_MOST:
                    break
                start, end = page.folded.back(*m.span())
                yield Finding("patient_data", level, start, end, f"known-{known.kind}")

    def _absences(self, page: _Page, missing: tuple[_Compiled, ...], context: Context) -> Iterator[Finding]:
        for compiled in missing:
            rule = compiled.rule
            if len(page.folded.text) < rule.at_least:
                continue
            if not any(next(self._anywhere(each, compiled.frames), None) for each in dict.fromkeys((page, page.with_own()))):
                at = page.folded.back(*((0, 0) if rule.at_start else (len(page.folded.text),) * 2))[0]
                yield Finding(rule.kind, rule.levels[context.surface], at, at, rule.id)


# --- small things ---------------------------------------------------------------------------------------------------


def _concerns(rule: Rule, context: Context) -> bool:
    return (
        context.surface in rule.levels
        and (not rule.jurisdictions or context.jurisdiction in rule.jurisdictions)
        and (not rule.reply_to or context.reply_to in rule.reply_to)
        and context.reply_to not in rule.not_reply_to
    )


def _finding(page: _Page, rule: Rule, context: Context, start: int, end: int) -> Finding:
    back = page.folded.back(start, end)
    return Finding(rule.kind, rule.levels[context.surface], back[0], back[1], rule.id)


def _within(spans: list[Span], low: int, high: int) -> Iterator[Span]:
    """As `_window`, for who asks no more than whether there is one: a clause may be as long as the text."""
    for place in range(bisect_left(spans, (low, -1)), bisect_left(spans, (high, -1))):
        if spans[place][1] <= high:
            yield spans[place]


def _together(lines: tuple[_Line, ...], within: str) -> str:
    """In what all of its parts have to stand."""
    if within == TEXT or len(lines) == len(lines[0].parts) == 1:
        return TEXT
    far = len(lines) > 1 or any(part.within != CLAUSE for part in lines[0].parts[1:])
    return SENTENCE if far else CLAUSE


def _window(spans: list[Span], low: int, high: int) -> list[Span]:
    """Those that begin at low or later and end at high or earlier."""
    if not spans:
        return []
    first = bisect_left(spans, (low, -1))
    last = bisect_left(spans, (high, -1))
    return [span for span in spans[first:last] if span[1] <= high]


def _nearest(page: _Page, line: _Line, where: Where, low: int, high: int, near: int = 0) -> Path | None:
    """The way this line fits between low and high that begins nearest to `near`."""
    windows = []
    for part in line.parts:
        here = _window(where[part.slot], low, high)
        if not here:
            return None
        windows.append(here)
    return _fitting(page, line, windows, near)


def _through(page: _Page, line: _Line, where: Where, low: int, high: int, must: Span, at: int) -> Path | None:
    """The way this line fits with its part number `at` on that very span: all others stand before or behind it."""
    start, end = must
    windows = []
    for place, part in enumerate(line.parts):
        if place == at:
            here = [must]
        elif place < at:
            here = _window(where[part.slot], low, start)
        else:
            here = _window(where[part.slot], end, high)
        if not here:
            return None
        windows.append(here)
    return _fitting(page, line, windows, start)


def _fitting(page: _Page, line: _Line, windows: list[list[Span]], near: int) -> Path | None:
    paths: list[Path] = [(span,) for span in windows[0] if not line.starts_clause or _starts(page, span[0])]
    for part, here in zip(line.parts[1:], windows[1:], strict=True):
        if not paths:
            return None
        paths = _extended(page, paths, here, part)
    if line.ends_clause:
        paths = [path for path in paths if _ends(page, path[-1][1])]
    if len(paths) < 2:
        return paths[0] if paths else None
    return min(paths, key=lambda path: abs(path[0][0] - near))


def _extended(page: _Page, paths: list[Path], here: list[Span], part: _Part) -> list[Path]:
    """Each span of this part behind the nearest path that it may follow."""
    ordered = sorted(paths, key=lambda path: path[-1][1]) if len(paths) > 1 else paths
    ends = [path[-1][1] for path in ordered]
    longer = []
    for span in here:
        place = bisect_right(ends, span[0]) - 1
        if place >= 0 and span[0] - ends[place] <= part.gap and page.joined(ends[place], span[0], part.within):
            longer.append((*ordered[place], span))
    return longer


def _starts(page: _Page, at: int) -> bool:
    return not page.folded.text[page.clause(at)[0] : at].strip(" 「『“\"'（(【")


def _ends(page: _Page, at: int) -> bool:
    return not page.folded.text[at : page.clause(at - 1)[1]].strip(" 」』”\"'）)】")


class _Spread:
    """Stretches of a text, to be asked whether one of them touches another, or covers it."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _end in ordered]
        self._farthest = list(accumulate((end for _start, end in ordered), max))

    def touch(self, low: int, high: int) -> bool:
        before = bisect_left(self._starts, high)
        return before > 0 and self._farthest[before - 1] > low

    def cover(self, span: Span) -> bool:
        before = bisect_right(self._starts, span[0])
        return before > 0 and self._farthest[before - 1] >= span[1]


def _one_sentence(page: _Page, match: _Match) -> bool:
    if not page.joined(match.spans[0][1], match.spans[-1][0], SENTENCE):
        return False
    end = match.spans[0][1]
    for start, later in match.spans[1:]:
        if start - end > TOGETHER:
            return False
        end = max(end, later)
    return True


def _overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def _sought(folded: str) -> re.Pattern[str]:
    """An own word as it may be typed: numbers with any of the usual separators."""
    digits = re.sub(r"[-() .+]", "", folded)
    if len(digits) >= 6 and digits.isdigit():
        return re.compile(r"(?<!\d)" + _SEPARATORS.join(digits) + r"(?!\d)")
    return re.compile(re.escape(folded))


def together(found: Iterable[Finding], more: Iterable[Finding], ranks: Mapping[str, int]) -> tuple[Finding, ...]:
    """What two linters find in one text, as one linter with the rules of both would say it."""
    every = [*found, *more]
    missing = [f for f in every if f.start == f.end]
    return tuple(sorted([*_merged([f for f in every if f.start < f.end]), *missing], key=by_harm(ranks)))


def _merged(found: list[Finding]) -> list[Finding]:
    """Of findings of one kind that overlap, the heavier, then the longer."""
    kept: list[Finding] = []
    taken: dict[str, list[Span]] = defaultdict(list)  # of each kind, in order; none overlaps another
    for one in sorted(found, key=lambda f: (_ORDER[f.level], f.start - f.end, f.start, f.rule)):
        spans = taken[one.kind]
        place = bisect_left(spans, (one.start, one.start))
        beside = spans[max(0, place - 1) : place + 1]
        if not any(one.start < end and start < one.end for start, end in beside):
            spans.insert(place, (one.start, one.end))
            kept.append(one)
    return kept


_ORDER = {Level.BLOCK.value: 0, Level.WARN.value: 1, Level.ADVISE.value: 2}


class _Slots:
    """Numbers for lists of words and shapes, so that what stands in a text is a small table of numbers."""

    def __init__(self, rules: RuleSet, folding: Folding) -> None:
        self._rules = rules
        self._folding = folding
        self._names: dict[str, int] = {}
        self._groups: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
        self._words: dict[str, int] = {}
        self._slots_of: list[list[int]] = []
        self._lengths: dict[int, int] = {}
        self._shortest: dict[int, int] = {}
        self._how_many: dict[int, int] = {}
        self._ascii_words: frozenset[int] = frozenset()
        self._shapes: dict[int, tuple[re.Pattern[str], str, str]] = {}
        self.words_of: list[set[int]] = []
        self.bits: list[int] = []  # of each word: its slots
        self._possible: dict[tuple[bool, bool], int] = {}
        self.besides: dict[int, int] = {}
        # Slots that a shape stands for: the shape itself, and groups it is one of.
        self.shapes_of: dict[int, list[int]] = {}
        self.identifying: set[int] = set()
        self._count = 0

    @property
    def words(self) -> list[str]:
        return list(self._words)

    def longest(self, slot: int) -> int:
        return self._lengths[slot]

    def rarest(self, slots: Iterable[int]) -> int:
        """The one least likely to stand in a text, as far as its words tell: long and few."""
        return max(slots, key=lambda slot: (min(self._shortest[slot], 3), -self._how_many[slot], slot))

    def of(self, element: Element) -> int:
        if len(element.names) == 1 and not element.words:
            return self.named(element.names[0])
        key = (tuple(sorted(element.names)), tuple(sorted(element.words)))
        if key not in self._groups:
            shapes = [self.named(name) for name in element.names if name in self._rules.shapes]
            unknown = [
                name for name in element.names if name not in self._rules.words and name not in self._rules.shapes
            ]
            if unknown:
                raise KeyError(f"no list of words {unknown[0]!r}")
            parts = [self._rules.words[name] for name in element.names if name in self._rules.words]
            words = (*element.words, *chain.from_iterable(p.words for p in parts))
            besides = tuple(chain.from_iterable(p.besides for p in parts))
            slot = self._groups[key] = self._listed(Words(tuple(words), besides))
            for shape in shapes:
                self.shapes_of.setdefault(slot, []).append(shape)
                self._lengths[slot] = max(self._lengths[slot], self._lengths[shape])
        return self._groups[key]

    def named(self, name: str) -> int:
        if name not in self._names:
            if name in self._rules.shapes:
                self._names[name] = self._shaped_slot(name)
            elif name in self._rules.words:
                self._names[name] = self._listed(self._rules.words[name])
            else:
                raise KeyError(f"no list of words {name!r}")
            if name in self._rules.shapes or name in IDENTIFYING:
                self.identifying.add(self._names[name])
        return self._names[name]

    def _new(self) -> int:
        self._count += 1
        return self._count

    def _listed(self, listed: Words) -> int:
        slot = self._new()
        folded = {self._folding.word(word) for word in listed.words} - {""}
        besides = {self._folding.word(word) for word in listed.besides} - {""}
        self._lengths[slot] = max(map(len, folded), default=1)
        self._shortest[slot] = min(map(len, folded), default=1)
        self._how_many[slot] = len(folded)
        for word in sorted(folded):
            self._slots_of[self._numbered(word)].append(slot)
        if besides:
            around = self._new()
            for word in sorted(besides):
                self._slots_of[self._numbered(word)].append(around)
            self.besides[slot] = around
        return slot

    def _numbered(self, word: str) -> int:
        if word not in self._words:
            self._words[word] = len(self._words)
            self._slots_of.append([])
        return self._words[word]

    def _shaped_slot(self, name: str) -> int:
        shape = self._rules.shapes[name]
        slot = self._new()
        self._lengths[slot], self._shortest[slot], self._how_many[slot] = 40, 3, 1
        self._shapes[slot] = re.compile(shape.pattern), shape.needs, shape.check
        self.shapes_of[slot] = [slot]
        return slot

    def cost(self, slot: int) -> tuple[bool, int]:
        """Words are found already; a shape is looked for when all else stands."""
        return slot in self.shapes_of, slot

    def close(self) -> None:
        """Once every list has its number."""
        self._ascii_words = frozenset(n for w, n in self._words.items() if _latin(w[0]) or _latin(w[-1]))

        self.words_of = [set() for _slot in range(self._count + 1)]
        for number, slots in enumerate(self._slots_of):
            self.bits.append(sum(1 << slot for slot in slots))
            for slot in slots:
                self.words_of[slot].add(number)
        for digits in _EITHER:
            for latin in _EITHER:
                self._possible[digits, latin] = sum(1 << slot for slot in self._with(digits, latin))

    def keys_of(self, keys: Collection[int]) -> tuple[list[tuple[int, ...]], tuple[int, ...]]:
        """Of each word, those of its slots that are keys; and the keys that are shapes."""
        same: dict[tuple[int, ...], tuple[int, ...]] = {}
        kept = (tuple(slot for slot in slots if slot in keys) for slots in self._slots_of)
        return [same.setdefault(slots, slots) for slots in kept], tuple(slot for slot in self.shapes_of if slot in keys)

    def shapes_in(self, plain: str) -> int:
        """The slots whose shape may stand in it, in bits."""
        return self._possible[_DIGIT.search(plain) is not None, _LATIN.search(plain) is not None]

    def _with(self, digits: bool, latin: bool) -> Iterator[int]:
        lacks = {"digit": not digits, "latin": not latin}
        for slot, shapes in self.shapes_of.items():
            if not all(lacks.get(self._shapes[shape][1], False) for shape in shapes):
                yield slot

    def found(self, ends: Iterable[tuple[int, Ends]], plain: str) -> dict[int, list[Span]]:
        """Words and where they stand, in the order in which they first do."""
        table: dict[int, list[Span]] = {}
        latin = self._ascii_words
        for end, numbers in ends:
            for number, length in numbers:
                start = end - length
                if number in latin and not _whole_word(plain, start, end):
                    continue
                if number in table:
                    table[number].append((start, end))
                else:
                    table[number] = [(start, end)]
        return table

    def shaped(self, slot: int, plain: str) -> list[Span]:
        pattern, _needs, check = self._shapes[slot]
        holds = CHECKS.get(check)
        return [m.span() for m in pattern.finditer(plain) if holds is None or holds(m.group())]


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


_EITHER = (False, True)
_DIGIT, _LATIN = re.compile(r"\d"), re.compile("[a-z]")
# Lists whose words may be those of the clinic's own people.
IDENTIFYING = frozenset({"surname", "title", "full_name"})


def _whole_word(plain: str, start: int, end: int) -> bool:
    """A Latin word or number does not count inside a longer one."""
    if (
        start
        and plain[start].isascii()
        and plain[start].isalnum()
        and plain[start - 1].isascii()
        and plain[start - 1].isalnum()
    ):
        return False
    last = end - 1
    return not (
        end < len(plain)
        and plain[last].isascii()
        and plain[last].isalnum()
        and plain[end].isascii()
        and plain[end].isalnum()
    )


def _covered(span: Span, covers: list[Span]) -> bool:
    place = bisect_right(covers, (span[0], 1 << 30))
    return any(start <= span[0] and span[1] <= end for start, end in covers[max(0, place - 8) : place])
