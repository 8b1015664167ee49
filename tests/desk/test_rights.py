"""The page of holds, copies, seals and lots: what it shows, to whom, and the papers it prints."""
from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from django.urls import reverse

from suyuan.cases.jobs import retention as retention_run
from suyuan.cases.jobs import retention_one
from suyuan.cases.models import Case, Demand, ErasureDecision, RetentionProposal
from suyuan.cases.services import handling
from suyuan.cases.services.ending import case_withdraw
from suyuan.cases.services.holding import case_hold_place
from suyuan.cases.services.intake import PersonGiven
from suyuan.cases.services.parties import party_add
from suyuan.cases.services.rights import case_copies_prepare, case_seal
from suyuan.correspondence.models import Message
from suyuan.desk.services import correspondence_paper, file_keep, letter_send
from suyuan.evidence.models import CopySet, Seal
from suyuan.evidence.selectors.items import items_of
from suyuan.evidence.services.rights import Ceremony
from suyuan.people.models import Person
from suyuan.people.rules import Treatment
from suyuan.people.services import treatment_add
from suyuan.platform import clock
from suyuan.platform.facts import facts_told
from suyuan.platform.files import STAFF_TYPES, file_open, file_receive
from suyuan.platform.models import AccessRow, FactRow, Job
from tests.cases.cast import NOON, fresh, party_of
from tests.cases.test_rights import LONG_AFTER


def page(client, name: str, case: Case, **more) -> str:
    answer = client.get(reverse(f"desk:{name}", args=[case.reference, *more.values()]))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def case(cast, make_case):
    """With a chart of ours and a treatment with a lot."""
    made = make_case()
    received = file_receive(source=[b"%PDF-1.4\n" + b"x" * 900], name="=chart.pdf", max_bytes=10_000, accept=STAFF_TYPES)
    file_keep(case=made, received=received, note="", actor=cast.manager.actor, now=NOON)
    person = Person.objects.get(pk=made.parties.get().person_id)
    given = Treatment(words="玻尿酸", on=date(2026, 1, 5), lot="HA-2026-77")
    treatment_add(person=person, treatment=given, branch=cast.tn, actor=cast.manager.actor, now=NOON)
    Case.objects.filter(pk=made.pk).update(patient=person)
    return fresh(made)


@pytest.mark.requirement("A-03")
def test_a_sign_of_a_dispute_shows_on_the_case_its_page_and_the_list(case, cast, browser):
    client = browser("manager")
    assert "正在保全" not in page(client, "case", case)
    handling.dispute_mark(case=case, actor=cast.manager.actor, now=NOON)
    assert "正在保全" in page(client, "case", case)
    shown = page(client, "rights", case)
    assert "標示為有爭議" in shown and "民法 §197" in shown
    assert case.reference in client.get(reverse("desk:holds")).content.decode()
    assert case.reference not in browser("stranger").get(reverse("desk:holds")).content.decode()


@pytest.mark.requirement("A-03")
def test_a_held_case_offers_no_erasing_and_says_so_to_the_person(case, cast, browser):
    handling.demand_record(case=case, kind="data_erase", words="請刪掉我的資料", actor=cast.manager.actor, now=NOON)
    handling.dispute_mark(case=fresh(case), actor=cast.manager.actor, now=NOON)
    client, url = browser("head"), reverse("desk:act-erase", args=[case.reference])
    form = client.get(url).content.decode()
    assert "正在保全，現在不能刪除" in form and 'value="erase"' not in form
    groups = ("identifiers", "photos", "messages", "narrative", "chart", "facts", "contacts")
    refused = client.post(url, {f"do_{group}": "erase" for group in groups})
    assert refused.status_code == 422 and not ErasureDecision.objects.exists()

    assert client.post(url, {f"do_{group}": "keep" for group in groups} | {"words": "有問題請來電。"}).status_code == 302
    letter = ErasureDecision.objects.first().demand.letter.words.body
    assert "正在保全，現在不能刪除" in letter and "有問題請來電。" in letter
    assert browser("manager").get(url).status_code == 403


@pytest.mark.requirement("D-05")
def test_copies_carry_the_correspondence_and_a_list_with_digests(case, cast, browser):
    letter_send(case=case, party=case.parties.get(), channel="portal", words="請您週五回診。", actor=cast.manager.actor, now=NOON)
    Message.objects.update(state="sent", sent_at=NOON)
    demand = handling.demand_record(
        case=fresh(case), kind="records_copy", asked_by=case.parties.get(), words="", actor=cast.manager.actor, now=NOON
    )
    assert "請您週五回診。" in correspondence_paper(case, demand, NOON)
    client = browser("manager")
    chart = items_of(case.stream, [""]).get()
    given = {"demand": str(demand.uid), "items": [str(chart.uid)], "letters": "on", "consents": "included", "pages": "10", "fee_major": "200"}
    assert client.post(reverse("desk:act-copies", args=[case.reference]), given).status_code == 302

    copies = CopySet.objects.get(stream=case.stream)
    assert (copies.fee_minor, copies.currency, copies.request) == (20_000, "TWD", demand.uid)
    paper = copies.lines.order_by("number").last().item.stored
    assert "請您週五回診。" in file_open(paper).read().decode()
    answer = client.get(reverse("desk:copies_list", args=[case.reference, copies.uid]))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 3 and rows[1][3] == chart.stored.sha256 and not rows[1][1].startswith("=")
    assert AccessRow.objects.filter(what="case.copies_list", purpose="print").count() == 1


