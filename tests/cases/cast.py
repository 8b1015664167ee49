"""A fixed cast with fixed rights, and builders that go through the services."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

from suyuan.accounts.models import Branch, Department, Member, MemberRole, User
from suyuan.cases.models import Case, Party
from suyuan.cases.rules import Stage
from suyuan.cases.services import handling, investigation
from suyuan.cases.services.intake import Intake, IssueGiven, PersonGiven, case_register
from suyuan.kernel.actor import Actor
from suyuan.platform import chance
from suyuan.platform.models import FactRow

# A Wednesday morning in Taiwan, and in Shanghai.
NOON = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

# name: (roles, branch); the colleague is a second case manager, the stranger manages another branch.
CAST = {
    "receptionist": (("reception",), "TN"),
    "nurse": (("nurse",), "TN"),
    "doctor": (("doctor",), "TN"),
    "manager": (("case_manager",), "TN"),
    "colleague": (("case_manager",), "TN"),
    "surgeon": (("department_head", "doctor"), "TN"),
    "head": (("head_of_clinic",), "TN"),
    "legal": (("legal",), "TN"),
    "spokesman": (("public_relations",), "TN"),
    "cashier": (("finance",), "TN"),
    "accused": (("nurse",), "TN"),
    "auditor": (("auditor",), "TN"),
    "stranger": (("case_manager",), "TP"),
    "mainlander": (("case_manager",), "SH"),
    "mainland_head": (("head_of_clinic",), "SH"),
    "mainland_doctor": (("doctor",), "SH"),
}


@dataclass(frozen=True)
class Player:
    """A member of staff as a row and as an actor."""

    user: User
    actor: Actor

    @property
    def pk(self) -> int:
        return self.user.pk


class Cast(SimpleNamespace):
    """`cast.manager.actor`, `cast.branches["TN"]`; `cast.tn`, `cast.sh` are those branches."""


def cast_made() -> Cast:
    branches = {
        "TN": _branch("TN", "tw", "Asia/Taipei", "溪岸診所"),
        "TP": _branch("TP", "tw", "Asia/Taipei", "北岸診所"),
        "SH": _branch("SH", "cn", "Asia/Shanghai", "江岸门诊部"),
    }
    surgery = Department.objects.create(branch=branches["TN"], code="surgery", names={"zh-Hant": "外科"})
    players = _players(branches, surgery)
    return Cast(branches=branches, tn=branches["TN"], tp=branches["TP"], sh=branches["SH"], surgery=surgery, **players)


def _branch(code: str, jurisdiction: str, zone: str, name: str) -> Branch:
    return Branch.objects.create(
        code=code,
        names={"zh-Hant": name, "zh-Hans": name, "en": code},
        jurisdiction=jurisdiction,
        zone=zone,
        language="zh-hant" if jurisdiction == "tw" else "zh-hans",
        portal_slug=code.lower(),
    )


def _players(branches: dict[str, Branch], surgery: Department) -> dict[str, Player]:
    """All at once: a cast stands in two thousand tests."""
    users = User.objects.bulk_create(
        User(login=name, display_name=name, email=f"{name}@example.org", created_at=NOON, password="!") for name in CAST
    )
    members = Member.objects.bulk_create(
        Member(
            user=user,
            branch=branches[code],
            department=surgery if "department_head" in roles else None,
            first_day=date(2025, 1, 1),
        )
        for user, (roles, code) in zip(users, CAST.values(), strict=True)
    )
    MemberRole.objects.bulk_create(
        MemberRole(member=member, role=role)
        for member, (roles, _code) in zip(members, CAST.values(), strict=True)
        for role in roles
    )
    return {user.login: Player(user, Actor("user", str(user.uid), user.pk)) for user in users}


def case_made(cast: Cast, *, branch: Branch | None = None, by: Actor | None = None, now: datetime = NOON, **said) -> Case:
    """A telephone complaint, taken down by reception; `by=None` and a portal channel: by the person."""
    branch = branch or cast.tn
    given = {
        "narrative": "雙眼皮手術三週了，左眼還是腫，打電話都沒有人回。",
        "complainant": PersonGiven(family_name="例", given_name="小安"),
        "issues": (IssueGiven(subject="左眼腫脹"),),
    }
    taker = cast.receptionist if branch.code == "TN" else (cast.mainlander if branch.code == "SH" else cast.stranger)
    registered = case_register(
        branch=branch,
        channel="telephone",
        intake=Intake(**{**given, **said}),
        language=branch.language,
        registered_by=None if by else taker.user,
        actor=by or taker.actor,
        now=now,
    )
    return fresh(registered.case)


def fresh(case: Case) -> Case:
    """As it stands in the database now, without what was read before."""
    return Case.objects.select_related("branch").get(pk=case.pk)


def party_of(case: Case) -> Actor:
    """The complainant as an actor, as the follow-up page makes them."""
    return Actor("party", str(Party.objects.filter(case=case).order_by("id").first().uid))


def somebody() -> Actor:
    """A person outside, before they have a case."""
    return Actor("party", str(chance.uid()))


def facts_of(case: Case, fact_type: str | None = None) -> list[FactRow]:
    rows = FactRow.objects.filter(stream=case.stream).order_by("position")
    return list(rows.filter(type=fact_type) if fact_type else rows)


def types_of(case: Case) -> list[str]:
    return [row.type for row in facts_of(case)]


# --- walking a case through its stages -------------------------------------------------------------------------------


def acknowledged(cast: Cast, case: Case, now: datetime = NOON) -> Case:
    case = handling.case_assign(case=fresh(case), owner=cast.manager.user, actor=cast.head.actor, now=now)
    return handling.case_acknowledge(
        case=case, method=METHOD, words="我們收到了，由經理負責，明天中午前回電。", actor=cast.manager.actor, now=now
    )


def investigating(cast: Cast, case: Case, now: datetime = NOON) -> Case:
    case = acknowledged(cast, case, now)
    manager = cast.manager.actor
    if not case.level:
        case = handling.case_raise(case=case, level=1, reason="", actor=manager, now=now)
    for issue in case.issues.all():
        handling.issue_classify(case=case, issue=issue, causes=[CAUSE], primary=CAUSE, actor=manager, now=now)
    investigation.investigator_appoint(
        case=case, user=cast.doctor.user, expertise="整形外科", actor=manager, now=now
    )
    return investigation.case_investigate(case=fresh(case), actor=manager, now=now)


def disclosed(cast: Cast, case: Case, now: datetime = NOON) -> Case:
    case = investigating(cast, case, now)
    doctor, manager = cast.doctor.actor, cast.manager.actor
    for issue in case.issues.all():
        investigation.finding_record(case=case, issue=issue, words="三週仍在恢復期內。", basis="回診紀錄", actor=doctor, now=now)
    investigation.root_cause_record(
        case=case, whys=["沒有回電", "沒有值班表"], root="沒有人負責回電", actor=doctor, now=now
    )
    handling.speaker_name(case=fresh(case), speaker=cast.colleague.user, actor=manager, now=now)
    investigation.case_disclose(
        case=fresh(case), words="腫脹還沒有消，醫師想再看一次。", method="portal", actor=manager, now=now
    )
    return fresh(case)


def responded(cast: Cast, case: Case, now: datetime = NOON) -> Case:
    case = disclosed(cast, case, now)
    investigation.case_respond(
        case=case,
        words="我們排了回診，並請專人回電。",
        method="portal",
        wishes=[investigation.WishAnswer(wish, "granted") for wish in case.wishes],
        actor=cast.manager.actor,
        now=now,
    )
    return fresh(case)


def nothing_left(cast: Cast, case: Case, now: datetime = NOON) -> Case:
    """Every open task, promise and demand of the case settled by those who may; danger waits for its doctor."""
    for task in case.tasks.filter(done_at=None, cancelled_at=None).exclude(kind="danger_review"):
        handling.task_finish(task=task, words="已完成", actor=cast.manager.actor, now=now)
    for promise in case.promises.filter(kept_at=None, broken_at=None, released_at=None):
        handling.promise_keep(promise=promise, actor=cast.manager.actor, now=now)
    for demand in case.demands.filter(answered_at=None):
        handling.demand_answer(demand=demand, outcome="met", actor=cast.manager.actor, now=now)
    return fresh(case)


WALKS = {
    Stage.RECEIVED: lambda cast, case, now=NOON: case,
    Stage.ACKNOWLEDGED: acknowledged,
    Stage.INVESTIGATING: investigating,
    Stage.DISCLOSED: disclosed,
    Stage.RESPONDED: responded,
}

METHOD, CAUSE = "telephone", "service"
