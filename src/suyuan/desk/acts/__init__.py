"""Every act on a case: its form, the right it needs, and the service that does it.

One table for all of them: an address, a page and a refusal are made from each row the same way, and nothing that a
view could forget stands anywhere else.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _l

from suyuan.cases import rules
from suyuan.cases.models import Case
from suyuan.desk.acts import ending, finding, forward, grading, people, rights, talking
from suyuan.desk.acts.act import Act

ACTS: tuple[Act, ...] = (
    *forward.ACTS,
    *talking.ACTS,
    *grading.ACTS,
    *people.ACTS,
    *finding.ACTS,
    *rights.ACTS,
    *ending.ACTS,
)

BY_CODE = {act.code: act for act in ACTS}

# Which act clears which gate, so that a blocker can lead there.
CLEARS = {
    "danger_resolved": "care",
    "handler_named": "assign",
    "speaker_named": "speaker",
    "acknowledged": "acknowledge",
    "graded": "raise",
    "level_one": "lower",
    "causes_classified": "classify",
    "harm_stated": "harm",
    "no_harm_alleged": "judge",
    "channels_notified": "channels",
    "communication_helper_named": "helper",
    "investigator_named": "investigator",
    "facts_established": "finding",
    "root_cause_recorded": "root-cause",
    "promises_settled": "promise-kept",
    "demands_answered": "demand-answer",
    "tasks_done": "task-done",
    "closing_proposed": "propose-closing",
    "final_answer_sent": "respond",
    "disclosure_written": "disclose",
}

# Which act fulfils a clock: by the fact that stops it.
STOPS_WITH = {
    "case.acknowledged": "acknowledge",
    "plan.explained": "plan",
    "contact.logged": "contact",
    "care.recorded": "care",
    "harm.judged": "judge",
    "channels.notified": "channels",
    "demand.answered": "demand-answer",
    "report.made": "report",
    "case.findings_disclosed": "disclose",
    "case.responded": "respond",
    "issue.classified": "classify",
    "case.graded": "raise",
    "case.assigned": "assign",
    "investigator.appointed": "investigator",
    "proceeding.milestone": "proceeding-step",
    "proceeding.ended": "proceeding-end",
    "late_entry.made": "late-entry",
    "case.closed": "close",
}

GROUPS = {
    "forward": _l("往前一步"),
    "talk": _l("與病人往來"),
    "grade": _l("輕重與照護"),
    "people": _l("人員與分工"),
    "find": _l("調查"),
    "rights": _l("保全、複製本與封存"),
    "outside": _l("程序"),
    "end": _l("結束與重啟"),
}

# Acts that make sense only while there is something to act on. Rows are those counted at the door of the case.
_NEEDS: dict[str, Callable[[Any], bool]] = {
    "promise-kept": lambda case: case.n_promises > 0,
    "demand-answer": lambda case: case.n_demands > 0,
    "task-done": lambda case: case.n_tasks > 0,
    "task-cancel": lambda case: case.n_tasks > 0,
    "investigator-release": lambda case: case.has_investigator,
    "complained-unset": lambda case: case.complained_about,
    "guest-end": lambda case: case.has_guest,
    "raise": lambda case: case.level < 3,
    "lower": lambda case: case.level > 1 and case.lowering_by is None,
    "lower-decide": lambda case: case.lowering_by is not None,
    "flag": lambda case: len(case.flags) < len(rules.FLAGS),
    "unflag": lambda case: bool(case.flags),
    "disputed": lambda case: case.disputed_at is None,
    "helper": lambda case: bool(case.communication_need) and not case.helper_named,
    "propose-closing": lambda case: case.closing_asked_at is None,
    "close": lambda case: case.closing_asked_at is not None,
    "statement": lambda case: case.complained_about,
    "support": lambda case: case.complained_about,
    "authority": lambda case: case.represented,
    "proceeding-step": lambda case: case.n_proceedings > 0,
    "proceeding-end": lambda case: case.n_proceedings > 0,
    "evaluate": lambda case: not case.evaluated,
    "hold-lift": lambda case: case.held,
    "copies-out": lambda case: case.copies_ready,
    "copies-wait": lambda case: case.copies_ready and case.n_demands > 0,
    "unseal": lambda case: case.under_seal,
    "erase": lambda case: case.n_erasures > 0,
}


def offered(case: Case, allowed: frozenset[str]) -> list[Act]:
    """Acts that this person may do, this stage admits, and that have something to act on."""
    return [
        act
        for act in ACTS
        if act.move in allowed and case.stage in act.stages and _NEEDS.get(act.code, lambda _case: True)(case)
    ]
