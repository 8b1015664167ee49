"""From a form to a case: one transaction for the files, the case, its receipt and the answer that a replay gets again."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from suyuan.accounts.models import Branch
from suyuan.cases.models import Case
from suyuan.cases.services import intake as cases
from suyuan.correspondence.services import message_receive
from suyuan.kernel.actor import Actor
from suyuan.people.rules import Contact, Treatment, contact_problem
from suyuan.platform import chance, files, idempotency
from suyuan.platform.idempotency import KeyUsedUp, Token
from suyuan.platform.identifiers import split_name
from suyuan.platform.models import IdempotencyKey, StoredFile, Upload
from suyuan.platform.units import writes
from suyuan.portal import rules
from suyuan.portal.forms import PURPOSE, ComplaintForm
from suyuan.portal.selectors import Kept
from suyuan.portal.services.drafts import draft_save, draft_sent

SCOPE, DANGER_SCOPE = "portal.intake", "portal.danger"


@dataclass(frozen=True)
class Sent:
    """What the receipt page is made of, the first time and at every replay."""

    case: str
    reference: str
    secret: str = field(repr=False)
    files: int = 0

    def as_answer(self) -> dict[str, Any]:
        return {"case": self.case, "reference": self.reference, "secret": self.secret, "files": self.files}


@writes
def complaint_send(
    *,
    form: ComplaintForm,
    uploads: Sequence[Upload],
    token: Token,
    draft_token: str,
    kept: Kept | None,
    channel: str,
    language: str,
    now: datetime,
) -> Sent:
    """Register what was written, or complete the case that a danger report opened. Raises KeyUsedUp for the second click."""
    _not_used_up(token)
    branch = form.branch
    begun = _begun(kept)
    actor = Actor("party", kept.actor if begun is not None and kept.actor else str(chance.uid()))
    stored = _handed_in(uploads, branch, actor, now)
    told = intake_of(form, stored, now)

    if begun is not None:
        done = cases.case_complete(case=begun, intake=told, actor=actor, now=now)
        secret = done.secret or kept.secret
    else:
        done = cases.case_register(
            branch=branch, channel=channel, intake=told, language=language, actor=actor, now=now
        )
        secret = done.secret
    sent = Sent(str(done.case.uid), done.case.reference, secret or "", len(stored))
    draft_sent(token=draft_token, now=now)
    idempotency.claim(token=token, answer=sent.as_answer(), now=now, stream=done.case.stream)
    return sent


@writes
def danger_send(
    *,
    branch: Branch,
    signs: Sequence[str],
    phone: str,
    token: Token,
    draft_token: str,
    kept: Kept | None,
    key: str,
    channel: str,
    language: str,
    now: datetime,
    kiosk: bool = False,
) -> Sent:
    """Open a case at once, with nothing but the danger. The draft remembers it, so that going on completes this one."""
    _not_used_up(token)
    begun = _begun(kept)
    actor = Actor("party", kept.actor if begun is not None and kept.actor else str(chance.uid()))
    if begun is not None:
        # The same person says more before writing: it belongs to the case that is open already.
        if set(signs) - set(begun.danger_signs):
            cases.danger_raise(case=begun, signs=signs, words="", actor=actor, now=now)
        if phone:
            _left(begun, phone, actor, language, now)
            draft_save(
                token=draft_token, branch=branch, fields={**kept.fields, "contact": [phone]}, key=kept.key, now=now, kiosk=kiosk
            )
        sent = Sent(str(begun.uid), begun.reference, kept.secret)
        idempotency.claim(token=token, answer=sent.as_answer(), now=now, stream=begun.stream)
        return sent
    contact = Contact("phone", phone, preferred=True)
    contacts = (contact,) if phone and contact_problem(contact) is None else ()
    done = cases.case_danger_open(
        branch=branch, danger_signs=signs, contacts=contacts, language=language, actor=actor, now=now, channel=channel
    )
    sent = Sent(str(done.case.uid), done.case.reference, done.secret or "")
    if phone and not contacts:  # not a number, and still what somebody in danger wrote
        _said(done.case, phone, actor, language, now)
    if draft_token:
        fields = dict(kept.fields) if kept is not None else {}
        if phone:
            fields.setdefault("contact", [phone])
        draft_save(
            token=draft_token, branch=branch, fields=fields, key=kept.key if kept else key, now=now, kiosk=kiosk,
            case=done.case, secret=sent.secret, actor=actor.uid,
        )  # fmt: skip
    idempotency.claim(token=token, answer=sent.as_answer(), now=now, stream=done.case.stream)
    return sent


def intake_of(form: ComplaintForm, stored: Sequence[StoredFile], now: datetime) -> cases.Intake:
    """What the form says, in the words of `cases`. A date that cannot be read stays in the person's own words."""
    given: Mapping[str, Any] = form.cleaned_data
    harm = given["harm"] or "unknown"
    happened = form.fields["happened_on"].read(given["happened_on"])
    treatment = _treatment(form)
    subject = given["treatment"]
    complainant = cases.PersonGiven(**_name(given["name"]), contacts=_contacts(form))
    other = given["about"] == "other"
    exact = happened.kind == "known" and happened.precision == "day"
    narrative = given["narrative"]
    if given["happened_on"] and not exact:
        narrative = f"{narrative}\n\n{form.fields['happened_on'].label}：{given['happened_on']}"[: rules.NARRATIVE_LIMIT]
    need = "、".join(_names(form, "need"))
    return cases.Intake(
        narrative=narrative,
        complainant=complainant,
        patient=cases.PersonGiven(**_name(given["patient_name"])) if other else None,
        relation=(given["relation"] or "other") if other else "self",
        issues=(cases.IssueGiven(subject=subject, treatment=treatment),) if treatment is not None else (),
        harm=harm,
        occurred_on=happened.on if exact else None,
        wishes=tuple(given["wishes"]),
        preferred_channel=_preferred(form),
        preferred_hours="、".join(_names(form, "hours"))[:80],
        communication_need=need[:120],
        consents=tuple(
            cases.ConsentGiven(purpose.id, purpose.version, bool(given.get(PURPOSE + purpose.id)))
            for purpose in form.purposes
        ),
        files=tuple(stored),
    )


