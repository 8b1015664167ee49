"""An item put into a protected compartment later, and out again: by whom, with why, and from then on for its readers alone."""
from __future__ import annotations

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from suyuan.cases.errors import ItemPromised, MayNot, OtherCase
from suyuan.cases.selectors import timeline
from suyuan.cases.services import handling, investigation
from suyuan.cases.services.bundles import case_bundle
from suyuan.cases.services.checklist import evidence_sort
from suyuan.cases.services.rights import case_copies_prepare
from suyuan.evidence.errors import ItemGone, ItemSealed
from suyuan.evidence.jobs import look
from suyuan.evidence.models import Item
from suyuan.evidence.selectors.pictures import previews_of, thumbnails_of
from suyuan.evidence.services.bundles import bundle_write
from suyuan.evidence.services.rights import Ceremony, seal_make, seal_open
from suyuan.kernel.refusal import BadInput
from suyuan.platform import verify
from suyuan.platform.facts import facts_told
from suyuan.platform.files import file_receive, file_store
from suyuan.platform.models import FactRow, StoredFile
from tests.cases.cast import NOON, fresh
from tests.evidence import pictures as made

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A-09"), pytest.mark.requirement("D-05")]


def url(name, case, *more):
    return reverse(f"desk:{name}", args=[case.reference, *more])


@pytest.fixture
def case(make_case):
    return make_case("investigating")


@pytest.fixture
def item(browser, case):
    sent = SimpleUploadedFile("左眼.jpg", made.encoded(made.drawn((400, 300)), "JPEG"))
    browser("manager").post(url("files", case), {"file": sent, "note": "律師問過的那一張"})
    row = Item.objects.get(stream=case.stream, parent=None)
    look({"item": str(row.uid)}, NOON)
    return row


def move(case, item, to, who, reason="律師要看"):
    return handling.item_protect(case=fresh(case), item=item, compartment=to, reason=reason, actor=who.actor, now=NOON)


def test_whoever_reads_there_puts_it_there_and_everybody_else_loses_it_at_once(browser, cast, case, item):
    doctor, head, files = browser("doctor"), browser("head"), url("files", case)
    preview = previews_of(item)[0]
    here = (url("file", case, item.uid), url("file_shown", case, preview.uid), url("file_copy", case, item.uid))
    assert all(doctor.get(each).status_code in (200, 302) for each in here) and "左眼.jpg" in doctor.get(files).content.decode()
    asked = head.get(url("file_protect", case, item.uid)).content.decode()
    assert 'value="counsel"' in asked and "只有讀得到那裡的人會看到" in asked
    without = head.post(url("file_protect", case, item.uid), {"compartment": "counsel", "reason": ""})
    assert without.status_code == 422
    done = head.post(url("file_protect", case, item.uid), {"compartment": "counsel", "reason": "律師要看"})
    assert done.status_code == 302

    assert [doctor.get(each).status_code for each in here] == [404, 404, 404]
    listed = doctor.get(files).content.decode()
    assert "左眼.jpg" not in listed and str(thumbnails_of([item])[item.pk].uid) not in listed
    assert "左眼.jpg" in head.get(files).content.decode()
    assert set(Item.objects.filter(stream=case.stream).values_list("compartment", flat=True)) == {"counsel"}
    assert set(StoredFile.objects.filter(item__stream=case.stream).values_list("compartment", flat=True)) == {"counsel"}
    page = doctor.get(url("case", case)).content.decode()
    assert "律師問過的那一張" not in page and "律師要看" not in page and "移到受保護的部分" in page
    assert "律師要看" in head.get(url("case", case)).content.decode()
    said = [entry.quote for entry in timeline(fresh(case), {""})[0] if "證物 1" in entry.what]
    assert said and not any(said), "what was told before is told without its words, on older pages too"
    assert [str(fault) for fault in verify.verify_streams(rows_checks=verify.row_checks()).faults] == []


