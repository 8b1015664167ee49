"""One script, sorted by simulated time, that ends now. Everything goes through the services; due jobs run at each step."""
from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.urls import reverse

from suyuan.accounts import services as accounts
from suyuan.accounts.models import Branch, Department, User
from suyuan.cases.models import Case, CaseIssue, Demand, Party, Promise, StaffStatement, Task
from suyuan.cases.services import (
    assessing,
    checklist,
    ending,
    handling,
    hearing,
    inquiry,
    intake,
    investigation,
    outside,
    parties,
    passports,
    reports,
)
from suyuan.cases.services.clocks import clocks_sweep, promises_sweep, tasks_sweep
from suyuan.cases.services.rights import CURRENCIES
from suyuan.config.demo.stories import stories
from suyuan.config.demo.story import Story
from suyuan.correspondence import services as post
from suyuan.evidence.models import EvidenceRequest, Interview
from suyuan.evidence.services.hearing import Heard
from suyuan.kernel.actor import SYSTEM, Actor
from suyuan.people.rules import Contact, Treatment
from suyuan.people.services import line_link
from suyuan.platform import clock
from suyuan.platform.files import STAFF_TYPES, file_receive, file_store
from suyuan.platform.jobs import run_due
from suyuan.platform.units import unit

PASSWORD = "suyuan-demo-2026"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# login, name as colleagues say it, branch, roles, language, family, given
ACCOUNTS: tuple[tuple[str, str, str, tuple[str, ...], str, str], ...] = (
    ("shen", "沈經理", "TN", ("case_manager",), "zh-hant", "個案經理"),
    ("ye", "葉小姐", "TN", ("reception",), "zh-hant", "櫃台"),
    ("jiang", "江諮詢師", "TN", ("consultant",), "zh-hant", "諮詢師"),
    ("zhou", "周護理師", "TN", ("nurse",), "zh-hant", "護理師"),
    ("xu", "許醫師", "TN", ("doctor",), "zh-hant", "醫師"),
    ("lin", "林主任", "TN", ("department_head", "doctor"), "zh-hant", "外科主任"),
    ("lai", "賴律師", "TN", ("legal",), "zh-hant", "法務"),
    ("jian", "簡專員", "TN", ("public_relations",), "zh-hant", "公關"),
    ("he", "何會計", "TN", ("finance",), "zh-hant", "財務"),
    ("tsai", "蔡院長", "TN", ("head_of_clinic",), "zh-hant", "院長"),
    ("chen", "陳經理", "TP", ("case_manager",), "zh-hant", "個案經理"),
    ("guo", "郭醫師", "TP", ("doctor",), "zh-hant", "醫師"),
    ("fan", "范院長", "TP", ("head_of_clinic",), "zh-hant", "院長"),
    ("lu", "陆经理", "SH", ("case_manager",), "zh-hans", "投诉专员"),
    ("gu", "顾院长", "SH", ("head_of_clinic",), "zh-hans", "院长"),
    ("tang", "唐医生", "SH", ("doctor",), "zh-hans", "医生"),
    ("gao", "高協理", "TN", ("head_office",), "zh-hant", "總部"),
    ("wang", "王稽核", "TN", ("auditor",), "zh-hant", "稽核"),
    ("fang", "方管理員", "TN", ("administrator",), "zh-hant", "系統管理者"),
)


def accounts_text() -> str:
    """The fixed accounts, as the terminal shows them."""
    rows = [f"  {login:<7}{title}（{branch}）{name}" for login, name, branch, _roles, _language, title in ACCOUNTS]
    return "\n".join([f"密碼 password: {PASSWORD}", *rows])


@dataclass
class House:
    """The people and branches of the demo."""

    branches: dict[str, Branch]
    users: dict[str, User]
    surgery: Department
    base: str

    def actor(self, login: str) -> Actor:
        user = self.users[login]
        return Actor("user", str(user.uid), user.pk)


def demo_make(now: datetime, base: str) -> None:
    """Fill an empty house. Nothing here writes a row itself. `base`: where it is served, printed on its papers."""
    with _hurried():
        _live_through(now, base)


