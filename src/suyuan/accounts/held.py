"""A session that ends in the middle of a form loses no typing.

When a form reaches us without a living session, its fields are sealed and kept for the person who was logged in, on
this browser, for an hour. After that same person has logged in again, everything is shown once more, ready to send;
pages that fill their own form can take the words with `held_initial(request)`. Passwords and files are never kept.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from suyuan.accounts.logins import device_hash, last_user_on
from suyuan.accounts.models import HeldForm, User
from suyuan.accounts.rules import FRESH_SECONDS
from suyuan.platform.keys import seal, unseal

_FIELD = "held_form.body"
_NEVER = ("csrfmiddlewaretoken", "password")
_CODE = re.compile(r"[!-~]{1,64}")  # one word of plain ASCII
MOST_BYTES = 1_000_000
MOST_FORMS = 20


@dataclass(frozen=True)
class Held:
    """A kept form, opened."""

    row: HeldForm
    fields: tuple[tuple[str, str], ...]

    def first(self) -> dict[str, str]:
        """Field → value, the last one given where a field came twice: what a form takes as `initial`."""
        return dict(self.fields)

    @property
    def written(self) -> list[tuple[str, str]]:
        """What a person wrote in words: shown, and can still be changed."""
        return [(n, v) for n, v in self.fields if v.strip() and not _CODE.fullmatch(v)]

    @property
    def rest(self) -> list[tuple[str, str]]:
        """Numbers, choices and marks of the form: sent along as they were."""
        return [(n, v) for n, v in self.fields if not v.strip() or _CODE.fullmatch(v)]


def form_hold(request: HttpRequest, user_id: int | None, now: datetime) -> HeldForm | None:
    """Keep what was posted, for `user_id` or whoever logged in on this browser last. None: there is nothing to keep."""
    device = device_hash(request)
    owner = user_id if user_id is not None else last_user_on(device)
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "held" and not any(never in name.casefold() for never in _NEVER)
    ]
    if not device or owner is None or not any(value.strip() for _, value in fields):
        return None
    body = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
    if len(body) > MOST_BYTES:
        return None
    expired_forget(now)
    if HeldForm.objects.filter(user_id=owner).count() >= MOST_FORMS:
        return None
    row = HeldForm(
        user_id=owner,
        device_hash=device,
        path=request.get_full_path()[:500],
        page=page_of(request)[:500],
        had_files=bool(request.FILES),
        created_at=now,
    )
    row.body = seal(_FIELD, row.uid, body)
    row.save(force_insert=True)
    return row


def page_of(request: HttpRequest) -> str:
    """The page on which the form stood: where the browser says it came from, if that is ours."""
    said = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    parts = urlsplit(said)
    if parts.netloc != request.get_host() or not parts.path.startswith("/") or parts.path[1:2] in ("/", "\\"):
        return request.get_full_path()
    return parts.path + (f"?{parts.query}" if parts.query else "")


def held_for(user: User, request: HttpRequest, now: datetime) -> list[Held]:
    """What is kept for this person on this browser, newest first."""
    device = device_hash(request)
    if not device:
        return []
    rows = HeldForm.objects.filter(user=user, device_hash=device, created_at__gt=now - _FRESH).order_by("-id")
    return [_opened(row) for row in rows]


def held_initial(request: HttpRequest) -> dict[str, str]:
    """For a view that shows the form again: what was typed into it when the session ended, or nothing."""
    if not request.user.is_authenticated or "held" not in request.GET:
        return {}
    here = _without_held(request.get_full_path())
    for kept in held_for(request.user, request, request.now):
        if str(kept.row.uid) == request.GET["held"] and here in (kept.row.page, kept.row.path):
            return kept.first()
    return {}


def held_done(request: HttpRequest) -> None:
    """The kept form has been sent after all (it carries its uid in the field `held`): forget it."""
    try:
        uid = UUID(request.POST["held"])
    except ValueError:
        return
    if request.user.is_authenticated:
        HeldForm.objects.filter(user=request.user, device_hash=device_hash(request), uid=uid).delete()


def expired_forget(now: datetime) -> None:
    HeldForm.objects.filter(created_at__lte=now - _FRESH).delete()


def can_be_shown(path: str) -> bool:
    """Whether an address of ours answers to a plain visit, so that a person can be led back to it."""
    try:
        found = resolve(urlsplit(path).path)
    except Resolver404:
        return False
    address = getattr(found.func, "address", None)
    return address is not None and "GET" in address.methods


_FRESH = timedelta(seconds=FRESH_SECONDS)


def _opened(row: HeldForm) -> Held:
    pairs = json.loads(unseal(_FIELD, row.uid, bytes(row.body)))
    return Held(row, tuple((name, value) for name, value in pairs))


def _without_held(path: str) -> str:
    base, _, query = path.partition("?")
    rest = "&".join(part for part in query.split("&") if part and not part.startswith("held="))
    return f"{base}?{rest}" if rest else base
