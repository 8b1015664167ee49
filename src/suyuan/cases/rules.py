"""What a case may do next, and what must be there first. No Django, no clock, no database."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from suyuan.kernel.machine import Machine, Move


class Stage(StrEnum):
    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    DISCLOSED = "findings_disclosed"
    RESPONDED = "responded"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    RESOLVED = "resolved_on_spot"


TRACK = (Stage.RECEIVED, Stage.ACKNOWLEDGED, Stage.INVESTIGATING, Stage.DISCLOSED, Stage.RESPONDED, Stage.CLOSED)
OPEN = frozenset({Stage.RECEIVED, Stage.ACKNOWLEDGED, Stage.INVESTIGATING, Stage.DISCLOSED, Stage.RESPONDED})
ENDED = frozenset({Stage.CLOSED, Stage.WITHDRAWN, Stage.RESOLVED})

# The whole life of a complaint. Services ask this table inside the write; nothing else changes a stage.
LIFECYCLE = Machine(
    Move("acknowledge", frozenset({Stage.RECEIVED}), Stage.ACKNOWLEDGED),
    Move("investigate", frozenset({Stage.ACKNOWLEDGED}), Stage.INVESTIGATING),
    Move("disclose", frozenset({Stage.INVESTIGATING}), Stage.DISCLOSED),
    Move("respond", frozenset({Stage.DISCLOSED}), Stage.RESPONDED),
    Move("close_request", frozenset({Stage.RESPONDED})),
    Move("close_confirm", frozenset({Stage.RESPONDED}), Stage.CLOSED),
    Move("withdraw", OPEN, Stage.WITHDRAWN),
    Move("resolve_on_spot", frozenset({Stage.RECEIVED, Stage.ACKNOWLEDGED}), Stage.RESOLVED),
    Move("reopen_closed", frozenset({Stage.CLOSED}), Stage.INVESTIGATING),
    Move("reopen_acknowledged", frozenset({Stage.WITHDRAWN, Stage.RESOLVED}), Stage.ACKNOWLEDGED),
    Move("reopen_received", frozenset({Stage.WITHDRAWN, Stage.RESOLVED}), Stage.RECEIVED),
)

# Which right (accounts.rules.MOVES) a stage move asks for, where the names differ.
RIGHT = {"reopen_closed": "reopen", "reopen_acknowledged": "reopen", "reopen_received": "reopen"}

# What a procedure pack calls an act (playbooks.vocabulary.MOVES), where it says it otherwise.
PACK_MOVE = {
    "close_request": "propose_closing",
    "close_confirm": "close",
    "raise": "raise_level",
    "lower_request": "lower_level",
    **dict.fromkeys(RIGHT, "reopen"),
}


class Harm(StrEnum):
    """Bodily harm: what is alleged, and what a doctor judged."""

    NONE = "none"
    UNKNOWN = "unknown"
    ALLEGED = "alleged"
    SERIOUS = "serious"
    NOT_SERIOUS = "not_serious"


# Not yet judged counts as serious: the care clock runs until a doctor says otherwise (legal §0, trap 1).
COUNTS_AS_SERIOUS = frozenset({Harm.ALLEGED, Harm.UNKNOWN, Harm.SERIOUS})
STATED_HARM = frozenset({Harm.NONE, Harm.ALLEGED, Harm.UNKNOWN})
JUDGED_HARM = frozenset({Harm.SERIOUS, Harm.NOT_SERIOUS})


class Identity(StrEnum):
    STATED = "stated"
    VERIFIED = "verified"


FLAGS = ("reportable", "media", "legal", "extortion_suspected", "vulnerable_person")
CHANNELS = frozenset(
    {"web", "telephone", "on_site", "email", "sms", "line", "wechat", "social", "letter", "authority", "portal", "in_person"}
)
MONEY_CAUSES = frozenset({"price"})
MONEY_WISHES = frozenset({"full-refund", "part-refund", "compensation"})
# What becomes of a thing the person wished for. Anything but a plain yes says why.
WISH_OUTCOMES = ("granted", "partly", "refused")
COMPARTMENTS = frozenset({"", "counsel", "mediation", "root_cause", "care_talk"})


# --- references ----------------------------------------------------------------------------------------------------

_WEIGHTS = (7, 3, 1, 7, 3, 1, 7)


def reference_for(branch_code: str, year: int, digits: str) -> str:
    """Speakable and not countable: branch letters, year, seven random digits and a check digit (TN26-4831-7205)."""
    if len(digits) != 7 or not digits.isdigit():
        raise ValueError("seven digits")
    whole = digits + _check_digit(branch_code, year % 100, digits)
    return f"{branch_code.upper()}{year % 100:02d}-{whole[:4]}-{whole[4:]}"


def reference_read(typed: str) -> str | None:
    """The reference somebody typed or said, in its written form; None when it cannot be one."""
    plain = "".join(c for c in typed.upper() if c.isalnum() and c.isascii())
    letters = "".join(c for c in plain if c.isalpha())
    digits = plain[len(letters):]
    if not letters or len(digits) != 10 or not digits.isdigit():
        return None
    year, body, check = int(digits[:2]), digits[2:9], digits[9]
    if _check_digit(letters, year, body) != check:
        return None
    return reference_for(letters, year, body)


def _check_digit(branch_code: str, year: int, digits: str) -> str:
    head = sum((ord(c) - 55) * w for c, w in zip(branch_code.upper(), (3, 7, 1, 3), strict=False)) + year * 7
    return str((head + sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=True))) % 10)


# --- levels --------------------------------------------------------------------------------------------------------


def clock_level(level: int) -> int:
    """An ungraded case runs on level-2 clocks."""
    return level or 2


def level_at_intake(*, danger_signs: Iterable[str], harm: Harm, media: bool) -> int:
    """What intake may set by itself: a danger sign is never less than level 2; grading stays a person's act."""
    return 2 if tuple(danger_signs) or media or harm == Harm.ALLEGED else 0


