"""Loading packs: the only writer here."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from django.conf import settings

from suyuan.kernel.actor import Actor
from suyuan.platform import units
from suyuan.platform.facts import Fact, facts_record, stream_of
from suyuan.platform.units import writes
from suyuan.playbooks import loader, selectors
from suyuan.playbooks.errors import PackRefused
from suyuan.playbooks.loader import Draft
from suyuan.playbooks.models import PackActivation, PackVersion


@writes
def packs_load(*, folder: Path | str, actor: Actor, now: datetime) -> list[PackVersion]:
    """Check a folder of packs and put them in force, all or none. What is in force already stays as it is.

    A new version of a pack that a clinic has laid an overlay over does not push the overlay out: the overlay is laid
    anew over the new version, and if it no longer fits, nothing is loaded. Returns what is newly in force.
    """
    loaded = PackVersion.objects.values_list("pack", flat=True).distinct()
    drafts = loader.read_all(Path(folder), shipped=settings.PACKS_DIR, loaded=set(loaded))
    _refuse_broken(drafts)
    in_force = {version.slot: version for version in selectors.active_versions()}
    chosen = _chosen(drafts, in_force)
    _refuse_broken(chosen)

    put = []
    for draft in chosen:
        version = _stored(draft, actor, now)
        if in_force.get(version.slot) != version:
            in_force[version.slot] = version
            put.append(version)
    PackActivation.objects.bulk_create(
        PackActivation(slot=version.slot, version=version, at=now, by=str(actor)) for version in put
    )

    facts_record([_loaded(version) for version in put], actor=actor, now=now)
    units.required().notes[selectors.LOADED] = True
    selectors.forget()
    return put


def _refuse_broken(drafts: Iterable[Draft]) -> None:
    problems = [problem for draft in drafts for problem in draft.problems]
    if problems:
        raise PackRefused(problems=problems)


def _chosen(drafts: list[Draft], in_force: Mapping[str, PackVersion]) -> list[Draft]:
    """Which of the packs fill a slot: over a base lies its overlay, the one that came along or the one in use."""
    overlaid = {draft.manifest.overlays for draft in drafts if draft.overlay}
    chosen = []
    for draft in drafts:
        if draft.overlay:
            chosen.append(draft)
            continue
        if draft.manifest.id in overlaid:
            continue
        current = in_force.get(f"{draft.manifest.kind}:{draft.manifest.jurisdiction}")
        lies_over = current is not None and current.content["pack"].get("overlays") == draft.manifest.id
        chosen.append(loader.relaid(current.content, over=draft) if lies_over else draft)
    return chosen


def _stored(draft: Draft, actor: Actor, now: datetime) -> PackVersion:
    there = PackVersion.objects.filter(sha256=draft.sha).first()
    return there or PackVersion.objects.create(
        pack=draft.manifest.id,
        version=draft.manifest.version,
        kind=draft.manifest.kind,
        jurisdiction=draft.manifest.jurisdiction,
        sha256=draft.sha,
        content=draft.content(),
        loaded_at=now,
        loaded_by=str(actor),
    )


def _loaded(version: PackVersion) -> Fact:
    return Fact(
        "pack.loaded",
        stream_of("pack", version.uid),
        plain={
            "pack": version.pack,
            "version": version.version,
            "kind": version.kind,
            "jurisdiction": version.jurisdiction,
            "sha256": version.sha256,
            "reviewed": bool(version.content["pack"].get("reviewed_by")),
        },
        subject=version,
    )
