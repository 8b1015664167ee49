"""A case handed out: what goes in, what stays out, and that nothing hidden is to be found in it (D-10, E9, E11)."""
from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import random
import zipfile

import pytest
from django.urls import reverse

from suyuan.accounts.selectors import profile_of
from suyuan.cases.errors import MayNot, NotForThisPurpose, StatedTimeWrong
from suyuan.cases.selectors.bundles import bundle_asked, hideable_in
from suyuan.cases.services.bundles import case_bundle, case_bundle_again, showing_agree
from suyuan.cases.services.common import tell
from suyuan.desk.services import file_keep
from suyuan.evidence.errors import BundleRefused
from suyuan.evidence.models import BundleExport
from suyuan.evidence.selectors.bundles import Asked, Selection, _heads, bundle_plan
from suyuan.evidence.services.bundles import bundle_write
from suyuan.evidence.services.items import custody_note
from suyuan.evidence.verifier import verify
from suyuan.kernel.actor import SYSTEM
from suyuan.kernel.refusal import BadInput
from suyuan.people.rules import Contact
from suyuan.people.services import contact_add
from suyuan.platform import clock, proofs
from suyuan.platform.checkpoints import checkpoint_make
from suyuan.platform.erasure import erasure_done, erasure_order
from suyuan.platform.files import STAFF_TYPES, FileEmpty, file_receive, storage
from suyuan.platform.models import AccessRow, FactRow
from suyuan.platform.texts import text_write
from suyuan.platform.units import unit
from tests.cases.cast import HOUR, NOON
from tests.evidence import laden
from tests.evidence.judges import first, second

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

LATER = NOON + HOUR
REDACTED = int(os.environ.get("SUYUAN_REDACTED", "100"))
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def handed(case, actor, **said):
    export, plan = case_bundle(case=case, actor=actor, now=LATER, **{"purpose": "litigation", **said})
    out = io.BytesIO()
    bundle_write(plan=plan, out=out)
    return export, out.getvalue()


def with_file(cast, case, content=PDF, name="同意書.pdf"):
    received = file_receive(source=[content], name=name, max_bytes=1 << 20, accept=STAFF_TYPES)
    return file_keep(case=case, received=received, note="簽名那一頁", actor=cast.manager.actor, now=NOON)


def opened(bundle: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(bundle))


def about(bundle: bytes) -> dict:
    return json.loads(opened(bundle).read("bundle.json"))


@pytest.mark.postgres
@pytest.mark.requirement("D-10")
def test_a_case_leaves_the_house_so_that_two_strangers_can_check_it(cast, make_case, tmp_path):
    case = make_case(stage="investigating")
    item = with_file(cast, case)
    receipt = proofs.proof_of_fact(FactRow.objects.get(stream=case.stream, position=1)).text
    export, bundle = handed(case, cast.manager.actor)

    path, held = tmp_path / "case.zip", tmp_path / "receipt.txt"
    path.write_bytes(bundle)
    held.write_text(receipt)
    pin = export.checkpoint.fingerprint
    assert first(bundle, pin, str(held)) == (0, "")
    assert second([(path, pin, str(held))])[0][0] == 0
    told = about(bundle)
    assert (told["reference"], told["purpose"]) == (case.reference, "litigation")
    assert told["streams"][0]["events"] == FactRow.objects.filter(stream=case.stream).count() - 1  # all but its own export
    assert told["files"] == [
        {"sha256": item.stored.sha256, "size": len(PDF), "name": "同意書.pdf", "type": "application/pdf", "shown": True}
    ]
    assert hashlib.sha256(opened(bundle).read("MANIFEST.json")).hexdigest() == export.manifest


FORMATS = {
    "a.jpg": laden.jpeg, "b.png": laden.png, "c.heic": laden.heic, "d.webp": laden.webp, "e.tif": laden.tiff,
    "f.pdf": laden.pdf, "g.docx": laden.docx, "h.xlsx": laden.xlsx, "i.mp3": laden.mp3, "j.wav": laden.wav,
    "k.mov": lambda: laden.film(b"qt  "), "one.txt": lambda: b"1", "two.log": lambda: "字".encode() * 70_000,
}  # fmt: skip


