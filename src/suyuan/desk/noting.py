"""The line of the access log that a page of the desk leaves: which items it shows, and which protected compartments it opens.

`shown` names each as `item:<uid>` or `compartment:<name>`. What a page fetches by itself (its small pictures, its next look)
is named in the page's line and carries a ticket for that.
"""
from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from suyuan.cases.models import Case
from suyuan.evidence.models import Item
from suyuan.platform import access

TICKET = "page"


def noted(
    request: HttpRequest,
    found: Case,
    what: str,
    *,
    items: Iterable[Item] = (),
    compartments: Iterable[str] = (),
    more: Iterable[str] = (),
    purpose: str = "read",
) -> None:
    """Copies, papers, and what lies in a protected compartment, are in the log before they are shown; all else within a second.

    more    what else comes up, each as `<noun>:<uid>`
    """
    rows = list(items)
    opened = sorted({*compartments, *(row.compartment for row in rows)} - {""})
    shown = [f"compartment:{name}" for name in opened] + [f"item:{item_meant(row)}" for row in rows] + [*more]
    write = access.note_before if purpose != "read" or opened else access.seen
    write(
        request.actor, what, at=request.now, purpose=purpose, branch_id=found.branch_id, stream=found.stream, shown=shown
    )


def item_meant(item: Item) -> str:
    """The original, whichever of its copies was shown."""
    return str(item.parent.uid if item.parent_id else item.uid)


def ticketed(request: HttpRequest, what: object) -> bool:
    return access.ticketed(request.GET.get(TICKET, ""), request.actor, what, at=request.now)


def ticket(request: HttpRequest, what: object) -> str:
    """To hang on an address inside a page whose line names what it leads to."""
    return f"{TICKET}={access.ticket(request.actor, what, at=request.now)}"
