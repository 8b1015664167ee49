"""The codes a pack may name: what `cases` records, does and checks. Code holds the mechanism, packs give it words.

`cases` has a test that its own facts, stages, moves and gates are these. Facts carry at least the fields listed.
"""

# Facts that may start, stop or cancel a clock, with the plain fields a `when` may look at.
FACTS: dict[str, frozenset[str]] = {
    "case.opened": frozenset({"channel", "level", "jurisdiction", "communication_need"}),
    "case.danger_raised": frozenset(),
    "case.danger_resolved": frozenset(),
    "case.graded": frozenset({"level"}),
    "case.acknowledged": frozenset({"method"}),
    "case.investigation_started": frozenset(),
    "case.findings_disclosed": frozenset(),
    "case.responded": frozenset(),
    "case.closed": frozenset(),
    "case.reopened": frozenset(),
    "case.withdrawn": frozenset(),
    "case.resolved_on_spot": frozenset(),
    "harm.stated": frozenset({"state", "occurred_on"}),
    "harm.judged": frozenset({"state", "occurred_on"}),
    "issue.classified": frozenset({"causes"}),
    "contact.logged": frozenset({"kind", "senior", "direction"}),
    "channels.notified": frozenset(),
    "demand.recorded": frozenset({"kind", "demand", "asked_at"}),
    "demand.answered": frozenset({"kind", "demand"}),
    "proceeding.opened": frozenset({"kind", "proceeding"}),
    "proceeding.milestone": frozenset({"kind", "milestone", "proceeding"}),
    "proceeding.ended": frozenset({"kind", "proceeding"}),
    "incident.identified": frozenset({"kind", "incident", "occurred_at"}),
    "report.made": frozenset({"kind", "incident"}),
    "plan.explained": frozenset(),
    "care.recorded": frozenset({"kind"}),
    "task.done": frozenset({"step", "senior"}),
    "statement.requested": frozenset(),
    "support.offered": frozenset(),
    "late_entry.made": frozenset(),
}

# What stands apart from the case, with its own readers.
COMPARTMENTS = frozenset({"counsel", "mediation", "root_cause", "care_talk"})

# Moments a clock may count from: the fact's own, the case's first, or a stated date in the fact.
MOMENTS = frozenset({"at", "case_opened", "occurred_on", "occurred_at", "asked_at"})

STAGES = frozenset(
    {
        "received",
        "acknowledged",
        "investigating",
        "findings_disclosed",
        "responded",
        "closed",
        "withdrawn",
        "resolved_on_spot",
    }
)

MOVES = frozenset(
    {
        "acknowledge",
        "grade",
        "raise_level",
        "lower_level",
        "investigate",
        "disclose",
        "respond",
        "propose_closing",
        "close",
        "withdraw",
        "resolve_on_spot",
        "reopen",
    }
)

GATES = frozenset(
    {
        "danger_resolved",
        "handler_named",
        "acknowledged",
        "graded",
        "causes_classified",
        "harm_stated",
        "channels_notified",
        "communication_helper_named",
        "investigator_named",
        "speaker_named",
        "facts_established",
        "root_cause_recorded",
        "disclosure_written",
        "wishes_answered",
        "promises_settled",
        "demands_answered",
        "tasks_done",
        "obligations_discharged",
        "law_clocks_done",
        "final_answer_sent",
        "closing_proposed",
        "no_harm_alleged",
        "level_one",
        "complainant_content",
        "complainant_asked",
        "reopening_in_time",
    }
)

ROLES = frozenset(
    {
        "reception",
        "consultant",
        "nurse",
        "doctor",
        "department_head",
        "case_manager",
        "legal",
        "public_relations",
        "finance",
        "head_of_clinic",
        "head_office",
        "auditor",
        "administrator",
        "investigator",
        "handler",
    }
)

# Who may hold a piece of evidence: a colleague in one of these roles, or the patient.
HOLDERS = ROLES | {"patient"}

CHANNELS = frozenset({"web", "telephone", "on_site", "any"})

FLAGS = frozenset({"reportable", "media", "legal", "extortion_suspected", "vulnerable_person"})