@pytest.mark.requirement("D-05")
def test_copies_without_a_demand_carry_nobodys_letters_where_two_are_in_the_case(case, cast):
    first, manager = case.parties.get(), cast.manager.actor
    letter_send(case=case, party=first, channel="portal", words="只給您：回診。", actor=manager, now=NOON)
    Message.objects.update(state="sent", sent_at=NOON)
    assert "只給您" in correspondence_paper(fresh(case), None, NOON)
    party_add(case=fresh(case), person=PersonGiven(family_name="林"), roles=["companion"], actor=manager, now=NOON)
    assert "只給您" not in correspondence_paper(fresh(case), None, NOON)


@pytest.mark.requirement("D-09")
def test_the_list_of_a_seal_is_printed_twice_with_its_digest(case, cast, browser):
    there = Ceremony(place="諮詢室", kept_at="保險櫃", for_clinic="陳經理", for_patient="例小安")
    items = list(items_of(case.stream, [""]))
    seal = case_seal(case=case, items=items, ceremony=there, lots={items[0].pk: "HA-2026-77"}, actor=cast.manager.actor, now=NOON)
    client = browser("manager")
    shown = client.get(reverse("desk:seal_print", args=[case.reference, seal.uid])).content.decode()
    assert shown.count("診所留存聯") == 1 and shown.count("病人方留存聯") == 1 and shown.count(seal.number) >= 2
    assert browser("stranger").get(reverse("desk:seal_print", args=[case.reference, seal.uid])).status_code == 404
    other = Seal.objects.filter(pk=seal.pk).get()
    assert client.get(reverse("desk:copies_print", args=[case.reference, other.uid])).status_code == 404


@pytest.mark.requirement("D-09")
def test_a_lot_is_traced_for_those_who_may(case, cast, browser):
    url = f"{reverse('desk:lots')}?lot=ha-2026-77"
    assert case.reference in browser("manager").get(url).content.decode()
    shown = browser("nurse").get(url).content.decode()
    assert "玻尿酸" in shown and case.reference not in shown
    shown = browser("stranger").get(url).content.decode()
    assert "玻尿酸" not in shown and case.reference not in shown
    assert "HA-2026-77" in page(browser("manager"), "rights", case)


def test_a_line_of_lots_that_makes_no_sense_is_told_and_kept(case, browser):
    client = browser("manager")
    given = {"items": [str(items_of(case.stream, [""]).get().uid)], "lots": "HA 77", "place": "諮詢室"}
    answer = client.post(reverse("desk:act-seal", args=[case.reference]), given)
    assert answer.status_code == 422 and "HA 77" in answer.content.decode() and not Seal.objects.exists()
    given |= {"lots": "9 HA-77", "kept_at": "櫃", "for_clinic": "陳", "for_patient": "例", "signed_on": "paper"}
    assert client.post(reverse("desk:act-seal", args=[case.reference]), given).status_code == 422
    assert not FactRow.objects.filter(type="seal.made").exists()


@pytest.mark.requirement("D-05")
def test_copies_of_another_case_are_not_there(case, cast, browser, make_case):
    other = make_case()
    copies = case_copies_prepare(
        case=case, items=list(items_of(case.stream, [""])), demand=None, consents="included", actor=cast.manager.actor, now=NOON
    )
    answer = browser("manager").get(reverse("desk:copies_print", args=[other.reference, copies.uid]))
    assert answer.status_code == 404


@pytest.mark.requirement("A-03")
def test_the_page_says_whose_words_a_companion_asked_about_and_so_does_the_answer(case, cast, browser):
    friend = party_add(case=case, person=PersonGiven(family_name="林", given_name="友人"), roles=["companion"], actor=cast.manager.actor, now=NOON)
    given = {"kind": "data_erase", "asked_by": str(friend.uid), "about": "patient", "words": "請刪掉"}
    assert browser("manager").post(reverse("desk:act-demand", args=[case.reference]), given).status_code == 302
    assert Demand.objects.get(case=case).about == "patient"
    url = reverse("desk:act-erase", args=[case.reference])
    shown = browser("head").get(url).content.decode()
    assert "林友人不是病人，也還沒有證明有權代理" in shown and 'name="do_chart"' not in shown and 'name="do_contacts"' not in shown
    kept = {f"do_{group}": "keep" for group in ("identifiers", "statements", "photos", "messages")}
    assert browser("head").post(url, kept).status_code == 302
    assert "只關於您自己說過" in ErasureDecision.objects.first().demand.letter.words.body


