"""Words are kept byte for byte or refused; they are indexed in the commit that writes them."""
from __future__ import annotations

import hashlib

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from suyuan.kernel.refusal import Refusal
from suyuan.platform import units
from suyuan.platform.models import Text, TextIndex
from suyuan.platform.texts import MAX_CHARS, Draft, TextRefused, text_check, text_write, texts_write
from suyuan.platform.units import unit
from tests.platform.stories import NOW

pytestmark = pytest.mark.django_db


def write(body: str, **told) -> Text:
    with unit():
        return text_write(**{"stream": "case:1", "kind": "message", "body": body, "branch_id": 1, "now": NOW, **told})


@pytest.mark.parametrize(
    "body", ["退款", "一\r\n二\n三\t四", " 前後空白 ", "é", "e\u0301", "Ａ簡体", "😡👩‍⚕️", "\u202e倒", "𠮷", "x" * MAX_CHARS, "' \" \\ %s {} <b>"]
)
def test_words_come_back_as_they_were_written(body):
    text = Text.objects.get(pk=write(body).pk)

    assert text.body == body
    assert text.sha256 == hashlib.sha256(body.encode()).hexdigest()
    assert text.at == NOW


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "empty"),
        ("a\x00b", "unprintable"),
        ("a\x07b", "unprintable"),
        ("a\x1bb", "unprintable"),
        ("\x7f", "unprintable"),
        ("\x85", "unprintable"),
        ("\ud800", "unprintable"),
        ("x" * (MAX_CHARS + 1), "too_long"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(body, reason):
    with pytest.raises(TextRefused) as refusal:
        write(body)
    assert refusal.value.data["reason"] == reason
    assert refusal.value.status == 422
    assert not Text.objects.exists()


@pytest.mark.parametrize("body", ["", "ab\x00", "x" * (MAX_CHARS + 1)])
def test_a_refusal_says_what_to_do(body):
    with pytest.raises(TextRefused) as refusal:
        text_check(body)
    assert refusal.value.message() != refusal.value.code


def test_a_refusal_names_the_field_and_the_place():
    with pytest.raises(TextRefused) as refusal:
        text_check("ab\x00", field="narrative")
    assert refusal.value.fields == {"narrative": "unprintable"}
    assert refusal.value.data["at"] == 2


def test_words_are_written_inside_a_service_only():
    with pytest.raises(units.OutsideAService):
        text_write(stream="case:1", kind="message", body="x", branch_id=1, now=NOW)


def test_a_compartment_is_a_code():
    with pytest.raises(ValueError, match="Counsel"):
        write("x", compartment="Counsel 1")


def test_five_texts_cost_as_many_statements_as_one():
    def statements(count: int) -> int:
        with CaptureQueriesContext(connection, ) as told, unit():
            texts_write([Draft("case:1", "message", f"第{n}則", 1) for n in range(count)], now=NOW)
        return len(told)

    assert statements(1) == statements(5)


def test_texts_written_one_by_one_are_indexed_by_one_statement():
    with CaptureQueriesContext(connection) as told, unit():
        for n in range(4):
            text_write(stream="case:1", kind="message", body=f"第{n}則", branch_id=1, now=NOW)
    assert sum("INSERT INTO platform_textindex" in query["sql"] for query in told) == 1
    assert TextIndex.objects.count() == 4


def test_rolled_back_words_leave_no_trace_in_the_index():
    with pytest.raises(Refusal), unit():
        text_write(stream="case:1", kind="message", body="退款", branch_id=1, now=NOW)
        raise Refusal
    assert not Text.objects.exists()
    assert not TextIndex.objects.exists()


def test_the_largest_text_of_rare_words_can_be_indexed():
    """PostgreSQL takes at most a megabyte of tokens for one row."""
    wide = "".join(chr(code) for code in range(0x20000, 0x20000 + 40_000)) + "".join(map(chr, range(0x4E00, 0x9FFF)))
    write((wide * 2)[:MAX_CHARS])
    write(" ".join(f"{n:x}é" for n in range(10**6, 10**6 + MAX_CHARS // 8)))
    assert TextIndex.objects.count() == 2
