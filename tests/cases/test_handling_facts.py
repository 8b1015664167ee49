"""Each service records exactly one fact in each stream whose rows it changed, and none elsewhere.

Rows of `cases` are read before and after each act. Clocks and promises that a clock made follow facts by themselves, and
so do the escalations of the pack; they are not the service's own writing. A test at the end finds services left out.
"""
from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest
from django.apps import apps

from suyuan.accounts.models import User
from suyuan.cases import services as all_services
from suyuan.cases.models import Case, Party
from suyuan.cases.services import assessing, ending, handling, inquiry, investigation, outside, parties
from suyuan.cases.services.handling import items
from suyuan.cases.services.intake import PersonGiven
from suyuan.platform.files.services import file_receive, file_store
from suyuan.platform.models import FactRow
from suyuan.platform.units import unit
from tests.cases.cast import CAUSE, HOUR, METHOD, NOON, fresh, nothing_left, party_of

pytestmark = pytest.mark.django_db

# Written by reactions to the fact, not by the service.
BY_REACTION = frozenset({"cases.caseclock", "cases.clockpause"})
FACTS_OF_OTHERS = ("case.escalated", "staff.notified", "message.", "person.", "hold.")
# Bookkeeping of the case row itself: when it was last touched, and what is due next.
SILENT_COLUMNS = frozenset({"moved_at", "next_due_at", "escalated"})


def rows() -> dict[tuple[str, int], dict]:
    found = {}
    for model in apps.get_app_config("cases").get_models():
        if model._meta.label_lower not in BY_REACTION:
            for row in model.objects.all().values():
                found[model._meta.label_lower, row["id"]] = row
    return found


PROTECTED = {"cases.rootcause": "root_cause", "cases.exposureanswer": "counsel"}
# Rows that know their case through another: the table and the column that leads there.
PARENTS = {
    "cases.proceedingstep": ("cases.proceeding", "proceeding_id"),
    "cases.findingcitation": ("cases.finding", "finding_id"),
    "cases.careline": ("cases.caresheet", "sheet_id"),
    "cases.caredissent": ("cases.caresheet", "sheet_id"),
    "cases.carecitation": ("cases.careline", "line_id"),
}


def changed_streams(before: dict, after: dict) -> set[str]:
    """Streams of the rows that were added or changed."""
    streams = set()
    cases = {c.pk: c for c in Case.objects.all()}
    for key, row in after.items():
        label, _pk = key
        old = before.get(key)
        if old == row or _by_reaction(label, row):
            continue
        if label == "cases.case":
            if old and {n for n in row if row[n] != old[n]} <= SILENT_COLUMNS:
                continue
            streams.add(row["stream"])
            continue
        case = cases[_case_id(label, row, after)]
        compartment = PROTECTED.get(label) or row.get("compartment", "")
        streams.add(case.compartment_stream(compartment))
    return streams


def _by_reaction(label: str, row: dict) -> bool:
    by_clock = label == "cases.promise" and row["code"]
    return bool(by_clock or (label == "cases.task" and row["kind"] == "escalation"))


def _case_id(label: str, row: dict, after: dict) -> int:
    if "case_id" in row:
        return row["case_id"]
    if label in PARENTS:
        parent, column = PARENTS[label]
        return _case_id(parent, after[parent, row[column]], after)
    return after["cases.caseissue", row["issue_id"]]["case_id"]


def own_facts(after_pk: int) -> Counter:
    found = FactRow.objects.filter(pk__gt=after_pk).values_list("stream", "type")
    return Counter(stream for stream, kind in found if not kind.startswith(FACTS_OF_OTHERS))


