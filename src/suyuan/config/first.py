"""The first start of a clinic: who we are, who begins, and a key sheet that somebody really holds.

Asked in the terminal or read from a file on this machine; never over the network.
"""
from __future__ import annotations

import getpass
import os
import secrets
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from suyuan.config.up import Say, Start, StartRefused, marker_read, marker_write
from suyuan.platform.master import KeySheet, sheet

PASSWORD_LENGTH = 12
LANGUAGES = {"1": "zh-hant", "2": "zh-hans", "3": "en"}
ZONES = {"tw": "Asia/Taipei", "cn": "Asia/Shanghai"}
EMERGENCY = {"tw": "119", "cn": "120"}

Ask = Callable[[str], str]


@dataclass(frozen=True)
class Answers:
    """What the first start needs to know."""

    language: str
    organisation: str
    branch_code: str
    branch_name: str
    jurisdiction: str
    phone: str
    emergency_phone: str
    login: str
    name: str
    email: str
    password: str
    sheet_folder: str


def answers_read(path: Path) -> Answers:
    """From a TOML file. It holds a password, so it must be ours alone."""
    if not path.exists():
        raise StartRefused("answers_missing", f"找不到 {path}。", f"{path} is not there.")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise StartRefused(
            "answers_open_to_others",
            f"答案檔裡有密碼，別的使用者卻讀得到。請執行：chmod 600 {path}",
            f"The answers hold a password and others may read them. Run: chmod 600 {path}",
        )
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartRefused("answers_malformed", f"{path} 讀不懂：{error}", f"{path} is not TOML: {error}") from None
    organisation, branch, member = (_table(given, t) for t in ("organisation", "branch", "member"))
    jurisdiction = _text(branch, "branch", "jurisdiction")
    answers = Answers(
        language=given.get("language", "zh-hant"),
        organisation=_text(organisation, "organisation", "name"),
        branch_code=_text(branch, "branch", "code").upper(),
        branch_name=_text(branch, "branch", "name", _text(organisation, "organisation", "name")),
        jurisdiction=jurisdiction,
        phone=_text(branch, "branch", "phone"),
        emergency_phone=_text(branch, "branch", "emergency_phone", EMERGENCY.get(jurisdiction, "")),
        login=_text(member, "member", "login"),
        name=_text(member, "member", "name"),
        email=_text(member, "member", "email", ""),
        password=_text(member, "member", "password"),
        sheet_folder=_text(_table(given, "key_sheet"), "key_sheet", "saved_to"),
    )
    answers_check(answers)
    return answers


def _table(given: dict[str, Any], name: str) -> dict[str, Any]:
    table = given.get(name)
    if not isinstance(table, dict):
        raise StartRefused("answers_incomplete", f"答案檔缺少 [{name}]。", f"The answers lack the table [{name}].")
    return table


def _text(table: dict[str, Any], where: str, name: str, otherwise: str | None = None) -> str:
    value = table.get(name, otherwise)
    if not isinstance(value, str) or (not value.strip() and otherwise is None):
        raise StartRefused(
            "answers_incomplete", f"答案檔缺少 {where}.{name}。", f"The answers lack {where}.{name}."
        )
    return value.strip() if name != "password" else value


def answers_check(answers: Answers) -> None:
    wrong = next(_wrong(answers), None)
    if wrong:
        raise wrong


def _wrong(answers: Answers):
    code = answers.branch_code
    if answers.language not in LANGUAGES.values():
        yield StartRefused("language_unknown", "語言是 zh-hant、zh-hans 或 en。", "The language is zh-hant, zh-hans or en.")
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        yield StartRefused("branch_code", "院所代號是兩個英文字母，例如 TN。", "A branch code is two letters, such as TN.")
    if answers.jurisdiction not in ZONES:
        yield StartRefused("jurisdiction", "適用法律是 tw 或 cn。", "The jurisdiction is tw or cn.")
    if len(answers.password) < PASSWORD_LENGTH:
        yield StartRefused(
            "password_short",
            f"密碼至少 {PASSWORD_LENGTH} 個字元；一句話最好記。",
            f"A password has at least {PASSWORD_LENGTH} characters; a sentence is easy to remember.",
        )


def answers_asked(ask: Ask = input, ask_secret: Ask = getpass.getpass, say: Say = print) -> Answers:
    """Ask in the terminal, one question at a time, again where an answer cannot be used."""
    say("溯源第一次啟動，先認識一下您的診所。\nThe first start: a few questions about your clinic.\n")
    language = _pick(ask, say, "語言 Language: 1 繁體中文  2 简体中文  3 English", LANGUAGES)
    organisation = _need(ask, say, "機構名稱 Organisation")
    code = _need(ask, say, "院所代號，兩個英文字母 Branch code, two letters (TN)", lambda c: len(c) == 2 and c.isascii() and c.isalpha())
    branch = ask(f"院所名稱 Branch name [{organisation}]: ").strip() or organisation
    jurisdiction = _pick(ask, say, "適用法律 Law: tw 臺灣  cn 中国大陆", {"tw": "tw", "cn": "cn"})
    phone = _need(ask, say, "院所電話 Telephone")
    usual = EMERGENCY[jurisdiction]
    emergency = ask(f"緊急電話 Emergency number [{usual}]: ").strip() or usual
    name = _need(ask, say, "您的姓名 Your name")
    login = _need(ask, say, "登入名稱 Login name")
    email = ask("電子郵件，可留空 E-mail, may be empty: ").strip()
    password = _password(ask_secret, say)
    folder = _need(
        ask,
        say,
        "主金鑰備份單存到哪個資料夾（隨身碟，不是資料夾裡面） Folder for the key sheet (a USB stick, not the data folder)",
        lambda f: Path(f).expanduser().is_dir(),
    )
    answers = Answers(
        language, organisation, code.upper(), branch, jurisdiction, phone, emergency, login, name, email, password, folder
    )
    answers_check(answers)
    return answers