@contextmanager
def _hurried() -> Iterator[None]:
    """A demo that is being made can be made again: until it stands, commits need not reach the disk one by one."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _live_through(now: datetime, base: str) -> None:
    begin = now - 75 * DAY
    with clock.frozen(begin):
        house = _house(begin, base)
    # A working hour of the branch reads better than the minute the demo happened to be started.
    tales = stories()
    order: list[tuple[datetime, int, int, Story, str, dict[str, Any]]] = []
    count = 0
    for n, story in enumerate(tales):
        came = now - timedelta(days=story.days)
        heapq.heappush(order, (came, n, count, story, "open", {}))
        for hours, what, how in story.steps:
            at = came + timedelta(hours=hours)
            if at < now:
                count += 1
                heapq.heappush(order, (at, n, count, story, what, how))
    swept = begin
    while order:
        at, _n, _count, story, what, how = heapq.heappop(order)
        with clock.frozen(at):
            if at - swept > 6 * HOUR:
                _sweep(at)
                swept = at
            _STEPS[what](house, story, at, **how)
            run_due(at, slots=False)
    with clock.frozen(now):
        _sweep(now)
        run_due(now, slots=False)


def _sweep(at: datetime) -> None:
    clocks_sweep(at)
    promises_sweep(at)
    tasks_sweep(at)


# --- the house -----------------------------------------------------------------------------------------------------

_HOURS = {str(day): [["10:00", "13:00"], ["14:00", "20:00"]] for day in range(1, 6)} | {"6": [["10:00", "17:00"]]}


def _house(now: datetime, base: str) -> House:
    with unit():
        accounts.organisation_create(
            names={"zh-Hant": "示範美學診所", "zh-Hans": "示范医疗美容", "en": "Example Aesthetics"}, actor=SYSTEM, now=now
        )
        branches = {
            "TN": _branch("TN", "示範診所臺南院", "示范诊所台南院", "Example Clinic Tainan", "tw", "tainan", "06-000-0000", now),
            "TP": _branch("TP", "示範診所臺北院", "示范诊所台北院", "Example Clinic Taipei", "tw", "taipei", "02-0000-0000", now),
            "SH": _branch("SH", "示範門診部上海", "示范门诊部上海", "Example Clinic Shanghai", "cn", "shanghai", "021-0000-0000", now),
        }
        surgery = accounts.department_create(
            branch=branches["TN"],
            code="surgery",
            names={"zh-Hant": "外科", "zh-Hans": "外科", "en": "Surgery"},
            actor=SYSTEM,
            now=now,
        )
        accounts.triage_branch_set(branch=branches["TN"], actor=SYSTEM, now=now)
    users = {}
    for login, name, code, roles, language, title in ACCOUNTS:
        users[login] = accounts.staff_add(
            branch=branches[code],
            roles=roles,
            department=surgery if "department_head" in roles else None,
            title=title,
            login=login,
            display_name=name,
            password=PASSWORD,
            email=f"{login}@example.org",
            language=language,
            must_change_password=False,
            actor=SYSTEM,
            now=now,
        )
    return House(branches, users, surgery, base)


def _branch(code: str, hant: str, hans: str, en: str, law: str, slug: str, phone: str, now: datetime) -> Branch:
    return accounts.branch_create(
        code=code,
        names={"zh-Hant": hant, "zh-Hans": hans, "en": en},
        jurisdiction=law,
        zone={"tw": "Asia/Taipei", "cn": "Asia/Shanghai"}[law],
        language={"tw": "zh-hant", "cn": "zh-hans"}[law],
        portal_slug=slug,
        phone=phone,
        emergency_phone=phone,
        address={"TN": "臺南市示範路 1 號", "TP": "臺北市示範路 2 號", "SH": "上海市示范路 3 号"}[code],
        opening_hours=_HOURS,
        actor=SYSTEM,
        now=now,
    )


# --- steps ---------------------------------------------------------------------------------------------------------


def _open(house: House, story: Story, now: datetime) -> None:
    said = dict(story.said)
    branch = house.branches[story.branch]
    family, given, phone = said.pop("who")
    treatment, weeks = said.pop("treatment", (None, 0))
    subjects = said.pop("subjects")
    done_on = (now - timedelta(weeks=weeks)).date() if weeks else None
    occurred = said.pop("occurred_days", None)
    given_treatment = (
        Treatment(words=treatment, on=done_on, precision="day" if done_on else "unknown") if treatment else None
    )
    told = intake.Intake(
        complainant=intake.PersonGiven(
            family_name=family,
            given_name=given,
            contacts=(Contact("phone", phone, preferred=True), Contact("email", f"{phone[-4:]}@example.org")),
        ),
        issues=tuple(
            intake.IssueGiven(subject=subject, causes=causes, treatment=given_treatment if n == 0 else None)
            for n, (subject, causes) in enumerate(subjects)
        ),
        occurred_on=(now - timedelta(days=occurred)).date() if occurred is not None else None,
        complained_user_ids=tuple(house.users[login].pk for login in said.pop("complained", ())),
        **said,
    )
    party = Actor("party", str(_uid())) if not story.by else None
    registered = intake.case_register(
        branch=branch,
        channel=story.channel,
        intake=told,
        language=branch.language,
        actor=party or house.actor(story.by),
        registered_by=house.users[story.by] if story.by else None,
        now=now,
    )
    story.case, story.party = registered.case, Actor("party", str(registered.party.uid))


def _uid():
    from suyuan.platform import chance

    return chance.uid()


def _fresh(story: Story) -> Case:
    return Case.objects.select_related("branch").get(pk=story.case.pk)


def _assign(house, story, now, to="", by=""):
    owner = house.users[to or story.manager]
    handling.case_assign(case=_fresh(story), owner=owner, actor=house.actor(by or story.head), now=now)


def _ack(house, story, now, words="", method="telephone", by=""):
    text = words or "謝謝您告訴我們。您說的話一字不改地記下來了，由我負責，明天中午前我會親自再打電話給您。"
    handling.case_acknowledge(
        case=_fresh(story), method=method, words=text, actor=house.actor(by or story.manager), now=now
    )


def _grade(house, story, now, level=1, reason="依受理時的陳述評定。", by=""):
    if _fresh(story).level >= level:
        return
    handling.case_raise(case=_fresh(story), level=level, reason=reason, actor=house.actor(by or story.manager), now=now)


def _classify(house, story, now, cause="", by=""):
    case = _fresh(story)
    for issue in CaseIssue.objects.filter(case=case, primary_cause=""):
        handling.issue_classify(
            case=case, issue=issue, causes=[cause], primary=cause, actor=house.actor(by or story.manager), now=now
        )


def _channels(house, story, now, by=""):
    if _fresh(story).channels_notified_at:
        return
    handling.channels_notify(case=_fresh(story), method="telephone", actor=house.actor(by or story.manager), now=now)


def _speaker(house, story, now, to=""):
    handling.speaker_name(
        case=_fresh(story), speaker=house.users[to or story.manager], actor=house.actor(story.manager), now=now
    )


def _appoint(house, story, now, to="", expertise=""):
    investigation.investigator_appoint(
        case=_fresh(story),
        user=house.users[to or story.doctor],
        expertise=expertise,
        actor=house.actor(story.manager),
        now=now,
    )


def _investigate(house, story, now):
    investigation.case_investigate(case=_fresh(story), actor=house.actor(story.manager), now=now)


_HEADS = {"TN": "tsai", "TP": "fan", "SH": "gu"}
_HEAD_CALLS = {
    "zh-hant": "院長親自致電，說明這件事由誰負責、接下來一週會做什麼，也請對方有任何變化隨時來電。",
    "zh-hans": "院长亲自致电，说明这件事由谁负责、接下来一周会做什么，也请对方有任何变化随时来电。",
}


def _senior(house, story, now):
    """The head of the clinic calls in person."""
    _contact(house, story, now, points=_HEAD_CALLS["zh-hans" if story.branch == "SH" else "zh-hant"], by=_HEADS[story.branch])


def _contact(house, story, now, points="", kind="call", direction="out", tone="", next_step="", by="", minutes=10):
    handling.contact_log(
        case=_fresh(story),
        kind=kind,
        channel="in_person" if kind in ("visit", "meeting", "care_talk") else "telephone",
        direction=direction,
        happened_at=now - timedelta(minutes=minutes),
        points=points,
        minutes=minutes,
        tone=tone,
        next_step=next_step,
        actor=house.actor(by or story.manager),
        now=now,
    )


def _plan(house, story, now, words=""):
    handling.plan_explain(
        case=_fresh(story), words=words, method="telephone", actor=house.actor(story.manager), now=now
    )


def _promise(house, story, now, words="", hours=24.0):
    handling.promise_make(
        case=_fresh(story), words=words, due_at=now + timedelta(hours=hours), actor=house.actor(story.manager), now=now
    )


def _keep(house, story, now):
    for promise in Promise.objects.waiting().filter(case=story.case):
        handling.promise_keep(promise=promise, actor=house.actor(story.manager), now=now)


def _finding(house, story, now, words="", basis="", by=""):
    case = _fresh(story)
    for issue in CaseIssue.objects.filter(case=case).order_by("id"):
        investigation.finding_record(
            case=case, issue=issue, words=words, basis=basis, actor=house.actor(by or story.doctor), now=now
        )


def _plan_step(house, story, now, kind="", words="", to="", hours=48.0, done=""):
    step = inquiry.plan_step_add(
        case=_fresh(story),
        kind=kind,
        words=words,
        user=house.users[to] if to else None,
        due_at=now + timedelta(hours=hours),
        actor=house.actor(story.manager),
        now=now,
    )
    if done:
        inquiry.plan_step_finish(step=step, note=done, actor=house.actor(story.manager), now=now)


def _reviewer(house, story, now, to=""):
    investigation.reviewer_appoint(
        case=_fresh(story), user=house.users[to], actor=house.actor(story.manager), now=now
    )


def _fishbone(house, story, now, bones=(), root="", by=""):
    investigation.fishbone_record(
        case=_fresh(story),
        bones=[investigation.Bone(*bone) for bone in bones],
        root=root,
        actor=house.actor(by or story.doctor),
        now=now,
    )


def _exposure(house, story, now, question="", answer="", reason="", rules=()):
    assessing.exposure_answer(
        case=_fresh(story), question=question, answer=answer, reason=reason, rules=rules, actor=house.actor(story.head), now=now
    )


def _root(house, story, now, whys=(), root="", by=""):
    investigation.root_cause_record(
        case=_fresh(story), whys=list(whys), root=root, actor=house.actor(by or story.doctor), now=now
    )


def _disclose(house, story, now, words=""):
    investigation.case_disclose(
        case=_fresh(story), words=words, method="portal", actor=house.actor(story.manager), now=now
    )


def _respond(house, story, now, words="", wishes=()):
    """`wishes`: what does not simply happen, (wish, outcome, reason) each."""
    case = _fresh(story)
    other = {wish: investigation.WishAnswer(wish, outcome, reason) for wish, outcome, reason in wishes}
    answers = [other.get(wish) or investigation.WishAnswer(wish, "granted") for wish in case.wishes]
    investigation.case_respond(
        case=case, words=words, method="portal", wishes=answers, actor=house.actor(story.manager), now=now
    )


_OF_THE_LEVEL = ("step", "escalation", "legal_opinion", "ask_occurred_on", "overdue")


def _open_tasks(story):
    return Task.objects.filter(case=story.case, done_at=None, cancelled_at=None)


def _settle(house, story, now):
    """Finish what is still open, so that the case can be closed."""
    actor = house.actor(story.manager)
    for task in list(_open_tasks(story)):
        if _open_tasks(story).filter(pk=task.pk).exists():  # finishing one may end another
            handling.task_finish(task=task, actor=actor, now=now)
    for demand in Demand.objects.filter(case=story.case, answered_at=None):
        handling.demand_answer(
            demand=demand, outcome="met", words="已照對方要求辦理。", actor=actor, now=now
        )
    _keep(house, story, now)


def _demand(house, story, now, kind="records_copy"):
    handling.demand_record(case=_fresh(story), kind=kind, actor=house.actor(story.manager), now=now)


def _steps(house, story, now, words=""):
    """Everybody does what the level asks of them."""
    for task in list(_open_tasks(story)):
        if task.kind in _OF_THE_LEVEL and _open_tasks(story).filter(pk=task.pk).exists():
            handling.task_finish(task=task, words=words, actor=house.actor(story.manager), now=now)


def _answer(house, story, now, words="已備妥並交付。"):
    for demand in Demand.objects.filter(case=story.case, answered_at=None):
        handling.demand_answer(
            demand=demand, outcome="met", words=words, actor=house.actor(story.manager), now=now
        )


def _ask_close(house, story, now):
    ending.close_request(case=_fresh(story), actor=house.actor(story.manager), now=now)


def _close(house, story, now):
    ending.close_confirm(case=_fresh(story), actor=house.actor(story.head), now=now)


def _evaluate(house, story, now, words=""):
    ending.case_evaluate(case=_fresh(story), answers={}, words=words, actor=house.actor(story.manager), now=now)


def _survey(house, story, now, answers=None, words=""):
    survey, _secret = ending.survey_send(case=_fresh(story), actor=house.actor(story.manager), now=now)
    if answers is not None:
        ending.survey_answer(survey=survey, answers=answers, words=words, actor=story.party, now=now + 5 * HOUR / 60)


def _withdraw(house, story, now, reason=""):
    ending.case_withdraw(case=_fresh(story), reason=reason, actor=story.party, now=now)


def _spot(house, story, now, words=""):
    ending.case_resolve_on_spot(case=_fresh(story), words=words, actor=house.actor(story.manager), now=now)


def _reopen(house, story, now, reason=""):
    ending.case_reopen(case=_fresh(story), reason=reason, actor=house.actor(story.manager), now=now)


def _care(house, story, now, words="", kind="examination", clears=True, cost=None):
    story_case = _fresh(story)
    handling.care_record(
        case=story_case,
        kind=kind,
        happened_at=now - timedelta(minutes=20),
        words=words,
        cost=cost,
        currency=CURRENCIES[story.case.jurisdiction] if cost is not None else "",
        clears_danger=clears and story_case.danger == "open",
        actor=house.actor(story.doctor),
        now=now,
    )


def _judge(house, story, now, serious=False, reason=""):
    handling.harm_judge(case=_fresh(story), serious=serious, reason=reason, actor=house.actor(story.doctor), now=now)


def _flag(house, story, now, flag="", reason="", by=""):
    handling.case_flag(case=_fresh(story), flag=flag, reason=reason, actor=house.actor(by or story.manager), now=now)


def _lower(house, story, now, level=1, reason=""):
    handling.level_lower_ask(case=_fresh(story), level=level, reason=reason, actor=house.actor(story.manager), now=now)


def _dispute(house, story, now):
    handling.dispute_mark(case=_fresh(story), actor=house.actor(story.manager), now=now)


def _legal(house, story, now, words=""):
    handling.legal_ask(case=_fresh(story), words=words, actor=house.actor(story.manager), now=now)


def _statement(house, story, now, who="", alleged="", answer=""):
    investigation.statement_ask(
        case=_fresh(story),
        user=house.users[who],
        alleged=alleged,
        due_at=now + 3 * DAY,
        actor=house.actor(story.manager),
        now=now,
    )
    if answer:
        row = StaffStatement.objects.get(case=story.case, user=house.users[who])
        investigation.statement_give(statement=row, words=answer, actor=house.actor(who), now=now + 2 * HOUR / 60)


def _support(house, story, now, who="", words=""):
    investigation.support_offer(
        case=_fresh(story), user=house.users[who], words=words, actor=house.actor(story.manager), now=now
    )


def _wrote(house, story, now, body=""):
    post.message_receive(
        stream=story.case.stream, branch_id=story.case.branch_id, channel="portal", body=body, actor=story.party, now=now
    )


_ACCOUNT = "U" + "0d" * 16  # as LINE would call the account of this person


def _linked(house, story, now):
    person = Party.objects.get(uid=story.party.uid).person
    line_link(person=person, account=_ACCOUNT, actor=story.party, now=now)


def _line(house, story, now, body=""):
    """What LINE would have brought; the job puts it into the case."""
    _came(story, now, channel="line", sender=_ACCOUNT, words=body)


def _mail(house, story, now, sender="", subject="", body=""):
    """From somebody nobody knows: it waits."""
    _came(story, now, channel="email", kind="mail", sender=sender, subject_line=subject, words=body)


def _came(story, now, **said):
    event = f"demo-{_uid()}"
    arrival = post.Arrival(event=event, branch_id=story.case.branch_id, language=story.case.language, happened_at=now, **said)
    post.incoming_take(arrivals=[arrival], actor=Actor("integration", said["channel"]), now=now)


def _line_reply(house, story, now, body=""):
    """Typed into the clinic's own LINE, and noted here."""
    case, actor = story.case, house.actor(story.manager)
    about = {"stream": case.stream, "branch_id": case.branch_id, "party": str(story.party), "language": case.language}
    with unit():
        message = post.message_draft(channel="line", kind="letter", body=body, actor=actor, now=now, **about)
        post.message_mark_sent(message=message, actor=actor, now=now)


