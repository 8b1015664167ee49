"""Small packs written to a folder, so that a test can spoil one line and see it explained."""

import shutil
from pathlib import Path

PACKS = Path(__file__).parents[2] / "packs"
SMALL = ("procedure/base", "law/tw", "law/cn", "calendars/tw", "calendars/cn")
PACK_NAMES = (*SMALL, "wording/base", "wording/tw", "wording/cn")


def copied(folder: Path, *packs: str) -> Path:
    """A copy of some shipped packs ("law/tw"), or of all but the long ones of wording."""
    for pack in packs or SMALL:
        shutil.copytree(PACKS / pack, folder / pack)
    return folder


def changed(path: Path, old: str, new: str) -> int:
    """Replace the first occurrence; returns the line it stood on, counted from 1."""
    text = path.read_text(encoding="utf-8")
    place = text.index(old)
    path.write_text(text[:place] + new + text[place + len(old) :], encoding="utf-8")
    return text[:place].count("\n") + 1


OVERLAY = """\
id: {id}
version: "1"
kind: {kind}
jurisdiction: {jurisdiction}
name: {{zh-Hant: 本院, zh-Hans: 本院, en: Ours}}
published: 2026-11-21
reviewed_by: 王律師
overlays: {base}
"""


def overlay(
    folder: Path, changes: str, *, base: str = "law/tw", kind: str = "law", jurisdiction: str = "tw", name: str = "ours"
) -> Path:
    """An overlay pack beside the others."""
    path = folder / name
    path.mkdir(parents=True)
    words = OVERLAY.format(id=f"{name}/pack", base=base, kind=kind, jurisdiction=jurisdiction)
    (path / "pack.yaml").write_text(words, encoding="utf-8")
    (path / "changes.yaml").write_text(changes, encoding="utf-8")
    return path
