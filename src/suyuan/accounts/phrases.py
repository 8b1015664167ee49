"""One sentence per fact, in the reader's language. Who and when stand beside it, so they are not repeated."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from suyuan.accounts.labels import GUEST_KINDS, LANGUAGES, ROLES, THEMES, role_labels
from suyuan.platform.facts import Told


def _roles(told: Told, name: str = "roles") -> str:
    return _("、").join(str(label) for label in role_labels(told.plain(name, [])))


def _name(told: Told, field: str) -> str:
    """A name that was typed; erased names leave a word in their place."""
    return str(told.private.get(field) or _("（姓名已依申請刪除）"))


def organisation_created(told: Told) -> str:
    return _("開始使用溯源。")


def organisation_triage_branch_set(told: Told) -> str:
    return _("不知道屬於哪一院的訴求，先由 %(branch)s 分院處理。") % {"branch": told.plain("branch")}


def branch_created(told: Told) -> str:
    return _("設立分院 %(code)s。") % {"code": told.plain("code")}


def branch_changed(told: Told) -> str:
    words = {
        "phone": _("電話"),
        "emergency_phone": _("緊急電話"),
        "address": _("地址"),
        "opening_hours": _("營業時間"),
    }
    return _("修改分院的%(what)s。") % {"what": _("、").join(words[c] for c in told.plain("changed", []) if c in words)}


def branch_department_added(told: Told) -> str:
    return _("新增部門 %(department)s。") % {"department": told.plain("department")}


def user_created(told: Told) -> str:
    return _("開立帳號：%(name)s。") % {"name": _name(told, "display_name")}


def user_disabled(told: Told) -> str:
    return _("停用帳號，已登入的裝置全部登出。")


def user_enabled(told: Told) -> str:
    return _("恢復帳號。")


def user_password_set(told: Told) -> str:
    if told.plain("own"):
        return _("改了自己的密碼，其他裝置全部登出。")
    return _("重設密碼，本人下次登入時要再改一次。")


def user_preferences_set(told: Told) -> str:
    return _("語言改為%(language)s，外觀%(theme)s。") % {
        "language": LANGUAGES.get(told.plain("language", ""), told.plain("language", "")),
        "theme": THEMES.get(told.plain("theme", ""), told.plain("theme", "")),
    }


def user_sessions_ended(told: Told) -> str:
    return _("所有裝置登出。")


def member_added(told: Told) -> str:
    return _("%(branch)s 分院的職務：%(roles)s，自 %(day)s 起。") % {
        "branch": told.plain("branch"),
        "roles": _roles(told),
        "day": told.plain("first_day"),
    }


def member_roles_set(told: Told) -> str:
    return _("%(branch)s 分院的職務由%(before)s改為%(roles)s。") % {
        "branch": told.plain("branch"),
        "before": _roles(told, "before"),
        "roles": _roles(told),
    }


def member_ended(told: Told) -> str:
    return _("在 %(branch)s 分院的職務到 %(day)s 為止。") % {
        "branch": told.plain("branch"),
        "day": told.plain("last_day"),
    }


def deputy_set(told: Told) -> str:
    return _("%(first)s 到 %(last)s 由%(name)s代理。") % {
        "first": told.plain("first_day"),
        "last": told.plain("last_day"),
        "name": _name(told, "deputy_name"),
    }


def deputy_taken_on(told: Told) -> str:
    return _("%(first)s 到 %(last)s 代理%(name)s。") % {
        "first": told.plain("first_day"),
        "last": told.plain("last_day"),
        "name": _name(told, "stands_in_for_name"),
    }


def deputy_ended(told: Told) -> str:
    return _("%(name)s不再代理。") % {"name": _name(told, "deputy_name")}


def deputy_laid_down(told: Told) -> str:
    return _("不再代理%(name)s。") % {"name": _name(told, "stands_in_for_name")}


def guest_invited(told: Told) -> str:
    return _("以%(kind)s的身分受邀看一件個案，到 %(day)s 為止。") % {
        "kind": GUEST_KINDS.get(told.plain("kind", ""), ROLES["guest"]),
        "day": told.plain("last_day"),
    }


def case_guest_invited(told: Told) -> str:
    return _("邀請%(kind)s%(name)s看這件個案，到 %(day)s 為止。理由：%(reason)s") % {
        "kind": GUEST_KINDS.get(told.plain("kind", ""), ROLES["guest"]),
        "name": _name(told, "guest_name"),
        "day": told.plain("last_day"),
        "reason": told.private.get("reason", ""),
    }


def guest_ended(told: Told) -> str:
    return _("受邀看的個案已經收回。")


def case_guest_ended(told: Told) -> str:
    return _("%(name)s不再看得到這件個案。") % {"name": _name(told, "guest_name")}


PHRASES: dict[str, Callable[[Told], str]] = {
    "organisation.created": organisation_created,
    "organisation.triage_branch_set": organisation_triage_branch_set,
    "branch.created": branch_created,
    "branch.changed": branch_changed,
    "branch.department_added": branch_department_added,
    "user.created": user_created,
    "user.disabled": user_disabled,
    "user.enabled": user_enabled,
    "user.password_set": user_password_set,
    "user.preferences_set": user_preferences_set,
    "user.sessions_ended": user_sessions_ended,
    "member.added": member_added,
    "member.roles_set": member_roles_set,
    "member.ended": member_ended,
    "deputy.set": deputy_set,
    "deputy.taken_on": deputy_taken_on,
    "deputy.ended": deputy_ended,
    "deputy.laid_down": deputy_laid_down,
    "guest.invited": guest_invited,
    "guest.ended": guest_ended,
    "case.guest_invited": case_guest_invited,
    "case.guest_ended": case_guest_ended,
}