def _letter(house, story, now, body=""):
    """A reply that the person reads on the follow-up page."""
    actor = house.actor(story.manager)
    with unit():
        message = post.message_draft(
            stream=story.case.stream,
            party=str(story.party),
            branch_id=story.case.branch_id,
            channel="portal",
            kind="letter",
            body=body,
            language=story.case.language,
            actor=actor,
            now=now,
        )
        post.message_queue(message=message, undo=timedelta(0), actor=actor, now=now)


def _verify(house, story, now):
    party = Party.objects.filter(case=story.case).order_by("id").first()
    parties.party_verify(case=_fresh(story), party=party, how="card", actor=house.actor(story.manager), now=now)


def _mediation(house, story, now, number=""):
    kind = {"tw": "tw_mediation", "cn": "cn_people_mediation"}[story.case.jurisdiction]
    outside.proceeding_open(
        case=_fresh(story), kind=kind, body="示範市醫療爭議調解會", number=number, actor=house.actor(story.manager), now=now
    )


def _task(house, story, now, title="", kind="other", to="", hours=24.0):
    handling.task_open(
        case=_fresh(story),
        kind=kind,
        title=title,
        assignee=house.users[to or story.manager],
        due_at=now + timedelta(hours=hours),
        actor=house.actor(story.manager),
        now=now,
    )


