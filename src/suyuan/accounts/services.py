"""The only writers of organisation, branches and staff. One verb, one function, one fact per stream."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import UserAttributeSimilarityValidator, validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F, Q
from django.utils.translation import gettext as _

from suyuan.accounts import labels, rules
from suyuan.accounts.errors import (
    AlreadyEnded,
    AlreadyMember,
    BadStaffInput,
    LastAdministrator,
    LoginTaken,
    OwnRoles,
    require,
)
from suyuan.accounts.models import (
    Branch,
    Department,
    Deputy,
    GuestGrant,
    Member,
    MemberRole,
    Organisation,
    User,
    login_folded,
)
from suyuan.accounts.selectors import day_in, profile_for, profile_of
from suyuan.kernel.actor import Actor
from suyuan.platform import chance
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.units import writes

LANGUAGES = ("zh-hant", "zh-hans", "en")
_UNLIKE_ONESELF = UserAttributeSimilarityValidator(("login", "display_name", "family_name", "given_name", "email"))
_NAME_KEYS = {"zh-Hant", "zh-Hans", "en"}


# --- organisation and branches -------------------------------------------------------------------------------------


@writes
def organisation_create(*, names: Mapping[str, str], actor: Actor, now: datetime) -> Organisation:
    _names(names)
    made = Organisation(id=1, names=dict(names))
    made.save(force_insert=True)
    facts_record(
        [Fact("organisation.created", f"organisation:{made.uid}", private={"names": dict(names)})],
        actor=actor,
        now=now,
    )
    return made


@writes
def triage_branch_set(*, branch: Branch, actor: Actor, now: datetime) -> Organisation:
    """Name the branch that takes what fits none."""
    _require_here(actor, "organisation_edit", branch.pk, now)
    organisation = Organisation.objects.select_for_update().get()
    organisation.triage_branch = branch
    organisation.save(update_fields=["triage_branch"])
    facts_record(
        [Fact("organisation.triage_branch_set", f"organisation:{organisation.uid}", {"branch": branch.code})],
        actor=actor,
        now=now,
    )
    return organisation


@writes
def branch_create(
    *,
    code: str,
    names: Mapping[str, str],
    jurisdiction: str,
    zone: str,
    language: str,
    portal_slug: str,
    phone: str = "",
    emergency_phone: str = "",
    address: str = "",
    opening_hours: Mapping[str, Sequence[Sequence[str]]] | None = None,
    actor: Actor,
    now: datetime,
) -> Branch:
    _require_here(actor, "organisation_edit", 0, now)
    if len(code) != 2 or not code.isascii() or not code.isalpha() or not code.isupper():
        raise BadStaffInput(fields={"code": _("分院代碼是兩個大寫英文字母，例如 TN。")})
    if Branch.objects.filter(Q(code=code) | Q(portal_slug=portal_slug)).exists():
        raise BadStaffInput(fields={"code": _("這個代碼或網址已經有分院使用。")})
    _names(names)
    _place(jurisdiction, zone, language)
    made = Branch(
        code=code,
        names=dict(names),
        jurisdiction=jurisdiction,
        zone=zone,
        language=language,
        portal_slug=portal_slug,
        phone=phone,
        emergency_phone=emergency_phone,
        address=address,
        opening_hours=_hours(opening_hours or {}),
    )
    made.save(force_insert=True)
    facts_record(
        [Fact("branch.created", _of(made), {"code": code, **_branch_plain(made)}, _branch_private(made))],
        actor=actor,
        now=now,
    )
    return made


@writes
def branch_edit(
    *,
    branch: Branch,
    phone: str,
    emergency_phone: str,
    address: str,
    opening_hours: Mapping[str, Sequence[Sequence[str]]],
    actor: Actor,
    now: datetime,
) -> Branch:
    """What people read on posters and letters. Law, zone and code stay as they were made."""
    _require_here(actor, "branch_edit", branch.pk, now)
    wanted = {
        "phone": phone.strip(),
        "emergency_phone": emergency_phone.strip(),
        "address": address.strip(),
        "opening_hours": _hours(opening_hours),
    }
    changed = [name for name, value in wanted.items() if getattr(branch, name) != value]
    if not changed:
        return branch
    for name in changed:
        setattr(branch, name, wanted[name])
    branch.save(update_fields=changed)
    facts_record(
        [Fact("branch.changed", _of(branch), {"changed": changed, **_branch_plain(branch)}, _branch_private(branch))],
        actor=actor,
        now=now,
    )
    return branch


@writes
def department_create(
    *, branch: Branch, code: str, names: Mapping[str, str], actor: Actor, now: datetime
) -> Department:
    _require_here(actor, "branch_edit", branch.pk, now)
    _names(names)
    if Department.objects.filter(branch=branch, code=code).exists():
        raise BadStaffInput(fields={"code": _("這個部門代碼已經用過。")})
    made = Department(branch=branch, code=code, names=dict(names))
    made.save(force_insert=True)
    facts_record(
        [Fact("branch.department_added", _of(branch), {"department": code}, {"names": dict(names)})],
        actor=actor,
        now=now,
    )
    return made


# --- people who work here ------------------------------------------------------------------------------------------


@writes
def user_create(
    *,
    login: str,
    display_name: str,
    password: str,
    family_name: str = "",
    given_name: str = "",
    email: str = "",
    language: str = "zh-hant",
    must_change_password: bool = True,
    branch: Branch | None = None,
    actor: Actor,
    now: datetime,
) -> User:
    """An account; it opens nothing before it has a membership or a guest grant. `branch`: where the maker may."""
    _require_here(actor, "staff_manage", branch.pk if branch else 0, now)
    return _user_new(
        login=login,
        display_name=display_name,
        password=password,
        family_name=family_name,
        given_name=given_name,
        email=email,
        language=language,
        must_change_password=must_change_password,
        actor=actor,
        now=now,
    )


def _user_new(
    *,
    login: str,
    display_name: str,
    password: str,
    email: str,
    language: str,
    must_change_password: bool,
    family_name: str = "",
    given_name: str = "",
    actor: Actor,
    now: datetime,
) -> User:
    """The row and its fact, whoever was allowed to ask for it."""
    made = User(
        login=login_folded(login),
        display_name=display_name.strip(),
        family_name=family_name.strip(),
        given_name=given_name.strip(),
        email=email.strip(),
        language=language,
        must_change_password=must_change_password,
        created_at=now,
    )
    problems: dict[str, object] = {}
    if not 2 <= len(made.login) <= 60 or not made.login.isprintable() or " " in made.login:
        problems["login"] = _("登入名稱要 2 到 60 個字，中間不能有空白。")
    if not 1 <= len(made.display_name) <= 80 or not made.display_name.isprintable():
        problems["display_name"] = _("請寫同事看得懂的稱呼，例如沈經理。")
    if made.email and not _is_email(made.email):
        problems["email"] = _("電子郵件的格式不對。")
    if language not in LANGUAGES:
        problems["language"] = _("沒有這個語言。")
    problems |= _password_problem(password, made)
    if problems:
        raise BadStaffInput(fields=problems)
    if User.objects.filter(login=made.login).exists():
        raise LoginTaken(fields={"login": _("這個登入名稱已經有人使用，請換一個。")})
    made.password = make_password(password)
    made.save(force_insert=True)
    private = {"login": made.login, "display_name": made.display_name, "email": made.email}
    facts_record([Fact("user.created", made.stream, {"language": language}, private)], actor=actor, now=now)
    return made


@writes
def staff_add(
    *,
    branch: Branch,
    roles: Iterable[str],
    department: Department | None = None,
    title: str = "",
    actor: Actor,
    now: datetime,
    **person: str,
) -> User:
    """An account and its first place in one act. `person`: what `user_create` takes."""
    user = user_create(**person, branch=branch, actor=actor, now=now)
    if list(roles):
        member_add(user=user, branch=branch, roles=roles, department=department, title=title, actor=actor, now=now)
    return user


@writes
def member_add(
    *,
    user: User,
    branch: Branch,
    roles: Iterable[str],
    department: Department | None = None,
    title: str = "",
    first_day: date | None = None,
    last_day: date | None = None,
    actor: Actor,
    now: datetime,
) -> Member:
    """Give a person a place and roles in a branch."""
    held = _roles(roles, department)
    _require_roles(actor, user, branch.pk, held, now)
    if department is not None and department.branch_id != branch.pk:
        raise BadStaffInput(fields={"department": _("這個部門不在這個分院。")})
    first_day = first_day or day_in(branch.zone, now)
    if last_day is not None and last_day < first_day:
        raise BadStaffInput(fields={"last_day": _("最後一天不能早於第一天。")})
    User.objects.select_for_update().get(pk=user.pk)
    if Member.objects.filter(user=user, branch=branch, department=department, last_day=None).exists():
        raise AlreadyMember()

    made = Member(
        user=user, branch=branch, department=department, title=title.strip(), first_day=first_day, last_day=last_day
    )
    made.save(force_insert=True)
    MemberRole.objects.bulk_create([MemberRole(member=made, role=r) for r in held])
    _sessions_end(user)
    plain = {"member": str(made.uid), "branch": branch.code, "roles": held, "first_day": first_day.isoformat()}
    if department is not None:
        plain["department"] = department.code
    if last_day is not None:
        plain["last_day"] = last_day.isoformat()
    facts_record([Fact("member.added", user.stream, plain, {"title": made.title})], actor=actor, now=now)
    return made


@writes
def member_roles_set(*, member: Member, roles: Iterable[str], actor: Actor, now: datetime) -> Member:
    """Change what a person does in a branch. Their sessions end, so that new rights hold at once."""
    held = _roles(roles, member.department)
    before = sorted(MemberRole.objects.filter(member=member).values_list("role", flat=True))
    _require_roles(actor, member.user, member.branch_id, set(before) ^ set(held), now)
    if before == held:
        return member
    if rules.Role.ADMINISTRATOR in before and rules.Role.ADMINISTRATOR not in held:
        _keep_an_administrator(besides=member, now=now)
    MemberRole.objects.filter(member=member).exclude(role__in=held).delete()
    MemberRole.objects.bulk_create([MemberRole(member=member, role=r) for r in held if r not in before])
    _sessions_end(member.user)
    plain = {"member": str(member.uid), "branch": member.branch.code, "before": before, "roles": held}
    facts_record([Fact("member.roles_set", member.user.stream, plain)], actor=actor, now=now)
    return member


@writes
def member_end(*, member: Member, last_day: date, actor: Actor, now: datetime) -> Member:
    """The last day (included) of a person's place in a branch. In the past: it ends at once."""
    held = set(MemberRole.objects.filter(member=member).values_list("role", flat=True))
    _require_roles(actor, member.user, member.branch_id, held, now)
    today = day_in(member.branch.zone, now)
    if member.last_day is not None and member.last_day < today:
        raise AlreadyEnded()
    if last_day < member.first_day:
        raise BadStaffInput(fields={"last_day": _("最後一天不能早於第一天。")})
    if rules.Role.ADMINISTRATOR in held:
        _keep_an_administrator(besides=member, now=now)
    member.last_day = last_day
    member.save(update_fields=["last_day"])
    _sessions_end(member.user)
    plain = {"member": str(member.uid), "branch": member.branch.code, "last_day": last_day.isoformat()}
    facts_record([Fact("member.ended", member.user.stream, plain)], actor=actor, now=now)
    return member


