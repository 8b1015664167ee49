"""Reports: drafted, finished, signed by everyone whose name stands under them, set as a paper, kept, superseded.

Words may be changed in a draft only. Finishing freezes the content and chains its digest; signatures are under that
digest; setting the paper happens outside any transaction and its file is chained when everybody has signed.
"""
from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from suyuan.accounts.models import User
from suyuan.accounts.selectors import profile_for
from suyuan.cases import errors, rules
from suyuan.cases.models import Case, Finding, Involvement, Report, ReportSignature, RootCause
from suyuan.cases.phrases import PAPERS, label
from suyuan.cases.rules import PAPER_MOVE, Paper
from suyuan.cases.selectors import papers
from suyuan.cases.selectors.door import compartments_for
from suyuan.cases.selectors.reports import INVESTIGATOR, first_words, report_content, signed_content
from suyuan.cases.selectors.root_causes import root_causes_of
from suyuan.cases.services.common import case_change, case_locked, is_complained_about, known, require_may, tell
from suyuan.cases.services.wording import words_pass
from suyuan.correspondence.services import message_draft, message_queue
from suyuan.kernel import chain
from suyuan.kernel.actor import Actor
from suyuan.platform.files import Received, file_receive, file_store
from suyuan.platform.models import FactRow, Text
from suyuan.platform.papers import paper_render
from suyuan.platform.texts import text_check, text_write
from suyuan.platform.units import writes
from suyuan.ui import dates
from suyuan.ui.qr import qr_picture

PDF = "application/pdf"
LARGEST = 64 << 20
STAGES = frozenset({rules.Stage.INVESTIGATING, rules.Stage.DISCLOSED, rules.Stage.RESPONDED, rules.Stage.CLOSED})


@writes
def report_draft(*, case: Case, kind: str, language: str, actor: Actor, now: datetime) -> Report:
    """Begin the next version; whoever already began it goes on with theirs. It starts from the words of the last one."""
    known(kind, set(Paper), "kind")
    case = _begin(case, kind, actor, now)
    if case.stage not in STAGES:
        raise errors.WrongStage(stage=case.stage, move=PAPER_MOVE[kind])
    begun = Report.objects.filter(case=case, kind=kind, state="draft").first()
    if begun is not None:
        return begun
    before = Report.objects.filter(case=case, kind=kind).order_by("-version").first()
    language = dates.language_of(language)
    report = Report.objects.create(
        case=case,
        kind=kind,
        version=before.version + 1 if before else 1,
        language=language,
        author_id=actor.user_id,
        # A drawing is chosen anew for each version: with it the version lies in a compartment.
        words={n: w for n, w in before.words.items() if n != "figure"} if before else first_words(case, kind, language),
        templates=before.templates if before else [],
        drafted_at=now,
        revised_at=now,
    )
    said = {"language": language} | _begun(report)
    _tell(report, "report.drafted", actor, now, private={"written": written(report.words)}, **said)
    return report


