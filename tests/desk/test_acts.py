"""Every act: posted as staff would, it records its fact; refused, it keeps what was typed."""
from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from suyuan.accounts.models import GuestGrant, User
from suyuan.accounts.services import guest_invite
from suyuan.cases.phrases import DATA
from suyuan.cases.services import assessing, ending, handling, inquiry, investigation, outside, parties
from suyuan.cases.services.intake import PersonGiven
from suyuan.cases.services.rights import case_copies_prepare, case_seal
from suyuan.desk.acts import ACTS, BY_CODE, CLEARS, STOPS_WITH
from suyuan.desk.services import file_keep
from suyuan.evidence.models import CopySet, Seal
from suyuan.evidence.selectors.items import items_of
from suyuan.evidence.services.rights import Ceremony
from suyuan.platform.files import STAFF_TYPES, file_receive
from suyuan.platform.models import Hold
from tests.cases.cast import HOUR, NOON, fresh, nothing_left, types_of

pytestmark = pytest.mark.django_db

LATER, BEFORE = "2026-03-13T15:00", "2026-03-11T09:30"


def act(client, code, case, **data):
    return client.post(reverse(f"desk:act-{code}", args=[case.reference]), data)


# What stands before, as (case, cast) → None.


def _asked_lower(case, cast):
    handling.case_raise(case=fresh(case), level=2, reason="腫", actor=cast.manager.actor, now=NOON)
    handling.level_lower_ask(case=fresh(case), level=1, reason="已消腫", actor=cast.manager.actor, now=NOON)


def _level_two(case, cast):
    handling.case_raise(case=fresh(case), level=2, reason="腫", actor=cast.manager.actor, now=NOON)


def _owned(case, cast):
    handling.case_assign(case=fresh(case), owner=cast.manager.user, actor=cast.head.actor, now=NOON)


def _ready_to_investigate(case, cast):
    handling.case_raise(case=fresh(case), level=1, reason="", actor=cast.manager.actor, now=NOON)
    for issue in case.issues.all():
        handling.issue_classify(
            case=fresh(case), issue=issue, causes=["service"], primary="service", actor=cast.manager.actor, now=NOON
        )
    investigation.investigator_appoint(
        case=fresh(case), user=cast.doctor.user, expertise="整形外科", actor=cast.manager.actor, now=NOON
    )


def _found(case, cast):
    for issue in case.issues.all():
        investigation.finding_record(case=fresh(case), issue=issue, words="三週。", basis="當天的紀錄", actor=cast.doctor.actor, now=NOON)
    investigation.root_cause_record(case=fresh(case), whys=["沒有值班表"], root="沒有人", actor=cast.doctor.actor, now=NOON)
    handling.speaker_name(case=fresh(case), speaker=cast.colleague.user, actor=cast.manager.actor, now=NOON)


def _flagged(case, cast):
    handling.case_flag(case=fresh(case), flag="legal", reason="存證信函", actor=cast.manager.actor, now=NOON)


def _kept(case, cast):
    received = file_receive(source=[b"%PDF-1.4\n" + b"x" * 900], name="chart.pdf", max_bytes=10_000, accept=STAFF_TYPES)
    file_keep(case=fresh(case), received=received, note="", actor=cast.manager.actor, now=NOON)


def _items(case):
    return [str(item.uid) for item in items_of(case.stream, [""])]


def _asked_for(case, cast, kind):
    return handling.demand_record(case=fresh(case), kind=kind, words="請處理", actor=cast.manager.actor, now=NOON)


def _copied(case, cast):
    _kept(case, cast)
    demand = _asked_for(case, cast, "records_copy")
    case.parties.update(identity="verified", verified_at=NOON, verified_by=cast.manager.user)
    case_copies_prepare(
        case=fresh(case), items=list(items_of(case.stream, [""])), demand=demand, consents="included", actor=cast.manager.actor, now=NOON
    )


def _sealed(case, cast):
    _kept(case, cast)
    there = Ceremony(place="諮詢室", kept_at="保險櫃", for_clinic="陳經理", for_patient="例小安")
    case_seal(case=fresh(case), items=list(items_of(case.stream, [""])), ceremony=there, actor=cast.manager.actor, now=NOON)


