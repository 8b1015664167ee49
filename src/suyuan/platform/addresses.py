"""Every address says who may use it. `suyuan urls --json` lists them; an unclassified one fails the build."""
from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

AUDIENCES = frozenset({"public", "party", "staff"})


@dataclass(frozen=True)
class Address:
    """Who may use a view.

    audience  public (anyone), party (holder of a receipt), staff (logged in)
    move      the move of `accounts.rules.may` that a case-bound view stands for; None when it is not about one case
    to        the door's purpose for case-bound views: "see" or the move
    roles     for staff views that are not about one case: roles that may; empty = every member
    methods   HTTP methods answered
    idempotent  a public POST that carries an idempotency key
    """

    audience: str
    move: str | None = None
    roles: frozenset[str] = frozenset()
    methods: tuple[str, ...] = ("GET",)
    idempotent: bool = False


def address(
    audience: str,
    *,
    methods: tuple[str, ...] = ("GET",),
    move: str | None = None,
    roles: frozenset[str] | set[str] = frozenset(),
    idempotent: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Classify a view and hold it to its methods; HEAD follows GET. Staff addresses ask for a login."""
    if audience not in AUDIENCES:
        raise ValueError(f"unknown audience: {audience}")
    held = Address(audience, move, frozenset(roles), methods, idempotent)

    def classify(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(request, *args, **kwargs):
            from django.http import HttpResponseNotAllowed

            allowed = {*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
            if request.method not in allowed:
                return HttpResponseNotAllowed(sorted(allowed))
            if audience == "staff":
                answer = _staff_only(request, held)
                if answer is not None:
                    return answer
            return view(request, *args, **kwargs)

        guarded.address = held
        return guarded

    return classify


def _staff_only(request, held: Address):
    """Ask for a login, or refuse a role that has no business here. Returns a response to send, or None to go on."""
    if not request.user.is_authenticated:
        return request.ask_login()
    if held.roles and not (held.roles & request.profile.roles):
        from suyuan.kernel.refusal import NotHere

        raise NotHere()
    return None