# --- gates ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseState:
    """What gates look at, gathered once by a selector. `given`: gates that the act itself fulfils (words, a tick)."""

    stage: str
    level: int = 0
    harm: str = Harm.NONE
    danger: str = ""
    acknowledged: bool = False
    has_owner: bool = False
    has_speaker: bool = False
    has_investigator: bool = False
    unclassified_issues: int = 0
    findings: int = 0
    issues_without_finding: int = 0
    root_causes: int = 0
    disclosed: bool = False
    answered: bool = False
    channels_notified: bool = False
    needs_helper: bool = False
    promises_open: int = 0
    demands_open: int = 0
    wishes_open: int = 0
    tasks_open: int = 0
    obligations_open: int = 0
    binding_clocks: tuple[str, ...] = ()
    closing_asked: bool = False
    given: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Missing:
    """A gate that is shut. `code` finds its words in the procedure pack; `count` says how many, where that helps."""

    code: str
    count: int = 0


def _counted(read: Callable[[CaseState], int]) -> tuple[Callable[[CaseState], bool], Callable[[CaseState], int]]:
    return (lambda state: read(state) == 0), read


def _plain(holds: Callable[[CaseState], bool]) -> tuple[Callable[[CaseState], bool], Callable[[CaseState], int]]:
    return holds, lambda state: 0


def _by_act(code: str) -> tuple[Callable[[CaseState], bool], Callable[[CaseState], int]]:
    return _plain(lambda state: code in state.given)


# Every gate a pack may ask for: whether it is open, and how many things keep it shut.
CONDITIONS = {
    "danger_resolved": _plain(lambda s: s.danger != "open"),
    "handler_named": _plain(lambda s: s.has_owner),
    "speaker_named": _plain(lambda s: s.has_speaker),
    "acknowledged": _plain(lambda s: s.acknowledged),
    "graded": _plain(lambda s: s.level > 0),
    "level_one": _plain(lambda s: s.level <= 1),
    "causes_classified": _counted(lambda s: s.unclassified_issues),
    "harm_stated": _plain(lambda s: s.harm != Harm.UNKNOWN),
    "no_harm_alleged": _plain(lambda s: s.harm in (Harm.NONE, Harm.NOT_SERIOUS)),
    "channels_notified": _plain(lambda s: s.channels_notified),
    "communication_helper_named": _plain(lambda s: not s.needs_helper),
    "investigator_named": _plain(lambda s: s.has_investigator),
    "facts_established": (lambda s: s.findings > 0 and s.issues_without_finding == 0, lambda s: s.issues_without_finding),
    "root_cause_recorded": _plain(lambda s: s.root_causes > 0),
    "disclosure_written": _plain(lambda s: s.disclosed or "disclosure_written" in s.given),
    "final_answer_sent": _plain(lambda s: s.answered or "final_answer_sent" in s.given),
    "wishes_answered": (lambda s: s.wishes_open == 0 or "wishes_answered" in s.given, lambda s: s.wishes_open),
    "promises_settled": _counted(lambda s: s.promises_open),
    "demands_answered": _counted(lambda s: s.demands_open),
    "tasks_done": _counted(lambda s: s.tasks_open),
    "obligations_discharged": _counted(lambda s: s.obligations_open),
    "law_clocks_done": (lambda s: not s.binding_clocks, lambda s: len(s.binding_clocks)),
    "closing_proposed": _plain(lambda s: s.closing_asked),
    "complainant_content": _by_act("complainant_content"),
    "complainant_asked": _by_act("complainant_asked"),
    "reopening_in_time": _by_act("reopening_in_time"),
}