@writes
def user_disable(*, user: User, actor: Actor, now: datetime) -> User:
    """Nobody logs in with it any more; open sessions die at their next request. What the person did stays."""
    _require_over(actor, user, now)
    for member in Member.objects.filter(user=user, roles__role=rules.Role.ADMINISTRATOR):
        _keep_an_administrator(besides=member, now=now)
    if not User.objects.filter(pk=user.pk, is_active=True).update(
        is_active=False, session_version=F("session_version") + 1
    ):
        raise AlreadyEnded()
    user.refresh_from_db()
    facts_record([Fact("user.disabled", user.stream)], actor=actor, now=now)
    return user


@writes
def user_enable(*, user: User, actor: Actor, now: datetime) -> User:
    _require_over(actor, user, now)
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        raise AlreadyEnded()
    user.refresh_from_db()
    facts_record([Fact("user.enabled", user.stream)], actor=actor, now=now)
    return user


@writes
def password_set(*, user: User, password: str, actor: Actor, now: datetime) -> User:
    """One's own, or a first one set for a colleague, who must change it. Every other session of that person ends."""
    own = rules.same_person(actor, user.pk)
    if not own:
        _require_over(actor, user, now)
    if problems := _password_problem(password, user):
        raise BadStaffInput(fields=problems)
    user.password = make_password(password)
    user.must_change_password = not own
    user.session_version += 1
    user.save(update_fields=["password", "must_change_password", "session_version"])
    facts_record([Fact("user.password_set", user.stream, {"own": own})], actor=actor, now=now)
    return user