def _need(ask: Ask, say: Say, question: str, fits: Callable[[str], bool] = bool) -> str:
    while True:
        answer = ask(f"{question}: ").strip()
        if answer and fits(answer):
            return answer
        say("  這樣還不行，請再寫一次。 That cannot be used; once more, please.")


def _pick(ask: Ask, say: Say, question: str, choices: dict[str, str]) -> str:
    return choices[_need(ask, say, question, lambda a: a.lower() in choices).lower()]


def _password(ask_secret: Ask, say: Say) -> str:
    while True:
        first = ask_secret(f"密碼，至少 {PASSWORD_LENGTH} 個字元 Password, at least {PASSWORD_LENGTH} characters: ")
        if len(first) < PASSWORD_LENGTH:
            say("  太短了。 Too short.")
        elif ask_secret("再輸入一次 Once more: ") != first:
            say("  兩次不一樣。 They differ.")
        else:
            return first


# --- the key sheet -----------------------------------------------------------------------------------------------------


def sheet_folder(start: Start, folder: str) -> Path:
    """Where the sheet goes: a folder that is there, and not beside the data it opens."""
    path = Path(folder).expanduser().resolve()
    if not path.is_dir():
        raise StartRefused(
            "sheet_folder_missing", f"{path} 不是現有的資料夾。", f"{path} is not an existing folder."
        )
    if path.is_relative_to(start.data):
        raise StartRefused(
            "sheet_inside_data",
            "備份單不能放在資料夾裡面：那等於把鑰匙和鎖一起備份。",
            "The key sheet must not lie inside the data folder: key and lock would be copied together.",
        )
    return path


def sheet_save(keys: Path, folder: Path) -> Path:
    """Write the sheet as a page to print and as text, for us alone, durably; returns the page."""
    made = sheet(keys)
    name = f"suyuan-key-sheet-{made.key_id}"
    for path, words in ((folder / f"{name}.txt", made.text), (folder / f"{name}.html", _page(made))):
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(words)
            file.flush()
            os.fsync(file.fileno())
    return folder / f"{name}.html"


def _page(made: KeySheet) -> str:
    return (
        '<!doctype html><html lang="zh-Hant"><meta charset="utf-8"><title>Suyuan 溯源</title>'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">'
        "<style>body{font:14pt/1.7 serif;margin:20mm}pre{font:12pt/1.8 monospace;white-space:pre-wrap}</style>"
        f"{made.svg}<pre>{escape(made.text)}</pre></html>\n"
    )


def sheet_confirm(keys: Path, *, ask: Ask = input, say: Say = print, below: Callable[[int], int] = secrets.randbelow) -> None:
    """Ends only when one line of the sheet, which one is chance, was typed back from paper."""
    made = sheet(keys)
    n = below(len(made.lines))
    wanted = _typed(made.lines[n])
    say("請把備份單印出或抄下，再從紙上輸入其中一行。\nPrint or copy the sheet, then type one of its lines from the paper.")
    while _typed(ask(f"第 {n + 1} 行 Line {n + 1}: ")) != wanted:
        say("  和備份單不一樣，請再看一次紙本。 That is not what the sheet says; look at the paper again.")


def _typed(line: str) -> str:
    head, colon, rest = line.partition(":")
    kept = rest if colon and head.strip().isdigit() else line
    return "".join(kept.upper().split())


# --- the first start itself ----------------------------------------------------------------------------------------


def is_first(data: Path) -> bool:
    return not marker_read(data).get("begun")


def begin(start: Start, answers: Answers, *, now: datetime, confirm: Callable[[Path], None], say: Say) -> None:
    """The organisation with its first member, then the key sheet. Can be done again if it was interrupted."""
    from suyuan.accounts.models import Organisation

    folder = sheet_folder(start, answers.sheet_folder)
    if not Organisation.objects.exists():
        _organisation(answers, now)
    page = sheet_save(start.keys, folder)
    say(f"主金鑰備份單 Key sheet: {page}")
    confirm(start.keys)
    marker_write(start.data, begun=True)


def _organisation(answers: Answers, now: datetime) -> None:
    """One transaction: organisation, branch and first member, or nothing."""
    from suyuan.accounts import services
    from suyuan.accounts.errors import BadStaffInput
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform.units import writes

    who = {"actor": SYSTEM, "now": now}
    # Names are needed in Chinese; a clinic that works in English gives the one it has.
    script = "zh-Hans" if answers.language == "zh-hans" else "zh-Hant"

    @writes
    def clinic_found() -> None:
        services.organisation_create(names={script: answers.organisation}, **who)
        branch = services.branch_create(
            code=answers.branch_code,
            names={script: answers.branch_name},
            jurisdiction=answers.jurisdiction,
            zone=ZONES[answers.jurisdiction],
            language=answers.language,
            portal_slug=answers.branch_code.lower(),
            phone=answers.phone,
            emergency_phone=answers.emergency_phone,
            **who,
        )
        services.triage_branch_set(branch=branch, **who)
        user = services.user_create(
            login=answers.login,
            display_name=answers.name,
            password=answers.password,
            email=answers.email,
            language=answers.language,
            must_change_password=False,
            **who,
        )
        services.member_add(user=user, branch=branch, roles=["administrator", "head_of_clinic"], **who)

    try:
        clinic_found()
    except BadStaffInput as refused:
        said = " ".join(str(words) for words in refused.fields.values())
        raise StartRefused("answers_refused", said, f"These answers cannot be used: {', '.join(refused.fields)}") from None