# Gates that procedures pinned by older cases still name, and that nothing can shut any more.
RETIRED = frozenset({"minutes_written"})

# What no pack and no overlay can take away from a move.
ALWAYS = {
    "close_request": ("danger_resolved", "law_clocks_done"),
    "close_confirm": ("danger_resolved", "law_clocks_done", "closing_proposed"),
    "resolve_on_spot": ("danger_resolved", "complainant_content"),
    "disclose": ("facts_established",),
}


def shut_gates(move: str, gates: Iterable[str], state: CaseState) -> list[Missing]:
    """Gates of `move` that are not fulfilled: the unalterable ones first, then in the order of the pack.

    Raises LookupError for a gate that no condition knows: a typo in a pack must not open a door.
    """
    missing = []
    for code in dict.fromkeys((*ALWAYS.get(move, ()), *gates)):
        if code in RETIRED:
            continue
        if code not in CONDITIONS:
            raise LookupError(f"no condition is called {code!r}")
        holds, number = CONDITIONS[code]
        if not holds(state):
            missing.append(Missing(code, number(state)))
    return missing


# --- what may leave the house ------------------------------------------------------------------------------------------


class Purpose(StrEnum):
    """What papers and bundles are made for."""

    INTERNAL = "internal"
    PATIENT = "patient"
    MEDIATION = "mediation"
    AUTHORITY = "authority"
    LITIGATION = "litigation"
    PUBLIC = "public"


# Who may put protected material into what is made for a purpose; whoever does reads the compartment too. Nothing of
# counsel's leaves; an analysis of causes goes to the authority that asks for it by law (TW-RCA-2) and to nobody else.
_LEGAL_OR_HEAD = frozenset({"legal", "head_of_clinic"})
_MAY_LEAVE: Mapping[str, Mapping[Purpose, frozenset[str]]] = {
    "counsel": {},
    "mediation": {Purpose.MEDIATION: _LEGAL_OR_HEAD},
    "root_cause": {Purpose.AUTHORITY: frozenset({"head_of_clinic"})},
    "care_talk": {Purpose.PATIENT: frozenset({"case_manager", "head_of_clinic"})},
}
# What was said to calm and to settle may be shown where both sides agree (TW-APOL-1, TW-APOL-2, CN-CONF-1).
BOTH_MAY_AGREE = frozenset({"mediation", "care_talk"})
AGREED_HOW = frozenset({"in_writing", "in_minutes", "in_words_recorded"})


@dataclass(frozen=True)
class ExportRule:
    """Whether a compartment may stand in what is made for a purpose. `why` is a code to say it with when it may not.

    basis  ids of the rules of law that protect the compartment here
    """

    allowed: bool
    roles: frozenset[str] = frozenset()
    needs_both: bool = False
    why: str = ""
    basis: tuple[str, ...] = ()


def export_rule(
    compartment: str, purpose: Purpose, *, protected_by: Iterable[str] = (), both_agreed: bool = False
) -> ExportRule:
    """May what stands in `compartment` ("" is the open part) go into papers made for `purpose`, and by whose hand?

    protected_by  ids of the law's rules that protect this compartment in the case's jurisdiction (`protects` in the packs)
    both_agreed   both sides agreed that it is shown; recorded beforehand
    """
    if compartment not in COMPARTMENTS:
        raise ValueError(f"no such compartment: {compartment!r}")
    purpose, basis = Purpose(purpose), tuple(protected_by)
    if compartment == "":
        return ExportRule(purpose != Purpose.PUBLIC, why="" if purpose != Purpose.PUBLIC else "never_public")
    if purpose == Purpose.INTERNAL:
        return ExportRule(True, basis=basis)
    roles = _MAY_LEAVE[compartment].get(purpose, frozenset())
    if roles:
        return ExportRule(True, roles, basis=basis)
    needs_both = compartment in BOTH_MAY_AGREE and purpose != Purpose.PUBLIC
    if needs_both and both_agreed:
        return ExportRule(True, _LEGAL_OR_HEAD, basis=basis)
    return ExportRule(False, needs_both=needs_both, why="protected_by_law" if basis else "protected", basis=basis)


