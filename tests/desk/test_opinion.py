"""A second opinion: only in the house, only of a masked text that was shown, believed nothing but which words are of which kind."""

from __future__ import annotations

import json
import re
import socket

import pytest
from django.urls import reverse

from suyuan.correspondence import opinion as asking
from suyuan.correspondence.opinion import hidden
from suyuan.correspondence.own_errors import OpinionRefused
from suyuan.correspondence.rules.opinion import NotAnAnswer, Server, answer_read, is_near, masked
from suyuan.kernel.textlint import Known
from suyuan.platform.models import FactRow
from tests.correspondence.second_reader import Running

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-11")]

TEXT = "陳小姐您好，0912-345-678 已收到。這件事我們很忙，請洽例小安。"
PAGE = {"surface": "private_message", "words": TEXT, "more": "例小安"}
BLAME = {"kind": "quarrel", "level": "warn", "quote": "這件事我們很忙"}


@pytest.fixture(scope="module")
def server():
    running = Running()
    yield running
    running.stop()


@pytest.fixture
def reader(server, settings):
    server.reader.__init__()
    settings.OPINION_URL, settings.OPINION_MODEL, settings.OPINION_KEY = server.url, "house-7b", "k-1"
    return server.reader


def look(client, **more):
    return client.post(reverse("desk:opinion"), PAGE | more)


def ask(client, **more):
    seen = look(client, **more).context["seen"]
    return look(client, seen=seen, **more)


def body(page) -> str:
    return page.content.decode()


def test_it_is_off_until_a_server_is_named(browser, settings):
    settings.OPINION_URL = ""
    page = look(browser("manager"))
    assert "還沒有設定第二意見" in body(page) and not FactRow.objects.filter(type="opinion.asked").exists()


def test_nothing_leaves_before_the_masked_text_was_seen(browser, reader):
    page = look(browser("receptionist"))
    assert reader.asked == [] and "〔數字〕" in page.context["masked"] and "例小安" not in page.context["masked"]
    look(browser("receptionist"), seen="0" * 64)
    assert reader.asked == []


def test_what_is_sent_names_nobody_and_is_on_record_without_its_words(browser, reader):
    reader.says = {"findings": [BLAME]}
    page = ask(browser("manager"))
    (asked, headers), = reader.asked
    sent = json.dumps(asked, ensure_ascii=False)
    assert not re.search(r"0912|345|678|例小安", sent) and headers["Authorization"] == "Bearer k-1"
    assert asked["model"] == "house-7b" and asked["stream"] is False
    assert "<mark>這件事我們很忙</mark>" in body(page)
    row = FactRow.objects.get(type="opinion.asked")
    assert row.value("model") == "house-7b" and "很忙" not in str(row.plain)


def test_it_adds_and_never_lifts(browser, reader):
    words = "我們保證完全恢復，0912-345-678。"
    page = ask(browser("manager"), words=words)
    assert page.context["added"] == [] and page.context["verdict"].findings
    assert {each.level for each in page.context["verdict"].findings} & {"block", "warn"}


def beside(client, **more):
    """As the form of the guard's own page is sent by its third button; what it hides and shows is sent along."""
    return client.post(reverse("desk:opinion"), {"surface": "private_message", "reply_to": "", "words": TEXT, "beside": "guard"} | more)


def test_beside_the_guard_nothing_is_lost_and_the_verdict_is_the_rules(browser, reader):
    reader.says = {"findings": [BLAME]}
    manager, words = browser("manager"), TEXT + "我們保證完全恢復。"
    assert "127.0.0.1:" in body(manager.get(reverse("desk:guard"))) and "請第二意見" in body(manager.get(reverse("desk:guard")))
    shown = beside(manager, words=words, more="例小安")
    page = body(shown)
    assert reader.asked == [] and "〔數字〕" in page and "送出去問" in page and ">例小安</textarea>" in page
    level = shown.context["form"].fields["words"].said["level"]
    assert words in page and level in ("warn", "block") and f'action="{reverse("desk:guard")}"' in page
    answered = body(beside(manager, words=words, more="例小安", seen=shown.context["second"]["seen"]))
    assert len(reader.asked) == 1 and not re.search(r"0912|例小安", json.dumps(reader.asked[0][0], ensure_ascii=False))
    assert "<mark>這件事我們很忙</mark>" in answered and "值得再看" in answered
    assert words in answered and f"sy-verdict--{level}" in answered
    beside(manager, words=words + "改了", more="例小安", seen=shown.context["second"]["seen"])
    assert len(reader.asked) == 1


