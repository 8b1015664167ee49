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
from suyuan.cases.models.retention import RetentionProposal
from suyuan.cases.models.rights import ErasureDecision, ErasureLetter
from suyuan.cases.models.sheets import (
    CareCitation,
    CareDissent,
    CareLine,
    CareSheet,
    ConflictCheck,
    ExposureAnswer,
    FindingCitation,
    PlanStep,
)

__all__ = [
    "Acknowledgement",
    "Approval",
    "CareCitation",
    "CareDissent",
    "CareLine",
    "CareRecord",
    "CareSheet",
    "Case",
    "CaseClock",
    "CaseIssue",
    "ClockPause",
    "ConflictCheck",
    "Consent",
    "ContactEntry",
    "Demand",
    "Disclosure",
    "ErasureDecision",
    "ErasureLetter",
    "Evaluation",
    "ExposureAnswer",
    "Finding",
    "FindingCitation",
    "Involvement",
    "Obligation",
    "Party",
    "Passport",
    "PlanStep",
    "Proceeding",
    "ProceedingStep",
    "Promise",
    "Receipt",
    "Report",
    "ReportSignature",
    "RetentionProposal",
    "RootCause",
    "StaffStatement",
    "Survey",
    "Task",
]