# --- an erasure request -----------------------------------------------------------------------------------------------

# What the asker said, handed in and left as an address themselves; or what there is of the patient.
OWN, PATIENT = "own", "patient"
ABOUT = frozenset({OWN, PATIENT})


def erasure_about(asked: str, *, is_patient: bool, proven: bool) -> str:
    """Whose data is answered for. Whoever is neither the patient nor shown to speak for them has a say in their own only."""
    if not (is_patient or proven):
        return OWN
    return asked or PATIENT


# --- papers ------------------------------------------------------------------------------------------------------------


# Who takes an item out of a compartment again: with it goes the protection, counsel's privilege above all.
TAKES_OUT: Mapping[str, frozenset[str]] = {
    "counsel": _LEGAL_OR_HEAD,
    "mediation": _LEGAL_OR_HEAD,
    "root_cause": frozenset({"head_of_clinic"}),
    "care_talk": frozenset({"case_manager", "head_of_clinic"}),
}


class Paper(StrEnum):
    """Documents about what was found out: for the house and whoever may ask for it, and in plain words for the person."""

    INTERNAL = "internal"
    COMPLAINANT = "complainant"


# Whose hand each is in: those appointed to investigate; those who speak with the person.
PAPER_MOVE: Mapping[str, str] = {Paper.INTERNAL: "record_finding", Paper.COMPLAINANT: "disclose"}
# Who gets which in a bundle. Only the one in plain words is written for the person.
PAPER_READERS: Mapping[str, frozenset[Purpose]] = {
    Paper.INTERNAL: frozenset({Purpose.INTERNAL, Purpose.MEDIATION, Purpose.AUTHORITY, Purpose.LITIGATION}),
    Paper.COMPLAINANT: frozenset(Purpose) - {Purpose.PUBLIC},
}
_PAPER_FIELDS: Mapping[str, tuple[str, ...]] = {
    Paper.INTERNAL: ("summary", "process", "analysis", "figure", "unclear"),
    Paper.COMPLAINANT: ("opening", "will_do", "unclear"),
}
_PAPER_NEEDS: Mapping[str, tuple[str, ...]] = {
    Paper.INTERNAL: ("summary", "process", "analysis"),
    Paper.COMPLAINANT: ("opening", "will_do"),
}
PAPER_WORDS = 8_000
# What became of each thing complained of. A judgement that a person makes; none of them is coloured.
ISSUE_OUTCOMES = ("upheld", "partly", "not_upheld", "unclear")
# Who asks for a passport of the case.
PASSPORT_PURPOSES = (Purpose.MEDIATION, Purpose.AUTHORITY, Purpose.LITIGATION)


def paper_fields(kind: str, issues: Iterable[str]) -> tuple[str, ...]:
    """Everything its author may write. Each thing complained of has words and an outcome of its own."""
    fields = _PAPER_FIELDS[Paper(kind)]
    return (*fields, *(f"{what}_{uid}" for uid in issues for what in ("issue", "outcome"))) if kind == Paper.COMPLAINANT else fields


def paper_holds(words: Mapping[str, str]) -> str:
    """The compartment that a version lies in: with the drawing of an analysis of causes in it, that of the analysis."""
    return "root_cause" if words.get("figure") else ""


def paper_missing(kind: str, issues: Iterable[str], words: Mapping[str, str]) -> list[str]:
    """What must still be written before anyone can sign it."""
    wanted = [*_PAPER_NEEDS[Paper(kind)]]
    if kind == Paper.COMPLAINANT:
        wanted += [f"{what}_{uid}" for uid in issues for what in ("outcome", "issue")]
    return [field for field in wanted if not words.get(field, "").strip()]


SAME_CHARS = 14  # as many in a row are no coincidence: 「分析認為值班表沒有指定回電的人」


def copied(words: str, protected: Iterable[str], known: Iterable[str]) -> bool:
    """Whether `words` repeat a passage of protected texts that nothing in the open part says as well."""
    held = set().union(*(_passages(text) for text in protected), set())
    open_ = set().union(*(_passages(text) for text in known), set())
    return bool(held & _passages(words) - open_)