# Lists a procedure pack must carry. Where codes are given, the list must contain exactly these.
KINDS: dict[str, frozenset[str] | None] = {
    "channels": frozenset({"web", "telephone", "on_site"}),
    "flags": FLAGS,
    "harm_states": frozenset({"none", "alleged", "unknown"}),
    "harm_judgements": frozenset({"serious", "not_serious"}),
    "contact_kinds": frozenset({"call", "visit", "care_talk", "explanation", "meeting", "message"}),
    "demand_kinds": frozenset(
        {"records_copy", "data_access", "data_erase", "data_correct", "refund", "explanation", "seal"}
    ),
    "proceeding_kinds": frozenset(
        {
            "tw_mediation",
            "cn_people_mediation",
            "cn_admin_mediation",
            "court",
            "authority",
            "samr",
            "appraisal",
            "police",
        }
    ),
    "milestones": frozenset(
        {"accepted", "papers_complete", "notified", "first_meeting", "failed", "agreed", "served"}
    ),
    "incident_kinds": frozenset(
        {
            "wrong_patient",
            "wrong_site",
            "wrong_procedure",
            "misplaced_implant",
            "retained_object",
            "drug_error",
            "device_error",
            "device_death",
            "device_serious",
            "drug_death",
            "drug_serious",
            "patient_death",
            "major_dispute",
            "quality_general",
            "quality_major",
            "quality_extreme",
        }
    ),
    "report_kinds": frozenset(
        {
            "tw_incident",
            "tw_root_cause",
            "authority_account",
            "device_event",
            "drug_event",
            "cn_major_dispute",
            "cn_quality_event",
            "cn_autopsy_answer",
        }
    ),
    "care_kinds": frozenset({"examination", "treatment", "referral", "rescue", "follow_up"}),
    "task_kinds": None,
    "party_relations": None,
    "remedies": None,
    "contact_preferences": None,
    "contact_hours": None,
    "communication_needs": None,
    "acknowledgement_methods": None,
    "identity_proofs": None,
    "plan_steps": None,
    "fishbone_bones": None,
    "exposure_questions": frozenset(
        {"negligence", "failure_to_inform", "regulation", "consumer_protection", "unapproved_product", "privacy"}
    ),
    "exposure_answers": frozenset({"none", "possible", "likely", "established"}),
    "care_questions": frozenset({"standard", "rigour", "aftercare", "harm"}),
    "care_verdicts": frozenset({"dissatisfaction", "expected", "complication", "fault", "undetermined"}),
}

NOTICES = frozenset(
    {
        "written_first",
        "staff_support",
        "statement_page",
        "protected_talk",
        "channels",
        "handover",
        "data_use",
        "withdrawing",
        "born_late",
        "court_before_mediation",
    }
)

# Kinds of records that a rule of law may say how long to keep.
RECORDS = frozenset(
    {"chart", "chart_inpatient", "care_record", "complaint_record", "sealed", "adverse_event", "access_log"}
)

# What a template is for.
SITUATIONS = frozenset(
    {
        "acknowledgement",
        "progress",
        "delay",
        "findings",
        "offer",
        "apology",
        "refusal",
        "extortion",
        "review_reply",
        "review_invitation",
        "follow_up_question",
        "statement",
        "minute_offer",
        "channel_choice",
        "closing",
        "records_copy",
        "reminder",
        "thanks",
        "legal_review",
        "goodwill",
        "emergency",
        "minutes",
        "promise",
        "evidence_request",
        "interview",
        "interview_record",
        "on_the_spot",
        "paper_how",
        "paper_next",
        "paper_unclear",
    }
)

# Ways words travel: those of a message, and a public reply where the review stands.
WAYS = frozenset({"portal", "email", "sms", "line", "phone_note", "letter", "in_person", "review"})

# What the guard may find in a text.
FINDINGS = frozenset(
    {
        "patient_data",
        "fault_admission",
        "effect_promise",
        "early_denial",
        "quarrel",
        "accusation",
        "threat",
        "review_trade",
        "review_gift",
        "gag",
        "stalling",
        "jargon",
        "selling",
        "superlative",
        "protected_process",
        "asks_personal_data",
        "no_empathy",
        "no_next_step",
        "no_private_channel",
        "testimonial",
        "anxiety",
        "unapproved",
        "missing_notice",
    }
)