def _stored(house, story, now, name, body, by):
    received = file_receive(source=[body.encode()], name=name, max_bytes=100_000, accept=STAFF_TYPES)
    return file_store(received=received, branch_id=story.case.branch_id, actor=house.actor(by), now=now)


def _evidence(house, story, now, kind="", name="", body="", by=""):
    by = by or story.manager
    with unit():
        stored = _stored(house, story, now, name, body, by)
        checklist.evidence_give(case=_fresh(story), stored=[stored], kind=kind, actor=house.actor(by), now=now)


def _ask_evidence(house, story, now, kind="", to="", words="", hours=72.0):
    """Of a colleague, or of the complainant when nobody is named."""
    whom = {"user": house.users[to]} if to else {"party": Party.objects.filter(case=story.case).first()}
    checklist.evidence_ask(
        case=_fresh(story), kind=kind, words=words, due_at=now + hours * HOUR, actor=house.actor(story.manager), now=now, **whom
    )


def _give_evidence(house, story, now, kind="", by="", name="", body=""):
    asked = EvidenceRequest.objects.get(stream=story.case.stream, kind=kind, ended_at=None)
    with unit():
        stored = _stored(house, story, now, name, body, by)
        checklist.evidence_give(case=_fresh(story), stored=[stored], request=asked, actor=house.actor(by), now=now)


