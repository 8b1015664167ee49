"""Who may see and do what: every role × every relation, written out apart from the code that answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from suyuan.accounts import rules
from suyuan.accounts.matrix import COLUMNS, HERE, ME, OTHER, STREAM, as_markdown, case_for_everyone, matrix, profile_as
from suyuan.accounts.rules import GUEST_DOCTOR, GUEST_LAWYER, CaseView, Compartment, Role

FRONT = {Role.RECEPTION, Role.CONSULTANT, Role.NURSE}
MANAGERS = {Role.CASE_MANAGER, Role.DEPARTMENT_HEAD, Role.HEAD_OF_CLINIC}
GUESTS = {GUEST_DOCTOR, GUEST_LAWYER}
EVERYONE = set(COLUMNS)

PLAIN = CaseView(branch_id=HERE, jurisdiction="tw", stream="case:another")
ELSEWHERE = replace(PLAIN, branch_id=99)

# situation → the roles that see such a case
SEEN = {
    "a case of the branch, ungraded, nobody's": (PLAIN, {Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR}),
    "the same in another branch": (ELSEWHERE, {Role.AUDITOR}),
    "registered by the person": (
        replace(PLAIN, registered_by_id=ME),
        FRONT
        | {Role.DOCTOR, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR}
        | {Role.DEPARTMENT_HEAD, Role.LEGAL, Role.PUBLIC_RELATIONS, Role.FINANCE},
    ),
    "owned": (
        replace(PLAIN, owner_id=ME),
        EVERYONE - GUESTS - {Role.HEAD_OFFICE, Role.ADMINISTRATOR},
    ),
    "a task for the person": (
        replace(PLAIN, task_user_ids=frozenset({ME})),
        EVERYONE - GUESTS - {Role.HEAD_OFFICE, Role.ADMINISTRATOR},
    ),
    "a task for the person in another branch": (replace(ELSEWHERE, task_user_ids=frozenset({ME})), {Role.AUDITOR}),
    "a task for the doctors of the branch": (
        replace(PLAIN, task_roles=frozenset({"doctor"})),
        {Role.DOCTOR, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR},
    ),
    "a task for the doctors of another branch": (replace(ELSEWHERE, task_roles=frozenset({"doctor"})), {Role.AUDITOR}),
    "appointed investigator": (replace(PLAIN, investigator_ids=frozenset({ME})), EVERYONE - GUESTS),
    "appointed investigator in another branch": (
        replace(ELSEWHERE, investigator_ids=frozenset({ME})),
        EVERYONE - GUESTS,
    ),
    "of the department": (
        replace(PLAIN, department_id=7),
        {Role.DEPARTMENT_HEAD, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR},
    ),
    "level 2": (replace(PLAIN, level=2), {Role.LEGAL, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR}),
    "level 1": (replace(PLAIN, level=1), {Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR}),
    "level 3": (
        replace(PLAIN, level=3),
        {Role.LEGAL, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR, Role.HEAD_OFFICE},
    ),
    "level 3 in another branch": (replace(ELSEWHERE, level=3), {Role.AUDITOR, Role.HEAD_OFFICE}),
    "level 3 across the strait": (replace(ELSEWHERE, level=3, jurisdiction="cn"), {Role.AUDITOR}),
    "escalated": (
        replace(PLAIN, escalated=True),
        {Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR, Role.HEAD_OFFICE},
    ),
    "flagged legal": (
        replace(PLAIN, flags=frozenset({"legal"})),
        {Role.LEGAL, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR},
    ),
    "legal was asked": (
        replace(PLAIN, asked_legal=True),
        {Role.LEGAL, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR},
    ),
    "flagged media": (
        replace(PLAIN, flags=frozenset({"media"})),
        {Role.PUBLIC_RELATIONS, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR},
    ),
    "with money items": (
        replace(PLAIN, money=True),
        {Role.FINANCE, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR},
    ),
    "named to the guest": (
        replace(PLAIN, stream=STREAM),
        GUESTS | {Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.AUDITOR},
    ),
    "in which the person is complained about": (
        replace(case_for_everyone(), registered_by_id=ME, owner_id=ME, complained_ids=frozenset({ME})),
        set(),
    ),
}


@pytest.mark.parametrize("situation", SEEN)
@pytest.mark.parametrize("role", COLUMNS)
def test_each_role_sees_exactly_the_cases_it_should(situation: str, role: str) -> None:
    case, roles = SEEN[situation]
    assert rules.sees(profile_as(role), case) is (role in roles)


# move → (roles that may by themselves, relations that suffice for other writing roles)
WORKING = {"owner", "task", "investigator"}
STAFF = FRONT | MANAGERS | {Role.DOCTOR}
ANYONE = STAFF | GUESTS | {Role.LEGAL, Role.PUBLIC_RELATIONS, Role.FINANCE}
DONE = {
    "register": (STAFF, set()),
    "contact": (STAFF | {Role.LEGAL}, WORKING),
    "promise": (STAFF, WORKING),
    "party_verify": (STAFF, {"owner"}),
    "file_add": (STAFF | GUESTS | {Role.LEGAL}, WORKING),
    "message_in": (STAFF, WORKING),
    "message_draft": (STAFF | {Role.LEGAL}, WORKING),
    "message_send": (MANAGERS, {"owner"}),
    "words_clear": (MANAGERS | {Role.LEGAL, GUEST_LAWYER}, set()),
    "public_write": (MANAGERS | {Role.LEGAL, Role.PUBLIC_RELATIONS}, {"owner"}),
    "public_clear": (MANAGERS | {Role.LEGAL, Role.PUBLIC_RELATIONS, GUEST_LAWYER}, set()),
    "public_post": (MANAGERS | {Role.PUBLIC_RELATIONS}, {"owner"}),
    "bundle_export": (MANAGERS | {Role.LEGAL, GUEST_LAWYER}, {"owner"}),
    "demand_record": (STAFF | {Role.LEGAL}, {"owner"}),
    "demand_answer": (MANAGERS | {Role.LEGAL}, {"owner"}),
    "raise": (ANYONE, WORKING),
    "lower_request": (MANAGERS | {Role.DOCTOR, Role.LEGAL}, {"owner"}),
    "lower_approve": (MANAGERS | GUESTS, set()),
    "flag": (ANYONE, WORKING),
    "unflag": (MANAGERS | {Role.LEGAL}, set()),
    "classify": (STAFF, WORKING),
    "medical_judgement": ({Role.DOCTOR, GUEST_DOCTOR}, set()),
    "care_record": ({Role.DOCTOR, Role.NURSE, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, GUEST_DOCTOR}, set()),
    "acknowledge": (MANAGERS, {"owner"}),
    "assign": (MANAGERS, set()),
    "appoint": (MANAGERS, set()),
    "speaker": (MANAGERS, set()),
    "escalate": (STAFF | {Role.LEGAL}, WORKING),
    "task": (MANAGERS | {Role.LEGAL}, {"owner", "investigator"}),
    "task_finish": (MANAGERS, WORKING),
    "move_branch": ({Role.CASE_MANAGER, Role.HEAD_OF_CLINIC}, set()),
    "investigate": (MANAGERS, {"owner", "investigator"}),
    "record_finding": (set(), {"investigator"}),
    "statement_ask": (MANAGERS, {"owner", "investigator"}),
    "plan_inquiry": (MANAGERS, {"owner", "investigator"}),
    "assess_care": (set(), {"investigator"}),
    "dissent": ({Role.DOCTOR, GUEST_DOCTOR} | set(MANAGERS), {"investigator"}),
    "exposure": ({Role.LEGAL, GUEST_LAWYER, Role.HEAD_OF_CLINIC}, set()),
    "showing_agree": ({Role.LEGAL, Role.HEAD_OF_CLINIC}, set()),
    "evidence_ask": (MANAGERS | {Role.LEGAL}, {"owner", "investigator"}),
    "evidence_judge": (MANAGERS, {"owner", "investigator"}),
    "evidence_answer": (MANAGERS, WORKING),
    "item_protect": (MANAGERS | {Role.LEGAL}, {"owner", "investigator"}),
    "hear": (MANAGERS | {Role.LEGAL}, {"owner", "investigator"}),
    "observe": (STAFF, WORKING),
    "ask_legal": (MANAGERS, {"owner", "investigator"}),
    "disclose": (MANAGERS, {"owner"}),
    "respond": (MANAGERS, {"owner"}),
    "hold": ({Role.LEGAL, GUEST_LAWYER, Role.CASE_MANAGER, Role.HEAD_OF_CLINIC}, set()),
    "hold_lift": ({Role.LEGAL, GUEST_LAWYER, Role.HEAD_OF_CLINIC}, set()),
    "seal": (MANAGERS | {Role.LEGAL}, {"owner"}),
    "erase": ({Role.LEGAL, Role.HEAD_OF_CLINIC}, set()),
    "proceed": (MANAGERS | {Role.LEGAL, GUEST_LAWYER}, set()),
    "guest_invite": ({Role.CASE_MANAGER, Role.HEAD_OF_CLINIC, Role.LEGAL}, set()),
    "resolve_on_spot": (MANAGERS, {"owner"}),
    "withdraw": (MANAGERS, {"owner"}),
    "close_request": (MANAGERS, {"owner"}),
    "close_confirm": (MANAGERS | GUESTS, set()),
    "reopen": (MANAGERS, {"owner"}),
    "evaluate": (MANAGERS, {"owner"}),
    "survey_send": (MANAGERS, {"owner"}),
    "survey_answer": (set(), set()),
}
READS = {"see", "identity", "print", "read_causes", "public_read"}
# Those who read no words do only what shows none, whatever they own or have a task on.
WORDLESS = {Role.PUBLIC_RELATIONS, Role.FINANCE}
WITHOUT_WORDS = {"raise", "flag", "escalate", "task_finish", "public_write", "public_clear", "public_post"}
RELATIONS = {
    "registered": {"registered_by_id": ME},
    "owner": {"owner_id": ME},
    "task": {"task_user_ids": frozenset({ME})},
    "investigator": {"investigator_ids": frozenset({ME})},
}


def test_every_move_is_in_this_table() -> None:
    assert set(rules.MOVES) == set(DONE) | READS | {"statement_give"}


@pytest.mark.parametrize("move", DONE)
@pytest.mark.parametrize("role", COLUMNS)
def test_each_role_does_exactly_what_it_may(move: str, role: str) -> None:
    by_role, by_relation = DONE[move]
    profile, case = profile_as(role), case_for_everyone()
    for relation, extra in RELATIONS.items():
        expected = role in by_role
        if relation in by_relation:
            expected = expected or role != Role.AUDITOR
            if relation != "investigator":
                # Head office and the administrator own nothing and get no tasks.
                expected = expected and role not in {Role.HEAD_OFFICE, Role.ADMINISTRATOR}
        if role == Role.ADMINISTRATOR and relation != "investigator":
            expected = False
        if role in WORDLESS and relation != "investigator":
            expected = expected and move in WITHOUT_WORDS
        assert bool(rules.may(profile, move, replace(case, **extra))) is expected, (move, role, relation)


@pytest.mark.parametrize("role", COLUMNS)
def test_whoever_sees_no_case_does_nothing_to_it(role: str) -> None:
    unseen = replace(ELSEWHERE, jurisdiction="cn")
    if role == Role.AUDITOR:
        return
    for move, rule in rules.MOVES.items():
        verdict = rules.may(profile_as(role), move, unseen)
        assert not verdict
        assert verdict.code == ("role" if rule.new else "not_here"), move


PRINTING = EVERYONE - {Role.PUBLIC_RELATIONS, Role.FINANCE, Role.ADMINISTRATOR}


@pytest.mark.parametrize("move", ["identity", "print"])
@pytest.mark.parametrize("role", COLUMNS)
def test_names_and_paper_follow_the_narrative(move: str, role: str) -> None:
    case = replace(case_for_everyone(), registered_by_id=ME)
    assert bool(rules.may(profile_as(role), move, case)) is (role in PRINTING)


@pytest.mark.requirement("B-14")
@pytest.mark.parametrize("role", COLUMNS)
def test_words_for_everybody_are_read_by_whoever_reads_the_case_and_by_who_speaks_in_public(role: str) -> None:
    case = replace(case_for_everyone(), registered_by_id=ME)
    assert bool(rules.may(profile_as(role), "public_read", case)) is (role in PRINTING | {Role.PUBLIC_RELATIONS})
    assert not rules.may(profile_as(role), "public_read", replace(case, complained_ids=frozenset({ME})))


COMPARTMENTS = {
    Role.DOCTOR: {Compartment.ROOT_CAUSE, Compartment.CARE_TALK},
    Role.DEPARTMENT_HEAD: {Compartment.ROOT_CAUSE, Compartment.CARE_TALK},
    Role.CASE_MANAGER: {Compartment.ROOT_CAUSE, Compartment.CARE_TALK, Compartment.MEDIATION},
    Role.LEGAL: {Compartment.COUNSEL, Compartment.MEDIATION},
    Role.HEAD_OF_CLINIC: set(Compartment),
    Role.AUDITOR: set(Compartment),
    GUEST_DOCTOR: {Compartment.ROOT_CAUSE, Compartment.CARE_TALK},
    GUEST_LAWYER: {Compartment.COUNSEL, Compartment.MEDIATION},
}


@pytest.mark.parametrize("role", COLUMNS)
def test_protected_material_has_its_own_readers(role: str) -> None:
    case = replace(case_for_everyone(), registered_by_id=ME)
    assert rules.compartments_of(profile_as(role), case) == COMPARTMENTS.get(role, set())


@pytest.mark.parametrize("role", [Role.RECEPTION, Role.ADMINISTRATOR, Role.FINANCE, Role.HEAD_OFFICE])
def test_an_investigator_reads_neither_counsel_nor_mediation(role: str) -> None:
    case = replace(PLAIN, investigator_ids=frozenset({ME}))
    assert rules.compartments_of(profile_as(role), case) == {Compartment.ROOT_CAUSE, Compartment.CARE_TALK}
    assert rules.reads_narrative(profile_as(role), case)
    assert rules.may(profile_as(role), "record_finding", case)


def test_rights_in_one_branch_open_no_protected_material_in_another() -> None:
    here = rules.Membership(HERE, "tw", None, frozenset({Role.LEGAL}))
    there = rules.Membership(99, "tw", None, frozenset({Role.RECEPTION}))
    profile = replace(profile_as(Role.LEGAL), memberships=(here, there))
    registered = replace(ELSEWHERE, registered_by_id=ME, level=3)
    assert rules.sees(profile, registered)
    assert rules.compartments_of(profile, registered) == frozenset()


@pytest.mark.parametrize("role", COLUMNS)
def test_only_the_person_complained_about_gives_the_statement(role: str) -> None:
    case = replace(case_for_everyone(), complained_ids=frozenset({ME}))
    assert rules.may(profile_as(role), "statement_give", case)
    assert not rules.may(profile_as(role), "statement_give", replace(case, complained_ids=frozenset({OTHER})))


def test_a_verdict_names_who_could() -> None:
    case = replace(PLAIN, registered_by_id=ME)
    verdict = rules.may(profile_as(Role.RECEPTION), "acknowledge", case)
    assert verdict == rules.Denied("role", ("case_manager", "department_head", "head_of_clinic", "owner"))


def test_an_unknown_move_is_a_mistake_and_not_a_no() -> None:
    with pytest.raises(rules.UnknownMove):
        rules.may(profile_as(Role.RECEPTION), "delete", PLAIN)
    with pytest.raises(rules.UnknownMove):
        rules.may_here(profile_as(Role.RECEPTION), "delete", HERE)


def test_the_printed_table_has_every_role_and_move() -> None:
    printed = as_markdown()
    assert all(f"| {move}" in printed for move in rules.MOVES)
    assert set(matrix()["raise"]) == EVERYONE
    assert "close_confirm²" in printed


@pytest.mark.parametrize("role", COLUMNS)
def test_an_analysis_of_causes_is_read_by_those_who_read_its_compartment(role: str) -> None:
    for case in (case_for_everyone(), replace(case_for_everyone(), registered_by_id=ME), replace(case_for_everyone(), investigator_ids=frozenset({ME}))):
        inside = Compartment.ROOT_CAUSE in rules.compartments_of(profile_as(role), case)
        assert bool(rules.may(profile_as(role), "read_causes", case)) is inside
