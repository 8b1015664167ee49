from suyuan.cases.models.case import Case, CaseIssue, Involvement, Party
from suyuan.cases.models.clock import CaseClock, ClockPause, Obligation
from suyuan.cases.models.handling import (
    Acknowledgement,
    Approval,
    CareRecord,
    Consent,
    ContactEntry,
    Demand,
    Promise,
    Task,
)
from suyuan.cases.models.investigation import Disclosure, Evaluation, Finding, RootCause, StaffStatement, Survey
from suyuan.cases.models.outside import Proceeding, ProceedingStep, Receipt

__all__ = [
    "Acknowledgement",
    "Approval",
    "CareRecord",
    "Case",
    "CaseClock",
    "CaseIssue",
    "ClockPause",
    "Consent",
    "ContactEntry",
    "Demand",
    "Disclosure",
    "Evaluation",
    "Finding",
    "Involvement",
    "Obligation",
    "Party",
    "Proceeding",
    "ProceedingStep",
    "Promise",
    "Receipt",
    "RootCause",
    "StaffStatement",
    "Survey",
    "Task",
]