def _settled(case, cast):
    nothing_left(cast, case)


def _closing_asked(case, cast):
    ending.close_request(case=nothing_left(cast, case), actor=cast.colleague.actor, now=NOON)


def _closed(case, cast):
    _closing_asked(case, cast)
    ending.close_confirm(case=fresh(case), actor=cast.manager.actor, now=NOON)


def _complained(case, cast):
    parties.complained_set(case=fresh(case), user=cast.accused.user, actor=cast.manager.actor, now=NOON)


def _flagged(case, cast):
    handling.case_flag(case=fresh(case), flag="legal", reason="", actor=cast.manager.actor, now=NOON)


def _promised(case, cast):
    handling.promise_make(case=fresh(case), words="回電", due_at=NOON + HOUR, actor=cast.manager.actor, now=NOON)


def _demanded(case, cast):
    handling.demand_record(case=fresh(case), kind="records_copy", actor=cast.manager.actor, now=NOON)


def _proceeding(case, cast):
    outside.proceeding_open(case=fresh(case), kind="tw_mediation", actor=cast.manager.actor, now=NOON)


def _task(case, cast):
    handling.task_open(
        case=fresh(case), kind="other", title="整理照片", assignee=cast.manager.user, actor=cast.manager.actor, now=NOON
    )


def _outsider(case, cast):
    return User.objects.create(
        login="outside", display_name="陳律師", email="Outside@example.org", created_at=NOON, password="!"
    )


def _invited(case, cast):
    guest_invite(
        user=_outsider(case, cast), kind="lawyer", stream=case.stream, branch=cast.tn, last_day=date(2026, 4, 1),
        reason="請看期限", actor=cast.manager.actor, now=NOON,
    )  # fmt: skip


def _planned(case, cast):
    inquiry.plan_step_add(case=fresh(case), kind="hear_staff", actor=cast.manager.actor, now=NOON)


def _undeclared(case, cast):
    investigation.investigator_release(case=fresh(case), user=cast.doctor.user, reason="重新指派", actor=cast.manager.actor, now=NOON)
    investigation.investigator_appoint(case=fresh(case), user=cast.doctor.user, actor=cast.manager.actor, now=NOON)


def _judged(case, cast):
    investigation.reviewer_appoint(case=fresh(case), user=cast.doctor.user, actor=cast.manager.actor, now=NOON)
    assessing.care_sheet_save(case=fresh(case), lines=[], sign=True, actor=cast.doctor.actor, now=NOON)


def _party(case, cast):
    return {"party": str(case.parties.first().uid)}