def _said(case: Case, words: str, actor: Actor, language: str, now: datetime) -> None:
    message_receive(
        stream=case.stream, branch_id=case.branch_id, channel="portal", body=words, actor=actor, now=now, language=language
    )


def _left(case: Case, phone: str, actor: Actor, language: str, now: datetime) -> None:
    """A number is where we call; what is none is still what somebody in danger wrote."""
    contact = Contact("phone", phone, preferred=True)
    if contact_problem(contact) is None:
        cases.danger_contact_take(case=case, contact=contact, actor=actor, now=now)
    else:
        _said(case, phone, actor, language, now)


def _begun(kept: Kept | None) -> Case | None:
    """The case that a danger report opened and nobody has completed."""
    return kept.case if kept is not None and kept.case is not None and not kept.case.is_complete else None


def _treatment(form: ComplaintForm) -> Treatment | None:
    given = form.cleaned_data
    rough = form.fields["treatment_on"].read(given["treatment_on"])
    words = given["treatment"]
    if not words and not given["treatment_on"]:
        return None
    if rough.kind != "known" and given["treatment_on"]:
        words = f"{words}（{given['treatment_on']}）" if words else given["treatment_on"]
    if not words:
        words = given["treatment_on"]
    known = rough.kind == "known"
    return Treatment(words=words[:200], on=rough.on if known else None, precision=rough.precision if known else "unknown")


def _name(typed: str) -> dict[str, str]:
    family, given = split_name(typed)
    return {"family_name": family[:80], "given_name": given[:80]}


def _contacts(form: ComplaintForm) -> tuple[Contact, ...]:
    typed = form.cleaned_data["contact"]
    if not typed:
        return ()
    return (Contact(form.contact_kind(typed, form.cleaned_data["contact_by"]), typed, preferred=True),)


def _preferred(form: ComplaintForm) -> str:
    """The way they chose; without a choice, the way they left. A message goes where the contact they left can take one."""
    chosen = form.cleaned_data["contact_by"]
    contacts = _contacts(form)
    left = {"address": "letter"}.get(contacts[0].kind, contacts[0].kind) if contacts else ""
    if chosen == "message":
        return {"phone": "sms", "": "portal", "letter": "sms"}.get(left, left)
    return chosen or left


def _names(form: ComplaintForm, name: str) -> list[str]:
    chosen = form.cleaned_data[name]
    wanted = chosen if isinstance(chosen, list) else [chosen]
    return [str(words) for code, words in form.fields[name].choices if code in wanted]


def _handed_in(uploads: Iterable[Upload], branch: Branch, actor: Actor, now: datetime) -> list[StoredFile]:
    return [files.upload_keep(upload=upload, branch_id=branch.pk, actor=actor, now=now) for upload in uploads]


def _not_used_up(token: Token) -> None:
    """Inside the write, so that of two clicks the one that waited does not do the work again."""
    if IdempotencyKey.objects.filter(scope=token.scope, key=token.key).exists():
        raise KeyUsedUp()


def case_of(sent: Mapping[str, Any]) -> Case:
    return Case.objects.select_related("branch", "speaker", "owner").get(uid=UUID(sent["case"]))
