"""Logging in: how many guesses are left, which devices are known, and the book of compared passwords.

Counters live in the database, so they hold across processes and restarts. A guess is taken before the password is
compared and given back when it was right. From a device on which this person has logged in before, guesses have a
budget of their own: a storm from outside never locks out the person it is aimed at.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse

from suyuan.accounts.models import KnownDevice, LoginAttempt, LoginBucket, User, login_folded
from suyuan.accounts.rules import KNOWN_DEVICE_LIMIT, STRANGER_LIMITS, Limit

DEVICE_COOKIE = "suyuan_device"
_DEVICE_SECONDS = 400 * 24 * 3600


def cookie_name() -> str:
    return f"__Host-{DEVICE_COOKIE}" if settings.HTTPS else DEVICE_COOKIE


def device_hash(request: HttpRequest) -> str:
    """Digest of this browser's token; empty for a browser nobody logged in on."""
    token = request.COOKIES.get(cookie_name(), "")
    return hashlib.sha256(token.encode()).hexdigest() if 20 <= len(token) <= 100 else ""


def last_user_on(device: str) -> int | None:
    """Who logged in on this browser last."""
    rows = KnownDevice.objects.filter(token_hash=device).order_by("-last_seen_at", "-id") if device else None
    return rows.values_list("user_id", flat=True).first() if rows is not None else None


def client_address(request: HttpRequest) -> str | None:
    """The address of the browser; forwarded headers are believed only from our own proxies."""
    address = _ip(request.META.get("REMOTE_ADDR", ""))
    if address in settings.TRUSTED_PROXIES:
        for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            address = _ip(hop) or address
            if address not in settings.TRUSTED_PROXIES:
                break
    return address


def _ip(text: str) -> str | None:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return None


@dataclass(frozen=True)
class Guess:
    """One password about to be compared, and the counters it was taken from."""

    taken: tuple[str, ...]
    address: str | None
    known_device: bool


def guess_take(login: str, request: HttpRequest, now: datetime) -> Guess | None:
    """Take one guess at `login`, or None: too many already, so nothing is compared."""
    name, device, address = login_folded(login), device_hash(request), client_address(request)
    known = bool(device) and KnownDevice.objects.filter(token_hash=device, user__login=name).exists()
    if known:
        wanted = {f"device:{_digest(device + name)}": KNOWN_DEVICE_LIMIT}
    else:
        wanted = {
            f"name:{_digest(name)}": STRANGER_LIMITS["name"],
            f"address:{address or 'none'}": STRANGER_LIMITS["address"],
            "all": STRANGER_LIMITS["all"],
        }
    taken: list[str] = []
    for bucket, limit in wanted.items():
        if not _take(bucket, limit, now):
            _give_back(taken)
            return None
        taken.append(bucket)
    return Guess(tuple(taken), address, known)


def guess_note(guess: Guess, user: User | None, *, right: bool, now: datetime) -> None:
    """Write the attempt down. A right password costs nothing."""
    if right:
        _give_back(guess.taken)
    LoginAttempt.objects.create(at=now, user=user, address=guess.address, known_device=guess.known_device, right=right)


def _take(bucket: str, limit: Limit, now: datetime) -> bool:
    """Compare and set: however many processes ask at once, no more than `limit.count` get one."""
    over = now - timedelta(seconds=limit.seconds)
    rows = LoginBucket.objects.filter(name=bucket)
    left = rows.filter(count__lt=limit.count, started_at__gt=over)
    if left.update(count=F("count") + 1):
        return True
    if rows.filter(started_at__gt=over).exists():
        return False  # used up
    LoginBucket.objects.bulk_create([LoginBucket(name=bucket, started_at=now)], ignore_conflicts=True)
    rows.filter(started_at__lte=over).update(started_at=now, count=0)
    return bool(left.update(count=F("count") + 1))


def _give_back(buckets: tuple[str, ...] | list[str]) -> None:
    LoginBucket.objects.filter(name__in=buckets, count__gt=0).update(count=F("count") - 1)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def old_counters_forget(now: datetime) -> None:
    """Counters whose time is over say nothing any more. Called at each login, so the table stays small."""
    longest = max(limit.seconds for limit in (*STRANGER_LIMITS.values(), KNOWN_DEVICE_LIMIT))
    LoginBucket.objects.filter(started_at__lte=now - timedelta(seconds=longest)).delete()


def device_remember(request: HttpRequest, response: HttpResponse, user: User, now: datetime) -> str:
    """This person logged in on this browser: remember both. Returns the digest of the browser's token."""
    digest = device_hash(request)
    if digest:
        token = request.COOKIES[cookie_name()]
    else:
        token = secrets.token_urlsafe(32)
        digest = hashlib.sha256(token.encode()).hexdigest()
    row, made = KnownDevice.objects.get_or_create(
        token_hash=digest, user=user, defaults={"first_seen_at": now, "last_seen_at": now}
    )
    if not made:
        KnownDevice.objects.filter(pk=row.pk).update(last_seen_at=now)
    response.set_cookie(
        cookie_name(), token, max_age=_DEVICE_SECONDS, secure=settings.HTTPS, httponly=True, samesite="Lax", path="/"
    )
    return digest