SPOUSE = {
    "relation": "spouse",
    "complainant": PersonGiven(family_name="例", given_name="大偉"),
    "patient": PersonGiven(family_name="例", given_name="小美"),
}
# code: (who, stage, what stands before, data or (case, cast) → data, fact, what was said at intake)
STORIES = {
    "acknowledge": ("manager", "received", _owned, {"method": "telephone", "words": "我們收到了。"}, "case.acknowledged"),
    "investigate": ("manager", "acknowledged", _ready_to_investigate, {}, "case.investigation_started"),
    "disclose": ("manager", "investigating", _found, {"words": "腫脹還沒有消。", "method": "portal"}, "case.findings_disclosed"),
    "respond": ("manager", "findings_disclosed", None, {"words": "我們排了回診。", "method": "letter"}, "case.responded"),
    "propose-closing": ("manager", "responded", _settled, {}, "case.closing_asked"),
    "close": ("manager", "responded", _closing_asked, {}, "case.closed"),
    "contact": ("receptionist", "received", None, {
        "kind": "call", "direction": "out", "channel": "telephone", "happened_at": BEFORE, "points": "說了回診。", "minutes": "12",
        "place": "櫃檯", "participants": "例小安", "tone": "worried", "next_step": "明天回電"}, "contact.logged"),
    "came-in": ("receptionist", "received", None, {
        "channel": "sms", "happened_at": BEFORE, "sender": "0912-345-678", "words": "今天又腫起來了"}, "message.received"),
    "plan": ("manager", "acknowledged", None, {"words": "先回診，再說明。", "method": "telephone"}, "plan.explained"),
    "promise": ("receptionist", "received", None, {"words": "明天回電", "due_at": LATER}, "promise.made"),
    "promise-kept": ("manager", "acknowledged", _promised, lambda case, cast: {
        "promise": str(case.promises.filter(words="回電").get().uid), "how": "打了電話"}, "promise.kept"),
    "channels": ("manager", "acknowledged", None, {"method": "letter"}, "channels.notified"),
    "disputed": ("manager", "acknowledged", None, {}, "case.disputed"),
    "helper": ("manager", "received", None, {"helper": "手語老師"}, "helper.named"),
    "demand": ("receptionist", "received", None, {"kind": "records_copy", "words": "要一份病歷"}, "demand.recorded"),
    "demand-answer": ("manager", "acknowledged", _demanded, lambda case, cast: {
        "demand": str(case.demands.get().uid), "outcome": "met", "words": "已交付"}, "demand.answered"),
    "raise": ("nurse_task", "received", None, {"level": "2", "reason": "還在腫"}, "case.graded"),
    "lower": ("manager", "investigating", _level_two, {"level": "1", "reason": "已消腫"}, "level.lowering_asked"),
    "lower-decide": ("colleague", "investigating", _asked_lower, {"agree": "yes", "words": ""}, "case.graded"),
    "flag": ("manager", "received", None, {"flag": "media", "reason": "說要找記者"}, "case.flagged"),
    "unflag": ("manager", "received", _flagged, {"flag": "legal", "reason": "誤會"}, "case.unflagged"),
    "danger": ("receptionist", "received", None, {"signs": ["sight"], "words": "看不清楚"}, "case.danger_raised"),
    "harm": ("receptionist", "received", None, {"state": "alleged", "occurred_on": "115/3/2"}, "harm.stated"),
    "judge": ("doctor", "investigating", None, {"serious": "no", "reason": "傷口癒合", "occurred_on": "2026-03-02"}, "harm.judged"),
    "care": ("doctor", "investigating", None, {
        "kind": "examination", "happened_at": BEFORE, "words": "看過。", "place": "診間", "cost_major": "350.50"}, "care.recorded"),
    "incident": ("manager", "received", None, lambda case, cast: {"kind": _first(case, cast, "incident")}, "incident.identified"),
    "report": ("manager", "received", None, lambda case, cast: {
        "kind": _first(case, cast, "report"), "body": "衛生局", "number": "115-1"}, "report.made"),
    "assign": ("manager", "received", None, lambda case, cast: {"owner": cast.colleague.pk}, "case.assigned"),
    "speaker": ("manager", "received", None, lambda case, cast: {"speaker": cast.colleague.pk}, "speaker.named"),
    "investigator": ("manager", "received", None, lambda case, cast: {"user": cast.doctor.pk, "expertise": "整形"}, "investigator.appointed"),
    "complained": ("manager", "received", None, lambda case, cast: {"user": cast.accused.pk}, "staff.complained_about"),
    "investigator-release": ("manager", "investigating", None, lambda case, cast: {
        "user": cast.doctor.pk, "reason": "請另一位專長相符的醫師"}, "investigator.released"),
    "complained-unset": ("manager", "received", _complained, lambda case, cast: {
        "user": cast.accused.pk, "reason": "那天不是這位值班"}, "staff.no_longer_complained_about"),
    "party": ("receptionist", "received", None, {
        "name": "例大偉", "roles": ["companion"], "relation": "spouse", "phone": "0900-000-888", "email": "d@example.org"}, "party.added"),
    "guest": ("manager", "received", _outsider, {
        "name": "陳律師", "email": "outside@example.org", "kind": "lawyer", "last_day": "2026-04-01", "reason": "請看和解的期限"},
        "case.guest_invited"),
    "guest-end": ("manager", "received", _invited, lambda case, cast: {
        "grant": str(GuestGrant.objects.get(stream=case.stream).uid)}, "case.guest_ended"),
    "task-cancel": ("manager", "received", _task, lambda case, cast: {
        "task": str(case.tasks.get(title="整理照片").uid), "reason": "照片已經在病歷裡"}, "task.cancelled"),
    "statement": ("manager", "received", _complained, lambda case, cast: {
        "user": cast.accused.pk, "alleged": "等了很久。", "due_at": LATER}, "statement.requested"),
    "support": ("manager", "received", _complained, lambda case, cast: {"user": cast.accused.pk, "words": "主管陪談"}, "support.offered"),
    "verify": ("receptionist", "received", None, lambda case, cast: {
        **_party(case, cast), "how": _first(case, cast, "verify", "how")}, "party.verified"),
    "authority": ("receptionist", "received", None, lambda case, cast: {**_party(case, cast), "how": "委託書"}, "party.authority_proven", SPOUSE),
    "legal": ("manager", "received", None, {"words": "請看期限"}, "legal.asked"),
    "call-help": ("receptionist", "received", None, lambda case, cast: {"user": cast.manager.user.pk, "words": "對方在線上"}, "help.called"),
    "task": ("manager", "received", None, lambda case, cast: {
        "kind": "collect", "title": "術前照片", "assignee": cast.nurse.pk, "due_at": LATER}, "task.opened"),
    "task-done": ("manager", "received", _task, lambda case, cast: {
        "task": str(case.tasks.get(title="整理照片").uid), "words": "好了"}, "task.done"),
    "move": ("manager", "received", None, lambda case, cast: {"branch": str(cast.tp.uid), "reason": "在北岸做的"}, "case.moved_branch"),
    "issue": ("receptionist", "received", None, {"subject": "收據"}, "issue.added"),
    "classify": ("receptionist", "received", None, lambda case, cast: {
        "issue": str(case.issues.first().uid), "primary": "service", "causes": ["price"]}, "issue.classified"),
    "factors": ("receptionist", "received", None, lambda case, cast: {"factors": [_first(case, cast, "factors", "factors")]}, "factors.recorded"),
    "finding": ("doctor", "investigating", None, lambda case, cast: {
        "issue": str(case.issues.first().uid), "words": "三週仍在恢復期。", "basis": "病歷 3/2"}, "finding.recorded"),
    "plan-step": ("manager", "acknowledged", None, lambda case, cast: {
        "kind": "hear_staff", "words": "跟刀護理師", "user": cast.nurse.pk, "due_at": LATER}, "plan.step_added"),
    "plan-step-done": ("manager", "acknowledged", _planned, lambda case, cast: {
        "step": str(case.plan_steps.get().uid), "note": "問過了"}, "plan.step_done"),
    "plan-step-strike": ("manager", "acknowledged", _planned, lambda case, cast: {
        "step": str(case.plan_steps.get().uid), "note": "當天休假"}, "plan.step_struck"),
    "reviewer": ("manager", "acknowledged", None, lambda case, cast: {"user": cast.doctor.pk, "reason": ""}, "reviewer.appointed"),
    "declare": ("doctor", "investigating", _undeclared, {"declared": "some", "words": "同一個公會"}, "conflict.declared"),
    "fishbone": ("doctor", "investigating", None, {
        "bone_people": "夜班臨時調人", "bone_method": "*交班沒有清單：表單停用", "root": "交班只靠口頭"}, "root_cause.recorded"),
    "exposure": ("head", "acknowledged", None, {
        "question": "privacy", "answer": "none", "why": "照片沒有外流", "rules": ["TW-CONF-1"]}, "exposure.answered"),
    "agreement": ("head", "acknowledged", None, {
        "compartment": "mediation", "purposes": ["litigation"], "by_clinic": "陳院長", "by_person": "王小明", "how": "in_writing",
        "words": "調解紀錄可以交給法院"}, "showing.agreed"),
    "dissent": ("head", "acknowledged", _judged, lambda case, cast: {
        "sheet": str(case.care_sheets.get().uid), "words": "照片角度不同"}, "care_sheet.dissented"),
    "root-cause": ("doctor", "investigating", None, {"why1": "沒有回電", "root": "沒有值班表"}, "root_cause.recorded"),
    "late-entry": ("doctor", "investigating", None, {"words": "當時先急救。", "happened_at": BEFORE}, "late_entry.made"),
    "proceeding": ("manager", "received", None, {"kind": "tw_mediation", "body": "衛生局調解會", "number": "A1"}, "proceeding.opened"),
    "proceeding-step": ("manager", "received", _proceeding, lambda case, cast: {
        "proceeding": str(case.proceedings.get().uid), "milestone": "accepted", "note": ""}, "proceeding.milestone"),
    "proceeding-end": ("manager", "received", _proceeding, lambda case, cast: {
        "proceeding": str(case.proceedings.get().uid), "outcome": "agreed"}, "proceeding.ended"),
    "hold": ("legal", "received", _flagged, {"kind": "counsel", "reason": "律師來函"}, "hold.placed"),
    "hold-lift": ("head", "received", _flagged, lambda case, cast: {
        "hold": str(Hold.objects.filter(stream=case.stream).first().uid), "reason": "爭議已經解決"}, "hold.lifted"),
    "copies": ("manager", "received", _kept, lambda case, cast: {
        "items": _items(case), "consents": "included", "pages": "12", "fee_major": "200", "fee_reason": "兩頁重複", "letters": "on"}, "copies.prepared"),
    "copies-out": ("manager", "received", _copied, lambda case, cast: {
        "copies": str(CopySet.objects.get(stream=case.stream).uid), "to_whom": "例小安", "standing": "patient",
        "shown": "國民身分證", "medium": "paper", "receipt": "signed"}, "copies.handed_over"),
    "copies-wait": ("manager", "received", _copied, lambda case, cast: {
        "copies": str(CopySet.objects.get(stream=case.stream).uid), "how": "今天電話通知"}, "copies.waiting"),
    "seal": ("manager", "received", _kept, lambda case, cast: {
        "items": _items(case), "lots": "1 HA-2026-77", "place": "諮詢室", "kept_at": "保險櫃", "for_clinic": "陳經理",
        "for_patient": "例小安", "signed_on": "paper"}, "seal.made"),
    "unseal": ("manager", "received", _sealed, lambda case, cast: {
        "seal": str(Seal.objects.get(stream=case.stream).uid), "ground": "both_sides", "why": "送鑑定", "for_clinic": "陳經理",
        "for_patient": "例小安", "intact": "yes"}, "seal.opened"),
    "erase": ("head", "received", lambda case, cast: _asked_for(case, cast, "data_erase"),
        {f"do_{group}": "keep" for group in DATA}, "erasure.answered"),
    "resolve": ("manager", "received", lambda case, cast: handling.case_raise(
        case=fresh(case), level=1, reason="", actor=cast.manager.actor, now=NOON),
        {"words": "當場更正收據", "content": "on"}, "case.resolved_on_spot"),
    "withdraw": ("manager", "received", None, {"reason": "對方來電說不追究了"}, "case.withdrawn"),
    "reopen": ("manager", "responded", _closed, {"reason": "又腫了"}, "case.reopened"),
    "evaluate": ("manager", "responded", None, {"words": "值班表要貼出來"}, "evaluation.recorded"),
}  # fmt: skip
NO_NEED = {"lower-decide": "level.lowering_decided"}