@pytest.mark.requirement("D-10")
def test_files_of_every_format_come_out_byte_for_byte(cast, make_case, client):
    """E11. An empty file is refused at the door: there is nothing of it to prove."""
    case = make_case()
    given = {name: made() for name, made in FORMATS.items()}
    items = {name: with_file(cast, case, content, name) for name, content in given.items()}
    assert len({item.stored.content_type for item in items.values()}) == 12 and len(given["one.txt"]) == 1
    with pytest.raises(FileEmpty):
        with_file(cast, case, b"", "empty.txt")

    _, bundle = handed(case, cast.head.actor)
    inside, told = opened(bundle), {one["name"]: one["sha256"] for one in about(bundle)["files"]}
    client.force_login(cast.head.user)
    for name, content in given.items():
        assert inside.read(f"payload/files/{told[name]}") == content, name
        with clock.frozen(LATER):
            copy = reverse("desk:file_copy", args=[case.reference, items[name].uid])
            answer = client.get(client.post(copy, {"purpose": "review"})["Location"])
        assert b"".join(answer.streaming_content) == content, name


@pytest.mark.postgres
def test_a_file_that_was_erased_is_said_to_be_missing_and_the_list_of_the_order_is_no_file(cast, make_case, tmp_path):
    case = make_case()
    item = with_file(cast, case)
    order = erasure_order(stream=case.stream, what=[item.stored], reason="本人要求", actor=cast.manager.actor, now=LATER)
    erasure_done(order=order, now=LATER)

    export, bundle = handed(case, cast.manager.actor)
    assert {one["sha256"]: one["shown"] for one in about(bundle)["files"]} == {item.stored.sha256: False}
    path, pin = tmp_path / "case.zip", export.checkpoint.fingerprint
    path.write_bytes(bundle)
    assert first(bundle, pin) == (0, "") and second([(path, pin, "")])[0][0] == 0


def test_handing_out_is_recorded_before_anything_is_shown(cast, make_case):
    case = make_case()
    export, plan = case_bundle(case=case, purpose="litigation", actor=cast.manager.actor, now=LATER)
    fact = FactRow.objects.get(stream=case.stream, type="bundle.exported")
    assert (fact.value("manifest"), fact.value("purpose"), fact.value("events")) == (plan.manifest, "litigation", plan.events)
    assert fact.value("checkpoint") == export.checkpoint.sha256
    seen = AccessRow.objects.get(what="bundle")
    assert (seen.purpose, seen.stream) == ("export", case.stream)


@pytest.mark.postgres
def test_the_same_bundle_can_be_made_again_byte_for_byte(cast, make_case):
    case = make_case()
    with_file(cast, case)
    export, bundle = handed(case, cast.manager.actor)
    with_file(cast, case, PDF + b"more")  # life goes on
    checkpoint_make(now=LATER + HOUR)
    again = io.BytesIO()
    plan = case_bundle_again(case=case, export=BundleExport.objects.get(), actor=cast.head.actor, now=LATER + 2 * HOUR)
    bundle_write(plan=plan, out=again)
    assert again.getvalue() == bundle
    export.manifest = "0" * 64
    with pytest.raises(BundleRefused):
        case_bundle_again(case=case, export=export, actor=cast.head.actor, now=LATER + 2 * HOUR)


# --- who, what for, and what stays in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["receptionist", "auditor", "spokesman", "cashier", "accused", "stranger"])
def test_others_hand_out_nothing(cast, make_case, who):
    with pytest.raises(MayNot):
        case_bundle(case=make_case(), purpose="patient", actor=getattr(cast, who).actor, now=LATER)
    assert not BundleExport.objects.exists()