@writes
def preferences_set(*, user: User, language: str, theme: str, actor: Actor, now: datetime) -> User:
    """A person's own language and light."""
    if not rules.same_person(actor, user.pk):
        raise OwnRoles()
    if language not in LANGUAGES:
        raise BadStaffInput(fields={"language": _("沒有這個語言。")})
    if theme not in labels.THEMES:
        raise BadStaffInput(fields={"theme": _("沒有這個外觀。")})
    if (user.language, user.theme) == (language, theme):
        return user
    user.language, user.theme = language, theme
    user.save(update_fields=["language", "theme"])
    facts_record(
        [Fact("user.preferences_set", user.stream, {"language": language, "theme": theme})], actor=actor, now=now
    )
    return user


@writes
def sessions_end(*, user: User, actor: Actor, now: datetime) -> User:
    """Log this person out everywhere, this device included."""
    if not rules.same_person(actor, user.pk):
        _require_over(actor, user, now)
    _sessions_end(user)
    facts_record([Fact("user.sessions_ended", user.stream)], actor=actor, now=now)
    return user


# --- deputies and guests -------------------------------------------------------------------------------------------


@writes
def deputy_set(
    *, user: User, stands_in_for: User, first_day: date, last_day: date, actor: Actor, now: datetime
) -> Deputy:
    """`user` stands in between two days, both included. One names one's own deputy, or a manager does."""
    _require_deputy(actor, stands_in_for, now)
    if user.pk == stands_in_for.pk:
        raise BadStaffInput(fields={"user": _("代理人要是另一個人。")})
    if last_day < first_day:
        raise BadStaffInput(fields={"last_day": _("最後一天不能早於第一天。")})
    if not Member.objects.filter(user=user, branch__members__user=stands_in_for).exists():
        raise BadStaffInput(fields={"user": _("代理人要是同一個分院的同事。")})
    made = Deputy(user=user, stands_in_for=stands_in_for, first_day=first_day, last_day=last_day)
    made.save(force_insert=True)
    days = {"deputy": str(made.uid), "first_day": first_day.isoformat(), "last_day": last_day.isoformat()}
    facts_record(
        [
            Fact("deputy.set", stands_in_for.stream, days, {"deputy_name": user.display_name}),
            Fact("deputy.taken_on", user.stream, days, {"stands_in_for_name": stands_in_for.display_name}),
        ],
        actor=actor,
        now=now,
    )
    return made


