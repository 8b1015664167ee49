"""The guard's rules straight from a folder of packs, for whoever uses the guard alone, without a house.

Reading YAML takes seconds; what was read is kept beside other programs' caches under the hash of the files, where there is a
place for it. A cache that cannot be read or written costs time and nothing else.
"""

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from suyuan.playbooks import loader, schemas
from suyuan.playbooks.guarding import Guarding

SECTIONS = ("kinds", "words", "shapes", "substitutes", "rules")


class PacksBroken(Exception):
    """The folder holds no wording pack, or one with mistakes; `suyuan packs check` tells them."""


def guarding_of(folder: Path) -> Guarding:
    """Every wording pack of the folder as one. Raises PacksBroken."""
    files = sorted(path for path in folder.rglob("*.y*ml") if "wording" in path.relative_to(folder).parts)
    if not files:
        raise PacksBroken(str(folder))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    cache = _cache_folder() / f"wording-{digest.hexdigest()[:32]}.json"
    sections = _kept(cache) or _read(folder)
    shapes = schemas.of("wording")
    guarding = Guarding(**{name: shapes[name].validate_json(json.dumps(sections.get(name, []))) for name in SECTIONS})
    _keep(cache, sections)
    return guarding


def _read(folder: Path) -> dict[str, list]:
    sections: dict[str, list] = {name: [] for name in SECTIONS}
    found = False
    for each in loader.pack_folders(folder):
        draft = loader.read(each, root=folder, examples=False)
        if draft.manifest is None or draft.manifest.kind != "wording" or draft.overlay:
            continue
        if draft.problems:
            raise PacksBroken(str(draft.problems[0]))
        found = True
        for name in SECTIONS:
            sections[name].extend(draft.body.get(name, []))
    if not found:
        raise PacksBroken(str(folder))
    return sections


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "suyuan"


def _kept(cache: Path) -> dict[str, list] | None:
    with suppress(OSError, ValueError):
        kept = json.loads(cache.read_text("utf-8"))
        if isinstance(kept, dict):
            return kept
    return None


def _keep(cache: Path, sections: dict[str, list]) -> None:
    """Whole or not at all: another process may read it at this moment."""
    if cache.exists():
        return
    with suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=cache.parent, delete=False, encoding="utf-8") as fresh:
            json.dump(sections, fresh, ensure_ascii=False)
        os.replace(fresh.name, cache)