def test_nothing_is_made_for_the_public(cast, make_case):
    with pytest.raises(NotForThisPurpose):
        case_bundle(case=make_case(), purpose="public", actor=cast.head.actor, now=LATER)


COMPARTMENTS = ("care_talk", "counsel", "mediation", "root_cause")


def protected_case(cast, make_case):
    case = make_case()
    with unit():
        for compartment in COMPARTMENTS:
            words = f"protected words of {compartment}"
            text = text_write(
                stream=case.compartment_stream(compartment), kind="note", body=words * 9, branch_id=case.branch_id, now=NOON, compartment=compartment
            )  # fmt: skip
            tell(case, "contact.logged", actor=cast.head.actor, now=NOON, private={"who": words}, texts={"words": text}, compartment=compartment)
    return case


# What each may put into a bundle for each purpose, beside the open part.
GOES = {
    ("head", "internal"): set(COMPARTMENTS),
    ("manager", "internal"): {"care_talk", "mediation", "root_cause"},
    ("head", "patient"): {"care_talk"},
    ("legal", "patient"): set(),
    ("head", "mediation"): {"mediation"},
    ("manager", "mediation"): set(),
    ("head", "authority"): {"root_cause"},
    ("surgeon", "authority"): set(),
    ("head", "litigation"): set(),
}


@pytest.mark.requirement("D-10")
@pytest.mark.parametrize(("who", "purpose"), sorted(GOES))
def test_protected_material_leaves_only_where_law_and_role_allow_and_each_omission_is_named(cast, make_case, who, purpose):
    case, player = protected_case(cast, make_case), getattr(cast, who)
    if who in ("legal", "surgeon"):
        case.legal, case.department = True, cast.surgery
        case.save(update_fields=["legal", "department"])
    asked = bundle_asked(profile_of(player.user, LATER), case, purpose=purpose, now=LATER)
    bundle = written(asked)
    nouns = {stream["noun"] for stream in about(bundle)["streams"]}
    assert nouns - {"case"} == GOES[who, purpose]
    named = {one["what"].removeprefix("compartment.") for one in about(bundle)["left_out"]} - {"paper.internal"}
    assert named == set(COMPARTMENTS) - GOES[who, purpose]
    for compartment in COMPARTMENTS:
        assert (f"protected words of {compartment}".encode() in bundle) is (compartment in GOES[who, purpose])


def plan_made(asked: Asked):
    checkpoint_make(now=LATER)
    return bundle_plan(asked, at=LATER)


def written(asked: Asked) -> bytes:
    out = io.BytesIO()
    bundle_write(plan=plan_made(asked), out=out)
    return out.getvalue()


def test_an_omission_says_no_more_of_a_full_compartment_than_of_an_empty_one(cast, make_case):
    said = [
        bundle_asked(profile_of(cast.head.user, LATER), case, purpose="litigation", now=LATER).left_out
        for case in (make_case(), protected_case(cast, make_case))
    ]
    assert said[0] == said[1]


def test_at_the_clinics_own_machine_only_the_open_part_goes(cast, make_case):
    case = protected_case(cast, make_case)
    _, bundle = handed(case, SYSTEM, purpose="internal")
    assert {stream["noun"] for stream in about(bundle)["streams"]} == {"case"}


def agreed(case, cast, now=LATER, **said):
    words = {"compartment": "mediation", "purposes": ["litigation"], "by_clinic": "陳院長", "by_person": "王小明", "how": "in_writing"}
    showing_agree(**{"case": case, "words": "調解紀錄可以交給法院", "actor": cast.head.actor, "now": now, **words, **said})


