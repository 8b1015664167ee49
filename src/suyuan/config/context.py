"""What every page may know about the house. Nothing is asked of the database until a template names it."""
from __future__ import annotations

from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from suyuan.accounts.labels import role_labels
from suyuan.accounts.models import Branch, Organisation
from suyuan.accounts.rules import HOUSE_MOVES, MANAGERS, Role
from suyuan.cases.selectors import asked_for_statement
from suyuan.desk.public import READERS as PUBLIC_READERS
from suyuan.desk.views import REGISTER_ROLES

HTML_LANGUAGES = {"zh-hant": "zh-Hant-TW", "zh-hans": "zh-Hans-CN", "en": "en"}
# Who answers in public, in the rail; everybody else finds the same page among the rules.
SPEAKING = MANAGERS | {Role.LEGAL, Role.PUBLIC_RELATIONS}
TRACING = frozenset({Role.NURSE, Role.DOCTOR, Role.DEPARTMENT_HEAD})  # who hold the ampoule in their hands


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
        "sy_logout_url": reverse("accounts:logout"),
        "sy_alive_url": reverse("healthz"),
        "sy_calls_url": reverse("desk:calls"),
        "sy_nav": SimpleLazyObject(lambda: _nav(request)),
        "sy_nav_foot": SimpleLazyObject(lambda: _nav_foot(request)),
        "sy_me": SimpleLazyObject(lambda: _me(request)),
    }


def _nav(request: HttpRequest) -> list[dict[str, str]]:
    """What the rail offers this person, most used first: a phone shows four. Nothing that would only answer "not here"."""
    roles = request.profile.roles
    shown = []
    if roles - {Role.ADMINISTRATOR}:
        shown += [_item(_("今天"), "today", "desk:today", "t"), _item(_("案件"), "cases", "desk:cases", "c")]
    if roles & REGISTER_ROLES:
        shown.append(_item(pgettext("nav", "受理"), "plus", "desk:register", "n"))
    if roles & HOUSE_MOVES["incoming_place"]:
        shown.append(_item(_("來訊"), "message", "desk:inbox", "i"))
    if roles & PUBLIC_READERS:
        shown.append(_item(pgettext("nav", "公開"), "speaker", "desk:public", "o"))
    if roles & HOUSE_MOVES["person_search"]:
        shown.append(_item(pgettext("nav", "病人"), "people", "people:people", "p"))
    if asked_for_statement(request.profile):
        shown.append(_item(_("我的說明"), "note", "desk:statements", "s"))
    return shown


def _nav_foot(request: HttpRequest) -> list[dict[str, str]]:
    roles = request.profile.roles
    shown = [_item(pgettext("nav", "措辭"), "eye", "desk:guard", "w")] if roles & SPEAKING else []
    shown.append(_item(_("規範"), "rules", "desk:packs", "r"))
    if roles & HOUSE_MOVES["holds_look"]:
        shown.append(_item(pgettext("nav", "保全"), "lock", "desk:holds", "b"))
    elif roles & TRACING:
        shown.append(_item(pgettext("nav", "批號"), "search", "desk:lots", "b"))
    if roles & HOUSE_MOVES["staff_list"]:
        shown.append(_item(_("同事"), "staff", "accounts:staff", "m"))
    if roles & HOUSE_MOVES["house_look"]:
        shown.append(_item(_("系統"), "settings", "house", "h"))
    return shown


def _item(label: str, icon: str, name: str, key: str) -> dict[str, str]:
    return {"label": label, "icon": icon, "url": reverse(name), "key": key}


def _me(request: HttpRequest) -> dict[str, str]:
    roles = _("、").join(str(label) for label in role_labels(request.profile.roles))
    return {"name": request.user.display_name, "role": roles, "branch": "", "url": reverse("accounts:me")}