@writes
def deputy_end(*, deputy: Deputy, actor: Actor, now: datetime) -> Deputy:
    """By the person stood in for, the deputy, or a manager."""
    if not rules.same_person(actor, deputy.user_id):
        _require_deputy(actor, deputy.stands_in_for, now)
    if not Deputy.objects.filter(pk=deputy.pk, ended_at=None).update(ended_at=now):
        raise AlreadyEnded()
    deputy.refresh_from_db()
    plain = {"deputy": str(deputy.uid)}
    facts_record(
        [
            Fact("deputy.ended", deputy.stands_in_for.stream, plain, {"deputy_name": deputy.user.display_name}),
            Fact(
                "deputy.laid_down", deputy.user.stream, plain, {"stands_in_for_name": deputy.stands_in_for.display_name}
            ),
        ],
        actor=actor,
        now=now,
    )
    return deputy


@writes
def guest_invite(
    *,
    user: User,
    kind: str,
    stream: str,
    branch: Branch,
    last_day: date,
    reason: str,
    actor: Actor,
    now: datetime,
) -> GuestGrant:
    """Open one case to an outside doctor or lawyer until a day (included).

    Whether the actor may invite to this very case is asked by `cases` (move "guest_invite") before; here, by branch.
    """
    _require_here(actor, "guest_invite", branch.pk, now)
    problems: dict[str, object] = {}
    if kind not in rules.GUEST_KINDS:
        problems["kind"] = _("來賓是院外醫師或院外律師。")
    if not stream.startswith("case:"):
        problems["stream"] = _("請指定一件個案。")
    if last_day < day_in(branch.zone, now):
        problems["last_day"] = _("最後一天已經過了。")
    if not 2 <= len(reason.strip()) <= 2000:
        problems["reason"] = _("請寫為什麼邀請這位來賓。病人日後可能讀到這段話。")
    if rules.same_person(actor, user.pk):
        problems["user"] = _("不能邀請自己。")
    if problems:
        raise BadStaffInput(fields=problems)
    User.objects.select_for_update().get(pk=user.pk)
    if GuestGrant.objects.filter(
        user=user, stream=stream, ended_at=None, last_day__gte=day_in(branch.zone, now)
    ).exists():
        raise AlreadyMember()
    GuestGrant.objects.filter(user=user, stream=stream, ended_at=None).update(ended_at=now)
    made = GuestGrant(
        user=user,
        kind=kind,
        stream=stream,
        branch=branch,
        last_day=last_day,
        reason=reason.strip(),
        invited_by_id=actor.user_id,
    )
    made.save(force_insert=True)
    plain = {"grant": str(made.uid), "kind": kind, "last_day": last_day.isoformat()}
    facts_record(
        [
            Fact("guest.invited", user.stream, plain, {"case": stream}),
            Fact("case.guest_invited", stream, plain, {"reason": made.reason, "guest_name": user.display_name}),
        ],
        actor=actor,
        now=now,
    )
    return made


