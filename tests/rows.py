"""Which tests show which row of docs/requirements.md: `python -m tests.rows` writes the list at its end."""
from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "requirements.md"
HEAD = "## Rows and their tests"
_MARK = re.compile(r"mark\.requirement\(([^)]*)\)")
_ROW = re.compile(r"[\"']([A-E]-\d\d)[\"']")


def shown() -> dict[str, list[str]]:
    """Row → test files that name it."""
    rows: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for marks in _MARK.findall(path.read_text(encoding="utf-8")):
            for row in _ROW.findall(marks):
                rows.setdefault(row, set()).add(path.relative_to(ROOT).as_posix())
    return {row: sorted(files) for row, files in sorted(rows.items())}


def section() -> str:
    lines = [HEAD, "", "| row | tests |", "| --- | --- |"]
    lines += [f"| {row} | {', '.join(f'`{file}`' for file in files)} |" for row, files in shown().items()]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with its list as it should be now."""
    rules = PAGE.read_text(encoding="utf-8").partition(HEAD)[0].rstrip()
    return f"{rules}\n\n{section()}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
