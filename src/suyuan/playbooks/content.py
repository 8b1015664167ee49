"""From stored content to frozen values."""

import json
from dataclasses import replace
from typing import Any

from suyuan.playbooks import schemas
from suyuan.playbooks.models import PackVersion
from suyuan.playbooks.readers import Calendar, Law, PackInfo, Procedure
from suyuan.playbooks.wording import Wording


def info_of(version: PackVersion) -> PackInfo:
    manifest = schemas.MANIFEST.validate_json(json.dumps(version.content["pack"]))
    return PackInfo(
        pack=version.pack,
        version=version.version,
        kind=manifest.kind,
        jurisdiction=manifest.jurisdiction,
        name=manifest.name,
        published=manifest.published,
        reviewed_by=manifest.reviewed_by,
        sha=version.sha256,
        pk=version.pk,
        uid=str(version.uid),
        overlays=manifest.overlays,
    )


def procedure(version: PackVersion) -> Procedure:
    return Procedure(info=info_of(version), **_sections(version))


def law(version: PackVersion) -> Law:
    rows = version.content["rules"]
    rules = _sections(version)["rules"]
    hashed = (replace(rule, sha=schemas.sha_of(row)) for rule, row in zip(rules, rows, strict=True))
    return Law(info=info_of(version), rules=tuple(hashed))


def calendar(version: PackVersion) -> Calendar:
    return Calendar(info=info_of(version), **_sections(version))


def wording(version: PackVersion) -> Wording:
    return Wording(info=info_of(version), **_sections(version))


def _sections(version: PackVersion) -> dict[str, Any]:
    """A version knows the sections of its day; what came later falls back to what the reader says."""
    shapes = schemas.of(version.kind)
    there = ((name, shape) for name, shape in shapes.items() if name in version.content)
    return {name: shape.validate_json(json.dumps(version.content[name])) for name, shape in there}
