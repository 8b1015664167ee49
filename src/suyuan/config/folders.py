"""Where things lie that came with the program. No settings, no Django."""
from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def packs_folder() -> Path:
    """Packs as they came: inside an installed package, or beside the sources."""
    return next((path for path in (PACKAGE / "_packs", PACKAGE.parents[1] / "packs") if path.is_dir()), PACKAGE / "_packs")