def _aside(house, story, now, kind="", reason=""):
    checklist.evidence_set_aside(case=_fresh(story), kind=kind, reason=reason, actor=house.actor(story.manager), now=now)


def _observe(house, story, now, by="", days=0, words=""):
    hearing.observation_note(case=_fresh(story), words=words, seen_at=now - days * DAY, actor=house.actor(by), now=now)


def _interview(house, story, now, minutes=""):
    party = Party.objects.filter(case=story.case).select_related("person").first()
    doctor = house.users[story.doctor].display_name
    heard = Heard(name="", interviewers=doctor, held_at=now - HOUR, place="二樓會談室", present="先生陪同")
    hearing.interview_record(
        case=_fresh(story), heard=heard, party=party, minutes=minutes, actor=house.actor(story.doctor), now=now
    )


def _confirm(house, story, now, corrections=""):
    waiting = Interview.objects.get(stream=story.case.stream, outcome="")
    hearing.interview_confirm(
        case=_fresh(story), interview=waiting, how="read_aloud", corrections=corrections, actor=house.actor(story.doctor), now=now
    )


def _check_url(house):
    """Printed on every paper; without a public address this machine is the only one that opens it."""
    return (settings.PUBLIC_URL or house.base) + reverse("portal:proof")


def _draft(house, story, now, kind="internal", words=None, told=()):
    """`told`: of each thing complained of what became of it, and in plain words."""
    said = dict(words or {})
    for issue, (outcome, plainly) in zip(CaseIssue.objects.filter(case=story.case).order_by("id"), told, strict=False):
        said |= {f"outcome_{issue.uid}": outcome, f"issue_{issue.uid}": plainly}
    actor = house.actor(_writer(story, kind))
    report = reports.report_draft(case=_fresh(story), kind=kind, language=story.case.language, actor=actor, now=now)
    return reports.report_revise(
        report=report, words=report.words | said, edition=report.edition, actor=actor, now=now
    )