@dataclass(frozen=True)
class GuestAdmitted:
    """`first_password`: for an account nobody has used yet, shown once; empty when the person has their own."""

    grant: GuestGrant
    first_password: str = field(default="", repr=False)


@writes
def guest_admit(
    *,
    name: str,
    email: str,
    kind: str,
    stream: str,
    branch: Branch,
    last_day: date,
    reason: str,
    actor: Actor,
    now: datetime,
) -> GuestAdmitted:
    """Invite somebody known by their mail address; who has no account gets one that opens nothing but this case, and
    who has one is called as that account is.

    Asked again for an account that was made for a guest and never used, it gives a new first password.
    """
    _require_here(actor, "guest_invite", branch.pk, now)
    email = email.strip()
    if not _is_email(email):
        raise BadStaffInput(fields={"email": _("電子郵件的格式不對。")})
    user = User.objects.select_for_update().filter(email__iexact=email).order_by("-is_active", "id").first()
    password = ""
    if user is None:
        password = first_password()
        user = _user_new(
            login=_login_free(email),
            display_name=name,
            password=password,
            email=email,
            language=branch.language,
            must_change_password=True,
            actor=actor,
            now=now,
        )
    elif not user.is_active:
        raise BadStaffInput(fields={"email": _("這個電子郵件的帳號已經停用，請先由系統管理者啟用。")})
    elif user.display_name != name.strip():  # a slip in the address would let somebody else in
        raise BadStaffInput(
            fields={"name": _("這個電子郵件是%(name)s的。是同一位的話，請把稱呼寫成這樣。") % {"name": user.display_name}}
        )
    elif profile_of(user, now).roles_in(branch.pk):
        raise BadStaffInput(fields={"email": _("這是院內同事的電子郵件；同事依職務看得到案件，不必邀請。")})
    elif _never_used(user):
        password = first_password()
        for former in GuestGrant.objects.filter(user=user, stream=stream, ended_at=None):
            guest_end(grant=former, actor=actor, now=now)
        _password_given(user, password)
        facts_record([Fact("user.password_set", user.stream, {"own": False})], actor=actor, now=now)
    grant = guest_invite(
        user=user, kind=kind, stream=stream, branch=branch, last_day=last_day, reason=reason, actor=actor, now=now
    )
    return GuestAdmitted(grant, password)


