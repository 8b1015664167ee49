"""The survey by its link: a few questions, none of which has to be answered."""
from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from suyuan.cases.errors import AlreadyDone
from suyuan.cases.services.receipts import secret_read
from suyuan.kernel.refusal import BadInput
from suyuan.platform.addresses import address
from suyuan.playbooks import selectors as packs
from suyuan.portal import http, rules
from suyuan.portal.forms import SurveyForm
from suyuan.portal.http import portal_page
from suyuan.portal.services.pace import pace_left, pace_taken
from suyuan.portal.services.party import party_survey, survey_actor, survey_open


@address("public", methods=("GET", "POST"))
@portal_page
def survey(request: HttpRequest) -> HttpResponse:
    """The secret comes typed or out of the link's fragment, and stays in the form; the address never holds it."""
    if request.method != "POST":
        return render(request, "portal/survey_door.html", {})
    place = http.place(request, "open")
    wait = pace_left(name=place, pace=rules.OPEN_PACE, now=request.now)
    if wait:
        return render(request, "portal/survey_door.html", {"wait": round(wait + 0.5)}, status=429)
    secret = secret_read(request.POST.get("secret", "")[:200])
    found = survey_open(secret or "", request.now)
    if found is None:
        pace_taken(name=place, pace=rules.OPEN_PACE, now=request.now)
        return render(request, "portal/survey_door.html", {"wrong": True})

    case = found.case
    procedure = packs.procedure_of(case.procedure_id)
    answered = "answers" in request.POST
    form = SurveyForm(request.POST if answered else None, procedure=procedure)
    if answered and form.is_valid():
        try:
            party_survey(survey=found, answers=form.answers(procedure), actor=survey_actor(found), now=request.now)
            return render(request, "portal/survey_thanks.html", {"branch": case.branch})
        except AlreadyDone:
            return render(request, "portal/survey_thanks.html", {"branch": case.branch})
        except BadInput as refusal:
            form.add_error(None, refusal.message())
    with timezone.override(case.branch.tz):
        context = {"form": form, "secret": secret, "branch": case.branch, "action": request.path}
        return render(request, "portal/survey.html", context, status=422 if form.errors else 200)
