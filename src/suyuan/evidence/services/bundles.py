"""Handing out a bundle: recorded first, then written, then checked by the verifier that travels in it."""
from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from suyuan.evidence.errors import BundleRefused
from suyuan.evidence.models import BundleExport
from suyuan.evidence.selectors.bundles import Asked, Plan, bundle_plan
from suyuan.evidence.verifier import verify
from suyuan.kernel import chain
from suyuan.kernel.actor import Actor
from suyuan.kernel.container import ContainerRefused, Entry, container_write
from suyuan.platform.checkpoints import checkpoint_make
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.files import FileDamaged
from suyuan.platform.units import writes

STORED = "payload/files/", "payload/papers/"


def bundle_export(
    *, wanted: Asked, asked: Mapping[str, Any], stream: str, branch_id: int, actor: Actor, now: datetime
) -> tuple[BundleExport, Plan]:
    """Sign what waits, settle the bundle, and record that it is handed out. Nothing is shown yet.

    Raises BundleRefused, CheckpointRefused.
    """
    checkpoint_make(now=now)
    plan = bundle_plan(wanted, at=now)
    return export_record(
        plan=plan, wanted=wanted, asked=asked, stream=stream, branch_id=branch_id, actor=actor, now=now
    ), plan


@writes
def export_record(
    *, plan: Plan, wanted: Asked, asked: Mapping[str, Any], stream: str, branch_id: int, actor: Actor, now: datetime
) -> BundleExport:
    """The row from which the same bytes can be made again, and the fact with their digest."""
    left_out = [list(pair) for pair in sorted(set(wanted.left_out))]
    export = BundleExport(
        stream=stream,
        branch_id=branch_id,
        purpose=wanted.purpose,
        manifest=plan.manifest,
        checkpoint=plan.checkpoint,
        streams=list(wanted.streams),
        asked=dict(asked),
        left_out=left_out,
        heads=plan.heads,
        anchors=list(plan.anchors),
        events=plan.events,
        files=plan.files,
        size=plan.size,
        by=str(actor),
        at=now,
    )
    export.save(force_insert=True)
    plain = {
        "bundle": str(export.uid),
        "purpose": wanted.purpose,
        "manifest": plan.manifest,
        "checkpoint": plan.checkpoint.sha256,
        "size": plan.checkpoint.size,
        "events": plan.events,
        "files": plan.files,
        "left_out": left_out,
    }
    private = {"made_from": made_from(export.streams, export.asked, export.heads, export.anchors, export.size)}
    facts_record([Fact("bundle.exported", stream, plain, private, subject=export)], actor=actor, now=now)
    return export


def made_from(streams: Any, asked: Any, heads: Any, anchors: Any, size: int) -> str:
    """A digest of what the row keeps besides and the fact does not say: from it the same bytes are made again."""
    kept = json.loads(json.dumps([streams, asked, heads, anchors, size]))  # as the row gives it back
    return hashlib.sha256(chain.canonical(kept)).hexdigest()


def bundle_write(*, plan: Plan, out: BinaryIO) -> list[Entry]:
    """Write a settled bundle to `out`, which can seek. Raises BundleRefused when what was stored is no longer what it was,
    or when the verifier would not accept the result: such a bundle is never handed out."""
    try:
        entries = container_write(out, plan.sources)
    except (ContainerRefused, FileDamaged) as damaged:
        raise BundleRefused("file_damaged") from damaged
    try:
        report = verify.verify(out, pin=plan.pin)
    except verify.Refused as refused:
        raise BundleRefused("does_not_verify", where=": ".join(map(str, refused.args[1:]))) from refused
    if not report.pinned:
        raise BundleRefused("does_not_verify", where="pin")
    out.seek(0)
    return entries


def bundle_check(*, export: BundleExport, plan: Plan, now: datetime) -> None:
    """Make it whole once, for the verifier alone, and note what it said; from then on it is sent as it is read."""
    crcs, fault = {}, ""
    try:
        if plan.manifest != export.manifest:
            raise BundleRefused("changed_since")
        with tempfile.TemporaryFile() as out:
            crcs = crcs_of(bundle_write(plan=plan, out=out))
    except BundleRefused as refused:
        fault = str(refused.data["why"])
    bundle_checked(export=export, crcs=crcs, fault=fault, now=now)


def crcs_of(entries: Iterable[Entry]) -> dict[str, int]:
    return {entry.name: entry.crc for entry in entries if entry.name.startswith(STORED)}


@writes
def bundle_checked(*, export: BundleExport, crcs: dict[str, int], fault: str, now: datetime) -> None:
    """Once; of two that check the same bundle the first is believed, for both read the same bytes."""
    waiting = BundleExport.objects.filter(pk=export.pk, checked_at=None)
    if waiting.update(crcs=crcs, fault=fault, checked_at=now):
        export.crcs, export.fault, export.checked_at = crcs, fault, now


def bundle_again(*, export: BundleExport, wanted: Asked) -> Plan:
    """The plan of the same bytes. Raises BundleRefused when they cannot be made any more: erased since, or a newer program."""
    plan = bundle_plan(wanted, at=export.at, again=export)
    if plan.manifest != export.manifest:
        raise BundleRefused("changed_since")
    return plan
