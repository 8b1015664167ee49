"""Names of roles and relations for people."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from suyuan.accounts.rules import GUEST_DOCTOR, GUEST_LAWYER, Compartment, Role

ROLES: dict[str, Promise] = {
    Role.RECEPTION: _("櫃台"),
    Role.CONSULTANT: _("諮詢師"),
    Role.NURSE: _("護理師"),
    Role.DOCTOR: _("醫師"),
    Role.CASE_MANAGER: _("個案經理"),
    Role.DEPARTMENT_HEAD: _("部門主管"),
    Role.LEGAL: _("法務"),
    Role.PUBLIC_RELATIONS: _("公關"),
    Role.FINANCE: _("財務"),
    Role.HEAD_OF_CLINIC: _("院長"),
    Role.HEAD_OFFICE: _("總部"),
    Role.AUDITOR: _("稽核"),
    Role.ADMINISTRATOR: _("系統管理者"),
    Role.GUEST: _("院外來賓"),
    GUEST_DOCTOR: _("院外醫師"),
    GUEST_LAWYER: _("院外律師"),
}

RELATIONS: dict[str, Promise] = {
    "owner": _("負責這件的人"),
    "handler": _("負責這件的人"),
    "investigator": _("這件的調查人"),
    "task": _("這件有待辦的人"),
    "registered": _("登記這件的人"),
    "complained": _("被提到的人"),
}

COMPARTMENTS: dict[str, Promise] = {
    Compartment.COUNSEL: _("律師意見"),
    Compartment.MEDIATION: _("調解"),
    Compartment.ROOT_CAUSE: _("根本原因分析"),
    Compartment.CARE_TALK: _("關懷會談"),
}

JURISDICTIONS: dict[str, Promise] = {"tw": _("臺灣"), "cn": _("中國大陸")}
LANGUAGES = {"zh-hant": "繁體中文", "zh-hans": "简体中文", "en": "English"}
THEMES: dict[str, Promise] = {"system": _("隨系統"), "light": _("淺色"), "dark": _("深色")}
GUEST_KINDS: dict[str, Promise] = {"doctor": _("院外醫師"), "lawyer": _("院外律師")}
WEEKDAYS: dict[str, Promise] = {
    "1": _("週一"),
    "2": _("週二"),
    "3": _("週三"),
    "4": _("週四"),
    "5": _("週五"),
    "6": _("週六"),
    "7": _("週日"),
}


def who_label(name: str) -> Promise | str:
    return ROLES.get(name) or RELATIONS.get(name) or name


def role_labels(roles) -> list[Promise | str]:
    """In the order of the house, not of the alphabet."""
    return [label for role, label in ROLES.items() if role in roles]
