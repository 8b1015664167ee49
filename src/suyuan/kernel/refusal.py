"""A refusal carries a machine code and data; its words for people come from the contexts' `errors.py`."""
from __future__ import annotations


class Refusal(Exception):
    """Something was asked that will not be done. Nothing has changed.

    `code` is stable and greppable; `status` is the HTTP status that `platform.http` answers with.
    """

    code = "refused"
    status = 409

    def __init__(self, *args: object, **data: object) -> None:
        super().__init__(*args)
        self.data = data

    def message(self) -> str:
        """What did not happen and what to do, in the reader's language."""
        return str(self.args[0]) if self.args else self.code

    def __str__(self) -> str:
        return f"{self.code}: {self.message()}" if self.args else self.code


class NotHere(Refusal):
    """Not there, or not yours: both look alike."""

    code = "not_here"
    status = 404


class NotAllowed(Refusal):
    """The reader may know that the thing exists, but may not do this with it."""

    code = "not_allowed"
    status = 403


class MovedMeanwhile(Refusal):
    """Someone else changed the row first; what was typed is kept by the view."""

    code = "moved_meanwhile"
    status = 409


class BadInput(Refusal):
    """Input that a form should have caught; `fields` maps a field's name to its message."""

    code = "bad_input"
    status = 422

    def __init__(self, *args: object, fields: dict[str, object] | None = None, **data: object) -> None:
        super().__init__(*args, **data)
        self.fields = dict(fields or {})
