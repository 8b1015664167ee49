"""A case handed out: what goes in, what stays out, and that both verifiers accept it."""
from __future__ import annotations

import io

from suyuan.cases.services.bundles import case_bundle
from suyuan.evidence.services.bundles import bundle_write
from suyuan.evidence.verifier import verify
from tests.cases.cast import NOON, case_made


def made(case, actor, **said):
    export, plan = case_bundle(case=case, actor=actor, now=NOON, **{"purpose": "litigation", **said})
    out = io.BytesIO()
    bundle_write(plan=plan, out=out)
    return export, out


def test_it(committed):
    case = case_made(committed)
    export, out = made(case, committed.head.actor)
    report = verify.verify(out, export.checkpoint.fingerprint)
    assert report.pinned