@pytest.mark.requirement("A-03")
def test_whoever_decides_orders_many_at_once_and_sees_how_each_ended(cast, make_case, browser):
    made = [make_case() for _n in range(3)]
    for each in made:
        case_withdraw(case=fresh(each), reason="不追究", actor=party_of(each), now=NOON)
    with clock.frozen(LONG_AFTER):
        retention_run({}, LONG_AFTER)
        uids = [str(RetentionProposal.objects.get(case=each).uid) for each in made]
        url, head = reverse("desk:retention"), browser("head")
        assert all(each.reference in head.get(url).content.decode() for each in made)
        assert {browser(name).get(url).status_code for name in ("manager", "nurse", "auditor", "stranger")} == {404}
        for wrong in ({"chosen": uids, "what": "erase"}, {"chosen": uids, "what": "keep"}, {"what": "erase", "sure": "on"}):
            assert head.post(url, wrong).status_code == 422
        assert browser("mainland_head").post(url, {"chosen": uids[:1], "what": "erase", "sure": "on"}).status_code == 422
        assert head.post(url, {"chosen": uids[:2], "what": "erase", "sure": "on"}).status_code == 302
        assert head.post(url, {"chosen": uids[2:], "what": "keep", "reason": "研究倫理"}).status_code == 302
        assert "正在刪除，還有 2 件" in head.get(url).content.decode()
        case_hold_place(case=made[1], kind="court", reason="來函", actor=cast.manager.actor, now=LONG_AFTER)
        for queued in Job.objects.filter(name="cases.retention_carry_out"):
            retention_one(queued.args, LONG_AFTER)
        shown = head.get(url).content.decode()
        assert "已刪除" in shown and "研究倫理" in shown and "正在保全，會被擋下" in shown and "正在刪除" not in shown
        assert fresh(made[0]).narrative.body == "" and fresh(made[1]).narrative.body


def test_each_role_is_offered_what_it_may_use(cast, browser):
    offered = {"manager": "desk:holds", "head": "desk:holds", "legal": "desk:holds", "auditor": "desk:holds", "nurse": "desk:lots", "doctor": "desk:lots"}
    for name, first in offered.items():
        client = browser(name)
        shown = client.get(reverse("desk:today")).content.decode()
        others = {"desk:holds", "desk:lots"} - {first}
        assert f'href="{reverse(first)}"' in shown and not any(f'href="{reverse(other)}"' in shown for other in others), name
        tabs = client.get(reverse("desk:lots")).content.decode()
        assert (reverse("desk:retention") in tabs) == (name in ("head", "legal")), name
    for name in ("receptionist", "spokesman", "cashier"):
        shown = browser(name).get(reverse("desk:today")).content.decode()
        assert reverse("desk:holds") not in shown and f'href="{reverse("desk:lots")}"' not in shown, name


@pytest.mark.requirement("D-05")
def test_a_fee_is_suggested_from_pages_with_its_grade_and_differs_only_with_a_reason(case, browser):
    client, act = browser("manager"), reverse("desk:act-copies", args=[case.reference])
    chart = items_of(case.stream, [""]).get()
    page = client.get(act).content.decode()
    assert "〔待確認〕病歷複製本工本費：基本費 NT$ 200（含 10 頁），之後每頁 NT$ 5；光碟每片 NT$ 200。" in page
    given = {"items": [str(chart.uid)], "consents": "included", "pages": "30", "discs": "1"}
    refused = client.post(act, given | {"fee_major": "350"})
    assert refused.status_code == 422 and 'value="350"' in refused.content.decode() and not CopySet.objects.exists()
    for more, fee, reason in (
        ({"fee_major": "500"}, 50_000, ""),  # 200, twenty pages more, one disc
        ({"fee_major": "350", "fee_reason": "重複的頁不收"}, 35_000, "重複的頁不收"),
        ({}, 0, ""),  # nobody confirmed the figures, so nothing is charged by itself
    ):
        assert client.post(act, given | more).status_code == 302
        made = CopySet.objects.latest("pk")
        (told,) = facts_told(list(FactRow.objects.filter(type="copies.prepared").order_by("-pk")[:1]))
        assert (made.fee_minor, told.private.get("fee_reason", ""), told.plain("tariff")["fee"]) == (fee, reason, 50_000)
        printed = client.get(reverse("desk:copies_print", args=[case.reference, made.uid])).content.decode()
        assert "照標準 30 頁、光碟 1 片是 NT$ 500" in printed and reason in printed
