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
from suyuan.cases.models.papers import Passport, Report, ReportSignature

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
    "Passport",
    "Proceeding",
    "ProceedingStep",
    "Promise",
    "Receipt",
    "Report",
    "ReportSignature",
    "RootCause",
    "StaffStatement",
    "Survey",
    "Task",
]
