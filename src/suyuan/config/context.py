"""What every page may know about the house. Nothing is asked of the database until a template names it."""
from __future__ import annotations

from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language

from suyuan.accounts.models import Branch, Organisation

HTML_LANGUAGES = {"zh-hant": "zh-Hant-TW", "zh-hans": "zh-Hans-CN", "en": "en"}
LANGUAGE_NAMES = dict(settings.LANGUAGES)


class House:
    """`house` in templates."""

    demo = settings.DEMO
    idle_seconds = settings.STAFF_IDLE_SECONDS
    languages = settings.LANGUAGES

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def language(self) -> str:
        return get_language() or settings.LANGUAGE_CODE

    @property
    def html_language(self) -> str:
        return HTML_LANGUAGES.get(self.language, "zh-Hant-TW")

    @property
    def theme(self) -> str:
        chosen = self._request.COOKIES.get("sy_theme", "system")
        return chosen if chosen in {"light", "dark"} else "system"

    @cached_property
    def name(self) -> str:
        organisation = Organisation.objects.first()
        return organisation.name(self.language) if organisation else ""

    @cached_property
    def branches(self) -> list[Branch]:
        return list(Branch.objects.order_by("code"))

    @cached_property
    def who(self):
        """The member who is logged in, or None."""
        user = getattr(self._request, "user", None)
        return user if user is not None and user.is_authenticated else None


def house(request: HttpRequest) -> dict[str, object]:
    held = House(request)
    if held.who is None:
        return {"house": held}
    return {
        "house": held,
        "sy_idle_seconds": settings.STAFF_IDLE_SECONDS,
        "sy_user_key": str(held.who.uid),
        "sy_logout_url": _address("accounts:logout"),
    }


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
