"""E3 for what comes in by itself: an edit past the product of a word or a file that came is found, and the fact named."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from suyuan.accounts.models import Organisation
from suyuan.cases.services.arriving import incoming_drop, incoming_follow
from suyuan.cases.services.intake import Contact, PersonGiven
from suyuan.correspondence import rules
from suyuan.correspondence.arriving import Arrival, Came
from suyuan.correspondence.models import Content, Incoming, IncomingFile
from suyuan.correspondence.recomputing_incoming import incoming_recomputed
from suyuan.correspondence.services import incoming_forget, incoming_stop, incoming_take
from suyuan.kernel.actor import Actor
from suyuan.platform import triggers, verify
from suyuan.platform.erasure import Cell, erasure_order
from suyuan.platform.files import file_receive
from suyuan.platform.models import FactRow
from tests.cases.cast import HOUR, NOON
from tests.evidence.rows import edits

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-15"), pytest.mark.requirement("B-10")]

WEN, TABLES = "wen@example.org", [Incoming, IncomingFile]
# Columns that a fact commits together, under one name.
TOGETHER = {"correspondence_incoming": ("row", "content", "found_by"), "correspondence_incomingfile": ("called", "name")}


@pytest.fixture
def came(cast, make_case) -> list[Incoming]:
    """In its place with its files, waiting, aside, forgotten, and a code; by mail and by LINE."""
    Organisation.objects.get_or_create(id=1, defaults={"names": {"zh-Hant": "示例"}})
    make_case(complainant=PersonGiven(family_name="例", given_name="小安", contacts=(Contact("email", WEN),)))

    def mail(event: str, sender: str = "nobody@example.org", **more) -> Arrival:
        picture = file_receive(source=[event.encode()], name="紀錄.txt", max_bytes=1000)
        files = (Came(name="紀錄.txt", received=picture), Came(name="看照片\n.exe", why="kind"))
        return Arrival(channel="email", event=event, branch_id=cast.tn.pk, sender=sender, words=event, kind="mail", files=files, **more)

    def line(event: str, **more) -> Arrival:
        about = {"sender": "U" + "ab" * 16, "branch_id": cast.tn.pk, "happened_at": NOON - HOUR} | more
        return Arrival(channel="line", event=event, **about)

    arrivals = [
        mail("placed", WEN), mail("waits"), mail("dropped", left_out=2), mail("machine", aside="automatic"), mail("forgotten"),
        line("picture", kind="image", files=(Came(remote="77", name="臉.jpg"), Came(remote="78"))), line("code", kind="code"),
        mail("placed too", WEN),
    ]  # fmt: skip
    rows = incoming_take(arrivals=arrivals, actor=Actor("integration", "email"), now=NOON)
    assert all(incoming_follow(uid=str(row.uid), now=NOON) for row in (rows[0], rows[-1]))
    incoming_drop(incoming=rows[4], reason=rules.ASIDE[0], actor=cast.manager.actor, now=NOON - timedelta(days=400))
    incoming_forget(now=NOON)
    incoming_drop(incoming=rows[2], reason=rules.ASIDE[0], actor=cast.manager.actor, now=NOON + HOUR)
    return rows


def found() -> list[str]:
    return [fault.detail for fault in incoming_recomputed(None)]


def test_what_nobody_edited_holds_and_every_edit_is_found(came):
    assert {row.state for row in Incoming.objects.all()} == {"placed", "waiting", "aside", "linked"}
    assert {row.state for row in IncomingFile.objects.all()} == {"given", "kept", "left", "waiting"}
    report = verify.verify_streams(rows_checks=verify.row_checks())
    assert [str(fault) for fault in report.faults] == []
    triggers.drop()
    columns = sum(len(model._meta.concrete_fields) + 1 for model in TABLES)
    made, missed = 0, []
    for edit in edits(columns, random.Random(7), TABLES):
        table = edit.model._meta.db_table
        try:
            with transaction.atomic():
                edit.do()
                told = (f"{table} ", *(f"{table}.{name} " for name in (edit.column, *TOGETHER[table])))
                if not any(detail.startswith(told) for detail in found()):
                    missed.append(f"{table}.{edit.column} of {edit.row.pk}")
                transaction.set_rollback(True)
            made += 1
        except DatabaseError:  # the constraints of the table would not have it
            continue
    assert missed == []
    assert made > columns * 0.6
    assert found() == []


@pytest.mark.parametrize("column", ["content_sealed", "sender_blind"])
def test_words_are_compared_as_they_read_and_by_whom_they_are_found(came, column):
    triggers.drop()
    placed, *others = came
    one, other = others[0], others[1]
    Incoming.objects.filter(pk=one.pk).update(**{column: None})
    called = {"content_sealed": "content", "sender_blind": "found_by"}[column]
    assert f"correspondence_incoming.{called} {one.uid}" in found()
    file = IncomingFile.objects.get(incoming=other, why="kind")
    IncomingFile.objects.filter(pk=file.pk).update(name_sealed=None)
    assert f"correspondence_incomingfile.name {file.uid}" in found()
    assert file.name == "看照片 .exe"


def test_what_an_order_took_away_is_no_fault_nor_what_an_earlier_program_did_not_say(came, cast):
    row = came[1]
    incoming_stop(streams=[row.stream], actor=cast.manager.actor, now=NOON)
    cells = [Cell(row, "content_sealed"), Cell(row, "sender_blind"), *(Cell(file, "name_sealed") for file in row.files.all() if file.name_sealed)]
    erasure_order(stream=row.stream, what=cells, actor=cast.head.actor, now=NOON + HOUR)
    assert Incoming.objects.get(pk=row.pk).content == Content() and found() == []

    triggers.drop()
    for fact in FactRow.objects.filter(type="incoming.arrived"):
        plain = {name: held for name, held in fact.plain.items() if name not in ("row", "content")}
        salt, files = plain.get("files", (None, None))
        if files:
            plain["files"] = [salt, [{n: v for n, v in each.items() if n not in ("remote", "name")} for each in files]]
        FactRow.objects.filter(pk=fact.pk).update(plain=plain)
    FactRow.objects.filter(type="incoming.files_given").update(type="incoming.unheard")
    Incoming.objects.update(sender_blind=None, language="en")
    assert found() == []
    Incoming.objects.filter(state="aside").update(reason="other")
    assert found()
