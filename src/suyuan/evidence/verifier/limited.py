"""The verifier in a process of its own (`platform.files.limited`): what a stranger uploads is read there and nowhere else."""
from __future__ import annotations

from suyuan.evidence.verifier import place, verify


def check(bundle: bytes, pin: str, receipt: str, language: str) -> dict[str, object]:
    """Exit code and lines, as on a stranger's own machine: of a bundle, or of a receipt's place."""
    kind = place if bundle[:1] == b"{" else verify
    code, lines = kind.judge(bundle, pin or None, receipt.encode() if receipt else None, language)
    return {"code": code, "lines": lines}