def test_it_is_told_where_it_went_why_and_where_it_was_only_that_it_went(cast, case, item):
    move(case, item, "counsel", cast.head)
    (went, came) = facts_told(list(FactRow.objects.filter(type__in=("item.moved_out", "item.moved_in")).order_by("pk")))
    assert (went.row.stream, came.row.stream) == (case.stream, case.compartment_stream("counsel"))
    assert went.private == {} and came.private == {"reason": "律師要看"} and "counsel" not in str(went.row.plain)


def bundle_of(case, who, purpose="litigation") -> tuple[str, set[str]]:
    _export, plan = case_bundle(case=fresh(case), purpose=purpose, actor=who.actor, now=NOON)
    out = io.BytesIO()
    bundle_write(plan=plan, out=out)
    held = zipfile.ZipFile(out)
    words = "".join(held.read(name).decode(errors="replace") for name in held.namelist() if not name.startswith("payload/files/"))
    return words, {name for name in held.namelist() if name.startswith("payload/files/")}


def test_a_bundle_neither_carries_it_nor_says_what_it_was(cast, case, item):
    words, files = bundle_of(case, cast.head)
    assert "律師問過的那一張" in words and any(item.stored.sha256 in name for name in files)
    move(case, item, "counsel", cast.head)
    words, files = bundle_of(case, cast.head)
    assert "律師問過的那一張" not in words and "律師要看" not in words and not any(item.stored.sha256 in name for name in files)
    assert item.stored.sha256 not in words


def test_only_who_answers_for_a_compartment_takes_out_what_is_in_it(browser, cast, case, item):
    with pytest.raises(MayNot):
        move(case, item, "counsel", cast.manager)  # does not read there
    move(case, item, "root_cause", cast.manager)
    item.refresh_from_db()
    page = browser("manager").get(url("file_protect", case, item.uid)).content.decode()
    assert "移出要由院長決定" in page and "<form class=\"sy-form\"" not in page
    with pytest.raises(MayNot):
        move(case, item, "", cast.manager)
    moved = move(case, item, "", cast.head, "分析做完了，照片本來就是病歷")
    assert moved.compartment == "" and browser("doctor").get(url("file", case, item.uid)).status_code == 200
    assert "分析做完了" in browser("doctor").get(url("case", case)).content.decode()
    assert browser("nurse").get(url("file_protect", case, item.uid)).status_code in (403, 404)


def test_what_was_shown_before_is_said_and_kept(browser, cast, case, item):
    browser("doctor").post(url("file_copy", case, item.uid), {"purpose": "review"})
    case_bundle(case=fresh(case), purpose="litigation", actor=cast.head.actor, now=NOON)
    page = browser("head").get(url("file_protect", case, item.uid)).content.decode()
    assert "取走過 1 次複本" in page and "做過 1 份證據包" in page and "移動收不回這些" in page
    move(case, item, "root_cause", cast.head)
    assert FactRow.objects.get(type="item.moved_in").value("shown") == ["copied:1", "bundled:1"]


def test_what_lies_under_a_seal_or_waits_to_be_handed_over_stays_where_it_is(cast, case, item):
    case_copies_prepare(case=fresh(case), items=[item], demand=None, consents="included", actor=cast.manager.actor, now=NOON)
    with pytest.raises(ItemPromised):
        move(case, item, "root_cause", cast.head)
    other = added(cast, case, "second")
    there = Ceremony(place="諮詢室", kept_at="保險櫃", for_clinic="經理", for_patient="例小安")
    seal_make(items=[other], stream=case.stream, branch=case.branch, ceremony=there, actor=cast.manager.actor, now=NOON)
    with pytest.raises(ItemSealed):
        move(case, other, "root_cause", cast.head)
    with pytest.raises(BadInput):
        move(case, added(cast, case, "third"), "nowhere", cast.head)


def added(cast, case, words, compartment=""):
    received = file_receive(source=[words.encode()], name="a.txt", max_bytes=1000)
    stored = file_store(received=received, branch_id=case.branch_id, compartment=compartment, actor=cast.head.actor, now=NOON)
    return handling.file_add(case=fresh(case), stored=stored, source="desk", compartment=compartment, actor=cast.head.actor, now=NOON)