@pytest.mark.requirement("D-10")
def test_what_was_said_to_settle_goes_to_court_once_both_sides_agreed_and_not_a_day_longer(cast, make_case):
    case = protected_case(cast, make_case)
    agreed(case, cast)
    head = profile_of(cast.head.user, LATER)

    def opened_for(profile, purpose):
        return set(bundle_asked(profile, case, purpose=purpose, now=LATER).compartments) - {""}

    assert opened_for(head, "litigation") == {"mediation"}
    assert opened_for(head, "authority") == {"root_cause"}  # agreed for the court alone
    bundle = written(bundle_asked(head, case, purpose="litigation", now=LATER))
    assert b"protected words of mediation" in bundle and "王小明".encode() in bundle and b"of counsel" not in bundle
    manager = profile_of(cast.manager.user, LATER)
    assert opened_for(manager, "litigation") == set()  # by the hand of legal or the head alone
    assert opened_for(None, "litigation") == set()

    agreed(case, cast, purposes=[], now=LATER + HOUR)
    assert opened_for(head, "litigation") == set()


def test_only_legal_or_the_head_record_it_and_only_of_what_may_be_agreed_on(cast, make_case):
    case = make_case()
    for who in ("manager", "receptionist", "doctor", "surgeon", "stranger"):
        with pytest.raises(MayNot):
            agreed(case, cast, actor=getattr(cast, who).actor)
    for wrong in ({"compartment": "counsel"}, {"compartment": "root_cause"}, {"purposes": ["public"]}, {"how": "by_nod"}):
        with pytest.raises(BadInput):
            agreed(case, cast, **wrong)
    with pytest.raises(StatedTimeWrong):
        agreed(case, cast, happened_at=LATER + HOUR)
    assert not FactRow.objects.filter(type="showing.agreed").exists()


def test_whoever_does_not_read_it_is_not_told_that_there_was_an_agreement(cast, make_case):
    said = []
    for case in (make_case(), make_case()):
        if said:
            agreed(case, cast)
        said.append(bundle_asked(None, case, purpose="litigation", now=LATER).left_out)
    assert said[0] == said[1]


# --- E9 -----------------------------------------------------------------------------------------------------------------


def traces_of(canary: str) -> list[bytes]:
    raw = canary.encode()
    inner = [base64.b64encode(b"-" * shift + raw)[4:-4] for shift in range(3)]
    escaped = json.dumps(canary)[1:-1].encode()
    spelt = [raw, canary.encode("utf-16-le"), canary.encode("utf-16-be"), raw.hex().encode(), escaped]
    return spelt + [part for part in inner if len(part) >= 8]


def test_random_redactions_verify_and_hide_every_byte(cast, make_case, tmp_path):
    case, chance = make_case(), random.Random(9)
    hidden_in: dict[tuple[int, str], str] = {}
    with unit():
        for number in range(10):
            words = {name: f"金絲雀{number}{name}{chance.randbytes(5).hex()}" for name in ("who", "number", "note")}
            body = f"全文{chance.randbytes(8).hex()}" * 3
            text = text_write(stream=case.stream, kind="note", body=body, branch_id=case.branch_id, now=NOON)
            tell(case, "contact.logged", actor=cast.head.actor, now=NOON, private=words, texts={"words": text})
            position = number + 2
            hidden_in |= {(position, name): canary for name, canary in (words | {"words": body[:18]}).items()}
    checkpoint_make(now=LATER)
    asked = []
    for trial in range(REDACTED):
        closed = {place for place in hidden_in if chance.random() < 0.4}

        def shows(event, closed=closed):
            return [name for name in event.fields if (event.position, name) not in closed]

        wanted = Asked((case.stream,), (case.stream,), ("",), case.reference, "authority", selection=Selection(shows=shows))
        out = io.BytesIO()
        bundle_write(plan=bundle_plan(wanted, at=LATER), out=out)
        bundle = out.getvalue()
        path = tmp_path / f"{trial}.zip"
        path.write_bytes(bundle)
        asked.append((path, "", ""))
        for place, canary in hidden_in.items():
            assert any(trace in bundle for trace in traces_of(canary)) is (place not in closed), place
    assert [code for code, _ in second(asked)] == [3] * REDACTED  # as the first said of each before it was handed out


