"""Who has it: acknowledging, owner, speaker, counsel, branch."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from suyuan.accounts.models import Branch, Department, User
from suyuan.accounts.selectors import profile_of
from suyuan.cases import errors, rules
from suyuan.cases.models import Acknowledgement, Case, Task
from suyuan.cases.services.clocks import clocks_recount
from suyuan.cases.services.handling.parts import (
    begin,
    begin_open,
    case_change,
    code_of,
    may_handle,
    one_involved,
    said,
    stage_step,
    stated_time,
    tell,
    words_frozen,
)
from suyuan.cases.services.handling.steps import HANDLER, steps_pass
from suyuan.cases.services.wording import words_pass
from suyuan.correspondence.services import messages_rescope
from suyuan.evidence.services.items import items_rescope
from suyuan.kernel.actor import Actor
from suyuan.platform.search import stream_rescope
from suyuan.platform.units import writes


@writes
def case_acknowledge(
    *,
    case: Case,
    method: str,
    words: str,
    happened_at: datetime | None = None,
    templates: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> Case:
    """Tell the person that we have the complaint, by whom and how; locked once saved. Stops the first clock."""
    seen, case = case, begin(case, "acknowledge", actor, now)
    code_of(case, "acknowledgement_methods", method, "method")
    stated_time(happened_at, now)
    stage_step(seen, case, "acknowledge", now=now, acknowledged_at=now)

    text = words_frozen(case, "acknowledgement", words, now=now)
    passed = words_pass(case, words, what="acknowledgement", templates=templates, now=now)
    Acknowledgement.objects.create(
        case=case, at=now, stated_at=happened_at, method=method, words=text, by_id=actor.user_id
    )
    tell(
        case,
        "case.acknowledged",
        actor=actor,
        now=now,
        plain={"method": method, **passed},
        texts={"words": text},
        happened_at=happened_at,
    )
    return case


@writes
def case_assign(
    *, case: Case, owner: User, department: Department | None = None, actor: Actor, now: datetime
) -> Case:
    """Name the person responsible. Open steps of the handler pass to them. Raises PersonComplainedAbout, ReadsNoWords."""
    case = begin(case, "assign", actor, now)
    may_handle(case, owner, now)
    if case.owner_id == owner.pk and department is None:
        raise errors.AlreadyDone()
    if department is not None and department.branch_id != case.branch_id:
        raise errors.NotOfThisBranch()

    changes = {"owner": owner, **({"department": department} if department else {})}
    case_change(case, now=now, **changes)
    one_involved(case, owner, "owner", now)
    steps_pass(case, HANDLER, owner.pk, now)

    plain = {"user": str(owner.uid), **({"department": department.code} if department else {})}
    tell(case, "case.assigned", actor=actor, now=now, plain=plain, private={"name": owner.display_name})
    return case


@writes
def speaker_name(*, case: Case, speaker: User, actor: Actor, now: datetime) -> Case:
    """Name the one person who speaks with the complainant. Raises PersonComplainedAbout, ReadsNoWords."""
    case = begin(case, "speaker", actor, now)
    may_handle(case, speaker, now)
    if case.speaker_id == speaker.pk:
        raise errors.AlreadyDone()
    case_change(case, now=now, speaker=speaker)
    one_involved(case, speaker, "speaker", now)
    plain, private = {"user": str(speaker.uid)}, {"name": speaker.display_name}
    tell(case, "speaker.named", actor=actor, now=now, plain=plain, private=private)
    return case


@writes
def legal_ask(*, case: Case, words: str = "", actor: Actor, now: datetime) -> Case:
    """Bring in legal: they see the case from now on and find a task. What is asked stands in counsel's compartment."""
    case = begin(case, "ask_legal", actor, now)
    asked = Task.objects.filter(case=case, kind="legal_opinion", done_at=None, cancelled_at=None)
    if asked.exists():
        raise errors.AlreadyAsked()
    task = Task.objects.create(case=case, kind="legal_opinion", role="legal", opened_at=now)
    case_change(case, now=now, asked_legal=True)
    tell(case, "legal.asked", actor=actor, now=now, plain={"task": str(task.uid)})
    if words.strip():
        text = words_frozen(case, "counsel.question", words, now=now, compartment="counsel")
        tell(case, "counsel.asked", actor=actor, now=now, texts={"words": text}, compartment="counsel")
    return case


@writes
def case_move_branch(*, case: Case, branch: Branch, reason: str, actor: Actor, now: datetime) -> Case:
    """Hand a case to another branch. Reference and procedure stay; statutory clocks are counted anew from their triggers.

    Owner and speaker stay only when they have a place there.
    """
    case = begin_open(case, "move_branch", actor, now)
    if case.branch_id == branch.pk:
        raise errors.AlreadyDone()
    told = said(case, "reason", reason, now=now, required=True)
    before, law_changed = case.branch, case.jurisdiction != branch.jurisdiction

    changes: dict[str, object] = {"branch": branch, "jurisdiction": branch.jurisdiction, "department": None}
    left = []
    for name in ("owner", "speaker"):
        person = getattr(case, name)
        if person is not None and not profile_of(person, now).roles_in(branch.pk):
            changes[name] = None
            left.append(name)
    case_change(case, now=now, **changes)
    for name in left:
        one_involved(case, None, name, now)
    if "owner" in left:
        steps_pass(case, HANDLER, None, now)
    for compartment in sorted(rules.COMPARTMENTS):
        stream_rescope(stream=case.compartment_stream(compartment), branch_id=branch.pk)
    messages_rescope(stream=case.stream, branch_id=branch.pk)
    items_rescope(stream=case.stream, branch_id=branch.pk)
    clocks_recount(case, now, law_changed=law_changed)

    plain = {"from": before.code, "to": branch.code, "jurisdiction": branch.jurisdiction, "left": left}
    tell(case, "case.moved_branch", actor=actor, now=now, plain=plain, **told)
    return case
