"""Thin: parse, call a service, render."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth import login as session_login
from django.contrib.auth import logout as session_logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.accounts import held, labels, logins, middleware, rules, selectors, services
from suyuan.accounts.forms import (
    BranchForm,
    DeputyForm,
    EndForm,
    LoginForm,
    MemberForm,
    PasswordForm,
    PreferencesForm,
    RolesForm,
    StaffForm,
    attempt,
)
from suyuan.accounts.models import Branch, Deputy, GuestGrant, Member, User
from suyuan.kernel.refusal import NotHere
from suyuan.platform.addresses import address

MANAGE = rules.HOUSE_MOVES["staff_manage"]
LIST = rules.HOUSE_MOVES["staff_list"]
_ONE_YEAR = 365 * 24 * 3600


# --- in and out ----------------------------------------------------------------------------------------------------


@address("public", methods=("GET", "POST"))
def login(request: HttpRequest) -> HttpResponse:
    """One form; the same words for a wrong name, a wrong password and an account that was closed."""
    goal = _goal(request)
    form = LoginForm(request.POST or None)
    status = 200
    if request.method == "GET" and request.user.is_authenticated:
        return HttpResponseRedirect(goal)
    if request.method == "POST" and form.is_valid():
        name, password = form.cleaned_data["login"], form.cleaned_data["password"]
        guess = logins.guess_take(name, request, request.now)
        if guess is None:
            form.add_error(None, _("試了太多次。請等 15 分鐘；曾經登入過的電腦不受影響。忘記密碼請找系統管理者重設。"))
            status = 429
        else:
            user = authenticate(request, username=name, password=password)
            logins.guess_note(guess, user, right=user is not None, now=request.now)
            if user is not None:
                return _let_in(request, user, goal)
            form.add_error(None, _("登入名稱或密碼不對。"))
            status = 401
    elif request.method == "POST":
        status = 422
    context = {
        "form": form,
        "next": request.POST.get("next", request.GET.get("next", "")),
        "typed": request.GET.get("typed"),
    }
    return render(request, "accounts/login.html", context, status=status)


def _let_in(request: HttpRequest, user: User, goal: str) -> HttpResponse:
    session_login(request, user)
    middleware.begin(request)
    logins.old_counters_forget(request.now)
    waiting = held.held_for(user, request, request.now)
    response = HttpResponseRedirect(reverse("accounts:held") if waiting else goal)
    logins.device_remember(request, response, user, request.now)
    return _with_preferences(response, user)


def _with_preferences(response: HttpResponse, user: User) -> HttpResponse:
    """This browser speaks the language of whoever logged in on it last."""
    common = {"max_age": _ONE_YEAR, "secure": settings.HTTPS, "httponly": True, "samesite": "Lax"}
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, **common)
    if user.theme in ("light", "dark"):
        response.set_cookie("sy_theme", user.theme, **common)
    else:
        response.delete_cookie("sy_theme", samesite="Lax")
    return response


def _goal(request: HttpRequest) -> str:
    """Where to go after the login: only to ourselves."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    try:
        return reverse(settings.LOGIN_REDIRECT_URL)
    except NoReverseMatch:
        return reverse("accounts:me")


@address("public", methods=("POST",))
def logout(request: HttpRequest) -> HttpResponse:
    session_logout(request)
    return redirect("accounts:login")


@address("staff")
def held_forms(request: HttpRequest) -> HttpResponse:
    """What was typed when the last session ended, ready to be sent."""
    kept = held.held_for(request.user, request, request.now)
    if not kept:
        return HttpResponseRedirect(_goal(request))
    pages = [(k, _with_uid(k) if held.can_be_shown(k.row.page) else "") for k in kept]
    return render(request, "accounts/held.html", {"kept": pages, "home": _goal(request)})


def _with_uid(kept: held.Held) -> str:
    page = kept.row.page
    return f"{page}{'&' if '?' in page else '?'}held={kept.row.uid}"


# --- oneself -------------------------------------------------------------------------------------------------------


