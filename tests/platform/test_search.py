"""Search finds what is there and nothing else, the same on both databases, for every reader."""
from __future__ import annotations

import random
from itertools import combinations

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef
from django.test.utils import CaptureQueriesContext

from suyuan.kernel import fold
from suyuan.kernel.refusal import BadInput
from suyuan.platform import search
from suyuan.platform.jobs.registry import handler
from suyuan.platform.models import Text, TextIndex
from suyuan.platform.search import scan_matching, stream_rescope, streams_found, texts_matching
from suyuan.platform.texts import Draft, text_write, texts_write
from suyuan.platform.units import OutsideAService, unit
from tests.platform.stories import NOW

BRANCHES = (1, 2, 12)
COMPARTMENTS = ("", "", "", "", "counsel", "root_cause")
PHRASES = (
    "我在這間診所做了皮秒雷射",
    "術後三天臉部紅腫不退",
    "打電話給諮詢師說是正常反應",
    "要求退費 NT$48,000",
    "医生说这是正常反应",
    "玻尿酸注射後眼睛看不清楚",
    "我要投訴到衛生局",
    "refund please, Dr.陳",
    "TN26-4831-7205",
    "０９１２－３４５－６７８",
    "乾坤大挪移乾杯",
    "〇〇醫院",
    "😡😡",
    "é́ Straße İstanbul",
    "it's 100% \"sure\" \\ a_b & c|d",
    "𠮷野家𠮷",
    "アクアﾋﾞｭｰ",
    "하이푸 리프팅",
)
WHOLE, ALL = set(BRANCHES), {"", "counsel", "root_cause"}


@pytest.fixture
def corpus(db) -> list[Text]:
    chance = random.Random(2026)
    drafts = []
    for _ in range(300):
        body = chance.choice(["，", "。", "\n", " ", ""]).join(chance.sample(PHRASES, chance.randint(1, 5)))
        cut = chance.randint(0, 4)
        drafts.append(
            Draft(f"case:{chance.randrange(60)}", "message", body[cut:] or body, chance.choice(BRANCHES), chance.choice(COMPARTMENTS))
        )
    with unit():
        texts_write(drafts, now=NOW)
    return list(Text.objects.order_by("-id"))


def by_brute_force(corpus, query, branches=None, compartments=frozenset(ALL)) -> list[int]:
    return [
        text.pk
        for text in corpus
        if (branches is None or text.branch_id in branches)
        and text.compartment in compartments
        and fold.occurs(query, text.body)
    ]


def found(query, branches=None, compartments=frozenset(ALL)) -> list[int]:
    return [text.pk for text in texts_matching(query, branches=branches, compartments=compartments)]


def some_queries(corpus, count: int) -> list[str]:
    """Cuts of one to eight characters out of the texts, alone, in twos, spelt otherwise, and strangers."""
    chance, queries = random.Random(7), []
    for _ in range(count):
        terms = []
        for _ in range(chance.choice([1, 1, 1, 2, 3])):
            body = chance.choice(corpus).body
            start = chance.randrange(len(body))
            terms.append(body[start : start + chance.randint(1, 8)])
        query = chance.choice([" ", "　", "\n"]).join(terms)
        queries.append(chance.choice([str, str, str.upper, str.lower, str.swapcase])(query))
    return [*queries, "不存在的詞", "退費不", "zzz", "看不", "不清", "費", "款", "a", "1", "%", "_", "'", '"', "\\", "\x00", "\ud800"]


def test_every_answer_equals_brute_force(corpus):
    for query in some_queries(corpus, 400):
        assert found(query) == by_brute_force(corpus, query), query


def test_scanning_gives_the_same_answer(corpus):
    for query in some_queries(corpus, 150):
        assert [t.pk for t in scan_matching(query, Text.objects.all())] == by_brute_force(corpus, query), query


@pytest.mark.parametrize("branches", [None, *[set(c) for n in range(4) for c in combinations(BRANCHES, n)], {99}])
@pytest.mark.parametrize("compartments", [set(), {""}, {"counsel"}, {"root_cause", "counsel"}, {"", "counsel"}, ALL])
def test_no_reader_sees_beyond_their_branches_and_compartments(corpus, branches, compartments):
    for query in ("正常反應", "痛", "退", "不 反", "refund"):
        assert found(query, branches, compartments) == by_brute_force(corpus, query, branches, compartments)


def test_nobody_can_ask_for_a_scope_token(corpus):
    for query in ("\ue0011", "\ue002counsel", "\ue001", "\ue15f", '" OR "退', "退* OR 費", "退:*", "tokens:退", "NEAR(退 費)"):
        assert found(query, {1}, {""}) == by_brute_force(corpus, query, {1}, {""})


@pytest.mark.parametrize("query", ["", "   ", "\u200b", "\ue001", "\x00"])
def test_asking_for_nothing_finds_nothing(corpus, query):
    assert found(query) == []
    assert list(scan_matching(query, Text.objects.all())) == []


def test_a_question_may_be_long_but_not_endless(corpus):
    long = fold.fold(corpus[0].body * 40)[: search.MAX_QUERY]
    assert found(long) == by_brute_force(corpus, long)
    many = "退 費 " * 30
    assert found(many) == by_brute_force(corpus, many)

    with pytest.raises(BadInput) as refusal:
        texts_matching("退" * (search.MAX_QUERY + 1), branches=None, compartments={""})
    assert str(search.MAX_QUERY) in refusal.value.message()