class Scene:
    """A case in a stage, and what services need around it."""

    def __init__(self, cast, make_case, stage: str) -> None:
        self.cast, self.case = cast, make_case(stage=stage)
        self.manager = {"actor": cast.manager.actor, "now": NOON}
        self.head = {"actor": cast.head.actor, "now": NOON}
        self.doctor = {"actor": cast.doctor.actor, "now": NOON}
        self.party = {"actor": party_of(self.case), "now": NOON}

    @property
    def row(self) -> Case:
        return fresh(self.case)

    def issue(self):
        return self.case.issues.first()

    def promise(self):
        return handling.promise_make(case=self.row, words="回電", due_at=NOON + HOUR, **self.manager)

    def demand(self):
        return handling.demand_record(case=self.row, kind="refund", **self.manager)

    def task(self):
        return handling.task_open(case=self.row, kind="contact", title="回電", role="nurse", **self.manager)

    def lowering(self):
        handling.case_raise(case=self.row, level=3, reason="", **self.manager)
        return handling.level_lower_ask(case=self.row, level=1, reason="好轉", **self.manager)

    def accused(self):
        if not self.case.involvements.filter(kind="complained").exists():
            parties.complained_set(case=self.row, user=self.cast.accused.user, **self.manager)
        return self.cast.accused

    def statement(self):
        user = self.accused().user
        return investigation.statement_ask(case=self.row, user=user, alleged="電話沒有回", due_at=NOON + HOUR, **self.manager)

    def finding(self):
        return investigation.finding_record(case=self.row, words="沒有回電", basis="當天的紀錄", issue=self.issue(), **self.doctor)

    def reviewer(self):
        return investigation.reviewer_appoint(case=self.row, user=self.cast.doctor.user, **self.manager)

    def sheet(self):
        if not self.case.involvements.filter(kind="reviewer").exists():
            self.reviewer()
        return assessing.care_sheet_save(case=self.row, lines=[], sign=True, **self.doctor)

    def step(self):
        return inquiry.plan_step_add(case=self.row, kind="hear_staff", user=self.cast.nurse.user, **self.manager)

    def proceeding(self):
        return outside.proceeding_open(case=self.row, kind="court", **self.manager)

    def survey(self):
        return ending.survey_send(case=self.row, **self.manager)[0]

    def received(self):
        return file_receive(source=[b"GIF89a" + bytes(200)], name="a.gif", max_bytes=10_000)

    def item(self):
        return handling.file_add(case=self.row, stored=self.stored(), source="desk", **self.manager)

    def asked_copy(self):
        black = {"derivation": "redacted", "black": [[1, 0, 0, 9, 9]], "why": "遮住臉"}
        return handling.item_ask_copy(case=self.row, item=self.item(), **black, **self.manager)

    def stored(self):
        with unit():
            return file_store(received=self.received(), branch_id=self.case.branch_id, actor=self.cast.manager.actor, now=NOON)

    def findings_told(self):
        """Everything the disclosure waits for."""
        self.finding()
        investigation.root_cause_record(case=self.row, whys=["一"], root="根", **self.doctor)
        handling.speaker_name(case=self.row, speaker=self.cast.head.user, **self.manager)

    def investigable(self):
        handling.case_raise(case=self.row, level=1, reason="", **self.manager)
        handling.issue_classify(case=self.row, issue=self.issue(), causes=[CAUSE], primary=CAUSE, **self.manager)
        investigation.investigator_appoint(case=self.row, user=self.cast.doctor.user, **self.manager)

    def owned(self):
        handling.case_assign(case=self.row, owner=self.cast.manager.user, **self.head)

    def proposed(self):
        ending.close_request(case=nothing_left(self.cast, self.row), **self.manager)

    def guest(self):
        return handling.guest_invite(
            case=self.row, name="例律師", email="lawyer@example.org", kind="lawyer", last_day=date(2026, 4, 1),
            reason="法律意見", **self.head
        )  # fmt: skip

    def withdrawn(self):
        ending.case_withdraw(case=self.row, **self.party)


RECEIVED, ACKNOWLEDGED, INVESTIGATING = "received", "acknowledged", "investigating"
DISCLOSED, RESPONDED = "findings_disclosed", "responded"

