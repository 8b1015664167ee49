"""What the keyring promises: nothing opens where it does not belong, and rotation loses nothing."""
from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import IntegrityError, transaction

from suyuan.platform import keys, triggers
from suyuan.platform.keys import KeyProblem
from suyuan.platform.models import Installation, WrappedKey

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_ring(settings, tmp_path):
    """Keys of this test alone, under a master key of this test alone."""
    settings.KEYS_FILE = tmp_path / "master.key"
    keys.master_create(settings.KEYS_FILE)
    triggers.drop()  # keys are never deleted; whoever forges them here has the database to itself
    WrappedKey.objects.all().delete()
    Installation.objects.all().delete()
    keys.ring_forget()
    yield keys.ring_make(NOW)
    keys.ring_forget()


def why(problem) -> str:
    return problem.value.why


def test_what_was_sealed_opens_again():
    uid = str(uuid4())

    assert keys.unseal("patient.phone", uid, keys.seal("patient.phone", uid, "0912-345-678 王")) == "0912-345-678 王"
    assert keys.unseal_bytes("fact", uid, keys.seal("fact", uid, b"\x00\xff")) == b"\x00\xff"
    assert keys.unseal("patient.phone", uid, keys.seal("patient.phone", uid, "")) == ""


def test_equal_values_look_different():
    assert keys.seal("f", "u", "王小明") != keys.seal("f", "u", "王小明")


@pytest.mark.parametrize(
    ("field", "uid"), [("patient.name", "row"), ("patient.phone", "other"), ("patient.phonerow", "")]
)
def test_a_value_moved_to_another_row_or_field_stays_shut(field, uid):
    blob = keys.seal("patient.phone", "row", "0912345678")

    with pytest.raises(KeyProblem) as problem:
        keys.unseal(field, uid, blob)
    assert why(problem) == "seal_broken"
    assert problem.value.status == 503
    assert field in str(problem.value)
    assert "patient" not in problem.value.message()


def test_a_value_from_another_organisation_stays_shut():
    blob = keys.seal("patient.phone", "row", "0912345678")
    Installation.objects.update(uid=uuid4())
    keys.ring_forget()

    with pytest.raises(KeyProblem):
        keys.unseal("patient.phone", "row", blob)


def test_every_flipped_bit_is_noticed():
    blob = keys.seal("f", "u", "王小明")

    for bit in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(KeyProblem):
            keys.unseal("f", "u", bytes(changed))
    for length in range(len(blob)):
        with pytest.raises(KeyProblem):
            keys.unseal("f", "u", blob[:length])


def test_sealing_asks_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        keys.unseal("f", "u", keys.seal("f", "u", "x"))
        keys.sign(b"x")
        keys.blind("name", "x")
        keys.receipt_mac("x")


def test_making_twice_makes_nothing_new():
    before = set(WrappedKey.objects.values_list("key_id", flat=True))

    keys.ring_make(NOW)
    assert set(WrappedKey.objects.values_list("key_id", flat=True)) == before
    assert Installation.objects.count() == 1


def test_there_is_one_installation_only():
    with pytest.raises(IntegrityError), transaction.atomic():
        Installation.objects.create(created_at=NOW)


def test_a_foreign_master_key_is_refused(settings, tmp_path):
    settings.KEYS_FILE = tmp_path / "other.key"
    keys.master_create(settings.KEYS_FILE)
    keys.ring_forget()

    with pytest.raises(KeyProblem) as problem:
        keys.ring()
    assert why(problem) == "wrong_key"


def test_a_missing_master_key_is_refused(settings, tmp_path):
    settings.KEYS_FILE = tmp_path / "nowhere.key"
    keys.ring_forget()

    with pytest.raises(KeyProblem) as problem:
        keys.ring()
    assert why(problem) == "missing"


def test_a_database_without_keys_says_so():
    WrappedKey.objects.all().delete()
    keys.ring_forget()

    with pytest.raises(KeyProblem) as problem:
        keys.ring()
    assert why(problem) == "no_keys"


def test_a_swapped_public_key_is_noticed():
    WrappedKey.objects.filter(kind="signing").update(public=b"\1" * 32)
    keys.ring_forget()

    with pytest.raises(KeyProblem) as problem:
        keys.ring()
    assert why(problem) == "signing_key_altered"


