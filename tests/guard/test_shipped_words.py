"""What we ship to be sent passes our own guard: templates, skeletons, and the safer words of every rule."""
from __future__ import annotations

import json

import pytest

from suyuan.kernel.textlint import Context, Linter
from suyuan.playbooks import loader, schemas
from suyuan.playbooks.guarding import levels_of, rule_set
from suyuan.playbooks.shipped import guarding_of
from suyuan.playbooks.texts import fill
from tests.guard import scoring

pytestmark = pytest.mark.sqlite

VALUES = {
    "zh-Hant": {"name": "您", "reference": "TN26-4831-7205", "handler": "沈經理", "role": "個案經理", "by_when": "11月25日18:00",
                "next_step": "由許醫師再看一次紀錄", "clinic": "晴禾診所", "phone": "02-2345-6789", "hours": "週一至週六 10:00–19:00",
                "address": "臺北市中山區南京東路二段100號", "form_url": "https://care.example.org/f", "emergency": "119",
                "authority_channels": "衛生局、消費者服務中心1950", "amount": "新臺幣48,000元", "reason": "紀錄還沒有齊", "findings": "那天的等候時間是五十分鐘",
                "remedies": "退還未使用的部分", "date": "11月22日", "place": "二樓會談室", "participants": "您、沈經理、許醫師", "points": "等候與說明",
                "deadline": "兩個工作日內", "link": "https://care.example.org/r", "question": "今天的感覺如何", "documents": "病歷影本一份"},
}  # fmt: skip
VALUES["zh-Hans"] = VALUES["zh-Hant"]
VALUES["en"] = {**VALUES["zh-Hant"], "name": "you", "handler": "Ms Shen", "next_step": "Dr Hsu looks at the record again", "clinic": "the clinic",
                "findings": "the wait was fifty minutes", "remedies": "the unused part is paid back", "reason": "records are incomplete",
                "by_when": "25 November, 18:00", "deadline": "within two working days", "question": "how are you today"}  # fmt: skip


def shipped(section: str) -> list:
    rows = []
    for name in ("base", "tw", "cn"):
        draft = loader.read(scoring.ROOT / "packs" / "wording" / name, examples=False)
        shape = schemas.of("wording")[section]
        rows.extend(shape.validate_json(json.dumps(draft.body.get(section, []))))
    return rows


def held(row, language: str, text: str) -> list[str]:
    body = fill(text, VALUES[language])
    allow = tuple(VALUES[language].values())
    told = []
    for jurisdiction in row.jurisdictions:
        for reply_to in row.reply_to or ("",):
            found = scoring.linter().check(body, Context(row.surface, jurisdiction, reply_to, allow))
            told += [f"{row.id} {language} {jurisdiction} {f.rule}: {body[f.start:f.end]}" for f in found]
    return told


@pytest.mark.requirement("B-10")
@pytest.mark.parametrize("section", ["templates", "skeletons"])
def test_every_text_we_ship_leaves_unheld(section):
    rows = shipped(section)
    assert len(rows) >= (40 if section == "templates" else 9)
    told = [line for row in rows for language, text in row.body.items() for line in held(row, language, text)]
    assert told == []


def test_safer_words_are_no_danger_themselves():
    guarding = guarding_of(scoring.ROOT / "packs")
    alone = Linter(rule_set(guarding, weighed=False))  # one sentence is not a whole to be weighed
    told = []
    for rule in guarding.rules:
        kind = guarding.kind_of[rule.kind]
        safer = rule.safer or kind.safer
        if safer is None or (rule.action or kind.action) == "delete":
            continue
        for surface in levels_of(rule, kind):
            for jurisdiction, text in (("tw", safer.hant), ("cn", safer.hans)):
                found = alone.check(text, Context(surface, jurisdiction))
                told += [f"{rule.id} {surface} {f.rule}: {text}" for f in found if f.level != "advise"]
    assert told == []