@address("staff", methods=("GET", "POST"))
def me(request: HttpRequest) -> HttpResponse:
    user: User = request.user
    given = {"language": user.language, "theme": user.theme}
    form = PreferencesForm(request.POST or None, initial=given)
    if request.method == "POST" and form.is_valid():
        act = partial(services.preferences_set, user=user, **form.cleaned_data, actor=request.actor, now=request.now)
        if attempt(form, act):
            return _with_preferences(redirect("accounts:me"), user)
    colleagues = selectors.colleagues_of(user, request.now)
    context = {
        "form": form,
        "deputies": selectors.deputies_of(user),
        "deputy_form": DeputyForm(colleagues=colleagues) if colleagues else None,
        "roles": labels.role_labels(request.profile.roles),
        "conflicts": _conflicts(rules.conflicts(request.profile.roles)),
    }
    return render(request, "accounts/me.html", context, status=422 if form.errors else 200)


@address("staff", methods=("GET", "POST"))
def password(request: HttpRequest) -> HttpResponse:
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _current_is_right(request, form):
        act = partial(
            services.password_set,
            user=request.user,
            password=form.cleaned_data["password"],
            actor=request.actor,
            now=request.now,
        )
        if attempt(form, act):
            update_session_auth_hash(request, request.user)
            messages.success(request, _("密碼已經改好，其他裝置都登出了。"))
            return redirect("accounts:me")
    first = request.user.must_change_password
    return render(request, "accounts/password.html", {"form": form, "first": first}, status=422 if form.errors else 200)


def _current_is_right(request: HttpRequest, form: PasswordForm) -> bool:
    """Guessing here is as slow as guessing at the login."""
    guess = logins.guess_take(request.user.login, request, request.now)
    if guess is None:
        form.add_error("current", _("試了太多次，請等 15 分鐘。"))
        return False
    right = request.user.check_password(form.cleaned_data["current"])
    logins.guess_note(guess, request.user, right=right, now=request.now)
    if not right:
        form.add_error("current", _("現在的密碼不對。"))
    return right


@address("staff", methods=("POST",))
def my_deputy(request: HttpRequest) -> HttpResponse:
    return _deputy_set(request, request.user, reverse("accounts:me"))


