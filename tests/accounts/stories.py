"""A small chain of clinics for tests: two branches in Taiwan, one on the mainland, and people by role."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from suyuan.accounts import selectors, services
from suyuan.accounts.models import Branch, User
from suyuan.kernel.actor import SYSTEM, Actor

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)  # a Wednesday, 10:00 in Taipei
PASSWORD = "a quiet harbour at dawn"


def names(zh: str) -> dict[str, str]:
    return {"zh-Hant": zh, "zh-Hans": zh, "en": zh}


def clinic(now: datetime = NOW) -> SimpleNamespace:
    who = {"actor": SYSTEM, "now": now}
    organisation = services.organisation_create(names=names("晴川美學"), **who)
    tainan = services.branch_create(
        code="TN",
        names=names("台南"),
        jurisdiction="tw",
        zone="Asia/Taipei",
        language="zh-hant",
        portal_slug="tn",
        **who,
    )
    taipei = services.branch_create(
        code="TP",
        names=names("台北"),
        jurisdiction="tw",
        zone="Asia/Taipei",
        language="zh-hant",
        portal_slug="tp",
        **who,
    )
    xiamen = services.branch_create(
        code="XM",
        names=names("厦门"),
        jurisdiction="cn",
        zone="Asia/Shanghai",
        language="zh-hans",
        portal_slug="xm",
        **who,
    )
    skin = services.department_create(branch=tainan, code="skin", names=names("皮膚科"), **who)
    return SimpleNamespace(organisation=organisation, tainan=tainan, taipei=taipei, xiamen=xiamen, skin=skin)


def member(login: str, branch: Branch | None, *roles: str, now: datetime = NOW, **place) -> User:
    """A person with a password of their own, and roles in a branch."""
    who = {"actor": SYSTEM, "now": now}
    user = services.user_create(
        login=login, display_name=f"{login} 同仁", password=PASSWORD, must_change_password=False, **who
    )
    if branch is not None:
        services.member_add(user=user, branch=branch, roles=roles, **place, **who)
    user.refresh_from_db()
    return user


def acting(user: User, now: datetime = NOW) -> Actor:
    return selectors.actor_for(user, now)