@writes
def report_revise(
    *,
    report: Report,
    words: Mapping[str, str],
    edition: int,
    templates: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> Report:
    """Keep what the author wrote, and which templates it was begun from. Raises PaperMovedMeanwhile when somebody else kept
    something since `edition`."""
    case, report = _locked(report, actor, now, "draft")
    if report.edition != edition:
        raise errors.PaperMovedMeanwhile()
    kept = _checked(report, words)
    _in_reach(case, kept, actor, now)
    begun = list(dict.fromkeys([*report.templates, *templates]))
    if kept == report.words and begun == report.templates:
        return report
    changed = sorted(name for name in {*kept, *report.words} if kept.get(name) != report.words.get(name))
    report.words, report.templates, report.edition, report.revised_at = kept, begun, report.edition + 1, now
    report.save(update_fields=["words", "templates", "edition", "revised_at"])
    said = {"changed": changed} | _begun(report)
    _tell(report, "report.revised", actor, now, private={"written": written(report.words)}, **said)
    return report


def _begun(report: Report) -> dict[str, list[str]]:
    return {"templates": report.templates} if report.templates else {}


def written(words: Mapping[str, str]) -> str:
    """A digest of a draft: what stood in it is in nobody's way later, and cannot be changed behind the author's back."""
    return hashlib.sha256(chain.canonical(dict(words))).hexdigest()


def _checked(report: Report, words: Mapping[str, str]) -> dict[str, str]:
    allowed = set(rules.paper_fields(report.kind, _issues(report.case)))
    kept = {name: value.strip() for name, value in words.items() if name in allowed and value.strip()}
    for name, value in kept.items():
        if len(value) > rules.PAPER_WORDS:
            raise errors.TooLong(name, rules.PAPER_WORDS)
        if name.startswith("outcome_"):
            known(value, rules.ISSUE_OUTCOMES, name)
        if name == "figure":
            known(value, {str(row.uid) for row in root_causes_of(report.case)}, name)
        text_check(value, name)
    return kept


def _issues(case: Case) -> list[str]:
    return [str(issue.uid) for issue in papers.issues_of(case)]


@writes
def report_finish(*, report: Report, edition: int, check_url: str, actor: Actor, now: datetime) -> Report:
    """Freeze this version and send it for signing. Raises PaperIncomplete, WordsProtected, NothingFound, NobodySigns."""
    case, report = _locked(report, actor, now, "draft")
    if report.edition != edition:
        raise errors.PaperMovedMeanwhile()
    if missing := rules.paper_missing(report.kind, _issues(case), report.words):
        raise errors.PaperIncomplete(missing)
    if not Finding.objects.filter(case=case, replaced_by__isnull=True).exists():
        raise errors.NothingFound()
    _nothing_protected(case, report.words)
    signers = _signers(case, report, actor)
    _in_reach(case, report.words, actor, now)
    _through_the_guard(report, now)
    content = report_content(report, words=report.words, signers=signers, check_url=check_url, now=now)
    holds = rules.paper_holds(report.words)
    text = text_write(
        stream=case.compartment_stream(holds), kind=f"report.{report.kind}", body=papers.content_text(content),
        branch_id=case.branch_id, now=now, compartment=holds,
    )  # fmt: skip
    # One that waits for signatures is not signed any more: the newer one says it better.
    Report.objects.filter(case=case, kind=report.kind, state="finished").update(state="superseded", superseded_at=now)
    report.state, report.content, report.digest = "finished", content, papers.digest_of(content)
    report.text, report.finished_at = text, now
    report.signers = [user.pk for user in signers]
    report.save(update_fields=["state", "content", "digest", "text", "finished_at", "signers"])
    _tell(
        report, "report.finished", actor, now,
        texts={"words": text}, digest=report.digest, signers=[str(user.uid) for user in signers],
    )  # fmt: skip
    return report


def _through_the_guard(report: Report, now: datetime) -> None:
    """What the person will read; the house's own paper stays inside. Raises GuardHeld at the field."""
    if report.kind != Paper.COMPLAINANT:
        return
    for name, value in report.words.items():
        if name != "figure" and not name.startswith("outcome_"):
            words_pass(report.case, value, what="report", field=name, templates=report.templates, now=now)


def _in_reach(case: Case, words: Mapping[str, str], actor: Actor, now: datetime) -> None:
    """Only who reads a compartment puts anything of it into a paper."""
    holds = rules.paper_holds(words)
    if holds and holds not in compartments_for(profile_for(actor, now), case):
        raise errors.MayNot("not_here")


def _signers(case: Case, report: Report, actor: Actor) -> list[User]:
    """Everyone appointed to investigate; for the person's own version those who wrote it. Nobody complained about."""
    wanted = {report.author_id, actor.user_id}
    if report.kind == Paper.INTERNAL:
        rows = Involvement.objects.filter(case=case, kind=INVESTIGATOR, until=None)
        wanted = set(rows.values_list("user_id", flat=True))
    able = [pk for pk in sorted(wanted) if not is_complained_about(case, pk)]
    if not able:
        raise errors.NobodySigns()
    return list(User.objects.filter(pk__in=able).order_by("pk"))


def _nothing_protected(case: Case, words: Mapping[str, str]) -> None:
    """No passage of a protected compartment leaves in somebody's own writing.

    A version with a drawing lies there too, and is no source: what its authors wrote was held against the sources itself.
    """
    streams = [case.compartment_stream(c) for c in sorted(rules.COMPARTMENTS - {""})]
    texts = Text.objects.filter(stream__in=[*streams, case.stream])
    protected = [
        text.body for text in texts
        if (text.stream != case.stream or text.compartment) and not text.kind.startswith("report.")
    ]  # fmt: skip
    for whys, bones in RootCause.objects.filter(case=case).values_list("whys", "bones"):
        protected += [*whys, *(bone[said] for bone in bones for said in ("cause", "why"))]
    open_ = [text.body for text in texts if text.stream == case.stream and not text.compartment]
    wrong = [name for name, value in words.items() if rules.copied(value, protected, open_)]
    if wrong:
        raise errors.WordsProtected(sorted(wrong))


@writes
def report_sign(*, report: Report, actor: Actor, now: datetime) -> ReportSignature:
    """One signature, by one whose name stands under it. The order is theirs."""
    case, report = _locked(report, actor, now, "finished")
    if actor.user_id not in report.signers:
        raise errors.NotASigner()
    if ReportSignature.objects.filter(report=report, user_id=actor.user_id).exists():
        raise errors.AlreadyDone()
    statement = statement_of(report, actor, now)
    signature = ReportSignature.objects.create(report=report, user_id=actor.user_id, at=now, statement=statement)
    said = {"signature": str(signature.uid), "digest": report.digest, "statement": statement}
    _tell(report, "report.signature", actor, now, **said)
    return signature


def statement_of(report: Report, actor: Actor, now: datetime) -> str:
    """What is signed: this version of this document, by this person, then."""
    said = {
        "report": str(report.uid),
        "version": report.version,
        "digest": report.digest,
        "user": actor.uid,
        "at": chain.time_text(now),
    }
    return hashlib.sha256(chain.canonical(said)).hexdigest()


def waits_for_print(report: Report) -> bool:
    return report.state == "finished" and not unsigned(report)


def unsigned(report: Report) -> set[int]:
    return set(report.signers) - set(report.signatures.values_list("user_id", flat=True))


def report_print(*, report: Report, actor: Actor, now: datetime) -> Report:
    """Set the paper outside any transaction, then keep it. The same report always gives the same bytes."""
    report = Report.objects.select_related("case__branch").get(pk=report.pk)
    if not waits_for_print(report):
        raise errors.WrongPaperState()
    at = max(row.at for row in report.signatures.all())
    pdf = paper_of(signed_content(report), finished_fact(report), digest=report.digest, at=at)
    name = f"{report.case.reference}-{report.kind}-{report.version}.pdf"
    received = file_receive(source=[pdf], name=name, max_bytes=LARGEST, accept={PDF})
    return report_keep(report=report, received=received, at=at, actor=actor, now=now)


def finished_fact(report: Report) -> FactRow:
    stream = report.case.compartment_stream(rules.paper_holds(report.words))
    rows = FactRow.objects.filter(stream=stream, type="report.finished").order_by("position")
    return next(row for row in rows if row.value("report") == str(report.uid))


def paper_of(content: Mapping[str, Any], fact: FactRow, *, digest: str, at: datetime) -> bytes:
    """The PDF of some content, with the place of `fact` in the chain at its foot."""
    with translation.override(content["language"]):
        foot, code = papers.foot(fact, digest=digest, check_url=content["check"])
    placed, pictures = papers.picture_bytes(content)
    document = {name: value for name, value in placed.items() if name != "check"}
    return paper_render(document | {"foot": foot | {"qr": len(pictures)}}, at=at, pictures=[*pictures, qr_picture(code)])


@writes
def report_keep(*, report: Report, received: Received, at: datetime, actor: Actor, now: datetime) -> Report:
    """Chain the paper by its digest. The version before it is superseded, and stays."""
    case = case_locked(report.case)
    report = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
    report.case = case
    if not waits_for_print(report):
        raise errors.WrongPaperState()
    if any(is_complained_about(case, pk) for pk in report.signers):
        raise errors.PersonComplainedAbout()
    holds = rules.paper_holds(report.words)
    stored = file_store(received=received, branch_id=case.branch_id, compartment=holds, actor=actor, now=now)
    before = Report.objects.filter(case=case, kind=report.kind, state="signed").order_by("-version").first()
    if before is not None:
        before.state, before.superseded_at = "superseded", now
        before.save(update_fields=["state", "superseded_at"])
    report.state, report.stored, report.sha256, report.signed_at = "signed", stored, stored.sha256, at
    report.save(update_fields=["state", "stored", "sha256", "signed_at"])
    said = {"sha256": stored.sha256, "size": stored.size, "digest": report.digest}
    said |= {"supersedes": before.version} if before else {}
    _tell(report, "report.signed", actor, now, **said)
    return report


@writes
def report_give(*, report: Report, actor: Actor, now: datetime) -> Report:
    """Put the person's own version on their follow-up page, and tell them it is there."""
    case, report = _locked(report, actor, now, "signed")
    if report.kind != Paper.COMPLAINANT:
        raise errors.WrongPaperState()
    if case.disclosed_at is None:
        raise errors.NotDisclosedYet()
    if report.given_at is not None:
        raise errors.AlreadyDone()
    _through_the_guard(report, now)
    report.given_at, report.given_by_id = now, actor.user_id
    report.save(update_fields=["given_at", "given_by"])
    _tell(report, "report.given", actor, now, sha256=report.sha256)
    with translation.override(case.language):
        told = _("「%(title)s」第 %(n)s 版放在這一頁了。核對過身分的人可以閱讀與下載。") % {
            "title": label(PAPERS, report.kind),
            "n": report.version,
        }
    message = message_draft(
        stream=case.stream, branch_id=case.branch_id, channel="portal", kind="letter", body=told,
        language=case.language, actor=actor, now=now,
    )  # fmt: skip
    message_queue(message=message, may_carry_content=False, actor=actor, now=now)
    return report


# --- what they begin and end with ------------------------------------------------------------------------------------


def _begin(case: Case, kind: str, actor: Actor, now: datetime) -> Case:
    locked = case_locked(case)
    require_may(locked, PAPER_MOVE[kind], actor, now)
    return locked


def _locked(report: Report, actor: Actor, now: datetime, state: str) -> tuple[Case, Report]:
    case = _begin(report.case, report.kind, actor, now)
    report = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
    report.case = case
    if report.state != state:
        raise errors.WrongPaperState()
    return case, report


def _tell(
    report: Report,
    fact: str,
    actor: Actor,
    now: datetime,
    *,
    texts: Mapping[str, Text] | None = None,
    private: Mapping[str, str] | None = None,
    **plain: Any,
) -> None:
    case_change(report.case, now=now)
    said = {"report": str(report.uid), "kind": report.kind, "version": report.version, **plain}
    # What it holds decides where it is told: from there on the rule of that compartment keeps it, bundles included.
    holds = rules.paper_holds(report.words)
    tell(report.case, fact, actor=actor, now=now, plain=said, private=private, texts=texts, compartment=holds)
