"""A question put together once gives what the query itself gives, for every value and in every thread."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.db import connection, connections

from suyuan.platform.asked import Asked
from suyuan.platform.models import Text
from suyuan.platform.texts import text_write
from suyuan.platform.units import unit
from tests.platform.stories import NOW

SOME = "\0"


def written(*streams: str) -> None:
    with unit():
        for stream in streams:
            text_write(stream=stream, kind="message", body=f"words of {stream}", branch_id=1, now=NOW)


def test_it_answers_for_each_value_as_the_query_would(ring, django_assert_num_queries):
    written("case:1", "case:1", "case:2")
    of = Asked(Text.objects.filter(stream=SOME).order_by("pk"), SOME)
    for stream in ("case:1", "case:2", "case:3"):
        with django_assert_num_queries(1):
            found = of(stream)
        assert found == list(Text.objects.filter(stream=stream).order_by("pk"))
        assert [row.body for row in found] == [f"words of {stream}"] * len(found)


def test_rows_without_a_model_and_a_value_that_stands_twice(ring):
    written("case:1", "case:2")
    both = Text.objects.filter(stream=SOME).values_list("body", "stream").order_by()
    of = Asked(both.union(both.all(), all=True), SOME)
    assert of("case:2") == [("words of case:2", "case:2")] * 2


def test_who_can_see_nothing_asks_nothing(ring, django_assert_num_queries):
    of = Asked(Text.objects.none().filter(stream=SOME), SOME)
    with django_assert_num_queries(0):
        assert of("case:1") == []


def test_each_thread_asks_over_its_own_connection(committed):
    written("case:1")
    of = Asked(Text.objects.filter(stream=SOME), SOME)
    mine = connection.connection

    def ask(_n: int) -> tuple[list[str], bool]:
        try:
            return [row.body for row in of("case:1")], connection.connection is not mine
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(8))) == [(["words of case:1"], True)] * 8
