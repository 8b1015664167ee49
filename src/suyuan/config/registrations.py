"""Who reacts to which fact, how each is worded, and what the database itself keeps from being changed."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from suyuan.platform import access, facts, holds, triggers, verify
from suyuan.platform.facts import FactKind, Told

# The database refuses to change these. (table, arguments of platform.triggers.register)
FROZEN: tuple[tuple[str, dict], ...] = (
    ("playbooks_packversion", {}),
    ("playbooks_packactivation", {}),
    ("cases_acknowledgement", {}),
    ("cases_disclosure", {}),
    ("cases_finding", {"ordered_columns": ("basis",)}),
    ("cases_rootcause", {"ordered_columns": ("whys", "bones")}),
    ("cases_findingcitation", {}),
    ("cases_exposureanswer", {}),
    ("cases_caresheet", {"may_update_columns": ("signed_at",)}),
    ("cases_caresheet", {"frozen_when": "OLD.signed_at IS NOT NULL"}),
    ("cases_careline", {}),
    ("cases_carecitation", {}),
    ("cases_caredissent", {}),
    ("cases_planstep", {"frozen_when": "OLD.done_at IS NOT NULL OR OLD.struck_at IS NOT NULL", "ordered_columns": ("words", "note")}),
    ("cases_conflictcheck", {
        "may_update_columns": ("declared", "declared_words", "declared_at"), "ordered_columns": ("reason",)}),
    ("cases_conflictcheck", {"frozen_when": "OLD.declared_at IS NOT NULL", "ordered_columns": ("reason", "declared_words")}),
    ("cases_contactentry", {"ordered_columns": ("place", "participants", "next_step")}),
    ("cases_carerecord", {"ordered_columns": ("place",)}),
    ("cases_consent", {}),
    ("cases_evaluation", {"ordered_columns": ("answers",)}),
    ("cases_erasuredecision", {}),
    ("cases_erasureletter", {}),
    ("cases_retentionproposal", {"frozen_when": "OLD.ended_at IS NOT NULL", "ordered_columns": ("reason",)}),
    (
        "evidence_item",
        {"may_update_columns": ("kind", "title", "from_whom", "obtained_at", "place", "note", "compartment", "branch_id")},
    ),
    ("evidence_bundleexport", {"may_update_columns": ("crcs", "fault", "checked_at")}),
    ("evidence_bundleexport", {"frozen_when": "OLD.checked_at IS NOT NULL"}),
    ("evidence_picture", {}),
    ("evidence_need", {"may_update_columns": ("ended_at", "ended_by_id"), "ordered_columns": ("reason",)}),
    ("evidence_evidencerequest", {"may_update_columns": (
        "reminded_at", "reminders", "ended_at", "ended_by", "ending", "item_id", "answer_id"), "ordered_columns": ("words",)}),
    ("evidence_evidencerequest", {"frozen_when": "OLD.ended_at IS NOT NULL", "ordered_columns": ("words",)}),
    ("evidence_interview", {"may_update_columns": (
        "minutes_id", "outcome", "read_how", "outcome_at", "outcome_stated_at", "outcome_by", "corrections_id", "refusal",
        "signature_id"), "ordered_columns": ("heard_name", "interviewers", "present", "place", "recorder")}),
    ("evidence_interview", {
        "frozen_when": "OLD.outcome <> ''",
        "ordered_columns": ("heard_name", "interviewers", "present", "place", "recorder", "refusal")}),
    ("evidence_interviewsupplement", {"ordered_columns": ("said_by",)}),
    ("evidence_observation", {"may_update_columns": ("struck_at", "struck_reason")}),
    ("evidence_observation", {"frozen_when": "OLD.struck_at IS NOT NULL", "ordered_columns": ("struck_reason",)}),
    ("evidence_custodyentry", {"ordered_columns": ("from_whom", "to_whom", "place", "why")}),
    ("evidence_seal", {"may_update_columns": ("branch_id",), "ordered_columns": (
        "place", "kept_at", "for_clinic", "for_patient", "witness", "absence", "unfinished")}),
    ("evidence_sealeditem", {"ordered_columns": ("title", "lot")}),
    ("evidence_sealopening", {"ordered_columns": ("for_clinic", "for_patient", "witness", "why")}),
    ("evidence_copyset", {"may_update_columns": ("branch_id",), "ordered_columns": ("missing",)}),
    ("evidence_copieditem", {"ordered_columns": ("title",)}),
    ("evidence_copyhandover", {"ordered_columns": ("to_whom", "shown", "witness")}),
    ("cases_approval", {"frozen_when": "OLD.decided_at IS NOT NULL"}),
    ("cases_survey", {"frozen_when": "OLD.answered_at IS NOT NULL", "ordered_columns": ("answers",)}),
    (
        "cases_report",
        {
            "frozen_when": "OLD.state <> 'draft'",
            "may_update_columns": ("state", "signed_at", "stored_id", "sha256", "superseded_at", "given_at", "given_by_id"),
            "ordered_columns": ("words", "content"),
        },
    ),
    (
        "cases_report",
        {
            "frozen_when": "OLD.state = 'signed' OR OLD.state = 'superseded'",
            "may_update_columns": ("state", "superseded_at", "given_at", "given_by_id"),
            "ordered_columns": ("words", "content"),
        },
    ),
    ("cases_reportsignature", {}),
    ("cases_passport", {"ordered_columns": ("content",)}),
)


# What every row says; `{column}` may be missing only where an order of erasure names it. (As platform.triggers.register_said.)
SAID: tuple[tuple[str, str], ...] = (
    (
        "correspondence_message",
        "NEW.channel <> 'email' OR NEW.state NOT IN ('queued', 'sent') OR {to_sealed}",
    ),
    (
        "evidence_interview",
        "NEW.recording_id IS NULL OR (NEW.recorder_took_part IS NOT NULL AND NEW.notice_given IS NOT NULL AND {recorder})",
    ),
    (
        "evidence_observation",
        "(NEW.struck_at IS NULL AND NEW.struck_reason = '') OR (NEW.struck_at IS NOT NULL AND {struck_reason})",
    ),
    ("evidence_seal", "{for_clinic} AND ({for_patient} OR ({witness} AND {absence}))"),
)


def phrases() -> Mapping[str, Callable[[Told], str]]:
    """Every fact that is only worded, not reacted to, by the contexts below `cases` that stand alone."""
    from suyuan.accounts.phrases import PHRASES as accounts
    from suyuan.people.phrases import PHRASES as people
    from suyuan.playbooks.phrases import PHRASES as playbooks

    return {**accounts, **people, **playbooks}


JOBS = (
    "suyuan.platform.jobs.tidy",
    "suyuan.platform.files.jobs",
    "suyuan.platform.search",
    "suyuan.platform.erasure",
    "suyuan.platform.idempotency",
    "suyuan.platform.checkpoints",
    "suyuan.platform.anchors",
    "suyuan.people.jobs",
    "suyuan.evidence.jobs",
    "suyuan.correspondence.jobs",
    "suyuan.cases.jobs",
    "suyuan.cases.services.arriving",
    "suyuan.cases.services.handling.escalation",
    "suyuan.portal.jobs",
    "suyuan.config.jobs",
)


def register_all() -> None:
    from suyuan.cases.facts import FACTS
    from suyuan.cases.jobs import RECOUNT
    from suyuan.cases.recomputing import cases_recomputed
    from suyuan.cases.recomputing_inquiry import inquiry_recomputed
    from suyuan.cases.selectors.door import case_meant
    from suyuan.cases.selectors.knowing import names_of_case
    from suyuan.cases.services.arriving import FILED, PLACE, undelivered_follow
    from suyuan.cases.services.clocks import clocks_follow
    from suyuan.cases.services.handling import escalations_follow
    from suyuan.cases.services.handling.escalation import TELL
    from suyuan.cases.services.holding import PROTECTED, case_of_compartment, cases_of_incoming, cases_of_person
    from suyuan.cases.services.wording import terms_follow
    from suyuan.config.jobs import access_recomputed
    from suyuan.config.phrases import PLATFORM
    from suyuan.correspondence.freezing import FROZEN as MESSAGES
    from suyuan.correspondence.gate import known_register
    from suyuan.correspondence.phrases import ARRIVED
    from suyuan.correspondence.phrases import PHRASES as WORDS
    from suyuan.correspondence.recomputing import guard_recomputed
    from suyuan.correspondence.recomputing_incoming import incoming_recomputed
    from suyuan.evidence.phrases import PHRASES as EVIDENCE
    from suyuan.evidence.recomputing import evidence_recomputed
    from suyuan.people.selectors import person_meant
    from suyuan.platform.recomputing import platform_recomputed

    known_register("case", names_of_case)
    holds.register_hangs_on("person", cases_of_person)
    holds.register_hangs_on("incoming", cases_of_incoming)
    for compartment in sorted(PROTECTED):
        holds.register_hangs_on(compartment, case_of_compartment)
    after = {"pack.loaded": (RECOUNT,)}
    words = {**phrases(), **PLATFORM}
    facts.register({name: FactKind(phrase, after=after.get(name, ())) for name, phrase in words.items()})
    # A message may end a clock of the case in whose stream it stands; the rest of what is said there may not.
    heard = {
        "message.received": (clocks_follow, escalations_follow),  # repeated messages call in the next person
        "message.failed": (clocks_follow, undelivered_follow),
        "clearance.asked": (clocks_follow, terms_follow),
    }
    arriving = {"incoming.arrived": (PLACE,), "incoming.file_kept": (FILED,), "incoming.file_left": (FILED,)}
    facts.register({n: FactKind(phrase, after=arriving.get(n, ())) for n, phrase in ARRIVED.items()})
    waiting = {name: (TELL,) for name in ("clearance.asked", "clearance.voted", "clearance.given", "clearance.refused")}
    facts.register(
        {n: FactKind(p, inside=heard.get(n, (clocks_follow,)), after=waiting.get(n, ())) for n, p in WORDS.items()}
    )
    asking = {"evidence.requested": (TELL,), "evidence.request_reminded": (TELL,)}
    facts.register({n: FactKind(p, inside=(clocks_follow,), after=asking.get(n, ())) for n, p in EVIDENCE.items()})
    facts.register(FACTS)
    for table, how in (*FROZEN, *MESSAGES):
        triggers.register(table, **how)
    for table, condition in SAID:
        triggers.register_said(table, condition)
    verify.register_row_check("access", access_recomputed)
    verify.register_row_check("platform", platform_recomputed)
    verify.register_row_check("evidence", evidence_recomputed)
    verify.register_row_check("guard", guard_recomputed)
    verify.register_row_check("incoming", incoming_recomputed)
    verify.register_row_check("cases", cases_recomputed)
    verify.register_row_check("inquiry", inquiry_recomputed)
    access.meant_register("reference", case_meant)
    access.meant_register("people:uid", person_meant)
    for module in JOBS:
        import_module(module)
