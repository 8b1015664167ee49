"""What the guard costs: replies, the worst texts anyone can paste, rules made ready, a document of fifty pages.

    python3 do.py bench --only guard        this part alone; RESULTS.md keeps the rest

Times are CPU time of one thread. Ratios stand to a floor measured beside them: finding all shipped words in the same texts,
once by one walk over a ready automaton, once by asking `in` for every word. They hold on a busy machine too.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from suyuan.kernel.textlint import Context, Linter
from suyuan.kernel.textlint.automaton import Automaton
from suyuan.playbooks.guarding import Guarding, context_of, levels_of, listed, rule_set
from suyuan.playbooks.shipped import guarding_of

ROOT = Path(__file__).resolve().parent.parent
REPLY, REPLIES = 150, 1_000
SHORT, LONG, SLOWEST = 1_000, 10_000, 6
PER_SECOND, P99_MS, WORST_MS, PAPER_S = 2_000, 5.0, 50.0, 3.0
IN_PUBLIC = Context("public_reply", "tw", "negative_review")
PLACES = (IN_PUBLIC, Context("advertisement", "cn"), Context("settlement", "tw"), Context("private_message", "cn"))


@dataclass(frozen=True)
class Row:
    what: str
    measured: str
    floor: str = ""
    bar: str = ""
    missed: bool = False


def measured(say: Callable[[str], None]) -> Iterator[Row]:
    began = time.process_time()
    guarding = guarding_of(ROOT / "packs")
    reading = time.process_time() - began
    began = time.process_time()
    linter = Linter(rule_set(guarding))
    making = time.process_time() - began
    words = sorted({word for one in guarding.words for word in listed(one.words)})
    counted = f"{len(guarding.rules)} rules, {len(words):,} words"
    yield Row(f"rules read from the packs ({counted})", f"{reading:.2f} s", "", "once a version of the packs")
    yield Row("rules made ready", f"{making:.2f} s", "", "once a process")
    say("replies …")
    yield from _replies(guarding, linter, words)
    say("texts of 10,000 characters …")
    yield from _adversarial(guarding, linter, words)
    say("a paper of fifty pages …")
    yield from _paper(guarding, linter)


# --- replies -------------------------------------------------------------------------------------------------------


def replies(guarding: Guarding) -> list[tuple[str, Context]]:
    """Of 150 characters: sentences that rules must find and sentences they must not, three of the latter to one, shuffled once."""
    chance = random.Random("suyuan bench guard")
    bad, good = [], []
    for rule in guarding.rules:
        levels = levels_of(rule, guarding.kind_of[rule.kind])
        bad += [context_of(one, rule, levels) for one in rule.fires]
        good += [context_of(one, rule, levels) for one in rule.quiet]
    made = []
    while len(made) < REPLIES:
        text, context = chance.choice(bad if len(made) % 4 == 0 else good)
        while len(text) < REPLY:
            text += chance.choice(good)[0]
        made.append((text[:REPLY], context))
    return made


def _replies(guarding: Guarding, linter: Linter, words: list[str]) -> Iterator[Row]:
    texts = replies(guarding)
    folded = [linter._folding.plain(text) for text, _context in texts]
    known = linter._slots.words
    walk = Automaton(known)
    spent, walked, asked = [], [], []
    for _ in range(5):  # in turn, so that a noisy moment falls on all three
        walked.append(_cpu(lambda: [walk.ends(text) for text in folded]))
        asked.append(_cpu(lambda: [[word for word in known if word in text] for text in folded[::10]]) * 10)
        spent.append([_cpu(lambda text=text, context=context: linter.check(text, context)) for text, context in texts])
    best = min(sum(each) for each in spent)
    slowest = sorted(min(times) for times in zip(*spent, strict=True))
    p99 = slowest[int(0.99 * len(slowest))] * 1000
    rate = len(texts) / best
    floor = f"×{best / min(walked):.1f} of one walk, ×{best / min(asked):.2f} of asking for every word"
    yield Row(f"replies of {REPLY} characters, a second", f"{rate:,.0f}", floor, f"≥ {PER_SECOND:,}", rate < PER_SECOND)
    yield Row("one reply, p99", f"{p99:.2f} ms", "", f"≤ {P99_MS:.0f} ms", p99 > P99_MS)


# --- what somebody pastes to stop it -------------------------------------------------------------------------------


def families(guarding: Guarding, words: list[str]) -> dict[str, list[str]]:
    frames = [line for rule in guarding.rules for line in (*rule.frames, *rule.unless)]
    lists: dict[str, list[str]] = {}
    for one in guarding.words:
        lists.setdefault(one.id, []).extend(listed(one.words))
    used = sorted(
        (name for name in lists if lists[name]), key=lambda name: -sum(f"<{name}>" in line for line in frames)
    )
    most = used[:8]
    chance = random.Random("suyuan bench guard")
    mixed = words[:]
    chance.shuffle(mixed)
    return {
        "one word, again and again": words,
        "all words mixed": ["".join(mixed), "".join(reversed(mixed)), "".join(words)],
        "all words, a clause each": ["，".join(mixed)],
        "all words, a sentence each": ["。".join(mixed)],
        "all words, spaced": [" ".join("".join(mixed))],
        "all words, quoted": ["".join(f"「{word}」" for word in mixed)],
        "all words of one list": ["".join(lists[name]) for name in used],
        "two of the most used lists in turn": [
            "".join(x + y for x, y in zip(lists[a] * 50, lists[b] * 50, strict=False))
            for a in most
            for b in most
            if a < b
        ],
        "digits and numbers of people": [
            "0",
            "0912345678",
            "1-2 3.4 ",
            "A123456789 ",
            "110101199003078515 ",
            "2026/11/22 ",
        ],
        "marks only": ["，", "。", "，。！？、；：", "「", '「『“"', "~", "…", ".", "*", "\n", " "],
        "between every two characters something": ["我*", "我 ", "我\u200b", "我.", "e\u0301", "a@b."],
    }


def _adversarial(guarding: Guarding, linter: Linter, words: list[str]) -> Iterator[Row]:
    walk = Automaton(linter._slots.words)
    for name, pieces in families(guarding, words).items():
        worst, text = max(_worst(linter, pieces), key=lambda found: found[0])
        plain = linter._folding.plain(text)
        floor = min(_cpu(lambda plain=plain: walk.ends(plain)) for _ in range(3))
        told = f"{name} ({len(pieces):,})" if len(pieces) > 1 else name
        shown = f"{worst * 1000:.1f} ms" + (f" 「{_line(text[:8])}…」" if len(pieces) > 1 else "")
        yield Row(
            f"{LONG:,} characters: {told}",
            shown,
            f"×{worst / floor:.1f} of one walk",
            f"≤ {WORST_MS:.0f} ms",
            worst * 1000 > WORST_MS,
        )


def _worst(linter: Linter, pieces: Iterable[str]) -> Iterator[tuple[float, str]]:
    """Each once and short; the slowest of them at full length and in every place, so that one bad moment names nobody."""
    once = [(_cpu(lambda piece=piece: linter.check(_long(piece, SHORT), IN_PUBLIC)), piece) for piece in pieces]
    for _first, piece in sorted(once, reverse=True)[:SLOWEST]:
        text = _long(piece, LONG)
        for context in PLACES:
            yield min(_cpu(lambda text=text, context=context: linter.check(text, context)) for _ in range(4)), text


def _line(text: str) -> str:
    return " ".join(text.split()) or "⏎"


def _long(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length]


# --- a document ----------------------------------------------------------------------------------------------------


def _paper(guarding: Guarding, linter: Linter) -> Iterator[Row]:
    from suyuan.correspondence.documents import document_findings, text_of

    data = paper_of(50, [text for text, _context in replies(guarding)])
    best = None
    for _ in range(3):
        began, child = time.perf_counter(), _children()
        document = text_of(data, "flyer.pdf")
        read = _children() - child
        own = time.thread_time()
        found = document_findings(document, linter, Context("advertisement"))
        spent = (read + time.thread_time() - own, read, time.perf_counter() - began)
        best = min(best or spent, spent)
    cpu, read, wall = best
    pages = max(each.where.page for each in document.stretches)
    findings = sum(len(spot.findings) for spot in found.spots)
    yield Row(
        f"a PDF of {pages} pages ({document.characters:,} characters, {findings} findings), read and checked",
        f"{cpu:.2f} s CPU, {wall:.2f} s by the clock",
        f"{read:.2f} s of it in the process that reads",
        f"≤ {PAPER_S:.0f} s",
        cpu > PAPER_S,
    )


def _children() -> float:
    """CPU time of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def paper_of(pages: int, texts: list[str]) -> bytes:
    import typst

    from suyuan.platform.confined.typeset import FONTS

    body = "\n#pagebreak()\n".join(
        "\n\n".join(f'#"{_quoted(text)}"' for text in _six(texts, page)) for page in range(pages)
    )
    source = (
        f'#set page(width: 148mm, height: 210mm, margin: 12mm)\n#set text(font: "Noto Serif CJK TC", size: 9pt)\n{body}'
    )
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(FONTS)])
    return typst.Compiler({"main": source.encode()}, font_paths=fonts).compile(format="pdf")


def _six(texts: list[str], page: int) -> list[str]:
    return [texts[(6 * page + n) % len(texts)] for n in range(6)]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


# --- telling -------------------------------------------------------------------------------------------------------


def _cpu(act: Callable[[], object]) -> float:
    began = time.thread_time()
    act()
    return time.thread_time() - began


def table(rows: Iterable[Row]) -> str:
    lines = ["| the guard | measured | beside it | bar |", "|---|---|---|---|"]
    lines += [f"| {r.what} | {r.measured} | {r.floor} | {r.bar}{' MISSED' if r.missed else ''} |" for r in rows]
    return "\n".join(lines) + "\n"