@address("staff", roles=rules.HOUSE_MOVES["deputy_manage"], methods=("POST",))
def deputy_add(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A colleague's deputy, by a manager."""
    return _deputy_set(request, _user(request, uid), reverse("accounts:person", args=[uid]))


def _deputy_set(request: HttpRequest, whose: User, back: str) -> HttpResponse:
    form = DeputyForm(request.POST, colleagues=selectors.colleagues_of(whose, request.now))
    if form.is_valid():
        act = partial(
            services.deputy_set, stands_in_for=whose, **form.cleaned_data, actor=request.actor, now=request.now
        )
        if attempt(form, act):
            messages.success(request, _("代理已經排好。代理人會以自己的名字辦事，並註明代理誰。"))
            return HttpResponseRedirect(back)
    return render(
        request,
        "accounts/form.html",
        {"form": form, "title": _("安排代理"), "verb": _("排好代理"), "back": back},
        status=422,
    )


@address("staff", methods=("POST",))
def deputy_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    deputy = Deputy.objects.select_related("user", "stands_in_for").filter(uid=uid).first()
    if deputy is None:
        raise NotHere()
    services.deputy_end(deputy=deputy, actor=request.actor, now=request.now)
    messages.success(request, _("代理已經結束。"))
    own = request.user.pk in (deputy.user_id, deputy.stands_in_for_id)
    return redirect("accounts:me") if own else redirect("accounts:person", uid=deputy.stands_in_for.uid)


# --- staff ---------------------------------------------------------------------------------------------------------


@address("staff", roles=LIST)
def staff(request: HttpRequest) -> HttpResponse:
    rows = selectors.staff_list(request.profile, request.now)
    context = {
        "rows": [(row, [(p, labels.role_labels(p.roles)) for p in row.places if not p.ended]) for row in rows],
        "conflicts": [(row.user, words) for row in rows for words in _conflicts(row.conflicts)],
        "may_manage": bool(request.profile.roles & MANAGE),
    }
    return render(request, "accounts/staff.html", context)


def _conflicts(pairs: tuple[frozenset[str], ...]) -> list[str]:
    return [_("、").join(str(label) for label in labels.role_labels(pair)) for pair in pairs]


@address("staff", roles=MANAGE, methods=("GET", "POST"))
def staff_new(request: HttpRequest) -> HttpResponse:
    form = StaffForm(request.POST or None, profile=request.profile, language=get_language())
    if request.method == "POST" and form.is_valid():
        first = services.first_password()
        act = partial(services.staff_add, **form.cleaned_data, password=first, actor=request.actor, now=request.now)
        made = attempt(form, act)
        if made:
            return render(request, "accounts/first_password.html", {"person": made, "first_password": first})
    return render(request, "accounts/staff_new.html", {"form": form}, status=422 if form.errors else 200)


@address("staff", roles=LIST)
def person(request: HttpRequest, uid: UUID) -> HttpResponse:
    return _person_page(request, uid)


def _person_page(request: HttpRequest, uid: UUID, status: int = 200, **forms) -> HttpResponse:
    row = selectors.staff_for(request.profile, uid, request.now)
    language = get_language()
    may = bool(request.profile.roles & MANAGE) and row.user.pk != request.user.pk
    places = [
        (
            place,
            place.member.branch.name(language),
            labels.role_labels(place.roles),
            RolesForm(
                profile=request.profile, held=place.roles, initial={"roles": place.roles}, prefix=place.member.uid
            ),
            EndForm(prefix=f"end-{place.member.uid}"),
        )
        for place in row.places
    ]
    colleagues = selectors.colleagues_of(row.user, request.now)
    context = {
        "row": row,
        "places": places,
        "may": may,
        "may_deputy": bool(request.profile.roles & rules.HOUSE_MOVES["deputy_manage"]),
        "member_form": MemberForm(profile=request.profile, language=language),
        "deputy_form": DeputyForm(colleagues=colleagues) if colleagues else None,
        "deputies": selectors.deputies_of(row.user),
        "grants": [(g, labels.GUEST_KINDS.get(g.kind, g.kind)) for g in selectors.guest_grants_of(row.user)],
        "may_guests": bool(request.profile.roles & rules.HOUSE_MOVES["guest_invite"]),
        "conflicts": _conflicts(row.conflicts),
        "today": _today(row, request.now),
        **forms,
    }
    return render(request, "accounts/person.html", context, status=status)


def _today(row: selectors.StaffRow, now: datetime):
    zone = row.places[0].member.branch.zone if row.places else settings.TIME_ZONE
    return selectors.day_in(zone, now)


@address("staff", roles=MANAGE, methods=("POST",))
def member_add(request: HttpRequest, uid: UUID) -> HttpResponse:
    user = _user(request, uid)
    form = MemberForm(request.POST, profile=request.profile, language=get_language())
    if form.is_valid():
        act = partial(services.member_add, user=user, **form.cleaned_data, actor=request.actor, now=request.now)
        if attempt(form, act):
            messages.success(request, _("職務已經加上；這位同事的裝置會重新登入。"))
            return redirect("accounts:person", uid=uid)
    return _person_page(request, uid, 422, member_form=form)


@address("staff", roles=MANAGE, methods=("POST",))
def member_roles(request: HttpRequest, uid: UUID) -> HttpResponse:
    member = _member(request, uid)
    held_now = tuple(member.roles.values_list("role", flat=True))
    form = RolesForm(request.POST, profile=request.profile, held=held_now, prefix=member.uid)
    if form.is_valid():
        roles = form.cleaned_data["roles"]
        if attempt(
            form, partial(services.member_roles_set, member=member, roles=roles, actor=request.actor, now=request.now)
        ):
            messages.success(request, _("職務已經改好；這位同事的裝置會重新登入。"))
            return redirect("accounts:person", uid=member.user.uid)
    return _person_page(request, member.user.uid, 422, refused=form)


@address("staff", roles=MANAGE, methods=("POST",))
def member_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    member = _member(request, uid)
    form = EndForm(request.POST, prefix=f"end-{member.uid}")
    if form.is_valid():
        act = partial(services.member_end, member=member, **form.cleaned_data, actor=request.actor, now=request.now)
        if attempt(form, act):
            messages.success(request, _("最後一天已經記下。"))
            return redirect("accounts:person", uid=member.user.uid)
    return _person_page(request, member.user.uid, 422, refused=form)


@address("staff", roles=MANAGE, methods=("POST",))
def account(request: HttpRequest, uid: UUID, verb: str) -> HttpResponse:
    """Close, open again, log out everywhere, or give a new first password."""
    user = _user(request, uid)
    who = {"user": user, "actor": request.actor, "now": request.now}
    if verb == "password":
        first = services.first_password()
        services.password_set(password=first, **who)
        return render(request, "accounts/first_password.html", {"person": user, "first_password": first})
    service = {
        "disable": services.user_disable,
        "enable": services.user_enable,
        "logout": services.sessions_end,
    }[verb]
    service(**who)
    return redirect("accounts:person", uid=uid)


@address("staff", roles=rules.HOUSE_MOVES["guest_invite"] | MANAGE, methods=("POST",))
def guest_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    grant = GuestGrant.objects.select_related("user").filter(uid=uid).first()
    if grant is None or not rules.may_here(request.profile, "guest_invite", grant.branch_id):
        raise NotHere()
    services.guest_end(grant=grant, actor=request.actor, now=request.now)
    messages.success(request, _("這位來賓不再看得到那件個案。"))
    return redirect("accounts:person", uid=grant.user.uid)


def _user(request: HttpRequest, uid: UUID) -> User:
    return selectors.staff_for(request.profile, uid, request.now).user


def _member(request: HttpRequest, uid: UUID) -> Member:
    member = Member.objects.select_related("user", "branch", "department").filter(uid=uid).first()
    if member is None or not rules.may_here(request.profile, "staff_manage", member.branch_id):
        raise NotHere()
    return member


# --- branches ------------------------------------------------------------------------------------------------------


@address("staff", roles=rules.HOUSE_MOVES["branch_edit"])
def branches(request: HttpRequest) -> HttpResponse:
    where = rules.branches_for(request.profile, "branch_edit")
    rows = selectors.branches() if where is None else selectors.branches().filter(id__in=where)
    language = get_language()
    shown = [(b, b.name(language), labels.JURISDICTIONS.get(b.jurisdiction, b.jurisdiction), _week(b)) for b in rows]
    return render(request, "accounts/branches.html", {"rows": shown})


def _week(branch: Branch) -> list[tuple[object, str]]:
    said = []
    for day, label in labels.WEEKDAYS.items():
        periods = branch.opening_hours.get(day, [])
        said.append((label, _("、").join(f"{opens}–{closes}" for opens, closes in periods) or _("公休")))
    return said


@address("staff", roles=rules.HOUSE_MOVES["branch_edit"], methods=("GET", "POST"))
def branch_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    branch = Branch.objects.filter(uid=uid).first()
    if branch is None or not rules.may_here(request.profile, "branch_edit", branch.pk):
        raise NotHere()
    form = BranchForm(request.POST or None, initial=BranchForm.initial_for(branch))
    if request.method == "POST" and form.is_valid():
        given = {n: form.cleaned_data[n] for n in ("phone", "emergency_phone", "address", "opening_hours")}
        if attempt(form, partial(services.branch_edit, branch=branch, **given, actor=request.actor, now=request.now)):
            messages.success(request, _("已經改好。"))
            return redirect("accounts:branches")
    context = {"form": form, "branch": branch, "name": branch.name(get_language())}
    return render(request, "accounts/branch.html", context, status=422 if form.errors else 200)
