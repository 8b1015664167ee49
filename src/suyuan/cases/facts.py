"""Every fact of a case: how it is worded, and what is done when it is recorded. Read by config."""
from __future__ import annotations

from collections.abc import Mapping

from suyuan.cases import rules
from suyuan.cases.phrases import PHRASES
from suyuan.cases.services.clocks import clocks_follow
from suyuan.cases.services.handling.escalation import TELL, escalations_follow, level_follow
from suyuan.cases.services.holding import holds_follow
from suyuan.platform.facts import FactKind, Reaction

# What may make a rule of the pack hold that brings in the next person (C-13).
ESCALATING = frozenset(
    {"case.opened", "case.completed", "case.graded", "case.flagged", "case.danger_raised", "contact.logged"}
)

# Somebody has something to do because of these: they get a notice that carries nothing.
TOLD = frozenset(
    {
        "case.opened",
        "case.graded",
        "case.escalated",
        "case.danger_raised",
        "case.assigned",
        "case.closing_asked",
        "help.called",
        "investigator.appointed",
        "legal.asked",
        "level.lowering_asked",
        "speaker.named",
        "statement.requested",
        "task.opened",
    }
)


# A case may come in graded already: its steps open as they do when somebody grades it.
COMING_IN = frozenset({"case.opened", "case.completed"})


# What the sweep itself records starts and stops nothing: a thousand alarms must not load a thousand cases' clocks.
SWEPT = frozenset({"clock.alarmed", "clock.recounted", "promise.broken"})


def _inside(name: str) -> tuple[Reaction, ...]:
    if name in SWEPT:
        return ()
    steps = (level_follow,) if name in COMING_IN else ()
    steps += (holds_follow,) if name in rules.HOLD_ON else ()
    return (clocks_follow, *steps, escalations_follow) if name in ESCALATING else (clocks_follow, *steps)


FACTS: Mapping[str, FactKind] = {
    name: FactKind(phrase, inside=_inside(name), after=(TELL,) if name in TOLD else ())
    for name, phrase in PHRASES.items()
}
