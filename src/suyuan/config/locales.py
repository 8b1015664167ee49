"""Message catalogues: committed as .po, compiled to .mo by the program itself, without gettext's tools."""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import polib

PACKAGE = Path(__file__).resolve().parent.parent


def catalogues(root: Path = PACKAGE) -> Iterator[Path]:
    yield from sorted(root.rglob("locale/*/LC_MESSAGES/*.po"))


def compile_catalogues(root: Path = PACKAGE, *, beside: Path | None = None) -> list[Path]:
    """Compile what has no .mo or an older one. Where the package cannot be written to, they go under `beside`."""
    made = []
    for po in catalogues(root):
        mo = po.with_suffix(".mo")
        if _is_fresh(mo, po):
            continue
        if beside is not None and not os.access(po.parent, os.W_OK):
            mo = beside / po.relative_to(root).with_suffix(".mo")
            if _is_fresh(mo, po):
                continue
            mo.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(po, mo.with_suffix(".po"))
        _compile(po, mo)
        made.append(mo)
    return made


def folders_beside(beside: Path) -> list[str]:
    """Locale folders that were compiled outside the package, for LOCALE_PATHS."""
    return [str(folder) for folder in sorted(beside.rglob("locale")) if folder.is_dir()]


def _is_fresh(mo: Path, po: Path) -> bool:
    return mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime


def _compile(po: Path, mo: Path) -> None:
    # Written whole or not at all: another process may be reading it.
    fresh = mo.with_name(f"{mo.name}.{os.getpid()}")
    polib.pofile(str(po), encoding="utf-8").save_as_mofile(str(fresh))
    os.replace(fresh, mo)