# service: (stage, what is made ready before, the act with what was made ready)
ACTS: dict[Callable, tuple[str, Callable | None, Callable]] = {
    handling.case_acknowledge: (RECEIVED, Scene.owned, lambda s, _: handling.case_acknowledge(
        case=s.row, method=METHOD, words="收到了", **s.manager)),
    handling.case_assign: (RECEIVED, None, lambda s, _: handling.case_assign(
        case=s.row, owner=s.cast.manager.user, **s.head)),
    handling.speaker_name: (RECEIVED, None, lambda s, _: handling.speaker_name(
        case=s.row, speaker=s.cast.manager.user, **s.head)),
    handling.legal_ask: (RECEIVED, None, lambda s, _: handling.legal_ask(case=s.row, **s.manager)),
    handling.case_move_branch: (ACKNOWLEDGED, None, lambda s, _: handling.case_move_branch(
        case=s.row, branch=s.cast.tp, reason="療程在那裡", **s.manager)),
    handling.case_raise: (RECEIVED, None, lambda s, _: handling.case_raise(case=s.row, level=2, reason="嚴重", **s.manager)),
    handling.level_lower_ask: (RECEIVED, lambda s: handling.case_raise(case=s.row, level=3, reason="", **s.manager),
        lambda s, _: handling.level_lower_ask(case=s.row, level=1, reason="好轉", **s.manager)),
    handling.approval_decide: (RECEIVED, Scene.lowering, lambda s, approval: handling.approval_decide(
        approval=approval, agree=True, **s.head)),
    handling.case_flag: (RECEIVED, None, lambda s, _: handling.case_flag(case=s.row, flag="media", **s.manager)),
    handling.case_unflag: (RECEIVED, lambda s: handling.case_flag(case=s.row, flag="media", **s.manager),
        lambda s, _: handling.case_unflag(case=s.row, flag="media", reason="不是", **s.manager)),
    handling.harm_date: (RECEIVED, None, lambda s, _: handling.harm_date(case=s.row, occurred_on=NOON.date(), **s.manager)),
    handling.harm_state: (RECEIVED, None, lambda s, _: handling.harm_state(case=s.row, state="alleged", **s.manager)),
    handling.harm_judge: (INVESTIGATING, None, lambda s, _: handling.harm_judge(
        case=s.row, serious=True, reason="破損", **s.doctor)),
    handling.issue_add: (RECEIVED, None, lambda s, _: handling.issue_add(case=s.row, subject="回電", **s.manager)),
    handling.issue_classify: (RECEIVED, Scene.issue, lambda s, issue: handling.issue_classify(
        case=s.row, issue=issue, causes=[CAUSE], primary=CAUSE, **s.manager)),
    handling.factors_record: (RECEIVED, None, lambda s, _: handling.factors_record(case=s.row, factors=[], **s.manager)),
    handling.incident_identify: (RECEIVED, None, lambda s, _: handling.incident_identify(
        case=s.row, kind="device_error", **s.manager)),
    handling.report_made: (RECEIVED, None, lambda s, _: handling.report_made(
        case=s.row, kind="device_event", body="食藥署", **s.manager)),
    handling.contact_log: (RECEIVED, Scene.promise, lambda s, promise: handling.contact_log(
        case=s.row, kind="care_talk", channel="in_person", direction="out", happened_at=NOON, points="談了", keeps_promise=promise,
        **s.manager)),
    handling.dispute_mark: (RECEIVED, None, lambda s, _: handling.dispute_mark(case=s.row, **s.manager)),
    handling.channels_notify: (RECEIVED, None, lambda s, _: handling.channels_notify(case=s.row, method="letter", **s.manager)),
    handling.helper_name: (RECEIVED, None, lambda s, _: handling.helper_name(case=s.row, helper="手語員", **s.manager)),
    handling.plan_explain: (RECEIVED, None, lambda s, _: handling.plan_explain(
        case=s.row, words="週五回診", method="telephone", **s.manager)),
    handling.promise_make: (RECEIVED, None, lambda s, _: s.promise()),
    handling.promise_keep: (RECEIVED, Scene.promise, lambda s, promise: handling.promise_keep(promise=promise, **s.manager)),
    handling.demand_record: (RECEIVED, None, lambda s, _: s.demand()),
    handling.demand_answer: (RECEIVED, Scene.demand, lambda s, demand: handling.demand_answer(
        demand=demand, outcome="met", **s.manager)),
    handling.help_call: (RECEIVED, None, lambda s, _: handling.help_call(case=s.row, user=s.cast.nurse.user, words="對方在線上", **s.manager)),
    handling.help_answer: (RECEIVED,
        lambda s: handling.help_call(case=s.row, user=s.cast.nurse.user, words="", **s.manager),
        lambda s, _: handling.help_answer(task=s.row.tasks.get(kind="help"), actor=s.cast.nurse.actor, now=NOON)),
    handling.task_open: (RECEIVED, None, lambda s, _: s.task()),
    handling.task_finish: (RECEIVED, Scene.task, lambda s, task: handling.task_finish(task=task, words="好了", **s.manager)),
    handling.task_cancel: (RECEIVED, Scene.task, lambda s, task: handling.task_cancel(task=task, reason="不用", **s.manager)),
    handling.file_add: (RECEIVED, Scene.stored, lambda s, stored: handling.file_add(
        case=s.row, stored=stored, source="desk", **s.manager)),
    handling.item_note: (RECEIVED, Scene.item, lambda s, item: handling.item_note(
        case=s.row, item=item, title="術後第三天", kind="photographs", **s.manager)),
    handling.item_hand_over: (RECEIVED, Scene.item, lambda s, item: handling.item_hand_over(
        case=s.row, item=item, act="handed_over", to_whom="檢驗所", **s.manager)),
    handling.item_take_copy: (RECEIVED, Scene.item, lambda s, item: handling.item_take_copy(
        case=s.row, item=item, purpose="review", **s.manager)),
    handling.item_make_copy: (RECEIVED, Scene.item, lambda s, item: handling.item_make_copy(
        case=s.row, item=item, derivation="redacted", received=s.received(), why="遮住臉", **s.manager)),
    handling.item_protect: (RECEIVED, Scene.item, lambda s, item: handling.item_protect(
        case=s.row, item=item, compartment="care_talk", reason="關懷時拿出來的", **s.head)),
    handling.item_ask_copy: (RECEIVED, Scene.item, lambda s, item: handling.item_ask_copy(
        case=s.row, item=item, derivation="redacted", black=[[1, 0, 0, 9, 9]], why="遮住臉", **s.manager)),
    items._made_and_kept: (RECEIVED, Scene.asked_copy, lambda s, making: items._made_and_kept(
        making=making, received=s.received(), now=NOON)),
    handling.care_record: (RECEIVED, None, lambda s, _: handling.care_record(
        case=s.row, kind="referral", happened_at=NOON, words="轉眼科", **s.manager)),
    handling.guest_invite: (RECEIVED, None, lambda s, _: s.guest()),
    handling.guest_release: (RECEIVED, Scene.guest, lambda s, admitted: handling.guest_release(
        case=s.row, grant=admitted.grant, **s.head)),
    handling.late_entry_make: (RECEIVED, None, lambda s, _: handling.late_entry_make(
        case=s.row, words="補記", happened_at=NOON, **s.manager)),
    investigation.investigator_appoint: (RECEIVED, None, lambda s, _: investigation.investigator_appoint(
        case=s.row, user=s.cast.doctor.user, **s.manager)),
    investigation.investigator_release: (INVESTIGATING, None, lambda s, _: investigation.investigator_release(
        case=s.row, user=s.cast.doctor.user, **s.manager)),
    investigation.case_investigate: (ACKNOWLEDGED, Scene.investigable, lambda s, _: investigation.case_investigate(
        case=s.row, **s.manager)),
    investigation.finding_record: (INVESTIGATING, None, lambda s, _: s.finding()),
    investigation.root_cause_record: (INVESTIGATING, None, lambda s, _: investigation.root_cause_record(
        case=s.row, whys=["一"], root="根", **s.doctor)),
    investigation.fishbone_record: (INVESTIGATING, None, lambda s, _: investigation.fishbone_record(
        case=s.row, bones=[investigation.Bone("method", "沒有清單", root=True)], root="根", **s.doctor)),
    investigation.reviewer_appoint: (RECEIVED, None, lambda s, _: s.reviewer()),
    inquiry.plan_step_add: (RECEIVED, None, lambda s, _: s.step()),
    inquiry.plan_step_finish: (RECEIVED, Scene.step, lambda s, step: inquiry.plan_step_finish(step=step, **s.manager)),
    inquiry.plan_step_strike: (RECEIVED, Scene.step, lambda s, step: inquiry.plan_step_strike(
        step=step, reason="不用", **s.manager)),
    inquiry.conflict_declare: (RECEIVED, Scene.reviewer, lambda s, _: inquiry.conflict_declare(
        case=s.row, declared="none", **s.doctor)),
    assessing.exposure_answer: (RECEIVED, None, lambda s, _: assessing.exposure_answer(
        case=s.row, question="privacy", answer="none", reason="沒有外流", **s.head)),
    assessing.care_sheet_save: (RECEIVED, Scene.reviewer, lambda s, _: s.sheet()),
    assessing.care_dissent: (RECEIVED, Scene.sheet, lambda s, sheet: assessing.care_dissent(
        sheet=sheet, words="看法不同", **s.head)),
    investigation.statement_ask: (RECEIVED, Scene.accused, lambda s, _: s.statement()),
    investigation.statement_give: (RECEIVED, Scene.statement, lambda s, statement: investigation.statement_give(
        statement=statement, words="那天休假", actor=s.cast.accused.actor, now=NOON)),
    investigation.support_offer: (RECEIVED, Scene.accused, lambda s, player: investigation.support_offer(
        case=s.row, user=player.user, words="可以找小組", **s.manager)),
    investigation.case_disclose: (INVESTIGATING, Scene.findings_told, lambda s, _: investigation.case_disclose(
        case=s.row, words="說明", method="portal", **s.manager)),
    investigation.case_respond: (DISCLOSED, None, lambda s, _: investigation.case_respond(
        case=s.row, words="答覆", method="portal", **s.manager)),
    ending.close_request: (RESPONDED, lambda s: nothing_left(s.cast, s.row), lambda s, _: ending.close_request(
        case=s.row, **s.manager)),
    ending.close_confirm: (RESPONDED, Scene.proposed, lambda s, _: ending.close_confirm(case=s.row, **s.head)),
    ending.case_withdraw: (ACKNOWLEDGED, Scene.task, lambda s, _: ending.case_withdraw(case=s.row, **s.party)),
    ending.case_resolve_on_spot: (ACKNOWLEDGED, None, lambda s, _: ending.case_resolve_on_spot(
        case=s.row, words="說好了", **s.manager)),
    ending.case_reopen: (ACKNOWLEDGED, Scene.withdrawn, lambda s, _: ending.case_reopen(case=s.row, reason="又腫", **s.head)),
    ending.case_evaluate: (RESPONDED, None, lambda s, _: ending.case_evaluate(case=s.row, answers={}, words="學到", **s.manager)),
    ending.survey_send: (RESPONDED, None, lambda s, _: s.survey()),
    ending.survey_answer: (RESPONDED, Scene.survey, lambda s, survey: ending.survey_answer(
        survey=survey, answers={}, words="謝謝", **s.party)),
    outside.proceeding_open: (RECEIVED, None, lambda s, _: s.proceeding()),
    outside.proceeding_step: (RECEIVED, Scene.proceeding, lambda s, p: outside.proceeding_step(
        proceeding=p, milestone="served", **s.manager)),
    outside.proceeding_end: (RECEIVED, Scene.proceeding, lambda s, p: outside.proceeding_end(
        proceeding=p, outcome="decided", **s.manager)),
    parties.party_add: (RECEIVED, None, lambda s, _: parties.party_add(
        case=s.row, person=PersonGiven(family_name="例"), roles=["companion"], **s.manager)),
    parties.party_verify: (RECEIVED, lambda s: Party.objects.get(case=s.case), lambda s, p: parties.party_verify(
        case=s.row, party=p, how="看過", **s.manager)),
    parties.party_authority_prove: (RECEIVED, lambda s: Party.objects.get(case=s.case),
        lambda s, p: parties.party_authority_prove(case=s.row, party=p, how="委任書", **s.manager)),
    parties.complained_set: (INVESTIGATING, None, lambda s, _: parties.complained_set(
        case=s.row, user=s.cast.doctor.user, **s.manager)),
    parties.complained_unset: (RECEIVED, Scene.accused, lambda s, player: parties.complained_unset(
        case=s.row, user=player.user, **s.manager)),
}  # fmt: skip

