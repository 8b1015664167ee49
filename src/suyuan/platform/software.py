"""Which program this is."""
from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[3] / "pyproject.toml"


@cache
def software() -> str:
    """Name and version, as `suyuan version` prints them and each checkpoint carries them."""
    try:
        return f"suyuan {installed('suyuan')}"
    except PackageNotFoundError:  # run from a checkout
        import tomllib

        project = tomllib.loads(_CHECKOUT.read_text(encoding="utf-8"))
        return f"suyuan {project['project']['version']}"
