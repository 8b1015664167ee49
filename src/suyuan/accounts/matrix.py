"""The rules as tables one can read: every cell is what `rules.may` and `rules.grants_on` answered, none is typed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from suyuan.accounts import rules
from suyuan.accounts.rules import (
    GUEST_DOCTOR,
    GUEST_KINDS,
    GUEST_LAWYER,
    MOVES,
    POLICY,
    ActorProfile,
    CaseView,
    GuestAccess,
    Membership,
    Relation,
    Role,
)
from suyuan.kernel.actor import Actor

ME, OTHER = 1, 2
HERE, STREAM = 1, "case:00000000-0000-4000-8000-000000000001"
_DAY = date(2026, 1, 5)

COLUMNS: tuple[str, ...] = (*(r for r in Role if r != Role.GUEST), GUEST_DOCTOR, GUEST_LAWYER)

_NAMES = {
    Role.RECEPTION: "Reception",
    Role.CONSULTANT: "Consultant",
    Role.NURSE: "Nurse",
    Role.DOCTOR: "Doctor",
    Role.CASE_MANAGER: "Case manager",
    Role.DEPARTMENT_HEAD: "Department head",
    Role.LEGAL: "Legal",
    Role.PUBLIC_RELATIONS: "Public relations",
    Role.FINANCE: "Finance",
    Role.HEAD_OF_CLINIC: "Head of clinic",
    Role.HEAD_OFFICE: "Head office",
    Role.AUDITOR: "Auditor",
    Role.ADMINISTRATOR: "Administrator",
    GUEST_DOCTOR: "Guest doctor",
    GUEST_LAWYER: "Guest lawyer",
}
_SEEN = {
    Relation.ALL: "every case of own branches",
    Relation.RELATED: "cases they registered, own, or have a task on",
    Relation.DEPARTMENT: "cases of own department",
    Relation.LEGAL: "levels 2 and 3, flagged legal, or asked",
    Relation.PUBLIC_RELATIONS: "cases flagged media: level, flag and public texts",
    Relation.FINANCE: "cases with money items: those items",
    Relation.HEAD_OFFICE: "level 3 or escalated cases of the same jurisdiction",
    Relation.GUEST: "the cases named to them, until a date",
    Relation.NONE: "no case, no patient",
}


def profile_as(*roles: str) -> ActorProfile:
    """Someone with these roles in one branch (and department); guests get the case named to them."""
    member = frozenset(r for r in roles if r not in rules.GUESTS)
    kinds = {role: kind for kind, role in GUEST_KINDS.items()}
    guests = frozenset(GuestAccess(STREAM, kinds[r], _DAY) for r in roles if r in rules.GUESTS)
    return ActorProfile(
        Actor("user" if member else "guest", "me", user_id=ME),
        (Membership(HERE, "tw", 7, member),) if member else (),
        guests,
        _DAY,
    )


def case_for_everyone() -> CaseView:
    """A case that every kind of grant opens, in which the person asking has no part yet."""
    return CaseView(
        branch_id=HERE,
        stream=STREAM,
        jurisdiction="tw",
        department_id=7,
        level=3,
        flags=frozenset({"media", "legal"}),
        escalated=True,
        money=True,
        lower_requested_by_id=OTHER,
        close_requested_by_id=OTHER,
    )


RELATIONS: dict[str, dict[str, object]] = {
    "registered": {"registered_by_id": ME},
    "owner": {"owner_id": ME},
    "task": {"task_user_ids": frozenset({ME})},
    "investigator": {"investigator_ids": frozenset({ME})},
}


@dataclass(frozen=True)
class Cell:
    """Who may: by the role alone, by which relation to the case, or not at all."""

    by_role: bool
    by_relation: tuple[str, ...]

    def mark(self) -> str:
        if self.by_role:
            return "yes"
        return ", ".join(self.by_relation) or "·"


@cache
def matrix() -> dict[str, dict[str, Cell]]:
    """move → role → Cell."""
    return {move: {role: _cell(move, role) for role in COLUMNS} for move in MOVES}


def _cell(move: str, role: str) -> Cell:
    profile, case = profile_as(role), case_for_everyone()
    # Front roles see what they registered: what that alone allows, the role allows.
    seen = case if rules.sees(profile, case) else replace(case, registered_by_id=ME)
    if move == "statement_give":
        return (
            Cell(False, ("complained",))
            if rules.may(profile, move, replace(case, complained_ids={ME}))
            else Cell(False, ())
        )
    by_role = bool(rules.may(profile, move, seen))
    more = tuple(n for n, extra in RELATIONS.items() if rules.may(profile, move, replace(case, **extra)))
    return Cell(by_role, () if by_role else more)


def as_markdown() -> str:
    """For docs/security.md."""
    lines = ["| role | sees | words of people | protected material | writes |", "| --- | --- | --- | --- | --- |"]
    for role in COLUMNS:
        policy = POLICY[role]
        seen = "every case of every branch" if policy.every_branch else _SEEN[policy.relation]
        if policy.related_too:
            seen += "; cases they own or have a task on"
        protected = ", ".join(sorted(c.replace("_", " ") for c in policy.compartments)) or "none"
        opened = policy.relation != Relation.NONE
        lines.append(
            f"| {_NAMES[role]} | {seen} | {'yes' if opened and policy.narrative else 'no'} | {protected} "
            f"| {'yes' if opened and policy.writes else 'no'} |"
        )
    lines += [
        "",
        "Whoever is appointed investigator, of any role except auditor, reads that case (root cause and care talks",
        "included, counsel and mediation not) and records findings. Several roles add up. A deputy has the rights of",
        "the person stood in for, except a doctor's judgement, acts as themselves, and the record names for whom.",
        "Being complained about overrides everything: that person sees neither case nor counts, only the statement",
        "page.",
        "",
        "`yes`: the role may, on a case it sees. A relation (`owner`, `task`, `investigator`, `registered`,",
        "`complained`): only a person who is that to the case. `·`: never. Moves marked ² need a second person who is",
        "not the first.",
        "",
        "| move | " + " | ".join(_NAMES[r] for r in COLUMNS) + " |",
        "| --- |" + " --- |" * len(COLUMNS),
    ]
    for move, row in matrix().items():
        name = f"{move}²" if MOVES[move].second_to else move
        lines.append(f"| {name} | " + " | ".join(row[r].mark() for r in COLUMNS) + " |")
    lines += ["", "Outside cases:", "", "| move | roles in the branch |", "| --- | --- |"]
    for move, roles in rules.HOUSE_MOVES.items():
        lines.append(f"| {move} | {', '.join(_NAMES[r] for r in COLUMNS if r in roles)} |")
    return "\n".join(lines) + "\n"
