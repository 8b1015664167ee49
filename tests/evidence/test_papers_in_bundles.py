"""Signed papers stand in a bundle under the digest that their event shows, for those who may read them (A-11, D-10)."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import pytest

from suyuan.cases.selectors.bundles import bundle_asked, hideable_in
from suyuan.cases.services.bundles import case_bundle, case_bundle_again
from suyuan.cases.services.passports import passport_make
from suyuan.cases.services.reports import report_give
from suyuan.desk.bundles import left_out_words
from suyuan.evidence.services.bundles import bundle_export, bundle_write
from suyuan.platform.checkpoints import checkpoint_make
from suyuan.platform.files import file_open
from suyuan.platform.models import FactRow
from tests.cases import test_reports as reports
from tests.cases.cast import HOUR, NOON, fresh
from tests.cases.test_reports import CHECK, WORDS, finished, plain_words, signed
from tests.evidence.judges import first, second

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-10"), pytest.mark.sqlite]

LATER = NOON + 2 * HOUR

case = reports.case  # under investigation, two investigators, something found


def handed(cast, case, purpose="litigation", **said):
    export, plan = case_bundle(case=fresh(case), actor=cast.manager.actor, now=LATER, purpose=purpose, **said)
    out = io.BytesIO()
    bundle_write(plan=plan, out=out)
    return export, out.getvalue()


def inside(bundle: bytes) -> dict[str, bytes]:
    held = zipfile.ZipFile(io.BytesIO(bundle))
    return {name: held.read(name) for name in held.namelist()}


def papers_in(bundle: bytes) -> list[str]:
    return [name.removeprefix("payload/papers/") for name in inside(bundle) if name.startswith("payload/papers/")]


def left_out_of(bundle: bytes) -> set[tuple[str, str]]:
    return {(one["what"], one["why"]) for one in json.loads(inside(bundle)["bundle.json"])["left_out"]}


@pytest.mark.requirement("A-11")
def test_a_signed_report_stands_under_the_digest_that_its_event_shows(cast, case, tmp_path):
    report = signed(cast, case)
    export, bundle = handed(cast, case)
    paper = inside(bundle)["payload/papers/report-internal-1.pdf"]
    fact = FactRow.objects.get(stream=case.stream, type="report.signed")
    assert hashlib.sha256(paper).hexdigest() == fact.value("sha256")
    with file_open(report.stored) as file:
        assert paper == file.read()

    path, pin = tmp_path / "case.zip", export.checkpoint.fingerprint
    path.write_bytes(bundle)
    assert first(bundle, pin) == (0, "")
    assert second([(path, pin, "")])[0][0] == 0


def test_another_paper_under_the_same_name_is_refused_by_both(cast, case, tmp_path):
    signed(cast, case)
    export, bundle = handed(cast, case)
    at, pin = bundle.index(b"%PDF-"), export.checkpoint.fingerprint
    forged = bytearray(bundle)
    forged[at + 200] ^= 1
    path = tmp_path / "case.zip"
    path.write_bytes(forged)
    code, why = first(bytes(forged), pin)
    assert code == 1 and "payload/papers/report-internal-1.pdf" in why
    assert second([(path, pin, "")])[0][0] == 1


def test_the_patient_gets_the_version_that_was_written_for_them(cast, case):
    signed(cast, case)
    case.stage = "findings_disclosed"
    case.save(update_fields=["stage"])
    case.disclosed_at = NOON
    case.save(update_fields=["disclosed_at"])
    report = signed(cast, fresh(case), kind="complainant", words=plain_words(case))
    report_give(report=report, actor=cast.manager.actor, now=NOON + HOUR)
    _, bundle = handed(cast, case, "patient")
    assert papers_in(bundle) == ["report-complainant-1.pdf"]
    # Nor do its words come along with the event that froze them.
    assert WORDS["analysis"].encode() not in bundle and "這是事實。".encode() in bundle
    assert ("paper.internal", "not_for_this_reader") in left_out_of(bundle)
    _, bundle = handed(cast, case)
    assert papers_in(bundle) == ["report-complainant-1.pdf", "report-internal-1.pdf"]
    assert WORDS["analysis"].encode() in bundle and not {what for what, _ in left_out_of(bundle)} & {
        "paper.internal",
        "papers",
    }


def test_a_draft_and_what_waits_for_signatures_stay_where_they_are(cast, case):
    finished(cast, case)
    assert papers_in(handed(cast, case)[1]) == []


def test_a_passport_goes_where_it_was_made_for(cast, case):
    passport_make(
        case=case, purpose="mediation", language="zh-hant", check_url=CHECK, actor=cast.manager.actor, now=NOON
    )
    assert papers_in(handed(cast, case, "mediation")[1]) == ["passport-mediation-1.pdf"]
    assert papers_in(handed(cast, case, "litigation")[1]) == []


def test_where_somebody_is_hidden_no_paper_goes_and_that_is_said(cast, case):
    report = signed(cast, case)
    report.refresh_from_db()
    somebody = hideable_in(case)[0].uid
    for files in (None, True):
        export, bundle = handed(cast, case, hidden=[somebody], with_files=files)
        assert papers_in(bundle) == [] and ("papers", "hidden") in left_out_of(bundle)
        assert first(bundle, export.checkpoint.fingerprint) == (0, "")
        listed = {one["sha256"]: one["shown"] for one in json.loads(inside(bundle)["bundle.json"])["files"]}
        assert listed[report.sha256] is False  # its event shows the digest: that it is not here is said
    assert left_out_words("papers", "hidden") == ("簽過名的報告與案件摘要", "裡面會有選定的人")
    _, bundle = handed(cast, case, with_files=False)
    assert papers_in(bundle) == [] and ("papers", "chosen") in left_out_of(bundle)


def test_the_same_bundle_again_holds_only_the_papers_of_that_day(cast, case):
    signed(cast, case)
    export, bundle = handed(cast, case)
    signed(cast, fresh(case), words={**WORDS, "summary": "補查之後的摘要。"})  # the first is superseded
    checkpoint_make(now=LATER + HOUR)
    again = io.BytesIO()
    bundle_write(plan=case_bundle_again(case=fresh(case), export=export, actor=cast.manager.actor, now=LATER + HOUR), out=again)
    assert again.getvalue() == bundle
    assert papers_in(handed(cast, case)[1]) == ["report-internal-1.pdf", "report-internal-2.pdf"]


def test_a_paper_signed_between_asking_and_sealing_does_not_break_the_bundle(cast, case, monkeypatch):
    from suyuan.evidence.services import bundles

    def sealed_late(**said):
        signed(cast, fresh(case))
        return checkpoint_make(**said)

    monkeypatch.setattr(bundles, "checkpoint_make", sealed_late)
    export, bundle = handed(cast, case)
    assert papers_in(bundle) == ["report-internal-1.pdf"]
    again = io.BytesIO()
    bundle_write(plan=case_bundle_again(case=fresh(case), export=export, actor=cast.manager.actor, now=LATER), out=again)
    assert again.getvalue() == bundle


def test_what_was_written_for_the_patient_and_not_given_does_not_go_by_way_of_a_bundle(cast, case, tmp_path):
    case.stage = "findings_disclosed"
    case.disclosed_at = NOON
    case.save(update_fields=["stage", "disclosed_at"])
    report = signed(cast, fresh(case), kind="complainant", words=plain_words(case))
    export, before = handed(cast, case, "patient")
    assert papers_in(before) == [] and "這是事實。".encode() not in before and report.sha256.encode() not in before
    assert ("paper.complainant", "not_given") in left_out_of(before)
    assert left_out_words("paper.complainant", "not_given")[1] == "還沒有交給對方的版本不放進去"
    assert first(before, export.checkpoint.fingerprint) == (0, "")
    assert papers_in(handed(cast, case, "mediation")[1]) == ["report-complainant-1.pdf"], "that is for others to read"

    report_give(report=report, actor=cast.manager.actor, now=LATER)
    _, after = handed(cast, case, "patient")
    assert papers_in(after) == ["report-complainant-1.pdf"] and "這是事實。".encode() in after
    assert ("paper.complainant", "not_given") not in left_out_of(after)

    checkpoint_make(now=LATER + HOUR)
    again = io.BytesIO()
    bundle_write(plan=case_bundle_again(case=fresh(case), export=export, actor=cast.manager.actor, now=LATER + HOUR), out=again)
    assert again.getvalue() == before, "the earlier one stays what it was"


def test_a_bundle_that_was_handed_out_before_this_was_asked_stays_what_it_was(cast, case):
    case.stage = "findings_disclosed"
    case.save(update_fields=["stage"])
    signed(cast, fresh(case), kind="complainant", words=plain_words(case))
    wanted = bundle_asked(None, fresh(case), purpose="patient", now=LATER)
    asked = {"hidden": [], "with_files": None, "compartments": [""]}
    export, plan = bundle_export(
        wanted=wanted, asked=asked, stream=case.stream, branch_id=case.branch_id, actor=cast.manager.actor, now=LATER
    )
    again = case_bundle_again(case=fresh(case), export=export, actor=cast.manager.actor, now=LATER + HOUR)
    assert again.manifest == plan.manifest