def _report(house, story, now, kind="internal", **written):
    """Written, frozen, signed by its author and set as a paper."""
    report, actor = _draft(house, story, now, kind=kind, **written), house.actor(_writer(story, kind))
    report = reports.report_finish(
        report=report, edition=report.edition, check_url=_check_url(house), actor=actor, now=now
    )
    reports.report_sign(report=report, actor=actor, now=now)
    report = reports.report_print(report=report, actor=actor, now=now)
    if kind == "complainant":
        reports.report_give(report=report, actor=actor, now=now)


def _writer(story, kind):
    return story.doctor if kind == "internal" else story.manager


def _passport(house, story, now, purpose="mediation"):
    passports.passport_make(
        case=_fresh(story), purpose=purpose, language=story.case.language, check_url=_check_url(house),
        actor=house.actor(story.manager), now=now,
    )  # fmt: skip


_STEPS: dict[str, Callable[..., None]] = {
    "open": _open,
    "assign": _assign,
    "ack": _ack,
    "grade": _grade,
    "classify": _classify,
    "channels": _channels,
    "speaker": _speaker,
    "appoint": _appoint,
    "investigate": _investigate,
    "contact": _contact,
    "senior": _senior,
    "plan": _plan,
    "promise": _promise,
    "keep": _keep,
    "finding": _finding,
    "root": _root,
    "plan_step": _plan_step,
    "fishbone": _fishbone,
    "reviewer": _reviewer,
    "exposure": _exposure,
    "disclose": _disclose,
    "respond": _respond,
    "settle": _settle,
    "demand": _demand,
    "answer": _answer,
    "steps": _steps,
    "ask_close": _ask_close,
    "close": _close,
    "evaluate": _evaluate,
    "survey": _survey,
    "withdraw": _withdraw,
    "spot": _spot,
    "reopen": _reopen,
    "care": _care,
    "judge": _judge,
    "flag": _flag,
    "lower": _lower,
    "dispute": _dispute,
    "legal": _legal,
    "statement": _statement,
    "support": _support,
    "wrote": _wrote,
    "letter": _letter,
    "linked": _linked,
    "line": _line,
    "line_reply": _line_reply,
    "mail": _mail,
    "verify": _verify,
    "mediation": _mediation,
    "draft": _draft,
    "report": _report,
    "passport": _passport,
    "task": _task,
    "evidence": _evidence,
    "ask_evidence": _ask_evidence,
    "give_evidence": _give_evidence,
    "aside": _aside,
    "observe": _observe,
    "interview": _interview,
    "confirm": _confirm,
}

