"""What every road says when words were not handed over."""

from __future__ import annotations

from suyuan.correspondence import rules


class Unsent(Exception):
    """The other side did not take it, as far as we know. `answer` is what the rules decide on; `said` is its own sentence."""

    def __init__(self, answer: rules.Answer, said: str = "") -> None:
        super().__init__(f"{answer.stage} {answer.code}")
        self.answer = answer
        self.said = said