def _first(case, cast, code, field="kind"):
    """The first real choice the form offers."""
    from suyuan.accounts.selectors import profile_of

    form = BY_CODE[code].form(case=case, profile=profile_of(cast.manager.user, NOON), now=NOON)
    return next(value for value, _words in form.fields[field].choices if value)


def test_every_act_has_its_story():
    assert set(STORIES) == {a.code for a in ACTS}
    assert set(CLEARS.values()) | set(STOPS_WITH.values()) <= {a.code for a in ACTS}


@pytest.mark.requirement("A-06")
@pytest.mark.requirement("A-07")
@pytest.mark.requirement("A-14")
@pytest.mark.requirement("B-02")
@pytest.mark.requirement("B-03")
@pytest.mark.parametrize("code", STORIES)
def test_an_act_posted_records_its_fact(code, cast, browser, make_case):
    who, stage, before, data, fact, *said = STORIES[code]
    case = make_case(stage, **(said[0] if said else {}))
    if who == "nurse_task":
        handling.task_open(case=case, kind="other", title="換藥", assignee=cast.nurse.user, actor=cast.manager.actor, now=NOON)
        who = "nurse"
    if before is not None:
        before(case, cast)
    case = fresh(case)
    known = types_of(case).count(fact)
    client = browser(who)
    page = client.get(reverse(f"desk:act-{code}", args=[case.reference]))
    assert page.status_code == 200
    given = data(case, cast) if callable(data) else data
    done = act(client, code, case, **given)
    assert done.status_code == 302, done.content.decode()[done.content.decode().find("sy-summary"):][:900]
    gone = code == "move"  # to where this manager sees no cases
    assert done["Location"] == (reverse("desk:today") if gone else reverse(BY_CODE[code].back, args=[case.reference]))
    from suyuan.platform.models import FactRow

    streams = [case.compartment_stream(c) for c in ("", "counsel", "mediation", "root_cause", "care_talk")]
    assert FactRow.objects.filter(stream__in=streams, type=fact).count() == known + 1