def first_password() -> str:
    """Eighty bits, spoken without confusion; changed at the first login."""
    letters = "abcdefghjkmnpqrstvwxyz23456789ACDEFGHJKMNPQRTUVWXY"
    return "-".join("".join(secrets.choice(letters) for _i in range(5)) for _j in range(3))


def _password_given(user: User, password: str) -> None:
    """A first one, to be changed by its owner; whoever was logged in with another is out."""
    user.password = make_password(password)
    user.must_change_password = True
    user.session_version += 1
    user.save(update_fields=["password", "must_change_password", "session_version"])


def _never_used(user: User) -> bool:
    """An account made for a guest, who has not chosen a password of their own yet."""
    if not user.must_change_password or Member.objects.filter(user=user).exists():
        return False
    return GuestGrant.objects.filter(user=user).exists()


def _login_free(email: str) -> str:
    """The mail address, which people remember; another one where somebody has it already."""
    wanted = login_folded(email)
    while len(wanted) > 60 or User.objects.filter(login=wanted).exists():
        wanted = f"guest-{chance.below(10**6):06d}"
    return wanted


@writes
def guest_end(*, grant: GuestGrant, actor: Actor, now: datetime) -> GuestGrant:
    if not rules.same_person(actor, grant.user_id):
        _require_here(actor, "guest_invite", grant.branch_id, now)
    if not GuestGrant.objects.filter(pk=grant.pk, ended_at=None).update(ended_at=now):
        raise AlreadyEnded()
    grant.refresh_from_db()
    plain = {"grant": str(grant.uid), "kind": grant.kind}
    facts_record(
        [
            Fact("guest.ended", grant.user.stream, plain, {"case": grant.stream}),
            Fact("case.guest_ended", grant.stream, plain, {"guest_name": grant.user.display_name}),
        ],
        actor=actor,
        now=now,
    )
    return grant


# --- shared checks -------------------------------------------------------------------------------------------------


def _of(branch: Branch) -> str:
    return f"branch:{branch.uid}"


def _branch_plain(branch: Branch) -> dict[str, object]:
    return {
        "jurisdiction": branch.jurisdiction,
        "zone": branch.zone,
        "language": branch.language,
        "opening_hours": branch.opening_hours,
    }


def _branch_private(branch: Branch) -> dict[str, object]:
    return {
        "names": branch.names,
        "phone": branch.phone,
        "emergency_phone": branch.emergency_phone,
        "address": branch.address,
    }


def _require_here(actor: Actor, move: str, branch_id: int, now: datetime) -> None:
    """The installation itself (first start, demo) acts as system and asks nobody."""
    if actor.kind != "system":
        require(rules.may_here(profile_for(actor, now), move, branch_id))