def test_a_reader_with_exclusions_narrows_before_anything_is_counted(corpus):
    mine = Text.objects.filter(pk=OuterRef("pk"), stream__in=[f"case:{n}" for n in range(0, 60, 3)])
    texts = texts_matching("正常反", branches=WHOLE, compartments=ALL).filter(Exists(mine))
    wanted = [t.pk for t in corpus if fold.occurs("正常反", t.body) and int(t.stream[5:]) % 3 == 0]

    assert [t.pk for t in texts] == wanted
    assert texts.count() == len(wanted)
    assert [t.pk for t in texts[5:10]] == wanted[5:10]


def test_a_found_text_serves_as_a_subquery(corpus):
    streams = texts_matching("看不清", branches={1, 2}, compartments={""}).values("stream")
    wanted = {t.pk for t in corpus if t.stream in {r["stream"] for r in streams}}

    assert wanted
    assert {t.pk for t in Text.objects.filter(stream__in=streams)} == wanted


# Pages of streams


@pytest.mark.parametrize("query", ["正常反應", "退", "refund", "不存在"])
def test_streams_come_in_the_order_of_their_newest_match(corpus, query):
    texts = texts_matching(query, branches=None, compartments=ALL)
    wanted = list(dict.fromkeys(t.stream for t in corpus if fold.occurs(query, t.body)))

    assert streams_found(texts) == wanted


@pytest.mark.parametrize("most", [1, 3, 10, 40, 60, 300])
def test_no_more_streams_are_named_than_asked_for(corpus, most):
    texts = texts_matching("正常反應", branches=None, compartments=ALL)
    wanted = list(dict.fromkeys(t.stream for t in corpus if fold.occurs("正常反應", t.body)))

    assert streams_found(texts, most=most) == wanted[:most]


def test_streams_cost_one_statement_when_their_newest_words_tell_them(corpus):
    texts = texts_matching("正常反應", branches=None, compartments=ALL)
    with CaptureQueriesContext(connection) as told:
        streams_found(texts)
    assert len(told) == 1


def test_streams_of_very_many_words_cost_four_statements_and_are_all_found(db):
    with unit():
        texts_write([Draft(f"case:{min(n, 3)}", "message", f"退款 {n}", 1) for n in range(400)], now=NOW)
    texts = texts_matching("退款", branches=None, compartments={""})
    with CaptureQueriesContext(connection) as told:
        assert streams_found(texts, most=4) == ["case:3", "case:2", "case:1", "case:0"]
    assert len(told) == 4


# Moving and mending


def test_a_stream_that_moves_is_found_where_it_stands_now(corpus):
    stream = next(t.stream for t in corpus if t.branch_id == 1 and t.compartment == "" and fold.occurs("正常", t.body))
    with unit():
        just_now = text_write(stream=stream, kind="message", body="正常嗎", branch_id=1, now=NOW)
        moved = stream_rescope(stream=stream, branch_id=77)
    assert moved == Text.objects.filter(stream=stream).count()
    moved_ids = {t.pk for t in corpus if t.stream == stream and fold.occurs("正常", t.body)} | {just_now.pk}

    assert set(found("正常", {77})) == moved_ids
    assert not moved_ids & set(found("正常", set(BRANCHES)))
    assert TextIndex.objects.count() == Text.objects.count()


def test_a_stream_can_become_protected(corpus):
    with unit():
        stream_rescope(stream=corpus[0].stream, compartment="care_talk")
    wanted = {t.pk for t in corpus if t.stream == corpus[0].stream}
    asked = fold.fold(corpus[0].body)[:2]

    assert corpus[0].pk in found(asked, None, {"care_talk"})
    assert set(found(asked, None, {"care_talk"})) <= wanted
    assert corpus[0].pk not in found(asked)


def test_a_rescope_stands_or_falls_with_its_service(corpus):
    with pytest.raises(OutsideAService):
        stream_rescope(stream=corpus[0].stream, branch_id=2)
    with pytest.raises(ZeroDivisionError), unit():
        stream_rescope(stream=corpus[0].stream, branch_id=77)
        raise ZeroDivisionError
    assert found(fold.fold(corpus[0].body)[:2], {77}) == []


def test_a_rebuild_mends_a_lost_index_and_an_old_way_of_folding(corpus):
    TextIndex.objects.all()._raw_delete("default")
    Text.objects.filter(pk=corpus[3].pk).update(folded="old")
    assert found("正常反應") == []

    assert search.index_rebuild() == 1
    assert found("正常反應") == by_brute_force(corpus, "正常反應")
    assert search.index_rebuild() == 0


def test_merging_in_small_steps_changes_no_answer(committed):
    for n in range(30):
        with unit():
            text_write(stream=f"case:{n}", kind="message", body=f"退款{n}", branch_id=1, now=NOW)
    before = found("退款")
    steps = 0
    while search.merge_step(8) and steps < 500:
        steps += 1
    assert steps < 500
    assert found("退款") == before and len(before) == 30
    handler("search.merge").run({}, NOW)
    assert found("退款") == before


def test_the_job_that_merges_has_a_slot_each_minute():
    assert handler("search.merge").cron == "* * * * *"