# Signatures, receipts, blind indexes


def test_a_signature_holds_without_us():
    signature = keys.sign(b"leaf")
    (public,) = keys.public_keys()

    Ed25519PublicKey.from_public_bytes(public.raw).verify(signature.bytes, b"leaf")
    assert (signature.key_id, signature.fingerprint) == (public.key_id, public.fingerprint)
    assert len(public.fingerprint) == 64


def test_a_signature_is_for_one_message_and_one_key():
    signature = keys.sign(b"leaf")

    assert keys.verify(b"leaf", signature.bytes, signature.key_id)
    assert not keys.verify(b"leaves", signature.bytes, signature.key_id)
    assert not keys.verify(b"leaf", signature.bytes, "signing-00000000")
    assert not keys.verify(b"leaf", b"", signature.key_id)
    assert not keys.verify(b"leaf", signature.bytes, keys.receipt_mac("x")[1])


def test_a_receipt_is_known_by_its_secret():
    mac, key_id = keys.receipt_mac("4831ABCD")

    assert keys.receipt_matches("4831ABCD", mac, key_id)
    assert not keys.receipt_matches("4831ABCE", mac, key_id)
    assert not keys.receipt_matches("4831ABCD", mac, "receipt-00000000")
    assert not keys.receipt_matches("4831ABCD", b"", key_id)


def test_a_blind_index_tells_equal_from_different_and_no_more():
    assert keys.blind("name", "王小明") == keys.blind("name", "王小明")
    assert keys.blind("name", "王小明") != keys.blind("given_name", "王小明")
    assert keys.blind("name", "王小明") != keys.blind("name", "王大明")
    assert len(keys.blind("name", "王小明")) == 16


# Rotation


def test_after_rotation_old_values_open_and_new_ones_use_the_new_key():
    old = keys.seal("f", "u", "before")
    key_id = keys.rotate_data_key(NOW)
    new = keys.seal("f", "u", "after")

    assert new[1:5].hex() == key_id.removeprefix("data-")
    assert new[1:5] != old[1:5]
    assert keys.unseal("f", "u", old) == "before"
    assert keys.unseal("f", "u", new) == "after"


def test_a_process_that_slept_through_a_rotation_learns_the_new_key():
    asleep = keys.ring()
    keys.rotate_data_key(NOW)
    new = keys.seal("f", "u", "after")
    keys._ring = asleep

    assert keys.unseal("f", "u", new) == "after"
    assert keys.seal("f", "u", "x")[1:5] == new[1:5]


def test_a_new_master_key_rewraps_and_changes_no_sealed_value(settings):
    blob, signature = keys.seal("f", "u", "before"), keys.sign(b"leaf")
    key, wrapped = keys.new_file_key()
    old = keys.master_load(settings.KEYS_FILE)
    keys.master_rotate(settings.KEYS_FILE)

    assert keys.master_load(settings.KEYS_FILE) != old
    assert keys.unseal("f", "u", blob) == "before"
    assert keys.verify(b"leaf", signature.bytes, signature.key_id)
    assert keys.unwrap_file_key(wrapped) == key
    assert not settings.KEYS_FILE.with_name("master.key.next").exists()


@pytest.mark.parametrize("step", ["before_commit", "after_commit"])
def test_a_master_rotation_cut_short_is_finished_or_undone(settings, monkeypatch, step):
    blob = keys.seal("f", "u", "before")

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    if step == "before_commit":
        monkeypatch.setattr(keys.Master, "wrap", die)
    else:
        monkeypatch.setattr(keys.os, "replace", die)
    with pytest.raises(Killed):
        keys.master_rotate(settings.KEYS_FILE)
    monkeypatch.undo()

    keys.ring_forget()
    assert keys.unseal("f", "u", blob) == "before"
    keys.master_rotate(settings.KEYS_FILE)
    assert keys.unseal("f", "u", blob) == "before"


def test_a_file_key_opens_with_its_wrapping_only():
    key, wrapped = keys.new_file_key()

    assert keys.unwrap_file_key(wrapped) == key
    for place in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[place] ^= 1
        with pytest.raises(KeyProblem):
            keys.unwrap_file_key(bytes(changed))
