"""A full proof that somebody downloaded is checked on the page that checks bundles, and the page says where it does not hold."""
from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from suyuan.evidence.verifier import place
from suyuan.kernel import chain
from suyuan.platform import keys
from suyuan.platform.checkpoints import checkpoint_make
from tests.portal.conftest import NOW, keys_of, opened, sent
from tests.portal.test_place import FILE

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-10"), pytest.mark.sqlite]


@pytest.fixture
def full(phone, clinic) -> bytes:
    for _ in range(2):
        sent(Client())
    reference, secret = keys_of(sent(phone))
    opened(phone, reference, secret)
    checkpoint_make(now=NOW)
    return phone.get(FILE).content


@pytest.fixture
def pin(clinic) -> str:
    return keys.public_keys()[0].fingerprint


def checked(content: bytes, **said) -> str:
    answer = Client().post(reverse("portal:bundle"), {"bundle": SimpleUploadedFile("p.json", content), **said})
    assert answer.status_code == 200
    return answer.content.decode()


def changed(full: bytes, **parts) -> bytes:
    return chain.canonical(json.loads(full) | parts) + b"\n"


def judged(content: bytes, pin: str = "", receipt: bytes | None = None) -> tuple[int, str]:
    code, lines = place.judge(content, pin, receipt, "zh-Hant")
    return code, "\n".join(lines)


def test_it_holds_by_the_pin_of_the_paper(full, pin):
    page = checked(full, pin=pin.upper())
    assert "成立：沒有被改過" in page and "收據所指的事件，在簽過名的紀錄裡" in page and "所說" not in page
    assert f"簽章金鑰指紋 {pin}" in page and "事件說了什麼，以及說的是否屬實" in page
    assert "VALID: the event on the receipt" in "\n".join(place.judge(full, pin, None, "en")[1])
    assert "回执所指的事件" in "\n".join(place.judge(full, pin, None, "zh-Hans")[1])


def test_without_a_pin_it_does_not_say_that_it_holds(full):
    page = checked(full)
    assert "沒有用指紋確認是誰簽的" in page and "成立：沒有被改過" not in page
    assert judged(full, "0" * 64)[0] == 3
    assert judged(full, "xyz") == (2, "無法檢查：指紋應為 64 個十六進位數字（xyz）")


def test_the_page_says_where_and_what(full):
    receipt = json.loads(full)["receipt"]
    forged = changed(full, receipt=receipt.replace("position 1", "position 2"))
    page = checked(forged)
    assert "不成立：內容被動過" in page and "收據不是這個診所的金鑰所簽（receipt, key" in page


def test_each_part_is_held_to_the_others(full, pin):
    told = json.loads(full)
    receipt, proof, signature = told["receipt"], told["inclusion"], told["signature"]
    size = int(told["checkpoint"].splitlines()[2])
    assert len(proof) >= 2
    wrong = {
        "收據不是這個診所的金鑰所簽": dict(receipt=receipt.replace("\nat 2", "\nat 1")),
        "事件不在檢查點所簽的紀錄裡": dict(index=told["index"] + 1),
        "index -1": dict(index=-1),
        f"index {size}": dict(index=size),
        "inclusion": dict(inclusion=proof[:-1]),
        "事件不在": dict(inclusion=proof[::-1]),
        "內容不合格式（inclusion": dict(inclusion=[proof[0].upper(), *proof[1:]]),
        "檢查點的簽章或公鑰不成立": dict(checkpoint=told["checkpoint"].replace("epoch 1", "epoch 2")),
        "（checkpoint": dict(signature=("0" if signature[0] != "0" else "1") + signature[1:]),
        "128 個十六進位": dict(signature=signature[:-2]),
        "簽章金鑰的接續關係不成立": dict(keys=[told["keys"][0] | {"public": "00" * 32}]),
        "檢查點的簽章": dict(keys=[]),
        "內容不合格式（format": dict(more=1),
        "內容不合格式": dict(index="1"),
        "讀不懂這份收據": dict(receipt=receipt.replace("suyuan receipt 1", "suyuan receipt 2")),
        "不認得這種格式": dict(format="suyuan place 2"),
    }
    for said, parts in wrong.items():
        code, lines = judged(changed(full, **parts), pin)
        assert code in (1, 2) and said in lines, (said, lines)


def test_every_changed_byte_is_found(full, pin):
    # The day on which the first key says it was made is signed by nobody: no key came before it.
    free = full.index(b'"at":"', full.index(b'"keys":['))
    found = 0
    for place_of in range(0, len(full) - 1, 7):
        if free < place_of < free + 34:
            continue
        forged = bytearray(full)
        forged[place_of] ^= 1
        code, _lines = judged(bytes(forged), pin)
        assert code in (1, 2), (place_of, full[place_of - 20 : place_of + 20])
        found += 1
    assert found > 150


def test_another_receipt_is_told_apart(full, pin):
    told = json.loads(full)
    assert judged(full, pin, told["receipt"].encode())[0] == 0
    code, said = judged(full, pin, told["receipt"].replace("position 1", "position 3").encode())
    assert code == 1 and "這是另一張收據的證明" in said


def test_what_the_receipt_alone_says_is_not_said_as_shown(full, pin):
    """A clinic that holds the key signs a receipt with another hour for an event that is in the log."""
    lines = json.loads(full)["receipt"].splitlines()[:6]
    lines[2], lines[4] = "position 9", "at 2020-01-01T00:00:00.000000Z"
    text = "\n".join(lines) + "\n"
    lying = changed(full, receipt=f"{text}signature {keys.sign(text.encode()).bytes.hex()}\n")
    code, said = judged(lying, pin)
    assert code == 0 and "收據說：事件" in said and "只有收據這樣說，證據包才核對得出來" in said


@pytest.mark.parametrize("odd", [b"{", b"{}", b"{" + b'"a":[' * 40_000, b'{"format":"suyuan place 1"}', b'{"a":1e999}', b"{\xff}", b"{" + b"9" * 5000])
def test_rubbish_is_no_proof(odd):
    code, said = judged(odd)
    assert code in (1, 2) and said.startswith(("無法檢查", "不成立")), said


def test_the_page_for_receipts_leads_a_full_proof_here(client, full):
    page = client.post(reverse("portal:proof"), {"proof": full.decode()}).content.decode()
    assert "這是完整的證明檔案" in page and reverse("portal:bundle") in page and "看不出是收據" not in page
