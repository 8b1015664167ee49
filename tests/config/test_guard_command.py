"""`suyuan guard`: the guard alone, on a file or on what is piped in."""
from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from suyuan.config import cli, guarding
from suyuan.kernel.textlint import Context
from suyuan.playbooks.guarding import REPLIES, SURFACES, Guarding, GuardRule, Kind, WordList
from suyuan.playbooks.texts import Texts

pytestmark = pytest.mark.sqlite

WHY = Texts("不能這樣說", "不能这样说", "Do not say so")
SAFER = Texts("由您決定", "由您决定", "It is up to you")
KINDS = (
    Kind("gag", 1, Texts("封口", "封口", "Gagging"), WHY, {"public_reply": "block"}, SAFER, "replace", {"tw": "民法 §247-1"}),
    Kind("jargon", 2, Texts("行話", "行话", "Jargon"), WHY, {"public_reply": "advise"}),
    Kind("threat", 3, Texts("威脅", "威胁", "Threat"), WHY, {"private_message": "warn"}),
)
RULES = (
    GuardRule("G", "gag", ("不得 <tell>",), ("不得申訴",), ("可以申訴",)),
    GuardRule("J", "jargon", ("SOP",), ("SOP",), ("流程",)),
    GuardRule("T", "threat", ("法院見",), ("法院見",), ("法院",)),
)
GUARD = guarding.Guard(Guarding(KINDS, (WordList("tell", ("申訴", "投訴")),), rules=RULES), Context("public_reply"))


def run(raw: str, *, as_json: bool = False, language: str = "zh-Hant") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return guarding.run(raw, GUARD, as_json=as_json, language=language, out=out, err=err), out.getvalue(), err.getvalue()


@pytest.mark.parametrize(("text", "code"), [("您好", 0), ("這是SOP", 1), ("您不得申訴", 2)])
def test_the_exit_code_says_how_bad_it_is(text, code):
    assert run(text)[0] == code
    assert run(text, as_json=True)[0] == code


@pytest.mark.requirement("B-11")
def test_people_read_where_why_under_which_law_and_what_instead():
    code, out, _err = run("請注意，您不得\n申訴")
    assert code == 0, "a new line ends a sentence"
    code, out, _err = run("請注意，您不得申訴。")
    assert out.split("\n") == [
        "擋下", "", "1. 擋下  封口  G", "   「不得申訴」  5–9", "   不能這樣說", "   民法 §247-1", "   改說：由您決定", "",
    ]  # fmt: skip
    assert "say instead：It is up to you" in run("您不得申訴", language="en")[1]


def test_lines_come_back_in_order_one_object_a_text():
    rows = [
        {"id": "a", "text": "您好"},
        {"id": 7, "text": "法院見", "surface": "private_message"},
        {"id": "c", "text": "您不得投訴", "reply_to": "negative_review", "jurisdiction": "cn"},
    ]
    code, out, err = run("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n")
    told = [json.loads(line) for line in out.splitlines()]
    assert [(t["id"], t["verdict"]) for t in told] == [("a", "clean"), (7, "warn"), ("c", "block")]
    assert told[2]["findings"] == [{"kind": "gag", "level": "block", "start": 1, "end": 5, "rule": "G"}]
    assert (code, err) == (2, "")


@pytest.mark.parametrize(
    "line", ["{", '{"id": 1}', '{"id": 1, "text": 5}', '{"id": 1, "text": "a", "surface": "tv"}', '{"id": 1, "text": "a", "reply_to": 3}']
)
def test_a_line_that_cannot_be_read_is_named_and_the_others_are_checked(line):
    code, out, err = run('{"id": 0, "text": "SOP"}\n' + line + '\n{"id": 2, "text": "SOP"}')
    told = [json.loads(one) for one in out.splitlines()]
    assert [t.get("verdict") for t in told] == ["advise", None, "advise"]
    assert told[1]["error"]
    assert err.startswith("2: ")
    assert code == guarding.UNREADABLE


def test_a_text_that_begins_with_a_brace_is_a_text():
    assert run("{姓名}您好，您不得申訴")[0] == 2


def test_the_command_knows_the_surfaces_of_the_packs():
    assert cli.GUARD_SURFACES == SURFACES
    assert cli.GUARD_REPLIES == REPLIES


def test_the_command_reads_what_is_piped_in_without_a_clinic(tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SUYUAN_") and k != "DJANGO_SETTINGS_MODULE"}
    environment["XDG_CACHE_HOME"] = str(tmp_path)
    lines = '{"id": "bad", "text": "刪除評論，我們就退費給您。"}\n{"id": "good", "text": "您好"}\n'
    command = [sys.executable, "-m", "suyuan", "guard", "--json", "--reply-to", "question", "-"]
    for _cold_then_kept in range(2):
        done = subprocess.run(command, input=lines, capture_output=True, text=True, env=environment, timeout=120)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(t["id"], t["verdict"]) for t in told] == [("bad", "block"), ("good", "clean")], done.stderr
        assert {f["kind"] for f in told[0]["findings"]} == {"review_trade"}
        assert done.returncode == 2
    assert len(list((tmp_path / "suyuan").iterdir())) == 1
    refused = subprocess.run([*command[:-1], "--surface", "tv", "-"], input="", capture_output=True, text=True, env=environment)
    assert refused.returncode == guarding.UNREADABLE


def test_a_document_is_told_place_by_place(tmp_path):
    page = tmp_path / "flyer.html"
    page.write_text("<title>您好</title><h1>說明</h1><p>請看這裡。</p><p>您不得申訴。</p>", "utf-8")
    assert guarding.is_document(str(page))
    assert guarding.run_document(page, GUARD, as_json=True, language="en", out=(out := io.StringIO())) == 2
    told = json.loads(out.getvalue())
    assert (told["id"], told["verdict"]) == ("flyer.html", "block")
    [finding] = told["findings"]
    assert (finding["rule"], finding["start"], finding["end"]) == ("G", 1, 5)
    assert "§ 說明" in finding["where"]
    assert guarding.run_document(page, GUARD, as_json=False, language="zh-Hant", out=(out := io.StringIO())) == 2
    assert "「不得申訴」" in out.getvalue()


def test_what_only_looks_like_a_document_is_refused_in_words(tmp_path, capsys):
    broken = tmp_path / "paper.pdf"
    broken.write_bytes(b"%PDF-1.7 nothing more")
    assert cli.main(["guard", "--lang", "en", str(broken)]) == guarding.UNREADABLE
    assert "paper.pdf: " in capsys.readouterr().err
