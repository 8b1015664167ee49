"""The weights by which the guard weighs a whole text, as they are shipped. Learned by `tests/guard/learning.py`."""

from functools import cache
from pathlib import Path

from suyuan.kernel.textlint.weighing import Weights, weights_from

FILE = Path(__file__).with_name("weights.json")


@cache
def weights() -> Weights:
    """Read once in a process."""
    return weights_from(FILE.read_text("utf-8"))
