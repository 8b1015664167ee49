"""What holds of every text: offsets lead back, disguises change nothing, and no text makes the guard slow."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from functools import cache
from pathlib import Path

import opencc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from suyuan.kernel.textlint import Context, Folding, Linter, Rule, RuleSet, Shape, Words, read
from suyuan.kernel.textlint.automaton import Automaton
from suyuan.kernel.textlint.rewriting import Change, rewritten
from suyuan.playbooks import schemas
from suyuan.playbooks.guarding import Guarding, context_of, levels_of, listed, rule_set
from suyuan.playbooks.shipped import SECTIONS
from suyuan.playbooks.wording import Skeleton

pytestmark = [pytest.mark.requirement("B-11"), pytest.mark.sqlite]

PACKS = Path(__file__).resolve().parents[2] / "packs" / "wording"
HAN = re.compile("[\u4e00-\u9fff]")


@cache
def shipped() -> tuple[Guarding, tuple[Skeleton, ...], Linter]:
    """Straight from the files: that they are well formed is asked elsewhere."""
    sections: dict[str, list] = {}
    for path in sorted(PACKS.rglob("*.yaml")):
        if path.name != "pack.yaml" and not path.name.startswith(("templates", "alternatives", "principles")):
            for name, rows in YAML(typ="safe").load(path.read_text("utf-8")).items():
                if name in (*SECTIONS, "skeletons"):
                    sections.setdefault(name, []).extend(rows)
    shapes = schemas.of("wording")
    read_in = {name: shapes[name].validate_json(json.dumps(rows)) for name, rows in sections.items()}
    skeletons = read_in.pop("skeletons")
    guarding = Guarding(**{name: tuple(rows) for name, rows in read_in.items()})
    return guarding, tuple(skeletons), Linter(rule_set(guarding))


# --- the way back --------------------------------------------------------------------------------------------------

SMALL = RuleSet(
    rules=tuple(
        Rule(
            f"R-{n}",
            "asked",
            {"public_reply": "warn"},
            tuple(f for f in read(line)),
            silenced_by=frozenset({"negated"}),
        )
        for n, line in enumerate(("保證 ..6 有效", "<pay> ... 刪", "delete ..9 review", "<phone>", "退 & 告"))
    ),
    words={"pay": Words(("賠償", "錢", "refund")), "neg": Words(("不", "沒有"), ("不好意思",))},
    shapes={"phone": Shape(r"09\d{2}-?\d{3}-?\d{3}", "digit")},
    substitutes={"賍": "贓", "㊣": "正"},
)
PIECES = st.sampled_from(
    ["保證", "有效", "賠償", "錢", "刪", "退", "告", "不", "不好意思", "delete", "Review", "ＲＥＶＩＥＷ", "refund", "0912-345-678"]
    + ["，", "。", "！！", "\n", " ", "　", "\u200b", "*", "．", "~", "㊣", "①", "é", "e\u0301", "ﬁ", "ß", "カ\u3099", "한", "😀", "👩\u200d⚕️", "\U00020000"]
)  # fmt: skip
TEXTS = st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=60))
LINTER, FOLDING = Linter(SMALL), Folding(SMALL.substitutes)


@given(TEXTS)
@settings(max_examples=120, deadline=None)
def test_every_folded_character_leads_back_to_the_one_it_came_from(text):
    folded = FOLDING(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert list(folded.starts) == sorted(folded.starts)
    for place, character in enumerate(folded.text):
        start, end = folded.back(place, place + 1)
        assert 0 <= start < end <= len(text)
        assert character in FOLDING.plain(text[start:end])


@given(TEXTS)
@settings(max_examples=120, deadline=None)
def test_every_finding_lies_in_the_text_and_holds_what_was_found(text):
    for finding in LINTER.check(text, Context("public_reply")):
        assert 0 <= finding.start < finding.end <= len(text)
        alone = FOLDING.plain(text[finding.start : finding.end])
        first = {"R-0": "保证", "R-1": ("赔偿", "钱", "refund"), "R-2": "delete", "R-3": "09", "R-4": ("退", "告")}[
            finding.rule
        ]
        assert re.sub(r"[\s.*~]", "", alone).startswith(first)


@given(
    st.lists(st.text("甲乙丙", min_size=1, max_size=4), min_size=1, max_size=8, unique=True),
    st.text("甲乙丙丁", max_size=25),
)
@settings(max_examples=100, deadline=None)
def test_the_automaton_finds_what_looking_everywhere_finds(words, text):
    brute = {(n, at, at + len(w)) for n, w in enumerate(words) for at in range(len(text)) if text.startswith(w, at)}
    found = list(Automaton(words)(text))
    assert set(found) == brute and len(found) == len(brute)


# --- disguises -----------------------------------------------------------------------------------------------------

WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
HOLES = {
    "phone": "06-234-5678",
    "hours": "09:00–18:00",
    "handler": "沈經理",
    "deadline": "明天 18:00 前",
    "emergency": "119",
}
DISGUISES = {
    "Hans": opencc.OpenCC("t2s").convert,
    "Hant": opencc.OpenCC("s2t").convert,
    "wide": lambda text: text.translate(WIDE),
    "upper": str.upper,
    "composed": lambda text: unicodedata.normalize("NFKC", text),
    "apart": lambda text: unicodedata.normalize("NFD", text),
    "spaced": lambda text: re.sub(f"(?<={HAN.pattern})(?={HAN.pattern})", " ", text),
    "invisible": lambda text: re.sub(f"(?<={HAN.pattern})(?={HAN.pattern})", "\u200b", text),
    "starred": lambda text: re.sub(f"(?<={HAN.pattern})(?={HAN.pattern})", "*", text),
}


def bodies():
    _guarding, skeletons, _linter = shipped()
    for row in skeletons:
        for _language, words in row.body.items():
            body = re.sub(r"\{(\w+)\}", lambda hole: HOLES.get(hole[1], "這裡"), words)
            for place in row.jurisdictions:
                yield row.id, body, Context(row.surface, place, next(iter(row.reply_to), ""), allow=(HOLES["phone"],))


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguise_adds_nothing_to_a_clean_text(disguise):
    linter = shipped()[2]
    added = []
    for name, body, context in bodies():
        before = {f.rule for f in linter.check(body, context)}
        after = {f.rule for f in linter.check(DISGUISES[disguise](body), context)}
        added += [(name, context.jurisdiction, rule) for rule in after - before]
    assert added == []


# --- nothing makes it slow -----------------------------------------------------------------------------------------

SHORT, LONG = 2_000, 8_000
FAMILIES = (
    "every word", "every word, a clause each", "two lists in turn", "what is denied", "quoted", "spaced", "digits", "marks", "stars",
    "numbers of people",
)  # fmt: skip


def steps(linter: Linter, text: str, context: Context) -> int:
    """Calls made while a text is read: they are the same on every machine, whatever else it does."""
    count = 0

    def counted(frame, event, what):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        linter.check(text, context)
    finally:
        sys.setprofile(None)
    return count


def long(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length]


@cache
def adversarial() -> dict[str, str]:
    frames = [line for rule in shipped()[0].rules for line in (*rule.frames, *rule.unless)]
    used = {name: sum(f"<{name}>" in line for line in frames) for name in guarding_lists()}
    lists = guarding_lists()
    first, second, *_rest = sorted(used, key=used.get, reverse=True)
    every = [word for name in sorted(lists) for word in lists[name]]
    return {
        "every word": "".join(every),
        "every word, a clause each": "，".join(every),
        "two lists in turn": "".join(a + b for a, b in zip(lists[first] * 9, lists[second] * 9, strict=False)),
        "what is denied": "我們不是" + "".join(f"不是{word}" for word in lists[first]),
        "quoted": "".join(f"「{word}" for word in every),
        "spaced": " ".join("".join(every)),
        "digits": "09123456789",
        "marks": "，。！？、",
        "stars": "我*",
        "numbers of people": "A123456789 110101199003078515 0912-345-678 a@b.cd ",
    }


@cache
def guarding_lists() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in shipped()[0].words:
        if one.words:
            found[one.id] = (*found.get(one.id, ()), *listed(one.words))
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_four_times_the_text_takes_about_four_times_the_work(family):
    linter, piece, context = shipped()[2], adversarial()[family], Context("public_reply", "tw", "negative_review")
    short, four = long(piece, SHORT), long(long(piece, SHORT), LONG)
    steps(linter, short, context)  # what is made once and kept is not counted
    assert steps(linter, four, context) <= 4.5 * steps(linter, short, context)


# --- taking over the safer words -----------------------------------------------------------------------------------

# rule: why what its own safer words leave behind is as it should be
AS_IT_SHOULD_BE: dict[str, str] = {}


def left_over(linter: Linter, guarding: Guarding):
    """Rules that still block one of their own examples when everything they say was done."""
    for rule in guarding.rules:
        kind = guarding.kind_of[rule.kind]
        levels = levels_of(rule, kind)
        action, safer = rule.action or kind.action, rule.safer or kind.safer
        if action == "insert" or rule.missing:
            continue
        for example in rule.fires:
            text, context = context_of(example, rule, levels)
            changes = [
                Change(f.start, f.end, action if safer else "delete", safer.hant if safer else "")
                for f in linter.check(text, context)
                if f.rule == rule.id
            ]
            after = linter.check(rewritten(text, changes), context)
            if any(f.rule == rule.id and f.level == "block" for f in after):
                yield rule.id


def test_who_takes_over_the_safer_words_is_not_held_by_the_same_rule_again():
    guarding, _skeletons, linter = shipped()
    assert set(left_over(linter, guarding)) == set(AS_IT_SHOULD_BE)