def test_lists_that_were_made_before_keep_its_name_and_lot_to_themselves(browser, cast, case, item):
    there = Ceremony(place="諮詢室", kept_at="保險櫃", for_clinic="經理", for_patient="例小安")
    handling.item_note(case=fresh(case), item=item, title="律師問過的那一張", actor=cast.manager.actor, now=NOON)
    lots = {item.pk: "LOT-77"}
    seal = seal_make(items=[item], stream=case.stream, branch=case.branch, ceremony=there, lots=lots, actor=cast.manager.actor, now=NOON)
    opened = {"ground": "both_sides", "why": "一起看", "for_clinic": "經理", "for_patient": "例小安"}
    seal_open(seal=seal, **opened, actor=cast.manager.actor, now=NOON)
    pages = (url("rights", case), url("seal_print", case, seal.uid), reverse("desk:lots") + "?lot=LOT-77")
    before = [browser("manager").get(page).content.decode() for page in pages]
    assert all("律師問過的那一張" in page for page in before)
    move(case, item, "counsel", cast.head)
    for page, name in zip(pages, ("rights", "seal", "lots"), strict=True):
        shown = browser("manager").get(page).content.decode()
        assert "律師問過的那一張" not in shown and "證物 1　律" not in shown, name
    assert "律師問過的那一張" in browser("head").get(pages[1]).content.decode()
    assert case.reference not in browser("manager").get(pages[2]).content.decode().partition("<main")[2]


def test_numbers_tell_nobody_of_what_is_itself_a_secret(cast, case, item):
    numbers = [added(cast, case, f"{n}", to).number for n, to in enumerate(("", "counsel", "mediation", "counsel", "", "root_cause"))]
    assert numbers == [2, 9001, 8001, 9002, 3, 4]


def test_what_was_put_there_meanwhile_is_not_handed_out_as_a_copy(cast, case, item):
    seen = Item.objects.get(pk=item.pk)
    move(case, item, "counsel", cast.head)
    with pytest.raises(OtherCase):
        case_copies_prepare(case=fresh(case), items=[seen], demand=None, consents="included", actor=cast.manager.actor, now=NOON)


def test_a_judgement_names_what_it_cites_to_those_who_still_read_it(browser, cast, case, item):
    investigation.investigator_release(case=fresh(case), user=cast.doctor.user, reason="改任評估", actor=cast.manager.actor, now=NOON)
    investigation.reviewer_appoint(case=fresh(case), user=cast.doctor.user, actor=cast.manager.actor, now=NOON)
    questions = ("standard", "rigour", "aftercare", "harm")
    said = {q: f"{q} 已比對" for q in questions} | {f"cites_{q}": [str(item.uid)] for q in questions}
    assert browser("doctor").post(url("care_sheet", case), {**said, "verdict": "expected", "sign": "1"}).status_code == 302
    page = url("standard_of_care", case)
    assert "律師問過的那一張" in browser("manager").get(page).content.decode()
    move(case, item, "counsel", cast.head)
    shown = browser("manager").get(page).content.decode()
    assert "律師問過的那一張" not in shown and "證物 1" in shown
    assert "律師問過的那一張" in browser("head").get(page).content.decode()


def test_an_act_that_began_before_it_was_put_there_ends_there(cast, case, item):
    asked = handling.item_ask_copy(case=fresh(case), item=item, derivation="stripped", actor=cast.manager.actor, now=NOON)
    asked = type(asked).objects.select_related("item__stored", "by").get(pk=asked.pk)
    move(case, item, "counsel", cast.head)
    handling.item_copy_make(making=asked, now=NOON)
    assert asked.fault == "item_gone" and not Item.objects.filter(derivation="stripped").exists()
    with pytest.raises(ItemGone):
        evidence_sort(case=fresh(case), item=item, kind="record", actor=cast.manager.actor, now=NOON)
    with pytest.raises(ItemGone):
        handling.item_note(case=fresh(case), item=item, title="還想寫", actor=cast.manager.actor, now=NOON)
    handling.item_note(case=fresh(case), item=item, title="律師的", actor=cast.head.actor, now=NOON)
    assert FactRow.objects.get(type="item.described").stream == case.compartment_stream("counsel")
