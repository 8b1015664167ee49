"""Reads a text against rules: folding with a way back, words, frames, scopes, absences. No Django, no language of its own."""

from suyuan.kernel.textlint.folding import Folded, Folding
from suyuan.kernel.textlint.frames import BadFrame, Frame, read
from suyuan.kernel.textlint.linter import Linter, together
from suyuan.kernel.textlint.rules import (
    CLEAN,
    Context,
    Finding,
    Known,
    Level,
    Rule,
    RuleSet,
    Scope,
    Shape,
    Words,
    verdict,
)

__all__ = [
    "CLEAN", "BadFrame", "Context", "Finding", "Folded", "Folding", "Frame", "Known", "Level", "Linter", "Rule", "RuleSet",
    "Scope", "Shape", "Words", "read", "together", "verdict",
]  # fmt: skip