@pytest.mark.requirement("D-10")
def test_a_witness_who_must_not_be_recognised_leaves_no_trace(cast, make_case):
    case = make_case()
    witness, phone = cast.nurse.user, "0912-345-678"
    with unit():
        for number, words in enumerate((f"{witness.display_name} 當時在場", "電話 ０９１２ ３４５ ６７８", "與此無關")):
            text = text_write(stream=case.stream, kind="note", body=words, branch_id=case.branch_id, now=NOON)
            tell(case, "contact.logged", actor=cast.manager.actor, now=NOON, private={"n": f"第 {number} 則"}, texts={"words": text})
        tell(case, "contact.logged", actor=cast.nurse.actor, now=NOON, private={"n": "她自己記的一則"})
    with_file(cast, case, name=f"{witness.display_name}的照片.pdf")
    assert str(witness.uid) not in {one.uid for one in hideable_in(case)}

    _, bundle = handed(case, cast.head.actor, hidden=[str(witness.uid)])
    texts = b"\n".join(opened(bundle).read(name) for name in opened(bundle).namelist())
    for trace in (witness.display_name, str(witness.uid), "她自己記的一則"):
        assert not [t for t in traces_of(trace) if t in texts]
    assert "與此無關".encode() in texts
    told = about(bundle)
    assert {"what": "persons", "why": "hidden"} in told["left_out"] and {"what": "files", "why": "chosen"} in told["left_out"]
    assert not any(one["shown"] for one in told["files"])

    party = case.parties.select_related("person").get()
    contact_add(person=party.person, contact=Contact("phone", phone), actor=cast.manager.actor, now=NOON)
    _, bundle = handed(case, cast.head.actor, hidden=[str(party.uid)])
    texts = b"\n".join(opened(bundle).read(name) for name in opened(bundle).namelist())
    assert "０９１２ ３４５ ６７８".encode() not in texts and str(party.uid).encode() not in texts
    assert party.person.full_name.encode() not in texts


# --- the list of hand-overs ------------------------------------------------------------------------------------------------


def test_the_list_of_hand_overs_says_what_the_events_show_and_computes_nothing(cast, make_case):
    case = make_case()
    item = with_file(cast, case)
    custody_note(item=item, act="handed_over", to_whom="=HYPERLINK(\"x\")", why="送鑑定", actor=cast.manager.actor, now=NOON)
    _, bundle = handed(case, cast.head.actor)
    rows = list(csv.DictReader(io.StringIO(opened(bundle).read("custody.csv").decode("utf-8-sig"))))
    assert [(row["item"], row["act"], row["sha256"]) for row in rows] == [
        ("1", "received", item.stored.sha256), ("1", "handed_over", item.stored.sha256),
    ]  # fmt: skip
    assert rows[1]["to"] == "'=HYPERLINK(\"x\")"


def test_a_file_that_is_no_longer_what_was_stored_is_never_handed_out(cast, make_case):
    case = make_case()
    item = with_file(cast, case, PDF + b"x" * 5000)
    (path,) = (p for p in storage().root.rglob(f"{item.stored.path}*") if p.is_file())
    path.chmod(0o600)
    raw = bytearray(path.read_bytes())
    raw[-100] ^= 1
    path.write_bytes(raw)
    with pytest.raises(BundleRefused) as refused:
        handed(case, cast.head.actor)
    assert refused.value.data["why"] == "file_damaged"


def test_ends_of_streams_that_were_not_signed_are_never_handed_out(cast, make_case):
    case = make_case()
    checkpoint = checkpoint_make(now=LATER)
    assert _heads([case.stream], checkpoint) is not None
    checkpoint.heads = "0" * 64
    assert _heads([case.stream], checkpoint) is None


def test_the_verifier_that_travels_along_is_the_one_that_was_tested(cast, make_case):
    _, bundle = handed(make_case(), cast.head.actor)
    with open(verify.__file__, "rb") as ours:
        assert opened(bundle).read("verify.py") == ours.read()
