"""The page of evidence: what it shows, to whom, and the acts that clear its lines."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from suyuan.cases.models import Case
from suyuan.cases.selectors.checklist import in_brief, readiness
from suyuan.cases.services import checklist, hearing, parties
from suyuan.evidence.models import EvidenceRequest, Interview, Item, Need, Observation
from suyuan.evidence.services.hearing import Heard
from suyuan.evidence.services.items import custody_note
from tests.cases.cast import NOON, case_made, fresh, investigating

pytestmark = pytest.mark.requirement("A-09")


@pytest.fixture
def case(cast):
    return investigating(cast, case_made(cast, harm="alleged"))


def page(case, name="evidence", *more):
    return reverse(f"desk:{name}", args=[case.reference, *more])


def asked(cast, case, **said):
    said = {"kind": "consent", "user": cast.nurse.user, "words": "第二版", "due_at": NOON + timedelta(days=1), **said}
    return checklist.evidence_ask(case=fresh(case), actor=cast.doctor.actor, now=NOON, **said)


def test_the_picture_says_what_is_missing_and_who_usually_has_it(browser, case):
    html = browser("doctor").get(page(case)).content.decode()
    assert html.count("sy-slip--missing") >= 10
    assert "還不能下結論：" in html and "通常在諮詢師那裡" in html and "醫療法 §67、§68；§102" in html
    assert "CN-REC-1" not in html and "医疗纠纷" not in html


def test_each_act_returns_to_the_picture_and_bad_input_stays(browser, cast, case):
    doctor = browser("doctor")
    ask = page(case, "act-evidence-ask")
    bad = doctor.post(ask, {"kind": "consent", "words": "第二版", "due_at": "2026-03-12T10:00"})
    assert bad.status_code == 422 and "第二版" in bad.content.decode() and "請選一位同事、一個職務" in bad.content.decode()
    both = {"kind": "consent", "words": "", "due_at": "2026-03-12T10:00", "role": "nurse", "user": cast.nurse.pk}
    assert "一次只請一方" in doctor.post(ask, both).content.decode()
    done = doctor.post(ask, {**both, "user": ""})
    assert done.status_code == 302 and done["Location"] == page(case)
    doctor.post(page(case, "act-evidence-none"), {"kind": "imaging", "reason": "沒有做影像"})
    html = doctor.get(page(case)).content.decode()
    assert "沒有做影像" in html and "已請護理師提供" in html
    assert doctor.post(page(case, "act-evidence-needed"), {"need": str(Need.objects.get().uid)}).status_code == 302


def test_a_nurse_gives_what_she_was_asked_for_and_goes_back_to_her_day(browser, cast, case):
    request = asked(cast, case)
    nurse = browser("nurse")
    give = f"{page(case, 'evidence_add')}?request={request.uid}"
    shown = nurse.get(give).content.decode()
    assert "請提供「同意書」" in shown and "第二版" in shown
    empty = nurse.post(give, {"note": "兩頁"})
    assert empty.status_code == 422 and "兩頁" in empty.content.decode()
    file = SimpleUploadedFile("同意書.txt", "同意書內容".encode(), "text/plain")
    done = nurse.post(give, {"note": "兩頁", "file": file})
    assert (done.status_code, done["Location"]) == (302, "/"), "the task was all that opened the case to her"
    assert Item.objects.get(kind="consent").note == "兩頁"
    assert EvidenceRequest.objects.get().ending == "given"
    assert nurse.get(page(case)).status_code == 404


def test_somebody_complained_about_finds_nothing_and_writes_nothing(browser, cast, case):
    asked(cast, case, user=cast.accused.user)
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)
    accused = browser("accused")
    for name in ("evidence", "evidence_add", "act-observe", "act-interview", "evidence_print"):
        assert accused.get(page(case, name)).status_code == 404, name
    assert accused.post(page(case, "act-observe"), {"words": "x", "seen_at": "2026-03-11T09:00"}).status_code == 404
    assert not Observation.objects.exists()


def test_a_note_is_late_struck_and_still_readable(browser, cast, case):
    manager = browser("manager")
    manager.post(page(case, "act-observe"), {"words": "她說左眼緊。", "seen_at": "2026-03-01T09:00"})
    note = Observation.objects.get()
    assert note.late and "事後補記" in manager.get(page(case)).content.decode()
    assert manager.post(page(case, "act-observe-strike"), {"note": str(note.uid), "reason": "記錯人"}).status_code == 302
    html = manager.get(page(case)).content.decode()
    assert "<s>" in html and "她說左眼緊。" in html and "記錯人" in html


def test_an_interview_is_shown_confirmed_and_printed(browser, cast, case):
    manager = browser("manager")
    form = {
        "other": "林小姐", "interviewers": "經理", "held_at": "2026-03-11T09:00", "place": "會談室",
        "minutes": "她說打過三次電話。", "present": "", "party": "", "user": "",
    }  # fmt: skip
    assert manager.post(page(case, "act-interview"), {**form, "user": cast.nurse.pk}).status_code == 422
    assert manager.post(page(case, "act-interview"), form).status_code == 302
    row = Interview.objects.get()
    one = page(case, "interview", row.uid)
    assert "等本人確認" in manager.get(one).content.decode()
    said = {"interview": str(row.uid), "how": "read_aloud", "happened_at": "", "corrections": "是兩次。"}
    assert manager.post(page(case, "act-interview-confirm"), said).status_code == 302
    html = manager.get(one).content.decode()
    assert "本人已確認" in html and "是兩次。" in html and "她說打過三次電話。" in html
    assert "可以不簽" in manager.get(page(case, "interview_print", row.uid)).content.decode()


def test_the_page_costs_the_same_for_little_evidence_and_much(browser, cast, case, django_assert_max_num_queries):
    manager = browser("manager")
    manager.get(page(case))
    for n in range(12):
        heard = Heard(name=f"第 {n} 位", interviewers="經理", held_at=NOON, place="會談室")
        hearing.interview_record(case=fresh(case), heard=heard, minutes="她說。", actor=cast.manager.actor, now=NOON)
        hearing.observation_note(case=fresh(case), words="看到。", seen_at=NOON, actor=cast.manager.actor, now=NOON)
    with django_assert_max_num_queries(24):
        manager.get(page(case))


def test_the_page_of_the_case_shows_the_same_slips_in_brief(browser, cast, case):
    def told():
        found = fresh(case)
        brief = [(kind.id, state) for kind, state in in_brief(found, {""}).required]
        assert brief == [(slip.kind.id, slip.state) for slip in readiness(found, {""}).required]
        return dict(brief)

    manager = browser("manager")
    assert set(told().values()) == {"missing"}
    asked(cast, case, kind="imaging")
    checklist.evidence_set_aside(case=fresh(case), kind="assessment", reason="沒有", actor=cast.doctor.actor, now=NOON)
    hearing.observation_note(case=fresh(case), words="看到。", seen_at=NOON, actor=cast.manager.actor, now=NOON)
    given = SimpleUploadedFile("紀錄.txt", "手術紀錄".encode(), "text/plain")
    assert manager.post(page(case, "evidence_add"), {"kind": "operation", "file": given}).status_code == 302
    now = told()
    assert [now[k] for k in ("imaging", "assessment", "observations", "operation")] == ["asked", "aside", "had", "had"]
    custody_note(item=Item.objects.get(), act="sealed", actor=cast.manager.actor, now=NOON)
    assert told()["operation"] == "sealed"
    html = manager.get(page(case, "case")).content.decode()
    slips = html[html.index('id="slips"') : html.index('id="course"')]
    assert f'href="{page(case)}#kind-operation"' in slips and slips.count("<li") == len(now)
    assert "封存 1，已有 1，請求中 1" in slips and "項才能下結論" in slips


def test_who_may_not_open_the_evidence_sees_no_slips_on_the_case(browser, case):
    Case.objects.filter(pk=case.pk).update(money=True)
    cashier = browser("cashier")
    shown = cashier.get(page(case, "case"))
    assert shown.status_code == 200 and 'id="slips"' not in shown.content.decode()
    assert cashier.get(page(case)).status_code in (403, 404)