# Facts without a row of their own: the fact and its frozen words are all there is.
WORDS_ONLY = {handling.plan_explain, handling.report_made, handling.late_entry_make, handling.factors_record}
# Rows of evidence, which knows no cases: their fact stands in the case's stream all the same.
OF_EVIDENCE = {
    handling.file_add, handling.item_note, handling.item_hand_over, handling.item_take_copy, handling.item_make_copy,
    handling.item_protect, handling.item_ask_copy, items._made_and_kept,
}  # fmt: skip
# Rows that stand below cases: the guest's own stream tells of account and invitation, the case of it once.
OF_ACCOUNTS = {handling.guest_invite, handling.guest_release}


@pytest.mark.parametrize("service", list(ACTS), ids=lambda service: service.__name__)
def test_one_fact_in_each_stream_whose_rows_changed(cast, make_case, service):
    stage, prepare, act = ACTS[service]
    scene = Scene(cast, make_case, stage)
    ready = prepare(scene) if prepare else None
    before, last = rows(), FactRow.objects.order_by("-pk").values_list("pk", flat=True)[0]

    act(scene, ready)

    streams = changed_streams(before, rows())
    if service in WORDS_ONLY | OF_EVIDENCE | OF_ACCOUNTS:
        streams.add(scene.case.stream)
    if service is handling.item_protect:  # the room is told too, with what only its readers may know
        streams.add(scene.case.compartment_stream("care_talk"))
    told = own_facts(last)
    if service in OF_ACCOUNTS:
        assert told.pop(User.objects.latest("pk").stream)
    assert told == Counter(dict.fromkeys(streams, 1))


