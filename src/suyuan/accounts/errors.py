"""Refusals of this context, and how a verdict of the rules becomes one."""

from __future__ import annotations

from django.utils.translation import gettext as _

from suyuan.accounts.labels import who_label
from suyuan.accounts.rules import Allowed, Denied
from suyuan.kernel.refusal import BadInput, NotAllowed, NotHere, Refusal


class NotYours(NotAllowed):
    """The reader may see it and may not do this; `who_could` says whom to ask."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(who_could=denied.who_could)
        self.denied = denied

    def message(self) -> str:
        who = _("、").join(str(who_label(name)) for name in self.denied.who_could[:4])
        return _("這件事不由您來做。可以做的人：%(who)s") % {"who": who} if who else _("這件事不由您來做。")


class SamePerson(NotAllowed):
    """A two-person rule, asked by the first person."""

    code = "same_person"

    def message(self) -> str:
        return _("提出的人不能自己核准，請另一位同事來做。沒有別人時，可以邀請院外醫師或律師。")


class NothingRequested(Refusal):
    code = "nothing_requested"

    def message(self) -> str:
        return _("還沒有人提出，所以沒有東西可以核准。")


class OwnRoles(NotAllowed):
    code = "own_roles"

    def message(self) -> str:
        return _("沒有人可以改自己的職務。請另一位管理者來改。")


class BadStaffInput(BadInput):
    def message(self) -> str:
        return next((str(m) for m in self.fields.values()), _("有一格還不能接受。"))


class LastAdministrator(Refusal):
    code = "last_administrator"

    def message(self) -> str:
        return _("這是最後一位系統管理者，先請另一位接手，才能結束。")


class AlreadyMember(Refusal):
    code = "already_member"

    def message(self) -> str:
        return _("這位同事在這裡已經有職務，請修改原有的職務。")


class AlreadyEnded(Refusal):
    code = "already_ended"

    def message(self) -> str:
        return _("已經結束了，不用再做一次。")


class LoginTaken(BadInput):
    code = "login_taken"

    def message(self) -> str:
        return _("這個登入名稱已經有人使用，請換一個。")


def require(verdict: Allowed | Denied) -> Allowed:
    """Go on with what allows it, or refuse. Not seen and complained about look exactly alike: not here."""
    if isinstance(verdict, Allowed):
        return verdict
    match verdict.code:
        case "not_here" | "complained_about":
            raise NotHere()
        case "same_person":
            raise SamePerson()
        case "nothing_requested":
            raise NothingRequested()
        case "role":
            raise NotYours(verdict)
    raise ValueError(f"unknown verdict: {verdict.code}")