ROGUE = "=cmd|' /C calc'!A0 <script>alert(1)</script> 𠮷\u3000「」"


def test_words_come_back_byte_for_byte_and_harmless(cast, browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    assert act(client, "plan", case, words=ROGUE, method="telephone").status_code == 302
    page = client.get(reverse("desk:case", args=[case.reference])).content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(
    ("code", "data", "kept"),
    [
        ("plan", {"words": "", "method": "telephone"}, ""),
        ("plan", {"words": "好" * 20_001, "method": "telephone"}, "好" * 100),
        ("plan", {"words": "看不見\x07的字", "method": "telephone"}, "看不見"),
        ("plan", {"words": "零\x00", "method": "telephone"}, ""),
        ("plan", {"words": "說了回診", "method": "pigeon"}, "說了回診"),
        ("plan", {"words": "說了回診", "method": "telephone", "happened_at": "2027-01-01T10:00"}, "說了回診"),
        ("plan", {"words": "說了回診", "method": "telephone", "happened_at": "1890-01-01T10:00"}, "說了回診"),
        ("plan", {"words": "說了回診", "method": "telephone", "happened_at": "0001-01-01T00:00"}, "說了回診"),
        ("plan", {"words": "說了回診", "method": "telephone", "happened_at": "昨天"}, "說了回診"),
        ("promise", {"words": "昨天就回電", "due_at": "2026-03-01T10:00"}, "昨天就回電"),
        ("issue", {"subject": "收據\x08"}, "收據"),
        ("issue", {"subject": "長" * 300}, "長" * 300),
        ("harm", {"state": "alleged", "occurred_on": "2126-01-01"}, "2126"),
        ("harm", {"state": "maybe"}, ""),
        ("care", {"kind": "examination", "happened_at": BEFORE, "words": "看過", "cost_major": "-5"}, "看過"),
        ("care", {"kind": "examination", "happened_at": BEFORE, "words": "看過", "cost_major": "NaN"}, "看過"),
        ("assign", {"owner": "999999"}, ""),
        ("assign", {"owner": "' OR 1"}, ""),
        ("promise-kept", {"promise": "not-a-uid"}, ""),
        ("contact", {"kind": "call", "direction": "out", "channel": "telephone", "happened_at": BEFORE, "points": "談了", "minutes": "99999"}, "談了"),
    ],
)
def test_bad_input_is_told_and_kept(code, data, kept, browser, make_case):
    case = make_case("acknowledged")
    before = types_of(case)
    answer = act(browser("manager"), code, case, **data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "sy-summary" in page
    assert kept in page
    assert types_of(case) == before


def test_a_lost_race_keeps_the_words(cast, browser, make_case):
    case = make_case()
    _owned(case, cast)
    slow, quick = browser("colleague"), browser("manager")
    url = reverse("desk:act-acknowledge", args=[case.reference])
    assert slow.get(url).status_code == 200
    assert quick.post(url, {"method": "telephone", "words": "先說了"}).status_code == 302
    late = slow.post(url, {"method": "letter", "words": "我寫了很久的一封信"})
    page = late.content.decode()
    assert late.status_code == 409
    assert "我寫了很久的一封信" in page
    assert types_of(case).count("case.acknowledged") == 1


def test_a_shut_gate_says_what_is_missing_and_where(cast, browser, make_case):
    case = make_case("acknowledged")
    client = browser("manager")
    url = reverse("desk:act-investigate", args=[case.reference])
    page = client.get(url).content.decode()
    assert "還沒有指派調查人" in page and reverse("desk:act-investigator", args=[case.reference]) in page
    refused = client.post(url)
    assert refused.status_code == 409 and "還差" in refused.content.decode()


@pytest.mark.parametrize(
    ("who", "code", "status"),
    [
        ("receptionist", "acknowledge", 403),
        ("receptionist", "raise", 200),
        ("receptionist", "judge", 403),
        ("manager", "judge", 403),
        ("doctor", "judge", 200),
        ("auditor", "raise", 403),
        ("auditor", "contact", 403),
        ("stranger", "raise", 404),
        ("manager", "finding", 403),
        ("doctor", "finding", 200),
    ],
)
def test_an_act_opens_to_those_who_may(who, code, status, browser, make_case):
    case = make_case("investigating")
    client = browser(who)
    assert client.get(reverse(f"desk:act-{code}", args=[case.reference])).status_code == status
    if status != 200:
        before = types_of(case)
        assert act(client, code, case).status_code == status
        assert types_of(case) == before


def test_nobody_approves_their_own_request(cast, browser, make_case):
    case = make_case("responded")
    ending.close_request(case=nothing_left(cast, case), actor=cast.manager.actor, now=NOON)
    refused = act(browser("manager"), "close", case)
    assert refused.status_code == 403
    assert act(browser("colleague"), "close", case).status_code == 302


def test_a_colleague_complained_about_is_never_offered_work(cast, browser, make_case):
    case = make_case()
    _complained(case, cast)
    for code in ("assign", "investigator", "speaker", "task"):
        page = browser("manager").get(reverse(f"desk:act-{code}", args=[case.reference])).content.decode()
        assert f'value="{cast.accused.pk}"' not in page.replace(f'value="{case.owner_id}"', "")
        assert ">accused<" not in page


def test_the_page_offers_only_what_makes_sense(browser, make_case):
    case = make_case()
    page = browser("manager").get(reverse("desk:case", args=[case.reference])).content.decode()
    for code in ("promise-kept", "unflag", "lower", "lower-decide", "close", "statement", "proceeding-end"):
        if code == "promise-kept" and case.promises.exists():
            continue
        assert reverse(f"desk:act-{code}", args=[case.reference]) not in page, code


@pytest.mark.requirement("A-15")
def test_the_answer_asks_for_each_wish_and_for_the_reason_of_a_no(cast, browser, make_case):
    case = make_case("findings_disclosed", wishes=("full-refund", "look-again"))
    client = browser("manager")
    said = {"words": "我們排了回診。", "method": "letter"}
    page = client.get(reverse("desk:act-respond", args=[case.reference])).content.decode()
    assert page.index("wish_1") < page.index("why_1") < page.index("wish_2") < page.index('name="method"')

    for unfinished in ({}, {"wish_1": "granted"}, {"wish_1": "refused", "wish_2": "granted"}):
        assert act(client, "respond", case, **said, **unfinished).status_code != 302
    assert "case.responded" not in types_of(case)

    full = {"wish_1": "refused", "why_1": "三次都已經做完。", "wish_2": "granted"}
    assert act(client, "respond", case, **said, **full).status_code == 302
    page = client.get(reverse("desk:case", args=[case.reference])).content.decode()
    assert "無法照辦。三次都已經做完。" in page


def test_a_suit_is_warned_of_before_it_is_written_down_and_while_it_stands(cast, browser, make_case):
    case = make_case()
    client = browser("manager")
    form = client.get(reverse("desk:act-proceeding", args=[case.reference])).content.decode()
    assert "法律要求先申請調解" in form
    assert "起訴前要先調解" not in client.get(reverse("desk:outside", args=[case.reference])).content.decode()

    assert act(client, "proceeding", case, kind="court", body="地方法院").status_code == 302
    assert "起訴前要先調解" in client.get(reverse("desk:outside", args=[case.reference])).content.decode()
