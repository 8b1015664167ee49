"""Thin: parse, call a service, render. Every reading goes into the access log."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from suyuan.accounts import rules as house
from suyuan.accounts.forms import attempt
from suyuan.accounts.held import held_initial
from suyuan.accounts.models import Branch
from suyuan.kernel.refusal import NotHere
from suyuan.people import phrases, selectors, services
from suyuan.people.forms import (
    ContactForm,
    MergeForm,
    NewPersonForm,
    PersonForm,
    ProofForm,
    RepresentativeForm,
    TreatmentForm,
)
from suyuan.people.models import ContactPoint, Person, Representative
from suyuan.people.rules import masked_contact
from suyuan.platform import access
from suyuan.platform.addresses import address

READ = house.HOUSE_MOVES["person_search"]
WRITE = house.HOUSE_MOVES["person_write"]
PROVE = house.HOUSE_MOVES["authority_prove"]
MERGE = house.HOUSE_MOVES["person_merge"]


@address("staff", roles=READ)
def people(request: HttpRequest) -> HttpResponse:
    """Exact search only: nobody leafs through patients."""
    asked = request.GET.get("q", "").strip()[:80]
    found = selectors.search_people(request.profile, asked) if asked else []
    if asked:
        shown = [p.stream for p in found]
        branch = found[0].branch_id if found else None
        access.seen(request.actor, "people.search", at=request.now, purpose="search", branch_id=branch, shown=shown, asked=asked)
    reach = selectors.contact_points_of(found)
    rows = [
        (p, [(phrases.contact_word(c.kind), masked_contact(c.kind, c.value)) for c in reach.get(p.pk, [])[:2]])
        for p in found
    ]
    context = {"asked": asked, "rows": rows, "may_write": bool(request.profile.roles & WRITE)}
    return render(request, "people/people.html", context)


@address("staff", roles=WRITE, methods=("GET", "POST"))
def person_new(request: HttpRequest) -> HttpResponse:
    where = house.branches_for(request.profile, "person_write")
    branches = Branch.objects.filter(id__in=where or ()).order_by("code")
    form = NewPersonForm(
        request.POST or None, initial=held_initial(request), branches=branches, language=get_language()
    )
    hints: list[selectors.Hint] = []
    if request.method == "POST" and form.is_valid():
        new, branch = form.person(), form.cleaned_data["branch"]
        if "again" not in request.POST:
            hints = _hints(new, branch)
        if not hints:
            act = partial(services.person_register, branch=branch, person=new, actor=request.actor, now=request.now)
            made = attempt(form, act)
            if made:
                return redirect("people:person", uid=made.uid)
    context = {"form": form, "hints": [(h, [phrases.COMMON[c] for c in h.common]) for h in hints]}
    if hints:
        shown = [h.person.stream for h in hints]
        asked, branch = f"{new.family_name} {new.given_name}", hints[0].person.branch_id
        access.seen(request.actor, "people.hints", at=request.now, purpose="search", branch_id=branch, shown=shown, asked=asked)
    return render(request, "people/person_new.html", context, status=422 if form.errors else 200)


def _hints(new: services.NewPerson, branch: Branch) -> list[selectors.Hint]:
    return selectors.duplicate_hints(
        branch=branch,
        family_name=new.family_name,
        given_name=new.given_name,
        phones=[c.value for c in new.contacts if c.kind == "phone"],
        chart_number=new.chart_number,
    )


@address("staff", roles=READ)
def person(request: HttpRequest, uid: UUID) -> HttpResponse:
    found = selectors.person_for(request.profile, uid)
    if found.uid != uid:
        return redirect("people:person", uid=found.uid)
    return _page(request, found)


def _page(request: HttpRequest, found: Person, status: int = 200, **forms) -> HttpResponse:
    access.seen(request.actor, "people.person", at=request.now, purpose="read", branch_id=found.branch_id, stream=found.stream)
    page = selectors.person_page(found)
    may = {m: bool(house.may_here(request.profile, m, found.branch_id)) for m in _MOVES}
    phones = [c.value for c in page.contacts if c.kind == "phone"]
    hints = []
    if may["person_merge"]:
        hints = selectors.duplicate_hints(
            branch=found.branch,
            family_name=found.family_name,
            given_name=found.given_name,
            phones=phones,
            chart_number=found.chart_number,
            besides=found,
        )
    context = {
        "page": page,
        "person": found,
        "may": may,
        "contacts": [(c, phrases.contact_word(c.kind)) for c in page.contacts],
        "treatments": [(t, phrases.SOURCES[t.source], _day(t)) for t in page.treatments],
        "represented_by": [(r, phrases.REPRESENTATIVES[r.kind]) for r in page.represented_by],
        "represents": [(r, phrases.REPRESENTATIVES[r.kind]) for r in page.represents],
        "channel": phrases.CHANNELS.get(found.preferred_channel, ""),
        "hints": [(h, [phrases.COMMON[c] for c in h.common]) for h in hints],
        "contact_form": ContactForm(),
        "treatment_form": TreatmentForm(),
        "representative_form": RepresentativeForm(),
        "proof_form": ProofForm(),
        "merge_form": MergeForm(),
        **forms,
    }
    return render(request, "people/person.html", context, status=status)


_MOVES = ("person_write", "person_merge", "treatment_write", "authority_prove")


def _day(treatment) -> str:
    if treatment.on is None:
        return _("日期不詳")
    return {"day": f"{treatment.on:%Y/%m/%d}", "month": f"{treatment.on:%Y/%m}", "year": f"{treatment.on:%Y}"}[
        treatment.precision
    ]


@address("staff", roles=WRITE, methods=("GET", "POST"))
def person_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    found = selectors.person_for(request.profile, uid, to="person_write")
    known = {n: getattr(found, n) for n in ("family_name", "given_name", "chart_number", "preferred_channel")}
    known |= {"preferred_hours": found.preferred_hours, "communication_need": found.communication_need}
    known["birth_date"] = found.birth_date.isoformat() if found.birth_date else ""
    form = PersonForm(request.POST or None, initial={**known, **held_initial(request)})
    if request.method == "POST" and form.is_valid():
        act = partial(
            services.person_update, person=found, changes=form.changes(), actor=request.actor, now=request.now
        )
        if attempt(form, act):
            return redirect("people:person", uid=found.uid)
    access.seen(request.actor, "people.person", at=request.now, purpose="read", branch_id=found.branch_id, stream=found.stream)
    return render(
        request, "people/person_edit.html", {"form": form, "person": found}, status=422 if form.errors else 200
    )


@address("staff", roles=WRITE, methods=("POST",))
def contact_add(request: HttpRequest, uid: UUID) -> HttpResponse:
    found = selectors.person_for(request.profile, uid, to="person_write")
    form = ContactForm(request.POST)
    if form.is_valid():
        act = partial(services.contact_add, person=found, contact=form.contact(), actor=request.actor, now=request.now)
        if attempt(form, act):
            return redirect("people:person", uid=found.uid)
    return _page(request, found, 422, contact_form=form)


@address("staff", roles=WRITE, methods=("POST",))
def contact_change(request: HttpRequest, uid: UUID, verb: str) -> HttpResponse:
    contact = ContactPoint.objects.select_related("person__branch").filter(uid=uid).first()
    if contact is None:
        raise NotHere()
    found = selectors.person_for(request.profile, contact.person.uid, to="person_write")
    service = {"end": services.contact_end, "prefer": services.contact_prefer}[verb]
    service(contact=contact, actor=request.actor, now=request.now)
    return redirect("people:person", uid=found.uid)


@address("staff", roles=WRITE, methods=("POST",))
def treatment_add(request: HttpRequest, uid: UUID) -> HttpResponse:
    found = selectors.person_for(request.profile, uid, to="treatment_write")
    form = TreatmentForm(request.POST)
    if form.is_valid():
        act = partial(
            services.treatment_add,
            person=found,
            treatment=form.treatment(),
            branch=found.branch,
            actor=request.actor,
            now=request.now,
        )
        if attempt(form, act):
            return redirect("people:person", uid=found.uid)
    return _page(request, found, 422, treatment_form=form)


@address("staff", roles=WRITE, methods=("POST",))
def representative_add(request: HttpRequest, uid: UUID) -> HttpResponse:
    found = selectors.person_for(request.profile, uid, to="person_write")
    form = RepresentativeForm(request.POST)
    if form.is_valid():
        act = partial(
            services.representative_register,
            person=found,
            new=form.person(),
            kind=form.cleaned_data["kind"],
            document=form.cleaned_data["document"],
            actor=request.actor,
            now=request.now,
        )
        if attempt(form, act):
            return redirect("people:person", uid=found.uid)
    return _page(request, found, 422, representative_form=form)


@address("staff", roles=PROVE, methods=("POST",))
def authority_prove(request: HttpRequest, uid: UUID) -> HttpResponse:
    held = _representative(request, uid, "authority_prove")
    form = ProofForm(request.POST)
    if form.is_valid():
        act = partial(
            services.authority_prove, representative=held, **form.cleaned_data, actor=request.actor, now=request.now
        )
        if attempt(form, act):
            messages.success(request, _("代理權已經確認。"))
            return redirect("people:person", uid=held.person.uid)
    return _page(request, held.person, 422, proof_form=form)


@address("staff", roles=WRITE, methods=("POST",))
def representative_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    held = _representative(request, uid, "person_write")
    services.representative_end(representative=held, actor=request.actor, now=request.now)
    return redirect("people:person", uid=held.person.uid)


def _representative(request: HttpRequest, uid: UUID, to: str) -> Representative:
    held = Representative.objects.select_related("person__branch", "representative").filter(uid=uid).first()
    if held is None:
        raise NotHere()
    selectors.person_for(request.profile, held.person.uid, to=to)
    return held


@address("staff", roles=MERGE, methods=("POST",))
def merge(request: HttpRequest, uid: UUID) -> HttpResponse:
    kept = selectors.person_for(request.profile, uid, to="person_merge")
    form = MergeForm(request.POST)
    if form.is_valid():
        gone = selectors.person_for(request.profile, form.cleaned_data["gone"], to="person_merge")
        reason = form.cleaned_data["reason"]
        act = partial(services.patient_merge, kept=kept, gone=gone, reason=reason, actor=request.actor, now=request.now)
        if attempt(form, act):
            messages.success(request, _("兩筆資料已經併成一筆，過程留在紀錄裡。"))
            return redirect("people:person", uid=kept.uid)
    return _page(request, kept, 422, merge_form=form)
