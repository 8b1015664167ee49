"""Others who have seen a checkpoint: a time-stamping authority of our own making, and people with a key of theirs."""
from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.core.cache import cache

from suyuan.config import cli
from suyuan.kernel import notes
from suyuan.platform import anchors, checkpoints, facts, timestamps, triggers
from suyuan.platform.checkpoints import checkpoint_make
from suyuan.platform.cosigning import CosignatureRefused, cosign, cosignature_file_read, public_read
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.models import Anchor, FactRow
from suyuan.platform.timestamps import TimestampRefused, stamp_judge, timestamp_fetch
from suyuan.platform.units import unit
from suyuan.platform.verify import verify_streams
from tests.platform.authority import Authority, openssl
from tests.platform.stories import NOW, SOMEBODY

pytestmark = pytest.mark.sqlite


@pytest.fixture
def checkpoint(ring, kinds):
    for name in (anchors.ANCHORED, checkpoints.RESTORED):
        kinds[name] = facts.FactKind(phrase=lambda told: "")
    return _checkpoint()


def _checkpoint():
    with unit():
        facts_record([Fact("test.happened", "case:1")], actor=SOMEBODY, now=NOW)
    return checkpoint_make(now=NOW)


# Time stamps


@pytest.mark.postgres
@pytest.mark.requirement("A-15")
def test_an_authority_stamps_a_checkpoint_and_its_answer_is_kept_as_it_came(checkpoint, authority, authority_made, settings, tmp_path):
    settings.TIMESTAMP_ROOTS = str(authority_made / "root.pem")
    anchor = anchors.checkpoint_timestamp(checkpoint=checkpoint, url=authority, now=NOW)

    assert anchor.kind == "rfc3161" and anchor.details["shown"] == "signed"
    assert bytes(anchor.body) == Authority.kept
    fact = FactRow.objects.get(type=anchors.ANCHORED)
    assert fact.value("checkpoint") == checkpoint.sha256 and fact.value("kind") == "rfc3161"
    # By somebody who has only openssl.
    (tmp_path / "checkpoint.txt").write_text(checkpoint.text)
    (tmp_path / "1.tsr").write_bytes(bytes(anchor.body))
    root = str(authority_made / "root.pem")
    openssl(tmp_path, "ts", "-verify", "-in", "1.tsr", "-data", "checkpoint.txt", "-CAfile", root)
    checkpoint_make(now=NOW)
    assert verify_streams().holds


def test_without_roots_only_the_imprint_is_claimed(checkpoint, authority, settings):
    settings.TIMESTAMP_ROOTS = ""
    assert anchors.checkpoint_timestamp(checkpoint=checkpoint, url=authority, now=NOW).details["shown"] == "imprint"


@pytest.mark.parametrize("answer", ["elsewhere", "closed", "a page", "broken", "the same again"])
def test_an_answer_that_does_not_hold_is_refused_and_health_tells(checkpoint, authority, authority_made, settings, monkeypatch, answer):
    settings.TIMESTAMP_ROOTS = str(authority_made / "root.pem")
    timestamp_fetch(url=authority, text="another text")
    monkeypatch.setattr(Authority, "answer", answer)

    with pytest.raises(TimestampRefused):
        anchors.checkpoint_timestamp(checkpoint=checkpoint, url=authority, now=NOW)
    assert not Anchor.objects.exists() and anchors.timestamp_refused()
    monkeypatch.setattr(Authority, "answer", "honest")
    anchors.checkpoint_timestamp(checkpoint=checkpoint, url=authority, now=NOW)
    assert not anchors.timestamp_refused()


def test_an_answer_to_another_question_is_refused(checkpoint, authority, monkeypatch):
    timestamp_fetch(url=authority, text=checkpoint.text)
    monkeypatch.setattr(Authority, "answer", "the same again")

    with pytest.raises(TimestampRefused, match="another question"):
        timestamp_fetch(url=authority, text=checkpoint.text)


def test_an_authority_nobody_named_is_refused(checkpoint, authority, authority_made):
    with pytest.raises(TimestampRefused, match="signature of the authority"):
        timestamp_fetch(url=authority, text=checkpoint.text, roots=(authority_made / "stranger.pem").read_bytes())