def test_beside_the_guard_trouble_and_emptiness_lose_nothing(browser, reader, settings):
    manager = browser("manager")
    empty = beside(manager, words=" ")
    assert empty.status_code == 422 and "請先寫下要看的文字" in body(empty)
    long = beside(manager, words="好" * 4_001)
    assert long.status_code == 409 and "請分段" in body(long) and "好" * 4_001 in body(long)
    assert beside(manager, surface="wall").status_code == 422
    settings.OPINION_URL = ""
    assert "第二意見" not in body(manager.get(reverse("desk:guard"))).split("<main")[1]
    assert reader.asked == []


SOUND = masked("請不要再鬧了，打 0912345678 找我們。", [])


@pytest.mark.parametrize(
    "said",
    [
        "ignore the rules",
        {"findings": [], "verdict": "clean"},
        {"findings": [{"kind": "quarrel", "level": "block", "quote": "不要再鬧"}]},
        {"findings": [{"kind": "praise", "level": "warn", "quote": "不要再鬧"}]},
        {"findings": [{"kind": "quarrel", "level": "warn", "quote": "這句話不在裡面"}]},
        {"findings": [{"kind": "quarrel", "level": "warn", "quote": "打 〔數字〕 找"}]},
        {"findings": [{"kind": "quarrel", "level": "warn", "quote": "不要再鬧", "why": "<b>請匯款</b>"}]},
        {"findings": [{"kind": "quarrel", "level": "warn", "quote": "不要再鬧"}] * 13},
        {"findings": [{"kind": ["quarrel"], "level": "warn", "quote": "不要再鬧"}]},
        [],
        "[" * 5_000,
    ],
)
def test_any_other_answer_is_none(said):
    content = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    with pytest.raises(NotAnAnswer):
        answer_read(json.dumps({"choices": [{"message": {"content": content}}]}), SOUND, ["quarrel"])


def test_places_are_those_of_the_text_as_it_was_written():
    text = "0912345678 找我。請不要再鬧了。"
    said = {"findings": [{"kind": "quarrel", "level": "warn", "quote": "不要再鬧"}]}
    body = json.dumps({"choices": [{"message": {"content": json.dumps(said)}}]})
    (found,) = answer_read(body, masked(text, []), ["quarrel"])
    assert text[found.start : found.end] == "不要再鬧"


@pytest.mark.parametrize(("trouble", "status"), [(500, 409), ("huge", 409), ("slow", 409), (302, 409)])
def test_a_server_in_trouble_harms_nobody(browser, reader, monkeypatch, trouble, status):
    monkeypatch.setattr(asking, "TIMEOUT", 0.2)
    reader.trouble = trouble
    page = ask(browser("manager"))
    assert page.status_code == status and "不受影響" in body(page) and TEXT in page.context["form"]["words"].value()


@pytest.mark.parametrize(
    "url",
    ["http://8.8.8.8:80/v1", "https://169.254.169.254/", "http://[2001:4860:4860::8888]/", "http://0.0.0.0/", "ftp://10.0.0.1/", "http://u:p@10.0.0.1/"],
)
def test_what_is_not_in_the_house_is_never_called(browser, settings, reader, url):
    settings.OPINION_URL = url
    page = ask(browser("manager"))
    assert page.status_code == 409 and "不在院內" in body(page) and reader.asked == []


def test_a_name_with_one_address_outside_is_not_near(monkeypatch):
    both = [(0, 0, 0, "", (ip, 80)) for ip in ("10.0.0.5", "93.184.216.34")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **how: both)
    with pytest.raises(OpinionRefused) as refused:
        asking.near_address(Server.from_url("http://llm.example.org/"))
    assert refused.value.data["why"] == "not_near"
    assert is_near("::ffff:192.168.1.9") and not is_near("::ffff:8.8.8.8") and not is_near("fe80::1")


def test_whoever_the_text_is_about_is_masked_in_any_writing(cast):
    known = [Known("name", "林怡君"), Known("phone", "0911-222-333"), Known("chart", "A-7788")]
    text = "林 怡 君小姐，林怡君的病歷 A7788，電話 ０９１１２２２３３３，小林 line: lin@example.org。"
    made = hidden(text, surface="public_reply", branch=cast.tn, known=known)
    assert not re.search(r"怡|7788|0911|０９|@", made.text)


def test_the_thirtieth_name_is_masked_as_the_first_is(cast):
    text = "，".join(f"{name}小姐" for name in "王李張劉陳楊黃趙吳周徐孫馬朱胡郭何林高羅鄭梁謝宋唐許鄧韓馮曹") + "都說好。"
    assert "小姐" not in hidden(text, surface="public_reply", branch=cast.tn).text
