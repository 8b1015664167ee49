"""Two spellings of one person meet; two persons do not; a surname alone finds nobody."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.platform import keys
from suyuan.platform.identifiers import fold_identifier, index_values, query_values, split_name

pytestmark = pytest.mark.usefixtures("ring_of_tests")


@pytest.fixture
def ring_of_tests(monkeypatch):
    """Blind indexes need a key and no database: a ring over fixed bytes."""
    opened = [(kind, keys._Opened(f"{kind}-0000000{n}", bytes(3) + bytes([n]), b"k" * 32), True)
              for n, kind in enumerate(keys.KINDS)]  # fmt: skip
    monkeypatch.setattr(keys, "_ring", keys.Ring(None, opened))


WANG = {"family_name": "王", "given_name": "小明", "phones": ["0912-345-678"], "chart_number": "A-00123"}


def finds(question: str, person: dict) -> bool:
    return bool(set(query_values(question)) & set(index_values(**person)))


@pytest.mark.parametrize(
    "spelling",
    ["0912-345-678", "0912345678", "０９１２３４５６７８", "+886912345678", "+886 0912 345 678", "886-912-345-678",
     "(0912) 345.678", "00886912345678", "912345678", "0912-345-678 #12", "0912-345-678 分機12"],
)  # fmt: skip
def test_a_taiwan_mobile_number_has_one_form(spelling):
    assert fold_identifier("phone", spelling) == "+886912345678"


@pytest.mark.parametrize("spelling", ["138 0013 8000", "+86 138-0013-8000", "8613800138000", "0086 13800138000"])
def test_a_mainland_mobile_number_has_one_form(spelling):
    assert fold_identifier("phone", spelling) == "+8613800138000"


@pytest.mark.parametrize(
    ("spelling", "form"),
    [
        ("02-2345-6789", "+886223456789"),
        ("+886 2 2345 6789", "+886223456789"),
        ("(06) 234-5678", "+88662345678"),
        ("037-123456", "+88637123456"),
        ("010-6512 3456", "+861065123456"),
        ("021 6512 3456", "+862165123456"),
        ("0755-26001234", "+8675526001234"),
        ("+86 0755 2600 1234", "+8675526001234"),
        ("+852 2345 6789", "+85223456789"),
        ("2345-6789", "23456789"),
        ("", ""),
        ("沒有", ""),
    ],
)
def test_other_numbers_keep_their_area(spelling, form):
    assert fold_identifier("phone", spelling) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [("陳美麗", "陈美丽"), ("王 小明", "王小明"), ("Chen Mei-Ling", "ＣＨＥＮ　meiling"), ("阿迪·阿里", "阿迪．阿里")],
)
def test_a_name_is_the_same_in_either_script_and_spacing(one, other):
    assert fold_identifier("name", one) == fold_identifier("name", other) != ""


@pytest.mark.parametrize(
    ("full", "parts"),
    [
        ("王小明", ("王", "小明")),
        ("歐陽小明", ("歐陽", "小明")),
        ("欧阳小明", ("欧阳", "小明")),
        ("歐陽", ("歐", "陽")),
        ("張簡明", ("張簡", "明")),
        ("王", ("王", "")),
        ("Mei-Ling Chen", ("Chen", "Mei-Ling")),
        ("Madonna", ("", "Madonna")),
        ("", ("", "")),
    ],
)
def test_a_name_in_one_piece_is_split(full, parts):
    assert split_name(full) == parts


@pytest.mark.parametrize(
    "question",
    ["王小明", "王 小 明", "小明", "王小明小姐", "0912345678", "+886912345678", "5678", "王5678", "王 5678",
     "王小姐 5678", "A-00123", "a00123", "Ａ00123", "0912-345-678 分機 3"],
)  # fmt: skip
def test_every_lawful_way_of_asking_finds_the_person(question):
    assert finds(question, WANG)


@pytest.mark.parametrize(
    "question",
    ["", "   ", "王", "王先生", "明", "王小", "345678", "0912", "678", "李5678", "李小明", "00123", "x" * 200],
)
def test_no_other_way_does(question):
    assert not finds(question, WANG)


def test_a_latin_name_is_found_in_either_order():
    chen = {"family_name": "Chen", "given_name": "Mei-Ling"}

    assert finds("Mei-Ling Chen", chen)
    assert finds("chen mei ling", chen)
    assert finds("mei ling", chen)
    assert not finds("chen", chen)


def test_a_surname_alone_leaves_no_index():
    assert index_values(family_name="王") == []
    assert {row.field for row in index_values(family_name="王", phones=["0912345678"])} == {
        "phone",
        "phone_last4",
        "surname_last4",
    }


def test_each_way_of_asking_has_its_own_digests():
    rows = index_values(**WANG)

    assert len({row.value for row in rows}) == len(rows)
    assert all(len(row.value) == 16 for row in rows)
    assert sorted(row.field for row in rows) == sorted(
        ["name", "given_name", "phone", "phone_last4", "surname_last4", "chart_number"]
    )


def test_two_telephones_make_two_ways_in():
    both = {**WANG, "phones": ["0912-345-678", "+86 138 0013 8000"]}

    assert finds("王8000", both)
    assert finds("王5678", both)
    assert finds("13800138000", both)


def test_an_unknown_kind_is_a_mistake():
    with pytest.raises(ValueError, match="unknown kind"):
        fold_identifier("surname", "王")


@given(st.text(max_size=40))
def test_whatever_is_typed_the_search_box_survives(text):
    query_values(text)
    index_values(given_name=text, family_name=text, phones=[text], chart_number=text)


@given(st.sampled_from(["name", "phone", "chart_number"]), st.text(max_size=40))
def test_folding_twice_changes_nothing_for_ordinary_text(kind, text):
    once = fold_identifier(kind, text)
    if once.isascii():
        assert fold_identifier(kind, once) == once