def test_certificates_in_an_order_of_their_own_are_checked_by_openssl(checkpoint, authority, authority_made, monkeypatch):
    """Strict DER sorts the certificates of an answer; authorities do not always. The answer is judged all the same."""
    def not_sorted(answer: bytes):
        raise ValueError("InvalidSetOrdering")

    stamp = timestamp_fetch(url=authority, text=checkpoint.text)
    monkeypatch.setattr(timestamps, "decode_timestamp_response", not_sorted)
    roots = (authority_made / "root.pem").read_bytes()

    assert stamp_judge(stamp.answer, text=checkpoint.text, roots=roots).shown == "signed"
    with pytest.raises(TimestampRefused, match="openssl"):
        stamp_judge(stamp.answer, text=checkpoint.text, roots=(authority_made / "stranger.pem").read_bytes())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://127.0.0.1:9/", "gopher://x", ""])
def test_an_address_that_is_none_is_refused(checkpoint, url):
    with pytest.raises(TimestampRefused):
        anchors.checkpoint_timestamp(checkpoint=checkpoint, url=url, now=NOW)
    cache.clear()


@pytest.mark.postgres
def test_the_job_stamps_the_newest_once_a_day_where_an_authority_is_named(checkpoint, authority, settings):
    settings.TIMESTAMP_URL = ""
    anchors.timestamp_daily({}, NOW)
    assert not Anchor.objects.exists()
    settings.TIMESTAMP_URL = authority
    anchors.timestamp_daily({}, NOW)
    anchors.timestamp_daily({}, NOW)
    assert Anchor.objects.get().checkpoint == checkpoint


# Co-signatures


