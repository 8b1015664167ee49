"""Both verifiers, asked the way anyone would ask them, and quickly."""
from __future__ import annotations

import functools
import io
import subprocess
from collections.abc import Iterable
from pathlib import Path

from suyuan.evidence.verifier import verify

SECOND = Path(__file__).parent.parent / "verifiers" / "second.pl"

# The same answer for the same question: the arithmetic of one signature need not be done a thousand times.
verify.ed25519_valid = functools.lru_cache(maxsize=100_000)(verify.ed25519_valid)


def first(bundle: bytes, pin: str = "", receipt: str | None = None) -> tuple[int, str]:
    """Exit code and reason of verify.py, in this process."""
    try:
        report = verify.verify(io.BytesIO(bundle), pin, Path(receipt).read_bytes() if receipt else None)
    except verify.Refused as refused:
        return refused.args[0], " ".join(map(str, refused.args[1:]))
    return (0 if report.pinned else 3), ""


def second(asked: Iterable[tuple[Path, str, str]], tsa: Path | None = None) -> list[tuple[int, str]]:
    """Verdicts of the other verifier over (bundle, pin, receipt), in one run. `tsa`: roots to hold time stamps against."""
    lines = "".join(f"{path}\t{pin}\t{receipt}\n" for path, pin, receipt in asked)
    roots = ["--tsa", str(tsa)] if tsa else []
    run = subprocess.run(["perl", str(SECOND), "--batch", *roots], input=lines, capture_output=True, text=True, check=False)
    assert not run.stderr, run.stderr
    return [(int(line.split("\t")[1]), line.split("\t")[2]) for line in run.stdout.splitlines()]