def _require_roles(actor: Actor, user: User, branch_id: int, touched: Iterable[str], now: datetime) -> None:
    if actor.kind == "system":
        return
    verdict = rules.may_set_roles(profile_for(actor, now), of_user_id=user.pk, branch_id=branch_id, touched=touched)
    if not verdict and verdict.code == "same_person":
        raise OwnRoles()
    require(verdict)


def _require_over(actor: Actor, user: User, now: datetime) -> None:
    """Manages staff in every branch this person works in; nobody does this to themselves."""
    if actor.kind == "system":
        return
    held = MemberRole.objects.filter(member__user=user).values_list("member__branch_id", "role")
    touched = {role for _branch, role in held}
    for branch_id in sorted({branch for branch, _role in held}) or [0]:
        _require_roles(actor, user, branch_id, touched, now)


def _require_deputy(actor: Actor, stands_in_for: User, now: datetime) -> None:
    if actor.kind == "system" or rules.same_person(actor, stands_in_for.pk):
        return
    profile = profile_for(actor, now)
    places = sorted(set(Member.objects.filter(user=stands_in_for).values_list("branch_id", flat=True))) or [0]
    for branch_id in places:
        require(rules.may_here(profile, "deputy_manage", branch_id))


def _keep_an_administrator(*, besides: Member, now: datetime) -> None:
    """Without an administrator nobody could ever add one again."""
    Organisation.objects.select_for_update().get()
    today = day_in(besides.branch.zone, now)
    others = Member.objects.filter(roles__role=rules.Role.ADMINISTRATOR, user__is_active=True)
    others = others.filter(Q(last_day=None) | Q(last_day__gt=today)).exclude(pk=besides.pk)
    if not others.exists():
        raise LastAdministrator()


def _sessions_end(user: User) -> None:
    User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
    user.refresh_from_db(fields=["session_version"])


def _roles(roles: Iterable[str], department: Department | None) -> list[str]:
    held = sorted(str(r) for r in set(roles))
    unknown = set(held) - {str(r) for r in rules.MEMBER_ROLES}
    if unknown or not held:
        raise BadStaffInput(fields={"roles": _("請至少選一個職務。")})
    if rules.Role.DEPARTMENT_HEAD in held and department is None:
        raise BadStaffInput(fields={"department": _("部門主管要有所屬部門。")})
    return held


def _names(names: Mapping[str, str]) -> None:
    if not names.get("zh-Hant") and not names.get("zh-Hans"):
        raise BadStaffInput(fields={"names": _("請寫中文名稱。")})
    if set(names) - _NAME_KEYS or any(len(n) > 80 for n in names.values()):
        raise BadStaffInput(fields={"names": _("名稱太長，或不是三種語言之一。")})


def _place(jurisdiction: str, zone: str, language: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadStaffInput(fields={"zone": _("沒有這個時區。")}) from None
    if jurisdiction not in labels.JURISDICTIONS:
        raise BadStaffInput(fields={"jurisdiction": _("法域是臺灣或中國大陸。")})
    if language not in LANGUAGES:
        raise BadStaffInput(fields={"language": _("沒有這個語言。")})


def _hours(stored: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, list[list[str]]]:
    try:
        week = rules.opening_hours(stored)
    except (ValueError, TypeError):
        raise BadStaffInput(fields={"opening_hours": _("營業時間請依序寫成 10:00 到 13:00，前後不重疊。")}) from None
    return {str(day): [[p.opens, p.closes] for p in periods] for day, periods in sorted(week.items()) if periods}


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _password_problem(password: str, user: User) -> dict[str, object]:
    """Long and not common; no rules of composition. Longer than any sentence is refused: hashing costs time."""
    if len(password) > 512:
        return {"password": _("密碼太長了，512 個字以內就夠。")}
    try:
        validate_password(password, user)
        _UNLIKE_ONESELF.validate(password, user)
    except ValidationError as error:
        return {"password": " ".join(error.messages)}
    return {}
