"""`suyuan guard`: the guard alone, on a file or on what is piped in. Needs no clinic; with one, it knows the clinic's own words.

Plain text gives one verdict; so does a document (PDF, Word, HTML), told place by place. JSON Lines (objects with `id` and `text`, and their own `surface`, `reply_to`, `jurisdiction` if
they differ) gives JSON Lines in the same order. Ends with 0 clean, 1 something found, 2 something that cannot be sent,
3 a line that could not be read.
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

from suyuan.kernel.textlint import CLEAN, Context, Finding, Level, Linter, verdict
from suyuan.playbooks.guarding import REPLIES, SURFACES, Guarding, rule_set
from suyuan.playbooks.texts import pick

CODES = {CLEAN: 0, Level.ADVISE.value: 1, Level.WARN.value: 1, Level.BLOCK.value: 2}
UNREADABLE = 3
BIGGEST = 2_000_000  # characters of one text

_SAYS = {
    "zh-Hant": {"block": "擋下", "warn": "須核准", "advise": "建議", "clean": "可以送出", "safer": "改說", "delete": "請刪去這句", "missing": "少了這一段"},
    "zh-Hans": {"block": "拦下", "warn": "须批准", "advise": "建议", "clean": "可以发出", "safer": "改说", "delete": "请删去这句", "missing": "少了这一段"},
    "en": {"block": "BLOCK", "warn": "NEEDS APPROVAL", "advise": "ADVICE", "clean": "clean", "safer": "say instead", "delete": "leave this out", "missing": "missing"},
}  # fmt: skip


class LineUnfit(ValueError):
    """A line of JSON that is no text to check; says why."""


@dataclass(frozen=True)
class Guard:
    """Rules ready to read with, and where a text goes unless it says so itself."""

    guarding: Guarding
    context: Context

    @cached_property
    def linter(self) -> Linter:
        return Linter(rule_set(self.guarding))

    def check(self, text: str, context: Context | None = None) -> tuple[Finding, ...]:
        return self.linter.check(text, context or self.context)

    def line(self, row: dict[str, Any]) -> tuple[str, Context]:
        """Text and place of one object. Raises LineUnfit."""
        text = row.get("text")
        if not isinstance(text, str):
            raise LineUnfit("text is missing or not a text")
        if len(text) > BIGGEST:
            raise LineUnfit(f"text is longer than {BIGGEST} characters")
        surface = _one_of(row, "surface", SURFACES, self.context.surface)
        reply_to = _one_of(row, "reply_to", ("", *REPLIES), self.context.reply_to)
        jurisdiction = _one_of(row, "jurisdiction", ("tw", "cn"), self.context.jurisdiction)
        return text, replace(self.context, surface=surface, reply_to=reply_to, jurisdiction=jurisdiction)


def _one_of(row: dict[str, Any], name: str, known: Iterable[str], otherwise: str) -> str:
    value = row.get(name)
    if value is None or value == "":
        return otherwise if value is None or "" not in known else ""
    if value not in known:
        raise LineUnfit(f"{name} {value!r} is none of {', '.join(k for k in known if k)}")
    return value


def rows_in(raw: str) -> list[str] | None:
    """The lines, if this is JSON Lines: every line that is not empty begins an object, and the first is one with a text."""
    lines = [line for line in raw.split("\n") if line.strip()]
    if not lines or not all(line.lstrip().startswith("{") for line in lines):
        return None
    try:
        first = json.loads(lines[0])
    except ValueError:
        return None
    return lines if isinstance(first, dict) and ("text" in first or "id" in first) else None


def run(raw: str, guard: Guard, *, as_json: bool, language: str, out: TextIO, err: TextIO) -> int:
    """Check what was given; returns the code to end with."""
    lines = rows_in(raw)
    if lines is not None:
        return _lines(lines, guard, out, err)
    findings = guard.check(raw)
    if as_json:
        print(_json(None, findings), file=out)
    else:
        for line in told(raw, findings, guard, language):
            print(line, file=out)
    return CODES[verdict(findings)]


def _lines(lines: list[str], guard: Guard, out: TextIO, err: TextIO) -> int:
    worst = 0
    for number, line in enumerate(lines, 1):
        row: Any = None
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise LineUnfit("not an object")
            text, context = guard.line(row)
        except ValueError as why:  # LineUnfit, and what json raises
            worst = UNREADABLE
            print(f"{number}: {why}", file=err)
            name = row.get("id") if isinstance(row, dict) else None
            print(json.dumps({"id": name, "error": str(why)}, ensure_ascii=False), file=out)
            continue
        findings = guard.check(text, context)
        print(_json(row.get("id"), findings), file=out)
        worst = max(worst, CODES[verdict(findings)])
    return worst


def _json(name: Any, findings: tuple[Finding, ...]) -> str:
    told = [_row(finding) for finding in findings]
    return json.dumps({"id": name, "verdict": verdict(findings), "findings": told}, ensure_ascii=False)


def _row(f: Finding) -> dict[str, Any]:
    return {"kind": f.kind, "level": f.level, "start": f.start, "end": f.end, "rule": f.rule}


def told(text: str, findings: tuple[Finding, ...], guard: Guard, language: str) -> Iterator[str]:
    """For people: what, where, why, under which law, what to say instead."""
    says = _SAYS[language]
    yield says[verdict(findings)]
    for number, finding in enumerate(findings, 1):
        kind, rule = guard.guarding.kind_of[finding.kind], guard.guarding.rule_of.get(finding.rule)
        words = text[finding.start : finding.end].replace("\n", " ")
        where = f"{finding.start}–{finding.end}" if words else ""
        yield ""
        yield f"{number}. {says[finding.level]}  {pick(kind.name, language)}  {finding.rule}"
        yield f"   「{words}」  {where}" if words else f"   {says['missing']}"
        yield f"   {pick((rule and rule.why) or kind.why, language)}"
        basis = ((rule and rule.basis) or kind.basis).get(guard.context.jurisdiction)
        if basis:
            yield f"   {basis}"
        safer = (rule and rule.safer) or kind.safer
        action = (rule and rule.action) or kind.action
        yield f"   {says['safer']}：{pick(safer, language)}" if safer and action != "delete" else f"   {says['delete']}"


# What is read as a document and not as a text: by how it begins, or by how its name ends.
DOCUMENTS = (b"%PDF", b"PK\x03\x04")
ENDINGS = (".pdf", ".docx", ".html", ".htm")


def is_document(name: str) -> bool:
    if name == "-":
        return False
    with Path(name).open("rb") as file:
        return name.lower().endswith(ENDINGS) or file.read(4).startswith(DOCUMENTS)


def run_document(path: Path, guard: Guard, *, as_json: bool, language: str, out: TextIO) -> int:
    """Check a PDF, a Word file or a page of the web, told by where each thing stands. Raises DocumentUnread."""
    from suyuan.correspondence.documents import document_findings, text_of

    found = document_findings(text_of(path), guard.linter, guard.context)
    if as_json:
        rows = [{**_row(f), "where": _where(spot.stretch.where)} for spot in found.spots for f in spot.findings]
        rows += [_row(f) for f in found.missing]
        print(json.dumps({"id": path.name, "verdict": found.level, "findings": rows}, ensure_ascii=False), file=out)
        return CODES[found.level]
    print(_SAYS[language][found.level], file=out)
    for spot in found.spots:
        print(f"\n— {_where(spot.stretch.where)}", file=out)
        for line in list(told(spot.stretch.text, spot.findings, guard, language))[1:]:
            print(line, file=out)
    for line in list(told("", found.missing, guard, language))[1:]:
        print(line, file=out)
    return CODES[found.level]


def _where(where: Any) -> str:
    """p. 3, § heading, 2"""
    parts = [f"p. {where.page}" if where.page else "", f"§ {where.heading}" if where.heading else ""]
    parts.append(f"{where.part} {where.number}" if where.number else where.part)
    return ", ".join(part for part in parts if part)


def read(name: str, *, stdin: TextIO) -> str:
    """A file's text, or what is piped in. Raises OSError, UnicodeDecodeError."""
    raw = stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    return raw.decode("utf-8-sig")


