"""Numbers, names and addresses that name a person, against those of the clinic itself, in the shipped packs."""

from __future__ import annotations

import pytest

from suyuan.kernel.textlint import Context
from tests.guard.scoring import linter

pytestmark = pytest.mark.sqlite


def levels(text: str, surface: str = "public_reply", allow: tuple[str, ...] = ()) -> set[str]:
    context = Context(surface, "tw", "negative_review" if surface == "public_reply" else "", allow=allow)
    return {found.level for found in linter().check(text, context) if found.kind == "patient_data"}


@pytest.mark.requirement("B-11")
@pytest.mark.parametrize(
    "text",
    [
        "編號 A123456789 已登記",
        "編號 A812345671 已登記",
        "編號 AB12345677 已登記",
        "編號 11010519491231002X 已登記",
        "病歷號 A0012345 的朋友",
        "手機末四碼是 5520 的朋友",
        "您的手機 0912345678 我們打過",
        "王○明先生的事，我們很重視。",
        "林*美小姐您好",
        "張某女士的投訴我們收到了",
        "她住大安區信義路四段210號3樓",
    ],
)
def test_what_names_a_person_does_not_go_out_in_public(text):
    assert levels(text) == {"block"}


@pytest.mark.requirement("B-11")
@pytest.mark.parametrize(
    "text",
    [
        "統一編號 42617838，電話 02-2771-0436，地址臺北市大安區信義路四段 210 號 3 樓",
        "何經理、許醫師、高護理長都在。程序如何、金額多少，平安最好。",
        "處理單號 A123456788 請留存，案件編號 2025-118。",
        "專責窗口阮小姐會在下週二前備好書面答覆。",
    ],
)
def test_the_clinics_own_particulars_and_numbers_of_cases_pass(text):
    assert levels(text) == set()


@pytest.mark.requirement("B-11")
def test_a_name_of_the_clinics_own_people_passes_once_it_is_known():
    assert levels("陳小姐您好") == {"block"}
    assert levels("陳小姐您好", allow=("陳小姐",)) == set()


@pytest.mark.requirement("B-11")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("資料核對：A123456789，沒問題就送出。", {"warn"}),
        ("健保卡 0000-1234-5678 請核對", {"warn"}),
        ("妳閨蜜上個月也做了隆鼻，現在都好了。", {"warn"}),
        ("林先生您好，您 9 月 2 日的雷射改到下週三，電話 0912-345-678 對嗎？", set()),
    ],
)
def test_a_message_to_one_person_may_speak_of_them_but_not_of_others_nor_carry_whole_numbers(text, said):
    assert levels(text, "private_message") == said