def _passages(text: str) -> set[str]:
    bare = "".join(c for c in text.casefold() if c.isalnum())
    return {bare[n : n + SAME_CHARS] for n in range(len(bare) - SAME_CHARS + 1)}


# --- reopening -----------------------------------------------------------------------------------------------------


def reopen_move(stage: str, *, acknowledged: bool) -> str:
    """Which move of the table brings an ended case back."""
    if stage == Stage.CLOSED:
        return "reopen_closed"
    return "reopen_acknowledged" if acknowledged else "reopen_received"


def may_reopen(ended_at: datetime, now: datetime, days: int) -> bool:
    """Inside the window of the pack; after it a later message opens a new case that names this one."""
    return now < ended_at + timedelta(days=days)


# --- time ----------------------------------------------------------------------------------------------------------

EARLIEST = timedelta(days=366 * 30)  # nothing a complaint is about happened longer ago than this


def stated_time_problem(stated: datetime | None, now: datetime) -> str | None:
    """Code of what is wrong with a stated time: in the future, or absurdly long ago."""
    if stated is None:
        return None
    if stated > now + timedelta(minutes=5):
        return "future"
    if stated < now - EARLIEST:
        return "ancient"
    return None


# --- how long records are kept -------------------------------------------------------------------------------------

# Signs of a dispute: the fact, the field and values that count (None: always), and the kind of hold it places.
HOLD_ON = {
    "case.flagged": ("flag", frozenset({"legal"}), "counsel"),
    "case.disputed": ("", None, "internal"),
    "incident.identified": ("", None, "internal"),
    "proceeding.opened": ("", None, ""),
}
_PROCEEDING_HOLDS = {
    "tw_mediation": "mediation",
    "cn_people_mediation": "mediation",
    "cn_admin_mediation": "mediation",
    "court": "court",
}


def hold_asked(fact_type: str, plain: Mapping[str, object]) -> str | None:
    """The kind of hold that this fact places on its case by itself; None: it is no sign of a dispute."""
    if fact_type not in HOLD_ON:
        return None
    field, values, kind = HOLD_ON[fact_type]
    if values is not None and plain.get(field) not in values:
        return None
    return kind or _PROCEEDING_HOLDS.get(str(plain.get("kind")), "authority")


@dataclass(frozen=True)
class Floor:
    """A rule of law on how long one kind of record is kept. `adult_at`: of whoever is younger, from that birthday on."""

    record: str
    rule: str
    n: int
    unit: str = "years"
    adult_at: int | None = None


@dataclass(frozen=True)
class Kept:
    """Until when one kind of record is kept, that day included, and by which rule. No day: it is still being written."""

    record: str
    rule: str
    until: date | None


def retention_until(record: str, since: date | None, floors: Iterable[Floor], *, born: date | None) -> Kept | None:
    """The longest of all floors for this record; None when no rule keeps it.

    `since`: the last day something was added; None while it goes on. Nobody's age is guessed to their harm: where the
    day of birth is unknown, the record counts as that of a newborn.
    """
    mine = [floor for floor in floors if floor.record == record]
    if not mine:
        return None
    if since is None:
        return Kept(record, max(mine, key=lambda f: (f.n if f.unit == "years" else 0)).rule, None)
    ends = [(_floor_ends(floor, since, born), floor.rule) for floor in mine]
    until, rule = max(ends)
    return Kept(record, rule, until)


def _floor_ends(floor: Floor, since: date, born: date | None) -> date:
    start = since
    if floor.adult_at is not None:
        start = max(since, years_later(born or since, floor.adult_at))
    return months_later(start, floor.n) if floor.unit == "months" else years_later(start, floor.n)


def years_later(day: date, n: int) -> date:
    """The same day n years on; 29 February becomes 1 March, never a day too early."""
    try:
        return day.replace(year=day.year + n)
    except ValueError:
        return date(day.year + n, 3, 1)


def months_later(day: date, n: int) -> date:
    """The same day n months on, or the first of the month after where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    try:
        return day.replace(year=year, month=month + 1)
    except ValueError:
        return date(year + (month == 11), 1 if month == 11 else month + 2, 1)


def may_go(kept: Kept | None, today: date) -> bool:
    """Whether nothing in law keeps it any more."""
    return kept is None or (kept.until is not None and today > kept.until)