def _pem(key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def lawyer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.mark.postgres
@pytest.mark.requirement("A-15")
def test_a_law_firm_signs_what_it_has_seen_and_we_keep_it(checkpoint, lawyer):
    made = cosign(checkpoint=checkpoint.text, key_pem=_pem(lawyer), by="正和法律事務所", now=NOW)
    public = lawyer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    read = cosignature_file_read(made.file, public_read(public))
    anchor = anchors.cosignature_accept(cosignature=read, actor=SOMEBODY, now=NOW)

    assert made.note.text.splitlines()[:3] == [
        "suyuan cosignature 1", f"checkpoint {checkpoint.sha256}", "by 正和法律事務所",
    ]
    assert anchor.checkpoint == checkpoint and bytes(anchor.body).decode() == made.note.text
    lawyer.public_key().verify(bytes.fromhex(anchor.details["signature"]), bytes(anchor.body))
    assert "正和" not in str(FactRow.objects.get(type=anchors.ANCHORED).plain)
    checkpoint_make(now=NOW)
    assert verify_streams().holds


def test_a_public_key_is_read_in_three_ways(lawyer):
    raw = lawyer.public_key().public_bytes_raw()
    pem = lawyer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    assert public_read(raw) == public_read(raw.hex().encode() + b"\n") == public_read(pem) == raw
    other = generate_private_key(65537, 2048)
    rsa = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for wrong in (b"", b"x", raw.hex().encode()[:-1], rsa):
        with pytest.raises(CosignatureRefused):
            public_read(wrong)


def test_what_is_no_cosignature_of_ours_is_refused(checkpoint, lawyer):
    public = lawyer.public_key().public_bytes_raw()
    made = cosign(checkpoint=checkpoint.text, key_pem=_pem(lawyer), by="A", now=NOW)
    for file in ("", made.note.text, made.file.replace("by A", "by B"), made.file.replace("\n", "\r\n"), made.file[:-2]):
        with pytest.raises(CosignatureRefused):
            cosignature_file_read(file, public)
    with pytest.raises(CosignatureRefused):
        cosignature_file_read(made.file, bytes(32))
    strange = cosign(checkpoint=checkpoint.text.replace("epoch 1", "epoch 2"), key_pem=_pem(lawyer), by="A", now=NOW)
    with pytest.raises(CosignatureRefused, match="not a checkpoint of this installation"):
        anchors.cosignature_accept(cosignature=strange, actor=SOMEBODY, now=NOW)


@pytest.mark.parametrize("by", ["", " A", "A\nkey 1", "A\x85B", "x" * 201, "\u2028"])
def test_a_name_stands_in_one_line(checkpoint, lawyer, by):
    with pytest.raises(CosignatureRefused):
        cosign(checkpoint=checkpoint.text, key_pem=_pem(lawyer), by=by, now=NOW)


def test_only_checkpoints_are_cosigned_and_only_with_the_right_kind_of_key(checkpoint, lawyer):
    for text in ("", "suyuan log 1\n", checkpoint.text + "\n", checkpoint.text.replace("size", ""), checkpoint.text[:-1]):
        if text == checkpoint.text:
            continue
        with pytest.raises(CosignatureRefused, match="no checkpoint"):
            cosign(checkpoint=text, key_pem=_pem(lawyer), by="A", now=NOW)
    for key in (b"", b"-----BEGIN PRIVATE KEY-----\n", _pem(generate_private_key(65537, 2048))):
        with pytest.raises(CosignatureRefused):
            cosign(checkpoint=checkpoint.text, key_pem=key, by="A", now=NOW)


@pytest.mark.postgres
def test_the_same_cosignature_is_kept_once(checkpoint, lawyer):
    made = cosign(checkpoint=checkpoint.text, key_pem=_pem(lawyer), by="A", now=NOW)
    anchors.cosignature_accept(cosignature=made, actor=SOMEBODY, now=NOW)
    with pytest.raises(CosignatureRefused, match="before"):
        anchors.cosignature_accept(cosignature=made, actor=SOMEBODY, now=NOW)


def test_the_commands_go_from_hand_to_hand(checkpoint, lawyer, tmp_path, capsys):
    """We write the checkpoint, they sign it on a machine of theirs, we take in what they send."""
    text, key, signed, public = (tmp_path / name for name in ("checkpoint.txt", "key.pem", "cosignature.txt", "key.pub"))
    key.write_bytes(_pem(lawyer))
    public.write_bytes(lawyer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    assert cli.main(["checkpoint", "show", "--out", str(text)]) == 0
    assert text.read_bytes() == checkpoint.text.encode()
    assert (tmp_path / "checkpoint.txt.sig").read_bytes() == bytes(checkpoint.signature)
    by = ["--key", str(key), "--by", "正和法律事務所", "--out", str(signed)]
    assert cli.main(["checkpoint", "cosign", str(text), *by]) == 0
    assert cli.main(["checkpoint", "accept", str(signed), "--public", str(public)]) == 0
    assert Anchor.objects.get().details["by"] == "正和法律事務所"

    assert cli.main(["checkpoint", "accept", str(signed), "--public", str(public)]) == 3
    assert cli.main(["checkpoint", "cosign", str(signed), *by]) == 3
    capsys.readouterr()
    assert cli.main(["checkpoint"]) == 0
    assert capsys.readouterr().out.startswith("size 2\nroot ")
    assert cli.main(["chain", "restored", "--backup", "b", "--reason", "r", "--root", "xyz"]) == 3
    assert cli.main(["chain", "restored", "--backup", "b", "--reason", "r"]) == 0
    assert "epoch 2" in capsys.readouterr().out


# Both


@pytest.mark.postgres
def test_an_anchor_changed_slipped_in_or_taken_away_is_found(checkpoint, lawyer):
    made = cosign(checkpoint=checkpoint.text, key_pem=_pem(lawyer), by="A", now=NOW)
    anchor = anchors.cosignature_accept(cosignature=made, actor=SOMEBODY, now=NOW)
    other = _checkpoint()
    triggers.drop()
    row = Anchor.objects.filter(pk=anchor.pk)

    def found(**changed) -> list[str]:
        row.update(**changed)
        whys = [fault.why for fault in verify_streams().faults]
        row.update(**{name: getattr(anchor, name) for name in changed})
        return whys

    forged = {**anchor.details, "signature": "00" * 64}
    for changed in ({"body": b"x"}, {"details": forged}, {"details": {"x": 1.5}}, {"kind": "rfc3161"}, {"checkpoint": other}):
        assert found(**changed) == ["anchor_differs"]
    assert sorted(found(uid="00000000-0000-4000-8000-00000000000f")) == ["anchor_missing", "anchor_unrecorded"]
    assert verify_streams().holds
    Anchor(checkpoint=other, kind="cosignature", body=b"", details={}, at=NOW).save(force_insert=True)
    assert [fault.why for fault in verify_streams().faults] == ["anchor_unrecorded"]
    Anchor.objects.all()._raw_delete("default")
    assert [fault.why for fault in verify_streams().faults] == ["anchor_missing"]


@pytest.mark.postgres
def test_a_checkpoint_is_written_in_one_way_only(checkpoint):
    note = notes.checkpoint_read(checkpoint.text)
    assert note.sha256 == checkpoint.sha256
    for said, forged in [
        ("epoch 1", "epoch 01"), ("epoch 1", "epoch 0"), ("clock ", "clock  "), ("suyuan log 1", "suyuan log 2"),
        (f"\n{note.size}\n", f"\n+{note.size}\n"), (f"\n{note.size}\n", "\n0\n"), ("heads ", "Heads "), ("\n", "\r\n"),
        (note.root, note.root.upper()), ("previous ", "previous\t"), (note.at, note.at[:-1] + "+00:00"), ("key ", "key"),
    ]:  # fmt: skip
        with pytest.raises(notes.NotANote):
            notes.checkpoint_read(checkpoint.text.replace(said, forged))
