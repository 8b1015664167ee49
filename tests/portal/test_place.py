"""The follow-up page hands out where the complaint stands in the log, so that its holder can check us without us."""
from __future__ import annotations

import json

import pytest

from suyuan.kernel import merkle, notes
from suyuan.platform import access, keys
from suyuan.platform.checkpoints import checkpoint_make
from suyuan.platform.models import AccessRow, FactRow
from suyuan.platform.proofs import proof_read
from tests.portal.conftest import NOW, keys_of, opened, sent

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
FILE = "/p/streamside/follow/proof/"


@pytest.fixture
def case(phone, clinic):
    reference, secret = keys_of(sent(phone))
    assert opened(phone, reference, secret).status_code == 303
    return reference


@pytest.mark.requirement("A-15")
def test_what_is_handed_out_can_be_checked_without_us(phone, case):
    checkpoint_make(now=NOW)
    answer = phone.get(FILE)
    told = json.loads(answer.content)

    receipt, note = proof_read(told["receipt"]), notes.checkpoint_read(told["checkpoint"])
    proof = [bytes.fromhex(digest) for digest in told["inclusion"]]
    assert merkle.inclusion_holds(told["index"], note.size, bytes.fromhex(receipt.leaf), proof, bytes.fromhex(note.root))
    (public,) = [bytes.fromhex(link["public"]) for link in told["keys"] if link["key"] == note.key]
    assert keys.signature_holds(public, bytes.fromhex(told["signature"]), told["checkpoint"].encode())
    assert keys.signature_holds(public, receipt.signature, receipt.message.encode())
    assert answer["Content-Disposition"] == f'attachment; filename="{case}-proof.json"'


def test_it_holds_no_secret_and_no_word_of_the_complaint(phone, case):
    checkpoint_make(now=NOW)
    text = phone.get(FILE).content.decode()

    assert "溫" not in text and case not in text and text.isascii()
    access.flush()
    assert AccessRow.objects.filter(what="portal.proof", shown=[case]).count() == 1


def test_the_page_shows_the_checkpoint_once_there_is_one(phone, case):
    assert FILE not in phone.get("/p/streamside/follow/").content.decode()
    assert phone.get(FILE).status_code == 404
    row = checkpoint_make(now=NOW)
    html = phone.get("/p/streamside/follow/").content.decode()

    assert FILE in html and row.root in html
    assert FactRow.objects.filter(type="case.opened").exists()


def test_a_stranger_gets_nothing(client, case):
    checkpoint_make(now=NOW)
    assert client.get(FILE).status_code == 302