def test_no_service_is_left_out():
    from suyuan.cases.services.handling.escalation import staff_tell

    mine = {"assessing", "handling", "inquiry", "investigation", "ending", "outside", "parties"}
    found = set()
    for info in pkgutil.walk_packages(all_services.__path__, "suyuan.cases.services."):
        if info.name.split(".")[3] in mine:
            module = importlib.import_module(info.name)
            found |= {
                f for _name, f in inspect.getmembers(module, callable)
                if getattr(f, "is_service", False) and f.__module__.startswith("suyuan.cases.services.")
                and f.__module__.split(".")[3] in mine
            }  # fmt: skip
    assert found - {staff_tell} == set(ACTS)


def test_every_fact_type_is_worded_in_words(cast, make_case):
    """Whatever a case has lived through, every fact of it is a sentence, with its private fields and without."""
    from dataclasses import replace

    from suyuan.platform.facts import facts_told, kind_of

    case = nothing_left(cast, make_case(stage=RESPONDED, danger_signs=()))
    ending.close_request(case=case, actor=cast.manager.actor, now=NOON)
    ending.close_confirm(case=fresh(case), actor=cast.head.actor, now=NOON)
    for told in facts_told(list(FactRow.objects.filter(stream__endswith=str(case.uid)))):
        assert kind_of(told.type).phrase(told).strip()
        assert kind_of(told.type).phrase(replace(told, private={})).strip()
