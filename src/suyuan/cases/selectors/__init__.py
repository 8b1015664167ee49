"""Reads of a case. The door (`case_for`) is the only way to one case; lists are filtered by reach before anything else."""

from suyuan.cases.selectors.clocks import ClockCard, ClockExplained, clock_cards, clock_explained
from suyuan.cases.selectors.door import case_by_stream, case_for, case_state, compartments_for, gates_shut, narrated_for
from suyuan.cases.selectors.lists import CaseLine, ListFilters, Page, cases_list
from suyuan.cases.selectors.outside import (
    PortalView,
    StatementPage,
    asked_for_statement,
    portal_case,
    statement_for,
    statements_of,
)
from suyuan.cases.selectors.page import CasePage, TimelineEntry, case_page, timeline
from suyuan.cases.selectors.today import DueLine, Today, handover, today_for

__all__ = [
    "CaseLine",
    "CasePage",
    "ClockCard",
    "ClockExplained",
    "DueLine",
    "ListFilters",
    "Page",
    "PortalView",
    "StatementPage",
    "TimelineEntry",
    "Today",
    "asked_for_statement",
    "case_by_stream",
    "case_for",
    "case_page",
    "case_state",
    "cases_list",
    "clock_cards",
    "clock_explained",
    "compartments_for",
    "gates_shut",
    "handover",
    "narrated_for",
    "portal_case",
    "statement_for",
    "statements_of",
    "timeline",
    "today_for",
]
